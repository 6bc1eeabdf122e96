"""Times, money and states in the words and formats of the people who read them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from difflib import SequenceMatcher
from functools import lru_cache
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import format_currency, format_decimal
from flask import Flask

from service.core.money import currency_digits, decimal_text, quantise
from service.core.phone import format_phone
from service.core.problem import field_label, value_text
from service.core.snapshot import value_from_json
from service.mapping.settings import parse_terms
from service.web.access import person_or_none
from service.web.parts import now
from service.web.typed import field_words

DOTS: Mapping[str, str] = {"green": "in sync", "orange": "waiting", "red": "needs you", "none": "not sent"}
CONNECTION_STATES: Mapping[str, str] = {
    "pending": "not connected yet",
    "matching": "being set up",
    "live": "live",
    "paused": "paused",
    "needs_reauth": "needs reconnecting",
    "disconnected": "disconnected",
}
#: What a conflict is about, in few words.
CONFLICTS: Mapping[str, str] = {
    "duplicate_name": "Name taken there",
    "both_changed": "Changed on both sides",
    "missing_mapping": "Mapping incomplete",
    "rejected": "Refused there",
    "deleted_there": "Gone there",
    "archived_there": "Archived there",
    "merged_there": "Merged there",
    "ambiguous_match": "Several could be it",
    "not_allowed_now": "Not allowed now",
    "too_deep": "Too deep in the tree",
    "parent_not_synced": "Waits for its parent",
    "outcome_unknown": "Outcome unknown",
}
RUN_STATES: Mapping[str, str] = {
    "queued": "about to start",
    "running": "under way",
    "succeeded": "done",
    "partial": "done, not everything agrees",
    "failed": "stopped early",
}
RUN_KINDS: Mapping[str, str] = {"sync": "Sync", "reconcile": "Reconciliation", "reset": "Reset and resync"}
ENTITIES: Mapping[str, str] = {
    "customer": "Customer",
    "contact": "Contact",
    "invoice": "Invoice",
    "payment": "Payment",
    "credit": "Credit",
    "allocation": "Credit applied",
    "refund": "Refund",
    "connection": "Connection",
    "run": "Run",
    "user": "Person",
    "token": "Token",
}
PAYMENTS: Mapping[str, str] = {
    "payment": "Payment",
    "credit": "Credit",
    "refund": "Refund",
    "adjustment": "Write-off",
}
COUNTS: Mapping[str, str] = {
    "created": "created",
    "updated": "updated",
    "pulled": "taken over",
    "linked": "linked",
    "unchanged": "unchanged",
    "conflicts": "need you",
    "failed": "not sent",
    "drift": "drifted fields",
}
INTENTS: Mapping[str, str] = {
    "in_flight": "under way",
    "unknown": "sent, outcome unknown yet",
    "confirmed": "done",
    "rejected": "refused",
    "abandoned": "not written, decided anew",
}
LETTERS: Mapping[str, str] = {
    "waiting": "waiting",
    "in_flight": "on its way",
    "unknown": "perhaps sent",
    "sent": "sent",
    "not_sent": "not sent",
}
VARIANCES: Mapping[str, str] = {
    "rounding": "Rounding",
    "adopted": "Taken over",
    "differs": "Unexplained",
}
DRIFT: Mapping[str, str] = {
    "open": "stands",
    "put_back": "put back",
    "accepted": "accepted",
    "lapsed": "went away",
}
DRIFT_RULES: Mapping[str, str] = {
    "put_back": "Ours leads: the next sync puts it back",
    "ask": "Ask: it stays as it is until somebody decides",
    "accept": "Accept: theirs is taken over",
}
ACTIONS: Mapping[str, str] = {
    "create": "Create",
    "update": "Update",
    "archive": "Archive",
    "restore": "Make active again",
    "void": "Void",
    "pull": "Take over",
    "link": "Compare",
    "ask": "Ask you",
}
PLANNED: Mapping[str, str] = {
    "create": "to create",
    "update": "to update",
    "archive": "to archive",
    "restore": "to make active again",
    "void": "to void",
    "pull": "to take over",
    "link": "to compare",
    "ask": "to ask you about",
}
_ACTORS: Mapping[str, str] = {
    "schedule": "the schedule",
    "sync": "the sync",
    "package": "the package",
    "command line": "the command line",
    "import": "an import",
    "demo": "the demo",
}
_SOON = timedelta(seconds=5)


def zone() -> tzinfo:
    """Return the organisation's time zone; UTC where nobody is signed in or the zone is unknown."""
    someone = person_or_none()
    return _zone(someone.company.timezone if someone else "UTC")


def locale() -> Locale:
    """Return the organisation's locale; English of the United States where it is unknown."""
    someone = person_or_none()
    return _locale(someone.company.locale if someone else "en_US")


def exact(moment: datetime) -> str:
    """Return a time to the second, with its zone."""
    return format_datetime(moment, "d MMM y, HH:mm:ss z", tzinfo=zone(), locale=locale())


def clock(moment: datetime) -> str:
    """Return the time of day, with the day where it is not today's."""
    here = moment.astimezone(zone())
    time = format_time(here, "HH:mm", tzinfo=zone(), locale=locale())
    if here.date() == now().astimezone(zone()).date():
        return time
    return f"{format_datetime(here, 'd MMM', tzinfo=zone(), locale=locale())}, {time}"


def relative(moment: datetime) -> str:
    """Return how long ago or how soon a time is."""
    distance = moment - now()
    if abs(distance) < _SOON:
        return "now"
    return format_timedelta(distance, add_direction=True, threshold=1.2, locale=locale())


