"""Identifiers of rows: random enough to be unguessable, ordered by time so that indexes stay compact."""

from __future__ import annotations

import re

from uuid_utils import uuid7

_FORM = re.compile(r"[0-9a-f]{32}")


def new_id() -> str:
    """Return a new identifier: a UUIDv7 as 32 lower-case hexadecimal characters."""
    return uuid7().hex


def is_id(text: str) -> bool:
    """Tell whether a text has the form of an identifier; says nothing about whether it exists."""
    return _FORM.fullmatch(text) is not None
