"""Newcomers: customers that exist only there and that a person takes in as customers here. Nothing is written there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import ValidationError
from sqlalchemy.orm import Session

from service.core.model import CustomerKind
from service.core.names import SEPARATOR
from service.core.ports import EntityKind, Family, MappingContext
from service.core.reconcile import FieldAction, Move, Rule
from service.core.snapshot import Snapshot, Value
from service.records.author import Author
from service.records.customers import archive_customer, create_customer
from service.records.errors import RecordError
from service.records.inputs import CustomerInput, NewcomerInput
from service.store.queries import connections as queries
from service.store.queries import counterparts, links, load
from service.store.queries.tree import at_path
from service.store.records import CustomerRow
from service.store.sync_models import ConnectionRow, CounterpartRow
from service.sync import intake, match
from service.sync.cases import Ground, ground_of
from service.sync.match import BadDecision
from service.sync.platform import Platform

#: Each is taken over by itself, because our own rules may refuse it: the number is in use, a parent is too deep.
_DOUBTFUL = ("parent", "number", "tax_level")


def take_in(
    platform: Platform, *, organisation_id: str, connection_id: str, newcomers: Sequence[NewcomerInput], actor: str
) -> list[str]:
    """Make customers here of entities there, tied to them; return the customers' ids in the order given.

    All or none. What the package shows is taken over, and a person's names that it has not are taken as given; a job's
    parent has to be known here or be given as well.

    :raises NotFoundError: there is no such connection in the organisation.
    :raises BadDecision: an entity is unknown or tied already, its parent is not known here, or a company has nobody
        with a first name and an email; the message says of which one.
    """
    with platform.database.write() as session:
        row = queries.get(session, organisation_id, connection_id)
        author = Author(organisation_id=organisation_id, actor=actor, now=platform.clock(), except_connection_id=row.id)
        taking = _Taking(platform, session, row, author, {one.remote_id: one for one in newcomers})
        return [taking.customer_of(one.remote_id) for one in newcomers]


class _Taking:
    """One order: parents before what stands below them, each of them once."""

    def __init__(
        self,
        platform: Platform,
        session: Session,
        row: ConnectionRow,
        author: Author,
        asked: Mapping[str, NewcomerInput],
    ) -> None:
        self._platform, self._session, self._row, self._author = platform, session, row, author
        self._ground: Ground = ground_of(platform, session, row)
        self._reading: MappingContext = self._ground.reading
        self._asked = asked
        self._there = counterparts.by_remote_ids(session, row.id, Family.CUSTOMER, asked)
        self._made: dict[str, str] = {}

    def customer_of(self, remote_id: str) -> str:
        """Return the customer made of an entity, made now if it was not yet."""
        if remote_id not in self._made:
            there = self._there.get(remote_id)
            if there is None or there.deleted or there.merged_into is not None:
                message = "There is no such record there any more."
                raise BadDecision(message)
            above = counterparts.record_of(there).parent_id
            if above is not None and above in self._asked:
                self.customer_of(above)
            self._made[remote_id] = self._make(there, self._asked[remote_id])
        return self._made[remote_id]

    def _make(self, there: CounterpartRow, asked: NewcomerInput) -> str:
        session, author, name = self._session, self._author, there.name or there.remote_id
        record = counterparts.record_of(there)
        shown = self._ground.mappers[EntityKind.CUSTOMER].read(record, self._reading)
        _refuse_strange(session, self._row, there, record.parent_id)
        parent_id, own = self._place(shown, record.parent_id)
        try:
            customer = create_customer(session, author, _given(shown, asked, parent_id=parent_id, name=own))
        except ValidationError as error:
            told = " ".join(sorted({str(one["msg"]).removeprefix("Value error, ") for one in error.errors()}))
            message = f"'{name}' can't be taken in as it is there. {told}"
            raise BadDecision(message) from error
        except RecordError as error:
            message = f"'{name}' can't be taken in as it is there. {error}"
            raise BadDecision(message) from error
        match.link_pair(self._platform, session, self._row, (customer.id, there.remote_id), actor=author.actor)
        self._fill(customer, shown)
        if not shown.active:
            archive_customer(session, author, customer.id)
        return customer.id

    def _place(self, shown: Snapshot, above: str | None) -> tuple[str | None, str | None]:
        """Return the parent here and the own name of an entity; a flat package has ``Client:Job`` as one name."""
        name = _text(shown, "name")
        if above is not None:
            found = links.by_remote_ids(self._session, self._row.id, Family.CUSTOMER, [above])
            return found[above].record_id, name
        if name is None or SEPARATOR not in name or self._ground.keeps_a_tree:
            return None, name
        *path, own = (part.strip() for part in name.split(SEPARATOR))
        parent = at_path(self._session, self._row.organisation_id, path)
        if parent is None:
            message = (
                f"'{name}' holds a colon, which stands between a client and its job here, and there is no customer "
                f"'{SEPARATOR.join(path)}'. Add that one first, or rename this one there."
            )
            raise BadDecision(message)
        return parent.id, own

    def _fill(self, customer: CustomerRow, shown: Snapshot) -> None:
        """Take over what else the package shows of it."""
        filled = {name: value for name, value in shown.fields.items() if value not in (None, ())}
        plain = [name for name in filled if name not in _DOUBTFUL]
        for names in (plain, *([name] for name in _DOUBTFUL if name in filled)):
            self._session.flush()
            record = load.load_customers(self._session, self._row.organisation_id, [customer.id])[customer.id]
            actions = [_pull(name, filled[name]) for name in names]
            intake.pull(self._session, self._ground, self._author, record, actions)


def _refuse_strange(session: Session, row: ConnectionRow, there: CounterpartRow, above: str | None) -> None:
    """Refuse what is tied already, and what stands below a customer that is not known here."""
    known = links.by_remote_ids(session, row.id, Family.CUSTOMER, [there.remote_id, *([above] if above else [])])
    if there.remote_id in known:
        message = f"'{there.name}' is tied to a customer here already."
        raise BadDecision(message)
    if above is not None and (above not in known or known[above].entity != EntityKind.CUSTOMER):
        parent = counterparts.by_remote_ids(session, row.id, Family.CUSTOMER, [above]).get(above)
        message = f"'{there.name}' stands below '{parent.name if parent else above}' there. Take that one in first."
        raise BadDecision(message)


def _given(shown: Snapshot, asked: NewcomerInput, *, parent_id: str | None, name: str | None) -> CustomerInput:
    """Return the new customer: whom the package shows only by a person's own name is an individual."""
    first, last = _text(shown, "first_name"), _text(shown, "last_name")
    person = " ".join(part for part in (first, last) if part)
    company = _text(shown, "company_name")
    is_person = bool(person) and name == person and company in (None, name)
    given: dict[str, object] = {"name": name, "parent_id": parent_id}
    if is_person:
        return CustomerInput.model_validate(
            {**given, "kind": CustomerKind.INDIVIDUAL, "first_name": first, "last_name": last}
        )
    emails = (_text(shown, "email") or "").split(",")
    contact = {"first_name": asked.first_name or first, "last_name": last, "email": asked.email or emails[0] or None}
    contacts = [contact] if contact["first_name"] or contact["email"] else []
    return CustomerInput.model_validate({**given, "contacts": contacts})


def _pull(name: str, value: Value) -> FieldAction:
    return FieldAction(field=name, move=Move.PULL, value=value, rule=Rule.FIRST_OURS_BLANK)


def _text(shown: Snapshot, field: str) -> str | None:
    value = shown.get(field)
    return value if isinstance(value, str) and value else None
