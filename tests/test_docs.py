"""The documentation names what exists: settings, files, make targets."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

import pytest

from service.core.intent import Finding, IntentState, NextStep
from service.core.link import ALLOWED, LinkState
from service.core.problem import ProblemKind
from service.core.reconcile import ConflictKind, Move, RecordMove
from service.settings import Settings
from service.sync import capability
from tests.support.source import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("s*/**/README.md")])


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    documented = set(re.findall(r"TIEOUT_[A-Z_]+[A-Z]", (ROOT / "docs/settings.md").read_text(encoding="utf-8")))
    assert {name.removesuffix("_FILE") for name in documented} == {
        f"TIEOUT_{name.upper()}" for name in Settings.model_fields
    }


@pytest.mark.parametrize(
    ("variable", "field"),
    [
        ("TIEOUT_DATABASE_URL", "database_url"),
        ("TIEOUT_BASE_URL", "base_url"),
        ("TIEOUT_SYNC_INTERVAL", "sync_interval"),
        ("TIEOUT_RECONCILE_CRON", "reconcile_cron"),
        ("TIEOUT_PROVIDER_TIMEOUT", "provider_timeout"),
        ("TIEOUT_XERO_SCOPES", "xero_scopes"),
        ("TIEOUT_XERO_LOGIN_URL", "xero_login_url"),
        ("TIEOUT_XERO_IDENTITY_URL", "xero_identity_url"),
        ("TIEOUT_XERO_API_URL", "xero_api_url"),
        ("TIEOUT_QBO_ENVIRONMENT", "qbo_environment"),
    ],
)
def test_the_documented_default_is_the_default(variable: str, field: str) -> None:
    text = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    found = re.search(rf"^\| `{variable}`[^|]*\| `([^`]*)`", text, re.MULTILINE)
    default = Settings.model_fields[field].default
    assert found is not None
    assert found[1] == (" ".join(default) if isinstance(default, tuple) else str(default))


def test_the_table_of_what_packages_hold_is_the_one_that_connectors_and_mappers_declare() -> None:
    kept = (ROOT / "docs/capabilities.md").read_text(encoding="utf-8")
    assert kept == capability.document(capability.table()), "make capabilities"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_inside_the_repository_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    targets = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    missing = [target for target in targets if target and not (document.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_make_target_that_is_named_exists(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", document.read_text(encoding="utf-8"))) <= targets


@pytest.mark.parametrize(
    "kinds", [Move, RecordMove, ConflictKind, ProblemKind, IntentState, Finding, NextStep, LinkState]
)
def test_the_sync_model_names_every_decision(kinds: type[StrEnum]) -> None:
    named = set(re.findall(r"`([a-z_]+)`", (ROOT / "docs/sync-model.md").read_text(encoding="utf-8")))
    assert {kind.value for kind in kinds} <= named


def test_the_sync_model_allows_exactly_what_the_code_allows() -> None:
    text = (ROOT / "docs/sync-model.md").read_text(encoding="utf-8")
    documented = {
        event: set(LinkState)
        if states == "every state"
        else {LinkState(state) for state in re.findall(r"`(\w+)`", states)}
        for event, states in re.findall(r"^\| `([A-Z][a-z]+)` \|[^|]*\| ([^|]*) \|$", text, re.MULTILINE)
    }
    assert documented == {event.__name__: set(states) for event, states in ALLOWED.items()}
