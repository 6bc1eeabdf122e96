"""What is wrong, in words an accountant uses."""

from __future__ import annotations

from typing import assert_never

from service.core.fields import LABELS
from service.core.problem.kind import Problem, ProblemKind
from service.core.reconcile import ACTIVE
from service.core.snapshot import FieldName, Value


def sentence(problem: Problem) -> str:
    """Say what is wrong; begins with a capital letter and ends with a full stop."""
    said = _said(problem)
    return said[:1].upper() + said[1:]


def _said(problem: Problem) -> str:  # noqa: C901, PLR0911, PLR0912 - one case per kind
    package, name = problem.package, problem.named
    match problem.kind:
        case ProblemKind.DUPLICATE_NAME:
            return _duplicate(problem)
        case ProblemKind.BOTH_CHANGED:
            return _both_changed(problem)
        case ProblemKind.MISSING_MAPPING:
            return _because(f"{name} can't be sent to {package} yet", problem)
        case ProblemKind.REJECTED:
            return _rejected(problem)
        case ProblemKind.DELETED_THERE:
            return _deleted(problem)
        case ProblemKind.ARCHIVED_THERE:
            return _archived(problem)
        case ProblemKind.MERGED_THERE:
            return _merged(problem)
        case ProblemKind.AMBIGUOUS_MATCH:
            return _ambiguous(problem)
        case ProblemKind.NOT_ALLOWED_NOW:
            claim = f"{package} does not allow this change to {name} now"
            return _because(f"{package} does not take {name} now" if problem.params.get("exists") is False else claim,
                            problem)  # fmt: skip
        case ProblemKind.TOO_DEEP:
            depth, limit = problem.params.get("depth"), problem.params.get("limit")
            if depth is None or limit is None:
                return f"{name} lies deeper than the levels {package} can hold."
            return f"{name} is {depth} levels deep, but {package} holds at most {limit}."
        case ProblemKind.PARENT_NOT_SYNCED:
            return _waiting(problem)
        case ProblemKind.OUTCOME_UNKNOWN:
            return f"It is not certain whether {name} reached {package}: no answer came, and it was not found there."
        case _:
            assert_never(problem.kind)


def _because(claim: str, problem: Problem) -> str:
    """Join a claim and the stated reason; the reason becomes a sentence if it was none."""
    reason = problem.text("reason").strip()
    if not reason:
        return f"{claim}."
    return f"{claim}: {reason}" if reason.endswith((".", "!", "?")) else f"{claim}: {reason}."


def _duplicate(problem: Problem) -> str:
    package, family = problem.package, problem.text("collides_with")
    named = f"named {problem.named}" if problem.params.get("name") else "of this name"
    if other := problem.text("ours_too"):
        if other == problem.text("name"):
            return f"Two records here are {named}, and names in {package} must differ."
        return f"'{other}' here has the name of {problem.named} in {package} already. Names there must differ."
    if not family:
        return f"{package} already has another record {named}. Names there must differ."
    if problem.params.get("inactive"):
        return f"{package} already has an inactive {family} {named}. Names there must differ from those as well."
    article = "an" if family == "employee" else "a"
    return f"{package} already has {article} {family} {named}. Names there must differ."


def _both_changed(problem: Problem) -> str:
    package, name = problem.package, problem.named
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


def _rejected(problem: Problem) -> str:
    package, name, code = problem.package, problem.named, problem.params.get("code")
    if code == "duplicate_number" and problem.is_document:
        return f"{package} already has another invoice with the number {name}. Numbers there must differ."
    if code == "duplicate_number":
        return f"{package} already has another record with the number of {name}. Numbers there must differ."
    if code == "duplicate_reference":
        return f"Another record in {package} carries our reference for {name} already."
    if code == "reference_inactive":
        return _because(f"{name} refers to something that is not in use in {package} any more", problem)
    if problem.params.get("sent") is False:
        return _because(f"{name} can't be sent to {package} as it is", problem)
    return _because(f"{package} did not accept {name}", problem)


def _deleted(problem: Problem) -> str:
    package, name = problem.package, problem.named
    if problem.is_document:
        return f"{name} was deleted in {package}, but it still stands here."
    gone = f"{name} no longer exists in {package}, but it is still active here."
    if problem.params.get("heirs"):
        held_by = problem.text("held_by")
        heirs = " or ".join(f"'{one.name}'" for one in problem.candidates)
        merged = f"{gone} Its documents there are with {heirs} now, so it was probably merged into that one"
        return f"{merged}, which '{held_by}' is tied to already." if held_by else f"{merged}."
    if problem.params.get("merges"):
        return f"{gone} Customers vanish there by being merged into another one."
    return gone


def _archived(problem: Problem) -> str:
    package, name = problem.package, problem.named
    if problem.is_document:
        return f"{name} was voided in {package}, but it still stands here."
    if problem.params.get("reopened"):
        return f"{name} is active here again, but it is archived in {package}, where only a person can make it active."
    archived = f"{name} was archived in {package}, but it is still active here."
    if problem.params.get("restores") is False:
        return f"{archived} Only a person can make it active again there."
    return archived


def _merged(problem: Problem) -> str:
    winner, held_by = problem.text("into"), problem.text("held_by")
    into = f"'{winner}'" if winner else "another record"
    merged = f"{problem.named} was merged into {into} in {problem.package}"
    if held_by:
        return f"{merged}, which '{held_by}' is tied to already: two records here are one there now."
    return f"{merged}."


def _ambiguous(problem: Problem) -> str:
    package, name, count = problem.package, problem.named, len(problem.candidates)
    if problem.is_document and count == 1:
        return f"{package} has an invoice with the number {name} already, which may be this one."
    if problem.params.get("entity") and count == 1:
        there = problem.candidates[0].name
        return f"'{there}' in {package} carries our reference for {name} and may be its counterpart."
    return f"{count if count > 1 else 'several'} records in {package} could be {name}."


def _waiting(problem: Problem) -> str:
    package, parent = problem.package, problem.text("parent")
    waits_for = f"'{parent}'" if parent else "its customer" if problem.is_document else "its parent"
    match problem.params.get("state"):
        case "gone":
            return f"{problem.named} waits for {waits_for}, which no longer exists in {package}."
        case "archived":
            return f"{problem.named} waits for {waits_for}, which is archived in {package}."
        case _:
            return f"{problem.named} waits for {waits_for}, which is not in {package} yet."


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
