"""Intents: what a crash or a doubt leads to, row by row, and a walk through thousands of crash histories."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from service.core.intent import (
    ATTEMPT_LIMIT,
    KEY_LIMIT,
    Call,
    Finding,
    Intent,
    IntentState,
    KeyRules,
    NextStep,
    Operation,
    after_probe,
    after_restart,
    call_key,
    judge,
)
from service.core.snapshot import Snapshot, Value

NOW = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)
CALL_ID = "0193f5d2a8c07d4e9b1e2f3a4b5c6d7e"
SECONDS = timedelta(seconds=1)


def _snap(active: bool = True, **fields: Value) -> Snapshot:
    return Snapshot(fields=fields, active=active)


def _intent(operation: Operation, expected: Snapshot, before: Snapshot | None = None) -> Intent:
    return Intent(
        id="i",
        call_id=CALL_ID,
        position=0,
        link_id="l",
        generation=1,
        wanted=1,
        heard=0,
        operation=operation,
        expected=expected,
        before=before,
        baseline=expected,
    )


# --- keys ------------------------------------------------------------------------------------------------------------


def test_a_key_is_the_same_whenever_it_is_asked_for() -> None:
    assert call_key(CALL_ID, 1) == f"{CALL_ID}-1"
    assert call_key(CALL_ID, 1) != call_key(CALL_ID, 2)


def test_the_longest_key_fits_every_package() -> None:
    assert len(call_key(CALL_ID, ATTEMPT_LIMIT)) == KEY_LIMIT == 36


@pytest.mark.parametrize("attempt", [0, -1, ATTEMPT_LIMIT + 1])
def test_an_attempt_has_its_limits(attempt: int) -> None:
    with pytest.raises(ValueError, match=f"no such attempt: {attempt}"):
        call_key(CALL_ID, attempt)


def test_a_key_too_long_is_refused_rather_than_cut() -> None:
    with pytest.raises(ValueError, match="too long for a key"):
        call_key(CALL_ID + "0", ATTEMPT_LIMIT)


@given(st.uuids(), st.integers(1, ATTEMPT_LIMIT), st.uuids(), st.integers(1, ATTEMPT_LIMIT))
def test_two_attempts_share_no_key(one: object, a: int, other: object, b: int) -> None:
    same = (str(one), a) == (str(other), b)
    first, second = str(one).replace("-", ""), str(other).replace("-", "")
    assert (call_key(first, a) == call_key(second, b)) is same


# --- after a restart -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent_ago", "unknown", "step"),
    [
        (0, False, NextStep.WAIT),
        (59, False, NextStep.WAIT),
        (60, False, NextStep.PROBE),
        (600, False, NextStep.PROBE),
        (0, True, NextStep.PROBE),
    ],
)
def test_an_open_call_is_probed_once_nobody_can_be_sending_it(sent_ago: int, unknown: bool, step: NextStep) -> None:
    last = NOW - sent_ago * SECONDS
    call = Call(id=CALL_ID, sent_at=NOW - timedelta(days=1), last_sent_at=last, unknown=unknown)
    assert after_restart(call, now=NOW, lease=60 * SECONDS) is step


@pytest.mark.parametrize("state", list(IntentState))
def test_only_in_flight_and_unknown_are_open(state: IntentState) -> None:
    assert state.open is (state.value in {"in_flight", "unknown"})


# --- what a probe finds ----------------------------------------------------------------------------------------------

OLD = _snap(name="Acme", phone="1", fax=None)
NEW = _snap(phone="2")
JUDGEMENTS = [
    ("created", Operation.CREATE, _snap(name="Acme"), None, OLD, Finding.LANDED),
    ("not created", Operation.CREATE, _snap(name="Acme"), None, None, Finding.ABSENT),
    ("created, then edited", Operation.CREATE, _snap(name="Acme"), None, _snap(name="Acme Inc"), Finding.CHANGED),
    ("created, then archived", Operation.CREATE, _snap(), None, _snap(active=False), Finding.CHANGED),
    ("updated", Operation.UPDATE, NEW, OLD, _snap(name="Acme", phone="2"), Finding.LANDED),
    ("updated, another field edited", Operation.UPDATE, NEW, OLD, _snap(name="B", phone="2"), Finding.LANDED),
    ("not updated", Operation.UPDATE, NEW, OLD, OLD, Finding.ABSENT),
    ("not updated, another field edited", Operation.UPDATE, NEW, OLD, _snap(name="B", phone="1"), Finding.ABSENT),
    ("edited by somebody", Operation.UPDATE, NEW, OLD, _snap(name="Acme", phone="3"), Finding.CHANGED),
    ("updated, then archived", Operation.UPDATE, NEW, OLD, _snap(active=False, phone="2"), Finding.CHANGED),
    ("archived instead", Operation.UPDATE, NEW, OLD, structs.replace(OLD, active=False), Finding.CHANGED),
    ("updated, then deleted", Operation.UPDATE, NEW, OLD, None, Finding.CHANGED),
    ("nothing known of before", Operation.UPDATE, NEW, None, OLD, Finding.CHANGED),
    ("archived", Operation.ARCHIVE, _snap(active=False), OLD, structs.replace(OLD, active=False), Finding.LANDED),
    ("not archived", Operation.ARCHIVE, _snap(active=False), OLD, OLD, Finding.ABSENT),
    ("archived, then deleted", Operation.ARCHIVE, _snap(active=False), OLD, None, Finding.CHANGED),
    ("restored", Operation.RESTORE, _snap(), structs.replace(OLD, active=False), OLD, Finding.LANDED),
    (
        "not restored",
        Operation.RESTORE,
        _snap(),
        structs.replace(OLD, active=False),
        structs.replace(OLD, active=False),
        Finding.ABSENT,
    ),
    (
        "voided",
        Operation.VOID,
        _snap(status="voided"),
        _snap(status="approved"),
        _snap(status="voided"),
        Finding.LANDED,
    ),
    (
        "voided and no longer active",
        Operation.VOID,
        _snap(status="voided"),
        _snap(status="approved"),
        _snap(active=False, status="voided"),
        Finding.LANDED,
    ),
    (
        "not voided",
        Operation.VOID,
        _snap(status="voided"),
        _snap(status="approved"),
        _snap(status="approved"),
        Finding.ABSENT,
    ),
    ("taken back", Operation.VOID, _snap(active=False), _snap(amount="5"), _snap(active=False), Finding.LANDED),
    ("taken back and gone", Operation.VOID, _snap(active=False), _snap(amount="5"), None, Finding.LANDED),
    ("not taken back", Operation.VOID, _snap(active=False), _snap(amount="5"), _snap(amount="5"), Finding.ABSENT),
    ("deleted", Operation.DELETE, _snap(), _snap(amount="5"), None, Finding.LANDED),
    ("deleted, a stub remains", Operation.DELETE, _snap(), _snap(amount="5"), _snap(active=False), Finding.LANDED),
    ("not deleted", Operation.DELETE, _snap(amount="5"), _snap(amount="5"), _snap(amount="5"), Finding.ABSENT),
    ("edited instead", Operation.DELETE, _snap(amount="5"), _snap(amount="5"), _snap(amount="6"), Finding.CHANGED),
]


@pytest.mark.parametrize(
    ("operation", "expected", "before", "found", "finding"),
    [row[1:] for row in JUDGEMENTS],
    ids=[r[0] for r in JUDGEMENTS],
)
def test_a_probe_is_judged_by_what_was_meant(
    operation: Operation, expected: Snapshot, before: Snapshot | None, found: Snapshot | None, finding: Finding
) -> None:
    assert judge(_intent(operation, expected, before), found) is finding


# --- what follows a probe --------------------------------------------------------------------------------------------

MINUTES = timedelta(minutes=1)
SIX_MINUTES_REPLAYS = KeyRules(window=6 * MINUTES, errors_replayed=True)
SIX_MINUTES = KeyRules(window=6 * MINUTES, errors_replayed=False)
UNDOCUMENTED = KeyRules(window=None, errors_replayed=False)
NO_KEYS = KeyRules(window=timedelta(0), errors_replayed=False)

L, A, C = Finding.LANDED, Finding.ABSENT, Finding.CHANGED
OK, DIFF, AGAIN, ANEW, ASK = (
    NextStep.CONFIRM,
    NextStep.RECONCILE,
    NextStep.SEND_AGAIN,
    NextStep.SEND_ANEW,
    NextStep.GIVE_UP,
)

FOLLOWING: list[tuple[str, KeyRules, dict[str, object], list[Finding], list[NextStep]]] = [
    ("all landed", SIX_MINUTES, {}, [L, L], [OK, OK]),
    ("edited since", SIX_MINUTES, {}, [L, C], [OK, DIFF]),
    ("nothing landed, key remembered", SIX_MINUTES, {}, [A, A], [AGAIN, AGAIN]),
    ("part landed, all answers remembered", SIX_MINUTES_REPLAYS, {}, [L, A, C, A], [OK, AGAIN, DIFF, AGAIN]),
    ("part landed, only successes remembered", SIX_MINUTES, {}, [L, A], [OK, ANEW]),
    ("just within the window", SIX_MINUTES, {"age": 359 * SECONDS}, [A], [AGAIN]),
    ("just past the window", SIX_MINUTES, {"age": 360 * SECONDS}, [A], [ANEW]),
    ("part landed, past the window", SIX_MINUTES_REPLAYS, {"age": 9 * MINUTES}, [L, A], [OK, ANEW]),
    ("error read, errors stay", SIX_MINUTES_REPLAYS, {"answer_read": True}, [A, A], [ANEW, ANEW]),
    ("error read, errors do not stay", SIX_MINUTES, {"answer_read": True}, [A], [AGAIN]),
    ("silence, errors would stay", SIX_MINUTES_REPLAYS, {}, [A], [AGAIN]),
    ("part landed, error read", SIX_MINUTES_REPLAYS, {"answer_read": True}, [L, A], [OK, ANEW]),
    ("nothing landed, memory undocumented", UNDOCUMENTED, {"age": 9 * MINUTES}, [A, A], [AGAIN, AGAIN]),
    ("part landed, memory undocumented", UNDOCUMENTED, {}, [L, A], [OK, ANEW]),
    ("part changed, memory undocumented", UNDOCUMENTED, {}, [C, A], [DIFF, ANEW]),
    ("no keys", NO_KEYS, {}, [A], [ANEW]),
    ("tried once less than allowed", SIX_MINUTES, {"sends": 4}, [A], [AGAIN]),
    ("tried often enough", SIX_MINUTES, {"sends": 5}, [L, A, C], [OK, ASK, DIFF]),
    ("tried too often", SIX_MINUTES_REPLAYS, {"sends": 6, "answer_read": True}, [A], [ASK]),
]


@pytest.mark.parametrize(
    ("rules", "facts", "findings", "steps"), [row[1:] for row in FOLLOWING], ids=[row[0] for row in FOLLOWING]
)
def test_a_probe_leads_on(
    rules: KeyRules, facts: dict[str, object], findings: list[Finding], steps: list[NextStep]
) -> None:
    told = {"age": MINUTES, **facts}
    age = told.pop("age")
    assert isinstance(age, timedelta)
    call = Call(id=CALL_ID, sent_at=NOW - age, last_sent_at=NOW, **told)  # type: ignore[arg-type]
    assert after_probe(call, findings, rules=rules, now=NOW, max_sends=5) == tuple(steps)


# --- the crash walk --------------------------------------------------------------------------------------------------


class Crash(Exception):
    """The process dies here."""


class Silence(Exception):
    """The request went out and no answer came."""


@dataclass
class Package:
    """A package that may die in the middle of a batch, with or without a memory for keys.

    What it remembered it answers from memory; an error it may forget, and then carries the whole call out anew.
    """

    rng: random.Random
    rules: KeyRules
    entities: list[str] = field(default_factory=list)
    answers: dict[str, tuple[datetime, bool]] = field(default_factory=dict)

    def write(self, key: str, references: list[str], now: datetime) -> bool:
        """Create an entity per reference; True: done, False: an error was answered."""
        known = self.answers.get(key)
        if known is not None and now - known[0] < self._memory() and (known[1] or self.rules.errors_replayed):
            return known[1]
        done = self.rng.random() > 0.2
        self.entities += references if done else references[: self.rng.randrange(len(references) + 1)]
        self.answers[key] = (now if known is None else known[0], done)
        return done

    def _memory(self) -> timedelta:
        """How long this package remembers a key; what is undocumented differs from moment to moment."""
        if self.rules.window is not None:
            return self.rules.window
        return self.rng.choice([timedelta(0), 2 * MINUTES, timedelta(days=1)])


@dataclass
class Walker:
    """The service's side: rows that survive, and a process that does not."""

    rng: random.Random
    package: Package
    references: list[str]
    skip_probe: bool = False
    now: datetime = NOW
    calls: list[tuple[Call, list[str]]] = field(default_factory=list)
    confirmed: set[str] = field(default_factory=set)
    given_up: set[str] = field(default_factory=set)

    def run(self) -> None:
        """Work until nothing is open, dying now and then."""
        for _ in range(200):
            self.now += timedelta(seconds=self.rng.choice([1, 30, 200, 500]))
            try:
                if self._drain():
                    return
            except Crash:
                continue
        raise AssertionError("the walk never ends")

    def _drain(self) -> bool:
        if not self.calls:
            todo = [r for r in self.references if r not in self.confirmed | self.given_up]
            if not todo:
                return True
            self._open(todo, attempt=1, sends=1)
            self._send(0)
            return False
        for index in reversed(range(len(self.calls))):
            self._settle(index)
        return False

    def _settle(self, index: int) -> None:
        call, references = self.calls[index]
        if after_restart(call, now=self.now, lease=60 * SECONDS) is NextStep.WAIT:
            return
        findings = [self._probe(reference) for reference in references]
        steps = after_probe(call, findings, rules=self.package.rules, now=self.now, max_sends=8)
        named = dict(zip(references, steps, strict=True))
        self.confirmed |= {r for r, step in named.items() if step is NextStep.CONFIRM}
        self.given_up |= {r for r, step in named.items() if step is NextStep.GIVE_UP}
        anew = [r for r, step in named.items() if step is NextStep.SEND_ANEW]
        if NextStep.SEND_AGAIN in steps:
            self.calls[index] = (replace(call, last_sent_at=self.now, sends=call.sends + 1), references)
            self._send(index)
            return
        del self.calls[index]
        if anew:
            self._open(anew, attempt=call.attempt + 1, sends=call.sends + 1)
            self._send(len(self.calls) - 1)

    def _open(self, references: list[str], *, attempt: int, sends: int) -> None:
        call_id = f"{self.rng.getrandbits(120):032x}"
        call = Call(id=call_id, attempt=attempt, sent_at=self.now, last_sent_at=self.now, sends=sends)
        self.calls.append((call, references))
        self._maybe_die()

    def _probe(self, reference: str) -> Finding:
        if self.skip_probe:
            return Finding.ABSENT
        found = _snap(reference=reference) if reference in self.package.entities else None
        return judge(_intent(Operation.CREATE, _snap(reference=reference)), found)

    def _send(self, index: int) -> None:
        call, references = self.calls[index]
        self._maybe_die()
        done = self.package.write(call_key(call.id, call.attempt), references, self.now)
        self._maybe_die()
        if self.rng.random() < 0.2:
            self.calls[index] = (replace(call, unknown=True), references)
            return
        self._maybe_die()
        if done:
            self.confirmed |= set(references)
            del self.calls[index]
        else:
            self.calls[index] = (replace(call, unknown=True, answer_read=True), references)

    def _maybe_die(self) -> None:
        if self.rng.random() < 0.15:
            raise Crash


