"""Hooks around every request of a sandbox: the log first and last, faults next to them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
from typing import Any

from flask import Flask, Response, g, request

from sandbox.common.faults import FaultKind, FaultRule, When
from sandbox.common.sandbox import Sandbox

CONTROL = "/_sandbox/"  #: paths below are neither logged nor struck by faults
#: Names in a request's WSGI environment, for those who call the app without a server: how a HANG waits (given
#: seconds), and of a request that was left hanging and goes on now its number in the log and the rule that struck it.
HANGS, RESUMED = "sandbox.hangs", "sandbox.resumed"


def install(app: Flask, sandbox: Sandbox) -> None:
    """Add the hooks. Call it before the provider adds its own: ours then run first in and last out."""

    @app.before_request
    def note_and_strike() -> Response | None:
        if request.path.startswith(CONTROL):
            return None
        if resumed := request.environ.get(RESUMED):
            g.log_number, g.fault = resumed
            return None
        body = request.get_data()
        target = request.full_path.rstrip("?")
        rule = sandbox.faults.strike(method=request.method, target=target, body=body.decode(errors="replace"))
        g.fault = rule
        g.log_number = sandbox.log.arrived(
            time=sandbox.clock(),
            method=request.method,
            path=request.path,
            query=request.query_string.decode(),
            endpoint=sandbox.endpoint_of(request),
            key=sandbox.key_of(request),
            write=sandbox.is_write(request),
            sent=len(body),
            digest=hashlib.sha256(body).hexdigest(),
            fault=rule.kind if rule else None,
        )
        if rule is None or (rule.when is When.AFTER and rule.kind is not FaultKind.THROTTLE):
            return None
        return _before(sandbox, rule)

    @app.after_request
    def strike_and_note(response: Response) -> Response:
        if "log_number" not in g:
            return response
        rule: FaultRule | None = g.fault
        if rule is not None:
            response = _after(sandbox, rule, response)
        dropped = bool(g.get("dropped"))
        sandbox.log.answered(
            g.log_number,
            status=None if dropped else response.status_code,
            received=0 if dropped else response.calculate_content_length() or 0,
        )
        return response


def refused_element(position: int, element: Any) -> FaultRule | None:
    """Return the fault that refuses this element of the current request's batch, if any.

    A provider's batch code asks this for each element: ``position`` counts from 0, ``element`` is its JSON value.
    """
    rule: FaultRule | None = g.get("fault")
    return rule if rule is not None and rule.refuses(position, json.dumps(element)) else None


def _before(sandbox: Sandbox, rule: FaultRule) -> Response | None:
    match rule.kind:
        case FaultKind.STATUS:
            return sandbox.refusal(rule.status, rule.message, rule.retry_after)
        case FaultKind.THROTTLE:
            return sandbox.throttled(rule.retry_after)
        case FaultKind.HANG:
            _hang(sandbox, rule)
        case FaultKind.DROP:
            return _drop(Response())
        case _:
            pass
    return None


def _after(sandbox: Sandbox, rule: FaultRule, response: Response) -> Response:
    match rule.kind, rule.when:
        case FaultKind.STATUS, When.AFTER:
            return sandbox.refusal(rule.status, rule.message, rule.retry_after)
        case FaultKind.HANG, When.AFTER:
            _hang(sandbox, rule)
        case FaultKind.DROP, When.AFTER:
            return _drop(response)
        case FaultKind.HALF, _:
            whole = response.get_data()
            response.set_data(whole[: len(whole) // 2])
            response.headers["Content-Length"] = str(len(whole))
        case FaultKind.MALFORMED, _:
            return Response("<html><body>Something went wrong", status=200, content_type="text/html")
        case _:
            pass
    return response


def _hang(sandbox: Sandbox, rule: FaultRule) -> None:
    request.environ.get(HANGS, sandbox.faults.hang)(rule.seconds)


def _drop(response: Response) -> Response:
    """Close the client's TCP connection; whatever is written afterwards reaches nobody."""
    g.dropped = True
    connection: socket.socket | None = request.environ.get("werkzeug.socket")
    if connection is None:
        raise RuntimeError("a dropped connection needs the real server: serve the sandbox, no test client")
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    return response
