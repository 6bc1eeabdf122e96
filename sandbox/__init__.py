"""Stand-in accounting packages: real HTTP servers that keep the providers' documented rules.

Nothing here imports from the service: a sandbox is somebody else's server. Each provider is one folder
beside ``common``; it is found by looking, so that no list of names has to be kept.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from sandbox.common.sandbox import Sandbox
from sandbox.common.server import Running, banner, serve

__all__ = ["Running", "Sandbox", "banner", "create", "names", "start"]


def names() -> tuple[str, ...]:
    """Names of the sandboxes that can be started, sorted."""
    return tuple(
        sorted(found.name for found in pkgutil.iter_modules(__path__) if found.ispkg and found.name != "common")
    )


def create(name: str) -> Sandbox:
    """Build the named sandbox with its default options, without serving it.

    :raises LookupError: when there is no sandbox of that name; the message lists those there are.
    """
    if name not in names():
        raise LookupError(f"no sandbox {name!r}; there are: {', '.join(names())}")
    built = import_module(f"{__name__}.{name}").create_sandbox()
    if not isinstance(built, Sandbox):
        raise TypeError(f"{__name__}.{name}.create_sandbox() returned {type(built).__name__}, not a Sandbox")
    return built


def start(name: str, port: int = 0, *, auto_consent: bool = False) -> Running:
    """Serve the named sandbox on 127.0.0.1 in the background; port 0 takes a free one.

    With ``auto_consent`` the sign-in page redirects back at once with the first organisation (no browser needed).

    The caller stops it with ``Running.stop()``; ``Running.settings`` are the settings that point the service at it.

    :raises LookupError: when there is no sandbox of that name.
    :raises OSError: when the port is taken.
    """
    sandbox = create(name)
    sandbox.auto_consent = auto_consent
    return serve(sandbox, port=port)
