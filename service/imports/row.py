"""One row as a new customer: its texts put into the shapes that every other way of adding a customer uses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from service.core.model import CustomerKind
from service.core.snapshot import clean_country
from service.mapping.columns import PEOPLE, Cells, split_name
from service.mapping.settings import terms_code
from service.records.errors import Fault, Invalid
from service.records.inputs import CustomerInput

_YES = {"yes", "y", "true", "1", "x"}
_NO = {"no", "n", "false", "0"}
_COUNTRY = re.compile("[A-Z]{2}")
_LISTED = re.compile(r"[,;\s]+")
_TEXTS = (
    "number",
    "first_name",
    "last_name",
    "phone",
    "mobile",
    "fax",
    "website",
    "vat_number",
    "ean_number",
    "sales_rep",
    "shipping_method",
)
#: What a job's row may say of the client that only its path names.
_SHARED = ("kind", "email", "other_emails", "phone", "mobile", "currency", "billing_address", "contacts")
#: Who a company's address of mail belongs to where a list names nobody: every company has somebody to write to.
UNNAMED_CONTACT = "Accounts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a row asks for."""

    path: tuple[str, ...]  #: names from the client down; the last one is its own
    email: str | None
    values: Mapping[str, Any]  #: fields of a customer but name and parent, not checked yet
    tax_level: str | None

    @property
    def label(self) -> str:
        """What to call it."""
        return ":".join(self.path)

    @property
    def kind(self) -> CustomerKind:
        """Whether the row describes a company or a person."""
        kind: CustomerKind = self.values["kind"]
        return kind

    @property
    def people(self) -> list[dict[str, Any]]:
        """The people that the row names."""
        people: list[dict[str, Any]] = self.values["contacts"]
        return people

    def above(self) -> Asked:
        """Return what the row tells of the clients and jobs in its path that have no row of their own."""
        told = {name: self.values[name] for name in _SHARED if name in self.values}
        return Asked(path=self.path, email=self.email, values=told, tax_level=None)

    def customer(self, *, name: str, parent_id: str | None, kind: CustomerKind, **more: Any) -> CustomerInput:
        """Return it as a customer to be added.

        :raises Invalid: values that can't be stored, each by its field.
        """
        values = {**self.values, "kind": kind, "name": name, "parent_id": parent_id, **more}
        if kind is CustomerKind.COMPANY and parent_id is None:
            values["contacts"] = _with_somebody(self.people, self.email)
        try:
            return CustomerInput.model_validate(values)
        except ValidationError as error:
            told: dict[str, str] = {}  # by message: one text may stand in several fields
            for fault in error.errors(include_url=False, include_context=False, include_input=False):
                told.setdefault(fault["msg"].removeprefix("Value error, "), ".".join(str(one) for one in fault["loc"]))
            raise Invalid([Fault(path, message) for message, path in told.items()]) from None


def read_row(cells: Cells, *, has_paths: bool) -> Asked:
    """Read the texts of a row.

    :raises Invalid: a text that has no meaning in its field.
    """
    faults: list[Fault] = []
    values: dict[str, Any] = {name: cells[name] for name in _TEXTS if cells.get(name)}
    emails = _listed(cells.get("email", "")) + _listed(cells.get("other_emails", ""))
    values |= {"email": emails[0] if emails else None, "other_emails": emails[1:]}
    if cells.get("currency"):
        values["currency"] = cells["currency"].upper()
    if cells.get("payment_terms"):
        values["payment_terms"] = terms_code(cells["payment_terms"])
    if cells.get("discount_percent"):
        values["discount_percent"] = cells["discount_percent"].rstrip("% ")
    if cells.get("status"):
        values["status"] = cells["status"].casefold().replace(" ", "_")
    if cells.get("is_customer"):
        values["is_customer"] = _truth(cells["is_customer"], faults)
    for which in ("billing", "shipping"):
        values[f"{which}_address"] = _address(cells, which, faults)
    values["contacts"] = [person for number in PEOPLE if (person := _person(cells, number))]
    values["kind"] = _kind(cells, faults)
    path = _path(cells, values, faults, has_paths=has_paths)
    if values["kind"] is CustomerKind.INDIVIDUAL and len(path) == 1 and not values.keys() & {"first_name", "last_name"}:
        values |= {
            part: text for part, text in zip(("first_name", "last_name"), split_name(path[0]), strict=True) if text
        }
    if faults:
        raise Invalid(faults)
    return Asked(path=path, email=values["email"], values=values, tax_level=cells.get("tax_level") or None)


