"""The HTTP that every package's OAuth endpoints share: one session, time-outs, errors by who acts next, no secrets.

Nothing here repeats a call. A refresh that got no answer is ``Transient``: whether the old refresh token may then be
used again is the package's rule, not ours. Texts of answers pass the redaction of ``service.core.errors``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from service.core.consent import Tokens
from service.core.errors import AuthorizationLost, RateLimited, Transient

#: Seconds for a TCP and TLS handshake: a package that takes longer is down.
CONNECT_TIMEOUT = 10.0

#: OAuth errors (RFC 6749, 5.2) under the reasons that ``AuthorizationLost`` keeps; any other stays as it is.
_REASONS: Mapping[str, str] = {
    "invalid_grant": "revoked",
    "invalid_scope": "scope_missing",
    "invalid_client": "client_refused",
    "unauthorized_client": "client_refused",
}
_SENTENCES: Mapping[str, str] = {
    "revoked": "The permission was withdrawn or has run out. Please connect again.",
    "scope_missing": "A permission that is needed was not granted. Please connect again and allow it.",
    "client_refused": "The package does not accept this app's client id and secret.",
    "expired": "The access token is no longer accepted.",
}


def open_session() -> requests.Session:
    """Return a session that keeps its sockets alive and asks for JSON."""
    session = requests.Session()
    session.headers["Accept"] = "application/json"
    return session


def timeouts(seconds: float) -> tuple[float, float]:
    """Return the (connect, read) time-outs of a call that may take ``seconds``."""
    return min(seconds, CONNECT_TIMEOUT), seconds


def bearer(token: str) -> dict[str, str]:
    """Return the header that presents an access token."""
    return {"Authorization": f"Bearer {token}"}


def post_form(
    session: requests.Session,
    url: str,
    form: Mapping[str, str],
    *,
    client_id: str,
    client_secret: str,
    timeout: float,
) -> dict[str, Any]:
    """Post a form as the app (HTTP Basic) and return the JSON object answered; ``{}`` for an empty body.

    ``timeout`` is in seconds.

    :raises AuthorizationLost: the endpoint refused; ``reason`` is ``revoked``, ``scope_missing``, ``client_refused`` or
        the endpoint's own error code.
    :raises RateLimited: with the wait asked for, if any.
    :raises Transient: no answer, one of the 5xx kind, or one that can't be read.
    """
    answer = send(session, "POST", url, timeout=timeout, form=form, auth=(client_id, client_secret))
    return _object(answer) if answer.content.strip() else {}


def get_json(session: requests.Session, url: str, *, timeout: float, token: str | None = None) -> Any:
    """Return the JSON document at ``url``, asked for with the bearer token if one is given.

    :raises AuthorizationLost: refused; ``reason`` is ``expired`` for a 401 without an OAuth error code.
    :raises RateLimited: with the wait asked for, if any.
    :raises Transient: no answer, one of the 5xx kind, or one that can't be read.
    """
    return _json(send(session, "GET", url, timeout=timeout, token=token))


def send(
    session: requests.Session,
    method: str,
    url: str,
    *,
    timeout: float,
    form: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
    token: str | None = None,
) -> requests.Response:
    """Make one call and return its 2xx answer. Redirects are not followed: they would carry secrets elsewhere.

    :raises AuthorizationLost: any 4xx answer but 429.
    :raises RateLimited: 429.
    :raises Transient: no answer, or any other status.
    """
    try:
        answer = session.request(
            method,
            url,
            data=None if form is None else dict(form),
            auth=auth,
            headers=bearer(token) if token else None,
            timeout=timeouts(timeout),
            allow_redirects=False,
        )
    except requests.RequestException as error:
        # Only the kind of error is told: its text holds the URL, which may hold a code.
        raise Transient(f"The package could not be reached ({type(error).__name__}).") from None
    if answer.ok and answer.status_code < requests.codes.multiple_choices:
        return answer
    raise _failure(answer)


def read_tokens(answer: Mapping[str, Any], *, now: datetime, refresh_lifetime: timedelta | None) -> Tokens:
    """Return the tokens of a token endpoint's answer; times count from ``now``, which is aware.

    ``refresh_lifetime`` is how long the refresh token lives, where the package says so elsewhere than in the answer.
    Everything else that is text stands in ``extra``.

    :raises Transient: a token is missing, so that the answer is of no use.
    """
    access, refresh = answer.get("access_token"), answer.get("refresh_token")
    if not isinstance(access, str) or not isinstance(refresh, str) or not access or not refresh:
        raise Transient("The package's answer holds no tokens.", answered=True)
    try:
        lifetime = timedelta(seconds=int(answer.get("expires_in") or 0))
    except (TypeError, ValueError, OverflowError):
        lifetime = timedelta(0)
    known = {"access_token", "refresh_token", "scope"}
    return Tokens(
        access_token=access,
        refresh_token=refresh,
        access_expires_at=now + lifetime,
        refresh_expires_at=None if refresh_lifetime is None else now + refresh_lifetime,
        scope=str(answer.get("scope") or ""),
        extra={name: value for name, value in answer.items() if name not in known and isinstance(value, str)},
    )


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Return the wait that ``Retry-After`` asks for, in seconds or as a date counted from the answer's own ``Date``."""
    text = (headers.get("Retry-After") or "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text), 7 * 86_400))
    try:
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("Date") or "")
    except (TypeError, ValueError):
        return None
    return max(wait, timedelta(0))


def _failure(answer: requests.Response) -> AuthorizationLost | Transient:
    status, detail = answer.status_code, answer.text
    if status == requests.codes.too_many_requests:
        return RateLimited("The package asks to wait.", retry_after=retry_after(answer.headers), detail=detail)
    if not 400 <= status < 500:  # noqa: PLR2004 - the client's errors, RFC 9110
        message = f"The package answered {status}."
        return Transient(message, retry_after=retry_after(answer.headers), detail=detail, answered=True)
    error = _error_code(answer)
    reason = _REASONS.get(error, error) or ("expired" if status == requests.codes.unauthorized else "refused")
    message = _SENTENCES.get(reason, f"The package refused: {reason}.")
    return AuthorizationLost(reason, message, provider_code=error or str(status), detail=detail)


def _error_code(answer: requests.Response) -> str:
    try:
        document = answer.json()
    except requests.JSONDecodeError:
        return ""
    error = document.get("error") if isinstance(document, dict) else None
    return error if isinstance(error, str) else ""


def _object(answer: requests.Response) -> dict[str, Any]:
    document = _json(answer)
    if not isinstance(document, dict):
        raise Transient("The package's answer can't be read.", answered=True, detail=answer.text)
    return document


def _json(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except requests.JSONDecodeError:
        raise Transient("The package's answer can't be read.", answered=True, detail=answer.text) from None
