"""From a package's refusal to a question: with what collides, as far as that is known here, and what may be done."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from service.core.errors import ClosedPeriod, ConnectorError, DuplicateName, NotFound, Rejected
from service.core.intent import Intent, Operation
from service.core.link import Heard
from service.core.names import name_key
from service.core.ports import Capabilities, EntityKind, Family
from service.core.problem import Problem, problem_of_error
from service.core.snapshot import Snapshot, Value
from service.store.facts import apply_to
from service.store.queries import calls, counterparts, neighbours
from service.store.sync_models import ConnectionRow, LinkRow
from service.sync.asking import candidate_of, duplicate_params
from service.sync.documents import reference_from_json
from service.sync.surroundings import label_of_link

#: Where documents keep the day that a closed period is about.
_DAYS = ("issue_date", "date")
#: Refusals that what was read of the company should have foretold.
_OF_THE_COMPANY = frozenset({ClosedPeriod.code, "currency_not_enabled"})


def problem_of(
    session: Session,
    connection: ConnectionRow,
    link: LinkRow,
    intent: Intent,
    error: ConnectorError,
    *,
    capabilities: Capabilities,
    label: str,
    now: datetime,
) -> Problem:
    """Return the question that a refused write is."""
    creates = intent.operation is Operation.CREATE
    params: dict[str, Value] = {
        "package": capabilities.package,
        "name": label,
        "entity": link.entity,
        "exists": not creates,
    }
    written = intent.expected
    if isinstance(error, DuplicateName):
        return _duplicate_name(session, connection, link, error, params, now=now)
    if error.code == "duplicate_number":
        return _duplicate_number(session, connection, link, written, error, params)
    if creates and error.code == "archived_there":
        # What is archived can't be the counterpart of something new: it carries our reference from elsewhere.
        clash = Rejected(error.message, code="duplicate_reference", provider_code=error.provider_code)
        return problem_of_error(clash, params)
    if error.code in _OF_THE_COMPANY:
        connection.reference_at = None  # what is known of the company is older than this: it is read again first
    if isinstance(error, ClosedPeriod) and creates:
        params["open_from"] = _open_from(connection, written, now).isoformat()
    if isinstance(error, NotFound) and error.field is None and not creates:
        _bury(session, link)
    if link.entity == EntityKind.CUSTOMER:
        params["restores"] = capabilities.restores_customers
        params["merges"] = capabilities.merges_look_deleted
    return problem_of_error(error, params)


def _duplicate_name(
    session: Session,
    connection: ConnectionRow,
    link: LinkRow,
    error: ConnectorError,
    params: dict[str, Value],
    *,
    now: datetime,
) -> Problem:
    """Name who holds the name, as far as it is known here."""
    label = str(params["name"])
    named = counterparts.by_name(session, connection.id, name_key(link.remote_name or label.rpartition(":")[2]))
    holders = [one for one in named if (one.family, one.remote_id) != (Family(link.family), link.remote_id)]
    ids = [one.remote_id for one in holders if one.family is Family.CUSTOMER]
    tied = neighbours.holders_of(session, connection.id, Family.CUSTOMER, ids)
    other = next((held for held in tied.values() if held.id != link.id), None)
    ours_too = None if other is None else label_of_link(session, connection.organisation_id, other)
    if not holders and not _was_asked_before(session, link):
        # The feed will tell who it is: then the question is asked anew, with its holder.
        apply_to(session, link, Heard(), now=now)
    said = duplicate_params(label, holders[0] if holders else None, ours_too=ours_too)
    return problem_of_error(error, {**params, **said}, tuple(candidate_of(one) for one in holders))


def _was_asked_before(session: Session, link: LinkRow) -> bool:
    """Tell whether the same wish was refused for its name before: then nobody there is known to hold it."""
    refused = calls.intents_of_link(session, link.id, limit=2)
    outcomes = [one.outcome or {} for one in refused if one.wanted == link.wanted]
    return len([one for one in outcomes if one.get("code") == DuplicateName.code]) > 1


def _bury(session: Session, link: LinkRow) -> None:
    """Note that a counterpart is gone, which the feed has not told: its name and its number are free again."""
    family = Family(link.family)
    known = counterparts.by_remote_ids(session, link.connection_id, family, [link.remote_id or ""])
    for row in known.values():
        row.deleted, row.active = True, False


def _duplicate_number(
    session: Session,
    connection: ConnectionRow,
    link: LinkRow,
    written: Snapshot,
    error: ConnectorError,
    params: dict[str, Value],
) -> Problem:
    number, family = written.get("number"), Family(link.family)
    said: dict[str, Value] = {**params, "suggestion": f"{number}-2" if number else None}
    if family is not Family.INVOICE or not isinstance(number, str) or link.remote_id is not None:
        return problem_of_error(error, said)
    found = neighbours.lookalikes_of(session, connection.id, family, references=(), names=[number])
    return problem_of_error(error, said, tuple(candidate_of(one) for one in found))


def _open_from(connection: ConnectionRow, written: Snapshot, now: datetime) -> date:
    """Return the first day that is surely open: after the lock that is known, else today."""
    dated = next((str(written.get(name)) for name in _DAYS if written.get(name)), None)
    locked = reference_from_json(connection.reference).company.lock_date if connection.reference else None
    if locked is not None and (dated is None or dated <= locked.isoformat()):
        return locked + timedelta(days=1)
    return now.date()
