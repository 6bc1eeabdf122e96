"""The house rules that no linter knows: each holds for the whole tree, and each notices a planted breach."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from tests.support.source import CODE, EVERYTHING, TEXT_SUFFIXES, Source, read_sources, read_top_level

#: A breach: the line it stands on and what is wrong there.
Breach = tuple[int, str]

MODULE_LINES = 400
FUNCTION_LINES = 50

#: How each provider may be called, and so the words that belong into its own folders alone.
PROVIDER_WORDS = {"xero": ("xero",), "quickbooks": ("quickbooks", "qbo", "intuit")}
PROVIDER_FOLDERS = ("service/connectors", "service/mapping", "sandbox")
#: Where providers are registered and configured.
PROVIDER_TABLES = {"service/providers.py", "service/settings.py"}
ANY_PROVIDER = re.compile("|".join(word for words in PROVIDER_WORDS.values() for word in words), re.IGNORECASE)

BANNED_WORDS = {"manager", "helper", "util", "process", "handle", "data", "info"}
BANNED = BANNED_WORDS | {f"{word}s" for word in BANNED_WORDS}
#: Names that a library prescribes for what it calls.
PRESCRIBED_NAMES = {
    "process_bind_param",  # SQLAlchemy's TypeDecorator
    "process_result_value",  # SQLAlchemy's TypeDecorator
}

#: Modules longer than the limit, each with the reason why cutting it would be worse. Empty is the aim.
LONG_MODULES: Mapping[str, str] = {}

#: Files of core, mapping and store that need a float, each with what it measures. Never money.
FLOATS: Mapping[str, str] = {}


def names_of_providers(source: Source) -> Iterator[Breach]:
    """Code names a provider only in that provider's folders and in the registration table (invariant 12)."""
    if source.path in PROVIDER_TABLES:
        return
    own = next((p for p in PROVIDER_WORDS if source.under(*(f"{folder}/{p}" for folder in PROVIDER_FOLDERS))), None)
    allowed = PROVIDER_WORDS.get(own or "", ())
    for line, text in _words_of_code(source):
        for found in ANY_PROVIDER.findall(text):
            if found.lower() not in allowed:
                yield line, f"names the provider {found!r}"


def _words_of_code(source: Source) -> Iterator[tuple[int, str]]:
    """Yield every name and string of a Python file but docstrings; every line of any other file."""
    if not source.path.endswith(".py"):
        yield from enumerate(source.text.splitlines(), start=1)
        return
    for node in ast.walk(source.tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str) and id(node) not in source.docstrings:
                yield line, node.value
        elif isinstance(node, ast.ImportFrom):
            yield line, node.module or ""
        else:
            yield from ((line, text) for text in _own_names(node))


def _own_names(node: ast.AST) -> Iterator[str]:
    for field in ("id", "attr", "name", "asname", "arg"):
        value = getattr(node, field, None)
        if isinstance(value, str):
            yield value


def clock_readings(source: Source) -> Iterator[Breach]:
    """The pure parts are told the time, they never look it up."""
    for call in _calls(source):
        match call.func:
            case ast.Attribute(attr="now" | "utcnow" | "today", value=ast.Name(id="datetime" | "date" | "dt")):
                yield call.lineno, "reads the clock"
            case ast.Attribute(attr="now" | "utcnow" | "today", value=ast.Attribute(attr="datetime" | "date")):
                yield call.lineno, "reads the clock"
            case ast.Attribute(value=ast.Name(id="time"), attr="time" | "monotonic" | "time_ns" | "perf_counter"):
                yield call.lineno, "reads the clock"
            case _:
                pass


def commits(source: Source) -> Iterator[Breach]:
    """Only the store ends a transaction."""
    for call in _calls(source):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "commit":
            yield call.lineno, "commits outside the store"


def statements(source: Source) -> Iterator[Breach]:
    """Queries are named functions of the store; nobody else builds a statement."""
    builders = {"select", "insert", "update", "delete", "text"}
    for node in ast.walk(source.tree):
        match node:
            case ast.ImportFrom(module=module, names=names) if module and module.split(".")[0] == "sqlalchemy":
                for name in names:
                    if name.name in builders:
                        yield node.lineno, f"imports {name.name}() of SQLAlchemy"
            case ast.Call(func=ast.Name(id="select") | ast.Attribute(attr="select")):
                yield node.lineno, "builds a query"
            case _:
                pass


