"""Completing a consent: the callback that trusts only its one-time state, and the companies that it reaches."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from service.core.consent import Grant, Tenant, missing_scopes
from service.core.errors import ConnectorError, SyncError
from service.ids import new_id
from service.store.queries import connections as queries
from service.store.sync_models import ConnectionRow, CredentialRow
from service.sync import books, connect, proposing
from service.sync.platform import Platform
from service.sync.tokens import seal


class ConsentRefused(SyncError):
    """The callback can't be taken: unknown, used or old state, a denial, or another company. The message says which."""

    code = "consent_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A company that a permission reaches, and the connection of ours that is tied to it."""

    tenant_id: str
    name: str | None
    connection_id: str | None


def complete(
    platform: Platform, *, provider: str, arguments: Mapping[str, str], signed_in_to: str | None = None
) -> str:
    """Take the package's callback; return the connection's id.

    :param signed_in_to: the organisation of whoever is signed in in this browser, if anybody is: a consent that
        somebody of another organisation began is not completed for them.
    :raises ConsentRefused: nothing was stored, or the company is not the one the connection belongs to.
    """
    state = arguments.get("state", "")
    with platform.database.write() as session:
        consent = queries.consent_by_state(session, connect.digest(state))
        now = platform.clock()
        if consent is None or consent.used_at is not None or consent.expires_at < now:
            message = "This consent was already used or has expired. Start the connection again."
            raise ConsentRefused(message)
        connection = session.get_one(ConnectionRow, consent.connection_id)
        if connection.provider != provider or signed_in_to not in (None, connection.organisation_id):
            message = "This consent was begun elsewhere. Start the connection again."
            raise ConsentRefused(message)
        consent.used_at = now
        verifier, actor, connection_id = consent.code_verifier, consent.started_by, connection.id
        consent.code_verifier = None  # it is good once, like the state
    if "code" not in arguments:
        why = _denial(platform.provider(provider).package, arguments)
        _remember_refusal(platform, connection_id, actor, why)
        raise ConsentRefused(why)
    grant = _exchange(platform, provider, connection_id, actor, verifier, arguments)
    _take(platform, provider, connection_id, actor, grant)
    _read(platform, connection_id)
    return connection_id


def _read(platform: Platform, connection_id: str) -> None:
    """Read a company for the first time, and begin to look which records exist on both sides."""
    books.read_first(platform, connection_id)
    with platform.database.read() as session:
        organisation_id = session.get_one(ConnectionRow, connection_id).organisation_id
    proposing.look(platform, organisation_id, connection_id, patience=0)


def _denial(package: str, arguments: Mapping[str, str]) -> str:
    if arguments.get("error") == "access_denied":
        return f"Access was declined in {package}. Nothing was connected."
    return f"{package} did not grant access ({arguments.get('error', 'no reason given')})."


def _exchange(
    platform: Platform,
    provider: str,
    connection_id: str,
    actor: str,
    verifier: str | None,
    arguments: Mapping[str, str],
) -> Grant:
    """Turn the code into tokens that suffice.

    :raises ConsentRefused: the package refused, or the person left out something that is needed.
    """
    registered = platform.provider(provider)
    settings = platform.settings.provider(provider)
    oauth = registered.oauth(settings, clock=platform.clock)
    try:
        grant = oauth.exchange(
            code=arguments["code"], redirect_uri=settings.redirect_uri, code_verifier=verifier, callback=arguments
        )
    except ConnectorError as error:
        why = f"{registered.package} did not complete the connection: {error.message}"
        _remember_refusal(platform, connection_id, actor, why)
        raise ConsentRefused(why) from error
    missing = missing_scopes(settings.scopes, grant.tokens.scope)
    if missing:
        why = (
            f"{registered.package} granted access without {', '.join(missing)}, which is needed. "
            "Nothing was connected; connect again and allow everything that is asked for."
        )
        _remember_refusal(platform, connection_id, actor, why)
        _give_back(platform, provider, connection_id, grant)
        raise ConsentRefused(why)
    return grant


def _take(platform: Platform, provider: str, connection_id: str, actor: str, grant: Grant) -> None:
    """Tie the connection to its company and keep the tokens.

    :raises ConsentRefused: the permission is for another company than the connection's; it is given back.
    """
    package = platform.provider(provider).package
    with platform.database.write() as session:
        row = session.get_one(ConnectionRow, connection_id)
        tenant, refusal = _choose(session, row, grant.tenants, package)
        if tenant is None:
            _refuse(platform, session, row, actor, "wrong_company", refusal)
        else:
            _keep(platform, session, row, tenant, grant, actor)
    if tenant is None:
        _give_back(platform, provider, connection_id, grant)
        raise ConsentRefused(refusal)


def _keep(platform: Platform, session: Session, row: ConnectionRow, tenant: Tenant, grant: Grant, actor: str) -> None:
    former = row.credential_id
    credential = CredentialRow(
        id=new_id(), organisation_id=row.organisation_id, provider=row.provider, ciphertext="",
        access_expires_at=grant.tokens.access_expires_at, tenants=[_tenant_to_json(one) for one in grant.tenants],
    )  # fmt: skip
    seal(platform, credential, grant.tokens)
    session.add(credential)
    session.flush()
    first = row.remote_tenant_id is None
    tie(row, tenant, credential.id)
    if row.state not in ("live", "paused"):  # those go on as they are
        row.state, row.state_before = row.state_before or "matching", None
    if first:
        row.state, row.state_before = "matching", None
    if row.state == "live":
        row.due_at = platform.clock()
    session.flush()
    if former is not None and not queries.connections_of_credential(session, former):
        session.delete(session.get_one(CredentialRow, former))  # its tokens were replaced
    connect.note(platform, session, row, actor, "connected" if first else "reconnected")


