"""The mapping over HTTP: refusals that name the key, a what-if without a call, versions, roles, what packages hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.common.server import Running
from service.api.problems import MEDIA_TYPE
from tests.api.builders import company, invoice
from tests.api.desk import Desk, connect, go_live, open_desk, read

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def desk(package: Running, prepared_database_url: str) -> Iterator[Desk]:
    """A service with nothing connected yet."""
    opened = open_desk(package, prepared_database_url)
    yield opened
    opened.platform.database.close()


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"acounts": {"sales": "200"}}, "acounts", "not permitted"),
    ({"accounts": {"sale": "200"}}, "accounts.sale", "Is it 'sales'?"),
    ({"accounts": {"payments": "99999"}}, "accounts.payments", "does not offer '99999'"),
    ({"taxes": {"0" * 32: "NONE"}}, "taxes." + "0" * 32, "no tax level"),
    ({"owners": {"customer.emial": "ours"}}, "owners.customer.emial", "Is it 'email'?"),
    ({"owners": {"invoice.total": "ours"}}, "owners.invoice.total", "can't change its owner"),
    ({"owners": {"customer.email": "mine"}}, "owners.customer.email", "Input should be"),
    ({"lists": {"customer": "off"}}, "lists.customer", "Is it 'customers'?"),
    ({"lists": {"customers": "off"}}, "lists.invoices", "can't be sent while customers are off"),
    ({"currencies": {"euro": "send"}}, "currencies.euro", "three capital letters"),
    ({"tracking": {"moon": "1"}}, "tracking.moon", "tracks sales by nothing"),
    ({"naming": "shout"}, "naming", "Input should be"),
]


def test_what_can_not_be_chosen_is_refused_and_the_key_is_named(desk: Desk) -> None:
    connect(desk)
    before = read(desk.viewer, f"{desk.base}/mapping")
    choices = {name: before[name] for name in ("accounts", "items", "taxes", "lists", "owners")}
    for body, field, said in REFUSED:
        for answer in (
            desk.accountant.put(f"{desk.base}/mapping", {**choices, **body}),
            desk.viewer.post(f"{desk.base}/mapping/what-if", {**choices, **body}),
        ):
            assert (answer.status_code, answer.mimetype) == (422, MEDIA_TYPE), answer.text
            faults = {one["field"]: one["message"] for one in answer.get_json()["errors"]}
            assert said in faults.get(field, ""), (field, faults)
    unused = {"terms": {"net30": "1"}} if desk.package.sandbox.name == "xero" else {"job_rule": "reference"}
    refused = desk.accountant.put(f"{desk.base}/mapping", {**choices, **unused})
    assert "has no use for this choice" in refused.get_json()["detail"]
    assert desk.viewer.put(f"{desk.base}/mapping", choices).status_code == 403
    assert read(desk.viewer, f"{desk.base}/mapping") == before


def test_what_is_missing_names_the_first_records_and_what_if_and_versions_tell_what_changed(desk: Desk) -> None:
    go_live(desk)
    client = desk.accountant.created("/customers", company(name="Cedar Vets"))
    made = desk.accountant.created("/invoices", invoice(client["id"], status="approved"))
    desk.sync()
    read_first = read(desk.viewer, f"{desk.base}/mapping")
    assert read_first["missing"] == []
    owned = {one["field"]: one for one in read_first["owned"]}
    assert (owned["customer.name"]["owner"], owned["customer.name"]["fixed"]) == ("ours", False)
    assert owned["invoice.total"]["fixed"]
    assert [one["id"] for one in read_first["presets"]] == ["shared", "we_own_customers", "they_keep_details"]
    needed = "accounts:sales" if desk.package.sandbox.name == "xero" else "items:default"
    section, _, key = needed.partition(":")
    without = {**read_first, section: {name: one for name, one in read_first[section].items() if name != key}}
    calls = len(desk.package.sandbox.log.seen)
    found = desk.viewer.post(f"{desk.base}/mapping/what-if", without).get_json()
    assert (len(desk.package.sandbox.log.seen), found["calls"]) == (calls, 0)
    assert found["counts"]["stopped"] == 1
    [stopped] = found["items"]
    assert (stopped["record_id"], stopped["label"]) == (made["id"], made["number"])
    put = desk.accountant.put(f"{desk.base}/mapping", without).get_json()
    assert put["touched"]["counts"]["stopped"] == 1
    [missing] = put["missing"]
    assert (missing["entry"], missing["records"]) == (needed, 1)
    assert missing["first"] == [{"entity": "invoice", "record_id": made["id"], "label": made["number"]}]
    versions = read(desk.viewer, f"{desk.base}/mapping/versions")["items"]
    assert versions[0]["changed"] == [{"entry": needed, "before": read_first[section][key], "after": None}]
    assert versions[0]["actor"].startswith("token:")
    old = read(desk.viewer, f"{desk.base}/mapping/versions/{read_first['version']}")
    assert old["mapping"][section] == read_first[section]
    back = desk.accountant.post(f"{desk.base}/mapping/versions/{read_first['version']}/take-back", {})
    assert (back.status_code, back.get_json()["missing"]) == (200, [])
    assert desk.accountant.get(f"{desk.base}/mapping/versions/99").status_code == 404
    assert desk.stranger.get(f"{desk.base}/mapping/versions").status_code == 404


def test_what_packages_hold_and_what_a_record_lost_is_told(desk: Desk) -> None:
    go_live(desk)
    found = read(desk.viewer, "/capabilities")
    assert found["packages"] == ["Xero", "QuickBooks"]
    assert all(len(row["cells"]) == 2 for part in found["parts"] for row in part["rows"])
    client = desk.accountant.created("/customers", company(name="Cedar Vets", ean_number="5790000000001"))
    desk.sync()
    assert {"ean_number"} <= {one["field"] for one in desk.customer(client["id"])["losses"]}
