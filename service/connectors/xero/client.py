"""The wire: xero-python's client with what makes it safe for a sync.

The SDK's generated methods are not used. Its models lose a whole page to one unknown enum value and turn null into the
text "None"; its client refreshes tokens by itself, shares them between instances, repeats dropped PUTs and sleeps
through rate limits; its rest layer encodes a body anew before it sends it. Here the client is ours alone, gets its
token per call, never repeats, always has time-outs, and sends the stored bytes as they are.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, LocationValueError, ProxyError, SSLError
from xero_python import __version__
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.rest import RESTClientObject

from service.connectors.oauth_http import bearer, timeouts
from service.core.errors import ConnectorError, OutcomeUnknown, Transient


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer as it came; ``headers`` are looked up without regard to case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        """The body as text; bytes that are no UTF-8 are marked."""
        return self.content.decode("utf-8", "replace")

    @property
    def request_id(self) -> str | None:
        """Xero's own id of the call."""
        return self.headers.get("X-Correlation-Id") or self.headers.get("Xero-Correlation-Id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining:
    """Calls left as the last answer told; None where it did not."""

    minute: int | None = None
    day: int | None = None
    app_minute: int | None = None


class XeroClient:
    """Makes calls for one organisation, one at a time, on sockets that are kept open."""

    def __init__(self, *, base_url: str, tenant_id: str, access_token: Callable[[], str], timeout: float) -> None:
        self._base_url = base_url.rstrip("/")
        self._tenant_id = tenant_id
        self._access_token = access_token
        self._timeout = timeout
        # Configuration() hands out copies of one shared object, whose token is never set: tokens go in per call.
        configuration = Configuration()
        configuration.oauth2_token = None
        self._sdk = ApiClient(configuration)
        self._sdk.rest_client = _ExactRest(configuration)
        self._sdk.user_agent = f"tieout xero-python/{__version__}"
        self.calls_made = 0
        self.remaining = Remaining()

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        content: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Make one call and return its answer, whatever its status.

        :raises Transient: nothing was sent; or a read got no answer.
        :raises OutcomeUnknown: a write got no answer after it may have been sent.
        """
        sent = {"Accept": "application/json", "xero-tenant-id": self._tenant_id, **(headers or {})}
        sent |= bearer(self._access_token())
        self.calls_made += 1
        try:
            raw = self._sdk.call_api(
                f"{self._base_url}{path}",
                method,
                header_params=sent,
                query_params=list(query),
                body=content,
                _return_http_data_only=True,
                _preload_content=False,
                _request_timeout=timeouts(self._timeout),
            )
        except HTTPError as error:
            raise _no_answer(error, write=method != "GET") from None
        reply = Reply(status=raw.status, headers=raw.headers, content=raw.data)
        self.remaining = _remaining(reply.headers)
        return reply

    def close(self) -> None:
        """Give the sockets back; a later call opens new ones."""
        self._sdk.rest_client.pool_manager.clear()


class _ExactRest(RESTClientObject):  # type: ignore[misc] # the SDK has no types
    """The SDK's rest layer without its second encoding of the body, its repeats and its exceptions by status."""

    def request(
        self,
        method: str,
        url: str,
        query_params: Sequence[tuple[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
        post_params: Any = None,
        _preload_content: bool = False,  # noqa: FBT001, FBT002 - the SDK's signature
        _request_timeout: tuple[float, float] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """Send once and return the answer with its body read, whatever its status.

        :raises HTTPError: no answer, or not the whole of it.
        """
        del post_params, _preload_content
        connect, read = _request_timeout or (None, None)
        answer: urllib3.BaseHTTPResponse = self.pool_manager.request(
            method,
            f"{url}?{urlencode(query_params)}" if query_params else url,
            body=None if body is None else body.encode("utf-8"),
            headers=dict(headers or {}),
            timeout=urllib3.Timeout(connect=connect, read=read),
            retries=False,
            redirect=False,
            preload_content=True,
        )
        return answer


def _no_answer(error: HTTPError, *, write: bool) -> ConnectorError:
    kind = type(error).__name__  # its text would only repeat the address
    if not write or _never_sent(error):
        return Transient(f"Xero could not be reached ({kind}).")
    return OutcomeUnknown(f"Xero's answer did not arrive ({kind}).")


def _never_sent(error: HTTPError) -> bool:
    """Tell whether the call failed before anything of the request left: no connection, or no trust in it."""
    if isinstance(error, (ConnectTimeoutError, LocationValueError, ProxyError)):
        return True
    return isinstance(error, SSLError) and any(isinstance(part, ssl.SSLCertVerificationError) for part in error.args)


def _remaining(headers: Mapping[str, str]) -> Remaining:
    def count(name: str) -> int | None:
        text = headers.get(name) or ""
        return int(text) if text.isascii() and text.isdigit() else None

    return Remaining(
        minute=count("X-MinLimit-Remaining"),
        day=count("X-DayLimit-Remaining"),
        app_minute=count("X-AppMinLimit-Remaining"),
    )
