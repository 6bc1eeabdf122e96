"""How values look on Xero's wire: dates, numbers, envelopes, and XML for those who forget to ask for JSON."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from flask import Response

from sandbox.xero.errors import XeroError

Json = dict[str, Any]


def milliseconds(moment: date) -> int:
    """Return milliseconds since 1970; a plain date counts from its midnight, UTC."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def rendered(value: Any) -> Any:
    """Return JSON for a stored value: ``/Date(ms+0000)/`` for dates, with the ISO text beside the known ones."""
    if isinstance(value, Mapping):
        shown = {name: rendered(inner) for name, inner in value.items() if inner is not None}
        for name in ("Date", "DueDate"):
            if isinstance(value.get(name), date):
                shown[f"{name}String"] = f"{value[name].isoformat()}T00:00:00"
        return shown
    if isinstance(value, list | tuple):
        return [rendered(inner) for inner in value]
    if isinstance(value, date):
        return f"/Date({milliseconds(value)}+0000)/"
    if isinstance(value, Decimal):
        return float(value)  # only on its way out: the shortest digits of a cent amount are exact
    return value


def envelope(payload: Json, now: datetime) -> Json:
    """Return the payload in the wrapper every accounting answer has."""
    wrapper = {"Id": str(uuid.uuid4()), "Status": "OK", "ProviderName": "Tieout Sandbox"}
    return {**wrapper, "DateTimeUTC": f"/Date({milliseconds(now)})/", **payload}


def answer(body: Json, *, as_json: bool, status: int = 200) -> Response:
    """Return the response, as XML unless JSON was asked for (Xero facts 1: the default answer is XML)."""
    if as_json:
        return Response(json.dumps(body), status=status, content_type="application/json; charset=utf-8")
    text = f'<?xml version="1.0" encoding="utf-8"?>{_xml("Response", body)}'
    return Response(text, status=status, content_type="text/xml; charset=utf-8")


def refusal(error: XeroError) -> Response:
    """Return the response for an error."""
    if isinstance(error.body, dict):
        return answer(error.body, as_json=True, status=error.status)
    return Response(error.body or b"", status=error.status, content_type="text/html; charset=utf-8")


def _xml(tag: str, value: Any) -> str:
    if isinstance(value, dict):
        inner = "".join(_xml(name, one) for name, one in value.items())
    elif isinstance(value, list):
        inner = "".join(_xml(tag.removesuffix("s"), one) for one in value)
    else:
        inner = escape(str(value).lower() if isinstance(value, bool) else str(value))
    return f"<{tag}>{inner}</{tag}>"


def read_date(value: Any) -> date:
    """Read a date a client sent: ``YYYY-MM-DD``, ISO with a time, or ``/Date(ms)/``.

    :raises ValueError: for anything else.
    """
    text = str(value).strip()
    if text.startswith("/Date("):
        digits = text[6:].split(")")[0]
        stamp = digits.split("+")[0] if "+" in digits else digits
        return datetime.fromtimestamp(int(stamp) / 1000, UTC).date()
    return date.fromisoformat(text[:10])


def read_decimal(value: Any, wrong: Callable[[], Exception]) -> Decimal:
    """Read an amount a client sent as number or text; ``wrong`` makes the error otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise wrong()
    try:
        amount = Decimal(value)
    except ArithmeticError:
        raise wrong() from None
    if not amount.is_finite():
        raise wrong()
    return amount


def read_json(body: bytes) -> Any:
    """Read a request body; numbers with a point become Decimal.

    :raises ValueError: when it isn't JSON.
    """
    return json.loads(body, parse_float=Decimal)
