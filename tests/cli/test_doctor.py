"""``doctor``: a line per check, and status 1 if one fails."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from service.store.sync_models import ConnectionRow, CredentialRow
from tests.cli.shell import Shell, shell_of
from tests.sync.office import Office


def lines(text: str) -> dict[str, tuple[str, str]]:
    """Read the lines: check -> (ok or FAIL, what is said)."""
    found = {}
    for line in text.splitlines():
        verdict, rest = line[:4].strip(), line[5:]
        check, _, said = rest.partition(": ")
        found[check] = (verdict, said)
    return found


def test_a_fresh_installation_is_well_but_for_its_schema(shell: Shell) -> None:
    before = shell.tieout("doctor")
    assert (before.status, before.err) == (1, "")
    assert lines(before.out)["database"] == ("FAIL", "has no schema yet: run 'tieout db upgrade'")
    shell.tieout("db", "upgrade")
    after = shell.tieout("doctor")
    assert (after.status, after.err) == (0, "")
    assert {"configuration", "database", "clock", "keys", "Xero", "QuickBooks"} == set(lines(after.out))
    assert {verdict for verdict, _ in lines(after.out).values()} == {"ok"}


def test_the_same_checks_are_one_document_for_scripts(prepared_shell: Shell) -> None:
    said = prepared_shell.tieout("doctor", "--json")
    assert (said.status, said.err) == (0, "")
    checks = {one["check"]: one["ok"] for one in said.document}
    assert checks == dict.fromkeys(lines(prepared_shell.tieout("doctor").out), True)


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_a_wrong_setting_is_a_failed_check_that_names_it(shell: Shell, flags: list[str]) -> None:
    shell.environment["TIEOUT_SYNC_INTERVAL"] = "often"
    said = shell.tieout("doctor", *flags)
    assert (said.status, said.err) == (1, "")
    assert "TIEOUT_SYNC_INTERVAL" in said.out


def test_a_connection_and_its_keys_are_checked(live_shell: Shell, live_office: Office) -> None:
    found = lines(live_shell.tieout("doctor").out)
    assert found[f"connection {live_office.connection_id}"] == ("ok", "live")
    assert found["keys"] == ("ok", "1 stored permissions can be read")


def test_keys_that_fit_nothing_stored_are_found(live_office: Office, tmp_path: Path) -> None:
    shell = shell_of(live_office, tmp_path, TIEOUT_ENCRYPTION_KEYS="another key that is for tests only")
    said = shell.tieout("doctor")
    assert said.status == 1
    assert lines(said.out)["keys"] == ("FAIL", "a stored secret can't be decrypted with the configured keys")


def test_missing_credentials_of_a_package_in_use_are_found(live_office: Office, live_shell: Shell) -> None:
    secret = next(name for name in live_shell.environment if name.endswith("_CLIENT_SECRET"))
    del live_shell.environment[secret]
    said = live_shell.tieout("doctor")
    package = live_office.platform.provider(live_office.package.sandbox.name).package
    assert (said.status, lines(said.out)[package]) == (1, ("FAIL", f"{secret} not set"))


def test_a_permission_that_ends_soon_is_told_before(live_shell: Shell, live_office: Office) -> None:
    with live_office.platform.database.write() as session:
        connection = session.get_one(ConnectionRow, live_office.connection_id)
        credential = session.get_one(CredentialRow, connection.credential_id)
        credential.refresh_expires_at = live_office.platform.clock() + timedelta(days=3)
    said = live_shell.tieout("doctor")
    assert said.status == 1
    assert "connect it again before" in lines(said.out)[f"connection {live_office.connection_id}"][1]
