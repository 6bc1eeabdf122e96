"""The blueprint that all pages belong to, and what their templates share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, current_app, request, url_for

from service.web.access import csrf, person_or_none
from service.web.parts import package_of, parts
from service.web.standing import question_of

pages = Blueprint("pages", __name__, template_folder="templates", static_folder="static", static_url_path="/static")

THEMES = ("auto", "light", "dark")
#: The left rail: endpoint, word, a shorter one for small screens, icon, the keys that lead there, who sees it.
RAIL = (
    ("pages.dashboard", "Dashboard", "Home", "home", "g d", "viewer"),
    ("pages.customer_list", "Customers", "Customers", "people", "g c", "viewer"),
    ("pages.invoice_list", "Invoices", "Invoices", "document", "g i", "viewer"),
    ("pages.conflict_list", "Conflicts", "Conflicts", "alert", "g x", "viewer"),
    ("pages.connection_list", "Connections", "Connect", "plug", "g n", "viewer"),
    ("pages.run_list", "Runs", "Runs", "clock", "g r", "viewer"),
    ("pages.activity", "Activity", "Activity", "list", "g a", "viewer"),
    ("pages.settings", "Settings", "Settings", "gear", "g s", "admin"),
)
#: Which entry of the rail a page belongs to, by the first part of its address.
_SECTIONS = {
    "customers": "pages.customer_list",
    "invoices": "pages.invoice_list",
    "letters": "pages.invoice_list",
    "payments": "pages.invoice_list",
    "mailings": "pages.invoice_list",
    "variances": "pages.invoice_list",
    "wording": "pages.invoice_list",
    "conflicts": "pages.conflict_list",
    "connections": "pages.connection_list",
    "drift": "pages.connection_list",
    "plans": "pages.connection_list",
    "links": "pages.customer_list",
    "runs": "pages.run_list",
    "resets": "pages.run_list",
    "settings": "pages.settings",
    "capabilities": "pages.connection_list",
}


@pages.before_request
def refuse_forgery() -> None:
    """Refuse a form that did not come from one of our own pages."""
    if current_app.config["WTF_CSRF_ENABLED"]:
        csrf.protect()


@pages.app_context_processor
def shared() -> dict[str, Any]:
    """Give every template who looks at it, what is theirs to see, and what waits for them."""
    someone = person_or_none()
    theme = request.cookies.get("theme", "auto")
    known: dict[str, Any] = {
        "person": someone,
        "section": _SECTIONS.get(request.path.split("/")[1]),
        "theme": theme if theme in THEMES else "auto",
        "asset": asset,
        "package_of": package_of,
        "question_of": question_of,
        "with_arguments": with_arguments,
        "here": request.full_path.rstrip("?"),
    }
    if someone is not None:
        known |= {"rail": [entry for entry in RAIL if someone.may(entry[5])]}
        if not request.path.startswith("/parts/"):
            known["open_questions"] = someone.open_questions
    return known


def asset(name: str) -> str:
    """Return the address of a static file, which changes with its content."""
    return url_for("pages.static", filename=name, v=parts().versions.get(name))


def with_arguments(path: str | None = None, **changes: str | Sequence[str] | None) -> str:
    """Return this page's address with some arguments changed; None takes one away, a list repeats one.

    :param path: of another page that takes the same arguments.
    """
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in {"cursor", *changes}]
    given = [
        *((name, value) for name, value in kept if value),
        *((name, value) for name, value in changes.items() if value),
    ]
    path = path or request.path
    return f"{path}?{urlencode(given, doseq=True)}" if given else path
