"""What each kind of answer means: who acts next, and what is kept of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
import responses
from quickbooks import QuickBooks

from service.connectors.quickbooks import connect
from service.connectors.quickbooks.connector import QuickBooksConnector
from service.core import errors
from service.core.intent import Operation
from service.core.ports import EntityKind, Family, Outcome, Written
from tests.connectors.quickbooks.conftest import NOW, ROOT, element, named, recorded

HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"
TID = {"intuit_tid": "1-2345-6789"}


def _fault(code: str, message: str = "", detail: str = "", element: str = "", kind: str = "ValidationFault") -> str:
    error = {"Message": message, "Detail": detail, "code": code, "element": element}
    return json.dumps({"Fault": {"Error": [error], "type": kind}, "time": "2026-11-22T01:40:00-08:00"})


def _create(connector: QuickBooksConnector) -> Outcome:
    request = connector.pack(named("Elm Street School"), key="key-1")
    (outcome,) = connector.send(request, count=1).outcomes
    return outcome


@pytest.mark.parametrize(
    ("code", "detail", "meant", "field"),
    [
        ("5010", "Stale Object Error : You and Ann were working on this", errors.StaleVersion, None),
        ("610", "Object Not Found : Another user has deleted this transaction.", errors.NotFound, "customer"),
        ("2500", "Invalid Reference Id : TaxCode element id 9 not found", errors.Rejected, "tax_level"),
        ("6140", "Duplicate Document Number Error : You must specify", errors.Rejected, "number"),
        ("6210", "The account period has closed and the account books", errors.ClosedPeriod, None),
        ("6540", "Deposited Transaction cannot be changed", errors.NotAllowedNow, None),
        ("6000", "This customer cannot be deleted: it has a non-zero balance.", errors.NotAllowedNow, None),
        ("2050", "Min:0 Max:100 supported. Supplied length: 4,006", errors.ValidationFailed, "email"),
        ("6000", "A project cannot contain subcustomers", errors.Rejected, "parent"),
        ("5020", "Permission Denied Error", errors.Rejected, None),
    ],
)
def test_a_fault_about_the_record_is_the_outcome_of_its_element(
    recorded_connector: QuickBooksConnector,
    answers: responses.RequestsMock,
    code: str,
    detail: str,
    meant: type[errors.ConnectorError],
    field: str | None,
) -> None:
    named_by = {
        "tax_level": "DefaultTaxCodeRef",
        "number": "DocNumber",
        "email": "Customer.PrimaryEmailAddr.Address",
        "parent": "ParentRef",
    }
    body = _fault(code, "Short message", detail, named_by.get(field or "", ""))
    answers.post(f"{ROOT}/customer", body=body, status=400, headers=TID)
    outcome = _create(recorded_connector)
    assert type(outcome) is meant
    assert (outcome.provider_code, outcome.request_id) == (code, "1-2345-6789")
    assert outcome.message.rstrip(".") == detail.rstrip(".")
    assert getattr(outcome, "field", None) == field


def test_a_fault_under_status_200_is_a_fault(
    recorded_connector: QuickBooksConnector, answers: responses.RequestsMock
) -> None:
    answers.post(f"{ROOT}/customer", body=recorded("fault_duplicate_name.json"), status=200)
    assert isinstance(_create(recorded_connector), errors.DuplicateName)


@pytest.mark.parametrize(
    ("status", "body", "meant"),
    [
        (401, recorded("fault_token_expired.json"), errors.AuthorizationLost),
        (401, "", errors.AuthorizationLost),
        (403, _fault("3100", "message=ApplicationAuthorizationFailed; errorCode=003100"), errors.AuthorizationLost),
        (429, recorded("fault_throttled.json"), errors.RateLimited),
        (429, recorded("fault_throttled.xml"), errors.RateLimited),
        (400, recorded("fault_throttled.xml"), errors.RateLimited),
        (400, _fault("6190", "Invalid Company Status", "Subscription period has ended"), errors.SubscriptionEnded),
        (400, _fault("6000", "", "You can only add or edit one name at a time. Please try again."), errors.Transient),
        (500, _fault("10000", "An application error has occurred", kind="SystemFault"), errors.OutcomeUnknown),
        (500, _fault("3100", "InternalServerError", kind="SERVICE"), errors.OutcomeUnknown),
        (502, HTML, errors.OutcomeUnknown),
        (503, "", errors.OutcomeUnknown),
        (200, HTML, errors.OutcomeUnknown),
        (200, '{"Customer":{"Id":"5', errors.OutcomeUnknown),
        (200, '{"time":"2026-11-22T01:40:00-08:00"}', errors.OutcomeUnknown),
        (200, "[]", errors.OutcomeUnknown),
    ],
)
def test_what_concerns_the_whole_request_is_raised(
    recorded_connector: QuickBooksConnector,
    answers: responses.RequestsMock,
    status: int,
    body: str,
    meant: type[errors.ConnectorError],
) -> None:
    answers.post(f"{ROOT}/customer", body=body, status=status, headers=TID)
    with pytest.raises(errors.ConnectorError) as raised:
        _create(recorded_connector)
    assert type(raised.value) is meant
    assert raised.value.request_id == "1-2345-6789"
    assert len(answers.calls) == 1, "a write is never repeated"
    if status >= 500:
        assert raised.value.answered


def test_the_rest_after_a_limit_is_the_one_asked_for_or_doubles_with_each_refusal(
    recorded_connector: QuickBooksConnector, answers: responses.RequestsMock
) -> None:
    body = recorded("fault_throttled.json")
    answers.post(f"{ROOT}/customer", body=body, status=429, headers={"Retry-After": "37"})
    answers.post(f"{ROOT}/customer", body=body, status=429)
    rests = []
    for _ in range(9):
        with pytest.raises(errors.RateLimited) as raised:
            _create(recorded_connector)
        assert raised.value.retry_after is not None
        rests.append(raised.value.retry_after.total_seconds())
    assert rests == [37, 2, 4, 8, 16, 32, 60, 60, 60]
    answers.replace(responses.POST, f"{ROOT}/customer", body=recorded("customer.json"))
    assert isinstance(_create(recorded_connector), Written)


@pytest.mark.parametrize(
    ("failure", "meant"),
    [
        (requests.ConnectTimeout(), errors.Transient),
        (requests.exceptions.InvalidURL(), errors.Transient),
        (requests.ReadTimeout(), errors.OutcomeUnknown),
        (requests.ConnectionError("Connection aborted."), errors.OutcomeUnknown),
        (requests.exceptions.ChunkedEncodingError(), errors.OutcomeUnknown),
    ],
)
def test_silence_is_unknown_unless_nothing_was_sent(
    recorded_connector: QuickBooksConnector,
    answers: responses.RequestsMock,
    failure: Exception,
    meant: type[errors.ConnectorError],
) -> None:
    answers.post(f"{ROOT}/customer", body=failure)
    with pytest.raises(errors.ConnectorError) as raised:
        _create(recorded_connector)
    assert type(raised.value) is meant
    assert not raised.value.answered


def test_each_item_of_a_batch_has_its_own_outcome_whatever_the_order(
    recorded_connector: QuickBooksConnector, answers: responses.RequestsMock
) -> None:
    items = [
        {"bId": "3", "Fault": json.loads(_fault("5010", "Stale Object Error"))["Fault"]},
        {"bId": "1", "Fault": json.loads(recorded("fault_duplicate_name.json"))["Fault"]},
        {"bId": "0", "Customer": {"Id": "58", "SyncToken": "0", "DisplayName": "A"}},
    ]
    answers.post(f"{ROOT}/batch", json={"BatchItemResponse": items}, headers=TID)
    request = recorded_connector.pack(named("A", "B", "C", "D"), key="key-1")
    answer = recorded_connector.send(request, count=4)
    assert [type(outcome) for outcome in answer.outcomes] == [
        Written,
        errors.DuplicateName,
        errors.OutcomeUnknown,
        errors.StaleVersion,
    ]
    assert answer.request_id == "1-2345-6789"
    assert all(o.request_id == "1-2345-6789" for o in answer.outcomes if isinstance(o, errors.ConnectorError))


def test_a_batch_of_which_every_item_meets_an_ended_subscription_breaks_the_connection(
    recorded_connector: QuickBooksConnector, answers: responses.RequestsMock
) -> None:
    fault = json.loads(_fault("6190", "Invalid Company Status", "Subscription period has ended"))["Fault"]
    items = [{"bId": str(position), "Fault": fault} for position in range(2)]
    answers.post(f"{ROOT}/batch", json={"BatchItemResponse": items})
    with pytest.raises(errors.SubscriptionEnded):
        recorded_connector.send(recorded_connector.pack(named("A", "B"), key="key-1"), count=2)


def test_a_batch_refused_as_a_whole_refuses_each_of_its_records(
    recorded_connector: QuickBooksConnector, answers: responses.RequestsMock
) -> None:
    answers.post(f"{ROOT}/batch", body=_fault("1040", "Batch size exceeds allowed limit"), status=400)
    answer = recorded_connector.send(recorded_connector.pack(named("A", "B"), key="key-1"), count=2)
    assert [type(outcome) for outcome in answer.outcomes] == [errors.Rejected, errors.Rejected]


def test_what_was_written_is_read_from_the_answer(
    recorded_connector: QuickBooksConnector, answers: responses.RequestsMock
) -> None:
    answers.post(f"{ROOT}/customer", body=recorded("customer.json"))
    written = _create(recorded_connector)
    assert isinstance(written, Written)
    record = written.record
    assert (record.remote_id, record.version, record.name, record.email) == (
        "58",
        "3",
        "Elm Street School",
        "ap@elm.example",
    )
    assert record.modified_at is not None
    assert record.modified_at.isoformat() == "2026-11-01T19:59:21+00:00"
    assert record.payload["Balance"] == "239.00", "amounts stay exact and can be stored as JSON"


def test_a_deleted_payment_comes_back_as_a_stub(
    recorded_connector: QuickBooksConnector, answers: responses.RequestsMock
) -> None:
    answers.post(f"{ROOT}/payment", json={"Payment": {"domain": "QBO", "status": "Deleted", "Id": "61"}})
    gone = element(kind=EntityKind.PAYMENT, operation=Operation.DELETE, remote_id="61", version="2")
    request = recorded_connector.pack([gone], key="key-1")
    (outcome,) = recorded_connector.send(request, count=1).outcomes
    assert isinstance(outcome, Written)
    assert outcome.record.deleted


def test_the_bytes_of_a_request_go_out_as_they_are_with_the_same_request_id(
    recorded_connector: QuickBooksConnector, answers: responses.RequestsMock
) -> None:
    answers.post(f"{ROOT}/customer", body=recorded("customer.json"))
    request = recorded_connector.pack(named("Åse & Søn \N{SNOWMAN}"), key="key-1")
    for _ in range(2):
        recorded_connector.send(request, count=1)
    sent: list[Any] = [call.request for call in answers.calls]
    assert [one.body for one in sent] == [request.content.encode()] * 2
    assert {one.params["requestid"] for one in sent} == {"key-1"}
    assert {one.params["minorversion"] for one in sent} == {"75"}
    assert {one.headers["Authorization"] for one in sent} == {"Bearer token-1"}
    assert {one.headers["Content-Type"] for one in sent} == {"application/json"}


def test_reads_are_repeated_after_a_passing_failure_but_not_after_a_limit(
    recorded_connector: QuickBooksConnector, answers: responses.RequestsMock
) -> None:
    answers.get(f"{ROOT}/customer/58", body=HTML, status=502)
    answers.get(f"{ROOT}/customer/58", body=requests.ReadTimeout())
    answers.get(f"{ROOT}/customer/58", body=recorded("customer.json"))
    found = recorded_connector.fetch(Family.CUSTOMER, "58")
    assert found is not None
    assert recorded_connector.calls_made == 3
    answers.get(f"{ROOT}/customer/59", body=recorded("fault_throttled.json"), status=429)
    with pytest.raises(errors.RateLimited):
        recorded_connector.fetch(Family.CUSTOMER, "59")
    assert recorded_connector.calls_made == 4


def test_what_quickbooks_does_not_know_is_none(
    recorded_connector: QuickBooksConnector, answers: responses.RequestsMock
) -> None:
    answers.get(f"{ROOT}/invoice/9", body=_fault("610", "Object Not Found"), status=400)
    assert recorded_connector.fetch(Family.INVOICE, "9") is None


def test_no_error_shows_the_token(recorded_connector: QuickBooksConnector, answers: responses.RequestsMock) -> None:
    answers.post(f"{ROOT}/customer", body='{"access_token":"token-1-very-secret"}', status=503)
    with pytest.raises(errors.OutcomeUnknown) as raised:
        _create(recorded_connector)
    assert "very-secret" not in f"{raised.value} {raised.value.detail}"


def test_two_connections_share_nothing(
    recorded_connector: QuickBooksConnector, answers: responses.RequestsMock
) -> None:
    before = dict(vars(QuickBooks))
    other = connect(
        urls={"api": "https://other.example/"},
        tenant_id="2",
        access_token=lambda: "token-2",
        timeout=5,
        clock=lambda: NOW,
    )
    answers.get(f"{ROOT}/customer/58", body=recorded("customer.json"))
    answers.get("https://other.example/v3/company/2/customer/58", body=recorded("customer.json"))
    for connector in (recorded_connector, other):
        assert connector.fetch(Family.CUSTOMER, "58") is not None
    sent: list[Any] = [call.request for call in answers.calls]
    assert [one.headers["Authorization"] for one in sent] == ["Bearer token-1", "Bearer token-2"]
    assert dict(vars(QuickBooks)) == before