def floats(source: Source) -> Iterator[Breach]:
    """Money, quantities and rates are decimals; where floats can't appear, they can't carry them."""
    for node in ast.walk(source.tree):
        match node:
            case ast.Constant(value=float() as value):
                yield node.lineno, f"holds the float {value}"
            case ast.Name(id="float"):
                yield node.lineno, "uses float"
            case _:
                pass


def banned_words(source: Source) -> Iterator[Breach]:
    """A name says what a thing is, not that it deals with something."""
    for line, name in [(1, source.parts[-1].removesuffix(".py")), *_defined_names(source)]:
        words = set(re.findall(r"[a-z]+|[A-Z][a-z]*|[0-9]+", name))
        if name not in PRESCRIBED_NAMES and {word.lower() for word in words} & BANNED:
            yield line, f"the name {name!r} holds a banned word"


def _defined_names(source: Source) -> Iterator[tuple[int, str]]:
    for node in ast.walk(source.tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name):
                yield node.lineno, name
            case ast.Name(id=name, ctx=ast.Store()):
                yield node.lineno, name
            case _:
                pass


def long_modules(source: Source) -> Iterator[Breach]:
    """A module holds one idea."""
    count = len(source.text.splitlines())
    if count > MODULE_LINES:
        yield 1, f"has {count} lines; the limit is {MODULE_LINES}"


