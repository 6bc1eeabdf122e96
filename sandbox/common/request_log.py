"""Every request a sandbox saw, in order, with its outcome."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as the sandbox saw it."""

    n: int  #: counts from 1, in order of arrival
    time: datetime  #: on the sandbox's clock
    method: str
    path: str
    query: str  #: raw, without the question mark
    endpoint: str  #: method and path with ids replaced, e.g. "GET /Contacts/{id}"
    key: str | None  #: idempotency key, where the provider has one
    write: bool  #: whether the request asks to change the books
    sent: int  #: bytes of the request body
    digest: str  #: sha256 of the request body, hex: equal means the same bytes came again
    fault: str | None = None  #: kind of the fault that strikes it, if one does; known before anybody feels it
    status: int | None = None  #: None while under way, or when the connection was dropped
    received: int = 0  #: bytes of the answer's body


class RequestLog:
    """Append-only and thread-safe; a request is noted on arrival and completed with its answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: list[Seen] = []

    def arrived(self, **facts: Any) -> int:
        """Note a request (fields of :class:`Seen` without ``n``) and return its number."""
        with self._lock:
            number = len(self._seen) + 1
            self._seen.append(Seen(n=number, **facts))
            return number

    def answered(self, number: int, *, status: int | None, received: int) -> None:
        """Complete request ``number``; a number from before a clear is ignored."""
        with self._lock:
            if number > len(self._seen):
                return
            known = asdict(self._seen[number - 1])
            known.update(status=status, received=received)
            self._seen[number - 1] = Seen(**known)

    def clear(self) -> None:
        """Forget everything seen so far."""
        with self._lock:
            self._seen.clear()

    @property
    def seen(self) -> tuple[Seen, ...]:
        """All requests, oldest first."""
        with self._lock:
            return tuple(self._seen)

    @property
    def writes(self) -> tuple[Seen, ...]:
        """Requests that asked to change the books, oldest first."""
        return tuple(request for request in self.seen if request.write)

    @property
    def counts(self) -> dict[str, int]:
        """Requests per endpoint."""
        return dict(Counter(request.endpoint for request in self.seen))

    def as_json(self, since: int = 0) -> dict[str, Any]:
        """Return the log as the control API shows it: requests with a number above ``since``, counts and writes."""

        def shown(request: Seen) -> dict[str, Any]:
            return {**asdict(request), "time": request.time.isoformat()}

        requests = [request for request in self.seen if request.n > since]
        return {
            "requests": [shown(request) for request in requests],
            "counts": dict(Counter(request.endpoint for request in requests)),
            "writes": [shown(request) for request in requests if request.write],
        }
