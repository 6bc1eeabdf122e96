"""Payments: what they settle, whose documents they may settle, and what undoing them does."""

from __future__ import annotations

import pytest

from tests.sandbox.quickbooks.client import Client, Json, Refused, invoice, sparse

AMY = "1"


def _applied(amount: float, *documents: tuple[str, str]) -> list[Json]:
    return [{"Amount": amount, "LinkedTxn": [{"TxnId": row, "TxnType": kind}]} for kind, row in documents]


def test_a_payment_closes_an_invoice_and_shows_on_it(qbo: Client) -> None:
    made = qbo.invoice(AMY, "100")
    before = qbo.get("Customer", AMY)
    paid = qbo.payment(AMY, "100", made)
    after = qbo.get("Invoice", made["Id"])
    assert (after["Balance"], after["TotalAmt"]) == (0, 100)
    assert after["LinkedTxn"] == [{"TxnId": paid["Id"], "TxnType": "Payment"}]
    assert after["SyncToken"] == "1"
    assert (paid["UnappliedAmt"], paid["DepositToAccountRef"]["name"]) == (0, "Undeposited Funds")
    customer = qbo.get("Customer", AMY)
    assert customer["Balance"] == pytest.approx(before["Balance"] - 100)
    assert customer["SyncToken"] == before["SyncToken"]


def test_what_is_paid_too_much_stays_unapplied(qbo: Client) -> None:
    made = qbo.invoice(AMY, "100")
    assert qbo.payment(AMY, "130", made)["UnappliedAmt"] == 30


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"TotalAmt": None}, "You must set a transaction amount"),
        ({"TotalAmt": -5}, "2140"),
        ({"TotalAmt": 50}, "more than the amount of the payment"),
        ({"TotalAmt": 500, "applied": 101}, "more than its open balance"),
        ({"CustomerRef": {"value": "2"}}, "belongs to another customer"),
        ({"CurrencyRef": {"value": "EUR"}}, "currency"),
    ],
)
def test_a_payment_that_does_not_fit_is_refused(qbo: Client, body: Json, message: str) -> None:
    made = qbo.invoice(AMY, "100")
    given = {"CustomerRef": {"value": AMY}, "TotalAmt": 100, **body}
    given["Line"] = _applied(given.pop("applied", 100), ("Invoice", made["Id"]))
    with pytest.raises(Refused, match=message):
        qbo.write("Payment", {key: value for key, value in given.items() if value is not None})
    assert qbo.get("Invoice", made["Id"])["Balance"] == 100


@pytest.mark.parametrize("billed", [True, False])
def test_a_parent_pays_for_its_job_only_where_it_is_billed_with_it(qbo: Client, billed: bool) -> None:
    parent = qbo.customer("Parent")
    job = qbo.job("Job", parent, BillWithParent=billed)
    made = qbo.invoice(job, "70")
    if billed:
        qbo.payment(parent, "70", made)
        assert qbo.get("Invoice", made["Id"])["Balance"] == 0
    else:
        with pytest.raises(Refused, match="another customer"):
            qbo.payment(parent, "70", made)


def test_a_sparse_update_without_lines_keeps_them_and_with_lines_replaces_them(qbo: Client) -> None:
    first, second = qbo.invoice(AMY, "100"), qbo.invoice(AMY, "50")
    paid = qbo.payment(AMY, "100", first)
    noted = qbo.write("Payment", sparse(paid, PrivateNote="cheque"))
    assert noted["UnappliedAmt"] == 0
    moved = qbo.write("Payment", sparse(noted, Line=_applied(50, ("Invoice", second["Id"]))))
    assert moved["UnappliedAmt"] == 50
    assert [qbo.get("Invoice", row["Id"])["Balance"] for row in (first, second)] == [100, 0]


def test_a_full_update_without_lines_takes_the_payment_off(qbo: Client) -> None:
    made = qbo.invoice(AMY, "100")
    paid = qbo.payment(AMY, "100", made)
    qbo.write("Payment", {"Id": paid["Id"], "SyncToken": "0", "CustomerRef": {"value": AMY}, "TotalAmt": 100})
    assert qbo.get("Invoice", made["Id"])["Balance"] == 100


def test_voiding_and_deleting_open_the_invoice_again(qbo: Client) -> None:
    made = qbo.invoice(AMY, "100")
    paid = qbo.payment(AMY, "100", made)
    void = qbo.read(
        "POST",
        "payment",
        params={"operation": "update", "include": "void"},
        json={"Id": paid["Id"], "SyncToken": "0", "sparse": True},
    )["Payment"]
    assert (void["TotalAmt"], void["PrivateNote"], void["Line"]) == (0, "Voided", [])
    assert qbo.get("Invoice", made["Id"])["Balance"] == 100
    again = qbo.payment(AMY, "100", made)
    gone = qbo.write("Payment", {"Id": again["Id"], "SyncToken": "0"}, operation="delete")
    assert gone["status"] == "Deleted"
    assert qbo.get("Invoice", made["Id"])["Balance"] == 100


def test_a_deposited_payment_cannot_be_changed_nor_its_invoice_voided(qbo: Client) -> None:
    made = qbo.invoice(AMY, "100")
    paid = qbo.payment(AMY, "100", made)
    paid = qbo.act("deposit_payment", id=paid["Id"])
    assert "Deposited" not in qbo.get("Payment", paid["Id"])
    with pytest.raises(Refused, match="6540"):
        qbo.write("Payment", sparse(paid, PrivateNote="x"))
    made = qbo.get("Invoice", made["Id"])
    with pytest.raises(Refused, match="6540"):
        qbo.write("Invoice", {"Id": made["Id"], "SyncToken": made["SyncToken"]}, operation="void")


def test_a_credit_memo_is_applied_by_a_payment_of_nothing(qbo: Client) -> None:
    made = qbo.invoice(AMY, "100")
    memo = qbo.write("CreditMemo", invoice(AMY, "40"))
    lines = _applied(40, ("Invoice", made["Id"]), ("CreditMemo", memo["Id"]))
    paid = qbo.write("Payment", {"CustomerRef": {"value": AMY}, "TotalAmt": 0, "Line": lines})
    assert paid["UnappliedAmt"] == 0
    assert qbo.get("Invoice", made["Id"])["Balance"] == 60
    assert qbo.get("CreditMemo", memo["Id"])["RemainingCredit"] == 0


def test_an_invoice_cannot_shrink_below_what_was_paid(qbo: Client) -> None:
    made = qbo.invoice(AMY, "100")
    qbo.payment(AMY, "80", made)
    with pytest.raises(Refused, match="payments have been applied"):
        qbo.write("Invoice", sparse(qbo.get("Invoice", made["Id"]), Line=[invoice(AMY, "70")["Line"][0]]))
