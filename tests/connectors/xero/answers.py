"""Recorded answers, and a server that plays a script of them over real HTTP."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from urllib3 import HTTPHeaderDict

from service.connectors.xero.client import Reply

_FIXTURES = Path(__file__).parents[2] / "fixtures" / "xero"


def recorded(name: str) -> str:
    return (_FIXTURES / f"{name}.json").read_text(encoding="utf-8")


def reply(content: Any = "", status: int = 200, **headers: str) -> Reply:
    """An answer; content is a text as it is, or a document."""
    text = content if isinstance(content, str) else json.dumps(content)
    named = HTTPHeaderDict({name.replace("_", "-"): value for name, value in headers.items()})
    return Reply(status=status, headers=named, content=text.encode())


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Script:
    """What the server does, call by call; the last step is repeated for further calls."""

    steps: Sequence[Any]
    seen: list[Seen] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)
    url: str = ""


@contextmanager
def playing(*steps: Any) -> Iterator[Script]:
    """Serve the steps: a ``Reply``, or "drop" (close without an answer), "hang", or "half" (stop inside the answer)."""
    script, released = Script(steps), threading.Event()

    class Player(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

        def _play(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            script.seen.append(Seen(self.command, self.path, dict(self.headers.items()), body))
            script.connections.add(self.client_address)
            step = script.steps[min(len(script.seen), len(script.steps)) - 1]
            if step == "hang":
                released.wait(20)
            if isinstance(step, str) and step != "half":
                self._cut()
                return
            answer = reply("{}" * 50) if step == "half" else step
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content[: 10 if step == "half" else None])
            if step == "half":
                self.wfile.flush()
                self._cut()

        def _cut(self) -> None:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True

        do_GET = do_PUT = do_POST = do_DELETE = _play  # noqa: N815 - the parent's names

    server = ThreadingHTTPServer(("127.0.0.1", 0), Player)
    server.block_on_close = False  # sockets that a client keeps open are its own affair
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield script
    finally:
        released.set()
        server.shutdown()
        thread.join()
        server.server_close()
