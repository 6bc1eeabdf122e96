"""``keys rotate``: every token is encrypted again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.cli.shell import Shell

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


def test_every_token_is_encrypted_again(live_shell: Shell) -> None:
    said = live_shell.tieout("keys", "rotate")
    assert (said.status, said.out) == (0, "1 token was encrypted again with the newest key.\n")


def test_a_key_that_does_not_fit_is_said_in_a_line_and_changes_nothing(live_shell: Shell) -> None:
    other = {**live_shell.environment, "TIEOUT_ENCRYPTION_KEYS": "a key that was never used for this"}
    said = replace(live_shell, environment=other).tieout("keys", "rotate")
    assert said.status == 2
    assert "TIEOUT_ENCRYPTION_KEYS" in said.err
    assert "Traceback" not in said.err
    assert live_shell.tieout("sync").status == 0
