"""What problems are made of: kinds, answers, and the facts that one question carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from service.core.snapshot import FieldName, Value

#: Kinds of records about money: they are taken back, where an invoice is voided.
MONEY = frozenset({"payment", "credit", "allocation", "refund"})


class ProblemKind(StrEnum):
    """Why a record is red; stable: pages, metrics and tests key on it."""

    DUPLICATE_NAME = "duplicate_name"  #: the name is taken there
    BOTH_CHANGED = "both_changed"  #: the same field was changed on both sides
    MISSING_MAPPING = "missing_mapping"  #: the connection's mapping lacks an entry
    REJECTED = "rejected"  #: the package does not take the record as it is
    DELETED_THERE = "deleted_there"
    ARCHIVED_THERE = "archived_there"  #: a customer was archived there, a document voided
    MERGED_THERE = "merged_there"
    AMBIGUOUS_MATCH = "ambiguous_match"  #: one or several entities there could be the counterpart
    NOT_ALLOWED_NOW = "not_allowed_now"  #: paid, locked, in a closed period
    TOO_DEEP = "too_deep"  #: more levels than the package holds
    PARENT_NOT_SYNCED = "parent_not_synced"
    OUTCOME_UNKNOWN = "outcome_unknown"  #: looked for often enough, found neither way


class OptionId(StrEnum):
    """Answers a person can give."""

    LINK_EXISTING = "link_existing"  #: needs ``remote_id``
    RENAME_OURS = "rename_ours"  #: needs ``name``: a name, or the number of a document
    KEEP_OURS = "keep_ours"
    KEEP_THEIRS = "keep_theirs"
    CHOOSE_FIELDS = "choose_fields"  #: needs ``fields``: name -> "ours" or "theirs"
    CREATE_NEW = "create_new"
    UNLINK = "unlink"
    ARCHIVE_OURS = "archive_ours"  #: a customer is archived, a document voided, a payment taken back
    FOLLOW_MERGE = "follow_merge"
    RETRY = "retry"
    PROMOTE = "promote"  #: moves the record up by one level
    MOVE_DATE = "move_date"  #: dates a document to the first day that is open there, or to ``date``


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """One field on which the sides differ, with what they last agreed on."""

    field: FieldName
    ours: Value
    theirs: Value
    agreed: Value = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An entity there that plays a part in the question; ``type`` is a family: customer, vendor, employee, invoice."""

    remote_id: str
    name: str
    type: str
    params: Mapping[str, Value] = field(default_factory=dict)  #: what helps to tell it apart: email, active


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A question for a person about one record."""

    kind: ProblemKind
    params: Mapping[str, Value] = field(default_factory=dict)
    provider_code: str | None = None  #: the package's own code, kept for support
    fields: tuple[Dispute, ...] = ()
    candidates: tuple[Candidate, ...] = ()

    def text(self, name: str, otherwise: str = "") -> str:
        """Return one of the params as text, or ``otherwise`` if it is missing or blank."""
        return str(self.params.get(name) or otherwise)

    @property
    def package(self) -> str:
        """The package as people know it."""
        return self.text("package", "the package")

    @property
    def named(self) -> str:
        """Our record as it stands in a sentence: its name in quotation marks."""
        name = self.params.get("name")
        return f"'{name}'" if name else "this record"

    @property
    def is_document(self) -> bool:
        """True for what is voided rather than archived: invoices and payments."""
        return self.params.get("entity") in {"invoice", *MONEY}


@dataclass(frozen=True, slots=True)
class Option:
    """One answer: what its button says and what pressing it does."""

    id: OptionId
    label: str
    effect: str
