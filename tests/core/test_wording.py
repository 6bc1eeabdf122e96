"""The wording of letters: what a template may hold, and what is left out."""

from __future__ import annotations

import pytest

from service.core.wording import BODY, PLACEHOLDERS, SUBJECT, Wording, faults_of, fill

VALUES = {name: f"<{name}>" for name in PLACEHOLDERS}


def test_the_usual_wording_has_no_fault_and_uses_known_placeholders() -> None:
    assert faults_of(Wording()) == {}
    assert "<number>" in fill(SUBJECT, VALUES)
    assert fill(BODY, VALUES).count("\n") == BODY.count("\n")


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        ("subject", "", "This can't be empty."),
        ("body", " \n", "This can't be empty."),
        ("subject", "a\nb", "This has to be one line."),
        ("sender_name", "a\nb", "This has to be one line."),
        ("subject", "x" * 201, "This may have 200 characters; it has 201."),
        ("sender_name", "x" * 101, "This may have 100 characters; it has 101."),
        ("body", "100 $", "A $ must be followed by the name of a placeholder; write $$ for a dollar."),
        ("body", "${number", "A $ must be followed by the name of a placeholder; write $$ for a dollar."),
        ("subject", "$lines", "$lines has several lines and can't stand in a subject."),
    ],
)
def test_a_wrong_wording_is_told_with_its_reason(field: str, text: str, told: str) -> None:
    assert faults_of(Wording(**{field: text})) == {field: told}  # type: ignore[arg-type]


def test_an_unknown_placeholder_is_named_with_those_there_are() -> None:
    (told,) = faults_of(Wording(body="Dear $custmer")).values()
    assert told.startswith("There is no placeholder $custmer. There are: $company, $customer,")


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("Ref: $reference", ""),
        ("Ref: $reference, $number", "Ref: , <number>"),
        ("a\n$reference\nb", "a\nb"),
        ("a\n\nb", "a\n\nb"),
        ("$$ $number ${number}", "$ <number> <number>"),
        ("a\r\nb", "a\nb"),
    ],
)
def test_a_line_of_nothing_but_blank_placeholders_is_left_out(template: str, filled: str) -> None:
    assert fill(template, {**VALUES, "reference": ""}) == filled
