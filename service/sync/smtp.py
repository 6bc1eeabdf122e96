"""Handing one message to the mail server, and saying exactly what became of it.

The dialogue is made step by step, because what matters is where it ends: before the message was given over nothing has
left; once it was, only the server's answer tells.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as PLAIN
from email.policy import SMTPUTF8 as INTERNATIONAL
from urllib.parse import unquote, urlsplit

from service.settings import Settings

_TAKEN = (250, 251, 252)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A recipient whom the mail server does not take, with its own words."""

    address: str
    code: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """What became of a message."""

    left: bool | None  #: True: taken for somebody; False: nothing left; None: it may have left
    answer: str  #: the server's last words, or what happened instead
    refused: tuple[Refusal, ...] = ()
    passing: bool = False  #: it may work later by itself


@dataclass(slots=True)
class _Dialogue:
    """How far the dialogue has come."""

    given: bool = False  #: the message itself is on the wire
    refused: list[Refusal] = field(default_factory=list)


def hand_over(settings: Settings, message: EmailMessage, *, sender: str, recipients: Sequence[str]) -> Handed:
    """Give a message to the mail server of the settings, for these recipients."""
    dialogue = _Dialogue()
    server: smtplib.SMTP | None = None
    try:
        server = _connected(settings)
        return _give(server, dialogue, message, sender, recipients)
    except smtplib.SMTPAuthenticationError as error:
        return Handed(left=False, answer=f"The mail server does not take our password ({error.smtp_code}).")
    except smtplib.SMTPResponseException as error:
        answer = f"{error.smtp_code} {_words(error.smtp_error)}"
        return Handed(left=False, answer=answer, refused=tuple(dialogue.refused), passing=_passes(error.smtp_code))
    except (smtplib.SMTPException, OSError) as error:
        answer = f"The mail server could not be spoken to ({type(error).__name__})."
        if dialogue.given:
            return Handed(left=None, answer=answer, refused=tuple(dialogue.refused))
        return Handed(left=False, answer=answer, refused=tuple(dialogue.refused), passing=True)
    finally:
        if server is not None:
            server.close()


def _connected(settings: Settings) -> smtplib.SMTP:
    assert settings.smtp_url is not None  # noqa: S101  (asked before a letter is carried)
    url = urlsplit(settings.smtp_url.get_secret_value())
    context = ssl.create_default_context()
    host, secure = url.hostname or "localhost", url.scheme == "smtps"
    server = (
        smtplib.SMTP_SSL(host, url.port or 465, timeout=settings.provider_timeout, context=context)
        if secure
        else smtplib.SMTP(host, url.port or 25, timeout=settings.provider_timeout)
    )
    server.ehlo()
    if not secure and server.has_extn("starttls"):
        server.starttls(context=context)
        server.ehlo()
    if url.username:
        server.login(unquote(url.username), unquote(url.password or ""))
    return server


def _give(
    server: smtplib.SMTP, dialogue: _Dialogue, message: EmailMessage, sender: str, recipients: Sequence[str]
) -> Handed:
    international = not all(one.isascii() for one in (sender, *recipients))
    if international and not server.has_extn("smtputf8"):
        return Handed(left=False, answer="The mail server takes no addresses with letters outside ASCII.")
    options = ("SMTPUTF8", "BODY=8BITMIME") if international else ()
    code, words = server.mail(sender, options)
    if code not in _TAKEN:
        return Handed(left=False, answer=f"{code} {_words(words)}", passing=_passes(code))
    for address in recipients:
        code, words = server.rcpt(address)
        if code not in _TAKEN:
            dialogue.refused.append(Refusal(address, code, _words(words)))
    refused = tuple(dialogue.refused)
    if len(refused) == len(recipients):
        last = refused[-1]
        passing = all(_passes(one.code) for one in refused)
        return Handed(left=False, answer=f"{last.code} {last.text}", refused=refused, passing=passing)
    content = message.as_bytes(policy=INTERNATIONAL if international else PLAIN)
    # From here on an answer that does not come leaves it open whether the message was taken.
    dialogue.given = True
    code, words = server.data(content)
    answer = f"{code} {_words(words)}"
    if code not in _TAKEN:
        return Handed(left=False, answer=answer, refused=refused, passing=_passes(code))
    return Handed(left=True, answer=answer, refused=refused)


def _passes(code: int) -> bool:
    """Tell whether a refusal is one that the server itself calls temporary (RFC 5321, 4.2.1)."""
    return 400 <= code < 500  # noqa: PLR2004


def _words(text: bytes | str) -> str:
    return " ".join((text.decode("utf-8", "replace") if isinstance(text, bytes) else text).split())[:300]
