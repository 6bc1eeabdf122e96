"""First match: proposals for records that exist on both sides, and a person's decisions about them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_CEILING, Decimal

from sqlalchemy.orm import Session

from service.core.errors import SyncError
from service.core.link import Tied
from service.core.matching import EXACT
from service.core.ports import EntityKind, Family, Ref
from service.store.facts import apply_to
from service.store.match_models import ProposalRow
from service.store.queries import connections as queries
from service.store.queries import counterparts, links, matches
from service.store.queries.events import Subject, add_event
from service.store.queries.find import find_all
from service.store.queries.pages import Page
from service.store.records import CustomerRow
from service.store.sync_models import ConnectionRow, CounterpartRow, LinkRow, MatchRow
from service.sync import proposing
from service.sync.connect import WrongState
from service.sync.documents import reference_from_json
from service.sync.platform import Platform

#: What is accepted without a person, as far as the one who answers does not ask for more or less.
SURE = Decimal("0.95")
_CENT = Decimal("0.01")
_WORKING = "The two lists are still being compared. Ask again in a moment."


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A customer that exists only there."""

    remote_id: str
    name: str
    email: str | None
    remote_url: str | None
    first_seen_at: datetime


class BadDecision(SyncError):
    """A decision that can't be taken; the message says why."""

    code = "bad_decision"


def list_matches(platform: Platform, *, organisation_id: str, connection_id: str) -> list[Match]:
    """Return every proposal of a connection: undecided ones first, surest first, then what was decided.

    :raises WrongState: there is so much to compare that it takes longer than anybody should wait.
    """
    _await(platform, organisation_id, connection_id)
    with platform.database.read() as session:
        rows = [
            *matches.open_proposals(session, connection_id),
            *matches.decided_proposals(session, connection_id),
        ]
        return _told(session, connection_id, rows)


def page_of_matches(session: Session, row: ConnectionRow, *, limit: int, cursor: str | None) -> Page[Match]:
    """Return a page of what is stored, in the same order; ``proposing.look`` brings it up to date first.

    :raises BadCursor: the cursor is of another list.
    """
    found = matches.proposal_page(session, row.id, limit=limit, cursor=cursor)
    return Page(_told(session, row.id, found.items), found.next)


def undecided(session: Session, row: ConnectionRow, *, ambiguous: bool | None = None, **bounds: int) -> list[Match]:
    """Return the stored proposals about which nobody has decided; bounds as of ``matches.open_proposals``."""
    return _told(session, row.id, matches.open_proposals(session, row.id, ambiguous=ambiguous, **bounds))


def decided(session: Session, row: ConnectionRow, *, limit: int) -> list[Match]:
    """Return what was decided."""
    return _told(session, row.id, matches.decided_proposals(session, row.id, limit=limit))


def tally(session: Session, row: ConnectionRow) -> matches.Tally:
    """Count the stored proposals: sure, probable, ambiguous and decided ones."""
    return matches.tally(session, row.id, sure=percent(SURE))


def candidates(
    platform: Platform, session: Session, row: ConnectionRow, *, limit: int, cursor: str | None = None
) -> Page[Candidate]:
    """Return customers that exist only there and that no open proposal names, newest first.

    :raises BadCursor: the cursor is of another list.
    """
    found = matches.untied_page(session, row.id, limit=limit, cursor=cursor)
    mapper = platform.provider(row.provider).mappers[EntityKind.CUSTOMER]
    company = reference_from_json(row.reference).company
    items = [
        Candidate(
            remote_id=one.remote_id,
            name=one.name or one.remote_id,
            email=one.email,
            remote_url=mapper.url(one.remote_id, company),
            first_seen_at=one.first_seen_at,
        )
        for one in found.items
    ]
    return Page(items, found.next)


def percent(share: Decimal) -> int:
    """Return a share of 1 in per cent, as proposals keep it; never less sure than asked."""
    return int((share / _CENT).to_integral_value(rounding=ROUND_CEILING))


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
        return _take(platform, session, row, decisions, actor)


def accept(platform: Platform, *, organisation_id: str, connection_id: str, above: Decimal, actor: str) -> int:
    """Link every undecided, unambiguous proposal that is at least as sure as ``above`` (0 to 1); return how many.

    :raises WrongState: the two lists are still being compared.
    """
    _await(platform, organisation_id, connection_id)
    with platform.database.write() as session:
        row = queries.get(session, organisation_id, connection_id)
        sure = matches.open_proposals(session, connection_id, at_least=percent(min(above, EXACT)), ambiguous=False)
        return _take(platform, session, row, [(one.customer_id, one.remote_id, "link") for one in sure], actor)


def link_pair(platform: Platform, session: Session, row: ConnectionRow, pair: matches.Pair, *, actor: str) -> None:
    """Tie a customer to an entity, both named by a person.

    :raises BadDecision: as for :func:`decide`.
    """
    _take(platform, session, row, [(*pair, "link")], actor)


def _await(platform: Platform, organisation_id: str, connection_id: str) -> None:
    if not proposing.look(platform, organisation_id, connection_id):
        raise WrongState(_WORKING)


