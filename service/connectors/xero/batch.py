"""Writes: which elements may ride together, the exact request, and the outcome of each element of the answer.

Xero facts: developer.xero.com, "Contacts", "Invoices", "Payments": PUT creates, POST with an id updates. A POST without
an id could overwrite a stranger of the same name, so that none is ever packed. With ``summarizeErrors=false`` each
element succeeds or fails by itself; without, one bad element makes the whole answer a 400.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from service.connectors.exact_json import read, write
from service.connectors.xero.capability import BATCH_BYTES, BATCH_SIZE
from service.connectors.xero.client import Reply
from service.connectors.xero.fault import failure, messages_of, parse, refused, rejection
from service.connectors.xero.record import (
    CONTACTS,
    CREDIT_NOTES,
    INVOICES,
    NO_ID,
    PAYMENTS,
    Shape,
    allocation_of,
    record_of,
)
from service.core.errors import ConnectorError, NotFound, OutcomeUnknown, Rejected
from service.core.intent import Operation
from service.core.ports import Answer, Element, EntityKind, Family, Lane, Outcome, RemoteRecord, Request, Written

_SHAPES: Mapping[EntityKind, Shape] = {
    EntityKind.CUSTOMER: CONTACTS,
    EntityKind.CONTACT: CONTACTS,
    EntityKind.INVOICE: INVOICES,
    EntityKind.PAYMENT: PAYMENTS,
    EntityKind.CREDIT: CREDIT_NOTES,
    EntityKind.REFUND: PAYMENTS,
}
_ALLOCATIONS = "Allocations"
_LARGE = BATCH_BYTES // BATCH_SIZE
_SIZER = msgspec.json.Encoder(enc_hook=str)
_KEYS = ("ContactNumber", "InvoiceNumber", "CreditNoteNumber", "Name")


def lane_of(element: Element, *, small: bool = False) -> Lane:
    """Return the lane: one per collection and verb; an element too large to share a request rides alone.

    :param small: it is known not to be too large.
    """
    if element.kind is EntityKind.ALLOCATION:
        return Lane("allocations", 1)
    shape = _SHAPES[element.kind]
    if shape is PAYMENTS and element.operation is not Operation.CREATE:
        return Lane("payments.change", 1)
    verb = "create" if element.operation is Operation.CREATE else "update"
    name = f"{shape.plural.lower()}.{verb}"
    if not small and _may_exceed(element.body, _LARGE) and len(write(element.body).encode()) > _LARGE:
        return Lane(f"{name}.large", 1)
    return Lane(name, BATCH_SIZE)


def _may_exceed(body: Mapping[str, Any], limit: int) -> bool:
    """Tell quickly whether a body could be larger than a limit: written exactly it is never longer than twice this."""
    return 2 * len(_SIZER.encode(body)) > limit


def pack(elements: Sequence[Element], *, key: str) -> Request:
    """Return the one request for elements of one lane.

    :raises ValueError: no elements, more than the lane takes, of several lanes, or an update without an id.
    """
    lanes = {lane_of(element, small=True) for element in elements}
    if len(lanes) != 1 or len(elements) > next(iter(lanes)).size:
        raise ValueError("a request carries elements of one lane, no more than its size")
    if elements[0].kind is EntityKind.ALLOCATION:
        return _pack_allocation(elements[0], key)
    shape, create = _SHAPES[elements[0].kind], elements[0].operation is Operation.CREATE
    if not create and not all(element.remote_id for element in elements):
        raise ValueError("an update names the entity it is for")
    path, query = shape.path, [("summarizeErrors", "false")]
    if shape is INVOICES:
        query.append(("unitdp", "4"))
    if shape is PAYMENTS and not create:
        path, query = f"{path}/{elements[0].remote_id}", []
    ids = [{} if create else {shape.id_member: element.remote_id} for element in elements]
    bodies = [{**known, **element.body} for known, element in zip(ids, elements, strict=True)]
    content = write({shape.plural: bodies})
    # What is small together is so one by one.
    if len(elements) > 1 and len(content.encode()) > _LARGE and any(lane_of(element).size == 1 for element in elements):
        raise ValueError("an element that is too large to share a request rides alone")
    return Request(
        method="PUT" if create else "POST",
        path=path,
        query=tuple(query),
        content=content,
        content_type="application/json",
        key=key,
    )


def _pack_allocation(element: Element, key: str) -> Request:
    """Return the request that sets part of a credit note against an invoice, or takes that back."""
    body = dict(element.body)
    path = f"{CREDIT_NOTES.path}/{body.pop('CreditNoteID')}/{_ALLOCATIONS}"
    create = element.operation is Operation.CREATE
    return Request(
        method="PUT" if create else "DELETE",
        path=path if create else f"{path}/{body['AllocationID']}",
        query=(("summarizeErrors", "false"),) if create else (),
        content=write({_ALLOCATIONS: [body]}) if create else "",
        content_type="application/json",
        key=key,
    )


def read_answer(request: Request, reply: Reply, *, count: int) -> Answer:
    """Return the outcome of each element.

    :raises ConnectorError: the answer says nothing of single elements: ``failure`` says which error, and a 2xx that
        can't be read leaves the outcome unknown.
    """
    document = parse(reply)
    outcomes = _outcomes(request, reply, document, count)
    own_id = document.get("Id") if isinstance(document, Mapping) else None
    request_id = reply.request_id or (own_id if isinstance(own_id, str) else None)
    return Answer(outcomes=tuple(outcomes), status=reply.status, request_id=request_id, content=reply.text)


def _allocated(request: Request, reply: Reply, document: Any) -> Outcome:
    """Return what became of an allocation; one that is not there any more was taken back, as was meant."""
    note = request.path.removeprefix(f"{CREDIT_NOTES.path}/").partition("/")[0]
    withdrawn = request.method == "DELETE"
    succeeded = 200 <= reply.status < 300  # noqa: PLR2004 - HTTP statuses read best as numbers
    if withdrawn and (succeeded or reply.status == 404):  # noqa: PLR2004
        own_id = request.path.rpartition("/")[2]
        gone = RemoteRecord(
            family=Family.ALLOCATION, remote_id=own_id, version=None, active=False, payload={}, deleted=True
        )
        return Written(record=gone)
    shown = _shown(document, _ALLOCATIONS if succeeded else "Elements")
    if not succeeded:
        if shown:
            return _refusal(shown[0], reply)
        error = failure(reply, write=True)
        if not isinstance(error, Rejected):
            raise error
        return error
    if not shown:
        raise OutcomeUnknown("Xero's answer can't be read.", request_id=reply.request_id, detail=reply.text)
    if messages := messages_of(shown[0]):
        return rejection(messages, request_id=reply.request_id)
    record = allocation_of(note, shown[0])
    return _unknown("Xero's answer names no id.", reply) if record is None else Written(record=record)


def _outcomes(request: Request, reply: Reply, document: Any, count: int) -> list[Outcome]:
    if f"/{_ALLOCATIONS}" in request.path:
        return [_allocated(request, reply, document)]
    shape = next(shape for shape in (CONTACTS, INVOICES, PAYMENTS, CREDIT_NOTES) if request.path.startswith(shape.path))
    succeeded = 200 <= reply.status < 300  # noqa: PLR2004 - HTTP statuses read best as numbers
    shown = _shown(document, shape.plural if succeeded else "Elements")
    if succeeded:
        if shown is None:
            raise OutcomeUnknown("Xero's answer can't be read.", request_id=reply.request_id, detail=reply.text)
        return [_outcome(shape, element, reply) for element in _align(shape, request, shown, count)]
    if reply.status != 400:  # noqa: PLR2004
        return [_refused_whole(shape, request, reply)] * count
    if shown is None:
        error = refused(reply)
        if isinstance(error, OutcomeUnknown):
            raise error
        return [error] * count
    if count == 1 and len(shown) == 1:
        return [_refusal(shown[0], reply)]
    # Whether the good elements of such an answer were saved is not documented.
    return [_refusal(element, reply) for element in _align(shape, request, shown, count)]


def _refused_whole(shape: Shape, request: Request, reply: Reply) -> Rejected:
    """Return what a refusal of the whole call means for each of its elements.

    :raises ConnectorError: it says nothing about records: a limit, a lost permission, an unknown outcome.
    """
    error = failure(reply, write=True)
    if not isinstance(error, Rejected):
        raise error
    if isinstance(error, NotFound) and request.path == shape.path:
        # It is the collection's address that is unknown, none of the records.
        message = f"Xero answered {reply.status} to the whole request."
        return Rejected(message, request_id=error.request_id, provider_code=error.provider_code)
    return error


def _outcome(shape: Shape, element: Mapping[str, Any] | None, reply: Reply) -> Outcome:
    if element is None:
        return _unknown("Xero's answer says nothing of this record.", reply)
    messages = messages_of(element)
    flagged = any(element.get(flag) is True for flag in ("HasValidationErrors", "HasErrors"))
    if messages or flagged or str(element.get("StatusAttributeString")).upper() == "ERROR":
        return rejection(messages, request_id=reply.request_id)
    record = record_of(shape, element)
    return _unknown("Xero's answer names no id.", reply) if record is None else Written(record=record)


def _refusal(element: Mapping[str, Any] | None, reply: Reply) -> ConnectorError:
    messages = messages_of(element) if element is not None else ()
    if messages:
        return rejection(messages, request_id=reply.request_id)
    return _unknown("Xero refused the call because of another record.", reply)


def _unknown(message: str, reply: Reply) -> OutcomeUnknown:
    return OutcomeUnknown(message, request_id=reply.request_id, answered=True)


def _shown(document: Any, member: str) -> list[Mapping[str, Any]] | None:
    elements = document.get(member) if isinstance(document, Mapping) else None
    if not isinstance(elements, list) or not all(isinstance(element, Mapping) for element in elements):
        return None
    return elements


def _align(
    shape: Shape, request: Request, shown: Sequence[Mapping[str, Any]], count: int
) -> list[Mapping[str, Any] | None]:
    """Return what the answer shows of each element sent: by position if nothing speaks against it, else by its keys."""
    sent: list[Mapping[str, Any]] = read(request.content)[shape.plural]
    if len(shown) == count and all(_same(shape, a, b) is not False for a, b in zip(sent, shown, strict=True)):
        return list(shown)
    return [next((element for element in shown if _same(shape, one, element)), None) for one in sent]


def _same(shape: Shape, sent: Mapping[str, Any], shown: Mapping[str, Any]) -> bool | None:
    """Tell whether an element of the answer is the one that was sent; None where neither can be told."""
    for member in (shape.id_member, *_KEYS):
        ours, theirs = _folded(sent.get(member)), _folded(shown.get(member))
        if ours and theirs and theirs != NO_ID:
            return ours == theirs
    return None


def _folded(value: Any) -> str:
    return " ".join(value.split()).casefold() if isinstance(value, str) else ""
