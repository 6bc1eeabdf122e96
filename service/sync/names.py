"""Which display name each record gets at a package whose names are unique, and who holds a name that is taken."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from msgspec import structs
from sqlalchemy.orm import Session

from service.core.choice import NamingRule
from service.core.model import Customer
from service.core.names import NameChoice, display_name, flattened_name, name_beside, name_key
from service.core.ports import Capabilities, Family, Ref, RemoteRecord
from service.store.queries import renames
from service.store.sync_models import ConnectionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """When a record may take its name: now, or once others of ours have given it up."""

    waits: bool = False
    aside: str | None = None  #: a name to take meanwhile, because each waits for the next one in a circle


NOW = Turn()


class Names:
    """The namespace of one company file during one run: what is there, and what this run has given out.

    A name that another record of ours is about to give up is free, but not yet: whoever takes it waits until the other
    has been renamed or archived. Where records wait for each other in a circle, one of them steps aside first.
    """

    def __init__(
        self,
        capabilities: Capabilities,
        taken: Mapping[str, Sequence[RemoteRecord]],
        leaving: Mapping[str, str | None] | None = None,
        *,
        rule: NamingRule = NamingRule.ASK,
    ) -> None:
        """Take who holds each name there, by folded name.

        :param leaving: customers that this run will rename or archive, by remote id: the folded name that each gets.
        :param rule: what becomes of a client whose name is taken.
        """
        self._rule = rule
        self._capabilities = capabilities
        self._leaving = dict(leaving or {})
        self._foreseen: dict[str, str | None] = {}
        self._there = {
            key: [record for record in records if record.active or capabilities.inactive_names_block]
            for key, records in taken.items()
        }
        self._given: dict[str, Ref] = {}

    def choose(
        self,
        ref: Ref,
        parts: Sequence[str],
        *,
        remote_id: str | None,
        current: str | None,
        number: str | None = None,
    ) -> NameChoice:
        """Choose the name of a record; a client whose name is taken gets a clash, or what the rule puts behind it.

        :param parts: names from the client down to the record.
        :param remote_id: the record's own counterpart, whose name does not stand in its way.
        :param current: the name it was given there before.
        :param number: the customer's number with us.
        """
        others = _Others(self, ref, remote_id)
        choice = ideal_name(self._capabilities, parts, taken=others, current=current)
        if len(parts) == 1 and self._rule is not NamingRule.ASK and (choice.clash or current is not None):
            number = number if self._rule is NamingRule.CUSTOMER_NUMBER else None
            limit = self._capabilities.name_limit
            choice = name_beside(choice, number=number, taken=others, limit=limit, current=current)
        if not choice.clash:
            self._given[name_key(choice.name)] = ref
        return choice

    def give_back(self, name: str, ref: Ref) -> None:
        """Note that a record does not take the name that was chosen for it."""
        if self._given.get(name_key(name)) == ref:
            del self._given[name_key(name)]

    def turn(self, name: str, *, remote_id: str | None, current: str | None) -> Turn:
        """Tell when a record may take the name that was chosen for it.

        :param current: the name that it has there now.
        """
        if not any(self.goes(record, name_key(name)) for record in self.holders(name, remote_id=remote_id)):
            return NOW
        circle = self._circle(name_key(name), remote_id)
        if remote_id is None or current is None or remote_id != min(circle, default=None):
            return Turn(waits=True)
        aside = flattened_name((f"{current} (changing)",), limit=self._capabilities.name_limit, taken=()).name
        return Turn(waits=True) if self.holders(aside) else Turn(aside=aside)

    def foresee(self, remote_id: str, name: str | None) -> None:
        """Note that a customer there will have another name, or none once it is archived."""
        self._foreseen[remote_id] = name

    def come_true(self) -> bool:
        """Let everything foreseen be so; where nothing was, whoever waits waits in vain and nobody leaves any more."""
        moved, self._foreseen = self._foreseen, {}
        self._given.clear()
        if not moved:
            self._leaving.clear()
        for key, records in list(self._there.items()):
            gone = [record for record in records if self._is_customer(record) and record.remote_id in moved]
            self._there[key] = [record for record in records if record not in gone]
            for record in gone:
                name = moved[record.remote_id]
                if name is not None:
                    self._there.setdefault(name_key(name), []).append(structs.replace(record, name=name))
        return bool(moved)

    def goes(self, record: RemoteRecord, key: str) -> bool:
        """Tell whether a holder of a name is about to give it up."""
        if not self._is_customer(record) or record.remote_id not in self._leaving:
            return False
        return self._leaving[record.remote_id] != key

    def _circle(self, key: str, remote_id: str | None) -> tuple[str, ...]:
        """Return the customers that wait for each other's names, this one among them; empty if it is no circle."""
        passed: list[str] = []
        while True:
            holder = next((one for one in self._there.get(key, ()) if self.goes(one, key)), None)
            if holder is None or holder.remote_id in passed:
                return ()
            passed.append(holder.remote_id)
            if holder.remote_id == remote_id:
                return tuple(passed)
            key = self._leaving[holder.remote_id] or ""

    @staticmethod
    def _is_customer(record: RemoteRecord) -> bool:
        return record.family is Family.CUSTOMER

    def holders(self, name: str, *, remote_id: str | None = None) -> tuple[RemoteRecord, ...]:
        """Return the entities there that hold a name, without the record's own counterpart."""
        return tuple(
            record
            for record in self._there.get(name_key(name), ())
            if not (record.family is Family.CUSTOMER and record.remote_id == remote_id)
        )

    def given_to(self, name: str) -> Ref | None:
        """Return the record that this run gave the name to."""
        return self._given.get(name_key(name))


