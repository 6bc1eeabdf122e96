"""What Xero can do, declared. Xero facts: developer.xero.com, "API limits", "Idempotency", "Contacts"."""

from __future__ import annotations

from datetime import timedelta

from service.core.ports import Capabilities, EntityKind, Family, Limits

#: Elements recommended for one request.
BATCH_SIZE = 50
#: Bytes recommended for one request.
BATCH_BYTES = 3_500_000

CAPABILITIES = Capabilities(
    package="Xero",
    kinds=frozenset(EntityKind),
    family_of={
        EntityKind.CUSTOMER: Family.CUSTOMER,
        EntityKind.CONTACT: Family.CUSTOMER,
        EntityKind.INVOICE: Family.INVOICE,
        EntityKind.PAYMENT: Family.PAYMENT,
        EntityKind.CREDIT: Family.CREDIT_NOTE,
        EntityKind.ALLOCATION: Family.ALLOCATION,
        EntityKind.REFUND: Family.PAYMENT,
    },
    native_depth=1,
    # Suppliers are contacts like customers, so one family holds every name; archived contacts give theirs back.
    names_unique_over=frozenset({Family.CUSTOMER}),
    name_limit=255,
    inactive_names_block=False,
    restores_customers=False,
    unique_fields=frozenset({"number"}),
    name_forbidden=frozenset("<>"),
    key_window=timedelta(minutes=6),
    errors_replayed=True,
    page_size=1000,
    limits=Limits(per_minute=60, per_day=5000, concurrent=5, app_per_minute=10_000),
    lagging=frozenset({Family.CREDIT_NOTE, Family.ALLOCATION, Family.OVERPAYMENT}),
    also_payments=frozenset({Family.OVERPAYMENT}),
    feed_calls=3,
)
