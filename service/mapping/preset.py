"""Ways to divide the work between both sides that many companies use: owners of fields and directions of lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from service.core.choice import ListRule
from service.core.fields import OWNERS
from service.core.ports import EntityKind
from service.core.reconcile import Flow

_DETAILS = tuple(name for name, flow in OWNERS[EntityKind.CUSTOMER].items() if flow is Flow.BOTH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One way."""

    id: str
    label: str
    effect: str  #: a sentence or two
    owners: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, str] = field(default_factory=dict)


PRESETS: tuple[Preset, ...] = (
    Preset(
        id="shared",
        label="Both look after customers",
        effect="Names, invoices and recipients are ours. Phones, addresses and people's details may be changed on "
        "either side. Payments travel both ways.",
    ),
    Preset(
        id="we_own_customers",
        label="We own customers, they own payments",
        effect="What is changed there in a customer is put back as it is here. Payments are recorded there and taken "
        "over.",
        owners={f"customer.{name}": Flow.OURS.value for name in _DETAILS},
        lists={"payments": ListRule.RECEIVE.value},
    ),
    Preset(
        id="they_keep_details",
        label="They keep customers' details, we write invoices",
        effect="New customers are sent; afterwards addresses, phones and people's details follow what is entered "
        "there. Payments are recorded there and taken over.",
        owners={f"customer.{name}": Flow.THEIRS.value for name in _DETAILS},
        lists={"payments": ListRule.RECEIVE.value},
    ),
)
