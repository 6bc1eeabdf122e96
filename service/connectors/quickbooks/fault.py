"""Faults of QuickBooks in every shape they come in, and what each means: who acts next.

QuickBooks facts: developer.intuit.com, Troubleshooting, error codes. The service wraps faults in ``Fault.Error[]`` with
capital letters, the gateway before it in ``fault.error[]``, sometimes as XML whatever was asked for, and outages come
as HTML. A fault may stand under HTTP 200. The SDK keeps the first error only, loses element and status, and takes the
gateway's form for an unreadable answer: hence our own reading.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from service.core import errors

#: Rest after a limit was reached when QuickBooks names none, which is usual. The windows are a second and a minute.
DEFAULT_REST = timedelta(seconds=1)

_XML_ERROR = re.compile(r"<Error\b([^>]*)>(.*?)</Error>", re.DOTALL | re.IGNORECASE)
_GATEWAY_CODE = re.compile(r"errorCode=0*(\d+)")
_SYSTEM = frozenset({"10000", "-30000", "30000"})
_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TIMEOUT, _THROTTLED, _SERVER = 200, 401, 403, 404, 408, 429, 500

#: Which of our fields an element of a fault is about; the longest matching beginning counts.
_FIELDS: Mapping[str, str] = {
    "displayname": "name",
    "companyname": "company_name",
    "givenname": "first_name",
    "familyname": "last_name",
    "primaryemailaddr": "email",
    "primaryphone": "phone",
    "mobile": "mobile",
    "fax": "fax",
    "webaddr": "website",
    "billaddr": "billing_address",
    "shipaddr": "shipping_address",
    "parentref": "parent",
    "job": "parent",
    "salestermref": "payment_terms",
    "defaulttaxcoderef": "tax_level",
    "primarytaxidentifier": "vat_number",
    "currencyref": "currency",
    "customerref": "customer",
    "docnumber": "number",
    "txndate": "issue_date",
    "duedate": "due_date",
    "billemailcc": "cc",
    "billemail": "to",
    "privatenote": "reference",
    "line": "lines",
    "txntaxdetail": "lines",
    "totalamt": "amount",
    "paymentrefnum": "reference",
    "paymentmethodref": "method",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One error of an answer; ``code`` without leading zeros, empty if there is none."""

    code: str
    message: str = ""
    detail: str = ""
    element: str = ""
    type: str = ""

    @property
    def sentence(self) -> str:
        """What QuickBooks says, once: its detail usually repeats the message."""
        said = self.detail or self.message
        return said if said.endswith((".", "!", "?")) else f"{said}." if said else ""

    @property
    def field(self) -> str | None:
        """Our name of the field it is about."""
        path = self.element.lower().removeprefix("customer.").removeprefix("invoice.").removeprefix("payment.")
        found = [name for name in _FIELDS if path.startswith(name)]
        return _FIELDS[max(found, key=len)] if found else None


def read_faults(document: Any, text: str) -> tuple[Fault, ...]:
    """Return the faults of an answer, given as JSON document (None if it is none) and as text."""
    if isinstance(document, Mapping):
        return fault_of(document.get("Fault") or document.get("fault"))
    return tuple(_from_xml(attributes, inner) for attributes, inner in _XML_ERROR.findall(text))


