"""An office for the table of fault codes, and what brings each fault about: by the package's own rule, or by order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

from sandbox.common.faults import FaultRule
from service.core.ports import EntityKind
from service.store.sync_models import ConnectionRow
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office

#: Writes to the books, and nothing else that is posted.
WRITES = {"method": "PUT|POST", "path": "api.xro|v3/company"}

CUSTOMER, INVOICE, PAYMENT = EntityKind.CUSTOMER, EntityKind.INVOICE, EntityKind.PAYMENT


@dataclass
class Desk:
    """One office at one package, used by all rows: each makes records of its own."""

    office: Office
    bookkeeper: Bookkeeper
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    known: list[str] = field(default_factory=list)

    @property
    def sandbox(self) -> Any:
        """The package."""
        return self.office.package.sandbox

    def name(self, word: str = "Cedar") -> str:
        """Return a name that nobody has."""
        return f"{word} {next(self.numbers)}"

    def client(self) -> str:
        """Return a customer that is there, the same one each time."""
        if not self.known:
            self.known.append(self.customer())
        return self.known[0]

    def customer(self, **fields: Any) -> str:
        """Add a customer and send it."""
        made = self.office.add_customer(**{"name": self.name(), **fields})
        self.sync()
        return made

    def invoice(self, customer: str | None = None, **fields: Any) -> str:
        """Issue an invoice and send it."""
        made = self.office.add_invoice(customer or self.client(), **fields)
        self.sync()
        return made

    def sync(self) -> str:
        """Sync; return how it went."""
        run = self.office.sync()
        assert run.state in ("succeeded", "partial"), run.problem
        return str(run.state)

    def order(self, detail: str, code: str | None = None, **more: Any) -> None:
        """Have the package refuse the next element that is written."""
        rule = {"kind": "elements", **WRITES, "element": ".", "message": detail, "code": code, **more}
        self.sandbox.faults.add(FaultRule.from_json(rule))

    def status(self, status: int, **more: Any) -> None:
        """Have the package answer the next write with a status."""
        self.sandbox.faults.add(FaultRule.from_json({"kind": "status", "status": status, **WRITES, **more}))


@dataclass(frozen=True)
class Red:
    """One row: a code, what brings it about, and what a person then reads and can do."""

    package: str
    code: str | None  #: as it stands with the question, for support
    cause: str
    bring_about: Callable[[Desk], tuple[str, EntityKind]]
    kind: str
    says: str  #: ``{name}`` is what our record is called
    offers: str
    before: Callable[[Desk], None] | None = None  #: what the sentence asks a person to do at the package first
    answer: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Return what the row is called."""
        return f"{self.package} {self.code} {self.cause}".replace(" ", "_")


@dataclass(frozen=True)
class Passing:
    """A code that needs nobody: a sync later, at most after the rest that the package wants, all is green."""

    package: str
    code: str
    cause: str
    fault: dict[str, Any] = field(default_factory=dict)
    meanwhile: Callable[[Desk, str], None] | None = None  #: done at the package while our write arrives

    @property
    def id(self) -> str:
        """Return what the row is called."""
        return f"{self.package} {self.code} {self.cause}".replace(" ", "_")


@dataclass(frozen=True)
class Broken:
    """A code of the connection: it is said once, and reconnecting or paying makes all green again."""

    package: str
    code: str
    cause: str
    break_it: Callable[[Desk], None]
    mend: Callable[[Desk], None]
    state: str
    says: str

    @property
    def id(self) -> str:
        """Return what the row is called."""
        return f"{self.package} {self.code} {self.cause}".replace(" ", "_")


def new_customer(detail: str, code: str | None = None) -> Callable[[Desk], tuple[str, EntityKind]]:
    """A new customer that the package refuses with a code."""

    def bring_about(desk: Desk) -> tuple[str, EntityKind]:
        desk.order(detail, code)
        return desk.customer(), CUSTOMER

    return bring_about


def new_invoice(detail: str, code: str | None = None) -> Callable[[Desk], tuple[str, EntityKind]]:
    """A new invoice that the package refuses with a code."""

    def bring_about(desk: Desk) -> tuple[str, EntityKind]:
        customer = desk.client()
        desk.order(detail, code)
        return desk.invoice(customer), INVOICE

    return bring_about


def changed_customer(detail: str, code: str | None = None) -> Callable[[Desk], tuple[str, EntityKind]]:
    """A change of a customer that the package refuses with a code."""

    def bring_about(desk: Desk) -> tuple[str, EntityKind]:
        customer = desk.customer()
        desk.order(detail, code)
        desk.office.edit_customer(customer, phone="+1 415 555 0100")
        desk.sync()
        return customer, CUSTOMER

    return bring_about


