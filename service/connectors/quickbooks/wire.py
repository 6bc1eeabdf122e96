"""One company's calls: the SDK's client on a session of our own, which brings time-outs, headers and raw answers.

The client asks its session for the access token at each request, so a renewed one is used at once; nothing of it is
shared between connections, no class attribute is touched, and it never sees a refresh token. Bytes go out as they are
given: the SDK's own methods write a body anew, drop a batch's requestid, and lose the answer's status and headers.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import requests
import urllib3
from quickbooks import QuickBooks
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from service.connectors import exact_json
from service.connectors.oauth_http import retry_after, timeouts
from service.connectors.quickbooks.fault import DEFAULT_REST, Fault, error_of, read_faults
from service.core.errors import ConnectorError, OutcomeUnknown, Transient

MINOR_VERSION = 75
_READ_ATTEMPTS = 3
#: Limits that name no rest are tried again after 1, 2, 4 … seconds: the longest window is a minute.
_LONGEST_REST = timedelta(seconds=60)
_JSON = "application/json"
Parameters = Sequence[tuple[str, str]]


class CompanySession(requests.Session):
    """A session that knows its access token, in the way the SDK's client asks for it, and never waits for ever."""

    def __init__(self, access_token: Callable[[], str], timeout: float) -> None:
        super().__init__()
        self._access_token = access_token
        self._timeout = timeouts(timeout)

    @property
    def access_token(self) -> str:
        """The token to use now."""
        return self._access_token()

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Make one request within the time allowed; a redirect is not followed, it would carry the token elsewhere."""
        kwargs.setdefault("timeout", self._timeout)
        kwargs.setdefault("allow_redirects", False)
        return super().request(method, url, *args, **kwargs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer, whatever it is; ``document`` is None where it is not a JSON object."""

    status: int
    text: str
    document: Mapping[str, Any] | None
    request_id: str | None
    faults: tuple[Fault, ...]
    rest: timedelta  #: how long to wait if a limit was reached

    @property
    def refused(self) -> bool:
        """True for a fault, under whatever status, and for any status but 2xx."""
        return bool(self.faults) or not 200 <= self.status < 300  # noqa: PLR2004 - RFC 9110

    def error(self, *, writing: bool) -> ConnectorError:
        """Return what a refusal means."""
        return error_of(
            self.faults,
            status=self.status,
            writing=writing,
            request_id=self.request_id,
            retry_after=self.rest,
            text=self.text,
        )


