"""The dashboard: is everything all right, and if not, what needs whom."""

from __future__ import annotations

from flask import make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.core.ports import EntityKind
from service.ids import is_id
from service.store.queries import letters
from service.store.queries.states import dot_places, record_dots
from service.store.queries.upkeep import last_beat
from service.web import listing
from service.web.access import person, safe_path, shows
from service.web.customer_act import COLUMNS_COOKIE
from service.web.pages import THEMES, pages
from service.web.parts import now, parts
from service.web.standing import Standing, answer, questions, standings

_ROWS = 50
_QUESTIONS = 8
_DOTS = 500
_YEAR = 365 * 86_400
#: Silence of the scheduler, in syncs that did not happen, after which the dashboard says so.
_MISSED = 5


@pages.get("/")
@shows()
def dashboard(session: Session) -> str:
    """Show how every connection stands, what needs a person, and the customers."""
    organisation_id = person().company.id
    places = dot_places(session, organisation_id)
    wish = listing.wish_of(request.args, places)
    columns = listing.columns_of(request.cookies.get(COLUMNS_COOKIE))
    shown = listing.shown(session, organisation_id, wish, limit=_ROWS, columns=columns, places=places)
    return render_template("dashboard.html", shown=shown, **listing.words(places), **_standing(session))


@pages.get("/parts/standing")
@shows()
def standing_part(session: Session) -> str:
    """Give the dashboard's live part alone."""
    return render_template("part/standing.html", **_standing(session))


@pages.get("/parts/dots")
@shows()
def dots_part(session: Session) -> str:
    """Give the dots of the records on a page, as they are now."""
    kind = EntityKind.INVOICE if request.args.get("kind") == "invoice" else EntityKind.CUSTOMER
    ids = [one for one in request.args.get("ids", "").split(",") if is_id(one)][:_DOTS]
    return render_template("part/dots.html", states=record_dots(session, person().company.id, kind, ids))


@pages.post("/theme")
def choose_theme() -> Response:
    """Keep light, dark, or whatever the machine says."""
    wanted = request.form.get("theme", "auto")
    response = make_response(redirect(safe_path(request.form.get("next"), url_for("pages.dashboard")), 303))
    secure = parts().platform.settings.base_url.startswith("https://")
    response.set_cookie(
        "theme",
        wanted if wanted in THEMES else "auto",
        max_age=_YEAR,
        secure=secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def _standing(session: Session) -> dict[str, object]:
    organisation_id = person().company.id
    found = standings(session, organisation_id)
    waiting = person().open_questions
    doubtful = letters.count_unknown(session, organisation_id)
    dot, told = answer(found, waiting, now(), doubtful=doubtful)
    return {
        "standings": found,
        "overall": dot,
        "answer": told,
        "questions": questions(session, organisation_id, limit=_QUESTIONS) if waiting else [],
        "open_questions": waiting,
        "doubtful": letters.unknown(session, organisation_id, limit=_QUESTIONS) if doubtful else [],
        "doubtful_letters": doubtful,
        "running": any(one.run for one in found),
        **_silence(session, found),
    }


def _silence(session: Session, found: list[Standing]) -> dict[str, object]:
    """Tell when the schedule was last heard of, or that it never was, if a live connection waits for it in vain."""
    if not any(one.row.state == "live" for one in found):
        return {}
    heard = last_beat(session, "scheduler")
    patience = max(parts().platform.settings.sync_interval * _MISSED, 300)
    silent = heard is not None and (now() - heard).total_seconds() > patience
    return {"silent_since": heard if silent else None, "unscheduled": heard is None}
