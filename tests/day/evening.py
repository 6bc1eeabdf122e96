"""What has to be true in the evening, and the figures of the day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from service.store.queries import inbox
from service.store.sync_models import CredentialRow, RunRow
from service.sync import connect, consenting, run
from service.sync.platform import Platform
from tests.day.company import Books
from tests.day.morning import Packages, consent
from tests.day.post import Post
from tests.sync.office import connection_of

_TOO_MANY = 429
_EVER = timedelta(days=2)
#: Points between the meter of lost webhooks and the truth.
_POINTS = 1.0


@dataclass(frozen=True, slots=True)
class Report:
    """What the day was like."""

    figures: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def look(platform: Platform, packages: Packages, books: Sequence[Books], post: Post, now: datetime) -> Report:
    """Look at everything, and let whoever lost the permission give it again: nothing may be lost by that either."""
    report = Report()
    report.figures.extend(_figures(platform, packages, books))
    report.faults.extend(_refused(packages))
    report.faults.extend(_states(books))
    report.faults.extend(fault for one in books if not one.revoked for fault in _kept(one))
    report.faults.extend(_meter(platform, books, post, now, report.figures))
    for one in books:
        if one.revoked:
            _reconnect(platform, one)
            report.faults.extend(_kept(one))
    return report


def _figures(platform: Platform, packages: Packages, books: Sequence[Books]) -> Iterator[str]:
    calls = {one.sandbox.name: len(one.sandbox.log.seen) for one in packages}
    with platform.database.read() as session:
        runs = Counter(session.scalars(select(RunRow.state)))
        rotations = session.scalars(select(CredentialRow.rotations)).all()
    told = sum(len(one.told) for one in books)
    yield f"{len(books)} connections, {sum(runs.values())} runs {dict(runs)}, calls {calls}"
    yield f"tokens renewed {sum(rotations)} times: from {min(rotations)} to {max(rotations)} of one consent"
    yield f"{sum(len(one.phones) for one in books)} customers, {told} edits by bookkeepers"


def _refused(packages: Packages) -> Iterator[str]:
    for package in packages:
        count = sum(seen.status == _TOO_MANY for seen in package.sandbox.log.seen)
        if count:
            yield f"{package.sandbox.name}: {count} calls were refused for a limit"


def _states(books: Sequence[Books]) -> Iterator[str]:
    for one in books:
        row = connection_of(one.office)
        expected = "needs_reauth" if one.revoked else "live"
        if row.state != expected:
            yield f"{row.provider} {one.tenant_id}: {row.state} instead of {expected}: {row.problem}"


def _kept(one: Books) -> Iterator[str]:
    """Yield what a connection has lost, doubled, or still waits for."""
    where = f"{one.package.name} {one.tenant_id}"
    counts = one.office.counts()
    if counts["green"] != len(one.phones) + one.invoices or counts["orange"] or counts["red"]:
        yield f"{where}: {counts} of {len(one.phones)} customers and {one.invoices} invoices"
        problems = [problem.document for problem in one.office.problems()]
        yield from (f"{where}: {problem}" for problem in problems[:3])
        return
    missing = one.missing()
    if missing:
        yield f"{where}: {len(missing)} edits were lost: {missing[:3]}"
    yield from (f"{where}: {fault}" for fault in one.doubled())


def _meter(platform: Platform, books: Sequence[Books], post: Post, now: datetime, figures: list[str]) -> Iterator[str]:
    """Compare the meter of lost webhooks with what really got lost, where somebody could look for it all day."""
    found = missed = 0
    books = [one for one in books if not one.revoked]
    with platform.database.read() as session:
        for one in books:
            counted = inbox.meter(session, one.office.connection_id, since=now - _EVER, until=now)
            found, missed = found + counted[0], missed + counted[1]
    told = [event for one in books for event in one.told]
    lost = sum(event in post.missing for event in told)
    figures.append(
        f"webhooks: {post.lost} of {post.carried} lost on the way; of {len(told)} edits there {lost} were not told of; "
        f"the meter found {found} and missed {missed}"
    )
    if not told or not found:
        yield "no edits were made there, or none was found"
    elif abs(100 * lost / len(told) - 100 * missed / found) > _POINTS:
        yield f"the meter shows {100 * missed / found:.1f} %, the truth is {100 * lost / len(told):.1f} %"


def _reconnect(platform: Platform, one: Books) -> None:
    """Give the permission again, and let the connection catch up."""
    where: dict[str, Any] = {
        "organisation_id": one.office.organisation_id,
        "connection_id": one.office.connection_id,
    }
    started = connect.reconnect(platform, actor="user:ann", **where)
    arguments = consent(one.office.package, started.authorize_url, one.tenant_id)
    consenting.complete(platform, provider=one.package.name, arguments=arguments)
    for _ in range(3):
        run.ask(platform, actor="user:ann", **where)
        run.perform(platform, one.office.connection_id)
        platform.pause(120)
