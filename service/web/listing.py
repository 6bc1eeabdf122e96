"""The customer list: one view for the dashboard and for its own page, as a tree or flat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from service.core.ports import EntityKind
from service.ids import is_id
from service.store.queries import web_trees
from service.store.queries.lists import CustomerFilter, customer_page
from service.store.queries.pages import Beside, Page
from service.store.queries.states import DotPlace, RecordDot, record_dots
from service.store.records import CustomerRow
from service.web.words import DOTS

LISTS = {"all": "All", "customers": "Customers", "contacts": "Contacts"}
SORTS = {
    "name": "Name",
    "-name": "Name, Z to A",
    "number": "Number",
    "-number": "Number, highest first",
    "kind": "Type",
    "-kind": "Type, Z to A",
    "email": "Email",
    "-email": "Email, Z to A",
    "phone": "Phone",
    "-phone": "Phone, highest first",
    "mobile": "Mobile",
    "-mobile": "Mobile, highest first",
    "vat_number": "VAT number",
    "-vat_number": "VAT number, Z to A",
    "archived": "Active first",
    "-archived": "Archived first",
    "-created_at": "Newest first",
    "created_at": "Oldest first",
    "-updated_at": "Changed last first",
}
MOST_SORTS = 3
#: The columns beside the name, and what they can be sorted by.
COLUMNS = {
    "number": ("Number", "number"),
    "type": ("Type", "kind"),
    "archived": ("Archived", "archived"),
    "phone": ("Phone", "phone"),
    "mobile": ("Mobile", "mobile"),
    "email": ("Email", "email"),
    "billing_address": ("Billing address", ""),
    "jobs": ("Jobs", ""),
    "vat_number": ("VAT number", "vat_number"),
    "created": ("Created", "created_at"),
}
USUAL_COLUMNS = ("number", "type", "phone", "email")
_LONGEST_QUERY = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody asked to see; whatever is not understood is left out."""

    q: str = ""
    view: str = "tree"
    list: str = "all"
    archived: bool = False
    dot: str = ""
    connection: str = ""
    sort: tuple[str, ...] = ("name",)
    parent: str = ""
    cursor: str | None = None

    @property
    def searches(self) -> bool:
        """Whether single records are looked for, so that each is shown with what it stands under."""
        return bool(self.q or self.dot)

    @property
    def opens(self) -> bool:
        """Whether rows open to show their jobs."""
        return self.view == "tree" and not self.searches

    @property
    def narrowed(self) -> bool:
        """Whether something other than everything is shown."""
        return bool(self.q or self.dot or self.archived or self.parent or self.list != "all")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A page of customers with all that their rows need."""

    wish: Wish
    rows: Sequence[CustomerRow]
    states: Mapping[str, Sequence[RecordDot]]
    jobs: Mapping[str, int]
    next: str | None
    base: int = 0  #: levels above the rows that the page does not show
    columns: tuple[str, ...] = USUAL_COLUMNS

    def level(self, row: CustomerRow) -> int:
        """Return how far a row is indented, from 1."""
        return max(1, row.depth - self.base) if self.wish.opens else 1

    def sorted_as(self, sort: str) -> str:
        """Return how a column is sorted if the list is sorted by it first, as ``aria-sort`` has it."""
        first = self.wish.sort[0]
        return "" if first.removeprefix("-") != sort else "descending" if first.startswith("-") else "ascending"

    def sort_after_click(self, sort: str) -> list[str]:
        """Return the order with this column first: turned round if it was first already, the others behind it."""
        turned = f"-{sort}" if self.wish.sort[0] == sort else sort
        rest = [one for one in self.wish.sort if one.removeprefix("-") != sort]
        return [turned, *rest][:MOST_SORTS]


def wish_of(arguments: MultiDict[str, str], places: Sequence[DotPlace]) -> Wish:
    """Read the address of a list. A dot without a connection is one at the first."""
    known = [place.id for place in places]
    dot = arguments.get("dot", "") if arguments.get("dot") in DOTS and known else ""
    connection = arguments.get("connection", "") if arguments.get("connection") in known else ""
    return Wish(
        q=" ".join(arguments.get("q", "").replace("\x00", "").split())[:_LONGEST_QUERY],
        view="flat" if arguments.get("view") == "flat" else "tree",
        list=arguments["list"] if arguments.get("list") in LISTS else "all",
        archived=arguments.get("archived") == "true",
        dot=dot,
        connection=connection or (known[0] if dot else ""),
        sort=sort_of(arguments.getlist("sort")),
        parent=arguments["parent"] if is_id(arguments.get("parent", "")) else "",
        cursor=arguments.get("cursor") or None,
    )


def sort_of(given: Iterable[str]) -> tuple[str, ...]:
    """Read the fields to sort by, up to three different ones; repeated or divided by commas."""
    wanted: dict[str, str] = {}
    for one in ",".join(given).split(","):
        if one in SORTS:
            wanted.setdefault(one.removeprefix("-"), one)
    return tuple(wanted.values())[:MOST_SORTS] or ("name",)


def columns_of(cookie: str | None) -> tuple[str, ...]:
    """Read the columns that somebody chose, in their usual order; the usual ones where nothing was chosen."""
    if cookie is None:
        return USUAL_COLUMNS
    chosen = cookie.split(".")
    return tuple(one for one in COLUMNS if one in chosen)


def shown(
    session: Session,
    organisation_id: str,
    wish: Wish,
    *,
    limit: int,
    base: int = 0,
    columns: tuple[str, ...] = USUAL_COLUMNS,
    places: Sequence[DotPlace] | None = None,
) -> Shown:
    """Return the page that was asked for; ``base`` is the depth of what stands above its rows and is not shown.

    :param places: those of the organisation, where they are known already.
    :raises BadCursor: the cursor is of another list.
    """
    found = _page(session, organisation_id, wish, limit)
    ids = [row.id for row in found.items]
    jobs = {row_id: number for row_id, number in zip(ids, found.beside, strict=True) if number}
    states = record_dots(session, organisation_id, EntityKind.CUSTOMER, ids, places=places)
    return Shown(wish=wish, rows=found.items, states=states, jobs=jobs, next=found.next, base=base, columns=columns)


def words(places: Sequence[DotPlace]) -> dict[str, object]:
    """Return what the list's template needs beside its rows."""
    return {"connections": places, "LISTS": LISTS, "SORTS": SORTS, "COLUMNS": COLUMNS, "MOST_SORTS": MOST_SORTS}


