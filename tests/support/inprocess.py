"""A stand-in package without sockets: calls to a made-up host are answered by its app, in the caller's own thread.

``requests`` and both SDKs send through urllib3. Here the one method of it that talks to a socket is replaced for the
hosts that are served; everything above it (pools, time-outs, repeats, exceptions, reading of bodies) is urllib3's own,
so a caller cannot tell the difference. A request that hangs is not waited for: the package's clock moves on by what the
caller would have waited, and the request is kept until the test lets it go on.
"""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import IncompleteRead, RemoteDisconnected, responses
from importlib import import_module
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from flask import g
from sqlalchemy import event
from urllib3 import HTTPHeaderDict, HTTPResponse, Retry, Timeout
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import ReadTimeoutError
from werkzeug.test import EnvironBuilder, run_wsgi_app

from sandbox.common.faults import FaultRule, When
from sandbox.common.sandbox import Sandbox
from sandbox.common.server import Running, create_app
from sandbox.common.traffic import HANGS, RESUMED
from service.core.ports import Connector
from service.providers import PROVIDERS, Clock, Provider
from service.settings import ProviderSettings
from service.store.database import Database

#: What a call takes on the package's clock, in seconds: moments stay in order although nothing is waited for.
CALL_SECONDS = 0.25
_over_the_wire = HTTPConnectionPool._make_request
_served: dict[str, InProcess] = {}
_Reply: TypeAlias = tuple[int, list[tuple[str, str]], bytes]  #: status, headers, body


class _StillUnderWayError(BaseException):
    """Leaves a request that hangs; not an ``Exception``, so that no error page is made of it."""

    def __init__(self, number: int, rule: FaultRule) -> None:
        super().__init__(number, rule)
        self.noted = (number, rule)  #: its number in the log, and what struck it


@dataclass(slots=True)
class _Line:
    """The caller's end of one request, as far as the traffic hooks of a sandbox ask for it."""

    patience: float | None  #: seconds that the caller waits for an answer; None for ever
    cut: bool = False  #: the package closed the connection
    gone: bool = False  #: the caller has given up

    def shutdown(self, _how: int) -> None:
        """Be closed by the package, as a socket is."""
        self.cut = True


class _Body(io.BytesIO):
    """A body that notices, as the one of a socket does, when it is shorter than its header promised."""

    def __init__(self, content: bytes, *, promised: int) -> None:
        super().__init__(content)
        self._missing = promised - len(content)

    def read(self, amt: int | None = -1, /) -> bytes:
        """Read so many bytes, or all.

        :raises IncompleteRead: all were asked for and some are missing.
        """
        read = super().read(amt)
        if amt in {None, -1} and self._missing > 0:
            raise IncompleteRead(read, self._missing)
        return read


@dataclass(frozen=True, slots=True)
class Late:
    """A request that was sent, of which its caller has given up, and which the package has not worked on yet."""

    method: str
    target: str
    go_on: Callable[[], None] = field(repr=False)


