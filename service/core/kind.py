"""Which kinds of records payments, credits and refunds are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from service.core.model import PaymentKind
from service.core.ports import Capabilities, EntityKind, Family

#: Kinds of records about money, with the kinds of payments that they are made of.
MONEY: Mapping[EntityKind, tuple[PaymentKind, ...]] = {
    EntityKind.PAYMENT: (PaymentKind.PAYMENT,),
    EntityKind.CREDIT: (PaymentKind.CREDIT, PaymentKind.ADJUSTMENT),
    EntityKind.REFUND: (PaymentKind.REFUND,),
}


def families_of(capabilities: Capabilities, kinds: Iterable[EntityKind]) -> frozenset[Family]:
    """Return the families in which a package keeps what belongs to these kinds of records."""
    found = {capabilities.family_of[kind] for kind in kinds}
    return frozenset(found | capabilities.also_payments if Family.PAYMENT in found else found)


def kind_of_payment(kind: str) -> EntityKind:
    """Return which kind of record a payment of a kind is."""
    return next(entity for entity, kinds in MONEY.items() if kind in kinds)
