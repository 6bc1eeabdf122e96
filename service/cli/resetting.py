"""The command that resets a link: what it would do, doing it, and taking it back."""

from __future__ import annotations

from typing import Any

import click
from rich.console import Console

from service.cli.common import NEEDS_A_PERSON, open_platform, print_json
from service.cli.syncing import report_of, show_table, watch
from service.core.reset import OldCounterpart
from service.store.queries import connections, links, organisations, resets
from service.store.reset_models import ResetRow
from service.store.sync_models import ConnectionRow, LinkRow
from service.sync import reset as resetting
from service.sync import reset_plan
from service.sync.platform import Platform
from service.sync.run import Asked

_ACTOR = "command line"


@click.command()
@click.argument("link_id")
@click.option("--plan", "dry", is_flag=True, help="Say what it would do; nothing is written anywhere.")
@click.option(
    "--old",
    type=click.Choice([one.value for one in OldCounterpart]),
    help="What becomes of the former counterpart; renamed unless given, and of an undone reset's archived if bare.",
)
@click.option("--with-jobs", is_flag=True, help="Of a client: its jobs and their sub-contacts as well.")
@click.option("--undo", is_flag=True, help="Tie the record to its former counterpart again.")
@click.option("--why", default="", help="The reason, for the audit trail.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def reset(link_id: str, dry: bool, old: str | None, with_jobs: bool, undo: bool, why: str, as_json: bool) -> None:  # noqa: FBT001  (click passes options by name)
    """Give up a link's counterpart and send the record as a new one."""
    if undo and with_jobs:
        message = "--undo takes back the whole reset; it needs no --with-jobs"
        raise click.UsageError(message)
    platform = open_platform()
    link, label = _found(platform, link_id)
    where: dict[str, Any] = {"organisation_id": link.organisation_id, "link_id": link.id, "actor": _ACTOR}
    wish: dict[str, Any] = (
        {"new_counterpart": old} if undo else {"with_jobs": with_jobs} | ({"old_counterpart": old} if old else {})
    )
    if dry:
        made = resetting.plan_undo if undo else resetting.plan_reset
        _plan(reset_plan.to_json(made(platform, **where, **wish)), as_json=as_json)
        return
    do = resetting.undo_reset if undo else resetting.reset_link
    _carry_out(platform, do(platform, **where, **wish, why=why), label, as_json=as_json)


def _plan(document: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        _show(document)
    if any(action["action"] == "ask" for action in document["actions"]):
        raise click.exceptions.Exit(NEEDS_A_PERSON)


def _show(document: dict[str, Any]) -> None:
    for action in document["actions"]:
        names = ", ".join(change["field"] for change in action["fields"])
        line = f"{action['action']:15} {action['entity']:9} {action['label']}  {action['message'] or names}"
        click.echo(line.rstrip())
    for one in document["documents"]:
        click.echo(f"{one['becomes']:15} {one['entity']:9} {one['label']}  {one['message']}")
    for loss in document["losses"]:
        click.echo(f"note: {loss}")
    if document["advice"]:
        click.echo(f"advice: {document['advice']}")
    click.echo(f"{document['calls']} calls", err=True)


def _carry_out(platform: Platform, asked: resetting.AskedReset, label: str, *, as_json: bool) -> None:
    watch(platform, [(Asked(asked.run_id, asked.connection_id), label)])
    with platform.database.read() as session:
        row = session.get_one(ResetRow, asked.reset_id)
        left = row.state in ("asked", "releasing")
        following = connections.run_under_way(session, asked.connection_id)
    if left and following is not None:  # another run was under way when it was asked for
        watch(platform, [(Asked(following.id, asked.connection_id), label)])
    with platform.database.read() as session:
        row = session.get_one(ResetRow, asked.reset_id)
        run_id = row.run_id or asked.run_id
        outcomes = [one.outcome for one in resets.items(session, row.id) if one.outcome]
    report = report_of(platform, run_id, asked.connection_id) | {
        "reset_id": row.id,
        "reset_state": row.state,
        "refused": row.problem,
        "outcomes": outcomes,
        "documents": row.documents,
    }
    if as_json:
        print_json(report)
    else:
        show_table(Console(), [label], [report])
        for told in [*outcomes, *([row.problem] if row.problem else [])]:
            click.echo(f"  {told}")
    if row.state not in ("swapped", "done") or report["needs_a_person"] or report["state"] != "succeeded":
        raise click.exceptions.Exit(NEEDS_A_PERSON)


def _found(platform: Platform, link_id: str) -> tuple[LinkRow, str]:
    """Return a link of whichever organisation, and what its connection is called.

    :raises click.ClickException: there is none.
    """
    with platform.database.read() as session:
        for organisation in organisations.all_of(session):
            try:
                link = links.get(session, organisation.id, link_id)
            except connections.NotFoundError:
                continue
            connection = session.get_one(ConnectionRow, link.connection_id)
            return link, connection.organisation_name or connection.id
    message = "there is no such link"
    raise click.ClickException(message)
