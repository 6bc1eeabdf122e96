"""Setting a connection up: five steps that can be left and resumed, and the pages of matching, mapping and preview."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.core.errors import SyncError
from service.core.matching import EXACT
from service.store.accounts import Role
from service.store.queries import connections
from service.store.queries.matches import Tally
from service.store.sync_models import ConnectionRow
from service.sync import golive, mapping, match, proposing
from service.sync.connect import WrongState
from service.sync.platform import Platform
from service.web.access import does, person, shows
from service.web.mapping import record_url
from service.web.pages import pages
from service.web.parts import package_of, parts
from service.web.words import plural

_SHOWN = 300  #: lines of a preview or of a list of proposals on one page
_PATIENCE = 5  #: seconds that the page of matches waits for a long comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the set-up."""

    key: str  #: connect, company, match, map, preview or live
    title: str
    state: str  #: done, now, later or you (needs the person)
    sentence: str
    url: str | None = None
    label: str = ""  #: what the link to the step says


def steps_of(platform: Platform, session: Session, row: ConnectionRow) -> list[Step]:
    """Return the steps of a connection with their states."""
    package = package_of(row.provider)
    connected = row.remote_tenant_id is not None
    steps = [
        Step(key="connect", title="Connect", state="done", sentence=f"{package} has given access.")
        if connected
        else Step(key="connect", title="Connect", state="you", sentence=f"{package} has not given access yet."),
        Step(
            key="company",
            title="Company",
            state="done",
            sentence=f"{row.organisation_name or 'The company'} in {package}.",
        )
        if connected
        else Step(key="company", title="Company", state="later", sentence="You choose it while giving access."),
    ]
    return steps + (_open_steps(platform, session, row, package) if row.state == "matching" else _other_steps(row))


def _match_step(platform: Platform, row: ConnectionRow) -> Step:
    """Return the step in which both lists are compared, which has them compared."""
    read = row.reference is not None
    compared = read and proposing.look(platform, row.organisation_id, row.id, patience=0)
    with platform.database.read() as fresh:
        undecided = match.tally(fresh, row).undecided
    return Step(
        key="match",
        title="Match",
        state="you" if undecided else "done" if compared else "later",
        sentence="Waits until the books have been read."
        if not read
        else f"{plural(undecided, 'record')} may exist on both sides already."
        if undecided
        else "Every record that may exist on both sides is decided."
        if compared
        else "The two lists are being compared.",
        url=url_for("pages.matches", connection_id=row.id),
        label="Decide" if undecided else "Look at the matches",
    )


def _open_steps(platform: Platform, session: Session, row: ConnectionRow, package: str) -> list[Step]:
    missing = len(mapping.state_of(platform, session, row).missing)
    read = row.reference is not None
    choices = url_for("pages.mapping_form", connection_id=row.id)
    matched = _match_step(platform, row)
    return [
        matched,
        Step(
            key="map",
            title="Map",
            state="you" if missing else "done" if read else "later",
            sentence=f"{plural(missing, 'choice')} {'is' if missing == 1 else 'are'} missing."
            if missing
            else "Every obvious choice is made: accounts, items, taxes, terms."
            if read
            else "Waits until the books have been read.",
            url=choices,
            label="Choose" if missing else "Look at the mapping",
        ),
        Step(
            key="preview",
            title="Preview",
            state="now" if read else "later",
            sentence="Shows every record that the first sync would create or change. It sends nothing.",
            url=url_for("pages.preview", connection_id=row.id),
            label="Preview the first sync",
        ),
        Step(
            key="live",
            title="Go live",
            state="later" if matched.state == "you" or missing else "now",
            sentence=f"From then on Tieout writes to {package}, every minute or when you ask.",
        ),
    ]


