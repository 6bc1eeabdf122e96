"""Consent at Intuit: only the discovery document says where, codes and refresh tokens are traded by calls of our own.

``intuit-oauth``'s ``AuthClient`` is not used: it reads the discovery document without a time-out whenever it is made,
keeps tokens on itself, and makes its ``state`` of predictable random numbers. Its reader of the discovery document
takes a session, and with one of our own it is safe. QuickBooks facts: developer.intuit.com, OAuth 2.0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import requests
from intuitlib.exceptions import AuthClientError
from intuitlib.utils import get_discovery_doc

from service.connectors.oauth_http import open_session, post_form, read_tokens, timeouts
from service.core.consent import Grant, Tenant, Tokens
from service.core.errors import AuthorizationLost, RateLimited, Transient

#: How long the addresses of the discovery document are believed.
BELIEVED = timedelta(hours=24)
#: Rolling life of a refresh token, where the answer does not say.
REFRESH_LIFE = timedelta(days=100)
_GONE = frozenset({requests.codes.bad_request, requests.codes.unauthorized, requests.codes.not_found})


def oauth(
    *,
    client_id: str,
    client_secret: str,
    scopes: Sequence[str],
    urls: Mapping[str, str],
    timeout: float,
    clock: Callable[[], datetime],
) -> IntuitOAuth:
    """Return our app's consent; makes no call.

    :param urls: ``discovery`` is the address of the discovery document.
    :param timeout: seconds for one call.
    """
    return IntuitOAuth(
        client_id=client_id,
        client_secret=client_secret,
        scopes=scopes,
        discovery_url=urls["discovery"],
        timeout=timeout,
        clock=clock,
    )


class _PatientSession(requests.Session):
    """A session whose every call has a time-out, also where a library makes it without one."""

    def __init__(self, timeout: float) -> None:
        super().__init__()
        self._timeout = timeouts(timeout)

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("timeout", self._timeout)
        return super().request(method, url, *args, **kwargs)


class IntuitOAuth:
    """The consent and token endpoints of Intuit for one app."""

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        scopes: Sequence[str],
        discovery_url: str,
        timeout: float,
        clock: Callable[[], datetime],
    ) -> None:
        self._client_id, self._client_secret, self._scopes = client_id, client_secret, tuple(scopes)
        self._discovery_url, self._timeout, self._clock = discovery_url, timeout, clock
        self._session = open_session()
        self._endpoints: Mapping[str, Any] = {}
        self._read_at: datetime | None = None

    def authorize_url(self, *, state: str, redirect_uri: str, code_challenge: str | None) -> str:
        """Return the address to which the person's browser is sent; Intuit knows no code challenge.

        :raises Transient: the discovery document can't be read.
        """
        del code_challenge
        asked = {
            "client_id": self._client_id,
            "response_type": "code",
            "scope": " ".join(self._scopes),
            "redirect_uri": redirect_uri,
            "state": state,
        }
        address = self._endpoint("authorization_endpoint")
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"

    def exchange(
        self, *, code: str, redirect_uri: str, code_verifier: str | None, callback: Mapping[str, str]
    ) -> Grant:
        """Turn the callback's code into tokens and its ``realmId`` into the company.

        :raises AuthorizationLost: Intuit refused the code, or the callback names no company.
        :raises Transient: Intuit could not be asked.
        """
        del code_verifier
        realm = callback.get("realmId") or callback.get("realmid")
        if not realm:
            raise AuthorizationLost("no_company", "QuickBooks named no company. Please connect again and choose one.")
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        return Grant(tokens=self._tokens(form), tenants=(Tenant(tenant_id=realm, name=None),))

    def refresh(self, refresh_token: str) -> Tokens:
        """Rotate the tokens; the new refresh token must be stored before the access token is used.

        :raises AuthorizationLost: the refresh token is dead.
        :raises Transient: Intuit could not be asked.
        """
        return self._tokens({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def revoke(self, tokens: Tokens, *, connection_ref: str | None) -> None:
        """Take the consent back; succeeds if it was gone already.

        Intuit takes the token as JSON, which is why this is no form like the others.

        :raises Transient: Intuit could not be asked.
        """
        del connection_ref
        try:
            answer = self._session.post(
                self._endpoint("revocation_endpoint"),
                json={"token": tokens.refresh_token},
                auth=(self._client_id, self._client_secret),
                timeout=timeouts(self._timeout),
                allow_redirects=False,
            )
        except requests.RequestException as failure:
            raise Transient(f"Intuit could not be reached ({type(failure).__name__}).") from None
        if answer.ok or answer.status_code in _GONE:
            return
        if answer.status_code == requests.codes.too_many_requests:
            raise RateLimited("Intuit asks to wait.")
        raise Transient(f"Intuit answered {answer.status_code}.", answered=True, detail=answer.text)

    def _tokens(self, form: Mapping[str, str]) -> Tokens:
        answer = post_form(
            self._session,
            self._endpoint("token_endpoint"),
            form,
            client_id=self._client_id,
            client_secret=self._client_secret,
            timeout=self._timeout,
        )
        try:
            life = timedelta(seconds=int(answer["x_refresh_token_expires_in"]))
        except (KeyError, TypeError, ValueError, OverflowError):
            life = REFRESH_LIFE
        # Members that are new or unknown are kept: a hard end of the refresh token's life is announced.
        rest = {name: str(value) for name, value in answer.items() if not isinstance(value, (dict, list))}
        known = {"expires_in": answer.get("expires_in")}
        return read_tokens({**rest, **known}, now=self._clock(), refresh_lifetime=life)

    def _endpoint(self, name: str) -> str:
        now = self._clock()
        if self._read_at is None or now - self._read_at > BELIEVED:
            self._endpoints, self._read_at = self._discover(), now
        found = self._endpoints.get(name)
        if not isinstance(found, str) or not found:
            raise Transient(f"Intuit's discovery document has no {name}.", answered=True)
        return found

    def _discover(self) -> Mapping[str, Any]:
        try:
            with _PatientSession(self._timeout) as session:
                found = get_discovery_doc(self._discovery_url, session=session)
        except AuthClientError as refused:
            raise Transient(f"Intuit's discovery document answered {refused.status_code}.", answered=True) from None
        except (requests.RequestException, ValueError) as failure:
            raise Transient(f"Intuit's discovery document can't be read ({type(failure).__name__}).") from None
        if not isinstance(found, Mapping):
            raise Transient("Intuit's discovery document can't be read.", answered=True)
        return found
