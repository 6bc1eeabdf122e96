"""The registration table: one line per package. Everything else asks here and names none."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from service.connectors.signature import is_signed
from service.core.consent import OAuth
from service.core.letter import MailRules
from service.core.notice import WebhookReader
from service.core.ports import Capabilities, Connector, EntityKind, Mapper
from service.core.snapshot import FieldName
from service.mapping.columns import Layout
from service.mapping.settings import Demands
from service.settings import ProviderSettings

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Provider:
    """One package: its connector, its mappers, its consent. The SDKs are imported when first needed."""

    name: str
    connector_module: str
    mapping_module: str

    @cached_property
    def _connector(self) -> Any:
        return importlib.import_module(self.connector_module)

    @property
    def capabilities(self) -> Capabilities:
        """What the package can do."""
        capabilities: Capabilities = self._connector.CAPABILITIES
        return capabilities

    @property
    def package(self) -> str:
        """The package's name as people know it."""
        return self.capabilities.package

    @cached_property
    def webhook(self) -> WebhookReader:
        """How it tells what happened: reading needs neither the SDK nor a call."""
        reader: WebhookReader = importlib.import_module(f"{self.connector_module}.webhook")
        return reader

    def is_signed(self, raw: bytes, signature: str, settings: ProviderSettings) -> bool:
        """Tell whether the package itself sent a body to its webhook; never without a key to check it with."""
        secret = settings.webhook_secret
        return secret is not None and is_signed(raw, signature, secret.get_secret_value())

    @cached_property
    def _mapping(self) -> Any:
        return importlib.import_module(self.mapping_module)

    @property
    def mappers(self) -> Mapping[EntityKind, Mapper]:
        """The translation of each kind of record it can hold."""
        mappers: Mapping[EntityKind, Mapper] = self._mapping.MAPPERS
        return mappers

    @cached_property
    def mail(self) -> MailRules | None:
        """How it mails invoices; None for a package that mails none."""
        name = f"{self.mapping_module}.mail"
        if importlib.util.find_spec(name) is None:
            return None
        rules: MailRules = importlib.import_module(name)
        return rules

    @property
    def demands(self) -> Demands:
        """What must be chosen before its documents can be written."""
        demands: Demands = self._mapping.DEMANDS
        return demands

    @property
    def losses(self) -> Mapping[EntityKind, Mapping[FieldName, str]]:
        """What it can't hold of each field: a sentence, where something may get lost."""
        losses: Mapping[EntityKind, Mapping[FieldName, str]] = self._mapping.LOSSES
        return losses

    @property
    def never_carried(self) -> Mapping[EntityKind, frozenset[FieldName]]:
        """Fields that it holds nothing of, whatever a mapper's flows say."""
        never: Mapping[EntityKind, frozenset[FieldName]] = self._mapping.NEVER
        return never

    @property
    def customer_columns(self) -> Layout:
        """The headings of the list of customers that people export from it."""
        layout: Layout = importlib.import_module(f"{self.mapping_module}.csv_columns").CUSTOMER_COLUMNS
        return layout

    def connect(
        self, settings: ProviderSettings, *, tenant_id: str, access_token: Callable[[], str], clock: Clock
    ) -> Connector:
        """Return a connector for one company."""
        connector: Connector = self._connector.connect(
            urls=settings.urls, tenant_id=tenant_id, access_token=access_token, timeout=settings.timeout, clock=clock
        )
        return connector

    def oauth(self, settings: ProviderSettings, *, clock: Clock) -> OAuth:
        """Return the package's consent and token endpoints for our app."""
        oauth: OAuth = self._connector.oauth(
            client_id=settings.client_id or "",
            client_secret=settings.client_secret.get_secret_value() if settings.client_secret else "",
            scopes=settings.scopes,
            urls=settings.urls,
            timeout=settings.timeout,
            clock=clock,
        )
        return oauth


def _registered(name: str) -> Provider:
    return Provider(name, f"service.connectors.{name}", f"service.mapping.{name}")


PROVIDERS: Mapping[str, Provider] = {name: _registered(name) for name in ("xero", "quickbooks")}
