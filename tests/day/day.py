"""The day: who is connected, what people do on both sides and when, and what has to be true in the evening."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import Pipe
from random import Random
from typing import Any, Protocol

from sandbox.common.clock import Clock
from service.app import create_app
from service.sync import golive
from service.sync.platform import Elsewhere, Platform
from tests.day import evening, morning
from tests.day.company import Books
from tests.day.evening import Report
from tests.day.hours import Timekeeper
from tests.day.morning import Packages
from tests.day.post import Post
from tests.day.worker import work

BEGINS = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
#: The last part of the day, in which nobody edits and everything is carried over.
EVENING = timedelta(minutes=25)


class Starter(Protocol):
    """Makes processes, or threads."""

    def __call__(self, *, target: Callable[..., None], args: tuple[Any, ...], daemon: bool) -> Any:
        """Make one that begins with ``start``."""


@dataclass(frozen=True, kw_only=True)
class Day:
    """What is going to happen."""

    url: str
    hours: int
    connections: int
    revoked: int
    listed: int = 0
    seed: int = 1
    customers: int = 8  #: of each connection in the morning
    edits_an_hour: float = 0.75  #: of each side, for each connection
    step: float = 60.0  #: seconds between two looks of a process at what is due

    def pass_by(self, start: Starter, *, processes: int) -> Report:
        """Let the day pass, and look in the evening."""
        random, clock = Random(self.seed), Clock(BEGINS)
        with morning.packages(self.connections, clock) as packages:
            platform = morning.platform_of(packages, self.url, clock)
            post = Post(create_app(platform, Elsewhere()).test_client(), random)
            for package in packages:
                post.attend(package.sandbox)
            books = self._morning(platform, packages, random)
            begins = clock()
            wires, workers = [], []
            for _ in range(processes):
                ours, theirs = Pipe()
                wires.append(ours)
                arguments = (theirs, morning.settings_of(packages, self.url), begins, self.step)
                workers.append(start(target=work, args=arguments, daemon=True))
            for worker in workers:
                worker.start()
            hours = Timekeeper(clock, wires)
            self._plan(hours, books, random, begins)
            servers = [package.sandbox for package in packages]
            hours.run(begins + timedelta(hours=self.hours), between=lambda: post.deliver(*servers))
            for worker in workers:
                worker.join()
            report = evening.look(platform, packages, books, post, clock())
            platform.database.close()
            return report

    def _morning(self, platform: Platform, packages: Packages, random: Random) -> list[Books]:
        """Connect everybody, some with one consent, and take on the first customers."""
        books = morning.connect_all(platform, packages, random)
        for one in books:
            for _ in range(self.customers):
                one.add()
            where = {"organisation_id": one.office.organisation_id, "connection_id": one.office.connection_id}
            obstacles = golive.go_live(platform, actor="user:ann", **where)
            assert not obstacles, obstacles
        return books

    def _plan(self, hours: Timekeeper, books: Sequence[Books], random: Random, begins: datetime) -> None:
        """Decide who does what and when."""
        minutes = self.hours * 60 - int(EVENING / timedelta(minutes=1))

        def moment() -> datetime:
            return begins + timedelta(minutes=random.randrange(5, minutes), seconds=random.randrange(60))

        for one in books:
            for _ in range(round(self.edits_an_hour * self.hours)):
                hours.at(moment(), one.edit_here)
                hours.at(moment(), one.edit_there)
            for _ in range(max(1, self.hours // 4)):
                hours.at(moment(), one.add)
        for one in [books[-1], books[len(books) // 2 - 1], books[-2]][: self.revoked]:
            hours.at(begins + timedelta(minutes=minutes * random.randrange(30, 70) / 100), one.revoke)
        if self.listed:
            hours.at(begins + timedelta(hours=2), lambda: books[0].add_many(self.listed))
