"""The OpenAPI description: valid, complete, kept by the answers, and read on pages without another host."""

from __future__ import annotations

import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from service.api.openapi import Api
from service.api.routes import BASE
from service.store.accounts import Role
from service.store.database import Database
from tests.api.builders import account, company, invoice, mailed, synced
from tests.api.conftest import Caller, join

WRITES = ("post", "put", "patch", "delete")


@pytest.fixture
def description(app: Api) -> dict[str, Any]:
    document: dict[str, Any] = app.test_client().get(f"{BASE}/openapi.json").get_json()
    return document


def _operations(description: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation) for path, item in description["paths"].items() for method, operation in item.items()
    ]


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_every_route_is_described(app: Api, description: dict[str, Any]) -> None:
    routed = {
        (method.lower(), re.sub(r"<(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(BASE) and not rule.endpoint.startswith("docs.")
    }
    assert {(method, path) for method, path, _ in _operations(description)} == routed
    assert description["openapi"].startswith("3.1.")


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_every_operation_names_its_token_its_errors_and_its_headers(description: dict[str, Any]) -> None:
    ids = []
    for method, path, operation in _operations(description):
        ids.append(operation["operationId"])
        assert operation["security"] == [{"bearer": []}], path
        needed = {"401", "403", "422"} | ({"409"} if method in WRITES else set())
        assert needed <= operation["responses"].keys(), path
        for status, answer in operation["responses"].items():
            if status >= "400":
                assert list(answer["content"]) == ["application/problem+json"], path
        headers = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "header"}
        assert headers == {"post": {"Idempotency-Key"}, "patch": {"If-Match"}}.get(method, set()), path
    assert len(ids) == len(set(ids))
    assert description["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_every_schema_is_valid_and_every_reference_leads_somewhere(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    targets = set(re.findall(r'"#/components/schemas/([^"]+)"', str(description).replace("'", '"')))
    assert targets <= schemas.keys()


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_the_pages_come_from_this_host_alone(app: Api) -> None:
    http = app.test_client()
    page = http.get(f"{BASE}/docs")
    assert page.status_code == 200
    sources = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(sources) >= 4
    for source in sources:
        assert "//" not in source
        answer = http.get(f"{BASE}/{source}")
        assert answer.status_code == 200, source
        answer.close()


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_answers_keep_to_the_description(app: Api, database: Database, mode: GenerationMode) -> None:
    """Every operation gets input that fits its description, and input that does not, and answers as described."""
    ann = join(database, app, role=Role.ACCOUNTANT)
    known = _fill(ann, database)
    tried = 0
    for found in schemathesis.openapi.from_wsgi(f"{BASE}/openapi.json", app).get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=5,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def call(case: Any) -> None:
            if case.path_parameters:
                case.path_parameters["id"] = known[case.operation.path.removeprefix(f"{BASE}/").split("/")[0]]
            # A record can be refused for more than its form: a name that is taken, a company without people.
            case.call_and_validate(
                headers={"Authorization": f"Bearer {ann.token}"}, excluded_checks=[positive_data_acceptance]
            )

        try:
            call()
        except Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE  # an operation without parameters takes no wrong ones
        tried += 1
    assert tried >= 45


def _fill(ann: Caller, database: Database) -> dict[str, str]:
    client = ann.created("/customers", company())
    bill = ann.created("/invoices", invoice(client["id"], status="approved"))
    return synced(database, ann.organisation_id, client["id"]) | {
        **mailed(database, ann.organisation_id, bill["id"]),
        "users": account(database, ann.organisation_id),
        "customers": client["id"],
        "contacts": client["contacts"][0]["id"],
        "invoices": bill["id"],
        "payments": ann.created("/payments", {"invoice_id": bill["id"], "amount": "1"})["id"],
        "tax-levels": ann.created("/tax-levels", {"name": "GST", "rate_percent": "10"})["id"],
    }
