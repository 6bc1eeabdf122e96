"""The life of authorisation codes, access tokens and refresh tokens.

Access tokens last an hour; a refresh token lasts 100 days from its last use and five years in all; its value changes
about every 24 hours, and the former value is dead from then on (developer.intuit.com, OAuth 2.0; Intuit blog of
November 2025 for the five years).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.quickbooks.options import SandboxOptions

CODE_LIFE = timedelta(minutes=10)


class Refused(Exception):
    """A token request that is answered with an OAuth error."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


@dataclass(slots=True, kw_only=True)
class Grant:
    """One consent of one company's user."""

    realm: str
    given_at: datetime
    used_at: datetime
    value: str  #: the refresh token that works now
    value_since: datetime
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class _Code:
    realm: str
    redirect_uri: str
    expires_at: datetime


class Tokens:
    """All codes and tokens of one sandbox. Whoever calls holds the sandbox's lock."""

    def __init__(self, options: SandboxOptions, now: Callable[[], datetime]) -> None:
        self._options = options
        self._now = now
        self.rotate_always = options.rotate_always
        self.grants: list[Grant] = []
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, tuple[Grant, datetime]] = {}

    def code(self, realm: str, redirect_uri: str) -> str:
        """Issue a single-use code for a company."""
        code = "AB" + secrets.token_hex(24)
        self._codes[code] = _Code(realm, redirect_uri, self._now() + CODE_LIFE)
        return code

    def exchange(self, code: str, redirect_uri: str) -> dict[str, Any]:
        """Answer a code with the first tokens.

        :raises Refused: invalid_grant for an unknown, used or old code, or another redirect address.
        """
        known = self._codes.pop(code, None)
        now = self._now()
        if known is None or known.redirect_uri != redirect_uri or known.expires_at <= now:
            raise Refused("invalid_grant")
        grant = Grant(realm=known.realm, given_at=now, used_at=now, value=_refresh_value(), value_since=now)
        self.grants.append(grant)
        return self._answer(grant, now)

    def refresh(self, value: str) -> dict[str, Any]:
        """Answer a refresh token with a new access token and the refresh token to use from now on.

        :raises Refused: invalid_grant for a value that is unknown, replaced, revoked or too old.
        """
        now = self._now()
        grant = next((grant for grant in self.grants if secrets.compare_digest(grant.value, value)), None)
        if grant is None or grant.revoked or self._ends(grant) <= now:
            raise Refused("invalid_grant")
        grant.used_at = now
        if self.rotate_always or now - grant.value_since >= self._options.rotation:
            grant.value, grant.value_since = _refresh_value(), now
        return self._answer(grant, now)

    def revoke(self, token: str) -> bool:
        """End the consent behind a refresh or access token; false when it is unknown."""
        held = self._access.get(token)
        grant = held[0] if held else next((grant for grant in self.grants if grant.value == token), None)
        if grant is None or grant.revoked:
            return False
        grant.revoked = True
        return True

    def disconnect(self, realm: str) -> int:
        """End every consent of a company, as its user can on the Apps page; return how many there were."""
        ended = [grant for grant in self.grants if grant.realm == realm and not grant.revoked]
        for grant in ended:
            grant.revoked = True
        return len(ended)

    def expire_access(self) -> None:
        """End all access tokens now; refresh tokens go on."""
        self._access.clear()

    def realm_of(self, access_token: str) -> str | None:
        """Return the company that an access token opens, or None when it opens nothing any more."""
        held = self._access.get(access_token)
        if held is None or held[0].revoked or held[1] <= self._now():
            return None
        return held[0].realm

    def _ends(self, grant: Grant) -> datetime:
        return min(grant.used_at + self._options.refresh_life, grant.given_at + self._options.refresh_hard_end)

    def _answer(self, grant: Grant, now: datetime) -> dict[str, Any]:
        token = "eyJ" + secrets.token_urlsafe(90)
        self._access[token] = (grant, now + self._options.access_life)
        hard_end = grant.given_at + self._options.refresh_hard_end
        return {
            "token_type": "bearer",
            "expires_in": int(self._options.access_life.total_seconds()),
            "access_token": token,
            "refresh_token": grant.value,
            "x_refresh_token_expires_in": int((self._ends(grant) - now).total_seconds()),
            # The announced field for the hard end has no published name; clients must pass over the unknown.
            "x_refresh_token_hard_expires_in": int((hard_end - now).total_seconds()),
        }


def _refresh_value() -> str:
    return "AB11" + secrets.token_hex(23)
