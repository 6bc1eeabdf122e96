"""Matching: which entity is proposed for which customer, how sure it is, and why."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.matching import Party, Proposal, propose
from service.core.model import Address

EXACT, SURE = Decimal(1), Decimal("0.95")
HIGH_STREET = Address(line1="12 High Street", city="Leeds", postal_code="LS1 4AP")
LOW_LANE = Address(line1="9 Low Lane", city="York", postal_code="YO2 1BB")


def _party(name: str = "Acme", email: str | None = None, **given: Any) -> Party:
    return Party(**{"id": "1", "name": name, "email": email, **given})


def _person(name: str, address: Address | None = None, **given: Any) -> Party:
    return _party(name, is_person=True, addresses=(address,) if address else (), **given)


def _only(ours: Party, theirs: Party) -> Proposal | None:
    found = propose([ours], [theirs])
    return found[0] if found else None


MATCHES = [
    ("a kept number", _party("A B", references=("C-7",)), _party("A B", references=("c-7",)), EXACT,
     ["our own number is kept there", "same name"]),
    ("the tax number", _party("Acme Ltd", tax_number="GB 123-456"), _party("Acme", tax_number="gb123456"), EXACT,
     ["same VAT number", "name differs by 'Ltd'"]),
    ("the tax number without its country", _party(tax_number="GB 123 4567 89"), _party(tax_number="123456789"), EXACT,
     ["same VAT number", "same name"]),
    ("name and email", _party("Acme", "a@b.example"), _party("ACME", "A@B.example"), EXACT,
     ["same name and same email"]),
    ("name and domain", _party("Acme Ltd", "a@b.example"), _party("Acme", "c@b.example"), Decimal("0.99"),
     ["same name and same email domain", "name differs by 'Ltd'"]),
    ("the name alone", _party("Acme Ltd"), _party("acme  ltd"), SURE, ["same name"]),
    ("the name and its form", _party("Acme Limited"), _party("ACME Ltd."), SURE,
     ["same name, written otherwise: 'Acme Limited' here, 'ACME Ltd.' there"]),
    ("another name of it", _party("Acme"), _party("J. Smith", other_names=("Acme Ltd",)), SURE,
     ["name differs by 'Ltd'"]),
    ("the name, one email", _party("Acme", "a@b.example"), _party(), SURE, ["same name"]),
    ("a slip of the pen", _party("Hampton Motors"), _party("Hamton Motors"), Decimal("0.80"),
     ["name differs by spelling: 'Hampton Motors' here, 'Hamton Motors' there"]),
    ("another form", _party("Acme Ltd"), _party("Acme GmbH"), Decimal("0.74"),
     ["name differs: 'Acme Ltd' here, 'Acme GmbH' there (weak)"]),
    ("the email alone", _party("A", "a@b.example"), _party("B", "a@b.example"), Decimal("0.75"),
     ["name differs: 'A' here, 'B' there (against)", "same email (strong)"]),
    ("a number with another name", _party("Acme", references=("7",)), _party("Apex", references=("7",)), Decimal("0.9"),
     ["our own number is kept there", "name differs: 'Acme' here, 'Apex' there (against)"]),
    ("branches with one tax number", _party("Acme (Leeds)", tax_number="123456"),
     _party("Acme (York)", tax_number="123456"), Decimal("0.9"),
     ["same VAT number", "name differs: 'Acme (Leeds)' here, 'Acme (York)' there (against)"]),
    ("a job of the same client", _party("Roof", parent="Acme"), _party("roof", parent="ACME"), SURE, ["same name"]),
    ("archived there", _party(), _party(active=False), SURE, ["same name", "archived there"]),
    ("archived here", _party(active=False), _party(), SURE, ["same name"]),
    ("the name in another place", _party(addresses=(HIGH_STREET,)), _party(addresses=(LOW_LANE,)), Decimal("0.71"),
     ["same name", "street differs (against)", "city differs (against)", "postal code differs (against)"]),
    ("a person's name alone", _person("Ann Lee"), _party("LEE, Ann"), Decimal("0.96"),
     ["same name (strong)"]),
    ("a second person of a name", _person("Ann Lee"), _party("Ann Lee (2)"), Decimal("0.96"),
     ["name differs by '2' (strong)"]),
    ("a person with an address", _person("Ann Lee", HIGH_STREET),
     _party("Anne Lea", addresses=(HIGH_STREET,)), Decimal("0.9"),
     ["name differs: 'Ann Lee' here, 'Anne Lea' there (against)", "same street (strong)", "same city (strong)",
      "same postal code (strong)"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("ours", "theirs", "confidence", "evidence"), [row[1:] for row in MATCHES], ids=[row[0] for row in MATCHES]
)
def test_a_pair_is_proposed_with_its_reasons(
    ours: Party, theirs: Party, confidence: Decimal, evidence: list[str]
) -> None:
    assert _only(ours, theirs) == Proposal(ours="1", theirs="1", confidence=confidence, evidence=tuple(evidence))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        pytest.param(_party("Acme"), _party("Apex"), id="other names"),
        pytest.param(_party("A", "a@b.example"), _party("B", "c@b.example"), id="other emails"),
        pytest.param(_party("A", tax_number="12-345"), _party("B", tax_number="12-345"), id="a placeholder"),
        pytest.param(_party("A", tax_number="123456"), _party("B", tax_number="1234567"), id="other tax numbers"),
        pytest.param(_party("A", references=("",)), _party("B", references=("",)), id="no number kept"),
        pytest.param(_party("Roof", parent="Acme"), _party("Roof", parent="Apex"), id="jobs of two clients"),
        pytest.param(_party("Roof", parent="Acme"), _party("Roof"), id="a job and a client"),
        pytest.param(_party("Smith Roofing"), _party("Smith Roofing Supplies"), id="a word more"),
        pytest.param(_party("Acme (Leeds)"), _party("Acme (York)"), id="branches"),
        pytest.param(_party("Unit 4 Storage"), _party("Unit 14 Storage"), id="other numbers"),
        pytest.param(_party("A", "x@gmail.com"), _party("B", "y@gmail.com"), id="mailboxes that anybody has"),
        pytest.param(_person("Ann Lee"), _party("Ann Moss"), id="a first name"),
        pytest.param(_person("Ann Lee", HIGH_STREET), _party("Ann Moss", addresses=(LOW_LANE,)), id="another person"),
    ],
)
def test_nothing_is_proposed_without_a_reason(ours: Party, theirs: Party) -> None:
    assert _only(ours, theirs) is None


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("Müller & Söhne", "Mueller und Soehne"),
        ("Gebr. Weiß GmbH & Co. KG", "Gebrüder Weiss GmbH und Co KG"),
        ("SARL Dupont", "Dupont S.A.R.L."),
        ("The Copper Kettle", "Copper Kettle"),
        ("J. R. Hartley", "JR Hartley"),
        ("Østergaard A/S", "Oestergaard AS"),
        ("Fratelli Conti Snc", "F.lli Conti S.n.c."),
        ("Brown Bros.", "Brown Brothers"),
        ("Mc Donald Joinery", "McDonald Joinery"),
        ("O\u2019Brien Ltd", "OBrien Limited"),
        ("Acme", "Acme & Co"),
        ("Limited", "LIMITED"),
        ("A/S Norsk Byg", "Norsk Byg AS"),
        ("Praxis Dr. Klein", "Praxis Klein"),
    ],
)
def test_what_does_not_tell_companies_apart_does_not_count(here: str, there: str) -> None:
    for ours, theirs in ((here, there), (there, here)):
        found = _only(_party(ours), _party(theirs))
        assert found is not None
        assert (found.confidence, found.ambiguous) == (SURE, False)


def test_two_records_with_one_email_and_many_more_are_no_match() -> None:
    ours = [_party(f"Client {n}", "books@firm.example", id=str(n)) for n in range(20)]
    assert propose(ours, [_party("Another", "books@firm.example")]) == ()


def test_a_tax_number_that_differs_speaks_against_a_name() -> None:
    found = _only(_party(tax_number="GB123456789"), _party(tax_number="GB987654321"))
    assert found is not None
    assert found.confidence < SURE
    assert "VAT number differs (against)" in found.evidence


def test_the_surest_reason_wins_and_leaves_the_others_nothing() -> None:
    proposals = propose(
        [_party("Acme", id="1", references=("7",)), _party("Apex", id="2")],
        [_party("Acme", id="a"), _party("Acme Ltd", id="b", references=("7",))],
    )
    assert [(one.ours, one.theirs, one.confidence, one.ambiguous) for one in proposals] == [("1", "b", EXACT, False)]


def test_the_name_to_the_letter_wins_over_one_that_differs_by_its_form() -> None:
    proposals = propose([_party("Acme", id="1")], [_party("Acme Ltd", id="a"), _party("ACME", id="b")])
    assert [(one.theirs, one.ambiguous) for one in proposals] == [("b", False)]


def test_addresses_tell_two_people_of_one_name() -> None:
    ours = [_person("Ann Lee", HIGH_STREET, id="1"), _person("Ann Lee", LOW_LANE, id="2")]
    theirs = [_party("Ann Lee", addresses=(LOW_LANE,), id="a"), _party("Ann Lee", addresses=(HIGH_STREET,), id="b")]
    assert {(one.ours, one.theirs, one.ambiguous) for one in propose(ours, theirs)} == {
        ("1", "b", False),
        ("2", "a", False),
    }


def test_proposals_come_surest_first_then_in_the_order_of_ids() -> None:
    ours = [_party("C", id="3"), _party("B", "b@b.example", id="2"), _party("A", id="1")]
    theirs = [_party("A", id="x"), _party("B", "b@b.example", id="y"), _party("C", id="z")]
    assert [(one.ours, one.theirs) for one in propose(ours, theirs)] == [("2", "y"), ("1", "x"), ("3", "z")]


def test_two_entities_that_fit_are_proposed_as_a_question() -> None:
    proposals = propose([_party(id="1")], [_party(id="a"), _party(id="b")])
    assert [(one.theirs, one.ambiguous) for one in proposals] == [("a", True), ("b", True)]


def test_two_customers_that_fit_are_proposed_as_a_question() -> None:
    proposals = propose([_party(id="1"), _party(id="2")], [_party(id="a")])
    assert [(one.ours, one.ambiguous) for one in proposals] == [("1", True), ("2", True)]


def test_of_many_that_fit_a_few_are_shown() -> None:
    many = [_party("Cash", id=f"{n:03}") for n in range(40)]
    assert len(propose(many, many)) <= 5 * 40


def test_a_pair_that_is_to_stay_apart_leaves_the_next_best() -> None:
    ours, theirs = [_party("Acme")], [_party("ACME", id="a"), _party("Acme Ltd", id="b")]
    assert [one.theirs for one in propose(ours, theirs, apart={("1", "a")})] == ["b"]
    assert propose(ours, theirs, apart={("1", "a"), ("1", "b")}) == ()


NAMES = ["Acme", "ACME ", "Acme Ltd", "Acme Roof", "Apex", "Roof", "Mueller", "Müller", "Muler", "Ann Lee"]
PARTIES = st.lists(
    st.builds(
        Party,
        id=st.uuids().map(str),
        name=st.sampled_from(NAMES),
        is_person=st.booleans(),
        email=st.sampled_from([None, "a@b.example", "A@b.example", "c@d.example"]),
        tax_number=st.sampled_from([None, "123456", "12 34 56", "12"]),
        references=st.sampled_from([(), ("C-1",), ("c-1",), ("C-2", "C-1")]),
        parent=st.sampled_from([None, "Acme", "Apex"]),
        addresses=st.sampled_from([(), (HIGH_STREET,), (LOW_LANE,), (HIGH_STREET, LOW_LANE)]),
        active=st.booleans(),
    ),
    max_size=6,
    unique_by=lambda one: one.id,
)


@given(ours=PARTIES, theirs=PARTIES, chance=st.randoms(use_true_random=False))
def test_law_the_same_two_lists_in_any_order_give_the_same_proposals(
    ours: list[Party], theirs: list[Party], chance: Any
) -> None:
    proposals = propose(ours, theirs)
    chance.shuffle(ours)
    chance.shuffle(theirs)
    assert propose(ours, theirs) == proposals


@given(ours=PARTIES, theirs=PARTIES)
def test_law_a_sure_proposal_is_the_only_one_for_both(ours: list[Party], theirs: list[Party]) -> None:
    proposals = propose(ours, theirs)
    assert len({(one.ours, one.theirs) for one in proposals}) == len(proposals)
    for one in proposals:
        rivals = [other for other in proposals if other.ours == one.ours or other.theirs == one.theirs]
        assert one.ambiguous is (len(rivals) > 1)
        assert one.evidence
        assert 0 < one.confidence <= 1


@given(ours=PARTIES, theirs=PARTIES)
def test_law_a_pair_that_was_kept_apart_is_never_proposed_again(ours: list[Party], theirs: list[Party]) -> None:
    first = {(one.ours, one.theirs) for one in propose(ours, theirs)}
    again = {(one.ours, one.theirs) for one in propose(ours, theirs, apart=first)}
    assert first.isdisjoint(again)


@given(parties=PARTIES)
def test_law_a_number_that_is_nobody_elses_finds_its_own(parties: list[Party]) -> None:
    ours = [replace(one, references=(f"C-{at}",), tax_number=None) for at, one in enumerate(parties)]
    found = propose(ours, ours)
    assert {(one.ours, one.theirs) for one in found} == {(one.id, one.id) for one in ours}
    assert all(one.confidence == EXACT and not one.ambiguous for one in found)
