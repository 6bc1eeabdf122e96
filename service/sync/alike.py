"""The same answer for many questions alike: which ones it fits, and what it is for each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from sqlalchemy.orm import Session

from service.core.problem import OptionId, Problem, from_json, options
from service.store.queries import problems
from service.store.sync_models import LinkRow, ProblemRow
from service.sync.answering import Answer

#: Questions that are answered together at most.
MOST = 50


def alike(session: Session, row: ProblemRow) -> list[tuple[ProblemRow, LinkRow]]:
    """Return the open questions of the same kind at the same connection that the same answers are offered for.

    The question itself comes first, then the oldest.
    """
    like = from_json(row.document)
    found = problems.listed(
        session, row.organisation_id, connection_id=row.connection_id, kind=row.kind, limit=4 * MOST
    )
    entity = session.get_one(LinkRow, row.link_id).entity
    fitting = [(one, link) for one, link in found if link.entity == entity and _is_alike(from_json(one.document), like)]
    fitting.sort(key=lambda pair: (pair[0].id != row.id, pair[0].id))
    return fitting[:MOST]


def _is_alike(one: Problem, other: Problem) -> bool:
    def fields(problem: Problem) -> set[str]:
        return {dispute.field for dispute in problem.fields}

    return options(one) == options(other) or (
        [option.id for option in options(one)] == [option.id for option in options(other)]
        and fields(one) == fields(other)
    )


def answer_for(problem: Problem, option: OptionId, *, fields: Mapping[str, str]) -> Answer | None:
    """Return the answer to one of many; None where it needs something that a person has to say for this one alone.

    :param fields: for each field on which the sides differ the side that wins, where that is the answer.
    """
    answer = Answer(option=option)
    match option:
        case OptionId.RENAME_OURS:
            name = problem.text("suggestion")
            return replace(answer, name=name) if name else None
        case OptionId.LINK_EXISTING:
            return replace(answer, remote_id=problem.candidates[0].remote_id) if len(problem.candidates) == 1 else None
        case OptionId.MOVE_DATE:
            day = problem.text("open_from")
            return replace(answer, date=date.fromisoformat(day)) if day else None
        case OptionId.CHOOSE_FIELDS:
            chosen = {dispute.field: fields.get(dispute.field, "") for dispute in problem.fields}
            return replace(answer, fields=chosen) if all(chosen.values()) else None
        case _:
            return answer
