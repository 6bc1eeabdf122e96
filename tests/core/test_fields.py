"""The fields that snapshots carry: each has an owner and a word for it."""

from __future__ import annotations

import pytest

from service.core.fields import LABELS, OWNERS, owners
from service.core.ports import EntityKind
from service.core.reconcile import ACTIVE, Flow


@pytest.mark.parametrize("kind", list(EntityKind))
def test_every_field_has_an_owner_and_a_label(kind: EntityKind) -> None:
    assert owners(kind)
    assert set(owners(kind)) - {ACTIVE} <= set(LABELS)


def test_a_sub_contact_is_owned_like_a_customer_and_every_other_kind_by_its_own_table() -> None:
    assert owners(EntityKind.CONTACT) is owners(EntityKind.CUSTOMER)
    for kind in set(EntityKind) - {EntityKind.CONTACT}:
        assert owners(kind) is OWNERS[kind]


@pytest.mark.parametrize(
    ("kind", "field", "flow"),
    [
        (EntityKind.CUSTOMER, "name", Flow.OURS),
        (EntityKind.CUSTOMER, "number", Flow.OURS),
        (EntityKind.CUSTOMER, "parent", Flow.OURS),
        (EntityKind.CUSTOMER, "payment_terms", Flow.OURS),
        (EntityKind.CUSTOMER, "tax_level", Flow.OURS),
        (EntityKind.CUSTOMER, "phone", Flow.BOTH),
        (EntityKind.CUSTOMER, "billing_address", Flow.BOTH),
        (EntityKind.CUSTOMER, "website", Flow.BOTH),
        (EntityKind.INVOICE, "lines", Flow.OURS),
        (EntityKind.INVOICE, "to", Flow.OURS),
        (EntityKind.INVOICE, "amount_paid", Flow.THEIRS),
        (EntityKind.INVOICE, "amount_due", Flow.THEIRS),
    ],
)
def test_fields_are_owned_as_promised(kind: EntityKind, field: str, flow: Flow) -> None:
    assert owners(kind)[field] is flow
