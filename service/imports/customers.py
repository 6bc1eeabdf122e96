"""Adding the customers of a list that are not there yet: all of them or, if one row is faulty, none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from service.core.hierarchy import MAX_DEPTH
from service.core.model import CustomerKind
from service.core.names import name_key
from service.imports.columns import Headed, understand
from service.imports.row import Asked, read_row
from service.imports.sheet import Line, read_lines
from service.mapping.columns import Layout
from service.records.author import Author
from service.records.customers import create_customer
from service.records.errors import Fault, Invalid, RecordError, Taken, invalid
from service.store.queries.known import known_customers, tax_levels_by_name
from service.store.records import CustomerRow

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with one field of one row."""

    line: int  #: of the file, from 1
    field: str  #: the heading of its column; our name of the field where the list has no such column
    label: str  #: what the row's customer is called
    message: str


@dataclass(slots=True, kw_only=True)
class Report:
    """What an import found and did."""

    layout: str
    rows: int
    new: int = 0
    parents: int = 0  #: clients and jobs that only stood in a path, added so that the rest has its place
    already_there: int = 0
    faulty: int = 0  #: rows that need a person
    unnamed_contacts: int = 0  #: companies whose list named nobody
    ignored: list[str] = field(default_factory=list)  #: headings that nothing was taken from
    problems: list[Problem] = field(default_factory=list)
    imported: bool = False


def import_customers(
    session: Session,
    author: Author,
    content: bytes,
    *,
    layouts: Sequence[Layout],
    skip_faulty: bool = False,
    dry_run: bool = False,
) -> Report:
    """Add the customers of a file within the caller's transaction.

    A row is already there if its number is in use by a customer of the same name, or if its whole name and its address
    of mail are; then nothing of it is changed. Parents are added before their jobs. With a faulty row nothing is kept,
    unless ``skip_faulty``; with ``dry_run`` nothing is kept in any case.

    :raises UnreadableFile: the file as a whole can't be taken.
    """
    headed = understand(read_lines(content), layouts)
    report = Report(layout=headed.layout.name, rows=len(headed.lines), ignored=headed.ignored)
    with suppress(_NotKept), session.begin_nested():
        _Import(session, author, headed, report).run()
        report.imported = not dry_run and (skip_faulty or not report.faulty)
        if not report.imported:
            raise _NotKept
    return report


class _NotKept(Exception):
    """Nothing of the import is kept."""


