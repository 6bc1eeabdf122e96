"""Errors as pages: what happened, and the next step, in words."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from service.records.errors import NotFound
from service.store.queries.connections import NotFoundError
from service.store.queries.pages import BadCursor
from service.web.pages import pages

#: Paths that programs read; they keep their own errors.
_PROGRAMS = ("/api/", "/webhooks/", "/healthz", "/readyz", "/metrics", "/static/")

_TOLD = {
    400: ("This could not be read", "Go back and try again."),
    403: ("You may not do this", "Ask an administrator of your company's Tieout."),
    404: ("There is no such page", "It was moved or deleted, or the address is incomplete."),
    405: ("This address takes no such request", "Go back and use the buttons of the page."),
    413: ("This is too large", "Send less at once."),
    429: ("Too many attempts", "Wait a quarter of an hour, then try again."),
    500: ("Something went wrong on our side", "Nothing was half done. Try again; the log of the service says more."),
    503: ("Tieout is not available right now", "Try again in a minute."),
}


def install(app: Flask) -> None:
    """Show people a page for every error; programs keep the answers that they had before."""
    before: Any = app.error_handler_spec[None][None].get(HTTPException)

    def answer(failure: HTTPException) -> Any:
        if request.path.startswith(_PROGRAMS):
            return failure if before is None else before(failure)
        if failure.response is not None or (failure.code or 500) < 400:  # noqa: PLR2004 - as HTTP numbers errors
            return failure
        return error_page(failure.code or 500, None if failure.code == 404 else _own_words(failure))  # noqa: PLR2004

    app.register_error_handler(HTTPException, answer)


@pages.errorhandler(NotFound)
@pages.errorhandler(NotFoundError)
def unknown(failure: Exception) -> Response:
    """Say that there is no such record here, or that it is another organisation's."""
    del failure
    return error_page(404, "It was deleted, or the address is incomplete.")


@pages.errorhandler(BadCursor)
def lost_place(failure: Exception) -> Response:
    """Say that a list has changed under a bookmark."""
    del failure
    return error_page(400, "This place in the list no longer exists. Begin again at its first page.")


@pages.errorhandler(CSRFError)
def stale_form(failure: Exception) -> Response:
    """Say that the form belongs to a session that has ended."""
    del failure
    return error_page(400, "The form is from a session that has ended. Go back, load the page anew, and send it again.")


def error_page(status: int, sentence: str | None = None) -> Response:
    """Return the page of an error."""
    title, next_step = _TOLD.get(status, ("This did not work", "Go back and try again."))
    page = render_template("error.html", status=status, title=title, sentence=sentence or next_step)
    return make_response(page, status)


def _own_words(failure: HTTPException) -> str | None:
    """Return the sentence that a view gave; the library's own are for programmers."""
    return failure.description if failure.description != type(failure).description else None
