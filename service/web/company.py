"""Settings of the company: its name, currency and formats, its tax levels, and when syncs happen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import available_timezones

from apscheduler.triggers.cron import CronTrigger
from flask import flash, redirect, render_template, request, url_for
from pydantic import ValidationError
from sqlalchemy.orm import Session

from service.records.company import CompanyChanges, change_company
from service.records.errors import RecordError
from service.records.inputs import TaxLevelInput
from service.records.tax_levels import create_tax_level
from service.store.accounts import Role
from service.store.queries.connections import all_of
from service.store.queries.find import find_organisation
from service.store.queries.load import load_tax_levels
from service.store.queries.upkeep import last_beat
from service.web.access import does, person, shows
from service.web.form import was_of
from service.web.pages import pages
from service.web.parts import now, package_of, parts
from service.web.typed import faults_of

_TEXTS = ("name", "currency", "country", "timezone", "locale")
#: Locales that are offered; every one that is known is taken.
_LOCALES = ("en_US", "en_GB", "en_AU", "en_NZ", "en_CA", "en_IE", "da_DK", "de_CH", "de_DE", "fr_FR", "nl_NL", "sv_SE")


@pages.get("/settings/company")
@shows(Role.ADMIN)
def company(session: Session) -> str:
    """Show the company's form."""
    return _company_page(session)


@pages.post("/settings/company")
@does(Role.ADMIN)
def save_company() -> Any:
    """Save what this person changed: what somebody else changed meanwhile stays."""
    given, database = request.form, parts().platform.database
    was = was_of(given)
    wish: dict[str, Any] = {
        name: given[name].strip() for name in _TEXTS if given.get(name, was.get(name)) != was.get(name)
    }
    for name in {"currency", "country"} & wish.keys():
        wish[name] = wish[name].upper()
    try:
        changes = CompanyChanges.model_validate(wish)
        with database.write() as session:
            change_company(session, person().author(), changes)
    except (ValidationError, RecordError) as refusal:
        with database.read() as session:
            return _company_page(session, given, faults_of(refusal)), 422
    flash("Saved." if wish else "Nothing was changed.")
    return redirect(url_for("pages.company"), 303)


@pages.get("/settings/tax-levels")
@shows(Role.ACCOUNTANT)
def tax_levels(session: Session) -> str:
    """Show the tax levels."""
    return _tax_page(session)


@pages.post("/settings/tax-levels")
@does(Role.ACCOUNTANT)
def add_tax_level() -> Any:
    """Add a tax level; its parts are typed a line each, the rate last."""
    given, database = request.form, parts().platform.database
    typed = [line.rsplit(None, 1) for line in given.get("components", "").splitlines() if line.strip()]
    components = [{"name": words[0], "rate_percent": words[-1].rstrip("%")} for words in typed]
    try:
        asked = TaxLevelInput.model_validate(
            {"name": given.get("name"), "rate_percent": given.get("rate_percent", "").strip(), "components": components}
        )
        with database.write() as session:
            row = create_tax_level(session, person().author(), asked)
            told = f"{row.name} is added. Choose in each connection's mapping what stands for it there."
    except (ValidationError, RecordError) as refusal:
        faults = {name.partition(".")[0]: said for name, said in faults_of(refusal).items()}
        with database.read() as session:
            return _tax_page(session, given, faults), 422
    flash(told)
    return redirect(url_for("pages.tax_levels"), 303)


@pages.get("/settings/schedule")
@shows(Role.ADMIN)
def schedule(session: Session) -> str:
    """Show when syncs happen, and whether whoever starts them is there."""
    settings, moment = parts().platform.settings, now()
    return render_template(
        "schedule.html",
        interval=settings.sync_interval,
        cron=settings.reconcile_cron,
        nightly=_next(settings.reconcile_cron, moment),
        heard=last_beat(session, "scheduler"),
        connections=[(row, package_of(row.provider)) for row in all_of(session, person().company.id)],
    )


def _next(cron: str, moment: datetime) -> datetime | None:
    found: datetime | None = CronTrigger.from_crontab(cron, timezone=UTC).get_next_fire_time(None, moment)
    return found


def _company_page(
    session: Session, typed: Mapping[str, str] | None = None, faults: Mapping[str, str] | None = None
) -> str:
    row = find_organisation(session, person().company.id)
    stored = {name: getattr(row, name) or "" for name in _TEXTS}
    was = (typed or {}).get("was")
    return render_template(
        "company.html",
        typed={**stored, **(typed or {})},
        faults=faults or {},
        stored=stored,
        was=was,
        zones=sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix"))),
        locales=_LOCALES,
        moment=now(),
    )


def _tax_page(session: Session, typed: Mapping[str, str] | None = None, faults: Mapping[str, str] | None = None) -> str:
    organisation_id = person().company.id
    return render_template(
        "tax_levels.html",
        levels=list(load_tax_levels(session, organisation_id).values()),
        default_tax_level=find_organisation(session, organisation_id).tax_level_id,
        typed=typed or {},
        faults=faults or {},
    )
