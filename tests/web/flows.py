"""An office whose pages a browser works on, for tests of whole flows: a stand-in package, syncs done when asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

from service.core.ports import EntityKind
from service.records.author import Author
from service.store.accounts import Role, User
from service.sync import run as running
from service.sync.platform import Platform
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office
from tests.web.world import PASSWORD


@dataclass
class AtOnce:
    """A runner that does a run before the page that asked for it answers."""

    platform: Platform

    def wake(self, connection_id: str) -> None:
        running.perform(self.platform, connection_id)


@dataclass
class Watch:
    """What went wrong in a browser, and which hosts it asked."""

    address: str
    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def over(self, context: BrowserContext) -> None:
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        context.on("request", self._follow)

    def _hear(self, message: ConsoleMessage) -> None:
        ours = message.location["url"].startswith(self.address)  # the package's own pages have no icon
        if ours and message.type in {"error", "warning"} and "400 (BAD REQUEST)" not in message.text:
            self.errors.append(message.text)  # a refused consent is a page of its own with that status

    def _follow(self, request: Request) -> None:
        self.hosts.add(urlsplit(request.url).netloc)


@dataclass
class Desk:
    """The office, who keeps its package's books, and a browser with the pages open."""

    office: Office
    bookkeeper: Bookkeeper
    browser: Browser
    address: str
    watch: Watch
    pages: dict[Role, Page] = field(default_factory=dict)

    def page(self, role: Role = Role.ADMIN) -> Page:
        """Return the window of somebody who is signed in."""
        if role not in self.pages:
            context = self.browser.new_context()
            context.set_default_timeout(15_000)
            self.watch.over(context)
            page = context.new_page()
            page.goto(f"{self.address}/sign-in")
            page.get_by_label("Email").fill(f"{role.value}@office.example")
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_test_id("sign-in").click()
            page.wait_for_url(f"{self.address}/")
            self.pages[role] = page
        return self.pages[role]

    def open(self, path: str, role: Role = Role.ADMIN) -> Page:
        """Go to a page of the office."""
        page = self.page(role)
        page.goto(self.address + path)
        return page

    def sync(self, role: Role = Role.ADMIN) -> None:
        """Click on "Sync now" and wait for what comes of it."""
        page = self.open(f"/connections/{self.office.connection_id}", role)
        page.get_by_test_id("sync-now").click()
        expect(page.get_by_test_id("notice")).to_contain_text("The sync has begun")

    def dot(self, record_id: str, kind: EntityKind = EntityKind.CUSTOMER) -> str:
        """Return a record's dot as its page shows it."""
        page = self.open(f"/{kind.value}s/{record_id}")
        return page.get_by_test_id("side").locator("[data-dot]").first.get_attribute("data-dot") or ""

    def dots(self) -> dict[str, str]:
        """Return the dots of all customers as their list shows them, by record."""
        rows = self.open("/customers?view=flat").locator("tr[data-row]")
        seen: dict[str, str] = rows.evaluate_all(
            "rows => Object.fromEntries(rows.map((row) =>"
            " [row.dataset.row, row.querySelector('[data-dot]').dataset.dot]))"
        )
        return seen

    def answer(self, record: str, option: str, **given: str) -> None:
        """Answer the question about a record from the inbox."""
        page = self.open("/conflicts", Role.ACCOUNTANT)
        page.get_by_test_id("question").get_by_role("link", name=record, exact=True).click()
        page.locator(f"input[name=option][value={option}]").check()
        for label, value in given.items():
            page.locator(f"input[name={label}]").fill(value)
        page.get_by_test_id("resolve").click()
        expect(page.get_by_test_id("happened")).to_be_visible()


def staff(office: Office, hashed: str) -> None:
    """Give the office an account of each role; ``hashed`` is their password's hash."""
    author: Author = office.author()
    with office.platform.database.write() as session:
        for role in Role:
            address = f"{role.value}@office.example"
            session.add(
                User(
                    organisation_id=author.organisation_id,
                    email=address,
                    email_key=address,
                    password_hash=hashed,
                    role=role.value,
                )
            )
