"""What every sandbox is to the shared machinery."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from flask import Flask, Request, Response

from sandbox.common.clock import Clock
from sandbox.common.faults import FaultPlan
from sandbox.common.request_log import RequestLog


class ActionError(Exception):
    """A bookkeeper's action that can't be done: unknown name, missing argument, or against the books' rules."""


class Sandbox(ABC):
    """One stand-in provider: its books under one lock, its clock, log and faults.

    A provider's folder defines a subclass and ``create_sandbox(options=None)`` that builds it.
    """

    def __init__(self, name: str, clock: Clock | None = None) -> None:
        self.name = name
        self.clock = clock or Clock()
        self.log = RequestLog()
        self.faults = FaultPlan()
        self.auto_consent = False  #: the sign-in page allows access to the first organisation by itself
        self.lock = threading.RLock()  #: held by whoever reads or changes the books

    @abstractmethod
    def register(self, app: Flask) -> None:
        """Add the provider's routes and hooks; the traffic hooks and the control API are there already."""

    @abstractmethod
    def reset(self) -> None:
        """Return books, tokens, limits and replays to their first state; log, faults and clock are reset around it."""

    @abstractmethod
    def dump(self) -> dict[str, Any]:
        """Return the books as JSON, for tests that compare two outcomes."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Return what stands outside the books: organisations, connections, tokens in use, limits."""

    @abstractmethod
    def act(self, action: str, arguments: Mapping[str, Any]) -> Any:
        """Do what a bookkeeper would do on the package's own pages; the answer is JSON. Takes the lock itself.

        :raises ActionError: with the reason.
        """

    @abstractmethod
    def settings(self, url: str) -> dict[str, str]:
        """Return the environment settings that point the service at this sandbox, served at ``url``."""

    @abstractmethod
    def refusal(self, status: int, message: str, retry_after: int | None) -> Response:
        """Return an error answer as this provider words it."""

    @abstractmethod
    def throttled(self, retry_after: int | None) -> Response:
        """Return the answer of a passed limit, as this provider words it."""

    @abstractmethod
    def is_write(self, request: Request) -> bool:
        """Whether the request asks to change the books (sign-in traffic doesn't)."""

    @abstractmethod
    def key_of(self, request: Request) -> str | None:
        """Return the request's idempotency key, if it carries one."""

    def endpoint_of(self, request: Request) -> str:
        """Return the name under which the log counts the request: method and route, ids left open."""
        return f"{request.method} {request.url_rule.rule if request.url_rule else request.path}"
