"""Taking an answer back: before a sync acted on it the question stands again; afterwards as far as values can go back.

What an answer changes is noted with it, so that this takes back exactly that and refuses where anything moved since.
Nothing is sent here either: the next sync follows the facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from service.core.errors import SyncError
from service.core.link import Heard, Reopened, Tied
from service.core.ports import EntityKind, Family, Ref
from service.core.problem import OptionId, ProblemKind, field_label, from_json, value_text
from service.core.reconcile import ACTIVE, FieldAction, Move, Rule
from service.core.snapshot import Value
from service.records import customers, invoices, payments
from service.records.author import Author
from service.records.errors import RecordError
from service.records.inputs import CustomerChanges, InvoiceChanges, PaymentChanges
from service.records.trail import want
from service.store.credit_models import AllocationRow
from service.store.facts import apply_to
from service.store.queries import drift, find, links, neighbours, problems
from service.store.queries.events import Subject, add_event
from service.store.records import CustomerRow, InvoiceRow, PaymentRow
from service.store.sync_models import ConnectionRow, LinkRow, ProblemRow
from service.sync import intake
from service.sync.answering import Asked, next_life
from service.sync.effect import view_of
from service.sync.platform import Platform

#: How long an answer can be taken back.
WINDOW = timedelta(days=1)
#: Columns of a record that answers change, by the kind of record.
_NOTED: Mapping[EntityKind, tuple[type[Any], tuple[str, ...]]] = {
    EntityKind.CUSTOMER: (CustomerRow, ("name", "number", "parent_id", "archived")),
    EntityKind.INVOICE: (InvoiceRow, ("issue_date", "due_date", "status")),
    EntityKind.PAYMENT: (PaymentRow, ("date", "removed")),
    EntityKind.CREDIT: (PaymentRow, ("date", "removed")),
    EntityKind.REFUND: (PaymentRow, ("date", "removed")),
    EntityKind.ALLOCATION: (AllocationRow, ("date",)),
}
_DAYS = frozenset({"issue_date", "due_date", "date"})
_VALUES = frozenset({OptionId.KEEP_OURS, OptionId.KEEP_THEIRS, OptionId.CHOOSE_FIELDS})


class CannotTakeBack(SyncError):
    """The answer stands; the message says why, and what can be done instead."""

    code = "cannot_take_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """Whether an answer can be taken back now, and what that would do; or why not."""

    possible: bool
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answered:
    """An answer with everything that taking it back works on."""

    platform: Platform
    session: Session
    row: ProblemRow
    connection: ConnectionRow
    link: LinkRow  #: the one that the question was about
    present: LinkRow | None  #: the record's link in force
    option: OptionId
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @property
    def kind(self) -> EntityKind:
        return EntityKind(self.link.entity)

    @property
    def package(self) -> str:
        return self.platform.provider(self.connection.provider).package

    @property
    def changed(self) -> dict[str, Any]:
        """What the answer changed of the record itself: the values from before."""
        before, after = self.before["record"], self.after["record"]
        return {name: value for name, value in before.items() if after.get(name) != value}

    @property
    def is_carried_out(self) -> bool:
        """Whether a sync has compared or sent the record since."""
        present = self.present
        if present is None or present.id != self.after["link_id"]:
            return False
        return any(getattr(present, name) != self.after[name] for name in ("confirmed", "settled", "remote_id"))

    @property
    def is_moved(self) -> bool:
        """Whether anything but the sync has changed the record or its tie since."""
        present = self.present
        if (None if present is None else present.id) != self.after["link_id"]:
            return True
        if present is not None and not self.is_carried_out and present.wanted != self.after["wanted"]:
            return True
        if self.is_carried_out and self.option in _VALUES:
            return False  # a value of theirs that won may be among these; the values themselves are compared instead
        return bool(_record_of(self.session, self.link) != self.after["record"])


def noted(session: Session, link: LinkRow) -> dict[str, Any]:
    """Return what taking back an answer goes by: how the record and its link stand, before the answer or after it."""
    present = _present(session, link)
    told = present or link
    return {
        "link_id": None if present is None else present.id,
        "record": _record_of(session, link),
        **{
            name: getattr(told, name)
            for name in ("wanted", "confirmed", "settled", "remote_id", "remote_name", "baseline", "doubts")
        },
    }


def prospect(platform: Platform, session: Session, row: ProblemRow) -> Prospect | None:
    """Return whether an answer can be taken back, and what that would do; None where nobody answered."""
    answered = _answered(platform, session, row)
    if answered is None:
        return None
    why = _why_not(answered)
    return Prospect(possible=False, says=why) if why is not None else Prospect(possible=True, says=_told(answered))


def take_back(platform: Platform, *, organisation_id: str, problem_id: str, actor: str) -> str | None:
    """Take an answer back; return the id of the question that stands again, if one does.

    :raises NotFoundError: there is no such problem in the organisation.
    :raises CannotTakeBack: nobody answered it, or it was carried out in a way that does not go back.
    """
    now = platform.clock()
    with platform.database.write() as session:
        row = problems.get(session, organisation_id, problem_id, lock=True)
        answered = _answered(platform, session, row)
        if answered is None:
            message = "Nobody answered this, so there is no answer to take back."
            raise CannotTakeBack(message)
        why = _why_not(answered)
        if why is not None:
            raise CannotTakeBack(why)
        author = Author(organisation_id=organisation_id, actor=actor, now=now, why=f"answer taken back: {row.label}")
        says, was_sent = _told(answered), answered.is_carried_out
        try:
            _put_back(answered, author)
            asked = None if was_sent else _ask_again(answered, author)
        except RecordError as error:
            raise CannotTakeBack(str(error)) from error
        row.answer = {**(row.answer or {}), "taken_back": {"by": actor, "at": now.isoformat(), "says": says}}
        if was_sent and answered.connection.state == "live":
            answered.connection.due_at = now
        add_event(
            session,
            organisation_id=organisation_id,
            at=now,
            actor=actor,
            verb="answer taken back",
            subject=Subject(kind=answered.link.entity, id=answered.link.record_id, label=row.label),
            link_id=answered.link.id,
            connection_id=answered.connection.id,
            why=says,
        )
        return asked


def _answered(platform: Platform, session: Session, row: ProblemRow) -> _Answered | None:
    if row.closed_at is None or not row.answer or "noted" not in row.answer:
        return None
    link = session.get_one(LinkRow, row.link_id)
    return _Answered(
        platform=platform,
        session=session,
        row=row,
        connection=session.get_one(ConnectionRow, row.connection_id),
        link=link,
        present=_present(session, link),
        option=OptionId(row.answer["option"]),
        before=row.answer["noted"]["before"],
        after=row.answer["noted"]["after"],
    )


def _why_not(one: _Answered) -> str | None:
    """Return why an answer can't be taken back, as a sentence; None if it can."""
    answer = one.row.answer or {}
    if "taken_back" in answer:
        return "This answer was taken back already."
    if one.row.closed_at is not None and one.platform.clock() > one.row.closed_at + WINDOW:
        return "An answer can be taken back for a day. Change the record itself instead."
    if one.present is not None and one.present.intent_open:
        return "It is being sent at this moment. Look again once the sync has ended."
    if one.present is not None and one.present.open_problem_id is not None:
        return "It is asked about again. Answer that question instead."
    if one.is_moved:
        return "The record was changed since, so the answer can't be taken back. Change the record itself instead."
    return _no_way_back(one)


