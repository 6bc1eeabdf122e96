"""Customers from a list: told apart by headings; each row valid or named; all or nothing; again is no change."""

from __future__ import annotations

from decimal import Decimal

import pytest

from service.core.model import Address, CustomerKind, SendTo
from service.imports import UnreadableFile
from service.records.inputs import TaxLevelInput
from service.records.tax_levels import create_tax_level
from tests.imports.conftest import Books

OWN = """\
number,name,kind,email,contact_first_name,contact_email,billing_line1,billing_country,payment_terms,discount_percent
A-1,Cedar Vets,company,billing@cedar.example,Ann,ann@cedar.example,1 High St,United Kingdom,Net 30,2.5%
A-2,Cedar Vets:Roof,,,,,,,,
,Zoë Müller,individual,zoe@example.com,,,,,,
"""
XERO = """\
*ContactName,AccountNumber,EmailAddress,FirstName,LastName,POAddressLine1,POAddressLine2,POAddressLine3,\
POCity,PORegion,POPostalCode,POCountry,SAAddressLine1,PhoneNumber,TaxNumber,DueDateSalesDay,DueDateSalesTerm,Person1FirstName,\
Person1LastName,Person1Email,Person1IncludeInEmail,SkypeName
Marlow Pty Ltd,MAR001,gavin@marlow.example,Gavin,Marlow,12 Builder St,Unit 3,Rear,Parramatta,NSW,2150,Australia,\
9 Dock Rd,02 9000 1111,48 902,20,of the following month,Ida,Marlow,ida@marlow.example,yes,ida
Elena Reyes,,elena@example.com,Elena,Reyes,,,,,,,,,,,30,day(s) after the invoice date,,,,,
"""
QUICKBOOKS = """Name,Company name,Street Address,City,State,Country,Zip,Phone,Email,Attachments,Open Balance
Amy's Birds,Amy's Birds,4581 Finch St.,Bayshore,CA,USA,94326,(650) 555-3311,"a@amy.example,b@amy.example",0,9
Freeman Sporting Goods:0969 Ocean View Road,,,,,,,,,0,0
Freeman Sporting Goods,Freeman Sporting Goods,370 Easy St.,Middlefield,CA,,94482,,sports@freeman.example,0,0
Diego Rodriguez,,,,,,,,diego@example.com,0,0
"""
REPORT = """Craig's Design and Landscaping Services
Customer Contact List

Customer,Phone Numbers,Email,Full Name,Billing Address,Shipping Address
Bill's Windsurf Shop,Phone: (415) 444-6538  Mobile: (415) 444-0000,surf@bill.example,Bill Lucchini,"12 Ocean Dr.
Half Moon Bay CA  94213",
"""


def test_our_own_columns_fill_every_field_they_name(books: Books) -> None:
    report = books.take(OWN)
    assert (report.layout, report.new, report.faulty, report.imported) == ("our own columns", 3, 0, True)
    cedar = books.customer("Cedar Vets")
    assert (cedar.number, cedar.kind, cedar.email) == ("A-1", CustomerKind.COMPANY, "billing@cedar.example")
    assert (cedar.payment_terms, cedar.discount_percent) == ("net30", Decimal("2.5"))
    assert cedar.billing_address == Address(line1="1 High St", country="GB")
    assert [(one.first_name, one.email, one.primary) for one in cedar.contacts] == [("Ann", "ann@cedar.example", True)]
    zoe = books.customer("Zoë Müller")
    assert zoe.kind is CustomerKind.INDIVIDUAL
    assert books.customer("Cedar Vets:Roof").parent_id == cedar.id


def test_xeros_contact_export_is_known_by_its_headings(books: Books) -> None:
    report = books.take(XERO)
    assert (report.layout, report.new, report.ignored) == ("Xero's contact export", 2, ["SkypeName"])
    marlow = books.customer("Marlow Pty Ltd")
    assert (marlow.number, marlow.vat_number, marlow.payment_terms) == ("MAR001", "48 902", "eom20")
    assert marlow.billing_address == Address(
        line1="12 Builder St", line2="Unit 3, Rear", city="Parramatta", region="NSW", postal_code="2150", country="AU"
    )
    assert marlow.shipping_address == Address(line1="9 Dock Rd")
    assert [(one.full_name, one.email, one.invoice_email) for one in marlow.contacts] == [
        ("Gavin Marlow", "gavin@marlow.example", SendTo.NONE),
        ("Ida Marlow", "ida@marlow.example", SendTo.CC),
    ]
    elena = books.customer("Elena Reyes")
    assert (elena.kind, elena.first_name, elena.payment_terms) == (CustomerKind.INDIVIDUAL, "Elena", "net30")


