"""What the sync needs from a package: protocols that connectors and mappers implement, and the values they exchange.

The *batch* is the unit on the wire, the *record* the unit of truth: an answer holds one outcome per element, in order.
*Ours* is our record as the package can hold it, its losses declared. A request is bytes, sent again as stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, NewType, Protocol, TypeAlias

from msgspec import Struct

from service.core.choice import MappingSettings
from service.core.editing import EditRule
from service.core.errors import ConnectorError
from service.core.intent import Operation
from service.core.model import Allocation, Contact, Customer, Invoice, JobSite, Payment
from service.core.reconcile import Flow
from service.core.snapshot import FieldName, Snapshot
from service.core.totals import TaxRounding

Cursor = NewType("Cursor", str)
Payload: TypeAlias = Mapping[str, Any]
Record: TypeAlias = Customer | Contact | Invoice | Payment | Allocation


class EntityKind(StrEnum):
    """Kinds of our records that can be tied to a counterpart."""

    __hash__ = str.__hash__  # an enumeration's own is a call of its own, for every look into a dictionary

    CUSTOMER = "customer"  #: a company, an individual or a job
    CONTACT = "contact"  #: a sub-contact, only where the package needs a counterpart of its own for it
    INVOICE = "invoice"
    PAYMENT = "payment"  #: money received
    CREDIT = "credit"  #: a credit or an adjustment: a credit note there
    ALLOCATION = "allocation"  #: a part of a credit that settles an invoice
    REFUND = "refund"  #: money paid back


class Family(StrEnum):
    """Kinds of entities at a package; vendors and employees matter because they share names with customers."""

    __hash__ = str.__hash__

    CUSTOMER = "customer"
    VENDOR = "vendor"
    EMPLOYEE = "employee"
    INVOICE = "invoice"
    PAYMENT = "payment"
    CREDIT_NOTE = "credit_note"
    OVERPAYMENT = "overpayment"  #: money beyond any invoice, where a package keeps it apart from payments
    ALLOCATION = "allocation"
    REFUND = "refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Calls allowed per company and app; ``None`` means the package states no such limit."""

    per_second: int | None = None
    per_minute: int | None = None
    per_day: int | None = None
    batches_per_minute: int | None = None
    concurrent: int | None = None
    app_per_minute: int | None = None  #: of the app, over all companies


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What the package can do: declared, rather than discovered by failing."""

    package: str  #: the package's name as people know it, for sentences
    kinds: frozenset[EntityKind]
    family_of: Mapping[EntityKind, Family]
    native_depth: int  #: levels of customers the package itself can nest; 1 means no tree
    names_unique_over: frozenset[Family]  #: families that share one namespace of display names
    name_limit: int  #: characters
    inactive_names_block: bool = True  #: an archived entity still holds its name
    name_forbidden: frozenset[str]
    key_window: timedelta | None  #: how long an idempotency key is surely remembered; None: undocumented
    errors_replayed: bool  #: the same key gives the same error again, so a new one is needed after looking
    page_size: int
    limits: Limits
    restores_customers: bool = True  #: an archived customer can be made active through the API
    unique_fields: frozenset[FieldName] = frozenset()  #: besides the name: no two customers there may share a value
    tax_rounding: TaxRounding = TaxRounding.PER_LINE  #: where the package rounds tax; ours is rounded per line
    on_account: bool = False  #: it keeps payments that settle no invoice, or several
    merges_look_deleted: bool = False  #: the feed tells of a merged customer that it is gone, not what it went up in
    lagging: frozenset[Family] = frozenset()  #: families that the feed tells of at times only, unless asked for
    also_payments: frozenset[Family] = frozenset()  #: further families of money received, which are only read
    feed_calls: int = 1  #: calls that reading the change feed takes when little has changed


class RemoteRecord(Struct, frozen=True, kw_only=True):
    """One entity as the package returned it."""

    family: Family
    remote_id: str
    version: str | None  #: what an update must name so that it overwrites exactly what was read
    active: bool
    payload: Payload
    name: str | None = None  #: display name of a person or company, number of a document
    reference: str | None = None  #: our own reference, where the package keeps one
    email: str | None = None
    parent_id: str | None = None
    merged_into: str | None = None
    deleted: bool = False  #: the package says it is gone; the payload may be a stub
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePage:
    """One page of the change feed; the cursor is stored with the page, never before it."""

    records: Sequence[RemoteRecord]
    cursor: Cursor
    calls: int = 1


class Element(Struct, frozen=True, kw_only=True):
    """One intended write: what a call carries for one record."""

    kind: EntityKind
    operation: Operation
    body: Payload
    remote_id: str | None = None
    version: str | None = None


class Lane(Struct, frozen=True):
    """Elements of the same lane may ride in one request, at most ``size`` of them."""

    name: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One outgoing write exactly as it goes on the wire, but for authorisation. JSON-storable."""

    method: str
    path: str  #: below the package's base address, beginning with a slash
    query: tuple[tuple[str, str], ...]
    content: str
    content_type: str
    key: str  #: idempotency key


