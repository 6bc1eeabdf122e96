"""Where a package sends the browser back after consent. It needs no sign-in: it trusts the one-time state alone."""

from __future__ import annotations

from flask import abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from service.sync import consenting
from service.web.access import person_or_none
from service.web.pages import pages
from service.web.parts import parts


@pages.get("/oauth/<provider>/callback")
def oauth_callback(provider: str) -> Response | tuple[str, int]:
    """Complete the connection, or say why not and what to do."""
    if provider not in parts().platform.providers:
        abort(404)
    try:
        someone = person_or_none()
        connection_id = consenting.complete(
            parts().platform,
            provider=provider,
            arguments=request.args,
            signed_in_to=None if someone is None else someone.company.id,
        )
    except consenting.ConsentRefused as refusal:
        return render_template("refused.html", sentence=str(refusal)), 400
    parts().runner.wake(connection_id)
    return redirect(url_for("pages.connection", connection_id=connection_id), 303)