def _other_steps(row: ConnectionRow) -> list[Step]:
    done = row.state == "live" or row.state_before == "live"
    state = "done" if done else "later"
    links = {
        "match": url_for("pages.matches", connection_id=row.id),
        "map": url_for("pages.mapping_form", connection_id=row.id),
        "preview": url_for("pages.preview", connection_id=row.id),
    }
    told = {
        "match": ("Match", "Decided.", "Look at the matches"),
        "map": ("Map", "Chosen. Changes act on the next sync.", "Change the mapping"),
        "preview": ("Preview", "Shows what the next sync would do. It sends nothing.", "Preview the next sync"),
        "live": (
            "Go live",
            "Tieout keeps both sides in agreement." if row.state == "live" else "Not at the moment.",
            "",
        ),
    }
    reached = row.remote_tenant_id is not None
    return [
        Step(
            key=key,
            title=title,
            state=state,
            sentence=sentence if done else "Comes after connecting.",
            url=links.get(key) if reached else None,
            label=label,
        )
        for key, (title, sentence, label) in told.items()
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Proposals that are alike in how sure they are."""

    key: str
    title: str
    sentence: str
    matches: list[match.Match]
    number: int  #: how many there are, more than are shown perhaps


def _groups(session: Session, row: ConnectionRow, count: Tally) -> list[Group]:
    sure = match.percent(match.SURE)
    groups = [
        Group(
            key="sure",
            title="Sure",
            sentence="Nothing speaks against these, and nothing else fits.",
            matches=match.undecided(session, row, ambiguous=False, at_least=sure, limit=_SHOWN),
            number=count.sure,
        ),
        Group(
            key="probable",
            title="Probable",
            sentence="Something differs. Read why before you link.",
            matches=match.undecided(session, row, ambiguous=False, below=sure, limit=_SHOWN),
            number=count.probable,
        ),
        Group(
            key="ambiguous",
            title="Several fit",
            sentence="Link the one that is the same; the others go by themselves. Or keep each of them separate.",
            matches=match.undecided(session, row, ambiguous=True, limit=_SHOWN),
            number=count.ambiguous,
        ),
    ]
    return [group for group in groups if group.number]


@pages.get("/connections/<connection_id>/matches")
@shows()
def matches(session: Session, connection_id: str) -> str:
    """Show proposals for records that exist on both sides, and what exists only there."""
    platform = parts().platform
    row = connections.get(session, person().company.id, connection_id)
    ready = proposing.look(platform, row.organisation_id, connection_id, patience=_PATIENCE)
    with platform.database.read() as fresh:
        count = match.tally(fresh, row)
        groups = _groups(fresh, row, count)
        exact = match.undecided(fresh, row, ambiguous=False, at_least=match.percent(EXACT))
        only_there = match.candidates(platform, fresh, row, limit=_SHOWN, cursor=request.args.get("cursor"))
        decided = match.decided(fresh, row, limit=_SHOWN)
    return render_template(
        "matches.html",
        row=row,
        package=package_of(row.provider),
        ready=ready,
        count=count,
        groups=groups,
        exact=len(exact),
        only_there=only_there,
        decided=decided,
    )


@pages.post("/connections/<connection_id>/matches")
@does(Role.ACCOUNTANT)
def decide_matches(connection_id: str) -> Response:
    """Take one decision, or accept every exact proposal, or every sure one."""
    someone, platform, given = person(), parts().platform, request.form
    try:
        if given.get("accept") in {"exact", "sure"}:
            number = match.accept(
                platform,
                organisation_id=someone.company.id,
                connection_id=connection_id,
                above=EXACT if given["accept"] == "exact" else match.SURE,
                actor=someone.actor,
            )
            flash(f"{plural(number, 'record')} will be linked. Nothing is written before the connection is live.")
        else:
            decision = "link" if given.get("decision") == "link" else "separate"
            match.decide(
                platform,
                organisation_id=someone.company.id,
                connection_id=connection_id,
                decisions=[(given.get("customer_id", ""), given.get("remote_id", ""), decision)],
                actor=someone.actor,
            )
            name = given.get("name", "")
            flash(f"'{name}' will be linked." if decision == "link" else f"'{name}' stays separate.")
    except (match.BadDecision, WrongState) as refusal:
        flash(str(refusal))
    return redirect(url_for("pages.matches", connection_id=connection_id), 303)


@pages.post("/connections/<connection_id>/go-live")
@does(Role.ADMIN)
def go_live(connection_id: str) -> Any:
    """Go live, or say what stands in the way."""
    someone, platform = person(), parts().platform
    try:
        obstacles = golive.go_live(
            platform, organisation_id=someone.company.id, connection_id=connection_id, actor=someone.actor
        )
    except SyncError as refusal:
        flash(str(refusal))
        return redirect(url_for("pages.connection", connection_id=connection_id), 303)
    if obstacles:
        with platform.database.read() as session:
            row = connections.get(session, someone.company.id, connection_id)
            page = render_template(
                "obstacles.html", row=row, package=package_of(row.provider), obstacles=obstacles, record_url=record_url
            )
        return page, 409
    parts().runner.wake(connection_id)
    flash("The connection is live. The first sync begins by itself.")
    return redirect(url_for("pages.connection", connection_id=connection_id), 303)
