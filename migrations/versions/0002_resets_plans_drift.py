"""Resets, saved plans, drift and what came with them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.store import types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "budget",
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("spent", types.Json, nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget")),
        sa.UniqueConstraint("provider", "tenant_id", name=op.f("uq_budget_provider_tenant_id")),
    )
    op.create_table(
        "find",
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("remote_id", sa.String(), nullable=False),
        sa.Column("changed_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("found_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("told_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_find_connection_id_connection"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_find_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_find")),
    )
    with op.batch_alter_table("find", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_find_connection_id_family_remote_id"), ["connection_id", "family", "remote_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_find_connection_id_found_at"), ["connection_id", "found_at"], unique=False)

    op.create_table(
        "match_proposal",
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("remote_id", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("confidence", sa.Integer(), nullable=False),
        sa.Column("evidence", types.Json, nullable=False),
        sa.Column("ambiguous", sa.Boolean(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_match_proposal_connection_id_connection"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_match_proposal_customer_id_customer"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_match_proposal_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_proposal")),
        sa.UniqueConstraint(
            "connection_id",
            "customer_id",
            "remote_id",
            name=op.f("uq_match_proposal_connection_id_customer_id_remote_id"),
        ),
    )
    with op.batch_alter_table("match_proposal", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_match_proposal_connection_id_remote_id"), ["connection_id", "remote_id"], unique=False
        )
        batch_op.create_index("ix_match_proposal_page", ["connection_id", "decision", "rank"], unique=False)

    op.create_table(
        "matching",
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("marker", sa.String(), nullable=False),
        sa.Column("worked_out_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_matching_connection_id_connection"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_matching_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matching")),
        sa.UniqueConstraint("connection_id", name=op.f("uq_matching_connection_id")),
    )
    op.create_table(
        "notice",
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("family", sa.String(), nullable=True),
        sa.Column("remote_id", sa.String(), nullable=False),
        sa.Column("happening", sa.String(), nullable=False),
        sa.Column("merged_id", sa.String(), nullable=True),
        sa.Column("at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("received_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("taken_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_notice_connection_id_connection"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_notice_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("connection_id", "key", name=op.f("uq_notice_connection_id_key")),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_notice_connection_id_family_remote_id"),
            ["connection_id", "family", "remote_id"],
            unique=False,
        )
        batch_op.create_index(
            "ix_notice_waiting",
            ["connection_id"],
            unique=False,
            sqlite_where=sa.text("taken_at is null"),
            postgresql_where=sa.text("taken_at is null"),
        )

    op.create_table(
        "plan",
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("actions", sa.Integer(), nullable=False),
        sa.Column("brake", sa.Text(), nullable=True),
        sa.Column("applied_by", sa.String(), nullable=True),
        sa.Column("applied_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("run_id", sa.String(length=32), nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_plan_connection_id_connection"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_plan_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
    )
    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_plan_connection_id_created_at"), ["connection_id", "created_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_plan_organisation_id_created_at"), ["organisation_id", "created_at"], unique=False
        )

    op.create_table(
        "reset",
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("old_counterpart", sa.String(), nullable=False),
        sa.Column("if_bare", sa.Boolean(), nullable=False),
        sa.Column("with_jobs", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("undoes_id", sa.String(length=32), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("documents", types.Json, nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("requested_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("run_id", sa.String(length=32), nullable=True),
        sa.Column("swapped_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("finished_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.CheckConstraint("kind in ('reset', 'undo')", name=op.f("ck_reset_kind_known")),
        sa.CheckConstraint(
            "state in ('asked', 'releasing', 'swapped', 'done', 'refused')", name=op.f("ck_reset_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_reset_connection_id_connection"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_reset_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reset")),
    )
    with op.batch_alter_table("reset", schema=None) as batch_op:
        batch_op.create_index(
            "ix_reset_open",
            ["connection_id"],
            unique=False,
            sqlite_where=sa.text("finished_at is null"),
            postgresql_where=sa.text("finished_at is null"),
        )
        batch_op.create_index(
            batch_op.f("ix_reset_organisation_id_requested_at"), ["organisation_id", "requested_at"], unique=False
        )

    op.create_table(
        "drift",
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("link_id", sa.String(length=32), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("record_id", sa.String(length=32), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("agreed", types.Json, nullable=True),
        sa.Column("ours", types.Json, nullable=True),
        sa.Column("theirs", types.Json, nullable=True),
        sa.Column("changed_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("changed_by", sa.String(), nullable=True),
        sa.Column("found_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("seen_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("found_run_id", sa.String(length=32), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("closed_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("closed_run_id", sa.String(length=32), nullable=True),
        sa.Column("call_id", sa.String(length=32), nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.CheckConstraint("status in ('open', 'put_back', 'accepted', 'lapsed')", name=op.f("ck_drift_status_known")),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_drift_connection_id_connection"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["link_id"], ["link.id"], name=op.f("fk_drift_link_id_link"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_drift_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drift")),
    )
    with op.batch_alter_table("drift", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_drift_connection_id_status"), ["connection_id", "status"], unique=False)
        batch_op.create_index(batch_op.f("ix_drift_link_id"), ["link_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_drift_organisation_id_status"), ["organisation_id", "status"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_drift_record_id"), ["record_id"], unique=False)
        batch_op.create_index(
            "uq_drift_open",
            ["link_id", "field"],
            unique=True,
            sqlite_where=sa.text("status = 'open'"),
            postgresql_where=sa.text("status = 'open'"),
        )

    op.create_table(
        "plan_action",
        sa.Column("plan_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("record_id", sa.String(length=32), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("stamp", sa.String(), nullable=False),
        sa.Column("document", types.Json, nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_action_plan_id_plan"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_action")),
        sa.UniqueConstraint("plan_id", "position", name=op.f("uq_plan_action_plan_id_position")),
    )
    op.create_table(
        "reset_item",
        sa.Column("reset_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("link_id", sa.String(length=32), nullable=False),
        sa.Column("new_link_id", sa.String(length=32), nullable=True),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("record_id", sa.String(length=32), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("standing", sa.String(), nullable=True),
        sa.Column("remote_id", sa.String(), nullable=True),
        sa.Column("remote_name", sa.String(), nullable=True),
        sa.Column("released_name", sa.String(), nullable=True),
        sa.Column("back_to_link_id", sa.String(length=32), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("closed_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("settled_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["link.id"], name=op.f("fk_reset_item_link_id_link"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_reset_item_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["reset_id"], ["reset.id"], name=op.f("fk_reset_item_reset_id_reset"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reset_item")),
    )
    with op.batch_alter_table("reset_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reset_item_new_link_id"), ["new_link_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_reset_item_reset_id_position"), ["reset_id", "position"], unique=False)
        batch_op.create_index(
            "uq_reset_item_open",
            ["link_id"],
            unique=True,
            sqlite_where=sa.text("closed_at is null"),
            postgresql_where=sa.text("closed_at is null"),
        )

    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.add_column(sa.Column("brake", types.Json, nullable=True))

    with op.batch_alter_table("credential", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tenants", types.Json, server_default="[]", nullable=False))

    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_event_run_id"), ["run_id"], unique=False)

    with op.batch_alter_table("intent", schema=None) as batch_op:
        batch_op.add_column(sa.Column("meant", types.Json, nullable=True))

    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.add_column(sa.Column("readback_state", sa.String(), nullable=True))


def downgrade() -> None:
    """Bring the schema back."""
    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.drop_column("readback_state")

    with op.batch_alter_table("intent", schema=None) as batch_op:
        batch_op.drop_column("meant")

    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_event_run_id"))

    with op.batch_alter_table("credential", schema=None) as batch_op:
        batch_op.drop_column("tenants")

    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.drop_column("brake")

    with op.batch_alter_table("reset_item", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_reset_item_open",
            sqlite_where=sa.text("closed_at is null"),
            postgresql_where=sa.text("closed_at is null"),
        )
        batch_op.drop_index(batch_op.f("ix_reset_item_reset_id_position"))
        batch_op.drop_index(batch_op.f("ix_reset_item_new_link_id"))

    op.drop_table("reset_item")
    op.drop_table("plan_action")
    with op.batch_alter_table("drift", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_drift_open", sqlite_where=sa.text("status = 'open'"), postgresql_where=sa.text("status = 'open'")
        )
        batch_op.drop_index(batch_op.f("ix_drift_record_id"))
        batch_op.drop_index(batch_op.f("ix_drift_organisation_id_status"))
        batch_op.drop_index(batch_op.f("ix_drift_link_id"))
        batch_op.drop_index(batch_op.f("ix_drift_connection_id_status"))

    op.drop_table("drift")
    with op.batch_alter_table("reset", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reset_organisation_id_requested_at"))
        batch_op.drop_index(
            "ix_reset_open",
            sqlite_where=sa.text("finished_at is null"),
            postgresql_where=sa.text("finished_at is null"),
        )

    op.drop_table("reset")
    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_plan_organisation_id_created_at"))
        batch_op.drop_index(batch_op.f("ix_plan_connection_id_created_at"))

    op.drop_table("plan")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_notice_waiting", sqlite_where=sa.text("taken_at is null"), postgresql_where=sa.text("taken_at is null")
        )
        batch_op.drop_index(batch_op.f("ix_notice_connection_id_family_remote_id"))

    op.drop_table("notice")
    op.drop_table("matching")
    with op.batch_alter_table("match_proposal", schema=None) as batch_op:
        batch_op.drop_index("ix_match_proposal_page")
        batch_op.drop_index(batch_op.f("ix_match_proposal_connection_id_remote_id"))

    op.drop_table("match_proposal")
    with op.batch_alter_table("find", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_find_connection_id_found_at"))
        batch_op.drop_index(batch_op.f("ix_find_connection_id_family_remote_id"))

    op.drop_table("find")
    op.drop_table("budget")
