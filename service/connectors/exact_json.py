"""JSON whose numbers never pass through a float: money leaves as it is written and arrives as it was sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring as _quoted
from typing import Any

import msgspec

from service.core.money import decimal_text

_DECODER = msgspec.json.Decoder(float_hook=str)


def write(value: Any) -> str:
    """Return compact JSON; a Decimal becomes a plain number ("21.5"), members keep their order.

    :raises TypeError: for a float, or anything else that JSON bodies don't hold.
    """
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Decimal):
        return decimal_text(value)
    if value is None or isinstance(value, int):
        return json.dumps(value)
    if isinstance(value, (dict, Mapping)):  # most members are text: they need no call of their own
        members = [
            f"{_named(name)}{_quoted(member) if type(member) is str else write(member)}"
            for name, member in value.items()
        ]
        return "{" + ",".join(members) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([write(member) for member in value]) + "]"
    raise TypeError(f"no {type(value).__name__} in a JSON body")


@lru_cache(maxsize=1024)
def _named(name: object) -> str:
    """Return how a member begins; the same few names stand in every body."""
    return f"{_quoted(str(name))}:"


def read(text: str | bytes) -> Any:
    """Return the document; a number with a point or an exponent stays text, so that it can be stored as JSON again.

    :raises ValueError: if it is no JSON document.
    """
    try:
        return _DECODER.decode(text)
    except msgspec.DecodeError:  # half of a surrogate pair is let pass by the standard library alone
        return json.loads(text, parse_float=str, parse_constant=_refuse)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
