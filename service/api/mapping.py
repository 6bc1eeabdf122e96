"""The mapping over HTTP: what is chosen, offered and missing, what other choices would touch, and earlier versions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from service.api.access import caller
from service.api.connections import Input
from service.api.problems import ApiError
from service.api.routes import IdPath, routes
from service.api.runs import platform
from service.api.services import services
from service.api.units import acts, reads
from service.core.choice import CurrencyRule, JobRule, ListRule, NamingRule
from service.core.fields import fixed_owner, label_of
from service.core.money import decimal_text
from service.core.ports import Offer
from service.core.reconcile import Flow
from service.core.snapshot import value_to_json
from service.mapping import settings as mapping_settings
from service.mapping.preset import PRESETS
from service.records.errors import Fault
from service.store.accounts import Role
from service.store.mapping_models import MappingVersionRow
from service.store.queries import connections as queries
from service.sync import capability, choosing, mapping
from service.sync.planner import flows_of
from service.sync.rebase import Sent
from service.sync.what_if import Effect, Touched, WhatIf

api = routes("Mapping", about="What stands for what at a package, who owns what, and what travels at all.")

_LISTED = 500  #: records of a what-if that are named; the rest is counted
_FIRST = 3  #: records that are named beside something missing


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
    items: list[TouchedOut] = Field(description=f"At most {_LISTED}; the counts tell of all.")
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

    version: int


class CapabilityRow(BaseModel):
    """One thing, as each package has it, in the order of the packages."""

    title: str
    cells: list[str]


class CapabilityPart(BaseModel):
    """Rows about one matter."""

    title: str
    rows: list[CapabilityRow]


class CapabilityTable(BaseModel):
    """What each package can do and hold."""

    packages: list[str]
    parts: list[CapabilityPart]


class TakeBack(Input):
    """What becomes of documents that were sent before."""

    sent: Sent = Sent.KEEP


@api.get("/capabilities", responses={200: CapabilityTable})
@acts(Role.VIEWER)
def list_capabilities() -> CapabilityTable:
    """Tell what each package can do and hold, side by side."""
    found = capability.table(platform().providers)
    parts = [
        CapabilityPart(
            title=part.title, rows=[CapabilityRow(title=row.title, cells=list(row.cells)) for row in part.rows]
        )
        for part in found.parts
    ]
    return CapabilityTable(packages=list(found.packages), parts=parts)


@api.get("/connections/<id>/mapping", responses={200: MappingOut})
@reads(Role.VIEWER)
def get_mapping(session: Session, path: IdPath) -> MappingOut:
    """Read what is chosen, what the package offers, and what is not mapped yet."""
    return _mapping_out(session, path.id)


@api.put("/connections/<id>/mapping", responses={200: MappingOut})
@acts(Role.ACCOUNTANT)
def put_mapping(path: IdPath, body: MappingInput) -> MappingOut:
    """Put new choices in the place of the old ones, as a new version; says which records that touches."""
    return _saved(path.id, _document(body), sent=body.sent, version=body.version)


@api.post("/connections/<id>/mapping/what-if", responses={200: WhatIfOut})
@acts(Role.VIEWER)
def what_if(path: IdPath, body: MappingInput) -> WhatIfOut:
    """Tell which records these choices would touch. Nothing is written and nobody is asked."""
    try:
        found = choosing.what_if(
            platform(),
            organisation_id=caller().organisation_id,
            connection_id=path.id,
            document=_document(body),
            sent=body.sent,
        )
    except choosing.BadMapping as refusal:
        raise _refused(refusal) from refusal
    return _what_if_out(found)


@api.get("/connections/<id>/mapping/versions", responses={200: VersionList})
@reads(Role.VIEWER)
def list_versions(session: Session, path: IdPath) -> VersionList:
    """List the versions of the choices, newest first."""
    row = queries.get(session, caller().organisation_id, path.id)
    return VersionList(items=[VersionOut(**_version(one)) for one in mapping.versions(session, row)])


@api.get("/connections/<id>/mapping/versions/<version>", responses={200: WholeVersion})
@reads(Role.VIEWER)
def get_version(session: Session, path: VersionPath) -> WholeVersion:
    """Read an earlier version of the choices."""
    row = queries.get(session, caller().organisation_id, path.id)
    found = mapping.version_of(session, row, path.version)
    return WholeVersion(**_version(found), mapping=Choices(**_choices(found.document)))


@api.post("/connections/<id>/mapping/versions/<version>/take-back", responses={200: MappingOut})
@acts(Role.ACCOUNTANT)
def take_back(path: VersionPath, body: TakeBack) -> MappingOut:
    """Choose again what was chosen in an earlier version; it becomes the newest one."""
    with services().database.read() as session:
        row = queries.get(session, caller().organisation_id, path.id)
        document = _choices(mapping.version_of(session, row, path.version).document)
    return _saved(path.id, document, sent=body.sent, why=f"version {path.version} taken back")


def _saved(
    connection_id: str, document: dict[str, Any], *, sent: Sent, version: int | None = None, why: str | None = None
) -> MappingOut:
    who = caller()
    try:
        touched = choosing.save(
            platform(),
            organisation_id=who.organisation_id,
            connection_id=connection_id,
            document=document,
            version=version,
            actor=who.actor,
            sent=sent,
            why=why,
        )
    except choosing.BadMapping as refusal:
        raise _refused(refusal) from refusal
    with services().database.read() as session:
        return _mapping_out(session, connection_id, touched)


def _refused(refusal: choosing.BadMapping) -> ApiError:
    faults = [Fault(one.field, one.message) for one in refusal.faults]
    return ApiError(422, str(refusal), kind="invalid", faults=faults)


def _document(body: MappingInput) -> dict[str, Any]:
    return body.model_dump(mode="json", include=set(Choices.model_fields))


def _choices(document: dict[str, Any]) -> dict[str, Any]:
    full = mapping_settings.to_json(mapping_settings.from_json(document))
    return {name: value for name, value in full.items() if name in Choices.model_fields}


def _version(row: MappingVersionRow) -> dict[str, Any]:
    changed = [ChangeOut(**one) for one in row.changed]
    return {"version": row.version, "at": row.at, "actor": row.actor, "why": row.why, "changed": changed}


def _mapping_out(session: Session, connection_id: str, touched: WhatIf | None = None) -> MappingOut:
    row = queries.get(session, caller().organisation_id, connection_id)
    state = mapping.state_of(platform(), session, row)
    lists = {
        name: [_offer_out(offer) for offer in getattr(state.reference, name)]
        for name in Offers.model_fields
        if name != "tracking"
    }
    dimensions = [
        DimensionOut(id=one.id, name=one.name, options=[_offer_out(option) for option in one.options])
        for one in state.reference.dimensions
    ]
    return MappingOut(
        **_choices(mapping_settings.to_json(state.settings)),
        version=row.mapping_version,
        offers=Offers(**lists, tracking=dimensions),
        missing=_missing_out(session, state),
        owned=_owners_out(state, row.provider),
        presets=[
            PresetOut(id=one.id, label=one.label, effect=one.effect, owners=dict(one.owners), lists=dict(one.lists))
            for one in PRESETS
        ],
        touched=None if touched is None else _what_if_out(touched),
    )


def _missing_out(session: Session, state: mapping.MappingState) -> list[MissingOut]:
    refs = {ref for one in state.missing for ref in one.records[:_FIRST]}
    labels = mapping.labels_of(session, caller().organisation_id, refs)
    return [
        MissingOut(
            entry=one.entry,
            message=one.message,
            records=len(one.records),
            first=[
                RecordOut(entity=ref.kind, record_id=ref.id, label=labels[ref])
                for ref in one.records[:_FIRST]
                if ref in labels
            ],
        )
        for one in state.missing
    ]


def _owners_out(state: mapping.MappingState, provider: str) -> list[OwnerOut]:
    mappers = platform().provider(provider).mappers
    return [
        OwnerOut(
            field=f"{kind}.{name}",
            label=label_of(name),
            owner=owner,
            default=mappers[kind].flows[name],
            fixed=fixed_owner(kind, name) is not None,
        )
        for kind in state.kinds
        for name, owner in sorted(flows_of(mappers[kind], state.settings).items())
    ]


def _what_if_out(found: WhatIf) -> WhatIfOut:
    counts = {effect.value: found.counts.get(effect, 0) for effect in Effect}
    return WhatIfOut(counts=counts, items=_touched_out(found.touched[:_LISTED]))


def _touched_out(touched: Sequence[Touched]) -> list[TouchedOut]:
    return [
        TouchedOut(
            entity=one.ref.kind,
            record_id=one.ref.id,
            label=one.label,
            effect=one.effect,
            message=one.message,
            fields=[
                DifferenceOut(field=each.field, before=value_to_json(each.before), after=value_to_json(each.after))
                for each in one.fields
            ],
        )
        for one in touched
    ]


def _offer_out(offer: Offer) -> OfferOut:
    return OfferOut(
        id=offer.id,
        name=offer.name,
        active=offer.active,
        code=offer.code,
        type=offer.type,
        rate_percent=None if offer.rate_percent is None else decimal_text(offer.rate_percent),
        components=[PartOut(name=one.name, rate_percent=decimal_text(one.rate_percent)) for one in offer.components],
        days=offer.days,
        account=offer.account,
        currency=offer.currency,
    )
