"""Which kinds of records payments, credits and refunds are."""

from __future__ import annotations

from collections.abc import Mapping

from service.core.model import PaymentKind
from service.core.ports import EntityKind

#: Kinds of records about money, with the kinds of payments that they are made of.
MONEY: Mapping[EntityKind, tuple[PaymentKind, ...]] = {
    EntityKind.PAYMENT: (PaymentKind.PAYMENT,),
    EntityKind.CREDIT: (PaymentKind.CREDIT, PaymentKind.ADJUSTMENT),
    EntityKind.REFUND: (PaymentKind.REFUND,),
}


def kind_of_payment(kind: str) -> EntityKind:
    """Return which kind of record a payment of a kind is."""
    return next(entity for entity, kinds in MONEY.items() if kind in kinds)
