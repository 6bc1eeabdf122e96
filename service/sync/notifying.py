"""Telling somebody outside the pages what needs a person: noted once for each rule, committed before it leaves.

What is in flight when a process dies may have left. It counts as told: a second message would be worse than a question
that is seen on the dashboard alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from service.core import notification
from service.core.notification import Channel, Moment, TellState, Thing
from service.core.problem import from_json, sentence
from service.ids import new_id
from service.records.author import Author
from service.records.errors import NotFound, invalid
from service.records.fields import Email
from service.records.trail import report
from service.store.letter_models import LetterRow
from service.store.notification_models import NotificationRow, NotificationRuleRow
from service.store.queries import notifications as queries
from service.store.queries.events import Subject
from service.store.queries.find import find, find_organisation
from service.store.sync_models import ConnectionRow, ProblemRow
from service.sync import permission
from service.sync.delivering import has_own_mail
from service.sync.platform import Platform
from service.sync.telling import NO_MAIL, Message, NotTold, send

_log = structlog.get_logger(__name__)

#: Things that a rule notes in one go.
_NOTED_AT_ONCE = 500
#: What was in flight for longer belongs to a process that is gone.
_FLIGHT = timedelta(minutes=10)
_SECRET_BYTES = 24
#: What is said of a letter whose own words are missing.
DOUBT = "It is not known whether it left. Ask who should have got it, and say on the invoice's page what became of it."
_EMAIL: TypeAdapter[str] = TypeAdapter(Email)


def add_rule(
    platform: Platform, session: Session, author: Author, *, channel: str, target: str, moment: str, hour: int = 8
) -> tuple[NotificationRuleRow, str | None]:
    """Add somebody to tell; return the rule and, of a webhook, the secret that signs it, which nobody can read again.

    :raises Invalid: an unknown channel or moment, an hour that is none, an address that can't be used.
    """
    target = target.strip()
    if channel not in set(Channel):
        raise invalid("channel", "Choose e-mail or webhook.")
    if moment not in set(Moment):
        raise invalid("moment", "Choose at once or daily.")
    if hour not in range(24):
        raise invalid("hour", "An hour is between 0 and 23.")
    secret: str | None = None
    rule = NotificationRuleRow(
        id=new_id(),
        organisation_id=author.organisation_id,
        channel=channel,
        target=target,
        moment=moment,
        hour=hour,
        created_at=author.now,
        created_by=author.actor,
    )
    if channel == Channel.EMAIL:
        try:
            rule.target = _EMAIL.validate_python(target)
        except ValidationError:
            raise invalid("target", f"'{target}' is not an address of mail.") from None
        if not has_own_mail(platform):
            raise invalid("channel", NO_MAIL)
    else:
        url = urlsplit(target)
        if url.scheme not in {"http", "https"} or not url.hostname or url.username:
            raise invalid("target", "A web address begins with https:// and holds no password.")
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        rule.ciphertext = platform.vault.seal(rule.id, {"secret": secret})
    session.add(rule)
    session.flush()
    report(session, author, "created", _subject(rule))
    return rule, secret


def remove_rule(session: Session, author: Author, rule_id: str) -> None:
    """Tell somebody no more. Removed already: nothing changes.

    :raises NotFound: there is no such rule.
    """
    rule = find(session, NotificationRuleRow, author.organisation_id, rule_id, lock=True)
    if rule is None:
        raise NotFound("notification")
    if rule.removed_at is None:
        rule.removed_at = author.now
        report(session, author, "removed", _subject(rule))


def try_rule(platform: Platform, organisation_id: str, rule_id: str) -> None:
    """Send a message that says it is a trial.

    :raises NotTold: it did not leave; the message says why.
    :raises NotFound: there is no such rule.
    """
    with platform.database.read() as session:
        rule = find(session, NotificationRuleRow, organisation_id, rule_id)
        if rule is None or rule.removed_at is not None:
            raise NotFound("notification")
        company = find_organisation(session, organisation_id).name
        session.expunge(rule)
    thing = Thing(
        subject=f"trial:{new_id()}",
        label="A trial",
        sentence="Nothing needs you. Somebody wanted to see whether this message arrives.",
        url=platform.settings.base_url,
        since=platform.clock(),
    )
    send(platform, Message(rule, company, [thing], []))


def notify(platform: Platform) -> int:
    """Let every rule note what is new and tell what is due; return how many messages left."""
    with platform.database.read() as session:
        rules = queries.all_rules(session)
    return sum(_tell(platform, rule_id) for rule_id in rules)


def _tell(platform: Platform, rule_id: str) -> bool:
    message = _take(platform, rule_id)
    if message is None:
        return False
    now = platform.clock()
    try:
        send(platform, message)
    except NotTold as error:
        with platform.database.write() as session:
            _remember_failure(session, message, error, platform)
        return False
    with platform.database.write() as session:
        queries.close(session, message.ids, TellState.TOLD, sent_at=now)
        rule = session.get_one(NotificationRuleRow, rule_id)
        rule.last_told_at, rule.attempts, rule.next_try_at, rule.trouble = now, 0, None, None
    return True


def _take(platform: Platform, rule_id: str) -> Message | None:
    """Note what is new, and commit what is due now as in flight."""
    now = platform.clock()
    with platform.database.write(lasting=True) as session:
        rule = queries.locked(session, rule_id)
        if rule is None:
            return None
        lost = [
            row.id
            for row in queries.in_state(session, rule.id, TellState.IN_FLIGHT)
            if row.sent_at is None or now - row.sent_at > _FLIGHT
        ]
        queries.close(session, lost, TellState.UNKNOWN)
        _note(platform, session, rule)
        session.flush()
        waiting = queries.in_state(session, rule.id, TellState.WAITING)
        things = _things(platform, session, rule, waiting)
        queries.close(session, [row.id for row in waiting if row.subject not in things], TellState.OVER)
        rows = [row for row in waiting if row.subject in things]
        company = find_organisation(session, rule.organisation_id)
        if not rows or (rule.next_try_at is not None and rule.next_try_at > now):
            return None
        due = notification.is_due(
            Moment(rule.moment),
            hour=rule.hour,
            zone=_zone(company.timezone),
            oldest=min(row.noted_at for row in rows),
            last_told=rule.last_told_at,
            now=now,
        )
        if not due:
            return None
        ids = [row.id for row in rows]
        queries.close(session, ids, TellState.IN_FLIGHT, sent_at=now)
        session.flush()
        session.expunge(rule)
        return Message(rule, company.name, [things[row.subject] for row in rows], ids)


def _note(platform: Platform, session: Session, rule: NotificationRuleRow) -> None:
    fresh = [f"{queries.QUESTION}{row.id}" for row in queries.untold_questions(session, rule, limit=_NOTED_AT_ONCE)]
    fresh += [f"{queries.LETTER}{row.id}" for row in queries.untold_letters(session, rule, limit=_NOTED_AT_ONCE)]
    still = [_still(row) for row in queries.standing_still(session, rule.organisation_id)]
    still += _ending(platform, session, rule)
    known = queries.noted(session, rule.id, still)
    for subject in [*fresh, *(one for one in still if one not in known)]:
        session.add(
            NotificationRow(
                id=new_id(),
                organisation_id=rule.organisation_id,
                rule_id=rule.id,
                subject=subject,
                noted_at=platform.clock(),
                state=TellState.WAITING.value,
            )
        )


def _things(
    platform: Platform, session: Session, rule: NotificationRuleRow, waiting: Sequence[NotificationRow]
) -> dict[str, Thing]:
    """Return what still needs a person, by subject."""
    base = platform.settings.base_url
    asked = queries.questions(session, _ids(waiting, queries.QUESTION))
    things = {f"{queries.QUESTION}{one}": _asked(f"{queries.QUESTION}{one}", row, base) for one, row in asked.items()}
    for row in queries.doubtful_letters(session, _ids(waiting, queries.LETTER)).values():
        things[f"{queries.LETTER}{row.id}"] = _doubted(row, base)
    for still in queries.standing_still(session, rule.organisation_id):
        things[_still(still)] = _stands(platform, still, base)
    things |= _ending(platform, session, rule)
    return {row.subject: things[row.subject] for row in waiting if row.subject in things}


def _ids(waiting: Sequence[NotificationRow], prefix: str) -> list[str]:
    return [row.subject.removeprefix(prefix) for row in waiting if row.subject.startswith(prefix)]


def _doubted(row: LetterRow, base: str) -> Thing:
    return Thing(
        subject=f"{queries.LETTER}{row.id}",
        label=f"The letter with {row.number}",
        sentence=row.told or DOUBT,
        url=f"{base}/invoices/{row.invoice_id}#letter-{row.id}",
        since=row.begun_at or row.asked_at,
    )


def _asked(subject: str, row: ProblemRow, base: str) -> Thing:
    return Thing(
        subject=subject,
        label=row.label,
        sentence=sentence(from_json(row.document)),
        url=f"{base}/conflicts/{row.id}",
        since=row.opened_at,
    )


def _still(row: ConnectionRow) -> str:
    problem = row.problem or {}
    return f"connection:{row.id}:{problem.get('kind')}:{problem.get('since')}"


def _stands(platform: Platform, row: ConnectionRow, base: str) -> Thing:
    package = platform.provider(row.provider).package
    return Thing(
        subject=_still(row),
        label=f"{package} · {row.organisation_name or 'not connected yet'}",
        sentence=str((row.problem or {}).get("message", "")),
        url=f"{base}/connections/{row.id}",
        since=_since(row) or platform.clock(),
    )


def _ending(platform: Platform, session: Session, rule: NotificationRuleRow) -> dict[str, Thing]:
    """Return the permissions that end soon, by subject; one that several companies share is one thing."""
    base, found = platform.settings.base_url, {}
    for row, credential_id, ageing in permission.endings(platform, session, rule.organisation_id):
        subject, package = f"ending:{credential_id}", platform.provider(row.provider).package
        found[subject] = Thing(
            subject=subject,
            label=f"{package} · {row.organisation_name or ''}",
            sentence=ageing.message,
            url=f"{base}/connections/{row.id}",
            since=platform.clock(),
        )
    return found


def _since(row: ConnectionRow) -> datetime | None:
    """Return since when a connection stands still, if its problem says so."""
    try:
        return datetime.fromisoformat(str((row.problem or {}).get("since")))
    except ValueError:
        return None


def _remember_failure(session: Session, message: Message, error: NotTold, platform: Platform) -> None:
    now = platform.clock()
    rule = session.get_one(NotificationRuleRow, message.rule.id)
    rule.trouble = str(error)
    if error.doubt:
        queries.close(session, message.ids, TellState.UNKNOWN, sent_at=now)
        rule.last_told_at, rule.attempts, rule.next_try_at = now, 0, None
    elif error.passing and rule.attempts < len(notification.RESTS):
        queries.close(session, message.ids, TellState.WAITING)
        rule.next_try_at = now + notification.RESTS[rule.attempts]
        rule.attempts += 1
    else:
        queries.close(session, message.ids, TellState.GIVEN_UP, sent_at=now)
        rule.attempts, rule.next_try_at = 0, None
    _log.warning("notification not told", rule_id=rule.id, why=str(error))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _subject(rule: NotificationRuleRow) -> Subject:
    return Subject(kind="notification", id=rule.id, label=rule.target)