class Written(Struct, frozen=True, kw_only=True):
    """The package took the element; ``record`` is what it stored."""

    record: RemoteRecord


Outcome: TypeAlias = Written | ConnectorError


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back for one request: an outcome per element, in the order in which they were packed."""

    outcomes: tuple[Outcome, ...]
    status: int
    request_id: str | None
    content: str  #: the raw answer, for support


class Connector(Protocol):
    """One authorised connection to one company at one package.

    Only ``pack``, ``lane`` and ``reach`` are pure; all others make HTTP calls and may raise ``ConnectorError``.
    No method repeats a write. Reads may be repeated inside after a passing failure.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What this package can do."""
        ...

    @property
    def calls_made(self) -> int:
        """HTTP calls made through this object so far, failed ones included."""
        ...

    @property
    def calls_left_today(self) -> int | None:
        """Calls that the package allows within the day, as its last answer told; None where it does not say."""
        ...

    def lane(self, element: Element) -> Lane:
        """Tell which elements may share a request with this one."""
        ...

    def pack(self, elements: Sequence[Element], *, key: str) -> Request:
        """Build the one request that carries the elements (same lane, no more than its size)."""
        ...

    def send(self, request: Request, *, count: int) -> Answer:
        """Send a packed request of ``count`` elements once and read the outcome of each.

        :raises Transient: nothing was written (refused before the package looked at it); also RateLimited.
        :raises OutcomeUnknown: the request may have been taken; look before sending again.
        :raises AuthorizationLost: the connection needs a person.
        """
        ...

    def changes(self, since: Cursor, only: frozenset[Family] | None = None) -> Iterator[ChangePage]:
        """Yield what changed since the cursor, inactive and deleted entities too: one call per kind if it fits.

        :param only: read only these families where that saves calls; the cursor then stands further for them alone.
        :raises CursorExpired: the feed does not reach that far back; read everything instead.
        """
        ...

    def reach(self, since: Cursor) -> Mapping[Family, datetime]:
        """Return up to when the change feed is known at a cursor, by the families that it would tell of now.

        :raises CursorExpired: the cursor is not one that this connector made.
        """
        ...

    def everything(self, families: frozenset[Family]) -> Iterator[ChangePage]:
        """Yield every entity of the families, inactive ones too; the last page's cursor starts the change feed."""
        ...

    def fetch(self, family: Family, remote_id: str) -> RemoteRecord | None:
        """Return one entity as it is now, or None where the package does not know it."""
        ...

    def reference(self) -> Reference:
        """Read the package's lists and the facts about the company."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One part of a tax code, in per cent."""

    name: str
    rate_percent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One entry of a list the package offers, normalised; ``id`` is what a document must name."""

    id: str
    name: str
    active: bool = True
    code: str | None = None
    type: str | None = None
    sales: bool = False  #: account or item fit for sales lines
    payments: bool = False  #: account that payments can be received into
    default: bool = False  #: the package's own default of its list
    rate_percent: Decimal | None = None  #: of a tax code
    days: int | None = None  #: of payment terms: days after the invoice date
    end_of_month: bool = False  #: of payment terms: counted from the end of the month
    components: tuple[Component, ...] = ()  #: of a tax code: what its rate is made of
    account: str | None = None  #: of an item: the income account that it posts to, by its id or code
    currency: str | None = None  #: of a bank account: the one it is kept in


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """What is known of the company behind a connection."""

    tenant_id: str
    name: str
    country: str | None = None
    base_currency: str | None = None
    currencies: frozenset[str] = frozenset()
    timezone: str | None = None
    short_code: str | None = None  #: what the package's web addresses name the company by
    lock_date: date | None = None  #: documents up to and on this date can't be written
    flags: Mapping[str, bool] = field(default_factory=dict)  #: the package's own switches, read by its mappers only


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """Something that sales are tracked by, apart from accounts: a tracking category, a class, a location."""

    id: str
    name: str
    options: tuple[Offer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The package's lists as last read."""

    company: Company
    accounts: tuple[Offer, ...] = ()
    items: tuple[Offer, ...] = ()
    taxes: tuple[Offer, ...] = ()
    terms: tuple[Offer, ...] = ()
    methods: tuple[Offer, ...] = ()
    dimensions: tuple[Dimension, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Something of ours that the package cannot hold: data of the mapper, shown on the plan and on the record."""

    field: FieldName
    reason: str  #: a sentence for an accountant


class Projection(Struct, frozen=True, kw_only=True):
    """Our record as the package can hold it."""

    snapshot: Snapshot
    losses: tuple[Loss, ...] = ()


class Ref(Struct, frozen=True, kw_only=True):
    """One of our records, by kind and id."""

    kind: EntityKind
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingContext:
    """All that a mapper may know besides the record itself."""

    settings: MappingSettings
    reference: Reference
    remote_ids: Mapping[Ref, str] = field(default_factory=dict)  #: counterparts of records that this one points to
    customers: Mapping[str, Customer] = field(default_factory=dict)  #: those named, with ancestors, by id
    names: Mapping[Ref, str] = field(default_factory=dict)  #: display names, chosen by the naming rule
    references: Mapping[Ref, str] = field(default_factory=dict)  #: our own reference for a record, if one is kept there
    numbers: Mapping[Ref, str] = field(default_factory=dict)  #: for records whose own is held by a former life
    tax_levels: Mapping[str, str] = field(default_factory=dict)  #: tax level id -> its name, for sentences
    job_sites: Mapping[str, JobSite] = field(default_factory=dict)  #: of the customers above, where contacts need them
    gone: frozenset[str] = frozenset()  #: entries of the mapping whose choice the package no longer offers


class Mapper(Protocol):
    """Pure translation of one kind of record for one package. No I/O, no clock.

    Laws: reading back an echoed body gives the projection again on every mapped field; projecting is idempotent under
    formatting done by the package.
    """

    @property
    def kind(self) -> EntityKind:
        """The kind of record it translates."""
        ...

    @property
    def flows(self) -> Mapping[FieldName, Flow]:
        """Who owns each field unless the connection's settings say otherwise."""
        ...

    @property
    def identity(self) -> tuple[FieldName, ...]:
        """Fields that together tell that an entity found there is the one we just tried to create."""
        ...

    def needs(self, record: Record, context: MappingContext) -> tuple[Ref, ...]:
        """Return the records whose counterparts this one must be able to name: parents, customers, invoices."""
        ...

    def project(self, record: Record, context: MappingContext) -> Projection:
        """Return our record as the package can hold it.

        :raises MappingError: names the field and the reason; nothing is sent.
        """
        ...

    def body(
        self,
        operation: Operation,
        snapshot: Snapshot,
        *,
        changed: frozenset[FieldName],
        theirs: RemoteRecord | None,
        context: MappingContext,
    ) -> Payload:
        """Build the package's body: of a create all fields, of an update the changed ones, nested objects whole."""
        ...

    def read(self, remote: RemoteRecord, context: MappingContext) -> Snapshot:
        """Read the package's body into the same fields that ``project`` fills."""
        ...

    def rule_of(self, remote: RemoteRecord) -> EditRule:
        """Return what may still be changed of an entity, by how it stands there."""
        ...

    def url(self, remote_id: str, company: Company) -> str | None:
        """Return the address at which a person sees the entity in the package, with the company pinned."""
        ...
