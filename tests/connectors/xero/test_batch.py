"""Lanes, packed requests and the outcome of each element."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.connectors.xero.batch import lane_of, pack, read_answer
from service.core.errors import (
    AuthorizationLost,
    ConnectorError,
    DuplicateName,
    OutcomeUnknown,
    RateLimited,
    Rejected,
)
from service.core.intent import Operation
from service.core.ports import Element, EntityKind, Outcome, Request, Written
from tests.connectors.xero.answers import recorded, reply

NO_ID = "00000000-0000-0000-0000-000000000000"


def _element(kind: EntityKind, operation: Operation, remote_id: str | None = None, **body: Any) -> Element:
    return Element(kind=kind, operation=operation, body=body, remote_id=remote_id)


def _create(*names: str) -> Request:
    return pack([_element(EntityKind.CUSTOMER, Operation.CREATE, Name=name) for name in names], key="k")


def _names(outcomes: tuple[Outcome, ...]) -> list[str]:
    return [o.record.name or "" if isinstance(o, Written) else type(o).__name__ for o in outcomes]


# --- lanes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "operation", "lane", "size"),
    [
        (EntityKind.CUSTOMER, Operation.CREATE, "contacts.create", 50),
        (EntityKind.CONTACT, Operation.CREATE, "contacts.create", 50),
        (EntityKind.CUSTOMER, Operation.UPDATE, "contacts.update", 50),
        (EntityKind.CUSTOMER, Operation.ARCHIVE, "contacts.update", 50),
        (EntityKind.INVOICE, Operation.CREATE, "invoices.create", 50),
        (EntityKind.INVOICE, Operation.VOID, "invoices.update", 50),
        (EntityKind.PAYMENT, Operation.CREATE, "payments.create", 50),
        (EntityKind.PAYMENT, Operation.DELETE, "payments.change", 1),
    ],
)
def test_elements_of_one_collection_and_verb_ride_together(
    kind: EntityKind, operation: Operation, lane: str, size: int
) -> None:
    found = lane_of(_element(kind, operation, "id"))
    assert (found.name, found.size) == (lane, size)


def test_fifty_elements_never_make_a_request_that_is_too_large() -> None:
    small = _element(EntityKind.INVOICE, Operation.CREATE, Description="x" * 60_000)
    large = _element(EntityKind.INVOICE, Operation.CREATE, Description="東" * 30_000)
    assert len(pack([small] * 50, key="k").content.encode()) <= 3_500_000
    assert (lane_of(large).name, lane_of(large).size) == ("invoices.create.large", 1)


# --- requests ---------------------------------------------------------------------------------------------------------


def test_contacts_are_created_with_put_and_an_error_per_element() -> None:
    request = _create("Ash", "Béla 東")
    assert (request.method, request.path, request.key) == ("PUT", "/api.xro/2.0/Contacts", "k")
    assert request.query == (("summarizeErrors", "false"),)
    assert request.content == '{"Contacts":[{"Name":"Ash"},{"Name":"Béla 東"}]}'
    assert request.content_type == "application/json"


def test_an_update_names_the_entity_in_each_element_and_never_goes_without() -> None:
    elements = [_element(EntityKind.CUSTOMER, Operation.UPDATE, f"id-{n}", Name=f"N{n}") for n in (1, 2)]
    request = pack(elements, key="k")
    assert request.method == "POST"
    assert json.loads(request.content) == {
        "Contacts": [{"ContactID": "id-1", "Name": "N1"}, {"ContactID": "id-2", "Name": "N2"}]
    }
    with pytest.raises(ValueError, match="names the entity"):
        pack([*elements, _element(EntityKind.CUSTOMER, Operation.UPDATE, Name="N3")], key="k")


def test_invoices_keep_four_decimals_and_amounts_are_plain_numbers() -> None:
    request = pack([_element(EntityKind.INVOICE, Operation.CREATE, UnitAmount=Decimal("10.1230"))], key="k")
    assert request.query == (("summarizeErrors", "false"), ("unitdp", "4"))
    assert request.content == '{"Invoices":[{"UnitAmount":10.123}]}'


def test_a_payment_is_taken_back_alone() -> None:
    element = _element(EntityKind.PAYMENT, Operation.DELETE, "p1", Status="DELETED")
    request = pack([element], key="k")
    assert (request.method, request.path, request.query) == ("POST", "/api.xro/2.0/Payments/p1", ())
    assert request.content == '{"Payments":[{"PaymentID":"p1","Status":"DELETED"}]}'
    with pytest.raises(ValueError, match="lane"):
        pack([element, element], key="k")


@pytest.mark.parametrize(
    "elements",
    [
        [],
        [_element(EntityKind.CUSTOMER, Operation.CREATE), _element(EntityKind.INVOICE, Operation.CREATE)],
        [_element(EntityKind.CUSTOMER, Operation.CREATE), _element(EntityKind.CUSTOMER, Operation.UPDATE, "x")],
        [_element(EntityKind.CUSTOMER, Operation.CREATE)] * 51,
    ],
)
def test_what_does_not_belong_together_is_not_packed(elements: list[Element]) -> None:
    with pytest.raises(ValueError, match="one lane"):
        pack(elements, key="k")


# --- answers ----------------------------------------------------------------------------------------------------------


def test_each_element_succeeds_or_fails_alone() -> None:
    answer = read_answer(_create("Ash Ltd", "Bay Ltd", "Cob Ltd"), reply(recorded("contacts_put_mixed")), count=3)
    assert _names(answer.outcomes) == ["Ash Ltd", "DuplicateName", "Cob Ltd"]
    refused = answer.outcomes[1]
    assert isinstance(refused, DuplicateName)
    assert refused.field == "name"
    assert refused.provider_code == "ValidationException"
    assert answer.request_id == "5d2a8a10-0b57-4b1c-9df3-4c0d6a6a0001"
    assert answer.status == 200


def test_a_call_refused_for_one_element_says_nothing_sure_of_the_others() -> None:
    request = _create("Ash Ltd", "Bay Ltd")
    answer = read_answer(request, reply(recorded("validation_exception"), 400, X_Correlation_Id="c"), count=2)
    assert _names(answer.outcomes) == ["OutcomeUnknown", "Rejected"]
    unknown, refused = answer.outcomes
    assert isinstance(unknown, OutcomeUnknown)
    assert unknown.answered is True
    assert isinstance(refused, Rejected)
    assert refused.code == "duplicate_number"
    assert refused.message.startswith("Email address must be valid. The Account Number")
    assert refused.request_id == "c"


def test_a_refused_single_call_is_that_elements_refusal_whatever_it_is_called() -> None:
    answer = read_answer(_create("Something else"), reply(recorded("validation_exception"), 400), count=1)
    assert _names(answer.outcomes) == ["Rejected"]


@pytest.mark.parametrize("body", ['{"Type":"PostDataInvalidException","Message":"JSON was invalid"}', "<html>", ""])
def test_a_call_refused_whole_refuses_every_element(body: str) -> None:
    answer = read_answer(_create("A", "B"), reply(body, 400), count=2)
    assert _names(answer.outcomes) == ["ValidationFailed", "ValidationFailed"]


def test_a_key_that_belongs_to_other_bytes_leaves_the_outcome_open() -> None:
    body = {"Message": "The idempotency key 'k' is used with a different request"}
    with pytest.raises(OutcomeUnknown) as caught:
        read_answer(_create("A"), reply(body, 400), count=1)
    assert caught.value.answered is True


@pytest.mark.parametrize(("status", "said"), [(404, "Rejected"), (412, "ValidationFailed"), (413, "ValidationFailed")])
def test_a_status_that_refuses_the_call_refuses_every_element_and_says_nothing_is_gone(status: int, said: str) -> None:
    answer = read_answer(_create("A", "B"), reply("nothing here", status), count=2)
    assert _names(answer.outcomes) == [said, said]


@pytest.mark.parametrize("body", ["", "<html>", '{"Contacts":', "{}", '{"Contacts":null}', '{"Contacts":[1]}', "[]"])
def test_a_success_that_cannot_be_read_leaves_the_outcome_open(body: str) -> None:
    with pytest.raises(OutcomeUnknown) as caught:
        read_answer(_create("A"), reply(body), count=1)
    assert caught.value.answered is False


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, AuthorizationLost),
        (403, AuthorizationLost),
        (429, RateLimited),
        (500, OutcomeUnknown),
        (503, OutcomeUnknown),
        (302, OutcomeUnknown),
    ],
)
def test_other_statuses_concern_the_whole_call(status: int, error: type[ConnectorError]) -> None:
    with pytest.raises(error) as caught:
        read_answer(_create("A"), reply("", status), count=1)
    if error is OutcomeUnknown:
        assert caught.value.answered is True


@pytest.mark.parametrize(
    ("shown", "outcomes"),
    [
        ([{"ContactID": "b", "Name": "B"}, {"ContactID": "a", "Name": "A"}], ["A", "B"]),
        ([{"ContactID": "b", "Name": "B"}], ["OutcomeUnknown", "B"]),
        ([{"ContactID": "a"}, {"ContactID": "b"}], ["", ""]),
        ([{"ContactID": NO_ID, "Name": "A"}, {"ContactID": "b", "Name": " b "}], ["OutcomeUnknown", "b"]),
        ([{"ContactID": "a", "Name": "A", "StatusAttributeString": "ERROR"}, {"ContactID": "b", "Name": "B"}],
         ["ValidationFailed", "B"]),
        ([{"ContactID": "a", "Name": "A", "ValidationErrors": [{"Message": "No."}]}, {"ContactID": "b", "Name": "B"}],
         ["ValidationFailed", "B"]),
        ([{"ContactID": "a", "Name": "A", "ValidationErrors": None}, {"ContactID": "b", "Name": "B"}], ["A", "B"]),
        ([{"ContactID": "a", "Name": "A", "HasErrors": True}, {"ContactID": "b", "Name": "B"}],
         ["ValidationFailed", "B"]),
    ],
)  # fmt: skip
def test_answers_are_matched_to_what_was_sent(shown: list[Any], outcomes: list[str]) -> None:
    answer = read_answer(_create("A", "B"), reply({"Contacts": shown}), count=2)
    assert _names(answer.outcomes) == outcomes


_ELEMENTS = st.lists(
    st.dictionaries(
        st.sampled_from(["ContactID", "Name", "ValidationErrors", "HasValidationErrors", "ContactStatus"]),
        st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just([{"Message": "x"}]) | st.just([1]),
    ),
    max_size=4,
)


@given(_ELEMENTS, st.sampled_from([200, 400]), st.integers(1, 4))
def test_there_is_an_outcome_per_element_whatever_the_answer_holds(
    shown: list[dict[str, Any]], status: int, count: int
) -> None:
    body = {"Contacts": shown, "Elements": shown}
    answer = read_answer(_create(*"ABCD"[:count]), reply(body, status), count=count)
    assert len(answer.outcomes) == count
    assert status == 200 or not any(isinstance(outcome, Written) for outcome in answer.outcomes)
