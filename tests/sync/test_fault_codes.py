"""Every fault code the packages document: what it says to an accountant, what can be done, and that doing it helps.

Rows are of three sorts. A *question* turns one record red: its sentence and answers are told, the recommended answer is
given, and the dot turns green. A code that *passes* needs nobody. A code of the *connection* is told once, there.
Where a stand-in enforces the rule itself the cause is real; else it is told to answer with the code once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.common.faults import FaultRule
from service.core.ports import EntityKind
from service.core.problem import OptionId, from_json, options, sentence
from service.store.records import CustomerRow
from service.store.sync_models import ProblemRow
from service.sync import connect
from tests.sync.fault_desk import (
    PAYMENT,
    WRITES,
    Broken,
    Desk,
    Passing,
    Red,
    account_number_taken,
    archived_unseen,
    blank_email,
    changed_customer,
    changed_invoice,
    closed_before,
    closed_since,
    currency_changed,
    customer_archived_unseen,
    customer_in_another_currency,
    deposited,
    gone_below,
    in_another_currency,
    lock,
    name_of_a_vendor,
    nested_too_deep,
    new_customer,
    new_invoice,
    new_payment,
    number_taken,
    owing,
    paid_there,
    paid_twice,
    refused_with,
)
from tests.sync.office import connection_of, reconnected

REFUSED = "{package} did not accept '{name}': "
QB, XERO = "quickbooks", "xero"


def qb(code: str, cause: str, detail: str, *, make: Any = new_customer, says: str = "", **more: Any) -> Red:
    """Return a row of a code that QuickBooks is told to answer with; it is refused and can be tried again."""
    said = {"kind": "rejected", "offers": "retry unlink", **more}
    return Red(
        QB, code, cause, make(detail, code), says=says or f"QuickBooks did not accept '{{name}}': {detail}", **said
    )


ROWS = [
    Red(QB, "6240", "a vendor has the name", name_of_a_vendor, "duplicate_name",
        "QuickBooks already has a vendor named '{name}'. Names there must differ.", "rename_ours retry unlink",
        answer={"name": "suggestion"}),
    Red(QB, "610", "a customer is gone there", gone_below, "deleted_there",
        "'{name}' no longer exists in QuickBooks, but it is still active here. Customers vanish there by being merged "
        "into another one.", "create_new link_existing archive_ours unlink"),
    qb("610", "something an invoice names is gone", "Object Not Found : Something is gone.", make=new_invoice),
    qb("700", "the parent is invalid", "The parent is below this customer."),
    qb("800", "it cannot be deleted", "It is in use.", make=changed_customer, kind="not_allowed_now",
       says="QuickBooks does not allow this change to '{name}' now: It is in use.",
       offers="keep_theirs retry unlink"),
    qb("900", "it is its own parent", "An object cannot be its own parent."),
    qb("1040", "the batch is too large", "The maximum number of items in a batch is 30."),
    qb("2010", "a property is unknown", "Property Name:Foo specified is unsupported or invalid."),
    qb("2020", "a value is missing", "Required parameter Line is missing in the request."),
    qb("2030", "an id is no number", "Invalid ID : Id should be a valid number."),
    qb("2050", "a text is too long", "Min:0 Max:100 supported. Supplied length: 4,006."),
    qb("2090", "an address is malformed", "Invalid Reference Name."),
    qb("2170", "a word is not in the list", "Invalid Enumeration : Foo."),
    qb("2500", "an item is inactive", "Invalid Reference Id : Something you're trying to use has been made inactive.",
       make=new_invoice, says="'{name}' refers to something that is not in use in QuickBooks any more: Invalid "
       "Reference Id : Something you're trying to use has been made inactive."),
    qb("4000", "a query cannot be read", "Error parsing query."),
    qb("4001", "a query is invalid", "Invalid query."),
    qb("5020", "the subscription lacks the feature", "Permission Denied Error : Feature not in this subscription."),
    qb("6000", "a rule of the business", "A project cannot contain subcustomers.",
       says="QuickBooks did not accept '{name}': Business Validation Error: A project cannot contain subcustomers."),
    qb("6070", "amounts do not add up", "Amount is not equal to UnitPrice * Qty.", make=new_invoice),
    qb("6080", "there is no name", "One of these must be non-empty."),
    qb("6100", "a line's tax code is bad", "Only TAX and NON are allowed.", make=new_invoice),
    Red(QB, "6140", "the number is taken", number_taken, "rejected",
        "QuickBooks already has another invoice with the number '{name}'. Numbers there must differ.",
        "rename_ours link_existing retry unlink", answer={"name": "suggestion"}),
    qb("6150", "job and parent do not match", "ParentRef is either required or not if Job is true or false."),
    Red(QB, "6180", "too many levels", nested_too_deep, "too_deep",
        "'{name}' lies deeper than the levels QuickBooks can hold.", "promote retry unlink"),
    Red(QB, "6210", "a new invoice lies in a closed period", closed_before, "not_allowed_now",
        "QuickBooks does not take '{name}' now: The account period has closed and the account books cannot be updated "
        "through the QBO Services API. Please use the QBO website to make these changes.", "move_date retry unlink"),
    Red(QB, "6210", "a changed invoice lies in a closed period", closed_since, "not_allowed_now",
        "QuickBooks does not allow this change to '{name}' now: The account period has closed and the account books "
        "cannot be updated through the QBO Services API. Please use the QBO website to make these changes.",
        "keep_theirs retry unlink"),
    Red(QB, None, "a new invoice lies in a period that is known to be closed",
        lambda desk: closed_before(desk, known=True), "not_allowed_now",
        "QuickBooks does not take '{name}' now: the books there are closed up to and with 2026-10-31.",
        "move_date retry unlink"),
    Red(QB, None, "a changed invoice lies in a period that is known to be closed",
        lambda desk: closed_since(desk, known=True), "not_allowed_now",
        "QuickBooks does not allow this change to '{name}' now: the books there are closed up to and with 2026-10-31.",
        "keep_theirs retry unlink"),
    Red(QB, None, "the company works in one currency only", customer_in_another_currency("EUR"), "rejected",
        "'{name}' can't be sent to QuickBooks as it is: The QuickBooks company works in USD only, and a customer keeps "
        "the currency that it is created in. Switch EUR on there first.", "retry unlink",
        before=lambda desk: desk.office.act("add_currency", code="EUR")),
    Red(QB, None, "the company does not have the currency", customer_in_another_currency("SEK"), "rejected",
        "'{name}' can't be sent to QuickBooks as it is: Blank Page Trading does not have the currency SEK in "
        "QuickBooks. Add it there first.", "retry unlink",
        before=lambda desk: desk.office.act("add_currency", code="SEK")),
    Red(QB, None, "a customer's currency was changed", currency_changed("SEK", "EUR"), "not_allowed_now",
        "QuickBooks does not allow this change to '{name}' now: QuickBooks keeps the currency that it was created in.",
        "keep_theirs retry unlink"),
    Red(QB, "6220", "an archived customer owes something", owing, "not_allowed_now",
        "QuickBooks does not allow this change to '{name}' now: Delete List Has Balance Error : This customer cannot "
        "be deleted.", "keep_theirs retry unlink"),
    Red(QB, "6540", "a payment was deposited", deposited, "not_allowed_now", "", "keep_theirs retry unlink"),
    Red(XERO, "ValidationException", "another contact has the name", name_of_a_vendor, "duplicate_name",
        "Xero already has a customer named '{name}'. Names there must differ.",
        "link_existing rename_ours retry unlink", answer={"remote_id": "first"}),
    Red(XERO, "ValidationException", "another contact has the account number", account_number_taken, "rejected",
        "Xero already has another record with the number of '{name}'. Numbers there must differ.",
        "rename_ours retry unlink", answer={"name": "suggestion"}),
    Red(XERO, "ValidationException", "another contact has our reference",
        new_customer("The Contact Number already exists. Please enter a different one."), "rejected",
        "Another record in Xero carries our reference for '{name}' already.",
        "create_new link_existing retry unlink"),
    Red(XERO, "ValidationException", "an archived contact has our reference",
        new_customer("The specified contact details matched an archived contact. Archived contacts cannot currently be"
                     " edited via the API."), "rejected",
        "Another record in Xero carries our reference for '{name}' already.",
        "create_new link_existing retry unlink"),
    Red(XERO, "ValidationException", "the contact was archived", archived_unseen, "archived_there",
        "'{name}' was archived in Xero, but it is still active here. Only a person can make it active again there.",
        "archive_ours create_new retry unlink"),
    Red(XERO, "ValidationException", "the invoice's contact was archived", customer_archived_unseen,
        "parent_not_synced", "'{name}' waits for its customer, which is archived in Xero.", "retry unlink"),
    Red(XERO, "ValidationException", "the email is malformed", blank_email, "rejected",
        REFUSED + "Email address must be valid.", "retry unlink"),
    Red(XERO, "ValidationException", "the currency is not enabled",
        new_invoice("Organisation is not subscribed to currency EUR"), "rejected",
        REFUSED + "Organisation is not subscribed to currency EUR.", "retry unlink"),
    Red(XERO, None, "the organisation does not have the currency", in_another_currency("SEK"), "rejected",
        "'{name}' can't be sent to Xero as it is: Fresh Start Ltd does not use the currency SEK in Xero. Add it there "
        "first.", "retry unlink", before=lambda desk: desk.office.act("add_currency", code="SEK")),
    Red(XERO, "ValidationException", "a line lacks its description",
        new_invoice("The description field is mandatory for each line item."), "rejected",
        REFUSED + "The description field is mandatory for each line item.", "retry unlink"),
    Red(XERO, "ValidationException", "a line's total does not match",
        new_invoice("The line total 1.00 does not match the expected line total 2.00"), "rejected",
        REFUSED + "The line total 1.00 does not match the expected line total 2.00.", "retry unlink"),
    Red(XERO, "ValidationException", "a tax type does not fit its account",
        new_invoice("The TaxType code 'X' cannot be used with account code 'Y'"), "rejected",
        REFUSED + "The TaxType code 'X' cannot be used with account code 'Y'.", "retry unlink"),
    Red(XERO, "ValidationException", "the number is taken", number_taken, "rejected",
        "Xero already has another invoice with the number '{name}'. Numbers there must differ.",
        "rename_ours retry unlink", answer={"name": "suggestion"}),
    Red(XERO, "ValidationException", "a new invoice lies in a locked period", closed_before, "not_allowed_now",
        "Xero does not take '{name}' now: The document date cannot be before the period lock date, currently set at "
        "31 October 2026.", "move_date retry unlink"),
    Red(XERO, "ValidationException", "a new invoice lies in a locked year",
        lambda desk: closed_before(desk, year=True), "not_allowed_now",
        "Xero does not take '{name}' now: The document date cannot be before the end of year lock date, currently set "
        "at 31 October 2026.", "move_date retry unlink"),
    Red(XERO, None, "a new invoice lies in a period that is known to be locked",
        lambda desk: closed_before(desk, known=True), "not_allowed_now",
        "Xero does not take '{name}' now: the books there are closed up to and with 2026-10-31.",
        "move_date retry unlink"),
    Red(XERO, None, "a changed invoice lies in a period that is known to be locked",
        lambda desk: closed_since(desk, known=True), "not_allowed_now",
        "Xero does not allow this change to '{name}' now: the books there are closed up to and with 2026-10-31.",
        "keep_theirs retry unlink"),
    Red(XERO, "ValidationException", "a changed invoice lies in a locked period",
        changed_invoice("The document date cannot be before the period lock date, currently set at 31 October 2026"),
        "not_allowed_now", "Xero does not allow this change to '{name}' now: The document date cannot be before the "
        "period lock date, currently set at 31 October 2026.", "keep_theirs retry unlink"),
    Red(XERO, "ValidationException", "an invoice is paid in part", paid_there, "not_allowed_now", "",
        "keep_theirs retry unlink"),
    Red(XERO, "ValidationException", "an invoice may not be modified",
        changed_invoice("Invoice not of valid status for modification"), "not_allowed_now",
        "Xero does not allow this change to '{name}' now: Invoice not of valid status for modification.",
        "keep_theirs retry unlink"),
    Red(XERO, "ValidationException", "more is paid than is due", paid_twice, "not_allowed_now",
        "Xero does not take '{name}' now: Payment can only be made against Authorised documents.",
        "archive_ours retry unlink"),
    Red(XERO, "ValidationException", "a payment exceeds what is due",
        new_payment("Payment amount exceeds the amount outstanding on this document"), "not_allowed_now",
        "Xero does not take '{name}' now: Payment amount exceeds the amount outstanding on this document.",
        "archive_ours retry unlink"),
    Red(XERO, "404", "the address is unknown", refused_with(404), "rejected",
        REFUSED + "Xero answered 404 to the whole request.", "retry unlink"),
    Red(XERO, "412", "a precondition failed", refused_with(412), "rejected", REFUSED + "Told to.", "retry unlink"),
    Red(XERO, "400", "the request is malformed", refused_with(400), "rejected", REFUSED + "Told to.", "retry unlink"),
]  # fmt: skip


def asked_about(desk: Desk, record_id: str, kind: EntityKind) -> ProblemRow:
    """Return the question about a record, the only one there is."""
    link = desk.office.link(record_id, kind)
    assert link is not None
    found = [row for row in desk.office.problems() if row.link_id == link.id]
    assert len(found) == 1, [row.document for row in desk.office.problems()]
    return found[0]


def given(problem: Any, answer: dict[str, str]) -> dict[str, Any]:
    """Return what an answer is given with: what the question itself suggests."""
    suggested = {"suggestion": problem.params.get("suggestion")}
    if problem.candidates:
        suggested["first"] = problem.candidates[0].remote_id
    return {name: suggested[which] for name, which in answer.items()}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_refused_record_says_why_and_its_recommended_answer_turns_it_green(
    desks: Callable[[str], Desk], row: Red
) -> None:
    desk = desks(row.package)
    record_id, kind = row.bring_about(desk)
    desk.sandbox.faults.clear()
    assert desk.office.dot(record_id, kind) == "red"
    found = asked_about(desk, record_id, kind)
    problem = from_json(found.document)
    package = desk.office.platform.provider(row.package).capabilities.package
    said = row.says.replace("{name}", str(problem.params["name"])).replace("{package}", package)
    assert (found.kind, sentence(problem)) == (row.kind, said or sentence(problem))
    assert problem.provider_code in (row.code, None)
    assert " ".join(option.id for option in options(problem)) == row.offers
    if row.before is not None:
        row.before(desk)
    first = options(problem)[0].id
    desk.office.answer(OptionId(first), found, **given(problem, row.answer))
    desk.sync()
    if desk.office.dot(record_id, kind) == "orange":
        desk.sync()
    left = [(one.kind, one.document["params"]) for one in desk.office.problems() if one.label == found.label]
    taken_back = kind is PAYMENT and first is OptionId.ARCHIVE_OURS
    assert desk.office.dot(record_id, kind) == ("none" if taken_back else "green"), left
    lock(desk, None)
    assert left == []


def edited_there(desk: Desk, remote_id: str) -> None:
    """Somebody else saves the customer at that moment."""
    desk.bookkeeper.edit(remote_id, email="new@office.example")


_ELEMENT = {"kind": "elements", "element": "."}
PASSING = [
    Passing(QB, "5010", "somebody else saved it", meanwhile=edited_there),
    Passing(QB, "600", "the request was seen before", {**_ELEMENT, "code": "600"}),
    Passing(QB, "630", "the object is there already", {**_ELEMENT, "code": "630"}),
    Passing(QB, "6000", "one name at a time",
            {**_ELEMENT, "message": "You can only add or edit one name at a time. Please try again."}),
    Passing(QB, "3200", "the token has ended", {"kind": "status", "status": 401}),
    Passing(QB, "3001", "the limit is reached", {"kind": "throttle", "retry_after": 7}),
    Passing(QB, "3001", "the limit is reached and no rest named", {"kind": "throttle"}),
    Passing(QB, "10000", "the service failed", {"kind": "status", "status": 500}),
    Passing(QB, "-30000", "the system failed", {**_ELEMENT, "code": "-30000"}),
    Passing(QB, "502", "a gateway failed", {"kind": "status", "status": 502}),
    Passing(QB, "503", "it is offline", {"kind": "status", "status": 503}),
    Passing(QB, "504", "no answer came", {"kind": "status", "status": 504, "when": "after"}),
    Passing(XERO, "401", "the token has ended", {"kind": "status", "status": 401, "message": "TokenExpired: ended"}),
    Passing(XERO, "429", "the minute's limit is reached", {"kind": "throttle", "retry_after": 7}),
    Passing(XERO, "429", "the day's limit is reached", {"kind": "throttle", "retry_after": 7200}),
    Passing(XERO, "500", "it failed before saving", {"kind": "status", "status": 500}),
    Passing(XERO, "500", "it failed after saving", {"kind": "status", "status": 500, "when": "after"}),
    Passing(XERO, "503", "it is offline", {"kind": "status", "status": 503, "retry_after": 5}),
    Passing(XERO, "400", "a key was used for other bytes",
            {"kind": "status", "status": 400, "message": "The key 'k' is used with a different request"}),
]  # fmt: skip


@pytest.mark.parametrize("row", PASSING, ids=lambda row: row.id)
def test_what_passes_by_itself_asks_nobody(desks: Callable[[str], Desk], row: Passing) -> None:
    desk = desks(row.package)
    customer = desk.client()
    there = desk.office.remote_id(customer)
    name = desk.office.ours(CustomerRow, customer).name
    desk.office.edit_customer(customer, phone=f"+1 415 555 {next(desk.numbers):04}")
    if row.meanwhile is not None:
        act = row.meanwhile
        with desk.office.during_the_next_write(lambda: act(desk, there)):
            desk.office.settled()
    else:
        desk.sandbox.faults.add(FaultRule.from_json({**WRITES, **row.fault}))
        desk.office.settled()
        assert any(seen.fault for seen in desk.sandbox.log.writes)
    desk.sandbox.log.clear()
    assert (desk.office.dot(customer), desk.office.problems()) == ("green", [])
    assert desk.bookkeeper.named(name) == [there]


def refuse_writes(status: int, **more: Any) -> Callable[[Desk], None]:
    """Have the package refuse every write with a status."""

    def refuse(desk: Desk) -> None:
        desk.status(status, count=None, **more)

    return refuse


def let_in(desk: Desk) -> None:
    """Give the connection a new consent."""
    desk.sandbox.faults.clear()
    reconnected(desk.office)


def subscribed(desk: Desk, *, yes: bool) -> None:
    """End or renew the company's subscription."""
    desk.office.act("set_company", settings={"subscribed": yes})


