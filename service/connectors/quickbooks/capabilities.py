"""What QuickBooks Online can do, as data.

QuickBooks facts: developer.intuit.com, Customer (names, five levels), Batch, Query, Limits and throttles; how long a
requestid is remembered is not documented. Making a customer inactive renames it, which frees its name.
"""

from __future__ import annotations

from service.core.ports import Capabilities, EntityKind, Family, Limits
from service.core.totals import TaxRounding

BATCH_SIZE = 30
PAGE_SIZE = 1000

CAPABILITIES = Capabilities(
    package="QuickBooks",
    kinds=frozenset(EntityKind) - {EntityKind.CONTACT},
    family_of={
        EntityKind.CUSTOMER: Family.CUSTOMER,
        EntityKind.INVOICE: Family.INVOICE,
        EntityKind.PAYMENT: Family.PAYMENT,
        EntityKind.CREDIT: Family.CREDIT_NOTE,
        EntityKind.ALLOCATION: Family.PAYMENT,  # a payment of nothing that joins a credit memo and an invoice
        EntityKind.REFUND: Family.REFUND,
    },
    native_depth=5,
    on_account=True,
    names_unique_over=frozenset({Family.CUSTOMER, Family.VENDOR, Family.EMPLOYEE}),
    name_limit=500,
    inactive_names_block=False,
    merges_look_deleted=True,
    tax_rounding=TaxRounding.PER_RATE,
    name_forbidden=frozenset(":\t\r\n"),
    key_window=None,
    errors_replayed=False,
    page_size=PAGE_SIZE,
    limits=Limits(per_second=10, per_minute=500, batches_per_minute=120, concurrent=10),
)
