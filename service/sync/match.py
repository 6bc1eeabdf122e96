"""First match: proposals for records that exist on both sides, and a person's decisions about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from service.core.errors import SyncError
from service.core.matching import EXACT, Party, propose
from service.core.ports import EntityKind, Family, Ref
from service.ids import new_id
from service.store.queries import connections as queries
from service.store.queries import counterparts, eligible, links, load, matches
from service.store.queries.events import Subject, add_event
from service.store.sync_models import ConnectionRow, LinkRow, MatchRow
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


class BadDecision(SyncError):  # noqa: N818  (it says what is wrong)
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
    deepest = deepest_of(ground.capabilities, ground.settings)
    customers = load.load_customers(
        session, row.organisation_id, eligible.eligible_customers(session, row.organisation_id)
    )
    linked = links.linked_ever(session, row.id, [Ref(kind=EntityKind.CUSTOMER, id=one) for one in customers])
    decided = {(one.customer_id, one.remote_id): one.decision for one in matches.decisions(session, row.id)}
    decided_ids = {customer_id for customer_id, _ in decided}
    ours = [
        Party(
            id=one.id,
            name=one.full_name if ground.capabilities.native_depth == 1 else one.name,
            email=one.email,
            tax_number=one.vat_number,
            reference=one.number,
            parent=customers[one.parent_id].name if one.parent_id and ground.capabilities.native_depth > 1 else None,
        )
        for one in customers.values()
        if (deepest is None or one.depth <= deepest)
        and (Ref(kind=EntityKind.CUSTOMER, id=one.id) not in linked or one.id in decided_ids)
    ]
    mapper = ground.mappers[EntityKind.CUSTOMER]
    tied = links.remote_ids_tied(session, row.id, Family.CUSTOMER)
    there = counterparts.all_of(session, row.id, Family.CUSTOMER)
    names = {one.remote_id: one.name or one.remote_id for one in there}
    chosen = {remote_id for _, remote_id in decided}
    theirs = []
    for one in there:
        if one.remote_id in tied and one.remote_id not in chosen:
            continue
        shown = mapper.read(one, ground.reading)
        tax = shown.get("vat_number")
        theirs.append(
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
        for found in propose(ours, theirs)
    ]


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
    now = platform.clock()
    ref = Ref(kind=EntityKind.CUSTOMER, id=customer_id)
    customer = load.load_customers(session, row.organisation_id, [customer_id]).get(customer_id)
    there = counterparts.by_remote_ids(session, row.id, Family.CUSTOMER, [remote_id]).get(remote_id)
    if customer is None or there is None:
        message = "There is no such customer here, or no such record there."
        raise BadDecision(message)
    before = matches.decision(session, row.id, customer_id, remote_id)
    if before is not None and before.decision == decision:
        return False
    link = links.of_record(session, row.id, ref)
    if decision == "link":
        holder = links.by_remote_ids(session, row.id, Family.CUSTOMER, [remote_id]).get(remote_id)
        if holder is not None and holder.record_id != customer_id:
            message = f"'{there.name}' is tied to another customer already."
            raise BadDecision(message)
        if link is not None and link.remote_id not in (None, remote_id):
            message = f"'{customer.full_name}' is tied to another record there already."
            raise BadDecision(message)
        link = link or links.add(
            session, row, ref, platform.provider(row.provider).capabilities.family_of[ref.kind],
            hint=customer.number or "",
        )  # fmt: skip
        tie(link, there.remote_id, there.name)
    elif link is not None and link.remote_id == remote_id and link.baseline is None:
        session.delete(link)  # tied by a decision that is taken back before anything was compared or sent
        session.flush()
    if before is None:
        session.add(
            MatchRow(
                id=new_id(),
                organisation_id=row.organisation_id,
                connection_id=row.id,
                customer_id=customer_id,
                remote_id=remote_id,
                decision=decision,
                decided_by=actor,
                decided_at=now,
            )
        )
    else:
        before.decision, before.decided_by, before.decided_at = decision, actor, now
    add_event(
        session,
        organisation_id=row.organisation_id,
        at=now,
        actor=actor,
        verb="matched" if decision == "link" else "kept apart",
        subject=Subject(kind="customer", id=customer_id, label=customer.full_name),
        connection_id=row.id,
        link_id=link.id if decision == "link" and link is not None else None,
        after={"remote_id": remote_id, "remote_name": there.name},
    )
    return True


def tie(link: LinkRow, remote_id: str, remote_name: str | None) -> None:
    """Tie a link to an entity; the next sync compares the two for the first time."""
    link.remote_id, link.remote_name = remote_id, remote_name
    link.heard += 1
