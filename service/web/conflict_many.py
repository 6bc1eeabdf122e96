"""The same answer for many conflicts alike: a preview of each, then the answer, then what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from service.core.problem import OptionId, Problem, from_json, options, sentence
from service.ids import is_id
from service.store.accounts import Role
from service.store.queries import connections, problems
from service.store.sync_models import ProblemRow
from service.sync import effect
from service.sync.alike import MOST, alike, answer_for
from service.sync.resolve import AlreadyAnswered, BadAnswer, resolve
from service.web.access import does, person, shows
from service.web.conflict import PAUSE
from service.web.pages import pages
from service.web.parts import package_of, parts
from service.web.words import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class _One:
    """One of the questions, with what the answer means for it."""

    row: ProblemRow
    sentence: str
    fits: bool  #: the answer can be given without saying more
    name: str | None  #: the name that it gets, where the answer gives one
    changes: Sequence[Mapping[str, Any]]


@pages.get("/conflicts/<problem_id>/alike")
@shows(Role.ACCOUNTANT)
def alike_conflicts(session: Session, problem_id: str) -> Any:
    """Show what an answer would do to every question like this one."""
    row = problems.get(session, person().company.id, problem_id)
    if row.closed_at is not None:
        return redirect(url_for("pages.conflict", problem_id=problem_id))
    problem, offered = from_json(row.document), options(from_json(row.document))
    chosen = next((one for one in offered if one.id.value == request.args.get("option")), offered[0])
    sides = _sides(request.args)
    connection = connections.get(session, row.organisation_id, row.connection_id)
    pairs = alike(session, row)
    views = effect.views_of(parts().platform, session, pairs)
    found = [_one(one, views.get(one.id), chosen.id, sides) for one, _ in pairs]
    return render_template(
        "alike.html",
        row=row,
        problem=problem,
        connection=connection,
        package=package_of(connection.provider),
        options=offered,
        chosen=chosen,
        sides=sides,
        found=found,
        most=MOST,
    )


@pages.post("/conflicts/<problem_id>/alike")
@does(Role.ACCOUNTANT)
def answer_alike(problem_id: str) -> Response:
    """Give the answer to those that were ticked; without any, show first what it would do."""
    given = request.form
    if not given.get("do"):
        kept: dict[str, Any] = {name: one for name, one in given.items() if name == "option" or "field." in name}
        return redirect(url_for("pages.alike_conflicts", problem_id=problem_id, **kept), 303)
    ids = [one for one in given.getlist("id") if is_id(one)][:MOST]
    option = given.get("option", "")
    if not ids or option not in list(OptionId):
        flash("Tick at least one of them.")
        return redirect(url_for("pages.alike_conflicts", problem_id=problem_id, option=option), 303)
    done, meanwhile, refused = _answer(ids, OptionId(option), _sides(given))
    if meanwhile:
        flash(f"{plural(meanwhile, 'other was', 'others were')} settled meanwhile; nothing was changed there.")
    for message in dict.fromkeys(refused):
        flash(message, "warning")
    return redirect(url_for("pages.answered", id=done) if done else url_for("pages.conflict_list"), 303)


@pages.get("/conflicts/answered")
@shows()
def answered(session: Session) -> str:
    """Show what was answered together, and the way back."""
    ids = [one for one in request.args.getlist("id") if is_id(one)][:MOST]
    rows = [row for row in problems.named(session, person().company.id, ids) if row.closed_at is not None]
    return render_template(
        "answered.html",
        rows=[(row, _labels(from_json(row.document)).get((row.answer or {}).get("option", ""))) for row in rows],
        can_go_back=any(row.answer and "taken_back" not in row.answer for row in rows),
        PAUSE=PAUSE,
    )


def _answer(ids: Sequence[str], option: OptionId, sides: Mapping[str, str]) -> tuple[list[str], int, list[str]]:
    """Answer one after the other; return the ids of those answered, how many were settled, and the refusals."""
    someone, platform = person(), parts().platform
    done, meanwhile, refused = [], 0, []
    for one in ids:
        with platform.database.read() as session:
            row = problems.get(session, someone.company.id, one)
            label, answer = row.label, answer_for(from_json(row.document), option, fields=sides)
        if answer is None:
            refused.append(f"{label} needs an answer of its own.")
            continue
        try:
            resolve(
                platform,
                organisation_id=someone.company.id,
                problem_id=one,
                answer=answer,
                actor=someone.actor,
                pause=PAUSE,
            )
        except AlreadyAnswered:
            meanwhile += 1
        except BadAnswer as error:
            refused.append(f"{label}: {error}")
        else:
            done.append(one)
    return done, meanwhile, refused


def _one(row: ProblemRow, view: effect.View | None, option: OptionId, sides: Mapping[str, str]) -> _One:
    problem = from_json(row.document)
    answer = answer_for(problem, option, fields=sides)
    changes = [] if answer is None or view is None else effect.effect_of(view, answer)
    return _One(
        row=row,
        sentence=sentence(problem),
        fits=answer is not None,
        name=None if answer is None else answer.name,
        changes=[change.as_json() for change in changes],
    )


def _sides(given: MultiDict[str, str]) -> dict[str, str]:
    """Return for each field the side that wins, where the answer is to choose field by field."""
    return {
        name.removeprefix("field."): side
        for name, side in given.items()
        if name.startswith("field.") and side in ("ours", "theirs")
    }


def _labels(problem: Problem) -> dict[str, str]:
    return {option.id.value: option.label.rstrip("…") for option in options(problem)}
