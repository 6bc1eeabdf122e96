"""A stand-in Xero: accounting API, sign-in and a bookkeeper."""

from __future__ import annotations

from sandbox.common.server import banner, serve
from sandbox.xero.app import XeroSandbox, create_sandbox
from sandbox.xero.options import GRANULAR_SCOPES, SandboxOptions

__all__ = ["GRANULAR_SCOPES", "SandboxOptions", "XeroSandbox", "create_sandbox", "main"]


def main(port: int = 0) -> None:
    """Serve the sandbox until interrupted, and print what the service must be told."""
    server = serve(create_sandbox(), port=port)
    print(banner(server), flush=True)  # noqa: T201 - the command's product
    try:
        server.wait()
    except KeyboardInterrupt:
        server.stop()
