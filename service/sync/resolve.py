"""A person's answer to a problem. Nothing is sent here: the answer changes facts, and the next sync follows them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from service.core.errors import SyncError
from service.core.problem import OptionId, from_json, options
from service.records.author import Author
from service.records.errors import RecordError
from service.store.queries import problems, web_users
from service.store.queries.events import Subject, add_event
from service.store.sync_models import ConnectionRow, LinkRow, ProblemRow
from service.sync.answering import Answer, Asked, BadAnswer, take
from service.sync.effect import foreseen
from service.sync.platform import Platform
from service.sync.retract import noted

__all__ = ["AlreadyAnswered", "Answer", "BadAnswer", "resolve"]


class AlreadyAnswered(SyncError):
    """Somebody else, an edit or the sync has settled it meanwhile; nothing was changed.

    ``next_id`` is the question that stands in its place, if there is one.
    """

    code = "already_answered"

    def __init__(self, message: str, *, next_id: str | None = None) -> None:
        super().__init__(message)
        self.next_id = next_id


def resolve(
    platform: Platform,
    *,
    organisation_id: str,
    problem_id: str,
    answer: Answer,
    actor: str,
    pause: timedelta = timedelta(0),
) -> str:
    """Take an answer; return the id of the connection that will act on it.

    :param pause: how long the next sync waits, so that the answer can be taken back before anything is sent.
    :raises NotFoundError: there is no such problem in the organisation.
    :raises AlreadyAnswered: it is closed, or another question stands in its place; the message says which.
    :raises BadAnswer: the option is not offered, or lacks what it needs.
    """
    now = platform.clock()
    with platform.database.write() as session:
        row = problems.get(session, organisation_id, problem_id, lock=True)
        link = session.get_one(LinkRow, row.link_id)
        if row.closed_at is not None:
            raise _settled(session, row, link)
        connection = session.get_one(ConnectionRow, row.connection_id)
        problem = from_json(row.document)
        offered = {option.id for option in options(problem)}
        if answer.option not in offered:
            message = f"This can be answered by: {', '.join(sorted(offered))}."
            raise BadAnswer(message)
        author = Author(organisation_id=organisation_id, actor=actor, now=now, why=f"answer to: {row.label}")
        capabilities = platform.provider(connection.provider).capabilities
        changes, before = foreseen(platform, session, row, answer), noted(session, link)
        try:
            take(Asked(session, connection, link, row, problem, author, capabilities), answer)
        except RecordError as error:
            raise BadAnswer(str(error), field="name" if answer.option is OptionId.RENAME_OURS else "option") from error
        row.closed_at, row.closed_by = now, actor
        session.flush()
        row.answer = {
            **_document(answer),
            "changes": changes,
            "noted": {"before": before, "after": noted(session, link)},
        }
        if connection.state == "live":
            connection.due_at = now + pause
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
            after=_document(answer),
        )
        return connection.id


def _document(answer: Answer) -> dict[str, Any]:
    document: dict[str, Any] = {
        "option": answer.option.value,
        "remote_id": answer.remote_id,
        "name": answer.name,
        "fields": dict(answer.fields),
    }
    return document if answer.date is None else {**document, "date": answer.date.isoformat()}


def _settled(session: Session, row: ProblemRow, link: LinkRow) -> AlreadyAnswered:
    """Say what became of a question that somebody answers too late."""
    later = problems.later_of(session, row, link)
    if later is not None:
        return AlreadyAnswered("The question has changed since. Please answer it as it stands now.", next_id=later.id)
    if row.answer:
        labels = {option.id.value: option.label.rstrip("…") for option in options(from_json(row.document))}
        chosen = labels.get(str(row.answer["option"]), str(row.answer["option"]))
        names = web_users.names_of_actors(session, row.organisation_id, [row.closed_by or ""])
        who = f" by {names[row.closed_by]}" if row.closed_by in names else ""
        return AlreadyAnswered(f"This was answered already{who}: '{chosen}'. Your answer changed nothing.")
    by = {"edit": "The record was changed since", "mapping": "The mapping was changed since"}
    why = by.get(row.closed_by or "", "The sync found since that it is settled")
    return AlreadyAnswered(f"{why}. Your answer changed nothing.")
