"""The tree of customers: Job and ParentRef, five levels, projects, renames."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.quickbooks.client import Client, Json, Refused, sparse


@pytest.mark.parametrize(
    "fields", [{"Job": True}, {"ParentRef": {"value": "1"}}, {"Job": False, "ParentRef": {"value": "1"}}]
)
def test_job_and_parent_go_together_or_not_at_all(qbo: Client, fields: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        qbo.customer("Half a job", **fields)
    assert (refused.value.code, refused.value.element) == ("6150", "Job")
    assert refused.value.detail == "ParentRef is either required or not if Job is true or false."


def _chain(qbo: Client, depth: int) -> list[Json]:
    rows = [qbo.customer("Level 0")]
    for number in range(1, depth):
        rows.append(qbo.job(f"Level {number}", rows[-1]))
    return rows


def test_five_levels_are_allowed_and_a_sixth_is_not(qbo: Client) -> None:
    rows = _chain(qbo, 5)
    assert rows[-1]["Level"] == 4
    assert rows[-1]["FullyQualifiedName"] == "Level 0:Level 1:Level 2:Level 3:Level 4"
    with pytest.raises(Refused, match="6180"):
        qbo.job("Level 5", rows[-1])


def test_a_move_counts_what_hangs_below(qbo: Client) -> None:
    deep = _chain(qbo, 4)
    tree = qbo.customer("Tree")
    branch = qbo.job("Branch", tree)
    qbo.job("Leaf", branch)
    with pytest.raises(Refused, match="6180"):
        qbo.write("Customer", sparse(branch, ParentRef={"value": deep[3]["Id"]}))
    assert qbo.write("Customer", sparse(branch, ParentRef={"value": deep[2]["Id"]}))["Level"] == 3


@pytest.mark.parametrize(("target", "code"), [("self", "900"), ("below", "700"), ("404", "2500")])
def test_a_customer_cannot_hang_below_itself_or_nothing(qbo: Client, target: str, code: str) -> None:
    top, middle, low = _chain(qbo, 3)
    parents = {"self": middle["Id"], "below": low["Id"], "404": "4040"}
    assert top
    with pytest.raises(Refused) as refused:
        qbo.write("Customer", sparse(middle, ParentRef={"value": parents[target]}))
    assert refused.value.code == code


def test_the_parent_must_be_active(qbo: Client) -> None:
    parent = qbo.write("Customer", sparse(qbo.customer("Gone"), Active=False))
    with pytest.raises(Refused, match="made inactive"):
        qbo.job("Orphan", parent)


def test_a_project_cannot_contain_sub_customers(qbo: Client) -> None:
    project = qbo.job("Project", qbo.customer("Client"))
    assert qbo.act("make_project", id=project["Id"])["IsProject"] is True
    with pytest.raises(Refused, match="A project cannot contain subcustomers"):
        qbo.job("Below", project)


def test_a_parents_rename_shows_in_every_descendants_full_name_and_nowhere_else(qbo: Client) -> None:
    rows = _chain(qbo, 3)
    qbo.write("Customer", sparse(rows[0], DisplayName="Renamed"))
    leaf = qbo.get("Customer", rows[2]["Id"])
    assert leaf["FullyQualifiedName"] == "Renamed:Level 1:Level 2"
    assert leaf["SyncToken"] == rows[2]["SyncToken"]


def test_a_sub_customer_becomes_a_top_one_only_by_a_full_update(qbo: Client) -> None:
    job = qbo.job("Climber", qbo.customer("Parent"))
    for body in (sparse(job, Job=False), sparse(job, Job=False, ParentRef=None)):
        with pytest.raises(Refused, match="6150"):
            qbo.write("Customer", body)
    full = {"Id": job["Id"], "SyncToken": job["SyncToken"], "DisplayName": "Climber", "Job": False}
    assert "ParentRef" not in qbo.write("Customer", full)


def test_only_a_sub_customer_is_billed_with_its_parent(qbo: Client) -> None:
    top = qbo.customer("Top", BillWithParent=True)
    assert top["BillWithParent"] is False
    assert qbo.job("Sub", top, BillWithParent=True)["BillWithParent"] is True


def test_the_balance_with_jobs_adds_up_the_tree(qbo: Client) -> None:
    top, middle, low = _chain(qbo, 3)
    for row, amount in ((top, "10"), (middle, "20"), (low, "40")):
        qbo.invoice(row, amount)
    assert (qbo.get("Customer", top["Id"])["Balance"], qbo.get("Customer", top["Id"])["BalanceWithJobs"]) == (10, 70)
    assert qbo.get("Customer", middle["Id"])["BalanceWithJobs"] == 60


def test_a_parent_with_active_jobs_stays_active(qbo: Client) -> None:
    top, _ = _chain(qbo, 2)
    with pytest.raises(Refused, match="active sub-customers"):
        qbo.write("Customer", sparse(top, Active=False))
