"""Commands that keep running, as processes of their own: they start, do their work, and stop when told to."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from signal import SIGINT, SIGTERM

import pytest
import requests

import sandbox
from service.store.queries import upkeep
from tests.cli.shell import Shell, shell_of
from tests.support.network import find_free_port
from tests.sync.office import Office

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_on_sqlite_serving_also_works_and_keeps_the_schedule(live_shell: Shell, live_office: Office) -> None:
    token = live_shell.tieout("token", "create", "--name", "till", "--role", "accountant").out.strip()
    with live_shell.started("serve", "--port", "0") as program:
        address = program.until("Tieout listens on").rpartition(" ")[2]
        assert requests.get(f"{address}/readyz", timeout=10).json() == {"status": "ok"}
        answer = requests.post(
            f"{address}/api/v1/connections/{live_office.connection_id}/sync?wait=60",
            headers={"Authorization": f"Bearer {token}"},
            timeout=90,
        )
        assert (answer.status_code, answer.json()["state"]) == (200, "succeeded"), answer.text
        assert "tieout_heartbeat_age_seconds" in requests.get(f"{address}/metrics", timeout=10).text
        assert program.end(SIGTERM) == 0
    assert live_office.counts()["green"] == 1
    assert not any("Traceback" in line for line in program.printed)


@pytest.mark.postgresql
@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_scheduler_and_worker_share_the_work_on_postgresql(live_shell: Shell, live_office: Office) -> None:
    with live_shell.started("scheduler") as scheduler, live_shell.started("worker") as worker:
        scheduler.until("keeps the schedule")
        worker.until("works")
        while live_office.counts()["green"] != 1:
            assert worker.program.poll() is None
            assert scheduler.program.poll() is None
            live_office.platform.stopping.wait(0.1)
        with live_office.platform.database.read() as session:
            assert upkeep.last_beat(session, "scheduler") is not None
        assert (scheduler.end(SIGTERM), worker.end(SIGINT)) == (0, 0)
    for program in (scheduler, worker):
        assert not any("Traceback" in line for line in program.printed)


@pytest.mark.postgresql
@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_on_postgresql_serving_leaves_the_work_to_others(live_office: Office, tmp_path: Path) -> None:
    shell = shell_of(live_office, tmp_path)
    run_id = live_office.ask()
    with shell.started("serve", "--port", "0", "--host", "localhost") as program:
        address = program.until("Tieout listens on").rpartition(" ")[2]
        assert requests.get(f"{address}/healthz", timeout=10).status_code == 200
        assert program.end(SIGINT) == 0
    assert live_office.run(run_id).state == "queued"
    with live_office.platform.database.read() as session:
        assert upkeep.last_beat(session, "scheduler") is None


def test_a_port_in_use_is_one_line(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for arguments in (["serve"], ["sandbox", sandbox.names()[0]]):
            said = shell.tieout(*arguments, "--port", str(port))
            assert (said.status, said.err.count("\n")) == (2, 1), said
            assert str(port) in said.err


@pytest.mark.parametrize(("name", "signal"), list(zip(sandbox.names(), (SIGTERM, SIGINT), strict=True)))
def test_a_sandbox_says_where_it_is_and_which_settings_point_at_it(shell: Shell, name: str, signal: int) -> None:
    port = find_free_port()
    with shell.started("sandbox", name, "--port", str(port)) as program:
        program.until(f"{name} sandbox at http://127.0.0.1:{port}")
        client_id = program.until("_CLIENT_ID=").strip()
        assert client_id.startswith("TIEOUT_")
        state = requests.get(f"http://127.0.0.1:{port}/_sandbox/state", timeout=10)
        assert state.status_code == 200
        assert program.end(signal) == 0
    assert not any("Traceback" in line for line in program.printed)
