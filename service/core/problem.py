"""A problem a person must answer: as data, as an accountant's sentence, as the answers offered.

Every text is built from the data, never stored. ``params`` that sentences read, all optional but the first two:

======================  ==============================================================================
``package``             the package as people know it
``name``                our record as people know it: a name, an invoice's number
``collides_with``       duplicate_name: ``customer``, ``vendor`` or ``employee``
``suggestion``          duplicate_name: a free name to offer
``reason``              missing_mapping, rejected, not_allowed_now: a sentence that says what is wrong
``sent``                rejected: False if we saw it ourselves and sent nothing
``into``                merged_there: the name of the entity it was merged into
``depth``, ``limit``    too_deep: levels of the record, levels the package holds
``parent``              parent_not_synced: the name of the record it waits for
======================  ==============================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, assert_never

from service.core.errors import ConnectorError, DuplicateName, MappingError, NotAllowedNow, NotFound, OutcomeUnknown
from service.core.fields import LABELS
from service.core.reconcile import ACTIVE, Conflict, Plan
from service.core.snapshot import FieldName, Value, value_from_json, value_to_json


class ProblemKind(StrEnum):
    """Why a record is red; stable: pages, metrics and tests key on it."""

    DUPLICATE_NAME = "duplicate_name"  #: the name is taken there
    BOTH_CHANGED = "both_changed"  #: the same field was changed on both sides
    MISSING_MAPPING = "missing_mapping"  #: the connection's mapping lacks an entry
    REJECTED = "rejected"  #: the package does not take the record as it is
    DELETED_THERE = "deleted_there"
    ARCHIVED_THERE = "archived_there"
    MERGED_THERE = "merged_there"
    AMBIGUOUS_MATCH = "ambiguous_match"  #: several entities there could be the counterpart
    NOT_ALLOWED_NOW = "not_allowed_now"  #: paid, locked, in a closed period
    TOO_DEEP = "too_deep"  #: more levels than the package holds
    PARENT_NOT_SYNCED = "parent_not_synced"
    OUTCOME_UNKNOWN = "outcome_unknown"  #: looked for often enough, found neither way


class OptionId(StrEnum):
    """Answers a person can give."""

    LINK_EXISTING = "link_existing"  #: needs ``remote_id``
    RENAME_OURS = "rename_ours"  #: needs ``name``
    KEEP_OURS = "keep_ours"
    KEEP_THEIRS = "keep_theirs"
    CHOOSE_FIELDS = "choose_fields"  #: needs ``fields``: name -> "ours" or "theirs"
    CREATE_NEW = "create_new"
    UNLINK = "unlink"
    ARCHIVE_OURS = "archive_ours"
    FOLLOW_MERGE = "follow_merge"
    RETRY = "retry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """One field on which the sides differ, with what they last agreed on."""

    field: FieldName
    ours: Value
    theirs: Value
    agreed: Value = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An entity there that plays a part in the question; ``type`` is a family: customer, vendor or employee."""

    remote_id: str
    name: str
    type: str
    params: Mapping[str, Value] = field(default_factory=dict)  #: what helps to tell it apart: email, city


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A question for a person about one record."""

    kind: ProblemKind
    params: Mapping[str, Value] = field(default_factory=dict)
    provider_code: str | None = None  #: the package's own code, kept for support
    fields: tuple[Dispute, ...] = ()
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """One answer: what its button says and what pressing it does."""

    id: OptionId
    label: str
    effect: str


def sentence(problem: Problem) -> str:
    """Say what is wrong, in words an accountant uses; ends with a full stop."""
    said = _said(problem)
    return said[:1].upper() + said[1:]


def _said(problem: Problem) -> str:  # noqa: C901, PLR0911, PLR0912 - one case per kind
    package, name = _text(problem, "package", "the package"), _quoted(problem)
    match problem.kind:
        case ProblemKind.DUPLICATE_NAME:
            return _duplicate(problem, package, name)
        case ProblemKind.BOTH_CHANGED:
            return _both_changed(problem, package, name)
        case ProblemKind.MISSING_MAPPING:
            return _because(f"{name} can't be sent to {package} yet", problem)
        case ProblemKind.REJECTED:
            if problem.params.get("sent") is False:
                return _because(f"{name} can't be sent to {package} as it is", problem)
            return _because(f"{package} did not accept {name}", problem)
        case ProblemKind.DELETED_THERE:
            return f"{name} no longer exists in {package}, but it is still active here."
        case ProblemKind.ARCHIVED_THERE:
            return f"{name} was archived in {package}, but it is still active here."
        case ProblemKind.MERGED_THERE:
            winner = problem.params.get("into")
            into = f"'{winner}'" if winner else "another record"
            return f"{name} was merged into {into} in {package}."
        case ProblemKind.AMBIGUOUS_MATCH:
            count = len(problem.candidates)
            return f"{count if count > 1 else 'several'} records in {package} could be {name}."
        case ProblemKind.NOT_ALLOWED_NOW:
            return _because(f"{package} does not allow this change to {name} now", problem)
        case ProblemKind.TOO_DEEP:
            depth, limit = problem.params.get("depth"), problem.params.get("limit")
            if depth is None or limit is None:
                return f"{name} lies deeper than the levels {package} can hold."
            return f"{name} is {depth} levels deep, but {package} holds at most {limit}."
        case ProblemKind.PARENT_NOT_SYNCED:
            parent = problem.params.get("parent")
            waits_for = f"'{parent}'" if parent else "its parent"
            return f"{name} waits for {waits_for}, which is not in {package} yet."
        case ProblemKind.OUTCOME_UNKNOWN:
            return f"It is not certain whether {name} reached {package}: no answer came, and it was not found there."
        case _:
            assert_never(problem.kind)


def options(problem: Problem) -> tuple[Option, ...]:
    """Return the answers offered, the recommended one first; never empty."""
    return tuple(_option(answer, problem) for answer in _answers(problem))


def problem_of_plan(plan: Plan, params: Mapping[str, Value], candidates: tuple[Candidate, ...] = ()) -> Problem:
    """Turn a held plan into the one question it asks.

    :raises ValueError: if the plan is not held.
    """
    if not plan.held:
        raise ValueError("only a held plan is a problem")
    first = plan.conflicts[0]
    fields = tuple(_dispute(conflict) for conflict in plan.conflicts if conflict.field is not None)
    return Problem(kind=ProblemKind(first.kind.value), params=params, fields=fields, candidates=candidates)


def problem_of_error(
    error: MappingError | ConnectorError, params: Mapping[str, Value], candidates: tuple[Candidate, ...] = ()
) -> Problem:
    """Turn a refusal into a problem; ``params`` win over what the error says."""
    if isinstance(error, MappingError):
        kind = ProblemKind.REJECTED if error.missing is None else ProblemKind.MISSING_MAPPING
        return Problem(kind=kind, params={"reason": error.reason, "sent": False, **params}, candidates=candidates)
    said: dict[str, Value] = {"reason": error.message} if error.message else {}
    return Problem(
        kind=_kind_of(error), params={**said, **params}, provider_code=error.provider_code, candidates=candidates
    )


def to_json(problem: Problem) -> dict[str, Any]:
    """Return a JSON-ready document, for storage; tuples become lists."""
    return {
        "kind": problem.kind.value,
        "params": _to_json(problem.params),
        "provider_code": problem.provider_code,
        "fields": [
            _to_json({"field": d.field, "ours": d.ours, "theirs": d.theirs, "agreed": d.agreed}) for d in problem.fields
        ],
        "candidates": [
            {"remote_id": c.remote_id, "name": c.name, "type": c.type, "params": _to_json(c.params)}
            for c in problem.candidates
        ],
    }


def from_json(document: Mapping[str, Any]) -> Problem:
    """Return the problem that :func:`to_json` wrote.

    :raises KeyError: if a part is missing.
    :raises ValueError: for a kind that does not exist.
    """
    return Problem(
        kind=ProblemKind(document["kind"]),
        params=_from_json(document["params"]),
        provider_code=document["provider_code"],
        fields=tuple(Dispute(**_from_json(entry)) for entry in document["fields"]),
        candidates=tuple(
            Candidate(**{**entry, "params": _from_json(entry["params"])}) for entry in document["candidates"]
        ),
    )


def _to_json(values: Mapping[str, Value]) -> dict[str, Any]:
    return {name: value_to_json(value) for name, value in values.items()}


def _from_json(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value_from_json(value) for name, value in values.items()}


def _dispute(conflict: Conflict) -> Dispute:
    return Dispute(field=conflict.field or ACTIVE, ours=conflict.ours, theirs=conflict.theirs, agreed=conflict.agreed)


def _kind_of(error: ConnectorError) -> ProblemKind:
    if isinstance(error, DuplicateName):
        return ProblemKind.DUPLICATE_NAME
    if isinstance(error, NotAllowedNow):
        return ProblemKind.NOT_ALLOWED_NOW
    if isinstance(error, OutcomeUnknown):
        return ProblemKind.OUTCOME_UNKNOWN
    if isinstance(error, NotFound) and error.field is None:
        # With a field it is something the record refers to that is gone, which the sentence of a refusal explains.
        return ProblemKind.DELETED_THERE
    return ProblemKind.REJECTED


# --- sentences -------------------------------------------------------------------------------------------------------


def _text(problem: Problem, name: str, otherwise: str) -> str:
    return str(problem.params.get(name) or otherwise)


def _quoted(problem: Problem) -> str:
    name = problem.params.get("name")
    return f"'{name}'" if name else "this record"


def _because(claim: str, problem: Problem) -> str:
    """Join a claim and the stated reason; the reason becomes a sentence if it was none."""
    reason = str(problem.params.get("reason") or "").strip()
    if not reason:
        return f"{claim}."
    return f"{claim}: {reason}" if reason.endswith((".", "!", "?")) else f"{claim}: {reason}."


def _duplicate(problem: Problem, package: str, name: str) -> str:
    family = problem.params.get("collides_with")
    named = f"named {name}" if problem.params.get("name") else "of this name"
    if not family:
        return f"{package} already has another record {named}. Names there must differ."
    article = "an" if family == "employee" else "a"
    return f"{package} already has {article} {family} {named}. Names there must differ."


def _both_changed(problem: Problem, package: str, name: str) -> str:
    if any(dispute.field == ACTIVE for dispute in problem.fields):
        return f"{name} is archived here, but somebody has worked on it in {package} since."
    if not problem.fields:
        return f"{name} was changed here and in {package}, and the two differ."
    if len(problem.fields) == 1:
        dispute = problem.fields[0]
        label, ours, theirs = field_label(dispute.field), value_text(dispute.ours), value_text(dispute.theirs)
        return f"{label} of {name} differs: {ours} here, {theirs} in {package}."
    labels = [field_label(dispute.field) for dispute in problem.fields]
    named = ", ".join([labels[0], *(_in_sentence(label) for label in labels[1:-1])])
    return f"{named} and {_in_sentence(labels[-1])} of {name} differ here and in {package}."


def field_label(name: FieldName) -> str:
    """Return the word a person reads for a field: ``billing_address`` is "Billing address"."""
    return LABELS.get(name) or name.replace("_", " ").capitalize()


def _in_sentence(label: str) -> str:
    """Lower the first letter, unless the word is an abbreviation (``VAT number``)."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def value_text(value: Value) -> str:
    """Return a value as a person reads it; structured values are joined by commas, blanks inside left out."""
    if value is None or value in {(), ""}:
        return "blank"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(value_text(part) for part in value if part not in {None, "", ()}) or "blank"
    return str(value)


