"""The documents in which the mapping is read and written over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from service.api.connections import Input
from service.api.routes import IdPath
from service.core.choice import CurrencyRule, JobRule, ListRule, NamingRule
from service.core.reconcile import Flow
from service.sync.rebase import Sent
from service.sync.what_if import Effect

LISTED = 500  #: records of a what-if that are named; the rest is counted


class PartOut(BaseModel):
    """One part of a tax code."""

    name: str
    rate_percent: str


class OfferOut(BaseModel):
    """One entry of a list that the package offers."""

    id: str
    name: str
    active: bool
    code: str | None
    type: str | None
    rate_percent: str | None
    components: list[PartOut] = Field(description="What the rate of a tax code is made of.")
    days: int | None
    account: str | None = Field(description="The income account that an item posts to.")
    currency: str | None = Field(description="The currency that a bank account is kept in.")


class DimensionOut(BaseModel):
    """Something that the package tracks sales by, with its options."""

    id: str
    name: str
    options: list[OfferOut]


class Offers(BaseModel):
    """The package's lists as last read."""

    accounts: list[OfferOut]
    items: list[OfferOut]
    taxes: list[OfferOut]
    terms: list[OfferOut]
    methods: list[OfferOut]
    tracking: list[DimensionOut]


class RecordOut(BaseModel):
    """One of our records."""

    entity: str
    record_id: str
    label: str


class MissingOut(BaseModel):
    """An entry that is not mapped yet, or whose choice is gone."""

    entry: str
    message: str
    records: int = Field(description="How many records it stops.")
    first: list[RecordOut] = Field(description="The first few of them.")


class OwnerOut(BaseModel):
    """Who owns one field."""

    field: str = Field(description='As ``owners`` names it: "customer.email".')
    label: str
    owner: Flow
    default: Flow
    fixed: bool


class PresetOut(BaseModel):
    """A way to divide the work that many companies use: its owners and lists can be put as they are."""

    id: str
    label: str
    effect: str
    owners: dict[str, str]
    lists: dict[str, str]


class Choices(BaseModel):
    """A connection's choices; keys are ours, values ids or codes of the package's lists unless said."""

    accounts: dict[str, str] = Field(default_factory=dict)
    categories: dict[str, str] = Field(default_factory=dict, description="Our line category -> account or item.")
    items: dict[str, str] = Field(default_factory=dict)
    taxes: dict[str, str] = Field(default_factory=dict)
    terms: dict[str, str] = Field(default_factory=dict)
    methods: dict[str, str] = Field(default_factory=dict)
    method_accounts: dict[str, str] = Field(default_factory=dict, description="Our payment method -> account.")
    currency_accounts: dict[str, str] = Field(default_factory=dict, description="Currency -> account of payments.")
    tracking: dict[str, str] = Field(default_factory=dict, description='"<dimension>[:<category>]" -> option.')
    currencies: dict[str, CurrencyRule] = Field(default_factory=dict)
    lists: dict[str, ListRule] = Field(default_factory=dict)
    owners: dict[str, Flow] = Field(default_factory=dict, description='"<kind>.<field>" or "<field>" -> owner.')
    job_rule: JobRule = JobRule.OWN
    naming: NamingRule = NamingRule.ASK


class MappingInput(Input, Choices):
    """A connection's choices; what is left out is empty.

    The document that was read can be put back: what it tells besides the choices is passed over.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int | None = None
    sent: Annotated[Sent, Field(description="What becomes of documents that were sent before.")] = Sent.KEEP
    offers: Annotated[Any, Field(description="Passed over.")] = None
    missing: Annotated[Any, Field(description="Passed over.")] = None
    owned: Annotated[Any, Field(description="Passed over.")] = None
    presets: Annotated[Any, Field(description="Passed over.")] = None
    touched: Annotated[Any, Field(description="Passed over.")] = None


class DifferenceOut(BaseModel):
    """One field that other choices change."""

    field: str
    before: Any
    after: Any


class TouchedOut(RecordOut):
    """A record that other choices touch."""

    effect: Effect
    message: str
    fields: list[DifferenceOut]


class WhatIfOut(BaseModel):
    """Which records other choices touch, out of what is known."""

    counts: dict[str, int]
    items: list[TouchedOut] = Field(description=f"At most {LISTED}; the counts tell of all.")
    calls: int = Field(0, description="Calls that finding this out took: none.")


class MappingOut(Choices):
    """What is chosen, what is offered, what is missing."""

    version: int
    offers: Offers
    missing: list[MissingOut]
    owned: list[OwnerOut]
    presets: list[PresetOut]
    touched: WhatIfOut | None = None


class ChangeOut(BaseModel):
    """One entry that a version changed."""

    entry: str
    before: str | None
    after: str | None


class VersionOut(BaseModel):
    """One version of the choices: who made it, when, and what it changed."""

    version: int
    at: datetime
    actor: str
    why: str | None
    changed: list[ChangeOut]


class VersionList(BaseModel):
    """The versions, newest first."""

    items: list[VersionOut]


class WholeVersion(VersionOut):
    """A version with everything that was chosen then."""

    mapping: Choices


class VersionPath(IdPath):
    """A version of a connection's choices."""

    version: int = Field(ge=1, le=2**31 - 1)


class TakeBack(Input):
    """What becomes of documents that were sent before."""

    sent: Sent = Sent.KEEP
