"""What is being written when something goes wrong: one kind of change, of one record or of several at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from service.records import payments
from service.records.inputs import PaymentInput
from service.store.records import ContactRow, InvoiceRow, PaymentRow
from service.sync import reset
from tests.sync.office import Office

#: How many records a batch has.
SEVERAL = 3

Made = Sequence[str]

_BOTH = ("quickbooks", "xero")
#: Where an entity bears a reference of ours: elsewhere only a person can tell who made one of the same name.
_BEARING_OURS = ("xero",)


@dataclass(frozen=True, slots=True)
class Operation:
    """A change of ``n`` records, and what has to be there before it."""

    name: str
    before: Callable[[Office, int], Made]  #: makes what the change needs; it is synced before the change
    change: Callable[[Office, Made], Made]  #: makes the change here; returns the records it is about
    only: str | None = None  #: the one package that has such a write
    sizes: tuple[int, ...] = (1, SEVERAL)  #: of how many records at once
    touched_at: tuple[str, ...] = ()  #: where a bookkeeper may edit the records while their outcome is unknown
    throughout: bool = False  #: whether steps that have nothing to do with the write are struck as well


def _names(n: int) -> list[str]:
    return ["Cedar Vets", "Maple Dental", "Oak Bakery"][:n]


def _nobody(office: Office, n: int) -> Made:
    return [str(number) for number in range(n)]


def _clients(office: Office, n: int) -> Made:
    return [office.add_customer(name=name, phone="+1 415 555 0100") for name in _names(n)]


def _add_clients(office: Office, made: Made) -> Made:
    return _clients(office, len(made))


def _edit_clients(office: Office, made: Made) -> Made:
    for number, customer in enumerate(made):
        office.edit_customer(customer, name=f"New name {number}", mobile=f"+1 415 555 019{number}")
    return made


def _archive(office: Office, made: Made) -> Made:
    for customer in made:
        office.archive(customer)
    return made


def _archived_clients(office: Office, n: int) -> Made:
    made = _clients(office, n)
    office.settled()
    return _archive(office, made)


def _restore(office: Office, made: Made) -> Made:
    for customer in made:
        office.unarchive(customer)
    return made


def _add_jobs(office: Office, made: Made) -> Made:
    return [office.add_customer(name="Roof", parent_id=client, type="job") for client in made]


def _jobs_and_a_client(office: Office, n: int) -> Made:
    client, other = office.add_customer(name="Cedar Vets"), office.add_customer(name="Elm Books")
    jobs = [office.add_customer(name=f"Roof {number}", parent_id=client, type="job") for number in range(n)]
    return [other, *jobs]


def _move_jobs(office: Office, made: Made) -> Made:
    other, *jobs = made
    for job in jobs:
        office.edit_customer(job, parent_id=other)
    return jobs


def _add_invoices(office: Office, made: Made) -> Made:
    return [office.add_invoice(client, number=f"INV-{number}") for number, client in enumerate(made)]


def _invoices(office: Office, n: int) -> Made:
    return _add_invoices(office, _clients(office, n))


def _edit_invoices(office: Office, made: Made) -> Made:
    for number, invoice in enumerate(made):
        line = {"description": "Labour and nails", "quantity": "3", "unit_price": "150"}
        office.edit_invoice(invoice, reference=f"PO {number}", lines=[line])
    return made


def _void(office: Office, made: Made) -> Made:
    for invoice in made:
        office.void(invoice)
    return made


def _pay(office: Office, made: Made) -> Made:
    return [office.pay(invoice, "100", reference=f"R-{number}") for number, invoice in enumerate(made)]


def _pay_equally(office: Office, made: Made) -> Made:
    """Payments of one invoice that nothing tells apart."""
    invoice, *rest = made
    return [office.pay(invoice, "50") for _ in (invoice, *rest)]


def _paid(office: Office, n: int) -> Made:
    return _pay(office, _invoices(office, n))


def _take_back(office: Office, made: Made) -> Made:
    for payment in made:
        office.take_back(payment)
    return made


def _credit(office: Office, made: Made) -> Made:
    """A credit for each invoice: a note, and what it settles."""
    return [
        _recorded(office, invoice_id=invoice, amount="100", kind="credit", reference=f"C-{number}")
        for number, invoice in enumerate(made)
    ]


def _credited(office: Office, n: int) -> Made:
    return _credit(office, _invoices(office, n))


def _credits_on_account(office: Office, n: int) -> Made:
    """Credits of clients, before a refund of each."""
    clients = _clients(office, n)
    return [_recorded(office, customer_id=client, amount="80", kind="credit") for client in clients]


def _refund(office: Office, made: Made) -> Made:
    """Pay out: the credit where the package ties the two, else the customer."""
    ties = office.package.sandbox.name == "xero"
    whom = [
        {"refund_of_id": one} if ties else {"customer_id": office.ours(PaymentRow, one).customer_id} for one in made
    ]
    return [_recorded(office, amount="30", kind="refund", **one) for one in whom]


def _recorded(office: Office, **body: str) -> str:
    with office.platform.database.write() as session:
        return payments.record_payment(session, office.author(), PaymentInput.model_validate(body)).id


def _people(office: Office, customer: str) -> Sequence[ContactRow]:
    with office.platform.database.read() as session:
        return session.scalars(select(ContactRow).where(ContactRow.customer_id == customer)).all()


def _sub_contact_invoices(office: Office, made: Made) -> Made:
    """Invoices to people who get their own, at packages that know them as customers."""
    named = []
    for number, name in enumerate(_names(len(made))):
        site = {"line1": f"{number} Site Road", "city": "Hull", "country": "US"}
        people = [
            {"first_name": "Ann", "last_name": "Lee", "email": "ann@office.example", "primary": True},
            {"first_name": "Bob", "last_name": f"Ray {number}", "email": "bob@site.example", "billing_address": site},
        ]
        customer = office.add_customer(name=name, contacts=people)
        bob = next(one.id for one in _people(office, customer) if one.first_name == "Bob")
        named.append(office.add_invoice(customer, number=f"INV-{number}", contact_id=bob))
    return named


def _reset(choice: str) -> Callable[[Office, Made], Made]:
    """Return the change that gives up the counterparts and sends the records as new ones."""

    def change(office: Office, made: Made) -> Made:
        for customer in made:
            link = office.link(customer)
            assert link is not None
            reset.reset_link(
                office.platform,
                organisation_id=office.organisation_id,
                link_id=link.id,
                old_counterpart=choice,
                actor="user:sue",
            )
        return made

    return change


def _a_day(office: Office, made: Made) -> Made:
    """A client with a job, an invoice to it and a payment: a wave of each, one after the other."""
    clients = _clients(office, len(made))
    jobs = _add_jobs(office, clients)
    invoices = _add_invoices(office, jobs)
    return [*clients, *jobs, *invoices, *_pay(office, invoices)]


OPERATIONS: tuple[Operation, ...] = (
    Operation("customer-create", _nobody, _add_clients, touched_at=_BEARING_OURS, throughout=True),
    Operation("customer-update", _clients, _edit_clients, touched_at=_BOTH),
    Operation("customer-archive", _clients, _archive),
    Operation("customer-restore", _archived_clients, _restore, only="quickbooks", touched_at=_BOTH),
    Operation("job-create", _clients, _add_jobs, touched_at=_BOTH),
    Operation("job-move", _jobs_and_a_client, _move_jobs, touched_at=_BOTH),
    Operation("sub-contact-create", _nobody, _sub_contact_invoices, only="xero"),
    Operation("invoice-create", _clients, _add_invoices),
    Operation("invoice-update", _invoices, _edit_invoices),
    Operation("invoice-void", _invoices, _void),
    Operation("payment-create", _invoices, _pay, throughout=True),
    Operation("payment-equal", _invoices, _pay_equally, sizes=(SEVERAL,)),
    Operation("payment-take-back", _paid, _take_back),
    Operation("credit-create", _invoices, _credit),
    Operation("credit-take-back", _credited, _take_back),
    Operation("refund-create", _credits_on_account, _refund),
    Operation("reset-leave", _clients, _reset("leave"), sizes=(1,)),
    Operation("reset-rename", _clients, _reset("rename"), sizes=(1,)),
    Operation("reset-archive", _clients, _reset("archive"), sizes=(1,)),
    Operation("day", _nobody, _a_day, sizes=(1,)),
)


def bystanders(office: Office) -> None:
    """Make records that nothing happens to: whoever writes them again does too much."""
    client = office.add_customer(name="Birch Legal", phone="+1 415 555 0177")
    office.pay(office.add_invoice(client, number="INV-99"), "300")
    assert office.ours(InvoiceRow, office.add_invoice(client, number="INV-98")).status == "approved"
