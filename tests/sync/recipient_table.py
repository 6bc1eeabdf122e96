"""The truth table of who receives an invoice: every combination of choices, sent, and read where it arrived.

``make recipients`` writes it into docs/recipients.md, as both stand-in packages and the mail server received it.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from service.core.ports import EntityKind
from service.records import contacts, job_sites
from service.records.inputs import ContactInput, JobSiteInput
from service.store.queries.letters import letters_of_mailing
from service.store.records import InvoiceRow
from service.sync import delivering, mailing
from tests.support.smtp import MailBox, mail_server
from tests.support.source import ROOT
from tests.sync.office import Office, live, open_office, start_empty

DOCUMENT = ROOT / "docs/recipients.md"
CHOICES = ("to", "cc", "none")
TIES = ("none", "chosen", "chosen, own address", "job site", "job site, own address", "job site, its address")
PACKAGES = ("quickbooks", "xero")


@dataclass(frozen=True, slots=True)
class Case:
    """One combination: the sub-contact's choices for its own and its other addresses, and what else decides."""

    own: str
    others: str
    company: str  #: the company's choice for its own address
    tie: str  #: how the invoice comes to the sub-contact, and what billing address that brings
    override: bool

    def address(self, who: str) -> str:
        """Return somebody's address, unlike anybody else's in the table."""
        ours = f"{self.own}.{self.others}.{self.company}.{TIES.index(self.tie)}.{int(self.override)}"
        return f"{who}.{ours}@elm.example"


@dataclass(frozen=True, slots=True)
class People:
    """Who gets it, by role: ``sue`` is the sub-contact with ``a`` and ``b``, ``ap`` the company, ``ann`` primary."""

    to: tuple[str, ...]
    cc: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """What arrived of one invoice: where, and for whom."""

    by: str  #: the package, or "mail"
    to: tuple[str, ...]
    cc: tuple[str, ...]
    street: str | None = None  #: first line of the billing address that the package prints


#: What a sub-contact's two choices give by themselves; nothing where neither asks for anything.
SUB_CONTACT = {
    ("to", "to"): People(("sue", "a", "b")),
    ("to", "cc"): People(("sue",), ("a", "b")),
    ("to", "none"): People(("sue",)),
    ("cc", "to"): People(("a", "b"), ("sue",)),
    ("cc", "cc"): People(("sue",), ("a", "b")),
    ("cc", "none"): People(("sue",)),
    ("none", "to"): People(("a", "b")),
    ("none", "cc"): People(("a",), ("b",)),
}


def cases() -> list[Case]:
    """Return every combination."""
    return [Case(*one) for one in product(CHOICES, CHOICES, CHOICES, TIES, (False, True))]


def expected(case: Case) -> People:
    """Return who has to get the invoice, by the contract's order: override, contact, job site, company, primary."""
    if case.override:
        return People(("ov",), ("ovc",), "override on the invoice")
    asked = SUB_CONTACT.get((case.own, case.others))
    if case.tie != "none" and asked is not None:
        return replace(asked, why="contact of the job site" if case.tie.startswith("job") else "contact")
    if case.company != "none":
        return People(("ap",), why="company email")  # a copy alone is addressed: somebody has to be
    return People(("ann",), why="primary contact")


def expected_street(case: Case) -> str | None:
    """Return the billing address that the sub-contact brings, whoever receives the invoice."""
    return {"own address": "1 Own Road", "its address": "2 Site Road"}.get(case.tie.rpartition(", ")[2])


def furnish(office: Office, every: Iterable[Case]) -> dict[Case, str]:
    """Write the customers and invoices of cases; return the invoices' ids."""
    return {case: _invoice(office, case, number) for number, case in enumerate(every)}


