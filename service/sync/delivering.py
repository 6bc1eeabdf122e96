"""Carrying letters: each by one worker, committed as in flight before anything leaves, closed by what came back.

A worker that dies before a letter is in flight leaves it waiting: another one carries it. One that dies afterwards
leaves a doubt. Of a package's mail the package is asked; of our own nobody can be, so a person decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from email.utils import parseaddr
from typing import Any

import structlog
from sqlalchemy.orm import Session

from service.core.errors import ConnectorError, SyncError, Transient
from service.core.letter import NO_MAIL, LetterState, Way, refusal_of
from service.core.model import Invoice
from service.core.ports import EntityKind
from service.core.wording import Wording
from service.records.wording import load_wording
from service.store import leases
from service.store.accounts import Organisation
from service.store.letter_models import LetterRow
from service.store.queries import letters as queries
from service.store.queries.events import Subject, add_event
from service.store.queries.find import find_organisation
from service.store.queries.load import load_customers, load_invoices
from service.sync import envelope, package_mail, smtp, ways
from service.sync.envelope import Enclosure
from service.sync.platform import Platform
from service.sync.work import LeaseLost, Resting

_log = structlog.get_logger(__name__)

#: How long a letter may take from being taken up until it is closed; then another worker looks after it.
HELD = timedelta(minutes=10)
#: How long to wait before each further try after a passing failure; then it is given up.
_RESTS = (timedelta(seconds=20), timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30))
_LONGEST_ANSWER = 2_000
_VERBS = {LetterState.SENT: "sent", LetterState.UNKNOWN: "perhaps sent", LetterState.NOT_SENT: "not sent"}


@dataclass(frozen=True, slots=True)
class Given:
    """What a letter is made of, as it is when it is carried."""

    invoice: Invoice
    customer: str
    company: Organisation
    wording: Wording


class _Overtaken(SyncError):
    """Another worker carries the letter by now; this one leaves it alone."""


class Unsendable(SyncError):
    """Nothing has left and nothing will, the message says why."""

    code = "not_sent"


def has_own_mail(platform: Platform) -> bool:
    """Tell whether a mail server and a sender are set up."""
    return platform.settings.smtp_url is not None and platform.settings.mail_from is not None


def waiting(platform: Platform) -> Sequence[str]:
    """Return the organisations whose letters want a worker."""
    with platform.database.read() as session:
        return queries.waiting(session, platform.clock())


def deliver(
    platform: Platform,
    organisation_id: str,
    *,
    only: str | None = None,
    holder: str | None = None,
    patient: bool = True,
    enough: Callable[[], bool] = bool,
) -> int:
    """Carry the letters of an organisation that wait, one after the other; return how many.

    :param only: this letter alone.
    :param holder: the worker for whom letters were kept; by default a new one.
    :param enough: asked before each further letter whether to stop here.
    :param patient: try again later after a passing failure; False: say at once that it was not sent.
    """
    holder = holder or leases.new_holder()
    carried: list[str] = []
    while not platform.stopping.is_set() and not enough():
        now = platform.clock()
        with platform.database.write() as session:
            letter = queries.take_next(
                session, organisation_id, holder=holder, now=now, span=HELD, only=only, left=carried
            )
        if letter is None:
            break
        carried.append(letter.id)
        _Carrier(platform, letter, holder=holder, patient=patient).carry()
    return len(carried)


class _Carrier:
    """One letter in the hands of one worker."""

    def __init__(self, platform: Platform, letter: LetterRow, *, holder: str, patient: bool) -> None:
        self._platform = platform
        self._letter = letter
        self._holder = holder
        self._patient = patient

    def carry(self) -> None:
        """Bring the letter as far as it comes now; it is closed, or waits for another try."""
        with suppress(_Overtaken):
            self._carry()

    def _carry(self) -> None:
        letter = self._letter
        try:
            if letter.state == LetterState.IN_FLIGHT:
                self._find_out()
                return
            given = self._given()
            if letter.way == Way.PACKAGE:
                refusal = self._by_package(given)
                if refusal is None:
                    return
                given = self._given()
                self._turn_to_own_mail(refusal)
            self._by_own_mail(given)
        except _Overtaken:
            raise
        except Unsendable as error:
            self._close(LetterState.NOT_SENT, told=str(error))
        except (Transient, Resting, LeaseLost) as error:
            rest = error.rest if isinstance(error, Resting) else getattr(error, "retry_after", None)
            self._defer(str(error), rest)
        except ConnectorError as error:
            self._close(self._undone, told=error.message, request_id=error.request_id)
        except Exception:  # noqa: BLE001  (the other letters must not wait for a defect in this one)
            _log.exception("a letter could not be carried", letter_id=letter.id)
            self._after_defect()

    @property
    def _undone(self) -> LetterState:
        """What a letter is that is given up now: one in flight may have left."""
        in_flight = self._letter.state == LetterState.IN_FLIGHT
        return LetterState.UNKNOWN if in_flight else LetterState.NOT_SENT

    def _given(self) -> Given:
        """Read the invoice as it is now.

        :raises Unsendable: it may not be sent any more, or other people would get it than when it was asked for.
        """
        letter = self._letter
        with self._platform.database.read() as session:
            invoice = load_invoices(session, letter.organisation_id, [letter.invoice_id])[letter.invoice_id]
            customers = load_customers(session, letter.organisation_id, [invoice.customer_id])
            company = find_organisation(session, letter.organisation_id)
            wording = load_wording(session, letter.organisation_id)
        refusal = refusal_of(number=invoice.number, status=invoice.status, recipients=invoice.recipients)
        if refusal is not None:
            raise Unsendable(refusal)
        if [*invoice.recipients.to] != letter.to or [*invoice.recipients.cc] != letter.cc:
            raise Unsendable(
                f"Who receives {invoice.number} has changed since it was asked for. Look and send it again."
            )
        return Given(invoice, customers[invoice.customer_id].full_name, company, wording)

    # --- by the package --------------------------------------------------------------------------------------------

    def _by_package(self, given: Given) -> str | None:
        """Have the package mail it; return a sentence if it does not do that for exactly these people.

        :raises Transient, Resting, LeaseLost, ConnectionBroken: nothing was sent.
        """
        with package_mail.at_package(self._platform, self._letter, holder=self._holder) as desk:
            reach, refusal = desk.look(given.invoice)
            if refusal is not None:
                return refusal
            self._begin(reach=asdict(reach), mark=desk.mark, readback=desk.readback)
            self._note("handed to the package")
            try:
                outcome = desk.mail()
            except (Transient, Resting, LeaseLost):
                self._unbegin()
                raise
            except ConnectorError as error:
                self._unbegin()
                return error.message
        self._settle(outcome)
        return None

    def _turn_to_own_mail(self, refusal: str) -> None:
        """Carry it ourselves after all.

        :raises Unsendable: we can't.
        """
        if not has_own_mail(self._platform):
            raise Unsendable(f"{refusal} {NO_MAIL}")
        self._keep(way=Way.OWN.value, way_why=f"{refusal} It goes by our own mail.")

    def _find_out(self) -> None:
        """Look what became of a letter that another worker left in flight."""
        letter = self._letter
        if letter.way == Way.OWN:
            told = f"The worker that sent {letter.number} ended in the middle: the mail may have left."
            self._close(LetterState.UNKNOWN, told=told)
            return
        with package_mail.at_package(self._platform, letter, holder=self._holder) as desk:
            outcome = desk.probe(f"The worker that had {letter.number} mailed ended in the middle.")
        self._settle(outcome)

    def _settle(self, outcome: package_mail.Outcome) -> None:
        self._close(
            LetterState.SENT if outcome.sent else LetterState.UNKNOWN,
            told=outcome.told,
            answer=outcome.answer,
            request_id=outcome.request_id,
        )

    # --- by our own mail -------------------------------------------------------------------------------------------

    def _by_own_mail(self, given: Given) -> None:
        settings = self._platform.settings
        if settings.mail_from is None or settings.smtp_url is None:
            raise Unsendable(NO_MAIL)
        enclosed = self._enclosure(given)
        if enclosed.document is None and given.wording.needs_document and self._letter.connection_id is not None:
            raise Unsendable(f"The PDF of {given.invoice.number} can't be had, and it is not sent without.")
        written = envelope.write(
            given.invoice,
            given.customer,
            given.company,
            given.wording,
            mail_from=settings.mail_from,
            enclosed=enclosed,
        )
        message_id = envelope.new_message_id(settings.mail_from)
        message = envelope.enveloped(
            written,
            given.invoice,
            message_id=message_id,
            reply_to=given.wording.reply_to,
            now=self._platform.clock(),
            enclosed=enclosed,
        )
        self._begin(
            message_id=message_id,
            sender=written.sender,
            subject=written.subject,
            attachment=written.attachment,
            link=enclosed.link,
        )
        self._note("handed to the mail server")
        sender = parseaddr(settings.mail_from)[1]
        handed = smtp.hand_over(settings, message, sender=sender, recipients=[*self._letter.to, *self._letter.cc])
        self._take_answer(handed)

    def _enclosure(self, given: Given) -> Enclosure:
        """Fetch what the package adds; a copy there that is behind ours is not sent."""
        letter = self._letter
        if letter.connection_id is None:
            return Enclosure()
        with self._platform.database.read() as session:
            offers = ways.offers_of(self._platform, session, letter.organisation_id, [given.invoice])
        current = [one for one in offers[given.invoice.id] if one.connection_id == letter.connection_id]
        if not current or current[0].behind is not None:
            why = current[0].behind if current else "The connection is not live any more."
            self._keep(way_why=f"{why} It goes by our own mail, without a PDF.")
            return Enclosure()
        try:
            return package_mail.enclosure(self._platform, letter, holder=self._holder)
        except Transient:
            raise
        except ConnectorError as error:
            self._keep(way_why=f"{letter.way_why} The PDF could not be had: {error.message}")
            return Enclosure()

    def _take_answer(self, handed: smtp.Handed) -> None:
        number = self._letter.number
        refused = [asdict(one) for one in handed.refused]
        if handed.left:
            self._close(LetterState.SENT, answer=handed.answer, refused=refused)
        elif handed.left is None:
            told = f"The mail server's answer about {number} did not come: the mail may have left."
            self._close(LetterState.UNKNOWN, told=told, answer=handed.answer, refused=refused)
        else:
            told = f"The mail server did not take {number}: {handed.answer}"
            if handed.passing:
                self._unbegin()
                self._defer(told, None, refused=refused)
            else:
                self._close(LetterState.NOT_SENT, told=told, answer=handed.answer, refused=refused)

    # --- the row ---------------------------------------------------------------------------------------------------

    def _keep(self, **columns: Any) -> None:
        with self._platform.database.write() as session:
            row = self._mine(session)
            for name, value in columns.items():
                setattr(row, name, value)
        self._letter = row

    def _mine(self, session: Session) -> LetterRow:
        row = session.get_one(LetterRow, self._letter.id)
        if row.holder != self._holder:
            message = "another worker carries this letter"
            raise _Overtaken(message)
        return row

    def _begin(self, **columns: Any) -> None:
        """Commit that the letter is about to leave; it survives a power cut."""
        with self._platform.database.write(lasting=True) as session:
            row = self._mine(session)
            row.state, row.begun_at = LetterState.IN_FLIGHT, self._platform.clock()
            for name, value in columns.items():
                setattr(row, name, value)
        self._letter = row

    def _unbegin(self) -> None:
        """Note that nothing left after all."""
        self._keep(state=LetterState.WAITING.value, begun_at=None)

    def _defer(self, told: str, rest: timedelta | None, refused: Sequence[Mapping[str, Any]] = ()) -> None:
        """Try again later, as often as makes sense."""
        tries = self._letter.tries
        if not self._patient or tries >= len(_RESTS):
            self._close(self._undone, told=told, refused=list(refused))
            return
        due_at = self._platform.clock() + max(rest or timedelta(0), _RESTS[tries])
        self._keep(tries=tries + 1, due_at=due_at, holder=None, held_until=None, told=told)

    def _after_defect(self) -> None:
        """Close a letter whose carrying met a defect of ours: as in doubt if it was in flight."""
        told = "Something went wrong inside Tieout; the log of the service says what."
        self._close(self._undone, told=told)

    def _close(self, state: LetterState, **columns: Any) -> None:
        now = self._platform.clock()
        answer = columns.pop("answer", None)
        with self._platform.database.write() as session:
            row = self._mine(session)
            row.state, row.holder, row.held_until, row.due_at = state.value, None, None, None
            row.ended_at = None if state is LetterState.UNKNOWN else now
            row.told = None
            row.answer = None if answer is None else str(answer)[:_LONGEST_ANSWER]
            for name, value in columns.items():
                setattr(row, name, value)
        self._letter = row
        verbs = {
            LetterState.SENT: "sent by",
            LetterState.UNKNOWN: "perhaps sent by",
            LetterState.NOT_SENT: "not sent by",
        }
        self._note(f"{verbs[state]} {'mail' if row.way == Way.OWN else 'the package'}")

    def _note(self, verb: str) -> None:
        letter = self._letter
        with self._platform.database.write() as session:
            add_event(
                session,
                organisation_id=letter.organisation_id,
                at=self._platform.clock(),
                actor=letter.asked_by,
                verb=verb,
                subject=Subject(kind=EntityKind.INVOICE, id=letter.invoice_id, label=letter.number),
                after={
                    "to": letter.to,
                    "cc": letter.cc,
                    "message_id": letter.message_id,
                    "refused": [one["address"] for one in letter.refused],
                    "letter_id": letter.id,
                },
                why=letter.told or letter.why,
                connection_id=letter.connection_id,
                request_id=letter.request_id,
            )
