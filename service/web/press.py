"""Pages, styles and scripts made smaller for the wire, for browsers that take them so.

A page holds a token against forgery beside words out of its address, which compression is known to betray piece by
piece. Here it can't: the token is signed anew every second, and browsers send the session's cookie to no request that
another site makes in a page's background (``SameSite=Lax``).
"""

from __future__ import annotations

import gzip
from functools import lru_cache

from flask import Flask, Response, request

_TYPES = frozenset({"text/html", "text/css", "text/javascript", "image/svg+xml"})
_LEAST = 1_000
_LEVEL = 5


def install(app: Flask) -> None:
    """Compress what is worth it."""

    @app.after_request
    def press(response: Response) -> Response:
        whole = response.status_code in {200, 409, 422} and (_is_file(response) or not response.is_streamed)
        if response.mimetype not in _TYPES or not whole:
            return response
        response.vary.add("Accept-Encoding")
        if request.accept_encodings.quality("gzip") <= 0 or "Content-Encoding" in response.headers:
            return response
        response.direct_passthrough = False
        body = response.response
        content = response.get_data()
        if hasattr(body, "close"):
            body.close()  # the file that was read to its end
        if len(content) < _LEAST:
            return response
        pressed = _kept(content) if _is_file(response) else gzip.compress(content, _LEVEL, mtime=0)
        response.set_data(pressed)
        response.headers["Content-Encoding"] = "gzip"
        etag, _ = response.get_etag()
        if etag is not None:
            response.set_etag(etag, weak=True)  # the same content in another form
        return response


def _is_file(response: Response) -> bool:
    return response.mimetype != "text/html"


@lru_cache(maxsize=32)
def _kept(content: bytes) -> bytes:
    """Return a file compressed; it is done once."""
    return gzip.compress(content, mtime=0)
