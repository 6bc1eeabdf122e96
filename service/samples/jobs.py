"""The job trees of the sample books, the job sites, and the contacts that belong to a site."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from msgspec.structs import replace

from service.core.hierarchy import MAX_DEPTH
from service.core.model import Contact, Customer, CustomerType, JobSite, SendTo
from service.core.names import full_name
from service.samples.chance import happens
from service.samples.clients import EXEMPT
from service.samples.places import make_address, make_phone
from service.samples.words import FIRST_NAMES, JOBS, LAST_NAMES, LONGEST, PARTS, SITES

#: Percentage of jobs at each depth that divide further.
_DIVIDES = {2: 25, 3: 35, 4: 40, MAX_DEPTH: 0}


def make_sites(rng: Random, clients: Sequence[Customer]) -> list[JobSite]:
    """Return one to three job sites for every third client."""
    sites = []
    for client in clients[::4]:
        if client.archived or client.billing_address is None:
            continue
        for place, name in enumerate(rng.sample(SITES, rng.randint(1, 3)), start=1):
            address = make_address(
                rng, region=client.billing_address.region, country=client.billing_address.country or ""
            )
            sites.append(
                JobSite(
                    id=f"{client.id}-s{place}",
                    customer_id=client.id,
                    name=f"{name}, {address.line1}",
                    address=address,
                )
            )
    return sites


def add_site_contacts(rng: Random, clients: Sequence[Customer], sites: Sequence[JobSite]) -> list[Customer]:
    """Return the clients with a further contact for most of their sites: sub-contacts of every kind."""
    added: dict[str, list[Contact]] = {}
    for index, site in enumerate(sites):
        if (index + 1) % 4:
            added.setdefault(site.customer_id, []).append(_site_contact(rng, site, index))
    return [replace(client, contacts=(*client.contacts, *added.get(client.id, ()))) for client in clients]


def _site_contact(rng: Random, site: JobSite, index: int) -> Contact:
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    mailbox = f"site{index}"
    own_address = index % 3 == 0
    return Contact(
        id=f"{site.id}-c",
        customer_id=site.customer_id,
        first_name=first,
        last_name=last,
        role="Site manager",
        email=f"{mailbox}@example.com" if (index + 1) % 9 else None,
        other_emails=(f"{mailbox}.office@example.com", f"{mailbox}.gate@example.com") if index % 2 else (),
        mobile=make_phone(rng, site.address.region if site.address else None),
        tax_level_id=EXEMPT if index % 5 == 0 else None,
        billing_address=replace(site.address, line2="Site office") if own_address and site.address else None,
        use_as_billing_address=own_address or index % 7 == 0,
        job_site_id=site.id,
        invoice_email=list(SendTo)[index % 3],
        other_emails_invoice=list(SendTo)[index // 3 % 3],
    )


def make_jobs(rng: Random, clients: Sequence[Customer], sites: Sequence[JobSite]) -> list[Customer]:
    """Return all jobs, parents before children, down to the fifth level, below about half of the clients."""
    sites_of: dict[str, list[JobSite]] = {}
    for site in sites:
        sites_of.setdefault(site.customer_id, []).append(site)
    jobs: list[Customer] = []
    for client in clients:
        is_idle = happens(rng, 60) and client.name != LONGEST  # one path is too long for a package without a tree
        if client.archived or not client.is_customer or is_idle:
            continue
        for place, name in enumerate(rng.sample(JOBS, rng.choice([1, 1, 1, 2, 3])), start=1):
            job = _job(rng, client, name, place)
            here = sites_of.get(client.id)
            jobs.append(replace(job, job_site_id=rng.choice(here).id) if here and place % 4 else job)
            jobs.extend(_parts(rng, jobs[-1]))
    return jobs


def _parts(rng: Random, job: Customer) -> Iterator[Customer]:
    if not happens(rng, _DIVIDES[job.depth]):
        return
    for place, name in enumerate(rng.sample(PARTS, rng.choice([1, 2, 2, 3])), start=1):
        part = _job(rng, job, name, place)
        yield part
        yield from _parts(rng, part)


def _job(rng: Random, parent: Customer, name: str, place: int) -> Customer:
    region = parent.billing_address.region if parent.billing_address else None
    has_own_address = happens(rng, 6) and parent.billing_address is not None
    ref = f"{parent.id.replace('client-', 'job-')}.{place}"
    return Customer(
        id=ref,
        kind=parent.kind,
        type=CustomerType.JOB,
        name=name,
        full_name=full_name((parent.full_name, name)),
        depth=parent.depth + 1,
        parent_id=parent.id,
        number=ref.replace("job-", "J-"),
        archived=parent.archived or (parent.depth > 1 and happens(rng, 4)),
        email=f"{ref}@example.com" if happens(rng, 6) else None,
        currency=parent.currency,
        tax_level_id=EXEMPT if happens(rng, 4) else None,
        payment_terms=parent.payment_terms,
        billing_address=make_address(rng, region=region, country=parent.billing_address.country or "")
        if has_own_address and parent.billing_address
        else None,
    )
