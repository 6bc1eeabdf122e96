"""What a person does on the package's own pages, while the connected app looks elsewhere.

Each action is one function ``(sandbox, company, arguments) -> JSON``; its name in the control API is the function's.
Common arguments: ``realm`` (default: the first company) and ``id``, or ``name`` for customers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields as dataclass_fields
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sandbox.common.sandbox import ActionError
from sandbox.quickbooks import documents, faults, ledger, names, payments
from sandbox.quickbooks.clean import number
from sandbox.quickbooks.company import Company, CompanySettings, Row, ref_id
from sandbox.quickbooks.fields import SALES_FORMS, WRITABLE
from sandbox.quickbooks.operations import Write, run
from sandbox.quickbooks.render import rendered

if TYPE_CHECKING:
    from sandbox.quickbooks.server import QuickBooksSandbox

EDITOR = "Emily Platt"  #: the bookkeeper; stale updates are told this name

Arguments = Mapping[str, Any]
Action = Callable[["QuickBooksSandbox", Company, Arguments], Any]


def act(sandbox: QuickBooksSandbox, action: str, arguments: Arguments) -> Any:
    """Do the named action.

    :raises ActionError: for an unknown action, company or record, a missing argument, or a rule of the books.
    """
    known = ACTIONS.get(action)
    if known is None:
        raise ActionError(f"no action {action!r}; there are: {', '.join(sorted(ACTIONS))}")
    realm = str(arguments.get("realm", next(iter(sandbox.companies))))
    company = sandbox.companies.get(realm)
    if company is None:
        raise ActionError(f"no company {realm}")
    try:
        return known(sandbox, company, arguments)
    except faults.Fault as fault:
        raise ActionError(f"{fault.code} {fault.detail}") from fault
    except KeyError as missing:
        raise ActionError(f"the action {action!r} needs {missing}") from missing


def _row(company: Company, arguments: Arguments, kind: str | None = None) -> Row:
    kind = kind or str(arguments.get("kind", "Customer"))
    if "id" in arguments:
        return company.require(kind, str(arguments["id"]))
    return named(company, kind, str(arguments["name"]))


def named(company: Company, kind: str, name: str) -> Row:
    """Return the row of this name.

    :raises ActionError: when there is none.
    """
    row = next((row for row in company.rows(kind) if row.name == name), None)
    if row is None:
        raise ActionError(f"no {kind} named {name!r}")
    return row


def _save(company: Company, row: Row, fields: Mapping[str, Any]) -> dict[str, Any]:
    body = {**fields, "Id": row.id, "SyncToken": str(row.token), "sparse": True}
    return run(company, Write(kind=row.kind, operation="update", body=body), editor=EDITOR)


def edit(_: QuickBooksSandbox, company: Company, arguments: Arguments) -> Any:
    """Change ``fields`` of a record of ``kind`` (default Customer)."""
    return _save(company, _row(company, arguments), arguments["fields"])


def rename(_: QuickBooksSandbox, company: Company, arguments: Arguments) -> Any:
    """Give a customer (or ``kind``) the display name ``to``."""
    return _save(company, _row(company, arguments), {"DisplayName": arguments["to"]})


def deactivate(_: QuickBooksSandbox, company: Company, arguments: Arguments) -> Any:
    """Make a record inactive; the pages even out an open balance with a credit memo instead of refusing.

    With ``keep_name`` the name is not changed yet and still blocks, as it is seen for a while after the click.
    """
    row = _row(company, arguments)
    name = row.name
    before = company.settings.balance_blocks_deactivation
    company.settings.balance_blocks_deactivation = False
    try:
        answer = _save(company, row, {"Active": False})
    finally:
        company.settings.balance_blocks_deactivation = before
    if arguments.get("keep_name"):
        return rendered(company, company.save(row, {**row.body, "DisplayName": name}, editor=EDITOR))
    return answer


def reactivate(_: QuickBooksSandbox, company: Company, arguments: Arguments) -> Any:
    """Make a record active again, without the suffix unless ``keep_name``."""
    row = _row(company, arguments)
    changes: dict[str, Any] = {"Active": True}
    if not arguments.get("keep_name") and " (deleted" in row.name:
        changes["DisplayName"] = row.name[: row.name.rindex(" (deleted")]
    return _save(company, row, changes)


def create(_: QuickBooksSandbox, company: Company, arguments: Arguments) -> Any:
    """Create a record of ``kind`` with ``fields``."""
    kind = str(arguments["kind"])
    if kind not in WRITABLE:
        raise ActionError(f"no {kind} can be created")
    return run(company, Write(kind=kind, operation="create", body=arguments["fields"]), editor=EDITOR)


def create_customer(sandbox: QuickBooksSandbox, company: Company, arguments: Arguments) -> Any:
    """Create a customer with ``fields``, or with just a ``name``."""
    return _create_named(sandbox, company, "Customer", arguments)


def create_vendor(sandbox: QuickBooksSandbox, company: Company, arguments: Arguments) -> Any:
    """Create a vendor with ``fields``, or with just a ``name``."""
    return _create_named(sandbox, company, "Vendor", arguments)


def _create_named(sandbox: QuickBooksSandbox, company: Company, kind: str, arguments: Arguments) -> Any:
    fields = arguments.get("fields") or {"DisplayName": arguments["name"]}
    return create(sandbox, company, {"kind": kind, "fields": fields})


def merge(_: QuickBooksSandbox, company: Company, arguments: Arguments) -> Any:
    """Merge customer ``loser`` into ``winner`` (ids): the loser is gone, its documents and sub-customers move.

    ``feed_delay`` seconds later (default at once) the change feed tells that the loser is deleted.
    """
    winner = company.require("Customer", str(arguments["winner"]))
    loser = company.require("Customer", str(arguments["loser"]))
    if names.is_at_or_above(company, loser, winner):
        raise ActionError("a customer cannot be merged into itself or into one below it")
    if winner.body["CurrencyRef"] != loser.body["CurrencyRef"]:
        raise ActionError("customers of two currencies cannot be merged")
    for child in company.children_of(loser.id):
        names.check_place(company, winner, height=names.height(company, child.id))
    to_winner = {"value": winner.id}
    for row in company.documents_of(loser.id):
        company.save(row, {**row.body, "CustomerRef": to_winner}, editor=EDITOR)
    for child in company.children_of(loser.id):
        company.save(child, {**child.body, "ParentRef": to_winner}, editor=EDITOR)
    when = company.now() + timedelta(seconds=float(arguments.get("feed_delay", 0)))
    company.remove(loser, when=when, silent=True)
    company.touch(winner)
    company.tell(winner, "Merge", deleted_id=loser.id)
    return rendered(company, winner)


def make_project(_: QuickBooksSandbox, company: Company, arguments: Arguments) -> Any:
    """Turn a sub-customer into a project, which the API can't."""
    row = _row(company, arguments, "Customer")
    if not ref_id(row.body, "ParentRef") or company.children_of(row.id):
        raise ActionError("a project is a sub-customer without sub-customers of its own")
    return rendered(company, company.save(row, {**row.body, "IsProject": True}, editor=EDITOR))


