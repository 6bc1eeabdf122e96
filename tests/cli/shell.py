"""Calling ``tieout``: within this process through click's runner, or as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import IO, Any

from click.testing import CliRunner

from service.cli import main
from tests.support.keys import KEYS
from tests.support.source import ROOT
from tests.sync.office import Office


@dataclass(frozen=True, slots=True)
class Said:
    """What a command ended with and what it printed."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)


@dataclass(slots=True)
class Shell:
    """A shell with its environment; ``folder`` is where its commands run."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def tieout(self, *arguments: str, stdin: str | bytes = "") -> Said:
        """Call the console script in this process."""
        with CliRunner().isolation(input=stdin, env=self.environment) as (out, err, _):
            status = 0
            try:
                main(list(arguments))
            except SystemExit as ended:
                status = int(ended.code or 0)
            sys.stdout.flush()
            sys.stderr.flush()
        return Said(status, out.getvalue().decode(), err.getvalue().decode())

    @contextmanager
    def started(self, *arguments: str) -> Iterator[Program]:
        """Call ``python -m service`` and leave it running; whatever still runs at the end is killed."""
        environment = {**os.environ, **self.environment, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        program = subprocess.Popen(
            [sys.executable, "-m", "service", *arguments],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield Program(program)
        finally:
            program.kill()
            program.wait()
            for stream in (program.stdout, program.stderr):
                if stream is not None:
                    stream.close()


class Program:
    """A command that runs as a process of its own."""

    def __init__(self, program: subprocess.Popen[str]) -> None:
        self.program = program
        self._lines: Queue[str | None] = Queue()
        self.printed: list[str] = []  #: every line so far, of both streams
        for stream in (program.stdout, program.stderr):
            assert stream is not None
            threading.Thread(target=self._follow, args=(stream,), daemon=True).start()

    def _follow(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put(line)
        self._lines.put(None)

    def until(self, word: str) -> str:
        """Wait for a line that holds a word, and return it."""
        ended = 0
        while ended < 2:
            line = self._lines.get(timeout=60)
            if line is None:
                ended += 1
                continue
            self.printed.append(line.rstrip("\n"))
            if word in line:
                return self.printed[-1]
        raise AssertionError(self.printed)

    def end(self, signal: int) -> int:
        """Send a signal and return the exit status."""
        self.program.send_signal(signal)
        return self.program.wait(timeout=60)


def environment_of(settings: Mapping[str, str], database_url: str, **more: str) -> dict[str, str]:
    """Return the variables that point a command at a package and a database."""
    keys = {f"TIEOUT_{name.upper()}": key for name, key in KEYS.items()}
    return {**settings, "TIEOUT_DATABASE_URL": database_url, **keys, **more}


def shell_of(office: Office, folder: Path, **more: str) -> Shell:
    """Return a shell whose commands work on an office's database and package."""
    return Shell(folder, environment_of(office.package.settings, office.platform.settings.database_url, **more))
