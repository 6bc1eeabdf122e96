"""The answers to a problem: which are offered, in which order, and what each does."""

from __future__ import annotations

from typing import assert_never

from service.core.problem.kind import MONEY, Option, OptionId, Problem, ProblemKind
from service.core.reconcile import ACTIVE


def options(problem: Problem) -> tuple[Option, ...]:
    """Return the answers offered, the recommended one first; never empty."""
    return tuple(_option(answer, problem) for answer in _answers(problem))


def _answers(problem: Problem) -> tuple[OptionId, ...]:  # noqa: C901, PLR0911, PLR0912 - one case per kind
    """List the answers that make sense, the recommended one first."""
    match problem.kind:
        case ProblemKind.DUPLICATE_NAME:
            return _duplicate(problem)
        case ProblemKind.BOTH_CHANGED:
            keep = (OptionId.KEEP_OURS, OptionId.KEEP_THEIRS)
            if any(dispute.field == ACTIVE for dispute in problem.fields):
                return keep
            choose = (OptionId.CHOOSE_FIELDS,)
            return (*keep, *choose) if len(problem.fields) < 2 else (*choose, *keep)  # noqa: PLR2004 - one or more
        case ProblemKind.REJECTED:
            return _rejected(problem)
        case ProblemKind.DELETED_THERE:
            return _deleted(problem)
        case ProblemKind.ARCHIVED_THERE:
            return _archived(problem)
        case ProblemKind.MERGED_THERE:
            if problem.params.get("held_by"):
                return OptionId.ARCHIVE_OURS, OptionId.FOLLOW_MERGE, OptionId.CREATE_NEW, OptionId.UNLINK
            return OptionId.FOLLOW_MERGE, OptionId.CREATE_NEW, OptionId.ARCHIVE_OURS, OptionId.UNLINK
        case ProblemKind.AMBIGUOUS_MATCH:
            otherwise = OptionId.RENAME_OURS if problem.is_document else OptionId.CREATE_NEW
            return OptionId.LINK_EXISTING, otherwise, OptionId.UNLINK
        case ProblemKind.NOT_ALLOWED_NOW:
            return _not_allowed(problem)
        case ProblemKind.OUTCOME_UNKNOWN:
            return OptionId.RETRY, OptionId.LINK_EXISTING, OptionId.CREATE_NEW, OptionId.UNLINK
        case ProblemKind.TOO_DEEP:
            return OptionId.PROMOTE, OptionId.RETRY, OptionId.UNLINK
        case ProblemKind.MISSING_MAPPING | ProblemKind.PARENT_NOT_SYNCED:
            return OptionId.RETRY, OptionId.UNLINK
        case _:
            assert_never(problem.kind)


def _duplicate(problem: Problem) -> tuple[OptionId, ...]:
    """Offer linking first to a customer of the same name, and never to a vendor or to what another record has."""
    family = problem.params.get("collides_with")
    if problem.params.get("ours_too"):
        return OptionId.RENAME_OURS, OptionId.ARCHIVE_OURS, OptionId.RETRY, OptionId.UNLINK
    if family == "customer":
        return OptionId.LINK_EXISTING, OptionId.RENAME_OURS, OptionId.RETRY, OptionId.UNLINK
    if family is None:
        return OptionId.RENAME_OURS, OptionId.LINK_EXISTING, OptionId.RETRY, OptionId.UNLINK
    return OptionId.RENAME_OURS, OptionId.RETRY, OptionId.UNLINK


def _rejected(problem: Problem) -> tuple[OptionId, ...]:
    match problem.params.get("code"):
        case "duplicate_number" if problem.params.get("entity") not in MONEY:
            link = (OptionId.LINK_EXISTING,) if problem.candidates else ()
            return OptionId.RENAME_OURS, *link, OptionId.RETRY, OptionId.UNLINK
        case "duplicate_reference":
            return OptionId.CREATE_NEW, OptionId.LINK_EXISTING, OptionId.RETRY, OptionId.UNLINK
        case _:
            return OptionId.RETRY, OptionId.UNLINK


