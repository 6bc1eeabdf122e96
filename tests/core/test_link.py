"""The life of a link: every state against every event, and what no sequence of events may bring about."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from service.core.link import (
    ALLOWED,
    Confirmed,
    Deferred,
    Dot,
    Edited,
    Event,
    Heard,
    IllegalTransition,
    LinkFacts,
    LinkState,
    Lost,
    Refused,
    Reopened,
    Reset,
    Retry,
    Sent,
    Settled,
    Tied,
    apply,
    dot_of,
    is_due,
    state_of,
)
from service.core.problem import Problem, ProblemKind

AT = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)
OLD, NEW = {"fields": {"name": "old"}, "active": True}, {"fields": {"name": "new"}, "active": True}
REJECTED = Problem(kind=ProblemKind.REJECTED)
DISPUTED = Problem(kind=ProblemKind.BOTH_CHANGED)

FRESH = LinkFacts()
TIED = LinkFacts(external_id="58", wanted=2)
IN_STEP = LinkFacts(external_id="58", wanted=3, confirmed=3, heard=4, settled=4, baseline=OLD)
EDITED = replace(IN_STEP, wanted=5)
HEARD = replace(IN_STEP, heard=5)
FIRST_SENDING = replace(FRESH, intent_open=True)
SENDING = replace(EDITED, intent_open=True)
UNCERTAIN = replace(EDITED, intent_open=True, intent_unknown=True)
NEVER_TAKEN = replace(FRESH, problem=REJECTED)
REFUSED = replace(EDITED, problem=REJECTED)
DISPUTE = replace(HEARD, problem=DISPUTED)
RETIRED = replace(EDITED, retired_at=AT)
RETIRED_SENDING = replace(FIRST_SENDING, retired_at=AT)
RETIRED_UNCERTAIN = replace(UNCERTAIN, retired_at=AT)

CAST = {
    "fresh": (FRESH, LinkState.NEW, Dot.NONE, True),
    "fresh, nothing wanted": (LinkFacts(wanted=0), LinkState.NEW, Dot.NONE, False),
    "tied by a match": (TIED, LinkState.CHANGED, Dot.ORANGE, True),
    "tied, nothing wanted, never agreed": (
        LinkFacts(external_id="58", wanted=0),
        LinkState.CHANGED,
        Dot.ORANGE,
        True,
    ),
    "in step": (IN_STEP, LinkState.IN_SYNC, Dot.GREEN, False),
    "edited here": (EDITED, LinkState.CHANGED, Dot.ORANGE, True),
    "changed there": (HEARD, LinkState.CHANGED, Dot.ORANGE, True),
    "sending": (SENDING, LinkState.SENDING, Dot.ORANGE, False),
    "sending for the first time": (FIRST_SENDING, LinkState.SENDING, Dot.ORANGE, False),
    "uncertain": (UNCERTAIN, LinkState.UNCERTAIN, Dot.ORANGE, False),
    "refused": (REFUSED, LinkState.BLOCKED, Dot.RED, False),
    "refused on its first send": (NEVER_TAKEN, LinkState.BLOCKED, Dot.RED, False),
    "refused, changed there since": (replace(REFUSED, heard=9), LinkState.BLOCKED, Dot.RED, True),
    "unknown flag without an intent": (replace(EDITED, intent_unknown=True), LinkState.CHANGED, Dot.ORANGE, True),
    "retired": (RETIRED, LinkState.RETIRED, Dot.NONE, False),
    "retired with a problem": (replace(REFUSED, heard=9, retired_at=AT), LinkState.RETIRED, Dot.NONE, False),
}


@pytest.mark.parametrize(("facts", "state", "dot", "due"), CAST.values(), ids=CAST)
def test_facts_show_one_state_and_one_dot(facts: LinkFacts, state: LinkState, dot: Dot, due: bool) -> None:
    assert state_of(facts) is state
    assert dot_of(facts) is dot
    assert is_due(facts) is due


CONFIRMS = Confirmed(external_id="58", generation=1, wanted=5, baseline=NEW)
FIRST_CONFIRMS = replace(CONFIRMS, wanted=1)
IN_STEP_AFTER = replace(EDITED, confirmed=5, baseline=NEW)

TRANSITIONS: list[tuple[str, LinkFacts, Event, LinkFacts]] = [
    ("an edit of a new record", FRESH, Edited(), replace(FRESH, wanted=2)),
    ("an edit of a record in step", IN_STEP, Edited(), replace(IN_STEP, wanted=4)),
    ("an edit during a push", SENDING, Edited(), replace(SENDING, wanted=6)),
    ("an edit while uncertain", UNCERTAIN, Edited(), replace(UNCERTAIN, wanted=6)),
    ("an edit clears a problem", REFUSED, Edited(), replace(EDITED, wanted=6)),
    ("an edit of a retired link", RETIRED, Edited(), RETIRED),
    ("a change there", IN_STEP, Heard(), replace(IN_STEP, heard=5)),
    ("a change there during a push", SENDING, Heard(), replace(SENDING, heard=5)),
    ("a change there keeps a problem", REFUSED, Heard(), replace(REFUSED, heard=5)),
    ("a change there of a retired link", RETIRED, Heard(), RETIRED),
    ("a match is decided", FRESH, Tied(external_id="58"), TIED),
    ("a match settles a duplicate", NEVER_TAKEN, Tied(external_id="58"), TIED),
    (
        "tied to another one",
        replace(REFUSED, heard=4),
        Tied(external_id="77"),
        replace(EDITED, external_id="77", generation=2, wanted=6, baseline=None),
    ),
    ("tied to the same one", REFUSED, Tied(external_id="58"), replace(EDITED, wanted=6)),
    ("compared, all agreed", HEARD, Settled(heard=5, baseline=NEW, wanted=3), replace(HEARD, settled=5, baseline=NEW)),
    (
        "compared, something of ours is left",
        replace(EDITED, heard=5),
        Settled(heard=5, baseline=NEW),
        replace(EDITED, heard=5, settled=5, baseline=NEW),
    ),
    (
        "compared, nothing of ours is left",
        EDITED,
        Settled(heard=4, baseline=NEW, wanted=5),
        replace(EDITED, confirmed=5, baseline=NEW),
    ),
    (
        "compared while changes go on",
        replace(EDITED, heard=9),
        Settled(heard=7, baseline=NEW, wanted=4),
        replace(EDITED, heard=9, settled=7, confirmed=4, baseline=NEW),
    ),
    ("compared, the dispute is over", DISPUTE, Settled(heard=5, baseline=NEW), replace(HEARD, settled=5, baseline=NEW)),
    (
        "compared, the refusal stands",
        REFUSED,
        Settled(heard=4, baseline=NEW),
        replace(REFUSED, settled=4, baseline=NEW),
    ),
    (
        "compared, nothing of ours is left, so that the refusal is over",
        REFUSED,
        Settled(heard=4, baseline=NEW, wanted=5),
        replace(EDITED, confirmed=5, baseline=NEW),
    ),
    ("compared, as agreed before", HEARD, Settled(heard=5, wanted=3), replace(HEARD, settled=5)),
    ("nothing to send of what was never there", FRESH, Settled(heard=0, wanted=1), replace(FRESH, confirmed=1)),
    ("a first send", FRESH, Sent(), FIRST_SENDING),
    ("a send", EDITED, Sent(), SENDING),
    ("a send to the former counterpart", RETIRED, Sent(), replace(RETIRED, intent_open=True)),
    ("a first send is confirmed", FIRST_SENDING, FIRST_CONFIRMS, replace(TIED, wanted=1, confirmed=1, baseline=NEW)),
    ("a send is confirmed", SENDING, CONFIRMS, IN_STEP_AFTER),
    (
        "a send that had heard of theirs is confirmed",
        replace(SENDING, heard=9),
        replace(CONFIRMS, heard=7),
        replace(IN_STEP_AFTER, heard=9, settled=7),
    ),
    (
        "confirmed, and somebody there changed something else",
        SENDING,
        replace(CONFIRMS, more=True),
        replace(IN_STEP_AFTER, heard=5),
    ),
    ("a probe confirms", UNCERTAIN, CONFIRMS, IN_STEP_AFTER),
    ("confirmed after an edit", replace(SENDING, wanted=6), CONFIRMS, replace(IN_STEP_AFTER, wanted=6)),
    ("confirmed late", RETIRED_SENDING, CONFIRMS, replace(FRESH, external_id="58", retired_at=AT)),
    (
        "confirmed late, keeps its own id",
        replace(SENDING, retired_at=AT),
        replace(CONFIRMS, external_id="77"),
        RETIRED,
    ),
    ("deferred", SENDING, Deferred(), EDITED),
    ("deferred after a doubt", UNCERTAIN, Deferred(), EDITED),
    ("confirmed late after a doubt", RETIRED_UNCERTAIN, CONFIRMS, RETIRED),
    ("deferred late after a doubt", RETIRED_UNCERTAIN, Deferred(), RETIRED),
    ("refused late after a doubt", RETIRED_UNCERTAIN, Refused(problem=REJECTED), RETIRED),
    ("deferred late", RETIRED_SENDING, Deferred(), replace(FRESH, retired_at=AT)),
    ("lost", SENDING, Lost(), UNCERTAIN),
    ("lost again", UNCERTAIN, Lost(), UNCERTAIN),
    ("lost late", RETIRED_SENDING, Lost(), replace(RETIRED_SENDING, intent_unknown=True)),
    ("refused on its first send", FIRST_SENDING, Refused(problem=REJECTED), NEVER_TAKEN),
    ("refused", SENDING, Refused(problem=REJECTED), REFUSED),
    ("given up after a doubt", UNCERTAIN, Refused(problem=REJECTED), REFUSED),
    ("refused before sending", FRESH, Refused(problem=REJECTED), NEVER_TAKEN),
    ("disputed", HEARD, Refused(problem=DISPUTED, heard=5), replace(DISPUTE, settled=5)),
    ("another problem", REFUSED, Refused(problem=DISPUTED), replace(EDITED, problem=DISPUTED)),
    ("refused late", RETIRED_SENDING, Refused(problem=REJECTED), replace(FRESH, retired_at=AT)),
    ("tried again", REFUSED, Retry(), replace(EDITED, wanted=6)),
    ("an answer says what is agreed", DISPUTE, Retry(baseline=NEW), replace(HEARD, wanted=4, baseline=NEW)),
    (
        "an answer taken back",
        replace(HEARD, wanted=4, baseline=NEW),
        Reopened(problem=DISPUTED, baseline=OLD),
        replace(DISPUTE, wanted=4),
    ),
    ("reset", EDITED, Reset(at=AT), RETIRED),
    ("reset while sending", FIRST_SENDING, Reset(at=AT), RETIRED_SENDING),
    ("reset while blocked", REFUSED, Reset(at=AT), RETIRED),
]


@pytest.mark.parametrize(
    ("facts", "event", "after"), [row[1:] for row in TRANSITIONS], ids=[row[0] for row in TRANSITIONS]
)
def test_an_event_changes_exactly_these_facts(facts: LinkFacts, event: Event, after: LinkFacts) -> None:
    assert apply(facts, event) == after


# One row per state; the columns are the events in the order of EVENTS. A dot means: an error of ours.
EVENTS: list[Event] = [
    Edited(),
    Heard(),
    Tied(external_id="58"),
    Settled(heard=0),
    Sent(),
    Confirmed(external_id="58", generation=1, wanted=1, baseline=NEW),
    Deferred(),
    Lost(),
    Refused(problem=REJECTED),
    Retry(),
    Reset(at=AT),
    Reopened(problem=DISPUTED, baseline=None),
]
AGREED = LinkFacts(external_id="58", wanted=1, confirmed=1, baseline=OLD)
DIRTY = replace(AGREED, wanted=2)
TABLE = {
    #                         Edited Heard Tied Settled Sent Confirmed Deferred Lost Refused Retry Reset Reopened
    LinkState.NEW: (FRESH, "new new changed new sending . . . blocked . retired blocked"),
    LinkState.CHANGED: (DIRTY, "changed changed changed changed sending . . . blocked . retired blocked"),
    LinkState.IN_SYNC: (AGREED, "changed changed changed in_sync . . . . blocked . retired blocked"),
    LinkState.SENDING: (
        replace(DIRTY, intent_open=True),
        "sending sending . . . changed changed uncertain blocked . retired .",
    ),
    LinkState.UNCERTAIN: (
        replace(DIRTY, intent_open=True, intent_unknown=True),
        "uncertain uncertain . . . changed changed uncertain blocked . retired .",
    ),
    LinkState.BLOCKED: (
        replace(DIRTY, problem=DISPUTED),
        "changed blocked changed changed . . . . blocked changed retired .",
    ),
    LinkState.RETIRED: (
        replace(DIRTY, retired_at=AT),
        "retired retired . . retired retired retired retired retired . . .",
    ),
}


@pytest.mark.parametrize("state", list(LinkState))
@pytest.mark.parametrize("column", range(len(EVENTS)), ids=[type(event).__name__ for event in EVENTS])
def test_every_event_is_answered_in_every_state(state: LinkState, column: int) -> None:
    facts, row = TABLE[state]
    assert state_of(facts) is state
    expected = row.split()[column]
    if expected == ".":
        with pytest.raises(IllegalTransition, match=f"{type(EVENTS[column]).__name__} while {state}"):
            apply(facts, EVENTS[column])
    else:
        assert state_of(apply(facts, EVENTS[column])) == expected


@pytest.mark.parametrize(
    ("facts", "event", "says"),
    [
        (SENDING, replace(CONFIRMS, generation=2), "an answer to generation 2 while 1"),
        (SENDING, replace(CONFIRMS, external_id="77"), "an answer from another counterpart"),
        (SENDING, replace(CONFIRMS, wanted=2), "wanted 2 is outside 3 to 5"),
        (SENDING, replace(CONFIRMS, wanted=6), "wanted 6 is outside 3 to 5"),
        (SENDING, replace(CONFIRMS, heard=3), "heard 3 is outside 4 to 4"),
        (HEARD, Settled(heard=3, baseline=NEW), "heard 3 is outside 4 to 5"),
        (HEARD, Settled(heard=6, baseline=NEW), "heard 6 is outside 4 to 5"),
        (HEARD, Settled(heard=5, baseline=NEW, wanted=4), "wanted 4 is outside 3 to 3"),
        (HEARD, Refused(problem=DISPUTED, heard=6), "heard 6 is outside 4 to 5"),
        (NEVER_TAKEN, Settled(heard=0, baseline=NEW), "Settled without a counterpart"),
        (FRESH, Reopened(problem=DISPUTED, baseline=NEW), "Reopened without a counterpart"),
    ],
)
def test_facts_the_link_never_had_are_an_error_of_ours(facts: LinkFacts, event: Event, says: str) -> None:
    with pytest.raises(IllegalTransition, match=f"^{says}$"):
        apply(facts, event)


# --- laws ------------------------------------------------------------------------------------------------------------

STEPS = st.lists(st.tuples(st.sampled_from([type(event) for event in EVENTS]), st.integers(0, 3)), max_size=25)


def _event(kind: type[Event], number: int, facts: LinkFacts, sent_wanted: int) -> Event:
    """Make an event of this kind that a correct service could raise now."""
    event: Event
    if kind is Confirmed:
        external_id = facts.external_id or str(number)
        event = Confirmed(
            external_id=external_id,
            generation=facts.generation,
            wanted=sent_wanted,
            heard=facts.heard,
            more=number == 1,
            baseline=NEW,
        )
    elif kind is Settled:
        wanted = facts.wanted if number % 2 else None
        event = Settled(heard=facts.heard, baseline=NEW if facts.external_id else None, wanted=wanted)
    elif kind is Tied:
        event = Tied(external_id=str(number))
    elif kind is Refused:
        event = Refused(problem=REJECTED if number % 2 else DISPUTED, heard=facts.heard if number > 1 else None)
    elif kind is Reset:
        event = Reset(at=AT)
    elif kind is Reopened:
        event = Reopened(problem=DISPUTED, baseline=OLD if number and facts.external_id else None)
    else:
        event = kind()  # type: ignore[call-arg]
    return event


@given(STEPS)
def test_law_no_sequence_of_events_makes_the_dot_lie(steps: list[tuple[type[Event], int]]) -> None:
    facts, sent_wanted = LinkFacts(), 0
    for kind, number in steps:
        event = _event(kind, number, facts, sent_wanted)
        if state_of(facts) not in ALLOWED[kind]:
            continue
        before, facts = facts, apply(facts, event)
        if kind is Sent:
            sent_wanted = facts.wanted
        _assert_sane(before, event, facts)


def _assert_sane(before: LinkFacts, event: Event, facts: LinkFacts) -> None:
    assert facts.confirmed <= facts.wanted
    assert facts.settled <= facts.heard
    assert facts.generation >= before.generation
    if before.retired_at is not None:
        assert facts.retired_at == before.retired_at
        return
    dot = dot_of(facts)
    if dot is Dot.GREEN:
        assert facts.external_id is not None
        assert facts.baseline is not None
        assert (facts.wanted, facts.heard) == (facts.confirmed, facts.settled)
        assert not facts.intent_open
        assert isinstance(event, Confirmed | Settled)
    if isinstance(event, Edited | Heard | Retry | Tied):
        assert dot is not Dot.GREEN
    if before.intent_open and isinstance(event, Sent | Settled | Tied):
        raise AssertionError("a second intent, or a comparison during the first")
    if before.external_id is not None and facts.external_id != before.external_id:
        assert facts.generation > before.generation
        assert facts.baseline is None
