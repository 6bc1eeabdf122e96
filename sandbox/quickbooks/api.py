"""The accounting API over HTTP: gate, entity endpoints, query, change feed, batch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, g, request

from sandbox.common.replay import Answer, Turn
from sandbox.common.traffic import refused_element
from sandbox.quickbooks import batch, documents, faults, reads
from sandbox.quickbooks.company import Company
from sandbox.quickbooks.fields import ENTITIES, NAME_LISTS, SALES_FORMS, TRANSACTIONS
from sandbox.quickbooks.operations import Write, run, subscription_ended
from sandbox.quickbooks.pdf import one_page
from sandbox.quickbooks.render import dumps, rendered

if TYPE_CHECKING:
    from sandbox.quickbooks.server import QuickBooksSandbox

BASE = "/v3/company/<realm>"
LONGEST_REQUEST_ID = 50
LONGEST_BATCH_REQUEST_ID = 36
API_EDITOR = "Craig Carlson"  #: whoever connected the app; stale updates are told this name


def api_blueprint(sandbox: QuickBooksSandbox) -> Blueprint:
    """Return the routes below ``/v3/company/<realm>/``."""
    api = Blueprint("api", __name__, url_prefix=BASE)
    _add_gate(api, sandbox)
    _add_reads(api, sandbox)
    _add_documents(api, sandbox)
    _add_writes(api, sandbox)

    @api.errorhandler(faults.Fault)
    def fault(wrong: faults.Fault) -> Response:
        return _json(faults.envelope([wrong], sandbox.companies[_realm()].answer_time()), wrong.status)

    @api.errorhandler(faults.GatewayFault)
    def gateway(wrong: faults.GatewayFault) -> Response:
        return _json(wrong.body(sandbox.clock()), wrong.status)

    return api


def _add_gate(api: Blueprint, sandbox: QuickBooksSandbox) -> None:
    @api.before_request
    def enter() -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        with sandbox.lock:
            opened = sandbox.tokens.realm_of(token) if scheme.lower() == "bearer" else None
        if opened is None:
            raise faults.token_expired()
        if opened != _realm():
            raise faults.not_authorized()
        if not sandbox.limiter.enter(opened).allowed:
            raise faults.throttled()
        g.entered = opened
        if request.path.endswith("/batch") and not sandbox.batch_limiter.enter(opened).allowed:
            raise faults.throttled()

    @api.teardown_request
    def leave(_: BaseException | None) -> None:
        entered = g.pop("entered", None)
        if entered is not None:
            sandbox.limiter.leave(entered)

    @api.after_request
    def publish(response: Response) -> Response:
        if request.method == "POST":
            sandbox.publish()
        return response


def _add_reads(api: Blueprint, sandbox: QuickBooksSandbox) -> None:
    @api.route("/query", methods=["GET", "POST"])
    def query(realm: str) -> Response:
        if request.method == "POST":
            if request.mimetype not in ("application/text", "text/plain"):
                raise _bad_content_type()
            statement = request.get_data(as_text=True)
        else:
            statement = request.args.get("query", "")
        with _reading(sandbox, realm) as company:
            return _answer(company, QueryResponse=reads.run_query(company, statement))

    @api.get("/cdc")
    def feed(realm: str) -> Response:
        entities = [name.strip() for name in request.args.get("entities", "").split(",") if name.strip()]
        since = request.args.get("changedSince", "")
        with _reading(sandbox, realm) as company:
            for name, given in (("entities", entities), ("changedSince", since)):
                if not given:
                    raise faults.missing(name)
            return _answer(company, CDCResponse=[{"QueryResponse": reads.changes(company, entities, since)}])


def _add_documents(api: Blueprint, sandbox: QuickBooksSandbox) -> None:
    @api.get("/preferences", defaults={"kind": "preferences", "row_id": "1"})
    @api.get("/companyinfo/<row_id>", defaults={"kind": "companyinfo"})
    @api.get("/<kind>/<row_id>")
    def read(realm: str, kind: str, row_id: str) -> Response:
        entity = _entity(kind)
        with _reading(sandbox, realm) as company:
            row = company.require(entity, "1" if entity == "CompanyInfo" and row_id == realm else row_id)
            document = rendered(company, row)
            if entity == "Invoice" and "invoicelink" in request.args.get("include", "").lower():
                document["InvoiceLink"] = f"https://connect.intuit.com/t/scs-v1-sandbox-{realm}-{row.id}"
            return _answer(company, **{entity: document})

    @api.get("/<kind>/<row_id>/pdf")
    def pdf(realm: str, kind: str, row_id: str) -> Response:
        entity = _entity(kind)
        if entity not in TRANSACTIONS:
            raise faults.unsupported_operation(f"pdf {entity}")
        with _reading(sandbox, realm) as company:
            row = company.require(entity, row_id)
            title = f"{entity} {row.body.get('DocNumber', row.id)} {row.body['TotalAmt']} {company.settings.currency}"
        return Response(one_page(title), mimetype="application/pdf")


def _add_writes(api: Blueprint, sandbox: QuickBooksSandbox) -> None:
    @api.post("/<kind>")
    def write(realm: str, kind: str) -> Response:
        asked = _write_asked(_entity(kind))
        company = sandbox.companies[realm]

        def work() -> Response:
            ordered = _told(0, {asked.kind: asked.body})
            if ordered is not None:
                raise ordered
            with _naming(sandbox, realm, asked), sandbox.lock:
                return _answer(company, **{asked.kind: run(company, asked, editor=API_EDITOR)})

        return _once(sandbox, realm, work, limit=LONGEST_REQUEST_ID)

    @api.post("/batch")
    def run_batch(realm: str) -> Response:
        company = sandbox.companies[realm]
        items = batch.items_of(_body(), has_request_id="requestid" in request.args)
        naming = sandbox.name_list(realm) if batch.writes_names(items) else nullcontext(enter_result=True)

        def work() -> Response:
            with naming as free, sandbox.lock:
                sandbox.core_plus[realm] += sum(1 for item in items if "Query" in item)
                answers = batch.run_items(company, items, editor=API_EDITOR, refuse=_item_refusal(free=free))
                return _answer(company, BatchItemResponse=answers)

        return _once(sandbox, realm, work, limit=LONGEST_BATCH_REQUEST_ID)

    @api.post("/<kind>/<row_id>/send")
    def send(realm: str, kind: str, row_id: str) -> Response:
        entity = _entity(kind)
        if entity not in SALES_FORMS:
            raise faults.unsupported_operation(f"send {entity}")
        company = sandbox.companies[realm]

        def work() -> Response:
            with sandbox.lock:
                if not company.settings.subscribed:
                    raise subscription_ended()
                row = documents.send(company, entity, row_id, request.args.get("sendTo"), editor=API_EDITOR)
                return _answer(company, **{entity: rendered(company, row)})

        return _once(sandbox, realm, work, limit=LONGEST_REQUEST_ID)


@contextmanager
def _naming(sandbox: QuickBooksSandbox, realm: str, asked: Write) -> Iterator[None]:
    if not asked.on_name_list:
        yield
        return
    with sandbox.name_list(realm) as free:
        if not free:
            raise faults.one_name_at_a_time()
        yield


def _told(position: int, item: Any) -> faults.Fault | None:
    """Return the fault that was ordered for one element: of a batch, or a write that goes alone."""
    rule = refused_element(position, json.loads(dumps(item)))
    return None if rule is None else faults.told(rule.code, rule.message)


def _item_refusal(*, free: bool) -> batch.Refusal:
    def refuse(position: int, item: Any) -> faults.Fault | None:
        told = _told(position, item)
        if told is not None:
            return told
        if not free and any(kind in item for kind in NAME_LISTS):
            return faults.one_name_at_a_time()
        return None

    return refuse


@contextmanager
def _reading(sandbox: QuickBooksSandbox, realm: str) -> Iterator[Company]:
    """Count a metered read and hold the books while it is answered."""
    with sandbox.lock:
        sandbox.core_plus[realm] += 1
        yield sandbox.companies[realm]


def _once(sandbox: QuickBooksSandbox, realm: str, work: Callable[[], Response], *, limit: int) -> Response:
    """Do the work, or replay the first answer to the same requestid.

    A refused write stores nothing, so a repeat of it is tried anew; the answer of a batch is kept as it is.
    """
    request_id = request.args.get("requestid")
    if not request_id:
        return work()
    if len(request_id) > limit:
        detail = f"The request ID may have at most {limit} characters. Supplied length: {len(request_id)}"
        raise faults.Fault("2130", "Invalid Request Id Format", detail, "requestid")
    key = f"{realm}:{request_id}"
    turn, known = sandbox.replays.begin(key, "")
    if turn is Turn.AGAIN and known is not None:
        return Response(known.body, status=known.status, headers=dict(known.headers))
    try:
        response = work()
    except BaseException:
        sandbox.replays.abandon(key)
        raise
    kept = (("Content-Type", response.content_type),)
    sandbox.replays.finish(key, Answer(status=response.status_code, headers=kept, body=response.get_data()))
    return response


def _write_asked(entity: str) -> Write:
    body = _body()
    options = request.args.get("include", "").lower()
    operation = request.args.get("operation", "").lower() or ("update" if body.get("Id") else "create")
    if operation == "update" and "void" in options.split(","):
        operation = "void"
    return Write(kind=entity, operation=operation, body=body, allow_duplicate="allowduplicatedocnum" in options)


def _body() -> Mapping[str, Any]:
    if request.mimetype != "application/json":
        raise _bad_content_type()
    try:
        read = json.loads(request.get_data(), parse_float=Decimal)
    except (ValueError, UnicodeDecodeError) as wrong:
        raise faults.unsupported_property(str(wrong)) from None
    if not isinstance(read, dict):
        raise faults.unsupported_property("the body is no object")
    return read


def _bad_content_type() -> faults.Fault:
    return faults.Fault(
        "1050", "Invalid Content Type", f"Content type {request.mimetype!r} is not supported here.", status=415
    )


def _entity(kind: str) -> str:
    entity = ENTITIES.get(kind)
    if entity is None:
        raise faults.Fault("2000", "Invalid or unsupported object name", f"Object Name: {kind}", status=404)
    return entity


def _realm() -> str:
    return str((request.view_args or {}).get("realm", ""))


def _answer(company: Company, **document: Any) -> Response:
    return _json({**document, "time": company.answer_time()}, 200)


def _json(document: Any, status: int) -> Response:
    return Response(dumps(document), status=status, content_type="application/json;charset=UTF-8")
