"""Conflicts over HTTP: the questions that need a person, and the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from service.api.access import caller
from service.api.connections import Input
from service.api.paging import PageQuery
from service.api.problems import ApiError
from service.api.routes import IdPath, routes
from service.api.runs import platform
from service.api.services import services
from service.api.units import acts, reads
from service.core.problem import OptionId, field_label, from_json, options, sentence
from service.core.snapshot import value_to_json
from service.records.errors import Fault
from service.records.fields import Day, RecordId
from service.store.accounts import Role
from service.store.queries import problems as queries
from service.store.queries.sync_lists import problem_page
from service.store.sync_models import LinkRow, ProblemRow
from service.sync import effect, resolve, retract
from service.sync.story import story_of

#: What of an answer a person gave; the rest of it is kept for its story and for taking it back.
_ANSWER = frozenset({"option", "remote_id", "name", "fields", "date"})

api = routes("Conflicts", about="Questions about records that need a person.")


class FieldOut(BaseModel):
    """One field on which the sides differ."""

    field: str
    label: str
    ours: Any
    theirs: Any
    agreed: Any


class ChangeOut(BaseModel):
    """One field that an answer would change: here (``ours``) or at the package (``theirs``)."""

    model_config = ConfigDict(serialize_by_alias=True)

    side: Literal["ours", "theirs"]
    record: str
    field: str
    label: str
    before: Any = Field(alias="from")
    after: Any = Field(alias="to")


class CandidateOut(BaseModel):
    """An entity there that plays a part in the question; ``changes`` is what linking to it would change."""

    remote_id: str
    name: str
    type: str
    email: str | None
    active: bool | None
    changes: list[ChangeOut] | None = None


class OptionOut(BaseModel):
    """An answer that can be given; the first one is recommended.

    ``changes`` says field by field what it would do now; lists leave it out, and so do settled questions.
    """

    id: str
    label: str
    effect: str
    changes: list[ChangeOut] | None = None


class StepOut(BaseModel):
    """One thing that came of an answer."""

    at: datetime
    verb: str
    before: dict[str, Any]
    after: dict[str, Any]
    why: str | None
    request_id: str | None


class TakeBackOut(BaseModel):
    """Whether an answer can be taken back now: ``says`` what that does, or why not."""

    possible: bool
    says: str


class OutcomeOut(BaseModel):
    """How a question was settled: in words, with what was to change and what came of it."""

    told: str
    by: str | None
    changes: list[ChangeOut]
    steps: list[StepOut]
    next_conflict_id: str | None
    taken_back_by: str | None
    take_back: TakeBackOut | None


class ConflictOut(BaseModel):
    """One question."""

    id: str
    link_id: str
    connection_id: str
    kind: str
    label: str
    message: str
    provider_code: str | None
    request_id: str | None
    fields: list[FieldOut]
    candidates: list[CandidateOut]
    options: list[OptionOut]
    status: Literal["open", "resolved"]
    since: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    answer: dict[str, Any] | None
    outcome: OutcomeOut | None = None


class ConflictList(BaseModel):
    """A page of questions."""

    items: list[ConflictOut]
    next: str | None


class ConflictQuery(PageQuery):
    """Filters of the list."""

    status: Literal["open", "resolved"] | None = None
    connection_id: RecordId | None = None


class AnswerInput(Input):
    """An answer: one of the options, with what it needs."""

    option: OptionId
    remote_id: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    name: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    fields: dict[str, Literal["ours", "theirs"]] = Field(default_factory=dict)
    date: Annotated[Day | None, Field(description="For move_date; the first open day if left out.")] = None


@api.get("/conflicts", responses={200: ConflictList})
@reads(Role.VIEWER)
def list_conflicts(session: Session, query: ConflictQuery) -> ConflictList:
    """List questions, oldest first."""
    found = problem_page(
        session,
        caller().organisation_id,
        is_open=None if query.status is None else query.status == "open",
        connection_id=query.connection_id,
        limit=query.limit,
        cursor=query.cursor,
    )
    return ConflictList(items=[conflict_out(row) for row in found.items], next=found.next)


@api.get("/conflicts/<id>", responses={200: ConflictOut})
@reads(Role.VIEWER)
def get_conflict(session: Session, path: IdPath) -> ConflictOut:
    """Read a question with what each answer would change; of a settled one, who answered what and what came of it."""
    return _detailed(session, queries.get(session, caller().organisation_id, path.id))


@api.post("/conflicts/<id>/resolve", responses={200: ConflictOut})
@acts(Role.ACCOUNTANT)
def resolve_conflict(path: IdPath, body: AnswerInput) -> ConflictOut:
    """Answer a question; the next sync acts on the answer."""
    who = caller()
    answer = resolve.Answer(
        option=body.option, remote_id=body.remote_id, name=body.name, fields=body.fields, date=body.date
    )
    try:
        resolve.resolve(
            platform(), organisation_id=who.organisation_id, problem_id=path.id, answer=answer, actor=who.actor
        )
    except resolve.AlreadyAnswered as error:
        raise ApiError(409, str(error), kind="already_answered") from error
    except resolve.BadAnswer as error:
        raise ApiError(422, str(error), kind="invalid", faults=[Fault(error.field, str(error))]) from error
    with services().database.read() as session:
        return _detailed(session, queries.get(session, who.organisation_id, path.id))


@api.post("/conflicts/<id>/take-back", responses={200: ConflictOut})
@acts(Role.ACCOUNTANT)
def take_back_answer(path: IdPath) -> ConflictOut:
    """Take an answer back: the question stands again, or what the answer changed goes back with the next sync."""
    who = caller()
    try:
        retract.take_back(platform(), organisation_id=who.organisation_id, problem_id=path.id, actor=who.actor)
    except retract.CannotTakeBack as error:
        raise ApiError(409, str(error), kind="cannot_take_back") from error
    with services().database.read() as session:
        return _detailed(session, queries.get(session, who.organisation_id, path.id))


def _detailed(session: Session, row: ProblemRow) -> ConflictOut:
    shown = conflict_out(row)
    link = session.get_one(LinkRow, row.link_id)
    story = story_of(platform(), session, row, link)
    if story is not None:
        outcome = OutcomeOut(
            told=story.told,
            by=story.by,
            changes=[_change(dict(change)) for change in story.changes],
            steps=[StepOut(**asdict(step)) for step in story.steps],
            next_conflict_id=story.next_id,
            taken_back_by=story.taken_back_by,
            take_back=None if story.take_back is None else TakeBackOut(**asdict(story.take_back)),
        )
        return shown.model_copy(update={"outcome": outcome})
    effects = effect.effects(effect.view_of(platform(), session, row))
    choices = [
        one.model_copy(update={"changes": _changes(effects.options.get(OptionId(one.id), ()))}) for one in shown.options
    ]
    candidates = [
        one.model_copy(update={"changes": _changes(effects.linking[one.remote_id])})
        if one.remote_id in effects.linking
        else one
        for one in shown.candidates
    ]
    return shown.model_copy(update={"options": choices, "candidates": candidates})


def _changes(found: Sequence[effect.Change]) -> list[ChangeOut]:
    return [_change(change.as_json()) for change in found]


def _change(document: dict[str, Any]) -> ChangeOut:
    return ChangeOut(**document, label=field_label(document["field"]))


def conflict_out(row: ProblemRow) -> ConflictOut:
    """Return a question's document; every text is made from stored facts."""
    problem = from_json(row.document)
    return ConflictOut(
        id=row.id,
        link_id=row.link_id,
        connection_id=row.connection_id,
        kind=row.kind,
        label=row.label,
        message=sentence(problem),
        provider_code=problem.provider_code,
        request_id=row.request_id,
        fields=[
            FieldOut(
                field=one.field,
                label=field_label(one.field),
                ours=value_to_json(one.ours),
                theirs=value_to_json(one.theirs),
                agreed=value_to_json(one.agreed),
            )
            for one in problem.fields
        ],
        candidates=[
            CandidateOut(
                remote_id=one.remote_id,
                name=one.name,
                type=one.type,
                email=None if one.params.get("email") is None else str(one.params["email"]),
                active=None if one.params.get("active") is None else bool(one.params["active"]),
            )
            for one in problem.candidates
        ],
        options=[OptionOut(id=one.id.value, label=one.label, effect=one.effect) for one in options(problem)],
        status="open" if row.closed_at is None else "resolved",
        since=row.opened_at,
        resolved_at=row.closed_at,
        resolved_by=row.closed_by,
        answer=None if row.answer is None else {name: part for name, part in row.answer.items() if name in _ANSWER},
    )