def _no_way_back(one: _Answered) -> str | None:  # noqa: PLR0911 - one reason per answer
    problem = from_json(one.row.document)
    if one.changed.get("status") or one.changed.get("removed") is False:
        return "What was voided or taken back here can't be made valid again. Write it anew instead."
    if one.option is OptionId.ARCHIVE_OURS and problem.params.get("heirs"):
        return "Its documents went to the one it was merged into. Take it out of the archive instead."
    if one.option is OptionId.FOLLOW_MERGE and problem.params.get("held_by"):
        return "Two records have changed places. Reset or unlink them on their own pages instead."
    if not one.is_carried_out:
        return None
    if one.option in _VALUES and problem.kind is ProblemKind.BOTH_CHANGED and _losers(one) is not None:
        return None
    restores = one.platform.provider(one.connection.provider).capabilities.restores_customers
    if one.changed and (restores or "archived" not in one.changed):
        return None
    if one.changed:
        return f"Only a person can make it active in {one.package} again. Do that there instead."
    return "A sync has carried it out. On the record's page it can be changed, reset or unlinked."


def _told(one: _Answered) -> str:
    """Return what taking the answer back does, as a sentence."""
    back = " ".join(_said(name, value) for name, value in one.changed.items() if name != "parent_id")
    if "parent_id" in one.changed:
        back = f"{back} It goes back to where it was.".strip()
    if not one.is_carried_out:
        return f"{back} Nothing was sent yet, and the question is asked again.".strip()
    if one.option in _VALUES and not one.changed:
        losers = _losers(one) or {}
        named = ", ".join(f"{field_label(name)} to {value_text(value)}" for name, value in losers.items())
        return f"Sets {named} here, and the next sync does so in {one.package}."
    return f"{back} The next sync does so in {one.package}, or asks again.".strip()


def _said(name: str, value: Any) -> str:
    if name == "archived":
        return "Archives it again." if value else "Takes it out of the archive."
    return f"{field_label(name)} becomes {value_text(value)} again."


