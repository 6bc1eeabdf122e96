from __future__ import annotations

import signal
import subprocess
import sys

import requests

import sandbox
from tests.sandbox.xero.caller import Caller, redirected


def test_it_is_started_by_name_and_says_what_the_service_must_be_told() -> None:
    assert "xero" in sandbox.names()
    server = sandbox.start("xero", auto_consent=True)
    try:
        assert server.settings["TIEOUT_XERO_API_URL"] == server.url
        assert "code" in redirected(Caller(server).authorize())
        requests.post(f"{server.url}/_sandbox/consent", json={"auto": False}, timeout=5)
        assert Caller(server).authorize().status_code == 200
    finally:
        server.stop()


def test_it_runs_alone_until_interrupted() -> None:
    code = "from sandbox.xero import main; main()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as alone:
        assert alone.stdout is not None
        url = alone.stdout.readline().split(" at ")[1].split()[0]
        assert requests.get(f"{url}/_sandbox/state", timeout=5).json()["name"] == "xero"
        alone.send_signal(signal.SIGINT)
        assert alone.wait(10) == 0