def _deleted(problem: Problem) -> tuple[OptionId, ...]:
    if problem.is_document:
        return _withdrawn(problem)
    if problem.params.get("held_by"):
        return OptionId.ARCHIVE_OURS, OptionId.CREATE_NEW, OptionId.UNLINK
    if problem.params.get("heirs"):
        return OptionId.LINK_EXISTING, OptionId.CREATE_NEW, OptionId.ARCHIVE_OURS, OptionId.UNLINK
    return OptionId.CREATE_NEW, OptionId.LINK_EXISTING, OptionId.ARCHIVE_OURS, OptionId.UNLINK


def _archived(problem: Problem) -> tuple[OptionId, ...]:
    if problem.is_document:
        return _withdrawn(problem)
    if problem.params.get("entity") == "contact":
        return OptionId.CREATE_NEW, OptionId.RETRY, OptionId.UNLINK
    if problem.params.get("reopened"):
        return OptionId.CREATE_NEW, OptionId.RETRY, OptionId.ARCHIVE_OURS, OptionId.UNLINK
    if problem.params.get("restores") is False:
        return OptionId.ARCHIVE_OURS, OptionId.CREATE_NEW, OptionId.RETRY, OptionId.UNLINK
    return OptionId.ARCHIVE_OURS, OptionId.KEEP_OURS, OptionId.UNLINK


def _withdrawn(problem: Problem) -> tuple[OptionId, ...]:
    """Answer a document that was voided or deleted there; one that is paid here can't be voided here."""
    if problem.params.get("paid"):
        return OptionId.CREATE_NEW, OptionId.UNLINK
    return OptionId.ARCHIVE_OURS, OptionId.CREATE_NEW, OptionId.UNLINK


def _not_allowed(problem: Problem) -> tuple[OptionId, ...]:
    if problem.params.get("exists") is not False:
        return OptionId.KEEP_THEIRS, OptionId.RETRY, OptionId.UNLINK
    if problem.params.get("code") == "closed_period":
        return OptionId.MOVE_DATE, OptionId.RETRY, OptionId.UNLINK
    if problem.params.get("entity") in MONEY:
        return OptionId.ARCHIVE_OURS, OptionId.RETRY, OptionId.UNLINK
    return OptionId.RETRY, OptionId.UNLINK


def _option(answer: OptionId, problem: Problem) -> Option:  # noqa: C901, PLR0911, PLR0912 - one case per answer
    package, name = problem.package, problem.named
    match answer:
        case OptionId.LINK_EXISTING:
            return _link(problem)
        case OptionId.RENAME_OURS:
            return _rename(problem)
        case OptionId.KEEP_OURS:
            return Option(answer, "Keep ours", _keep_ours(problem))
        case OptionId.KEEP_THEIRS:
            return _keep_theirs(problem)
        case OptionId.CHOOSE_FIELDS:
            return Option(answer, "Choose field by field…", "Each field takes the side you choose, here and there.")
        case OptionId.CREATE_NEW:
            return _create(problem)
        case OptionId.UNLINK:
            effect = f"{_capital(name)} stays here and is no longer kept in step with {package}."
            return Option(answer, "Stop syncing it", effect)
        case OptionId.ARCHIVE_OURS:
            return _archive(problem)
        case OptionId.FOLLOW_MERGE:
            return _follow(problem)
        case OptionId.RETRY:
            return Option(answer, "Try again", _retry(problem))
        case OptionId.PROMOTE:
            parent = problem.text("parent")
            beside = f"beside '{parent}', no longer below it" if parent else "one level higher"
            return Option(answer, "Move it up one level", f"Puts {name} {beside}, then sends it.")
        case OptionId.MOVE_DATE:
            day = problem.text("open_from", "the first day that is open there")
            return Option(answer, "Date it later…", f"Dates {name} {day} here, then sends it.")
        case _:
            assert_never(answer)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _link(problem: Problem) -> Option:
    package, name = problem.package, problem.named
    if problem.params.get("inactive"):
        effect = f"Makes it active in {package} again and ties {name} to it. Nothing new is created there."
        return Option(OptionId.LINK_EXISTING, "Make it active and link…", effect)
    effect = f"Ties {name} to the one you choose in {package}. Nothing new is created there."
    return Option(OptionId.LINK_EXISTING, "Link to an existing one…", effect)


