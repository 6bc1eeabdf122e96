"""Xero's ``where`` and ``order`` expressions, the useful part (Xero facts 2).

Comparisons with text, numbers, DateTime(..), Guid("..") and true/false/null; Contains, StartsWith, EndsWith;
AND, OR, brackets.
A quotation mark inside a text can't be escaped: it ends the text, and what follows is a syntax error.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sandbox.xero.errors import query_parse

Test = Callable[[Mapping[str, Any]], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"[^"]*")|(?P<number>-?\d+(?:\.\d+)?)|(?P<op>==|!=|>=|<=|&&|\|\||[<>=(),])
    |(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*))""",
    re.VERBOSE,
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_METHODS: dict[str, Callable[[str, str], bool]] = {
    "Contains": lambda text, part: part.casefold() in text.casefold(),
    "StartsWith": lambda text, part: text.casefold().startswith(part.casefold()),
    "EndsWith": lambda text, part: text.casefold().endswith(part.casefold()),
}
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}


def where(expression: str) -> Test:
    """Return the test a ``where`` expression asks for; it takes a record with Xero's field names.

    :raises XeroError: QueryParseException 16 when the expression can't be read.
    """
    parser = _Parser(_tokens(expression))
    test = parser.either()
    parser.expect_end()
    return test


def order(expression: str) -> list[tuple[str, bool]]:
    """Return the fields of an ``order`` expression and whether each goes down.

    :raises XeroError: QueryParseException 16 when the expression can't be read.
    """
    wanted = []
    for part in expression.split(","):
        words = part.split()
        down = len(words) > 1 and words[1].upper() in ("DESC", "DESCENDING")
        if not 1 <= len(words) <= 2 or not re.fullmatch(r"[A-Za-z.]+", words[0]):  # noqa: PLR2004 - a field and a direction
            raise query_parse()
        wanted.append((words[0], down))
    return wanted


def field(record: Mapping[str, Any], path: str) -> Any:
    """Return the value at a dotted path, or None."""
    value: Any = record
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _tokens(expression: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    expression = expression.rstrip()
    while at < len(expression):
        found = _TOKEN.match(expression, at)
        if found is None or found.lastgroup is None:
            raise query_parse()
        tokens.append((found.lastgroup, found.group(found.lastgroup)))
        at = found.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def either(self) -> Test:
        tests = [self._both()]
        while self._take("OR", "||"):
            tests.append(self._both())
        return lambda record: any(test(record) for test in tests)

    def expect_end(self) -> None:
        if self._at != len(self._tokens):
            raise query_parse()

    def _both(self) -> Test:
        tests = [self._one()]
        while self._take("AND", "&&"):
            tests.append(self._one())
        return lambda record: all(test(record) for test in tests)

    def _one(self) -> Test:
        if self._take("("):
            test = self.either()
            self._need(")")
            return test
        kind, name = self._next()
        if kind != "name":
            raise query_parse()
        path, _, method = name.rpartition(".")
        if method in _METHODS and self._take("("):
            part = self._value()
            self._need(")")
            return lambda record: _METHODS[method](str(field(record, path) or ""), str(part))
        kind, sign = self._next()
        if sign not in _COMPARE:
            raise query_parse()
        wanted = self._value()
        return lambda record: _compare(_COMPARE[sign], field(record, name), wanted)

    def _value(self) -> Any:
        kind, text = self._next()
        match kind:
            case "text":
                return text[1:-1]
            case "number":
                return Decimal(text)
            case "name" if text.lower() in _WORDS:
                return _WORDS[text.lower()]
            case "name" if text.lower() in ("guid", "datetime"):
                return self._made(text.lower())
        raise query_parse()

    def _made(self, what: str) -> Any:
        self._need("(")
        parts = [self._value()]
        while self._take(","):
            parts.append(self._value())
        self._need(")")
        if what == "guid":
            return str(parts[0]).lower()
        try:
            return datetime(*(int(part) for part in parts), tzinfo=UTC)  # type: ignore[misc,arg-type]
        except (TypeError, ValueError):
            raise query_parse() from None

    def _take(self, *wanted: str) -> bool:
        if self._at < len(self._tokens):
            kind, text = self._tokens[self._at]
            if kind != "text" and text.upper() in wanted:
                self._at += 1
                return True
        return False

    def _need(self, wanted: str) -> None:
        if not self._take(wanted):
            raise query_parse()

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise query_parse()
        self._at += 1
        return self._tokens[self._at - 1]


def _compare(sign: Callable[[Any, Any], bool], held: Any, wanted: Any) -> bool:
    if isinstance(wanted, datetime) and isinstance(held, date) and not isinstance(held, datetime):
        held = datetime(held.year, held.month, held.day, tzinfo=UTC)
    if sign in (operator.eq, operator.ne):
        return sign(held or None if wanted is None else held, wanted)
    try:
        return sign(held, wanted)
    except TypeError:
        return False