def _invoice(office: Office, case: Case, number: int) -> str:
    ann = {"first_name": "Ann", "last_name": f"Lee {number}", "email": case.address("ann"), "primary": True}
    client = office.add_customer(
        name=f"Client {number}", email=case.address("ap"), invoice_email=case.company, contacts=[ann]
    )
    site = None
    with office.platform.database.write() as session:
        if case.tie.startswith("job"):
            given = JobSiteInput.model_validate({"name": f"Site {number}", "address": {"line1": "2 Site Road"}})
            site = job_sites.create_job_site(session, office.author(), client, given).id
        given_contact: dict[str, Any] = {
            "first_name": "Sue",
            "last_name": f"Ray {number}",
            "email": case.address("sue"),
            "other_emails": [case.address("a"), case.address("b")],
            "invoice_email": case.own,
            "other_emails_invoice": case.others,
            "job_site_id": site,
            "billing_address": {"line1": "1 Own Road"} if case.tie.endswith("own address") else None,
            "use_as_billing_address": case.tie.endswith("its address"),
        }
        sue = contacts.create_contact(session, office.author(), client, ContactInput.model_validate(given_contact)).id
    billed = client if site is None else office.add_customer(name=f"Job {number}", parent_id=client, job_site_id=site)
    override = {"to": [case.address("ov")], "cc": [case.address("ovc")]} if case.override else None
    chosen = sue if case.tie.startswith("chosen") else None
    return office.add_invoice(billed, contact_id=chosen, recipients_override=override)


def send_all(office: Office, box: MailBox, invoices: Iterable[str]) -> dict[str, str]:
    """Sync, ask for every letter, carry them all; return who carried each invoice, as the letters say."""
    while office.sync().state != "succeeded":
        office.platform.pause(60)
    found = {"smtp_url": SecretStr(f"smtp://127.0.0.1:{box.port}"), "mail_from": "Office <billing@office.example>"}
    platform = replace(office.platform, settings=office.platform.settings.model_copy(update=found))
    organisation_id, wanted = office.organisation_id, list(invoices)
    carried: dict[str, str] = {}
    for begin in range(0, len(wanted), mailing.MOST):
        part = wanted[begin : begin + mailing.MOST]
        asked = mailing.ask(platform, organisation_id=organisation_id, invoice_ids=part, actor="user:ann")
        assert not asked.refused, asked.refused
        while any(True for one in _letters(office, asked.mailing_id) if one[1] == "waiting"):
            delivering.deliver(platform, organisation_id)
            platform.pause(60)
        carried |= {invoice_id: way for invoice_id, _, way in _letters(office, asked.mailing_id)}
    return carried


def _letters(office: Office, mailing_id: str) -> list[tuple[str, str, str]]:
    with office.platform.database.read() as session:
        return [(one.invoice_id, one.state, one.way) for one in letters_of_mailing(session, mailing_id)]


def arrivals(office: Office, box: MailBox, invoices: dict[Case, str]) -> dict[Case, list[Received]]:
    """Return what arrived of each invoice, at the package's own mail and at the mail server."""
    remote = {office.remote_id(one, EntityKind.INVOICE): case for case, one in invoices.items()}
    by_number = {office.ours(InvoiceRow, one).number: case for case, one in invoices.items()}
    arrived: dict[Case, list[Received]] = {case: [] for case in invoices}
    every = office.package.sandbox.dump().values()
    streets = {remote[key]: street for books in every for key, street in _streets(books) if key in remote}
    for books in every:
        for mail in books["mails"]:
            case = remote[str(mail.get("InvoiceID") or mail.get("Id"))]
            assert not mail.get("Bcc")
            arrived[case].append(Received("package", tuple(mail["To"]), tuple(mail.get("Cc", ())), streets.get(case)))
    for envelope, message in box.mails:
        case = by_number[str(message["Subject"]).split()[1]]
        to, cc = (tuple(_listed(message[name])) for name in ("To", "Cc"))
        assert envelope == [*to, *cc]
        arrived[case].append(Received("mail", to, cc, streets.get(case)))
    return arrived


