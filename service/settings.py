"""What the operator decides: environment variables, each with its default, all faults told at once in one line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from apscheduler.triggers.cron import CronTrigger
from pydantic import AfterValidator, BeforeValidator, Field, HttpUrl, SecretStr, TypeAdapter, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from service.keys import LEAST_CHARACTERS, read_or_make_key, to_fernet_key

PREFIX = "TIEOUT_"

#: Where each of QuickBooks' environments publishes its OAuth addresses and answers its API.
#: QuickBooks facts: developer.intuit.com, "OAuth 2.0" and "API Explorer".
_QBO_URLS: Mapping[str, Mapping[str, str]] = {
    "production": {
        "discovery": "https://developer.intuit.com/.well-known/openid_configuration/",
        "api": "https://quickbooks.api.intuit.com",
    },
    "sandbox": {
        "discovery": "https://developer.intuit.com/.well-known/openid_sandbox_configuration/",
        "api": "https://sandbox-quickbooks.api.intuit.com",
    },
}


class SettingsError(Exception):
    """The service cannot start as configured. The message is one line that names each variable at fault."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        """Keep what is wrong with each variable, by its name."""
        self.faults = dict(faults)
        super().__init__("; ".join(f"{variable}: {fault}" for variable, fault in faults.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """How to reach one provider and as which app; the same shape for all of them."""

    client_id: str | None
    client_secret: SecretStr | None
    #: The key that signs the provider's webhooks.
    webhook_secret: SecretStr | None
    scopes: tuple[str, ...]
    #: URLs by the connector's own names for them; a base has no slash at its end.
    urls: Mapping[str, str]
    #: Seconds for one call.
    timeout: float
    #: Where the provider sends the browser after consent.
    redirect_uri: str
    #: The variables without which nobody can connect to this provider, as far as they are unset.
    missing: tuple[str, ...]
    #: Metered reads that the app has in a month; None where the provider charges for none.
    reads_per_month: int | None = None


def _database_url(value: str) -> str:
    try:
        url = make_url(value)
    except ArgumentError:
        msg = "is not a database URL such as sqlite:///var/tieout.db"
        raise ValueError(msg) from None
    if url.drivername in {"postgres", "postgresql"}:
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}:
        msg = "must begin with sqlite:// or postgresql+psycopg://"
        raise ValueError(msg)
    return url.render_as_string(hide_password=False)


def _web_url(value: str) -> str:
    try:
        TypeAdapter(HttpUrl).validate_python(value)
    except ValidationError:
        msg = "must be a URL that begins with http:// or https://"
        raise ValueError(msg) from None
    return value


def _crontab(value: str) -> str:
    try:
        CronTrigger.from_crontab(value, timezone="UTC")
    except ValueError:
        msg = "must be five crontab fields, such as 0 3 * * *"
        raise ValueError(msg) from None
    return value


def _smtp_url(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith(("smtp://", "smtps://")):
        msg = "must look like smtp://user:password@host:port"
        raise ValueError(msg)
    return value


def _fernet_keys(values: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    return tuple(SecretStr(to_fernet_key(value.get_secret_value())) for value in values)


def _long_enough(value: SecretStr) -> SecretStr:
    if len(value) < LEAST_CHARACTERS:
        msg = f"must have at least {LEAST_CHARACTERS} characters"
        raise ValueError(msg)
    return value


def _split(separator: str | None) -> BeforeValidator:
    def split(value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(separator) if part.strip())

    return BeforeValidator(split)


DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
WebUrl = Annotated[str, AfterValidator(_web_url)]
#: What paths are added to.
BaseUrl = Annotated[WebUrl, AfterValidator(lambda value: value.rstrip("/"))]


class _FileSource(EnvSettingsSource):
    """Reads a secret from the file that ``<VARIABLE>_FILE`` names, the way container platforms hand secrets over."""

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        faults: dict[str, str] = {}
        for name, field in self.settings_cls.model_fields.items():
            variable = f"{_variable(name)}_FILE"
            path = self.env_vars.get(variable.lower())
            if not path or "SecretStr" not in str(field.annotation):
                continue
            try:
                found[name] = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                faults[variable] = f"cannot be read ({error.strerror})"
        if faults:
            raise SettingsError(faults)
        return found


class Settings(BaseSettings):
    """Every variable of the service. Read with :func:`load_settings`, which also finds or makes the keys."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True
    )

    database_url: DatabaseUrl = Field("sqlite:///var/tieout.db", repr=False)
    secret_key: Annotated[SecretStr, AfterValidator(_long_enough)] | None = None
    #: Newest first, each in Fernet's form.
    encryption_keys: Annotated[tuple[SecretStr, ...], NoDecode, _split(","), AfterValidator(_fernet_keys)] = ()
    base_url: BaseUrl = "http://localhost:8000"

    xero_client_id: str | None = None
    xero_client_secret: SecretStr | None = None
    xero_webhook_key: SecretStr | None = None
    #: Xero facts: developer.xero.com, "Scopes"; apps made since March 2026 get only the granular ones.
    xero_scopes: Annotated[tuple[str, ...], NoDecode, _split(None)] = (
        "openid",
        "profile",
        "email",
        "offline_access",
        "accounting.contacts",
        "accounting.invoices",
        "accounting.payments",
        "accounting.settings.read",
    )
    xero_login_url: BaseUrl = "https://login.xero.com"
    xero_identity_url: BaseUrl = "https://identity.xero.com"
    xero_api_url: BaseUrl = "https://api.xero.com"

    qbo_client_id: str | None = None
    qbo_client_secret: SecretStr | None = None
    qbo_webhook_verifier: SecretStr | None = None
    qbo_environment: Literal["production", "sandbox"] = "production"
    qbo_discovery_url: WebUrl | None = None
    qbo_api_url: BaseUrl | None = None
    #: Of the app, over all companies; 0: as many as it likes. QuickBooks facts: Intuit App Partner Program, "Builder".
    qbo_reads_per_month: int = Field(500_000, ge=0)

    #: Seconds between two scheduled syncs of a live connection.
    sync_interval: int = Field(60, gt=0)
    reconcile_cron: Annotated[str, AfterValidator(_crontab)] = "0 3 * * *"
    #: Seconds for one provider call.
    provider_timeout: float = Field(30, gt=0, allow_inf_nan=False)

    smtp_url: Annotated[SecretStr, AfterValidator(_smtp_url)] | None = None
    mail_from: str | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Say which source wins: the caller, the environment, a file the environment names, the ``.env`` file."""
        del file_secret_settings
        return init_settings, env_settings, _FileSource(settings_cls), dotenv_settings

    @cached_property
    def database(self) -> URL:
        """The database URL, taken apart."""
        return make_url(self.database_url)

    @property
    def on_sqlite(self) -> bool:
        """Whether the embedded database is in use, and with it one process for everything."""
        return self.database.get_backend_name() == "sqlite"

    def provider(self, name: str) -> ProviderSettings:
        """Return the settings of a provider by its registered name; without any of its own it gets the common ones."""
        return self._providers.get(name) or self._provider(name)

    @cached_property
    def _providers(self) -> Mapping[str, ProviderSettings]:
        return MappingProxyType(
            {
                "xero": self._provider(
                    "xero",
                    prefix="xero",
                    webhook_secret=self.xero_webhook_key,
                    scopes=self.xero_scopes,
                    urls={
                        "login": self.xero_login_url,
                        "identity": self.xero_identity_url,
                        "api": self.xero_api_url,
                    },
                ),
                "quickbooks": self._provider(
                    "quickbooks",
                    prefix="qbo",
                    webhook_secret=self.qbo_webhook_verifier,
                    scopes=("com.intuit.quickbooks.accounting",),
                    urls={
                        "discovery": self.qbo_discovery_url or _QBO_URLS[self.qbo_environment]["discovery"],
                        "api": self.qbo_api_url or _QBO_URLS[self.qbo_environment]["api"],
                    },
                    reads_per_month=self.qbo_reads_per_month or None,
                ),
            }
        )

    def _provider(
        self,
        name: str,
        *,
        prefix: str | None = None,
        webhook_secret: SecretStr | None = None,
        scopes: tuple[str, ...] = (),
        urls: Mapping[str, str] = MappingProxyType({}),
        reads_per_month: int | None = None,
    ) -> ProviderSettings:
        needed = () if prefix is None else (f"{prefix}_client_id", f"{prefix}_client_secret")
        client_id, client_secret = (getattr(self, field) for field in needed) if needed else (None, None)
        return ProviderSettings(
            client_id=client_id,
            client_secret=client_secret,
            webhook_secret=webhook_secret,
            scopes=scopes,
            urls=MappingProxyType(dict(urls)),
            timeout=self.provider_timeout,
            redirect_uri=f"{self.base_url}/oauth/{name}/callback",
            missing=tuple(_variable(field) for field in needed if getattr(self, field) is None),
            reads_per_month=reads_per_month,
        )

    def _with_keys(self) -> Self:
        """Return these settings with the two keys made and kept beside the SQLite file, where they are unset.

        :raises SettingsError: the database is not SQLite, where more than one machine has to share the keys.
        """
        absent = [name for name in ("secret_key", "encryption_keys") if not getattr(self, name)]
        if not self.on_sqlite:
            faults = {_variable(name): "is required when the database is not SQLite" for name in absent}
            if faults:
                raise SettingsError(faults)
            return self
        path = self.database.database
        folder = None if path in {None, "", ":memory:"} else Path(str(path)).parent
        try:
            made = {name: SecretStr(read_or_make_key(folder, name)) for name in absent}
        except OSError as error:
            raise SettingsError(
                {_variable(name): f"cannot be kept in {folder} ({error.strerror})" for name in absent}
            ) from None
        update = {name: (key,) if name == "encryption_keys" else key for name, key in made.items()}
        return self.model_copy(update=update)


def load_settings(*, env_file: Path | None = Path(".env"), **overrides: Any) -> Settings:
    """Read the settings from the environment and the ``.env`` file; ``overrides``, by field name, win over both.

    On SQLite the keys are made on the first start, in files only their owner may read.

    :raises SettingsError: a value is missing or wrong; every fault is named at once.
    """
    try:
        settings = Settings(_env_file=env_file, **overrides)
    except ValidationError as error:
        raise SettingsError(
            {_variable(str(fault["loc"][0])): _sentence(fault["msg"]) for fault in error.errors(include_input=False)}
        ) from None
    return settings._with_keys()  # noqa: SLF001 - the second half of reading them


def _variable(field: str) -> str:
    return f"{PREFIX}{field}".upper()


def _sentence(message: str) -> str:
    text = message.removeprefix("Value error, ")
    return text.removeprefix("Input ").replace("should", "must", 1)
