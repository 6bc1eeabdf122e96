"""The life of a connection: beginning a consent, pausing, disconnecting, losing the permission."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from service.core.errors import SyncError
from service.ids import new_id
from service.store.queries import connections as queries
from service.store.queries.events import Subject, add_event
from service.store.sync_models import ConnectionRow, ConsentRow, CredentialRow
from service.sync.platform import Platform
from service.sync.tokens import TokenSource, unseal

#: A consent page left open longer than this has to be started again.
CONSENT_SPAN = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Started:
    """A consent under way."""

    connection_id: str
    authorize_url: str


def start(platform: Platform, *, organisation_id: str, provider: str, actor: str) -> Started:
    """Begin a new connection: a pending row, and the address for the person's browser.

    :raises Transient: the package could not be asked where its consent page is; nothing is left behind.
    """
    with platform.database.write() as session:
        row = ConnectionRow(id=new_id(), organisation_id=organisation_id, provider=provider, settings={}, mapping={})
        session.add(row)
        session.flush()
        note(platform, session, row, actor, "connection started")
        state, challenge = _open_consent(platform, session, row, actor)
    try:
        return Started(row.id, _authorize_url(platform, provider, state, challenge))
    except SyncError:
        with platform.database.write() as session:
            session.delete(session.get_one(ConnectionRow, row.id))  # nobody was sent anywhere yet
        raise


def reconnect(platform: Platform, *, organisation_id: str, connection_id: str, actor: str) -> Started:
    """Begin a new consent for a connection that exists; every link stays."""
    with platform.database.write() as session:
        row = queries.get(session, organisation_id, connection_id)
        state, challenge = _open_consent(platform, session, row, actor)
        note(platform, session, row, actor, "reconnect started")
    return Started(row.id, _authorize_url(platform, row.provider, state, challenge))


def pause(platform: Platform, *, organisation_id: str, connection_id: str, actor: str) -> None:
    """Stop the schedule; nothing is lost.

    :raises WrongState: the connection is neither matching nor live.
    """
    with platform.database.write() as session:
        row = queries.get(session, organisation_id, connection_id)
        _expect(row, "live", "matching")
        row.state_before, row.state = row.state, "paused"
        row.revision += 1
        note(platform, session, row, actor, "paused")


def resume(platform: Platform, *, organisation_id: str, connection_id: str, actor: str) -> None:
    """Let a paused connection go on where it was.

    :raises WrongState: the connection is not paused.
    """
    with platform.database.write() as session:
        row = queries.get(session, organisation_id, connection_id)
        _expect(row, "paused")
        row.state, row.state_before, row.problem = row.state_before or "matching", None, None
        row.due_at = platform.clock() if row.state == "live" else None
        row.revision += 1
        note(platform, session, row, actor, "resumed")


def disconnect(platform: Platform, *, organisation_id: str, connection_id: str, actor: str) -> None:
    """Give the permission back at the package and keep every link, so that reconnecting restores them all."""
    with platform.database.read() as session:
        row = queries.get(session, organisation_id, connection_id)
        credential = session.get(CredentialRow, row.credential_id) if row.credential_id else None
        shared = queries.connections_of_credential(session, row.credential_id) > 1
    revoked = _give_back(platform, row, credential, shared=shared)
    with platform.database.write() as session:
        row = queries.get(session, organisation_id, connection_id)
        if row.state not in ("disconnected", "needs_reauth", "paused"):
            row.state_before = row.state
        row.state, row.credential_id, row.due_at = "disconnected", None, None
        row.revision += 1
        if credential is not None:
            kept = session.get_one(CredentialRow, credential.id)
            if shared:
                kept.tenants = [one for one in kept.tenants if one["tenant_id"] != row.remote_tenant_id]
            else:
                session.delete(kept)
        note(platform, session, row, actor, "disconnected", why=revoked)


def _give_back(platform: Platform, row: ConnectionRow, credential: CredentialRow | None, *, shared: bool) -> str:
    """Take the permission back at the package, or of one that others share only this company; say what came of it."""
    if credential is None or credential.dead_at is not None:
        return "the permission was not in use any more"
    if shared and row.connection_ref is None:
        return "another connection uses the same permission"
    provider = platform.provider(row.provider)
    oauth = provider.oauth(platform.settings.provider(row.provider), clock=platform.clock)
    try:
        TokenSource(platform, credential.id)()  # a package may take it back only with a token that has not ended
        with platform.database.read() as session:
            tokens = unseal(platform, session.get_one(CredentialRow, credential.id))
        oauth.revoke(tokens, connection_ref=row.connection_ref)
    except SyncError as error:
        return f"{provider.package} could not be told: {error}"
    return f"access was given back at {provider.package}"


def lose_authorisation(platform: Platform, connection_id: str, reason: str, *, state: str = "needs_reauth") -> None:
    """Note that the package no longer lets us in: the schedule stops, a person reconnects, every link stays.

    :param state: ``paused`` where a new consent would not help: then a person resumes once the cause is gone.
    """
    with platform.database.write() as session:
        row = session.get_one(ConnectionRow, connection_id)
        if row.state in ("live", "matching", "paused"):
            row.state_before = row.state_before or row.state
            row.state = state
        row.due_at = None
        row.revision += 1
        row.problem = {"kind": state, "message": reason, "since": platform.clock().isoformat()}
        note(platform, session, row, "package", "authorisation lost", why=reason)


class WrongState(SyncError):
    """The connection is in a state that does not allow this. The message says which would."""

    code = "wrong_state"


def _expect(row: ConnectionRow, *states: str) -> None:
    if row.state not in states:
        message = f"The connection is {row.state.replace('_', ' ')}; this needs it to be {' or '.join(states)}."
        raise WrongState(message)


def _open_consent(platform: Platform, session: Session, row: ConnectionRow, actor: str) -> tuple[str, str]:
    """Store a one-time state; return it with the challenge that proves later that the same service came back."""
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    now = platform.clock()
    session.add(
        ConsentRow(
            organisation_id=row.organisation_id,
            connection_id=row.id,
            state_hash=digest(state),
            code_verifier=verifier,
            started_by=actor,
            created_at=now,
            expires_at=now + CONSENT_SPAN,
        )
    )
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return state, challenge


def _authorize_url(platform: Platform, provider: str, state: str, challenge: str) -> str:
    settings = platform.settings.provider(provider)
    oauth = platform.provider(provider).oauth(settings, clock=platform.clock)
    return oauth.authorize_url(state=state, redirect_uri=settings.redirect_uri, code_challenge=challenge)


def digest(state: str) -> str:
    """Return what is kept of a one-time state."""
    return hashlib.sha256(state.encode()).hexdigest()


def note(
    platform: Platform, session: Session, row: ConnectionRow, actor: str, verb: str, *, why: str | None = None
) -> None:
    """Write down what happened to a connection."""
    add_event(
        session,
        organisation_id=row.organisation_id,
        at=platform.clock(),
        actor=actor,
        verb=verb,
        subject=Subject(kind="connection", id=row.id, label=row.organisation_name),
        connection_id=row.id,
        why=why,
    )
