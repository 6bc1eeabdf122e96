"""Indexes that hold all that counts of dots and of jobs read, so that no row is looked up for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NOT_ISSUED = sa.text("status in ('draft', 'voided')")
_UNSETTLED = (
    "retired_at IS NULL AND (open_problem_id IS NOT NULL OR intent_open IS {} OR remote_id IS NULL OR baseline IS NULL"
    " OR wanted > confirmed OR heard > settled)"
)


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_index(
        "uq_invoice_not_issued", "invoice", ["id"], unique=True, sqlite_where=_NOT_ISSUED, postgresql_where=_NOT_ISSUED
    )
    op.drop_index("ix_customer_organisation_id_archived", "customer")
    op.create_index(
        "ix_customer_archived",
        "customer",
        ["organisation_id", "id"],
        unique=False,
        sqlite_where=sa.text("archived IS 1"),
        postgresql_where=sa.text("archived IS TRUE"),
    )
    op.drop_index("ix_customer_parent_id", "customer")
    op.create_index("ix_customer_jobs", "customer", ["parent_id", "archived", "organisation_id"], unique=False)
    op.drop_index("ix_link_unsettled", "link")
    _index_unsettled(["connection_id", "open_problem_id", "intent_open", "remote_id"])


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_link_unsettled", "link")
    _index_unsettled(["connection_id"])
    op.drop_index("ix_customer_jobs", "customer")
    op.create_index("ix_customer_parent_id", "customer", ["parent_id"], unique=False)
    op.drop_index("ix_customer_archived", "customer")
    op.create_index("ix_customer_organisation_id_archived", "customer", ["organisation_id", "archived"], unique=False)
    op.drop_index("uq_invoice_not_issued", "invoice")


def _index_unsettled(columns: list[str]) -> None:
    op.create_index(
        "ix_link_unsettled",
        "link",
        columns,
        unique=False,
        sqlite_where=sa.text(_UNSETTLED.format(1)),
        postgresql_where=sa.text(_UNSETTLED.format("TRUE")),
    )
