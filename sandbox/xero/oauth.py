"""Sign-in state: consents, codes, rotating refresh tokens, access tokens and connections (Xero facts 1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sandbox.xero.options import SandboxOptions

CODE_LIFE = timedelta(minutes=5)
ACCESS_LIFE = timedelta(minutes=30)
REFRESH_LIFE = timedelta(days=60)
REFRESH_GRACE = timedelta(minutes=30)
USER_ID = "3f0b4f1e-6f0c-4c0e-9a51-5a0d5a1b0c11"


class OAuthError(Exception):
    """A refusal with the protocol's error code."""

    def __init__(self, code: str, description: str = "") -> None:
        super().__init__(description or code)
        self.code = code
        self.description = description


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """An authorize request that waits for the user's answer, then the code made of it."""

    redirect_uri: str
    scope: str
    state: str | None
    challenge: str | None
    event_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(slots=True, kw_only=True)
class RefreshToken:
    """One refresh token; ``parent`` is the one it replaced."""

    scope: str
    event_id: str
    issued_at: datetime
    parent: str | None = None
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """One access token and what it may do."""

    scopes: frozenset[str]
    expires_at: datetime


@dataclass(slots=True, kw_only=True)
class Connection:
    """One organisation this app may reach for the user."""

    connection_id: str
    tenant_id: str
    event_id: str
    created_at: datetime
    updated_at: datetime


