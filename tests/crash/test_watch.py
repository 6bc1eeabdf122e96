"""Steps are told by what becomes durable in them."""

from __future__ import annotations

import pytest

from tests.crash.plan import WRITE_STEPS
from tests.crash.scenario import scenarios
from tests.crash.watch import Kind, _purpose, kind_of


@pytest.mark.parametrize(
    ("statements", "purpose"),
    [
        (["UPDATE connection SET lease_token=?, lease_until=?"], None),
        (["UPDATE connection SET cursor=? WHERE id = ?"], "feed"),
        (["INSERT INTO call (id) VALUES (?)", "INSERT INTO intent (id) VALUES (?)", "UPDATE link SET x=?"], "intent"),
        (["UPDATE call SET sent_at=?, sends=?"], "sent"),
        (["UPDATE intent SET state=?,\n closed_at=?", "UPDATE call SET closed_at=?", "UPDATE link SET x=?"], "closing"),
        (["UPDATE run SET state=?, finished_at=?", "UPDATE connection SET lease_token=?"], "end"),
    ],
)
def test_a_commit_is_named_after_what_it_makes_durable(statements: list[str], purpose: str | None) -> None:
    assert _purpose(statements) == purpose


@pytest.mark.parametrize(
    ("method", "target", "kind"),
    [
        ("GET", "/api.xro/2.0/Contacts?page=1", Kind.READ),
        ("PUT", "/api.xro/2.0/Contacts", Kind.WRITE),
        ("POST", "/v3/company/1/batch?requestid=x", Kind.WRITE),
        ("POST", "/connect/token", Kind.TOKEN),
        ("POST", "/oauth2/v1/tokens/bearer", Kind.TOKEN),
    ],
)
def test_a_request_is_named_after_what_it_does(method: str, target: str, kind: Kind) -> None:
    assert kind_of(method, target) is kind


def test_every_operation_stands_in_the_matrix_at_every_package_that_has_it() -> None:
    ids = {scenario.id for scenario in scenarios()}
    for operation in ("customer-create", "customer-update", "customer-archive", "job-create", "job-move",
                      "invoice-create", "invoice-update", "invoice-void", "payment-create", "payment-take-back",
                      "reset-rename"):  # fmt: skip
        for package in ("xero", "quickbooks"):
            assert f"{package}/{operation}/single" in ids
    assert WRITE_STEPS == ("intent", "sent", "write", "closing")
