"""What can be set on a QuickBooks sandbox."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from sandbox.common.clock import Clock

SAMPLE_REALM = "9130350000000001"
EMPTY_REALM = "9130350000000002"
SCOPE = "com.intuit.quickbooks.accounting"


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """The app registered at this QuickBooks, how its tokens live, and how strict the limits are."""

    client_id: str = "ABsandboxQuickBooksClient0000000000000000000000000"
    client_secret: str = "sandbox-quickbooks-secret"  # noqa: S105 - the sandbox's own app, made up
    webhook_verifier: str = "sandbox-quickbooks-verifier"
    webhook_url: str | None = None  #: with a URL, changes are posted there as they happen
    webhook_form: str = "cloudevents"  #: or "legacy"
    redirect_uris: tuple[str, ...] | None = None  #: None accepts https and http://localhost, as development keys do
    auto_consent: bool = False  #: the consent page allows the first company by itself
    access_life: timedelta = timedelta(hours=1)
    refresh_life: timedelta = timedelta(days=100)  #: rolling: counted from the last use
    refresh_hard_end: timedelta = timedelta(days=5 * 365)  #: from the user's consent, whatever is used
    rotation: timedelta = timedelta(hours=24)  #: age at which a refresh token's value changes with its next use
    rotate_always: bool = False
    books: tuple[str, ...] = ("sample", "empty")  #: one company each: "sample" or "empty"
    country: str = "US"  #: of the empty company; the sample company is in the US
    multicurrency: bool = False
    automated_sales_tax: bool = False
    per_minute: int | None = 500  #: requests per company; None lifts the limit
    per_second: int | None = 10
    concurrent: int | None = 10
    batches_per_minute: int | None = 120
    request_ids_kept: timedelta = timedelta(days=30)  #: undocumented; a retry within it gets the first answer
    clock: Clock | None = field(default=None)

    @classmethod
    def unlimited(cls, **changes: object) -> SandboxOptions:
        """Return options without call limits, for tests about something else."""
        free = cls(per_minute=None, per_second=None, concurrent=None, batches_per_minute=None)
        return replace(free, **changes)  # type: ignore[arg-type] # checked by the dataclass
