"""The calls made to each company at a package, so that every process and every restart knows them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.store.base import Base, Identified
from service.store.types import Json


class BudgetRow(Identified, Base):
    """The calls made to one company; a package counts by app and company, whoever of ours is connected to it."""

    __tablename__ = "budget"
    __table_args__ = (UniqueConstraint("provider", "tenant_id"),)

    provider: Mapped[str]
    tenant_id: Mapped[str]  #: blank: our app's calls to all companies of the package
    spent: Mapped[dict[str, Any]] = mapped_column(Json)  #: core.budget.Spent, or AppSpent
