"""Which display name each record gets at a package whose names are unique, and who holds a name that is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from service.core.model import Customer
from service.core.names import NameChoice, display_name, flattened_name, name_key
from service.core.ports import Capabilities, Family, Ref, RemoteRecord


class Names:
    """The namespace of one company file during one run: what is there, and what this run has given out."""

    def __init__(self, capabilities: Capabilities, taken: Mapping[str, Sequence[RemoteRecord]]) -> None:
        """Take who holds each name there, by folded name."""
        self._capabilities = capabilities
        self._there = {
            key: [record for record in records if record.active or capabilities.inactive_names_block]
            for key, records in taken.items()
        }
        self._given: dict[str, Ref] = {}

    def choose(self, ref: Ref, parts: Sequence[str], *, remote_id: str | None, current: str | None) -> NameChoice:
        """Choose the name of a record by the naming rule; a client whose name is taken gets a clash, never a suffix.

        :param parts: names from the client down to the record.
        :param remote_id: the record's own counterpart, whose name does not stand in its way.
        :param current: the name it was given there before.
        """
        others = _Others(self, ref, remote_id)
        if self._capabilities.native_depth > 1:
            choice = display_name(
                parts[-1],
                ancestors=parts[:-1],
                taken=others,
                limit=self._capabilities.name_limit,
                forbidden=self._capabilities.name_forbidden,
                current=current,
            )
        else:
            choice = flattened_name(
                parts,
                limit=self._capabilities.name_limit,
                taken=others,
                forbidden=self._capabilities.name_forbidden,
                current=current,
            )
        if not choice.clash:
            self._given[name_key(choice.name)] = ref
        return choice

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
        return (given is not None and given != self._ref) or bool(self._names.holders(text, remote_id=self._remote_id))


def path_of(customer: Customer, customers: Mapping[str, Customer]) -> tuple[str, ...]:
    """Return the names from the client down to the customer itself."""
    parts = [customer.name]
    parent_id = customer.parent_id
    while parent_id is not None:
        parent = customers[parent_id]
        parts.append(parent.name)
        parent_id = parent.parent_id
    return tuple(reversed(parts))
