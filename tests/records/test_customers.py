from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from service.records.author import Author
from service.records.contacts import change_contact, create_contact, delete_contact
from service.records.customers import (
    archive_customer,
    change_customer,
    create_customer,
    delete_customer,
    unarchive_customer,
)
from service.records.errors import Invalid, NotFound, NotPossibleNow, StaleRevision, Taken
from service.records.inputs import ContactChanges, CustomerChanges, CustomerInput, JobSiteInput
from service.records.job_sites import create_job_site
from service.store.queries.load import contacts_of, load_customers
from service.store.queries.tree import ancestor_ids, subtree
from service.store.records import CustomerRow
from tests.records.builders import company, connection, events, invoice, job, link, person, problem


def _faults(refusal: Invalid | Taken) -> list[str]:
    return [fault.field for fault in refusal.faults]


def test_numbers_count_from_1001_and_pass_over_those_typed_in(session: Session, author: Author) -> None:
    assert company(session, author).number == "C-1001"
    assert company(session, author, number="C-1002").number == "C-1002"
    assert company(session, author).number == "C-1003"


def test_a_number_in_use_is_refused(session: Session, author: Author) -> None:
    company(session, author, number="A-1")
    with pytest.raises(Taken) as refusal:
        company(session, author, number="A-1")
    assert _faults(refusal.value) == ["number"]


def test_a_company_client_needs_a_contact_that_can_be_written_to(session: Session, author: Author) -> None:
    for contacts in ([], [person(email=None)]):
        with pytest.raises(Invalid) as refusal:
            company(session, author, contacts=contacts)
        assert _faults(refusal.value) == ["contacts"]


def test_a_job_needs_no_contact_of_its_own(session: Session, author: Author) -> None:
    roof = job(session, author, company(session, author), "Roof")
    assert (roof.type, roof.depth, roof.full_name) == ("job", 2, "Freeman Sporting Goods:Roof")


def test_an_individual_is_called_by_first_and_last_name(session: Session, author: Author) -> None:
    given = CustomerInput.model_validate({"kind": "individual", "first_name": "Zoë", "last_name": "Müller"})
    row = create_customer(session, author, given)
    assert row.name == "Zoë Müller"
    changed = change_customer(session, author, row.id, CustomerChanges(last_name="Meyer"))
    assert changed.name == "Zoë Meyer"


def test_an_individual_without_any_name_is_refused(session: Session, author: Author) -> None:
    with pytest.raises(Invalid) as refusal:
        create_customer(session, author, CustomerInput.model_validate({"kind": "individual", "name": "Somebody"}))
    assert _faults(refusal.value) == ["first_name"]


@pytest.mark.parametrize("name", ["Client:Job", "Tab\there", "Two\nlines", "Ends\n", "\u2028", ""])
def test_a_name_with_a_colon_a_tab_or_a_line_break_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        CustomerInput.model_validate({"name": name, "contacts": [{"first_name": "A:"}]})


def test_a_rename_reaches_the_whole_subtree(session: Session, author: Author) -> None:
    client = company(session, author)
    roof = job(session, author, client, "Roof")
    tiles = job(session, author, roof, "Tiles")
    change_customer(session, author, client.id, CustomerChanges(name="Groß & Söhne"), expected=1)
    assert tiles.full_name == "Groß & Söhne:Roof:Tiles"
    assert [row.name for row in subtree(session, client)] == ["Groß & Söhne", "Roof", "Tiles"]
    assert ancestor_ids(tiles) == (roof.id, client.id)
    assert (client.revision, tiles.revision) == (2, 1)


def test_a_moved_job_takes_everything_below_it_along(session: Session, author: Author) -> None:
    old, new = company(session, author, "Old"), company(session, author, "New")
    roof = job(session, author, old, "Roof")
    tiles = job(session, author, roof, "Tiles")
    change_customer(session, author, roof.id, CustomerChanges(parent_id=new.id))
    assert (tiles.full_name, tiles.root_id, tiles.depth) == ("New:Roof:Tiles", new.id, 3)
    assert [row.id for row in subtree(session, old)] == [old.id]


def test_a_client_becomes_a_job_and_again_a_client(session: Session, author: Author) -> None:
    parent, client = company(session, author, "Parent"), company(session, author, "Child")
    change_customer(session, author, client.id, CustomerChanges(parent_id=parent.id))
    assert (client.type, client.depth) == ("job", 2)
    change_customer(session, author, client.id, CustomerChanges(parent_id=None))
    assert (client.type, client.depth, client.full_name) == ("client", 1, "Child")


def test_a_loop_is_refused(session: Session, author: Author) -> None:
    client = company(session, author)
    roof = job(session, author, client, "Roof")
    for row, parent in ((client, client), (client, roof), (roof, roof)):
        with pytest.raises(Invalid) as refusal:
            change_customer(session, author, row.id, CustomerChanges(parent_id=parent.id))
        assert _faults(refusal.value) == ["parent_id"]


