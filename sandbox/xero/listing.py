"""Reading lists: changed since, filters, order and pages (Xero facts 2 and 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from flask import Request

from sandbox.xero import where as expressions
from sandbox.xero.errors import XeroError, validation_exception
from sandbox.xero.organisation import Record

LARGEST_PAGE = 1000
DEFAULT_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a list request asks for."""

    args: Mapping[str, str]
    modified_since: datetime | None

    @classmethod
    def of(cls, request: Request) -> Asked:
        """Read query and headers; a time that can't be read counts as absent."""
        return cls(args=request.args, modified_since=_moment(request.headers.get("If-Modified-Since", "")))

    @property
    def paged(self) -> bool:
        """Whether details and pagination are wanted."""
        return "page" in self.args or "pageSize" in self.args

    @property
    def summary(self) -> bool:
        """Whether the light form is wanted."""
        return self.flag("summaryOnly")

    def flag(self, name: str) -> bool:
        """Whether a parameter says true."""
        return self.args.get(name, "").lower() == "true"

    def csv(self, name: str) -> set[str]:
        """Return the values of a comma-separated parameter."""
        return {part.strip().strip('"') for part in self.args.get(name, "").split(",") if part.strip()}

    @property
    def places(self) -> int:
        """Decimal places of unit amounts: 2, or 4 with ``unitdp=4``."""
        return 4 if self.args.get("unitdp") == "4" else 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The records of one answer, and the pagination block when it was asked for."""

    records: list[Record]
    pagination: Record | None

    def payload(self, plural: str, view: Callable[[Record], Record]) -> Record:
        """Return the answer's body with each record shown by ``view``."""
        shown = {plural: [view(record) for record in self.records]}
        return shown if self.pagination is None else {"pagination": self.pagination, **shown}


def select(records: Iterable[Record], asked: Asked, *, id_field: str, by_stamp: bool = True) -> Page:
    """Filter, sort and cut records as asked. Order: as asked, else by change stamp and id, or as they come.

    :raises XeroError: for expressions or page numbers that can't be read.
    """
    chosen = [record for record in records if _changed(record, asked.modified_since)]
    ids = asked.csv("IDs")
    if ids:
        chosen = [record for record in chosen if record[id_field] in ids]
    if asked.args.get("where"):
        test = expressions.where(asked.args["where"])
        chosen = [record for record in chosen if test(record)]
    if by_stamp:
        chosen.sort(key=lambda record: (record["UpdatedDateUTC"], record[id_field]))
    for path, down in reversed(expressions.order(asked.args["order"]) if asked.args.get("order") else []):
        chosen.sort(key=lambda record: _sortable(expressions.field(record, path)), reverse=down)
    if not asked.paged:
        return Page(records=chosen, pagination=None)
    page, size = _number(asked, "page", 1, None), _number(asked, "pageSize", DEFAULT_PAGE, LARGEST_PAGE)
    pagination = {"page": page, "pageSize": size, "pageCount": -(-len(chosen) // size), "itemCount": len(chosen)}
    return Page(records=chosen[(page - 1) * size : page * size], pagination=pagination)


def searched(record: Mapping[str, Any], term: str, fields: Iterable[str]) -> bool:
    """Whether any of the fields contains the term, case aside."""
    return any(term.casefold() in str(record.get(name) or "").casefold() for name in fields)


def _changed(record: Record, since: datetime | None) -> bool:
    """Compare to the second and strictly: whoever asks must overlap by a second."""
    return since is None or record["UpdatedDateUTC"].replace(microsecond=0) > since


def _moment(text: str) -> datetime | None:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(text)
        except ValueError:
            continue
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
    return None


def _number(asked: Asked, name: str, default: int, largest: int | None) -> int:
    text = asked.args.get(name, str(default))
    if not text.isdecimal() or int(text) < 1 or (largest is not None and int(text) > largest):
        raise _bad_number(name, text)
    return int(text)


def _bad_number(name: str, text: str) -> XeroError:
    return validation_exception([{"ValidationErrors": [{"Message": f"The {name} '{text}' is not valid."}]}])


def _sortable(value: Any) -> tuple[int, Any]:
    if value is None:
        return (0, "")
    if isinstance(value, str):
        return (1, value.casefold())
    if isinstance(value, bool | int | Decimal):
        return (2, value)
    if isinstance(value, datetime):
        return (4, value)
    return (3, value) if isinstance(value, date) else (5, str(value))
