"""What every answer carries so that a browser does nothing on a page that the page did not ask for."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask, Response, g

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


def install(app: Flask, *, base_url: str) -> None:
    """Set the cookies' flags and the headers of every answer that has none of its own."""
    secure = base_url.startswith("https://")
    app.config.update(
        SESSION_COOKIE_NAME="tieout",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=secure,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        WTF_CSRF_CHECK_DEFAULT=False,  # pages check; the API has tokens and the webhooks signatures
        WTF_CSRF_TIME_LIMIT=None,  # it lasts as long as the session does
    )

    @app.after_request
    def harden(response: Response) -> Response:
        policy = _POLICY | ({"form-action": _leaving(secure=secure)} if g.get("form_leaves") else {})
        headers = response.headers
        headers.setdefault("Content-Security-Policy", "; ".join(f"{name} {value}" for name, value in policy.items()))
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("X-Frame-Options", "DENY")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        if response.mimetype == "text/html":
            headers.setdefault("Cache-Control", "no-store")
        if secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        return response


def let_form_leave() -> None:
    """Allow forms of this page to end on another host: the connect button leads to the package's consent page.

    Browsers hold every redirect after a form against the policy, and where a package signs people in is for it to say.
    """
    g.form_leaves = True


def _leaving(*, secure: bool) -> str:
    return "'self' https:" if secure else "'self' https: http:"
