"""Consent for a file: choosing it is all there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from service.core.consent import Grant, Tenant, Tokens
from service.core.errors import AuthorizationLost


def oauth(*, clock: Callable[[], datetime], **_: Any) -> FileConsent:
    """Return the consent; a file knows no app."""
    return FileConsent(clock)


class FileConsent:
    """Whoever may read the file may connect it."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    def authorize_url(self, *, state: str, redirect_uri: str, code_challenge: str | None) -> str:
        """Return the way back: the person adds the file."""
        del code_challenge
        return f"{redirect_uri}?{urlencode({'state': state, 'code': 'chosen'})}"

    def exchange(
        self, *, code: str, redirect_uri: str, code_verifier: str | None, callback: Mapping[str, str]
    ) -> Grant:
        """Return the file as the only company.

        :raises AuthorizationLost: no file was chosen.
        """
        del code, redirect_uri, code_verifier
        if "file" not in callback:
            raise AuthorizationLost("refused", "No file was chosen.")
        path = Path(callback["file"])
        return Grant(tokens=self.refresh(""), tenants=(Tenant(tenant_id=str(path), name=path.stem),))

    def refresh(self, refresh_token: str) -> Tokens:
        """Return tokens that mean nothing and last for an hour."""
        del refresh_token
        until = self._clock() + timedelta(hours=1)
        return Tokens(access_token="file", refresh_token="file", access_expires_at=until, refresh_expires_at=None)

    def revoke(self, tokens: Tokens, *, connection_ref: str | None) -> None:
        """Do nothing: the file stays where it is."""
