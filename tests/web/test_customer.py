"""One customer: what is shown, editing with somebody else at the same time, archiving, sending."""

from __future__ import annotations

from service.core.ports import EntityKind
from service.records.customers import change_customer
from service.records.inputs import CustomerChanges
from service.store.queries.states import sync_states
from service.store.records import CustomerRow
from service.store.sync_models import LinkRow
from tests.web.conftest import client_of
from tests.web.forms import fields_of
from tests.web.world import World


def form_of(page: str) -> dict[str, str]:
    """Return the values that the form on the page would send unchanged."""
    return fields_of(page, "customer-form")


def phone_of(world: World, name: str) -> str | None:
    with world.database.read() as session:
        return session.get_one(CustomerRow, world.ids[name]).phone


def test_the_page_shows_the_record_and_both_sides(any_world: World) -> None:
    page = client_of(any_world).get(f"/customers/{any_world.ids['cedar']}").text
    for words in ("Cedar Vets", "C-1005", "Ann Lee", "INV-1002", "Phone and email of &#39;Cedar Vets&#39; differ"):
        assert words in page
    side = page[page.index('data-testid="side"') :]
    assert "b@cedar.example" in side
    assert "Open in QuickBooks" in side
    assert "Answer it" in side


def test_an_edit_is_saved_and_marks_the_record_as_waiting(any_world: World) -> None:
    client, path = client_of(any_world, "accountant"), f"/customers/{any_world.ids['freeman']}"
    given = form_of(client.get(f"{path}/edit").text) | {"phone": "(650) 555-0999", "billing_address.city": "Bayshore"}
    answer = client.post(f"{path}/edit", data=given, follow_redirects=True)
    assert "is saved" in answer.text
    assert 'data-dot="orange"' in answer.text
    with any_world.database.read() as session:
        row = session.get_one(CustomerRow, any_world.ids["freeman"])
        assert (row.phone, row.billing_address and row.billing_address["city"]) == ("(650) 555-0999", "Bayshore")
        assert row.billing_address["country"] == "US" if row.billing_address else False


def test_saving_an_unchanged_form_changes_nothing(any_world: World) -> None:
    client, path = client_of(any_world), f"/customers/{any_world.ids['freeman']}"
    answer = client.post(f"{path}/edit", data=form_of(client.get(f"{path}/edit").text), follow_redirects=True)
    assert "Nothing was changed" in answer.text
    with any_world.database.read() as session:
        assert session.get_one(CustomerRow, any_world.ids["freeman"]).revision == 1


def test_what_somebody_else_changed_meanwhile_is_shown_and_not_overwritten(any_world: World) -> None:
    client, path = client_of(any_world), f"/customers/{any_world.ids['cedar']}/edit"
    mine = form_of(client.get(path).text) | {"email": "mine@cedar.example"}
    with any_world.database.write() as session:
        change_customer(session, any_world.author, any_world.ids["cedar"], CustomerChanges(phone="555 9999"))
    answer = client.post(path, data=mine)
    assert answer.status_code == 409
    assert "Edited meanwhile by admin@freeman.example" in answer.text
    assert 'Phone: <span class="strong">555 9999</span>' in answer.text
    again = form_of(answer.text)
    assert (again["email"], again["phone"]) == ("mine@cedar.example", "555 9999")
    with any_world.database.write() as session:
        change_customer(session, any_world.author, any_world.ids["cedar"], CustomerChanges(email="late@cedar.example"))
    both = client.post(path, data=again)
    assert both.status_code == 409
    assert 'Email is now: <span class="strong">late@cedar.example</span>; you typed: mine@cedar.example' in both.text
    assert client.post(path, data=form_of(both.text)).status_code == 303
    with any_world.database.read() as session:
        row = session.get_one(CustomerRow, any_world.ids["cedar"])
        assert (row.email, row.phone) == ("mine@cedar.example", "555 9999")


def test_rules_for_its_invoices_are_chosen_on_the_form(world: World) -> None:
    client, path = client_of(world, "accountant"), f"/customers/{world.ids['store']}"
    page = client.get(f"{path}/edit").text
    assert "As Freeman Sporting Goods if blank: 30 days after the invoice" in page
    chosen = {
        "payment_terms": "eom15", "currency": "cad", "invoice_email": "cc", "other_emails_invoice": "to",
        "other_emails": "a@freeman.example; b@freeman.example", "discount_percent": "2.5", "status": "on_hold",
        "allow_partial_payments": "false",
    }  # fmt: skip
    assert client.post(f"{path}/edit", data=form_of(page) | chosen).status_code == 303
    with world.database.read() as session:
        row = session.get_one(CustomerRow, world.ids["store"])
        assert (row.payment_terms, row.currency, row.invoice_email) == ("eom15", "CAD", "cc")
        assert (row.other_emails, row.status) == (["a@freeman.example", "b@freeman.example"], "on_hold")
        assert (str(row.discount_percent), row.allow_partial_payments) == ("2.5", False)
    assert form_of(client.get(f"{path}/edit").text).items() >= {"payment_terms": "eom15", "status": "on_hold"}.items()
    assert "<dd>15 days after the end of the month</dd>" in client.get(path).text
    wrong = client.post(f"{path}/edit", data=form_of(page) | {"revision": "2", "currency": "XYZ"})
    assert wrong.status_code == 422
    assert '<a href="#field-currency">Currency</a>: ' in wrong.text


