"""Where packages tell what happened: public, trusted by the signature alone, answered as soon as it is stored."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request

from service.api.runs import platform
from service.sync import inbox

webhooks = Blueprint("webhooks", __name__)


@webhooks.post("/webhooks/<provider>")
def receive(provider: str) -> Response:
    """Answer 200 to what is stored and 401 to a wrong signature, both with no body and no cookie."""
    if provider not in platform().providers:
        abort(404)
    try:
        inbox.receive(platform(), provider, request.get_data(cache=False), request.headers)
    except inbox.Unsigned:
        return Response(status=401)
    return Response(status=200)