class _Others:
    """Folded names that are taken as seen by one record."""

    def __init__(self, names: Names, ref: Ref, remote_id: str | None) -> None:
        self._names, self._ref, self._remote_id = names, ref, remote_id

    def __contains__(self, key: object) -> bool:
        text = str(key)
        given = self._names.given_to(text)
        if given is not None and given != self._ref:
            return True
        holders = self._names.holders(text, remote_id=self._remote_id)
        return any(not self._names.goes(holder, text) for holder in holders)


def leaving(session: Session, connection: ConnectionRow, capabilities: Capabilities) -> dict[str, str | None]:
    """Return, by remote id, who is about to give up a name there, with the folded name that each gets, if any."""
    found: dict[str, str | None] = {}
    for waiting in renames.names_waiting(session, connection):
        if waiting.archived:
            found[waiting.remote_id] = None
            continue
        key = name_key(ideal_name(capabilities, waiting.path, current=waiting.there).name)
        if key != waiting.key:
            found[waiting.remote_id] = key
    return found


def ideal_name(
    capabilities: Capabilities, parts: Sequence[str], *, taken: Container[str] = (), current: str | None = None
) -> NameChoice:
    """Return the name that the package's rule gives a record, from the client's name down to its own.

    :param taken: folded names that it can't have.
    :param current: the name it has there now, which is kept if the rule can give it.
    """
    limit, forbidden = capabilities.name_limit, capabilities.name_forbidden
    if capabilities.native_depth > 1:
        return display_name(
            parts[-1], ancestors=parts[:-1], taken=taken, limit=limit, forbidden=forbidden, current=current
        )
    return flattened_name(parts, limit=limit, taken=taken, forbidden=forbidden, current=current)


def path_of(customer: Customer, customers: Mapping[str, Customer]) -> tuple[str, ...]:
    """Return the names from the client down to the customer itself."""
    parts = [customer.name]
    parent_id = customer.parent_id
    while parent_id is not None:
        parent = customers[parent_id]
        parts.append(parent.name)
        parent_id = parent.parent_id
    return tuple(reversed(parts))