def test_a_move_is_looked_at_before_it_is_made(any_world: World) -> None:
    client, path = client_of(any_world, "accountant"), f"/customers/{any_world.ids['store']}/move"
    assert "0969 Ocean View Road:Roof" not in client.get(path).text
    found = client.get(path, query_string={"q": "cedar"}).text
    assert f"{path}?to={any_world.ids['cedar']}" in found
    assert any_world.ids["roof"] not in client.get(path, query_string={"q": "roof"}).text  # it stands below
    look = client.get(path, query_string={"to": any_world.ids["cedar"]}).text
    assert "<td>Cedar Vets:0969 Ocean View Road:Roof</td>" in look
    assert "QuickBooks · Craig&#39;s Design holds 1 of these records" in look
    with any_world.database.read() as session:
        assert session.get_one(CustomerRow, any_world.ids["store"]).parent_id == any_world.ids["freeman"]
    given = fields_of(look.replace('class="actions"', 'data-testid="do"'), "do")
    with any_world.database.write() as session:
        change_customer(session, any_world.author, any_world.ids["store"], CustomerChanges(phone="1"))
    late = client.post(path, data=given, follow_redirects=True)
    assert "Look again at what the move would do." in late.text
    given["revision"] = "2"
    assert "is where it stands now" in client.post(path, data=given, follow_redirects=True).text
    with any_world.database.read() as session:
        assert session.get_one(CustomerRow, any_world.ids["roof"]).full_name == "Cedar Vets:0969 Ocean View Road:Roof"


def test_a_move_that_cannot_be_says_why(world: World) -> None:
    client, path = client_of(world, "accountant"), f"/customers/{world.ids['freeman']}/move"
    assert "below" in client.get(path, query_string={"to": world.ids["roof"]}).text
    alone = client.post(f"/customers/{world.ids['roof']}/move", data={"to": "top"}, follow_redirects=True)
    assert "a contact" in alone.text  # as a client, a company needs one
    with world.database.read() as session:
        assert session.get_one(CustomerRow, world.ids["roof"]).depth == 3


def test_a_wrong_value_is_named_beside_its_field_and_nothing_typed_is_lost(any_world: World) -> None:
    client, path = client_of(any_world), f"/customers/{any_world.ids['cedar']}/edit"
    wrong = {"email": "not an address", "billing_address.country": "Utopia", "phone": "555 3333", "name": "a:b"}
    answer = client.post(path, data=form_of(client.get(path).text) | wrong)
    assert answer.status_code == 422
    assert form_of(answer.text)["phone"] == "555 3333"
    assert answer.text.count('aria-invalid="true"') == 3
    assert phone_of(any_world, "cedar") == "555 1111"


def test_archiving_and_taking_back(world: World) -> None:
    client, path = client_of(world), f"/customers/{world.ids['amy']}"
    assert "is archived" in client.post(f"{path}/archive", data={"archived": "true"}, follow_redirects=True).text
    assert "active again" in client.post(f"{path}/archive", data={"archived": "false"}, follow_redirects=True).text


def test_a_client_with_active_jobs_says_why_it_stays(world: World) -> None:
    answer = client_of(world).post(
        f"/customers/{world.ids['freeman']}/archive", data={"archived": "true"}, follow_redirects=True
    )
    assert "has active jobs" in answer.text


def test_send_now_asks_every_live_connection_for_a_sync(world: World) -> None:
    answer = client_of(world).post(f"/customers/{world.ids['kate']}/send", follow_redirects=True)
    assert "A sync has begun at 1 connection" in answer.text
    assert world.runner.woken == [world.ids["connection"]]


def test_a_record_that_waits_for_an_answer_offers_the_answer_instead(world: World) -> None:
    page = client_of(world).get(f"/customers/{world.ids['cedar']}").text
    assert "Answer it" in page
    assert "Sync now" not in page


def test_without_a_live_connection_sending_says_so(world: World) -> None:
    client = client_of(world)
    client.post(f"/connections/{world.ids['connection']}/pause")
    answer = client.post(f"/customers/{world.ids['kate']}/send", follow_redirects=True)
    assert "There is no live connection" in answer.text
    assert not world.runner.woken


def test_losses_are_told(world: World) -> None:
    page = client_of(world).get(f"/customers/{world.ids['kate']}").text
    assert "can't hold 1 field" in page
    assert "Holds one contact only." in page


def test_a_record_whose_counterpart_is_unknown_is_still_shown(world: World) -> None:
    with world.database.write() as session:
        row = session.get_one(LinkRow, _link_of(world, "freeman"))
        row.remote_id = "unheard of"
    assert client_of(world).get(f"/customers/{world.ids['freeman']}").status_code == 200


def _link_of(world: World, name: str) -> str:
    with world.database.read() as session:
        states = sync_states(session, world.organisation_id, EntityKind.CUSTOMER, [world.ids[name]])
        link = states[world.ids[name]][0].link
        assert link
        return link.id
