"""The query language: parsing and running one statement.

Intuit documents ``select * | count(*) from Entity [where ...] [orderby ...] [startposition n] [maxresults n]`` with
``and`` as the only connective, the operators ``= < > <= >= in like``, ``%`` as the only wildcard and the backslash as
escape character. There is no ``or``, no ``!=``, no join and no projection.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.quickbooks.faults import Fault

MAX_ROWS = 1000
DEFAULT_ROWS = 100

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:\\.|[^'\\])*')
    | (?P<number>-?\d+(?:\.\d+)?(?![\w.-]))
    | (?P<word>[A-Za-z_][\w.]*)
    | (?P<op><=|>=|<|>|=)
    | (?P<mark>[(),*])
    )""",
    re.VERBOSE,
)
_TIMES = re.compile(r"Time$")


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of the where clause; ``values`` has one element unless the operator is ``in``."""

    name: str
    op: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One parsed statement."""

    entity: str
    count: bool = False
    extra: tuple[str, ...] = ()
    where: tuple[Condition, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    start: int = 1
    size: int = DEFAULT_ROWS


def parse_failure(detail: str) -> Fault:
    """Return 4000: the statement is not in the language."""
    return Fault("4000", "Error parsing query", f"QueryParserError: {detail}")


def validation_failure(detail: str) -> Fault:
    """Return 4001: the statement names something that is not there, or asks for too much."""
    return Fault("4001", "Invalid query", f"QueryValidationError: {detail}")


class _Tokens:
    """A cursor over the tokens of one statement."""

    def __init__(self, statement: str) -> None:
        self._items: list[tuple[str, str]] = []
        self._next = 0
        position = 0
        text = statement.rstrip().rstrip(";").rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None or match.lastgroup is None:
                raise parse_failure(f'Encountered "{text[position : position + 20].strip()}" at column {position + 1}.')
            self._items.append((match.lastgroup, match.group(match.lastgroup)))
            position = match.end()

    def peek(self) -> tuple[str, str]:
        return self._items[self._next] if self._next < len(self._items) else ("end", "<EOF>")

    def take(self) -> tuple[str, str]:
        token = self.peek()
        self._next += 1
        return token

    def accept(self, *words: str) -> bool:
        kind, value = self.peek()
        if kind in ("word", "mark") and value.lower() in words:
            self._next += 1
            return True
        return False

    def expect(self, word: str) -> None:
        if not self.accept(word):
            raise self.unexpected(f'Was expecting "{word}".')

    def word(self) -> str:
        kind, value = self.take()
        if kind != "word":
            self._next -= 1
            raise self.unexpected("Was expecting a name.")
        return value

    def integer(self) -> int:
        kind, value = self.take()
        if kind != "number" or not value.isdigit():
            self._next -= 1
            raise self.unexpected("Was expecting a whole number.")
        return int(value)

    def unexpected(self, wanted: str) -> Fault:
        return parse_failure(f'Encountered "{self.peek()[1]}". {wanted}')


def parse(statement: str) -> Query:
    """Parse one statement.

    :raises Fault: 4000 when it is not in the language, 4001 when it asks for more than 1000 rows.
    """
    tokens = _Tokens(statement)
    tokens.expect("select")
    count, extra = _selection(tokens)
    tokens.expect("from")
    entity = tokens.word()
    where = _where(tokens) if tokens.accept("where") else ()
    order = _order(tokens)
    start = tokens.integer() if tokens.accept("startposition") else 1
    size = tokens.integer() if tokens.accept("maxresults") else DEFAULT_ROWS
    if tokens.peek()[0] != "end":
        raise tokens.unexpected("Was expecting the end of the statement.")
    if size > MAX_ROWS:
        raise validation_failure(f"value {size} is too large. Max allowed value is {MAX_ROWS}.")
    return Query(entity=entity, count=count, extra=extra, where=where, order=order, start=max(start, 1), size=size)


def _selection(tokens: _Tokens) -> tuple[bool, tuple[str, ...]]:
    if tokens.accept("count"):
        for mark in "(*)":
            tokens.expect(mark)
        return True, ()
    tokens.expect("*")
    extra = []
    while tokens.accept(","):
        extra.append(tokens.word())
    return False, tuple(extra)


def _where(tokens: _Tokens) -> tuple[Condition, ...]:
    conditions = [_condition(tokens)]
    while tokens.accept("and"):
        conditions.append(_condition(tokens))
    return tuple(conditions)


def _condition(tokens: _Tokens) -> Condition:
    name = tokens.word()
    kind, op = tokens.take()
    op = op.lower()
    if kind != "op" and op not in ("in", "like"):
        raise parse_failure(f'Encountered "{op}". Was expecting one of = < > <= >= in like.')
    if op != "in":
        return Condition(name, op, (_literal(tokens),))
    tokens.expect("(")
    values = [_literal(tokens)]
    while tokens.accept(","):
        values.append(_literal(tokens))
    tokens.expect(")")
    return Condition(name, op, tuple(values))


def _literal(tokens: _Tokens) -> str:
    kind, value = tokens.take()
    if kind == "text":
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    if kind == "number" or (kind == "word" and value.lower() in ("true", "false")):
        return value.lower()
    raise parse_failure(f'Encountered "{value}". Was expecting a value in single quotes, a number, true or false.')


def _order(tokens: _Tokens) -> tuple[tuple[str, bool], ...]:
    if tokens.accept("order"):
        tokens.expect("by")
    elif not tokens.accept("orderby"):
        return ()
    order = []
    while True:
        name = tokens.word()
        descending = tokens.accept("desc")
        if not descending:
            tokens.accept("asc")
        order.append((name, descending))
        if not tokens.accept(","):
            return tuple(order)


def property_value(row: Mapping[str, Any], name: str) -> Any:
    """Return the value at a dotted name; references, addresses and phones stand for their one scalar."""
    value: Any = row
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, Mapping):
        return next((value[key] for key in ("value", "Address", "FreeFormNumber", "URI") if key in value), None)
    return value


