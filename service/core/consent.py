"""Consent: the tokens and companies that a package's OAuth gives, and the protocol of its endpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What the package's token endpoint returned. Never logged; stored encrypted."""

    access_token: str
    refresh_token: str
    access_expires_at: datetime
    refresh_expires_at: datetime | None
    scope: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Show no secret."""
        return f"Tokens(access_expires_at={self.access_expires_at.isoformat()})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A company that the consent covers."""

    tenant_id: str
    name: str | None
    connection_ref: str | None = None  #: the package's own id of the tie between app and company


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The result of a consent."""

    tokens: Tokens
    tenants: tuple[Tenant, ...]


#: A permission that ends within this time is told of.
WARNED = timedelta(days=30)
#: What the sign-in itself asks for; nothing that is read or written depends on it.
_ABOUT_THE_PERSON = frozenset({"openid", "profile", "email", "address", "phone"})


@dataclass(frozen=True, slots=True)
class Ageing:
    """A permission that ends soon."""

    ends_at: datetime
    message: str  #: a sentence for whoever can reconnect


def ageing(ends_at: datetime, now: datetime, *, package: str) -> Ageing | None:
    """Return that a permission ends within the next weeks, as a sentence; None if it does not.

    Xero facts: a refresh token lasts 60 days unused. QuickBooks facts: 100 days unused, and five years in all.
    """
    left = ends_at - now
    if left > WARNED:
        return None
    days = max(left.days, 0)
    when = "today" if days == 0 else "tomorrow" if days == 1 else f"in {days} days"
    return Ageing(ends_at, f"The permission from {package} ends {when}. Reconnect before that; every link is kept.")


def missing_scopes(asked: Sequence[str], granted: str) -> tuple[str, ...]:
    """Return what was asked for and not granted; nothing where the package does not say what it granted."""
    given = set(granted.split())
    return tuple(one for one in asked if given and one not in given | _ABOUT_THE_PERSON)


class OAuth(Protocol):
    """A package's consent and token endpoints, for one app."""

    def authorize_url(self, *, state: str, redirect_uri: str, code_challenge: str | None) -> str:
        """Return the address to which the person's browser is sent."""
        ...

    def exchange(
        self, *, code: str, redirect_uri: str, code_verifier: str | None, callback: Mapping[str, str]
    ) -> Grant:
        """Turn the callback's code into tokens and the companies they reach.

        :raises AuthorizationLost: the package refused the code.
        """
        ...

    def refresh(self, refresh_token: str) -> Tokens:
        """Rotate the tokens.

        :raises AuthorizationLost: the refresh token is dead; only a person can reconnect.
        :raises Transient: the package could not be asked; the same token may be tried again.
        """
        ...

    def revoke(self, tokens: Tokens, *, connection_ref: str | None) -> None:
        """Take the consent back at the package; succeeds if it was gone already."""
        ...
