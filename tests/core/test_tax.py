"""Which tax level applies, as a table over everything that can be set, and what a level adds up to."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import pytest
from msgspec.structs import replace

from service.core.model import Contact, Customer, CustomerKind, CustomerType, JobSite, TaxComponent, TaxLevel
from service.core.tax import AppliedTax, applied_tax, rate_of, tax_level_fault

LEVELS = ("line", "invoice", "chosen", "site", "job", "client", "default")
WHY = {
    "line": "tax level of the line",
    "invoice": "tax level of the invoice",
    "chosen": "tax level of contact James Smith",
    "site": "tax level of contact of the job site Harbour Road 5 (ann@acme.example)",
    "job": "tax level of the customer",
    "client": "tax level of Acme",
    "default": "company default",
}


def _chain(levels: dict[str, str | None]) -> list[Customer]:
    james = Contact(
        id="james", customer_id="acme", first_name="James", last_name="Smith", tax_level_id=levels.get("chosen")
    )
    ann = Contact(
        id="ann",
        customer_id="acme",
        email="ann@acme.example",
        job_site_id="harbour",
        tax_level_id=levels.get("site"),
    )
    client = Customer(
        id="acme",
        kind=CustomerKind.COMPANY,
        type=CustomerType.CLIENT,
        name="Acme",
        full_name="Acme",
        depth=1,
        contacts=(james, ann),
        tax_level_id=levels.get("client"),
    )
    job = Customer(
        id="roof",
        kind=CustomerKind.COMPANY,
        type=CustomerType.JOB,
        name="Roof",
        full_name="Acme:Roof",
        depth=2,
        parent_id="acme",
        job_site_id="harbour",
        tax_level_id=levels.get("job"),
    )
    return [job, client]


@pytest.mark.parametrize("is_set", [*product([True, False], repeat=len(LEVELS))])
def test_the_first_level_that_is_set_wins(is_set: tuple[bool, ...]) -> None:
    levels = {name: f"the {name}'s" if on else None for name, on in zip(LEVELS, is_set, strict=True)}
    winner = next((name for name in LEVELS if levels[name]), None)
    found = applied_tax(
        line_level_id=levels["line"],
        invoice_level_id=levels["invoice"],
        chain=_chain(levels),
        contact_id="james",
        job_sites={"harbour": JobSite(id="harbour", customer_id="acme", name="Harbour Road 5")},
        default_level_id=levels["default"],
    )
    if winner is None:
        assert found == AppliedTax(tax_level_id=None, why="no tax level is set")
    else:
        assert found == AppliedTax(tax_level_id=f"the {winner}'s", why=WHY[winner])


def test_a_contact_that_is_neither_chosen_nor_of_the_job_site_decides_nothing() -> None:
    job, client = _chain({"chosen": "reduced", "site": "zero", "client": "standard"})
    not_chosen = applied_tax(line_level_id=None, invoice_level_id=None, chain=[job, client])
    assert not_chosen.tax_level_id == "zero"
    no_site = applied_tax(line_level_id=None, invoice_level_id=None, chain=[client])
    assert (no_site.tax_level_id, no_site.why) == ("standard", "tax level of the customer")


def test_a_contact_without_name_and_address_is_still_named_somehow() -> None:
    nameless = Contact(id="x", customer_id="roof", tax_level_id="zero")
    job, client = _chain({})
    chain = [job, replace(client, contacts=(nameless,))]
    found = applied_tax(line_level_id=None, invoice_level_id=None, chain=chain, contact_id="x")
    assert found.why == "tax level of contact without a name"


def _components(*rates: str) -> tuple[TaxComponent, ...]:
    return tuple(TaxComponent(name=f"part {rate}", rate_percent=Decimal(rate)) for rate in rates)


@pytest.mark.parametrize(
    ("level", "rate"),
    [
        (None, "0"),
        (TaxLevel(id="std", name="Standard", rate_percent=Decimal(15)), "15"),
        (TaxLevel(id="old", name="Stale", rate_percent=Decimal(8), components=_components("5.6", "2.5")), "8.1"),
        (
            TaxLevel(id="az", name="Tempe", rate_percent=Decimal("8.1"), components=_components("5.6", "0.7", "1.8")),
            "8.1",
        ),
    ],
)
def test_a_rate_is_the_sum_of_its_components(level: TaxLevel | None, rate: str) -> None:
    assert rate_of(level) == Decimal(rate)


@pytest.mark.parametrize(
    ("rate", "components", "fault"),
    [
        ("0", (), None),
        ("100", (), None),
        ("8.1", ("5.6", "0.7", "1.8"), None),
        ("5", ("5", "0"), None),
        ("-1", (), "A tax rate must be between 0 and 100 per cent."),
        ("100.01", (), "A tax rate must be between 0 and 100 per cent."),
        ("4", ("5", "-1"), "A tax rate must be between 0 and 100 per cent."),
        ("8", ("5.6", "0.70", "1.8"), "The components add up to 8.1 %, but the rate is 8 %."),
    ],
)
def test_a_tax_level_that_does_not_add_up_is_refused(rate: str, components: tuple[str, ...], fault: str | None) -> None:
    assert tax_level_fault(Decimal(rate), _components(*components)) == fault