class _Import:
    """One import under way: what is there, and what came of each row so far."""

    def __init__(self, session: Session, author: Author, headed: Headed, report: Report) -> None:
        self._session, self._author, self._headed, self._report = session, author, headed, report
        self._levels = tax_levels_by_name(session, author.organisation_id)
        self._places: dict[Path, list[str]] = {}  #: whole name -> ids of those who have it
        self._known: set[tuple[Path, str]] = set()
        self._numbers: dict[str, Path] = {}
        for one in known_customers(session, author.organisation_id):
            self._remember(one.id, _key(tuple(one.full_name.split(":"))), one.email, one.number)

    def run(self) -> None:
        """Take the rows, parents before their jobs."""
        for line, asked in sorted(self._read(), key=lambda one: len(one[1].path)):
            try:
                self._take(asked)
            except RecordError as refusal:
                self._refuse(line, asked.label, refusal)
        self._report.problems.sort(key=lambda problem: problem.line)

    def _read(self) -> Iterator[tuple[Line, Asked]]:
        layout, fields = self._headed.layout, self._headed.fields
        for line in self._headed.lines:
            cells = {name: cell for name, cell in zip(fields, line.cells, strict=False) if name is not None}
            label = cells.get("name", "")
            try:
                if any(line.cells[len(fields) :]):
                    raise invalid("line", "The row has more cells than the list has headings.")
                yield line, read_row(layout.refine(cells), has_paths=layout.has_paths)
            except Invalid as refusal:
                self._refuse(line, label, refusal)

    def _take(self, asked: Asked) -> None:
        path, number = _key(asked.path), str(asked.values.get("number") or "")
        holder = self._numbers.get(number.casefold()) if number else None
        if holder is not None and holder != path:
            raise Taken(Fault("number", f"{number} is the number of another customer, {':'.join(holder)}."))
        if holder is not None or (path, (asked.email or "").casefold()) in self._known:
            self._report.already_there += 1
            return
        if len(path) > MAX_DEPTH:
            raise invalid("name", f"A client can have jobs down to level {MAX_DEPTH}; this would be level {len(path)}.")
        asked.customer(name=asked.path[-1], parent_id=None, kind=asked.kind)  # before anything is added for its sake
        self._add(asked, asked.path, self._parent_of(asked))
        self._report.new += 1

    def _parent_of(self, asked: Asked) -> str | None:
        """Return the id of what the row stands under, adding what is missing of it."""
        parent_id = None
        for length in range(1, len(asked.path)):
            above = asked.path[:length]
            found = self._places.get(_key(above), [])
            if len(found) > 1:
                raise invalid("name", f"Several customers are called {':'.join(above)}; give them names that differ.")
            if found:
                parent_id = found[0]
            else:
                parent_id = self._add(asked.above(), above, parent_id)
                self._report.parents += 1
        return parent_id

    def _add(self, asked: Asked, path: Path, parent_id: str | None) -> str:
        """Add one customer; a job is of its client's kind."""
        parent = None if parent_id is None else self._session.get_one(CustomerRow, parent_id)
        kind = asked.kind if parent is None else CustomerKind(parent.kind)
        given = asked.customer(
            name=path[-1], parent_id=parent_id, kind=kind, tax_level_id=self._level_of(asked.tax_level)
        )
        with self._session.begin_nested():
            row = create_customer(self._session, self._author, given)
        self._remember(row.id, _key(path), row.email, row.number)
        self._report.unnamed_contacts += len(given.contacts) > len(asked.people)
        return row.id

    def _level_of(self, name: str | None) -> str | None:
        if name is None:
            return None
        if name.casefold() not in self._levels:
            raise invalid("tax_level", f"There is no tax level '{name}'.")
        return self._levels[name.casefold()]

    def _remember(self, row_id: str, path: Path, email: str | None, number: str) -> None:
        self._places.setdefault(path, []).append(row_id)
        self._known.add((path, (email or "").casefold()))
        self._numbers[number.casefold()] = path

    def _refuse(self, line: Line, label: str, refusal: RecordError) -> None:
        self._report.faulty += 1
        for fault in getattr(refusal, "faults", ()) or (Fault("name", str(refusal)),):
            heading, message = self._heading_of(fault.field), _sentence(fault.message)
            self._report.problems.append(Problem(line=line.number, field=heading, label=label, message=message))

    def _heading_of(self, path: str) -> str:
        """Return the heading of the column that a fault lies in; our name of the field if the list has none."""
        names = _flat_names(path)
        columns = zip(self._headed.fields, self._headed.headings, strict=True)
        headings = {name: heading for name, heading in columns if name is not None}
        return next((headings[name] for name in names if name in headings), names[0])


def _key(path: Path) -> Path:
    return tuple(name_key(name) for name in path)


def _flat_names(path: str) -> tuple[str, ...]:
    """Return what a list may call a field, the likeliest first; ``path`` is such as ``contacts.0.email``."""
    whole, *parts = path.split(".")
    if whole == "contacts" and not parts:
        return "contact1_email", "email"
    if whole == "contacts":
        name = f"contact{int(parts[0]) + 1}_{parts[-1]}"
        return name, name.removeprefix("contact1_")
    if whole.endswith("_address") and parts:
        return (f"{whole.removesuffix('_address')}_{parts[0]}",)
    return ("parent", "name") if whole == "parent_id" else (whole,)


def _sentence(message: str) -> str:
    return message if message.endswith(".") else f"{message}."
