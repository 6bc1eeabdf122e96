"""A mail server on loopback that keeps what it is given."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message


@dataclass(slots=True)
class MailBox:
    """What arrived: envelope recipients and message of each mail; addresses in ``refuses`` are turned away."""

    port: int = 0
    mails: list[tuple[list[str], Message]] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    refusal: str = "550 nobody here"
    hangs_up: bool = False  #: takes the message, and ends the connection instead of saying so


class _Dialogue(socketserver.StreamRequestHandler):
    box: MailBox

    def handle(self) -> None:
        recipients: list[str] = []
        self._say("220 loopback")
        while line := self.rfile.readline().decode().strip():
            verb = line.split(":")[0].upper()
            if verb == "DATA":
                self._say("354 go on")
                self.box.mails.append((recipients, message_from_bytes(self._message())))
                recipients = []
                if self.box.hangs_up:
                    return
                self._say("250 taken")
            elif verb == "RCPT TO":
                address = line.partition("<")[2].partition(">")[0]
                if address in self.box.refuses:
                    self._say(self.box.refusal)
                    continue
                recipients.append(address)
                self._say("250 fine")
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 fine")

    def _message(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line)
        return b"".join(lines)

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mail_server() -> Iterator[MailBox]:
    """Serve for the length of a ``with`` block."""
    box = MailBox()
    dialogue = type("Dialogue", (_Dialogue,), {"box": box})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), dialogue) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()
