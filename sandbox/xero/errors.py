"""Refusals as Xero words them; each knows its answer."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]


class XeroError(Exception):
    """An answer with an error status."""

    def __init__(self, status: int, body: Json | str | None) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body  #: JSON, plain text, or nothing


class InvalidError(Exception):
    """One element against the rules; becomes a ValidationException or an element's ValidationErrors."""

    def __init__(self, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.messages: Sequence[str] = messages


def validation_exception(elements: Sequence[Json]) -> XeroError:
    """Return the 400 for a call with invalid elements, each of which carries its ValidationErrors (Xero facts 2)."""
    return _numbered(10, "ValidationException", "A validation exception occurred", elements)


def query_parse(message: str = "Syntax error") -> XeroError:
    """Return the 400 for a ``where`` or ``order`` that can't be read (Xero facts 2: ErrorNumber 16)."""
    return _numbered(16, "QueryParseException", message)


def bad_body(message: str) -> XeroError:
    """Return the 400 for a request body that is no JSON of the right form."""
    return _numbered(14, "PostDataInvalidException", message)


def nothing_sent(kind: str) -> XeroError:
    """Return the 400 for a write without elements."""
    return _numbered(17, "NoDataProcessedException", f"No elements were found in the request. Expecting {kind}.")


def not_found() -> XeroError:
    """Return the 404, which is plain text (Xero facts 4: not always JSON)."""
    return XeroError(404, "The resource you're looking for cannot be found")


def gateway(status: int, title: str, detail: str) -> XeroError:
    """Return a 401 or 403 as the gateway words it (Xero facts 4)."""
    instance = str(uuid.uuid4())
    body: Json = {
        "Type": None,
        "Title": title,
        "Status": status,
        "Detail": detail,
        "Instance": instance,
        "Extensions": {},
    }
    return XeroError(status, body)


def _numbered(number: int, kind: str, message: str, elements: Sequence[Json] | None = None) -> XeroError:
    body: Json = {"ErrorNumber": number, "Type": kind, "Message": message}
    if elements is not None:
        body["Elements"] = list(elements)
    return XeroError(400, body)
