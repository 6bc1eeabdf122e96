"""A PostgreSQL server that lives as long as the test run, in a temporary folder, and needs no set-up by anybody."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from tests.support.network import find_free_port

#: Nothing in these databases outlives the run, so durability would only cost time.
SERVER_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "log_min_messages": "fatal",
}
START_SECONDS = 30.0


def find_binaries() -> Path | None:
    """Return the folder of the newest installed server's programs, or None where there is none."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    found = shutil.which("initdb")
    if found:
        folders.append(Path(found).resolve().parent)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


@dataclass(slots=True)
class PostgresServer:
    """A running server; its superuser is ``postgres``, without a password."""

    port: int
    _numbers: Iterator[int] = field(default_factory=count)

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """Make a database, a copy of the template, and give its URL; drop it afterwards with its open connections."""
        name = f"tieout_{next(self._numbers)}"
        identifier = sql.Identifier(name)
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(identifier, sql.Identifier(template)))
        yield f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)


@contextmanager
def run_server(binaries: Path) -> Iterator[PostgresServer]:
    """Make a cluster, start its server on a free port of the loopback interface, and remove both at the end.

    :raises RuntimeError: the server did not come up; the message holds the end of its log.
    """
    folder = Path(tempfile.mkdtemp(prefix="tieout-postgresql-"))
    prefix: list[str] = []
    try:
        if os.geteuid() == 0:
            # The server refuses to run as root. Its package makes a user for it, who has to own the folder.
            owner = _find_user("postgres", "nobody")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            prefix = ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
        cluster = folder / "cluster"
        initdb = [
            str(binaries / "initdb"),
            "-D",
            str(cluster),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ]
        subprocess.run(
            [*prefix, *initdb, "--no-sync", "--no-instructions"], check=True, capture_output=True, cwd=folder
        )
        port = find_free_port()
        settings = [f"-c{name}={value}" for name, value in SERVER_SETTINGS.items()]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*prefix, str(binaries / "postgres"), "-D", str(cluster), f"-p{port}", *settings],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            _wait_until_ready(process, port, folder / "log")
            yield PostgresServer(port=port)
        finally:
            # SIGINT asks for a fast shutdown: open connections are ended, nothing is waited for.
            process.send_signal(2)
            process.wait(timeout=START_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _find_user(*names: str) -> pwd.struct_passwd:
    users = {user.pw_name: user for user in pwd.getpwall()}
    return next(users[name] for name in names if name in users)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.02)
        else:
            return
    msg = f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}"
    raise RuntimeError(msg)
