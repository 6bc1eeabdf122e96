"""Working out which records may be the same: who takes part on either side, and when it has to be done anew."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from threading import Lock, Thread

import structlog
from sqlalchemy.orm import Session

from service.core.matching import Party, propose
from service.core.matching.words import plain_words
from service.core.model import Address, Customer, CustomerKind
from service.core.ports import EntityKind, Family, Ref, RemoteRecord
from service.core.snapshot import Snapshot
from service.store.queries import connections as queries
from service.store.queries import counterparts, eligible, links, load, matches
from service.store.sync_models import ConnectionRow
from service.sync.cases import Ground, ground_of
from service.sync.platform import Platform
from service.sync.waves import deepest_of

_log = structlog.get_logger(__name__)

#: Records of both sides up to which nobody notices that they are compared; more are compared in the background.
AT_ONCE = 3_000
#: How long whoever asks waits for the background, in seconds.
PATIENCE = 20
#: What :func:`service.store.queries.links.reference_of` puts behind a customer's number.
_LINK_MARK = re.compile(r"-[0-9a-f]{12}$")
_PARTS = ("line1", "line2", "city", "region", "postal_code", "country")

_lock = Lock()
_working: dict[str, Thread] = {}


def is_fresh(session: Session, row: ConnectionRow) -> bool:
    """Tell whether the proposals are those of the records as they are; a company that is not connected has none."""
    if row.state == "pending":
        return True
    known = matches.worked_out(session, row.id)
    return known is not None and known.marker == matches.marker(session, row)


def look(platform: Platform, organisation_id: str, connection_id: str, *, patience: int | None = None) -> bool:
    """Have the proposals worked out if a record has changed since; tell whether they are there now.

    Few records are compared at once, many in the background while the caller waits.

    :param patience: how long, in seconds; ``PATIENCE`` unless given.
    :raises NotFoundError: there is no such connection in the organisation.
    """
    with platform.database.read() as session:
        row = queries.get(session, organisation_id, connection_id)
        if is_fresh(session, row):
            return True
        few = matches.size(session, row) <= AT_ONCE
    if few:
        refresh(platform, connection_id)
        return True
    with _lock:
        worker = _working.get(connection_id)
        if worker is None or not worker.is_alive():
            worker = Thread(target=_refresh_quietly, args=(platform, connection_id), name="matching", daemon=True)
            _working[connection_id] = worker
            worker.start()
    worker.join(PATIENCE if patience is None else patience)
    return not worker.is_alive()


def refresh(platform: Platform, connection_id: str) -> None:
    """Work the proposals out and store them in the place of those that nobody has decided about."""
    with platform.database.read() as session:
        row = session.get_one(ConnectionRow, connection_id)
        marker = matches.marker(session, row)
        ground = ground_of(platform, session, row)
        apart = matches.kept_apart(session, connection_id)
        ours, theirs = _ours(session, ground), _theirs(session, ground)
    proposals = propose(ours, theirs, apart=apart)
    with platform.database.write() as session:
        row = session.get_one(ConnectionRow, connection_id)
        matches.replace_open(session, row, proposals, marker=marker, now=platform.clock())


def _refresh_quietly(platform: Platform, connection_id: str) -> None:
    try:
        refresh(platform, connection_id)
    except Exception:  # noqa: BLE001  (nobody reads what a thread raises)
        _log.exception("matching failed", connection_id=connection_id)


def _ours(session: Session, ground: Ground) -> list[Party]:
    """Return our customers that are to go there and were never tied."""
    deepest = deepest_of(ground.capabilities, ground.settings)
    has_tree = ground.capabilities.native_depth > 1
    wanted = eligible.eligible_customers(session, ground.organisation_id)
    refs = [Ref(kind=EntityKind.CUSTOMER, id=customer_id) for customer_id in wanted]
    tied = {ref.id for ref in links.linked_ever(session, ground.connection_id, refs)}
    customers = load.load_customers(session, ground.organisation_id, [one for one in wanted if one not in tied])
    return [
        _our_party(one, customers, has_tree=has_tree)
        for customer_id in wanted
        if (one := customers.get(customer_id)) and customer_id not in tied and (deepest is None or one.depth <= deepest)
    ]


def _our_party(one: Customer, customers: Mapping[str, Customer], *, has_tree: bool) -> Party:
    person = one.primary_contact
    email = one.email or (person.email if person else None)
    phones = (one.phone, one.mobile, *((person.phone, person.mobile) if person else ()))
    return Party(
        id=one.id,
        name=one.name if has_tree else one.full_name,
        is_person=one.kind is CustomerKind.INDIVIDUAL,
        email=email,
        website=one.website,
        phones=tuple(phone for phone in phones if phone),
        addresses=tuple(address for address in (one.billing_address, one.shipping_address) if address),
        tax_number=one.vat_number,
        references=(one.number,) if one.number else (),
        parent=customers[one.parent_id].name if one.parent_id and has_tree else None,
        active=not one.archived,
    )


def _theirs(session: Session, ground: Ground) -> list[Party]:
    """Return their customers that nothing here is tied to."""
    mapper = ground.mappers[EntityKind.CUSTOMER]
    there = matches.untied(session, ground.connection_id)
    parents = {one.parent_id for one in there if one.parent_id}
    names = counterparts.by_remote_ids(session, ground.connection_id, Family.CUSTOMER, parents)
    return [
        _their_party(
            one, mapper.read(one, ground.reading), names[one.parent_id].name if one.parent_id in names else None
        )
        for one in there
    ]


def _their_party(one: RemoteRecord, read: Snapshot, parent: str | None) -> Party:
    kept = [_LINK_MARK.sub("", one.reference)] if one.reference else []
    number = _text(read, "number")
    return Party(
        id=one.remote_id,
        name=_text(read, "name") or one.name or "",
        other_names=tuple(_other_names(read)),
        email=one.email,
        website=_text(read, "website"),
        phones=tuple(phone for field in ("phone", "mobile") if (phone := _text(read, field))),
        addresses=tuple(_addresses(read)),
        tax_number=_text(read, "vat_number"),
        references=(*kept, *([number] if number else [])),
        parent=parent,
        active=one.active,
    )


def _other_names(read: Snapshot) -> Iterator[str]:
    """Yield the company name, and a person's name where the display name holds it and more beside it."""
    company = _text(read, "company_name")
    if company:
        yield company
    person = " ".join(filter(None, (_text(read, "first_name"), _text(read, "last_name"))))
    words = set(plain_words(person))
    if words and words < set(plain_words(_text(read, "name"))):
        yield person


def _addresses(read: Snapshot) -> Iterator[Address]:
    for field in ("billing_address", "shipping_address"):
        value = read.get(field)
        if isinstance(value, Sequence) and not isinstance(value, str):
            yield Address(**dict(zip(_PARTS, map(_part, value), strict=True)))


def _part(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _text(read: Snapshot, field: str) -> str | None:
    value = read.get(field)
    return value if isinstance(value, str) and value else None
