"""Everything one story happens to: a company's records, a stand-in package and its bookkeeper, and the service between.

What is costly (migrated database, engine, stand-in package) is made once in a process and taken back to its first state
for every story.
"""

from __future__ import annotations

import atexit
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from importlib import import_module
from itertools import count
from pathlib import Path
from pkgutil import iter_modules
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.common.sandbox import ActionError
from service import ids, store
from service.records.errors import RecordError
from service.settings import load_settings
from service.store.accounts import Organisation
from service.store.base import Base
from service.store.database import Database
from service.sync import golive, match
from service.sync.platform import build_platform
from tests.machine import truth
from tests.machine.interruption import Interruptions
from tests.machine.truth import Where
from tests.support.inprocess import InProcess, providers_of
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import MovedClock, Office, connected, live, settings_of

#: When every story begins; the clock stands still unless something moves it.
MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
_MEMORY = Path("/dev/shm")  # noqa: S108 - the fastest place for a database that nobody needs afterwards


@dataclass(slots=True)
class World:
    """One story's world. ``office`` has a live connection once the story has connected it."""

    name: str
    package: InProcess
    office: Office
    interruptions: Interruptions
    clerk: Bookkeeper
    counts: Counter[str]
    by_hand: set[Where] = field(default_factory=set)  #: entities that the bookkeeper entered
    touched: bool = True  #: the books have changed since the feed was last read to its end
    stirred: bool = False  #: somebody else than a sync that went well has moved something there, ever
    numbered: int = 0  #: how many numbers were given out

    def number(self) -> int:
        """Return a number that nothing in this story has had, so that every value typed is another one."""
        self.numbered += 1
        return self.numbered

    @property
    def clock(self) -> Any:
        """The clock of both sides."""
        return self.package.sandbox.clock

    @property
    def connection_id(self) -> str:
        """The story's connection."""
        return self.office.connection_id

    def here(self, do: Callable[[], Any]) -> str | None:
        """Let a person do something here; return why it was refused, if it was."""
        try:
            do()
        except RecordError as refusal:
            return str(refusal)
        return None

    def there(self, do: Callable[[], Any]) -> str | None:
        """Let the bookkeeper do something there; return why the package refused, if it did."""
        before = truth.ids(self.package.sandbox)
        try:
            do()
        except ActionError as refusal:
            return str(refusal)
        finally:
            self.by_hand |= truth.ids(self.package.sandbox) - before
            self.touched = self.stirred = True
        return None

    def meet(self, *, decision: str, empty: bool) -> None:
        """Connect both books and go live, with a decision for every proposal of a match that is not exact.

        :param empty: there is nothing in either: then it is known what comes of it.
        """
        if empty:
            self.office = _scene(self.name).restored()
            return
        self.office = connected(self.office)
        platform = self.office.platform
        where = {"organisation_id": self.office.organisation_id, "connection_id": self.connection_id}
        match.accept(platform, above=Decimal(1), actor="user:ann", **where)
        for one in match.list_matches(platform, **where):
            if one.decision is None:
                self._decide(one.customer_id, one.remote_id, decision)
        assert not golive.go_live(platform, actor="user:ann", **where)

    def _decide(self, customer_id: str, remote_id: str, decision: str) -> None:
        """Decide about one proposal; what is tied to another already is kept apart."""
        where = {"organisation_id": self.office.organisation_id, "connection_id": self.connection_id}
        try:
            match.decide(
                self.office.platform, decisions=[(customer_id, remote_id, decision)], actor="user:ann", **where
            )
        except match.BadDecision:
            self._decide(customer_id, remote_id, "separate")


@dataclass(slots=True)
class _Scene:
    """What is made once in a process for a package: the platform, the stand-in, and both as they are once live."""

    package: InProcess
    platform: MovedClock
    interruptions: Interruptions
    path: Path
    live: tuple[Office, dict[str, Any]] | None = None

    def cleared(self) -> Office:
        """Take everything back to its first state; return an organisation that is not connected."""
        sandbox = self.package.sandbox
        self.interruptions.nothing()
        with sandbox.lock:
            self.package.late.clear()
            sandbox.faults.clear()
            sandbox.clock.run()
            sandbox.clock.freeze(MORNING)
            sandbox.reset()
            sandbox.log.clear()
        _copy(_template(), self.path)
        with self.platform.database.write() as session:
            organisation = Organisation(name="Office", currency="USD")
            session.add(organisation)
            session.flush()
            return Office(self.platform, self.package, organisation.id)

    def restored(self) -> Office:
        """Return an organisation with a live connection of books that are both empty."""
        if self.live is None:
            with _numbered_ids("01a1"):
                office = live(self.cleared())
            permission = self._permission()
            _copy(self.path, self.path.with_name(f"{self.package.sandbox.name}-live.db"))
            self.live = office, deepcopy({name: permission[name] for name in _PERMISSION if name in permission})
            return office
        office, kept = self.live
        _copy(self.path.with_name(f"{self.package.sandbox.name}-live.db"), self.path)
        self._permission().update(deepcopy(kept))
        return office

    def _permission(self) -> dict[str, Any]:
        package: Any = self.package.sandbox
        permission: dict[str, Any] = vars(package.sign_in if package.name == "xero" else package.tokens)
        return permission


#: Where the stand-in packages keep what they have granted.
_PERMISSION = ("refresh_tokens", "access_tokens", "connections", "grants", "_access")


@cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tieout-machine-", dir=_MEMORY if _MEMORY.is_dir() else None))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # From the models: that migrations lead to the same is held elsewhere.
    for module in iter_modules(store.__path__):
        import_module(f"{store.__name__}.{module.name}")
    database = Database(f"sqlite:///{folder / 'template.db'}")
    Base.metadata.create_all(database.engine)
    database.close()
    return folder / "template.db"


@cache
def _scene(name: str) -> _Scene:
    options = import_module(f"sandbox.{name}.options").SandboxOptions(auto_consent=True, books=("empty", "empty"))
    package = InProcess(import_module(f"sandbox.{name}").create_sandbox(options))
    path = _template().with_name(f"{name}.db")
    settings = load_settings(env_file=None, **settings_of(package, f"sqlite:///{path}"))
    built = build_platform(settings, clock=package.sandbox.clock)
    parts = {part.name: getattr(built, part.name) for part in fields(built)}
    platform = MovedClock(**parts | {"providers": providers_of(package)})
    return _Scene(package, platform, Interruptions(platform.database, package), path)


@contextmanager
def opened(name: str) -> Iterator[World]:
    """Give a new world: an organisation without records, a package with empty books, nothing connected."""
    scene = _scene(name)
    with _numbered_ids("01a2"):
        office, clerk = scene.cleared(), Bookkeeper(scene.package.sandbox)
        yield World(name, scene.package, office, scene.interruptions, clerk, Counter())


@contextmanager
def _numbered_ids(prefix: str) -> Iterator[None]:
    """Give the same ids each time the same story is told: what goes by their order then goes the same way."""
    numbers = count(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ids, "uuid7", lambda: SimpleNamespace(hex=f"{prefix}{next(numbers):028x}"))
        yield


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written)
