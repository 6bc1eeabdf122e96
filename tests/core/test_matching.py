"""Matching: which entity is proposed for which customer, how sure it is, and why."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.matching import Party, Proposal, propose

EXACT, NAME_ALONE, EMAIL_ALONE = Decimal(1), Decimal("0.95"), Decimal("0.75")


def _party(
    name: str = "Acme",
    email: str | None = None,
    *,
    id: str = "1",  # noqa: A002 - a party's id
    tax: str | None = None,
    reference: str | None = None,
    parent: str | None = None,
    active: bool = True,
) -> Party:
    return Party(id=id, name=name, email=email, tax_number=tax, reference=reference, parent=parent, active=active)


MATCHES = [
    (
        "a kept number",
        _party("A", reference="C-7"),
        _party("B", reference="c-7"),
        EXACT,
        [
            "our own number is kept there",
            "name differs: 'A' here, 'B' there",
        ],
    ),
    (
        "a kept number and all else",
        _party(email="a@b.example", reference="7"),
        _party(email="A@b.example", reference="7"),
        EXACT,
        ["our own number is kept there", "same name", "same email"],
    ),
    (
        "the tax number",
        _party("A", tax="GB 123-456"),
        _party("B", tax="gb123456"),
        EXACT,
        [
            "same tax number",
            "name differs: 'A' here, 'B' there",
        ],
    ),
    ("name and email", _party(email="a@b.example"), _party("ACME", "A@B.example"), EXACT, ["same name and same email"]),
    ("the name alone", _party("Acme Ltd"), _party("acme  ltd"), NAME_ALONE, ["same name"]),
    ("the name, one email", _party(email="a@b.example"), _party(), NAME_ALONE, ["same name"]),
    (
        "the name, other emails",
        _party(email="a@b.example"),
        _party(email="c@d.example"),
        NAME_ALONE,
        [
            "same name",
            "email differs",
        ],
    ),
    (
        "the email alone",
        _party("A", "a@b.example"),
        _party("B", "a@b.example"),
        EMAIL_ALONE,
        [
            "same email",
            "name differs: 'A' here, 'B' there",
        ],
    ),
    (
        "a job of the same client",
        _party("Roof", parent="Acme"),
        _party("roof", parent="ACME"),
        NAME_ALONE,
        ["same name"],
    ),
    ("archived there", _party(), _party(active=False), NAME_ALONE, ["same name", "archived there"]),
    ("archived here", _party(active=False), _party(), NAME_ALONE, ["same name"]),
]


@pytest.mark.parametrize(
    ("ours", "theirs", "confidence", "evidence"), [row[1:] for row in MATCHES], ids=[row[0] for row in MATCHES]
)
def test_a_pair_is_proposed_with_its_reasons(
    ours: Party, theirs: Party, confidence: Decimal, evidence: list[str]
) -> None:
    expected = Proposal(ours="1", theirs="1", confidence=confidence, evidence=tuple(evidence))
    assert propose([ours], [theirs]) == (expected,)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        pytest.param(_party("Acme"), _party("Apex"), id="other names"),
        pytest.param(_party("A", "a@b.example"), _party("B", "c@b.example"), id="other emails"),
        pytest.param(_party("A", tax="12-345"), _party("B", tax="12-345"), id="a tax number that is a placeholder"),
        pytest.param(_party("A", tax="123456"), _party("B", tax="1234567"), id="other tax numbers"),
        pytest.param(_party("A", reference=""), _party("B", reference=""), id="no number kept"),
        pytest.param(_party("Roof", parent="Acme"), _party("Roof", parent="Apex"), id="jobs of two clients"),
        pytest.param(_party("Roof", parent="Acme"), _party("Roof"), id="a job and a client"),
    ],
)
def test_nothing_is_proposed_without_a_reason(ours: Party, theirs: Party) -> None:
    assert propose([ours], [theirs]) == ()


def test_jobs_of_two_clients_with_one_name_and_one_email_are_not_the_same() -> None:
    proposals = propose([_party("Roof", "a@b.example", parent="X")], [_party("Roof", "a@b.example", parent="Y")])
    evidence = ("same email", "name differs: 'X:Roof' here, 'Y:Roof' there")
    assert proposals == (Proposal(ours="1", theirs="1", confidence=EMAIL_ALONE, evidence=evidence),)


def test_a_tax_number_has_at_least_six_signs() -> None:
    assert propose([_party("A", tax="12345")], [_party("B", tax="12345")]) == ()
    assert len(propose([_party("A", tax="12345x")], [_party("B", tax="1 2345-X")])) == 1


def test_the_surest_reason_wins_and_leaves_the_others_nothing() -> None:
    proposals = propose(
        [_party("Acme", id="1", reference="7"), _party("Apex", id="2")],
        [_party("Acme", id="a"), _party("Apex", id="b", reference="7")],
    )
    assert [(one.ours, one.theirs, one.confidence, one.ambiguous) for one in proposals] == [("1", "b", EXACT, False)]


def test_proposals_come_surest_first_then_in_the_order_of_ids() -> None:
    ours = [
        _party("C", id="3"),
        _party("B", "b@b.example", id="2"),
        _party("A", id="1"),
        _party("D", "d@b.example", id="0"),
    ]
    theirs = [
        _party("A", id="x"),
        _party("B", "b@b.example", id="y"),
        _party("C", id="z"),
        _party("E", "d@b.example", id="w"),
    ]
    assert [(one.ours, one.theirs) for one in propose(ours, theirs)] == [("2", "y"), ("1", "x"), ("3", "z"), ("0", "w")]


def test_two_entities_that_fit_are_proposed_as_a_question() -> None:
    proposals = propose([_party(id="1")], [_party(id="a"), _party(id="b")])
    assert [(one.theirs, one.ambiguous) for one in proposals] == [("a", True), ("b", True)]


def test_two_customers_that_fit_are_proposed_as_a_question() -> None:
    proposals = propose([_party(id="1"), _party(id="2")], [_party(id="a")])
    assert [(one.ours, one.ambiguous) for one in proposals] == [("1", True), ("2", True)]


PARTIES = st.lists(
    st.builds(
        Party,
        id=st.uuids().map(str),
        name=st.sampled_from(["Acme", "ACME ", "Apex", "Roof"]),
        email=st.sampled_from([None, "a@b.example", "A@b.example", "c@d.example"]),
        tax_number=st.sampled_from([None, "123456", "12 34 56", "12"]),
        reference=st.sampled_from([None, "C-1", "c-1", "C-2"]),
        parent=st.sampled_from([None, "Acme", "Apex"]),
        active=st.booleans(),
    ),
    max_size=5,
)


@given(ours=PARTIES, theirs=PARTIES)
def test_law_a_sure_proposal_is_the_only_one_for_both(ours: list[Party], theirs: list[Party]) -> None:
    proposals = propose(ours, theirs)
    for one in proposals:
        rivals = [other for other in proposals if other.ours == one.ours or other.theirs == one.theirs]
        assert one.ambiguous is (len(rivals) > 1)
        assert one.evidence
    assert propose(list(reversed(ours)), list(reversed(theirs))) == proposals
