"""Commands about plans: what the next sync would do, and doing exactly that."""

from __future__ import annotations

from typing import Any

import click
from rich.console import Console
from sqlalchemy.orm import Session

from service.cli.common import NEEDS_A_PERSON, chosen_connections, open_platform, print_json
from service.cli.syncing import expected, report_of, show_table, watch
from service.store.plan_models import PlanRow
from service.store.queries import connections, organisations, plans
from service.sync import apply as applying
from service.sync import outlook, saved
from service.sync.platform import Platform

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.command()
@click.option("--connection", "connection_id", help="Id of one connection; all of them if left out.")
@_JSON
def plan(connection_id: str | None, as_json: bool) -> None:  # noqa: FBT001  (click passes flags by name)
    """Say what the next sync would do, and keep it to be applied; changes nothing in the books anywhere."""
    platform = open_platform()
    made = [
        _document(
            platform,
            saved.make(platform, organisation_id=one.organisation_id, connection_id=one.id, actor="command line"),
        )
        for one in chosen_connections(platform, connection_id)
    ]
    if as_json:
        print_json(made)
    else:
        for document in made:
            _show(document)
    if any(document["brake"] or any(one["action"] == "ask" for one in document["actions"]) for document in made):
        raise click.exceptions.Exit(NEEDS_A_PERSON)


@click.command()
@click.argument("plan_id")
@_JSON
def apply(plan_id: str, as_json: bool) -> None:  # noqa: FBT001
    """Do exactly what a plan says; refused, naming the record, if either side has moved since."""
    platform = open_platform()
    with platform.database.read() as session:
        row = _found(session, plan_id)
        connection = connections.get(session, row.organisation_id, row.connection_id)
        label = connection.organisation_name or connection.id
    asked = applying.apply_plan(
        platform, organisation_id=row.organisation_id, plan_id=plan_id, actor="command line", may_release=True
    )
    watch(platform, [(asked, label)])
    report = report_of(platform, asked.run_id, asked.connection_id)
    if as_json:
        print_json([report])
    else:
        show_table(Console(), [label], [report])
    if report["needs_a_person"] or report["state"] != "succeeded":
        raise click.exceptions.Exit(NEEDS_A_PERSON)


def _found(session: Session, plan_id: str) -> PlanRow:
    """Return a plan of whichever organisation: whoever has this command line has the database.

    :raises click.ClickException: there is none.
    """
    for organisation in organisations.all_of(session):
        try:
            return plans.get(session, organisation.id, plan_id)
        except connections.NotFoundError:
            continue
    message = "there is no such plan"
    raise click.ClickException(message)


def _document(platform: Platform, plan_id: str) -> dict[str, Any]:
    with platform.database.read() as session:
        row = _found(session, plan_id)
        connection = connections.get(session, row.organisation_id, row.connection_id)
        foreseen = outlook.of_plan(platform, session, connection, row)
        return {
            "id": row.id,
            "connection_id": row.connection_id,
            "actions": [one.document for one in plans.actions(session, row.id)],
            "calls": row.calls,
            "forecast": None if foreseen is None else outlook.to_json(foreseen),
            "unchanged": row.unchanged,
            "brake": row.brake,
        }


def _show(document: dict[str, Any]) -> None:
    for action in document["actions"]:
        names = ", ".join(change["field"] for change in action["fields"])
        line = f"{action['action']:8} {action['entity']:9} {action['label']}  {action['message'] or names}"
        click.echo(line.rstrip())
    click.echo(f"plan {document['id']}: {len(document['actions'])} actions, {document['calls']} calls", err=True)
    if document["forecast"]:
        click.echo(expected(document["forecast"]), err=True)
    if document["brake"]:
        click.echo(document["brake"], err=True)
