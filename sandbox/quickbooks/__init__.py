"""A stand-in QuickBooks Online: real HTTP, the documented rules, and the public sample company's books."""

from __future__ import annotations

from sandbox.quickbooks.options import EMPTY_REALM, SAMPLE_REALM, SandboxOptions
from sandbox.quickbooks.server import QuickBooksSandbox

__all__ = ["EMPTY_REALM", "SAMPLE_REALM", "QuickBooksSandbox", "SandboxOptions", "create_sandbox"]


def create_sandbox(options: SandboxOptions | None = None) -> QuickBooksSandbox:
    """Build a sandbox; without options the sample company and an empty one, with the documented limits."""
    return QuickBooksSandbox(options or SandboxOptions())
