"""What goes over the wire is small."""

from __future__ import annotations

import gzip

from tests.web.conftest import client_of
from tests.web.world import World


def test_pages_and_files_are_compressed_for_those_who_take_it(world: World) -> None:
    client = client_of(world)
    for path in ("/customers", "/static/app.css", "/static/app.js"):
        plain = client.get(path, headers={"Accept-Encoding": "identity"}, buffered=True)
        pressed = client.get(path, headers={"Accept-Encoding": "gzip, br"}, buffered=True)
        assert "Content-Encoding" not in plain.headers
        assert pressed.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in pressed.headers["Vary"]
        assert len(pressed.data) < len(plain.data) / 2
        if path.startswith("/static"):
            assert gzip.decompress(pressed.data) == plain.data


def test_what_is_streamed_or_small_stays_as_it_is(world: World) -> None:
    client = client_of(world)
    for path in ("/customers.csv", "/static/tieout.svg"):
        assert "Content-Encoding" not in client.get(path, headers={"Accept-Encoding": "gzip"}, buffered=True).headers
