"""The order of sending: parents before children, customers before documents, invoices before payments.

Who is archived here comes last, children before their parents: a package archives nobody who has active jobs or owes
something, and takes no document of somebody who is archived.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.core.choice import JobRule, MappingSettings
from service.core.link import Edited, Refused, Reset, Retry, Settled
from service.core.model import Contact, Customer
from service.core.ports import Capabilities, EntityKind, Family, Ref
from service.core.problem import Dispute, Problem, ProblemKind
from service.core.reconcile import FieldAction, Move, RecordMove, advance
from service.core.snapshot import to_json
from service.records.author import Author
from service.store.facts import apply_to
from service.store.queries import allocations, due, find, links, untied
from service.store.sync_models import ConnectionRow, LinkRow
from service.sync import asking, books, closing, drift, intake, readback
from service.sync.cases import Ground, load_chunk, needs_of, says_more
from service.sync.names import Names
from service.sync.planner import Decision, decide
from service.sync.push import Outbox
from service.sync.work import Work

_CHUNK = 500
#: Documents in the order of sending: what settles an invoice needs it there, what is paid out needs its credit.
DOCUMENTS = (
    EntityKind.INVOICE,
    EntityKind.CREDIT,
    EntityKind.PAYMENT,
    EntityKind.ALLOCATION,
    EntityKind.REFUND,
)


@dataclass(frozen=True, slots=True)
class Wave:
    """Links that may be sent together: one kind and, where the package has a tree, one level of it."""

    kind: EntityKind
    depth: int | None = None
    #: of customers and their people those who are archived here, of money what was taken back here; or the others
    retiring: bool | None = None

    @property
    def leaving(self) -> bool:
        """True of customers and their people who are archived."""
        return bool(self.retiring) and self.kind in {EntityKind.CUSTOMER, EntityKind.CONTACT}


def waves_of(capabilities: Capabilities, kinds: Collection[EntityKind] | None = None) -> tuple[Wave, ...]:
    """Return the waves of one pass, in order.

    :param kinds: those that are compared at all; None for all that the package holds.
    """
    kinds = capabilities.kinds if kinds is None else kinds
    depths: Sequence[int | None] = range(1, 6) if capabilities.native_depth > 1 else (None,)
    customers = [Wave(EntityKind.CUSTOMER, depth, retiring=False) for depth in depths]
    people = [Wave(EntityKind.CONTACT, retiring=False)]
    withdrawn = [Wave(kind, retiring=True) for kind in (EntityKind.REFUND, EntityKind.ALLOCATION, EntityKind.PAYMENT)]
    apart = {wave.kind for wave in withdrawn}
    documents = [*withdrawn, *(Wave(kind, retiring=False if kind in apart else None) for kind in DOCUMENTS)]
    leaving = [Wave(EntityKind.CONTACT, retiring=True)]
    leaving += [Wave(EntityKind.CUSTOMER, depth, retiring=True) for depth in reversed(depths)]
    return tuple(wave for wave in (*customers, *people, *documents, *leaving) if wave.kind in kinds)


def due_in(
    session: Session,
    connection_id: str,
    wave: Wave,
    *,
    now: datetime,
    after: str = "",
    only: Collection[str] | None = None,
) -> Sequence[LinkRow]:
    """Return the next links of a wave that are to be looked at, after a link of the chunk before.

    :param only: those of these records alone.
    """
    return due.due_links(
        session,
        connection_id,
        wave.kind,
        now=now,
        depth=wave.depth,
        retiring=wave.retiring,
        after=after,
        only=only,
        limit=_CHUNK,
    )


def look_before_archiving(work: Work) -> None:
    """Read customers anew before any is archived, if our own writes may have moved some: what they owe decides."""
    if not work.echoes:
        return
    with work.platform.database.read() as session:
        now = work.platform.clock()
        waits = any(
            due_in(session, work.connection_id, one, now=now) for one in waves_of(work.capabilities) if one.leaving
        )
    if waits:
        books.read_feed(work, only=frozenset({Family.CUSTOMER}))


def look_before_voiding(work: Work) -> None:
    """Read documents anew if money was taken back just now: what still stands against them decides what is voided."""
    documents = frozenset({Family.INVOICE, Family.CREDIT_NOTE})
    if not work.doubt and any(family in documents for family, _ in work.echoes.freed):
        books.read_feed(work, only=documents)


def deepest_of(capabilities: Capabilities, settings: MappingSettings) -> int | None:
    """Return how deep customers get counterparts of their own; None for all levels."""
    return 1 if capabilities.native_depth == 1 and settings.job_rule is JobRule.REFERENCE else None


def tie_new_records(work: Work, ground: Ground) -> None:
    """Give every record that belongs at the package a link, if it never had one.

    This looks at what is, not at what was told: a record that somebody forgot to announce is found all the same.
    """
    family_of = work.capabilities.family_of
    deepest = deepest_of(work.capabilities, ground.settings)
    while True:
        with work.platform.database.write() as session:
            connection = session.get_one(ConnectionRow, work.connection_id)
            rule = connection.settings.get("push", "all")
            if rule == "by_hand":
                return
            left_out = ground.settings.left_out
            new = [
                (Ref(kind=EntityKind.CUSTOMER, id=record_id), number)
                for record_id, number, _ in untied.customers(
                    session,
                    connection,
                    deepest=deepest,
                    with_documents=rule == "with_documents",
                    left_out=left_out,
                )
                if ground.settings.sends(EntityKind.CUSTOMER)
            ]
            allocations.split_credits(session, connection.organisation_id)
            for kind in DOCUMENTS:
                if kind in ground.mappers and ground.settings.sends(kind):
                    found = documents_without_link(session, ground, connection, kind)
                    new += [(Ref(kind=kind, id=record_id), "") for record_id in found]
            links.add_all(session, connection, new, family_of)
        if not new:
            return


def documents_without_link(
    session: Session, ground: Ground, connection: ConnectionRow, kind: EntityKind, *, limit: int = 1000
) -> Sequence[str]:
    """Return the documents of a kind that belong at the package and were never tied to it."""
    left_out = ground.settings.left_out
    match kind:
        case EntityKind.INVOICE:
            return untied.invoices(session, connection, left_out=left_out, limit=limit)
        case EntityKind.ALLOCATION:
            return allocations.without_link(session, connection, limit=limit)
        case _:
            held = ground.capabilities.on_account
            return untied.money(session, connection, kind, on_account=held, left_out=left_out, limit=limit)


def tie_sub_contacts(work: Work, ground: Ground) -> None:
    """Give a link to every sub-contact that an invoice to be sent has to name."""
    if EntityKind.CONTACT not in ground.mappers or not ground.settings.sends(EntityKind.CONTACT):
        return
    family = work.capabilities.family_of[EntityKind.CONTACT]
    after = ""
    while True:
        with work.platform.database.write() as session:
            connection = session.get_one(ConnectionRow, work.connection_id)
            rows = due.due_links(session, connection.id, EntityKind.INVOICE, now=work.platform.clock(), after=after)
            if not rows:
                return
            needs = needs_of(session, ground, EntityKind.INVOICE, [row.record_id for row in rows])
            refs = {ref for found in needs.values() for ref in found if ref.kind is EntityKind.CONTACT}
            for ref in sorted(refs - links.linked_ever(session, connection.id, refs), key=lambda ref: ref.id):
                links.add(session, connection, ref, family, hint="P")
            after = rows[-1].id


def run_wave(
    work: Work,
    ground: Ground,
    names: Names,
    wave: Wave,
    *,
    sends: bool = True,
    only: Collection[str] | None = None,
) -> None:
    """Decide about every due link of a wave, carry out what happens here, and send what is to be sent.

    :param sends: False to leave the sending to another run.
    :param only: those of these records alone.
    """
    sends = sends and ground.settings.sends(wave.kind)
    outbox = Outbox(work, ground)
    mapper = ground.mappers[wave.kind]
    after = ""
    while True:
        with work.platform.database.read() as session:
            now = work.platform.clock()
            rows = due_in(session, work.connection_id, wave, now=now, after=after, only=only)
            if not rows:
                break
            after = rows[-1].id
            rows = [row for row in rows if ground.compares(wave.kind, row.remote_id)]
            chunk = load_chunk(session, ground, wave.kind, rows, names)
        cases = [case for case in chunk.cases if work.scope is None or work.scope.admits(case)]
        decisions = [decide(case, mapper, chunk.context, work.capabilities) for case in cases]
        work.labels.update({case.link_id: case.label for case in chunk.cases})
        work.waiting += sum(decision.waits for decision in decisions)
        decisions = [decision for decision in decisions if not decision.waits]
        held = carry_out_here(work, ground, decisions)
        for decision in decisions:
            if sends and decision.writes and decision.problem is None and decision.case.link_id not in held:
                outbox.put(decision)
    outbox.flush()


def carry_out_here(work: Work, ground: Ground, decisions: Sequence[Decision]) -> frozenset[str]:
    """Do the part of decisions that needs no call: values taken over, agreements noted, questions opened.

    Return the links of which nothing may be sent, because a question came up that the planner could not know of.
    """
    held = set()
    here = [decision for decision in decisions if not _only_writes(decision)]
    with work.holding() as session:
        connection = session.get_one(ConnectionRow, work.connection_id)
        rows = find.find_all(session, LinkRow, ground.organisation_id, [one.case.link_id for one in here])
        for decision in here:
            link = rows.get(decision.case.link_id)
            in_force = link is not None and link.retired_at is None
            if link is not None and in_force and not _carry_out(work, ground, session, connection, link, decision):
                held.add(link.id)
        work.report_in(session, done=work.done)
    return frozenset(held)


def _only_writes(decision: Decision) -> bool:
    """Tell whether nothing of a decision happens here: it is sent, and that is all."""
    drifted = bool(decision.case.drift) or (decision.drift is not None and bool(decision.drift.found))
    here = decision.problem is not None or decision.case.asked or bool(decision.plan.pulls) or drifted
    return decision.writes and not here


def _carry_out(
    work: Work, ground: Ground, session: Session, connection: ConnectionRow, link: LinkRow, decision: Decision
) -> bool:
    """Carry out one decision as far as it needs no call; tell whether something is left to be sent."""
    case, now, drifted = decision.case, work.platform.clock(), decision.drift
    if drifted is not None:
        drift.note(session, connection, link, case, drifted, now=now)
    problem = decision.problem or _pull(work, ground, session, connection, link, decision)
    if problem is not None:
        if link.wanted == case.wanted:  # edited meanwhile: the edit may be the cure
            closing.open_problem(session, link, Refused(problem=problem, heard=case.heard), label=case.label, now=now)
            link.losses = _losses(decision)
        if problem.kind is not ProblemKind.PARENT_NOT_SYNCED:
            work.counts["conflicts"] += 1
        work.done += 1
        return False
    if decision.writes:
        if link.open_problem_id is not None:
            apply_to(session, link, Retry(), now=now)  # the question is answered; sending follows
        return True
    if case.baseline is None and case.remote_id is not None:
        work.counts["linked"] += 1
    agreed = None if case.remote_id is None else to_json(advance(case.baseline, decision.plan.actions))
    apply_to(session, link, Settled(heard=case.heard, baseline=agreed, wanted=case.wanted), now=now)
    link.losses = _losses(decision)
    readback.look_again(session, _author(work, connection), link, decision, work.capabilities)
    link.due_at = None
    if link.remote_id is not None and not (drifted is not None and drifted.waiting):
        link.last_synced_at = now
    if decision.plan.record is RecordMove.FORGET:
        apply_to(session, link, Reset(at=now), now=now)
        link.retired_why = "gone on both sides"
    work.done += 1
    return False


def _author(work: Work, connection: ConnectionRow, *, why: str | None = None) -> Author:
    """Return the author of what is taken over from a package; the package itself is not told of it."""
    return Author(
        organisation_id=connection.organisation_id,
        actor=f"package:{connection.id}",
        now=work.platform.clock(),
        why=why,
        except_connection_id=connection.id,
    )


def _pull(
    work: Work, ground: Ground, session: Session, connection: ConnectionRow, link: LinkRow, decision: Decision
) -> Problem | None:
    """Take over the values of theirs that won; return the question about those that can't be taken over."""
    pulls = [action for action in decision.plan.pulls if action.move is Move.PULL]
    if not pulls:
        return None
    author = _author(work, connection, why=closing.reasons({action.field: action.rule.value for action in pulls}))
    left = intake.pull(session, ground, author, decision.case.record, pulls)
    if len(left) < len(pulls):
        work.counts["pulled"] += 1
        # What is sent was made before, and one value may show in several fields there: it is looked at once more.
        if decision.writes or _says_more(session, ground, decision, pulls):
            apply_to(session, link, Edited(), now=author.now)
    accepted = () if decision.drift is None else decision.drift.accepted
    drift.accepted(session, ground, link, accepted, now=author.now)
    refused = frozenset(left) - {one.field for one in accepted}  # drift that can't be taken over is left as it stands
    if not refused or not isinstance(decision.case.record, Customer | Contact):
        return None  # what a document says is due and paid follows its payments
    return _refused(decision, refused, work.capabilities)


def _says_more(session: Session, ground: Ground, decision: Decision, pulls: Sequence[FieldAction]) -> bool:
    """Tell whether what was taken over shows in further fields there, which the package does not change by itself."""
    record = decision.case.record
    if not isinstance(record, Customer | Contact):
        return False  # a document's other fields follow from its lines and payments, there as here
    session.flush()
    return says_more(session, ground, record, decision.case.ref, besides={action.field for action in pulls})


def _refused(decision: Decision, fields: frozenset[str], capabilities: Capabilities) -> Problem:
    """Return the question about values of theirs that can't be taken over; nothing counts as agreed meanwhile."""
    case = decision.case
    disputes = tuple(
        Dispute(
            field=action.field,
            ours=None if decision.ours is None else decision.ours.get(action.field),
            theirs=action.value,
            agreed=None if case.baseline is None else case.baseline.get(action.field),
        )
        for action in decision.plan.pulls
        if action.field in fields
    )
    params = asking.params_of(case, capabilities)
    return Problem(kind=ProblemKind.BOTH_CHANGED, params=params, fields=disputes)


def _losses(decision: Decision) -> list[dict[str, str]]:
    return [{"field": loss.field, "reason": loss.reason} for loss in decision.losses]
