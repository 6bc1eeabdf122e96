"""Conflicts: the inbox of questions that wait for a person, and one question with its answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from service.core.problem import OptionId, Problem, from_json, options, sentence
from service.store.accounts import Role
from service.store.queries import connections, links, problems
from service.store.sync_models import ProblemRow
from service.sync import effect
from service.sync.resolve import AlreadyAnswered, Answer, BadAnswer, resolve
from service.sync.story import story_of
from service.web.access import does, person, shows
from service.web.customer import ask_for_sync
from service.web.pages import pages
from service.web.parts import package_of, parts
from service.web.standing import questions

_ROWS = 50
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
    """List what waits for a person, oldest first; or what was settled."""
    organisation_id = person().company.id
    is_open = request.args.get("status") != "resolved"
    found = questions(
        session, organisation_id, limit=_ROWS + 1, after=request.args.get("cursor") or None, is_open=is_open
    )
    names = {row.id: row.organisation_name or "" for row in connections.all_of(session, organisation_id)}
    return render_template(
        "conflicts.html",
        questions=found[:_ROWS],
        next=found[_ROWS - 1].row.id if len(found) > _ROWS else None,
        is_open=is_open,
        companies=names,
    )


@pages.get("/conflicts/<problem_id>")
@shows()
def conflict(session: Session, problem_id: str) -> str:
    """Show one question."""
    return _page(session, problem_id, chosen={"option": request.args.get("option", "")})


@pages.post("/conflicts/<problem_id>")
@does(Role.ACCOUNTANT)
def answer_conflict(problem_id: str) -> Any:
    """Take an answer and ask for the sync that acts on it; a wrong one keeps what was typed."""
    someone, platform = person(), parts().platform
    given = request.form
    try:
        answer = Answer(
            option=OptionId(given.get("option", "")),
            remote_id=given.get("remote_id_typed", "").strip() or given.get("remote_id") or None,
            name=given.get("name"),
            date=date.fromisoformat(given["date"]) if given.get("date") else None,
            fields={key.removeprefix("field."): side for key, side in given.items() if key.startswith("field.")},
        )
        connection_id = resolve(
            platform, organisation_id=someone.company.id, problem_id=problem_id, answer=answer, actor=someone.actor
        )
    except AlreadyAnswered as late:
        flash(f"This was settled meanwhile. {late}")
        return redirect(url_for("pages.conflict", problem_id=late.next_id or problem_id), 303)
    except BadAnswer as refusal:
        return _again(problem_id, given, {refusal.field: str(refusal)}), 422
    except ValueError:
        return _again(problem_id, given, {"option": "Choose one of the answers."}), 422
    synced = ask_for_sync(connection_id)
    flash(
        "Your answer is taken. A sync has begun that acts on it."
        if synced
        else "Your answer is taken. It is acted on once the connection is live."
    )
    return redirect(url_for("pages.conflict", problem_id=problem_id), 303)


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
        record_url=_record_url(link.entity, link.record_id),
        happened=story_of(parts().platform, session, row, link),
        changes=_changes(session, row),
    )


def _changes(session: Session, row: ProblemRow) -> dict[str, Sequence[Mapping[str, Any]]]:
    """Return what each answer would change, by option; for each candidate by option and its id."""
    if row.closed_at is not None:
        return {}
    effects = effect.effects(parts().platform, session, row)
    found = {option.value: changes for option, changes in effects.options.items()}
    found |= {f"{OptionId.LINK_EXISTING}:{remote_id}": changes for remote_id, changes in effects.linking.items()}
    return {name: [change.as_json() for change in changes] for name, changes in found.items()}


def _record_url(entity: str, record_id: str) -> str | None:
    match entity:
        case "customer":
            return url_for("pages.customer", customer_id=record_id)
        case "invoice":
            return url_for("pages.invoice", invoice_id=record_id)
        case _:
            return None


def _chosen(problem: Problem, given: Mapping[str, str]) -> dict[str, str]:
    """Return what the form shows as chosen: what was chosen before, else the recommended answer."""
    chosen = dict(given)
    if chosen.get("option") not in {option.id.value for option in options(problem)}:
        chosen["option"] = options(problem)[0].id.value
    return chosen
