"""Echoes: what the feed shows because of our own writes is told from what somebody else did there."""

from __future__ import annotations

from msgspec import structs

from service.core.ports import Family, RemoteRecord
from service.sync.echoes import Echoes

ANSWERED = RemoteRecord(family=Family.CUSTOMER, remote_id="1", version="7", active=True, payload={"Name": "Ash"})
EDITED = structs.replace(ANSWERED, version="8", payload={"Name": "Ash Ltd"})


def test_only_what_is_shown_as_it_was_answered_is_explained_also_when_it_is_shown_again() -> None:
    echoes = Echoes(page_size=100)
    echoes.expect(Family.CUSTOMER, "1", ANSWERED)
    echoes.expect(Family.INVOICE, "1")
    assert (echoes.explains(ANSWERED), echoes.explains(EDITED), echoes.expects(EDITED)) == (True, False, True)
    assert not echoes.explains(structs.replace(ANSWERED, family=Family.INVOICE)), "moved, and never answered"
    echoes.were_shown(frozenset({Family.CUSTOMER}))
    assert (echoes.explains(ANSWERED), echoes.explains(EDITED), echoes.expects(EDITED)) == (True, False, False)
    assert echoes, "the invoice has not been shown"
    echoes.were_shown(None)
    assert not echoes


def test_documents_that_money_was_taken_back_from_are_remembered_until_their_family_is_read() -> None:
    echoes = Echoes(page_size=100)
    echoes.freed |= {(Family.INVOICE, "1"), (Family.CREDIT_NOTE, "2")}
    echoes.were_shown(frozenset({Family.INVOICE}))
    assert echoes.freed == {(Family.CREDIT_NOTE, "2")}


def test_a_family_is_read_once_its_echoes_begin_to_fill_a_page() -> None:
    echoes = Echoes(page_size=4)
    for number in range(3):
        assert not echoes.crowded
        echoes.expect(Family.CUSTOMER, str(number))
    assert echoes.crowded == {Family.CUSTOMER}
