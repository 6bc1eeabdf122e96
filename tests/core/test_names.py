"""Laws and examples of names: sameness, validity, and what a record is called in a package."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from service.core.names import (
    MIN_LIMIT,
    NameChoice,
    NameFault,
    NameRule,
    display_name,
    flattened_name,
    full_name,
    name_fault,
    name_fault_sentence,
    name_key,
)

TREE_FORBIDDEN = ":\t\n"
FLAT_FORBIDDEN = "<>"

ANY_TEXT = st.text(max_size=80)
WORDS = st.sampled_from(
    ["Acme", "acme", "Roof", "Phase", "1", "2", "(2)", "(Acme)", "Müller", "漢字", "\U0001d49c", "<North>", "é", "…"]
)
NAMES = st.lists(WORDS, min_size=1, max_size=30).map(" ".join) | st.text(min_size=1, max_size=120)
LIMITS = st.integers(MIN_LIMIT, 120)


def _keys(*names: str) -> set[str]:
    return {name_key(name) for name in names}


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _in_tree(
    name: str, *ancestors: str, taken: Sequence[str] = (), limit: int = 100, current: str | None = None
) -> NameChoice:
    return display_name(
        name, ancestors=ancestors, taken=_keys(*taken), limit=limit, forbidden=TREE_FORBIDDEN, current=current
    )


def _flat(path: str, *, taken: Sequence[str] = (), limit: int = 255, current: str | None = None) -> NameChoice:
    return flattened_name(path.split(":"), taken=_keys(*taken), limit=limit, forbidden=FLAT_FORBIDDEN, current=current)


# --- sameness ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Harbour Roofing", "HARBOUR  ROOFING"),
        ("Straße", "STRASSE"),
        ("\uff21\uff43\uff4d\uff45", "acme"),
        ("ﬁne", "FINE"),
        ("Zoe\u0308", "Zoë"),
        ("Acme\u00a0Ltd", "acme ltd"),
        ("\u2003Acme\t\n", "Acme"),
        ("Ac\u200bme", "Acme"),
        ("Acme\ufeff", "Acme"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
        ("e\u00ad\u0301", "é"),
    ],
)
def test_names_that_people_call_the_same_share_a_key(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Acme", "Acne"), ("Zoe", "Zoë"), ("Phase 1", "Phase 2"), ("AB", "A B"), ("", "a")]
)
def test_other_names_have_other_keys(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@given(ANY_TEXT)
def test_a_key_is_its_own_key_and_blind_to_case_and_blanks(name: str) -> None:
    key = name_key(name)
    assert name_key(key) == key
    assert name_key(f"  {name}\u00a0") == key
    assert name_key(unicodedata.normalize("NFC", name)) == key
    assert not any(unicodedata.category(char) == "Cf" for char in key)
    assert key == " ".join(key.split())


# --- validity ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("Acme", None),
        ("A" * 255, None),
        ("漢" * 255, None),
        ("Acme / Roof, (2) \u2013 “x”", None),
        ("", NameFault.BLANK),
        (" \u00a0 ", NameFault.BLANK),
        ("\u200b", NameFault.BLANK),
        ("\n", NameFault.BLANK),
        ("Acme:Roof", NameFault.COLON),
        ("Acme\tRoof", NameFault.TAB),
        ("Acme\nRoof", NameFault.LINE_BREAK),
        ("Acme\rRoof", NameFault.LINE_BREAK),
        ("Acme\u2028Roof", NameFault.LINE_BREAK),
        ("Acme\x85Roof", NameFault.LINE_BREAK),
        ("Acme\x00", NameFault.CONTROL),
        ("Acme\ud800", NameFault.CONTROL),
        ("A" * 256, NameFault.TOO_LONG),
    ],
)
def test_a_name_has_no_fault_or_a_named_one(name: str, fault: NameFault | None) -> None:
    assert name_fault(name) == fault


@given(ANY_TEXT)
def test_an_allowed_name_is_one_line_without_a_separator(name: str) -> None:
    assume(name_fault(name) is None)
    assert len(name.splitlines()) == 1
    assert full_name([name, "Roof"]).split(":") == [name, "Roof"]


@pytest.mark.parametrize("fault", NameFault)
def test_each_fault_has_a_sentence(fault: NameFault) -> None:
    assert name_fault_sentence(fault).startswith("A name ")
    assert name_fault_sentence(fault).endswith(".")


# --- a name in a package with a tree ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "taken", "name", "rule"),
    [
        ("Acme", [], "Acme", NameRule.OWN),
        ("Acme:Phase 1", [], "Phase 1", NameRule.OWN),
        ("Acme:Phase 1", ["PHASE 1"], "Phase 1 (Acme)", NameRule.QUALIFIED),
        ("Acme:Roof:Phase 1", ["Phase 1"], "Phase 1 (Acme)", NameRule.QUALIFIED),
        ("Acme:Roof:Phase 1", ["Phase 1", "Phase 1 (Acme)"], "Phase 1 (Acme / Roof)", NameRule.QUALIFIED),
        (
            "Acme:Roof:North:Phase 1",
            ["Phase 1", "Phase 1 (Acme)", "Phase 1 (Acme / Roof)"],
            "Phase 1 (Acme / Roof / North)",
            NameRule.QUALIFIED,
        ),
        ("Acme:Phase 1", ["Phase 1", "Phase 1 (Acme)"], "Phase 1 (Acme) 2", NameRule.NUMBERED),
        (
            "Acme:Roof:Phase 1",
            ["Phase 1", "Phase 1 (Acme)", "Phase 1 (Acme / Roof)", "Phase 1 (Acme / Roof) 2"],
            "Phase 1 (Acme / Roof) 3",
            NameRule.NUMBERED,
        ),
    ],
)
def test_a_job_gets_the_most_readable_free_name(path: str, taken: list[str], name: str, rule: NameRule) -> None:
    *ancestors, own = path.split(":")
    assert _in_tree(own, *ancestors, taken=taken) == NameChoice(name=name, rule=rule, altered=False)


def test_a_clients_taken_name_is_a_question_and_never_a_suffix() -> None:
    choice = _in_tree("Harbour Roofing", taken=["harbour roofing"])
    assert choice == NameChoice(name="Harbour Roofing", rule=NameRule.OWN, altered=False, clash=True)
    assert _in_tree("Harbour Roofing", taken=["harbour roofing"], current="Harbour Roofing 2").name == "Harbour Roofing"


def test_forbidden_characters_become_blanks_and_are_declared() -> None:
    choice = display_name("Acme: North", ancestors=(), taken=(), limit=100, forbidden=TREE_FORBIDDEN)
    assert (choice.name, choice.altered) == ("Acme North", True)
    choice = display_name("::", ancestors=("Acme",), taken={"unnamed"}, limit=100, forbidden=TREE_FORBIDDEN)
    assert (choice.name, choice.altered) == ("Unnamed (Acme)", True)


@pytest.mark.parametrize(
    ("current", "taken", "name"),
    [
        ("Phase 1 (Acme)", [], "Phase 1 (Acme)"),  # the other Phase 1 is gone: nothing is renamed for that
        ("phase 1 (ACME)", [], "Phase 1 (Acme)"),  # kept, in our spelling
        ("Phase 1 (Acme) 7", ["Phase 1"], "Phase 1 (Acme) 7"),
        ("Phase 1 (Acme) 1", ["Phase 1"], "Phase 1 (Acme)"),  # no number the rule gives
        ("Phase 1 (Acme) 02", ["Phase 1"], "Phase 1 (Acme)"),
        ("Phase 1 (Old Acme)", ["Phase 1"], "Phase 1 (Acme)"),  # the client was renamed
        ("Phase 0", [], "Phase 1"),  # the job was renamed
        ("Phase 1 (Acme)", ["Phase 1 (Acme)", "Phase 1"], "Phase 1 (Acme) 2"),  # somebody else took it meanwhile
    ],
)
def test_a_job_keeps_the_name_it_has_there_while_the_rule_can_make_it(
    current: str, taken: list[str], name: str
) -> None:
    assert _in_tree("Phase 1", "Acme", taken=taken, current=current).name == name


def test_a_long_name_is_cut_at_a_word_and_leaves_room_for_its_client() -> None:
    job = "Replacement of the whole roof covering and all gutters"
    own = _in_tree(job, "Acme", limit=40)
    assert (own.name, own.altered) == ("Replacement of the whole roof covering…", True)
    qualified = _in_tree(job, "Acme", limit=40, taken=[own.name])
    assert (qualified.name, qualified.altered) == ("Replacement of the whole roof… (Acme)", True)
    assert (
        _in_tree(job, "Acme", limit=40, taken=[own.name, qualified.name]).name
        == "Replacement of the whole roof… (Acme) 2"
    )


def test_a_name_of_one_endless_word_is_cut_inside_it() -> None:
    assert _in_tree("x" * 50, limit=40).name == "x" * 39 + "…"
    assert _in_tree("a " + "x" * 50, limit=40).name == "a " + "x" * 37 + "…"


def test_a_cut_keeps_at_least_half_leaves_no_loose_sign_and_uses_all_the_room() -> None:
    assert _in_tree("a" * 15 + " " + "x" * 50, limit=40).name == "a" * 15 + " " + "x" * 23 + "…"
    assert _in_tree("a" * 20 + " " + "x" * 50, limit=40).name == "a" * 20 + "…"
    assert _in_tree("a" * 20 + " " + "x" * 50, limit=41).name == "a" * 20 + "…"
    assert _in_tree("X" * 50, limit=40).name == "X" * 39 + "…"
    assert _in_tree("x" * 30 + " & " + "y" * 20, limit=40).name == "x" * 30 + "…"
    taken = ["x" * 39 + "…", "x" * 32 + "… (Acme)"]
    assert _in_tree("x" * 60, "Acme", limit=40, taken=taken).name == "x" * 30 + "… (Acme) 2"


def test_a_name_that_just_fits_is_not_cut() -> None:
    assert _in_tree("x" * 40, limit=40) == NameChoice(name="x" * 40, rule=NameRule.OWN, altered=False)


def test_a_cut_never_splits_a_composed_character() -> None:
    whole = "x" * 34 + "\U0001f469\u200d\U0001f527"
    assert _in_tree(whole + "y" * 9, limit=40).name == whole + "…"
    assert _in_tree("x" * 38 + "e\u0301" + "y" * 9, limit=40).name == "x" * 38 + "…"
    assert _in_tree("x" * 37 + "\U0001f469\u200d\U0001f527" + "y" * 9, limit=40).name == "x" * 37 + "…"
    assert _in_tree("x" * 38 + "\U0001f469\u200d\U0001f527" + "y" * 9, limit=41).name == "x" * 38 + "…"
    assert _in_tree("x" * 38 + "\u0915\u093e" + "y" * 9, limit=40).name == "x" * 38 + "…"  # a vowel sign takes room
    assert _in_tree("x" * 38 + "x\u20dd" + "y" * 9, limit=40).name == "x" * 38 + "…"
    assert _in_tree("\u0301" * 60, limit=40).name == "\u0301" * 39 + "…"
    assert _in_tree("e" + "\u0301" * 60, limit=40).name == "e" + "\u0301" * 38 + "…"
    assert _in_tree("\U00020000" * 30, limit=40).name == "\U00020000" * 19 + "…"  # two units each


@given(NAMES, st.lists(NAMES, max_size=4), LIMITS, st.sets(NAMES.map(name_key), max_size=8), st.none() | NAMES)
def test_a_name_in_a_tree_fits_is_never_empty_and_never_taken(
    name: str, ancestors: list[str], limit: int, taken: set[str], current: str | None
) -> None:
    choice = display_name(
        name, ancestors=ancestors, taken=taken, limit=limit, forbidden=TREE_FORBIDDEN, current=current
    )
    assert 0 < _utf16(choice.name) <= limit
    assert name_key(choice.name)
    assert not set(TREE_FORBIDDEN) & set(choice.name)
    if ancestors:
        assert name_key(choice.name) not in taken
        assert not choice.clash
    else:
        assert choice.clash == (name_key(choice.name) in taken)
        assert choice.rule is NameRule.OWN


@given(st.lists(st.tuples(NAMES, st.lists(NAMES, min_size=1, max_size=4)), max_size=8), LIMITS)
def test_jobs_named_one_after_the_other_all_differ_and_keep_their_names(
    jobs: list[tuple[str, list[str]]], limit: int
) -> None:
    given_names: list[str] = []
    for name, ancestors in jobs:
        given_names.append(_in_tree(name, *ancestors, taken=given_names, limit=limit).name)
    assert len(_keys(*given_names)) == len(jobs)
    for index, (name, ancestors) in enumerate(jobs):
        others = given_names[:index] + given_names[index + 1 :]
        again = _in_tree(name, *ancestors, taken=others, limit=limit, current=given_names[index])
        assert again.name == given_names[index]
        alone = _in_tree(name, *ancestors, limit=limit, current=given_names[index])
        assert alone.name == given_names[index]


@given(NAMES, st.lists(NAMES, max_size=4))
def test_a_short_and_free_name_is_left_alone(name: str, ancestors: list[str]) -> None:
    tidy = " ".join(name.split())
    assume(name_fault(name) is None and name_key(tidy))
    choice = _in_tree(tidy, *ancestors, limit=2 * 255)
    assert choice == NameChoice(name=tidy, rule=NameRule.OWN, altered=False)


# --- a name in a package without one ----------------------------------------------------------------------------------


LONG_PATH = "Harbour and Sons Roofing Contractors:Warehouse roof replacement:Phase 1"


@pytest.mark.parametrize(
    ("path", "taken", "limit", "expected"),
    [
        ("Acme", [], 255, NameChoice(name="Acme", rule=NameRule.PATH, altered=False)),
        ("Acme:Roof:Phase 1", [], 255, NameChoice(name="Acme:Roof:Phase 1", rule=NameRule.PATH, altered=False)),
        ("Acme <North>:Roof", [], 255, NameChoice(name="Acme North:Roof", rule=NameRule.PATH, altered=True)),
        ("Acme:Roof", ["acme:ROOF"], 255, NameChoice(name="Acme:Roof (2)", rule=NameRule.NUMBERED, altered=False)),
        (
            "Acme:Roof",
            ["acme:roof", "acme:roof (2)"],
            255,
            NameChoice(name="Acme:Roof (3)", rule=NameRule.NUMBERED, altered=False),
        ),
        (
            LONG_PATH,
            [],
            50,
            NameChoice(name="Harbour and Sons Roofing…:Warehouse roof…:Phase 1", rule=NameRule.PATH, altered=True),
        ),
        (
            LONG_PATH,
            ["Harbour and Sons Roofing…:Warehouse roof…:Phase 1"],
            50,
            NameChoice(name="Harbour and Sons…:Warehouse roof…:Phase 1 (2)", rule=NameRule.NUMBERED, altered=True),
        ),
    ],
)
def test_a_path_is_written_out_and_shortened_fairly(
    path: str, taken: list[str], limit: int, expected: NameChoice
) -> None:
    assert _flat(path, taken=taken, limit=limit) == expected


def test_a_clients_taken_name_is_a_question_here_too() -> None:
    assert _flat("Acme", taken=["ACME"]) == NameChoice(name="Acme", rule=NameRule.PATH, altered=False, clash=True)


@pytest.mark.parametrize(
    ("current", "taken", "name"),
    [
        ("Acme:Roof (4)", [], "Acme:Roof (4)"),
        ("acme:roof", [], "Acme:Roof"),
        ("Acme:Roof (4)", ["Acme:Roof (4)"], "Acme:Roof"),
        ("Old:Roof (4)", ["Acme:Roof"], "Acme:Roof (2)"),
    ],
)
def test_a_path_keeps_the_number_it_has_there(current: str, taken: list[str], name: str) -> None:
    assert _flat("Acme:Roof", taken=taken, current=current).name == name


@given(st.lists(st.lists(NAMES, min_size=2, max_size=5), max_size=8), LIMITS)
def test_paths_named_one_after_the_other_all_differ_fit_and_keep_their_names(
    paths: list[list[str]], limit: int
) -> None:
    made: list[str] = []
    for parts in paths:
        choice = flattened_name(parts, limit=limit, taken=_keys(*made), forbidden=FLAT_FORBIDDEN)
        assert 0 < _utf16(choice.name) <= limit
        assert all(name_key(part) for part in choice.name.split(":")) or any(":" in part for part in parts)
        assert not set(FLAT_FORBIDDEN) & set(choice.name)
        made.append(choice.name)
    assert len(_keys(*made)) == len(paths)
    for index, parts in enumerate(paths):
        alone = flattened_name(parts, limit=limit, taken=(), forbidden=FLAT_FORBIDDEN, current=made[index])
        assert alone.name == made[index]


@given(st.lists(NAMES.filter(lambda name: name_fault(name) is None), min_size=1, max_size=5))
def test_a_path_with_room_is_the_full_name(parts: list[str]) -> None:
    tidy = [" ".join(part.split()) for part in parts]
    assert flattened_name(tidy, limit=4000, taken=()).name == full_name(tidy)


@pytest.mark.parametrize("limit", [0, MIN_LIMIT - 1])
def test_a_limit_that_holds_no_readable_name_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match=f"at least {MIN_LIMIT}"):
        _in_tree("Acme", limit=limit)
    with pytest.raises(ValueError, match=f"at least {MIN_LIMIT}"):
        _flat("Acme", limit=limit)


def test_a_record_without_a_name_of_its_own_is_refused() -> None:
    with pytest.raises(ValueError, match="own name"):
        flattened_name([], limit=MIN_LIMIT, taken=())
