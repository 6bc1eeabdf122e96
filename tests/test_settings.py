"""Settings: defaults, faults named in one line, secrets that stay secret, keys that are made once and kept."""

from __future__ import annotations

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from service.keys import read_or_make_key, to_fernet_key
from service.settings import Settings, SettingsError, load_settings

POSTGRESQL = "postgresql+psycopg://tieout@db/tieout"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_nothing_needs_to_be_set_on_the_embedded_database() -> None:
    settings = load_settings()
    assert settings.database_url == "sqlite:///var/tieout.db"
    assert settings.base_url == "http://localhost:8000"
    assert (settings.sync_interval, settings.reconcile_cron, settings.provider_timeout) == (60, "0 3 * * *", 30)
    assert settings.on_sqlite


def test_keys_are_made_once_and_only_their_owner_may_read_them(tmp_path: Path) -> None:
    first, second = load_settings(), load_settings()
    assert first.secret_key == second.secret_key
    assert first.encryption_keys == second.encryption_keys
    assert first.secret_key is not None
    assert first.secret_key != first.encryption_keys[0]
    kept = sorted((tmp_path / "var").iterdir())
    assert [path.name for path in kept] == ["encryption_keys.key", "secret_key.key"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
    Fernet(first.encryption_keys[0].get_secret_value())


def test_keys_lie_beside_the_database_file_they_belong_to(tmp_path: Path) -> None:
    load_settings(database_url=f"sqlite:///{tmp_path}/elsewhere/books.db")
    assert (tmp_path / "elsewhere/secret_key.key").exists()
    assert not (tmp_path / "var").exists()


def test_a_database_in_memory_keeps_no_keys(tmp_path: Path) -> None:
    assert load_settings(database_url="sqlite://").secret_key
    assert list(tmp_path.iterdir()) == []


def test_processes_that_start_together_agree_on_the_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: read_or_make_key(tmp_path, "secret_key"), range(32)))
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key.key"]


def test_other_databases_need_both_keys_and_the_fault_names_them() -> None:
    with pytest.raises(SettingsError, match=r"TIEOUT_SECRET_KEY: .*TIEOUT_ENCRYPTION_KEYS: is required") as caught:
        load_settings(database_url=POSTGRESQL)
    assert "\n" not in str(caught.value)
    load_settings(database_url=POSTGRESQL, secret_key="s" * 32, encryption_keys="k" * 32)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TIEOUT_DATABASE_URL", "mysql://db/tieout"),
        ("TIEOUT_DATABASE_URL", "tieout.db"),
        ("TIEOUT_SECRET_KEY", "short"),
        ("TIEOUT_ENCRYPTION_KEYS", "long-enough-for-a-key,short"),
        ("TIEOUT_BASE_URL", "localhost:8000"),
        ("TIEOUT_XERO_LOGIN_URL", "ftp://login.example"),
        ("TIEOUT_QBO_DISCOVERY_URL", "nowhere"),
        ("TIEOUT_QBO_ENVIRONMENT", "staging"),
        ("TIEOUT_SYNC_INTERVAL", "0"),
        ("TIEOUT_SYNC_INTERVAL", "often"),
        ("TIEOUT_RECONCILE_CRON", "nightly"),
        ("TIEOUT_RECONCILE_CRON", "0 25 * * *"),
        ("TIEOUT_PROVIDER_TIMEOUT", "-1"),
        ("TIEOUT_PROVIDER_TIMEOUT", "nan"),
        ("TIEOUT_SMTP_URL", "mail.example:25"),
    ],
)
def test_a_wrong_value_is_named_in_one_line(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value).startswith(f"{variable}: ")
    assert len(str(caught.value).splitlines()) == 1
    assert list(caught.value.faults) == [variable]


def test_every_fault_is_told_at_once_and_no_secret_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEOUT_SYNC_INTERVAL", "-5")
    monkeypatch.setenv("TIEOUT_SMTP_URL", "me:hunter2@mail.example")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert set(caught.value.faults) == {"TIEOUT_SYNC_INTERVAL", "TIEOUT_SMTP_URL"}
    assert "hunter2" not in str(caught.value)


def test_a_file_of_settings_is_read_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("TIEOUT_SYNC_INTERVAL=10\nTIEOUT_MAIL_FROM=books@tieout.example\nOTHER=1\n")
    monkeypatch.setenv("TIEOUT_SYNC_INTERVAL", "20")
    settings = load_settings()
    assert settings.sync_interval == 20
    assert settings.mail_from == "books@tieout.example"


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEOUT_SYNC_INTERVAL", "")
    monkeypatch.setenv("TIEOUT_SECRET_KEY", "")
    settings = load_settings()
    assert settings.sync_interval == 60
    assert settings.secret_key


def test_a_secret_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newest, oldest = (Fernet.generate_key().decode() for _ in range(2))
    (tmp_path / "keys").write_text(f"{newest}, {oldest}\n")
    (tmp_path / "signing").write_text("sixteen characters\n")
    monkeypatch.setenv("TIEOUT_ENCRYPTION_KEYS_FILE", str(tmp_path / "keys"))
    monkeypatch.setenv("TIEOUT_SECRET_KEY_FILE", str(tmp_path / "signing"))
    settings = load_settings()
    assert [key.get_secret_value() for key in settings.encryption_keys] == [newest, oldest]
    assert settings.secret_key is not None
    assert settings.secret_key.get_secret_value() == "sixteen characters"


