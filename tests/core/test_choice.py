"""What people choose: who owns a field once lists and owners are combined, what travels, what is put behind a name."""

from __future__ import annotations

import pytest

from service.core.choice import CurrencyRule, ListRule, MappingSettings, list_of
from service.core.fields import OWNERS, fixed_owner
from service.core.names import NameChoice, NameRule, name_beside, name_key
from service.core.ports import EntityKind
from service.core.reconcile import Flow
from service.mapping.preset import PRESETS

OURS, THEIRS, BOTH = Flow.OURS, Flow.THEIRS, Flow.BOTH


@pytest.mark.parametrize(
    ("rule", "owners", "usual", "owner"),
    [
        (ListRule.BOTH, {}, BOTH, BOTH),
        (ListRule.BOTH, {"email": OURS}, BOTH, OURS),
        (ListRule.BOTH, {"email": OURS, "customer.email": THEIRS}, BOTH, THEIRS),
        (ListRule.BOTH, {"invoice.email": OURS}, BOTH, BOTH),
        (ListRule.SEND, {}, BOTH, OURS),
        (ListRule.SEND, {"email": THEIRS}, BOTH, OURS),
        (ListRule.SEND, {}, THEIRS, THEIRS),
        (ListRule.RECEIVE, {"email": OURS}, BOTH, THEIRS),
        (ListRule.RECEIVE, {}, OURS, THEIRS),
    ],
)
def test_a_list_that_travels_one_way_is_owned_by_that_side_and_a_kind_wins_over_a_name(
    rule: ListRule, owners: dict[str, Flow], usual: Flow, owner: Flow
) -> None:
    chosen = MappingSettings(lists={"customers": rule}, owners=owners)
    assert chosen.owner_of("customer", "email", usual) is owner
    assert chosen.owner_of("contact", "email", usual) is (
        owner if usual is BOTH or rule is not ListRule.BOTH else usual
    )


def test_a_sub_contact_has_owners_of_its_own_only_where_somebody_says_so() -> None:
    chosen = MappingSettings(owners={"customer.email": THEIRS, "contact.email": OURS, "customer.payment_terms": THEIRS})
    assert chosen.owner_of("contact", "email", BOTH) is OURS
    assert chosen.owner_of("contact", "payment_terms", OURS) is OURS


@pytest.mark.parametrize(
    ("rule", "sends", "receives"),
    [
        (ListRule.BOTH, True, True),
        (ListRule.SEND, True, False),
        (ListRule.RECEIVE, False, True),
        (ListRule.OFF, False, False),
    ],
)
def test_a_rule_says_which_way_a_list_travels(rule: ListRule, sends: bool, receives: bool) -> None:
    chosen = MappingSettings(lists={"customers": rule})
    assert (chosen.sends("customer"), chosen.receives("customer")) == (sends, receives)
    assert (chosen.sends("contact"), chosen.receives("invoice")) == (sends, True)
    assert list_of("payment") == "payments"


def test_only_currencies_that_are_left_out_are_left_out() -> None:
    chosen = MappingSettings(currencies={"EUR": CurrencyRule.LEAVE_OUT, "GBP": CurrencyRule.SEND})
    assert chosen.left_out == {"EUR"}


@pytest.mark.parametrize("kind", list(EntityKind))
def test_what_can_not_be_taken_over_keeps_its_owner(kind: EntityKind) -> None:
    usual = OWNERS[EntityKind.CUSTOMER if kind is EntityKind.CONTACT else kind]
    fixed = {name: fixed_owner(kind, name) for name in usual}
    assert all(owner in {None, usual[name]} for name, owner in fixed.items())
    if kind is EntityKind.CUSTOMER:
        assert {name for name, owner in fixed.items() if owner} == {"reference", "people", "company_name"}
    if kind is EntityKind.INVOICE:
        assert {name for name, owner in fixed.items() if owner is None} == {
            "issue_date", "due_date", "reference", "to", "cc",
        }  # fmt: skip


def test_presets_name_owners_and_lists_that_can_be_chosen() -> None:
    for preset in PRESETS:
        for field, owner in preset.owners.items():
            kind, _, name = field.partition(".")
            assert fixed_owner(EntityKind(kind), name) is None
            assert owner in set(Flow)
        assert set(preset.lists.values()) <= set(ListRule)


@pytest.mark.parametrize(
    ("taken", "number", "current", "name"),
    [
        ({"acme"}, "C-1", None, "Acme (C-1)"),
        ({"acme"}, None, None, "Acme (2)"),
        ({"acme", "acme (c-1)"}, "C-1", None, "Acme (2)"),
        ({"acme", "acme (2)"}, None, None, "Acme (3)"),
        (set(), "C-1", "Acme (C-1)", "Acme (C-1)"),  # others coming and going rename nothing
        (set(), None, "Acme (2)", "Acme (2)"),
        (set(), None, "Something else", "Acme"),
        ({"acme"}, None, "Something else", "Acme (2)"),
    ],
)
def test_a_client_stands_beside_whoever_has_its_name(
    taken: set[str], number: str | None, current: str | None, name: str
) -> None:
    own = NameChoice(name="Acme", rule=NameRule.OWN, altered=False, clash="acme" in taken)
    found = name_beside(own, number=number, taken=taken, limit=255, current=current)
    assert (found.name, found.clash, found.beside) == (name, False, name != "Acme")
    assert name_key(found.name) not in taken
    long = NameChoice(name="A" * 60, rule=NameRule.OWN, altered=False, clash=True)
    cut = name_beside(long, number="C-1", taken={"a" * 60}, limit=40)
    assert (len(cut.name), cut.name.endswith("… (C-1)"), cut.altered) == (40, True, True)
