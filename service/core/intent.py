"""The write-ahead record of outgoing writes: what to do after a crash at any instruction.

An *intent* is one element of one write: one record, one operation, what the package must show afterwards. A *call*
is the one request on the wire that carries intents, under one key and as exact bytes. Both are committed before the
request is sent. After any doubt the change feed is read from where it stood before the call (the *probe*), each
intent is judged by what is found there (``judge``), and ``after_probe`` says what follows. Nothing is sent twice
without a probe between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NewType, assert_never

from msgspec import Struct, field

from service.core.snapshot import FieldName, Snapshot, differences

IdempotencyKey = NewType("IdempotencyKey", str)

#: Longest key that every package takes with a batch, in characters (the tightest of the documented limits).
KEY_LIMIT = 36
#: Highest attempt that fits a key; a call is given up long before.
ATTEMPT_LIMIT = 999


class Operation(StrEnum):
    """What a write does there."""

    CREATE = "create"
    UPDATE = "update"
    ARCHIVE = "archive"  #: make inactive; may be undone
    RESTORE = "restore"  #: make active again
    VOID = "void"  #: a document stays, with nothing owed
    DELETE = "delete"  #: only where a package has no other way to take a payment back


class IntentState(StrEnum):
    """IN_FLIGHT and UNKNOWN are open; the others are final."""

    IN_FLIGHT = "in_flight"  #: committed; the request is being sent or was being sent
    UNKNOWN = "unknown"  #: we cannot tell whether it landed; only a probe may follow
    CONFIRMED = "confirmed"  #: the package has it, by its answer or by a probe
    REJECTED = "rejected"  #: the package said no; nothing was written
    ABANDONED = "abandoned"  #: closed without an outcome: not sent, replaced, or its link was reset meanwhile

    @property
    def open(self) -> bool:
        """True while the outcome is not settled; a link has at most one open intent."""
        return self in {IntentState.IN_FLIGHT, IntentState.UNKNOWN}


class Intent(Struct, frozen=True, kw_only=True):
    """One record's part of a call."""

    id: str
    call_id: str
    position: int  #: index of its element in the call
    link_id: str
    generation: int  #: the life of the link it belongs to; an answer to an earlier one never ties the present one
    wanted: int  #: what the link wanted when the body was built; becomes its ``confirmed``
    heard: int  #: what the link had heard when the body was built; becomes its ``settled``
    operation: Operation
    expected: Snapshot  #: the fields that were written, as the package must show them
    before: Snapshot | None = None  #: theirs as known when the body was built; None of a create
    baseline: Snapshot  #: what both sides agree on once it is confirmed
    rules: Mapping[FieldName, str] = field(default_factory=dict)  #: why each field is written
    meant: Mapping[str, Any] | None = None  #: what reading back compares its answer with, of a document


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request on the wire: the facts that decide whether and how it may be sent again."""

    id: str
    attempt: int = 1  #: which key of the call; a new call for the same intents goes on counting
    sent_at: datetime  #: when the present key was first sent: its window counts from there
    last_sent_at: datetime
    sends: int = 1  #: how often these intents were sent, under whatever key
    answer_read: bool = False  #: an error answer to the present key was read
    unknown: bool = False  #: given up waiting for the answer, or the sender is known to be dead


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRules:
    """How a package treats idempotency keys."""

    window: timedelta | None  #: how long a key is surely remembered; None: undocumented; zero: keys are ignored
    errors_replayed: bool  #: the same key gives the same error again


class NextStep(StrEnum):
    """What to do with an open intent."""

    WAIT = "wait"  #: the request may still be under way
    PROBE = "probe"  #: read the change feed from the cursor stored before the call
    CONFIRM = "confirm"  #: it is there as meant
    RECONCILE = "reconcile"  #: it is there, but somebody changed it since: tie it, close the intent, plan anew
    SEND_AGAIN = "send_again"  #: the whole call, same key, same bytes
    SEND_ANEW = "send_anew"  #: a new call, new key, carrying only the intents with this step
    GIVE_UP = "give_up"  #: ask a person: problem ``outcome_unknown``


class Finding(StrEnum):
    """What a probe found of one intent."""

    LANDED = "landed"  #: the package shows what was meant
    ABSENT = "absent"  #: nothing happened: not there, or as it was before
    CHANGED = "changed"  #: neither: somebody else's hand


def call_key(call_id: str, attempt: int) -> IdempotencyKey:
    """Derive the key of one attempt of one call: at most KEY_LIMIT characters, the same whenever it is asked for.

    Call ids are never used again, so no key ever reaches into another generation of a link.

    :raises ValueError: for an attempt outside 1 to ATTEMPT_LIMIT, or a call id too long for the limit.
    """
    if not 1 <= attempt <= ATTEMPT_LIMIT:
        raise ValueError(f"no such attempt: {attempt}")
    key = f"{call_id}-{attempt}"
    if len(key) > KEY_LIMIT:
        raise ValueError(f"too long for a key: {key}")
    return IdempotencyKey(key)


def after_restart(call: Call, *, now: datetime, lease: timedelta) -> NextStep:
    """Decide what to do first with a call that is found open.

    ``lease`` is longer than a request can be under way: until then the sender, or the package, may still be at it.
    """
    if not call.unknown and now < call.last_sent_at + lease:
        return NextStep.WAIT
    return NextStep.PROBE


def judge(intent: Intent, found: Snapshot | None) -> Finding:  # noqa: PLR0911 - one case per operation
    """Compare what the package shows with what was meant.

    ``found`` is the entity that is certainly the intent's: the linked one, or of a create the one that carries our
    reference, or the same name *and* values. None: there is no such entity (any more).
    """
    match intent.operation:
        case Operation.CREATE:
            if found is None:
                return Finding.ABSENT
            return Finding.LANDED if _shows(found, intent.expected) else Finding.CHANGED
        case Operation.DELETE:
            if found is None or not found.active:
                return Finding.LANDED
            return Finding.ABSENT if _as_before(intent, found) else Finding.CHANGED
        case Operation.UPDATE | Operation.ARCHIVE | Operation.RESTORE | Operation.VOID:
            if found is None:
                # What is taken back altogether may be gone from then on; of a document that stays, its status is meant.
                taken_back = intent.operation is Operation.VOID and not intent.expected.fields
                return Finding.LANDED if taken_back else Finding.CHANGED
            # A voided document may or may not count as active there; where its status says "void", that decides.
            ignore_active = intent.operation is Operation.VOID and bool(intent.expected.fields)
            if _shows(found, intent.expected, ignore_active=ignore_active):
                return Finding.LANDED
            return Finding.ABSENT if _as_before(intent, found) else Finding.CHANGED
        case _:
            assert_never(intent.operation)


def after_probe(
    call: Call, findings: Sequence[Finding], *, rules: KeyRules, now: datetime, max_sends: int
) -> tuple[NextStep, ...]:
    """Decide for each intent of the call, in order, once all of them were judged.

    LANDED is confirmed, CHANGED reconciled anew. ABSENT goes out again, after ``max_sends`` to a person. The same key
    and bytes are best, for they are safe even where the probe saw too little; but not once the key only gives a
    stored error back, and, where part of the call landed, only while the package surely answers from memory, whatever
    its answer was: carrying the call out anew would write that part twice. Else it is a new call for what is absent.
    """
    resend = _resend(call, findings, rules=rules, now=now, max_sends=max_sends)
    steps = {Finding.LANDED: NextStep.CONFIRM, Finding.CHANGED: NextStep.RECONCILE, Finding.ABSENT: resend}
    return tuple(steps[finding] for finding in findings)


def _resend(call: Call, findings: Sequence[Finding], *, rules: KeyRules, now: datetime, max_sends: int) -> NextStep:
    if call.sends >= max_sends:
        return NextStep.GIVE_UP
    in_window = rules.window is None or now < call.sent_at + rules.window
    if not in_window or (call.answer_read and rules.errors_replayed):
        return NextStep.SEND_ANEW
    landed_in_part = any(finding is not Finding.ABSENT for finding in findings)
    answers_from_memory = rules.window is not None and rules.errors_replayed
    return NextStep.SEND_ANEW if landed_in_part and not answers_from_memory else NextStep.SEND_AGAIN


def _shows(found: Snapshot, meant: Snapshot, *, ignore_active: bool = False) -> bool:
    same_state = ignore_active or found.active is meant.active
    return same_state and not differences(ours=meant, theirs=found)


def _as_before(intent: Intent, found: Snapshot) -> bool:
    """Tell whether the fields that were to be written still stand as they stood."""
    if intent.before is None:
        return False
    written = intent.expected.fields.keys()
    before = {name: value for name, value in intent.before.fields.items() if name in written}
    return _shows(found, Snapshot(fields=before, active=intent.before.active))
