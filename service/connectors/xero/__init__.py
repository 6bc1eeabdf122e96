"""Xero: the accounting API of one organisation, and the consent that opens it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from service.connectors.oauth_http import open_session
from service.connectors.xero.capability import CAPABILITIES
from service.connectors.xero.client import XeroClient
from service.connectors.xero.connector import XeroConnector
from service.connectors.xero.consent import XeroOAuth

__all__ = ["CAPABILITIES", "XeroConnector", "XeroOAuth", "connect", "oauth"]


def connect(
    *,
    urls: Mapping[str, str],
    tenant_id: str,
    access_token: Callable[[], str],
    timeout: float,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None] = time.sleep,
) -> XeroConnector:
    """Return a connector for one organisation; no call is made yet. It belongs to one thread at a time.

    :param urls: ``api``: the base of ``/api.xro/2.0``.
    :param access_token: asked before each call, so that a refreshed token is used at once.
    :param timeout: seconds for one call.
    :param sleep: waits between repeated reads, in seconds.
    """
    client = XeroClient(base_url=urls["api"], tenant_id=tenant_id, access_token=access_token, timeout=timeout)
    return XeroConnector(client, tenant_id=tenant_id, clock=clock, sleep=sleep)


def oauth(
    *,
    client_id: str,
    client_secret: str,
    scopes: Sequence[str],
    urls: Mapping[str, str],
    timeout: float,
    clock: Callable[[], datetime],
) -> XeroOAuth:
    """Return the consent and token endpoints for our app.

    :param urls: bases: ``login`` of the authorize page, ``identity`` of the tokens, ``api`` of ``/connections``.
    :param timeout: seconds for one call.
    """
    return XeroOAuth(
        open_session(),
        client_id=client_id,
        client_secret=client_secret,
        scopes=tuple(scopes),
        urls=urls,
        timeout=timeout,
        clock=clock,
    )
