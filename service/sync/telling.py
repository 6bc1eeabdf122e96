"""Sending one notification, by mail or by a signed POST, and saying exactly what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from service.connectors import hook
from service.core import notification
from service.core.errors import SyncError
from service.core.notification import Channel, Thing
from service.store.notification_models import NotificationRuleRow
from service.sync import envelope, smtp
from service.sync.delivering import has_own_mail
from service.sync.platform import Platform

NO_MAIL = "Mail is not set up here; whoever operates Tieout can do that."


class NotTold(SyncError):
    """The message did not leave; ``passing`` if it may work later by itself, ``doubt`` if it may have left."""

    code = "not_told"

    def __init__(self, message: str, *, passing: bool, doubt: bool = False) -> None:
        super().__init__(message)
        self.passing = passing
        self.doubt = doubt


@dataclass(frozen=True, slots=True)
class Message:
    """What one rule has to say now."""

    rule: NotificationRuleRow
    company: str
    things: Sequence[Thing]
    ids: Sequence[str] = ()  #: of what is told by it


def send(platform: Platform, message: Message) -> None:
    """Send a message.

    :raises NotTold: it did not leave, or nobody knows whether it did.
    """
    if message.rule.channel == Channel.EMAIL:
        _by_mail(platform, message)
    else:
        _by_webhook(platform, message)


def _by_mail(platform: Platform, message: Message) -> None:
    settings = platform.settings
    if settings.mail_from is None or not has_own_mail(platform):
        raise NotTold(NO_MAIL, passing=True)
    mail = EmailMessage()
    mail["Subject"] = notification.heading(message.things, message.company)
    mail["From"] = settings.mail_from
    mail["To"] = message.rule.target
    mail["Date"] = format_datetime(platform.clock())
    mail["Message-ID"] = envelope.new_message_id(settings.mail_from)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(notification.text(message.things, message.company, dashboard=settings.base_url))
    sender = parseaddr(settings.mail_from)[1]
    handed = smtp.hand_over(settings, mail, sender=sender, recipients=[message.rule.target])
    if not handed.left:
        raise NotTold(handed.answer, passing=handed.passing, doubt=handed.left is None)


def _by_webhook(platform: Platform, message: Message) -> None:
    rule = message.rule
    content = notification.document(message.things, message.company).encode()
    secret = str(platform.vault.open(rule.id, rule.ciphertext or "")["secret"])
    headers = {
        "Content-Type": "application/json",
        "X-Tieout-Signature": notification.signature(content, secret),
    }
    posted = hook.post(rule.target, content, headers=headers, timeout=platform.settings.provider_timeout)
    if not posted.left:
        raise NotTold(posted.answer, passing=posted.passing, doubt=posted.left is None)
