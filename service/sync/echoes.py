"""What the change feed will show because of our own writes: of that, nothing is news.

An answer to a write shows the entity as it is stored from then on. Where the feed shows it just so, nobody has touched
it since, and it need not be compared with what is stored.
"""

from __future__ import annotations

from service.core.forecast import FULL_PERCENT
from service.core.ports import Family, RemoteRecord


class Echoes:
    """The echoes that one piece of work has to expect, until the feed has been read."""

    def __init__(self, *, page_size: int) -> None:
        """Expect none yet.

        :param page_size: entities on a page of the feed.
        """
        self._room = page_size * FULL_PERCENT
        #: by family and remote id; as the entity was answered, if it was
        self._expected: dict[Family, dict[str, RemoteRecord | None]] = {}
        #: those that were shown last: readings overlap, so that they are shown once more
        self._shown: dict[Family, dict[str, RemoteRecord | None]] = {}
        #: documents that money was taken back from, until they are read again
        self.freed: set[tuple[Family, str]] = set()

    def __bool__(self) -> bool:
        """Tell whether any is expected."""
        return any(self._expected.values())

    def expect(self, family: Family, remote_id: str, stored: RemoteRecord | None = None) -> None:
        """Note that the feed will bring back an entity that our own write has changed or moved.

        :param stored: as the answer showed it, where it did.
        """
        self._expected.setdefault(family, {})[remote_id] = stored

    def expects(self, record: RemoteRecord) -> bool:
        """Tell whether the feed would show an entity in any case, because of our own write."""
        return record.remote_id in self._expected.get(record.family, ())

    def explains(self, record: RemoteRecord) -> bool:
        """Tell whether the feed shows an entity just as the answer to our own write did, which is stored."""
        answered = self._expected.get(record.family, {}).get(record.remote_id)
        return (answered or self._shown.get(record.family, {}).get(record.remote_id)) == record

    @property
    def crowded(self) -> frozenset[Family]:
        """Families of which the echoes begin to fill a page of the feed.

        Read now they cost one call; read after the run they would cost several, or more than the feed can show.
        """
        return frozenset(family for family, expected in self._expected.items() if len(expected) * 100 >= self._room)

    def were_shown(self, families: frozenset[Family] | None) -> None:
        """Note that the feed was read to its end, of these families or of all."""
        for family in [one for one in self._expected if families is None or one in families]:
            self._shown[family] = self._expected.pop(family)
        self.freed = {one for one in self.freed if families is not None and one[0] not in families}
