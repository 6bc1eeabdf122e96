"""Records of every shape in great numbers: weird but valid texts, drawn by Hypothesis, wherever they may stand.

A palette is some texts, which Hypothesis draws and shrinks, and a source of chance that its seed repeats; many records
are made of one palette, because drawing is what takes time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

from hypothesis import strategies as st
from msgspec.structs import replace

from service.core.model import (
    Address,
    Contact,
    Customer,
    CustomerKind,
    CustomerType,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
    Payment,
    PaymentKind,
    Recipients,
    SendTo,
)
from service.core.totals import TaxableLine, compute_totals, line_amount

T = TypeVar("T")

LEVELS: dict[str | None, Decimal] = {
    "standard": Decimal("8.25"),
    "reduced": Decimal("5.6"),
    "zero": Decimal(0),
    None: Decimal(0),
}
TODAY = date(2026, 11, 22)

#: Texts that have made trouble somewhere: blanks of all kinds, scripts, composed characters, markup, length.
SPICES = (
    "",
    " ",
    "Smith  Ltd",
    "U\u0308ni\u0301",
    "مرحبا بالعالم",
    "שלום עולם",
    "\u202eright to left\u202c",
    "👩\u200d👩\u200d👧 Café",
    "a\u200bb",
    "\ufeffMark",
    "No\u00a0break",
    "Straße & Söhne",
    'O\'Brien \\ "Co"',
    "&amp; Sons",
    "<b>Bold</b>",
    "Line\nbreak",
    "Tab\there",
    "Client: Job",
    "1,200.50",
    "12345",
    "-",
    "N/A",
    "null",
    "Nürnberg, Bayern",
    "Apt. 4, 2nd floor",
    "x" * 300,
    "Ärger " * 120,
    "e\u0301" * 60,
    "\U0001d518\U0001d52b\U0001d526" * 40,
    "...",
)
_SCRIPTS = st.characters(blacklist_categories=("Cs", "Cc"), whitelist_characters="\t\n ")
_EMAILS = (
    "billing@acme.example",
    "Ann.Lee@Acme.Example",
    "o'neil+tag@sub.acme.example",
    "a@b.example",
    "very.long.address.of.somebody@department.of.long.names.example",
)
_PHONES = (
    "+1 415 555 0100",
    "(650) 253-0000",
    "+44 20 7946 0000 ext 12",
    "020 7946 0000",
    "+45 33 13 33 13",
    "call the office",
    "1-800-FLOWERS",
    "99",
)
_COUNTRIES = ("US", "GB", "DE", "DK", "CI", "KR", "BO", "TW", "VN", "FR")
_TERMS = ("net30", "net15", "due_on_receipt", "eom", "net45")


@dataclass(frozen=True, slots=True)
class Palette:
    """What records are made of."""

    texts: Sequence[str]
    chance: Random

    def text(self, *, blank: float = 0.3) -> str | None:
        """Return one of the texts, or none."""
        return None if self.chance.random() < blank else self.chance.choice(self.texts)

    def one(self, *choices: T) -> T:
        """Return one of the choices."""
        return self.chance.choice(choices)

    def maybe(self, make: Callable[[], T]) -> T | None:
        """Return what is made, or none."""
        return make() if self.chance.random() < 0.6 else None

    def number(self, most: int, places: int) -> Decimal:
        """Return a number of at most so many places."""
        return Decimal(self.chance.randint(0, most)).scaleb(-self.chance.randint(0, places))


palettes = st.builds(
    Palette,
    st.lists(st.sampled_from(SPICES) | st.text(_SCRIPTS, max_size=30), min_size=6, max_size=12),
    st.integers(0, 2**32).map(Random),
)


def an_address(palette: Palette) -> Address:
    """Return an address of any parts."""
    return Address(
        line1=palette.text(),
        line2=palette.text(blank=0.6),
        city=palette.text(),
        region=palette.text(blank=0.5),
        postal_code=palette.one(None, "LS1 1AA", "94107", "D-90402"),
        country=palette.one(None, *_COUNTRIES),
    )


def a_person(palette: Palette, contact_id: str = "p1", **fields: Any) -> Contact:
    """Return a contact."""
    made: dict[str, Any] = {
        "id": contact_id,
        "customer_id": "c1",
        "first_name": palette.text(blank=0.1),
        "last_name": palette.text(),
        "email": palette.one(None, *_EMAILS),
        "other_emails": palette.one((), (), ("second@acme.example",)),
        "phone": palette.one(None, *_PHONES),
        "mobile": palette.one(None, *_PHONES),
        "primary": palette.chance.random() < 0.3,
        "tax_level_id": palette.one(None, "standard", "zero"),
        "billing_address": palette.maybe(lambda: an_address(palette)),
        "invoice_email": palette.chance.choice(list(SendTo)),
        "other_emails_invoice": palette.chance.choice(list(SendTo)),
    }
    return Contact(**{**made, **fields})


def a_customer(palette: Palette, **fields: Any) -> Customer:
    """Return a client, or with ``parent_id`` a job."""
    name = palette.text(blank=0) or "Acme"
    is_job = fields.get("parent_id") is not None
    made: dict[str, Any] = {
        "id": "c2" if is_job else "c1",
        "kind": palette.chance.choice(list(CustomerKind)),
        "type": CustomerType.JOB if is_job else CustomerType.CLIENT,
        "name": name if any(sign.isalnum() for sign in name) else f"{name} Acme",
        "depth": 2 if is_job else 1,
        "number": palette.one(None, "C-1042"),
        "first_name": palette.text(),
        "last_name": palette.text(),
        "email": palette.one(None, *_EMAILS),
        "other_emails": palette.one((), ("other@acme.example", "Third@acme.example")),
        "other_emails_invoice": palette.chance.choice(list(SendTo)),
        "phone": palette.one(None, *_PHONES),
        "mobile": palette.one(None, *_PHONES),
        "fax": palette.one(None, *_PHONES),
        "website": palette.one(None, "acme.example", "HTTPS://Acme.example/", "http://acme.example/A?b=C"),
        "vat_number": palette.one(None, "GB 123 4567 89", "123456789"),
        "tax_level_id": palette.one(None, "standard", "zero"),
        "payment_terms": palette.one(None, *_TERMS),
        "billing_address": palette.maybe(lambda: an_address(palette)),
        "shipping_address": palette.maybe(lambda: an_address(palette)),
        "contacts": tuple(a_person(palette, f"p{number}") for number in range(palette.chance.randint(0, 3))),
    }
    made |= fields
    path = f"Elm Street School:{made['name']}" if is_job else made["name"]
    return Customer(**{**made, "full_name": path})


def an_invoice(palette: Palette, **fields: Any) -> Invoice:
    """Return an issued invoice whose amounts are worked out as the service does."""
    level = palette.one("standard", "reduced")
    lines, levels = [], []
    for _ in range(palette.chance.randint(1, 4)):
        quantity, price = palette.number(900_000, 4), palette.number(5_000_000, 4)
        percent = palette.one(Decimal(0), Decimal(0), Decimal(10), Decimal("33.3333"))
        amount = line_amount(quantity=quantity, unit_price=price, discount_percent=percent, currency="USD")
        said = palette.text(blank=0) or ""
        lines.append(
            InvoiceLine(
                description=said if any(sign.isalnum() for sign in said) else f"{said}Labour",
                quantity=quantity,
                unit_price=price,
                amount=amount,
                discount_percent=percent,
                item_code=palette.one(None, "HOURS", "PAINT"),
            )
        )
        levels.append(palette.one(level, "zero"))
    inclusive = palette.chance.random() < 0.3
    taxable = [TaxableLine(amount=line.amount, rate_percent=LEVELS[at]) for line, at in zip(lines, levels, strict=True)]
    totals = compute_totals(taxable, inclusive=inclusive, currency="USD")
    issued = TODAY - timedelta(days=palette.chance.randint(0, 400))
    made: dict[str, Any] = {
        "id": "i1",
        "number": palette.one("INV-1007", "2026/0099", "42"),
        "customer_id": "c1",
        "status": InvoiceStatus.APPROVED,
        "issue_date": issued,
        "due_date": issued + timedelta(days=palette.chance.randint(0, 60)),
        "currency": "USD",
        "reference": palette.text(),
        "tax_inclusive": inclusive,
        "lines": tuple(lines),
        "line_tax_levels": tuple(levels),
        "subtotal": totals.subtotal,
        "tax_total": totals.tax_total,
        "total": totals.total,
        "recipients": Recipients(
            to=tuple(palette.chance.sample(_EMAILS, palette.chance.randint(0, 2))),
            cc=tuple(palette.chance.sample(_EMAILS, palette.chance.randint(0, 2))),
        ),
        "billing_address": palette.maybe(lambda: an_address(palette)),
    }
    return Invoice(**{**made, **fields})


def a_payment(palette: Palette, **fields: Any) -> Payment:
    """Return a payment of an invoice."""
    made: dict[str, Any] = {
        "id": "y1",
        "kind": PaymentKind.PAYMENT,
        "amount": Decimal(palette.chance.randint(1, 10_000_000)).scaleb(-2),
        "date": TODAY - timedelta(days=palette.chance.randint(0, 400)),
        "customer_id": "c1",
        "currency": "USD",
        "invoice_id": "i1",
        "method": palette.one(None, "card"),
        "reference": palette.text(),
    }
    return Payment(**{**made, **fields})


def changed(palette: Palette, record: Any, make: Callable[[Palette], Any]) -> Any:
    """Return the record with about half of what may change in it taken from another one of its kind."""
    other = make(palette)
    fixed = {"id", "kind", "type", "depth", "parent_id", "customer_id", "invoice_id", "currency", "status"}
    linked = {"lines", "line_tax_levels", "tax_inclusive", "subtotal", "tax_total", "total"}
    names = [name for name in type(record).__struct_fields__ if name not in fixed | linked]
    taken = {name for name in names if palette.chance.random() < 0.5}
    if hasattr(record, "lines") and palette.chance.random() < 0.5:
        taken |= linked
    if taken & {"name", "full_name"}:
        taken |= {"name", "full_name"}
    return replace(record, **{name: _mixed(palette, getattr(record, name), getattr(other, name)) for name in taken})


def _mixed(palette: Palette, old: Any, new: Any) -> Any:
    """Return the new value; of an address often the old one with a single part of the new one."""
    if not isinstance(old, Address) or not isinstance(new, Address) or palette.chance.random() < 0.3:
        return new
    part = palette.one("line1", "line2", "city", "region", "postal_code", "country")
    return replace(old, **{part: getattr(new, part)})
