"""Logs: one JSON object a line, correlated, from our code and from libraries alike, and without secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from service.logs import OWN_LOGGERS, REDACTED, configure_logs, correlated, redact


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    levels = {name: logging.getLogger(name).level for name in OWN_LOGGERS}
    stream = io.StringIO()
    configure_logs(stream=stream)
    yield stream
    root.handlers, level = before
    root.setLevel(level)
    for name, own_level in levels.items():
        logging.getLogger(name).setLevel(own_level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_every_line_is_one_json_object_with_its_time_and_level(output: io.StringIO) -> None:
    structlog.get_logger("service.sync").info("sync finished", created=3)
    [line] = lines(output)
    assert line["event"] == "sync finished"
    assert (line["level"], line["logger"], line["created"]) == ("info", "service.sync", 3)
    assert line["timestamp"].endswith("Z")


def test_a_library_logs_in_the_same_form_and_under_the_same_id(output: io.StringIO) -> None:
    with correlated("run-7", connection="c1"):
        logging.getLogger("waitress").warning("queue depth is %d", 4)
    structlog.get_logger("service.sync").info("afterwards")
    inside, after = lines(output)
    assert inside["event"] == "queue depth is 4"
    assert (inside["correlation_id"], inside["connection"]) == ("run-7", "c1")
    assert "correlation_id" not in after


def test_a_library_is_heard_only_when_it_is_worried(output: io.StringIO) -> None:
    logging.getLogger("apscheduler.scheduler").info("added job")
    logging.getLogger("apscheduler.scheduler").warning("missed job")
    assert [line["event"] for line in lines(output)] == ["missed job"]


def test_an_exception_is_told_on_the_same_line_without_its_secrets(output: io.StringIO) -> None:
    def fail() -> None:
        message = "refused: Authorization: Bearer abcdef0123456789"
        raise ValueError(message)

    try:
        fail()
    except ValueError:
        structlog.get_logger("service.sync").exception("call failed")
    [line] = lines(output)
    assert "ValueError" in line["exception"]
    assert "abcdef0123456789" not in output.getvalue()


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "access_token",
        "refresh_token",
        "client_secret",
        "password",
        "Set-Cookie",
        "secret_key",
        "encryption_keys",
        "webhook_key",
        "token",
    ],
)
def test_what_stands_under_a_secret_name_is_never_logged(name: str) -> None:
    assert redact(None, "info", {name: "hunter2"}) == {name: REDACTED}
    assert redact(None, "info", {"outer": [{name: "hunter2"}]}) == {"outer": [{name: REDACTED}]}


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer hunter2hunter2",
        "authorization: basic aHVudGVyMjpodW50ZXIy hunter",
        "grant_type=refresh_token&refresh_token=hunter2",
        '{"access_token": "hunter2", "expires_in": 1800}',
        "GET /oauth/callback?code=hunter2&state=hunter2",
        "postgresql+psycopg://tieout:hunter2@db:5432/tieout",
        "smtp://me:hunter2@mail.example:587",
        "id token eyJhbGciOiJIUzI1NiJ9.hunter2.hunter2 refused",
    ],
)
def test_a_secret_inside_a_text_is_never_logged(text: str) -> None:
    cleaned = str(redact(None, "info", {"event": text})["event"])
    assert "hunter2" not in cleaned
    assert "aHVudGVyMjpodW50ZXIy" not in cleaned
    assert REDACTED in cleaned


@pytest.mark.parametrize(
    "event",
    [
        {"event": "run finished", "state": "partial", "provider_code": "6240", "attempts": 2, "held": True},
        {"event": "intent settled", "key": "0199aa", "idempotency_key": "0199aa", "next_cursor": None},
        {"event": "asked https://api.example/v3/company/42/customer?minorversion=75"},
        {"event": "the token expired", "token_expires_at": "2026-11-22T00:00:00Z"},
    ],
)
def test_what_is_not_secret_stays_as_it_is(event: dict[str, Any]) -> None:
    assert redact(None, "info", dict(event)) == event


def test_wrapped_secrets_stay_wrapped() -> None:
    assert "hunter2" not in str(redact(None, "info", {"event": "x", "value": SecretStr("hunter2")}))
