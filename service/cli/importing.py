"""``tieout import``: taking over what other programs have."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from service.cli.common import NEEDS_A_PERSON, open_platform, organisation_id, print_json
from service.imports import Report, UnreadableFile, all_layouts, import_customers
from service.records.author import Author


@click.group("import")
def import_() -> None:
    """Take over records from files."""


@import_.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check the file and report; change nothing.")
@click.option("--skip-faulty", is_flag=True, help="Take the valid rows even if others need a person.")
@click.option("--organisation", help="Name of the organisation, made if there is none of that name.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def customers(file: Path, dry_run: bool, skip_faulty: bool, organisation: str | None, as_json: bool) -> None:  # noqa: FBT001  (click passes flags by name)
    """Take over the customers in FILE that are not there yet.

    FILE has our own columns, or is the list that an accounting package exports; its headings tell. A row that is
    there already, by its number or by its whole name and address of mail, stays as it is.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        message = f"{file} can't be read ({error.strerror})"
        raise click.ClickException(message) from error
    platform = open_platform()
    with platform.database.write() as session:
        before = session.begin_nested()
        author = Author(
            organisation_id=organisation_id(session, organisation),
            actor="import",
            now=platform.clock(),
            why=f"imported from {file.name}",
        )
        try:
            report = import_customers(
                session,
                author,
                content,
                layouts=all_layouts(platform.providers),
                skip_faulty=skip_faulty,
                dry_run=dry_run,
            )
        except UnreadableFile as error:
            message = f"{file}: {error}"
            raise click.ClickException(message) from error
        if not report.imported:
            before.rollback()  # nor is an organisation left behind that was made for it
    if as_json:
        print_json({"file": str(file), "dry_run": dry_run, **asdict(report)})
    else:
        _show(report, dry_run=dry_run)
    if report.faulty:
        raise click.exceptions.Exit(NEEDS_A_PERSON)


def _show(report: Report, *, dry_run: bool) -> None:
    for problem in report.problems:
        click.echo(f"line {problem.line}, {problem.field}: {problem.message} ({problem.label or 'no name'})")
    counts = f"{report.new} new, {report.already_there} already there, {report.faulty} faulty"
    if report.parents:
        counts += f"; {report.parents} more that stand above them"
    click.echo(f"{report.rows} rows of {report.layout}: {counts}.")
    if report.unnamed_contacts:
        click.echo(
            f"For {report.unnamed_contacts} companies the file names nobody; a contact was made of their address."
        )
    if report.ignored:
        click.echo(f"Nothing is taken from: {', '.join(report.ignored)}.")
    if dry_run:
        click.echo("A dry run: nothing was changed.")
    elif not report.imported:
        click.echo("Nothing was imported: correct the rows, or leave them out with --skip-faulty.")
