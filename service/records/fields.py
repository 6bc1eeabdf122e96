"""Types of the fields that people and scripts fill in: what is taken, how it is cleaned, how OpenAPI describes it."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any

import pycountry
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BeforeValidator, PlainSerializer, StringConstraints, WithJsonSchema

from service.core.money import MoneyError, decimal_text, parse_decimal
from service.core.names import MAX_NAME_LENGTH, name_fault, name_fault_sentence
from service.ids import is_id

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MAX_EMAIL = 254


def _storable(text: str) -> str:
    """Refuse what no database or package stores; several lines are fine here.

    :raises ValueError: for control characters and halves of surrogate pairs.
    """
    if any(unicodedata.category(char) in {"Cc", "Cs"} and char not in "\n\t" for char in text.replace("\r\n", "\n")):
        raise ValueError("The text holds a control character.")
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n"))


def _one_line(text: str) -> str:
    if "\n" in text or "\t" in text:
        raise ValueError("The text must be one line, without tabs.")
    return _storable(text)


def _name(value: object) -> object:
    """Check a name before blanks are taken off: a line break at its end is refused as well."""
    if not isinstance(value, str):
        return value
    fault = name_fault(value)
    if fault is not None:
        raise ValueError(name_fault_sentence(fault))
    return " ".join(unicodedata.normalize("NFC", value).split())


def _email(value: str) -> str:
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in value):
        raise ValueError("An address of mail holds no control characters.")
    try:
        return validate_email(value, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise ValueError(f"'{value}' is not an address of mail: {error}") from None


def _decimal(value: object) -> object:
    if isinstance(value, Decimal):
        value = decimal_text(value) if value.is_finite() else "NaN"
    if not isinstance(value, str):
        raise ValueError('A decimal number is written as a string, such as "21.50".')  # noqa: TRY004
    try:
        return parse_decimal(value)
    except MoneyError as error:
        raise ValueError(str(error)) from None


def _percent(value: Decimal) -> Decimal:
    if not 0 <= value <= 100:  # noqa: PLR2004 - per cent
        raise ValueError("A percentage is between 0 and 100.")
    return value


def _iso_date(value: object) -> object:
    if isinstance(value, date) or (isinstance(value, str) and _DATE.fullmatch(value)):
        return value
    raise ValueError("A date is written as 2026-11-22.")


@lru_cache(maxsize=512)
def _is_currency(code: str) -> bool:
    return pycountry.currencies.get(alpha_3=code) is not None


def _currency(code: str) -> str:
    if not _is_currency(code):
        raise ValueError(f"'{code}' is not a currency of ISO 4217, such as USD.")
    return code


@lru_cache(maxsize=512)
def _is_country(code: str) -> bool:
    return pycountry.countries.get(alpha_2=code) is not None


def _country(code: str) -> str:
    if not _is_country(code):
        raise ValueError(f"'{code}' is not a country of ISO 3166-1, such as US.")
    return code


def _known_form(value: str) -> str:
    if not is_id(value):
        raise ValueError("An identifier is 32 hexadecimal digits.")
    return value


_DECIMAL_SCHEMA = {"type": "string", "pattern": r"^-?[0-9]{1,14}(\.[0-9]{1,4})?$", "examples": ["21.50"]}
_PERCENT_SCHEMA = {"type": "string", "pattern": r"^([0-9]{1,2}(\.[0-9]{1,4})?|100(\.0{1,4})?)$", "examples": ["7"]}
_TEXT_PATTERN = r"^[^\x00-\x1f\x7f-\x9f]*$"


def _text_schema(limit: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "maxLength": limit, "pattern": _TEXT_PATTERN})


_AS_TEXT: Any = PlainSerializer(decimal_text, return_type=str)

#: A number, a code, a phone: one line.
Short = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=60), AfterValidator(_one_line), _text_schema(60)
]
#: One line of an address, a role, a reference.
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=255), AfterValidator(_one_line), _text_schema(255)
]
#: Text that may have several lines.
Paragraph = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=4000),
    AfterValidator(_storable),
    WithJsonSchema({"type": "string", "maxLength": 4000, "pattern": r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"}),
]
Name = Annotated[
    str,
    BeforeValidator(_name),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_NAME_LENGTH,
            "pattern": r"^[^:\x00-\x1f\x7f-\x9f\u2028\u2029]*$",
        }
    ),
]
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=_MAX_EMAIL),
    AfterValidator(_email),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": _MAX_EMAIL}),
]
Currency = Annotated[
    str,
    StringConstraints(pattern="^[A-Z]{3}$"),
    AfterValidator(_currency),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["USD"]}),
]
Country = Annotated[
    str,
    StringConstraints(pattern="^[A-Z]{2}$"),
    AfterValidator(_country),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{2}$", "examples": ["US"]}),
]
RecordId = Annotated[str, AfterValidator(_known_form), WithJsonSchema({"type": "string", "pattern": "^[0-9a-f]{32}$"})]
#: An exact decimal number, at most four places, as a string.
Number = Annotated[Decimal, BeforeValidator(_decimal), _AS_TEXT, WithJsonSchema(_DECIMAL_SCHEMA)]
Percent = Annotated[
    Decimal, BeforeValidator(_decimal), AfterValidator(_percent), _AS_TEXT, WithJsonSchema(_PERCENT_SCHEMA)
]
Day = Annotated[date, BeforeValidator(_iso_date), WithJsonSchema({"type": "string", "format": "date"})]
