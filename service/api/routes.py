"""What all groups of routes share: a place below the base, a token, the errors that any route may answer with."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel

from service.api.access import admit
from service.api.outputs import SyncOut, sync_out
from service.api.problems import Problem
from service.api.services import services
from service.store.queries.states import SyncState

BASE = "/api/v1"
_ERRORS: dict[str | int | HTTPStatus, type[BaseModel] | dict[Any, Any] | None] = dict.fromkeys(
    (400, 401, 403, 404, 422), Problem
)


class IdPath(BaseModel):
    """The identifier in a path."""

    id: str


def routes(name: str, *, about: str) -> APIBlueprint:
    """Return an empty group of routes under a heading of the documentation; each route declares its role."""
    group = APIBlueprint(
        name,
        __name__,
        url_prefix=BASE,
        abp_tags=[Tag(name=name, description=about)],
        abp_security=[{"bearer": []}],
        abp_responses=_ERRORS,
    )
    group.before_request(admit)
    return group


def sync_of(states: list[SyncState]) -> list[SyncOut]:
    """Return how a record stands at every connection."""
    remote_url = services().remote_url
    return [
        sync_out(
            state,
            remote_url(state.connection, state.link) if state.link is not None and state.link.remote_id else None,
        )
        for state in states
    ]
