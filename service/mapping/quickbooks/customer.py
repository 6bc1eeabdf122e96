"""Companies, individuals and jobs as QuickBooks customers; a job is a sub-customer.

QuickBooks facts (developer.intuit.com, Customer): DisplayName is unique over customers, vendors and employees and at
most 500 characters; names of people and companies 100; no colon, tab or line break in any of them; an email field of
100 characters that may hold several addresses; phones 30; Job and ParentRef go together; five levels in all; the
currency is fixed once set and a sub-customer has its parent's; the tax identifier comes back masked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from service.core.errors import MappingError
from service.core.fields import owners
from service.core.intent import Operation
from service.core.model import Customer, CustomerKind, CustomerType, SendTo
from service.core.phone import clean_phone, format_phone
from service.core.ports import (
    Company,
    EntityKind,
    Loss,
    MappingContext,
    Payload,
    Projection,
    Record,
    Ref,
    RemoteRecord,
)
from service.core.reconcile import Flow
from service.core.snapshot import FieldName, Snapshot, Value, at_home, clean_text
from service.mapping.quickbooks import address, email, tax, terms, tree, web
from service.mapping.quickbooks.base import QuickBooksMapper
from service.mapping.quickbooks.body import cut, ref, text
from service.mapping.settings import chosen

NAME_LIMIT = 500
FORBIDDEN = frozenset(":\t\r\n")
_PERSON_LIMIT = 100
_EMAIL_LIMIT = 100
_PHONE_LIMIT = 30
_TAX_NUMBER_LIMIT = 20
_DEEPEST = 5

_BLANKS = {ord(character): " " for character in FORBIDDEN}
_INACTIVE_SUFFIX = re.compile(r"\s*\(deleted(?:\s+\d+)?\)$")
_TEXTS: Mapping[FieldName, str] = {
    "name": "DisplayName",
    "company_name": "CompanyName",
    "first_name": "GivenName",
    "last_name": "FamilyName",
}
_PHONES: Mapping[FieldName, str] = {"phone": "PrimaryPhone", "mobile": "Mobile", "fax": "Fax"}
_ADDRESSES: Mapping[FieldName, str] = {"billing_address": "BillAddr", "shipping_address": "ShipAddr"}


@dataclass(frozen=True, slots=True)
class CustomerMapper(QuickBooksMapper):
    """Translates a customer of any kind and depth.

    Fields a side has nothing to say about are left out of its snapshot: the company name of a job or an individual,
    and terms or a tax level that are set neither here nor above it, so that a bookkeeper's own stand. A VAT number is
    sent with the first write only, because it is never shown again.
    """

    kind: EntityKind = EntityKind.CUSTOMER
    identity: tuple[FieldName, ...] = ("name",)

    @property
    def flows(self) -> Mapping[FieldName, Flow]:
        """Who owns each field."""
        held = {*_TEXTS, *_PHONES, *_ADDRESSES, "email", "website", "parent", "currency", "payment_terms", "tax_level"}
        return {name: flow for name, flow in owners(self.kind).items() if name in {*held, "vat_number"}}

    def needs(self, record: Record, context: MappingContext) -> tuple[Ref, ...]:
        """Return the parent of a job."""
        del context
        customer = _customer(record)
        return (Ref(kind=EntityKind.CUSTOMER, id=customer.parent_id),) if customer.parent_id else ()

    def project(self, record: Record, context: MappingContext) -> Projection:
        """Return the customer as QuickBooks can hold it.

        :raises MappingError: it is too deep, or its tax level or parent has no counterpart.
        """
        customer = _customer(record)
        if customer.depth > _DEEPEST:
            raise MappingError(
                "parent", f"QuickBooks holds {_DEEPEST} levels of customers; this one is on a deeper one."
            )
        fields: dict[FieldName, Value] = {}
        losses: list[Loss] = []
        for name, value, loss in (
            *_names(customer, context),
            *_ways_to_reach(customer, context),
            *_places(customer, context),
            *_business(customer, context),
        ):
            if name is not None:
                fields[name] = value
            if loss is not None:
                losses.append(loss)
        return Projection(
            snapshot=Snapshot(fields=fields, active=not customer.archived),
            losses=(*losses, *_left_behind(customer)),
        )

    def body(
        self,
        operation: Operation,
        snapshot: Snapshot,
        *,
        changed: frozenset[FieldName],
        theirs: RemoteRecord | None,
        context: MappingContext,
    ) -> Payload:
        """Build the body; id and version are added when it is packed.

        :raises MappingError: for another currency, an open balance, and a move to the top that would lose something.
        """
        match operation:
            case Operation.CREATE:
                filled = {name: value for name, value in snapshot.fields.items() if value is not None}
                return _write(filled, context, creating=True)
            case Operation.ARCHIVE:
                tree.require_settled(theirs)
                return {"Active": False}
            case Operation.RESTORE:
                # The name lost its place when the customer was made inactive: QuickBooks put "(deleted)" behind it.
                return {**_update(snapshot, changed | {"name"}, theirs, context), "Active": True}
            case Operation.UPDATE:
                return _update(snapshot, changed, theirs, context)
            case Operation.VOID | Operation.DELETE:
                raise MappingError("name", "A customer can only be made inactive in QuickBooks.")

    def read(self, remote: RemoteRecord, context: MappingContext) -> Snapshot:
        """Read a customer; the suffix that QuickBooks gives inactive names is taken off."""
        payload, region = remote.payload, context.reference.company.country
        fields: dict[FieldName, Value] = {name: text(payload, member) for name, member in _TEXTS.items()}
        if not remote.active and isinstance(fields["name"], str):
            fields["name"] = clean_text(_INACTIVE_SUFFIX.sub("", fields["name"]))
        fields["email"] = email.join(email.split(text(payload, "PrimaryEmailAddr", "Address"))) or None
        for name, member in _PHONES.items():
            fields[name] = clean_phone(text(payload, member, "FreeFormNumber"), region=region)
        fields["website"] = web.site(text(payload, "WebAddr", "URI"))
        for name, member in _ADDRESSES.items():
            fields[name] = at_home(address.read(payload, member), region)
        fields["parent"] = text(payload, "ParentRef", "value")
        fields["payment_terms"] = terms.read(payload, context)
        if tax.customers_have_levels(context):
            fields["tax_level"] = tax.read_customer(payload, context)
        if context.reference.company.flags.get("multicurrency"):
            fields["currency"] = text(payload, "CurrencyRef", "value") or context.reference.company.base_currency
        return Snapshot(fields=fields, active=remote.active)


def line_of(customer: Customer, context: MappingContext) -> Iterator[Customer]:
    """Yield a customer and those above it as far as they are known, nearest first."""
    seen: set[str] = set()
    one: Customer | None = customer
    while one is not None and one.id not in seen:
        yield one
        seen.add(one.id)
        one = context.customers.get(one.parent_id or "")


def enabled(currency: str | None, company: Company) -> str | None:
    """Return a currency that the company has switched on.

    :raises MappingError: it has not; what was created in another currency would keep that for good.
    """
    if currency is not None and company.currencies and currency not in company.currencies:
        reason = f"{company.name} does not have the currency {currency} in QuickBooks. Add it there first."
        raise MappingError("currency", reason, cause="currency_not_enabled")
    return currency


def currency_of(customer: Customer, context: MappingContext) -> str | None:
    """Return the currency that QuickBooks keeps for a customer: that of the client at the top of its tree."""
    *_, top = line_of(customer, context)
    return top.currency or context.reference.company.base_currency


def terms_of(customer: Customer, context: MappingContext) -> str | None:
    """Return the payment terms that apply to a customer: QuickBooks hands none down to sub-customers by itself."""
    return next((one.payment_terms for one in line_of(customer, context) if one.payment_terms), None)


#: A field with its value, and a loss, either of which may be missing.
_Found = tuple[FieldName | None, Value, Loss | None]


def _customer(record: Record) -> Customer:
    if not isinstance(record, Customer):
        raise TypeError(f"a {type(record).__name__} is no customer")
    return record


def _names(customer: Customer, context: MappingContext) -> Iterator[_Found]:
    given = context.names.get(Ref(kind=EntityKind.CUSTOMER, id=customer.id))
    yield _name("name", given or customer.name, NAME_LIMIT, "The name")
    if not cut(clean_text((given or customer.name).translate(_BLANKS)), NAME_LIMIT):
        raise MappingError("name", "QuickBooks needs a name.")
    if customer.kind is CustomerKind.COMPANY and customer.type is CustomerType.CLIENT:
        yield _name("company_name", customer.name, _PERSON_LIMIT, "The company name")
    # A job without people of its own keeps what a bookkeeper typed there as its own name.
    primary = customer.primary_contact
    person = customer if customer.kind is CustomerKind.INDIVIDUAL or primary is None else primary
    yield _name("first_name", person.first_name, _PERSON_LIMIT, "The first name")
    yield _name("last_name", person.last_name, _PERSON_LIMIT, "The last name")


def _name(field: FieldName, value: str | None, limit: int, what: str) -> _Found:
    whole = clean_text(value)
    held = cut(clean_text(value.translate(_BLANKS)), limit) if value else None
    reason = f"{what} is longer than QuickBooks' {limit} characters or holds a colon: it becomes '{held}' there."
    return field, held, None if held == whole else Loss(field=field, reason=reason)


def _ways_to_reach(customer: Customer, context: MappingContext) -> Iterator[_Found]:
    primary = customer.primary_contact
    own = [customer.email or (primary.email if primary else None)]
    if customer.other_emails_invoice is not SendTo.NONE:
        own += customer.other_emails
    fitted = email.fit(own, _EMAIL_LIMIT)
    yield "email", email.join(fitted.kept) or None, None
    if fitted.over:
        reason = f"QuickBooks has {_EMAIL_LIMIT} characters for email addresses; left out: {', '.join(fitted.over)}."
        yield None, None, Loss(field="email", reason=reason)
    region = context.reference.company.country
    for field in _PHONES:
        whole = clean_phone(getattr(customer, field), region=region)
        held = clean_phone(cut(whole, _PHONE_LIMIT), region=region)
        reason = f"QuickBooks has {_PHONE_LIMIT} characters for a phone: it becomes '{held}' there."
        yield field, held, None if held == whole else Loss(field=field, reason=reason)
    site = web.site(customer.website)
    if site is not None and not web.is_site(site):
        yield "website", None, Loss(field="website", reason=f"QuickBooks takes no web address like '{site[:80]}'.")
    else:
        yield "website", site, None


def _places(customer: Customer, context: MappingContext) -> Iterator[_Found]:
    for field in _ADDRESSES:
        held, was_cut = address.hold(getattr(customer, field))
        held = at_home(held, context.reference.company.country)
        reason = "A part of the address is longer than QuickBooks can hold and is cut there."
        yield field, held, Loss(field=field, reason=reason) if was_cut else None


def _business(customer: Customer, context: MappingContext) -> Iterator[_Found]:
    yield "parent", _parent(customer, context), None
    yield from _terms_and_tax(customer, context)
    yield _currency(customer, context)
    number = clean_text(customer.vat_number)
    if number is not None:
        shown = (
            "QuickBooks takes a VAT number with a new customer only and masks it afterwards; later changes stay here."
        )
        fits = len(number) <= _TAX_NUMBER_LIMIT
        long = f"The VAT number is longer than QuickBooks' {_TAX_NUMBER_LIMIT} characters and is left out."
        yield "vat_number" if fits else None, number, Loss(field="vat_number", reason=shown if fits else long)


def _parent(customer: Customer, context: MappingContext) -> str | None:
    if customer.parent_id is None:
        return None
    parent = context.remote_ids.get(Ref(kind=EntityKind.CUSTOMER, id=customer.parent_id))
    if parent is None:
        raise MappingError("parent", "The customer above it is not in QuickBooks yet.")
    return parent


def _terms_and_tax(customer: Customer, context: MappingContext) -> Iterator[_Found]:
    ours = terms_of(customer, context)
    if ours is not None:
        code = terms.hold(ours, context)
        reason = f"No payment terms of QuickBooks are chosen for '{ours}'."
        yield ("payment_terms", code, None) if code else (None, None, Loss(field="payment_terms", reason=reason))
    level = next((one.tax_level_id for one in line_of(customer, context) if one.tax_level_id), None)
    if level is not None:
        if tax.customers_have_levels(context):
            yield "tax_level", tax.hold_customer(level, context), None
        else:
            reason = "QuickBooks works out sales tax itself and keeps no tax level with a customer."
            yield None, None, Loss(field="tax_level", reason=reason)


def _currency(customer: Customer, context: MappingContext) -> _Found:
    company = context.reference.company
    if not company.flags.get("multicurrency"):
        wanted = currency_of(customer, context)
        if wanted not in {None, company.base_currency}:
            reason = (
                f"The QuickBooks company works in {company.base_currency} only, and a customer keeps the currency that "
                f"it is created in. Switch {wanted} on there first."
            )
            raise MappingError("currency", reason, cause="currency_not_enabled")
        return None, None, None
    held = enabled(currency_of(customer, context), company)
    reason = f"In QuickBooks a job has its client's currency: {held}."
    return "currency", held, Loss(field="currency", reason=reason) if customer.currency not in {None, held} else None


def _left_behind(customer: Customer) -> Iterator[Loss]:
    primary = customer.primary_contact
    shown = 0 if customer.kind is CustomerKind.INDIVIDUAL or primary is None else 1
    others = len(customer.contacts) - shown
    if others > 0:
        people = "1 other contact is" if others == 1 else f"{others} other contacts are"
        yield Loss(field="people", reason=f"QuickBooks keeps one person with a customer; {people} kept here only.")
    if customer.ean_number:
        yield Loss(field="ean_number", reason="QuickBooks has no place for an EAN number.")


def _write(values: Mapping[FieldName, Value], context: MappingContext, *, creating: bool) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for name, value in values.items():
        written |= _member(name, value, context, creating=creating)
    return written


def _member(name: FieldName, value: Any, context: MappingContext, *, creating: bool) -> dict[str, Any]:
    """Return the members that carry one field; a blank takes the former value away."""
    if name in _TEXTS:
        return {_TEXTS[name]: value or ""}
    if name in _PHONES:
        return {_PHONES[name]: {"FreeFormNumber": _dialled(value, context)}}
    if name in _ADDRESSES:
        return {_ADDRESSES[name]: address.write(value)}
    if name == "currency" and not creating:
        raise MappingError("currency", "QuickBooks does not change the currency of a customer once it is set.")
    if name == "vat_number" and not creating:
        return {}
    return _OTHERS[name](value, context) if name in _OTHERS else {}


def _update(
    snapshot: Snapshot, changed: frozenset[FieldName], theirs: RemoteRecord | None, context: MappingContext
) -> Payload:
    """Return the sparse body of the changed fields; of a move to the top the whole customer."""
    if "parent" not in changed:
        return _write({name: snapshot.get(name) for name in sorted(changed)}, context, creating=False)
    if "currency" in changed:
        there = text(theirs.payload, "CurrencyRef", "value") if theirs else None
        reason = (
            "In QuickBooks a job has its client's currency for good: "
            f"it has {there} there, and jobs of its new client have {snapshot.get('currency')}."
        )
        raise MappingError("parent", reason)
    if snapshot.get("parent") is not None:
        tree.require_movable(theirs)
        return _write({name: snapshot.get(name) for name in sorted(changed)}, context, creating=False)
    values = {name: snapshot.get(name) for name in sorted(changed - {"parent"})}
    number = snapshot.get("vat_number")
    whole = tree.whole(theirs, tax_number=str(number) if number else None)
    return {**whole, **_write(values, context, creating=False)}


def _dialled(value: str | None, context: MappingContext) -> str:
    """Return a phone as people write it, if that fits."""
    shown = format_phone(value, region=context.reference.company.country) or ""
    return shown if len(shown) <= _PHONE_LIMIT else value or ""


_OTHERS: Mapping[FieldName, Callable[[Any, MappingContext], dict[str, Any]]] = {
    "email": lambda value, _: {"PrimaryEmailAddr": {"Address": value or ""}},
    "website": lambda value, _: {"WebAddr": {"URI": value or ""}},
    "parent": lambda value, _: {"Job": True, "ParentRef": ref(value)} if value else {},
    "payment_terms": lambda value, context: {"SalesTermRef": ref(chosen(context.settings, f"terms:{value}"))},
    "tax_level": tax.write_customer,
    "vat_number": lambda value, _: {"PrimaryTaxIdentifier": value},
    "currency": lambda value, _: {"CurrencyRef": ref(value)},
}