class InProcess(Running):
    """A sandbox that answers at ``url`` within this process, until ``stop`` is called."""

    def __init__(self, sandbox: Sandbox) -> None:  # the parent's own would open a port
        self.sandbox = sandbox
        self.port = 80
        self._host = f"{sandbox.name}-{id(self):x}.example"
        self.url = f"http://{self._host}"
        self._app = create_app(sandbox)
        self.late: list[Late] = []  #: oldest first
        self.lags = False  #: while it is set, reads are answered as they were before
        self._shown: dict[str, _Reply] = {}  #: the last answer to a read, by path
        _served[self._host] = self
        HTTPConnectionPool._make_request = _route  # type: ignore[assignment, method-assign]

    def stop(self) -> None:
        """Answer no more. A second call does nothing."""
        _served.pop(self._host, None)
        if not _served:
            HTTPConnectionPool._make_request = _over_the_wire  # type: ignore[method-assign]

    def wait(self) -> None:
        """Return at once: there is no server to wait for."""

    def land(self) -> int:
        """Let every request that hangs go on, oldest first; return how many there were."""
        late, self.late = self.late, []
        for request in late:
            request.go_on()
        return len(late)

    def answer(self, pool: HTTPConnectionPool, asked: _Asked) -> HTTPResponse:
        """Answer a request as the served sandbox would.

        :raises RemoteDisconnected: the package closed the connection without an answer.
        :raises ReadTimeoutError: the package hangs for longer than the caller waits.
        """
        self.sandbox.clock.advance(CALL_SECONDS)
        line = _Line(asked.timeout.read_timeout if isinstance(asked.timeout.read_timeout, int | float) else None)
        try:
            status, headers, body = self._recalled(asked) or self._run(asked, line)
        except _StillUnderWayError as hanging:
            noted = hanging.noted
            self.late.append(Late(asked.method, asked.target, lambda: self._go_on(asked, noted)))
            raise self._given_up(pool, asked, line) from None
        if line.gone:
            raise self._given_up(pool, asked, line)
        if line.cut:
            raise RemoteDisconnected("Remote end closed connection without response")
        if asked.method == "GET":
            self._shown[asked.path] = status, headers, body
        return HTTPResponse(
            body=_Body(body, promised=int(dict(headers).get("Content-Length") or 0)),
            headers=HTTPHeaderDict(headers),
            status=status,
            version=11,
            reason=responses.get(status),
            preload_content=asked.preload_content,
            decode_content=asked.decode_content,
            retries=asked.retries,
            request_method=asked.method,
            request_url=asked.target,
        )

    def _recalled(self, asked: _Asked) -> _Reply | None:
        return self._shown.get(asked.path) if self.lags and asked.method == "GET" else None

    def _given_up(self, pool: HTTPConnectionPool, asked: _Asked, line: _Line) -> ReadTimeoutError:
        self.sandbox.clock.advance(line.patience or 0)
        return ReadTimeoutError(pool, asked.target, f"Read timed out. (read timeout={line.patience})")

    def _go_on(self, asked: _Asked, noted: tuple[int, FaultRule]) -> None:
        self._run(asked, _Line(None), resumed=noted)

    def _run(self, asked: _Asked, line: _Line, *, resumed: tuple[int, FaultRule] | None = None) -> _Reply:
        def hang(seconds: float) -> None:
            """Move the clock instead of waiting; let go of the caller who would not have waited so long."""
            if line.patience is None or seconds < line.patience:
                self.sandbox.clock.advance(seconds)
                return
            line.gone = True
            if g.fault.when is When.BEFORE:
                raise _StillUnderWayError(g.log_number, g.fault)

        environ = EnvironBuilder(
            path=asked.path,
            query_string=asked.target.partition("?")[2],
            base_url=self.url,
            method=asked.method,
            headers=list(asked.headers),
            data=asked.body,
        ).get_environ()
        environ |= {"werkzeug.socket": line, HANGS: hang, RESUMED: resumed}
        chunks, status, headers = run_wsgi_app(self._app, environ, buffered=True)
        return int(status.split()[0]), list(headers), b"".join(chunks)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One request, as urllib3 hands it over."""

    method: str
    target: str  #: path and query
    body: bytes
    headers: tuple[tuple[str, str], ...]
    timeout: Timeout
    retries: Retry | None
    preload_content: bool
    decode_content: bool

    @property
    def path(self) -> str:
        """Return the target without its query."""
        return self.target.partition("?")[0]


def _route(
    pool: HTTPConnectionPool,
    conn: Any,
    method: str,
    url: str,
    body: Any = None,
    headers: Any = None,
    retries: Retry | None = None,
    timeout: Any = None,
    chunked: bool = False,
    response_conn: Any = None,
    preload_content: bool = True,
    decode_content: bool = True,
    enforce_content_length: bool = True,
) -> Any:
    """Send one request: to an app of this process if its host is served here, else over the wire."""
    served = _served.get(pool.host)
    if served is None:
        return _over_the_wire(
            pool, conn, method, url, body, headers, retries, timeout, chunked, response_conn,
            preload_content, decode_content, enforce_content_length,
        )  # fmt: skip
    parts = urlsplit(url)
    asked = _Asked(
        method=method,
        target=f"{parts.path}?{parts.query}" if parts.query else parts.path,
        body=body.encode() if isinstance(body, str) else body or b"",
        headers=tuple((name, _text(value)) for name, value in headers.items() if value is not None),
        timeout=timeout if isinstance(timeout, Timeout) else Timeout(timeout),
        retries=retries,
        preload_content=preload_content,
        decode_content=decode_content,
    )
    response = served.answer(pool, asked)
    response._connection, response._pool = response_conn, pool
    return response


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def start_in_process(name: str, **changes: Any) -> InProcess:
    """Serve a stand-in package of two companies without history, on a clock that only its calls move.

    ``changes`` are of its options. Its consent page answers by itself.
    """
    module, options = import_module(f"sandbox.{name}"), import_module(f"sandbox.{name}.options").SandboxOptions
    package = InProcess(module.create_sandbox(options(auto_consent=True, books=("empty", "empty"), **changes)))
    package.sandbox.clock.freeze()
    return package


def without_fsync(database: Database) -> Database:
    """Let an SQLite database not wait for the disk: what a test makes need not survive the machine."""

    def hurry(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    database.close()
    event.listen(database.engine, "connect", hurry)
    return database


@dataclass(frozen=True)
class Unhurried(Provider):
    """A package whose connectors move its clock where they would wait between two readings."""

    rest: Callable[[float], None]

    def connect(
        self, settings: ProviderSettings, *, tenant_id: str, access_token: Callable[[], str], clock: Clock
    ) -> Connector:
        """Return a connector that does not wait in real time."""
        connector: Any = super().connect(settings, tenant_id=tenant_id, access_token=access_token, clock=clock)
        if hasattr(connector, "wire"):
            connector.wire.pause = self.rest
        else:
            connector._sleep = self.rest
        return connector  # type: ignore[no-any-return]


def providers_of(package: InProcess) -> dict[str, Provider]:
    """Return the registration of a package for a platform that is not to wait in real time."""
    known = PROVIDERS[package.sandbox.name]
    rest = package.sandbox.clock.advance
    return {known.name: Unhurried(known.name, known.connector_module, known.mapping_module, rest)}