def pay(_: QuickBooksSandbox, company: Company, arguments: Arguments) -> Any:
    """Record a payment of ``amount`` (default: all that is open) on ``invoice`` (id); ``ref`` and ``date`` if given."""
    invoice = company.require("Invoice", str(arguments["invoice"]))
    left = ledger.open_amount(company, invoice)
    amount = number(str(arguments["amount"]), "amount") if "amount" in arguments else left
    applied = min(amount or ledger.ZERO, left)
    body = {
        "CustomerRef": {"value": ref_id(invoice.body, "CustomerRef")},
        "TotalAmt": amount,
        "TxnDate": arguments.get("date", company.today()),
        "PaymentRefNum": str(arguments.get("ref", "")),
        "Line": [{"Amount": applied, "LinkedTxn": [{"TxnId": invoice.id, "TxnType": "Invoice"}]}],
    }
    return rendered(company, payments.write(company, body, editor=EDITOR))


def credit(_: QuickBooksSandbox, company: Company, arguments: Arguments) -> Any:
    """Write a credit memo over ``amount`` for the customer of ``invoice`` (id) and apply it to the invoice."""
    invoice = company.require("Invoice", str(arguments["invoice"]))
    amount = number(str(arguments["amount"]), "amount") or ledger.ZERO
    customer = {"value": ref_id(invoice.body, "CustomerRef")}
    line = {
        "DetailType": "SalesItemLineDetail",
        "Amount": amount,
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}, "TaxCodeRef": {"value": "NON"}},
    }
    memo = documents.write(company, "CreditMemo", {"CustomerRef": customer, "Line": [line]}, editor=EDITOR)
    ends = (("Invoice", invoice.id), ("CreditMemo", memo.id))
    lines = [{"Amount": amount, "LinkedTxn": [{"TxnId": end, "TxnType": kind}]} for kind, end in ends]
    joined = payments.write(company, {"CustomerRef": customer, "TotalAmt": 0, "Line": lines}, editor=EDITOR)
    return {"CreditMemo": memo.id, "Payment": joined.id}


def _gone(company: Company, row: Row, operation: str) -> Any:
    body = {"Id": row.id, "SyncToken": str(row.token)}
    return run(company, Write(kind=row.kind, operation=operation, body=body), editor=EDITOR)


