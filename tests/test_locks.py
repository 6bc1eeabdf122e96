"""The lock files: they satisfy what the project asks for, agree with each other, and pin every file by its hash."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.source import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = ("requirements.txt", "requirements-dev.txt")


def pins(lock: str) -> dict[str, Version]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    found = re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)
    return {canonicalize_name(name): Version(version) for name, version in found}


@pytest.mark.parametrize("lock", LOCKS)
def test_what_the_project_asks_for_is_pinned(lock: str) -> None:
    asked = [*PROJECT["dependencies"]]
    if lock == "requirements-dev.txt":
        asked += PROJECT["optional-dependencies"]["dev"]
    pinned = pins(lock)
    for requirement in map(Requirement, asked):
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)], prereleases=True), (
            requirement
        )


def test_both_locks_agree() -> None:
    runtime, dev = (pins(lock) for lock in LOCKS)
    assert runtime.items() <= dev.items()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_its_hashes_and_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    requirements = [block for block in re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE) if "==" in block]
    assert len(requirements) == len(pins(lock))
    assert all("--hash=sha256:" in block for block in requirements)
    assert "://" not in text
    assert "index-url" not in text
