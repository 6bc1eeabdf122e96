"""What the package's books really hold, read past its API: the truth that a green dot is measured by."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from sandbox.common.sandbox import Sandbox
from sandbox.quickbooks.render import dumps, rendered
from sandbox.xero import contacts, invoices, payments, wire
from service.connectors import exact_json
from service.connectors.quickbooks import entity
from service.connectors.xero import record
from service.core.ports import Family, RemoteRecord

#: What our records are tied to; a package's own by-products (credit memos, say) are nobody's counterpart.
FAMILIES = (Family.CUSTOMER, Family.INVOICE, Family.PAYMENT)
Where = tuple[Family, str]

_XERO_BOOKS = {Family.CUSTOMER: "contacts", Family.INVOICE: "invoices", Family.PAYMENT: "payments"}
_XERO_VIEWS: dict[Family, Any] = {
    Family.CUSTOMER: contacts.view,
    Family.INVOICE: partial(invoices.view, places=4),  # as the connector asks for it
    Family.PAYMENT: payments.view,
}


def company_of(sandbox: Sandbox) -> Any:
    """Return the company that consent was given for: the first."""
    package: Any = sandbox
    return next(iter((package.organisations if sandbox.name == "xero" else package.companies).values()))


def ids(sandbox: Sandbox) -> set[Where]:
    """Return every entity there is, archived ones and voided documents too."""
    books = company_of(sandbox)
    if sandbox.name == "xero":
        return {(family, one) for family, kind in _XERO_BOOKS.items() for one in getattr(books, kind)}
    return {(family, row.id) for family in FAMILIES for row in books.rows(entity.NAMES[family])}


def listed(sandbox: Sandbox, family: Family) -> list[str]:
    """Return the ids of a family, in the order in which they came."""
    books = company_of(sandbox)
    if sandbox.name == "xero":
        return list(getattr(books, _XERO_BOOKS[family]))
    return [row.id for row in books.rows(entity.NAMES[family])]


def entity_of(sandbox: Sandbox, where: Where) -> RemoteRecord | None:
    """Return an entity exactly as the package would tell of it now; None if there is no such entity."""
    family, remote_id = where
    books = company_of(sandbox)
    if sandbox.name == "xero":
        stored = getattr(books, _XERO_BOOKS[family]).get(remote_id)
        if stored is None:
            return None
        shown = exact_json.read(json.dumps(wire.rendered(_XERO_VIEWS[family](books, stored))))
        shape = record.SHAPES[family]
        return record.record_of(shape, {"ContactPersons": [], **shown} if shape is record.CONTACTS else shown)
    row = books.find(entity.NAMES[family], remote_id)
    return None if row is None else entity.to_record(family, exact_json.read(dumps(rendered(books, row))))


def gone(found: RemoteRecord | None) -> bool:
    """Tell whether an entity is no more: never there, deleted, or gone up in another one."""
    return found is None or found.deleted or found.merged_into is not None
