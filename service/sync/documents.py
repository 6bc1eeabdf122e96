"""Values of the core as JSON documents in columns, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from service.core.ports import Company, Reference, Request

_REFERENCE = TypeAdapter(Reference)
_REQUEST = TypeAdapter(Request)

#: What a connection knows before its lists were read for the first time.
NOTHING_READ = Reference(company=Company(tenant_id="", name=""))


def reference_to_json(reference: Reference) -> dict[str, Any]:
    """Return the package's lists as a document."""
    document: dict[str, Any] = _REFERENCE.dump_python(reference, mode="json")
    return document


def reference_from_json(document: Mapping[str, Any] | None) -> Reference:
    """Return the package's lists from a document; empty ones for none."""
    return NOTHING_READ if document is None else _REFERENCE.validate_python(document, strict=False)


def request_to_json(request: Request) -> dict[str, Any]:
    """Return an outgoing request as a document."""
    document: dict[str, Any] = _REQUEST.dump_python(request, mode="json")
    return document


def request_from_json(document: Mapping[str, Any]) -> Request:
    """Return the request to send, byte for byte as it was stored."""
    return _REQUEST.validate_python(document)
