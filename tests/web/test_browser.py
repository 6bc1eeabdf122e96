"""The pages in a real Chromium: no violation, no error, no other host; the keyboard; live parts; without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from service.records.customers import change_customer
from service.records.inputs import CustomerChanges
from service.store.sync_models import RunRow
from tests.web.conftest import serving
from tests.web.world import NOW, PASSWORD, World, add_credit, add_matching

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

PAGES = [
    "/",
    "/customers",
    "/customers?q=nobody",
    "/customers?view=flat&archived=true",
    "/customers/{freeman}",
    "/customers/{cedar}",
    "/customers/{freeman}/edit",
    "/customers/{freeman}/menu",
    "/customers/{freeman}/as-of?at=2026-11-22T15:00",
    "/customers/{freeman}/contacts/new",
    "/customers/{freeman}/job-sites/new",
    "/customers/{freeman}/jobs/new",
    "/customers/{store}/move",
    "/customers/{store}/move?to={cedar}",
    "/customers/{freeman}/invoices/new",
    "/customers/{amy}/delete",
    "/customers/new",
    "/invoices",
    "/invoices/new",
    "/invoices/{invoice}",
    "/invoices/{invoice}/edit",
    "/invoices/{invoice}/void",
    "/invoices/{draft}",
    "/invoices/{invoice}/payments/new",
    "/customers/{freeman}/payments/new?kind=credit",
    "/customers/{freeman}/payments/new?kind=refund&of={credit}",
    "/payments/{credit}",
    "/payments/{credit}/edit",
    "/payments/{credit}/remove",
    "/invoices/send?id={invoice}&id={draft}",
    "/letters",
    "/wording",
    "/variances",
    "/conflicts",
    "/conflicts?status=resolved",
    "/conflicts/{taken}",
    "/conflicts/{held}",
    "/conflicts/{held}/alike",
    "/conflicts/answered?id={held}",
    "/connections",
    "/connections/{connection}",
    "/connections/{connection}/settings",
    "/connections/{matching}",
    "/connections/{matching}/matches",
    "/connections/{matching}/mapping",
    "/connections/{matching}/newcomers?remote_id=6",
    "/connections/{matching}/preview",
    "/runs",
    "/capabilities",
    "/runs/{run}",
    "/links/{link}",
    "/links/{link}/reset",
    "/drift",
    "/plans",
    "/activity",
    "/settings",
    "/settings/notifications",
    "/settings/company",
    "/settings/tax-levels",
    "/settings/schedule",
    "/account",
]


@pytest.fixture
def address(world: World, free_port: int) -> Iterator[str]:
    """The address at which the furnished company is served."""
    add_matching(world)
    add_credit(world)
    with serving(world.app, free_port) as address:
        yield address


class Watch:
    """What went wrong on a page, and where its requests went."""

    def __init__(self, page: Page) -> None:
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._follow)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(message.text)

    def _follow(self, request: Request) -> None:
        self.hosts.add(request.url.split("/")[2])


def sign_in(page: Page, address: str, role: str = "admin") -> None:
    page.goto(f"{address}/sign-in")
    page.get_by_label("Email").fill(f"{role}@freeman.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_test_id("sign-in").click()
    page.wait_for_url(f"{address}/")


WIDTHS = (360, 768, 1440)  #: pixels: a telephone, a tablet, a desk
HEIGHT = 800
COLOURS = "axe.run({runOnly: ['color-contrast'], resultTypes: ['violations']})"


def is_as_wide_as(page: Page, width: int) -> bool:
    """Make the window so wide; return whether the page fits into it."""
    page.set_viewport_size({"width": width, "height": HEIGHT})
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.timeout(400)  # every page
def test_no_page_has_a_violation_an_error_a_foreign_request_or_is_wider_than_its_window(
    browser: Browser, world: World, address: str
) -> None:
    """Each page is loaded once: what media and width it is shown in changes under it, as on a desk."""
    context = browser.new_context(color_scheme="light")
    page = context.new_page()
    watch = Watch(page)
    faults = []
    for path in ("/sign-in", *PAGES):
        if path == PAGES[0]:
            sign_in(page, address)
        else:
            page.goto(address + path.format(**world.ids))
        faults += [f"{path} is wider than {width} pixels" for width in WIDTHS if not is_as_wide_as(page, width)]
        page.evaluate("document.querySelectorAll('main details').forEach((each) => { each.open = true; })")
        found = [("light", Axe().run(page))]
        page.emulate_media(color_scheme="dark")  # in the dark only the colours are others
        found.append(("dark", AxeResults(page.evaluate(COLOURS))))
        page.emulate_media(color_scheme="light")
        faults += [f"{path}, {how}: {result.generate_report()}" for how, result in found if result.violations_count]
    assert not faults, "\n".join(faults)
    assert not watch.errors
    assert watch.hosts == {address.removeprefix("http://")}
    context.close()


def test_a_customer_and_a_plan_are_printed_in_ink_with_every_fold_open(
    browser: Browser, world: World, address: str
) -> None:
    context = browser.new_context(color_scheme="dark", viewport={"width": 690, "height": 980})
    page = context.new_page()
    sign_in(page, address)
    for path in ("/customers/{freeman}", "/connections/{matching}/preview"):
        page.goto(address + path.format(**world.ids))
        expect(page.locator(".printed")).to_be_hidden()
        page.emulate_media(media="print")
        expect(page.locator(".printed")).to_contain_text("Freeman Job Management")
        for hidden in (".top", ".rail", ".actions"):
            expect(page.locator(hidden).first).to_be_hidden()
        expect(page.locator("table.change:visible, table.sides:visible").first).to_be_visible()
        assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
        assert page.evaluate("document.documentElement.scrollWidth") <= 690
        page.emulate_media(media="screen")
    context.close()


def test_totals_follow_what_is_typed_and_a_line_more_takes_the_cursor(
    browser: Browser, world: World, address: str
) -> None:
    page = browser.new_page()
    watch = Watch(page)
    sign_in(page, address, "accountant")
    page.goto(f"{address}/customers/{world.ids['freeman']}/invoices/new")
    page.get_by_label("Description").fill("Gutters")
    page.get_by_label("Price", exact=True).fill("120")
    expect(page.get_by_test_id("reckoned-total")).to_have_text("$120.00")
    page.get_by_test_id("add-line").click()
    expect(page.get_by_role("group", name="Line 2").get_by_label("Description")).to_be_focused()
    page.keyboard.type("Paint")
    page.get_by_test_id("approve").click()
    expect(page.get_by_role("group", name="Line 2").get_by_label("Price")).to_be_focused()
    page.keyboard.type("9.50")
    expect(page.get_by_test_id("reckoned-total")).to_have_text("$129.50")
    page.get_by_test_id("approve").click()
    expect(page.get_by_test_id("notice")).to_contain_text("is approved.")
    assert [told for told in watch.errors if "422" not in told] == []
    page.close()


def test_the_keyboard_alone_finds_and_opens_a_customer(browser: Browser, address: str) -> None:
    page = browser.new_page()
    sign_in(page, address)
    page.keyboard.press("/")
    page.keyboard.type("cedar")
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers?q=cedar")
    page.keyboard.press("j")
    expect(page.locator("[data-row].at")).to_contain_text("Cedar Vets")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cedar Vets")
    page.keyboard.press("e")
    expect(page.get_by_test_id("customer-form")).to_be_visible()
    page.locator("h1").click()
    page.keyboard.press("g")
    page.keyboard.press("x")
    page.wait_for_url("**/conflicts")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("[data-row].at")).to_contain_text("Harbour Roofing Ltd")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.close()


def test_the_keys_can_be_turned_off(browser: Browser, address: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, address)
    page.keyboard.press("?")
    page.get_by_label("Use these keys").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("j")
    expect(page.locator("[data-row].at")).to_have_count(0)
    context.close()


def test_a_tree_opens_level_by_level_in_place(browser: Browser, world: World, address: str) -> None:
    page = browser.new_page()
    sign_in(page, address)
    row = page.locator(f"#row-{world.ids['freeman']}")
    row.get_by_test_id("toggle").click()
    store = page.locator(f"#row-{world.ids['store']}")
    expect(store).to_be_visible()
    store.get_by_test_id("toggle").click()
    expect(page.locator(f"#row-{world.ids['roof']}")).to_be_visible()
    expect(row.get_by_test_id("toggle")).to_have_attribute("aria-expanded", "true")
    row.get_by_test_id("toggle").click()
    expect(store).to_have_count(0)
    expect(page.locator(f"#row-{world.ids['roof']}")).to_have_count(0)
    assert page.url == f"{address}/"
    page.close()


def look_anew(page: Page, ends: Literal["requestfinished", "requestfailed"]) -> None:
    """Let the moment come at which a page, whose clock is ours, asks the server what is new, and this come of it."""
    with page.expect_event(ends, lambda request: "/parts/" in request.url):
        page.clock.fast_forward(2_500)


def test_the_dashboard_follows_a_run_and_keeps_what_is_typed_and_focused(
    browser: Browser, world: World, address: str
) -> None:
    page = browser.new_page()
    page.clock.install()
    sign_in(page, address)
    field = page.get_by_placeholder("Name, number, email")
    field.fill("half typed")
    with world.database.write() as session:
        run = RunRow(
            organisation_id=world.organisation_id, connection_id=world.ids["connection"], kind="sync",
            state="running", counts={}, done=3, total=12, calls=2, phase="sending", requested_at=NOW, started_at=NOW,
        )  # fmt: skip
        session.add(run)
        session.flush()
        run_id = run.id
    look_anew(page, "requestfinished")
    banner = page.get_by_test_id("run-banner")
    expect(banner).to_contain_text("sending, 3 of 12 · 2 calls")
    expect(page.get_by_test_id("sync-now")).to_have_count(0)
    with world.database.write() as session:
        session.get_one(RunRow, run_id).done = 9
        change_customer(session, world.author, world.ids["freeman"], CustomerChanges(phone="555 7777"))
    look_anew(page, "requestfinished")
    expect(banner).to_contain_text("9 of 12")
    dot = page.locator(f"#row-{world.ids['freeman']} [data-testid='dot-{world.ids['connection']}']")
    expect(dot).to_have_attribute("data-dot", "orange")
    with world.database.write() as session:
        row = session.get_one(RunRow, run_id)
        row.state, row.finished_at = "succeeded", NOW
    look_anew(page, "requestfinished")
    expect(banner).to_have_count(0)
    expect(field).to_have_value("half typed")
    expect(field).to_be_focused()
    page.close()


def test_losing_the_server_is_said_and_heals_by_itself(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.clock.install()
    sign_in(page, address)
    page.route("**/parts/**", lambda route: route.abort())
    look_anew(page, "requestfailed")
    expect(page.locator("#offline")).to_be_hidden()
    look_anew(page, "requestfailed")
    expect(page.locator("#offline")).to_be_visible()
    page.unroute("**/parts/**")
    look_anew(page, "requestfinished")
    expect(page.locator("#offline")).to_be_hidden()
    page.close()


def test_a_question_is_answered_from_the_dashboard(browser: Browser, address: str) -> None:
    page = browser.new_page()
    sign_in(page, address, "accountant")
    page.get_by_test_id("question").filter(has_text="Harbour Roofing").get_by_role("link", name="Rename ours…").click()
    expect(page.get_by_label("Rename ours…")).to_be_checked()
    page.get_by_label("New name").fill("Harbour Roofing (customer)")
    page.get_by_test_id("resolve").click()
    expect(page.get_by_test_id("happened")).to_contain_text("Rename ours, chosen by accountant@freeman.example")
    page.close()


def test_the_inbox_is_worked_through_with_the_keyboard_alone(browser: Browser, address: str) -> None:
    page = browser.new_page()
    sign_in(page, address, "accountant")
    page.keyboard.press("g")
    page.keyboard.press("x")
    page.wait_for_url("**/conflicts")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Harbour Roofing Ltd")
    page.keyboard.press("2")
    expect(page.get_by_label("Try again")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("happened")).to_contain_text("Try again, chosen by accountant@freeman.example")
    page.keyboard.press("u")
    expect(page.get_by_test_id("notice")).to_have_text("1 answer is taken back.")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("happened")).to_contain_text("Rename ours")
    expect(page.get_by_test_id("next")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Cedar Vets")
    page.get_by_label("Theirs", exact=True).first.check()
    expect(page.get_by_label("Choose field by field")).to_be_checked()
    page.get_by_label("Ours", exact=True).last.check()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("happened")).to_contain_text("Choose field by field")
    page.keyboard.press("n")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing needs you")
    page.close()


def test_everything_essential_works_without_scripts(browser: Browser, world: World, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, address)
    page.locator(f"#row-{world.ids['freeman']}").get_by_test_id("toggle").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Jobs of Freeman Sporting Goods")
    page.goto(address)
    page.get_by_test_id("sync-now").first.click()
    expect(page.get_by_test_id("run-banner")).to_be_visible()
    page.goto(f"{address}/conflicts/{world.ids['held']}")
    page.get_by_label("Keep theirs").check()
    page.get_by_test_id("resolve").click()
    expect(page.get_by_test_id("happened")).to_be_visible()
    page.locator("summary").first.click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    context.close()


def test_connecting_from_an_empty_company(browser: Browser, empty: World, free_port: int) -> None:
    """The form's redirect to another host must pass the page's own policy."""
    page = browser.new_page()
    with serving(empty.app, free_port) as address:
        page.route("https://package.example/**", lambda route: route.fulfill(body="The package's consent page"))
        sign_in(page, address)
        page.get_by_role("link", name="Connect a package").click()
        page.get_by_test_id("connect-quickbooks").click()
        page.wait_for_url("https://package.example/authorize?**")
        expect(page.locator("body")).to_have_text("The package's consent page")
    page.close()


def test_an_empty_company_has_no_violation_either(browser: Browser, empty: World, free_port: int) -> None:
    page = browser.new_page()
    with serving(empty.app, free_port) as address:
        sign_in(page, address)
        for path in ("/", "/customers", "/invoices", "/conflicts", "/connections", "/runs", "/activity", "/nothing"):
            page.goto(address + path)
            result = Axe().run(page)
            assert not result.violations_count, f"{path}: {result.generate_report()}"
    page.close()