@pytest.mark.parametrize(
    "text",
    [
        base64.urlsafe_b64encode(bytes(range(200, 232))).decode(),
        base64.urlsafe_b64encode(bytes(range(200, 232))).decode().rstrip("="),
        base64.b64encode(bytes(range(200, 232))).decode(),
        bytes(range(200, 232)).hex(),
    ],
    ids=["Fernet", "without padding", "plain base64", "hexadecimal"],
)
def test_the_same_32_bytes_are_the_same_key_in_any_spelling(text: str) -> None:
    assert base64.urlsafe_b64decode(to_fernet_key(text)) == bytes(range(200, 232))


def test_any_other_text_is_stretched_to_a_key_and_always_the_same() -> None:
    Fernet(to_fernet_key("a passphrase of some length"))
    assert to_fernet_key("a passphrase of some length") == to_fernet_key("a passphrase of some length")
    assert to_fernet_key("a passphrase of some length") != to_fernet_key("a passphrase of some lengths")


def test_a_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEOUT_XERO_CLIENT_SECRET_FILE", "absent")
    with pytest.raises(SettingsError, match="TIEOUT_XERO_CLIENT_SECRET_FILE: cannot be read"):
        load_settings()


def test_no_secret_shows_in_the_printed_settings() -> None:
    settings = load_settings(
        database_url="postgresql://tieout:hunter2@db/tieout",
        secret_key="hunter2 and hunter2",
        encryption_keys="hunter2 and hunter2",
    )
    assert "hunter2" not in repr(settings)
    assert settings.database.password == "hunter2"
    assert settings.database.drivername == "postgresql+psycopg"


def test_each_provider_has_the_same_shape_of_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEOUT_BASE_URL", "https://books.example/")
    monkeypatch.setenv("TIEOUT_XERO_CLIENT_ID", "abc")
    monkeypatch.setenv("TIEOUT_XERO_SCOPES", "openid  accounting.contacts")
    monkeypatch.setenv("TIEOUT_XERO_API_URL", "http://127.0.0.1:9000/")
    xero = load_settings().provider("xero")
    assert xero.client_id == "abc"
    assert xero.missing == ("TIEOUT_XERO_CLIENT_SECRET",)
    assert xero.scopes == ("openid", "accounting.contacts")
    assert xero.redirect_uri == "https://books.example/oauth/xero/callback"
    assert xero.urls == {
        "login": "https://login.xero.com",
        "identity": "https://identity.xero.com",
        "api": "http://127.0.0.1:9000",
    }


@pytest.mark.parametrize(
    ("environment", "api"),
    [("production", "https://quickbooks.api.intuit.com"), ("sandbox", "https://sandbox-quickbooks.api.intuit.com")],
)
def test_quickbooks_addresses_follow_its_environment_unless_given(environment: str, api: str) -> None:
    quickbooks = load_settings(qbo_environment=environment).provider("quickbooks")
    assert quickbooks.urls["api"] == api
    assert ("sandbox" in quickbooks.urls["discovery"]) == (environment == "sandbox")
    given = load_settings(qbo_environment=environment, qbo_api_url="http://127.0.0.1:9001").provider("quickbooks")
    assert given.urls["api"] == "http://127.0.0.1:9001"
    assert given.missing == ("TIEOUT_QBO_CLIENT_ID", "TIEOUT_QBO_CLIENT_SECRET")


def test_a_provider_without_settings_of_its_own_has_what_all_share() -> None:
    given = load_settings(base_url="https://books.example", provider_timeout=7).provider("sage")
    assert (given.redirect_uri, given.timeout) == ("https://books.example/oauth/sage/callback", 7)
    assert (given.missing, given.client_id, given.webhook_secret) == ((), None, None)


def test_every_variable_of_the_contract_is_a_setting_and_there_is_one_more() -> None:
    assert {f"TIEOUT_{name.upper()}" for name in Settings.model_fields} - {"TIEOUT_QBO_READS_PER_MONTH"} == {
        "TIEOUT_DATABASE_URL",
        "TIEOUT_SECRET_KEY",
        "TIEOUT_ENCRYPTION_KEYS",
        "TIEOUT_BASE_URL",
        "TIEOUT_XERO_CLIENT_ID",
        "TIEOUT_XERO_CLIENT_SECRET",
        "TIEOUT_XERO_WEBHOOK_KEY",
        "TIEOUT_XERO_SCOPES",
        "TIEOUT_XERO_LOGIN_URL",
        "TIEOUT_XERO_IDENTITY_URL",
        "TIEOUT_XERO_API_URL",
        "TIEOUT_QBO_CLIENT_ID",
        "TIEOUT_QBO_CLIENT_SECRET",
        "TIEOUT_QBO_WEBHOOK_VERIFIER",
        "TIEOUT_QBO_ENVIRONMENT",
        "TIEOUT_QBO_DISCOVERY_URL",
        "TIEOUT_QBO_API_URL",
        "TIEOUT_SYNC_INTERVAL",
        "TIEOUT_RECONCILE_CRON",
        "TIEOUT_PROVIDER_TIMEOUT",
        "TIEOUT_SMTP_URL",
        "TIEOUT_MAIL_FROM",
    }
