"""First match: proposals for records that exist on both sides, and a person's decisions about them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from service.core.errors import SyncError
from service.core.link import Tied
from service.core.matching import EXACT, Party, propose
from service.core.model import Customer
from service.core.ports import EntityKind, Family, Ref, RemoteRecord
from service.store.facts import apply_to
from service.store.queries import connections as queries
from service.store.queries import counterparts, eligible, links, load, matches
from service.store.queries.events import Subject, add_event
from service.store.sync_models import ConnectionRow, CounterpartRow, LinkRow
from service.sync.cases import Ground
from service.sync.platform import Platform
from service.sync.waves import deepest_of
from service.sync.work import ground_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A proposal as a person sees it."""

    customer_id: str
    customer_name: str
    remote_id: str
    remote_name: str
    confidence: Decimal
    evidence: tuple[str, ...]
    ambiguous: bool
    decision: str | None


class BadDecision(SyncError):
    """A decision that can't be taken; the message says why."""

    code = "bad_decision"


def list_matches(platform: Platform, *, organisation_id: str, connection_id: str) -> list[Match]:
    """Return every proposal of a connection, surest first, with what was decided."""
    with platform.database.read() as session:
        row = queries.get(session, organisation_id, connection_id)
        return _matches(platform, session, row)


def undecided(platform: Platform, session: Session, row: ConnectionRow) -> list[Match]:
    """Return the proposals about which nobody has decided."""
    return [match for match in _matches(platform, session, row) if match.decision is None]


def decide(
    platform: Platform,
    *,
    organisation_id: str,
    connection_id: str,
    decisions: Sequence[tuple[str, str, str]],
    actor: str,
) -> int:
    """Take decisions of (customer id, remote id, "link" or "separate"); return how many were new.

    Deciding to link ties the record now; nothing is written to the package before the connection is live.

    :raises BadDecision: an entity is unknown, or the record or the entity is tied already to another.
    """
    with platform.database.write() as session:
        row = queries.get(session, organisation_id, connection_id)
        return sum(_decide(platform, session, row, *decision, actor=actor) for decision in decisions)


def accept(platform: Platform, *, organisation_id: str, connection_id: str, above: Decimal, actor: str) -> int:
    """Link every undecided, unambiguous proposal that is at least as sure as ``above`` (0 to 1); return how many."""
    with platform.database.write() as session:
        row = queries.get(session, organisation_id, connection_id)
        sure = [
            match
            for match in undecided(platform, session, row)
            if not match.ambiguous and match.confidence >= min(above, EXACT)
        ]
        return sum(
            _decide(platform, session, row, match.customer_id, match.remote_id, "link", actor=actor) for match in sure
        )


def _matches(platform: Platform, session: Session, row: ConnectionRow) -> list[Match]:
    ground = ground_of(platform, session, row)
    customers = load.load_customers(
        session, row.organisation_id, eligible.eligible_customers(session, row.organisation_id)
    )
    there = counterparts.all_of(session, row.id, Family.CUSTOMER)
    names = {one.remote_id: one.name or one.remote_id for one in there}
    decided = {(one.customer_id, one.remote_id): one.decision for one in matches.decisions(session, row.id)}
    proposals = propose(
        _ours(session, ground, customers, {customer_id for customer_id, _ in decided}),
        _theirs(session, ground, there, names, {remote_id for _, remote_id in decided}),
    )
    return [
        Match(
            customer_id=found.ours,
            customer_name=customers[found.ours].full_name,
            remote_id=found.theirs,
            remote_name=names[found.theirs],
            confidence=found.confidence,
            evidence=found.evidence,
            ambiguous=found.ambiguous,
            decision=decided.get((found.ours, found.theirs)),
        )
        for found in proposals
    ]


def _ours(session: Session, ground: Ground, customers: Mapping[str, Customer], decided: Collection[str]) -> list[Party]:
    """Return our customers that nobody has tied yet, and those a person has decided about, so that it can be seen."""
    deepest = deepest_of(ground.capabilities, ground.settings)
    has_tree = ground.capabilities.native_depth > 1
    refs = [Ref(kind=EntityKind.CUSTOMER, id=customer_id) for customer_id in customers]
    tied = {ref.id for ref in links.linked_ever(session, ground.connection_id, refs)}
    return [
        Party(
            id=one.id,
            name=one.name if has_tree else one.full_name,
            email=one.email,
            tax_number=one.vat_number,
            reference=one.number,
            parent=customers[one.parent_id].name if one.parent_id and has_tree else None,
        )
        for one in customers.values()
        if (deepest is None or one.depth <= deepest) and (one.id not in tied or one.id in decided)
    ]


