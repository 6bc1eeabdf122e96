"""What the pages need from the rest of the service; :func:`service.web.register` fills it in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from flask import Flask, current_app

from service.sync.platform import Platform, Runner
from service.web.attempt import Attempts

_KEY = "tieout_pages"


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts that pages reach through :func:`parts`."""

    platform: Platform
    runner: Runner
    #: hashes of the static files, so that browsers may keep them for ever
    versions: dict[str, str] = field(default_factory=dict)
    attempts: Attempts


def provide(app: Flask, provided: Parts) -> None:
    """Hand the parts to an application's requests."""
    app.extensions[_KEY] = provided


def parts() -> Parts:
    """Return the parts of the application that answers the request."""
    provided = current_app.extensions[_KEY]
    assert isinstance(provided, Parts)  # noqa: S101 - register() put it there
    return provided


def now() -> datetime:
    """Return the present moment by the service's clock."""
    return parts().platform.clock()


def package_of(provider: str) -> str:
    """Return a package's name as people know it; of one that is no longer registered, its bare name."""
    registered = parts().platform.providers.get(provider)
    return provider.capitalize() if registered is None else registered.package
