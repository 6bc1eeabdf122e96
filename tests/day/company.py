"""One connection during the day: its records here, its company there, and the people on both sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from sandbox.common.sandbox import Sandbox
from service.store.records import CustomerRow
from tests.day.post import Told
from tests.sync.bookkeeper import Bookkeeper, digits
from tests.sync.office import Office


class Hand(Bookkeeper):
    """A person at one company of a package."""

    def __init__(self, package: Sandbox, tenant_id: str) -> None:
        """Sit down at a company."""
        super().__init__(package)
        self._tenant_id = tenant_id

    def _act(self, action: str, **arguments: Any) -> Any:
        where = "organisation" if self._xero else "realm"
        return self._package.act(action, {where: self._tenant_id, **arguments})


@dataclass
class Books:
    """An office with one connection, and what both sides were meant to hold."""

    office: Office
    tenant_id: str
    random: Random
    ours: list[str] = field(default_factory=list)  #: customers that only we edit
    theirs: list[str] = field(default_factory=list)  #: customers that only the bookkeeper edits
    phones: dict[str, str] = field(default_factory=dict)  #: customer -> the last number anybody gave it
    invoices: int = 0
    told: list[Told] = field(default_factory=list)  #: what the bookkeeper changed
    revoked: bool = False

    @property
    def package(self) -> Sandbox:
        """The stand-in on the other side."""
        return self.office.package.sandbox

    def add(self) -> None:
        """Take on a customer here; every third gets an invoice."""
        number = len(self.ours) + len(self.theirs)
        client = self.office.add_customer(name=f"{self.tenant_id[-4:]} Client {number:03}", phone=self._number())
        (self.ours if number % 2 else self.theirs).append(client)
        self.phones[client] = self._last
        if number % 3 == 0:
            self.office.add_invoice(client)
            self.invoices += 1

    def add_many(self, count: int) -> None:
        """Take over a list of customers, a sync of some minutes."""
        for number in range(count):
            client = self.office.add_customer(name=f"{self.tenant_id[-4:]} List {number:04}", phone=self._number())
            self.phones[client] = self._last

    def edit_here(self) -> None:
        """Give a customer another number here."""
        client = self.random.choice(self.ours)
        self.office.edit_customer(client, phone=self._number())
        self.phones[client] = self._last

    def edit_there(self) -> None:
        """Let the bookkeeper give the next customer another number, if it is there yet.

        By turns, so that no customer is changed twice before anybody looks: that would be one find for two events.
        """
        client = self.theirs[len(self.told) % len(self.theirs)]
        link = self.office.link(client)
        if link is None or link.remote_id is None:
            return
        Hand(self.package, self.tenant_id).edit(link.remote_id, phone=self._number())
        self.phones[client] = self._last
        self.told.append((self.tenant_id, link.remote_id, self.package.clock().replace(microsecond=0)))

    def revoke(self) -> None:
        """Let the user take the permission away."""
        Hand(self.package, self.tenant_id).disconnect()
        self.revoked = True

    def missing(self) -> list[str]:
        """Return the customers whose number is not the last one given, on either side."""
        shown = self._shown()
        return [
            client
            for client, phone in self.phones.items()
            if {digits(self._here(client)), digits(shown.get(self.office.remote_id(client)))} != {digits(phone)}
        ]

    def doubled(self) -> list[str]:
        """Return names that exist more than once there, and kinds of which there are too many or too few."""
        package: Any = self.package
        if package.name == "xero":
            books = package.organisations[self.tenant_id]
            names = [one["Name"] for one in books.contacts.values()]
            invoices = len(books.invoices)
        else:
            books = package.companies[self.tenant_id]
            names = [row.body["DisplayName"] for row in books.rows("Customer")]
            invoices = len(list(books.rows("Invoice")))
        found = [name for name in set(names) if names.count(name) > 1]
        if len(names) != len(self.phones):
            found.append(f"{len(names)} customers instead of {len(self.phones)}")
        if invoices != self.invoices:
            found.append(f"{invoices} invoices instead of {self.invoices}")
        return found

    def _here(self, client: str) -> str | None:
        return self.office.ours(CustomerRow, client).phone

    def _shown(self) -> Mapping[str, str | None]:
        """Return the numbers at the package, by remote id."""
        package: Any = self.package
        if package.name == "xero":
            return {
                remote_id: _xero_phone(one) for remote_id, one in package.organisations[self.tenant_id].contacts.items()
            }
        rows = package.companies[self.tenant_id].rows("Customer")
        return {row.id: (row.body.get("PrimaryPhone") or {}).get("FreeFormNumber") for row in rows}

    def _number(self) -> str:
        self._last = f"+1 510 {self.random.randrange(200, 999)} {self.random.randrange(1000, 9999)}"
        return self._last


def _xero_phone(contact: Mapping[str, Any]) -> str:
    phone = (contact.get("Phones") or {}).get("DEFAULT") or {}
    return " ".join(phone.get(f"Phone{part}") or "" for part in ("CountryCode", "AreaCode", "Number"))
