"""Asking for resets and looking at what came of them, for tests."""

from __future__ import annotations

from typing import Any

from service.core.ports import EntityKind
from service.store.queries import links as link_queries
from service.store.reset_models import ResetItemRow, ResetRow
from service.store.sync_models import LinkRow, RunRow
from service.sync import reset, reset_plan
from service.sync import run as running
from tests.support.resets import last_of
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office

CHOICES = ("leave", "rename", "archive")


def link_id(office: Office, record_id: str, kind: EntityKind = EntityKind.CUSTOMER) -> str:
    found = office.link(record_id, kind)
    assert found is not None
    return found.id


def planned(office: Office, record_id: str, choice: str = "rename", **wish: Any) -> dict[str, Any]:
    """Return the dry run of a reset as the API shows it."""
    found = reset.plan_reset(
        office.platform,
        organisation_id=office.organisation_id,
        link_id=link_id(office, record_id),
        old_counterpart=choice,
        **wish,
    )
    return reset_plan.to_json(found)


def asked(office: Office, record_id: str, choice: str = "rename", **wish: Any) -> reset.AskedReset:
    return reset.reset_link(
        office.platform,
        organisation_id=office.organisation_id,
        link_id=link_id(office, record_id),
        old_counterpart=choice,
        actor="user:sue",
        **wish,
    )


def done(office: Office, record_id: str, choice: str = "rename", **wish: Any) -> RunRow:
    """Reset a record and do the run; return it as it ended."""
    run_id = asked(office, record_id, choice, **wish).run_id
    running.perform(office.platform, office.connection_id)
    return office.run(run_id)


def undone(office: Office, record_id: str, choice: str | None = None) -> RunRow:
    run_id = reset.undo_reset(
        office.platform,
        organisation_id=office.organisation_id,
        link_id=link_id(office, record_id),
        new_counterpart=choice,
        actor="user:sue",
    ).run_id
    running.perform(office.platform, office.connection_id)
    return office.run(run_id)


def lives(office: Office, record_id: str) -> list[LinkRow]:
    """Return every life of a customer's link, newest first."""
    with office.platform.database.read() as session:
        link = link_queries.get(session, office.organisation_id, link_id(office, record_id))
        found = list(link_queries.generations(session, link))
        session.expunge_all()
        return found


def last_reset(office: Office, record_id: str) -> tuple[ResetRow, ResetItemRow]:
    with office.platform.database.read() as session:
        found = last_of(session, link_id(office, record_id))
        session.expunge_all()
        return found


def undone_or_refused(office: Office, bookkeeper: Bookkeeper, record_id: str, formers: dict[str, str]) -> RunRow:
    """Undo a reset; where only a person can make the former ones active, that is done first."""
    capabilities = office.platform.provider(office.package.sandbox.name).capabilities
    if not capabilities.restores_customers:
        for remote_id in formers.values():
            bookkeeper.restore(remote_id)
        office.sync()
    return undone(office, record_id)