def _theirs(
    session: Session,
    ground: Ground,
    there: Sequence[RemoteRecord],
    names: Mapping[str, str],
    decided: Collection[str],
) -> list[Party]:
    """Return their customers that nothing here is tied to, and those a person has decided about."""
    tied = links.remote_ids_tied(session, ground.connection_id, Family.CUSTOMER)
    mapper = ground.mappers[EntityKind.CUSTOMER]
    parties = []
    for one in there:
        if one.remote_id in tied and one.remote_id not in decided:
            continue
        tax = mapper.read(one, ground.reading).get("vat_number")
        parties.append(
            Party(
                id=one.remote_id,
                name=one.name or "",
                email=one.email,
                tax_number=str(tax) if tax else None,
                reference=one.reference,
                parent=names.get(one.parent_id) if one.parent_id else None,
                active=one.active,
            )
        )
    return parties


def _decide(
    platform: Platform,
    session: Session,
    row: ConnectionRow,
    customer_id: str,
    remote_id: str,
    decision: str,
    *,
    actor: str,
) -> bool:
    customer = load.load_customers(session, row.organisation_id, [customer_id]).get(customer_id)
    there = counterparts.by_remote_ids(session, row.id, Family.CUSTOMER, [remote_id]).get(remote_id)
    if customer is None or there is None:
        message = "There is no such customer here, or no such record there."
        raise BadDecision(message)
    before = matches.decision_of(session, row.id, customer_id, remote_id)
    if before is not None and before.decision == decision:
        return False
    link = _link(platform, session, row, customer, there) if decision == "link" else None
    if decision != "link":
        _take_back(session, row, customer_id, remote_id)
    now = platform.clock()
    matches.remember(session, row, customer_id, remote_id, decision=decision, actor=actor, now=now)
    add_event(
        session,
        organisation_id=row.organisation_id,
        at=now,
        actor=actor,
        verb="matched" if decision == "link" else "kept apart",
        subject=Subject(kind="customer", id=customer_id, label=customer.full_name),
        connection_id=row.id,
        link_id=link.id if link is not None else None,
        after={"remote_id": remote_id, "remote_name": there.name},
    )
    return True


def _link(
    platform: Platform, session: Session, row: ConnectionRow, customer: Customer, there: CounterpartRow
) -> LinkRow:
    """Tie a customer to an entity.

    :raises BadDecision: one of the two is tied to another already.
    """
    ref = Ref(kind=EntityKind.CUSTOMER, id=customer.id)
    link = links.of_record(session, row.id, ref)
    holder = links.by_remote_ids(session, row.id, Family.CUSTOMER, [there.remote_id]).get(there.remote_id)
    if holder is not None and holder.record_id != customer.id:
        message = f"'{there.name}' is tied to another customer already."
        raise BadDecision(message)
    if link is not None and link.remote_id not in (None, there.remote_id):
        message = f"'{customer.full_name}' is tied to another record there already."
        raise BadDecision(message)
    family = platform.provider(row.provider).capabilities.family_of[ref.kind]
    link = link or links.add(session, row, ref, family, hint=customer.number or "")
    tie(session, link, there.remote_id, there.name, now=platform.clock())
    return link


def _take_back(session: Session, row: ConnectionRow, customer_id: str, remote_id: str) -> None:
    """Untie what an earlier decision tied, as long as nothing was compared or sent."""
    link = links.of_record(session, row.id, Ref(kind=EntityKind.CUSTOMER, id=customer_id))
    if link is not None and link.remote_id == remote_id and link.baseline is None:
        session.delete(link)
        session.flush()


def tie(session: Session, link: LinkRow, remote_id: str, remote_name: str | None, *, now: datetime) -> None:
    """Tie a link to an entity; the next sync compares the two for the first time."""
    apply_to(session, link, Tied(external_id=remote_id), now=now)
    link.remote_name = remote_name
