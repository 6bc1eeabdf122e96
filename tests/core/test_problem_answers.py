"""The answers to problems: what is offered, in which order, and what each says it does."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from service.core.problem import (
    Dispute,
    OptionId,
    Problem,
    ProblemKind,
    options,
)
from service.core.reconcile import ACTIVE
from service.core.snapshot import Value

BOOKS: Mapping[str, Value] = {"package": "Books", "name": "Harbour Roofing"}
PHONE = Dispute(field="phone", ours="555 1111", theirs="555 2222", agreed="555 0000")
EMAIL = Dispute(field="email", ours=None, theirs="a@b.example", agreed="c@b.example")
VAT = Dispute(field="vat_number", ours="1", theirs="2")


def _problem(kind: ProblemKind, *fields: Dispute, **params: Value) -> Problem:
    return Problem(kind=kind, params={**BOOKS, **params}, fields=fields)


INVOICE: Mapping[str, Value] = {"entity": "invoice"}
PAYMENT: Mapping[str, Value] = {"entity": "payment"}

ANSWERS = [
    (_problem(ProblemKind.DUPLICATE_NAME, collides_with="vendor"), "rename_ours retry unlink"),
    (_problem(ProblemKind.DUPLICATE_NAME, collides_with="customer"), "link_existing rename_ours retry unlink"),
    (
        _problem(ProblemKind.DUPLICATE_NAME, collides_with="customer", ours_too="Harbour Group"),
        "rename_ours archive_ours retry unlink",
    ),
    (_problem(ProblemKind.DUPLICATE_NAME), "rename_ours link_existing retry unlink"),
    (_problem(ProblemKind.BOTH_CHANGED, PHONE), "keep_ours keep_theirs choose_fields"),
    (_problem(ProblemKind.BOTH_CHANGED, PHONE, EMAIL), "choose_fields keep_ours keep_theirs"),
    (
        _problem(ProblemKind.BOTH_CHANGED, Dispute(field=ACTIVE, ours=False, theirs=True)),
        "keep_ours keep_theirs",
    ),
    (_problem(ProblemKind.MISSING_MAPPING), "retry unlink"),
    (_problem(ProblemKind.REJECTED), "retry unlink"),
    (_problem(ProblemKind.REJECTED, code="duplicate_number", **INVOICE), "rename_ours retry unlink"),
    (_problem(ProblemKind.REJECTED, code="duplicate_number", **PAYMENT), "retry unlink"),
    (_problem(ProblemKind.REJECTED, code="duplicate_reference"), "create_new link_existing retry unlink"),
    (_problem(ProblemKind.DELETED_THERE), "create_new link_existing archive_ours unlink"),
    (_problem(ProblemKind.DELETED_THERE, heirs=True), "link_existing create_new archive_ours unlink"),
    (_problem(ProblemKind.DELETED_THERE, heirs=True, held_by="Elm"), "archive_ours create_new unlink"),
    (_problem(ProblemKind.DELETED_THERE, **INVOICE), "archive_ours create_new unlink"),
    (_problem(ProblemKind.DELETED_THERE, **PAYMENT), "archive_ours create_new unlink"),
    (_problem(ProblemKind.ARCHIVED_THERE), "archive_ours keep_ours unlink"),
    (_problem(ProblemKind.ARCHIVED_THERE, restores=False), "archive_ours create_new retry unlink"),
    (
        _problem(ProblemKind.ARCHIVED_THERE, restores=False, reopened=True),
        "create_new retry archive_ours unlink",
    ),
    (_problem(ProblemKind.ARCHIVED_THERE, entity="contact"), "create_new retry unlink"),
    (_problem(ProblemKind.ARCHIVED_THERE, **INVOICE), "archive_ours create_new unlink"),
    (_problem(ProblemKind.ARCHIVED_THERE, paid=True, **INVOICE), "create_new unlink"),
    (_problem(ProblemKind.MERGED_THERE), "follow_merge create_new archive_ours unlink"),
    (_problem(ProblemKind.MERGED_THERE, held_by="Elm"), "archive_ours follow_merge create_new unlink"),
    (_problem(ProblemKind.AMBIGUOUS_MATCH), "link_existing create_new unlink"),
    (_problem(ProblemKind.AMBIGUOUS_MATCH, **INVOICE), "link_existing rename_ours unlink"),
    (_problem(ProblemKind.NOT_ALLOWED_NOW), "keep_theirs retry unlink"),
    (_problem(ProblemKind.NOT_ALLOWED_NOW, exists=False), "retry unlink"),
    (_problem(ProblemKind.NOT_ALLOWED_NOW, exists=False, **PAYMENT), "archive_ours retry unlink"),
    (
        _problem(ProblemKind.NOT_ALLOWED_NOW, exists=False, code="closed_period", **PAYMENT),
        "move_date retry unlink",
    ),
    (_problem(ProblemKind.TOO_DEEP), "promote retry unlink"),
    (_problem(ProblemKind.PARENT_NOT_SYNCED), "retry unlink"),
    (_problem(ProblemKind.OUTCOME_UNKNOWN), "retry link_existing create_new unlink"),
]


@pytest.mark.parametrize(("problem", "ids"), ANSWERS)
def test_a_problem_offers_answers_the_recommended_one_first(problem: Problem, ids: str) -> None:
    assert " ".join(option.id for option in options(problem)) == ids


def test_every_answer_is_offered_somewhere() -> None:
    assert {option.id for problem, _ in ANSWERS for option in options(problem)} == set(OptionId)


def _effect(problem: Problem, option_id: OptionId) -> tuple[str, str]:
    return next((option.label, option.effect) for option in options(problem) if option.id is option_id)


ARCHIVED_HERE = _problem(ProblemKind.BOTH_CHANGED, Dispute(field=ACTIVE, ours=False, theirs=True))
ARCHIVED_THERE = _problem(ProblemKind.ARCHIVED_THERE, Dispute(field=ACTIVE, ours=True, theirs=False))
SENDS_AGAIN = "Sends 'Harbour Roofing' again; change it first, or it will be refused again."


@pytest.mark.parametrize(
    ("problem", "option_id", "label", "effect"),
    [
        (
            _problem(ProblemKind.AMBIGUOUS_MATCH),
            OptionId.LINK_EXISTING,
            "Link to an existing one…",
            "Ties 'Harbour Roofing' to the one you choose in Books. Nothing new is created there.",
        ),
        (
            _problem(ProblemKind.DUPLICATE_NAME, suggestion="Harbour Roofing (customer)"),
            OptionId.RENAME_OURS,
            "Rename ours…",
            "Renames 'Harbour Roofing' here to 'Harbour Roofing (customer)', then sends it.",
        ),
        (
            _problem(ProblemKind.DUPLICATE_NAME),
            OptionId.RENAME_OURS,
            "Rename ours…",
            "Renames 'Harbour Roofing' here to a name you choose, then sends it.",
        ),
        (_problem(ProblemKind.BOTH_CHANGED, PHONE), OptionId.KEEP_OURS, "Keep ours", "Changes Books to what we have."),
        (ARCHIVED_HERE, OptionId.KEEP_OURS, "Keep ours", "Archives 'Harbour Roofing' in Books."),
        (ARCHIVED_THERE, OptionId.KEEP_OURS, "Keep ours", "Makes 'Harbour Roofing' active in Books again."),
        (
            _problem(ProblemKind.BOTH_CHANGED, PHONE),
            OptionId.KEEP_THEIRS,
            "Keep theirs",
            "Changes ours to what Books has.",
        ),
        (ARCHIVED_HERE, OptionId.KEEP_THEIRS, "Keep theirs", "Makes 'Harbour Roofing' active here again."),
        (
            _problem(ProblemKind.BOTH_CHANGED, PHONE),
            OptionId.CHOOSE_FIELDS,
            "Choose field by field…",
            "Each field takes the side you choose, here and there.",
        ),
        (
            _problem(ProblemKind.DELETED_THERE),
            OptionId.CREATE_NEW,
            "Create it in Books",
            "Sends 'Harbour Roofing' to Books as a new record.",
        ),
        (
            _problem(ProblemKind.DELETED_THERE),
            OptionId.UNLINK,
            "Stop syncing it",
            "'Harbour Roofing' stays here and is no longer kept in step with Books.",
        ),
        (
            Problem(kind=ProblemKind.DELETED_THERE),
            OptionId.UNLINK,
            "Stop syncing it",
            "This record stays here and is no longer kept in step with the package.",
        ),
        (
            _problem(ProblemKind.DELETED_THERE),
            OptionId.ARCHIVE_OURS,
            "Archive ours",
            "Archives 'Harbour Roofing' here. Nothing changes in Books.",
        ),
        (
            _problem(ProblemKind.MERGED_THERE, into="Harbour Group"),
            OptionId.FOLLOW_MERGE,
            "Follow the merge",
            "Ties 'Harbour Roofing' to 'Harbour Group' in Books.",
        ),
        (
            _problem(ProblemKind.MERGED_THERE),
            OptionId.FOLLOW_MERGE,
            "Follow the merge",
            "Ties 'Harbour Roofing' to the record it was merged into in Books.",
        ),
        (
            _problem(ProblemKind.MISSING_MAPPING),
            OptionId.RETRY,
            "Try again",
            "Sends 'Harbour Roofing' once the mapping is complete.",
        ),
        (
            _problem(ProblemKind.PARENT_NOT_SYNCED),
            OptionId.RETRY,
            "Try again",
            "Sends the parent first, then 'Harbour Roofing'.",
        ),
        (
            _problem(ProblemKind.OUTCOME_UNKNOWN),
            OptionId.RETRY,
            "Try again",
            "Looks in Books once more, and sends 'Harbour Roofing' only if it is not there.",
        ),
        (_problem(ProblemKind.REJECTED), OptionId.RETRY, "Try again", SENDS_AGAIN),
        (_problem(ProblemKind.TOO_DEEP), OptionId.RETRY, "Try again", SENDS_AGAIN),
    ],
)
def test_an_answer_says_what_it_does(problem: Problem, option_id: OptionId, label: str, effect: str) -> None:
    assert _effect(problem, option_id) == (label, effect)
