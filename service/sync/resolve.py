"""A person's answer to a problem. Nothing is sent here: the answer changes facts, and the next sync follows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import ValidationError
from sqlalchemy.orm import Session

from service.core.errors import SyncError
from service.core.ports import EntityKind, Family, Ref
from service.core.problem import OptionId, Problem, ProblemKind, options
from service.core.problem import from_json as problem_from_json
from service.core.reconcile import ACTIVE
from service.core.snapshot import Snapshot, Value, from_json, to_json
from service.records import customers, invoices, payments
from service.records.author import Author
from service.records.errors import RecordError
from service.records.inputs import CustomerChanges
from service.store.queries import counterparts, links, problems
from service.store.queries.events import Subject, add_event
from service.store.sync_models import ConnectionRow, LinkRow, ProblemRow
from service.sync.platform import Platform


class BadAnswer(SyncError):
    """The answer can't be taken; the message says why, ``field`` what to change."""

    code = "bad_answer"

    def __init__(self, message: str, *, field: str = "option") -> None:
        super().__init__(message)
        self.field = field


class AlreadyAnswered(SyncError):
    """Somebody else, an edit or the sync has settled it meanwhile; nothing was changed."""

    code = "already_answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a person chose."""

    option: OptionId
    remote_id: str | None = None
    name: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)  #: field -> "ours" or "theirs"


@dataclass(frozen=True, slots=True)
class _Case:
    """What answering works on, in one transaction."""

    platform: Platform
    session: Session
    connection: ConnectionRow
    link: LinkRow
    row: ProblemRow
    problem: Problem
    author: Author

    @property
    def now(self) -> datetime:
        return self.author.now


def resolve(platform: Platform, *, organisation_id: str, problem_id: str, answer: Answer, actor: str) -> str:
    """Take an answer; return the id of the connection that will act on it.

    :raises NotFoundError: there is no such problem in the organisation.
    :raises AlreadyAnswered: it is closed.
    :raises BadAnswer: the option is not offered, or lacks what it needs.
    """
    now = platform.clock()
    with platform.database.write() as session:
        row = problems.get(session, organisation_id, problem_id)
        if row.closed_at is not None:
            message = "This was settled already."
            raise AlreadyAnswered(message)
        connection = session.get_one(ConnectionRow, row.connection_id)
        link = session.get_one(LinkRow, row.link_id)
        problem = problem_from_json(row.document)
        offered = {option.id for option in options(problem)}
        if answer.option not in offered:
            message = f"This can be answered by: {', '.join(sorted(offered))}."
            raise BadAnswer(message)
        author = Author(organisation_id=organisation_id, actor=actor, now=now, why=f"answer to: {row.label}")
        case = _Case(platform, session, connection, link, row, problem, author)
        try:
            _ANSWERS[answer.option](case, answer)
        except RecordError as error:
            raise BadAnswer(str(error), field="name" if answer.option is OptionId.RENAME_OURS else "option") from error
        row.closed_at, row.closed_by = now, actor
        row.answer = {
            "option": answer.option.value,
            "remote_id": answer.remote_id,
            "name": answer.name,
            "fields": dict(answer.fields),
        }
        link.open_problem_id = None
        if connection.state == "live":
            connection.due_at = now
        add_event(
            session,
            organisation_id=organisation_id,
            at=now,
            actor=actor,
            verb="problem answered",
            subject=Subject(kind=link.entity, id=link.record_id, label=row.label),
            link_id=link.id,
            connection_id=connection.id,
            before={"problem": row.kind},
            after=row.answer,
        )
        return connection.id


def _look_again(case: _Case, answer: Answer) -> None:
    """Let the next sync decide about the link anew."""
    del answer
    case.link.wanted += 1
    case.link.doubts = 0


def _keep_ours(case: _Case, answer: Answer) -> None:
    """Take their value as seen: against that baseline only ours has changed, so ours is sent."""
    del answer
    _agree(case, {dispute.field: dispute.theirs for dispute in case.problem.fields} or {ACTIVE: False})


def _keep_theirs(case: _Case, answer: Answer) -> None:
    """Take our value as agreed: against that baseline only theirs has changed, so theirs is taken over."""
    del answer
    if case.problem.kind is ProblemKind.NOT_ALLOWED_NOW:
        case.link.confirmed, case.link.settled = case.link.wanted, case.link.heard
        return
    _agree(case, {dispute.field: dispute.ours for dispute in case.problem.fields})


def _choose_fields(case: _Case, answer: Answer) -> None:
    agreed: dict[str, Value] = {}
    for dispute in case.problem.fields:
        side = answer.fields.get(dispute.field)
        if side not in ("ours", "theirs"):
            message = "Choose ours or theirs for every field."
            raise BadAnswer(message, field=f"fields.{dispute.field}")
        agreed[dispute.field] = dispute.theirs if side == "ours" else dispute.ours
    _agree(case, agreed)


