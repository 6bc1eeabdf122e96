"""Tax levels over HTTP."""

from __future__ import annotations

from pydantic import BaseModel
from sqlalchemy.orm import Session

from service.api.access import caller
from service.api.outputs import TaxLevelOut, tax_level_out
from service.api.paging import PageQuery
from service.api.problems import ApiError
from service.api.routes import IdPath, routes
from service.api.units import reads, writes
from service.records import tax_levels
from service.records.author import Author
from service.records.company import choose_default_tax_level
from service.records.fields import RecordId
from service.records.inputs import Input, TaxLevelInput
from service.store.accounts import Role
from service.store.queries.find import find, find_organisation
from service.store.queries.lists import tax_level_page
from service.store.records import TaxLevelRow

api = routes("Tax levels", about="Named tax rates.")


class DefaultTaxLevel(Input):
    """The tax level of the company itself."""

    tax_level_id: RecordId | None


class TaxLevelList(BaseModel):
    """A page of tax levels."""

    items: list[TaxLevelOut]
    next: str | None


@api.get("/tax-levels", responses={200: TaxLevelList})
@reads(Role.VIEWER)
def list_tax_levels(session: Session, query: PageQuery) -> TaxLevelList:
    """List tax levels by name."""
    found = tax_level_page(session, caller().organisation_id, limit=query.limit, cursor=query.cursor)
    return TaxLevelList(items=[tax_level_out(row) for row in found.items], next=found.next)


@api.post("/tax-levels", responses={201: TaxLevelOut})
@writes(Role.ACCOUNTANT)
def create_tax_level(session: Session, author: Author, body: TaxLevelInput) -> tuple[TaxLevelOut, int]:
    """Add a tax level; its components, if any, add up to its rate."""
    return tax_level_out(tax_levels.create_tax_level(session, author, body)), 201


@api.get("/tax-levels/default", responses={200: DefaultTaxLevel})
@reads(Role.VIEWER)
def get_default(session: Session) -> DefaultTaxLevel:
    """Read the company's own tax level."""
    return DefaultTaxLevel(tax_level_id=find_organisation(session, caller().organisation_id).tax_level_id)


@api.put("/tax-levels/default", responses={200: DefaultTaxLevel})
@writes(Role.ADMIN)
def put_default(session: Session, author: Author, body: DefaultTaxLevel) -> DefaultTaxLevel:
    """Choose the tax level that applies where no line, invoice, contact or customer names one; null: none."""
    choose_default_tax_level(session, author, body.tax_level_id)
    return body


@api.get("/tax-levels/<id>", responses={200: TaxLevelOut})
@reads(Role.VIEWER)
def get_tax_level(session: Session, path: IdPath) -> TaxLevelOut:
    """Read a tax level."""
    row = find(session, TaxLevelRow, caller().organisation_id, path.id)
    if row is None:
        raise ApiError(404, "There is no such tax level.")
    return tax_level_out(row)
