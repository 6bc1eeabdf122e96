"""Serving a sandbox over real HTTP, in threads of this process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from sandbox.common import traffic
from sandbox.common.control import control_blueprint
from sandbox.common.sandbox import Sandbox

HOST = "127.0.0.1"


class _QuietRequests(WSGIRequestHandler):
    """The request log keeps what was seen; nothing is printed."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the parent's name for it
        """Print nothing."""


class Running:
    """A sandbox that answers at ``url`` until ``stop`` is called."""

    def __init__(self, sandbox: Sandbox, port: int) -> None:
        self.sandbox = sandbox
        # Bound here, because the server's own binding ends the program when the port is taken.
        with socket.create_server((HOST, port), backlog=128) as bound:
            self._server = make_server(
                HOST, port, create_app(sandbox), threaded=True, request_handler=_QuietRequests, fd=bound.fileno()
            )
        self.port: int = self._server.port
        self.url = f"http://{HOST}:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.02},
            name=f"sandbox-{sandbox.name}",
            daemon=True,
        )
        self._thread.start()

    @property
    def settings(self) -> dict[str, str]:
        """The environment settings that point the service at this server."""
        return self.sandbox.settings(self.url)

    def stop(self) -> None:
        """Take no more requests, wake those that hang, and free the port. A second call does nothing."""
        if self._thread.is_alive():
            self.sandbox.faults.clear()
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    def wait(self) -> None:
        """Block until the server is stopped."""
        self._thread.join()


def create_app(sandbox: Sandbox) -> Flask:
    """Return the sandbox as a Flask app: traffic hooks, control API, then the provider's own routes."""
    app = Flask(f"sandbox.{sandbox.name}", static_folder=None)
    traffic.install(app, sandbox)
    app.register_blueprint(control_blueprint(sandbox))
    sandbox.register(app)
    return app


def serve(sandbox: Sandbox, *, port: int = 0) -> Running:
    """Start serving on 127.0.0.1; port 0 takes a free one.

    :raises OSError: when the port is taken.
    """
    return Running(sandbox, port)


@contextmanager
def running(sandbox: Sandbox, *, port: int = 0) -> Iterator[Running]:
    """Serve for the length of a ``with`` block."""
    server = serve(sandbox, port=port)
    try:
        yield server
    finally:
        server.stop()


def banner(server: Running) -> str:
    """Return what a person needs to see after a start: the address and the settings, a line each."""
    lines = [f"{server.sandbox.name} sandbox at {server.url} (control: {server.url}/_sandbox/state)"]
    return "\n".join(lines + [f"  {name}={value}" for name, value in server.settings.items()])
