"""From an empty database to green and red dots, by clicks, with each package's own pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

import sandbox
from sandbox.common.faults import FaultRule
from sandbox.common.server import Running
from scheduler.clockwork import Clockwork
from service.app import create_app
from service.records.author import Author
from service.records.customers import create_customer
from service.records.inputs import CustomerInput, InvoiceInput
from service.records.invoices import create_invoice
from service.records.users import create_user
from service.settings import load_settings
from service.store.accounts import Organisation, Role
from service.sync.platform import Platform, build_platform
from tests.support.source import ROOT
from tests.sync.office import settings_of
from tests.web.conftest import serving
from tests.web.flows import Watch
from tests.web.world import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(180)]

LONG = 60_000  # milliseconds; a busy machine syncs slowly
GUIDE = ROOT / "docs" / "first-connection.md"


@contextmanager
def opened(name: str, url: str, port: int) -> Iterator[tuple[Running, Platform]]:
    """Give a stand-in package, whose consent page waits for a person, and a service over a database."""
    package = sandbox.start(name)
    given = settings_of(package, url) | {"base_url": f"http://localhost:{port}"}
    platform = build_platform(load_settings(env_file=None, **given), clock=package.sandbox.clock)
    try:
        yield package, platform
    finally:
        platform.database.close()
        package.stop()


@contextmanager
def working(platform: Platform, browser: Browser, port: int) -> Iterator[Page]:
    """Serve and sync as one process does; give a page. Nothing may go wrong on it, nor reach another host."""
    engine, watch = Clockwork(platform), Watch(f"http://localhost:{port}")
    app = create_app(platform, engine)
    context = browser.new_context()
    watch.over(context)
    engine.start()
    try:
        with serving(app, port):
            page = context.new_page()
            page.goto(watch.address)
            yield page
            assert not watch.errors
            assert {host.partition(":")[0] for host in watch.hosts} <= {"localhost", "127.0.0.1"}
    finally:
        engine.stop()
        context.close()


def add_admin(platform: Platform) -> Author:
    """Make the first account, as the command does; return who edits."""
    with platform.database.write() as session:
        organisation = Organisation(name="Office", currency="USD")
        session.add(organisation)
        session.flush()
        author = Author(organisation_id=organisation.id, actor="user:ann", now=platform.clock())
        create_user(session, author, email="ann@office.example", password=PASSWORD, role=Role.ADMIN)
        return author


def fill(page: Page, **values: str) -> None:
    for name, value in values.items():
        page.locator(f"[name='{name.replace('__', '.')}']").fill(value)


def test_the_guide_leads_from_an_empty_database_to_a_green_dot(
    browser: Browser, prepared_sqlite_url: str, free_port: int
) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    clicks = re.findall(r"\| (\d+)\. \*\*([^*]+)\*\* \|", text)
    assert [int(number) for number, _ in clicks] == list(range(1, len(clicks) + 1))
    assert f"It takes **{len(clicks)} clicks**" in text
    with (
        opened("quickbooks", prepared_sqlite_url, free_port) as (_, platform),
        working(platform, browser, free_port) as page,
    ):
        expect(page.get_by_test_id("first")).to_contain_text("tieout user create")
        add_admin(platform)
        page.reload()
        fill(page, email="ann@office.example", password=PASSWORD)
        for _, words in clicks:
            if words == "Add the customer":
                fill(page, name="Brightwater Building", contact__first_name="Ann", contact__email="ann@bright.example")
            named = page.get_by_role("button", name=words, exact=True)
            named.or_(page.get_by_role("link", name=words, exact=True)).first.click()
        expect(page.get_by_test_id("tally-green").locator("..")).to_contain_text("1", timeout=LONG)
        page.goto(f"http://localhost:{free_port}/")
        expect(page.get_by_test_id("answer")).to_contain_text("The 1 record agrees with QuickBooks")


def furnish(platform: Platform, author: Author) -> None:
    people = [{"first_name": "Ann", "email": "ann@office.example"}]
    with platform.database.write() as session:
        for name in ("Brightwater Building", "Bayside Club"):
            row = create_customer(session, author, CustomerInput.model_validate({"name": name, "contacts": people}))
            if name.startswith("Bright"):
                line = {"description": "Labour", "quantity": "2", "unit_price": "150"}
                bill = {"customer_id": row.id, "status": "approved", "lines": [line]}
                create_invoice(session, author, InvoiceInput.model_validate(bill))
                job = {"name": "Roof", "parent_id": row.id}
                create_customer(session, author, CustomerInput.model_validate(job))


def decide_matches(page: Page) -> None:
    page.get_by_test_id("step-match").get_by_role("link").click()
    while page.get_by_role("button", name="Keep separate").count():
        page.get_by_role("button", name="Keep separate").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Every match is decided")
    page.get_by_role("navigation", name="Above").get_by_role("link").click()


def choose_what_is_missing(page: Page) -> None:
    page.get_by_test_id("step-map").get_by_role("link").click()
    for missing in page.locator("select[aria-invalid]").all():
        missing.select_option(index=1)
    page.get_by_test_id("save").click()


def test_a_bookkeeper_decides_matches_chooses_what_is_missing_and_watches_the_first_sync(
    browser: Browser, prepared_sqlite_url: str, free_port: int
) -> None:
    with opened("xero", prepared_sqlite_url, free_port) as (package, platform):
        furnish(platform, add_admin(platform))
        with working(platform, browser, free_port) as page:
            fill(page, email="ann@office.example", password=PASSWORD)
            page.get_by_test_id("sign-in").click()
            page.get_by_role("link", name="Connect a package").click()
            page.get_by_test_id("connect-xero").click()
            page.get_by_role("button", name=re.compile("Allow")).click()
            expect(page.get_by_test_id("state")).to_have_attribute("data-state", "matching", timeout=LONG)
            decide_matches(page)
            choose_what_is_missing(page)
            page.get_by_test_id("step-preview").get_by_role("link").click()
            expect(page.get_by_test_id("plan")).to_contain_text("Brightwater Building")
            page.get_by_test_id("back").click()
            package.sandbox.faults.add(
                FaultRule.from_json({"kind": "hang", "seconds": 4, "method": "PUT|POST", "path": "api"})
            )
            page.get_by_test_id("go-live").click()
            expect(page.get_by_test_id("state")).to_have_attribute("data-state", "live")
            expect(page.get_by_test_id("run-banner")).to_contain_text("sending", timeout=LONG)
            package.sandbox.faults.clear()
            expect(page.get_by_test_id("tally-red").locator("..")).to_contain_text("1", timeout=LONG)
            page.goto(f"http://localhost:{free_port}/")
            expect(page.get_by_test_id("question")).to_contain_text("Bayside Club", timeout=LONG)
            rows = page.locator("table.customers tr")
            green = rows.filter(has_text="Brightwater Building").locator("td [data-dot]")
            expect(green).to_have_attribute("data-dot", "green", timeout=LONG)
            red = rows.filter(has_text="Bayside Club").locator("td [data-dot]")
            expect(red).to_have_attribute("data-dot", "red")
            page.goto(f"http://localhost:{free_port}/invoices")
            bill = page.locator("table.invoices td [data-dot]")
            expect(bill).to_have_attribute("data-dot", "green", timeout=LONG)
