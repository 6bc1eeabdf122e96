"""Xero's consent: authorize page, tokens, the organisations they reach, and taking it back.

Through requests rather than the SDK, which has no authorize step and no code exchange, and asks for ``/Connections``
where ``/connections`` is documented. Xero facts: developer.xero.com, "The standard authorization code flow".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import requests

from service.connectors.exact_json import read
from service.connectors.oauth_http import get_json, post_form, read_tokens, send
from service.core.consent import Grant, Tenant, Tokens
from service.core.errors import AuthorizationLost, Transient

#: A refresh token that is not used for so long is dead.
REFRESH_LIFETIME = timedelta(days=60)

_GONE = frozenset({"403", "404"})


class XeroOAuth:
    """Implements ``OAuth`` for one app."""

    def __init__(
        self,
        session: requests.Session,
        *,
        client_id: str,
        client_secret: str,
        scopes: tuple[str, ...],
        urls: Mapping[str, str],
        timeout: float,
        clock: Callable[[], datetime],
    ) -> None:
        self._session = session
        self._client_id = client_id
        self._client_secret = client_secret
        self._scopes = scopes
        self._login, self._identity, self._api = (urls[name].rstrip("/") for name in ("login", "identity", "api"))
        self._timeout = timeout
        self._clock = clock

    def authorize_url(self, *, state: str, redirect_uri: str, code_challenge: str | None) -> str:
        """Return the address to which the person's browser is sent."""
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self._scopes),
            "state": state,
        }
        if code_challenge is not None:
            query |= {"code_challenge": code_challenge, "code_challenge_method": "S256"}
        return f"{self._login}/identity/connect/authorize?{urlencode(query, quote_via=quote)}"

    def exchange(
        self, *, code: str, redirect_uri: str, code_verifier: str | None, callback: Mapping[str, str]
    ) -> Grant:
        """Turn the callback's code into tokens and the organisations that this consent reaches.

        :raises AuthorizationLost: Xero refused the code, or gave no refresh token.
        :raises Transient: Xero could not be asked; the code may still be good.
        """
        del callback
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        tokens = self._tokens(form if code_verifier is None else {**form, "code_verifier": code_verifier})
        return Grant(tokens=tokens, tenants=self._tenants(tokens.access_token))

    def refresh(self, refresh_token: str) -> Tokens:
        """Rotate the tokens. After a lost answer the same refresh token may be used again for half an hour.

        :raises AuthorizationLost: the refresh token is dead.
        :raises Transient: Xero could not be asked.
        """
        return self._tokens({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def revoke(self, tokens: Tokens, *, connection_ref: str | None) -> None:
        """Take back the tie to one organisation; without one, the whole consent of the person who gave it.

        Revoking the token would end every organisation that the person connected, so that one tie is deleted instead.

        :raises AuthorizationLost: with reason ``expired``, the access token must be refreshed first.
        :raises Transient: Xero could not be asked.
        """
        if connection_ref is None:
            self._revoke_all(tokens)
            return
        url = f"{self._api}/connections/{quote(connection_ref, safe='')}"
        try:
            send(self._session, "DELETE", url, timeout=self._timeout, token=tokens.access_token)
        except AuthorizationLost as error:
            if error.provider_code not in _GONE:
                raise

    def _revoke_all(self, tokens: Tokens) -> None:
        try:
            self._post("/connect/revocation", {"token": tokens.refresh_token})
        except AuthorizationLost as error:
            if error.reason != "revoked":
                raise

    def _tokens(self, form: Mapping[str, str]) -> Tokens:
        answer = self._post("/connect/token", form)
        if answer.get("access_token") and not answer.get("refresh_token"):
            raise AuthorizationLost("scope_missing", "Xero gave no refresh token: the app lacks 'offline_access'.")
        return read_tokens(answer, now=self._clock(), refresh_lifetime=REFRESH_LIFETIME)

    def _post(self, path: str, form: Mapping[str, str]) -> dict[str, Any]:
        return post_form(
            self._session,
            f"{self._identity}{path}",
            form,
            client_id=self._client_id,
            client_secret=self._client_secret,
            timeout=self._timeout,
        )

    def _tenants(self, access_token: str) -> tuple[Tenant, ...]:
        """Return the organisations of this consent, or of all the person's consents if it added none."""
        found = get_json(self._session, f"{self._api}/connections", timeout=self._timeout, token=access_token)
        if not isinstance(found, list):
            raise Transient("Xero's answer can't be read.", answered=True)
        organisations = [
            entry
            for entry in found
            if isinstance(entry, Mapping)
            and entry.get("tenantId")
            and entry.get("tenantType") in {None, "ORGANISATION"}
        ]
        event = _claim(access_token, "authentication_event_id")
        added = [entry for entry in organisations if event is not None and entry.get("authEventId") == event]
        return tuple(
            Tenant(
                tenant_id=str(entry["tenantId"]),
                name=entry.get("tenantName") or None,
                connection_ref=entry.get("id") or None,
            )
            for entry in added or organisations
        )


def _claim(access_token: str, name: str) -> str | None:
    """Return a claim of the access token, which came to us over TLS; None if it is no readable JSON web token."""
    try:
        part = access_token.split(".")[1]
        claims = read(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, binascii.Error, ValueError):
        return None
    value = claims.get(name) if isinstance(claims, Mapping) else None
    return value if isinstance(value, str) else None