def test_quickbooks_customer_export_is_known_by_its_headings(books: Books) -> None:
    report = books.take(QUICKBOOKS)
    assert (report.layout, report.new, report.parents) == ("QuickBooks' customer export", 4, 0)
    assert report.ignored == ["Attachments", "Open Balance"]
    amy = books.customer("Amy's Birds")
    assert (amy.email, amy.other_emails) == ("a@amy.example", ("b@amy.example",))
    assert amy.billing_address == Address(
        line1="4581 Finch St.", city="Bayshore", region="CA", postal_code="94326", country="US"
    )
    assert [(one.first_name, one.email) for one in amy.contacts] == [("Accounts", "a@amy.example")]
    assert report.unnamed_contacts == 2
    diego = books.customer("Diego Rodriguez")
    assert (diego.kind, diego.first_name, diego.last_name) == (CustomerKind.INDIVIDUAL, "Diego", "Rodriguez")
    assert books.customer("Freeman Sporting Goods:0969 Ocean View Road").depth == 2


def test_the_headings_of_a_report_stand_below_its_title(books: Books) -> None:
    report = books.take(REPORT)
    assert (report.layout, report.rows, report.new) == ("QuickBooks' customer export", 1, 1)
    bill = books.customer("Bill's Windsurf Shop")
    assert (bill.phone, bill.mobile) == ("(415) 444-6538", "(415) 444-0000")
    assert bill.billing_address == Address(line1="12 Ocean Dr. Half Moon Bay CA 94213")
    assert [one.full_name for one in bill.contacts] == ["Bill Lucchini"]


@pytest.mark.parametrize("text", [OWN, XERO, QUICKBOOKS, REPORT], ids=["own", "xero", "quickbooks", "report"])
def test_the_same_file_again_changes_nothing(books: Books, text: str) -> None:
    first = books.take(text)
    before = books.known()
    again = books.take(text)
    assert (again.new, again.parents, again.already_there, again.faulty) == (0, 0, first.rows, 0)
    assert books.known() == before


@pytest.mark.parametrize("options", [{}, {"skip_faulty": True}], ids=["whole", "valid rows"])
def test_a_dry_run_tells_the_same_and_changes_nothing(books: Books, options: dict[str, bool]) -> None:
    books.take("name,email\nCedar Vets,a@cedar.example\n")
    before = books.known()
    text = OWN + "A-9,Bad,company,nowhere,,,,,,\n"
    tried = books.take(text, dry_run=True, **options)
    assert books.known() == before
    assert not tried.imported
    done = books.take(text, **options)
    assert (done.new, done.faulty, done.already_there) == (tried.new, tried.faulty, tried.already_there)
    assert done.problems == tried.problems


def test_one_faulty_row_keeps_the_whole_file_out_unless_it_may_be_left_out(books: Books) -> None:
    text = OWN + ",Bad,company,nowhere,,,,,,\n"
    report = books.take(text)
    assert (report.new, report.faulty, report.imported) == (3, 1, False)
    assert books.names() == []
    assert books.take(text, skip_faulty=True).imported
    assert len(books.names()) == 3


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        (",Cedar,company,nowhere,,,,,,", "email", "'nowhere' is not an address of mail"),
        (",Cedar,company,a@b.example,,,1 High St,Narnia,,", "billing_country", "'Narnia' is no country"),
        (",Cedar,company,a@b.example,,,,,,lots", "discount_percent", "decimal"),
        (",Cedar,company,a@b.example,,,,,,101", "discount_percent", "between 0 and 100"),
        (",Cedar,firm,a@b.example,,,,,,", "kind", "neither company nor individual"),
        (",Cedar,company,,,,,,,", "contact_email", "needs a contact with a first name and an email"),
        (",,company,a@b.example,,,,,,", "name", "A name is needed"),
        (",Cedar::Roof,company,a@b.example,,,,,,", "name", "empty part"),
        (",A:B:C:D:E:F,company,a@b.example,,,,,,", "name", "level 6"),
        (",Cedar,company,a@b.example,,,,,,,more", "line", "more cells"),
        (f"{'1' * 61},Cedar,company,a@b.example,,,,,,", "number", "60"),
    ],
)
def test_a_faulty_row_is_named_with_its_line_and_its_column(books: Books, row: str, column: str, words: str) -> None:
    heading = OWN.partition("\n")[0]
    report = books.take(f"{heading}\n,Fine,company,fine@b.example,,,,,,\n{row}\n")
    assert (report.new, report.faulty) == (1, 1), report.problems
    (problem,) = report.problems
    assert (problem.line, problem.field) == (3, column)
    assert words in problem.message


