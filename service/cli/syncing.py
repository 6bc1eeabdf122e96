"""Commands about the sync: what it would do, doing it, comparing both sides."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from service.cli.common import NEEDS_A_PERSON, chosen_connections, open_platform, print_json
from service.core.errors import SyncError
from service.core.problem import from_json as problem_from_json
from service.core.problem import sentence
from service.store.drift_models import DriftRow
from service.store.queries import drift as drift_queries
from service.store.queries import problems
from service.store.sync_models import ConnectionRow, RunRow
from service.sync import drift
from service.sync import run as running
from service.sync.platform import Platform
from service.sync.work import LONGEST_REST

_CONNECTION = click.option("--connection", "connection_id", help="Id of one connection; all of them if left out.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
_POLL_SECONDS = 0.1


@click.command()
@_CONNECTION
@_JSON
def sync(connection_id: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Run a sync in the foreground."""
    _run_and_show("sync", {}, connection_id, as_json=as_json)


@click.command()
@_CONNECTION
@click.option("--full", is_flag=True, help="Read everything instead of what changed.")
@_JSON
def reconcile(connection_id: str | None, full: bool, as_json: bool) -> None:  # noqa: FBT001
    """Compare both sides and report."""
    _run_and_show("reconcile", {"full": full}, connection_id, as_json=as_json)


def _run_and_show(kind: str, options: Mapping[str, Any], connection_id: str | None, *, as_json: bool) -> None:
    platform = open_platform()
    asked = []
    waiting = False
    for one in chosen_connections(platform, connection_id):
        try:
            run = running.ask(
                platform,
                organisation_id=one.organisation_id,
                connection_id=one.id,
                kind=kind,
                actor="command line",
                options=options,
            )
        except SyncError as error:
            if connection_id is not None:
                raise
            click.echo(f"{one.label}: {error}", err=True)
            waiting = waiting or one.state != "paused"  # a pause was somebody's wish
            continue
        asked.append((run, one.label))
    watch(platform, asked)
    reports = [report_of(platform, run.run_id, run.connection_id) for run, _ in asked]
    if as_json:
        print_json(reports)
    else:
        show_table(Console(), [label for _, label in asked], reports)
    if waiting or any(_needs_a_person(report) for report in reports):
        raise click.exceptions.Exit(NEEDS_A_PERSON)


def _needs_a_person(report: Mapping[str, Any]) -> bool:
    return bool(report["needs_a_person"] or report["drift_waits"] or report["state"] != "succeeded")


def watch(platform: Platform, asked: list[tuple[running.Asked, str]]) -> None:
    """Do the runs, each in a thread of its own, with a progress bar each on standard error."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[calls]} calls"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[phase]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bars = {}
        for run, label in asked:
            bars[run.run_id] = progress.add_task(label, total=None, calls=0, phase="")
        threads = [threading.Thread(target=_to_its_end, args=(platform, run), daemon=True) for run, _ in asked]
        for thread in threads:
            thread.start()
        told: set[str] = set()
        while True:
            alive = any(thread.is_alive() for thread in threads)
            with platform.database.read() as session:
                for run_id, bar in bars.items():
                    row = session.get_one(RunRow, run_id)
                    if row.forecast is not None and run_id not in told:
                        told.add(run_id)
                        progress.console.print(expected(row.forecast), highlight=False)
                    progress.update(bar, completed=row.done, total=row.total or None, calls=row.calls, phase=row.phase)
            if not alive:
                return
            platform.pause(_POLL_SECONDS)


def expected(forecast: Mapping[str, Any]) -> str:
    """Say what a run is going to take, and what goes first."""
    order = forecast.get("order")
    return f"Expected: {forecast['sentence']}.{f' It sends {order}.' if order else ''}"


def _to_its_end(platform: Platform, asked: running.Asked) -> None:
    """Do a run, or wait for the worker that has it; give up where the package wants a longer rest than a run waits."""
    while True:
        running.perform(platform, asked.connection_id)
        with platform.database.read() as session:
            run, connection = session.get_one(RunRow, asked.run_id), session.get_one(ConnectionRow, asked.connection_id)
            wait_until = connection.wait_until
            if run.finished_at is not None or (wait_until is not None and wait_until > platform.clock() + LONGEST_REST):
                return
        if not platform.pause(_POLL_SECONDS):
            return


def report_of(platform: Platform, run_id: str, connection_id: str) -> dict[str, Any]:
    """Return what a run did, and what of its connection needs a person."""
    with platform.database.read() as session:
        row = session.get_one(RunRow, run_id)
        waiting = problems.listed(session, row.organisation_id, connection_id=connection_id, limit=1000)
        connection = session.get_one(ConnectionRow, connection_id)
        package = platform.provider(connection.provider).package
        return {
            "run_id": row.id,
            "connection_id": connection_id,
            "kind": row.kind,
            "state": row.state,
            "counts": row.counts,
            "calls": row.calls,
            "least_calls": row.least_calls,
            "forecast": row.forecast,
            "problem": row.problem,
            "needs_a_person": [
                {"label": problem.label, "kind": problem.kind, "message": sentence(problem_from_json(problem.document))}
                for problem, _ in waiting
            ],
            "drift": [
                _drift_of(found, connection, package)
                for found in drift_queries.found_by_run(session, connection_id, run_id)
            ],
            "drift_waits": drift_queries.count_waiting(session, connection),
        }


def _drift_of(found: DriftRow, connection: ConnectionRow, package: str) -> dict[str, Any]:
    plain = ("id", "label", "record_id", "field", "agreed", "ours", "theirs", "status", "decision")
    return {
        **{name: getattr(found, name) for name in plain},
        "found_at": found.found_at.isoformat(),
        "changed_at": None if found.changed_at is None else found.changed_at.isoformat(),
        "message": drift.sentence_of(found, connection, package),
    }


def show_table(console: Console, labels: list[str], reports: list[dict[str, Any]]) -> None:
    """Print a table per connection: what was done, the calls it took, what needs a person and why."""
    for label, report in zip(labels, reports, strict=True):
        table = Table(title=label, title_justify="left", show_header=False)
        table.add_column("what")
        table.add_column("number", justify="right")
        counts = report["counts"]
        for name in ("created", "updated", "linked", "pulled", "unchanged"):
            table.add_row(name, str(counts.get(name, 0)))
        table.add_row("drifted fields", str(len(report["drift"])))
        table.add_row("needs a person", str(len(report["needs_a_person"])))
        table.add_row("calls used / least possible", f"{report['calls']} / {report['least_calls']}")
        console.print(table)
        if report["problem"]:
            console.print(f"  {report['problem']['message']}")
        for item in report["needs_a_person"]:
            console.print(f"  needs you: {item['message']}")
        for item in report["drift"]:
            console.print(f"  drift: {item['label']}: {item['message']}")