class SignIn:
    """Everything the identity server remembers. One user, one app."""

    def __init__(self, options: SandboxOptions, now: Callable[[], datetime]) -> None:
        self._options = options
        self._now = now
        self.consents: dict[str, Consent] = {}
        self.codes: dict[str, tuple[Consent, datetime]] = {}
        self.refresh_tokens: dict[str, RefreshToken] = {}
        self.access_tokens: dict[str, AccessToken] = {}
        self.connections: dict[str, Connection] = {}  #: by tenant id

    def ask(self, asked: dict[str, str]) -> str:
        """Check an authorize request and return the id of the consent that waits for the user.

        :raises OAuthError: shown on Xero's own page; nothing is redirected.
        """
        if asked.get("client_id") != self._options.client_id:
            raise OAuthError("unauthorized_client", "Unknown client")
        if not self._redirect_allowed(asked.get("redirect_uri", "")):
            raise OAuthError("unauthorized_client", "Invalid redirect_uri")
        if asked.get("response_type") != "code":
            raise OAuthError("unsupported_response_type", "response_type must be code")
        scope = " ".join(asked.get("scope", "").split())
        unknown = set(scope.split()) - set(self._options.allowed_scopes.split())
        if unknown or not scope:
            raise OAuthError("invalid_scope", f"Invalid scopes for this app: {' '.join(sorted(unknown))}")
        if "code_challenge" in asked and asked.get("code_challenge_method") != "S256":
            raise OAuthError("invalid_request", "Transform algorithm not supported")
        request_id = secrets.token_urlsafe(16)
        self.consents[request_id] = Consent(
            redirect_uri=asked["redirect_uri"],
            scope=scope,
            state=asked.get("state"),
            challenge=asked.get("code_challenge"),
        )
        return request_id

    def allow(self, request_id: str, tenant_id: str) -> dict[str, str]:
        """Connect one organisation and return the parameters of the redirect: code, scope, state."""
        consent = self.consents.pop(request_id)
        now = self._now()
        known = self.connections.get(tenant_id)
        self.connections[tenant_id] = Connection(
            connection_id=known.connection_id if known else str(uuid.uuid4()),
            tenant_id=tenant_id,
            event_id=consent.event_id,
            created_at=known.created_at if known else now,
            updated_at=now,
        )
        code = secrets.token_urlsafe(32)
        self.codes[code] = (consent, now + CODE_LIFE)
        return {"code": code, "scope": consent.scope, **({"state": consent.state} if consent.state else {})}

    def deny(self, request_id: str) -> dict[str, str]:
        """Return the parameters of the redirect after a refusal."""
        consent = self.consents.pop(request_id)
        return {"error": "access_denied", **({"state": consent.state} if consent.state else {})}

    def check_client(self, client_id: str | None, client_secret: str | None) -> None:
        """Compare the app's credentials.

        :raises OAuthError: invalid_client.
        """
        known = hmac.compare_digest(client_id or "", self._options.client_id)
        if not known or not hmac.compare_digest(client_secret or "", self._options.client_secret):
            raise OAuthError("invalid_client")

    def exchange(self, code: str, redirect_uri: str, verifier: str | None) -> dict[str, object]:
        """Turn a code into tokens; a code works once, for five minutes, with the redirect it was made for.

        :raises OAuthError: invalid_grant.
        """
        consent, expires_at = self.codes.pop(code, (None, None))
        if consent is None or expires_at is None or self._now() >= expires_at or consent.redirect_uri != redirect_uri:
            raise OAuthError("invalid_grant")
        if consent.challenge is not None and _challenge(verifier or "") != consent.challenge:
            raise OAuthError("invalid_grant")
        return self._issue(consent.scope, consent.event_id, parent=None)

    def refresh(self, token: str) -> dict[str, object]:
        """Rotate: a new pair of tokens. The previous one may be sent again for 30 minutes, in case the answer was lost.

        :raises OAuthError: invalid_grant.
        """
        now = self._now()
        held = self.refresh_tokens.get(token)
        if held is None or now >= held.issued_at + REFRESH_LIFE:
            raise OAuthError("invalid_grant")
        if held.used_at is not None and now >= held.used_at + REFRESH_GRACE:
            raise OAuthError("invalid_grant")
        held.used_at = held.used_at or now
        if held.parent is not None:
            self.refresh_tokens.pop(held.parent, None)
        return self._issue(held.scope, held.event_id, parent=token)

    def revoke(self, token: str) -> None:
        """Revoke: all of the user's connections and tokens go. An unknown token changes nothing."""
        if token in self.refresh_tokens:
            self.connections.clear()
            self.refresh_tokens.clear()
            self.access_tokens.clear()

    def disconnect(self, *, connection_id: str | None = None, tenant_id: str | None = None) -> bool:
        """End one connection; tokens stay. Return whether there was one."""
        for key, connection in list(self.connections.items()):
            if connection.connection_id == connection_id or key == tenant_id:
                del self.connections[key]
                return True
        return False

    def clear(self) -> None:
        """Forget everything."""
        for kept in (self.consents, self.codes, self.refresh_tokens, self.access_tokens, self.connections):
            kept.clear()

    def _issue(self, scope: str, event_id: str, parent: str | None) -> dict[str, object]:
        now = self._now()
        expires_at = now + ACCESS_LIFE
        claims: dict[str, object] = {
            "iss": "https://identity.xero.com",
            "aud": "https://identity.xero.com/resources",
            "client_id": self._options.client_id,
            "xero_userid": USER_ID,
            "sub": USER_ID.replace("-", ""),
            "authentication_event_id": event_id,
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
            "jti": uuid.uuid4().hex,
            "scope": scope.split(),
        }
        access = _jwt(claims)
        self.access_tokens[access] = AccessToken(scopes=frozenset(scope.split()), expires_at=expires_at)
        answer: dict[str, object] = {
            "access_token": access,
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "token_type": "Bearer",
            "scope": scope,
        }
        if "openid" in scope.split():
            answer["id_token"] = _jwt({**claims, "email": "demo.user@example.com", "aud": self._options.client_id})
        if "offline_access" in scope.split():
            refresh = secrets.token_urlsafe(32)
            self.refresh_tokens[refresh] = RefreshToken(scope=scope, event_id=event_id, issued_at=now, parent=parent)
            answer["refresh_token"] = refresh
        return answer

    def _redirect_allowed(self, uri: str) -> bool:
        if self._options.redirect_uris is not None:
            return uri in self._options.redirect_uris
        parts = urlsplit(uri)
        return bool(parts.hostname) and (
            parts.scheme == "https" or (parts.scheme, parts.hostname) == ("http", "localhost")
        )


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _jwt(claims: dict[str, object]) -> str:
    """Return a token of the right shape; nobody but this sandbox has to check its signature."""

    def part(content: bytes) -> str:
        return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

    signed = f"{part(json.dumps({'alg': 'RS256', 'typ': 'JWT'}).encode())}.{part(json.dumps(claims).encode())}"
    return f"{signed}.{part(hashlib.sha256(signed.encode()).digest())}"
