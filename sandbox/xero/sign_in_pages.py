"""The identity server's routes: consent page, token, revocation and connections (Xero facts 1)."""

from __future__ import annotations

import base64
import binascii
import json
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, redirect, render_template_string, request
from werkzeug.wrappers import Response as BaseResponse

from sandbox.common.sandbox import Sandbox
from sandbox.xero.errors import gateway, not_found
from sandbox.xero.oauth import Connection, OAuthError, SignIn
from sandbox.xero.organisation import Organisation

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Allow access</title>
<body style="font-family: sans-serif; max-width: 32rem; margin: 3rem auto">
<h1>Sandbox sign-in</h1><p>An application wants access to an organisation:</p><p><code>{{ scope }}</code></p>
<form method="post" action="/identity/connect/consent"><input type="hidden" name="request_id" value="{{ request_id }}">
{% for org in organisations %}<p><label><input type="radio" name="tenant_id" value="{{ org.tenant_id }}"
{% if loop.first %}checked{% endif %}> {{ org.name }}</label></p>{% endfor %}
<button name="answer" value="allow">Allow access</button> <button name="answer" value="deny">Cancel</button>
</form></body></html>"""
_REFUSED = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Error</title><body>
<h1>Sorry, something went wrong</h1><p>Error: {{ code }}</p><p>{{ description }}</p></body></html>"""


def sign_in_blueprint(sandbox: Sandbox, sign_in: SignIn, organisations: dict[str, Organisation]) -> Blueprint:
    """Return the routes below ``/identity`` and ``/connect``, and ``/connections``."""
    pages = Blueprint("sign_in", __name__)

    def answered(request_id: str, *, allowed: bool, tenant_id: str) -> BaseResponse:
        consent = sign_in.consents[request_id]
        answer = sign_in.allow(request_id, tenant_id) if allowed else sign_in.deny(request_id)
        joint = "&" if urlsplit(consent.redirect_uri).query else "?"
        return redirect(f"{consent.redirect_uri}{joint}{urlencode(answer)}")

    @pages.get("/identity/connect/authorize")
    def authorize() -> BaseResponse | str:
        with sandbox.lock:
            request_id = sign_in.ask(request.args.to_dict())
            if sandbox.auto_consent:
                return answered(request_id, allowed=True, tenant_id=next(iter(organisations)))
            consent = sign_in.consents[request_id]
            return render_template_string(
                _PAGE, request_id=request_id, scope=consent.scope, organisations=organisations.values()
            )

    @pages.post("/identity/connect/consent")
    def consent() -> BaseResponse:
        with sandbox.lock:
            request_id, tenant_id = request.form.get("request_id", ""), request.form.get("tenant_id", "")
            allowed = request.form.get("answer") == "allow"
            if request_id not in sign_in.consents or (allowed and tenant_id not in organisations):
                raise OAuthError("invalid_request", "This page has been used already; start again.")
            return answered(request_id, allowed=allowed, tenant_id=tenant_id)

    @pages.post("/connect/token")
    def token() -> Response:
        with sandbox.lock:
            _check_client(sign_in)
            return _json(_granted(sign_in))

    @pages.post("/connect/revocation")
    def revocation() -> Response:
        with sandbox.lock:
            _check_client(sign_in)
            sign_in.revoke(request.form.get("token", ""))
            return Response(status=200)

    @pages.errorhandler(OAuthError)
    def refuse(error: OAuthError) -> tuple[Response | str, int]:
        if request.path.startswith("/identity"):
            return render_template_string(_REFUSED, code=error.code, description=error.description), 400
        return _json({"error": error.code}), 400

    _add_connections(pages, sandbox, sign_in, organisations)
    return pages


def bearer(sign_in: SignIn, sandbox: Sandbox) -> frozenset[str]:
    """Return the scopes of the request's access token.

    :raises XeroError: 401 as the gateway words it.
    """
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    held = sign_in.access_tokens.get(token) if kind == "Bearer" else None
    if held is None:
        raise gateway(401, "Unauthorized", "AuthenticationUnsuccessful")
    if sandbox.clock() >= held.expires_at:
        raise gateway(401, "Unauthorized", f"TokenExpired: token expired at {held.expires_at:%m/%d/%Y %H:%M:%S}")
    return held.scopes


def _add_connections(
    pages: Blueprint, sandbox: Sandbox, sign_in: SignIn, organisations: dict[str, Organisation]
) -> None:
    @pages.get("/connections")
    @pages.get("/Connections")
    def connections() -> Response:
        with sandbox.lock:
            bearer(sign_in, sandbox)
            event_id = request.args.get("authEventId")
            return _json(
                [
                    _shown(connection, organisations[connection.tenant_id])
                    for connection in sign_in.connections.values()
                    if event_id in (None, connection.event_id)
                ]
            )

    @pages.delete("/connections/<connection_id>")
    @pages.delete("/Connections/<connection_id>")
    def disconnect(connection_id: str) -> Response:
        with sandbox.lock:
            bearer(sign_in, sandbox)
            if not sign_in.disconnect(connection_id=connection_id):
                raise not_found()
            return Response(status=204)


def _granted(sign_in: SignIn) -> dict[str, object]:
    form = request.form
    match form.get("grant_type"):
        case "authorization_code":
            return sign_in.exchange(form.get("code", ""), form.get("redirect_uri", ""), form.get("code_verifier"))
        case "refresh_token":
            return sign_in.refresh(form.get("refresh_token", ""))
        case _:
            raise OAuthError("unsupported_grant_type")


def _check_client(sign_in: SignIn) -> None:
    kind, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        sign_in.check_client(request.form.get("client_id"), request.form.get("client_secret"))
        return
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise OAuthError("invalid_client") from None
    sign_in.check_client(client_id, secret)


def _shown(connection: Connection, organisation: Organisation) -> dict[str, str]:
    stamp = "%Y-%m-%dT%H:%M:%S.%f0"
    return {
        "id": connection.connection_id,
        "authEventId": connection.event_id,
        "tenantId": connection.tenant_id,
        "tenantType": "ORGANISATION",
        "tenantName": organisation.name,
        "createdDateUtc": connection.created_at.strftime(stamp),
        "updatedDateUtc": connection.updated_at.strftime(stamp),
    }


def _json(body: object) -> Response:
    return Response(json.dumps(body), content_type="application/json")
