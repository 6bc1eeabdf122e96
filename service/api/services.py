"""What the API needs from the rest of the service; the composition root fills it in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import current_app

from service.store.database import Database
from service.store.sync_models import ConnectionRow, LinkRow

if TYPE_CHECKING:
    from service.sync.platform import Platform, Runner

_KEY = "tieout_services"


def utc_now() -> datetime:
    """Return the present moment, aware and in UTC."""
    return datetime.now(UTC)


def no_address(connection: ConnectionRow, link: LinkRow) -> str | None:
    """Know no address at which a person sees a counterpart."""
    del connection, link
    return None


@dataclass(frozen=True, kw_only=True)
class Services:
    """The parts that routes reach through :func:`services`."""

    database: Database
    clock: Callable[[], datetime] = utc_now
    #: the address at which a person sees a link's counterpart in the package
    remote_url: Callable[[ConnectionRow, LinkRow], str | None] = no_address
    #: what the routes of the sync need; None where only records are served
    platform: Platform | None = None
    #: who does the runs that are asked for
    runner: Runner | None = None


def provide(app_extensions: dict[str, object], provided: Services) -> None:
    """Hand the services to an application's requests."""
    app_extensions[_KEY] = provided


def services() -> Services:
    """Return the services of the application that answers the request."""
    provided = current_app.extensions[_KEY]
    assert isinstance(provided, Services)  # noqa: S101 - register() put it there
    return provided
