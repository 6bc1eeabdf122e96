"""Every page of the sample company as pictures under ``var/screenshots/``: telephone, desk, in the dark, on paper.

Run with ``make screenshots``; a word narrows it to the addresses that hold it. Chromium is Debian's own.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

from service.core.ports import Family
from service.core.problem import OptionId
from service.records.users import hash_password
from service.store import schema
from service.store.sync_models import ConnectionRow
from service.sync.resolve import Answer, resolve
from service.web.conflict import PAUSE
from tests.support.network import find_free_port
from tests.web.conftest import serving
from tests.web.package import remote_customer
from tests.web.test_browser import PAGES, sign_in
from tests.web.world import (
    PASSWORD,
    World,
    add_credit,
    add_matching,
    company,
    counterpart,
    duplicate,
    furnish,
    link,
    open_world,
    problem,
    settle,
)

FOLDER = Path("var/screenshots")
_CHROMIUM = "chromium"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A window that pages are looked at through."""

    name: str
    width: int
    height: int
    scheme: Literal["light", "dark"] = "light"
    media: Literal["screen", "print"] = "screen"
    only: tuple[str, ...] = ()  #: addresses that are looked at; none: all of them


#: Pages that are kept on paper.
PRINTED = ("/customers/{freeman}", "/invoices/{invoice}", "/connections/{matching}/preview", "/runs/{run}")
LOOKS = (
    Look(name="390", width=390, height=844),
    Look(name="1440", width=1440, height=900),
    Look(name="dark", width=1440, height=900, scheme="dark"),
    # As wide as a sheet of A4 between its margins. In the dark, because what is printed is not.
    Look(name="print", width=690, height=980, scheme="dark", media="print", only=PRINTED),
)


def main() -> None:
    """Take the pictures and say where they are."""
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    chromium = shutil.which(_CHROMIUM)
    if chromium is None:
        message = "Chromium is not installed (apt-get install chromium)"
        raise SystemExit(message)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        world = _world(Path(folder))
        paths = [
            path for path in (*PAGES, "/conflicts/{answered}", "/conflicts/answered?id={answered}") if only in path
        ]
        with serving(world.app, find_free_port()) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            for look in LOOKS:
                _look(browser, look, address, world, paths)
            browser.close()
        world.database.close()
    print(f"Pictures of {len(paths)} pages are in {FOLDER}/")


def _world(folder: Path) -> World:
    world = open_world(f"sqlite:///{folder / 'tieout.db'}")
    schema.upgrade(world.database)
    settle(world, hash_password(PASSWORD))
    furnish(world)
    add_matching(world)
    add_credit(world)
    _add_conflicts(world)
    return world


def _add_conflicts(world: World) -> None:
    """Add whom the taken name belongs to, a second question like it, and one that was answered."""
    with world.database.write() as session:
        at = session.get_one(ConnectionRow, world.ids["connection"])
        counterpart(session, at, remote_customer("901", "Harbour Roofing Ltd", family=Family.VENDOR))
        for name in ("Ash Roofing", "Birch Roofing"):
            tie = link(session, at, company(session, world, name), "red", remote_id=None, baseline=None)
            world.ids["answered"] = problem(session, tie, name, duplicate(name)).id
    resolve(
        world.platform,
        organisation_id=world.organisation_id,
        problem_id=world.ids["answered"],
        answer=Answer(option=OptionId.RENAME_OURS, name="Birch Roofing (customer)"),
        actor=f"user:{world.users['accountant']}",
        pause=PAUSE,
    )


def _look(browser: Browser, look: Look, address: str, world: World, paths: list[str]) -> None:
    context = browser.new_context(viewport={"width": look.width, "height": look.height}, color_scheme=look.scheme)
    page = context.new_page()
    sign_in(page, address)
    page.emulate_media(media=look.media, color_scheme=look.scheme)
    for path in [path for path in paths if path in look.only or not look.only]:
        page.goto(address + path.format(**world.ids))
        _take(page, f"{_name(path)}-{look.name}")
        if path == "/customers" and look.media == "screen":
            page.get_by_test_id("menu").nth(2).click()
            page.get_by_test_id("sheet").locator("a").first.wait_for()
            page.screenshot(path=FOLDER / f"{_name(path)}-menu-{look.name}.png")
    context.close()


def _take(page: Page, name: str) -> None:
    page.screenshot(path=FOLDER / f"{name}.png", full_page=True)


def _name(path: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", path).strip("-") or "dashboard"


if __name__ == "__main__":
    main()
