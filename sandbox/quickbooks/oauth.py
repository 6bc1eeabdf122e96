"""Sign-in over HTTP: discovery document, consent page, token and revoke endpoints."""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as Base64Error
from html import escape
from secrets import compare_digest
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.datastructures import MultiDict

from sandbox.quickbooks.options import SCOPE
from sandbox.quickbooks.tokens import Refused

if TYPE_CHECKING:
    from sandbox.quickbooks.server import QuickBooksSandbox

Answer = Response | tuple[Response, int]


def oauth_blueprint(sandbox: QuickBooksSandbox) -> Blueprint:
    """Return the routes of the identity side."""
    oauth = Blueprint("oauth", __name__)
    _add_discovery(oauth)
    _add_tokens(oauth, sandbox)

    @oauth.route("/connect/oauth2", methods=["GET", "POST"])
    def authorize() -> Any:
        asked = request.values
        problem = _refusal(sandbox, asked)
        if problem:
            return Response(_page("Sorry, but something went wrong", f"<p>{escape(problem)}</p>"), status=400)
        if SCOPE not in asked.get("scope", "").split():
            return _back(asked, error="invalid_scope")
        if sandbox.auto_consent:
            return _allowed(sandbox, asked, sandbox.consent_realm)
        if request.method == "GET":
            return Response(_consent_page(sandbox, asked))
        if asked.get("decision") != "allow":
            return _back(asked, error="access_denied")
        return _allowed(sandbox, asked, asked.get("realm", sandbox.consent_realm))

    return oauth


def _refusal(sandbox: QuickBooksSandbox, asked: MultiDict[str, str]) -> str | None:
    """Return why the request can't even be sent back to the app."""
    if asked.get("client_id") != sandbox.options.client_id:
        return "The client_id is missing or unknown."
    uri = asked.get("redirect_uri", "")
    registered = sandbox.options.redirect_uris
    parts = urlsplit(uri)
    acceptable = (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname == "localhost")
        if registered is None
        else uri in registered
    )
    if not acceptable or parts.fragment:
        return "The redirect_uri query parameter value is invalid. Make sure it is listed in the app's settings."
    if asked.get("response_type") != "code":
        return "The response_type must be code."
    if not asked.get("state"):
        return "The state query parameter is missing."
    return None


def _allowed(sandbox: QuickBooksSandbox, asked: MultiDict[str, str], realm: str) -> Any:
    with sandbox.lock:
        if realm not in sandbox.companies:
            return Response(_page("Sorry", "<p>There is no such company.</p>"), status=400)
        code = sandbox.tokens.code(realm, asked["redirect_uri"])
    return _back(asked, code=code, realmId=realm)


def _back(asked: MultiDict[str, str], **answer: str) -> Any:
    uri = asked["redirect_uri"]
    query = urlencode({**answer, "state": asked["state"]})
    return redirect(f"{uri}{'&' if '?' in uri else '?'}{query}")


def _consent_page(sandbox: QuickBooksSandbox, asked: MultiDict[str, str]) -> str:
    kept = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(asked[name])}">'
        for name in ("client_id", "response_type", "scope", "redirect_uri", "state")
    )
    chosen = ("", " checked")
    companies = "".join(
        f'<p><label><input type="radio" name="realm" value="{realm}"{chosen[realm == sandbox.consent_realm]}> '
        f"{escape(company.settings.name)}</label></p>"
        for realm, company in sandbox.companies.items()
    )
    return _page(
        "Connect an app to QuickBooks (sandbox)",
        f'<form method="post" action="/connect/oauth2">{kept}<fieldset><legend>Which company?</legend>{companies}'
        '</fieldset><p><button name="decision" value="allow">Allow</button> '
        '<button name="decision" value="deny">Deny</button></p></form>',
    )


def _page(title: str, content: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}"
        f"button{{font:inherit;padding:.4rem 1.2rem}}</style></head><body><h1>{title}</h1>{content}</body></html>"
    )


def _add_discovery(oauth: Blueprint) -> None:
    def discovery() -> Response:
        base = request.host_url.rstrip("/")
        return jsonify(
            issuer=f"{base}/op/v1",
            authorization_endpoint=f"{base}/connect/oauth2",
            token_endpoint=f"{base}/oauth2/v1/tokens/bearer",
            userinfo_endpoint=f"{base}/v1/openid_connect/userinfo",
            revocation_endpoint=f"{base}/v2/oauth2/tokens/revoke",
            jwks_uri=f"{base}/op/v1/jwks",
            response_types_supported=["code"],
            subject_types_supported=["public"],
            id_token_signing_alg_values_supported=["RS256"],
            scopes_supported=["openid", "email", "profile", "address", "phone", SCOPE],
            token_endpoint_auth_methods_supported=["client_secret_post", "client_secret_basic"],
            claims_supported=["aud", "exp", "iat", "iss", "realmid", "sub"],
        )

    for name in ("openid_sandbox_configuration", "openid_configuration"):
        oauth.add_url_rule(f"/.well-known/{name}", name, discovery, strict_slashes=False)
        oauth.add_url_rule(f"/.well-known/{name}/", f"{name}_slash", discovery, strict_slashes=False)

    @oauth.get("/op/v1/jwks")
    def keys() -> Response:
        return jsonify(keys=[])


def _add_tokens(oauth: Blueprint, sandbox: QuickBooksSandbox) -> None:
    @oauth.errorhandler(Refused)
    def refused(wrong: Refused) -> Response:
        # Byte for byte what the service sends: no blanks.
        text = json.dumps({"error": wrong.error}, separators=(",", ":"))
        return Response(text, status=wrong.status, mimetype="application/json")

    @oauth.post("/oauth2/v1/tokens/bearer")
    def bearer() -> Response:
        _check_client(sandbox)
        form = request.form
        with sandbox.lock:
            match form.get("grant_type"):
                case "authorization_code":
                    if not form.get("code") or not form.get("redirect_uri"):
                        raise Refused("invalid_request")
                    return jsonify(sandbox.tokens.exchange(form["code"], form["redirect_uri"]))
                case "refresh_token":
                    if not form.get("refresh_token"):
                        raise Refused("invalid_request")
                    return jsonify(sandbox.tokens.refresh(form["refresh_token"]))
                case _:
                    raise Refused("unsupported_grant_type")

    @oauth.post("/v2/oauth2/tokens/revoke")
    def revoke() -> Response:
        _check_client(sandbox)
        asked = request.get_json(silent=True)
        token = asked.get("token") if isinstance(asked, dict) else request.form.get("token")
        if not token:
            raise Refused("invalid_request")
        with sandbox.lock:
            if not sandbox.tokens.revoke(str(token)):
                raise Refused("invalid_grant")
        return Response(status=200)


def _check_client(sandbox: QuickBooksSandbox) -> None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    wanted = f"{sandbox.options.client_id}:{sandbox.options.client_secret}"
    try:
        pair = b64decode(given, validate=True) if scheme.lower() == "basic" else b""
    except Base64Error:
        pair = b""
    if not compare_digest(pair, wanted.encode()):
        raise Refused("invalid_client", 401)
