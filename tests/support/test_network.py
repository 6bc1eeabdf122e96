"""No test reaches another machine, by address or by name; this one stays reachable."""

from __future__ import annotations

import socket

import pytest
from pytest_socket import SocketConnectBlockedError

from tests.support.network import OutsideWorldError


@pytest.mark.filterwarnings("ignore:A test tried to use socket.socket.connect")  # the refusal also warns
@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_another_machine_is_out_of_reach(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as caller, pytest.raises(SocketConnectBlockedError):
        caller.connect((address, 80))


def test_its_name_is_not_even_looked_up() -> None:
    with pytest.raises(OutsideWorldError, match=r"api\.xero\.com"):
        socket.create_connection(("api.xero.com", 443))


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_this_machine_is_within_reach(name: str, free_port: int) -> None:
    with socket.create_server(("127.0.0.1", free_port)), socket.create_connection((name, free_port)):
        pass
