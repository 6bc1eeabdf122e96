"""At a package's own desk for mail: what it would do is read anew, then it is asked, then its answer is judged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from service.core.errors import ConnectorError, OutcomeUnknown, Rejected, Transient
from service.core.letter import MailRules, Offer, Postal, Reach, mismatch
from service.core.model import Invoice
from service.core.ports import EntityKind, Family, RemoteRecord
from service.store import leases
from service.store.letter_models import LetterRow
from service.store.queries import counterparts
from service.store.queries.states import sync_states
from service.store.sync_models import ConnectionRow
from service.sync.envelope import Enclosure
from service.sync.platform import Platform
from service.sync.work import Work

#: How long to wait until a sync of the same connection is over, and how often to look.
_PATIENCE = timedelta(seconds=20)
_LOOK_SECONDS = 0.25
_LATER = timedelta(seconds=15)
_PDF = b"%PDF-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a mail that a package was asked for; ``sent`` is False where nobody knows."""

    sent: bool
    told: str | None = None
    answer: str | None = None
    request_id: str | None = None


class Desk:
    """One invoice at one package, with the right to write there."""

    def __init__(
        self, work: Work, letter: LetterRow, rules: MailRules, *, remote_id: str, losses: tuple[str, ...]
    ) -> None:
        self._work, self._letter, self._rules = work, letter, rules
        self._remote_id, self._losses = remote_id, losses
        self.mark: str | None = letter.mark
        self.readback: list[dict[str, Any]] = []

    def look(self, invoice: Invoice) -> tuple[Reach, str | None]:
        """Read whom the package would mail the invoice to now; with it a sentence if these are not exactly the people.

        :raises ConnectorError: it can't be read.
        """
        there = self._fetch(Family.INVOICE, self._remote_id)
        package = self._work.capabilities.package
        if there is None or there.deleted:
            return Reach(), f"{invoice.number} is not in {package} any more."
        named = self._rules.addressee(there)
        reach = self._rules.reach(there, self._fetch(Family.CUSTOMER, named) if named is not None else None)
        self.mark = self._rules.mark(there)
        offer = Offer(connection_id=self._work.connection_id, package=package, reach=reach, losses=self._losses)
        return reach, mismatch(offer, invoice.recipients)

    def mail(self) -> Outcome:
        """Have it mailed; after a lost answer look whether it was.

        :raises Transient, Resting, LeaseLost, Rejected, ConnectionBroken: nothing was sent.
        """
        connector = self._connector()
        try:
            mailed = self._work.authorised(lambda: connector.mail(self._remote_id, key=self._letter.id))
        except OutcomeUnknown as error:
            return replace(self.probe(error.message), request_id=error.request_id)
        if mailed.record is not None:
            self._remember(mailed.record)
        answer = mailed.answer or f"HTTP {mailed.status}"
        return Outcome(sent=True, answer=answer, request_id=mailed.request_id)

    def probe(self, what_happened: str) -> Outcome:
        """Look whether the package has mailed the invoice since it was asked to."""
        package = self._work.capabilities.package
        try:
            there = self._fetch(Family.INVOICE, self._remote_id)
        except ConnectorError as error:
            return Outcome(sent=False, told=f"{what_happened} {package} can't be asked: {error.message}")
        mark = self._rules.mark(there) if there is not None else None
        if mark is not None and mark != self._letter.mark:
            return Outcome(sent=True, answer=f"{package} shows that it was mailed ({mark}).")
        return Outcome(sent=False, told=f"{what_happened} {package} does not tell whether it mailed the invoice.")

    def enclosure(self) -> Enclosure:
        """Fetch the PDF and, where there is one, the address at which the customer sees the invoice.

        :raises ConnectorError: the PDF can't be had.
        """
        connector = self._connector()
        document = self._work.authorised(lambda: connector.document(self._remote_id))
        if not document.startswith(_PDF):
            message = "what the package sent is no PDF"
            raise Rejected(message)
        try:
            link = self._work.authorised(lambda: connector.online_address(self._remote_id))
        except Transient:
            raise
        except ConnectorError:
            link = None  # the PDF says everything; the link is for convenience
        return Enclosure(document=document, link=link)

    def _connector(self) -> Postal:
        connector = self._work.connector
        if not isinstance(connector, Postal):
            message = f"{self._work.capabilities.package} mails no invoices"
            raise Rejected(message)
        return connector

    def _fetch(self, family: Family, remote_id: str) -> RemoteRecord | None:
        return self._work.authorised(lambda: self._work.connector.fetch(family, remote_id))

    def _remember(self, record: RemoteRecord) -> None:
        """Keep what the answer shows, so that the feed brings no news of what we caused ourselves."""
        work = self._work
        of = {"organisation_id": work.organisation_id, "connection_id": work.connection_id}
        with work.platform.database.write() as session:
            known = counterparts.by_remote_ids(session, work.connection_id, record.family, [record.remote_id])
            counterparts.store(session, of, [record], known, work.platform.clock())


@contextmanager
def at_package(platform: Platform, letter: LetterRow, *, holder: str) -> Iterator[Desk]:
    """Give the desk at which a letter is mailed, holding the connection: nobody else writes there meanwhile.

    :raises Transient: a sync of the connection takes longer than we wait.
    :raises Rejected, ConnectionBroken: the invoice is not there, or the connection is of no use.
    """
    desk, work = _desk(platform, letter, holder=holder)
    _take_lease(platform, work)
    try:
        yield desk
    finally:
        with platform.database.write() as session:
            leases.release(session, ConnectionRow, work.connection_id, holder=holder)


def enclosure(platform: Platform, letter: LetterRow, *, holder: str) -> Enclosure:
    """Fetch what the package adds to a letter of our own: reading needs no right to write.

    :raises ConnectorError: the PDF can't be had.
    """
    desk, _ = _desk(platform, letter, holder=holder, reads=True)
    return desk.enclosure()


def _desk(platform: Platform, letter: LetterRow, *, holder: str, reads: bool = False) -> tuple[Desk, Work]:
    with platform.database.read() as session:
        states = sync_states(session, letter.organisation_id, EntityKind.INVOICE, [letter.invoice_id])
        state = next((one for one in states[letter.invoice_id] if one.connection.id == letter.connection_id), None)
    rules = platform.provider(state.connection.provider).mail if state is not None else None
    if state is None or rules is None or state.link is None or state.link.remote_id is None:
        message = f"{letter.number} is not there any more."
        raise Rejected(message)
    losses = tuple(loss["reason"] for loss in state.link.losses if loss["field"] in {"to", "cc"})
    work = Work(platform, state.connection.id, holder=holder, reads=reads)
    desk = Desk(work, letter, rules, remote_id=state.link.remote_id, losses=losses)
    desk.readback = [dict(line) for line in state.link.readback]
    return desk, work


def _take_lease(platform: Platform, work: Work) -> None:
    until = platform.clock() + _PATIENCE
    while True:
        with platform.database.write() as session:
            now = platform.clock()
            if leases.take(
                session, ConnectionRow, work.connection_id, holder=work.holder, now=now, span=work.lease_span
            ):
                return
        if now >= until or not platform.pause(_LOOK_SECONDS):
            message = f"A sync with {work.capabilities.package} is under way."
            raise Transient(message, retry_after=_LATER)
