"""What every use case of the sync needs, in one value: the composition root builds it, tests build their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event as Signal
from typing import Any, Protocol

from service.core.ports import Connector
from service.providers import PROVIDERS, Provider
from service.settings import Settings
from service.store.database import Database
from service.store.vault import Vault


def utc_now() -> datetime:
    """Return the present moment, aware and in UTC."""
    return datetime.now(UTC)


class Runner(Protocol):
    """Who does the runs that are asked for."""

    def wake(self, connection_id: str) -> None:
        """Do what is asked for on a connection, now or as soon as possible."""
        ...


class Elsewhere:
    """Another process looks at the rows and does the runs."""

    def wake(self, connection_id: str) -> None:
        """Leave it to that process."""


@dataclass(frozen=True, kw_only=True)
class Platform:
    """Database, vault, packages, clock, and the way to wait."""

    database: Database
    vault: Vault
    settings: Settings
    providers: Mapping[str, Provider] = field(default_factory=lambda: PROVIDERS)
    clock: Callable[[], datetime] = utc_now
    #: set when the process is asked to stop; waiting ends early then
    stopping: Signal = field(default_factory=Signal)
    #: entered while somebody waits: a worker lets another one work meanwhile
    waiting: Callable[[], AbstractContextManager[None]] = nullcontext

    def pause(self, seconds: float) -> bool:
        """Wait; return False when the process was asked to stop meanwhile."""
        with self.waiting():
            return not self.stopping.wait(seconds)

    def offline_connector(self, name: str) -> Connector:
        """Return a connector that may only be asked what needs no call: which elements share a request."""

        def no_token() -> str:
            message = "a preview makes no call"
            raise RuntimeError(message)

        return self.provider(name).connect(
            self.settings.provider(name), tenant_id="preview", access_token=no_token, clock=self.clock
        )

    def provider(self, name: str) -> Provider:
        """Return a registered package.

        :raises KeyError: for a name that is not registered.
        """
        return self.providers[name]


def build_platform(settings: Settings, **overrides: Any) -> Platform:
    """Open the database and the vault that settings name; ``overrides`` put other parts in, for tests.

    :raises ValueError: an encryption key can't be used.
    """
    vault = Vault([key.get_secret_value() for key in settings.encryption_keys])
    return Platform(database=Database(settings.database_url), vault=vault, settings=settings, **overrides)
