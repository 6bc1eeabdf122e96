"""The mapping of a connection: choosing, looking at what that would touch, earlier versions; and what packages hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.core.choice import CurrencyRule, JobRule, ListRule, NamingRule
from service.core.errors import SyncError
from service.core.guard import rule_of
from service.core.ports import EntityKind, Mapper, Ref
from service.core.reconcile import Flow
from service.mapping import settings as mapping_settings
from service.mapping.preset import PRESETS
from service.mapping.settings import RULES, SECTIONS
from service.records.errors import StaleRevision
from service.store.accounts import Role
from service.store.queries import agreed, connections, mappings, web_users
from service.store.sync_models import ConnectionRow
from service.sync import capability, choosing, mapping
from service.sync.rebase import Sent
from service.sync.what_if import Effect, WhatIf
from service.web.access import does, person, shows
from service.web.entries import groups_of
from service.web.pages import pages
from service.web.parts import package_of, parts

_SHOWN = 50  #: records of a what-if that are named on the page, for each effect
_FIRST = 3  #: records named beside something missing
_VERSIONS = 20
#: What stands in a rule's place when it is as usual: it is not kept.
_USUAL: Mapping[str, str] = {"lists": ListRule.BOTH.value, "currencies": CurrencyRule.SEND.value}
EFFECTS: Mapping[Effect, tuple[str, str]] = {
    Effect.REWRITTEN: ("turns orange and is written again", "turn orange and are written again with the next sync"),
    Effect.KEPT: ("stays there as it was sent", "stay there as they were sent"),
    Effect.CLOSED: (
        "can't be changed there any more and stays as it was sent",
        "can't be changed there any more and stay as they were sent",
    ),
    Effect.TAKEN_OVER: ("takes over what is there", "take over what is there"),
    Effect.SENT: ("that waited is sent", "that waited are sent"),
    Effect.SENT_OTHERWISE: ("not sent yet goes with the new choices", "not sent yet go with the new choices"),
    Effect.HELD_BACK: ("is not sent any more", "are not sent any more"),
    Effect.STOPPED: ("would wait for a choice", "would wait for a choice"),
}


@pages.get("/connections/<connection_id>/mapping")
@shows()
def mapping_form(session: Session, connection_id: str) -> str:
    """Show the choices of a connection with what the package offers."""
    return _page(session, connection_id)


@pages.post("/connections/<connection_id>/mapping")
@does(Role.ACCOUNTANT)
def save_mapping(connection_id: str) -> Any:
    """Keep the choices; or look at what they would touch, or at what a preset would fill in, and keep nothing."""
    someone, platform, given = person(), parts().platform, request.form
    with platform.database.read() as session:
        row = connections.get(session, someone.company.id, connection_id)
        if given.get("version") != str(row.mapping_version):
            told = "Somebody changed the mapping meanwhile. Check the choices and save again."
            return _page(session, connection_id, typed=given, told=told), 409
        document = _document(row, platform.provider(row.provider).mappers, given)
        preset = next((one for one in PRESETS if one.id == given.get("preset")), None)
        if preset is not None:
            filled = {f"owners:{key}": value for key, value in preset.owners.items()}
            filled |= {f"lists:{key}": value for key, value in preset.lists.items()}
            usual = _usual(row, platform.provider(row.provider).mappers)
            told = f"Filled in: {preset.label.lower()}. Nothing is saved yet."
            return _page(session, connection_id, typed={**given, **usual, **filled}, told=told)
    sent = Sent.REWRITE if given.get("sent") == Sent.REWRITE else Sent.KEEP
    where: dict[str, Any] = {"organisation_id": someone.company.id, "connection_id": connection_id}
    try:
        if given.get("do") == "preview":
            found = choosing.what_if(platform, document=document, sent=sent, **where)
            with platform.database.read() as session:
                return _page(session, connection_id, typed=given, found=found)
        version = int(given["version"])  # it was compared above; nobody may come in between
        choosing.save(platform, document=document, actor=someone.actor, version=version, sent=sent, **where)
    except choosing.BadMapping as refusal:
        faults = {one.field: one.message for one in refusal.faults}
        with platform.database.read() as session:
            return _page(session, connection_id, typed=given, faults=faults, told=str(refusal)), 422
    except StaleRevision:
        with platform.database.read() as session:
            told = "Somebody changed the mapping meanwhile. Check the choices and save again."
            return _page(session, connection_id, typed=given, told=told), 409
    flash("The mapping is saved. Records that waited for a choice are sent with the next sync.")
    return redirect(url_for("pages.connection", connection_id=connection_id), 303)


@pages.post("/connections/<connection_id>/mapping/take-back")
@does(Role.ACCOUNTANT)
def take_mapping_back(connection_id: str) -> Response:
    """Choose again what was chosen in an earlier version; documents that were sent stay as they are."""
    someone, platform = person(), parts().platform
    version = int(request.form.get("version", "0")) if request.form.get("version", "").isdigit() else 0
    where: dict[str, Any] = {"organisation_id": someone.company.id, "connection_id": connection_id}
    try:
        with platform.database.read() as session:
            row = connections.get(session, someone.company.id, connection_id)
            document = mappings.version_of(session, row, version).document
        why = f"version {version} taken back"
        choosing.save(platform, document=document, actor=someone.actor, why=why, **where)
    except (choosing.BadMapping, SyncError) as refusal:
        flash(f"Version {version} can't be taken back: {refusal}")
    else:
        flash(f"Version {version} is taken back, as a new version.")
    return redirect(url_for("pages.mapping_form", connection_id=connection_id), 303)


@pages.get("/capabilities")
@shows()
def capabilities(session: Session) -> str:
    """Show what each package can do and hold, side by side."""
    del session
    return render_template("capabilities.html", table=capability.table(parts().platform.providers))


def _document(row: ConnectionRow, mappers: Mapping[EntityKind, Mapper], given: Mapping[str, str]) -> dict[str, Any]:
    """Return what is chosen with what the form says; what it did not show stays as it is."""
    document = mapping_settings.to_json(mapping_settings.from_json(row.mapping))
    for key, value in given.items():
        section, _, entry = key.partition(":")
        if not entry or section not in {*SECTIONS, *RULES}:
            continue
        usual = _usual_owner(entry, mappers) if section == "owners" else _USUAL.get(section)
        if value == usual:
            document[section].pop(entry, None)
        else:
            document[section][entry] = value.strip()
    for name in ("job_rule", "naming"):
        document[name] = given.get(name) or document[name]
    return document


def _usual_owner(entry: str, mappers: Mapping[EntityKind, Mapper]) -> str | None:
    kind, _, name = entry.partition(".")
    mapper = next((mappers[one] for one in mappers if one.value == kind), None)
    flow: Flow | None = None if mapper is None else mapper.flows.get(name)
    return None if flow is None else flow.value


def _usual(row: ConnectionRow, mappers: Mapping[EntityKind, Mapper]) -> dict[str, str]:
    """Return owners and lists as they are unless somebody says otherwise, as the form names them."""
    stored = mapping_settings.from_json(row.mapping)
    usual = {f"lists:{key}": ListRule.BOTH.value for key in stored.lists}
    for kind, mapper in mappers.items():
        usual |= {f"owners:{kind}.{name}": flow.value for name, flow in mapper.flows.items()}
    return usual


def _page(
    session: Session,
    connection_id: str,
    *,
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
    told: str = "",
    found: WhatIf | None = None,
) -> str:
    platform = parts().platform
    row = connections.get(session, person().company.id, connection_id)
    provider = platform.provider(row.provider)
    known = mapping.state_of(platform, session, row)
    package = package_of(row.provider)
    first = {ref for one in known.missing for ref in one.records[:_FIRST]}
    versions = mappings.versions(session, row, limit=_VERSIONS)
    return render_template(
        "mapping.html",
        row=row,
        package=package,
        groups=groups_of(known, provider.mappers, package=package, typed=typed or {}, faults=faults or {}),
        known=known,
        typed=typed or {},
        told=told,
        first_of={one.entry: one.records[:_FIRST] for one in known.missing},
        labels=mapping.labels_of(session, row.organisation_id, first),
        found=None if found is None else _found(found),
        braked=found is not None and _braked(session, row, found),
        presets=PRESETS,
        jobs=known.demands.use("job_rule"),
        job_rules=list(JobRule),
        naming_rules=list(NamingRule),
        versions=versions,
        names=web_users.names_of_actors(session, row.organisation_id, {one.actor for one in versions}),
        record_url=record_url,
    )


def _found(found: WhatIf) -> list[dict[str, Any]]:
    """Return what a what-if found, effect by effect."""
    shown = []
    for effect, said in EFFECTS.items():
        touched = [one for one in found.touched if one.effect is effect]
        if touched:
            number = len(touched)
            shown.append({"effect": effect, "said": said[number > 1], "number": number, "touched": touched[:_SHOWN]})
    return shown


def _braked(session: Session, row: ConnectionRow, found: WhatIf) -> bool:
    """Tell whether the next sync would stop because so many records change at once."""
    touched = found.counts.get(Effect.REWRITTEN, 0) + found.counts.get(Effect.TAKEN_OVER, 0)
    return rule_of(row.settings).exceeded(touched=touched, linked=agreed.count_agreed(session, row))


def record_url(ref: Ref) -> str | None:
    """Return the address of a record's page here; None for kinds that have none."""
    match ref.kind:
        case EntityKind.CUSTOMER:
            return url_for("pages.customer", customer_id=ref.id)
        case EntityKind.INVOICE:
            return url_for("pages.invoice", invoice_id=ref.id)
        case _:
            return None