def _losers(one: _Answered) -> dict[str, Value] | None:
    """Return the values that lost by the answer; None if the winners are not what both sides have now."""
    answer, problem = one.row.answer or {}, from_json(one.row.document)
    if not problem.fields or any(dispute.field == ACTIVE for dispute in problem.fields) or one.present is None:
        return None
    view = view_of(one.platform, one.session, one.row, link=one.present)
    if view is None or view.case.record is None:
        return None
    ours = view.ground.mappers[one.kind].project(view.case.record, view.context).snapshot
    found = {}
    for dispute in problem.fields:
        side = {OptionId.KEEP_OURS: "ours", OptionId.KEEP_THEIRS: "theirs"}.get(one.option)
        kept = side or answer["fields"][dispute.field]
        winner, loser = (dispute.ours, dispute.theirs) if kept == "ours" else (dispute.theirs, dispute.ours)
        if ours.get(dispute.field) != winner:
            return None
        found[dispute.field] = loser
    return found


def _put_back(one: _Answered, author: Author) -> None:
    """Change the record back, here."""
    if one.changed:
        _change_back(one, author)
    elif one.is_carried_out:
        _give_to_the_loser(one, author)


def _change_back(one: _Answered, author: Author) -> None:
    session, record_id = one.session, one.link.record_id
    values = {name: date.fromisoformat(v) if name in _DAYS and v else v for name, v in one.changed.items()}
    archived = values.pop("archived", None)
    match one.kind:
        case EntityKind.CUSTOMER:
            if archived is not None:
                change = customers.archive_customer if archived else customers.unarchive_customer
                change(session, author, record_id)
            if values:
                customers.change_customer(session, author, record_id, CustomerChanges.model_validate(values))
        case EntityKind.INVOICE:
            invoices.change_invoice(session, author, record_id, InvoiceChanges.model_validate(values))
        case EntityKind.PAYMENT | EntityKind.CREDIT | EntityKind.REFUND:
            payments.change_payment(session, author, record_id, PaymentChanges.model_validate(values))
        case _:
            part = find.find(session, AllocationRow, author.organisation_id, record_id)
            if part is not None:
                part.date = values["date"]
                want(session, author, EntityKind.ALLOCATION, [part.id])


def _give_to_the_loser(one: _Answered, author: Author) -> None:
    assert one.present is not None  # noqa: S101 - it was carried out
    view = view_of(one.platform, one.session, one.row, link=one.present)
    losers = _losers(one)
    if view is None or losers is None:
        message = "The record was changed since. Change the record itself instead."
        raise CannotTakeBack(message)
    actions = [FieldAction(field=name, move=Move.PULL, value=v, rule=Rule.THEIRS_CHANGED) for name, v in losers.items()]
    left = intake.pull(one.session, view.ground, author, view.case.record, actions)
    if left:
        named = ", ".join(field_label(name) for name in left)
        message = f"{named} can't be written here from what {one.package} has. Change the record itself instead."
        raise CannotTakeBack(message)


def _ask_again(one: _Answered, author: Author) -> str | None:
    """Open the question anew, on the tie and on what was agreed from before the answer."""
    session, before, problem = one.session, one.before, from_json(one.row.document)
    drift.forget_left(session, one.link.id, at=one.row.closed_at, by=one.row.closed_by or "")
    present = one.present
    if present is None or present.id != one.link.id or present.remote_id != before["remote_id"]:
        capabilities = one.platform.provider(one.connection.provider).capabilities
        asked = Asked(session, one.connection, one.link, one.row, problem, author, capabilities)
        present = next_life(asked, present or one.link, why="an answer was taken back")
        if before["remote_id"] is not None:
            _refuse_taken(one, before["remote_id"])
            apply_to(session, present, Tied(external_id=before["remote_id"]), now=author.now, by=author.actor)
            apply_to(session, present, Heard(), now=author.now)
    present.remote_name, present.doubts = before["remote_name"], before["doubts"]
    event = Reopened(problem=problem, baseline=before["baseline"])
    apply_to(session, present, event, now=author.now, by=author.actor, label=one.row.label)
    session.flush()
    return present.open_problem_id


def _refuse_taken(one: _Answered, remote_id: str) -> None:
    family = Family(one.link.family)
    holder = neighbours.holders_of(one.session, one.connection.id, family, [remote_id]).get(remote_id)
    if holder is not None and holder.record_id != one.link.record_id:
        message = f"What it was tied to in {one.package} is tied to another record now."
        raise CannotTakeBack(message)


def _present(session: Session, link: LinkRow) -> LinkRow | None:
    return links.of_record(session, link.connection_id, Ref(kind=EntityKind(link.entity), id=link.record_id))


def _record_of(session: Session, link: LinkRow) -> dict[str, Any]:
    """Return the columns of a record that answers change, as a document."""
    if EntityKind(link.entity) not in _NOTED:
        return {}
    table, names = _NOTED[EntityKind(link.entity)]
    row = find.find(session, table, link.organisation_id, link.record_id)
    if row is None:
        return {}
    values = {name: getattr(row, name) for name in names}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
