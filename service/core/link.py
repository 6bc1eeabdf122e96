"""The link between one of our records and one entity at a package: facts, events, state, dot.

Two pairs of counters say what is outstanding: ``wanted`` rises with every edit here and ``confirmed`` follows with
what was sent; ``heard`` rises with every change learnt of there and ``settled`` follows with what was reconciled.
State and dot are derived, never stored, so that the dot cannot lie.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace

from service.core.problem import Problem, ProblemKind

#: What both sides last agreed on, in its stored form (``snapshot.to_json``): here only that there is one matters.
Baseline: TypeAlias = Mapping[str, Any]


class LinkState(StrEnum):
    """Derived, never stored."""

    NEW = "new"  #: never sent, and nothing there is tied to it
    IN_SYNC = "in_sync"  #: both sides held these values when last compared
    CHANGED = "changed"  #: something is outstanding: ours to send, or theirs to reconcile
    SENDING = "sending"  #: an intent is in flight
    UNCERTAIN = "uncertain"  #: an intent's outcome is unknown; probe before anything else
    BLOCKED = "blocked"  #: an open problem needs a person
    RETIRED = "retired"  #: replaced by a reset, or unlinked; kept as history


class Dot(StrEnum):
    """What the dashboard shows; always with its word, never colour alone."""

    NONE = "none"  #: never sent and nothing there is tied to it
    GREEN = "green"  #: both sides agree
    ORANGE = "orange"  #: waiting for the next sync
    RED = "red"  #: needs a person


class LinkFacts(Struct, frozen=True, kw_only=True):
    """The stored facts everything else is derived from; ``confirmed <= wanted`` and ``settled <= heard`` always."""

    external_id: str | None = None
    generation: int = 1  #: which life of the link this is; a key never reaches into the next one
    wanted: int = 1  #: raised, in the same transaction, by every edit that touches the record
    confirmed: int = 0  #: the ``wanted`` that the last confirmed push or comparison carried
    heard: int = 0  #: raised by every change there that is not the echo of our own write
    settled: int = 0  #: the ``heard`` that the last comparison took into account
    baseline: Baseline | None = None
    intent_open: bool = False
    intent_unknown: bool = False
    problem: Problem | None = None
    retired_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Edited:
    """A record that feeds this link's snapshot was saved; also clears an open problem."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The change feed, a webhook or a full read showed a change there that is not our own echo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tied:
    """A match was decided: this entity is the counterpart. Another one than before begins a new generation."""

    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The sides were compared without a question, and what there was to pull was pulled.

    ``heard`` is the link's when theirs was read; ``wanted`` is the link's when ours was read if nothing of ours is
    left to send, else None. Without a ``baseline`` the one before stands; a link without a counterpart has none.
    """

    heard: int
    baseline: Baseline | None = None
    wanted: int | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """An intent was committed and the request is about to be sent."""


class Confirmed(Struct, frozen=True, kw_only=True):
    """The package has what an intent meant; carries that intent's own facts.

    ``heard`` is the link's when the body was built: that much the write has taken into account. ``more`` tells that the
    package shows something else as well that was changed there since: it counts as heard, and is still to be settled.
    """

    external_id: str
    generation: int
    wanted: int
    heard: int | None = None
    more: bool = False
    baseline: Baseline


@dataclass(frozen=True, slots=True)
class Deferred:
    """Nothing was written (a passing failure, a stale version): the next sync tries again."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Time-out, crash or expired lease: the outcome is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The package, the mapping or a comparison says that a person must decide.

    ``heard`` is given if it comes from a comparison: that much is looked at and need not be compared again.
    """

    problem: Problem
    heard: int | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """The problem is answered, by a person or by what a comparison found: clear it and reconcile once more.

    An answer may say what is agreed on from now: then that is the ``baseline``.
    """

    baseline: Baseline | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """The tie is broken, by a reset, an unlink or an end on both sides: retire the link with what was asked about it.

    A reset adds its ``successor``.
    """

    at: datetime


class Reopened(Struct, frozen=True, kw_only=True):
    """An answer is taken back before anything was sent for it: the question stands again, on what was agreed before."""

    problem: Problem
    baseline: Baseline | None


Event: TypeAlias = (
    Edited | Heard | Tied | Settled | Sent | Confirmed | Deferred | Lost | Refused | Retry | Reset | Reopened
)


class IllegalTransition(Exception):
    """The event makes no sense in this state: a bug of ours."""


_QUIET = frozenset({LinkState.NEW, LinkState.CHANGED, LinkState.IN_SYNC})
_OPEN = frozenset({LinkState.SENDING, LinkState.UNCERTAIN})
_TIED_OR_NOT = _QUIET | {LinkState.BLOCKED}

#: In which states an event may come; a retired link takes late ones without effect, but for an orphan's id. What a
#: reset does to the former counterpart is sent for the retired link.
ALLOWED: dict[type[Event], frozenset[LinkState]] = {
    Edited: frozenset(LinkState),
    Heard: frozenset(LinkState),
    Tied: _TIED_OR_NOT,
    Settled: _TIED_OR_NOT,
    Sent: frozenset({LinkState.NEW, LinkState.CHANGED, LinkState.RETIRED}),
    Confirmed: _OPEN | {LinkState.RETIRED},
    Deferred: _OPEN | {LinkState.RETIRED},
    Lost: _OPEN | {LinkState.RETIRED},
    Refused: frozenset(LinkState),
    Retry: frozenset({LinkState.BLOCKED}),
    Reset: _TIED_OR_NOT | _OPEN,
    Reopened: _QUIET,
}

#: Problems that a comparison raised and that the next comparison without a question therefore clears.
_RAISED_BY_COMPARING = frozenset(
    {
        ProblemKind.BOTH_CHANGED,
        ProblemKind.DELETED_THERE,
        ProblemKind.ARCHIVED_THERE,
        ProblemKind.MERGED_THERE,
    }
)


def apply(facts: LinkFacts, event: Event) -> LinkFacts:
    """Return the facts after the event; the only way in which link facts change.

    :raises IllegalTransition: for a state outside ``ALLOWED``, and for counters, ids or a generation that the link
        never had.
    """
    state = state_of(facts)
    if state not in ALLOWED[type(event)]:
        raise IllegalTransition(f"{type(event).__name__} while {state}")
    return _retired(facts, event) if state is LinkState.RETIRED else _changed(facts, event)


def _changed(facts: LinkFacts, event: Event) -> LinkFacts:  # noqa: C901, PLR0911, PLR0912 - one case per event
    match event:
        case Edited():
            return replace(facts, wanted=facts.wanted + 1, problem=None)
        case Heard():
            return replace(facts, heard=facts.heard + 1)
        case Tied():
            return _tied(facts, event)
        case Settled():
            return _settled(facts, event)
        case Sent():
            return replace(facts, intent_open=True)
        case Confirmed():
            return _confirmed(facts, event)
        case Deferred():
            return replace(facts, intent_open=False, intent_unknown=False)
        case Lost():
            return replace(facts, intent_unknown=True)
        case Refused():
            settled = facts.settled if event.heard is None else _checked_heard(facts, event.heard)
            return replace(facts, intent_open=False, intent_unknown=False, problem=event.problem, settled=settled)
        case Retry():
            baseline = facts.baseline if event.baseline is None else event.baseline
            return replace(facts, wanted=facts.wanted + 1, baseline=baseline, problem=None)
        case Reset():
            return replace(facts, problem=None, retired_at=event.at)
        case Reopened():
            return _reopened(facts, event)
        case _:
            assert_never(event)


def _retired(facts: LinkFacts, event: Event) -> LinkFacts:
    """Let late events pass; a late answer leaves the id of what it created for support to see."""
    match event:
        case Sent():
            return replace(facts, intent_open=True)
        case Confirmed():
            external_id = facts.external_id or event.external_id
            return replace(facts, external_id=external_id, intent_open=False, intent_unknown=False)
        case Deferred() | Refused():
            return replace(facts, intent_open=False, intent_unknown=False)
        case Lost():
            return replace(facts, intent_unknown=True)
        case _:
            return facts


def _tied(facts: LinkFacts, event: Tied) -> LinkFacts:
    """Tie to an entity; to another one than before is a new life with nothing agreed."""
    wanted = facts.wanted + 1
    if facts.external_id == event.external_id:
        return replace(facts, wanted=wanted, problem=None)
    generation = facts.generation if facts.external_id is None else facts.generation + 1
    return replace(
        facts, external_id=event.external_id, generation=generation, wanted=wanted, baseline=None, problem=None
    )


def _settled(facts: LinkFacts, event: Settled) -> LinkFacts:
    if facts.external_id is None and event.baseline is not None:
        raise IllegalTransition("Settled without a counterpart")
    confirmed = facts.confirmed if event.wanted is None else _checked_wanted(facts, event.wanted)
    # What the package refused to take is no question any more once there is nothing to send.
    answered = event.wanted is not None or (facts.problem is not None and facts.problem.kind in _RAISED_BY_COMPARING)
    return replace(
        facts,
        settled=_checked_heard(facts, event.heard),
        confirmed=confirmed,
        baseline=facts.baseline if event.baseline is None else event.baseline,
        problem=None if answered else facts.problem,
    )


def _reopened(facts: LinkFacts, event: Reopened) -> LinkFacts:
    if facts.external_id is None and event.baseline is not None:
        raise IllegalTransition("Reopened without a counterpart")
    return replace(facts, baseline=event.baseline, problem=event.problem)


def _confirmed(facts: LinkFacts, event: Confirmed) -> LinkFacts:
    if event.generation != facts.generation:
        raise IllegalTransition(f"an answer to generation {event.generation} while {facts.generation}")
    if facts.external_id not in {None, event.external_id}:
        raise IllegalTransition("an answer from another counterpart")
    return replace(
        facts,
        external_id=event.external_id,
        confirmed=_checked_wanted(facts, event.wanted),
        heard=facts.heard + event.more,
        settled=facts.settled if event.heard is None else _checked_heard(facts, event.heard),
        baseline=event.baseline,
        intent_open=False,
        intent_unknown=False,
    )


def _checked_wanted(facts: LinkFacts, wanted: int) -> int:
    if not facts.confirmed <= wanted <= facts.wanted:
        raise IllegalTransition(f"wanted {wanted} is outside {facts.confirmed} to {facts.wanted}")
    return wanted


def _checked_heard(facts: LinkFacts, heard: int) -> int:
    if not facts.settled <= heard <= facts.heard:
        raise IllegalTransition(f"heard {heard} is outside {facts.settled} to {facts.heard}")
    return heard


def state_of(facts: LinkFacts) -> LinkState:
    """Derive the state; the first that fits wins: RETIRED, BLOCKED, UNCERTAIN, SENDING, NEW, CHANGED, IN_SYNC."""
    if facts.retired_at is not None:
        return LinkState.RETIRED
    if facts.problem is not None:
        return LinkState.BLOCKED
    if facts.intent_open:
        return LinkState.UNCERTAIN if facts.intent_unknown else LinkState.SENDING
    if facts.external_id is None:
        return LinkState.NEW
    never_agreed = facts.baseline is None
    outstanding = never_agreed or facts.wanted > facts.confirmed or facts.heard > facts.settled
    return LinkState.CHANGED if outstanding else LinkState.IN_SYNC


def dot_of(facts: LinkFacts) -> Dot:
    """Derive the dot, from the state alone.

    A link tied by a match but never compared is orange, and so is one whose first write is under way: whether
    something is there already is not known.
    """
    state = state_of(facts)
    match state:
        case LinkState.BLOCKED:
            return Dot.RED
        case LinkState.IN_SYNC:
            return Dot.GREEN
        case LinkState.CHANGED | LinkState.SENDING | LinkState.UNCERTAIN:
            return Dot.ORANGE
        case LinkState.NEW | LinkState.RETIRED:
            return Dot.NONE
        case _:
            assert_never(state)


def is_due(facts: LinkFacts) -> bool:
    """Tell whether the next sync has something to compare or to send: never while an intent is open.

    A blocked link waits for a person, unless something new was heard that may answer the question.
    """
    state = state_of(facts)
    if state is LinkState.BLOCKED:
        return facts.heard > facts.settled
    return state is LinkState.CHANGED or (state is LinkState.NEW and facts.wanted > facts.confirmed)
