"""Laws and examples of the tree of clients and jobs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.hierarchy import (
    MAX_DEPTH,
    LoopError,
    Move,
    Refusal,
    TreeFault,
    ancestors,
    depth_of,
    find_refusals,
    full_name_of,
    name_path,
    plan_move,
    subtree,
)

#: Acme has a roof with two phases and a kitchen; Bolt stands alone.
TREE = {"phase2": "roof", "acme": None, "roof": "acme", "phase1": "roof", "kitchen": "acme", "bolt": None}
NAMES = {"acme": "Acme", "roof": "Roof", "phase1": "Phase 1", "phase2": "Phase 2", "kitchen": "Kitchen", "bolt": "Bolt"}
CHAIN = {"1": None, "2": "1", "3": "2", "4": "3", "5": "4"}


@st.composite
def trees(draw: st.DrawFn) -> dict[str, str | None]:
    """Return a sound tree of at most five levels, in a shuffled order."""
    depths: dict[str, int] = {}
    parents: dict[str, str | None] = {}
    for number in range(draw(st.integers(1, 14))):
        above = draw(st.sampled_from([None, *(id_ for id_, depth in depths.items() if depth < MAX_DEPTH)]))
        parents[f"r{number}"] = above
        depths[f"r{number}"] = 1 if above is None else depths[above] + 1
    return {id_: parents[id_] for id_ in draw(st.permutations(list(parents)))}


@st.composite
def parent_maps(draw: st.DrawFn) -> dict[str, str | None]:
    """Return any map at all: loops, unknown parents, too deep."""
    ids = [f"r{number}" for number in range(draw(st.integers(1, 9)))]
    return {id_: draw(st.sampled_from([None, "gone", *ids])) for id_ in ids}


# --- walking ----------------------------------------------------------------------------------------------------------


def test_ancestors_are_named_from_the_nearest_up() -> None:
    assert ancestors(TREE, "phase1") == ("roof", "acme")
    assert ancestors(TREE, "acme") == ()
    assert [depth_of(TREE, id_) for id_ in ("acme", "roof", "phase2")] == [1, 2, 3]


def test_a_full_name_runs_from_the_client_down() -> None:
    assert name_path(TREE, NAMES, "phase1") == ("Acme", "Roof", "Phase 1")
    assert full_name_of(TREE, NAMES, "phase1") == "Acme:Roof:Phase 1"
    assert full_name_of(TREE, NAMES, "bolt") == "Bolt"


def test_a_subtree_is_listed_level_by_level_in_the_order_of_the_map() -> None:
    assert subtree(TREE, "acme") == ("acme", "roof", "kitchen", "phase2", "phase1")
    assert subtree(TREE, "phase1") == ("phase1",)
    assert subtree({"a": "b", "b": "a"}, "a") == ("a", "b")


@pytest.mark.parametrize("parents", [{"a": "a"}, {"a": "b", "b": "a"}, {"a": "b", "b": "c", "c": "b"}])
def test_walking_a_broken_tree_ends_with_an_error(parents: dict[str, str | None]) -> None:
    with pytest.raises(LoopError, match="a is above itself"):
        ancestors(parents, "a")


def test_walking_to_an_unknown_record_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        ancestors({"a": "gone"}, "a")


@given(trees())
def test_subtree_and_ancestors_are_two_views_of_one_tree(parents: dict[str, str | None]) -> None:
    for id_ in parents:
        below = subtree(parents, id_)
        assert set(below) == {other for other in parents if other == id_ or id_ in ancestors(parents, other)}
        assert [depth_of(parents, other) for other in below] == sorted(depth_of(parents, other) for other in below)


# --- checking a whole tree --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parents", "refusals"),
    [
        (TREE, []),
        (CHAIN, []),
        ({}, []),
        ({"a": "gone", "b": "a"}, [Refusal(fault=TreeFault.UNKNOWN_PARENT, record_id="a")]),
        ({"a": "a", "b": "a"}, [Refusal(fault=TreeFault.LOOP, record_id="a")]),
        (
            {"a": "b", "b": "a", "c": "b", "d": "c"},
            [Refusal(fault=TreeFault.LOOP, record_id="a"), Refusal(fault=TreeFault.LOOP, record_id="b")],
        ),
        (
            CHAIN | {"6": "5", "7": "6"},
            [
                Refusal(fault=TreeFault.TOO_DEEP, record_id="6", depth=6),
                Refusal(fault=TreeFault.TOO_DEEP, record_id="7", depth=7),
            ],
        ),
    ],
)
def test_a_whole_tree_is_checked_record_by_record(parents: dict[str, str | None], refusals: list[Refusal]) -> None:
    assert list(find_refusals(parents)) == refusals


@given(parent_maps())
def test_a_tree_without_refusals_can_be_walked_and_one_with_them_is_broken(parents: dict[str, str | None]) -> None:
    def sound() -> bool:
        try:
            return all(depth_of(parents, id_) <= MAX_DEPTH for id_ in parents)
        except (KeyError, LoopError):
            return False

    assert (find_refusals(parents) == ()) == sound()


# --- moving -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record_id", "parent_id", "depths"),
    [
        ("roof", "bolt", {"roof": 2, "phase2": 3, "phase1": 3}),
        ("roof", "kitchen", {"roof": 3, "phase2": 4, "phase1": 4}),
        ("roof", None, {"roof": 1, "phase2": 2, "phase1": 2}),
        ("roof", "acme", {"roof": 2, "phase2": 3, "phase1": 3}),
        ("acme", "bolt", {"acme": 2, "roof": 3, "kitchen": 3, "phase2": 4, "phase1": 4}),
        ("bolt", "phase1", {"bolt": 4}),
    ],
)
def test_a_move_says_the_new_depth_of_the_whole_subtree(
    record_id: str, parent_id: str | None, depths: dict[str, int]
) -> None:
    assert plan_move(TREE, record_id, parent_id) == Move(record_id=record_id, parent_id=parent_id, depths=depths)


@pytest.mark.parametrize(
    ("record_id", "parent_id", "refusal"),
    [
        ("acme", "acme", Refusal(fault=TreeFault.LOOP, record_id="acme")),
        ("acme", "phase1", Refusal(fault=TreeFault.LOOP, record_id="acme")),
        ("roof", "gone", Refusal(fault=TreeFault.UNKNOWN_PARENT, record_id="roof")),
        ("gone", "acme", Refusal(fault=TreeFault.UNKNOWN_RECORD, record_id="gone")),
        ("acme", "4", Refusal(fault=TreeFault.TOO_DEEP, record_id="roof", depth=6)),
        ("bolt", "5", Refusal(fault=TreeFault.TOO_DEEP, record_id="bolt", depth=6)),
    ],
)
def test_a_move_that_cannot_be_is_refused_with_its_reason(record_id: str, parent_id: str, refusal: Refusal) -> None:
    assert plan_move(TREE | CHAIN, record_id, parent_id) == refusal


def test_a_fifth_level_is_allowed() -> None:
    assert plan_move(TREE | CHAIN, "bolt", "4") == Move(record_id="bolt", parent_id="4", depths={"bolt": 5})


@given(trees(), st.data())
def test_a_planned_move_leaves_a_sound_tree_and_a_refused_one_would_not(
    parents: dict[str, str | None], data: st.DataObject
) -> None:
    record_id = data.draw(st.sampled_from(list(parents)))
    parent_id = data.draw(st.sampled_from([None, *parents]))
    after = parents | {record_id: parent_id}
    outcome = plan_move(parents, record_id, parent_id)
    if isinstance(outcome, Move):
        assert find_refusals(after) == ()
        assert set(outcome.depths) == set(subtree(parents, record_id))
        assert all(depth_of(after, id_) == depth for id_, depth in outcome.depths.items())
    else:
        assert outcome.fault in {refusal.fault for refusal in find_refusals(after)}
        assert outcome in find_refusals(after)


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        (Refusal(fault=TreeFault.LOOP, record_id="a"), "under one of its own jobs."),
        (Refusal(fault=TreeFault.TOO_DEEP, record_id="a", depth=6), "down to level 5; this would make a level 6."),
        (Refusal(fault=TreeFault.UNKNOWN_PARENT, record_id="a"), "does not exist."),
        (Refusal(fault=TreeFault.UNKNOWN_RECORD, record_id="a"), "does not exist any more."),
    ],
)
def test_a_refusal_says_why(refusal: Refusal, sentence: str) -> None:
    assert refusal.sentence.endswith(sentence)


# --- order of sending -------------------------------------------------------------------------------------------------
