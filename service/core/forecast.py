"""How many calls a run needs and in what order: the planner's writes put through the same batches, before any is made.

The outbox fills a batch for each lane of a wave and sends the rest at the wave's end; where the echoes of our own
writes begin to fill a page of the change feed, that family is read in between. Both are done here without a call.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.core.ports import Capabilities, EntityKind, Family, Lane

#: Share of a page that echoes of our own writes may fill before it is read; the rest is for what others write, and for
#: what an overlap shows twice.
FULL_PERCENT = 65
#: A change feed that answers for all families at once is asked again in two parts when its answer is full.
_PARTS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Records that are sent together, in the order of sending."""

    entity: str
    depth: int | None  #: level of customers, where the package has a tree
    retiring: bool  #: those that are archived
    records: int
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a run needs."""

    reads: int = 0  #: calls that read
    writes: int = 0  #: calls that write
    batches: int = 0  #: those writes that carry several records
    steps: tuple[Step, ...] = ()

    @property
    def calls(self) -> int:
        """All calls."""
        return self.reads + self.writes


@dataclass(slots=True)
class Reckoning:
    """Takes writes in the order of sending, and counts the calls that they make."""

    capabilities: Capabilities
    reads: int = 0
    _steps: list[Step] = field(default_factory=list)
    _batches: int = 0
    _waiting: dict[str, int] = field(default_factory=dict)
    _echoes: defaultdict[Family, set[str]] = field(default_factory=lambda: defaultdict(set))
    _wave: tuple[object, ...] | None = None
    _records: int = 0
    _calls: int = 0

    def put(
        self,
        wave: tuple[EntityKind, int | None, bool, int],
        lane: Lane,
        echo: tuple[Family, str],
        moved: Iterable[tuple[Family, str]] = (),
    ) -> None:
        """Take one write.

        :param wave: kind, level, whether it retires, and a number that tells rounds apart; a change of it ends a wave.
        :param echo: what the change feed will show of it.
        :param moved: what it moves besides.
        """
        if wave != self._wave:
            self._end()
            self._wave = wave
            if wave[2] and any(self._echoes.values()):
                self._look(Family.CUSTOMER)  # what they owe decides whether they can be archived
        self._records += 1
        self._waiting[lane.name] = self._waiting.get(lane.name, 0) + 1
        for family, entity in (echo, *moved):
            self._echoes[family].add(entity)
        if self._waiting[lane.name] >= lane.size:
            self._send(self._waiting.pop(lane.name))

    def needs(self) -> Needs:
        """Return what all of it needs."""
        self._end()
        writes = sum(step.calls for step in self._steps)
        return Needs(reads=self.reads, writes=writes, batches=self._batches, steps=tuple(self._steps))

    def _send(self, count: int) -> None:
        self._calls += 1
        self._batches += count > 1
        room = self.capabilities.page_size * FULL_PERCENT
        for family in [family for family, entities in self._echoes.items() if len(entities) * 100 >= room]:
            self._look(family)

    def _look(self, family: Family) -> None:
        self.reads += 1
        self._echoes.pop(family, None)

    def _end(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for count in waiting.values():
            self._send(count)
        if self._wave is not None and self._records:
            entity, depth, retiring, _ = self._wave
            step = Step(
                entity=str(entity),
                depth=depth if isinstance(depth, int) else None,
                retiring=bool(retiring),
                records=self._records,
                calls=self._calls,
            )
            self._steps.append(step)
        self._wave, self._records, self._calls = None, 0, 0


def feed_calls(capabilities: Capabilities, starts: Mapping[Family, object], changed: Mapping[Family, int]) -> int:
    """Return the calls that reading the change feed takes.

    :param starts: until when each family is known; those that stand elsewhere are asked for by themselves.
    :param changed: how many entities of each family the feed is going to show.
    """
    page = capabilities.page_size
    if capabilities.feed_calls > 1:  # a call for each family and page
        return sum(max(1, -(-changed.get(family, 0) // page)) for family in starts)
    groups: defaultdict[object, list[Family]] = defaultdict(list)
    for family, start in starts.items():
        groups[start].append(family)
    full = [group for group in groups.values() if sum(changed.get(family, 0) for family in group) >= page]
    return len(groups) + _PARTS * len(full)


def everything_calls(capabilities: Capabilities, known: Mapping[Family, int]) -> int:
    """Return the calls that reading everything takes: a page for each thousand entities of each family.

    :param known: how many entities of each family there are; families that are read though none is known are zero.
    """
    page = capabilities.page_size
    return sum(count // page + 1 for count in known.values())


def to_json(needs: Needs) -> dict[str, Any]:
    """Return needs as a JSON-ready document."""
    steps = [
        {"entity": one.entity, "depth": one.depth, "retiring": one.retiring, "records": one.records, "calls": one.calls}
        for one in needs.steps
    ]
    return {"reads": needs.reads, "writes": needs.writes, "batches": needs.batches, "steps": steps}


def from_json(document: Mapping[str, Any]) -> Needs:
    """Return the needs that :func:`to_json` wrote."""
    steps: Sequence[Mapping[str, Any]] = document["steps"]
    return Needs(
        reads=document["reads"],
        writes=document["writes"],
        batches=document["batches"],
        steps=tuple(Step(**one) for one in steps),
    )
