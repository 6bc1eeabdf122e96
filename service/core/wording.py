"""The wording of letters: templates with placeholders such as ``$number``, checked when they are saved.

A template is plain text. ``$name`` or ``${name}`` stands for a value, ``$$`` for a dollar. A line all of whose
placeholders are blank is left out, so that a wording may speak of a PDF or a link that only some letters have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import Template

#: Placeholder -> what stands there, as the page that edits the wording tells it.
PLACEHOLDERS: Mapping[str, str] = {
    "company": "your company's name",
    "customer": "the customer's name",
    "number": "the invoice's number",
    "reference": "the invoice's reference",
    "date": "the invoice's date",
    "due": "the date on which it is due",
    "subtotal": "the amount without tax",
    "tax": "the tax",
    "total": "the total with its currency",
    "amount_due": "what is still to be paid",
    "currency": "the currency",
    "lines": "every line of the invoice, below one another",
    "attachment": "the name of the attached PDF",
    "link": "the address at which the customer sees the invoice online",
}
#: What has several lines, and so no place in a subject.
_MANY_LINES = frozenset({"lines"})
_LONGEST = {"subject": 200, "body": 20_000, "sender_name": 100}

SUBJECT = "Invoice $number from $company"
BODY = """Invoice $number from $company
Date: $date
Due: $due
Reference: $reference

$lines

Subtotal: $subtotal
Tax: $tax
Total: $total
Amount due: $amount_due

The invoice is attached: $attachment
See it online: $link
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What an organisation's letters say, and how they may go."""

    sender_name: str = ""  #: blank: the organisation's name
    reply_to: str | None = None
    subject: str = SUBJECT
    body: str = BODY
    prefers_package: bool = True  #: a package that reaches exactly the right people mails the invoice itself
    needs_document: bool = False  #: a letter of our own does not go without the package's PDF


def faults_of(wording: Wording) -> dict[str, str]:
    """Return what is wrong with a wording: a sentence by field; empty where nothing is."""
    faults = {}
    for field, limit in _LONGEST.items():
        text: str = getattr(wording, field)
        if len(text) > limit:
            faults[field] = f"This may have {limit} characters; it has {len(text)}."
        elif field != "sender_name" and not text.strip():
            faults[field] = "This can't be empty."
        elif field != "body" and len(text.splitlines()) > 1:
            faults[field] = "This has to be one line."
    for field in ("subject", "body"):
        if field not in faults and (fault := _template_fault(getattr(wording, field), field)) is not None:
            faults[field] = fault
    return faults


def _template_fault(text: str, field: str) -> str | None:
    template = Template(text)
    if not template.is_valid():
        return "A $ must be followed by the name of a placeholder; write $$ for a dollar."
    unknown = [name for name in template.get_identifiers() if name not in PLACEHOLDERS]
    if unknown:
        return f"There is no placeholder ${unknown[0]}. There are: {', '.join('$' + name for name in PLACEHOLDERS)}."
    if field == "subject" and (long := _MANY_LINES & set(template.get_identifiers())):
        return f"${min(long)} has several lines and can't stand in a subject."
    return None


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values into a template, without the lines whose placeholders are all blank.

    :raises KeyError: a placeholder has no value.
    """
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        template = Template(line)
        names = template.get_identifiers()
        if names and not any(values[name] for name in names):
            continue
        lines.append(template.substitute(values))
    return "\n".join(lines)
