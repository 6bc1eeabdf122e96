"""Writes as requests, and the outcome of each element in what comes back.

QuickBooks facts: developer.intuit.com, Batch operations (30 items; with a requestid of at most 36 characters, bIds of
at most 10; items run one after the other and do not see each other) and Idempotent requests. Voids and deletes go
alone, each by its own documented address. Updates are sparse, because a full one would blank what is left out; a body
that has to be a full one says so itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service.connectors import exact_json
from service.connectors.quickbooks.capabilities import BATCH_SIZE
from service.connectors.quickbooks.entity import FAMILIES, KIND_NAMES, to_record
from service.connectors.quickbooks.fault import error_of, fault_of
from service.connectors.quickbooks.wire import MINOR_VERSION, Reply
from service.core.errors import ConnectionBroken, NotFound, OutcomeUnknown, Rejected, Transient
from service.core.intent import KEY_LIMIT, Operation
from service.core.ports import Answer, Element, EntityKind, Lane, Outcome, Request, Written

TOGETHER = Lane("together", BATCH_SIZE)
ALONE = Lane("alone", 1)
_JSON = "application/json"
_ALONE = frozenset({Operation.VOID, Operation.DELETE})
_VOID = (("operation", "void"),)
_DELETE = (("operation", "delete"),)
#: What can't be voided, only deleted (developer.intuit.com, CreditMemo, RefundReceipt; a payment of nothing).
_DELETED = frozenset({EntityKind.CREDIT, EntityKind.ALLOCATION, EntityKind.REFUND})


def lane(element: Element) -> Lane:
    """Tell whether an element may ride in a batch."""
    return ALONE if element.operation in _ALONE else TOGETHER


def pack(elements: Sequence[Element], *, key: str, root: str) -> Request:
    """Build the request that carries the elements: a batch, or for one alone its own address below ``root``.

    :raises ValueError: for no or too many elements, a mix of lanes, a key that is too long, or an update without its
        entity's id and version.
    """
    lanes = {lane(element) for element in elements}
    if len(lanes) != 1 or len(elements) > next(iter(lanes)).size:
        raise ValueError("a request carries elements of one lane, no more than its size")
    if not 0 < len(key) <= KEY_LIMIT:
        raise ValueError(f"a key has 1 to {KEY_LIMIT} characters")
    base = (("requestid", key), ("minorversion", str(MINOR_VERSION)))
    if len(elements) == 1:
        element = elements[0]
        path = f"{root}/{KIND_NAMES[element.kind].lower()}"
        return _request(path, (*_options(element), *base), _entity(element), key)
    items = [
        {"bId": str(position), "operation": _operation(element), KIND_NAMES[element.kind]: _entity(element)}
        for position, element in enumerate(elements)
    ]
    return _request(f"{root}/batch", base, {"BatchItemRequest": items}, key)


def read_answer(request: Request, reply: Reply, *, count: int) -> Answer:
    """Return the outcome of each element.

    :raises ConnectorError: the request as a whole came to nothing, or nobody knows: not about a record.
    """
    sent = exact_json.read(request.content)
    items = sent.get("BatchItemRequest") if isinstance(sent, Mapping) else None
    if reply.refused:
        outcomes = _refused_whole(reply, count, creating=items is None and "Id" not in sent)
    elif items is None:
        outcomes = (_single(_kind_in(request.path), reply),)
    else:
        outcomes = tuple(_items(items, reply))
    if len(outcomes) != count:
        raise ValueError(f"the request carries {len(outcomes)} elements, not {count}")
    broken = [outcome for outcome in outcomes if isinstance(outcome, ConnectionBroken)]
    if len(broken) == count:
        raise broken[0]
    return Answer(outcomes=outcomes, status=reply.status, request_id=reply.request_id, content=reply.text)


def _request(path: str, query: tuple[tuple[str, str], ...], body: Mapping[str, Any], key: str) -> Request:
    content = exact_json.write(body)
    return Request(method="POST", path=path, query=query, content=content, content_type=_JSON, key=key)


def _entity(element: Element) -> dict[str, Any]:
    if element.operation is Operation.CREATE:
        return dict(element.body)
    if not element.remote_id or element.version is None:
        raise ValueError("an update names the entity and the version it was read in")
    named: dict[str, Any] = {"Id": element.remote_id, "SyncToken": element.version}
    if _options(element) in (_DELETE, _VOID):
        return named
    return {**named, "sparse": True, **element.body}


def _operation(element: Element) -> str:
    return "create" if element.operation is Operation.CREATE else "update"


def _options(element: Element) -> tuple[tuple[str, str], ...]:
    """Return what tells a void or a delete from an update; a payment is voided by an option of its update."""
    if element.operation is Operation.DELETE or (element.operation is Operation.VOID and element.kind in _DELETED):
        return _DELETE
    if element.operation is not Operation.VOID:
        return ()
    if element.kind is EntityKind.PAYMENT:
        return ("operation", "update"), ("include", "void")
    return _VOID


def _kind_in(path: str) -> str:
    """Return the entity's name from the last part of a request's path."""
    last = path.rpartition("/")[2]
    return next(name for name in KIND_NAMES.values() if name.lower() == last)


def _refused_whole(reply: Reply, count: int, *, creating: bool) -> tuple[Outcome, ...]:
    error = reply.error(writing=True)
    if isinstance(error, (Transient, OutcomeUnknown, ConnectionBroken)):
        raise error
    if count > 1 and isinstance(error, NotFound):
        # Of a batch as a whole it is the address that is unknown, none of the records in it.
        error = Rejected(error.message, request_id=error.request_id, provider_code=error.provider_code)
    return (_told(error, creating=creating),) * count


def _single(name: str, reply: Reply) -> Outcome:
    outcome = _stored(name, (reply.document or {}).get(name))
    if outcome is None:
        message = f"QuickBooks' answer does not show the {name.lower()}."
        raise OutcomeUnknown(message, request_id=reply.request_id, detail=reply.text, answered=True)
    return outcome


def _items(items: Sequence[Mapping[str, Any]], reply: Reply) -> list[Outcome]:
    answered = (reply.document or {}).get("BatchItemResponse")
    by_id = {
        str(one.get("bId")): one for one in (answered if isinstance(answered, list) else []) if isinstance(one, Mapping)
    }
    return [_item(item, by_id.get(str(item["bId"])), reply) for item in items]


def _item(item: Mapping[str, Any], answer: Mapping[str, Any] | None, reply: Reply) -> Outcome:
    name = next(name for name in KIND_NAMES.values() if name in item)
    creating = item["operation"] == "create"
    faults = fault_of(answer.get("Fault") or answer.get("fault")) if answer is not None else ()
    if faults:
        refusal = error_of(faults, status=_ITEM_REFUSED, writing=True, request_id=reply.request_id)
        return _told(refusal, creating=creating)
    outcome = None if answer is None else _stored(name, answer.get(name))
    if outcome is None:
        message = "QuickBooks' answer leaves this one out."
        return OutcomeUnknown(message, request_id=reply.request_id, answered=True)
    return outcome


#: Items have no status of their own; their faults are those that HTTP 400 carries elsewhere.
_ITEM_REFUSED = 400


def _stored(name: str, payload: Any) -> Written | None:
    if not isinstance(payload, Mapping) or payload.get("Id") in {None, ""}:
        return None
    return Written(record=to_record(FAMILIES[name], payload))


def _told(outcome: Outcome, *, creating: bool) -> Outcome:
    """Let "not found" mean what it can mean: of a create it is something that the new entity refers to."""
    if creating and isinstance(outcome, NotFound) and outcome.field is None:
        outcome.field = "customer"
    return outcome