def _rename(problem: Problem) -> Option:
    suggestion = problem.params.get("suggestion")
    if problem.is_document:
        number = f"the number '{suggestion}'" if suggestion else "a number you choose"
        effect = f"Sends {problem.named} to {problem.package} with {number} there. Here it keeps its own."
        return Option(OptionId.RENAME_OURS, "Give it another number there…", effect)
    if problem.params.get("code") == "duplicate_number":
        number = f"the number '{suggestion}'" if suggestion else "a number you choose"
        return Option(OptionId.RENAME_OURS, "Change our number…", f"Gives {problem.named} {number}, then sends it.")
    name = f"'{suggestion}'" if suggestion else "a name you choose"
    return Option(OptionId.RENAME_OURS, "Rename ours…", f"Renames {problem.named} here to {name}, then sends it.")


def _keep_ours(problem: Problem) -> str:
    if not any(dispute.field == ACTIVE for dispute in problem.fields):
        return f"Changes {problem.package} to what we have."
    if problem.kind is ProblemKind.ARCHIVED_THERE:
        return f"Makes {problem.named} active in {problem.package} again."
    return f"Archives {problem.named} in {problem.package}."


def _keep_theirs(problem: Problem) -> Option:
    package, name = problem.package, problem.named
    if problem.kind is ProblemKind.NOT_ALLOWED_NOW:
        effect = f"{_capital(name)} stays in {package} as it is. What differs stays listed, and nothing is sent for it."
        return Option(OptionId.KEEP_THEIRS, "Leave it as it is there", effect)
    active = any(dispute.field == ACTIVE for dispute in problem.fields)
    effect = f"Makes {name} active here again." if active else f"Changes ours to what {package} has."
    return Option(OptionId.KEEP_THEIRS, "Keep theirs", effect)


def _create(problem: Problem) -> Option:
    package, name = problem.package, problem.named
    effect = f"Sends {name} to {package} as a new record."
    if problem.kind is ProblemKind.ARCHIVED_THERE:
        former = "voided" if problem.is_document else "archived"
        effect = f"Sends {name} to {package} as a new record. The {former} one stays there as it is."
    return Option(OptionId.CREATE_NEW, f"Create it in {package}", effect)


def _archive(problem: Problem) -> Option:
    name, unchanged = problem.named, f"Nothing changes in {problem.package}."
    match problem.params.get("entity"):
        case "invoice":
            return Option(OptionId.ARCHIVE_OURS, "Void ours", f"Voids {name} here as well. {unchanged}")
        case str(entity) if entity in MONEY:
            return Option(OptionId.ARCHIVE_OURS, "Take ours back", f"Takes back {name} here as well. {unchanged}")
        case _:
            return Option(OptionId.ARCHIVE_OURS, "Archive ours", f"Archives {name} here. {unchanged}")


def _follow(problem: Problem) -> Option:
    winner, held_by = problem.text("into"), problem.text("held_by")
    into = f"'{winner}'" if winner else "the record it was merged into"
    effect = f"Ties {problem.named} to {into} in {problem.package}."
    if held_by:
        effect = f"{effect} '{held_by}', which is tied to it now, is archived here."
    return Option(OptionId.FOLLOW_MERGE, "Follow the merge", effect)


def _retry(problem: Problem) -> str:  # noqa: PLR0911 - one case per kind
    package, name = problem.package, problem.named
    match problem.kind:
        case ProblemKind.MISSING_MAPPING:
            return f"Sends {name} once the mapping is complete."
        case ProblemKind.PARENT_NOT_SYNCED:
            return f"Sends the parent first, then {name}."
        case ProblemKind.OUTCOME_UNKNOWN:
            return f"Looks in {package} once more, and sends {name} only if it is not there."
        case ProblemKind.ARCHIVED_THERE:
            return f"Compares {name} again; first make it active in {package} yourself."
        case ProblemKind.NOT_ALLOWED_NOW:
            return f"Sends {name} again; first open the period or undo what stands in its way in {package}."
        case ProblemKind.REJECTED if problem.params.get("code") in {"reference_inactive", "currency_not_enabled"}:
            return f"Reads the lists of {package} again, then sends {name}."
        case _:
            return f"Sends {name} again; change it first, or it will be refused again."
