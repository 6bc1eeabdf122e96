"""The part of a stored request or answer that is about one record, fit to be read: short, and without secrets.

Several records may share a request. Their elements stand in a list, in the order in which they were packed; which
member holds it is the package's own matter and found by its length.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from service.core.errors import redact


def of_request(content: str | None, *, position: int, count: int) -> str | None:
    """Return what was asked for one record.

    :param position: of its element in the request, from 0; ``count`` is how many it has.
    """
    return _told(_element(_parsed(content), position, count), content)


def of_answer(content: str | None, *, asked: str | None, position: int, count: int) -> str | None:
    """Return what was answered about one record; ``asked`` is the whole request.

    Where an element of the answer repeats a member of the element asked, such as its number in the batch or its name,
    that one is it; else the one at the same place.
    """
    document = _parsed(content)
    wanted = _element(_parsed(asked), position, count)
    for elements in _lists(document, count) if count > 1 else ():
        for name, value in wanted.items() if isinstance(wanted, Mapping) else ():
            same = [one for one in elements if isinstance(one, Mapping) and one.get(name) == value]
            if isinstance(value, str) and len(same) == 1:
                return _told(same[0], content)
    return _told(_element(document, position, count), content)


def _parsed(content: str | None) -> Any:
    try:
        return json.loads(content or "")
    except ValueError:
        return None


def _element(document: Any, position: int, count: int) -> Any:
    if count <= 1:
        return document
    return next((elements[position] for elements in _lists(document, count)), document)


def _lists(document: Any, count: int) -> Iterator[list[Any]]:
    """Yield the lists of that many elements, outer ones first."""
    inside = [document]
    while inside:
        one = inside.pop(0)
        if isinstance(one, list) and len(one) == count:
            yield one
        inside += list(one.values()) if isinstance(one, Mapping) else []


def _told(part: Any, content: str | None) -> str | None:
    if content is None:
        return None
    return redact(content if part is None else json.dumps(part, ensure_ascii=False))
