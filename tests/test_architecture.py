"""Layers point down only: the import contracts hold for the code, and each of them would notice a breach."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

#: The smallest tree that has every module the contracts name.
SKELETON = (
    "sandbox/__init__.py",
    "scheduler/__init__.py",
    "service/__init__.py",
    "service/api/__init__.py",
    "service/app.py",
    "service/cli.py",
    "service/connectors/__init__.py",
    "service/connectors/quickbooks/__init__.py",
    "service/connectors/xero/__init__.py",
    "service/core/__init__.py",
    "service/demo.py",
    "service/ids.py",
    "service/keys.py",
    "service/logs.py",
    "service/mapping/__init__.py",
    "service/mapping/quickbooks/__init__.py",
    "service/mapping/xero/__init__.py",
    "service/providers.py",
    "service/records/__init__.py",
    "service/settings.py",
    "service/store/__init__.py",
    "service/sync/__init__.py",
    "service/web/__init__.py",
)


def lint_imports(folder: Path) -> str:
    """Run the contracts of this project over the packages in a folder; return what import-linter printed."""
    command = [
        str(Path(sys.executable).with_name("lint-imports")),
        "--config",
        str(ROOT / "pyproject.toml"),
        "--no-cache",
    ]
    environment = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False).stdout


def broken(report: str) -> set[str]:
    return set(re.findall(r"^(.+) BROKEN$", report, re.MULTILINE))


@pytest.fixture
def skeleton(tmp_path: Path) -> Path:
    for name in SKELETON:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def test_the_contracts_hold_for_the_code() -> None:
    report = lint_imports(ROOT)
    assert "0 broken" in report, report


def test_the_contracts_hold_for_an_innocent_tree(skeleton: Path) -> None:
    (skeleton / "service/cli.py").write_text("import sandbox\nimport service.app\n")
    (skeleton / "service/app.py").write_text("import service.sync, service.api, flask\n")
    (skeleton / "service/sync/__init__.py").write_text("import service.providers, service.store, service.core\n")
    (skeleton / "service/connectors/xero/__init__.py").write_text("import requests, service.core\n")
    assert "0 broken" in lint_imports(skeleton)


@pytest.mark.parametrize(
    ("module", "planted", "contract"),
    [
        ("service/core", "service.store", "Layers point down only"),
        ("service/store", "service.connectors", "Layers point down only"),
        ("service/sync", "service.api", "Layers point down only"),
        ("service/web", "scheduler", "Layers point down only"),
        ("service/core", "os", "Core and mapping do no I/O"),
        ("service/mapping", "sqlalchemy", "Core and mapping do no I/O"),
        ("service/mapping/xero", "service.settings", "Core and mapping do no I/O"),
        ("service/connectors/xero", "service.connectors.quickbooks", "Providers do not know each other"),
        ("service/mapping/quickbooks", "service.mapping.xero", "Mappers of providers do not know each other"),
        ("service/sync", "requests", "Only connectors touch the wire"),
        ("scheduler", "xero_python", "Only connectors touch the wire"),
        ("sandbox", "service.core", "The sandboxes know nothing of the service"),
        ("service/sync", "sandbox", "Only the demo and the command line start a sandbox"),
    ],
)
def test_a_planted_breach_is_caught(module: str, planted: str, contract: str, skeleton: Path) -> None:
    (skeleton / module / "__init__.py").write_text(f"import {planted}\n")
    assert broken(lint_imports(skeleton)) == {contract}
