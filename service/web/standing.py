"""How each connection stands, and the one sentence that answers whether everything is all right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.core.problem import Option, from_json, options, sentence
from service.store.queries import connections, problems, web_runs
from service.store.queries.tallies import tallies, tally
from service.store.sync_models import ConnectionRow, LinkRow, ProblemRow, RunRow
from service.sync import outlook, permission
from service.web.parts import package_of, parts
from service.web.words import clock, number, plural

#: States in which a connection can be asked for a sync.
_SYNCS = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One connection as the dashboard shows it."""

    row: ConnectionRow
    package: str
    counts: Mapping[str, int]
    run: RunRow | None  #: queued or running
    outlook: str | None = None  #: what the run, or else the next sync, is going to take
    order: str = ""  #: what goes first then
    ending: str | None = None  #: that its permission ends soon, as a sentence

    @property
    def name(self) -> str:
        """The package and the company there."""
        company = self.row.organisation_name
        return f"{self.package} · {company}" if company else self.package

    @property
    def may_sync(self) -> bool:
        """Whether a sync can be asked for now."""
        return self.row.state == _SYNCS

    @property
    def trouble(self) -> str | None:
        """Why the connection itself needs a person, as a sentence."""
        if self.row.problem and self.row.problem.get("message"):
            return str(self.row.problem["message"])
        if self.row.state == "needs_reauth":
            return f"{self.package} no longer lets Tieout in. Reconnect to go on; every link is kept."
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing that needs a person."""

    row: ProblemRow
    link: LinkRow
    sentence: str
    options: tuple[Option, ...]
    package: str = ""

    @property
    def answered(self) -> str:
        """Which answer was given; empty where it settled by itself."""
        chosen = (self.row.answer or {}).get("option")
        return next((one.label.rstrip("…") for one in self.options if one.id.value == chosen), str(chosen or ""))


def standings(session: Session, organisation_id: str) -> list[Standing]:
    """Return every connection that is not gone, oldest first."""
    under_way = web_runs.under_way(session, organisation_id)
    rows = connections.all_of(session, organisation_id)
    counts = tallies(session, [row for row in rows if row.state != "pending"], lately=True)
    ending = {row.id: found.message for row, _, found in permission.endings(parts().platform, session, organisation_id)}
    return [
        replace(_standing(session, row, under_way.get(row.id), counts.get(row.id, {})), ending=ending.get(row.id))
        for row in rows
    ]


def standing_of(session: Session, row: ConnectionRow, *, foresees: bool = True) -> Standing:
    """Return how one connection stands; with ``foresees`` also what the next sync is going to take."""
    counts = tally(session, row) if row.state != "pending" else {}
    run = web_runs.under_way(session, row.organisation_id).get(row.id)
    return _standing(session, row, run, counts, foresees=foresees)


def _standing(
    session: Session, row: ConnectionRow, run: RunRow | None, counts: Mapping[str, int], *, foresees: bool = False
) -> Standing:
    # Lists of connections are asked for every few seconds: they tell of runs under way alone.
    waiting = counts.get("orange", 0) + counts.get("none", 0) if foresees else 0
    told = _outlook(session, row, run, waiting=waiting)
    return Standing(
        row=row,
        package=package_of(row.provider),
        counts=counts,
        run=run,
        outlook=None if told is None else str(told["sentence"]),
        order="" if told is None else str(told.get("order", "")),
    )


def _outlook(session: Session, row: ConnectionRow, run: RunRow | None, *, waiting: int) -> Mapping[str, Any] | None:
    """Return what the run under way is going to take, or else the next sync if anything waits for it."""
    if run is not None:
        return run.forecast
    if row.state != _SYNCS or row.reference is None or not waiting:
        return None
    return outlook.to_json(outlook.outlook_of(parts().platform, session, row))


def questions(
    session: Session,
    organisation_id: str,
    *,
    limit: int,
    after: str | None = None,
    is_open: bool = True,
    kind: str | None = None,
) -> list[Question]:
    """Return what waits for a person, oldest first; with ``is_open`` false what no longer does, newest first."""
    found = problems.listed(
        session, organisation_id, is_open=is_open, kind=kind, after=after, limit=limit, newest_first=not is_open
    )
    return [question_of(row, link) for row, link in found]


def question_of(row: ProblemRow, link: LinkRow) -> Question:
    """Return a problem with its sentence and its answers."""
    problem = from_json(row.document)
    return Question(
        row=row,
        link=link,
        sentence=sentence(problem),
        options=options(problem),
        package=str(problem.params.get("package") or ""),
    )


def answer(found: Sequence[Standing], open_questions: int, now: datetime, *, doubtful: int = 0) -> tuple[str, str]:
    """Return the dot and the sentence that answer whether all is well; the worst thing decides.

    :param open_questions: questions about records, over all connections.
    :param doubtful: letters of which nobody knows whether they left.
    """
    waiting = [plural(count, word) for count, word in ((open_questions, "record"), (doubtful, "letter")) if count]
    needs = f"{' and '.join(waiting)} {'needs' if open_questions + doubtful == 1 else 'need'} you."
    connected = [one for one in found if one.row.state not in ("pending", "disconnected")]
    if not connected:
        return ("red", needs) if doubtful else ("none", "Nothing is connected yet. Connect a package to begin.")
    if lost := next((one for one in connected if one.row.state == "needs_reauth"), None):
        return "red", f"{lost.name} needs to be reconnected. Nothing is lost meanwhile."
    live = [one for one in connected if one.row.state == "live"]
    agreed = _agreed_at(connected, now)
    if waiting:
        return "red", f"{needs}{_rest(live, agreed)}"
    return _without_questions(live, agreed) if live else ("none", _not_live(connected))


def _without_questions(live: Sequence[Standing], agreed: str) -> tuple[str, str]:
    waiting = sum(one.counts.get("orange", 0) for one in live)
    if waiting:
        verb = "waits" if waiting == 1 else "wait"
        return "orange", f"{plural(waiting, 'record')} {verb} for the next sync. Nothing needs you."
    green = sum(one.counts.get("green", 0) for one in live)
    if not agreed or not green:
        return "none", "Nothing has been sent yet. Sync now to begin."
    packages = " and ".join(dict.fromkeys(one.package for one in live))
    claim = "The 1 record agrees" if green == 1 else f"All {plural(green, 'record')} agree"
    return "green", f"{claim} with {packages} as of {agreed.removeprefix('at ')}."


def _rest(live: Sequence[Standing], agreed: str) -> str:
    """Return what is to be said of the records that need nobody."""
    waiting = sum(one.counts.get("orange", 0) for one in live)
    if waiting:
        return f" {number(waiting)} more {'waits' if waiting == 1 else 'wait'} for the next sync."
    return f" Everything else agreed {agreed}." if agreed else ""


def _agreed_at(found: Sequence[Standing], now: datetime) -> str:
    """Return since when all connections were last known to agree: at the oldest of their syncs."""
    times = [one.row.last_sync_at for one in found if one.row.state == "live"]
    known = [time for time in times if time is not None and time <= now]
    return f"at {clock(min(known))}" if known and len(known) == len(times) else ""


def _not_live(found: Sequence[Standing]) -> str:
    if any(one.row.state == "matching" for one in found):
        return f"{next(one for one in found if one.row.state == 'matching').name} is being set up. Nothing is sent yet."
    return f"{found[0].name} is paused. Nothing is sent or read meanwhile."
