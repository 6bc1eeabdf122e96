"""JSON documents of columns, as text and back: written and read many times for every record that moves."""

from __future__ import annotations

import json
from typing import Any

import msgspec

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder()


def written(value: Any) -> str:
    """Return a document as JSON text.

    :raises TypeError: it holds something that JSON does not.
    """
    try:
        return _ENCODER.encode(value).decode()
    except (TypeError, UnicodeEncodeError):  # half of a surrogate pair, for one, which the standard library escapes
        return json.dumps(value)


def read(text: str | bytes) -> Any:
    """Return the document that :func:`written` wrote, or that the database wrote anew.

    :raises ValueError: it is no JSON.
    """
    try:
        return _DECODER.decode(text)
    except msgspec.DecodeError:
        return json.loads(text)
