"""Whatever body is sent, the answer is an entity or a fault with one of the documented codes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.quickbooks import SAMPLE_REALM, SandboxOptions, create_sandbox
from sandbox.quickbooks.faults import Fault
from sandbox.quickbooks.fields import WRITABLE, Field, Type
from sandbox.quickbooks.operations import Write, run
from sandbox.quickbooks.render import dumps, rendered

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**6), max_value=10**6),
    st.text(max_size=20),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["value", "Id", "x"]), st.integers(), max_size=2),
)


def _fitting(rule: Field) -> st.SearchStrategy[Any]:  # noqa: PLR0911 - one line per type
    match rule.type:
        case Type.TEXT:
            return st.sampled_from(rule.words) if rule.words else st.text(max_size=12)
        case Type.FLAG:
            return st.booleans()
        case Type.NUMBER:
            return st.decimals(-1000, 1000, places=2)
        case Type.DAY:
            return st.dates().map(lambda day: day.isoformat())
        case Type.REF:
            return st.sampled_from([{"value": value} for value in ("1", "2", "3", "99", "TAX", "USD")])
        case Type.PART:
            return _object(rule.parts)
        case Type.LIST:
            return st.lists(_object(rule.parts), max_size=2)


def _object(spec: Mapping[str, Field]) -> st.SearchStrategy[dict[str, Any]]:
    """Return bodies in which now and then one value is not what belongs there."""
    fitting = st.fixed_dictionaries({}, optional={key: _fitting(rule) for key, rule in spec.items()})
    odd = st.dictionaries(st.sampled_from(sorted(spec)), ODD, min_size=1, max_size=1)
    return st.one_of(fitting, fitting, fitting, st.builds(lambda body, wrong: {**body, **wrong}, fitting, odd))


@pytest.mark.parametrize("kind", sorted(WRITABLE))
def test_any_body_ends_in_an_entity_or_a_fault(kind: str) -> None:
    company = create_sandbox(SandboxOptions.unlimited()).companies[SAMPLE_REALM]

    @settings(max_examples=60)
    @given(_object(WRITABLE[kind]), st.sampled_from(["create", "update", "void", "delete"]), st.booleans())
    def check(body: dict[str, Any], operation: str, sparse: bool) -> None:
        if operation != "create":
            row = company.rows(kind)[-1] if company.rows(kind) else None
            body = {**body, "Id": row.id if row else "1", "SyncToken": str(row.token) if row else "0"}
        with suppress(Fault):
            run(company, Write(kind=kind, operation=operation, body={**body, "sparse": sparse}), editor="x")
        for row in company.rows(kind)[-2:]:
            json.loads(dumps(rendered(company, row)), parse_float=Decimal)

    check()
