"""Problems as JSON-ready documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.core.problem.kind import Candidate, Dispute, Problem, ProblemKind
from service.core.snapshot import Value, value_from_json, value_to_json


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
