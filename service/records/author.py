"""Who changes a record, and when: what every use case that writes is told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """The author of one unit of work."""

    organisation_id: str
    actor: str  #: "user:<id>", "token:<id>", "package", "sync", "import"
    now: datetime  #: aware, UTC
    why: str | None = None  #: for the audit trail, where the change needs a reason
    except_connection_id: str | None = None  #: the connection that the change was pulled from: it is not told again

    def everywhere(self) -> Author:
        """Return the author of what follows from a change: where that was pulled from, nobody knows of it either."""
        return replace(self, except_connection_id=None)
