"""The loopback interface: free ports, and the guard that keeps name look-ups from leaving the machine."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

_look_up = socket.getaddrinfo


class OutsideWorldError(Exception):
    """A test asked for the name of another machine."""


def find_free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def look_up_at_home(host: bytes | str | None, *arguments: Any, **options: Any) -> Any:
    """Stand in for ``socket.getaddrinfo``: addresses and this machine's own name pass, other names would be asked for.

    pytest-socket refuses a connection to elsewhere, but only once the name was looked up, and that leaves the machine.

    :raises OutsideWorldError: for any other name.
    """
    name = host.decode() if isinstance(host, bytes) else host
    if name and name != "localhost" and not _is_address(name):
        raise OutsideWorldError(name)
    return _look_up(host, *arguments, **options)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
