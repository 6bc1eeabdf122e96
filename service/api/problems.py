"""Every error as a problem document of RFC 9457. Nothing of a request's content is ever repeated in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from flask import Flask, Response, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import HTTPException

from service.core.errors import ConnectorError
from service.records.errors import Fault, Invalid, NotFound, RecordError, StaleRevision, Taken
from service.store.queries.connections import NotFoundError
from service.store.queries.pages import BadCursor
from service.sync.connect import WrongState
from service.sync.mailing import NotSent, PerhapsSent
from service.sync.match import BadDecision
from service.sync.reset import ResetRefused
from service.sync.saved import PlanOutdated

MEDIA_TYPE = "application/problem+json"

TITLES = {
    400: "The request is malformed",
    401: "No valid token",
    403: "The role is too weak",
    404: "Not found",
    405: "The method is not allowed here",
    409: "Not possible in this state",
    413: "The request is too large",
    415: "The content must be JSON",
    422: "Some values are not valid",
    429: "Too many requests",
    500: "Something went wrong on our side",
    503: "The service is not available right now",
}


#: What an error means, the first that fits.
_MEANINGS: dict[type[Exception], tuple[int, str | None]] = {
    NotFound: (404, None),
    NotFoundError: (404, None),
    StaleRevision: (409, "stale_revision"),
    Taken: (409, "taken"),
    Invalid: (422, "invalid"),
    RecordError: (409, "not_possible_now"),
    BadCursor: (422, "invalid"),
    IntegrityError: (409, "race"),
    WrongState: (409, "wrong_state"),
    PlanOutdated: (409, "plan_outdated"),
    ResetRefused: (409, "reset_refused"),
    BadDecision: (422, "invalid"),
    NotSent: (409, "not_sent"),
    PerhapsSent: (409, "outcome_unknown"),
    ConnectorError: (503, "package_unreachable"),
}
#: Sentences for errors that do not bring one.
_SENTENCES: dict[type[Exception], str] = {
    NotFoundError: "There is no such record.",
    BadCursor: "This cursor is not of this list. Begin again without it.",
    IntegrityError: "Another request changed the same records at this moment. Try again.",
}


class FieldFault(BaseModel):
    """One field at fault; ``field`` is a path such as ``contacts.0.email``."""

    model_config = ConfigDict(title="FieldFault")

    field: str
    message: str


class Problem(BaseModel):
    """A problem document."""

    model_config = ConfigDict(title="Problem")

    type: str = "about:blank"
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    errors: list[FieldFault] | None = None


class ApiError(Exception):
    """A request that cannot be answered as asked."""

    def __init__(self, status: int, detail: str, *, kind: str | None = None, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind
        self.faults = tuple(faults)


def problem_response(error: ApiError) -> Response:
    """Return the document of an error."""
    document = Problem(
        type=f"urn:tieout:problem:{error.kind}" if error.kind else "about:blank",
        title=TITLES.get(error.status, "The request failed"),
        status=error.status,
        detail=error.detail,
        errors=[FieldFault(field=fault.field, message=fault.message) for fault in error.faults] or None,
    )
    content = document.model_dump_json(exclude_none=True)
    response = Response(content, status=error.status, content_type=MEDIA_TYPE)
    if error.status == 401:  # noqa: PLR2004 - as HTTP names it
        response.headers["WWW-Authenticate"] = 'Bearer realm="Tieout"'
    return response


def translate(error: Exception) -> ApiError | None:
    """Return what an error of the use cases means over HTTP; None for a defect."""
    if isinstance(error, ApiError):
        return error
    for known, (status, kind) in _MEANINGS.items():
        if isinstance(error, known):
            told = _SENTENCES.get(known, str(error))
            return ApiError(status, told, kind=kind, faults=getattr(error, "faults", ()))
    return None


def validation_response(error: ValidationError) -> Response:
    """Return the document for input that pydantic refused; it names fields and repeats no value."""
    faults = [
        Fault(".".join(str(part) for part in fault["loc"]), _sentence(fault["msg"]))
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return problem_response(
        ApiError(422, " ".join(fault.message for fault in faults[:3]), kind="invalid", faults=faults)
    )


def _sentence(message: str) -> str:
    text = message.removeprefix("Value error, ")
    return text if text.endswith(".") else f"{text}."


def install(app: Flask) -> None:
    """Answer every error below ``/api/`` with a problem document; other pages keep their own."""

    def answer(error: HTTPException) -> Response | HTTPException:
        if not request.path.startswith("/api/"):
            return error
        if error.response is not None and error.code is None:
            return error
        if isinstance(error.response, Response):
            return error.response
        code = error.code or 500
        detail = TITLES.get(code, error.name) if code >= 500 else (error.description or error.name)  # noqa: PLR2004
        response = problem_response(ApiError(code, detail))
        for name, value in error.get_headers():
            if name.lower() not in {"content-type", "content-length"}:
                response.headers[name] = value
        return response

    def refuse(error: Exception) -> Response:
        told = translate(error)
        if told is None:
            raise error
        return problem_response(told)

    app.register_error_handler(HTTPException, answer)
    known: list[type[Exception]] = [ApiError, *_MEANINGS]
    for kind in known:
        app.register_error_handler(kind, refuse)
