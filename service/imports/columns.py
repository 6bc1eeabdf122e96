"""Whose list it is: the layout that knows most of its headings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.imports.sheet import Line, UnreadableFile
from service.mapping.columns import FIELDS, Layout, columns_of, heading_key
from service.providers import Provider

OWN = Layout(
    name="our own columns",
    columns=columns_of(
        {field: (field,) for field in FIELDS}
        | {
            "name": ("name", "full_name"),
            "parent": ("parent", "parent_name"),
            **{
                field: (field, field.replace("contact1_", "contact_"))
                for field in FIELDS
                if field.startswith("contact1_")
            },
        }
    ),
    has_paths=True,
)
#: Reports begin with a title or two; the headings stand below.
_TITLE_LINES = 10


@dataclass(frozen=True, slots=True)
class Headed:
    """A list whose headings are understood."""

    layout: Layout
    fields: tuple[str | None, ...]  #: of each column; None where its heading is not known
    headings: tuple[str, ...]
    lines: Sequence[Line]  #: below the headings

    @property
    def ignored(self) -> list[str]:
        """Headings that nothing is taken from."""
        return [heading for heading, field in zip(self.headings, self.fields, strict=True) if heading and field is None]


def all_layouts(providers: Mapping[str, Provider]) -> tuple[Layout, ...]:
    """Return every layout there is, our own first."""
    return (OWN, *(provider.customer_columns for provider in providers.values()))


def understand(lines: Sequence[Line], layouts: Sequence[Layout]) -> Headed:
    """Find the headings and the layout that knows most of them; of several that know as many, the first.

    :raises UnreadableFile: no row has a heading for the name, or one field has two columns.
    """
    for position, line in enumerate(lines[:_TITLE_LINES]):
        keys = [heading_key(cell) for cell in line.cells]
        fit = [layout for layout in layouts if "name" in {layout.columns.get(key) for key in keys}]
        if not fit:
            continue
        layout = max(fit, key=lambda one: sum(key in one.columns for key in keys))
        fields = tuple(layout.columns.get(key) for key in keys)
        twice = next((field for field in fields if field is not None and fields.count(field) > 1), None)
        if twice is not None:
            columns = " and ".join(
                f"'{cell}'" for cell, field in zip(line.cells, fields, strict=True) if field == twice
            )
            raise UnreadableFile(f"line {line.number} has {columns} for the same field; remove one")
        return Headed(layout, fields, line.cells, lines[position + 1 :])
    raise UnreadableFile(f"no line has the headings of {', '.join(layout.name for layout in layouts)}")
