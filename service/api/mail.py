"""Sending invoices by mail over HTTP."""

from __future__ import annotations

from pydantic import BaseModel

from service.api.access import caller
from service.api.routes import IdPath, routes
from service.api.runs import platform
from service.api.units import acts
from service.store.accounts import Role
from service.sync.mailing import send_invoice

api = routes("Mail", about="Invoices on their way to the people who receive them.")


class DeliveryOut(BaseModel):
    """Who an invoice was sent to, the rule that decided, and whom the mail server refused."""

    to: list[str]
    cc: list[str]
    why: str
    message_id: str
    refused: list[str]


@api.post("/invoices/<id>/send", responses={200: DeliveryOut})
@acts(Role.ACCOUNTANT)
def send(path: IdPath) -> DeliveryOut:
    """Send an issued invoice to exactly the recipients it shows."""
    who = caller()
    sent = send_invoice(platform(), organisation_id=who.organisation_id, invoice_id=path.id, actor=who.actor)
    return DeliveryOut(
        to=list(sent.to), cc=list(sent.cc), why=sent.why, message_id=sent.message_id, refused=list(sent.refused)
    )