class Wire:
    """Calls to one company of one QuickBooks; ``pause`` is how reads wait between attempts, in seconds."""

    def __init__(self, *, base_url: str, company_id: str, access_token: Callable[[], str], timeout: float) -> None:
        self._base_url = base_url.rstrip("/")
        self._client = QuickBooks(company_id=company_id, minorversion=MINOR_VERSION)
        self._client.session = CompanySession(access_token, timeout)
        self.root = f"/v3/company/{company_id}"
        self.pause: Callable[[float], None] = time.sleep
        self.calls = 0
        self._throttled = 0  #: refusals for a limit in a row

    def get(self, path: str, *, parameters: Parameters = ()) -> Reply:
        """Read from below the company's address; repeated after a passing failure, but not after a limit.

        :raises ConnectorError: any refusal.
        """
        return self._repeat(lambda: self._read("GET", path, parameters, b""))

    def download(self, path: str, *, media_type: str) -> bytes:
        """Read a document that is no JSON, once, from below the company's address.

        :raises ConnectorError: any refusal, or no answer.
        """
        query = (("minorversion", str(MINOR_VERSION)),)
        try:
            answer = self._ask("GET", f"{self.root}{path}", query, b"", _JSON, accept=media_type)
        except requests.RequestException as failure:
            raise Transient(f"QuickBooks could not be reached ({type(failure).__name__}).") from None
        if answer.status_code != requests.codes.ok or media_type not in answer.headers.get("Content-Type", ""):
            raise _reply(answer, rest=retry_after(answer.headers) or DEFAULT_REST).error(writing=False)
        return answer.content

    def write(self, method: str, path: str, *, query: Parameters, content: bytes, content_type: str) -> Reply:
        """Make one write once and return its answer, refusals too.

        :raises Transient: it was not sent.
        :raises OutcomeUnknown: it may have been taken, and no readable answer came.
        """
        try:
            reply = self._call(method, path, query, content, content_type)
        except requests.RequestException as failure:
            if _was_not_sent(failure):
                raise Transient(f"QuickBooks could not be reached ({type(failure).__name__}).") from None
            raise OutcomeUnknown(f"No answer came from QuickBooks ({type(failure).__name__}).") from None
        if not reply.refused and reply.document is None:
            message = "QuickBooks' answer can't be read."
            raise OutcomeUnknown(message, request_id=reply.request_id, detail=reply.text)
        return reply

    def _repeat(self, read: Callable[[], Reply]) -> Reply:
        attempts = Retrying(
            stop=stop_after_attempt(_READ_ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.5, max=4),
            retry=retry_if_exception(lambda failure: type(failure) is Transient),
            sleep=self.pause,
            reraise=True,
        )
        return attempts(read)

    def _read(self, method: str, path: str, parameters: Parameters, content: bytes) -> Reply:
        query = (*parameters, ("minorversion", str(MINOR_VERSION)))
        try:
            reply = self._call(method, f"{self.root}{path}", query, content, _JSON)
        except requests.RequestException as failure:
            raise Transient(f"QuickBooks could not be reached ({type(failure).__name__}).") from None
        if reply.refused:
            raise reply.error(writing=False)
        if reply.document is None:
            raise Transient("QuickBooks' answer can't be read.", request_id=reply.request_id, detail=reply.text)
        return reply

    def _call(self, method: str, path: str, query: Parameters, content: bytes, content_type: str) -> Reply:
        """Make one request through the SDK's client, which adds the token, and take its raw answer."""
        answer = self._ask(method, path, query, content, content_type, accept=_JSON)
        self._throttled = self._throttled + 1 if answer.status_code == requests.codes.too_many_requests else 0
        doubled = DEFAULT_REST * 2 ** min(self._throttled - 1, 6) if self._throttled else DEFAULT_REST
        return _reply(answer, rest=retry_after(answer.headers) or min(doubled, _LONGEST_REST))

    def _ask(
        self, method: str, path: str, query: Parameters, content: bytes, content_type: str, *, accept: str
    ) -> requests.Response:
        headers = {"Accept": accept, "User-Agent": "tieout"}
        if content or method == "POST":
            headers["Content-Type"] = content_type
        self.calls += 1
        answer: requests.Response = self._client.process_request(
            method, f"{self._base_url}{path}", headers=headers, params=list(query), data=content or None
        )
        return answer


def _reply(answer: requests.Response, *, rest: timedelta) -> Reply:
    text = answer.content.decode("utf-8", errors="replace")
    try:
        read = exact_json.read(text)
    except ValueError:
        read = None
    document = read if isinstance(read, Mapping) else None
    return Reply(
        status=answer.status_code,
        text=text,
        document=document,
        request_id=answer.headers.get("intuit_tid"),
        faults=read_faults(document, text),
        rest=rest,
    )


def _was_not_sent(failure: requests.RequestException) -> bool:
    """Tell whether the request can't have reached QuickBooks: no connection, or none that was trusted, came about."""
    if isinstance(failure, (requests.ConnectTimeout, requests.exceptions.ProxyError)):
        return True
    if isinstance(failure, requests.ConnectionError):
        cause = failure.args[0] if failure.args else None
        reason = getattr(cause, "reason", cause)
        untrusted = any(isinstance(one, ssl.SSLCertVerificationError) for one in getattr(reason, "args", ()))
        unreached = isinstance(reason, (urllib3.exceptions.NewConnectionError, urllib3.exceptions.NameResolutionError))
        return untrusted or unreached
    # Addresses and headers that can't be used are noticed before anything is sent.
    return isinstance(failure, ValueError) and not isinstance(failure, requests.exceptions.JSONDecodeError)
