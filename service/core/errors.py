"""Errors with a meaning: the class says who acts next, ``code`` says what happened.

    SyncError
    ├── MappingError            a person: the record or the mapping must change; nothing was sent
    └── ConnectorError          something about one call
        ├── Transient           nobody: try later by itself; nothing was written
        │   └── RateLimited     nobody: this connection rests until ``retry_after``
        ├── OutcomeUnknown      we: the write may have landed, look there before sending again
        ├── StaleVersion        we: somebody else wrote in between, reconcile again
        ├── CursorExpired       we: the change feed does not reach that far back, read everything
        ├── ConnectionBroken    the connection, not the record: pause it
        │   ├── AuthorizationLost   a person reconnects
        │   └── SubscriptionEnded   a person pays or chooses another company
        └── Rejected            a person: the provider said no to this record
            ├── DuplicateName
            ├── ValidationFailed
            ├── NotFound
            └── NotAllowedNow
                └── ClosedPeriod

No error ever carries a token, a secret or a header: texts pass :func:`redact` on their way in.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TypedDict, Unpack

#: Longest text kept of a provider's answer, in characters; a whole HTML page helps nobody.
DETAIL_LIMIT = 2_000

_MASKED = "access_token|refresh_token|id_token|token|client_secret|secret|password|code_verifier"
_CREDENTIALS = (
    (re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]*)*"), "***"),  # a JSON web token
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{16,}"), r"\1 ***"),
    (re.compile(rf'(?i)(\b(?:{_MASKED})"?\s*[=:]\s*)("[^"]*"|[^\s&,;}}"]+)'), r"\1***"),
    (re.compile(r"\b(code)=[^\s&]+"), r"\1=***"),  # a consent's code in a form; "code": 6240 is a fault's
)


def redact(text: str) -> str:
    """Return the text without anything that looks like a credential, cut to DETAIL_LIMIT characters.

    Masks bearer and basic credentials, JSON web tokens, and the values of the fields that carry secrets in OAuth
    requests and answers, whether written as JSON or as a form.
    """
    for pattern, mask in _CREDENTIALS:
        text = pattern.sub(mask, text)
    return text[:DETAIL_LIMIT]


class SyncError(Exception):
    """Base of everything that keeps a record from being in step."""

    code: str = "sync_error"  #: stable; pages, metrics and tests key on it


class MappingError(SyncError):
    """Our own record cannot be expressed for this provider; nothing was sent.

    ``field`` names our field (``lines.2.tax_level``), ``reason`` is a sentence for an accountant, ``missing``
    names the mapping entry that would cure it (``tax_code:GST``), or is None if the record itself must change.
    ``cause`` is a finer code where the answers depend on it.
    """

    code = "missing_mapping"

    def __init__(self, field: str, reason: str, *, missing: str | None = None, cause: str | None = None) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
        self.missing = missing
        self.cause = cause


class CallFacts(TypedDict, total=False):
    """What is known of the call that went wrong; all optional."""

    code: str  #: a finer code than the class's own
    request_id: str | None  #: the provider's own, for its support
    provider_code: str | None  #: the provider's own code of the fault
    detail: str | None  #: an excerpt of the answer
    answered: bool  #: whether an answer was read at all: it decides about the idempotency key


class ConnectorError(SyncError):
    """Something about one call; ``message`` is one sentence, the rest stands in ``CallFacts``."""

    code = "connector_error"
    answered = True  #: whether an answer was read at all; see ``intent.after_probe``

    def __init__(self, message: str = "", **facts: Unpack[CallFacts]) -> None:
        self.message = redact(message)
        super().__init__(self.message)
        self.code = facts.get("code", self.code)
        self.answered = facts.get("answered", self.answered)
        self.request_id = facts.get("request_id")
        self.provider_code = facts.get("provider_code")
        detail = facts.get("detail")
        self.detail = None if detail is None else redact(detail)


class Transient(ConnectorError):
    """Nothing was written; it is tried again later without anybody's help.

    ``retry_after`` is the provider's own wish, or None for the caller's usual back-off.
    """

    code = "transient"
    answered = False

    def __init__(self, message: str = "", *, retry_after: timedelta | None = None, **facts: Unpack[CallFacts]) -> None:
        super().__init__(message, **facts)
        self.retry_after = retry_after


class RateLimited(Transient):
    """The provider's limit is reached: the whole connection rests until ``retry_after`` has passed."""

    code = "rate_limited"
    answered = True


class OutcomeUnknown(ConnectorError):
    """The write may have landed; look there before anything is sent again.

    ``answered`` tells a server's error answer (True) from silence: a lost connection or a time-out (False).
    """

    code = "outcome_unknown"
    answered = False


class StaleVersion(ConnectorError):
    """Somebody else wrote since we read it; nothing was written, reconcile again now."""

    code = "stale_version"


class CursorExpired(ConnectorError):
    """The change feed does not reach back to the cursor; read everything instead."""

    code = "cursor_expired"


class ConnectionBroken(ConnectorError):
    """The connection, not the record, is broken: pause it and tell a person once, not per record."""

    code = "connection_broken"


class AuthorizationLost(ConnectionBroken):
    """Our permission is gone; ``reason`` is a slug such as ``revoked``, ``expired`` or ``scope_missing``."""

    code = "authorization_lost"

    def __init__(self, reason: str, message: str = "", **facts: Unpack[CallFacts]) -> None:
        super().__init__(message or f"Authorization lost: {reason}", **facts)
        self.reason = reason


class SubscriptionEnded(ConnectionBroken):
    """The company's own subscription at the provider has ended; reading may work, writing does not."""

    code = "subscription_ended"


class Rejected(ConnectorError):
    """The provider said no to this record; a person must act.

    ``field`` is our field name if the provider named one.
    """

    code = "rejected"

    def __init__(self, message: str = "", *, field: str | None = None, **facts: Unpack[CallFacts]) -> None:
        super().__init__(message, **facts)
        self.field = field


class DuplicateName(Rejected):
    """The name is taken there, perhaps by another kind of entity (a vendor, an employee)."""

    code = "duplicate_name"


class ValidationFailed(Rejected):
    """A field is missing, too long or malformed."""

    code = "validation_failed"


class NotFound(Rejected):
    """The entity, or one it refers to, does not exist there (any more)."""

    code = "not_found"


class NotAllowedNow(Rejected):
    """The state of the books forbids it: paid, locked, voided or otherwise closed to this change."""

    code = "not_allowed_now"


class ClosedPeriod(NotAllowedNow):
    """The date lies in a period the books are closed for."""

    code = "closed_period"
