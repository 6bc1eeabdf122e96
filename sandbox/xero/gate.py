"""What every accounting call passes first: token, organisation, limits, scope, idempotency (Xero facts 1 and 4)."""

from __future__ import annotations

import contextlib
import hashlib
from datetime import timedelta
from http import HTTPStatus

from flask import Flask, Response, g, request

from sandbox.common.faults import FaultKind
from sandbox.common.limits import CONCURRENT, RateLimiter, Verdict, Window
from sandbox.common.replay import Answer, ReplayStore, Turn
from sandbox.common.sandbox import Sandbox
from sandbox.xero import wire
from sandbox.xero.errors import XeroError, gateway, not_found
from sandbox.xero.oauth import SignIn
from sandbox.xero.options import SandboxOptions
from sandbox.xero.organisation import Organisation
from sandbox.xero.sign_in_pages import bearer

API = "/api.xro/2.0/"
LONGEST_QUERY = 2048  #: bytes; longer ones are a 404
LONGEST_KEY = 128
REPLAY_WINDOW = timedelta(minutes=6)
_UNLIMITED = 9999  #: shown as remaining where a limit is lifted
_INVOICES = ("accounting.invoices", "accounting.transactions")
_PAYMENTS = ("accounting.payments", "accounting.transactions")
_SCOPES = {
    "Contacts": ("accounting.contacts",),
    "ContactGroups": ("accounting.contacts",),
    "Invoices": _INVOICES,
    "CreditNotes": _INVOICES,
    "Payments": _PAYMENTS,
    "Overpayments": _PAYMENTS,
    "Prepayments": _PAYMENTS,
    "Items": ("accounting.invoices", "accounting.settings"),
}


class Gate:
    """The hooks and what they remember. Limits come before idempotency, so replays count against them."""

    def __init__(
        self, sandbox: Sandbox, options: SandboxOptions, sign_in: SignIn, organisations: dict[str, Organisation]
    ) -> None:
        self._sandbox = sandbox
        self._sign_in = sign_in
        self._organisations = organisations
        minute, day = Window("minute", 60, options.per_minute), Window("day", 86_400, options.per_day)
        self.limiter = RateLimiter([minute, day], sandbox.clock, options.concurrent)
        self.app_limiter = RateLimiter([Window("appminute", 60, options.app_per_minute)], sandbox.clock)
        self.replays = ReplayStore(REPLAY_WINDOW, sandbox.clock)

    def install(self, app: Flask) -> None:
        """Add the hooks, for accounting calls only."""

        @app.before_request
        def enter() -> Response | None:
            return self._enter() if request.path.startswith(API) else None

        @app.after_request
        def finish(response: Response) -> Response:
            return self._finish(response) if request.path.startswith(API) else response

        @app.teardown_request
        def leave(_: BaseException | None) -> None:
            if "tenant_id" in g:
                self.limiter.leave(g.tenant_id)
            if g.get("replay_key"):
                self.replays.abandon(g.replay_key)  # does nothing once it has an answer

    def clear(self) -> None:
        """Forget counted calls and kept answers."""
        self.limiter.clear()
        self.app_limiter.clear()
        self.replays.clear()

    def _enter(self) -> Response | None:
        if len(request.query_string) > LONGEST_QUERY:
            raise not_found()
        with self._sandbox.lock:
            scopes = bearer(self._sign_in, self._sandbox)
            tenant_id = request.headers.get("xero-tenant-id", "").lower()
            if tenant_id not in self._sign_in.connections:
                raise gateway(403, "Forbidden", "AuthenticationUnsuccessful")
        self._count(tenant_id)
        _check_scope(scopes)
        g.org = self._organisations[tenant_id]
        return self._replay()

    def _count(self, tenant_id: str) -> None:
        g.verdicts = []
        for limiter, subject in ((self.app_limiter, "app"), (self.limiter, tenant_id)):
            verdict = limiter.enter(subject)
            g.verdicts.append(verdict)
            if not verdict.allowed:
                g.refused = verdict
                raise XeroError(HTTPStatus.TOO_MANY_REQUESTS, None)
        g.tenant_id = tenant_id

    def _replay(self) -> Response | None:
        """Return the first answer to this key and request, if there was one."""
        key = request.headers.get("Idempotency-Key")
        if key is None or request.method not in ("POST", "PUT", "PATCH"):
            return None
        if not 0 < len(key) <= LONGEST_KEY:
            raise _bad_key(f"The idempotency key must have between 1 and {LONGEST_KEY} characters")
        body = hashlib.sha256(request.get_data()).hexdigest()
        tenant_id = request.headers.get("xero-tenant-id", "").lower()
        turn, answer = self.replays.begin(key, f"{request.method} {request.full_path} {tenant_id} {body}")
        if turn is Turn.DIFFERENT:
            raise _bad_key(f"The idempotency key '{key}' is used with a different request")
        if answer is not None:
            return Response(answer.body, status=answer.status, headers=list(answer.headers))
        g.replay_key = key
        return None

    def _keep(self, response: Response) -> None:
        """Keep the answer for repeats. An error 500 that was ordered counts as Xero's own and is replayed too."""
        fault = g.get("fault")
        if fault is not None and fault.kind is FaultKind.STATUS and fault.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            if "replay_key" not in g:  # struck before the gate
                with contextlib.suppress(XeroError):
                    self._replay()
            response = self._sandbox.refusal(fault.status, fault.message, fault.retry_after)
        if g.get("replay_key"):
            headers = (("Content-Type", response.content_type or ""),)
            kept = Answer(status=response.status_code, headers=headers, body=response.get_data())
            self.replays.finish(g.replay_key, kept)

    def _finish(self, response: Response) -> Response:
        self._keep(response)
        refused: Verdict | None = g.get("refused")
        if refused is not None:
            response.headers["X-Rate-Limit-Problem"] = refused.refused_by or CONCURRENT
            if refused.retry_after is not None:
                response.headers["Retry-After"] = str(refused.retry_after)
        remaining: dict[str, int] = {}
        for verdict in g.get("verdicts", ()):
            remaining.update(verdict.remaining)
        if remaining or "verdicts" in g:
            for header, name in (
                ("X-MinLimit-Remaining", "minute"),
                ("X-DayLimit-Remaining", "day"),
                ("X-AppMinLimit-Remaining", "appminute"),
            ):
                response.headers[header] = str(remaining.get(name, _UNLIMITED))
        return response


def _check_scope(scopes: frozenset[str]) -> None:
    resource = request.path.removeprefix(API).split("/")[0]
    wanted = set(_SCOPES.get(resource, ("accounting.settings",)))
    if request.method == "GET":
        wanted |= {f"{scope}.read" for scope in wanted}
    if not wanted & scopes:
        raise gateway(401, "Unauthorized", "AuthorizationUnsuccessful")


def _bad_key(message: str) -> XeroError:
    return XeroError(400, {"ErrorNumber": 0, "Type": "IdempotencyKeyException", "Message": message})


def throttled(retry_after: int | None) -> Response:
    """Return the 429 of an ordered throttle: the minute's limit when a wait is given, else too many at once."""
    response = wire.refusal(XeroError(HTTPStatus.TOO_MANY_REQUESTS, None))
    response.headers["X-Rate-Limit-Problem"] = CONCURRENT if retry_after is None else "minute"
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response