def test_a_sixth_level_is_refused_for_a_new_job_and_for_a_moved_one(session: Session, author: Author) -> None:
    row = company(session, author)
    for level in range(2, 6):
        row = job(session, author, row, f"Level {level}")
    with pytest.raises(Invalid) as refusal:
        job(session, author, row, "Level 6")
    assert "level 6" in str(refusal.value)
    other = company(session, author, "Other")
    job(session, author, other, "Below")
    with pytest.raises(Invalid) as refusal:
        change_customer(session, author, other.id, CustomerChanges(parent_id=row.parent_id))
    assert _faults(refusal.value) == ["parent_id"]


def test_equal_names_keep_their_jobs_apart_in_reading_order(session: Session, author: Author) -> None:
    first, second = company(session, author, "Twin"), company(session, author, "Twin")
    job(session, author, first, "Z of first")
    job(session, author, second, "A of second")
    for client in (first, second):
        assert [row.root_id for row in subtree(session, client)] == [client.id, client.id]


def test_a_stale_revision_changes_nothing(session: Session, author: Author) -> None:
    row = company(session, author)
    change_customer(session, author, row.id, CustomerChanges(phone="1"), expected=1)
    with pytest.raises(StaleRevision):
        change_customer(session, author, row.id, CustomerChanges(phone="2"), expected=1)
    assert (row.phone, row.revision) == ("1", 2)


def test_the_same_values_again_are_no_change(session: Session, author: Author) -> None:
    row = company(session, author)
    change_customer(session, author, row.id, CustomerChanges(name=row.name, email=None, parent_id=None))
    assert row.revision == 1
    assert [event.verb for event in events(session, row.id)] == ["created"]


def test_a_change_is_told_with_before_and_after(session: Session, author: Author) -> None:
    row = company(session, author)
    change_customer(session, replace(author, why="called in"), row.id, CustomerChanges(phone="555"))
    event = events(session, row.id)[-1]
    assert (event.verb, event.actor, event.why) == ("edited", "user:ann", "called in")
    assert (event.before, event.after) == ({"phone": None}, {"phone": "555"})


def test_another_organisations_customer_does_not_exist(session: Session, author: Author) -> None:
    row = company(session, author)
    stranger = replace(author, organisation_id="0" * 32)
    with pytest.raises(NotFound):
        change_customer(session, stranger, row.id, CustomerChanges(phone="1"))
    assert load_customers(session, stranger.organisation_id, [row.id]) == {}


def test_an_archived_customer_takes_no_new_jobs_and_comes_back(session: Session, author: Author) -> None:
    client = company(session, author)
    roof = job(session, author, client, "Roof")
    with pytest.raises(NotPossibleNow, match="active jobs"):
        archive_customer(session, author, client.id)
    archive_customer(session, author, roof.id)
    archive_customer(session, author, client.id)
    with pytest.raises(Invalid):
        job(session, author, client, "Another")
    with pytest.raises(NotPossibleNow):
        unarchive_customer(session, author, roof.id)
    unarchive_customer(session, author, client.id)
    assert not unarchive_customer(session, author, roof.id).archived


def test_a_customer_with_records_is_not_deleted_and_says_why(session: Session, author: Author) -> None:
    client = company(session, author)
    job(session, author, client, "Roof")
    invoice(session, author, client)
    with pytest.raises(NotPossibleNow, match="1 job and 1 invoice"):
        delete_customer(session, author, client.id)


def test_a_customer_without_records_is_deleted_with_its_people_and_sites(session: Session, author: Author) -> None:
    client = company(session, author)
    site = create_job_site(session, author, client.id, JobSiteInput(name="Dock"))
    change_customer(session, author, client.id, CustomerChanges(job_site_id=site.id))
    create_contact(session, author, client.id, person(job_site_id=site.id))
    never_sent = link(session, connection(session, author), client.id, remote_id=None, confirmed=0)
    delete_customer(session, author, client.id)
    session.flush()
    assert session.get(CustomerRow, client.id, populate_existing=True) is None
    assert session.get(type(never_sent), never_sent.id, populate_existing=True) is None
    assert events(session, client.id)[-1].verb == "deleted"


def test_a_customer_that_a_package_knows_is_not_deleted(session: Session, author: Author) -> None:
    client = company(session, author)
    link(session, connection(session, author), client.id)
    with pytest.raises(NotPossibleNow, match="accounting package"):
        delete_customer(session, author, client.id)


def test_an_edit_is_wanted_closes_the_problem_and_waits_for_the_schedule(session: Session, author: Author) -> None:
    client, tied_to = company(session, author), connection(session, author)
    tied = link(session, tied_to, client.id)
    asked = problem(session, tied)
    tied_to.due_at = author.now + timedelta(minutes=1)
    session.flush()
    change_customer(session, author, client.id, CustomerChanges(phone="1"))
    for row in (tied, asked, tied_to):
        session.refresh(row)
    assert (tied.wanted, tied.confirmed, tied.open_problem_id) == (2, 1, None)
    assert (asked.closed_by, asked.closed_at) == ("edit", author.now)
    assert tied_to.due_at == author.now + timedelta(minutes=1)