class Html(str):
    """Text that is HTML already, which templates leave as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        """Return the text, as templates ask for it."""
        return str(self)


def when(moment: datetime | None, otherwise: str = "never") -> Html:
    """Return a time as people say it, with the exact one on hover."""
    if moment is None:
        return Html(f'<span class="quiet">{escape(otherwise)}</span>')
    stamp, told = moment.isoformat(timespec="seconds"), escape(relative(moment))
    return Html(f'<time datetime="{stamp}" title="{escape(exact(moment))}">{told}</time>')


def day(value: date | None) -> str:
    """Return a date."""
    return "" if value is None else format_date(value, "d MMM y", locale=locale())


def day_of(moment: datetime) -> str:
    """Return the day of a moment where the organisation is."""
    return day(moment.astimezone(zone()).date())


def money(amount: Decimal, currency: str) -> str:
    """Return an amount with its currency and as many digits as its books keep."""
    digits = currency_digits(currency)
    pattern = "¤#,##0." + "0" * digits if digits else "¤#,##0"
    return format_currency(amount, currency, pattern, currency_digits=False, locale=locale())


def price(amount: Decimal, currency: str) -> str:
    """Return a price: as an amount of money, or with all its digits where it has more."""
    return money(amount, currency) if quantise(amount, currency) == amount else number(amount)


def number(value: Decimal | int) -> str:
    """Return a number with the locale's separators and no zeros at its end."""
    exactly = value if isinstance(value, int) else Decimal(decimal_text(value))
    return format_decimal(exactly, locale=locale(), decimal_quantization=False)


def plain_value(value: Any) -> str:
    """Return a stored value of a snapshot or an event as a person reads it."""
    if isinstance(value, Mapping):
        return ", ".join(str(part) for part in value.values() if part not in (None, "", [])) or "blank"
    if isinstance(value, str) and _PHONE.fullmatch(value):
        return format_phone(value) or value
    return value_text(value_from_json(value)) if isinstance(value, (list, dict)) else value_text(value)


#: A phone in the one spelling of snapshots; nothing else begins so.
_PHONE = re.compile(r"\+[0-9]{7,15}(x[0-9]+)?")


def by_record(changes: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, list[Mapping[str, Any]]]]:
    """Return changes of fields by the side and the record that they are made to, in their order."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in changes:
        found.setdefault((one["side"], one["record"]), []).append(one)
    return [(side, record, fields) for (side, record), fields in found.items()]


def apart(value: Any, other: Any) -> Html:
    """Return a value as a person reads it, with the characters marked that another one does not have."""
    told, there = plain_value(value), plain_value(other)
    if told == there or "blank" in (told, there):
        return Html(escape(told))
    matcher = SequenceMatcher(None, told, there, autojunk=False)
    pieces = []
    for same, begin, end, _, _ in matcher.get_opcodes():
        part = escape(told[begin:end])
        pieces.append(part if same == "equal" or not part else f"<mark>{part}</mark>")
    return Html("".join(pieces))


def actor(name: str, names: Mapping[str, str]) -> str:
    """Return who did something."""
    return names.get(name) or _ACTORS.get(name.partition(":")[0]) or "somebody who is gone"


def duration(begin: datetime | None, end: datetime | None) -> str:
    """Return how long something took."""
    if begin is None or end is None:
        return ""
    seconds = round((end - begin).total_seconds())
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


def address(document: Mapping[str, Any] | None) -> str:
    """Return a postal address on one line."""
    given = document or {}
    order = ("line1", "line2", "city", "region", "postal_code", "country")
    return ", ".join(str(given[part]) for part in order if given.get(part))


def plural(count: int, one: str, many: str = "") -> str:
    """Return a count with its word."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def terms_words(code: str) -> str:
    """Return what a code of payment terms means; other words stay as they are."""
    found = parse_terms(code)
    if found is None:
        return code.replace("_", " ")
    days = "1 day" if found.days == 1 else f"{found.days} days"
    if found.end_of_month:
        return f"{days} after the end of the month" if found.days else "End of the month"
    return f"{days} after the invoice" if found.days else "Due on receipt"


def install(app: Flask) -> None:
    """Give the words to the templates."""
    filters = (
        when,
        exact,
        clock,
        relative,
        day,
        day_of,
        money,
        price,
        number,
        plain_value,
        address,
        plural,
        apart,
        by_record,
        duration,
        actor,
        field_words,
        terms_words,
    )
    for filter_ in filters:
        app.jinja_env.filters[filter_.__name__] = filter_
    app.jinja_env.filters["label"] = field_label
    app.jinja_env.filters["decimal"] = Decimal
    app.jinja_env.globals.update(
        DOTS=DOTS,
        CONNECTION_STATES=CONNECTION_STATES,
        CONFLICTS=CONFLICTS,
        RUN_STATES=RUN_STATES,
        RUN_KINDS=RUN_KINDS,
        ENTITIES=ENTITIES,
        COUNTS=COUNTS,
        PAYMENTS=PAYMENTS,
        DRIFT=DRIFT,
        LETTERS=LETTERS,
        VARIANCES=VARIANCES,
        DRIFT_RULES=DRIFT_RULES,
        ACTIONS=ACTIONS,
        PLANNED=PLANNED,
        now=now,
    )


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


@lru_cache(maxsize=64)
def _locale(name: str) -> Locale:
    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en", "US")
