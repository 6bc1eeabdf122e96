"""Which rule gave an invoice its billing address, in words, beside the address."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("invoice", sa.Column("billing_address_why", sa.String(), nullable=True))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("invoice", "billing_address_why")
