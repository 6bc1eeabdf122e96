"""A third package, as small as one can be: a ledger in one CSV file, with a connector that needs no network."""

from __future__ import annotations

from tests.contract.ledger.connector import CAPABILITIES, connect
from tests.contract.ledger.consent import oauth

__all__ = ["CAPABILITIES", "connect", "oauth"]