def _walk(seed: int, rules: KeyRules, *, skip_probe: bool = False) -> Walker:
    rng = random.Random(seed)
    references = [f"r{number}" for number in range(rng.randint(1, 4))]
    walker = Walker(rng=rng, package=Package(rng=rng, rules=rules), references=references, skip_probe=skip_probe)
    walker.run()
    return walker


def _has_duplicates(walker: Walker) -> bool:
    return len(walker.package.entities) != len(set(walker.package.entities))


ALL_RULES = {"no keys": NO_KEYS, "undocumented": UNDOCUMENTED, "window": SIX_MINUTES, "replays": SIX_MINUTES_REPLAYS}


@pytest.mark.parametrize("rules", ALL_RULES.values(), ids=ALL_RULES)
def test_law_no_crash_history_makes_a_duplicate_or_loses_a_record(rules: KeyRules) -> None:
    for seed in range(2_000):
        walker = _walk(seed, rules)
        assert not _has_duplicates(walker), f"seed {seed}"
        assert walker.confirmed | walker.given_up == set(walker.references), f"seed {seed}"
        assert walker.confirmed <= set(walker.package.entities), f"seed {seed}"
        assert walker.given_up.isdisjoint(walker.package.entities), f"seed {seed}"


@pytest.mark.parametrize("rules", ALL_RULES.values(), ids=ALL_RULES)
def test_the_walk_notices_a_skipped_probe(rules: KeyRules) -> None:
    assert any(_has_duplicates(_walk(seed, rules, skip_probe=True)) for seed in range(300))
