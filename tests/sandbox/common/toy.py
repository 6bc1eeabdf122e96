"""The smallest sandbox there can be: a list of words, to show the shared machinery on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, Request, Response, jsonify, request

from sandbox.common.clock import Clock
from sandbox.common.sandbox import ActionError, Sandbox
from sandbox.common.traffic import refused_element


class ToySandbox(Sandbox):
    """Keeps words."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__("toy", clock)
        self.words: list[str] = []

    def register(self, app: Flask) -> None:
        @app.get("/words")
        def read() -> Response:
            return jsonify(self.words)

        @app.post("/words")
        def write() -> Response:
            refused = []
            for position, word in enumerate(request.get_json()):
                fault = refused_element(position, word)
                if fault:
                    refused.append({word: fault.message})
                else:
                    self.words.append(word)
            return jsonify(words=self.words, refused=refused)

    def reset(self) -> None:
        self.words.clear()

    def dump(self) -> dict[str, Any]:
        return {"words": self.words}

    def state(self) -> dict[str, Any]:
        return {"size": len(self.words)}

    def act(self, action: str, arguments: Mapping[str, Any]) -> Any:
        if action != "add":
            raise ActionError(f"no action {action!r}")
        self.words.append(str(arguments["word"]))
        return len(self.words)

    def settings(self, url: str) -> dict[str, str]:
        return {"TOY_URL": url}

    def refusal(self, status: int, message: str, retry_after: int | None) -> Response:
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return Response(message, status=status, headers=headers)

    def throttled(self, retry_after: int | None) -> Response:
        return self.refusal(429, "slow down", retry_after)

    def is_write(self, request: Request) -> bool:
        return request.method != "GET"

    def key_of(self, request: Request) -> str | None:
        return request.headers.get("Key")
