"""What a sandbox was told to do wrong: rules matched against each request."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any


class FaultKind(StrEnum):
    """How a matched request goes wrong."""

    STATUS = "status"  #: answer with ``status`` (and ``retry_after``, ``message``)
    THROTTLE = "throttle"  #: answer as the provider does when a limit is passed
    HANG = "hang"  #: wait ``seconds`` of real time, then go on as if nothing had been
    DROP = "drop"  #: close the TCP connection without an answer
    HALF = "half"  #: do the work, then send half of the answer and close
    MALFORMED = "malformed"  #: do the work, then answer 200 with something that isn't the protocol
    ELEMENTS = "elements"  #: refuse the chosen elements of a batch, do the others


class When(StrEnum):
    """On which side of the work a STATUS, HANG or DROP strikes."""

    BEFORE = "before"  #: nothing has been stored
    AFTER = "after"  #: the write is stored; only its answer is lost


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """Strikes requests whose method, path and body match, from the ``nth`` match on, ``count`` times."""

    kind: FaultKind
    when: When = When.BEFORE
    method: str = ""  #: regular expression, searched case-insensitively; empty matches all
    path: str = ""  #: regular expression, searched in "path?query"
    body: str = ""  #: regular expression, searched in the request body
    nth: int = 1  #: the first matching request that is struck
    count: int | None = 1  #: how many are struck; None for all that follow
    status: int = 500
    retry_after: int | None = None  #: seconds, for STATUS and THROTTLE
    seconds: float = 0.0  #: real seconds, for HANG
    message: str = "The sandbox was told to fail."
    code: str | None = None  #: the provider's error code, where it has one
    elements: tuple[int, ...] = ()  #: positions in the batch, from 0, for ELEMENTS
    element: str = ""  #: regular expression over an element's JSON, for ELEMENTS

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> FaultRule:
        """Build a rule from a control request.

        :raises ValueError: for an unknown field, kind or moment, or a broken expression.
        """
        unknown = set(given) - {field.name for field in fields(cls)}
        if unknown or "kind" not in given:
            raise ValueError(f"unknown or missing fields: {', '.join(sorted(unknown)) or 'kind'}")
        values = dict(given)
        values["kind"] = FaultKind(values["kind"])
        values["when"] = When(values.get("when", When.BEFORE))
        values["elements"] = tuple(values.get("elements", ()))
        for name in ("method", "path", "body", "element"):
            try:
                re.compile(values.get(name, ""))
            except re.error as wrong:
                raise ValueError(f"{name} is no regular expression: {wrong}") from wrong
        return cls(**values)

    def matches(self, *, method: str, target: str, body: str) -> bool:
        """Whether a request of this method, "path?query" and body is meant."""
        return bool(
            re.search(self.method, method, re.IGNORECASE)
            and re.search(self.path, target)
            and re.search(self.body, body)
        )

    def refuses(self, position: int, element: str) -> bool:
        """Whether the batch element at ``position`` (from 0), given as JSON text, is refused."""
        if self.kind is not FaultKind.ELEMENTS:
            return False
        return position in self.elements or bool(self.element and re.search(self.element, element))


class FaultPlan:
    """The rules in force; each counts its own matches. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._rules: dict[int, FaultRule] = {}
        self._matched: dict[int, int] = {}
        self._cleared = threading.Event()

    def add(self, rule: FaultRule) -> int:
        """Put a rule in force and return its number."""
        with self._lock:
            number = next(self._numbers)
            self._rules[number] = rule
            self._matched[number] = 0
            return number

    def clear(self) -> None:
        """Lift all rules and wake requests that hang."""
        with self._lock:
            self._rules.clear()
            self._matched.clear()
            self._cleared.set()
            self._cleared = threading.Event()

    def strike(self, *, method: str, target: str, body: str) -> FaultRule | None:
        """Return the rule that strikes this request, if any; every matching rule counts the request."""
        struck = None
        with self._lock:
            for number, rule in self._rules.items():
                if not rule.matches(method=method, target=target, body=body):
                    continue
                self._matched[number] += 1
                turn = self._matched[number] - rule.nth
                if struck is None and turn >= 0 and (rule.count is None or turn < rule.count):
                    struck = rule
        return struck

    def hang(self, seconds: float) -> None:
        """Wait so many real seconds, or until the rules are lifted."""
        with self._lock:
            cleared = self._cleared
        cleared.wait(seconds)

    def as_json(self) -> list[dict[str, Any]]:
        """Return the rules with their numbers and how many requests each has matched."""
        with self._lock:
            return [{"id": n, "matched": self._matched[n], **asdict(rule)} for n, rule in self._rules.items()]
