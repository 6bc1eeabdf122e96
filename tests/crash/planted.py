"""Defects to plant in the sync, one of each family: a matrix that did not notice them would prove nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

from service.core.intent import Finding, KeyRules
from service.core.ports import Answer, Written
from service.ids import new_id
from service.store.queries import links
from service.sync import push, settle
from service.sync.planner import Decision


@dataclass(frozen=True, slots=True)
class Defect:
    """A defect, and where the matrix has to notice it."""

    says: str
    plant: Callable[[], None]
    scenario: str
    cells: Sequence[str]  #: the ends of the names of cells of that scenario, of which each has to notice it


def _intent_after_the_request() -> None:
    def send(self: Any, decisions: Sequence[Decision]) -> None:
        elements = [decision.element for decision in decisions if decision.element is not None]
        request = self._work.connector.pack(elements, key=new_id())
        answer = self._work.patiently(lambda: self._work.connector.send(request, count=len(elements)))
        with self._work.holding() as session:
            parcel = push.commit_call(session, self._work, decisions)
        if parcel is not None:
            push._take_in(self._work, self._ground, parcel, answer)

    mock.patch.object(push.Outbox, "_send", send).start()


def _silence_is_a_no() -> None:
    dispatch = push.dispatch

    def called_off(work: Any, ground: Any, parcel: Any) -> None:
        def doubted(work: Any, _call_id: str, *, answer_read: bool) -> None:
            push._call_off(work, ground, parcel)
            work.stale = True

        with mock.patch.object(push, "_doubt", doubted):
            dispatch(work, ground, parcel)

    mock.patch.object(push, "dispatch", called_off).start()


def _nobody_looks() -> None:
    mock.patch.object(settle, "judge", return_value=Finding.ABSENT).start()


def _another_key_for_the_repeat() -> None:
    dispatch = push.dispatch

    def renamed(work: Any, ground: Any, parcel: Any) -> None:
        if parcel.again:
            parcel = replace(parcel, request=replace(parcel.request, key=new_id()))
        dispatch(work, ground, parcel)

    mock.patch.object(push, "dispatch", renamed).start()


def _keys_are_good_for_ever() -> None:
    def rules(window: Any, errors_replayed: bool) -> KeyRules:
        return KeyRules(window=None, errors_replayed=errors_replayed)

    mock.patch.object(settle, "KeyRules", rules).start()


def _an_error_is_not_remembered() -> None:
    doubt = push._doubt

    def unread(work: Any, call_id: str, *, answer_read: bool) -> None:
        doubt(work, call_id, answer_read=False)

    mock.patch.object(push, "_doubt", unread).start()


def _all_or_nothing() -> None:
    take_in = push._take_in

    def together(work: Any, ground: Any, parcel: Any, answer: Answer) -> None:
        refused = [one for one in answer.outcomes if not isinstance(one, Written)]
        outcomes = tuple(refused[:1] * len(answer.outcomes)) or answer.outcomes
        take_in(work, ground, parcel, replace(answer, outcomes=outcomes))

    mock.patch.object(push, "_take_in", together).start()


def _anybody_will_do() -> None:
    mock.patch.object(links, "by_remote_ids", return_value={}).start()
    created = settle._created

    def first(session: Any, ground: Any, call: Any, link: Any, family: Any, expected: Any, _tied: Any) -> Any:
        return created(session, ground, call, link, family, expected, set())

    mock.patch.object(settle, "_created", first).start()


DEFECTS: tuple[Defect, ...] = (
    Defect(
        "the intent is committed after the request",
        _intent_after_the_request,
        "quickbooks/payment-create/batch",
        ("write-1/killed-after/soon", "write-1/dropped-after/soon"),
    ),
    Defect(
        "silence is taken for a refusal",
        _silence_is_a_no,
        "quickbooks/payment-create/batch",
        ("write-1/dropped-after/soon", "write-1/hang-run/soon"),
    ),
    Defect(
        "a repeat has a key of its own",
        _another_key_for_the_repeat,
        "xero/payment-create/single",
        ("write-1/hang-lands-late/soon", "write-1/feed-lags/soon", "write-1/killed-lands-late/soon"),
    ),
    Defect(
        "one refused element makes the whole batch refused",
        _all_or_nothing,
        "quickbooks/payment-create/batch",
        ("write-1/elements/soon",),
    ),
    Defect(
        "nobody looks before a call is sent again",
        _nobody_looks,
        "xero/payment-create/single",
        ("write-1/killed-after/7min", "write-1/killed-after/25h"),
    ),
    Defect(
        "a key is trusted for ever",
        _keys_are_good_for_ever,
        "xero/payment-create/single",
        ("write-1/dropped-run/7min", "write-1/dropped-run/25h"),
    ),
    Defect(
        "a key is used again after an error, which is only given back",
        _an_error_is_not_remembered,
        "xero/payment-create/single",
        ("write-1/500-before/soon",),
    ),
    Defect(
        "what is tied already is taken for what was lost",
        _anybody_will_do,
        "quickbooks/payment-equal/batch",
        ("write-1/killed-after/soon", "write-1/half/soon"),
    ),
)
