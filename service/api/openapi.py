"""The application class that carries the API, and its description: valid OpenAPI 3.1, read on pages of our own.

The library's description is put right in four places: our security scheme, problem documents instead of its list of
errors, their media type, and the headers that every write takes.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import flask_openapi3_swagger  # type: ignore[import-untyped]  # it ships no types
from flask import Blueprint, Response, jsonify, send_from_directory
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI

from service.api.problems import MEDIA_TYPE, TITLES, Problem, validation_response
from service.api.routes import BASE

_SWAGGER = Path(flask_openapi3_swagger.__file__).parent / "templates" / "swagger"
_BEARER = {"type": "http", "scheme": "bearer", "description": "A token of one organisation and one role."}

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tieout: API</title>
<link rel="icon" href="docs/assets/images/swagger.svg">
<link rel="stylesheet" href="docs/assets/css/swagger-ui.css">
</head>
<body>
<main id="api"></main>
<noscript>The description itself is at <a href="openapi.json">openapi.json</a>.</noscript>
<script src="docs/assets/js/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START = """window.ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#api",
  deepLinking: true,
  validatorUrl: null,
  defaultModelsExpandDepth: 0,
  presets: [SwaggerUIBundle.presets.apis],
});
"""

_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and body again give the first answer.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The revision that the change was made for; a stale one gets 409 and changes nothing.",
    "schema": {"type": "string", "pattern": r'^(?:(?:W/)?"?[0-9]{1,9}"?|\*)$'},
}


class Api(OpenAPI):
    """A Flask application with the API's validation and description."""

    def __init__(self, import_name: str, **options: Any) -> None:
        super().__init__(
            import_name,
            info=Info(title="Tieout", version=_version(), description="The company's records and their sync."),
            security_schemes={"bearer": _BEARER},
            validation_error_model=Problem,
            validation_error_callback=validation_response,
            operation_id_callback=_operation_id,
            doc_ui=False,
            **options,
        )

    @property
    def api_doc(self) -> dict[str, Any]:
        """The description of every registered route; made when it is first asked for."""
        if not self.spec_json:
            self.generate_spec_json()  # type: ignore[no-untyped-call]  # the library left it so
            for item in self.spec_json["paths"].values():
                for method, operation in item.items():
                    _complete(method, operation)
        return self.spec_json


def docs(app: Api) -> Blueprint:
    """Return the description and the pages to read it on; they need no token, and ask nothing of another host."""
    pages = Blueprint("docs", __name__, url_prefix=BASE)

    @pages.get("/openapi.json")
    def description() -> Response:
        return jsonify(app.api_doc)

    @pages.get("/docs")
    def page() -> Response:
        return Response(_PAGE, content_type="text/html; charset=utf-8")

    @pages.get("/docs/start.js")
    def start() -> Response:
        return Response(_START, content_type="text/javascript; charset=utf-8")

    @pages.get("/docs/assets/<path:name>")
    def asset(name: str) -> Response:
        return send_from_directory(_SWAGGER, name, max_age=86_400)

    return pages


def _complete(method: str, operation: dict[str, Any]) -> None:
    if method != "get":
        for status in ("409", "413", "415"):
            operation["responses"].setdefault(status, {"description": TITLES[int(status)]})
    for status, response in operation["responses"].items():
        if int(status) >= 400:  # noqa: PLR2004 - as HTTP numbers errors
            own = response.get("content", {}).get("application/json", {}).get("schema") if status == "409" else None
            response["content"] = {MEDIA_TYPE: {"schema": own or {"$ref": "#/components/schemas/Problem"}}}
    headers = {"post": [_IDEMPOTENCY_KEY], "patch": [_IF_MATCH]}.get(method, [])
    if headers:
        operation["parameters"] = [*operation.get("parameters", []), *headers]


def _operation_id(*, name: str = "", **_place: Any) -> str:
    return name


def _version() -> str:
    try:
        return version("tieout")
    except PackageNotFoundError:
        return "0"
