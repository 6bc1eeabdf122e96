"""A billing address of an invoice's own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.store import types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    with op.batch_alter_table("invoice", schema=None) as batch_op:
        batch_op.add_column(sa.Column("billing_address_override", types.Json, nullable=True))


def downgrade() -> None:
    """Take it back."""
    with op.batch_alter_table("invoice", schema=None) as batch_op:
        batch_op.drop_column("billing_address_override")
