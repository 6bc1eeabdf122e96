"""What each package can do and hold, over HTTP."""

from __future__ import annotations

from pydantic import BaseModel

from service.api.routes import routes
from service.api.runs import platform
from service.api.units import acts
from service.store.accounts import Role
from service.sync import capability

api = routes("Capabilities", about="What each package can do and hold, side by side.")


class CapabilityRow(BaseModel):
    """One thing, as each package has it, in the order of the packages."""

    title: str
    cells: list[str]


class CapabilityPart(BaseModel):
    """Rows about one matter."""

    title: str
    rows: list[CapabilityRow]


class CapabilityTable(BaseModel):
    """What each package can do and hold."""

    packages: list[str]
    parts: list[CapabilityPart]


@api.get("/capabilities", responses={200: CapabilityTable})
@acts(Role.VIEWER)
def list_capabilities() -> CapabilityTable:
    """Tell what each package can do and hold, side by side."""
    found = capability.table(platform().providers)
    parts = [
        CapabilityPart(
            title=part.title, rows=[CapabilityRow(title=row.title, cells=list(row.cells)) for row in part.rows]
        )
        for part in found.parts
    ]
    return CapabilityTable(packages=list(found.packages), parts=parts)
