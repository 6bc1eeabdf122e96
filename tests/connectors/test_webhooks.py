"""What the packages' webhooks say, in every documented form, and who may say it."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.connectors.quickbooks import webhook as quickbooks
from service.connectors.signature import is_signed
from service.connectors.xero import webhook as xero
from service.core.notice import Happening, Notice
from service.core.ports import Family

TENANT = "b2b1a2b0-0000-4000-8000-000000000001"
CONTACT = "c0c0c0c0-0000-4000-8000-000000000001"


def raw(document: Any) -> bytes:
    return json.dumps(document).encode()


def of_xero(**changed: Any) -> dict[str, Any]:
    """Return a body with one event."""
    event = {
        "resourceUrl": f"https://api.xero.com/api.xro/2.0/Contacts/{CONTACT}",
        "resourceId": CONTACT,
        "eventDateUtc": "2026-11-22T01:15:39.902",
        "eventType": "UPDATE",
        "eventCategory": "CONTACT",
        "tenantId": TENANT,
        "tenantType": "ORGANISATION",
    }
    return {"events": [event | changed], "firstEventSequence": 1, "lastEventSequence": 1, "entropy": "S0m3"}


CLOUD = {
    "specversion": "1.0",
    "id": "4b1c",
    "source": "intuit.x",
    "type": "qbo.customer.updated.v1",
    "datacontenttype": "application/json",
    "time": "2026-11-22T01:40:00Z",
    "intuitentityid": "58",
    "intuitaccountid": "1185883450",
}
ENTITY = {"name": "Customer", "id": "58", "operation": "Update", "lastUpdated": "2026-11-22T01:40:00.000Z"}


def legacy(**changed: Any) -> dict[str, Any]:
    entities = [ENTITY | changed]
    return {"eventNotifications": [{"realmId": "1185883450", "dataChangeEvent": {"entities": entities}}]}


def test_an_event_of_xero_names_company_kind_entity_and_time() -> None:
    (notice,) = xero.read_notices(raw(of_xero()))
    at = datetime(2026, 11, 22, 1, 15, 39, 902_000, tzinfo=UTC)
    assert (notice.tenant_id, notice.family, notice.remote_id, notice.at) == (TENANT, Family.CUSTOMER, CONTACT, at)


@pytest.mark.parametrize(
    ("category", "family"),
    [
        ("INVOICE", Family.INVOICE),
        ("Invoice", Family.INVOICE),
        ("CREDITNOTE", Family.CREDIT_NOTE),
        ("SUBSCRIPTION", None),
        ("OVERPAYMENT", None),
    ],
)
def test_kinds_of_xero_are_read_in_any_case_and_others_are_told_apart(category: str, family: Family | None) -> None:
    (notice,) = xero.read_notices(raw(of_xero(eventCategory=category, eventType="Update")))
    assert notice.family is family


def test_xero_asking_whether_we_intend_to_receive_tells_nothing() -> None:
    assert xero.read_notices(raw({"events": [], "firstEventSequence": 0, "lastEventSequence": 0, "entropy": "x"})) == ()


def test_the_same_event_of_xero_has_the_same_key_however_it_is_delivered() -> None:
    (once,), (again,) = (
        xero.read_notices(raw(of_xero())),
        xero.read_notices(raw(of_xero() | {"entropy": "other", "firstEventSequence": 9})),
    )
    (later,) = xero.read_notices(raw(of_xero(eventDateUtc="2026-11-22T01:15:40.1234567")))
    assert once.key == again.key != later.key


@pytest.mark.parametrize(("document", "form"), [([CLOUD], "array"), (CLOUD, "single"), (legacy(), "legacy")])
def test_quickbooks_tells_the_same_in_each_of_its_forms(document: Any, form: str) -> None:
    (notice,) = quickbooks.read_notices(raw(document))
    at = datetime(2026, 11, 22, 1, 40, tzinfo=UTC)
    told = (notice.tenant_id, notice.family, notice.remote_id, notice.at, notice.happening)
    assert told == ("1185883450", Family.CUSTOMER, "58", at, Happening.CHANGED), form


@pytest.mark.parametrize(
    "document",
    [
        [CLOUD | {"type": "qbo.customer.merged.v1", "data": {"deletedid": "27"}}],
        legacy(operation="Merge", deletedId="27"),
    ],
)
def test_a_merge_names_who_survived_and_who_did_not(document: Any) -> None:
    (notice,) = quickbooks.read_notices(raw(document))
    assert (notice.happening, notice.remote_id, notice.merged_id) == (Happening.MERGED, "58", "27")


def test_one_delivery_may_tell_of_several_companies() -> None:
    notices = quickbooks.read_notices(raw([CLOUD, CLOUD | {"id": "5", "intuitaccountid": "2"}, {"id": "broken"}]))
    assert [notice.tenant_id for notice in notices] == ["1185883450", "2"]


@pytest.mark.parametrize("body", [b"", b"{}", b"[1", b'{"events": 3}', b'"text"', b"\xff"])
@pytest.mark.parametrize("reader", [xero, quickbooks])
def test_a_body_of_another_kind_is_a_value_error(reader: Any, body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever, the text is for nobody
        reader.read_notices(body)


@given(body=st.binary(max_size=200), secret=st.text(min_size=1, max_size=40), other=st.text(max_size=40))
def test_only_the_secret_signs_and_only_this_body(body: bytes, secret: str, other: str) -> None:
    signature = b64encode(hmac.digest(secret.encode(), body, sha256)).decode()
    assert is_signed(body, signature, secret)
    assert not is_signed(body + b" ", signature, secret)
    assert not is_signed(body, other, secret)


def test_a_notice_is_a_value() -> None:
    (one,), (same,) = quickbooks.read_notices(raw([CLOUD])), quickbooks.read_notices(raw([CLOUD]))
    assert isinstance(one, Notice)
    assert one == same
