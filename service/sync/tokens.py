"""Access tokens: refreshed ahead of time by one worker alone, committed before they are used."""

from __future__ import annotations

from datetime import timedelta

from service.core.consent import Tokens
from service.core.errors import AuthorizationLost, Transient
from service.store import leases
from service.store.sync_models import CredentialRow
from service.sync.platform import Platform

#: A token this close to its end is renewed first, so that it does not end in the middle of a call.
AHEAD = timedelta(minutes=3)
_WAIT_SECONDS = 0.1


def seal(platform: Platform, row: CredentialRow, tokens: Tokens) -> None:
    """Put tokens into a credential row, encrypted for that row."""
    row.ciphertext = platform.vault.seal(
        row.id,
        {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token, "extra": dict(tokens.extra)},
    )
    row.access_expires_at = tokens.access_expires_at
    row.refresh_expires_at = tokens.refresh_expires_at
    row.scope = tokens.scope
    row.refreshed_at = platform.clock()
    row.dead_at = None


def unseal(platform: Platform, row: CredentialRow) -> Tokens:
    """Read tokens out of a credential row.

    :raises VaultError: none of the configured keys fits.
    """
    secret = platform.vault.open(row.id, row.ciphertext)
    return Tokens(
        access_token=secret["access_token"],
        refresh_token=secret["refresh_token"],
        access_expires_at=row.access_expires_at,
        refresh_expires_at=row.refresh_expires_at,
        scope=row.scope,
        extra=secret["extra"],
    )


class TokenSource:
    """Gives the access token of one credential, for as long as a piece of work lasts."""

    def __init__(self, platform: Platform, credential_id: str) -> None:
        """Bind to a credential; reads nothing yet."""
        self._platform = platform
        self._credential_id = credential_id
        self._tokens: Tokens | None = None
        self._rotation = -1

    def __call__(self) -> str:
        """Return a token that is good for the next minutes.

        :raises AuthorizationLost: the package refuses to renew it.
        :raises Transient: it has ended and the package could not be asked for another.
        """
        now = self._platform.clock()
        if self._tokens is None or self._tokens.access_expires_at - now < AHEAD:
            self._renew(force=False)
        assert self._tokens is not None  # noqa: S101  (renewing sets it or raises)
        return self._tokens.access_token

    def refused(self) -> None:
        """Learn that the package refused the token although it had not ended: renew it unless somebody just did."""
        self._renew(force=True)

    def renew(self) -> None:
        """Rotate the tokens although nothing is wrong with them, so that the permission does not end of idleness.

        :raises AuthorizationLost: the package refuses to renew it.
        :raises Transient: the package could not be asked.
        """
        with self._platform.database.read() as session:
            self._rotation = session.get_one(CredentialRow, self._credential_id).rotations
        self._renew(force=True)

    def _renew(self, *, force: bool) -> None:
        holder = leases.new_holder()
        span = timedelta(seconds=self._platform.settings.provider_timeout + 30)
        refused = self._rotation
        while True:
            row, taken = self._look(holder, span, refused=refused if force else None)
            if row is not None:
                self._tokens, self._rotation = unseal(self._platform, row), row.rotations
                return
            if taken:
                break
            if not self._platform.pause(_WAIT_SECONDS):
                message = "the service is stopping"
                raise Transient(message)
        self._rotate(holder)

    def _look(self, holder: str, span: timedelta, *, refused: int | None) -> tuple[CredentialRow | None, bool]:
        """Return the row if its token will do, else take the right to renew it if that is free."""
        now = self._platform.clock()
        with self._platform.database.write() as session:
            row = session.get(CredentialRow, self._credential_id)
            if row is None or row.dead_at is not None:
                reason = "revoked"
                raise AuthorizationLost(reason, "The connection's permission was taken back. Connect again.")
            fresh = row.access_expires_at - now >= AHEAD
            if fresh and (refused is None or row.rotations != refused):
                session.expunge(row)
                return row, False
            taken = leases.take(session, CredentialRow, self._credential_id, holder=holder, now=now, span=span)
            return None, taken

    def _rotate(self, holder: str) -> None:
        platform = self._platform
        try:
            with platform.database.read() as session:
                row = session.get_one(CredentialRow, self._credential_id)
                old, provider = unseal(platform, row), platform.provider(row.provider)
            new = provider.oauth(platform.settings.provider(provider.name), clock=platform.clock).refresh(
                old.refresh_token
            )
        except AuthorizationLost:
            with platform.database.write() as session:
                session.get_one(CredentialRow, self._credential_id).dead_at = platform.clock()
                leases.release(session, CredentialRow, self._credential_id, holder=holder)
            raise
        except Exception:
            with platform.database.write() as session:
                leases.release(session, CredentialRow, self._credential_id, holder=holder)
            raise
        with platform.database.write(lasting=True) as session:  # the token before it may be dead already
            row = session.get_one(CredentialRow, self._credential_id)
            seal(platform, row, new)
            row.rotations += 1
            leases.release(session, CredentialRow, self._credential_id, holder=holder)
            rotation = row.rotations
        self._tokens, self._rotation = new, rotation
