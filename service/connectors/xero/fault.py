"""Xero's refusals as errors by who acts next. Texts are matched by fragments: their wording is not promised.

Xero facts: developer.xero.com, "HTTP response codes", "API limits"; the texts are those that integrations report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from service.connectors.exact_json import read
from service.connectors.oauth_http import retry_after
from service.connectors.xero.client import Reply
from service.core.errors import (
    AuthorizationLost,
    ClosedPeriod,
    ConnectorError,
    DuplicateName,
    NotAllowedNow,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Transient,
    ValidationFailed,
)

VALIDATION = "ValidationException"

#: Waits where Xero names none: too many calls at once pass quickly, a day's limit doesn't.
_WAITS = (("concurrent", 1), ("min", 60), ("appmin", 60), ("da", 3600))

#: (fragments that all occur, error, code of its own, our field). The first that fits wins; order is from sure to vague.
_TEXTS: Sequence[tuple[tuple[str, ...], type[Rejected], str | None, str | None]] = (
    (("already assigned to another contact",), DuplicateName, None, "name"),
    (("contact name must be unique",), DuplicateName, None, "name"),
    (("account number already exists",), Rejected, "duplicate_number", "number"),
    (("contact number already exists",), Rejected, "duplicate_reference", "reference"),
    (("contactnumber", "unique"), Rejected, "duplicate_reference", "reference"),
    (("invoice #", "unique"), Rejected, "duplicate_number", "number"),
    (("lock date",), ClosedPeriod, None, "issue_date"),
    (("un-archived",), Rejected, "parent_archived", "customer"),
    (("contact", "archived"), Rejected, "archived_there", None),
    (("not of valid status",), NotAllowedNow, None, None),
    (("cannot be edited", "payment"), NotAllowedNow, None, None),
    (("exceeds the amount outstanding",), NotAllowedNow, None, "amount"),
    (("only be made against", "authorised"), NotAllowedNow, None, "invoice"),
    (("reconciled",), NotAllowedNow, None, None),
    (("already been deleted",), NotAllowedNow, "already_deleted", None),
    (("not subscribed to currency",), ValidationFailed, "currency_not_enabled", "currency"),
    (("email address must be valid",), ValidationFailed, None, "email"),
    (("contact could not be found",), NotFound, None, "customer"),
    (("document of this payment", "not be found"), NotFound, None, "invoice"),
    (("id specified", "not found"), NotFound, None, None),
    (("id specified", "not exist"), NotFound, None, None),
)


def parse(reply: Reply) -> Any:
    """Return the body as a JSON document, or None if it is none."""
    try:
        return read(reply.content)
    except ValueError:
        return None


def messages_of(element: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the texts of an element's validation errors, without repetitions."""
    errors = element.get("ValidationErrors")
    found = [error.get("Message") for error in errors if isinstance(error, Mapping)] if isinstance(errors, list) else []
    return tuple(dict.fromkeys(str(message).strip() for message in found if message))


def rejection(messages: Sequence[str], *, request_id: str | None, provider_code: str | None = VALIDATION) -> Rejected:
    """Return the error that the texts of one element amount to; all of them stand in its message."""
    text = " ".join(messages) or "Xero gave no reason."
    folded = text.casefold()
    for fragments, error, code, field in _TEXTS:
        if all(fragment in folded for fragment in fragments):
            return error(text, code=code or error.code, field=field, request_id=request_id, provider_code=provider_code)
    return ValidationFailed(text, request_id=request_id, provider_code=provider_code)


def failure(reply: Reply, *, write: bool) -> ConnectorError:
    """Return the error for an answer that is no 2xx and has no elements to look at."""
    status, detail = reply.status, reply.text
    if status == 401:  # noqa: PLR2004 - HTTP statuses read best as numbers
        return _unauthorized(reply)
    if status == 403:  # noqa: PLR2004
        message = "Xero no longer lets this app reach the organisation. Please connect again."
        return AuthorizationLost("disconnected", message, request_id=reply.request_id, detail=detail)
    if status == 429:  # noqa: PLR2004
        return _rate_limited(reply)
    if 400 <= status < 500:  # noqa: PLR2004
        return refused(reply)
    if write:
        message = f"Xero answered {status}; whether it saved the change is not known."
        return OutcomeUnknown(message, request_id=reply.request_id, detail=detail, answered=True)
    wait = retry_after(reply.headers)
    message = f"Xero answered {status}."
    return Transient(message, retry_after=wait, request_id=reply.request_id, detail=detail, answered=True)


def refused(reply: Reply) -> Rejected | OutcomeUnknown:
    """Return the error for a 4xx that concerns the whole call."""
    document = parse(reply)
    told = document if isinstance(document, Mapping) else {}
    message = str(told.get("Message") or told.get("Detail") or f"Xero answered {reply.status}.")
    code = str(told.get("Type") or told.get("ErrorNumber") or reply.status)
    if "used with a different request" in message.casefold():
        # The key was taken by bytes that are not these: what became of those is for a probe to find out.
        return OutcomeUnknown(message, request_id=reply.request_id, provider_code=code, answered=True)
    if reply.status == 404:  # noqa: PLR2004
        return NotFound("Xero does not know it.", request_id=reply.request_id, provider_code="404", detail=reply.text)
    return rejection((message,), request_id=reply.request_id, provider_code=code)


def _unauthorized(reply: Reply) -> AuthorizationLost:
    """Tell a token that a refresh may replace (``expired``) from a permission that only a person can give."""
    document = parse(reply)
    detail = str(document.get("Detail") or "") if isinstance(document, Mapping) else ""
    code = detail.partition(":")[0].strip() or "401"
    if "authorizationunsuccessful" in detail.replace(" ", "").casefold():
        message = "The app lacks a permission at Xero. Please connect again and allow it."
        return AuthorizationLost("scope_missing", message, request_id=reply.request_id, provider_code=code)
    message = "Xero does not accept the access token any more."
    return AuthorizationLost("expired", message, request_id=reply.request_id, provider_code=code)


def _rate_limited(reply: Reply) -> RateLimited:
    problem = (reply.headers.get("X-Rate-Limit-Problem") or "").strip()
    wait = retry_after(reply.headers)
    if wait is None:
        folded = problem.casefold()
        seconds = next((seconds for prefix, seconds in _WAITS if folded.startswith(prefix)), None)
        wait = None if seconds is None else timedelta(seconds=seconds)
    message = f"Xero's limit of calls is reached{f' ({problem})' if problem else ''}."
    return RateLimited(message, retry_after=wait, request_id=reply.request_id, provider_code=problem or "429")