def test_a_fault_is_named_by_the_heading_of_the_list_itself(books: Books) -> None:
    report = books.take("ContactName,AccountNumber,EmailAddress,POCountry\nMarlow,M1,not an address,Narnia\n")
    assert {problem.field for problem in report.problems} <= {"EmailAddress", "POCountry"}
    assert report.problems


def test_a_name_with_a_colon_is_no_path_where_the_package_has_no_jobs(books: Books) -> None:
    report = books.take("ContactName,EmailAddress\nBob: the Builder,bob@b.example\n")
    assert [(problem.field, "colon" in problem.message) for problem in report.problems] == [("ContactName", True)]


def test_the_parents_of_a_path_are_added_first_wherever_they_stand(books: Books) -> None:
    report = books.take(
        "name,email\nCedar:Roof:Tiles,\nCedar:Roof,\nCedar,a@cedar.example\nMaple:Phase 1:North,a@maple.example\n"
    )
    assert (report.new, report.parents, report.faulty) == (4, 2, 0), report.problems
    assert books.names() == ["Cedar", "Cedar:Roof", "Cedar:Roof:Tiles", "Maple", "Maple:Phase 1", "Maple:Phase 1:North"]
    maple = books.customer("Maple")
    assert [(one.first_name, one.email) for one in maple.contacts] == [("Accounts", "a@maple.example")]
    assert maple.number != books.customer("Maple:Phase 1").number


def test_a_job_below_nobody_known_needs_a_person(books: Books) -> None:
    report = books.take("name,email\nCedar:Roof,\n")
    assert (report.new, report.parents, report.faulty) == (0, 0, 1)
    assert "needs a contact" in report.problems[0].message


def test_a_job_finds_the_client_that_is_there_already(books: Books) -> None:
    books.take("name,email\nCedar,a@cedar.example\n")
    report = books.take("name,email,parent\nRoof,,CEDAR\n")
    assert (report.new, report.parents) == (1, 0)
    assert books.customer("Cedar:Roof").parent_id == books.customer("Cedar").id


def test_a_job_below_a_name_that_two_have_needs_a_person(books: Books) -> None:
    books.take("name,email\nCedar,a@cedar.example\nCedar,b@cedar.example\n")
    report = books.take("name,email\nCedar:Roof,\n")
    assert "Several customers are called Cedar" in report.problems[0].message


@pytest.mark.parametrize(
    ("row", "already_there"),
    [
        ("A-1,Cedar,other@cedar.example", True),
        ("a-1,  CEDAR ,", True),
        (",cedar,A@Cedar.example", True),
        (",Cedar,other@cedar.example", False),
        (",Cedar Vets,a@cedar.example", False),
    ],
)
def test_a_row_is_there_by_its_number_or_by_its_name_and_address(books: Books, row: str, already_there: bool) -> None:
    books.take("number,name,email\nA-1,Cedar,a@cedar.example\n")
    report = books.take(f"number,name,email\n{row}\n")
    assert (report.already_there, report.new) == ((1, 0) if already_there else (0, 1)), report.problems


def test_a_number_of_somebody_else_needs_a_person(books: Books) -> None:
    report = books.take("number,name,email\nA-1,Cedar,a@cedar.example\nA-1,Maple,a@maple.example\n")
    assert [(problem.line, problem.field) for problem in report.problems] == [(3, "number")]
    assert "cedar" in report.problems[0].message.casefold()


def test_a_tax_level_is_found_by_its_name(books: Books) -> None:
    level = create_tax_level(books.session, books.author, TaxLevelInput(name="State", rate_percent=Decimal(7)))
    books.take("name,email,tax_level\nCedar,a@cedar.example,state\n")
    assert books.customer("Cedar").tax_level_id == level.id
    assert books.take("name,email,tax_level\nMaple,a@maple.example,City\n").problems[0].field == "tax_level"


def test_another_organisations_customers_are_not_there(books: Books, shared_database: object) -> None:
    books.take("number,name,email\nA-1,Cedar,a@cedar.example\n")
    assert {one.number for one in books.known()} == {"A-1"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no line has the headings"),
        ("colour,size\nred,large\n", "no line has the headings"),
        ("name,Name,email\nA,B,c@d.example\n", "'name' and 'Name' for the same field"),
    ],
)
def test_a_file_that_is_nobodys_list_is_refused_whole(books: Books, text: str, words: str) -> None:
    with pytest.raises(UnreadableFile, match=words):
        books.take(text)
