"""What may still be changed: the tables of both packages, and how they are applied."""

from __future__ import annotations

from datetime import date

import pytest

from service.core.editing import EditRule, Refusal, Standing, in_closed_period, refusal
from service.core.intent import Operation
from service.core.ports import EntityKind
from service.core.snapshot import Snapshot
from service.mapping.quickbooks.editing import RULES as QUICKBOOKS
from service.mapping.xero.editing import RULES as XERO

UPDATE, VOID = Operation.UPDATE, Operation.VOID
WHY = "so it is"


def row(**more: object) -> EditRule:
    return EditRule(standing=Standing.OPEN, reason=WHY, **more)  # type: ignore[arg-type]


def side(**fields: str) -> Snapshot:
    return Snapshot(fields=fields)


@pytest.mark.parametrize(
    ("rule", "operation", "changed", "refused"),
    [
        (row(), UPDATE, {"lines", "date"}, None),
        (row(), VOID, set(), None),
        (row(fields=frozenset({"reference"})), UPDATE, {"reference"}, None),
        (row(fields=frozenset({"reference"})), UPDATE, {"reference", "lines"}, {"lines"}),
        (row(fields=frozenset()), UPDATE, {"reference"}, {"reference"}),
        (row(fields=frozenset()), VOID, set(), None),
        (row(withdraws=False), VOID, {"status"}, set()),
        (row(withdraws=False), UPDATE, {"lines"}, None),
        (row(fixed=frozenset({"currency"})), UPDATE, {"currency", "name"}, {"currency"}),
    ],
)
def test_a_rule_refuses_what_it_does_not_allow(
    rule: EditRule, operation: Operation, changed: set[str], refused: set[str] | None
) -> None:
    found = refusal(rule, operation, changed, ours=side(), theirs=side())
    assert found == (None if refused is None else Refusal(fields=frozenset(refused), reason=WHY))


@pytest.mark.parametrize(("total", "changed", "refused"), [("99", "lines", True), ("100", "lines", False),
                                                           ("99", "reference", False)])  # fmt: skip
def test_a_total_may_not_fall_below_what_is_settled(total: str, changed: str, refused: bool) -> None:
    found = refusal(row(floor="below"), UPDATE, {changed}, ours=side(total=total), theirs=side(amount_paid="100"))
    assert (found is not None) is refused


@pytest.mark.parametrize(
    ("ours", "theirs", "closed"),
    [
        (side(issue_date="2026-10-31"), None, True),
        (side(issue_date="2026-11-01"), None, False),
        (side(date="2026-11-01"), side(date="2026-10-01"), True),
        (None, side(date="2026-10-01"), True),
        (side(name="Acme"), None, False),
    ],
)
def test_a_closed_period_holds_what_is_or_would_be_dated_in_it(
    ours: Snapshot | None, theirs: Snapshot | None, closed: bool
) -> None:
    assert in_closed_period(ours, theirs, closed_until=date(2026, 10, 31)) is closed
    assert not in_closed_period(ours, theirs, closed_until=None)


@pytest.mark.parametrize("table", [XERO, QUICKBOOKS], ids=["xero", "quickbooks"])
def test_every_row_says_why_and_where_that_is_written(table: dict[EntityKind, tuple[EditRule, ...]]) -> None:
    for rules in table.values():
        assert len({rule.standing for rule in rules}) == len(rules)
        for rule in rules:
            assert rule.source
            assert rule.open or rule.reason