def _agree(case: _Case, values: Mapping[str, Value]) -> None:
    """Move the baseline of some fields; the three-way rule then does what was chosen, and still sees newer edits."""
    link = case.link
    before = from_json(link.baseline) if link.baseline is not None else Snapshot(fields={})
    fields = {**before.fields, **{name: value for name, value in values.items() if name != ACTIVE}}
    active = bool(values[ACTIVE]) if ACTIVE in values else before.active
    link.baseline = to_json(Snapshot(fields=fields, active=active))
    link.wanted += 1


def _rename(case: _Case, answer: Answer) -> None:
    name = (answer.name or "").strip()
    if not name:
        message = "Give the new name."
        raise BadAnswer(message, field="name")
    if case.link.entity != EntityKind.CUSTOMER:
        message = "Only a customer or a job can be renamed here."
        raise BadAnswer(message)
    try:
        changes = CustomerChanges.model_validate({"name": name})
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ").rstrip(".") + "."
        raise BadAnswer(message, field="name") from None
    customers.change_customer(case.session, case.author, case.link.record_id, changes)


def _link_existing(case: _Case, answer: Answer) -> None:
    if not answer.remote_id:
        message = "Say which record there it is."
        raise BadAnswer(message, field="remote_id")
    _tie_to(case, answer.remote_id)


def _follow_merge(case: _Case, answer: Answer) -> None:
    del answer
    known = counterparts.by_remote_ids(
        case.session, case.connection.id, Family(case.link.family), [case.link.remote_id or ""]
    ).get(case.link.remote_id or "")
    if known is None or known.merged_into is None:
        message = "It is not known any more what it was merged into."
        raise BadAnswer(message)
    _tie_to(case, known.merged_into)


def _tie_to(case: _Case, remote_id: str) -> None:
    """Tie the record to another entity: a new generation, because an answer to the old one must never reach it."""
    session, link, family = case.session, case.link, Family(case.link.family)
    there = counterparts.by_remote_ids(session, case.connection.id, family, [remote_id]).get(remote_id)
    if there is None or there.deleted:
        message = "There is no such record there."
        raise BadAnswer(message, field="remote_id")
    holder = links.by_remote_ids(session, case.connection.id, family, [remote_id]).get(remote_id)
    if holder is not None and holder.id != link.id:
        message = f"'{there.name or remote_id}' is tied to another record of ours already."
        raise BadAnswer(message, field="remote_id")
    fresh = renew(case, why="tied to another record there") if link.remote_id is not None else link
    fresh.remote_id, fresh.remote_name, fresh.baseline = there.remote_id, there.name, None
    fresh.wanted += 1
    fresh.heard += 1


def _create_new(case: _Case, answer: Answer) -> None:
    del answer
    if case.link.remote_id is not None or case.link.sequence:
        renew(case, why="created anew")
    else:
        case.link.wanted += 1


def renew(case: _Case, *, why: str) -> LinkRow:
    """Retire the link and begin its next generation, which is tied to nothing yet."""
    link = case.link
    link.retired_at, link.retired_why = case.now, why
    case.session.flush()
    fresh = links.add(
        case.session,
        case.connection,
        Ref(kind=EntityKind(link.entity), id=link.record_id),
        Family(link.family),
        generation=link.generation + 1,
        hint=(link.reference or "").rpartition("-")[0],
    )
    case.session.flush()
    return fresh


def _unlink(case: _Case, answer: Answer) -> None:
    del answer
    case.link.retired_at, case.link.retired_why = case.now, "unlinked"


def _archive_ours(case: _Case, answer: Answer) -> None:
    del answer
    match EntityKind(case.link.entity):
        case EntityKind.CUSTOMER:
            customers.archive_customer(case.session, case.author, case.link.record_id)
        case EntityKind.INVOICE:
            invoices.void_invoice(case.session, case.author, case.link.record_id)
        case EntityKind.PAYMENT:
            payments.remove_payment(case.session, case.author, case.link.record_id)
        case EntityKind.CONTACT:
            _unlink(case, Answer(option=OptionId.UNLINK))


_ANSWERS: Mapping[OptionId, Callable[[_Case, Answer], None]] = {
    OptionId.RETRY: _look_again,
    OptionId.KEEP_OURS: _keep_ours,
    OptionId.KEEP_THEIRS: _keep_theirs,
    OptionId.CHOOSE_FIELDS: _choose_fields,
    OptionId.RENAME_OURS: _rename,
    OptionId.LINK_EXISTING: _link_existing,
    OptionId.FOLLOW_MERGE: _follow_merge,
    OptionId.CREATE_NEW: _create_new,
    OptionId.UNLINK: _unlink,
    OptionId.ARCHIVE_OURS: _archive_ours,
}
