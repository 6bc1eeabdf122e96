"""Secrets at rest: encrypted with keys that can be rotated, and bound to the row they belong to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class VaultError(Exception):
    """A secret can't be read: none of the keys fits, or it was moved to another row."""


class Vault:
    """Encrypts small documents. The newest key writes; every key reads.

    The id of the row is encrypted with the secret and compared on the way out, so that ciphertext copied from one row
    to another is refused instead of used.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        """Take the keys, newest first.

        :raises ValueError: for a key that is not 32 bytes in URL-safe base64, or when there is none.
        """
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, row_id: str, document: dict[str, Any]) -> str:
        """Encrypt a document for one row."""
        return self._fernet.encrypt(json.dumps({"row": row_id, "secret": document}).encode()).decode()

    def open(self, row_id: str, sealed: str) -> dict[str, Any]:
        """Decrypt a document of one row.

        :raises VaultError: no key fits, or the document belongs to another row.
        """
        try:
            opened = json.loads(self._fernet.decrypt(sealed.encode()))
        except InvalidToken as error:
            message = "a stored secret can't be decrypted with the configured keys"
            raise VaultError(message) from error
        if opened["row"] != row_id:
            message = "a stored secret belongs to another row"
            raise VaultError(message)
        secret: dict[str, Any] = opened["secret"]
        return secret

    def rotate(self, sealed: str) -> str:
        """Encrypt again with the newest key.

        :raises VaultError: no key fits.
        """
        try:
            return self._fernet.rotate(sealed.encode()).decode()
        except InvalidToken as error:
            message = "a stored secret can't be decrypted with the configured keys"
            raise VaultError(message) from error
