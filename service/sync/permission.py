"""Permissions over the months: kept alive while nothing is synced, told of before they end, encrypted anew."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from service.core.consent import WARNED, Ageing, ageing
from service.core.errors import SyncError
from service.store.notification_models import NotificationRuleRow
from service.store.queries import credentials, notifications
from service.store.sync_models import ConnectionRow, CredentialRow
from service.sync.platform import Platform
from service.sync.tokens import TokenSource

_log = structlog.get_logger(__name__)

#: A permission that nothing has used for this long is used once, so that it does not end of idleness.
_IDLE = timedelta(days=7)


def keep_alive(platform: Platform) -> int:
    """Renew every permission that nothing has used for a week; return how many were renewed.

    A paused connection syncs nothing, and its permission would end after the package's idle time.
    """
    now = platform.clock()
    with platform.database.read() as session:
        idle = credentials.idle(session, before=now - _IDLE)
    renewed = 0
    for credential_id in idle:
        try:
            TokenSource(platform, credential_id).renew()
        except SyncError as error:
            _log.info("permission not renewed", credential_id=credential_id, why=str(error))
        else:
            renewed += 1
    return renewed


def warning_of(session: Session, row: ConnectionRow, now: datetime, *, package: str) -> Ageing | None:
    """Return that a connection's permission ends soon, if it does."""
    credential = session.get(CredentialRow, row.credential_id) if row.credential_id else None
    if credential is None or credential.refresh_expires_at is None or credential.dead_at is not None:
        return None
    return ageing(credential.refresh_expires_at, now, package=package)


def endings(platform: Platform, session: Session, organisation_id: str) -> list[tuple[ConnectionRow, str, Ageing]]:
    """Return the connections of which the permission ends soon, with the permission's id and a sentence about it."""
    now = platform.clock()
    return [
        (row, credential.id, found)
        for row, credential in credentials.ending(session, organisation_id, before=now + WARNED)
        if credential.refresh_expires_at is not None
        and (found := ageing(credential.refresh_expires_at, now, package=platform.provider(row.provider).package))
    ]


def rotate_keys(platform: Platform) -> int:
    """Encrypt every stored secret again with the newest key, so that older keys can be taken away; return how many.

    :raises VaultError: a secret can be read with none of the configured keys; nothing was changed then.
    """
    with platform.database.write() as session:
        kept: list[CredentialRow | NotificationRuleRow] = [
            *credentials.all_of(session),
            *notifications.sealed(session),
        ]
        for row in kept:
            row.ciphertext = platform.vault.rotate(str(row.ciphertext))
        return len(kept)
