"""What may still be changed of a record at each package it was sent to, said before anybody tries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.core.editing import EditRule, closed_reason, in_closed_period
from service.core.ports import EntityKind, Family
from service.store.queries import counterparts
from service.store.queries.states import SyncState
from service.sync.cases import ground_of
from service.sync.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Editable:
    """What one package still lets anybody change of one record."""

    connection_id: str
    provider: str
    package: str
    rule: EditRule
    reason: str | None  #: a sentence, unless everything may be changed

    @property
    def closed(self) -> bool:
        """True if nothing of it may be changed."""
        return self.rule.fields == frozenset() and not self.rule.withdraws


def editable_at(
    platform: Platform, session: Session, kind: EntityKind, states: Sequence[SyncState]
) -> tuple[Editable, ...]:
    """Return what may still be changed of a record, for each connection at which it has a counterpart."""
    found = []
    for state in states:
        link, connection = state.link, state.connection
        if link is None or link.remote_id is None or connection.reference is None:
            continue
        ground = ground_of(platform, session, connection)
        rows = counterparts.by_remote_ids(session, connection.id, Family(link.family), [link.remote_id])
        if kind not in ground.mappers or link.remote_id not in rows or rows[link.remote_id].deleted:
            continue
        theirs, mapper = counterparts.record_of(rows[link.remote_id]), ground.mappers[kind]
        rule, closed_until = mapper.rule_of(theirs), ground.reference.company.lock_date
        dated = kind not in {EntityKind.CUSTOMER, EntityKind.CONTACT}
        if (
            dated
            and closed_until is not None
            and in_closed_period(None, mapper.read(theirs, ground.reading), closed_until=closed_until)
        ):
            rule = EditRule(
                standing=rule.standing, fields=frozenset(), withdraws=False, reason=closed_reason(closed_until)
            )
        package = ground.capabilities.package
        found.append(
            Editable(
                connection_id=connection.id,
                provider=connection.provider,
                package=package,
                rule=rule,
                reason=None if rule.open else _sentence(package, rule),
            )
        )
    return tuple(found)


def _sentence(package: str, rule: EditRule) -> str:
    nothing = rule.fields == frozenset() and not rule.withdraws
    return f"{package} takes no {'change of it' if nothing else 'other change of it'} now: {rule.reason}."