def test_a_pull_is_not_told_to_where_it_came_from(session: Session, author: Author) -> None:
    client, source, other = company(session, author), connection(session, author), connection(session, author)
    here, there = link(session, source, client.id), link(session, other, client.id)
    asked = problem(session, here)
    source.due_at = None
    session.flush()
    puller = replace(author, actor="package", except_connection_id=source.id)
    change_customer(session, puller, client.id, CustomerChanges(phone="1"))
    for row in (here, there, asked, source):
        session.refresh(row)
    assert (here.wanted, there.wanted) == (1, 2)
    assert (asked.closed_at, here.open_problem_id, source.due_at) == (None, asked.id, None)
    assert events(session, client.id)[-1].connection_id == source.id


def test_a_rename_is_wanted_for_every_job_below(session: Session, author: Author) -> None:
    client, tied_to = company(session, author), connection(session, author)
    roof = job(session, author, client, "Roof")
    tied = link(session, tied_to, roof.id)
    change_customer(session, author, client.id, CustomerChanges(phone="1"))
    session.refresh(tied)
    assert tied.wanted == 1
    change_customer(session, author, client.id, CustomerChanges(name="Other"))
    session.refresh(tied)
    assert tied.wanted == 2


@pytest.mark.parametrize("changes", [{"email": "desk@acme.example"}, {"payment_terms": "net7"}, {"currency": "EUR"}])
def test_what_jobs_take_from_above_is_wanted_for_them_also_where_it_was_pulled_from(
    session: Session, author: Author, changes: dict[str, str]
) -> None:
    client, tied_to = company(session, author), connection(session, author)
    roof = job(session, author, job(session, author, client, "House"), "Roof")
    of_client, of_roof = link(session, tied_to, client.id), link(session, tied_to, roof.id)
    puller = replace(author, actor="package", except_connection_id=tied_to.id)
    change_customer(session, puller, client.id, CustomerChanges.model_validate(changes))
    for row in (of_client, of_roof):
        session.refresh(row)
    assert (of_client.wanted, of_roof.wanted) == (1, 2)


def test_a_primary_contacts_address_is_wanted_for_the_jobs_below(session: Session, author: Author) -> None:
    client, tied_to = company(session, author), connection(session, author)
    james = create_contact(session, author, client.id, person("Jim"))
    tied = link(session, tied_to, job(session, author, client, "Roof").id)
    change_contact(session, author, james.id, ContactChanges(notes="new"))
    session.refresh(tied)
    assert tied.wanted == 1
    change_contact(session, author, james.id, ContactChanges(email="jim2@acme.example"))
    session.refresh(tied)
    assert tied.wanted == 2


def test_a_retired_link_wants_nothing(session: Session, author: Author) -> None:
    client = company(session, author)
    retired = link(session, connection(session, author), client.id, retired_at=author.now)
    change_customer(session, author, client.id, CustomerChanges(phone="1"))
    session.refresh(retired)
    assert retired.wanted == 1


def test_a_contacts_change_is_wanted_for_its_customer_and_for_itself(session: Session, author: Author) -> None:
    client, tied_to = company(session, author), connection(session, author)
    james = create_contact(session, author, client.id, person("Jim", notes="old"))
    of_client, of_james = link(session, tied_to, client.id), link(session, tied_to, james.id, "contact")
    change_contact(session, author, james.id, ContactChanges(notes="new"), expected=1)
    for row in (of_client, of_james):
        session.refresh(row)
    assert (of_client.wanted, of_james.wanted, james.revision) == (2, 2, 2)


def test_there_is_one_primary_contact(session: Session, author: Author) -> None:
    client = company(session, author)
    second = create_contact(session, author, client.id, person("Second", primary=True))
    people = contacts_of(session, author.organisation_id, [client.id])[client.id]
    assert [contact.primary for contact in people] == [False, True]
    delete_contact(session, author, second.id)
    people = contacts_of(session, author.organisation_id, [client.id])[client.id]
    assert [contact.primary for contact in people] == [True]


def test_a_companys_last_contact_stays(session: Session, author: Author) -> None:
    client = company(session, author)
    (only,) = contacts_of(session, author.organisation_id, [client.id])[client.id]
    with pytest.raises(NotPossibleNow, match="only contact"):
        delete_contact(session, author, only.id)
    with pytest.raises(Invalid) as refusal:
        change_contact(session, author, only.id, ContactChanges(email=None))
    assert _faults(refusal.value) == ["email"]


def test_customers_load_with_people_and_ancestors_in_three_statements(session: Session, author: Author) -> None:
    client = company(session, author)
    roof = job(session, author, client, "Roof")
    loaded = load_customers(session, author.organisation_id, [roof.id])
    assert set(loaded) == {client.id, roof.id}
    assert loaded[client.id].contacts[0].email == "james@freeman.example"