def tie(row: ConnectionRow, tenant: Tenant, credential_id: str) -> None:
    """Tie a connection to a company that a permission reaches."""
    row.credential_id = credential_id
    row.remote_tenant_id = tenant.tenant_id
    row.connection_ref = tenant.connection_ref
    row.organisation_name = tenant.name or row.organisation_name
    row.problem = None
    row.revision += 1


def _choose(
    session: Session, row: ConnectionRow, tenants: tuple[Tenant, ...], package: str
) -> tuple[Tenant | None, str]:
    """Return the company to tie to, or None with the reason."""
    if row.remote_tenant_id is not None:
        same = next((tenant for tenant in tenants if tenant.tenant_id == row.remote_tenant_id), None)
        others = ", ".join(tenant.name or tenant.tenant_id for tenant in tenants) or "none"
        return same, (
            f"This connection belongs to {row.organisation_name or row.remote_tenant_id} in {package}, "
            f"but access was given to another company ({others}). Nothing was changed; connect again and choose "
            f"{row.organisation_name or 'the same company'}."
        )
    taken = queries.tenants_connected(session, row.organisation_id, row.provider)
    free = next((tenant for tenant in tenants if tenant.tenant_id not in taken), None)
    if tenants:
        return free, f"The company chosen in {package} is connected already. Reconnect that connection instead."
    return None, f"{package} gave access to no company."


def companies(session: Session, organisation_id: str, connection_id: str) -> list[Company]:
    """Return the companies that a connection's permission reaches: a person may have chosen several at once.

    :raises NotFoundError: there is no such connection in the organisation.
    """
    row = queries.get(session, organisation_id, connection_id)
    credential = session.get(CredentialRow, row.credential_id) if row.credential_id else None
    tied = {
        one.remote_tenant_id: one.id
        for one in queries.all_of(session, organisation_id)
        if one.provider == row.provider and one.remote_tenant_id is not None
    }
    return [
        Company(tenant_id=one["tenant_id"], name=one["name"], connection_id=tied.get(one["tenant_id"]))
        for one in (credential.tenants if credential is not None else [])
    ]


def connect_too(platform: Platform, *, organisation_id: str, connection_id: str, tenant_id: str, actor: str) -> str:
    """Connect another company that the same permission reaches; return the new connection's id.

    :raises NotFoundError: there is no such connection in the organisation.
    :raises WrongState: the permission doesn't reach that company, or it is connected already.
    """
    with platform.database.write() as session:
        row = queries.get(session, organisation_id, connection_id)
        credential = session.get(CredentialRow, row.credential_id) if row.credential_id else None
        found = {one["tenant_id"]: one for one in (credential.tenants if credential is not None else [])}
        if credential is None or tenant_id not in found:
            message = "The permission of this connection does not reach that company."
            raise connect.WrongState(message)
        if tenant_id in queries.tenants_connected(session, organisation_id, row.provider):
            message = "That company is connected already."
            raise connect.WrongState(message)
        fresh = ConnectionRow(
            id=new_id(), organisation_id=organisation_id, provider=row.provider, settings={}, mapping={},
            state="matching",
        )  # fmt: skip
        session.add(fresh)
        session.flush()
        tie(fresh, Tenant(**found[tenant_id]), credential.id)
        connect.note(platform, session, fresh, actor, "connected")
        fresh_id = fresh.id
    _read(platform, fresh_id)
    return fresh_id


def _tenant_to_json(tenant: Tenant) -> dict[str, Any]:
    return {"tenant_id": tenant.tenant_id, "name": tenant.name, "connection_ref": tenant.connection_ref}


def _give_back(platform: Platform, provider: str, connection_id: str, grant: Grant) -> None:
    """Take back at the package what it granted and we don't keep; failing to is no fault of ours.

    Not where a company of it is connected: that could take back what its connection works with.
    """
    with platform.database.read() as session:
        row = session.get_one(ConnectionRow, connection_id)
        connected = queries.tenants_connected(session, row.organisation_id, provider)
    if connected & {one.tenant_id for one in grant.tenants}:
        return
    oauth = platform.provider(provider).oauth(platform.settings.provider(provider), clock=platform.clock)
    for tenant in grant.tenants:
        with contextlib.suppress(SyncError):
            oauth.revoke(grant.tokens, connection_ref=tenant.connection_ref)


def _remember_refusal(platform: Platform, connection_id: str, actor: str, why: str) -> None:
    with platform.database.write() as session:
        _refuse(platform, session, session.get_one(ConnectionRow, connection_id), actor, "consent_refused", why)


def _refuse(platform: Platform, session: Session, row: ConnectionRow, actor: str, kind: str, why: str) -> None:
    """Write down that a consent was not taken.

    A connection that works without it has no problem of it, and a denial does not hide why the permission was lost.
    """
    lost = row.problem is not None and row.problem["kind"] == "needs_reauth" and kind == "consent_refused"
    if row.state in {"pending", "needs_reauth", "disconnected"} and not lost:
        row.problem = {"kind": kind, "message": why, "since": platform.clock().isoformat()}
    connect.note(platform, session, row, actor, "consent refused", why=why)
