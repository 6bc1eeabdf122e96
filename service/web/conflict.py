"""Conflicts: the inbox of questions that wait for a person, one question with its answers, and taking answers back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.core.problem import OptionId, Problem, from_json, options, sentence
from service.ids import is_id
from service.store.accounts import Role
from service.store.queries import connections, links, problems, web_users
from service.store.sync_models import ProblemRow
from service.sync import effect, retract
from service.sync.resolve import AlreadyAnswered, Answer, BadAnswer, resolve
from service.sync.sides import sides_of
from service.sync.story import story_of
from service.web.access import does, person, shows
from service.web.deed import page_of
from service.web.pages import pages
from service.web.parts import package_of, parts
from service.web.standing import Question, questions
from service.web.words import plural

_ROWS = 50
#: How long the sync that acts on an answer waits, so that a slip can be taken back before anything is sent.
PAUSE = timedelta(seconds=20)
#: What an answer needs beside itself.
NEEDS = {
    OptionId.LINK_EXISTING: "remote_id",
    OptionId.RENAME_OURS: "name",
    OptionId.CHOOSE_FIELDS: "fields",
    OptionId.MOVE_DATE: "date",
}


@pages.get("/conflicts")
@shows()
def conflict_list(session: Session) -> str:
    """List what waits for a person, oldest first; or what was settled, newest first."""
    return render_template("conflicts.html", **_inbox(session))


@pages.get("/parts/conflicts")
@shows()
def conflicts_part(session: Session) -> str:
    """Give the inbox alone, as it is now: others answer as well."""
    return render_template("part/conflicts.html", open_questions=person().open_questions, **_inbox(session))


def _inbox(session: Session) -> dict[str, Any]:
    organisation_id = person().company.id
    is_open, kind = request.args.get("status") != "resolved", request.args.get("kind") or None
    found = questions(
        session,
        organisation_id,
        limit=_ROWS + 1,
        after=request.args.get("cursor") or None,
        is_open=is_open,
        kind=kind,
    )
    companies = {row.id: row for row in connections.all_of(session, organisation_id)}
    counts = problems.kinds_open(session, organisation_id) if is_open else []
    actors = {} if is_open else web_users.names_of_actors(session, organisation_id, _actors(found))
    return {
        "questions": found[:_ROWS],
        "next": found[_ROWS - 1].row.id if len(found) > _ROWS else None,
        "is_open": is_open,
        "kind": kind,
        "groups": [(companies.get(at), name, count, oldest) for at, name, count, oldest in counts if count > 1],
        "actors": actors,
    }


def _actors(found: Sequence[Question]) -> set[str]:
    return {one.row.closed_by for one in found if one.row.closed_by and one.row.answer}


@pages.get("/conflicts/<problem_id>")
@shows()
def conflict(session: Session, problem_id: str) -> str:
    """Show one question."""
    return _page(session, problem_id, chosen={"option": request.args.get("option", "")})


@pages.post("/conflicts/<problem_id>")
@does(Role.ACCOUNTANT)
def answer_conflict(problem_id: str) -> Any:
    """Take an answer and ask for the sync that acts on it; a wrong one keeps what was typed."""
    someone, platform, given = person(), parts().platform, request.form
    try:
        answer = Answer(
            option=OptionId(given.get("option", "")),
            remote_id=given.get("remote_id_typed", "").strip() or given.get("remote_id") or None,
            name=given.get("name"),
            date=date.fromisoformat(given["date"]) if given.get("date") else None,
            fields={key.removeprefix("field."): side for key, side in given.items() if key.startswith("field.")},
        )
        resolve(
            platform,
            organisation_id=someone.company.id,
            problem_id=problem_id,
            answer=answer,
            actor=someone.actor,
            pause=PAUSE,
        )
    except AlreadyAnswered as late:
        flash(f"This was settled meanwhile. {late}")
        return redirect(url_for("pages.conflict", problem_id=late.next_id or problem_id), 303)
    except BadAnswer as refusal:
        return _again(problem_id, given, {refusal.field: str(refusal)}), 422
    except ValueError:
        return _again(problem_id, given, {"option": "Choose one of the answers."}), 422
    return redirect(url_for("pages.conflict", problem_id=problem_id), 303)


@pages.post("/conflicts/take-back")
@does(Role.ACCOUNTANT)
def take_answers_back() -> Response:
    """Take answers back: each question stands again, or what its answer changed goes back with the next sync."""
    someone, platform = person(), parts().platform
    asked: list[str] = []
    done, refused = 0, ""
    for problem_id in filter(is_id, request.form.getlist("id")):
        try:
            again = retract.take_back(
                platform, organisation_id=someone.company.id, problem_id=problem_id, actor=someone.actor
            )
        except retract.CannotTakeBack as error:
            refused = str(error)
            continue
        done += 1
        asked += [again] if again else []
    if done:
        flash(f"{plural(done, 'answer is', 'answers are')} taken back.")
    if refused:
        flash(refused, "warning")
    ids = request.form.getlist("id")
    one = asked[0] if asked else ids[0] if ids else None
    if len(ids) == 1 and one is not None and is_id(one):
        return redirect(url_for("pages.conflict", problem_id=one), 303)
    return redirect(url_for("pages.conflict_list"), 303)


@pages.get("/parts/conflicts/<problem_id>")
@shows()
def conflict_part(session: Session, problem_id: str) -> str:
    """Say on the page of an open question that it was settled meanwhile; nothing while it is open."""
    row = problems.get(session, person().company.id, problem_id)
    link = links.get(session, row.organisation_id, row.link_id)
    return render_template("part/settled.html", row=row, happened=story_of(parts().platform, session, row, link))


def _again(problem_id: str, given: Mapping[str, str], faults: Mapping[str, str]) -> str:
    with parts().platform.database.read() as session:
        return _page(session, problem_id, chosen=given, faults=faults)


def _page(
    session: Session, problem_id: str, *, chosen: Mapping[str, str], faults: Mapping[str, str] | None = None
) -> str:
    organisation_id = person().company.id
    row = problems.get(session, organisation_id, problem_id)
    link = links.get(session, organisation_id, row.link_id)
    connection = connections.get(session, organisation_id, row.connection_id)
    problem = from_json(row.document)
    return render_template(
        "conflict.html",
        row=row,
        link=link,
        connection=connection,
        package=package_of(connection.provider),
        problem=problem,
        sentence=sentence(problem),
        options=options(problem),
        needs={option.value: need for option, need in NEEDS.items()},
        chosen=_chosen(problem, chosen),
        faults=faults or {},
        suggestion=problem.params.get("suggestion") or "",
        record_url=page_of(link.entity, link.record_id),
        happened=story_of(parts().platform, session, row, link),
        following=problems.next_open(session, row),
        PAUSE=PAUSE,
        **_effects(session, row),
    )


def _effects(session: Session, row: ProblemRow) -> dict[str, Any]:
    """Return both sides of an open question, what its answers would change, and how many are like it."""
    if row.closed_at is not None:
        return {"changes": {}, "sides": None, "alike": 0}
    view = effect.view_of(parts().platform, session, row)
    others = problems.count_open(session, row.organisation_id, connection_id=row.connection_id, kind=row.kind) - 1
    return {"changes": _changes(view), "sides": sides_of(view), "alike": others}


def _changes(view: effect.View | None) -> dict[str, Sequence[Mapping[str, Any]]]:
    """Return what each answer would change, by option; for each candidate by option and its id."""
    effects = effect.effects(view)
    found = {option.value: changes for option, changes in effects.options.items()}
    found |= {f"{OptionId.LINK_EXISTING}:{remote_id}": changes for remote_id, changes in effects.linking.items()}
    return {name: [change.as_json() for change in changes] for name, changes in found.items()}


def _chosen(problem: Problem, given: Mapping[str, str]) -> dict[str, str]:
    """Return what the form shows as chosen: what was chosen before, else the recommended answer."""
    chosen = dict(given)
    if chosen.get("option") not in {option.id.value for option in options(problem)}:
        chosen["option"] = options(problem)[0].id.value
    return chosen
