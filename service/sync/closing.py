"""Closing intents: the one place where an answer, or what a probe found, becomes the state of a link."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.core.drift import PUTTING_BACK
from service.core.errors import ConnectorError, StaleVersion, Transient
from service.core.intent import Intent, IntentState, Operation
from service.core.link import Confirmed, Deferred, Lost, Refused
from service.core.ports import EntityKind, Mapper, RemoteRecord
from service.core.problem import Problem, ProblemKind, field_label
from service.core.reconcile import Flow
from service.core.snapshot import Snapshot, Value, differences, spelled_like, to_json, value_to_json
from service.records.author import Author
from service.store.facts import apply_to, changes_by, write_changes
from service.store.plain_link import AnyLink
from service.store.queries import calls, counterparts, drift
from service.store.queries.events import Subject, add_event, add_events
from service.store.sync_models import ConnectionRow, LinkRow
from service.sync import readback, refusal
from service.sync.cases import Ground
from service.sync.planner import flows_of

_NAMED = (EntityKind.CUSTOMER, EntityKind.CONTACT)
#: Writes after which everything that they don't carry stands as it stood.
_KEEPS_THE_REST = (Operation.UPDATE, Operation.RESTORE)


class Closing:
    """One transaction in which intents are closed; what they have in common is written at its end, all at once."""

    def __init__(self, session: Session, ground: Ground, *, now: datetime, request_id: str | None = None) -> None:
        """Begin with nothing closed.

        :param request_id: the package's own id of the answer, if one was read.
        """
        self.session, self.now = session, now
        self._ground, self._request_id = ground, request_id
        self._reading = ground.reading
        self._of = {"organisation_id": ground.organisation_id, "connection_id": ground.connection_id}
        self._stored: list[RemoteRecord] = []
        self._ended: dict[IntentState, list[str]] = {}
        self._events: list[dict[str, Any]] = []
        self._changes: list[dict[str, Any]] = []

    def confirm(
        self, intent: Intent, link: AnyLink, record: RemoteRecord, *, probed: bool = False, edited: bool = False
    ) -> None:
        """The package has what was meant: tie the link, move the baseline, note what was stored differently.

        The link itself is only read here; its row is changed when everything is written.

        :param edited: somebody changed it there since: what was meant was there, and is what both sides agreed on.
        """
        self._stored.append(record)
        self._end(intent, IntentState.CONFIRMED)
        mapper = self._ground.mappers[EntityKind(link.entity)]
        shown = spelled_like(mapper.read(record, self._reading), intent.expected, intent.before)
        stored = intent.expected if edited else shown
        event = Confirmed(
            external_id=record.remote_id,
            generation=intent.generation,
            wanted=intent.wanted,
            heard=intent.heard,
            more=not edited and self._shows_more(intent, shown, mapper),
            baseline=to_json(_agreed(intent, stored)),
        )
        self._events.append(self._sent(intent, link, record, probed=probed))
        facts, changes = changes_by(link, event)
        self._changes.append({"id": link.id, "doubts": 0, **changes})
        if facts.retired_at is not None:
            return  # reset meanwhile: the row says what was left behind, the next generation is not touched
        self._changes[-1] |= {
            **readback.noted(link, intent, written=intent.expected, stored=stored, package=self._ground.capabilities),
            "remote_name": record.name if link.entity in _NAMED else link.remote_name,
            "last_synced_at": self.now,
            "due_at": None,
        }
        if intent.meant is not None:
            self._adopt(link, self._changes[-1]["readback"])
        put_back = [name for name, rule in intent.rules.items() if rule in PUTTING_BACK]
        if put_back:
            drift.close_put_back(self.session, link.id, put_back, now=self.now, call_id=intent.call_id)

    def _shows_more(self, intent: Intent, shown: Snapshot, mapper: Mapper) -> bool:
        """Tell whether somebody there changed what a write left alone, after it was planned and before it arrived.

        The feed won't tell: it shows the entity just as the answer did. What the package works out itself is left out,
        and what it empties when something is taken back.
        """
        if intent.before is None or intent.operation not in _KEEPS_THE_REST:
            return False
        differing = set(differences(ours=intent.before, theirs=shown)) - intent.expected.fields.keys()
        flows = flows_of(mapper, self._ground.settings) if differing else {}
        moved = shown.active not in {intent.before.active, intent.expected.active}
        return moved or any(flows.get(name) is not Flow.THEIRS for name in differing)

    def _adopt(self, link: AnyLink, lines: list[dict[str, Any]]) -> None:
        """Let an invoice follow the tax that its package works out itself."""
        author = Author(
            organisation_id=self._ground.organisation_id,
            actor=f"package:{self._ground.connection_id}",
            now=self.now,
            except_connection_id=self._ground.connection_id,
        )
        readback.adopt(self.session, author, link.record_id, lines)

    def refuse(self, intent: Intent, link: LinkRow, error: ConnectorError, *, label: str) -> None:
        """The package did not write the element: a question for a person, or another try where that helps."""
        passing = isinstance(error, StaleVersion | Transient)
        self._end(intent, IntentState.ABANDONED if passing else IntentState.REJECTED, error)
        # Edited meanwhile: the edit may be the cure, so it is sent before anybody is asked.
        if passing or link.wanted > intent.wanted or link.retired_at is not None:
            apply_to(self.session, link, Deferred(), now=self.now)
            return
        self.write()  # who holds a name that is taken may be what was confirmed just now
        connection = self.session.get_one(ConnectionRow, self._ground.connection_id)
        problem = refusal.problem_of(
            self.session,
            connection,
            link,
            intent,
            error,
            capabilities=self._ground.capabilities,
            label=label,
            now=self.now,
        )
        asked = Refused(problem=problem, heard=max(link.settled, min(intent.heard, link.heard)))
        open_problem(self.session, link, asked, label=label, now=self.now, request_id=error.request_id)

    def abandon(self, intent: Intent, link: LinkRow) -> None:
        """Close an intent that was surely not written; the link is planned anew."""
        self._end(intent, IntentState.ABANDONED)
        apply_to(self.session, link, Deferred(), now=self.now)

    def give_up(self, intent: Intent, link: LinkRow, *, label: str) -> None:
        """Close an intent of which nobody could tell often enough what became of it: a person has to look."""
        self._end(intent, IntentState.ABANDONED)
        params: dict[str, Value] = {
            "package": self._ground.capabilities.package,
            "name": label,
            "entity": link.entity,
        }
        problem = Problem(kind=ProblemKind.OUTCOME_UNKNOWN, params=params)
        # What was heard when it was sent is looked at: else it would be due, and refused again, with every sync.
        refused = Refused(problem=problem, heard=max(link.settled, min(intent.heard, link.heard)))
        open_problem(self.session, link, refused, label=label, now=self.now)

    def write(self) -> None:
        """Write what was collected; called once more at the end, whatever was closed."""
        write_changes(self.session, self._changes)
        for family in {record.family for record in self._stored}:
            records = [record for record in self._stored if record.family is family]
            known = counterparts.known_of(
                self.session, self._ground.connection_id, family, [record.remote_id for record in records]
            )
            counterparts.store(self.session, self._of, records, known, self.now)
        for state, intent_ids in self._ended.items():
            calls.end(self.session, intent_ids, state, now=self.now)
        add_events(self.session, self._events)
        self._stored, self._ended, self._events, self._changes = [], {}, [], []

    def _end(self, intent: Intent, state: IntentState, error: ConnectorError | None = None) -> None:
        if error is None:
            self._ended.setdefault(state, []).append(intent.id)
            return
        outcome = {
            "code": error.code,
            "message": error.message,
            "provider_code": error.provider_code,
            "request_id": error.request_id,
        }
        calls.end(self.session, [intent.id], state, now=self.now, outcome=outcome)

    def _sent(self, intent: Intent, link: AnyLink, record: RemoteRecord, *, probed: bool) -> dict[str, Any]:
        written = intent.expected.fields
        before = None if intent.before is None else _values(intent.before, written)
        return {
            **self._of,
            "at": self.now,
            "actor": "sync",
            "verb": _VERBS[intent.operation],
            "record_kind": link.entity,
            "record_id": link.record_id,
            "label": record.name if link.entity in _NAMED else link.remote_name,
            "link_id": link.id,
            "call_id": intent.call_id,
            "before": before,
            "after": _values(intent.expected, written),
            "why": reasons(intent.rules) + (" (found there after the answer was lost)" if probed else ""),
            "request_id": self._request_id,
        }


def lose(session: Session, link: LinkRow, *, now: datetime) -> None:
    """Nobody knows what became of a link's intent: only a probe may follow."""
    apply_to(session, link, Lost(), now=now)
    link.doubts += 1


