"""Bodies of requests, in the words of the domain."""

from __future__ import annotations

from typing import Any


def company(name: str = "Freeman Sporting Goods", **fields: Any) -> dict[str, Any]:
    person = {"first_name": "James", "last_name": "Smith", "email": "james@freeman.example"}
    return {"name": name, "contacts": [person], **fields}


def line(unit_price: str = "150.00", quantity: str = "2", **fields: Any) -> dict[str, Any]:
    return {"description": "Work", "quantity": quantity, "unit_price": unit_price, **fields}


def invoice(customer_id: str, *lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"customer_id": customer_id, "issue_date": "2026-11-22", "lines": list(lines) or [line()], **fields}
