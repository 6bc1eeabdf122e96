"""The groups of routes that need the sync behind them; where only records are served they are left out."""

from __future__ import annotations

from flask_openapi3.blueprint import APIBlueprint

from service.api import (
    capabilities,
    conflicts,
    connections,
    drift,
    editable,
    links,
    mail,
    mapping,
    newcomers,
    plans,
    resets,
    runs,
    setup,
    variances,
    wording,
)

SYNC_GROUPS: tuple[APIBlueprint, ...] = (
    connections.api,
    setup.api,
    mapping.api,
    capabilities.api,
    newcomers.api,
    plans.api,
    runs.api,
    links.api,
    resets.api,
    conflicts.api,
    drift.api,
    editable.api,
    mail.api,
    wording.api,
    variances.api,
)
