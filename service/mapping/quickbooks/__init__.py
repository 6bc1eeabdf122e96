"""QuickBooks Online: what its customers, invoices and payments look like, and what they cannot hold.

``MAPPERS`` is all that the rest of the service asks for. A sub-contact has no counterpart of its own here: its billing
address, tax level and email ride on the invoice.
"""

from __future__ import annotations

from collections.abc import Mapping

from service.core.ports import EntityKind, Mapper
from service.mapping.quickbooks.allocation import AllocationMapper
from service.mapping.quickbooks.credit import CreditMapper
from service.mapping.quickbooks.customer import CustomerMapper
from service.mapping.quickbooks.invoice import InvoiceMapper
from service.mapping.quickbooks.loss import LOSSES as LOSSES
from service.mapping.quickbooks.loss import NEVER as NEVER
from service.mapping.quickbooks.payment import PaymentMapper
from service.mapping.quickbooks.refund import RefundMapper
from service.mapping.settings import DEFAULT_ITEM, SALES_ACCOUNT, Demands

MAPPERS: Mapping[EntityKind, Mapper] = {
    EntityKind.CUSTOMER: CustomerMapper(),
    EntityKind.INVOICE: InvoiceMapper(),
    EntityKind.PAYMENT: PaymentMapper(),
    EntityKind.CREDIT: CreditMapper(),
    EntityKind.ALLOCATION: AllocationMapper(),
    EntityKind.REFUND: RefundMapper(),
}

#: Sales are posted to the account of the item, payments to "Undeposited Funds" if nothing else is chosen, and terms
#: that are not mapped only leave the due date to speak for itself: an item and the tax codes are all that is needed.
#: A category is posted by its item, because lines name no account; and jobs always stand below their clients.
DEMANDS = Demands(
    entries=frozenset({DEFAULT_ITEM}),
    sections=frozenset({"taxes"}),
    unused=frozenset({SALES_ACCOUNT, "job_rule"}),
    categories="items",
)