def void(_: QuickBooksSandbox, company: Company, arguments: Arguments) -> Any:
    """Void an invoice or a payment: ``kind`` and ``id``."""
    return _gone(company, _row(company, arguments, str(arguments["kind"])), "void")


def delete(_: QuickBooksSandbox, company: Company, arguments: Arguments) -> Any:
    """Delete a document: ``kind`` and ``id``."""
    return _gone(company, _row(company, arguments, str(arguments["kind"])), "delete")


def void_invoice(_: QuickBooksSandbox, company: Company, arguments: Arguments) -> Any:
    """Void an invoice."""
    return _gone(company, company.require("Invoice", str(arguments["id"])), "void")


def delete_payment(_: QuickBooksSandbox, company: Company, arguments: Arguments) -> Any:
    """Delete a payment."""
    return _gone(company, company.require("Payment", str(arguments["id"])), "delete")


def deposit_payment(_: QuickBooksSandbox, company: Company, arguments: Arguments) -> Any:
    """Put a payment on a bank deposit: from then on it can't be changed (6540)."""
    row = company.require("Payment", str(arguments["id"]))
    return rendered(company, company.save(row, {**row.body, "Deposited": True}, editor=EDITOR))


def send(_: QuickBooksSandbox, company: Company, arguments: Arguments) -> Any:
    """Mail a document (default ``kind`` Invoice), to ``to`` if given."""
    kind = str(arguments.get("kind", "Invoice"))
    if kind not in SALES_FORMS:
        raise ActionError(f"{kind} can't be sent")
    to = str(arguments["to"]) if "to" in arguments else None
    return rendered(company, documents.send(company, kind, str(arguments["id"]), to, editor=EDITOR))


def close_books(_: QuickBooksSandbox, company: Company, arguments: Arguments) -> Any:
    """Close the books up to and with day ``to``; null opens them."""
    to = arguments["to"]
    company.settings.books_closed = date.fromisoformat(str(to)) if to else None
    return {"books_closed": to}


def set_company(_: QuickBooksSandbox, company: Company, arguments: Arguments) -> Any:
    """Change company settings: ``settings`` holds fields of CompanySettings that are texts, flags or numbers."""
    known = {field.name for field in dataclass_fields(CompanySettings)} - {"zone", "books_closed"}
    for name, value in arguments["settings"].items():
        if name not in known:
            raise ActionError(f"no setting {name!r}; there are: {', '.join(sorted(known))}")
        setattr(company.settings, name, value)
    return dict(arguments["settings"])


def add_currency(_: QuickBooksSandbox, company: Company, arguments: Arguments) -> Any:
    """Switch multicurrency on, for good, and the currency ``code``."""
    company.settings.multicurrency = True
    code = str(arguments["code"])
    if not company.has_currency(code):
        company.insert("CompanyCurrency", {"Code": code, "Name": code, "Active": True}, editor=EDITOR)
    return {"code": code}


def misstore(_: QuickBooksSandbox, company: Company, arguments: Arguments) -> Any:
    """Store the next invoice with these ``fields``, whatever it says, as no QuickBooks should; amounts are Decimal."""
    company.misstored.update(arguments["fields"])
    return {}


def disconnect(sandbox: QuickBooksSandbox, company: Company, _: Arguments) -> Any:
    """Disconnect the app from the company on the Apps page."""
    return {"ended": sandbox.tokens.disconnect(company.realm)}


def expire_tokens(sandbox: QuickBooksSandbox, _company: Company, _: Arguments) -> Any:
    """End all access tokens now; refresh tokens go on."""
    sandbox.tokens.expire_access()
    return {}


def choose_company(sandbox: QuickBooksSandbox, company: Company, _: Arguments) -> Any:
    """Make ``realm`` the company that consent is given for by default."""
    sandbox.consent_realm = company.realm
    return {"realm": company.realm}


def configure_webhooks(sandbox: QuickBooksSandbox, _company: Company, arguments: Arguments) -> Any:
    """Post changes to ``url`` (null: nowhere) from now on, in ``form`` cloudevents or legacy."""
    sandbox.webhooks.url = arguments["url"]
    sandbox.webhooks.form = str(arguments.get("form", sandbox.webhooks.form))
    return {"url": sandbox.webhooks.url, "form": sandbox.webhooks.form}


ACTIONS: Mapping[str, Action] = {
    action.__name__: action
    for action in (
        edit,
        rename,
        deactivate,
        reactivate,
        create,
        create_customer,
        create_vendor,
        merge,
        make_project,
        pay,
        credit,
        void,
        delete,
        void_invoice,
        delete_payment,
        deposit_payment,
        send,
        close_books,
        set_company,
        add_currency,
        misstore,
        disconnect,
        expire_tokens,
        choose_company,
        configure_webhooks,
    )
}
