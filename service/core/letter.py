"""Letters: an invoice on its way to the people who receive it, by the package's own mail or by ours.

The people are decided before (``core.recipients``); here it is decided who carries the mail. A package may carry it
only where it would reach exactly these people, To as To and Cc as Cc. Everything else goes by mail of our own, or not
at all and says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Protocol, runtime_checkable

from service.core.model import InvoiceStatus, Recipients
from service.core.ports import RemoteRecord

#: Drafts are not issued yet, and what was voided asks for nothing.
SENDABLE = frozenset({InvoiceStatus.APPROVED, InvoiceStatus.PAID})
#: Said where mail of our own would be needed and is not set up.
NO_MAIL = "Mail of our own is not set up here; whoever operates Tieout can do that."


class Way(StrEnum):
    """Who carries a letter."""

    PACKAGE = "package"  #: the package mails the invoice itself
    OWN = "own"  #: we do, through the mail server of the settings


class LetterState(StrEnum):
    """How far a letter has come. The first three are open: an invoice has at most one open letter."""

    WAITING = "waiting"  #: asked for; nothing has left
    IN_FLIGHT = "in_flight"  #: committed before the mail server or the package is spoken to
    UNKNOWN = "unknown"  #: it may have left; a person decides
    SENT = "sent"  #: taken by the mail server or the package, for at least one recipient
    NOT_SENT = "not_sent"  #: nothing left; the letter says why


OPEN_STATES = (LetterState.WAITING, LetterState.IN_FLIGHT, LetterState.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Whom a package would mail an invoice to, as its books stand."""

    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()  #: who would get it without being shown
    fault: str | None = None  #: a sentence: why it would mail nobody at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What one connection could do for a letter."""

    connection_id: str
    package: str  #: its name for sentences
    reach: Reach
    behind: str | None = None  #: a sentence: why the package's copy of the invoice is not the one to send
    losses: tuple[str, ...] = ()  #: what its mapper could not carry of the recipients
    documents: bool = True  #: it has a PDF to attach


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How a letter goes, or why it can't."""

    way: Way | None
    connection_id: str | None  #: of the package that mails it, or whose PDF is attached
    why: str  #: a sentence for the way, or for there being none

    @property
    def possible(self) -> bool:
        """Tell whether the letter can go at all."""
        return self.way is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailed:
    """A package took an invoice to mail it."""

    record: RemoteRecord | None  #: the invoice as it stands since, where the answer shows it
    status: int
    request_id: str | None
    answer: str  #: the raw answer, for support


class MailRules(Protocol):
    """How a package mails invoices: pure reading of what is known of its books."""

    def addressee(self, invoice: RemoteRecord) -> str | None:
        """Return the id of the customer whose addresses count; None where the invoice has its own."""
        ...

    def reach(self, invoice: RemoteRecord, customer: RemoteRecord | None) -> Reach:
        """Return whom the package would mail the invoice to."""
        ...

    def mark(self, invoice: RemoteRecord) -> str | None:
        """Return what changes when the package has mailed the invoice; None before the first time."""
        ...


@runtime_checkable
class Postal(Protocol):
    """A connector whose package mails invoices and shows them to customers."""

    def mail(self, remote_id: str, *, key: str) -> Mailed:
        """Have the package mail an invoice, once for a key.

        :raises Transient, OutcomeUnknown, Rejected, ConnectionBroken: as for any write.
        """
        ...

    def document(self, remote_id: str) -> bytes:
        """Return the invoice as PDF.

        :raises ConnectorError: it can't be had.
        """
        ...

    def online_address(self, remote_id: str) -> str | None:
        """Return the address at which the customer sees the invoice, or None where it has none.

        :raises ConnectorError: it can't be asked for.
        """
        ...


def refusal_of(*, number: str, status: InvoiceStatus, recipients: Recipients) -> str | None:
    """Return why an invoice can't be mailed whoever carries it, or None."""
    if status not in SENDABLE:
        return f"{number} is {status}; only an approved invoice can be sent."
    if not recipients.to:
        return f"{number} has no recipient: give its customer an email, or choose who receives it."
    return None


def choose(
    recipients: Recipients,
    offers: Sequence[Offer],
    *,
    own_mail: bool,
    prefers_package: bool = True,
    needs_document: bool = False,
) -> Choice:
    """Decide who carries a letter: the first package that reaches exactly these people, else mail of our own.

    :param own_mail: whether a mail server is set up here.
    :param prefers_package: False: mail of our own carries everything.
    :param needs_document: whether a letter of our own may not go without the package's PDF.
    """
    for offer in offers if prefers_package else ():
        if offer.behind is None and mismatch(offer, recipients) is None:
            why = f"{offer.package} mails it to exactly these people."
            return Choice(way=Way.PACKAGE, connection_id=offer.connection_id, why=why)
    reasons = " ".join(dict.fromkeys(_against(offers, recipients))) if prefers_package else ""
    if not own_mail:
        return Choice(way=None, connection_id=None, why=f"{reasons} {NO_MAIL}".strip())
    attached = next((offer for offer in offers if offer.behind is None and offer.documents), None)
    if attached is None and needs_document and offers:
        missing = next((offer.behind for offer in offers if offer.behind is not None), "No package has its PDF.")
        return Choice(way=None, connection_id=None, why=f"{missing} It is not sent without its PDF.")
    if attached is None:
        why = f"{reasons} It goes by our own mail, without a PDF.".strip()
        return Choice(way=Way.OWN, connection_id=None, why=why)
    why = f"{reasons} It goes by our own mail, with {attached.package}'s PDF.".strip()
    return Choice(way=Way.OWN, connection_id=attached.connection_id, why=why)


def mismatch(offer: Offer, recipients: Recipients) -> str | None:
    """Return a sentence saying how whom a package would mail differs from who is meant; None where it does not."""
    package, reach = offer.package, offer.reach
    if reach.fault is not None:
        return reach.fault
    wanted_to, wanted_cc = _folded(recipients.to), _folded(recipients.cc)
    to, cc, hidden = _folded(reach.to), _folded(reach.cc), _folded(reach.hidden)
    missing = [one for key, one in {**wanted_to, **wanted_cc}.items() if key not in {**to, **cc}]
    extra = [one for key, one in {**to, **cc, **hidden}.items() if key not in {**wanted_to, **wanted_cc}]
    as_to = [one for key, one in wanted_cc.items() if key in to]
    as_cc = [one for key, one in wanted_to.items() if key in cc and key not in to]
    found = [
        f"leave out {', '.join(missing)}" if missing else "",
        f"also mail {', '.join(extra)}" if extra else "",
        f"put {', '.join(as_to)} into To instead of Cc" if as_to else "",
        f"put {', '.join(as_cc)} into Cc instead of To" if as_cc else "",
    ]
    told = ", and ".join(part for part in found if part)
    return " ".join([f"{package} would {told}.", *offer.losses]) if told else None


def seal_of(recipients: Recipients, choice: Choice) -> str:
    """Return a short digest of what a preview showed, so that what is sent is what was seen."""
    shown = [choice.way or "", choice.connection_id or "", "\n".join(recipients.to), "\n".join(recipients.cc)]
    return sha256("\f".join(shown).encode()).hexdigest()[:16]


def _against(offers: Iterable[Offer], recipients: Recipients) -> Iterator[str]:
    for offer in offers:
        reason = offer.behind or mismatch(offer, recipients)
        if reason is not None:
            yield reason


def _folded(addresses: Iterable[str]) -> dict[str, str]:
    """Return addresses by their folded spelling: case says nothing about who is meant."""
    return {one.casefold(): one for one in addresses}