# --- answers ---------------------------------------------------------------------------------------------------------


def _answers(problem: Problem) -> tuple[OptionId, ...]:  # noqa: C901, PLR0911 - one case per kind
    """List the answers that make sense, the recommended one first."""
    match problem.kind:
        case ProblemKind.DUPLICATE_NAME:
            return _duplicate_answers(problem)
        case ProblemKind.BOTH_CHANGED:
            keep = (OptionId.KEEP_OURS, OptionId.KEEP_THEIRS)
            if any(dispute.field == ACTIVE for dispute in problem.fields):
                return keep
            choose = (OptionId.CHOOSE_FIELDS,)
            return (*keep, *choose) if len(problem.fields) < 2 else (*choose, *keep)  # noqa: PLR2004 - one or more
        case ProblemKind.DELETED_THERE:
            return OptionId.CREATE_NEW, OptionId.LINK_EXISTING, OptionId.ARCHIVE_OURS, OptionId.UNLINK
        case ProblemKind.ARCHIVED_THERE:
            return OptionId.ARCHIVE_OURS, OptionId.KEEP_OURS, OptionId.UNLINK
        case ProblemKind.MERGED_THERE:
            return OptionId.FOLLOW_MERGE, OptionId.CREATE_NEW, OptionId.ARCHIVE_OURS, OptionId.UNLINK
        case ProblemKind.AMBIGUOUS_MATCH:
            return OptionId.LINK_EXISTING, OptionId.CREATE_NEW
        case ProblemKind.NOT_ALLOWED_NOW:
            return OptionId.RETRY, OptionId.KEEP_THEIRS
        case ProblemKind.OUTCOME_UNKNOWN:
            return OptionId.RETRY, OptionId.LINK_EXISTING, OptionId.CREATE_NEW
        case ProblemKind.MISSING_MAPPING | ProblemKind.REJECTED | ProblemKind.TOO_DEEP | ProblemKind.PARENT_NOT_SYNCED:
            return (OptionId.RETRY,)
        case _:
            assert_never(problem.kind)