def open_problem(
    session: Session, link: LinkRow, event: Refused, *, label: str, now: datetime, request_id: str | None = None
) -> None:
    """Make a link red and say so in its history, unless it is red for the same reason already."""
    asked = link.open_problem_id
    apply_to(session, link, event, now=now, label=label, request_id=request_id)
    if link.open_problem_id in (None, asked):
        return
    add_event(
        session,
        organisation_id=link.organisation_id,
        at=now,
        actor="sync",
        verb="needs a person",
        subject=Subject(kind=link.entity, id=link.record_id, label=label),
        link_id=link.id,
        connection_id=link.connection_id,
        after={"problem": event.problem.kind.value},
        request_id=request_id,
    )


def reasons(rules: Mapping[str, str]) -> str:
    """Return why fields moved, as a person reads it: the rule alone if it is one for all, else with its fields."""
    kinds = set(rules.values())
    if len(kinds) == 1:
        return next(iter(kinds))
    fields: dict[str, list[str]] = {}
    for name, rule in sorted(rules.items()):
        fields.setdefault(rule, []).append(field_label(name))
    return "; ".join(f"{', '.join(names)}: {rule}" for rule, names in fields.items())


def counted_as(intent: Intent, link: AnyLink) -> str:
    """Return the count that a write adds to, before it is confirmed: the first meeting of a match counts as a link."""
    if intent.operation is Operation.CREATE:
        return "created"
    return "linked" if link.baseline is None else "updated"


_VERBS = {
    Operation.CREATE: "sent as new",
    Operation.UPDATE: "sent",
    Operation.ARCHIVE: "archived there",
    Operation.RESTORE: "restored there",
    Operation.VOID: "voided there",
    Operation.DELETE: "deleted there",
}


def _agreed(intent: Intent, stored: Snapshot) -> Snapshot:
    """Return what both sides agree on from now: of what was written, as it was stored."""
    held = stored.fields
    as_stored = {name: held[name] for name in intent.expected.fields if name in held}
    return Snapshot(fields={**intent.baseline.fields, **as_stored}, active=intent.baseline.active)


def _values(snapshot: Snapshot, names: Mapping[str, Value]) -> dict[str, Any]:
    held = snapshot.fields
    return {name: value_to_json(held[name]) for name in names if name in held}
