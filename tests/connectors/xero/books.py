"""A signed-in connection to the stand-in Xero, with the mappers beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from sandbox.common.server import Running
from sandbox.xero import GRANULAR_SCOPES
from service.connectors import xero
from service.core.consent import Grant
from service.core.intent import Operation
from service.core.model import Address, SendTo
from service.core.ports import Answer, Element, EntityKind, Family, MappingContext, Record, Ref, RemoteRecord, Written
from service.core.snapshot import Snapshot, differences
from service.mapping.suggestion import suggest
from service.mapping.xero import MAPPERS
from tests.mapping.xero.builders import customer, person

START = datetime(2026, 11, 22, 1, tzinfo=UTC)
CALLBACK = "http://localhost:8000/oauth/xero/callback"
CUSTOMER, CONTACT, INVOICE, PAYMENT = EntityKind.CUSTOMER, EntityKind.CONTACT, EntityKind.INVOICE, EntityKind.PAYMENT
FAMILIES = frozenset({Family.CUSTOMER, Family.INVOICE, Family.PAYMENT})


@dataclass
class Books:
    """A signed-in connection to an organisation of the sandbox, and the mappers' context that it gives."""

    server: Running
    grant: Grant
    connector: xero.XeroConnector
    context: MappingContext
    keys: int = 0
    remote_ids: dict[Ref, str] = field(default_factory=dict)

    def elements(self, operation: Operation, *records: Record, kind: EntityKind = CUSTOMER) -> list[Element]:
        """Each record as a create, or as an update of everything that differs from what is there now."""
        made = []
        for record in records:
            ours = self.project(record, kind)
            ref = Ref(kind=kind, id=record.id)
            theirs = None if operation is Operation.CREATE else self.there(ref)
            changed = frozenset(ours.fields)
            if theirs is not None:
                changed = frozenset(differences(ours=ours, theirs=self.read(theirs, kind)))
            body = MAPPERS[kind].body(operation, ours, changed=changed, theirs=theirs, context=self.context)
            made.append(Element(kind=kind, operation=operation, body=body, remote_id=self.remote_ids.get(ref)))
        return made

    def send(self, *elements: Element, key: str | None = None) -> Answer:
        self.keys += 1
        request = self.connector.pack(elements, key=key or f"key-{self.keys}")
        return self.connector.send(request, count=len(elements))

    def create(self, *records: Record, kind: EntityKind = CUSTOMER) -> list[RemoteRecord]:
        """Create all; each must be taken, and read back as what was meant."""
        outcomes = self.send(*self.elements(Operation.CREATE, *records, kind=kind)).outcomes
        written = []
        for record, outcome in zip(records, outcomes, strict=True):
            assert isinstance(outcome, Written), outcome
            self.remote_ids[Ref(kind=kind, id=record.id)] = outcome.record.remote_id
            assert self.apart(record, outcome.record, kind) == ()
            written.append(outcome.record)
        return written

    def update(self, record: Record, kind: EntityKind = CUSTOMER, operation: Operation = Operation.UPDATE) -> Any:
        (outcome,) = self.send(*self.elements(operation, record, kind=kind)).outcomes
        return outcome.record if isinstance(outcome, Written) else outcome

    def there(self, ref: Ref) -> RemoteRecord:
        found = self.connector.fetch(Family.CUSTOMER if ref.kind is CONTACT else Family(ref.kind), self.remote_ids[ref])
        assert found is not None
        return found

    def project(self, record: Record, kind: EntityKind) -> Snapshot:
        self.context = replace(self.context, remote_ids=dict(self.remote_ids))
        return MAPPERS[kind].project(record, self.context).snapshot

    def read(self, remote: RemoteRecord, kind: EntityKind = CUSTOMER) -> Snapshot:
        return MAPPERS[kind].read(remote, self.context)

    def apart(self, record: Record, remote: RemoteRecord, kind: EntityKind) -> tuple[str, ...]:
        """Names of fields on which the two differ; the amounts are the package's to compute."""
        ours, theirs = self.project(record, kind), self.read(remote, kind)
        amounts = {"subtotal", "tax_total", "total", "amount_due", "amount_paid"}
        return tuple(sorted(set(differences(ours=ours, theirs=theirs)) - amounts))

    def fault(self, **rule: Any) -> None:
        url = f"{self.server.url}/_sandbox/faults"
        requests.post(url, json=rule, timeout=5).raise_for_status()

    def bookkeeper(self, action: str, **arguments: Any) -> None:
        url = f"{self.server.url}/_sandbox/bookkeeper"
        requests.post(url, json={"action": action, **arguments}, timeout=5).raise_for_status()


def oauth_of(server: Running) -> xero.XeroOAuth:
    said = server.settings
    return xero.oauth(
        client_id=said["TIEOUT_XERO_CLIENT_ID"],
        client_secret=said["TIEOUT_XERO_CLIENT_SECRET"],
        scopes=GRANULAR_SCOPES.split(),
        urls=_urls(server),
        timeout=5,
        clock=server.sandbox.clock,
    )


def _urls(server: Running) -> dict[str, str]:
    return {name: server.settings[f"TIEOUT_XERO_{name.upper()}_URL"] for name in ("login", "identity", "api")}


def _sign_in(server: Running) -> Grant:
    consent = oauth_of(server)
    page = consent.authorize_url(state="s-1", redirect_uri=CALLBACK, code_challenge=None)
    answer = requests.get(page, allow_redirects=False, timeout=5)
    callback = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    assert callback["state"] == "s-1"
    return consent.exchange(code=callback["code"], redirect_uri=CALLBACK, code_verifier=None, callback=callback)


def connect_to(server: Running, tokens: Callable[[], str], tenant_id: str, timeout: float = 5) -> xero.XeroConnector:
    return xero.connect(
        urls=_urls(server), tenant_id=tenant_id, access_token=tokens, timeout=timeout, clock=server.sandbox.clock,
        sleep=lambda _: None,
    )  # fmt: skip


def open_books(server: Running) -> Books:
    grant = _sign_in(server)
    connector = connect_to(server, lambda: grant.tokens.access_token, grant.tenants[0].tenant_id)
    reference = connector.reference()
    settings = suggest(reference, used=())
    settings = replace(settings, taxes={**settings.taxes, "vat": "OUTPUT2"})
    return Books(server, grant, connector, MappingContext(settings=settings, reference=reference))


FULL = customer(
    number="C-1", email="billing@acme.example", phone="09 496 0001", mobile="+44 7700 900123", vat_number="123-456",
    currency="EUR", tax_level_id="vat", payment_terms="eom20",
    billing_address=Address(line1="4 Elm Street", line2="Back", city="Leeds", postal_code="LS1", country="GB"),
    shipping_address=Address(line1="Dock 4", city="Abidjan", country="CI"),
    contacts=(
        person("p1", first_name="Ida", last_name="Moss", email="billing@acme.example", primary=True),
        person("p2", first_name="Bo", last_name="Ek", email="bo@acme.example", invoice_email=SendTo.TO),
        person("p3", first_name="小林", email=None),
    ),
)  # fmt: skip
