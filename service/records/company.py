"""What holds for a whole company: the tax level that applies where nothing nearer names one."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.records.author import Author
from service.records.places import require_tax_levels
from service.records.resolution import follow
from service.store.queries.events import Subject, add_event
from service.store.queries.find import find_organisation
from service.store.queries.invoices import customers_with_drafts


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
    add_event(
        session,
        organisation_id=author.organisation_id,
        at=author.now,
        actor=author.actor,
        verb="chose the company's tax level",
        subject=Subject(kind="organisation", id=organisation.id, label=organisation.name),
        before={"tax_level_id": before},
        after={"tax_level_id": tax_level_id},
    )
    follow(session, author, customers_with_drafts(session, author.organisation_id))
