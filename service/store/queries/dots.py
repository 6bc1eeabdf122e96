"""The dot as SQL: the rule of ``core.link.dot_of`` for lists; a test over all combinations of facts compares both."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, case, or_

from service.core.link import Dot, dot_of
from service.core.problem import Problem, ProblemKind
from service.store.facts import facts_of
from service.store.sync_models import LinkRow


def dot_expression() -> ColumnElement[str]:
    """Return the dot of a link's row; of a missing row, as an outer join gives it, too."""
    outstanding = or_(LinkRow.baseline.is_(None), LinkRow.wanted > LinkRow.confirmed, LinkRow.heard > LinkRow.settled)
    return case(
        (or_(LinkRow.id.is_(None), LinkRow.retired_at.is_not(None)), Dot.NONE.value),
        (LinkRow.open_problem_id.is_not(None), Dot.RED.value),
        (LinkRow.intent_open.is_(True), Dot.ORANGE.value),
        (LinkRow.remote_id.is_(None), Dot.NONE.value),
        (outstanding, Dot.ORANGE.value),
        else_=Dot.GREEN.value,
    )


def unsettled() -> ColumnElement[bool]:
    """Return the condition for links in force that are not green, in the words of the index that holds just these."""
    return and_(
        LinkRow.retired_at.is_(None),
        or_(
            LinkRow.open_problem_id.is_not(None),
            LinkRow.intent_open.is_(True),
            LinkRow.remote_id.is_(None),
            LinkRow.baseline.is_(None),
            LinkRow.wanted > LinkRow.confirmed,
            LinkRow.heard > LinkRow.settled,
        ),
    )


def unsettled_dot() -> ColumnElement[str]:
    """Return the dot of a link of which :func:`unsettled` holds, out of that index alone."""
    return case(
        (LinkRow.open_problem_id.is_not(None), Dot.RED.value),
        (LinkRow.intent_open.is_(True), Dot.ORANGE.value),
        (LinkRow.remote_id.is_(None), Dot.NONE.value),
        else_=Dot.ORANGE.value,
    )


def dot_of_row(link: LinkRow) -> Dot:
    """Return the dot of a link's row, by the core's own rule."""
    return dot_of(facts_of(link, None if link.open_problem_id is None else _SOME_PROBLEM))


#: That there is a problem decides about the dot; which one does not.
_SOME_PROBLEM = Problem(kind=ProblemKind.REJECTED)
