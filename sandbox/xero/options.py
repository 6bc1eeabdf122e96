"""What can be set on a Xero sandbox."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.common.clock import Clock

#: Scopes an app made since 2 March 2026 can be given (Xero facts 1: granular scopes).
GRANULAR_SCOPES = (
    "openid profile email offline_access"
    " accounting.contacts accounting.contacts.read accounting.invoices accounting.invoices.read"
    " accounting.payments accounting.payments.read accounting.settings accounting.settings.read"
)
#: Scopes of older apps, which end in September 2027.
BROAD_SCOPES = "accounting.transactions accounting.transactions.read"


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """The app registered at this Xero, its organisations and how strict the limits are."""

    client_id: str = "SANDBOXXEROCLIENT000000000000000"
    client_secret: str = "sandbox-xero-secret"  # noqa: S105 - the sandbox's own app, made up
    webhook_key: str = "sandbox-xero-webhook-key"
    webhook_url: str | None = None  #: with a URL, changes are posted there as they happen
    redirect_uris: tuple[str, ...] | None = None  #: None accepts any that Xero would let an app register
    allowed_scopes: str = GRANULAR_SCOPES
    auto_consent: bool = False  #: the consent page allows the first organisation by itself
    books: tuple[str, ...] = ("demo", "empty")  #: one organisation each: "demo" (sample books) or "empty" (chart only)
    per_minute: int | None = 60  #: calls per organisation; None lifts the limit
    per_day: int | None = 5000  #: 1,000 on the Starter tier
    app_per_minute: int | None = 10_000
    concurrent: int | None = 5
    emails_per_day: int = 1000  #: a trial has 20, Xero's own demo company none
    clock: Clock | None = None

    @classmethod
    def unlimited(cls) -> SandboxOptions:
        """Return options without call limits, for tests about something else."""
        return cls(per_minute=None, per_day=None, app_per_minute=None, concurrent=None)