def _streets(books: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Yield, by invoice id, the first line of the address that a package prints: the invoice's, or its contact's."""
    if "Invoice" in books:
        yield from ((one["Id"], (one.get("BillAddr") or {}).get("Line1")) for one in books["Invoice"])
        return
    for one in books["invoices"].values():
        printed = books["contacts"][one["Contact"]["ContactID"]]["Addresses"].get("POBOX", {})
        yield one["InvoiceID"], printed.get("AddressLine1") or None


def _listed(header: Any) -> Iterator[str]:
    yield from (one.strip() for one in str(header).split(",")) if header else ()


def roles(case: Case, addresses: Iterable[str]) -> tuple[str, ...]:
    """Return whose addresses these are."""
    known = {case.address(who): who for who in ("ov", "ovc", "sue", "a", "b", "ap", "ann")}
    return tuple(sorted(known[one] for one in addresses))


def is_right(case: Case, found: list[Received]) -> bool:
    """Tell whether exactly one letter arrived, for exactly the right people, with the right address printed."""
    people = expected(case)
    wanted = (tuple(sorted(people.to)), tuple(sorted(people.cc)), expected_street(case))
    return [(roles(case, one.to), roles(case, one.cc), one.street) for one in found] == [wanted]


def play(provider: str, database_url: str, every: list[Case]) -> dict[Case, list[Received]]:
    """Send the invoices of cases with one package; return what arrived."""
    server = start_empty(provider)
    office = live(open_office(server, database_url))
    try:
        with mail_server() as box:
            invoices = furnish(office, every)
            send_all(office, box, invoices.values())
            return arrivals(office, box, invoices)
    finally:
        office.platform.database.close()
        server.stop()


WORDS = {"sue": "own", "a": "other 1", "b": "other 2", "ap": "company", "ann": "primary", "ov": "To", "ovc": "Cc"}


def row_of(case: Case) -> str:
    """Return the left half of a case's row: what is chosen, and who gets it for what reason."""
    people = expected(case)
    chosen = [case.own, case.others, case.company, case.tie, "yes" if case.override else "no"]
    got = [", ".join(WORDS[one] for one in part) or "nobody" for part in (people.to, people.cc)]
    return " | ".join([*chosen, *got, people.why])


def document(ways: dict[str, dict[Case, str]]) -> str:
    """Return the whole table as a page; ``ways`` says by package and case who carried the invoice."""
    lines = [_HEAD]
    for case in cases():
        carried = " | ".join("the package" if ways[name][case] == "package" else "own mail" for name in PACKAGES)
        lines.append(f"| {row_of(case)} | {carried} |")
    return "\n".join(lines) + "\n"


_HEAD = """# Who receives an invoice

Written by `make recipients`: each row was sent, and read where it arrived, at the mail of the stand-in package or at
a mail server. To and Cc are exact, and nobody else got it. The first five columns are what was chosen: by the
sub-contact for its own and for its other addresses, by the company for its address, how the invoice came to the
sub-contact (chosen on it, or by the job site of its job), and whether the invoice overrides the people. A sub-contact
that brings a billing address, its own or its site's, is a contact of its own in Xero; the address that is printed was
read as well. A package mails the invoice itself where it reaches exactly these people.

| own | others | company | sub-contact | override | To | Cc | decided by | QuickBooks | Xero |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"""


def main() -> int:
    """Play the table with both packages and write the document; 1 where something arrived elsewhere."""
    wrong = 0
    ways: dict[str, dict[Case, str]] = {}
    for name in PACKAGES:
        with tempfile.TemporaryDirectory() as folder:
            arrived = play(name, f"sqlite:///{Path(folder) / 'table.db'}", cases())
        for case, found in arrived.items():
            if not is_right(case, found):
                sys.stderr.write(f"{name}: {case}: expected {expected(case)}, arrived {found}\n")
                wrong += 1
        ways[name] = {case: found[0].by for case, found in arrived.items() if found}
    if not wrong:
        DOCUMENT.write_text(document(ways), encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