def paid_up(desk: Desk) -> None:
    """Renew the subscription and take up the connection again."""
    subscribed(desk, yes=True)
    where = {"organisation_id": desk.office.organisation_id, "connection_id": desk.office.connection_id}
    connect.resume(desk.office.platform, actor="user:ann", **where)


BROKEN = [
    Broken(QB, "3100", "the app is not authorised", refuse_writes(403), let_in, "needs_reauth",
           "QuickBooks does not let this app into the company. Please connect again."),
    Broken(QB, "6190", "the subscription has ended", lambda desk: subscribed(desk, yes=False), paid_up, "paused",
           "Subscription period has ended or canceled or there was a billing problem : You can't add data to "
           "QuickBooks Online Plus because your trial or subscription period ended."),
    Broken(QB, "invalid_grant", "the app was disconnected", lambda desk: desk.bookkeeper.disconnect(), let_in,
           "needs_reauth", ""),
    Broken(XERO, "401", "a scope is missing", refuse_writes(401, message="AuthorizationUnsuccessful"), let_in,
           "needs_reauth", "The app lacks a permission at Xero. Please connect again and allow it."),
    Broken(XERO, "403", "the organisation was disconnected", lambda desk: desk.bookkeeper.disconnect(), let_in,
           "needs_reauth", "Xero no longer lets this app reach the organisation. Please connect again."),
]  # fmt: skip


