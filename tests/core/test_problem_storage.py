"""Problems as documents: their plain form, and that nothing is lost on the way there and back."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from service.core.problem import Candidate, Dispute, Problem, ProblemKind, from_json, to_json
from service.core.snapshot import Value

STORED = {
    "kind": "duplicate_name",
    "params": {"name": "Harbour", "lines": [["a", 1]]},
    "provider_code": "6240",
    "fields": [{"field": "name", "ours": "a", "theirs": ["b"], "agreed": None}],
    "candidates": [{"remote_id": "9", "name": "Harbour", "type": "vendor", "params": {"address": ["1 Elm Road"]}}],
}


def test_a_stored_problem_has_a_plain_form() -> None:
    problem = Problem(
        kind=ProblemKind.DUPLICATE_NAME,
        params={"name": "Harbour", "lines": (("a", 1),)},
        provider_code="6240",
        fields=(Dispute(field="name", ours="a", theirs=("b",)),),
        candidates=(Candidate(remote_id="9", name="Harbour", type="vendor", params={"address": ("1 Elm Road",)}),),
    )
    assert to_json(problem) == STORED
    assert from_json(STORED) == problem


VALUES: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3).map(tuple)
)
PARAMS = st.dictionaries(st.text(), VALUES, max_size=3)


@given(
    st.builds(
        Problem,
        kind=st.sampled_from(list(ProblemKind)),
        params=PARAMS,
        provider_code=st.none() | st.text(),
        fields=st.lists(st.builds(Dispute, field=st.text(), ours=VALUES, theirs=VALUES, agreed=VALUES), max_size=2).map(
            tuple
        ),
        candidates=st.lists(
            st.builds(Candidate, remote_id=st.text(), name=st.text(), type=st.text(), params=PARAMS), max_size=2
        ).map(tuple),
    )
)
def test_a_problem_survives_storage(problem: Problem) -> None:
    assert from_json(json.loads(json.dumps(to_json(problem)))) == problem