def changed_invoice(detail: str, code: str | None = None) -> Callable[[Desk], tuple[str, EntityKind]]:
    """A change of an invoice that the package refuses with a code."""

    def bring_about(desk: Desk) -> tuple[str, EntityKind]:
        invoice = desk.invoice()
        desk.order(detail, code)
        desk.office.edit_invoice(invoice, reference="PO 77")
        desk.sync()
        return invoice, INVOICE

    return bring_about


def new_payment(detail: str, code: str | None = None) -> Callable[[Desk], tuple[str, EntityKind]]:
    """A new payment that the package refuses with a code."""

    def bring_about(desk: Desk) -> tuple[str, EntityKind]:
        invoice = desk.invoice()
        desk.order(detail, code)
        made = desk.office.pay(invoice, "10")
        desk.sync()
        return made, PAYMENT

    return bring_about


def refused_with(status: int) -> Callable[[Desk], tuple[str, EntityKind]]:
    """A new customer of whom the whole call is refused with a status."""

    def bring_about(desk: Desk) -> tuple[str, EntityKind]:
        desk.status(status, message="Told to.")
        return desk.customer(), CUSTOMER

    return bring_about


def name_of_a_vendor(desk: Desk) -> tuple[str, EntityKind]:
    """The bookkeeper adds a vendor, we a customer of that name, before the feed tells."""
    name = desk.name()
    customer = desk.office.add_customer(name=name)
    with desk.office.during_the_next_write(partial(desk.bookkeeper.add_vendor, name)):
        desk.sync()
    desk.sync()
    return customer, CUSTOMER


def closed_before(desk: Desk, *, year: bool = False, known: bool = False) -> tuple[str, EntityKind]:
    """A new invoice dated in a period that is closed there.

    :param known: the lists were read since it was closed.
    """
    customer = desk.client()
    desk.sync()
    lock(desk, "2026-10-31", year=year, known=known)
    return desk.invoice(customer, issue_date="2026-10-15", due_date="2026-10-30"), INVOICE


def closed_since(desk: Desk, *, known: bool = False) -> tuple[str, EntityKind]:
    """A change of an invoice whose period was closed since."""
    invoice = desk.invoice(issue_date="2026-10-15", due_date="2026-10-30")
    lock(desk, "2026-10-31", known=known)
    desk.office.edit_invoice(invoice, reference="PO 77")
    desk.sync()
    lock(desk, None)
    return invoice, INVOICE


def lock(desk: Desk, day: str | None, *, year: bool = False, known: bool = True) -> None:
    """Close the books up to a day, or open them; known is that once the lists are read again, before the next sync."""
    if desk.sandbox.name == "xero":
        desk.office.act(
            "lock", **({"year": day} if year else {"period": day} if day else {"period": None, "year": None})
        )
    else:
        desk.office.act("close_books", to=day)
    if known:
        with desk.office.platform.database.write() as session:
            session.get_one(ConnectionRow, desk.office.connection_id).reference_at = None


def number_taken(desk: Desk) -> tuple[str, EntityKind]:
    """A new invoice whose number another customer's has there."""
    number, other = f"N-{next(desk.numbers)}", desk.customer()
    there = desk.office.remote_id(other)
    if desk.sandbox.name == "xero":
        lines = [{"Description": "x", "Quantity": 1, "UnitAmount": 5, "AccountCode": "200"}]
        fields = {"InvoiceNumber": number, "LineItems": lines, "Status": "AUTHORISED", "DueDate": "2026-12-22"}
        desk.office.act("create_invoice", contact=there, fields=fields)
        desk.office.act("edit_invoice", invoice=number, fields={"Status": "VOIDED"})
    else:
        desk.office.act("set_company", settings={"custom_numbers": True})
        line = {"DetailType": "SalesItemLineDetail", "Amount": 5, "SalesItemLineDetail": {"ItemRef": {"value": "1"}}}
        body = {"CustomerRef": {"value": there}, "DocNumber": number, "Line": [line]}
        desk.office.act("create", kind="Invoice", fields=body)
    return desk.invoice(number=number), INVOICE


def account_number_taken(desk: Desk) -> tuple[str, EntityKind]:
    """A new customer whose number a contact has there that is nobody's."""
    number = f"A-{next(desk.numbers)}"
    desk.office.act("create_contact", fields={"Name": desk.name("Elm"), "AccountNumber": number})
    return desk.customer(number=number), CUSTOMER


