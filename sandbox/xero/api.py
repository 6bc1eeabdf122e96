"""The accounting API's routes: the shared verbs of every resource, and what each has of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, Response, g, request

from sandbox.common.sandbox import Sandbox
from sandbox.xero import credit_notes, groups, invoices, resources, wire
from sandbox.xero.errors import InvalidError, not_found, validation_exception
from sandbox.xero.listing import Asked, select
from sandbox.xero.organisation import Organisation, Record
from sandbox.xero.resource import Resource, elements

LONGEST_NOTE = 2500
_SETTINGS = {
    "Accounts": ("AccountID", lambda org: org.accounts),
    "TaxRates": ("TaxType", lambda org: org.tax_rates),
    "Items": ("ItemID", lambda org: org.items),
    "TrackingCategories": ("TrackingCategoryID", lambda org: org.tracking_categories),
    "Currencies": ("Code", lambda org: org.currencies),
    "BrandingThemes": ("BrandingThemeID", lambda org: org.branding_themes),
}

Work = Callable[..., Record | Response]


class Api:
    """Adds routes that hold the lock while they work and answer as the caller asked."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.blueprint = Blueprint("accounting", __name__, url_prefix="/api.xro/2.0")
        self._sandbox = sandbox

    def add(self, method: str, rule: str, work: Work) -> None:
        """Route ``method`` and ``rule`` to ``work(org, **ids)``, which returns a payload or a whole response."""

        def locked(**ids: str) -> Response:
            with self._sandbox.lock:
                result = work(g.org, **ids)
                if isinstance(result, Response):
                    return result
                body = wire.envelope(wire.rendered(result), self._sandbox.clock())
            return wire.answer(body, as_json="json" in request.headers.get("Accept", ""))

        self.blueprint.add_url_rule(rule, endpoint=f"{method} {rule}", view_func=locked, methods=[method])


def accounting_blueprint(sandbox: Sandbox) -> Blueprint:
    """Return all routes below ``/api.xro/2.0``."""
    api = Api(sandbox)
    for resource in resources.ALL:
        _add_resource(api, resource)
    for plural, (id_field, records) in _SETTINGS.items():
        _add_setting(api, plural, id_field, records)
    api.add("GET", "/Organisation", lambda org: {"Organisations": [org.profile]})
    _add_invoice_extras(api)
    _add_allocations(api)
    groups.add_routes(api.add)
    return api.blueprint


def _add_resource(api: Api, resource: Resource) -> None:
    base, one = f"/{resource.plural}", f"/{resource.plural}/<key>"
    api.add("GET", base, resource.list)
    api.add("GET", one, lambda org, key: _read(resource, org, key))
    if resource.create is None:
        return
    api.add("PUT", base, resource.put)
    api.add("POST", base, resource.post)
    api.add("POST", one, resource.post_one)

    def history(org: Organisation, key: str) -> Record:
        return {"HistoryRecords": org.history[resource.one(org, key)[resource.id_field]]}

    def note(org: Organisation, key: str) -> Record:
        record_id = resource.one(org, key)[resource.id_field]
        for given in elements("HistoryRecords"):
            text = str(given.get("Details") or "")
            if not 0 < len(text) <= LONGEST_NOTE:
                raise _invalid(f"The details of a note must have 1 to {LONGEST_NOTE} characters.")
            entry = {"Changes": "Note", "User": "System Generated", "Details": text, "DateUTC": org.now()}
            org.history[record_id].insert(0, entry)
        return {"HistoryRecords": org.history[record_id]}

    api.add("GET", f"{one}/History", history)
    api.add("PUT", f"{one}/History", note)


def _read(resource: Resource, org: Organisation, key: str) -> Record | Response:
    if resource is resources.INVOICES and "application/pdf" in request.headers.get("Accept", ""):
        return _pdf(resource.one(org, key))
    return resource.read(org, key)


def _pdf(invoice: Record) -> Response:
    """Return the smallest document a reader takes for a PDF, with the number in it."""
    text = f"%PDF-1.4\n% {invoice['InvoiceNumber']}\ntrailer << >>\n%%EOF\n"
    return Response(text.encode(), content_type="application/pdf")


def _add_setting(api: Api, plural: str, id_field: str, records: Callable[[Organisation], list[Record]]) -> None:
    def read_list(org: Organisation) -> Record:
        asked = Asked.of(request)
        kept = [one for one in records(org) if plural != "TrackingCategories" or _visible(one, asked)]
        plain = Asked(args=_without_paging(asked), modified_since=_since(plural, asked))
        page = select(kept, plain, id_field=id_field, by_stamp=False)
        return page.payload(plural, lambda record: record)

    def read_one(org: Organisation, key: str) -> Record:
        found = [one for one in records(org) if key in (one[id_field], one.get("Code"))]
        if not found:
            raise not_found()
        return {plural: found}

    api.add("GET", f"/{plural}", read_list)
    api.add("GET", f"/{plural}/<key>", read_one)


def _visible(category: Record, asked: Asked) -> bool:
    return category["Status"] == "ACTIVE" or asked.flag("includeArchived")


def _without_paging(asked: Asked) -> dict[str, str]:
    return {name: value for name, value in asked.args.items() if name in ("where", "order")}


def _since(plural: str, asked: Asked) -> datetime | None:
    return asked.modified_since if plural in ("Accounts", "Items") else None


def _add_invoice_extras(api: Api) -> None:
    def email(org: Organisation, key: str) -> Response:
        invoice = resources.INVOICES.one(org, key)
        try:
            invoices.email(org, invoice)
        except InvalidError as invalid:
            raise _invalid(*invalid.messages) from None
        return Response(status=204)

    def online(org: Organisation, key: str) -> Record:
        invoice = resources.INVOICES.one(org, key)
        if invoice["Type"] != "ACCREC" or invoice["Status"] not in ("AUTHORISED", "PAID"):
            raise _invalid("The online invoice is only available for approved sales invoices")
        return {
            "OnlineInvoices": [{"OnlineInvoiceUrl": f"https://in.xero.com/{invoice['InvoiceID'].replace('-', '')}"}]
        }

    api.add("GET", "/Invoices/<key>/pdf", lambda org, key: _pdf(resources.INVOICES.one(org, key)))
    api.add("POST", "/Invoices/<key>/Email", email)
    api.add("GET", "/Invoices/<key>/OnlineInvoice", online)


def _add_allocations(api: Api) -> None:
    def allocate(org: Organisation, key: str) -> Record:
        note = resources.CREDIT_NOTES.one(org, key)
        made = []
        for given in elements("Allocations"):
            try:
                made.append(credit_notes.allocate(org, note, given))
            except InvalidError as invalid:
                raise _invalid(*invalid.messages) from None
        return {"Allocations": [credit_notes.view_allocation(org, one) for one in made]}

    def release(org: Organisation, key: str, allocation_id: str) -> Record:
        note = resources.CREDIT_NOTES.one(org, key)
        for allocation in note["credits"]:
            if allocation["AllocationID"] == allocation_id:
                credit_notes.release(org, note, allocation)
                return {"AllocationID": allocation_id, "IsDeleted": True}
        raise not_found()

    api.add("PUT", "/CreditNotes/<key>/Allocations", allocate)
    api.add("DELETE", "/CreditNotes/<key>/Allocations/<allocation_id>", release)


def _invalid(*messages: str) -> Exception:
    return validation_exception([{"ValidationErrors": [{"Message": message} for message in messages]}])
