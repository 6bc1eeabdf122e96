"""The project's own source as the house rules see it: files, their text, their syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

CODE = ("service", "scheduler", "sandbox", "migrations")
EVERYTHING = (*CODE, "benchmarks", "docs", "scripts", "tests", ".ci")
TEXT_SUFFIXES = {".py", ".md", ".html", ".css", ".js", ".toml", ".txt", ".json", ".csv", ".svg", ".mako", ".ini", ""}


@dataclass(frozen=True)
class Source:
    """One file: where it stands, with forward slashes from the top of the repository, and what it says."""

    path: str
    text: str

    @property
    def parts(self) -> tuple[str, ...]:
        """The folders of the path and the file's name."""
        return tuple(self.path.split("/"))

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree of a Python file."""
        return ast.parse(self.text, self.path)

    @cached_property
    def docstrings(self) -> frozenset[int]:
        """The identities of the nodes that are text for people: docstrings and bare strings."""
        return frozenset(id(node.value) for node in ast.walk(self.tree) if isinstance(node, ast.Expr))

    def under(self, *folders: str) -> bool:
        """Tell whether the file stands in one of the folders."""
        return any(self.path.startswith(f"{folder}/") for folder in folders)


def read_sources(*folders: str, suffixes: set[str] | None = None) -> Iterator[Source]:
    """Yield the files below the folders in order; Python files unless other suffixes are asked for."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix in (suffixes or {".py"}) and "__pycache__" not in path.parts:
                yield Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))


def read_top_level() -> Iterator[Source]:
    """Yield the text files that stand at the top of the repository."""
    for path in sorted(ROOT.iterdir()):
        if path.is_file() and path.suffix in TEXT_SUFFIXES and path.name not in {".env", ".coverage"}:
            yield Source(path.name, path.read_text(encoding="utf-8"))