def fault_of(wrapped: Any) -> tuple[Fault, ...]:
    """Return the faults of one ``Fault`` object, which also stands in items of a batch."""
    if not isinstance(wrapped, Mapping):
        return ()
    listed = _either(wrapped, "Error") or ()
    kind = str(_either(wrapped, "type") or "")
    found = [_from_json(one, kind) for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    return tuple(found) or (Fault(code="", message="QuickBooks refused without saying why.", type=kind),)


def error_of(
    faults: tuple[Fault, ...],
    *,
    status: int,
    writing: bool,
    request_id: str | None,
    retry_after: timedelta | None = None,
    text: str = "",
) -> errors.ConnectorError:
    """Return what a refused call or item means.

    ``status`` is the HTTP status, ``text`` the answer, ``writing`` tells whether something may have been written.
    """
    fault = faults[0] if faults else Fault(code="")
    facts: errors.CallFacts = {
        "request_id": request_id,
        "provider_code": fault.code or (str(status) if status != _OK else None),
        "detail": text or " ".join(one.sentence for one in faults),
        "answered": True,
    }
    return (
        _of_connection(fault, status, facts, retry_after)
        or _of_server(fault, status, facts, writing=writing)
        or _of_record(fault, status, facts)
    )


def _of_connection(
    fault: Fault, status: int, facts: errors.CallFacts, retry_after: timedelta | None
) -> errors.ConnectorError | None:
    """Judge what is not about a record: limits, authorisation, subscription."""
    if status == _THROTTLED or fault.code == "3001" or "ThrottleExceeded" in fault.message:
        rest = DEFAULT_REST if retry_after is None else retry_after
        return errors.RateLimited("QuickBooks' limit of calls is reached.", retry_after=rest, **facts)
    if status == _UNAUTHORIZED or fault.code == "3200":
        return errors.AuthorizationLost("expired", "QuickBooks no longer accepts the access token.", **facts)
    if status == _FORBIDDEN or (fault.code == "3100" and status < _SERVER):
        message = "QuickBooks does not let this app into the company. Please connect again."
        return errors.AuthorizationLost("not_authorized", message, **facts)
    if fault.code == "6190":
        return errors.SubscriptionEnded(fault.sentence or "The company's QuickBooks subscription has ended.", **facts)
    return None


def _of_server(fault: Fault, status: int, facts: errors.CallFacts, *, writing: bool) -> errors.ConnectorError | None:
    """Judge failures of the service itself, after which a write may or may not have happened."""
    if "one name at a time" in f"{fault.message} {fault.detail}":
        return errors.Transient("QuickBooks was busy with another name.", **facts)
    failed = status >= _SERVER and fault.type != "ValidationFault"
    if failed or status == _TIMEOUT or fault.code in _SYSTEM or fault.type == "SystemFault":
        message = f"QuickBooks failed (HTTP {status})."
        if writing:
            return errors.OutcomeUnknown(message, **facts)
        return errors.Transient(message, **facts)
    if writing and fault.code in {"600", "630"}:
        return errors.OutcomeUnknown("QuickBooks has seen this request before.", **facts)
    return None


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a code means about a record: the class of the error, a finer code, the field if the fault names none."""

    error: type[errors.Rejected]
    code: str | None = None
    field: str | None = None


_MEANINGS: Mapping[str, _Meaning] = {
    "610": _Meaning(errors.NotFound),
    "800": _Meaning(errors.NotAllowedNow),
    "2500": _Meaning(errors.Rejected, "reference_inactive"),
    "6140": _Meaning(errors.Rejected, "duplicate_number", "number"),
    "6180": _Meaning(errors.Rejected, "too_deep", "parent"),
    "6210": _Meaning(errors.ClosedPeriod),
    "6220": _Meaning(errors.NotAllowedNow),
    "6240": _Meaning(errors.DuplicateName, field="name"),
    "6540": _Meaning(errors.NotAllowedNow),
}
#: Words that tell a meaning whatever the code is, which Intuit's own lists do not agree on for some.
_TELLING = {
    "duplicate document number": "6140",
    "period has closed": "6210",
    "non-zero balance": "6220",
    "made inactive": "2500",
}
_VALIDATION = re.compile(r"2\d{3}")
#: What a record hangs below: that it is out of use is a question about it, not about the record.
_PARENTS = frozenset({"customer", "parent"})


def _of_record(fault: Fault, status: int, facts: errors.CallFacts) -> errors.ConnectorError:
    """Judge what is about the record: a person must act, or we reconcile anew."""
    said = fault.sentence or f"QuickBooks refused (HTTP {status})."
    if fault.code == "5010":
        return errors.StaleVersion(said, **facts)
    words = f"{fault.message} {fault.detail}".lower()
    told = next((code for phrase, code in _TELLING.items() if phrase in words), fault.code)
    if not told and status == _NOT_FOUND:
        told = "610"
    usual = _Meaning(errors.ValidationFailed if _VALIDATION.fullmatch(told) else errors.Rejected)
    meaning = _MEANINGS.get(told, usual)
    field = fault.field or meaning.field
    if meaning.code is not None:
        facts["code"] = meaning.code
    if meaning.code == "reference_inactive" and field in _PARENTS and "inactive" in words:
        facts["code"] = "parent_archived"
    return meaning.error(said, field=field, **facts)


def _from_json(error: Mapping[str, Any], kind: str) -> Fault:
    message = str(_either(error, "Message") or "")
    named = str(_either(error, "code") or "").strip()
    code = named.lstrip("0") if named.strip("0") else ""
    inside = _GATEWAY_CODE.search(message)
    return Fault(
        code=code or (inside[1] if inside else ""),
        message="" if inside else message,
        detail=str(_either(error, "Detail") or ("" if not inside else message)),
        element=str(_either(error, "element") or ""),
        type=kind,
    )


def _either(mapping: Mapping[str, Any], name: str) -> Any:
    """Return a member by its name in the service's or in the gateway's spelling."""
    return mapping.get(name, mapping.get(name.lower()))


def _from_xml(attributes: str, inner: str) -> Fault:
    def member(name: str) -> str:
        found = re.search(rf"<{name}>(.*?)</{name}>", inner, re.DOTALL | re.IGNORECASE)
        return html.unescape(found[1].strip()) if found else ""

    def attribute(name: str) -> str:
        found = re.search(rf'\b{name}="([^"]*)"', attributes)
        return html.unescape(found[1]) if found else ""

    read = {"Message": member("Message"), "Detail": member("Detail")}
    return _from_json({**read, "code": attribute("code"), "element": attribute("element")}, "")
