"""One record at one connection, side by side: ours as the package can hold it, theirs, and what was last agreed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.core.choice import list_of
from service.core.errors import MappingError
from service.core.ports import EntityKind
from service.core.reconcile import Flow
from service.core.snapshot import Snapshot, Value
from service.mapping import settings as mapping_settings
from service.store.queries.states import SyncState
from service.store.sync_models import ConnectionRow, LinkRow
from service.sync.addresses import remote_url
from service.sync.cases import ground_of, load_chunk
from service.sync.names import Names
from service.sync.planner import flows_of
from service.sync.platform import Platform

_OWNERS: Mapping[Flow, str] = {Flow.OURS: "ours", Flow.THEIRS: "theirs", Flow.BOTH: "both"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One field on both sides."""

    field: str
    ours: Value
    theirs: Value
    agreed: Value
    owner: str  #: "ours", "theirs" or "both"

    @property
    def differs(self) -> bool:
        """Whether the two sides hold different values now."""
        return self.ours != self.theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A record at one connection."""

    state: SyncState
    url: str | None  #: where a person sees the counterpart in the package
    fields: Sequence[FieldRow] = ()  #: of which any side holds something
    rests: str = ""  #: why nothing of it is sent, whatever changes here

    @property
    def differing(self) -> list[FieldRow]:
        """The fields on which the sides differ."""
        return [row for row in self.fields if row.differs]

    @property
    def same(self) -> list[FieldRow]:
        """The fields on which they agree."""
        return [row for row in self.fields if not row.differs]


def compare(session: Session, platform: Platform, state: SyncState, kind: EntityKind) -> Comparison:
    """Return how a record of a kind stands at a connection, from what is stored: no call is made."""
    link, rests = state.link, _rests(state.connection, kind)
    if link is None:
        return Comparison(state=state, url=None, rests=rests)
    return Comparison(
        state=state,
        rests=rests,
        url=remote_url(platform, state.connection, link),
        fields=_fields(session, platform, state, link) if link.remote_id is not None else (),
    )


def _rests(connection: ConnectionRow, kind: EntityKind) -> str:
    settings, listed = mapping_settings.from_json(connection.mapping), list_of(kind).capitalize()
    if settings.sends(kind):
        return ""
    taken = "; what is entered there is taken over" if settings.receives(kind) else ", nor is anything taken over"
    return f"{listed} are not sent on this connection{taken}: so its mapping says."


def _fields(session: Session, platform: Platform, state: SyncState, link: LinkRow) -> list[FieldRow]:
    kind = EntityKind(link.entity)
    ground = ground_of(platform, session, state.connection)
    mapper = ground.mappers.get(kind)
    if mapper is None:
        return []
    # Nobody else's name matters for showing this one's, so the namespace of the package is not loaded.
    chunk = load_chunk(session, ground, kind, [link], Names(ground.capabilities, {}))
    case = chunk.cases[0]
    if case.record is None or case.theirs is None or case.theirs.deleted or case.theirs.merged_into is not None:
        return []
    try:
        ours, theirs = mapper.project(case.record, chunk.context).snapshot, mapper.read(case.theirs, chunk.context)
    except MappingError:
        return []  # the question that is open about it says what is missing
    agreed = case.baseline or Snapshot(fields={})
    flows = flows_of(mapper, ground.settings)
    return [
        FieldRow(
            field=name,
            ours=ours.get(name),
            theirs=theirs.get(name),
            agreed=agreed.get(name),
            owner=_OWNERS[flows.get(name, Flow.OURS)],
        )
        for name in ours.fields
        if ours.get(name) or theirs.get(name)
    ]
