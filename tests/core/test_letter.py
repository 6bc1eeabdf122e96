"""Who carries a letter: the package that reaches exactly the right people, else our own mail, else nobody and why."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from service.core.letter import NO_MAIL, Offer, Reach, Way, choose, mismatch, refusal_of, seal_of
from service.core.model import InvoiceStatus, Recipients

A, B, C, D = (f"{name}@elm.example" for name in "abcd")
MEANT = Recipients(to=(A, B), cc=(C,), why="contact")
ADDRESSES = st.lists(st.sampled_from([A, B, C, D]), unique=True, max_size=4).map(tuple)


def offer(to: tuple[str, ...] = (A, B), cc: tuple[str, ...] = (C,), **more: object) -> Offer:
    """Return what the package Books could do."""
    given = {"connection_id": "1", "package": "Books", "reach": Reach(to=to, cc=cc), **more}
    return Offer(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reach", "told"),
    [
        (Reach(to=(A, B), cc=(C,)), None),
        (Reach(to=(B.upper(), A), cc=(C,)), None),  # case and order say nothing about who is meant
        (Reach(to=(A, B)), f"Books would leave out {C}."),
        (Reach(to=(A, B, D), cc=(C,)), f"Books would also mail {D}."),
        (Reach(to=(A, B), cc=(C,), hidden=(D,)), f"Books would also mail {D}."),
        (Reach(to=(A, B, C)), f"Books would put {C} into To instead of Cc."),
        (Reach(to=(A,), cc=(B, C)), f"Books would put {B} into Cc instead of To."),
        (
            Reach(to=(D,), cc=(A, C)),
            f"Books would leave out {B}, and also mail {D}, and put {A} into Cc instead of To.",
        ),
        (Reach(fault="The invoice has no address in Books."), "The invoice has no address in Books."),
    ],
)
def test_how_a_package_would_miss_the_people_is_said(reach: Reach, told: str | None) -> None:
    assert mismatch(offer(reach=reach), MEANT) == told


def test_what_a_mapper_could_not_carry_explains_the_difference() -> None:
    found = mismatch(offer(to=(A,), losses=("Books has 100 characters for To.",)), MEANT)
    assert found == f"Books would leave out {B}. Books has 100 characters for To."


@given(ADDRESSES, ADDRESSES, ADDRESSES, ADDRESSES, ADDRESSES)
def test_a_package_carries_it_only_if_nobody_is_left_out_added_or_moved(
    to: tuple[str, ...],
    cc: tuple[str, ...],
    there_to: tuple[str, ...],
    there_cc: tuple[str, ...],
    hidden: tuple[str, ...],
) -> None:
    cc, there_cc = (
        tuple(one for one in copies if one not in first) for first, copies in ((to, cc), (there_to, there_cc))
    )
    meant = Recipients(to=to, cc=cc)
    found = choose(meant, [offer(reach=Reach(to=there_to, cc=there_cc, hidden=hidden))], own_mail=True)
    exact = set(to) == set(there_to) and set(cc) == set(there_cc) and set(hidden) <= {*to, *cc}
    assert (found.way is Way.PACKAGE) == exact


def test_the_first_package_that_reaches_them_carries_it() -> None:
    offers = [offer(to=(A,), connection_id="1"), offer(connection_id="2"), offer(connection_id="3")]
    assert (choose(MEANT, offers, own_mail=True).connection_id, choose(MEANT, offers, own_mail=True).way) == (
        "2",
        Way.PACKAGE,
    )
    own = choose(MEANT, offers, own_mail=True, prefers_package=False)
    assert (own.way, own.connection_id, own.why) == (Way.OWN, "1", "It goes by our own mail, with Books's PDF.")


def test_what_is_behind_there_is_neither_mailed_nor_attached() -> None:
    behind = offer(behind="INV-1 is not in Books yet.")
    found = choose(MEANT, [behind], own_mail=True)
    assert (found.way, found.connection_id) == (Way.OWN, None)
    assert found.why == "INV-1 is not in Books yet. It goes by our own mail, without a PDF."
    strict = choose(MEANT, [behind], own_mail=True, needs_document=True)
    assert (strict.possible, strict.why) == (False, "INV-1 is not in Books yet. It is not sent without its PDF.")
    assert choose(
        MEANT, [], own_mail=True, needs_document=True
    ).possible  # without a package there is no PDF to wait for
    bare = choose(MEANT, [offer(to=(A,), documents=False)], own_mail=True, needs_document=True)
    assert bare.why == "No package has its PDF. It is not sent without its PDF."


def test_without_a_mail_server_it_says_what_is_missing_and_why() -> None:
    assert choose(MEANT, [], own_mail=False).why == NO_MAIL
    found = choose(MEANT, [offer(to=(A,))], own_mail=False)
    assert (found.possible, found.why) == (False, f"Books would leave out {B}. {NO_MAIL}")


@pytest.mark.parametrize(
    ("status", "to", "told"),
    [
        (InvoiceStatus.DRAFT, (A,), "INV-1 is draft; only an approved invoice can be sent."),
        (InvoiceStatus.VOIDED, (A,), "INV-1 is voided; only an approved invoice can be sent."),
        (InvoiceStatus.APPROVED, (), "INV-1 has no recipient: give its customer an email, or choose who receives it."),
        (InvoiceStatus.APPROVED, (A,), None),
        (InvoiceStatus.PAID, (A,), None),
    ],
)
def test_what_can_not_be_mailed_by_anybody(status: InvoiceStatus, to: tuple[str, ...], told: str | None) -> None:
    assert refusal_of(number="INV-1", status=status, recipients=Recipients(to=to)) == told


def test_a_seal_breaks_with_people_and_with_the_way() -> None:
    choice = choose(MEANT, [offer()], own_mail=True)
    own = choose(MEANT, [offer()], own_mail=True, prefers_package=False)
    seals = {
        seal_of(MEANT, choice),
        seal_of(MEANT, own),
        seal_of(structs.replace(MEANT, to=(A, B, C), cc=()), choice),
        seal_of(structs.replace(MEANT, cc=(D,)), choice),
        seal_of(MEANT, replace(choice, connection_id="2")),
    }
    assert len(seals) == 5
    assert seal_of(structs.replace(MEANT, why="otherwise"), choice) in seals
