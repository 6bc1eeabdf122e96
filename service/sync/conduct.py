"""How a connection is worked: what is sent by itself, how often it is looked at, with how many calls, and its brake."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from service.core.drift import DriftRule
from service.core.ports import Limits
from service.records.author import Author
from service.records.errors import StaleRevision, invalid
from service.records.inputs import Input
from service.store.queries import connections
from service.store.queries.events import Subject, add_event
from service.store.sync_models import ConnectionRow
from service.sync import drift
from service.sync.platform import Platform

_DAY = 86_400


class LimitSettings(Input):
    """Fewer calls than the package usually allows: what the plan of the company or of the app has."""

    per_minute: Annotated[int, Field(ge=1)] | None = None
    per_day: Annotated[int, Field(ge=1)] | None = None
    batches_per_minute: Annotated[int, Field(ge=1)] | None = None


class ConnectionSettings(Input):
    """What a person may narrow: everything, customers with documents, or only those sent by hand."""

    push: Literal["all", "with_documents", "by_hand"] = "all"
    #: seconds between two scheduled syncs; the service's own if left out
    interval: Annotated[int, Field(ge=15, le=_DAY)] | None = None
    #: the brake: a sync that would change or retire more than both of these stops and waits for a person
    brake_records: Annotated[int, Field(ge=0, le=1_000_000)] = 25
    brake_percent: Annotated[int, Field(ge=0, le=100)] = 20
    #: what becomes of changes there in fields of ours
    drift: DriftRule = DriftRule.PUT_BACK
    limits: LimitSettings = LimitSettings()


def change(
    platform: Platform,
    session: Session,
    author: Author,
    connection_id: str,
    given: ConnectionSettings,
    *,
    expected: int | None = None,
) -> ConnectionRow:
    """Change the settings that were given; what waits is looked at anew at once.

    :raises NotFoundError: there is no such connection in the organisation.
    :raises StaleRevision: somebody else has changed it since.
    :raises Invalid: more calls than the package allows.
    """
    row = connections.get(session, author.organisation_id, connection_id)
    if expected is not None and expected != row.revision:
        raise StaleRevision(expected=expected, current=row.revision)
    capabilities = platform.provider(row.provider).capabilities
    _require_within(given.limits, capabilities.limits, capabilities.package)
    chosen = given.model_dump(mode="json", exclude_unset=True)
    before = {name: row.settings.get(name) for name in chosen}
    if before == chosen:
        return row
    if chosen.get("drift", row.settings.get("drift")) != row.settings.get("drift"):
        drift.look_again(session, row.id, now=author.now)
    row.settings = {**row.settings, **chosen}
    row.revision += 1
    if row.state == "live":
        row.due_at = author.now
    add_event(
        session,
        organisation_id=author.organisation_id,
        at=author.now,
        actor=author.actor,
        verb="settings changed",
        subject=Subject(kind="connection", id=row.id, label=row.organisation_name),
        connection_id=row.id,
        before={name: value for name, value in before.items() if value != chosen[name]},
        after={name: value for name, value in chosen.items() if value != before[name]},
    )
    return row


def limits_stated(limits: Limits) -> dict[str, int]:
    """Return the limits that a package states and that a connection's settings may narrow."""
    stated = {name: getattr(limits, name) for name in LimitSettings.model_fields}
    return {name: value for name, value in stated.items() if value is not None}


def _require_within(given: LimitSettings, limits: Limits, package: str) -> None:
    for name, most in limits_stated(limits).items():
        if (getattr(given, name) or 0) > most:
            raise invalid(f"settings.limits.{name}", f"{package} allows at most {most:,}.")