def long_functions(source: Source) -> Iterator[Breach]:
    """A function fits on a screen, its docstring not counted."""
    for node in ast.walk(source.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            documented = ast.get_docstring(node, clean=False) is not None
            first = node.body[0].end_lineno if documented else node.lineno
            count = (node.end_lineno or 0) - (first or 0)
            if count > FUNCTION_LINES:
                yield node.lineno, f"{node.name}() has {count} lines; the limit is {FUNCTION_LINES}"


def machine_paths(source: Source) -> Iterator[Breach]:
    """Nothing depends on, or tells of, the machine it was written on."""
    for number, line in enumerate(source.text.splitlines(), start=1):
        # A path segment of its own, not the end of a longer path or of an address.
        if re.search(r"(?<![\w.:/~$}-])/(?:ro{2}t|wor{1}k|farm|ho{1}me/\w+|Users/\w+)/", line):
            yield number, "holds a path of somebody's machine"


def _calls(source: Source) -> Iterator[ast.Call]:
    return (node for node in ast.walk(source.tree) if isinstance(node, ast.Call))


@dataclass(frozen=True)
class Rule:
    """A rule, where it holds, where it does not and why, and the smallest file that breaks it."""

    check: Callable[[Source], Iterator[Breach]]
    folders: tuple[str, ...]
    planted: Source
    except_for: tuple[str, ...] = ()
    suffixes: frozenset[str] = frozenset({".py"})


#: A migration is one long list of tables and is never edited again.
FROZEN = ("migrations/versions",)
PURE = ("service/core", "service/mapping")
EDGES = ("service/sync", "service/records", "service/api", "service/web", "scheduler")

RULES = [
    Rule(
        names_of_providers,
        CODE,
        Source("service/sync/push.py", 'def push(name):\n    return name == "xero"\n'),
        suffixes=frozenset({".py", ".html", ".css", ".js"}),
    ),
    Rule(clock_readings, PURE, Source("service/core/a.py", "now = datetime.now(UTC)\n")),
    Rule(commits, CODE, Source("service/sync/a.py", "session.commit()\n"), except_for=("service/store", "migrations")),
    Rule(statements, EDGES, Source("service/api/a.py", "from sqlalchemy import select\n")),
    Rule(floats, (*PURE, "service/store"), Source("service/core/a.py", "rate = 0.2\n"), except_for=tuple(FLOATS)),
    Rule(banned_words, CODE, Source("service/sync/a.py", "class SyncManager: ...\n")),
    Rule(long_modules, (*CODE, "tests"), Source("service/a.py", "a = 1\n" * 401), except_for=(*FROZEN, *LONG_MODULES)),
    Rule(long_functions, CODE, Source("service/a.py", "def a():\n" + "    b()\n" * 51), except_for=FROZEN),
    Rule(
        machine_paths,
        EVERYTHING,
        Source("docs/a.md", "Look into /wor" + "k/main/service.\n"),
        suffixes=frozenset(TEXT_SUFFIXES),
    ),
]


def _name(rule: Rule) -> str:
    return rule.check.__name__


@pytest.mark.parametrize("rule", RULES, ids=_name)
def test_the_rule_holds_for_the_whole_tree(rule: Rule) -> None:
    sources = [*read_sources(*rule.folders, suffixes=set(rule.suffixes))]
    if rule.check is machine_paths:
        sources += read_top_level()
    breaches = [
        f"{source.path}:{line}: {wrong}"
        for source in sources
        if not source.under(*rule.except_for) and source.path not in rule.except_for
        for line, wrong in rule.check(source)
    ]
    assert not breaches, "\n".join(breaches)


@pytest.mark.parametrize("rule", RULES, ids=_name)
def test_a_planted_breach_is_caught(rule: Rule) -> None:
    assert list(rule.check(rule.planted))


@pytest.mark.parametrize("table", [LONG_MODULES, FLOATS], ids=["long modules", "floats"])
def test_no_exception_outlives_its_need(table: Mapping[str, str]) -> None:
    check = long_modules if table is LONG_MODULES else floats
    needed = {source.path for source in read_sources(*CODE, "tests") if list(check(source))}
    assert set(table) <= needed


@pytest.mark.parametrize(
    ("path", "text", "caught"),
    [
        ("service/core/a.py", '"""Xero facts: developer.xero.com, Contacts."""\n', False),
        ("service/core/a.py", "a = 1  # Xero trims names\n", False),
        ("service/core/a.py", "from service.mapping.xero import contact\n", True),
        ("service/core/a.py", "import quickbooks.client\n", True),
        ("service/core/a.py", "qbo_id = 1\n", True),
        ("service/core/a.py", "def push(*, intuit_tid): ...\n", True),
        ("service/mapping/xero/a.py", "from xero_python.accounting import Contact\n", False),
        ("service/mapping/xero/a.py", 'a = "QuickBooks"\n', True),
        ("service/connectors/quickbooks/a.py", 'a = "intuit_tid"\n', False),
        ("sandbox/quickbooks/a.py", 'a = "QuickBooks"\n', False),
        ("service/connectors/a.py", 'a = "QuickBooks"\n', True),
        ("service/providers.py", 'a = "QuickBooks"\n', False),
        ("service/web/templates/a.html", "<p>Connect to Xero</p>\n", True),
        ("service/web/templates/a.html", "<p>Connect to {{ provider.label }}</p>\n", False),
    ],
)
def test_provider_names_are_told_from_talk_about_providers(path: str, text: str, caught: bool) -> None:
    assert bool(list(names_of_providers(Source(path, text)))) == caught


@pytest.mark.parametrize(
    ("text", "caught"),
    [
        ("def handle_push(): ...\n", True),
        ("customer_data = 1\n", True),
        ("def push(*, info): ...\n", True),
        ("class DateUtils: ...\n", True),
        ("metadata = 1\n", False),
        ("handler = 1\n", False),
        ("processed_at = 1\n", False),
        ("request.data\n", False),
        ("def process_bind_param(): ...\n", False),
    ],
)
def test_banned_words_are_whole_words(text: str, caught: bool) -> None:
    assert bool(list(banned_words(Source("service/a.py", text)))) == caught


@pytest.mark.parametrize(
    ("text", "caught"),
    [
        ("see /ro" + "ot/notes for more\n", True),
        ("url = 'https://host/wor" + "k/items'\n", False),
        ("#!/usr/bin/env bash\n", False),
        ("$HOME/.cache/x\n", False),
        ("/ho" + "me/anna/tieout\n", True),
    ],
)
def test_machine_paths_are_told_from_addresses(text: str, caught: bool) -> None:
    assert bool(list(machine_paths(Source("a.md", text)))) == caught


def test_every_test_folder_is_a_package() -> None:
    folders = {source.path.rpartition("/")[0] for source in read_sources("tests")}
    packages = {
        source.path.rpartition("/")[0] for source in read_sources("tests") if source.path.endswith("__init__.py")
    }
    assert folders == packages
