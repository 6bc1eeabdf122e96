"""The tree of clients and jobs: depth, paths, which moves are allowed, and in which order records are sent.

A tree is a parent map: record id to parent id, None at the top. Both packages and the contract allow five levels:
a client and at most four levels of jobs below it (the tree package's schema limits its list to five levels as well).
What a person can cause (a loop, a sixth level, a parent that is not there) comes back as a ``Refusal``; functions that
walk a map trust it to be sound and raise ``LoopError`` if it is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from service.core.names import full_name

MAX_DEPTH = 5

Parents: TypeAlias = Mapping[str, str | None]


class LoopError(ValueError):
    """A stored tree leads back to itself: a defect, not a person's mistake."""


class TreeFault(StrEnum):
    """Why a record cannot stand where it is or where it is to go."""

    UNKNOWN_RECORD = "unknown_record"  #: the record is not in the tree
    UNKNOWN_PARENT = "unknown_parent"  #: the parent is not in the tree
    LOOP = "loop"  #: the record would be above itself
    TOO_DEEP = "too_deep"  #: it, or a job below it, would be on a sixth level


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One record and what is wrong with its place."""

    fault: TreeFault
    record_id: str  #: the record that would stand wrong; for TOO_DEEP the first one that would be too deep
    depth: int | None = None  #: where it would stand; only for TOO_DEEP

    @property
    def sentence(self) -> str:
        """The reason for the person who asked."""
        match self.fault:
            case TreeFault.UNKNOWN_RECORD:
                return "This record does not exist any more."
            case TreeFault.UNKNOWN_PARENT:
                return "The customer to place it under does not exist."
            case TreeFault.LOOP:
                return "A customer cannot be placed under itself or under one of its own jobs."
            case TreeFault.TOO_DEEP:
                return f"A client can have jobs down to level {MAX_DEPTH}; this would make a level {self.depth}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """An allowed move: the new depth of every record of the moved subtree, the record itself first."""

    record_id: str
    parent_id: str | None
    depths: Mapping[str, int]


def ancestors(parents: Parents, record_id: str) -> tuple[str, ...]:
    """Return the ids above a record, nearest first; empty for a client.

    :raises KeyError: if the record or one of its ancestors is not in the map.
    :raises LoopError: if the map leads back to a record already passed.
    """
    above: list[str] = []
    parent_id = parents[record_id]
    while parent_id is not None:
        if parent_id == record_id or parent_id in above:
            raise LoopError(f"{record_id} is above itself")
        above.append(parent_id)
        parent_id = parents[parent_id]
    return tuple(above)


def depth_of(parents: Parents, record_id: str) -> int:
    """Return the level of a record: 1 for a client. Raises as ``ancestors`` does."""
    return len(ancestors(parents, record_id)) + 1


def name_path(parents: Parents, names: Mapping[str, str], record_id: str) -> tuple[str, ...]:
    """Return the names from the client down to the record. Raises as ``ancestors`` does, or KeyError for a name."""
    return tuple(names[above] for above in (*reversed(ancestors(parents, record_id)), record_id))


def full_name_of(parents: Parents, names: Mapping[str, str], record_id: str) -> str:
    """Return ``Client:Job:Sub-job``. Raises as ``name_path`` does."""
    return full_name(name_path(parents, names, record_id))


def subtree(parents: Parents, record_id: str) -> tuple[str, ...]:
    """Return the record and everything below it, level by level, in the map's order within a level.

    A record is listed once even where a broken map loops; one that is not in the map stands alone.
    """
    children = _children(parents)
    found = {record_id: None}  # a dict keeps the order
    level = [record_id]
    while level:
        level = [child for above in level for child in children.get(above, ()) if child not in found]
        found.update(dict.fromkeys(level))
    return tuple(found)


def find_refusals(parents: Parents) -> tuple[Refusal, ...]:
    """Check a whole tree, as an import brings it: one refusal for each record that stands wrong, in the map's order.

    A record below a loop or below an unknown parent is not reported itself: curing the cause cures it.
    """
    return tuple(refusal for record_id in parents if (refusal := _refusal_at(parents, record_id)) is not None)


def plan_move(parents: Parents, record_id: str, parent_id: str | None) -> Move | Refusal:
    """Decide what placing a record under another (None: making it a client) does to its whole subtree.

    The map itself must be sound; raises as ``ancestors`` does if it is not.
    """
    if record_id not in parents:
        return Refusal(fault=TreeFault.UNKNOWN_RECORD, record_id=record_id)
    if parent_id is not None and parent_id not in parents:
        return Refusal(fault=TreeFault.UNKNOWN_PARENT, record_id=record_id)
    moved = subtree(parents, record_id)
    if parent_id in moved:
        return Refusal(fault=TreeFault.LOOP, record_id=record_id)
    depth = 1 if parent_id is None else depth_of(parents, parent_id) + 1
    shift = depth - depth_of(parents, record_id)
    depths = {below: depth_of(parents, below) + shift for below in moved}
    too_deep = next((below for below in moved if depths[below] > MAX_DEPTH), None)
    if too_deep is not None:
        return Refusal(fault=TreeFault.TOO_DEEP, record_id=too_deep, depth=depths[too_deep])
    return Move(record_id=record_id, parent_id=parent_id, depths=depths)


def _children(parents: Parents) -> dict[str, list[str]]:
    children: dict[str, list[str]] = {}
    for record_id, parent_id in parents.items():
        if parent_id is not None:
            children.setdefault(parent_id, []).append(record_id)
    return children


def _refusal_at(parents: Parents, record_id: str) -> Refusal | None:
    parent_id = parents[record_id]
    if parent_id is not None and parent_id not in parents:
        return Refusal(fault=TreeFault.UNKNOWN_PARENT, record_id=record_id)
    passed = {record_id}
    while parent_id is not None:
        if parent_id == record_id:
            return Refusal(fault=TreeFault.LOOP, record_id=record_id)
        if parent_id in passed or parent_id not in parents:
            return None  # something above it is wrong and is reported there
        passed.add(parent_id)
        parent_id = parents[parent_id]
    if len(passed) > MAX_DEPTH:
        return Refusal(fault=TreeFault.TOO_DEEP, record_id=record_id, depth=len(passed))
    return None
