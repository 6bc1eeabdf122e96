"""Xero: customers, jobs and sub-contacts as contacts, invoices, payments; both ways, with declared losses."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from service.core.ports import EntityKind, Mapper
from service.mapping.settings import Demands
from service.mapping.xero.allocation import AllocationMapper
from service.mapping.xero.credit import CreditMapper
from service.mapping.xero.customer import CustomerMapper
from service.mapping.xero.invoice import InvoiceMapper
from service.mapping.xero.loss import LOSSES as LOSSES
from service.mapping.xero.loss import NEVER as NEVER
from service.mapping.xero.payment import PaymentMapper
from service.mapping.xero.refund import RefundMapper
from service.mapping.xero.sub_contact import SubContactMapper

MAPPERS: Mapping[EntityKind, Mapper] = MappingProxyType(
    {
        EntityKind.CUSTOMER: CustomerMapper(),
        EntityKind.CONTACT: SubContactMapper(),
        EntityKind.INVOICE: InvoiceMapper(),
        EntityKind.PAYMENT: PaymentMapper(),
        EntityKind.CREDIT: CreditMapper(),
        EntityKind.ALLOCATION: AllocationMapper(),
        EntityKind.REFUND: RefundMapper(),
    }
)

#: Lines name an account and a tax type each; payments name the account they go to. Items and terms can be done without.
#: Terms are written as they are, and payments have no method there.
DEMANDS = Demands(unused=frozenset({"terms", "methods"}))