def matches(row: Mapping[str, Any], condition: Condition, zone: tzinfo) -> bool:
    """Say whether a rendered row fulfils one condition; texts compare without regard to case.

    :raises Fault: 4001 when the literal cannot be compared with the property.
    """
    value = property_value(row, condition.name)
    if condition.op == "like":
        pattern = ".*".join(re.escape(part) for part in condition.values[0].split("%"))
        return re.fullmatch(pattern, str(value or ""), re.IGNORECASE | re.DOTALL) is not None
    return any(_compare(value, condition.op, literal, condition.name, zone) for literal in condition.values)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "in": lambda a, b: bool(a == b),
    "<": lambda a, b: bool(a < b),
    ">": lambda a, b: bool(a > b),
    "<=": lambda a, b: bool(a <= b),
    ">=": lambda a, b: bool(a >= b),
}


def _compare(value: Any, op: str, literal: str, name: str, zone: tzinfo) -> bool:
    if value is None or literal == " ":
        return op in ("=", "in") and (value is None or value == "") and literal.strip() == ""
    left, right = _comparable(value, literal, name, zone)
    return _COMPARE[op](left, right)


def _comparable(value: Any, literal: str, name: str, zone: tzinfo) -> tuple[Any, Any]:
    try:
        if isinstance(value, bool):
            return value, literal == "true"
        if isinstance(value, int | Decimal) or (name.endswith("Id") and value.isdigit() and literal.isdigit()):
            return Decimal(value), Decimal(literal)
        if _TIMES.search(name):
            return moment(value, zone), moment(literal, zone)
    except (ValueError, InvalidOperation):
        raise validation_failure(f"Property {name} cannot be compared with '{literal}'.") from None
    return str(value).casefold(), literal.casefold()


def moment(text: str, zone: tzinfo) -> datetime:
    """Read a date or time; without an offset it is in the company's zone.

    :raises ValueError: the text is neither.
    """
    if len(text) == len("2026-11-22"):
        return datetime.combine(date.fromisoformat(text), time(), zone)
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=zone)


def select(rows: Iterable[Mapping[str, Any]], query: Query, zone: tzinfo) -> list[Mapping[str, Any]]:
    """Return all rows that match, in order, before paging; only active ones unless the statement asks by Active.

    Rows without an ``Active`` property count as active.
    """
    asks = any(condition.name == "Active" for condition in query.where)
    found = [
        row
        for row in rows
        if (asks or row.get("Active", True)) and all(matches(row, condition, zone) for condition in query.where)
    ]
    for name, descending in reversed(query.order):
        found.sort(key=lambda row: _sort_key(property_value(row, name)), reverse=descending)
    return found


def page(rows: Sequence[Mapping[str, Any]], query: Query) -> Sequence[Mapping[str, Any]]:
    """Cut the page that the statement asks for."""
    return rows[query.start - 1 : query.start - 1 + query.size]


def _sort_key(value: Any) -> tuple[int, Any]:
    if value is None:
        return (0, "")
    if isinstance(value, bool | int | Decimal):
        return (1, Decimal(value))
    if isinstance(value, str) and value.isdigit():
        return (1, Decimal(value))
    return (2, str(value).casefold())
