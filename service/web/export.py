"""The customer list as a CSV file: exactly what the list shows with its filters, every level of it, row by row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace

from flask import Response, request, stream_with_context
from sqlalchemy.orm import Session

from service.core.ports import EntityKind
from service.store.queries import web_trees
from service.store.queries.pages import Page
from service.store.queries.states import DotPlace, RecordDot, dot_places, record_dots
from service.store.records import CustomerRow
from service.web import listing
from service.web.access import person, shows
from service.web.pages import pages
from service.web.parts import now, package_of, parts
from service.web.words import DOTS, address, zone

_ROWS = 500
#: Signs at the beginning of a cell that make a spreadsheet work out the rest, or run it.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")
_HEAD = (
    "Name",
    "Full name",
    "Number",
    "Type",
    "List",
    "Archived",
    "Main phone",
    "Mobile",
    "Email",
    "Billing address",
    "VAT number",
    "Jobs",
    "Created",
)


@pages.get("/customers.csv")
@shows()
def export_customers(session: Session) -> Response:
    """Give the list as a file, row by row while it is read."""
    organisation_id = person().company.id
    places = dot_places(session, organisation_id)
    wish = replace(listing.wish_of(request.args, places), cursor=None)
    name = f"customers-{now():%Y-%m-%d}.csv"
    return Response(
        stream_with_context(_lines(organisation_id, wish, places)),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def safe_cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: one that begins like one gets an apostrophe before it."""
    return f"'{text}" if text.startswith(_FORMULAS) else text


def _lines(organisation_id: str, wish: listing.Wish, places: Sequence[DotPlace]) -> Iterator[str]:
    heads = [f"{package_of(row.provider)} · {row.organisation_name or ''}".rstrip(" ·") for row in places]
    yield "\ufeff" + _line([*_HEAD, *heads])  # the mark at the front tells a spreadsheet that this is UTF-8
    with parts().platform.database.read() as session:
        at: listing.Wish | None = wish
        while at is not None:
            found = listing.page_of_all_levels(
                session, organisation_id, at, _ROWS, beside=web_trees.count_jobs(archived=None)
            )
            yield _rows(session, organisation_id, found, places)
            session.expunge_all()
            at = replace(at, cursor=found.next) if found.next else None


def _rows(session: Session, organisation_id: str, found: Page[CustomerRow], places: Sequence[DotPlace]) -> str:
    states = record_dots(session, organisation_id, EntityKind.CUSTOMER, [row.id for row in found.items], places=places)
    rows = zip(found.items, found.beside, strict=True)
    return "".join(_line([*_cells(row, jobs), *_dots(states[row.id], places)]) for row, jobs in rows)


def _cells(row: CustomerRow, jobs: int) -> list[str]:
    return [
        row.name,
        row.full_name,
        row.number,
        "Job" if row.parent_id else "Individual" if row.kind == "individual" else "Company",
        "Customers" if row.is_customer else "Contacts",
        "yes" if row.archived else "no",
        row.phone or "",
        row.mobile or "",
        row.email or "",
        address(row.billing_address),
        row.vat_number or "",
        str(jobs),
        row.created_at.astimezone(zone()).date().isoformat(),
    ]


def _dots(states: Sequence[RecordDot], places: Sequence[DotPlace]) -> list[str]:
    by_connection = {state.connection.id: DOTS[state.dot.value] for state in states}
    return [by_connection.get(row.id, "") for row in places]


def _line(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow([safe_cell(cell) for cell in cells])
    return written.getvalue()
