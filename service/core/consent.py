"""Consent: the tokens and companies that a package's OAuth gives, and the protocol of its endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
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