def _duplicate_answers(problem: Problem) -> tuple[OptionId, ...]:
    """Offer linking first to a customer of the same name, and never to a vendor."""
    family = problem.params.get("collides_with")
    if family == "customer":
        return OptionId.LINK_EXISTING, OptionId.RENAME_OURS, OptionId.RETRY
    if family is None:
        return OptionId.RENAME_OURS, OptionId.LINK_EXISTING, OptionId.RETRY
    return OptionId.RENAME_OURS, OptionId.RETRY


def _option(answer: OptionId, problem: Problem) -> Option:  # noqa: C901, PLR0911 - one case per answer
    package = _text(problem, "package", "the package")
    name = _quoted(problem)
    active = any(dispute.field == ACTIVE for dispute in problem.fields)
    match answer:
        case OptionId.LINK_EXISTING:
            effect = f"Ties {name} to the one you choose in {package}. Nothing new is created there."
            return Option(answer, "Link to an existing one…", effect)
        case OptionId.RENAME_OURS:
            suggestion = problem.params.get("suggestion")
            new_name = f"'{suggestion}'" if suggestion else "a name you choose"
            return Option(answer, "Rename ours…", f"Renames {name} here to {new_name}, then sends it.")
        case OptionId.KEEP_OURS:
            return Option(answer, "Keep ours", _keep_ours_effect(problem, package, name, active=active))
        case OptionId.KEEP_THEIRS:
            here = f"Makes {name} active here again." if active else f"Changes ours to what {package} has."
            return Option(answer, "Keep theirs", here)
        case OptionId.CHOOSE_FIELDS:
            return Option(answer, "Choose field by field…", "Each field takes the side you choose, here and there.")
        case OptionId.CREATE_NEW:
            return Option(answer, f"Create it in {package}", f"Sends {name} to {package} as a new record.")
        case OptionId.UNLINK:
            effect = f"{name[:1].upper()}{name[1:]} stays here and is no longer kept in step with {package}."
            return Option(answer, "Stop syncing it", effect)
        case OptionId.ARCHIVE_OURS:
            return Option(answer, "Archive ours", f"Archives {name} here. Nothing changes in {package}.")
        case OptionId.FOLLOW_MERGE:
            winner = problem.params.get("into")
            into = f"'{winner}'" if winner else "the record it was merged into"
            return Option(answer, "Follow the merge", f"Ties {name} to {into} in {package}.")
        case OptionId.RETRY:
            return Option(answer, "Try again", _retry_effect(problem, package, name))
        case _:
            assert_never(answer)


def _keep_ours_effect(problem: Problem, package: str, name: str, *, active: bool) -> str:
    if not active:
        return f"Changes {package} to what we have."
    if problem.kind is ProblemKind.ARCHIVED_THERE:
        return f"Makes {name} active in {package} again."
    return f"Archives {name} in {package}."


def _retry_effect(problem: Problem, package: str, name: str) -> str:
    match problem.kind:
        case ProblemKind.MISSING_MAPPING:
            return f"Sends {name} once the mapping is complete."
        case ProblemKind.PARENT_NOT_SYNCED:
            return f"Sends the parent first, then {name}."
        case ProblemKind.OUTCOME_UNKNOWN:
            return f"Looks in {package} once more, and sends {name} only if it is not there."
        case _:
            return f"Sends {name} again; change it first, or it will be refused again."
