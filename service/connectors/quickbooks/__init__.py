"""QuickBooks Online on the wire: ``connect`` for one company, ``oauth`` for our app, ``CAPABILITIES``.

Of the official SDKs only what is safe is used: ``python-quickbooks``'s client makes each request on a session of our
own, and ``intuit-oauth`` reads the discovery document. Their refreshes, models, fault classes, batches and class
attributes are not used (docs/quickbooks.md says why).
"""

from __future__ import annotations

from service.connectors.quickbooks.capabilities import CAPABILITIES
from service.connectors.quickbooks.connector import connect
from service.connectors.quickbooks.consent import oauth

__all__ = ["CAPABILITIES", "connect", "oauth"]
