"""Notifications: rules in force, what needs a person and was not told yet, what is on its way."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import exists, func, literal, select, update
from sqlalchemy.orm import Session

from service.core.letter import LetterState
from service.core.notification import TellState
from service.store.letter_models import LetterRow
from service.store.notification_models import NotificationRow, NotificationRuleRow
from service.store.queries.find import chunks
from service.store.sync_models import ConnectionRow, ProblemRow

_OPEN = (TellState.WAITING, TellState.IN_FLIGHT)
#: Before a problem's id in the name of a thing.
QUESTION = "question:"
#: Likewise before a letter's.
LETTER = "letter:"


def rules_of(session: Session, organisation_id: str) -> Sequence[NotificationRuleRow]:
    """Return the rules of an organisation, oldest first."""
    query = select(NotificationRuleRow).where(
        NotificationRuleRow.organisation_id == organisation_id, NotificationRuleRow.removed_at.is_(None)
    )
    return session.scalars(query.order_by(NotificationRuleRow.id)).all()


def all_rules(session: Session) -> Sequence[str]:
    """Return the ids of all rules in force."""
    query = select(NotificationRuleRow.id).where(NotificationRuleRow.removed_at.is_(None))
    return session.scalars(query.order_by(NotificationRuleRow.id)).all()


def sealed(session: Session) -> Sequence[NotificationRuleRow]:
    """Return every rule that keeps a secret, removed ones too."""
    return session.scalars(select(NotificationRuleRow).where(NotificationRuleRow.ciphertext.is_not(None))).all()


def locked(session: Session, rule_id: str) -> NotificationRuleRow | None:
    """Return a rule in force that nobody else works on until the transaction ends; None if somebody does."""
    query = select(NotificationRuleRow).where(
        NotificationRuleRow.id == rule_id, NotificationRuleRow.removed_at.is_(None)
    )
    return session.scalar(query.with_for_update(skip_locked=True))


def untold_questions(session: Session, rule: NotificationRuleRow, *, limit: int) -> Sequence[ProblemRow]:
    """Return open questions that came up since the rule is in force and that it has not noted yet, oldest first.

    Those that wait for another record are left out: they go by themselves once that one is settled.
    """
    noted = exists().where(
        NotificationRow.rule_id == rule.id, NotificationRow.subject == literal(QUESTION).concat(ProblemRow.id)
    )
    query = select(ProblemRow).where(
        ProblemRow.organisation_id == rule.organisation_id,
        ProblemRow.closed_at.is_(None),
        ProblemRow.opened_at >= rule.created_at,
        ProblemRow.kind != "parent_not_synced",
        ~noted,
    )
    return session.scalars(query.order_by(ProblemRow.id).limit(limit)).all()


def untold_letters(session: Session, rule: NotificationRuleRow, *, limit: int) -> Sequence[LetterRow]:
    """Return letters of which nobody knows whether they left, since the rule is in force, that it has not noted yet."""
    noted = exists().where(
        NotificationRow.rule_id == rule.id, NotificationRow.subject == literal(LETTER).concat(LetterRow.id)
    )
    query = select(LetterRow).where(
        LetterRow.organisation_id == rule.organisation_id,
        LetterRow.state == LetterState.UNKNOWN.value,
        func.coalesce(LetterRow.begun_at, LetterRow.asked_at) >= rule.created_at,
        ~noted,
    )
    return session.scalars(query.order_by(LetterRow.id).limit(limit)).all()


def doubtful_letters(session: Session, ids: Collection[str]) -> dict[str, LetterRow]:
    """Return those of the letters of which nobody knows yet whether they left, by id."""
    found: dict[str, LetterRow] = {}
    for part in chunks(ids):
        query = select(LetterRow).where(LetterRow.id.in_(part), LetterRow.state == LetterState.UNKNOWN.value)
        found.update({row.id: row for row in session.scalars(query)})
    return found


def standing_still(session: Session, organisation_id: str) -> Sequence[ConnectionRow]:
    """Return connections that say why they do not go on."""
    query = select(ConnectionRow).where(
        ConnectionRow.organisation_id == organisation_id, ConnectionRow.problem.is_not(None)
    )
    return [row for row in session.scalars(query.order_by(ConnectionRow.id)) if row.problem]


def noted(session: Session, rule_id: str, subjects: Collection[str]) -> set[str]:
    """Return which of the things a rule knows already."""
    query = select(NotificationRow.subject).where(
        NotificationRow.rule_id == rule_id, NotificationRow.subject.in_(subjects)
    )
    return set(session.scalars(query))


def in_state(session: Session, rule_id: str, state: TellState) -> Sequence[NotificationRow]:
    """Return what a rule has in a state, oldest first."""
    query = select(NotificationRow).where(NotificationRow.rule_id == rule_id, NotificationRow.state == state.value)
    return session.scalars(query.order_by(NotificationRow.id)).all()


def questions(session: Session, ids: Collection[str]) -> dict[str, ProblemRow]:
    """Return open questions by id."""
    found: dict[str, ProblemRow] = {}
    for part in chunks(ids):
        rows = session.scalars(select(ProblemRow).where(ProblemRow.id.in_(part), ProblemRow.closed_at.is_(None)))
        found.update({row.id: row for row in rows})
    return found


def close(session: Session, ids: Collection[str], state: TellState, *, sent_at: datetime | None = None) -> None:
    """Bring things into a state."""
    for part in chunks(ids):
        values = {"state": state.value, **({"sent_at": sent_at} if sent_at else {})}
        session.execute(update(NotificationRow).where(NotificationRow.id.in_(part)).values(**values))


def told(session: Session, rule_ids: Collection[str]) -> dict[str, int]:
    """Count what rules have told, by rule; none of one that told nothing."""
    query = select(NotificationRow.rule_id, func.count()).where(
        NotificationRow.rule_id.in_(rule_ids), NotificationRow.state == TellState.TOLD
    )
    return {row[0]: row[1] for row in session.execute(query.group_by(NotificationRow.rule_id))}
