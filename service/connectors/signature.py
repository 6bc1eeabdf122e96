"""Webhook signatures: HMAC-SHA256 over the body exactly as it came, in base64, compared in constant time."""

from __future__ import annotations

import hmac
from base64 import b64encode
from hashlib import sha256


def is_signed(raw: bytes, signature: str, secret: str) -> bool:
    """Tell whether a body was signed with a secret.

    Xero facts: developer.xero.com, Webhooks, ``x-xero-signature``. QuickBooks facts: developer.intuit.com, Webhooks,
    ``intuit-signature``. Both are the base64 of the digest.
    """
    expected = b64encode(hmac.digest(secret.encode(), raw, sha256)).decode()
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogateescape"))
