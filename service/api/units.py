"""How a route runs: read in one session, or write in one transaction together with its remembered answer."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Concatenate, ParamSpec, TypeAlias

from flask import Response, current_app, request
from pydantic import BaseModel
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service.api.access import authorised, caller
from service.api.problems import MEDIA_TYPE, ApiError, problem_response, translate
from service.api.services import services
from service.records.author import Author
from service.store.accounts import RememberedAnswer, Role
from service.store.queries.answers import claim

P = ParamSpec("P")
#: What a route gives back: a document, with a status if it is not 200; None is "no content".
Answer: TypeAlias = "BaseModel | tuple[BaseModel, int] | None"

_REVISION = re.compile(r'(?:W/)?"?([0-9]{1,9})"?')
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS = ("ETag", "Location", "Content-Type")
#: A claim that was never answered belongs to a process that died.
_CLAIM = timedelta(minutes=5)
#: Transactions that PostgreSQL ended so that another one could go on.
_TRY_AGAIN = {"40001", "40P01"}
_TRIES = 3


def reads(role: Role) -> Callable[[Callable[Concatenate[Session, P], Answer]], Callable[P, Response]]:
    """Run a route with a session for reading; its first parameter is that session."""

    def decorate(view: Callable[Concatenate[Session, P], Answer]) -> Callable[P, Response]:
        @authorised(role)
        @wraps(view)
        def run(*args: P.args, **kwargs: P.kwargs) -> Response:
            with services().database.read() as session:
                return respond(view(session, *args, **kwargs))

        return run

    return decorate


def writes(role: Role) -> Callable[[Callable[Concatenate[Session, Author, P], Answer]], Callable[P, Response]]:
    """Run a route in one transaction; its first parameters are the session and the author.

    An answer to a request with an ``Idempotency-Key`` is remembered in the same transaction, refusals too: it is kept
    exactly if the change is.
    """

    def decorate(view: Callable[Concatenate[Session, Author, P], Answer]) -> Callable[P, Response]:
        @authorised(role)
        @wraps(view)
        def run(*args: P.args, **kwargs: P.kwargs) -> Response:
            author = caller().author(services().clock())
            return _again_if_ended(lambda: _write(author, lambda session: view(session, author, *args, **kwargs)))

        return run

    return decorate


def acts(role: Role) -> Callable[[Callable[P, Answer]], Callable[P, Response]]:
    """Run a route that opens its own transactions, because it calls out or waits.

    The key is claimed first and answered last; meanwhile the same key gets 409.
    """

    def decorate(view: Callable[P, Answer]) -> Callable[P, Response]:
        @authorised(role)
        @wraps(view)
        def run(*args: P.args, **kwargs: P.kwargs) -> Response:
            key = _key()
            if key is None:
                return respond(view(*args, **kwargs))
            author = caller().author(services().clock())
            with services().database.write() as session:
                row, mine = claim(
                    session, author.organisation_id, key=key, request_hash=_request_hash(), now=author.now
                )
                if not mine and row.status is None and author.now - row.created_at > _CLAIM:
                    row.created_at, mine = author.now, True
                if not mine:
                    return _replay(row)
            try:
                response = _outcome(lambda: respond(view(*args, **kwargs)))
            except BaseException:
                with services().database.write() as session:
                    session.delete(session.merge(row))
                raise
            with services().database.write() as session:
                _remember(session.merge(row), response)
            return response

        return run

    return decorate


def respond(answer: Answer) -> Response:
    """Return a document as an answer; a record says its revision as its ETag."""
    if answer is None:
        return Response(status=204)
    document, status = answer if isinstance(answer, tuple) else (answer, 200)
    content_type = MEDIA_TYPE if status >= 400 else "application/json"  # noqa: PLR2004 - as HTTP numbers errors
    response = Response(document.model_dump_json(), status=status, content_type=content_type)
    revision = getattr(document, "revision", None)
    if revision is not None:
        response.headers["ETag"] = f'"{revision}"'
    return response


def expected_revision() -> int | None:
    """Return the revision that ``If-Match`` names; None without one.

    :raises ApiError: 400 for a header of another form.
    """
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    found = _REVISION.fullmatch(header.strip())
    if found is None:
        raise ApiError(400, 'If-Match holds a revision, such as "3".')
    return int(found[1])


def _write(author: Author, view: Callable[[Session], Answer]) -> Response:
    key = _key()
    with services().database.write() as session:
        row = None
        if key is not None:
            row, mine = claim(session, author.organisation_id, key=key, request_hash=_request_hash(), now=author.now)
            if not mine:
                return _replay(row)

        def answered() -> Response:
            with session.begin_nested():
                return respond(view(session))

        response = _outcome(answered)
        if row is not None:
            _remember(row, response)
        return response


def _outcome(answered: Callable[[], Response]) -> Response:
    """Return the answer, or the document of a refusal; a defect goes on as it is."""
    try:
        return answered()
    except OperationalError:
        raise
    except Exception as error:
        told = translate(error)
        if told is None:
            raise
        return problem_response(told)


def _again_if_ended(unit: Callable[[], Response]) -> Response:
    for _ in range(_TRIES - 1):
        try:
            return unit()
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) not in _TRY_AGAIN:
                raise
    return unit()


def _key() -> str | None:
    header = request.headers.get("Idempotency-Key")
    if header is None or request.method != "POST":
        return None
    if _KEY.fullmatch(header) is None:
        raise ApiError(400, "An Idempotency-Key is 1 to 255 printable ASCII characters without blanks.")
    return header


def _request_hash() -> str:
    """Return what tells one request from another, under the service's own key: a body may hold a password."""
    document = request.get_json(silent=True) if request.get_data(cache=True) else None
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    asked = f"{request.method}\n{request.full_path}\n{canonical}"
    key = str(current_app.secret_key or "").encode()
    return hmac.digest(key, asked.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()


def _replay(row: RememberedAnswer) -> Response:
    if row.request_hash != _request_hash():
        return problem_response(
            ApiError(409, "This Idempotency-Key was used for another request.", kind="idempotency_key_reused")
        )
    if row.status is None:
        refusal = problem_response(ApiError(409, "The first request with this key is still being answered."))
        refusal.headers["Retry-After"] = "1"
        return refusal
    response = Response(row.body or "", status=row.status)
    for name, value in (row.headers or {}).items():
        response.headers[name] = value
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _remember(row: RememberedAnswer, response: Response) -> None:
    row.status = response.status_code
    row.body = response.get_data(as_text=True)
    row.headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
