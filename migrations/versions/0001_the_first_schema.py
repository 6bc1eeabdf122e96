"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.store import types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at", types.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "organisation",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=True),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
    )
    op.create_table(
        "api_token",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_api_token_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    op.create_table(
        "counter",
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_counter_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "series", name=op.f("pk_counter")),
    )
    op.create_table(
        "credential",
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("ciphertext", sa.Text(), nullable=False),
        sa.Column("access_expires_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("refresh_expires_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("rotations", sa.Integer(), nullable=False),
        sa.Column("refreshed_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("lease_token", sa.String(), nullable=True),
        sa.Column("lease_until", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("dead_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_credential_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential")),
    )
    op.create_table(
        "event",
        sa.Column("at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("record_kind", sa.String(), nullable=True),
        sa.Column("record_id", sa.String(length=32), nullable=True),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("link_id", sa.String(length=32), nullable=True),
        sa.Column("connection_id", sa.String(length=32), nullable=True),
        sa.Column("run_id", sa.String(length=32), nullable=True),
        sa.Column("call_id", sa.String(length=32), nullable=True),
        sa.Column("before", types.Json, nullable=True),
        sa.Column("after", types.Json, nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.CheckConstraint("length(verb) > 0", name=op.f("ck_event_verb_given")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_event_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_event_connection_id_at"), ["connection_id", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_event_link_id_at"), ["link_id", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_event_organisation_id_at"), ["organisation_id", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_event_record_id_at"), ["record_id", "at"], unique=False)

    op.create_table(
        "remembered_answer",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_hash", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", types.Json, nullable=True),
        sa.Column("headers", types.Json, nullable=True),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_remembered_answer_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remembered_answer")),
        sa.UniqueConstraint("organisation_id", "key", name=op.f("uq_remembered_answer_organisation_id_key")),
    )
    op.create_table(
        "tax_level",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("rate_percent", types.Exact(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_tax_level_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tax_level")),
        sa.UniqueConstraint("organisation_id", "name_key", name=op.f("uq_tax_level_organisation_id_name_key")),
    )
    op.create_table(
        "user",
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("session_epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_sign_in_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_user_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("email_key", name=op.f("uq_user_email_key")),
    )
    op.create_table(
        "connection",
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("state_before", sa.String(), nullable=True),
        sa.Column("organisation_name", sa.String(), nullable=True),
        sa.Column("remote_tenant_id", sa.String(), nullable=True),
        sa.Column("connection_ref", sa.String(), nullable=True),
        sa.Column("credential_id", sa.String(length=32), nullable=True),
        sa.Column("settings", types.Json, nullable=False),
        sa.Column("mapping", types.Json, nullable=False),
        sa.Column("mapping_version", sa.Integer(), nullable=False),
        sa.Column("reference", types.Json, nullable=True),
        sa.Column("reference_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("problem", types.Json, nullable=True),
        sa.Column("due_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("full_due", sa.Boolean(), nullable=False),
        sa.Column("last_sync_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("wait_until", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.String(), nullable=True),
        sa.Column("lease_until", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state in ('pending', 'matching', 'live', 'paused', 'needs_reauth', 'disconnected')",
            name=op.f("ck_connection_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["credential_id"],
            ["credential.id"],
            name=op.f("fk_connection_credential_id_credential"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_connection_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection")),
    )
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_connection_organisation_id"), ["organisation_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_connection_provider_remote_tenant_id"), ["provider", "remote_tenant_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_connection_state_due_at"), ["state", "due_at"], unique=False)

    op.create_table(
        "customer",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", types.SortKey, nullable=False),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("sort_key", types.SortKey, nullable=False),
        sa.Column("parent_id", sa.String(length=32), nullable=True),
        sa.Column("root_id", sa.String(length=32), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("first_name", sa.String(), nullable=True),
        sa.Column("last_name", sa.String(), nullable=True),
        sa.Column("is_customer", sa.Boolean(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("other_emails", types.Json, nullable=False),
        sa.Column("invoice_email", sa.String(), nullable=False),
        sa.Column("other_emails_invoice", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("mobile", sa.String(), nullable=True),
        sa.Column("fax", sa.String(), nullable=True),
        sa.Column("website", sa.String(), nullable=True),
        sa.Column("vat_number", sa.String(), nullable=True),
        sa.Column("ean_number", sa.String(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("tax_level_id", sa.String(length=32), nullable=True),
        sa.Column("discount_percent", types.Exact(), nullable=False),
        sa.Column("payment_terms", sa.String(), nullable=True),
        sa.Column("sales_rep", sa.String(), nullable=True),
        sa.Column("shipping_method", sa.String(), nullable=True),
        sa.Column("allow_partial_payments", sa.Boolean(), nullable=True),
        sa.Column("product_visibility", sa.String(), nullable=False),
        sa.Column("billing_address", types.Json, nullable=True),
        sa.Column("shipping_address", types.Json, nullable=True),
        sa.Column("job_site_id", sa.String(length=32), nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(parent_id is null) = (depth = 1)", name=op.f("ck_customer_only_the_top_has_no_parent")),
        sa.CheckConstraint("depth between 1 and 5", name=op.f("ck_customer_depth_in_range")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_customer_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["customer.id"], name=op.f("fk_customer_parent_id_customer")),
        sa.ForeignKeyConstraint(["tax_level_id"], ["tax_level.id"], name=op.f("fk_customer_tax_level_id_tax_level")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        sa.UniqueConstraint("organisation_id", "number", name=op.f("uq_customer_organisation_id_number")),
    )
    with op.batch_alter_table("customer", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_customer_organisation_id_name_key"), ["organisation_id", "name_key"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_customer_organisation_id_sort_key"), ["organisation_id", "sort_key"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_customer_organisation_id_updated_at"), ["organisation_id", "updated_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_customer_parent_id"), ["parent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_customer_root_id"), ["root_id"], unique=False)

    op.create_table(
        "tax_component",
        sa.Column("tax_level_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rate_percent", types.Exact(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tax_level_id"], ["tax_level.id"], name=op.f("fk_tax_component_tax_level_id_tax_level"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tax_level_id", "position", name=op.f("pk_tax_component")),
    )
    op.create_table(
        "call",
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("run_id", sa.String(length=32), nullable=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("elements", sa.Integer(), nullable=False),
        sa.Column("request", types.Json, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("answer_read", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column("sent_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_sent_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_call_connection_id_connection"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_call_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
        sa.UniqueConstraint("connection_id", "key", "attempt", name=op.f("uq_call_connection_id_key_attempt")),
    )
    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.create_index(
            "ix_call_open",
            ["connection_id"],
            unique=False,
            sqlite_where=sa.text("closed_at is null"),
            postgresql_where=sa.text("closed_at is null"),
        )
        batch_op.create_index(batch_op.f("ix_call_run_id"), ["run_id"], unique=False)

    op.create_table(
        "consent",
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("state_hash", sa.String(), nullable=False),
        sa.Column("code_verifier", sa.String(), nullable=True),
        sa.Column("started_by", sa.String(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("used_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_consent_connection_id_connection"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_consent_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
        sa.UniqueConstraint("state_hash", name=op.f("uq_consent_state_hash")),
    )
    op.create_table(
        "counterpart",
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("remote_id", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("merged_into", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("name_key", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("parent_id", sa.String(), nullable=True),
        sa.Column("payload", types.Json, nullable=False),
        sa.Column("modified_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.Column("first_seen_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("seen_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_counterpart_connection_id_connection"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_counterpart_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counterpart")),
        sa.UniqueConstraint(
            "connection_id", "family", "remote_id", name=op.f("uq_counterpart_connection_id_family_remote_id")
        ),
    )
    with op.batch_alter_table("counterpart", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_counterpart_connection_id_family_name_key"),
            ["connection_id", "family", "name_key"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_counterpart_connection_id_family_reference"),
            ["connection_id", "family", "reference"],
            unique=False,
        )
        batch_op.create_index(
            "ix_counterpart_pending",
            ["connection_id", "family"],
            unique=False,
            sqlite_where=sa.text("pending"),
            postgresql_where=sa.text("pending"),
        )

    op.create_table(
        "job_site",
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", types.Json, nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_job_site_customer_id_customer"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_job_site_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_site")),
    )
    with op.batch_alter_table("job_site", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_job_site_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_job_site_organisation_id"), ["organisation_id"], unique=False)

    op.create_table(
        "link",
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("record_id", sa.String(length=32), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("remote_id", sa.String(), nullable=True),
        sa.Column("remote_name", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("confirmed", sa.Integer(), nullable=False),
        sa.Column("heard", sa.Integer(), nullable=False),
        sa.Column("settled", sa.Integer(), nullable=False),
        sa.Column("baseline", types.Json, nullable=True),
        sa.Column("losses", types.Json, nullable=False),
        sa.Column("readback", types.Json, nullable=False),
        sa.Column("open_problem_id", sa.String(length=32), nullable=True),
        sa.Column("intent_open", sa.Boolean(), nullable=False),
        sa.Column("intent_unknown", sa.Boolean(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("doubts", sa.Integer(), nullable=False),
        sa.Column("due_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_synced_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("retired_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("retired_why", sa.String(), nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.CheckConstraint("confirmed <= wanted", name=op.f("ck_link_confirmed_within_wanted")),
        sa.CheckConstraint("settled <= heard", name=op.f("ck_link_settled_within_heard")),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_link_connection_id_connection"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_link_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        sa.UniqueConstraint(
            "connection_id",
            "entity",
            "record_id",
            "generation",
            name=op.f("uq_link_connection_id_entity_record_id_generation"),
        ),
    )
    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.create_index(
            "ix_link_due",
            ["connection_id", "entity"],
            unique=False,
            sqlite_where=sa.text("retired_at is null"),
            postgresql_where=sa.text("retired_at is null"),
        )
        batch_op.create_index(
            batch_op.f("ix_link_organisation_id_connection_id"), ["organisation_id", "connection_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_link_record_id"), ["record_id"], unique=False)
        batch_op.create_index(
            "uq_link_record",
            ["connection_id", "entity", "record_id"],
            unique=True,
            sqlite_where=sa.text("retired_at is null"),
            postgresql_where=sa.text("retired_at is null"),
        )
        batch_op.create_index(
            "uq_link_remote",
            ["connection_id", "family", "remote_id"],
            unique=True,
            sqlite_where=sa.text("retired_at is null and remote_id is not null"),
            postgresql_where=sa.text("retired_at is null and remote_id is not null"),
        )

    op.create_table(
        "match_decision",
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("remote_id", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_match_decision_connection_id_connection"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_match_decision_customer_id_customer"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_match_decision_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_decision")),
        sa.UniqueConstraint(
            "connection_id",
            "customer_id",
            "remote_id",
            name=op.f("uq_match_decision_connection_id_customer_id_remote_id"),
        ),
    )
    op.create_table(
        "run",
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("options", types.Json, nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("counts", types.Json, nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("least_calls", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("problem", types.Json, nullable=True),
        sa.Column("requested_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("started_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("finished_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_run_connection_id_connection"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_run_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
    )
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_run_organisation_id_requested_at"), ["organisation_id", "requested_at"], unique=False
        )
        batch_op.create_index(
            "uq_run_under_way",
            ["connection_id"],
            unique=True,
            sqlite_where=sa.text("finished_at is null"),
            postgresql_where=sa.text("finished_at is null"),
        )

    op.create_table(
        "search_word",
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("word", types.SortKey, nullable=False),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_search_word_customer_id_customer"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("customer_id", "word", name=op.f("pk_search_word")),
    )
    with op.batch_alter_table("search_word", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_search_word_organisation_id_word"), ["organisation_id", "word"], unique=False
        )

    op.create_table(
        "contact",
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("first_name", sa.String(), nullable=True),
        sa.Column("last_name", sa.String(), nullable=True),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("other_emails", types.Json, nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("mobile", sa.String(), nullable=True),
        sa.Column("fax", sa.String(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("primary", sa.Boolean(), nullable=False),
        sa.Column("tax_level_id", sa.String(length=32), nullable=True),
        sa.Column("billing_address", types.Json, nullable=True),
        sa.Column("use_as_billing_address", sa.Boolean(), nullable=False),
        sa.Column("job_site_id", sa.String(length=32), nullable=True),
        sa.Column("invoice_email", sa.String(), nullable=False),
        sa.Column("other_emails_invoice", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_contact_customer_id_customer"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["job_site_id"], ["job_site.id"], name=op.f("fk_contact_job_site_id_job_site")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_contact_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tax_level_id"], ["tax_level.id"], name=op.f("fk_contact_tax_level_id_tax_level")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contact_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contact_organisation_id"), ["organisation_id"], unique=False)

    op.create_table(
        "intent",
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("link_id", sa.String(length=32), nullable=False),
        sa.Column("call_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("heard", sa.Integer(), nullable=False),
        sa.Column("expected", types.Json, nullable=False),
        sa.Column("before", types.Json, nullable=True),
        sa.Column("baseline", types.Json, nullable=False),
        sa.Column("rules", types.Json, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("outcome", types.Json, nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_intent_call_id_call"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_intent_connection_id_connection"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["link_id"], ["link.id"], name=op.f("fk_intent_link_id_link"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_intent_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intent")),
    )
    with op.batch_alter_table("intent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_intent_call_id_position"), ["call_id", "position"], unique=False)
        batch_op.create_index(batch_op.f("ix_intent_link_id_sequence"), ["link_id", "sequence"], unique=False)
        batch_op.create_index(
            "uq_intent_open",
            ["link_id"],
            unique=True,
            sqlite_where=sa.text("closed_at is null"),
            postgresql_where=sa.text("closed_at is null"),
        )

    op.create_table(
        "problem",
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("link_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("document", types.Json, nullable=False),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("opened_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("answer", types.Json, nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_problem_connection_id_connection"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["link_id"], ["link.id"], name=op.f("fk_problem_link_id_link"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_problem_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problem")),
    )
    with op.batch_alter_table("problem", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_problem_connection_id_closed_at"), ["connection_id", "closed_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_problem_organisation_id_closed_at"), ["organisation_id", "closed_at"], unique=False
        )
        batch_op.create_index(
            "uq_problem_open",
            ["link_id"],
            unique=True,
            sqlite_where=sa.text("closed_at is null"),
            postgresql_where=sa.text("closed_at is null"),
        )

    op.create_table(
        "invoice",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("contact_id", sa.String(length=32), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("issue_date", sa.Date(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("tax_inclusive", sa.Boolean(), nullable=False),
        sa.Column("tax_level_id", sa.String(length=32), nullable=True),
        sa.Column("subtotal", types.Exact(), nullable=False),
        sa.Column("tax_total", types.Exact(), nullable=False),
        sa.Column("total", types.Exact(), nullable=False),
        sa.Column("amount_paid", types.Exact(), nullable=False),
        sa.Column("recipients_override", types.Json, nullable=True),
        sa.Column("recipients", types.Json, nullable=False),
        sa.Column("billing_address", types.Json, nullable=True),
        sa.Column("sub_contact_id", sa.String(length=32), nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status in ('draft', 'approved', 'paid', 'voided')", name=op.f("ck_invoice_status_known")),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_invoice_contact_id_contact"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_invoice_customer_id_customer")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_invoice_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tax_level_id"], ["tax_level.id"], name=op.f("fk_invoice_tax_level_id_tax_level")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice")),
        sa.UniqueConstraint("organisation_id", "number", name=op.f("uq_invoice_organisation_id_number")),
    )
    with op.batch_alter_table("invoice", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_invoice_customer_id_issue_date"), ["customer_id", "issue_date"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_invoice_organisation_id_issue_date_id"),
            ["organisation_id", "issue_date", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_invoice_organisation_id_status_due_date"),
            ["organisation_id", "status", "due_date"],
            unique=False,
        )

    op.create_table(
        "invoice_line",
        sa.Column("invoice_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("quantity", types.Exact(), nullable=False),
        sa.Column("unit_price", types.Exact(), nullable=False),
        sa.Column("discount_percent", types.Exact(), nullable=False),
        sa.Column("amount", types.Exact(), nullable=False),
        sa.Column("item_code", sa.String(), nullable=True),
        sa.Column("tax_level_id", sa.String(length=32), nullable=True),
        sa.Column("applied_tax_level_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["applied_tax_level_id"], ["tax_level.id"], name=op.f("fk_invoice_line_applied_tax_level_id_tax_level")
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoice.id"], name=op.f("fk_invoice_line_invoice_id_invoice"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tax_level_id"], ["tax_level.id"], name=op.f("fk_invoice_line_tax_level_id_tax_level")
        ),
        sa.PrimaryKeyConstraint("invoice_id", "position", name=op.f("pk_invoice_line")),
    )
    op.create_table(
        "payment",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("invoice_id", sa.String(length=32), nullable=True),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("amount", types.Exact(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("method", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("origin_connection_id", sa.String(length=32), nullable=True),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payment_amount_positive")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_payment_customer_id_customer")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_payment_invoice_id_invoice")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_payment_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
    )
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payment_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_invoice_id"), ["invoice_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_organisation_id_date"), ["organisation_id", "date"], unique=False)


def downgrade() -> None:
    """Bring the schema back."""
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payment_organisation_id_date"))
        batch_op.drop_index(batch_op.f("ix_payment_invoice_id"))
        batch_op.drop_index(batch_op.f("ix_payment_customer_id"))

    op.drop_table("payment")
    op.drop_table("invoice_line")
    with op.batch_alter_table("invoice", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_invoice_organisation_id_status_due_date"))
        batch_op.drop_index(batch_op.f("ix_invoice_organisation_id_issue_date_id"))
        batch_op.drop_index(batch_op.f("ix_invoice_customer_id_issue_date"))

    op.drop_table("invoice")
    with op.batch_alter_table("problem", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_problem_open", sqlite_where=sa.text("closed_at is null"), postgresql_where=sa.text("closed_at is null")
        )
        batch_op.drop_index(batch_op.f("ix_problem_organisation_id_closed_at"))
        batch_op.drop_index(batch_op.f("ix_problem_connection_id_closed_at"))

    op.drop_table("problem")
    with op.batch_alter_table("intent", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_intent_open", sqlite_where=sa.text("closed_at is null"), postgresql_where=sa.text("closed_at is null")
        )
        batch_op.drop_index(batch_op.f("ix_intent_link_id_sequence"))
        batch_op.drop_index(batch_op.f("ix_intent_call_id_position"))

    op.drop_table("intent")
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contact_organisation_id"))
        batch_op.drop_index(batch_op.f("ix_contact_customer_id"))

    op.drop_table("contact")
    with op.batch_alter_table("search_word", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_search_word_organisation_id_word"))

    op.drop_table("search_word")
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_run_under_way",
            sqlite_where=sa.text("finished_at is null"),
            postgresql_where=sa.text("finished_at is null"),
        )
        batch_op.drop_index(batch_op.f("ix_run_organisation_id_requested_at"))

    op.drop_table("run")
    op.drop_table("match_decision")
    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_link_remote",
            sqlite_where=sa.text("retired_at is null and remote_id is not null"),
            postgresql_where=sa.text("retired_at is null and remote_id is not null"),
        )
        batch_op.drop_index(
            "uq_link_record", sqlite_where=sa.text("retired_at is null"), postgresql_where=sa.text("retired_at is null")
        )
        batch_op.drop_index(batch_op.f("ix_link_record_id"))
        batch_op.drop_index(batch_op.f("ix_link_organisation_id_connection_id"))
        batch_op.drop_index(
            "ix_link_due", sqlite_where=sa.text("retired_at is null"), postgresql_where=sa.text("retired_at is null")
        )

    op.drop_table("link")
    with op.batch_alter_table("job_site", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_job_site_organisation_id"))
        batch_op.drop_index(batch_op.f("ix_job_site_customer_id"))

    op.drop_table("job_site")
    with op.batch_alter_table("counterpart", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_counterpart_pending", sqlite_where=sa.text("pending"), postgresql_where=sa.text("pending")
        )
        batch_op.drop_index(batch_op.f("ix_counterpart_connection_id_family_reference"))
        batch_op.drop_index(batch_op.f("ix_counterpart_connection_id_family_name_key"))

    op.drop_table("counterpart")
    op.drop_table("consent")
    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_call_run_id"))
        batch_op.drop_index(
            "ix_call_open", sqlite_where=sa.text("closed_at is null"), postgresql_where=sa.text("closed_at is null")
        )

    op.drop_table("call")
    op.drop_table("tax_component")
    with op.batch_alter_table("customer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_customer_root_id"))
        batch_op.drop_index(batch_op.f("ix_customer_parent_id"))
        batch_op.drop_index(batch_op.f("ix_customer_organisation_id_updated_at"))
        batch_op.drop_index(batch_op.f("ix_customer_organisation_id_sort_key"))
        batch_op.drop_index(batch_op.f("ix_customer_organisation_id_name_key"))

    op.drop_table("customer")
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_connection_state_due_at"))
        batch_op.drop_index(batch_op.f("ix_connection_provider_remote_tenant_id"))
        batch_op.drop_index(batch_op.f("ix_connection_organisation_id"))

    op.drop_table("connection")
    op.drop_table("user")
    op.drop_table("tax_level")
    op.drop_table("remembered_answer")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_event_record_id_at"))
        batch_op.drop_index(batch_op.f("ix_event_organisation_id_at"))
        batch_op.drop_index(batch_op.f("ix_event_link_id_at"))
        batch_op.drop_index(batch_op.f("ix_event_connection_id_at"))

    op.drop_table("event")
    op.drop_table("credential")
    op.drop_table("counter")
    op.drop_table("api_token")
    op.drop_table("organisation")
    op.drop_table("heartbeat")
