"""Notifications: what is told to somebody outside the pages, when, and in which words. Pure.

One thing (a question about a record, a connection that stands still, a letter in doubt) is told once by each rule,
whatever happens.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

#: Things that one message names; of further ones it says how many there are.
MOST = 20
#: A rule that tells at once waits this long after its last message, so that a bad quarter of an hour is a few mails.
REST = timedelta(minutes=5)
#: How long to wait before each further try after a passing failure; then it is given up.
RESTS = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))


class Channel(StrEnum):
    """How somebody is told."""

    EMAIL = "email"
    WEBHOOK = "webhook"  #: a signed POST to an address


class Moment(StrEnum):
    """When somebody is told."""

    AT_ONCE = "at_once"
    DAILY = "daily"  #: once a day, what came up since, if anything did


class TellState(StrEnum):
    """How far one thing has come by one rule."""

    WAITING = "waiting"
    IN_FLIGHT = "in_flight"  #: committed before anything leaves
    TOLD = "told"
    UNKNOWN = "unknown"  #: it may have left; it is not told again
    GIVEN_UP = "given_up"  #: it could not be told; the rule says why
    OVER = "over"  #: it was settled before anybody was told


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Something that needs a person."""

    subject: str  #: tells it from every other, for good
    label: str
    sentence: str
    url: str
    since: datetime


def is_due(
    moment: Moment, *, hour: int, zone: ZoneInfo, oldest: datetime, last_told: datetime | None, now: datetime
) -> bool:
    """Tell whether a rule that has something to say says it now.

    :param hour: of the day in ``zone``, 0 to 23, for a daily rule.
    :param oldest: when the oldest of what waits was noted.
    """
    if moment is Moment.AT_ONCE:
        return last_told is None or now - last_told >= REST
    here = now.astimezone(zone)
    today = here.replace(hour=hour, minute=0, second=0, microsecond=0)
    latest = today if here >= today else today - timedelta(days=1)
    return oldest < latest and (last_told is None or last_told < latest)


def heading(things: Sequence[Thing], company: str) -> str:
    """Return the subject line of a message: of one thing its own name."""
    if len(things) == 1:
        return f"{company}: {things[0].label} needs you"
    return f"{company}: {len(things)} things need you"


def text(things: Sequence[Thing], company: str, *, dashboard: str) -> str:
    """Return the text of a message."""
    parts = [f"{one.label}\n{one.sentence}\n{one.url}" for one in things[:MOST]]
    if len(things) > MOST:
        parts.append(f"And {len(things) - MOST} more: {dashboard}")
    parts.append(f"You get this because a notification of {company} says so. Each thing is told once: {dashboard}")
    return "\n\n".join(parts) + "\n"


def document(things: Sequence[Thing], company: str) -> str:
    """Return the JSON that a webhook gets; the same things give the same bytes."""
    told = [
        {
            "id": one.subject,
            "label": one.label,
            "message": one.sentence,
            "url": one.url,
            "since": one.since.isoformat(),
        }
        for one in things
    ]
    return json.dumps({"type": "needs_a_person", "company": company, "things": told}, ensure_ascii=False)


def signature(content: bytes, secret: str) -> str:
    """Return what ``X-Tieout-Signature`` says of a body: the receiver reckons it anew and compares."""
    return "sha256=" + hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