def _path(cells: Cells, values: Mapping[str, Any], faults: list[Fault], *, has_paths: bool) -> tuple[str, ...]:
    name = cells.get("name") or " ".join(values[part] for part in ("first_name", "last_name") if values.get(part))
    above = [part.strip() for part in cells.get("parent", "").split(":")] if cells.get("parent") else []
    path = (*above, *((part.strip() for part in name.split(":")) if has_paths else (name,)))
    if not all(path):
        faults.append(Fault("name", "A name is needed." if not name else f"'{name}' has an empty part."))
    return path


def _kind(cells: Cells, faults: list[Fault]) -> CustomerKind:
    told = cells.get("kind", "").casefold()
    if not told:
        has_own_name = bool(cells.get("first_name") or cells.get("last_name"))
        return CustomerKind.INDIVIDUAL if has_own_name and not cells.get("name") else CustomerKind.COMPANY
    if told not in set(CustomerKind):
        faults.append(Fault("kind", f"'{cells['kind']}' is neither company nor individual."))
        return CustomerKind.COMPANY
    return CustomerKind(told)


def _truth(text: str, faults: list[Fault]) -> bool:
    folded = text.casefold()
    if folded not in _YES | _NO:
        faults.append(Fault("is_customer", f"'{text}' is neither yes nor no."))
    return folded in _YES


def _address(cells: Cells, which: str, faults: list[Fault]) -> dict[str, str | None] | None:
    told = {
        part: cells.get(f"{which}_{part}") or None
        for part in ("line1", "line2", "line3", "line4", "city", "region", "postal_code", "country")
    }
    if not any(told.values()):
        return None
    lines = [line for part in ("line1", "line2", "line3", "line4") if (line := told.pop(part))]
    told["line1"], told["line2"] = (lines[0] if lines else None), (", ".join(lines[1:]) or None)
    told["country"] = code = clean_country(told["country"])
    if code is not None and not _COUNTRY.fullmatch(code):
        faults.append(Fault(f"{which}_country", f"'{code}' is no country that we know."))
    return told


def _person(cells: Cells, number: int) -> dict[str, Any]:
    told: dict[str, Any] = {
        part: cells.get(f"contact{number}_{part}")
        for part in ("first_name", "last_name", "role", "phone", "mobile", "invoice_email")
    }
    emails = _listed(cells.get(f"contact{number}_email", ""))
    told |= {"email": emails[0] if emails else None, "other_emails": emails[1:]}
    found = {part: value for part, value in told.items() if value}
    if "invoice_email" in found:
        found["invoice_email"] = found["invoice_email"].casefold()
    return found if found.keys() & {"first_name", "last_name", "email"} else {}


def _with_somebody(people: list[dict[str, Any]], email: str | None) -> list[dict[str, Any]]:
    """Return a company's people so that there is somebody to write to, as far as the row tells of an address."""
    if email is None or any(person.get("first_name") and person.get("email") for person in people):
        return people
    if not people:
        return [{"first_name": UNNAMED_CONTACT, "email": email}]
    first, *others = people
    return [{"first_name": UNNAMED_CONTACT, "email": email, **first}, *others]


def _listed(text: str) -> list[str]:
    return list(dict.fromkeys(part for part in _LISTED.split(text) if part))
