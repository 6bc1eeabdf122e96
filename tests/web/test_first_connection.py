"""From an empty company to green and red dots, as a bookkeeper does it: by clicks, with each package's own pages."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

import sandbox
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
from tests.sync.office import settings_of
from tests.web.conftest import serving
from tests.web.world import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(180)]

LONG = 60_000  # milliseconds; a busy machine syncs slowly


@pytest.fixture(params=sandbox.names())
def package(request: pytest.FixtureRequest) -> Iterator[Running]:
    """A stand-in package whose consent page waits for a person."""
    server = sandbox.start(request.param)
    yield server
    server.stop()


@pytest.fixture
def platform(package: Running, prepared_sqlite_url: str, free_port: int) -> Iterator[Platform]:
    given = settings_of(package, prepared_sqlite_url) | {"base_url": f"http://localhost:{free_port}"}
    platform = build_platform(load_settings(env_file=None, **given), clock=package.sandbox.clock)
    yield platform
    platform.database.close()


def taken_name(package: Running) -> str:
    """Return the name of a customer that the package has already."""
    return {"quickbooks": "Cool Cars", "xero": "Bayside Club"}[package.sandbox.name]


def furnish(platform: Platform, package: Running) -> None:
    with platform.database.write() as session:
        organisation = Organisation(name="Office", currency="USD")
        session.add(organisation)
        session.flush()
        author = Author(organisation_id=organisation.id, actor="user:ann", now=platform.clock())
        create_user(session, author, email="ann@office.example", password=PASSWORD, role=Role.ADMIN)
        people = [{"first_name": "Ann", "email": "ann@office.example"}]
        for name in ("Brightwater Building", taken_name(package)):
            given = CustomerInput.model_validate({"name": name, "contacts": people})
            row = create_customer(session, author, given)
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


def test_a_bookkeeper_gets_from_nothing_to_green_and_red_dots(
    browser: Browser, platform: Platform, package: Running, free_port: int
) -> None:
    furnish(platform, package)
    engine = Clockwork(platform)
    app = create_app(platform, engine)
    context = browser.new_context()
    page = context.new_page()
    engine.start()
    try:
        with serving(app, free_port):
            page.goto(f"http://localhost:{free_port}/")
            page.get_by_label("Email").fill("ann@office.example")
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_test_id("sign-in").click()
            page.get_by_role("link", name="Connect a package").click()
            page.get_by_test_id(f"connect-{package.sandbox.name}").click()
            page.get_by_role("button", name=re.compile("Allow")).click()
            expect(page.get_by_test_id("state")).to_have_attribute("data-state", "matching", timeout=LONG)
            decide_matches(page)
            choose_what_is_missing(page)
            page.get_by_test_id("step-preview").get_by_role("link").click()
            expect(page.get_by_test_id("plan")).to_contain_text("Brightwater Building")
            page.get_by_role("navigation", name="Above").get_by_role("link").click()
            page.get_by_test_id("go-live").click()
            expect(page.get_by_test_id("state")).to_have_attribute("data-state", "live")
            page.goto(f"http://localhost:{free_port}/")
            page.get_by_test_id("sync-now").click()
            question = page.get_by_test_id("question")
            expect(question).to_contain_text(taken_name(package), timeout=LONG)
            rows = page.locator("table.customers tr")
            green = rows.filter(has_text="Brightwater Building").locator("td [data-dot]")
            expect(green).to_have_attribute("data-dot", "green", timeout=LONG)
            red = rows.filter(has_text=taken_name(package)).locator("td [data-dot]")
            expect(red).to_have_attribute("data-dot", "red")
            page.goto(f"http://localhost:{free_port}/invoices")
            bill = page.locator("table.invoices td [data-dot]")
            expect(bill).to_have_attribute("data-dot", "green", timeout=LONG)
    finally:
        engine.stop()
        context.close()
