"""Problems: what they say, where they come from, how they are stored."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from service.core.errors import (
    ClosedPeriod,
    ConnectorError,
    DuplicateName,
    MappingError,
    NotFound,
    OutcomeUnknown,
    Rejected,
    ValidationFailed,
)
from service.core.problem import (
    Candidate,
    Dispute,
    Problem,
    ProblemKind,
    field_label,
    options,
    problem_of_error,
    problem_of_plan,
    sentence,
    value_text,
)
from service.core.reconcile import ACTIVE, ConflictKind, Plan, RecordMove, reconcile
from service.core.snapshot import Snapshot, Value

BOOKS: Mapping[str, Value] = {"package": "Books", "name": "Harbour Roofing"}
PHONE = Dispute(field="phone", ours="555 1111", theirs="555 2222", agreed="555 0000")
EMAIL = Dispute(field="email", ours=None, theirs="a@b.example", agreed="c@b.example")
VAT = Dispute(field="vat_number", ours="1", theirs="2")


def _problem(kind: ProblemKind, *fields: Dispute, **params: Value) -> Problem:
    return Problem(kind=kind, params={**BOOKS, **params}, fields=fields)


# --- sentences -------------------------------------------------------------------------------------------------------

SENTENCES = [
    (
        _problem(ProblemKind.DUPLICATE_NAME, collides_with="vendor"),
        "Books already has a vendor named 'Harbour Roofing'. Names there must differ.",
    ),
    (
        _problem(ProblemKind.DUPLICATE_NAME, collides_with="employee"),
        "Books already has an employee named 'Harbour Roofing'. Names there must differ.",
    ),
    (
        _problem(ProblemKind.DUPLICATE_NAME),
        "Books already has another record named 'Harbour Roofing'. Names there must differ.",
    ),
    (
        _problem(ProblemKind.BOTH_CHANGED, PHONE),
        "Phone of 'Harbour Roofing' differs: 555 1111 here, 555 2222 in Books.",
    ),
    (
        _problem(ProblemKind.BOTH_CHANGED, EMAIL),
        "Email of 'Harbour Roofing' differs: blank here, a@b.example in Books.",
    ),
    (
        _problem(ProblemKind.BOTH_CHANGED, PHONE, EMAIL),
        "Phone and email of 'Harbour Roofing' differ here and in Books.",
    ),
    (
        _problem(ProblemKind.BOTH_CHANGED, PHONE, EMAIL, VAT),
        "Phone, email and VAT number of 'Harbour Roofing' differ here and in Books.",
    ),
    (
        _problem(ProblemKind.BOTH_CHANGED, VAT, PHONE, EMAIL, VAT),
        "VAT number, phone, email and VAT number of 'Harbour Roofing' differ here and in Books.",
    ),
    (
        _problem(ProblemKind.BOTH_CHANGED),
        "'Harbour Roofing' was changed here and in Books, and the two differ.",
    ),
    (
        _problem(ProblemKind.BOTH_CHANGED, Dispute(field=ACTIVE, ours=False, theirs=True)),
        "'Harbour Roofing' is archived here, but somebody has worked on it in Books since.",
    ),
    (
        _problem(ProblemKind.MISSING_MAPPING, reason="Tax level GST has no tax code there"),
        "'Harbour Roofing' can't be sent to Books yet: Tax level GST has no tax code there.",
    ),
    (_problem(ProblemKind.MISSING_MAPPING), "'Harbour Roofing' can't be sent to Books yet."),
    (
        _problem(ProblemKind.REJECTED, reason="Email is not valid."),
        "Books did not accept 'Harbour Roofing': Email is not valid.",
    ),
    (_problem(ProblemKind.REJECTED, reason=" Why? "), "Books did not accept 'Harbour Roofing': Why?"),
    (_problem(ProblemKind.REJECTED, reason="No!"), "Books did not accept 'Harbour Roofing': No!"),
    (_problem(ProblemKind.REJECTED, reason="  "), "Books did not accept 'Harbour Roofing'."),
    (
        _problem(ProblemKind.REJECTED, reason="The name holds a colon", sent=False),
        "'Harbour Roofing' can't be sent to Books as it is: The name holds a colon.",
    ),
    (
        _problem(ProblemKind.DELETED_THERE),
        "'Harbour Roofing' no longer exists in Books, but it is still active here.",
    ),
    (
        _problem(ProblemKind.ARCHIVED_THERE),
        "'Harbour Roofing' was archived in Books, but it is still active here.",
    ),
    (
        _problem(ProblemKind.MERGED_THERE, into="Harbour Group"),
        "'Harbour Roofing' was merged into 'Harbour Group' in Books.",
    ),
    (_problem(ProblemKind.MERGED_THERE), "'Harbour Roofing' was merged into another record in Books."),
    (_problem(ProblemKind.AMBIGUOUS_MATCH), "Several records in Books could be 'Harbour Roofing'."),
    (
        _problem(ProblemKind.NOT_ALLOWED_NOW, reason="The books are closed to 30 Jun"),
        "Books does not allow this change to 'Harbour Roofing' now: The books are closed to 30 Jun.",
    ),
    (
        _problem(ProblemKind.TOO_DEEP, depth=6, limit=5),
        "'Harbour Roofing' is 6 levels deep, but Books holds at most 5.",
    ),
    (_problem(ProblemKind.TOO_DEEP), "'Harbour Roofing' lies deeper than the levels Books can hold."),
    (_problem(ProblemKind.TOO_DEEP, depth=6), "'Harbour Roofing' lies deeper than the levels Books can hold."),
    (
        _problem(ProblemKind.PARENT_NOT_SYNCED, parent="Harbour Group"),
        "'Harbour Roofing' waits for 'Harbour Group', which is not in Books yet.",
    ),
    (
        _problem(ProblemKind.PARENT_NOT_SYNCED),
        "'Harbour Roofing' waits for its parent, which is not in Books yet.",
    ),
    (
        _problem(ProblemKind.OUTCOME_UNKNOWN),
        "It is not certain whether 'Harbour Roofing' reached Books: no answer came, and it was not found there.",
    ),
    (
        _problem(ProblemKind.DUPLICATE_NAME, collides_with="customer", inactive=True),
        "Books already has an inactive customer named 'Harbour Roofing'. Names there must differ from those as well.",
    ),
    (
        _problem(ProblemKind.DUPLICATE_NAME, ours_too="Harbour Roofing"),
        "Two records here are named 'Harbour Roofing', and names in Books must differ.",
    ),
    (
        _problem(ProblemKind.DUPLICATE_NAME, ours_too="Elm"),
        "'Elm' here has the name of 'Harbour Roofing' in Books already. Names there must differ.",
    ),
    (
        _problem(ProblemKind.DELETED_THERE, entity="invoice"),
        "'Harbour Roofing' was deleted in Books, but it still stands here.",
    ),
    (
        _problem(ProblemKind.ARCHIVED_THERE, entity="payment"),
        "'Harbour Roofing' was voided in Books, but it still stands here.",
    ),
    (
        _problem(ProblemKind.ARCHIVED_THERE, restores=False),
        (
            "'Harbour Roofing' was archived in Books, but it is still active here. Only a person can make it active"
            " again there."
        ),
    ),
    (
        _problem(ProblemKind.ARCHIVED_THERE, restores=False, reopened=True),
        "'Harbour Roofing' is active here again, but it is archived in Books, where only a person can make it active.",
    ),
    (
        _problem(ProblemKind.MERGED_THERE, into="Elm", held_by="Elm Ltd"),
        (
            "'Harbour Roofing' was merged into 'Elm' in Books, which 'Elm Ltd' is tied to already: two records here are"
            " one there now."
        ),
    ),
    (
        _problem(ProblemKind.NOT_ALLOWED_NOW, exists=False, reason="The period is closed."),
        "Books does not take 'Harbour Roofing' now: The period is closed.",
    ),
    (
        _problem(ProblemKind.REJECTED, code="duplicate_number", entity="invoice"),
        "Books already has another invoice with the number 'Harbour Roofing'. Numbers there must differ.",
    ),
    (
        _problem(ProblemKind.REJECTED, code="duplicate_number", entity="customer"),
        "Books already has another record with the number of 'Harbour Roofing'. Numbers there must differ.",
    ),
    (
        _problem(ProblemKind.REJECTED, code="duplicate_reference"),
        "Another record in Books carries our reference for 'Harbour Roofing' already.",
    ),
    (
        _problem(ProblemKind.REJECTED, code="reference_inactive", reason="Item 5 is inactive"),
        "'Harbour Roofing' refers to something that is not in use in Books any more: Item 5 is inactive.",
    ),
    (
        _problem(ProblemKind.PARENT_NOT_SYNCED, parent="Elm", state="gone"),
        "'Harbour Roofing' waits for 'Elm', which no longer exists in Books.",
    ),
    (
        _problem(ProblemKind.PARENT_NOT_SYNCED, entity="invoice", state="archived"),
        "'Harbour Roofing' waits for its customer, which is archived in Books.",
    ),
]


@pytest.mark.parametrize(("problem", "said"), SENTENCES, ids=lambda part: part if isinstance(part, str) else "")
def test_a_problem_says_what_is_wrong(problem: Problem, said: str) -> None:
    assert sentence(problem) == said


def test_an_ambiguous_match_counts_its_candidates() -> None:
    one = Candidate(remote_id="1", name="Harbour", type="customer")
    problem = Problem(kind=ProblemKind.AMBIGUOUS_MATCH, params=BOOKS, candidates=(one, one))
    assert sentence(problem) == "2 records in Books could be 'Harbour Roofing'."
    problem = Problem(kind=ProblemKind.AMBIGUOUS_MATCH, params=BOOKS, candidates=(one,))
    assert sentence(problem) == "Several records in Books could be 'Harbour Roofing'."
    known = Problem(kind=ProblemKind.AMBIGUOUS_MATCH, params={**BOOKS, "entity": "customer"}, candidates=(one,))
    assert (
        sentence(known) == "'Harbour' in Books carries our reference for 'Harbour Roofing' and may be its counterpart."
    )
    invoice = Problem(kind=ProblemKind.AMBIGUOUS_MATCH, params={**BOOKS, "entity": "invoice"}, candidates=(one,))
    assert sentence(invoice) == "Books has an invoice with the number 'Harbour Roofing' already, which may be this one."


def test_every_kind_is_said_at_least_once() -> None:
    assert {problem.kind for problem, _ in SENTENCES} == set(ProblemKind)


UNKNOWN = {
    ProblemKind.DUPLICATE_NAME: "The package already has another record of this name. Names there must differ.",
    ProblemKind.BOTH_CHANGED: "This record was changed here and in the package, and the two differ.",
    ProblemKind.MISSING_MAPPING: "This record can't be sent to the package yet.",
    ProblemKind.REJECTED: "The package did not accept this record.",
    ProblemKind.DELETED_THERE: "This record no longer exists in the package, but it is still active here.",
    ProblemKind.ARCHIVED_THERE: "This record was archived in the package, but it is still active here.",
    ProblemKind.MERGED_THERE: "This record was merged into another record in the package.",
    ProblemKind.AMBIGUOUS_MATCH: "Several records in the package could be this record.",
    ProblemKind.NOT_ALLOWED_NOW: "The package does not allow this change to this record now.",
    ProblemKind.TOO_DEEP: "This record lies deeper than the levels the package can hold.",
    ProblemKind.PARENT_NOT_SYNCED: "This record waits for its parent, which is not in the package yet.",
    ProblemKind.OUTCOME_UNKNOWN: (
        "It is not certain whether this record reached the package: no answer came, and it was not found there."
    ),
}


@pytest.mark.parametrize("kind", list(ProblemKind))
def test_a_problem_that_knows_nothing_is_still_a_sentence_with_an_answer(kind: ProblemKind) -> None:
    problem = Problem(kind=kind)
    assert sentence(problem) == UNKNOWN[kind]
    for option in options(problem):
        assert option.label
        assert option.effect.endswith(".")
        assert option.effect[0].isupper()
        assert "None" not in option.effect


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "blank"),
        ("", "blank"),
        ((), "blank"),
        ((None, None), "blank"),
        ("555", "555"),
        (12, "12"),
        (True, "yes"),
        (False, "no"),
        (("1 Elm Road", None, "Leeds", "", (), "GB"), "1 Elm Road, Leeds, GB"),
        ((("a", 1), ("b", False)), "a, 1, b, no"),
    ],
)
def test_a_value_is_written_as_a_person_reads_it(value: Value, text: str) -> None:
    assert value_text(value) == text


@pytest.mark.parametrize(
    ("name", "label"), [("billing_address", "Billing address"), ("vat_number", "VAT number"), ("new_one", "New one")]
)
def test_a_field_has_a_label(name: str, label: str) -> None:
    assert field_label(name) == label


# --- where problems come from ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "kind", "params"),
    [
        (
            MappingError("lines.2.tax_level", "GST has no tax code", missing="tax_code:GST"),
            ProblemKind.MISSING_MAPPING,
            {"reason": "GST has no tax code", "sent": False, "field": "lines.2.tax_level"},
        ),
        (
            MappingError("name", "The name holds a colon"),
            ProblemKind.REJECTED,
            {"reason": "The name holds a colon", "sent": False, "field": "name"},
        ),
        (DuplicateName("Taken."), ProblemKind.DUPLICATE_NAME, {"reason": "Taken.", "code": "duplicate_name"}),
        (ClosedPeriod("Closed."), ProblemKind.NOT_ALLOWED_NOW, {"reason": "Closed.", "code": "closed_period"}),
        (NotFound(), ProblemKind.DELETED_THERE, {"code": "not_found"}),
        (
            NotFound("No such item.", field="lines.0.item"),
            ProblemKind.REJECTED,
            {"reason": "No such item.", "code": "not_found", "field": "lines.0.item"},
        ),
        (OutcomeUnknown(), ProblemKind.OUTCOME_UNKNOWN, {"code": "outcome_unknown"}),
        (ValidationFailed("Too long."), ProblemKind.REJECTED, {"reason": "Too long.", "code": "validation_failed"}),
        (
            Rejected("No.", code="archived_there"),
            ProblemKind.ARCHIVED_THERE,
            {"reason": "No.", "code": "archived_there"},
        ),
        (Rejected("No.", code="too_deep"), ProblemKind.TOO_DEEP, {"reason": "No.", "code": "too_deep"}),
        (
            Rejected("No.", code="parent_archived"),
            ProblemKind.PARENT_NOT_SYNCED,
            {"reason": "No.", "code": "parent_archived", "state": "archived"},
        ),
    ],
)
def test_a_refusal_becomes_a_problem(
    error: MappingError | ConnectorError, kind: ProblemKind, params: dict[str, Value]
) -> None:
    assert problem_of_error(error, BOOKS) == Problem(kind=kind, params={**params, **BOOKS})


def test_a_refusal_keeps_the_code_and_the_candidates_and_yields_to_better_words() -> None:
    vendor = Candidate(remote_id="9", name="Harbour Roofing", type="vendor")
    error = Rejected("Business Validation Error", provider_code="6000")
    problem = problem_of_error(error, {**BOOKS, "reason": "The date is missing."}, (vendor,))
    assert problem.provider_code == "6000"
    assert problem.candidates == (vendor,)
    assert problem.params["reason"] == "The date is missing."
    unmapped = problem_of_error(MappingError("x", "no"), BOOKS, (vendor,))
    assert unmapped.candidates == (vendor,)


def test_a_held_plan_becomes_one_problem_with_all_disputed_fields() -> None:
    plan = reconcile(
        ours=Snapshot(fields={"phone": "555 1111", "email": None}),
        theirs=Snapshot(fields={"phone": "555 2222", "email": "a@b.example"}),
        baseline=Snapshot(fields={"phone": "555 0000", "email": "c@b.example"}),
        flows={},
    )
    candidate = Candidate(remote_id="1", name="x", type="customer")
    assert problem_of_plan(plan, BOOKS, (candidate,)) == Problem(
        kind=ProblemKind.BOTH_CHANGED, params=BOOKS, fields=(EMAIL, PHONE), candidates=(candidate,)
    )


def test_a_question_about_the_whole_record_disputes_no_field() -> None:
    plan = reconcile(ours=Snapshot(fields={}), theirs=None, baseline=Snapshot(fields={}), flows={})
    assert problem_of_plan(plan, BOOKS) == Problem(kind=ProblemKind.DELETED_THERE, params=BOOKS)


def test_a_plan_that_is_not_held_is_no_problem() -> None:
    with pytest.raises(ValueError, match="held"):
        problem_of_plan(Plan(record=RecordMove.NOTHING), BOOKS)


def test_every_kind_of_conflict_is_a_kind_of_problem() -> None:
    assert {kind.value for kind in ConflictKind} <= {kind.value for kind in ProblemKind}
