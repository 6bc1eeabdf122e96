"""How Alembic runs our migrations: one transaction each, never waiting long for a lock, alike on both databases."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import JSON, Connection, Text, text

from service.store import (  # noqa: F401  (importing them declares the tables)
    accounts,
    budget_models,
    credit_models,
    drift_models,
    inbox_models,
    letter_models,
    mapping_models,
    match_models,
    notification_models,
    plan_models,
    records,
    reset_models,
    sync_models,
    urgent_models,
)
from service.store.base import Base

#: Two deployers at once must not run the same migration twice; the number is ours alone.
_ADVISORY_LOCK = 8_310_214


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Name our own column types in a generated migration, instead of spelling out what each database makes of them."""
    if kind == "type" and isinstance(item, JSON):
        return "types.Json"
    if kind == "type" and isinstance(item, Text) and item._variant_mapping:  # noqa: SLF001  (no public way to ask)
        return "types.SortKey"
    return False


def _migrate(connection: Connection) -> None:
    sqlite = connection.dialect.name == "sqlite"
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=sqlite,
        transaction_per_migration=not sqlite,
        compare_type=True,
        user_module_prefix="types.",
        render_item=_render,
    )
    with context.begin_transaction():
        if not sqlite:
            connection.execute(text("set local lock_timeout = '10s'"))
            connection.execute(text(f"select pg_advisory_xact_lock({_ADVISORY_LOCK})"))
        context.run_migrations()


_migrate(context.config.attributes["connection"])
