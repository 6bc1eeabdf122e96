"""What customers and invoices look like in the ledger."""

from __future__ import annotations

from collections.abc import Mapping

from service.core.ports import EntityKind, Mapper
from service.mapping.settings import Demands
from tests.contract.ledger_mapping.customer import CustomerMapper
from tests.contract.ledger_mapping.invoice import InvoiceMapper

MAPPERS: Mapping[EntityKind, Mapper] = {
    EntityKind.CUSTOMER: CustomerMapper(),
    EntityKind.INVOICE: InvoiceMapper(),
}
#: A row needs no choice of anybody.
DEMANDS = Demands(entries=frozenset(), sections=frozenset())