@pytest.mark.parametrize("row", BROKEN, ids=lambda row: row.id)
def test_a_broken_connection_says_so_once_and_goes_on_where_it_stood(desks: Callable[[str], Desk], row: Broken) -> None:
    desk = desks(row.package)
    customer = desk.client()
    desk.office.edit_customer(customer, phone=f"+1 415 555 {next(desk.numbers):04}")
    row.break_it(desk)
    desk.office.sync()
    found = connection_of(desk.office)
    assert found.problem is not None
    assert (found.state, found.problem["message"]) == (row.state, row.says or found.problem["message"])
    assert desk.office.problems() == []
    row.mend(desk)
    desk.office.settled()
    assert (desk.office.dot(customer), connection_of(desk.office).problem) == ("green", None)


#: Codes that the documentation lists and that no connector of ours can meet, each with the reason.
UNREACHABLE = {
    ("quickbooks", "120"): "the XML form of 3200; we ask for JSON, and its envelope is read by the same code",
    ("xero", "16"): "only filters in the address can be unreadable, and names are never put into one",
}


def test_every_documented_code_has_a_row() -> None:
    told = {(row.package, row.code) for rows in (ROWS, PASSING, BROKEN) for row in rows} | set(UNREACHABLE)
    quickbooks = (
        "610 600 630 700 800 900 1040 2010 2020 2050 2090 2030 2170 2500 4000 4001 5010 5020 6000 6070 6080 6100 6140"
        " 6150 6190 6210 6240 6540 3200 120 3100 3001 10000 -30000 502 503 504"
    )
    xero = "400 401 403 404 412 429 500 503 16 ValidationException"
    wanted = {("quickbooks", code) for code in quickbooks.split()} | {("xero", code) for code in xero.split()}
    assert wanted - told == set()
