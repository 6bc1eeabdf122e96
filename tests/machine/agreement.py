"""What must be true right after a run that read everything: green is green in both books, to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.core.errors import MappingError
from service.core.link import Dot
from service.core.model import Invoice
from service.core.ports import EntityKind, Family, RemoteRecord
from service.core.reconcile import Flow
from service.core.reset import adapted
from service.core.snapshot import Snapshot, differences
from service.store.queries import counterparts
from service.store.queries.dots import dot_of_row
from service.store.records import PaymentRow
from service.store.sync_models import ConnectionRow, LinkRow
from service.sync.cases import Chunk, Ground, ground_of, load_chunk
from service.sync.names import Names
from service.sync.planner import Case, flows_of
from tests.machine import truth
from tests.machine.law import Breach, need
from tests.machine.truth import Where
from tests.machine.world import World


def check(world: World) -> tuple[set[str], set[Where]]:
    """Compare every green record with what the package holds; return the records and entities that agree.

    :raises Breach: a green record differs.
    """
    records: set[str] = set()
    entities: set[Where] = set()
    with world.office.platform.database.read() as session:
        ground, chunks = green(world, session)
        for chunk in chunks:
            for case in chunk.cases:
                where = (ground.capabilities.family_of[chunk.kind], case.remote_id or "")
                there = truth.entity_of(world.package.sandbox, where)
                if not _hangs_on_what_was_let_go(session, case):
                    _agree(ground, chunk, case, there)
                records.add(case.ref.id)
                entities.add(where)
                if isinstance(case.record, Invoice) and there is not None:
                    _same_amount(session, ground, case.record, there)
    return records, entities


def green(world: World, session: Session) -> tuple[Ground, list[Chunk]]:
    """Load the records whose dot is green, as the planner would."""
    connection = session.get_one(ConnectionRow, world.connection_id)
    ground = ground_of(world.office.platform, session, connection)
    families = ground.capabilities.names_unique_over
    names = Names(ground.capabilities, counterparts.names_taken(session, connection.id, families))
    rows = session.scalars(select(LinkRow).where(LinkRow.connection_id == connection.id, LinkRow.retired_at.is_(None)))
    by_kind: dict[EntityKind, list[LinkRow]] = {}
    for row in rows:
        if dot_of_row(row) is Dot.GREEN:
            by_kind.setdefault(EntityKind(row.entity), []).append(row)
    return ground, [load_chunk(session, ground, kind, found, names) for kind, found in by_kind.items()]


def _hangs_on_what_was_let_go(session: Session, case: Case) -> bool:
    """Tell whether what is above a record was unlinked: both sides stay as they were agreed on, and nothing follows."""
    above = [getattr(case.record, name, None) for name in ("parent_id", "customer_id", "invoice_id")]
    query = select(LinkRow.id).where(LinkRow.record_id.in_(above), LinkRow.retired_why == "unlinked")
    return session.scalar(query.limit(1)) is not None


def _agree(ground: Ground, chunk: Chunk, case: Case, there: RemoteRecord | None) -> None:
    mapper = ground.mappers[chunk.kind]
    if case.record is None:
        return
    try:
        ours = adapted(mapper.project(case.record, chunk.context), case.withheld, case.stand_ins).snapshot
    except MappingError as error:
        given_up = getattr(case.record, "removed", False) or getattr(case.record, "archived", False)
        if case.kept_there or (given_up and truth.gone(there)):
            return  # it is never sent, or never again; what became of its customer there is asked about that
        raise Breach("green", f"{case.label} is green and can't even be sent: {error.reason}") from error
    if truth.gone(there):
        stands = ours.active and ours.get("status") != "voided"
        need(not stands, "green", f"{case.label} is green, active here, and gone there")
        return
    assert there is not None
    theirs = mapper.read(there, chunk.context)
    need(ours.active is theirs.active, "green", f"{case.label}: active {ours.active} here, {theirs.active} there")
    flows = dict(flows_of(mapper, ground.settings))
    differing = list(_differing(ours, theirs, flows)) if ours.active else []
    need(not differing, "green", f"{case.label} is green and differs: {differing}")


def _differing(ours: Snapshot, theirs: Snapshot, flows: dict[str, Flow]) -> Iterator[str]:
    for name in differences(ours=ours, theirs=theirs):
        if flows.get(name) is not Flow.THEIRS:
            yield f"{name} {ours.get(name)!r} here, {theirs.get(name)!r} there"


def _same_amount(session: Session, ground: Ground, invoice: Invoice, there: RemoteRecord) -> None:
    """What is due here is due there, once every payment of the invoice has arrived."""
    if invoice.status == "voided" or not _all_arrived(session, ground, invoice.id):
        return
    due = ground.mappers[EntityKind.INVOICE].read(there, ground.reading).get("amount_due")
    same = Decimal(str(due)) == max(invoice.amount_due, Decimal(0))
    need(same, "money", f"{invoice.number}: {invoice.amount_due} due here, {due} there")


def _all_arrived(session: Session, ground: Ground, invoice_id: str) -> bool:
    payments = session.scalars(select(PaymentRow).where(PaymentRow.invoice_id == invoice_id))
    for payment in payments:
        link = session.scalar(
            select(LinkRow).where(
                LinkRow.connection_id == ground.connection_id,
                LinkRow.family == Family.PAYMENT.value,
                LinkRow.record_id == payment.id,
                LinkRow.retired_at.is_(None),
            )
        )
        settled = payment.removed or payment.origin_connection_id == ground.connection_id
        if (link is None and not settled) or (link is not None and dot_of_row(link) is not Dot.GREEN):
            return False
    return True
