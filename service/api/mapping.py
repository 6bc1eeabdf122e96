"""The mapping over HTTP: what is chosen, offered and missing, what other choices would touch, and earlier versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from service.api.access import caller
from service.api.mapping_documents import (
    LISTED,
    ChangeOut,
    Choices,
    DifferenceOut,
    DimensionOut,
    MappingInput,
    MappingOut,
    MissingOut,
    OfferOut,
    Offers,
    OwnerOut,
    PartOut,
    PresetOut,
    RecordOut,
    TakeBack,
    TouchedOut,
    VersionList,
    VersionOut,
    VersionPath,
    WhatIfOut,
    WholeVersion,
)
from service.api.problems import ApiError
from service.api.routes import IdPath, routes
from service.api.runs import platform
from service.api.services import services
from service.api.units import acts, reads
from service.core.fields import fixed_owner, label_of
from service.core.money import decimal_text
from service.core.ports import Offer
from service.core.snapshot import value_to_json
from service.mapping import settings as mapping_settings
from service.mapping.preset import PRESETS
from service.records.errors import Fault
from service.store.accounts import Role
from service.store.mapping_models import MappingVersionRow
from service.store.queries import connections as queries
from service.store.queries import mappings
from service.sync import choosing, mapping
from service.sync.planner import flows_of
from service.sync.rebase import Sent
from service.sync.what_if import Effect, Touched, WhatIf

api = routes("Mapping", about="What stands for what at a package, who owns what, and what travels at all.")

_FIRST = 3  #: records that are named beside something missing


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
    return VersionList(items=[VersionOut(**_version(one)) for one in mappings.versions(session, row)])


@api.get("/connections/<id>/mapping/versions/<version>", responses={200: WholeVersion})
@reads(Role.VIEWER)
def get_version(session: Session, path: VersionPath) -> WholeVersion:
    """Read an earlier version of the choices."""
    row = queries.get(session, caller().organisation_id, path.id)
    found = mappings.version_of(session, row, path.version)
    return WholeVersion(**_version(found), mapping=Choices(**_choices(found.document)))


@api.post("/connections/<id>/mapping/versions/<version>/take-back", responses={200: MappingOut})
@acts(Role.ACCOUNTANT)
def take_back(path: VersionPath, body: TakeBack) -> MappingOut:
    """Choose again what was chosen in an earlier version; it becomes the newest one."""
    with services().database.read() as session:
        row = queries.get(session, caller().organisation_id, path.id)
        document = _choices(mappings.version_of(session, row, path.version).document)
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
    return WhatIfOut(counts=counts, items=_touched_out(found.touched[:LISTED]))


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
