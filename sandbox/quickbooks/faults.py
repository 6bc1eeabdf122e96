"""Faults the way QuickBooks words them, in both of its envelopes.

Codes and messages follow the error code list on developer.intuit.com (Troubleshooting) and samples seen in public
issues; the exact ``Detail`` of rare faults is not documented and is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

INACTIVE_REFERENCE = "Something you're trying to use has been made inactive. Check the fields with accounts."


#: Short messages of codes that no rule here ends in, but that a sandbox can be told to answer with.
_MESSAGES = {
    "600": "Duplicate Request",
    "610": "Object Not Found",
    "630": "Duplicate Object",
    "700": "Parent Reference Invalid",
    "800": "Cannot Delete",
    "900": "Parent cannot be child",
    "2010": "Request has invalid or unsupported property",
    "2020": "Required param missing, need to supply the required value for the API",
    "2030": "Invalid ID",
    "2050": "String length is either shorter or longer than supported by specification",
    "2090": "Invalid Reference Name",
    "2170": "Invalid Enumeration",
    "2500": "Invalid Reference Id",
    "4000": "Error parsing query",
    "4001": "Invalid query",
    "5010": "Stale Object Error",
    "5020": "Permission Denied Error",
    "6070": "Amount calculation incorrect in the request",
    "6080": "No Name Provided",
    "6100": "Invalid Line TaxCode in the request",
    "6140": "Duplicate Document Number Error",
    "6150": "ParentRef Required Error",
    "6180": "Sub Level Limit",
    "6190": "Invalid Company Status",
    "6210": "Account Period Closed, Cannot Update Through Services API",
    "6220": "Delete Entity Has Balance Error",
    "6240": "Duplicate Name Exists Error",
    "6540": "Deposited Transaction cannot be changed",
}
_SYSTEM = {"10000", "-30000"}


class Fault(Exception):
    """One refusal by the service: a code, a short message, a detail, and the element it is about."""

    def __init__(
        self,
        code: str,
        message: str,
        detail: str,
        element: str = "",
        *,
        status: int = 400,
        kind: str = "ValidationFault",
    ) -> None:
        super().__init__(f"{code} {message}: {detail}")
        self.code = code
        self.message = message
        self.detail = detail
        self.element = element
        self.status = status
        self.kind = kind

    def body(self) -> dict[str, Any]:
        """Return the ``Fault`` object without its outer envelope, as batch items carry it."""
        return {"Error": [self._error()], "type": self.kind}

    def _error(self) -> dict[str, str]:
        return {"Message": self.message, "Detail": self.detail, "code": self.code, "element": self.element}


class GatewayFault(Exception):
    """A refusal by the gateway in front of the service, worded in lower case."""

    def __init__(self, *, status: int, code: str, name: str, detail: str, kind: str) -> None:
        super().__init__(f"{code} {name}: {detail}")
        self.status = status
        self.code = code
        self.name = name
        self.detail = detail
        self.kind = kind

    def body(self, now: datetime) -> dict[str, Any]:
        """Return the whole gateway document; ``time`` is in milliseconds since 1970."""
        message = f"message={self.name}; errorCode={int(self.code):06d}; statusCode={self.status}"
        error = {"message": message, "detail": self.detail, "code": self.code, "element": None}
        return {
            "warnings": None,
            "intuitObject": None,
            "fault": {"error": [error], "type": self.kind},
            "report": None,
            "queryResponse": None,
            "batchItemResponse": [],
            "attachableResponse": [],
            "syncErrorResponse": None,
            "requestId": None,
            "time": int(now.timestamp() * 1000),
            "status": None,
            "cdcresponse": [],
        }


def token_expired() -> GatewayFault:
    """Return the answer to an expired, revoked or unknown access token."""
    return GatewayFault(
        status=401, code="3200", name="AuthenticationFailed", detail="Token expired", kind="AUTHENTICATION"
    )


def not_authorized() -> GatewayFault:
    """Return the answer to a token that was not given for this company."""
    return GatewayFault(
        status=403,
        code="3100",
        name="ApplicationAuthorizationFailed",
        detail="The application is not authorized for this company",
        kind="AUTHORIZATION",
    )


def throttled() -> GatewayFault:
    """Return the answer past one of the limits of a company."""
    return GatewayFault(
        status=429,
        code="3001",
        name="ThrottleExceeded",
        detail="The request limit was reached. Try again later",
        kind="THROTTLED",
    )


def duplicate_name() -> Fault:
    """Return 6240: the display name is taken by a customer, vendor or employee."""
    detail = (
        "The name supplied already exists. : Another customer, vendor or employee is already using this name. "
        "Please use a different name."
    )
    return Fault("6240", "Duplicate Name Exists Error", detail)


def stale(editor: str) -> Fault:
    """Return 5010: somebody named ``editor`` saved this record since it was read."""
    detail = (
        f"Stale Object Error : You and {editor} were working on this at the same time. "
        f"{editor} finished before you did, so your work was not saved."
    )
    return Fault("5010", "Stale Object Error", detail)


def too_long(element: str, *, limit: int, length: int, least: int = 0) -> Fault:
    """Return 2050: a text of ``length`` characters where ``least`` to ``limit`` are allowed."""
    detail = (
        "String length specified does not match the supported length. "
        f"Min:{least:,} Max:{limit:,} supported. Supplied length: {length:,}"
    )
    message = "String length is either shorter or longer than supported by specification"
    return Fault("2050", message, detail, element)


def missing(element: str) -> Fault:
    """Return 2020: a required parameter is absent."""
    return Fault(
        "2020",
        "Required param missing, need to supply the required value for the API",
        f"Required parameter {element} is missing in the request",
        element,
    )


def unsupported_property(name: str) -> Fault:
    """Return 2010: a property that the entity does not have, or a value of the wrong JSON type."""
    detail = f"Property Name:{name} specified is unsupported or invalid"
    return Fault("2010", "Request has invalid or unsupported property", detail)


def forbidden_characters(element: str, value: str) -> Fault:
    """Return 2040: a name holding a colon, tab or line break."""
    return Fault("2040", "Invalid String", f"Invalid String. Element contains invalid characters: {value!r}", element)


def invalid_email(element: str, value: str) -> Fault:
    """Return 2210: an address without an at sign and a dot."""
    detail = f"Email Address does not conform to the syntax rules of RFC 822. Supplied value:{value}"
    return Fault("2210", "Invalid Email Address format", detail, element)


def invalid_website(element: str, value: str) -> Fault:
    """Return 2200: a web address that is no well-formed URI."""
    return Fault("2200", "Malformed Website Address Format", f"Supplied value:{value}", element)


def invalid_enumeration(element: str, value: object) -> Fault:
    """Return 2170: a word outside the list of allowed words."""
    return Fault("2170", "Invalid Enumeration", f"Invalid Enumeration : {value}", element)


def invalid_id(value: object, element: str = "Id") -> Fault:
    """Return 2030: an id that is no number."""
    detail = f"Invalid ID : Id should be a valid number. Supplied value:{value}"
    return Fault("2030", "Invalid ID", detail, element)


def invalid_date(element: str, value: object) -> Fault:
    """Return 2060: a date not written as year, month and day."""
    return Fault("2060", "Invalid Date Format", f"Invalid Date Format : Supplied value:{value}", element)


def not_found(detail: str = "Another user has deleted this transaction.") -> Fault:
    """Return 610: no such object, or one that was made inactive."""
    return Fault("610", "Object Not Found", f"Object Not Found : {detail}")


def bad_reference(detail: str, element: str = "") -> Fault:
    """Return 2500: a reference to something that is missing or inactive."""
    return Fault("2500", "Invalid Reference Id", f"Invalid Reference Id : {detail}", element)


def business(detail: str, element: str = "") -> Fault:
    """Return 6000: any rule of the business without a code of its own."""
    return Fault(
        "6000",
        "A business validation error has occurred while processing your request",
        f"Business Validation Error: {detail}",
        element,
    )


def one_name_at_a_time() -> Fault:
    """Return the 6000 that answers parallel writes to the name lists."""
    return business("You can only add or edit one name at a time. Please try again.")


def parent_required() -> Fault:
    """Return 6150: Job and ParentRef go together or not at all."""
    return Fault(
        "6150", "ParentRef Required Error", "ParentRef is either required or not if Job is true or false.", "Job"
    )


def amount_mismatch(supplied: object) -> Fault:
    """Return 6070: a line whose amount is not quantity times price."""
    return Fault(
        "6070",
        "Amount calculation incorrect in the request",
        f"Amount is not equal to UnitPrice * Qty. Supplied value:{supplied}",
        "Line.Amount",
    )


def duplicate_number() -> Fault:
    """Return 6140: the document number is used and the company warns about that."""
    detail = "Duplicate Document Number Error : You must specify a different number. This number has already been used."
    return Fault("6140", "Duplicate Document Number Error", detail, "DocNumber")


def period_closed() -> Fault:
    """Return 6210: the books are closed up to a later date than the document's."""
    detail = (
        "The account period has closed and the account books cannot be updated through the QBO Services API. "
        "Please use the QBO website to make these changes."
    )
    return Fault("6210", "Account Period Closed, Cannot Update Through Services API", detail)


def unsupported_operation(name: str) -> Fault:
    """Return 500: an operation that the entity does not have."""
    return Fault("500", "Unsupported Operation", f"Operation {name} is not supported.")


def envelope(faults: Sequence[Fault], time: str) -> dict[str, Any]:
    """Wrap faults of one kind in the service's document."""
    errors = [error for fault in faults for error in fault.body()["Error"]]
    return {"Fault": {"Error": errors, "type": faults[0].kind}, "time": time}


def told(code: str | None, detail: str) -> Fault:
    """Return the fault of a code that the sandbox was told to answer with; without one the general 6000."""
    if code is None or code == "6000":
        return business(detail)
    if code in _SYSTEM:
        return Fault(
            code, "An application error has occurred while processing your request", detail, kind="SystemFault"
        )
    return Fault(code, _MESSAGES.get(code, "Error"), detail)
