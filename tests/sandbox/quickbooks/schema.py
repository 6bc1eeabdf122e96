"""Holding JSON answers against the published XSD types: element names, types, lists and enumerations."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "fixtures" / "spec" / "quickbooks"
XS = "{http://www.w3.org/2001/XMLSchema}"
_SIMPLE = {
    "string": lambda value: isinstance(value, str),
    "anyURI": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "decimal": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "int": lambda value: isinstance(value, int | float) and value == int(value) and not isinstance(value, bool),
    "positiveInteger": lambda value: isinstance(value, int) and value > 0,
    "date": lambda value: isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None,
    "dateTime": lambda value: (
        isinstance(value, str)
        and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)", value) is not None
    ),
}


class Schema:
    """The types of all files of the folder."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._types: dict[str, ET.Element] = {}
        for file in sorted(folder.glob("*.xsd")):
            for found in ET.parse(file).getroot():  # noqa: S314 - our own files
                self._types.setdefault(str(found.get("name")), found)

    def problems(self, value: Any, type_name: str, path: str = "") -> Iterator[str]:
        """Yield what is wrong with a value that should be of the type, each as "path: what"."""
        path = path or type_name
        if type_name.startswith("xs:"):
            if not _SIMPLE[type_name[3:]](value):
                yield f"{path}: {value!r} is no {type_name[3:]}"
            return
        found = self._types[type_name]
        if type_name == "ReferenceType":
            yield from _reference(value, path)
        elif found.tag == f"{XS}simpleType":
            yield from self._simple(value, found, path)
        elif found.find(f"{XS}simpleContent") is not None:
            if not (isinstance(value, dict) and isinstance(value.get("value"), str)):
                yield f"{path}: {value!r} is no object with a text as value"
        elif not isinstance(value, dict):
            yield f"{path}: {value!r} is no object"
        else:
            yield from self._complex(value, type_name, path)

    def _simple(self, value: Any, found: ET.Element, path: str) -> Iterator[str]:
        allowed = [one.get("value") for one in found.iter(f"{XS}enumeration")]
        if allowed and value not in allowed:
            yield f"{path}: {value!r} is none of the words"
        elif not isinstance(value, str):
            yield f"{path}: {value!r} is no text"

    def _complex(self, value: Mapping[str, Any], type_name: str, path: str) -> Iterator[str]:
        elements = self._elements(type_name)
        for key, one in value.items():
            if key not in elements:
                yield f"{path}.{key}: no such element"
                continue
            kind, many = elements[key]
            if many != isinstance(one, list):
                yield f"{path}.{key}: {'should be' if many else 'is no'} list"
                continue
            for each in one if many else [one]:
                yield from self.problems(each, kind, f"{path}.{key}")

    def _elements(self, type_name: str) -> dict[str, tuple[str, bool]]:
        """Return type and list-ness of every element and attribute of a type and what it extends."""
        found = self._types[type_name]
        result: dict[str, tuple[str, bool]] = {}
        base = found.find(f".//{XS}extension")
        if base is not None:
            result |= self._elements(str(base.get("base")))
        for element in found.iter(f"{XS}element"):
            name, kind = element.get("name"), element.get("type")
            if name and kind:
                result[name] = (kind, element.get("maxOccurs") == "unbounded")
        for attribute in found.iter(f"{XS}attribute"):
            result[str(attribute.get("name"))] = (str(attribute.get("type")), False)
        return result


def _reference(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict) or not isinstance(value.get("value"), str):
        yield f"{path}: {value!r} is no reference"
    elif set(value) - {"value", "name", "type"}:
        yield f"{path}: a reference has only value, name and type"
