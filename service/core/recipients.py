"""Who receives an invoice, and which billing address it carries; each answer names the rule that decided.

The rules, first one that yields an address wins: the override on the invoice; the chosen contact, by its own To/Cc
choices; the contact of the job's job site, by its choices; the company's own email, by its choices; the primary
contact. A customer is given as a chain: itself, then its parent, up to the client. A job without something of its own
takes it from the nearest ancestor that has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from msgspec import structs

from service.core.model import Address, Contact, Customer, JobSite, Recipients, SendTo

NOBODY = "no address is known"

#: For callers that have no job sites at hand; the words then leave the site's name out.
NO_SITES: Mapping[str, JobSite] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceContact:
    """A contact that an invoice concerns, and how it came to that."""

    contact: Contact
    job_site_id: str | None = None  #: the job site that brought it; None when it was chosen on the invoice


def invoice_contacts(chain: Sequence[Customer], contact_id: str | None) -> tuple[InvoiceContact, ...]:
    """Return the contacts whose own settings bear on an invoice, strongest first.

    First the one chosen on the invoice, then those of the job site: the site is that of the nearest customer in the
    chain that has one, its contacts are those tied to it anywhere in the chain, nearest customer first. A chosen
    contact that is gone is passed over.
    """
    people = [contact for customer in chain for contact in customer.contacts]
    chosen = [InvoiceContact(contact=contact) for contact in people if contact.id == contact_id]
    site_id = next((customer.job_site_id for customer in chain if customer.job_site_id), None)
    on_site = [
        InvoiceContact(contact=contact, job_site_id=site_id)
        for contact in people
        if site_id is not None and contact.job_site_id == site_id and contact.id != contact_id
    ]
    return (*chosen, *on_site)


def contact_words(found: InvoiceContact, job_sites: Mapping[str, JobSite]) -> str:
    """Return how a deciding contact is named: "contact Jo Lee" or "contact of the job site Elm Road (Jo Lee)"."""
    called = _called(found.contact)
    if found.job_site_id is None:
        return f"contact {called}"
    site = job_sites.get(found.job_site_id)
    return f"contact of the job site {site.name} ({called})" if site else f"contact of the job site ({called})"


def sub_contact_of(
    chain: Sequence[Customer], contact_id: str | None, *, job_sites: Mapping[str, JobSite] = NO_SITES
) -> Contact | None:
    """Return the contact that brings its own tax level or billing address to an invoice, or None.

    A package that cannot put these on the invoice itself needs a counterpart for this contact.
    """
    return next(
        (
            found.contact
            for found in invoice_contacts(chain, contact_id)
            if found.contact.tax_level_id or own_address(found.contact, job_sites) is not None
        ),
        None,
    )


def resolve_recipients(
    *,
    chain: Sequence[Customer],
    contact_id: str | None = None,
    override: Recipients | None = None,
    job_sites: Mapping[str, JobSite] = NO_SITES,
) -> Recipients:
    """Return To, Cc and the deciding rule in words.

    Addresses are compared without regard to case: none stands twice, and one in To is not in Cc. To is empty only if
    Cc is too: where a rule yields Cc alone, its first address becomes To. An override decides even when it is empty.

    :param chain: the invoice's customer, then its ancestors, nearest first.
    :param contact_id: the contact chosen on the invoice.
    :param job_sites: by id, for their names.
    """
    if override is not None:
        return _tidy(override.to, override.cc, "override on the invoice")
    for found in _by_rule(chain, contact_id, job_sites):
        if found.to:
            return found
    return Recipients(why=NOBODY)


def _by_rule(
    chain: Sequence[Customer], contact_id: str | None, job_sites: Mapping[str, JobSite]
) -> Iterator[Recipients]:
    """Yield what each rule after the override would give, in their order; many give nothing."""
    for found in invoice_contacts(chain, contact_id):
        why = contact_words(found, job_sites)
        yield _chosen(found.contact, why)
    for customer in chain:
        yield _chosen(customer, "company email" if customer is chain[0] else f"company email of {customer.name}")
    for customer in chain:
        primary = customer.primary_contact
        if primary is not None:
            why = f"primary contact {_called(primary)}"
            yield _chosen(primary, why)
            # the last resort: a person who asked for nothing still gets the invoice rather than nobody
            yield _tidy(_unseen([primary.email, *primary.other_emails], set())[:1], [], why)


def _chosen(sender: Contact | Customer, why: str) -> Recipients:
    """Sort a contact's or customer's addresses by its two choices."""
    addresses = [
        (sender.invoice_email, sender.email),
        *((sender.other_emails_invoice, address) for address in sender.other_emails),
    ]
    to = [address for choice, address in addresses if choice is SendTo.TO]
    cc = [address for choice, address in addresses if choice is SendTo.CC]
    return _tidy(to, cc, why)


def _tidy(to: Iterable[str | None], cc: Iterable[str | None], why: str) -> Recipients:
    seen: set[str] = set()
    kept_to = _unseen(to, seen)
    kept_cc = _unseen(cc, seen)
    if not kept_to:
        kept_to, kept_cc = kept_cc[:1], kept_cc[1:]
    return Recipients(to=tuple(kept_to), cc=tuple(kept_cc), why=why)


def _unseen(addresses: Iterable[str | None], seen: set[str]) -> list[str]:
    """Return the addresses not met before, stripped, and remember them."""
    kept: list[str] = []
    for address in addresses:
        stripped = (address or "").strip()
        if stripped and stripped.casefold() not in seen:
            seen.add(stripped.casefold())
            kept.append(stripped)
    return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingAddress:
    """The address an invoice carries, and the source that decided."""

    address: Address | None
    why: str
    contact_id: str | None = None  #: the sub-contact whose address it is


def resolve_billing_address(
    *, chain: Sequence[Customer], contact_id: str | None = None, job_sites: Mapping[str, JobSite] = NO_SITES
) -> BillingAddress:
    """Return the billing address of an invoice.

    In this order: the sub-contact's own one (the chosen contact's, else that of the job site's contact), or the address
    of its job site where the contact says ``use_as_billing_address`` and has none of its own; the customer's; the
    nearest ancestor's. Parameters are those of ``resolve_recipients``.
    """
    for found in invoice_contacts(chain, contact_id):
        address = own_address(found.contact, job_sites)
        if address is not None:
            why = f"billing address of {contact_words(found, job_sites)}"
            return BillingAddress(address=address, why=why, contact_id=found.contact.id)
    for customer in chain:
        if not _is_blank(customer.billing_address):
            why = "billing address of the customer" if customer is chain[0] else f"billing address of {customer.name}"
            return BillingAddress(address=customer.billing_address, why=why)
    return BillingAddress(address=None, why="no billing address is known")


def own_address(contact: Contact, job_sites: Mapping[str, JobSite]) -> Address | None:
    """Return the billing address that a contact brings: its own, or that of its job site if it says so; or None."""
    if not _is_blank(contact.billing_address):
        return contact.billing_address
    if contact.job_site_id is None or not contact.use_as_billing_address:
        return None
    site = job_sites.get(contact.job_site_id)
    return None if site is None or _is_blank(site.address) else site.address


def _is_blank(address: Address | None) -> bool:
    return address is None or not any(structs.astuple(address))


def _called(contact: Contact) -> str:
    return contact.full_name or contact.email or "without a name"