def _page(session: Session, organisation_id: str, wish: Wish, limit: int) -> Page[CustomerRow]:
    jobs = web_trees.count_jobs(archived=None if wish.archived else False)
    if wish.opens:
        return web_trees.level(
            session,
            organisation_id,
            parent_id=wish.parent or None,
            is_customer=None if wish.list == "all" else wish.list == "customers",
            archived=None if wish.archived else False,
            sort=wish.sort,
            limit=limit,
            cursor=wish.cursor,
            beside=jobs,
        )
    return page_of_all_levels(session, organisation_id, wish, limit, beside=jobs)


def page_of_all_levels(
    session: Session, organisation_id: str, wish: Wish, limit: int, *, beside: Beside
) -> Page[CustomerRow]:
    """Return a page of the list with the jobs of every level in it: behind their clients, or flat.

    :raises BadCursor: the cursor is of another list.
    """
    chosen = CustomerFilter(
        q=wish.q or None,
        is_customer=None if wish.list == "all" else wish.list == "customers",
        archived=None if wish.archived else False,
        parent_id=wish.parent or None,
        dot=wish.dot or None,
        connection_id=wish.connection or None,
    )
    tree = wish.view == "tree"
    sort = wish.sort
    if tree and sort == ("name",):
        sort = ()  # the reading order is by name already
    elif not tree:
        sort = tuple(f"{'-' * one.startswith('-')}full_name" if one.endswith("name") else one for one in sort)
    return customer_page(
        session, organisation_id, chosen, sort=sort, tree=tree, limit=limit, cursor=wish.cursor, beside=beside
    )
