"""Logs: one JSON object a line on standard error, with a correlation id, and never a secret."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

REDACTED = "[redacted]"

#: The packages that log under their own names, at the level asked for.
OWN_LOGGERS = ("service", "scheduler", "sandbox")

#: Names of what is secret whatever it holds. A token *kind* or an idempotency key is not.
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:authorization|cookie|credentials?|encryption_keys?|passphrase|password|secret|secret_key|session|"
    r"tokens?|webhook_key|webhook_verifier|smtp_url|oauth_code|oauth_state)$"
)

#: Secrets inside a text: what follows the first group goes.
_SECRET_TEXT = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # an Authorization header, printed
        r"(\b(?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{8,}",
        # a token or a secret in a form body, a query string or JSON
        r"(\b(?:access_token|refresh_token|id_token|client_secret|password)[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;}]+",
        # what comes back from a provider's consent page
        r"([?&](?:code|state)=)[^\s\"'&]+",
        # a JSON web token anywhere
        r"()\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*",
        # the password of a URL
        r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@/]+(?=@)",
    )
)


def redact(_logger: WrappedLogger | None, _method: str, event: EventDict) -> EventDict:
    """Replace secrets, by the name they stand under and by their look, at any depth. A structlog processor."""
    return {name: _clean(name, value) for name, value in event.items()}


def _clean(name: str, value: object) -> object:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if _SECRET_NAME.search(name.lower().replace("-", "_")):
        return REDACTED
    if isinstance(value, Mapping):
        return {str(key): _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_clean(name, inner) for inner in value]
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    for pattern in _SECRET_TEXT:
        text = pattern.sub(rf"\g<1>{REDACTED}", text)
    return text


def configure_logs(*, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send the logs of the service and of its libraries to the stream, standard error unless given.

    Called once by each process, at its start; a second call replaces the first.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    last: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        redact,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    output = logging.StreamHandler(stream or sys.stderr)
    output.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last))
    root = logging.getLogger()
    root.handlers = [output]
    # What a library tells of its daily work says nothing to an operator; what worries it does.
    root.setLevel(logging.WARNING)
    for name in OWN_LOGGERS:
        logging.getLogger(name).setLevel(level.upper())


@contextmanager
def correlated(correlation_id: str, **facts: object) -> Iterator[None]:
    """Put the correlation id, and any further facts, on every line that is logged inside the block."""
    with structlog.contextvars.bound_contextvars(correlation_id=correlation_id, **facts):
        yield
