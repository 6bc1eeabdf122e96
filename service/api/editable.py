"""What may still be changed of an invoice or a payment at the packages, over HTTP."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from service.api.access import caller
from service.api.problems import ApiError
from service.api.routes import IdPath, routes
from service.api.services import services
from service.api.units import reads
from service.core.kind import kind_of_payment
from service.core.ports import EntityKind
from service.store.accounts import Role
from service.store.queries.find import find
from service.store.queries.states import sync_states
from service.store.records import InvoiceRow, PaymentRow
from service.sync.editable import Editable, editable_at

api = routes("Editable", about="What the packages still let anybody change of a document, and why not.")


class EditableOut(BaseModel):
    """What one package still lets anybody change of one record."""

    connection_id: str
    provider: str
    standing: str = Field(description="How it stands there: open, part_paid, paid, voided, deposited and so on.")
    editable: bool = Field(description="False if nothing of it can be changed there now.")
    fields: list[str] | None = Field(description="The only fields that can be changed; null if none is singled out.")
    fixed: list[str] = Field(description="Fields that can't be changed.")
    withdraws: bool = Field(description="Whether it can be voided or taken back there.")
    reason: str | None


class EditableList(BaseModel):
    """One entry for each connection at which the record has a counterpart."""

    items: list[EditableOut]


@api.get("/invoices/<id>/editable", responses={200: EditableList})
@reads(Role.VIEWER)
def invoice_editable(session: Session, path: IdPath) -> EditableList:
    """Say what may still be changed of an invoice at the packages."""
    if find(session, InvoiceRow, caller().organisation_id, path.id) is None:
        raise ApiError(404, "There is no such invoice.")
    return _answer(session, EntityKind.INVOICE, path.id)


@api.get("/payments/<id>/editable", responses={200: EditableList})
@reads(Role.VIEWER)
def payment_editable(session: Session, path: IdPath) -> EditableList:
    """Say what may still be changed of a payment at the packages."""
    row = find(session, PaymentRow, caller().organisation_id, path.id)
    if row is None:
        raise ApiError(404, "There is no such payment.")
    return _answer(session, kind_of_payment(row.kind), path.id)


def _answer(session: Session, kind: EntityKind, record_id: str) -> EditableList:
    platform = services().platform
    assert platform is not None  # noqa: S101 - these routes are only there with the sync behind them
    states = sync_states(session, caller().organisation_id, kind, [record_id])[record_id]
    return EditableList(items=_documents(editable_at(platform, session, kind, states)))


def _documents(found: Sequence[Editable]) -> list[EditableOut]:
    return [
        EditableOut(
            connection_id=one.connection_id,
            provider=one.provider,
            standing=one.rule.standing.value,
            editable=not one.closed,
            fields=None if one.rule.fields is None else sorted(one.rule.fields),
            fixed=sorted(one.rule.fixed),
            withdraws=one.rule.withdraws,
            reason=one.reason,
        )
        for one in found
    ]
