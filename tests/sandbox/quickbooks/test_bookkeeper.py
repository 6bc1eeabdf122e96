"""What a person does on the package's own pages."""

from __future__ import annotations

import pytest
import requests

from tests.sandbox.quickbooks.client import Client, Refused


def test_an_edit_is_seen_by_the_app_with_a_new_version(qbo: Client) -> None:
    edited = qbo.act("edit", name="Cool Cars", fields={"PrimaryPhone": {"FreeFormNumber": "1"}})
    assert edited["SyncToken"] == "1"
    assert qbo.get("Customer", edited["Id"])["PrimaryPhone"] == {"FreeFormNumber": "1"}


def test_names_change_vanish_and_come_back(qbo: Client) -> None:
    assert qbo.act("rename", name="Cool Cars", to="Hot Cars")["DisplayName"] == "Hot Cars"
    gone = qbo.act("deactivate", name="Hot Cars")
    assert (gone["Active"], gone["DisplayName"]) == (False, "Hot Cars (deleted)")
    back = qbo.act("reactivate", id=gone["Id"])
    assert (back["Active"], back["DisplayName"]) == (True, "Hot Cars")


def test_an_inactive_name_blocks_until_it_is_renamed(qbo: Client) -> None:
    qbo.act("deactivate", name="Cool Cars", keep_name=True)
    with pytest.raises(Refused, match="6240"):
        qbo.customer("Cool Cars")
    qbo.act("rename", name="Cool Cars", to="Cool Cars (deleted)")
    assert qbo.customer("Cool Cars")["Active"] is True


def test_a_merge_moves_everything_to_the_winner_and_the_loser_is_gone(qbo: Client) -> None:
    winner, loser = qbo.customer("Winner"), qbo.customer("Loser")
    job = qbo.job("Job", loser)
    made = qbo.invoice(loser, "50")
    paid = qbo.payment(loser, "20", made)
    qbo.act("merge", winner=winner["Id"], loser=loser["Id"])
    with pytest.raises(Refused, match="610"):
        qbo.get("Customer", loser["Id"])
    assert qbo.get("Invoice", made["Id"])["CustomerRef"] == {"value": winner["Id"], "name": "Winner"}
    assert qbo.get("Payment", paid["Id"])["CustomerRef"]["value"] == winner["Id"]
    assert qbo.get("Customer", job["Id"])["FullyQualifiedName"] == "Winner:Job"
    assert qbo.get("Customer", winner["Id"])["Balance"] == 30
    assert qbo.customer("Loser")["Id"] != loser["Id"]


@pytest.mark.parametrize(("winner", "loser"), [("Top", "Top"), ("Low", "Top"), ("Deepest", "Top")])
def test_a_merge_that_would_break_the_tree_is_refused(qbo: Client, winner: str, loser: str) -> None:
    rows = {"Top": qbo.customer("Top")}
    rows["Low"] = qbo.job("Low", rows["Top"])
    above = qbo.customer("Other")
    for name in ("Deep", "Deeper", "Even deeper", "Deepest"):
        above = rows[name] = qbo.job(name, above)
    body = {"action": "merge", "winner": rows[winner]["Id"], "loser": rows[loser]["Id"]}
    assert requests.post(f"{qbo.url}/_sandbox/bookkeeper", json=body, timeout=5).status_code == 400
    assert qbo.get("Customer", rows["Low"]["Id"])["FullyQualifiedName"] == "Top:Low"


def test_customers_and_vendors_are_created_by_hand(qbo: Client) -> None:
    assert qbo.act("create_customer", fields={"GivenName": "By", "FamilyName": "Hand"})["DisplayName"] == "By Hand"
    qbo.act("create_vendor", name="Late Vendor")
    with pytest.raises(Refused, match="6240"):
        qbo.customer("Late Vendor")


def test_an_invoice_is_paid_in_part_and_in_full_and_the_payment_deleted(qbo: Client) -> None:
    made = qbo.invoice("1", "100")
    qbo.act("pay", invoice=made["Id"], amount="40", ref="CHQ 7")
    assert qbo.get("Invoice", made["Id"])["Balance"] == 60
    rest = qbo.act("pay", invoice=made["Id"])
    assert (rest["TotalAmt"], qbo.get("Invoice", made["Id"])["Balance"]) == ("60.00", 0)
    qbo.act("delete_payment", id=rest["Id"])
    assert qbo.get("Invoice", made["Id"])["Balance"] == 60
    assert qbo.act("void_invoice", id=made["Id"])["TotalAmt"] == "0"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"action": "dance"}, "no action 'dance'"),
        ({"action": "rename", "name": "Nobody", "to": "x"}, "no Customer named 'Nobody'"),
        ({"action": "rename", "name": "Cool Cars"}, "needs 'to'"),
        ({"action": "rename", "name": "Cool Cars", "to": "EDD"}, "6240"),
        ({"action": "edit", "realm": "1", "name": "Cool Cars", "fields": {}}, "no company 1"),
        ({"action": "set_company", "settings": {"shoe": 1}}, "no setting 'shoe'"),
    ],
)
def test_what_cannot_be_done_says_why(qbo: Client, body: dict[str, object], reason: str) -> None:
    answer = requests.post(f"{qbo.url}/_sandbox/bookkeeper", json=body, timeout=5)
    assert (answer.status_code, reason in answer.json()["error"]) == (400, True)
