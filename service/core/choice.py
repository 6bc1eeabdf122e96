"""What people choose for a connection: what stands for what, who owns what, and what travels at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from service.core.reconcile import Flow
from service.core.snapshot import FieldName


class JobRule(StrEnum):
    """How jobs reach a package that has no tree of customers."""

    OWN = "own"  #: each job is a customer of its own there, named Client:Job
    REFERENCE = "reference"  #: invoices of a job go to its client and name the job as their reference


class NamingRule(StrEnum):
    """What becomes of a new client whose name somebody at the package has already."""

    ASK = "ask"  #: a person decides; nothing is sent until then
    CUSTOMER_NUMBER = "customer_number"  #: our customer number goes behind the name: "Acme (C-1042)"
    COUNT = "count"  #: a number goes behind the name: "Acme (2)"


class ListRule(StrEnum):
    """Which way the records of one kind travel."""

    BOTH = "both"  #: ours are sent, theirs are taken over, field by field as their owners say
    SEND = "send"  #: ours are sent; what somebody enters or changes there is not taken over
    RECEIVE = "receive"  #: what they have is taken over; nothing of ours is sent
    OFF = "off"  #: neither: what is there stays as it is, and so does what is here


class CurrencyRule(StrEnum):
    """What becomes of records in one currency."""

    SEND = "send"
    LEAVE_OUT = "leave_out"  #: they are not for this company: nothing new in it is sent, and nothing is asked


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingSettings:
    """A connection's choices. Keys are ours, values are ids (or codes) of the package's lists, unless said."""

    version: int = 1
    accounts: Mapping[str, str] = field(default_factory=dict)  #: "sales", "payments"
    #: a category of our lines -> the income account, or the item that posts to it where lines name no account
    categories: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, str] = field(default_factory=dict)  #: "default", or one of our item codes
    taxes: Mapping[str, str] = field(default_factory=dict)  #: tax level id, or "none"
    terms: Mapping[str, str] = field(default_factory=dict)  #: our terms code, e.g. "net30"
    methods: Mapping[str, str] = field(default_factory=dict)  #: our payment method -> theirs
    method_accounts: Mapping[str, str] = field(default_factory=dict)  #: our payment method -> account it goes to
    currency_accounts: Mapping[str, str] = field(default_factory=dict)  #: currency -> account that payments in it go to
    #: a dimension of theirs, or "<dimension>:<category of our lines>" -> its option
    tracking: Mapping[str, str] = field(default_factory=dict)
    currencies: Mapping[str, CurrencyRule] = field(default_factory=dict)  #: what is not named is sent
    job_rule: JobRule = JobRule.OWN
    naming: NamingRule = NamingRule.ASK
    lists: Mapping[str, ListRule] = field(default_factory=dict)  #: by the name of ``list_of``; not named: both
    #: fields whose owner differs from the default, by name or as "<kind>.<name>", which wins
    owners: Mapping[str, Flow] = field(default_factory=dict)

    def rule_of(self, kind: str) -> ListRule:
        """Return which way the records of a kind travel."""
        return self.lists.get(list_of(kind), ListRule.BOTH)

    def sends(self, kind: str) -> bool:
        """Tell whether records of a kind are sent."""
        return self.rule_of(kind) in {ListRule.BOTH, ListRule.SEND}

    def receives(self, kind: str) -> bool:
        """Tell whether what the package says of records of a kind is taken over."""
        return self.rule_of(kind) in {ListRule.BOTH, ListRule.RECEIVE}

    def owner_of(self, kind: str, name: FieldName, otherwise: Flow) -> Flow:
        """Return who owns a field of a kind; with a list that travels one way only, that side.

        A sub-contact's own details, those of both sides, belong to whom its customers' details belong to; what it has
        from its customer stays as it is.
        """
        match self.rule_of(kind):
            case ListRule.RECEIVE:
                return Flow.THEIRS
            case ListRule.SEND if otherwise is not Flow.THEIRS:
                return Flow.OURS
            case _:
                alike = self.owners.get(f"customer.{name}") if kind == "contact" and otherwise is Flow.BOTH else None
                return self.owners.get(f"{kind}.{name}") or alike or self.owners.get(name) or otherwise

    @property
    def left_out(self) -> frozenset[str]:
        """Currencies whose records are not for this company."""
        return frozenset(code for code, rule in self.currencies.items() if rule is CurrencyRule.LEAVE_OUT)


def list_of(kind: str) -> str:
    """Return the list that a kind of record belongs to: sub-contacts go with the customers, all money together."""
    if kind in {"payment", "credit", "allocation", "refund"}:
        return "payments"
    return "customers" if kind == "contact" else f"{kind}s"
