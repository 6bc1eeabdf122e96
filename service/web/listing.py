"""The customer list: one view for the dashboard and for its own page, as a tree or flat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.core.ports import EntityKind
from service.ids import is_id
from service.store.queries import web_trees
from service.store.queries.lists import CustomerFilter, customer_page
from service.store.queries.pages import Page
from service.store.queries.states import SyncState, sync_states
from service.store.records import CustomerRow
from service.store.sync_models import ConnectionRow
from service.web.words import DOTS

LISTS = {"all": "All", "customers": "Customers", "contacts": "Contacts"}
SORTS = {
    "name": "Name",
    "-name": "Name, Z to A",
    "number": "Number",
    "-created_at": "Newest first",
    "-updated_at": "Changed last first",
}
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
    sort: str = "name"
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
    states: Mapping[str, Sequence[SyncState]]
    jobs: Mapping[str, int]
    next: str | None
    base: int = 0  #: levels above the rows that the page does not show

    def level(self, row: CustomerRow) -> int:
        """Return how far a row is indented, from 1."""
        return max(1, row.depth - self.base) if self.wish.opens else 1


def wish_of(arguments: Mapping[str, str], connections: Sequence[ConnectionRow]) -> Wish:
    """Read the address of a list. A dot without a connection is one at the first."""
    known = [row.id for row in connections if row.state != "pending"]
    dot = arguments.get("dot", "") if arguments.get("dot") in DOTS and known else ""
    connection = arguments.get("connection", "") if arguments.get("connection") in known else ""
    return Wish(
        q=" ".join(arguments.get("q", "").replace("\x00", "").split())[:_LONGEST_QUERY],
        view="flat" if arguments.get("view") == "flat" else "tree",
        list=arguments["list"] if arguments.get("list") in LISTS else "all",
        archived=arguments.get("archived") == "true",
        dot=dot,
        connection=connection or (known[0] if dot else ""),
        sort=arguments["sort"] if arguments.get("sort") in SORTS else "name",
        parent=arguments["parent"] if is_id(arguments.get("parent", "")) else "",
        cursor=arguments.get("cursor") or None,
    )


def shown(session: Session, organisation_id: str, wish: Wish, *, limit: int, base: int = 0) -> Shown:
    """Return the page that was asked for; ``base`` is the depth of what stands above its rows and is not shown.

    :raises BadCursor: the cursor is of another list.
    """
    found = _page(session, organisation_id, wish, limit)
    ids = [row.id for row in found.items]
    jobs = web_trees.count_jobs(session, organisation_id, ids, archived=None if wish.archived else False)
    states = sync_states(session, organisation_id, EntityKind.CUSTOMER, ids)
    return Shown(wish=wish, rows=found.items, states=states, jobs=jobs, next=found.next, base=base)


def words(connections: Sequence[ConnectionRow]) -> dict[str, object]:
    """Return what the list's template needs beside its rows."""
    consented = [row for row in connections if row.state != "pending"]
    return {"connections": consented, "LISTS": LISTS, "SORTS": SORTS}


def _page(session: Session, organisation_id: str, wish: Wish, limit: int) -> Page[CustomerRow]:
    is_customer = None if wish.list == "all" else wish.list == "customers"
    archived = None if wish.archived else False
    if wish.opens:
        return web_trees.level(
            session,
            organisation_id,
            parent_id=wish.parent or None,
            is_customer=is_customer,
            archived=archived,
            sort=wish.sort,
            limit=limit,
            cursor=wish.cursor,
        )
    chosen = CustomerFilter(
        q=wish.q or None,
        is_customer=is_customer,
        archived=archived,
        parent_id=wish.parent or None,
        dot=wish.dot or None,
        connection_id=wish.connection or None,
    )
    tree = wish.view == "tree"
    sort = () if tree else (wish.sort.replace("name", "full_name"),)  # jobs stand behind their clients
    return customer_page(session, organisation_id, chosen, sort=sort, tree=tree, limit=limit, cursor=wish.cursor)
