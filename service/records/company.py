"""What holds for a whole company: its name, currency, place and formats, and the tax level behind all others."""

from __future__ import annotations

import re
from typing import Annotated
from zoneinfo import available_timezones

from babel.localedata import locale_identifiers
from pydantic import AfterValidator, Field, StringConstraints
from sqlalchemy.orm import Session

from service.records.author import Author
from service.records.errors import invalid
from service.records.fields import Country, Currency, Line
from service.records.inputs import Input
from service.records.places import require_tax_levels
from service.records.resolution import follow
from service.store.accounts import Organisation
from service.store.queries.events import Subject, add_event
from service.store.queries.find import find_organisation
from service.store.queries.invoices import customers_with_drafts

_REQUIRED = ("name", "currency", "timezone", "locale")


def _timezone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"'{name}' is not a time zone, such as America/New_York.")
    return name


def _locale(name: str) -> str:
    code = name.replace("-", "_")
    if re.fullmatch(r"[A-Za-z_]+", code) is None or code not in locale_identifiers():
        raise ValueError(f"'{name}' is not a locale, such as en_US or de_CH.")
    return code


class CompanyChanges(Input):
    """Changes of a company; what was not given stays."""

    name: Line | None = None
    currency: Currency | None = Field(None, description="Of new records that name none and whose customer names none.")
    country: Country | None = None
    timezone: Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_timezone)] | None = Field(
        None, description="Of the IANA database; decides which day it is."
    )
    locale: Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_locale)] | None = Field(
        None, description="How pages and letters write numbers and dates."
    )


def change_company(session: Session, author: Author, changes: CompanyChanges) -> Organisation:
    """Change the fields that were given. Records that exist keep their currency.

    :raises Invalid: one that a company needs would be blank.
    """
    row = find_organisation(session, author.organisation_id, lock=True)
    values = {field: getattr(changes, field) for field in changes.model_fields_set}
    for field in _REQUIRED:
        if field in values and values[field] is None:
            raise invalid(field, "A company needs this.")
    changed = {field: value for field, value in values.items() if getattr(row, field) != value}
    if changed:
        before = {field: getattr(row, field) for field in changed}
        for field, value in changed.items():
            setattr(row, field, value)
        _report(session, author, row, "edited", before=before, after=changed)
    return row


def choose_default_tax_level(session: Session, author: Author, tax_level_id: str | None) -> None:
    """Choose the company's own tax level; drafts follow, issued invoices keep theirs.

    :raises Invalid: there is no such tax level.
    """
    require_tax_levels(session, author, {"tax_level_id": tax_level_id})
    organisation = find_organisation(session, author.organisation_id)
    before = organisation.tax_level_id
    if before == tax_level_id:
        return
    organisation.tax_level_id = tax_level_id
    session.flush()
    told = "chose the company's tax level"
    after = {"tax_level_id": tax_level_id}
    _report(session, author, organisation, told, before={"tax_level_id": before}, after=after)
    follow(session, author, customers_with_drafts(session, author.organisation_id))


def _report(
    session: Session,
    author: Author,
    row: Organisation,
    verb: str,
    *,
    before: dict[str, str | None],
    after: dict[str, str | None],
) -> None:
    add_event(
        session,
        organisation_id=author.organisation_id,
        at=author.now,
        actor=author.actor,
        verb=verb,
        subject=Subject(kind="organisation", id=row.id, label=row.name),
        before=before,
        after=after,
    )
