"""Whole flows as people click them, on an office that works with a stand-in package over real HTTP.

Every flow is driven on both packages, but for those in which no package has a say: they are driven on one.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

import sandbox
from sandbox.common.server import Running
from service.app import create_app
from service.core.ports import EntityKind
from service.store.accounts import Role
from service.store.records import CustomerRow
from service.sync import delivering
from tests.support.network import find_free_port
from tests.support.smtp import MailBox, mail_server
from tests.sync.bookkeeper import Bookkeeper, digits
from tests.sync.letters import letters, mailed_there, with_mail
from tests.sync.office import live, open_office, start_empty
from tests.web.conftest import serving
from tests.web.flows import AtOnce, Desk, Watch, staff

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(180)]

INVOICE = EntityKind.INVOICE


@pytest.fixture(scope="module", params=sandbox.names())
def package(request: pytest.FixtureRequest) -> Iterator[Running]:
    """A stand-in package without history."""
    server = start_empty(request.param)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def box() -> Iterator[MailBox]:
    """Serve mail on loopback."""
    with mail_server() as found:
        yield found


@pytest.fixture(scope="module")
def desk(
    package: Running,
    box: MailBox,
    browser: Browser,
    migrated_sqlite: Path,
    tmp_path_factory: pytest.TempPathFactory,
    hashed: str,
) -> Iterator[Desk]:
    """An office that is live, with its pages in a browser; nothing goes wrong there, nor to another host."""
    path, port = tmp_path_factory.mktemp("flows") / "tieout.db", find_free_port()
    shutil.copyfile(migrated_sqlite, path)
    office = with_mail(live(open_office(package, f"sqlite:///{path}", base_url=f"http://localhost:{port}")), box)
    package.sandbox.auto_consent = False
    staff(office, hashed)
    watch = Watch(f"http://localhost:{port}")
    with serving(create_app(office.platform, AtOnce(office.platform)), port):
        desk = Desk(office, Bookkeeper(package.sandbox), browser, watch.address, watch)
        yield desk
        for page in desk.pages.values():
            page.context.close()
    office.platform.database.close()


@pytest.fixture(autouse=True)
def nothing_goes_wrong(desk: Desk, package: Running) -> Iterator[None]:
    """Let no page of a flow say an error or ask another host."""
    yield
    assert not desk.watch.errors
    assert {host.partition(":")[0] for host in desk.watch.hosts} <= {"localhost", "127.0.0.1"}


def test_a_name_that_is_taken_is_fixed_by_each_answer(desk: Desk) -> None:
    office, bookkeeper = desk.office, desk.bookkeeper
    names = ["Ash", "Birch", "Cedar", "Elm", "Fir"]
    there = {name: bookkeeper.add_customer(name) for name in names}
    ours = {name: office.add_customer(name=name) for name in names}
    desk.sync()
    expect(desk.open("/conflicts").get_by_test_id("question")).to_have_count(len(names))
    desk.answer("Ash", "rename_ours", name="Ash of ours")
    desk.answer("Birch", "link_existing")
    bookkeeper.edit(there["Cedar"], name="Cedar of theirs")
    desk.answer("Cedar", "retry")
    desk.answer("Elm", "unlink")
    page = desk.open(f"/customers/{ours['Fir']}/edit", Role.ACCOUNTANT)
    page.get_by_label("Name", exact=True).first.fill("Fir of ours")
    page.get_by_test_id("save").click()
    desk.sync()
    assert [desk.dots()[ours[name]] for name in names] == ["green", "green", "green", "none", "green"]
    assert bookkeeper.named("Ash of ours")
    assert office.remote_id(ours["Birch"]) == there["Birch"]
    assert (bookkeeper.named("Elm"), bookkeeper.named("Fir of ours")) == (
        [there["Elm"]],
        [office.remote_id(ours["Fir"])],
    )
    expect(desk.open("/conflicts").get_by_role("heading", level=1)).to_have_text("Nothing needs you")


def test_what_changed_on_both_sides_is_settled_field_by_field_and_taken_back(desk: Desk) -> None:
    office, bookkeeper = desk.office, desk.bookkeeper
    customer = office.add_customer(name="Harbour", email="old@harbour.example", phone="+1 415 555 0100")
    desk.sync()
    there = office.remote_id(customer)
    bookkeeper.edit(there, email="theirs@harbour.example", phone="+1 415 555 0111")
    office.edit_customer(customer, email="ours@harbour.example", phone="+1 415 555 0199")
    desk.sync()
    page = desk.open("/conflicts", Role.ACCOUNTANT)
    page.get_by_test_id("question").get_by_role("link", name="Harbour", exact=True).click()
    page.locator("input[name='field.email'][value=theirs]").check()
    page.locator("input[name='field.phone'][value=ours]").check()
    page.get_by_test_id("resolve").click()
    page.get_by_test_id("take-back").click()
    expect(page.get_by_test_id("notice")).to_have_text("1 answer is taken back.")
    page.locator("input[name='field.email'][value=theirs]").check()
    page.locator("input[name='field.phone'][value=ours]").check()
    page.get_by_test_id("resolve").click()
    settled = page.url
    desk.sync()
    assert (bookkeeper.customer(there)["email"], digits(bookkeeper.customer(there)["phone"])) == (
        "theirs@harbour.example",
        digits("+1 415 555 0199"),
    )
    assert office.ours(CustomerRow, customer).email == "theirs@harbour.example"
    assert desk.dot(customer) == "green"
    page.goto(settled)
    page.get_by_test_id("take-back").click()
    expect(page.get_by_test_id("notice")).to_have_text("1 answer is taken back.")
    desk.sync()
    assert (bookkeeper.customer(there)["email"], digits(bookkeeper.customer(there)["phone"])) == (
        "ours@harbour.example",
        digits("+1 415 555 0111"),
    )


def test_a_reset_is_looked_at_done_and_undone(desk: Desk) -> None:
    office, bookkeeper = desk.office, desk.bookkeeper
    customer = office.add_customer(name="Juniper")
    desk.sync()
    former = office.remote_id(customer)
    page = desk.open(f"/customers/{customer}")
    page.get_by_test_id("reset").click()
    page.get_by_role("radio", name="Rename the former one").check()
    page.get_by_test_id("show").click()
    expect(page.get_by_test_id("plan")).to_contain_text("Juniper")
    written = office.writes()
    assert bookkeeper.named("Juniper") == [former], "looking writes nothing"
    page.get_by_test_id("do-reset").click()
    expect(page.get_by_test_id("reset-state")).to_have_text("The reset is done")
    assert office.writes() > written
    assert office.remote_id(customer) != former
    assert bookkeeper.named("Juniper") == [office.remote_id(customer)]
    page.get_by_test_id("undo").click()
    page.get_by_test_id("do-reset").click()
    expect(page.get_by_test_id("reset-state")).to_have_text("The undoing is done")
    assert office.remote_id(customer) == former
    assert bookkeeper.named("Juniper") == [former]
    assert desk.dot(customer) == "green"


def test_a_former_record_stays_or_is_archived_as_chosen_and_undoing_says_where_it_can_not(desk: Desk) -> None:
    office, bookkeeper = desk.office, desk.bookkeeper
    restores = office.platform.provider(office.package.sandbox.name).capabilities.restores_customers
    customers = {choice: office.add_customer(name=f"Poplar {choice}") for choice in ("leave", "archive")}
    desk.sync()
    for choice, customer in customers.items():
        former = office.remote_id(customer)
        page = desk.open(f"/customers/{customer}")
        page.get_by_test_id("reset").click()
        page.locator(f"input[name=old][value={choice}]").check()
        page.get_by_test_id("show").click()
        page.get_by_test_id("do-reset").click()
        expect(page.get_by_test_id("reset-state")).to_have_text("The reset is done")
        assert office.remote_id(customer) != former
        assert bookkeeper.customer(former)["active"] is (choice == "leave")
        assert office.dot(customer) == "green"
        page.get_by_test_id("undo").click()
        if choice == "archive" and not restores:
            expect(page.get_by_test_id("refusal")).to_contain_text("where only a person can restore it")
            continue
        page.get_by_test_id("do-reset").click()
        expect(page.get_by_test_id("reset-state")).to_have_text("The undoing is done")
        assert (office.remote_id(customer), office.dot(customer)) == (former, "green")


#: How a letter with a copy to somebody goes beside two without: one package takes no copy.
BATCHES = {
    "quickbooks": ("3 invoices can be sent by the package itself", 3),
    "xero": ("3 invoices can be sent: 2 by the package itself, 1 by our own mail", 2),
}


def test_a_batch_of_invoices_is_sent_once_by_the_package_or_by_our_own_mail(desk: Desk, box: MailBox) -> None:
    office = desk.office
    told, by_package = BATCHES[office.package.sandbox.name]
    customers = [office.add_customer(name=name, email=f"billing@{name.lower()}.example") for name in ("Larch", "Maple")]
    copied = {"to": ["billing@larch.example"], "cc": ["site@larch.example"]}
    invoices = [office.add_invoice(customer) for customer in customers]
    invoices.append(office.add_invoice(customers[0], recipients_override=copied))
    draft = office.add_invoice(customers[0], status="draft")
    desk.sync()
    page = desk.open("/invoices", Role.ACCOUNTANT)
    for invoice in (*invoices, draft):
        page.locator(f"input[name=id][value='{invoice}']").check()
    page.get_by_test_id("send-chosen").click()
    expect(page.get_by_test_id("answer")).to_contain_text(told)
    expect(page.get_by_test_id("refused").locator("tbody tr")).to_have_count(1)
    page.get_by_test_id("send-now").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("3 letters")
    delivering.deliver(office.platform, office.organisation_id)
    page.reload()
    assert [[letter.state for letter in letters(office, invoice)] for invoice in invoices] == [["sent"]] * 3
    expect(page.locator("main")).to_contain_text("billing@maple.example")
    assert len(mailed_there(office)) == by_package
    ours = [sorted(recipients) for recipients, _ in box.mails]
    assert ours == [["billing@larch.example", "site@larch.example"]] * (3 - by_package)
    page = desk.open("/invoices", Role.ACCOUNTANT)
    page.get_by_test_id("send-unsent").click()
    expect(page.get_by_test_id("empty")).to_contain_text("Every approved invoice was sent.")
    assert [desk.dot(invoice, INVOICE) for invoice in invoices] == ["green"] * 3


@pytest.mark.parametrize("package", ["quickbooks"], indirect=True)
def test_a_paused_connection_rests_and_goes_on(desk: Desk) -> None:
    office = desk.office
    page = desk.open(f"/connections/{office.connection_id}")
    page.get_by_test_id("pause").click()
    expect(page.get_by_test_id("state")).to_have_attribute("data-state", "paused")
    expect(page.get_by_test_id("sync-now")).to_have_count(0)
    customer, written = office.add_customer(name="Oak"), office.writes()
    expect(desk.open("/").get_by_test_id("answer")).to_contain_text("paused")
    page.goto(f"{desk.address}/connections/{office.connection_id}")
    page.get_by_test_id("resume").click()
    expect(page.get_by_test_id("state")).to_have_attribute("data-state", "live")
    assert (office.writes(), desk.dot(customer)) == (written, "none")
    desk.sync()
    assert desk.dot(customer) == "green"


def test_reconnecting_to_the_wrong_company_is_refused_and_the_right_one_restores_every_link(
    desk: Desk, package: Running
) -> None:
    office = desk.office
    before = {(row.id, row.remote_id) for row in office.links()}
    page = desk.open(f"/connections/{office.connection_id}")
    page.get_by_test_id("disconnect").click()
    expect(page.get_by_test_id("state")).to_have_attribute("data-state", "disconnected")
    written = office.writes()
    page.get_by_test_id("reconnect").click()
    page.get_by_role("radio").last.check()
    page.get_by_role("button", name=re.compile("Allow")).click()
    expect(page.locator("main")).to_contain_text("another company")
    page.goto(f"{desk.address}/connections/{office.connection_id}")
    expect(page.get_by_test_id("state")).to_have_attribute("data-state", "disconnected")
    page.get_by_test_id("reconnect").click()
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name=re.compile("Allow")).click()
    expect(page.get_by_test_id("state")).to_have_attribute("data-state", "live")
    assert office.writes() == written
    assert {(row.id, row.remote_id) for row in office.links()} == before


@pytest.mark.parametrize("package", ["quickbooks"], indirect=True)
def test_a_viewer_finds_no_button_that_fails(desk: Desk) -> None:
    office = desk.office
    desk.bookkeeper.add_customer("Pine")
    pine, other = office.add_customer(name="Pine"), office.add_customer(name="Poplar")
    invoice = office.add_invoice(other)
    desk.sync()
    link = office.link(other)
    assert link is not None
    window = desk.page(Role.VIEWER)
    refused: list[str] = []
    window.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
    for path in (
        "/", "/customers", f"/customers/{pine}", f"/customers/{other}", f"/invoices/{invoice}", "/invoices", "/runs",
        f"/conflicts/{office.problem().id}", f"/connections/{office.connection_id}", f"/links/{link.id}", "/plans",
    ):  # fmt: skip
        buttons = desk.open(path, Role.VIEWER).locator("main button:enabled:visible")
        for at in range(buttons.count()):
            desk.open(path, Role.VIEWER)
            buttons.nth(at).click()
    assert not refused
