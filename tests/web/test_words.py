from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask_login import login_user

from service.web import words
from service.web.access import load_person
from tests.web.world import NOW, World


@pytest.mark.parametrize(
    ("distance", "told"),
    [
        (timedelta(seconds=2), "now"),
        (timedelta(seconds=38), "in 38 seconds"),
        (timedelta(minutes=-2), "2 minutes ago"),
        (timedelta(hours=-30), "1 day ago"),
    ],
)
def test_times_are_told_from_now(empty: World, distance: timedelta, told: str) -> None:
    with empty.app.test_request_context():
        assert words.relative(NOW + distance) == told


def test_the_exact_time_is_in_the_organisations_zone(empty: World) -> None:
    with empty.app.test_request_context():
        login_user(load_person(f"{empty.users['viewer']}:0"))
        assert words.exact(NOW) == "22 Nov 2026, 14:02:00 EST"
        assert words.clock(NOW) == "14:02"
        assert words.clock(NOW - timedelta(hours=15)) == "21 Nov, 23:02"


@pytest.mark.parametrize(
    ("amount", "currency", "told"),
    [
        ("1234.5", "USD", "$1,234.50"),
        ("1234", "JPY", "¥1,234"),
        ("1.25", "KWD", "KWD1.250"),
        ("-3", "USD", "-$3.00"),
    ],
)
def test_money_has_the_digits_of_its_currency(empty: World, amount: str, currency: str, told: str) -> None:
    with empty.app.test_request_context():
        assert words.money(Decimal(amount), currency) == told


def test_a_price_keeps_every_digit_it_has(empty: World) -> None:
    with empty.app.test_request_context():
        assert words.price(Decimal("0.0125"), "USD") == "0.0125"
        assert words.price(Decimal(150), "USD") == "$150.00"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "blank"),
        ("", "blank"),
        (True, "yes"),
        (["1 Main St.", None, "Bayshore", None, "94326", "US"], "1 Main St., Bayshore, 94326, US"),
        ({"line1": "1 Main St.", "line2": None, "city": "Bayshore"}, "1 Main St., Bayshore"),
        ({}, "blank"),
        ("555 1111", "555 1111"),
        ("+16505550001", "+1 650-555-0001"),
        ("+6499234567x12", "+64 9 923 4567 x12"),
        ("+15", "+15"),
    ],
)
def test_stored_values_read_like_text(value: Any, told: str) -> None:
    assert words.plain_value(value) == told


def test_a_time_is_html_and_other_text_is_not(empty: World) -> None:
    with empty.app.test_request_context():
        login_user(load_person(f"{empty.users['viewer']}:0"))
        page = empty.app.jinja_env.from_string("{{ moment|when }}{{ none|when('<b>') }}{{ text }}", {"none": None})
        page.environment.autoescape = True
        assert page.render(moment=NOW, text="<i>") == (
            '<time datetime="2026-11-22T19:02:00+00:00" title="22 Nov 2026, 14:02:00 EST">now</time>'
            '<span class="quiet">&lt;b&gt;</span>&lt;i&gt;'
        )


@pytest.mark.parametrize("wrong", ["Mars/Phobos", "", "../etc"])
def test_an_unknown_zone_or_locale_does_not_break_a_page(wrong: str) -> None:
    assert str(words._zone(wrong)) == "UTC"
    assert str(words._locale("xx-wrong")) == "en_US"
