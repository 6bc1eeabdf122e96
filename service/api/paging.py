"""Lists: their query parameters and their documents."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from service.api.problems import ApiError
from service.records.errors import Fault
from service.store.queries.pages import MAX_LIMIT

MAX_SORT = 3


class Query(BaseModel):
    """Base of all query parameters: unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[A-Za-z0-9_=-]*$")]


class PageQuery(Query):
    """Which page of a list."""

    limit: Limit = 50
    cursor: Cursor | None = None


def sort_of(text: str | None, allowed: frozenset[str]) -> tuple[str, ...]:
    """Return the fields to sort by.

    :raises ApiError: 422 for an unknown field, one named twice, or more than three.
    """
    wishes = tuple(part.strip() for part in (text or "").split(",") if part.strip())
    names = [wish.removeprefix("-") for wish in wishes]
    unknown = [name for name in names if name not in allowed]
    if unknown:
        raise _refused(f"Sort by {', '.join(sorted(allowed))}, with a minus for descending.")
    if len(names) > MAX_SORT or len(set(names)) < len(names):
        raise _refused(f"Sort by up to {MAX_SORT} different fields.")
    return wishes


def _refused(message: str) -> ApiError:
    return ApiError(422, message, kind="invalid", faults=[Fault("sort", message)])
