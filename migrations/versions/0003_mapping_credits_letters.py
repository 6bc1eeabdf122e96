"""Mapping versions, credits, letters and what came with them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.store import types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "mailing",
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("requested_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("token", sa.String(), nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_mailing_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing")),
        sa.UniqueConstraint("organisation_id", "token", name=op.f("uq_mailing_organisation_id_token")),
    )
    with op.batch_alter_table("mailing", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_mailing_organisation_id_requested_at"), ["organisation_id", "requested_at"], unique=False
        )

    op.create_table(
        "notification_rule",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("moment", sa.String(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("ciphertext", sa.Text(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("removed_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_told_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.CheckConstraint("channel in ('email', 'webhook')", name=op.f("ck_notification_rule_channel_known")),
        sa.CheckConstraint("moment in ('at_once', 'daily')", name=op.f("ck_notification_rule_moment_known")),
        sa.CheckConstraint("hour between 0 and 23", name=op.f("ck_notification_rule_hour_of_day")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_notification_rule_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_rule")),
    )
    op.create_table(
        "wording",
        sa.Column("sender_name", sa.String(), nullable=False),
        sa.Column("reply_to", sa.String(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("prefers_package", sa.Boolean(), nullable=False),
        sa.Column("needs_document", sa.Boolean(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_wording_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wording")),
        sa.UniqueConstraint("organisation_id", name=op.f("uq_wording_organisation_id")),
    )
    op.create_table(
        "notification",
        sa.Column("rule_id", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("noted_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("sent_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_notification_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"],
            ["notification_rule.id"],
            name=op.f("fk_notification_rule_id_notification_rule"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
        sa.UniqueConstraint("rule_id", "subject", name=op.f("uq_notification_rule_id_subject")),
    )
    with op.batch_alter_table("notification", schema=None) as batch_op:
        batch_op.create_index(
            "ix_notification_open",
            ["rule_id"],
            unique=False,
            sqlite_where=sa.text("state in ('waiting', 'in_flight')"),
            postgresql_where=sa.text("state in ('waiting', 'in_flight')"),
        )

    op.create_table(
        "mapping_version",
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", types.Json, nullable=False),
        sa.Column("changed", types.Json, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_mapping_version_connection_id_connection"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_mapping_version_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mapping_version")),
        sa.UniqueConstraint("connection_id", "version", name=op.f("uq_mapping_version_connection_id_version")),
    )
    op.create_table(
        "urgent_request",
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("record_id", sa.String(length=32), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("served_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("run_id", sa.String(length=32), nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_urgent_request_connection_id_connection"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_urgent_request_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_urgent_request")),
    )
    with op.batch_alter_table("urgent_request", schema=None) as batch_op:
        batch_op.create_index(
            "ix_urgent_open",
            ["connection_id"],
            unique=False,
            sqlite_where=sa.text("served_at is null"),
            postgresql_where=sa.text("served_at is null"),
        )

    op.create_table(
        "letter",
        sa.Column("mailing_id", sa.String(length=32), nullable=False),
        sa.Column("invoice_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("to", types.Json, nullable=False),
        sa.Column("cc", types.Json, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("asked_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("way_why", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.String(length=32), nullable=True),
        sa.Column("reach", types.Json, nullable=True),
        sa.Column("readback", types.Json, nullable=False),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("sender", sa.String(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("attachment", sa.String(), nullable=True),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("refused", types.Json, nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("told", sa.Text(), nullable=True),
        sa.Column("mark", sa.String(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("held_until", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("begun_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.CheckConstraint(
            "state in ('waiting', 'in_flight', 'unknown', 'sent', 'not_sent')", name=op.f("ck_letter_state_known")
        ),
        sa.CheckConstraint("way in ('package', 'own')", name=op.f("ck_letter_way_known")),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_letter_connection_id_connection"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoice.id"], name=op.f("fk_letter_invoice_id_invoice"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["mailing_id"], ["mailing.id"], name=op.f("fk_letter_mailing_id_mailing"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_letter_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
    )
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_letter_invoice_id"), ["invoice_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_letter_mailing_id"), ["mailing_id"], unique=False)
        batch_op.create_index(
            "ix_letter_open",
            ["state"],
            unique=False,
            sqlite_where=sa.text("state in ('waiting', 'in_flight', 'unknown')"),
            postgresql_where=sa.text("state in ('waiting', 'in_flight', 'unknown')"),
        )
        batch_op.create_index(
            batch_op.f("ix_letter_organisation_id_asked_at"), ["organisation_id", "asked_at"], unique=False
        )
        batch_op.create_index(
            "uq_letter_open",
            ["invoice_id"],
            unique=True,
            sqlite_where=sa.text("state in ('waiting', 'in_flight', 'unknown')"),
            postgresql_where=sa.text("state in ('waiting', 'in_flight', 'unknown')"),
        )

    op.create_table(
        "allocation",
        sa.Column("payment_id", sa.String(length=32), nullable=False),
        sa.Column("invoice_id", sa.String(length=32), nullable=False),
        sa.Column("amount", types.Exact(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("origin_connection_id", sa.String(length=32), nullable=True),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_allocation_amount_positive")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_allocation_invoice_id_invoice")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_allocation_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_allocation_payment_id_payment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allocation")),
    )
    with op.batch_alter_table("allocation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_allocation_invoice_id"), ["invoice_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_allocation_payment_id"), ["payment_id"], unique=False)

    with op.batch_alter_table("customer", schema=None) as batch_op:
        batch_op.create_index(
            "ix_customer_level_by_age", ["organisation_id", "parent_id", "created_at", "id"], unique=False
        )
        batch_op.create_index(
            "ix_customer_level_by_name", ["organisation_id", "parent_id", "name_key", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_customer_organisation_id_archived"), ["organisation_id", "archived"], unique=False
        )

    with op.batch_alter_table("invoice_line", schema=None) as batch_op:
        batch_op.add_column(sa.Column("category", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("applied_tax_why", sa.Text(), server_default="", nullable=False))

    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.add_column(sa.Column("variance", types.Exact(), nullable=True))
        batch_op.add_column(sa.Column("variance_kind", sa.String(), nullable=True))
        batch_op.create_index(
            "ix_link_asked",
            ["connection_id", "entity", "record_id"],
            unique=False,
            sqlite_where=sa.text("retired_at is null and open_problem_id is not null"),
            postgresql_where=sa.text("retired_at is null and open_problem_id is not null"),
        )
        batch_op.create_index(
            "ix_link_unsettled",
            ["connection_id"],
            unique=False,
            sqlite_where=sa.text(
                "retired_at IS NULL AND (open_problem_id IS NOT NULL OR intent_open IS 1 OR remote_id IS NULL OR baseline IS NULL OR wanted > confirmed OR heard > settled)"
            ),
            postgresql_where=sa.text(
                "retired_at IS NULL AND (open_problem_id IS NOT NULL OR intent_open IS TRUE OR remote_id IS NULL OR baseline IS NULL OR wanted > confirmed OR heard > settled)"
            ),
        )

    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tax_level_id", sa.String(length=32), nullable=True))

    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("refund_of_id", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("tax_level_id", sa.String(length=32), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_payment_tax_level_id_tax_level"), "tax_level", ["tax_level_id"], ["id"]
        )
        batch_op.create_foreign_key(batch_op.f("fk_payment_refund_of_id_payment"), "payment", ["refund_of_id"], ["id"])

    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.add_column(sa.Column("needs", types.Json, nullable=True))

    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.add_column(sa.Column("forecast", types.Json, nullable=True))


def downgrade() -> None:
    """Bring the schema back."""
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.drop_column("forecast")

    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.drop_column("needs")

    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_payment_refund_of_id_payment"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_payment_tax_level_id_tax_level"), type_="foreignkey")
        batch_op.drop_column("tax_level_id")
        batch_op.drop_column("refund_of_id")

    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.drop_column("tax_level_id")

    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_link_unsettled",
            sqlite_where=sa.text(
                "retired_at IS NULL AND (open_problem_id IS NOT NULL OR intent_open IS 1 OR remote_id IS NULL OR baseline IS NULL OR wanted > confirmed OR heard > settled)"
            ),
            postgresql_where=sa.text(
                "retired_at IS NULL AND (open_problem_id IS NOT NULL OR intent_open IS TRUE OR remote_id IS NULL OR baseline IS NULL OR wanted > confirmed OR heard > settled)"
            ),
        )
        batch_op.drop_index(
            "ix_link_asked",
            sqlite_where=sa.text("retired_at is null and open_problem_id is not null"),
            postgresql_where=sa.text("retired_at is null and open_problem_id is not null"),
        )
        batch_op.drop_column("variance_kind")
        batch_op.drop_column("variance")

    with op.batch_alter_table("invoice_line", schema=None) as batch_op:
        batch_op.drop_column("applied_tax_why")
        batch_op.drop_column("category")

    with op.batch_alter_table("customer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_customer_organisation_id_archived"))
        batch_op.drop_index("ix_customer_level_by_name")
        batch_op.drop_index("ix_customer_level_by_age")

    with op.batch_alter_table("allocation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_allocation_payment_id"))
        batch_op.drop_index(batch_op.f("ix_allocation_invoice_id"))

    op.drop_table("allocation")
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_letter_open",
            sqlite_where=sa.text("state in ('waiting', 'in_flight', 'unknown')"),
            postgresql_where=sa.text("state in ('waiting', 'in_flight', 'unknown')"),
        )
        batch_op.drop_index(batch_op.f("ix_letter_organisation_id_asked_at"))
        batch_op.drop_index(
            "ix_letter_open",
            sqlite_where=sa.text("state in ('waiting', 'in_flight', 'unknown')"),
            postgresql_where=sa.text("state in ('waiting', 'in_flight', 'unknown')"),
        )
        batch_op.drop_index(batch_op.f("ix_letter_mailing_id"))
        batch_op.drop_index(batch_op.f("ix_letter_invoice_id"))

    op.drop_table("letter")
    with op.batch_alter_table("urgent_request", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_urgent_open", sqlite_where=sa.text("served_at is null"), postgresql_where=sa.text("served_at is null")
        )

    op.drop_table("urgent_request")
    op.drop_table("mapping_version")
    with op.batch_alter_table("notification", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_notification_open",
            sqlite_where=sa.text("state in ('waiting', 'in_flight')"),
            postgresql_where=sa.text("state in ('waiting', 'in_flight')"),
        )

    op.drop_table("notification")
    op.drop_table("wording")
    op.drop_table("notification_rule")
    with op.batch_alter_table("mailing", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mailing_organisation_id_requested_at"))

    op.drop_table("mailing")