def archived_unseen(desk: Desk) -> tuple[str, EntityKind]:
    """A change of a customer who is archived there just before it arrives."""
    customer = desk.customer()
    there = desk.office.remote_id(customer)
    desk.office.edit_customer(customer, phone="+1 415 555 0100")
    with desk.office.during_the_next_write(partial(desk.bookkeeper.archive, there)):
        desk.sync()
    return customer, CUSTOMER


def customer_archived_unseen(desk: Desk) -> tuple[str, EntityKind]:
    """A new invoice of a customer who is archived there just before it arrives."""
    customer = desk.customer()
    there = desk.office.remote_id(customer)
    with desk.office.during_the_next_write(partial(desk.bookkeeper.archive, there)):
        invoice = desk.invoice(customer)
    desk.bookkeeper.restore(there)
    return invoice, INVOICE


def paid_there(desk: Desk) -> tuple[str, EntityKind]:
    """A change of the lines of an invoice that is paid there in part."""
    invoice = desk.invoice()
    line = {"description": "Other work", "quantity": "1", "unit_price": "80"}
    desk.office.edit_invoice(invoice, lines=[line])
    there = desk.office.remote_id(invoice, INVOICE)
    with desk.office.during_the_next_write(partial(desk.bookkeeper.pay, there, "10")):
        desk.sync()
    return invoice, INVOICE


def paid_twice(desk: Desk) -> tuple[str, EntityKind]:
    """A payment of ours that the bookkeeper has recorded there already."""
    invoice = desk.invoice()
    there = desk.office.remote_id(invoice, INVOICE)
    due = str(desk.bookkeeper.invoice(there)["due"])
    payment = desk.office.pay(invoice, due)
    with desk.office.during_the_next_write(partial(desk.bookkeeper.pay, there, due)):
        desk.sync()
    return payment, PAYMENT


def deposited(desk: Desk) -> tuple[str, EntityKind]:
    """A payment taken back here that a bank deposit contains there."""
    invoice = desk.invoice()
    payment = desk.office.pay(invoice, "10")
    desk.sync()
    desk.office.act("deposit_payment", id=desk.office.remote_id(payment, PAYMENT))
    desk.sync()
    desk.office.take_back(payment)
    desk.sync()
    return payment, PAYMENT


def owing(desk: Desk) -> tuple[str, EntityKind]:
    """A customer archived here who owes something there that we do not know of."""
    customer = desk.customer()
    desk.order("Delete List Has Balance Error : This customer cannot be deleted.", "6220")
    desk.office.archive(customer)
    desk.sync()
    return customer, CUSTOMER


def nested_too_deep(desk: Desk) -> tuple[str, EntityKind]:
    """A fifth level of ours below a client that the bookkeeper hung below another there."""
    name = desk.name()
    chain = [desk.office.add_customer(name=name)]
    for level in "abcd":
        chain.append(desk.office.add_customer(name=f"{name} {level}", parent_id=chain[-1]))
    desk.order("You can nest customers up to 5 levels.", "6180", body=f"{name} d")
    desk.sync()
    return chain[-1], CUSTOMER


def gone_below(desk: Desk) -> tuple[str, EntityKind]:
    """A change of a customer that is gone there, untold by the feed."""
    customer = desk.customer()
    desk.bookkeeper.vanish(desk.office.remote_id(customer))
    desk.office.edit_customer(customer, phone="+1 415 555 0100")
    desk.sync()
    return customer, CUSTOMER


def blank_email(desk: Desk) -> tuple[str, EntityKind]:
    """A new customer with an address that the package finds fault with."""
    desk.order("Email address must be valid.")
    return desk.customer(), CUSTOMER


def in_another_currency(code: str) -> Callable[[Desk], tuple[str, EntityKind]]:
    """A new invoice in a currency that the package's company does not have."""

    def bring_about(desk: Desk) -> tuple[str, EntityKind]:
        customer = desk.customer(currency=code)
        return desk.invoice(customer), INVOICE

    return bring_about


def customer_in_another_currency(code: str) -> Callable[[Desk], tuple[str, EntityKind]]:
    """A new customer in a currency that the package's company does not have."""

    def bring_about(desk: Desk) -> tuple[str, EntityKind]:
        return desk.customer(currency=code), CUSTOMER

    return bring_about


def currency_changed(before: str, after: str) -> Callable[[Desk], tuple[str, EntityKind]]:
    """A customer who is there in one currency and has another one here since."""

    def bring_about(desk: Desk) -> tuple[str, EntityKind]:
        customer = desk.customer(currency=before)
        desk.office.edit_customer(customer, currency=after)
        desk.sync()
        return customer, CUSTOMER

    return bring_about
