"""Both records of a question side by side: ours as the package can hold it, and each of theirs that plays a part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.core.errors import MappingError
from service.core.ports import Family, RemoteRecord
from service.core.snapshot import FieldName, Snapshot, Value
from service.store.queries import counterparts
from service.sync.effect import HIDDEN, View

#: Records of theirs that are shown beside ours.
_MOST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """A record at the package."""

    remote_id: str
    name: str
    kind: str  #: customer, vendor and so on
    active: bool
    is_gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One field: ours, each of theirs in order, and what was last agreed."""

    field: FieldName
    ours: Value
    theirs: Sequence[Value]
    agreed: Value

    @property
    def differs(self) -> bool:
        """Whether any of theirs holds something else than ours."""
        return any(one != self.ours for one in self.theirs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Ours and theirs; the fields that differ come first."""

    there: Sequence[There] = ()
    lines: Sequence[Line] = ()

    @property
    def differing(self) -> list[Line]:
        """The fields on which they differ."""
        return [line for line in self.lines if line.differs]

    @property
    def same(self) -> list[Line]:
        """The fields that are the same everywhere; those of ours alone, where nothing is there."""
        return [line for line in self.lines if not line.differs]


def sides_of(view: View | None) -> Sides:
    """Return the records of a question side by side, from what is stored: no call is made."""
    if view is None or view.case.record is None:
        return Sides()
    mapper = view.ground.mappers[view.kind]
    try:
        ours = mapper.project(view.case.record, view.context).snapshot
    except MappingError:
        return Sides()  # the question says what is missing
    remote = _remote(view)
    theirs = [_read(view, one) for one in remote]
    agreed = view.case.baseline or Snapshot(fields={})
    names = dict.fromkeys([*ours.fields, *(name for side in theirs for name in side.fields)])
    return Sides(
        there=[
            There(
                remote_id=one.remote_id,
                name=one.name or one.remote_id,
                kind=one.family.value,
                active=one.active,
                is_gone=one.deleted,
            )
            for one in remote
        ],
        lines=[
            Line(
                field=name,
                ours=ours.get(name),
                theirs=[side.get(name) for side in theirs],
                agreed=agreed.get(name),
            )
            for name in names
            if name not in HIDDEN and (ours.get(name) or any(side.get(name) for side in theirs))
        ],
    )


def _remote(view: View) -> list[RemoteRecord]:
    """Return the counterpart, or else whom the question names."""
    if view.case.theirs is not None:
        survivor = [] if view.case.survivor is None else [view.case.survivor]
        return [view.case.theirs, *survivor][-_MOST:]
    found: list[RemoteRecord] = []
    for one in view.problem.candidates[:_MOST]:
        if one.type in list(Family):
            rows = counterparts.by_remote_ids(
                view.session, view.ground.connection_id, Family(one.type), [one.remote_id]
            )
            found += [counterparts.record_of(row) for row in rows.values()]
    return found


def _read(view: View, one: RemoteRecord) -> Snapshot:
    """Read an entity; of another kind than ours, such as a vendor, only what every kind has."""
    if one.family.value == view.link.family and not one.deleted:
        return view.ground.mappers[view.kind].read(one, view.context)
    return Snapshot(fields={"name": one.name, "email": one.email})
