"""Forms as a browser without scripts reads them: what sending one unchanged would send."""

from __future__ import annotations

from html.parser import HTMLParser


class _Reader(HTMLParser):
    def __init__(self, testid: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.buttons: list[tuple[str, str]] = []
        self.found = False
        self._testid, self._inside = testid, False
        self._select: str | None = None
        self._text: str | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self._inside = given.get("data-testid") == self._testid
            self.found = self.found or self._inside
        if not self._inside:
            return
        name = given.get("name", "")
        if tag == "input" and name:
            box = given.get("type") in {"checkbox", "radio"}
            if not box or "checked" in given:
                self.fields[name] = given.get("value", "on" if box else "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            if "selected" in given or self._select not in self.fields:
                self.fields[self._select] = given.get("value", "")
        elif tag == "textarea":
            self._text, self.fields[name] = name, ""
        elif tag == "button" and name:
            self.buttons.append((name, given.get("value", "")))

    def handle_data(self, text: str) -> None:
        if self._inside and self._text:
            self.fields[self._text] += text

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._text = None


def fields_of(page: str, testid: str) -> dict[str, str]:
    """Return the fields of the form with this test id as they would be sent."""
    return _read(page, testid).fields


def buttons_of(page: str, testid: str) -> list[tuple[str, str]]:
    """Return names and values of the form's buttons that have a name."""
    return _read(page, testid).buttons


def _read(page: str, testid: str) -> _Reader:
    reader = _Reader(testid)
    reader.feed(page)
    assert reader.found, f"no form {testid}"
    return reader