def _told(session: Session, connection_id: str, rows: Sequence[ProposalRow]) -> list[Match]:
    here = matches.names_here(session, {row.customer_id for row in rows})
    there = counterparts.by_remote_ids(session, connection_id, Family.CUSTOMER, {row.remote_id for row in rows})
    return [
        Match(
            customer_id=row.customer_id,
            customer_name=here.get(row.customer_id, ""),
            remote_id=row.remote_id,
            remote_name=(there[row.remote_id].name if row.remote_id in there else None) or row.remote_id,
            confidence=row.confidence * _CENT,
            evidence=tuple(row.evidence),
            ambiguous=row.ambiguous,
            decision=row.decision or None,
        )
        for row in rows
    ]


@dataclass(kw_only=True)
class _Taking:
    """What decisions look at and change, loaded once for all of them."""

    platform: Platform
    session: Session
    row: ConnectionRow
    actor: str
    family: Family
    customers: dict[str, CustomerRow]
    there: dict[str, CounterpartRow]
    links: dict[str, LinkRow]  #: by customer
    holders: dict[str, LinkRow]  #: by entity
    ever: set[Ref]  #: customers that were tied before, unlinked ones too
    before: dict[matches.Pair, MatchRow]
    proposed: dict[matches.Pair, ProposalRow]
    linked: list[matches.Pair] = field(default_factory=list)
    apart: list[matches.Pair] = field(default_factory=list)
    freed: bool = False  #: what an earlier decision had tied was untied


def _take(
    platform: Platform,
    session: Session,
    row: ConnectionRow,
    decisions: Collection[tuple[str, str, str]],
    actor: str,
) -> int:
    customer_ids, remote_ids = {one for one, _, _ in decisions}, {one for _, one, _ in decisions}
    of_customers = matches.links_of(session, row.id, customer_ids)
    taking = _Taking(
        platform=platform,
        session=session,
        row=row,
        actor=actor,
        family=platform.provider(row.provider).capabilities.family_of[EntityKind.CUSTOMER],
        customers=find_all(session, CustomerRow, row.organisation_id, customer_ids),
        there=counterparts.by_remote_ids(session, row.id, Family.CUSTOMER, remote_ids),
        links=of_customers,
        holders=links.by_remote_ids(session, row.id, Family.CUSTOMER, remote_ids),
        ever=links.linked_ever(session, row.id, [Ref(kind=EntityKind.CUSTOMER, id=one) for one in customer_ids]),
        before=matches.decisions_of(session, row.id, customer_ids),
        proposed=matches.touching(session, row.id, customer_ids),
    )
    taken = sum(_decide(taking, *one) for one in decisions)
    matches.clear_up(session, row.id, linked=taking.linked, apart=taking.apart)
    if taking.freed:
        matches.forget_marker(session, row.id)  # rivals of a pair that was linked may stand in the list again
    return taken


def _decide(taking: _Taking, customer_id: str, remote_id: str, decision: str) -> bool:
    customer, there = taking.customers.get(customer_id), taking.there.get(remote_id)
    if customer is None or there is None:
        message = "There is no such customer here, or no such record there."
        raise BadDecision(message)
    pair = (customer_id, remote_id)
    before = taking.before.get(pair)
    if before is not None and before.decision == decision:
        return False
    if decision == "link":
        link: LinkRow | None = _link(taking, customer, there)
        taking.linked.append(pair)
    else:
        link = None
        _take_back(taking, pair)
        taking.apart.append(pair)
    now = taking.platform.clock()
    matches.remember(
        taking.session, taking.row, pair, decision, by=taking.actor, now=now, rows=(taking.before, taking.proposed)
    )
    add_event(
        taking.session,
        organisation_id=taking.row.organisation_id,
        at=now,
        actor=taking.actor,
        verb="matched" if decision == "link" else "kept apart",
        subject=Subject(kind="customer", id=customer.id, label=customer.full_name),
        connection_id=taking.row.id,
        link_id=link.id if link is not None else None,
        after={"remote_id": remote_id, "remote_name": there.name},
    )
    return True


def _link(taking: _Taking, customer: CustomerRow, there: CounterpartRow) -> LinkRow:
    """Tie a customer to an entity.

    :raises BadDecision: one of the two is tied to another already.
    """
    link, holder = taking.links.get(customer.id), taking.holders.get(there.remote_id)
    if holder is not None and holder.record_id != customer.id:
        message = f"'{there.name}' is tied to another customer already."
        raise BadDecision(message)
    if link is not None and link.remote_id not in (None, there.remote_id):
        message = f"'{customer.full_name}' is tied to another record there already."
        raise BadDecision(message)
    ref = Ref(kind=EntityKind.CUSTOMER, id=customer.id)
    link = link or links.add(
        taking.session,
        taking.row,
        ref,
        taking.family,
        generation=links.next_generation(taking.session, taking.row.id, ref) if ref in taking.ever else 1,
        hint=customer.number or "",
    )
    tie(taking.session, link, there.remote_id, there.name, now=taking.platform.clock())
    taking.links[customer.id] = taking.holders[there.remote_id] = link
    return link


def _take_back(taking: _Taking, pair: matches.Pair) -> None:
    """Untie what an earlier decision tied, as long as nothing was compared or sent."""
    link = taking.links.get(pair[0])
    if link is not None and link.remote_id == pair[1] and link.baseline is None:
        taking.session.delete(link)
        taking.session.flush()
        del taking.links[pair[0]]
        taking.holders.pop(pair[1], None)
        taking.freed = True


def tie(session: Session, link: LinkRow, remote_id: str, remote_name: str | None, *, now: datetime) -> None:
    """Tie a link to an entity; the next sync compares the two for the first time."""
    apply_to(session, link, Tied(external_id=remote_id), now=now)
    link.remote_name = remote_name
