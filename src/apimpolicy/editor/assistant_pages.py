"""Pages for coding assistants: policies, codes, .NET types, and the formats of test files, claims and settings."""

from __future__ import annotations

import re
from importlib import import_module
from inspect import cleandoc
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apimpolicy.testing.format import Keys


class Topic(NamedTuple):
    """A page about a format: its title, what it is about, and the function that writes it."""

    title: str
    description: str
    text: Callable[[], str]


def page_named(name: str) -> str:
    """Return the page of a topic, a policy, a code, a rule or a .NET type; empty where there is none."""
    from apimpolicy.checks.codes import UnknownCodeError, code_of
    from apimpolicy.checks.pages import page_of_code
    from apimpolicy.editor.pages import policy_page
    from apimpolicy.editor.type_pages import page_of_type

    if name in TOPICS:
        return TOPICS[name].text()
    if text := policy_page(name) or page_of_type(name):
        return text
    try:
        return page_of_code(code_of(name, ())) or ""
    except UnknownCodeError:
        return page_of_code(name.upper()) or ""


def _test_files() -> str:
    from apimpolicy.testing.format import CASE, EXPECT, FILE, MATCHING, REQUEST, STEP

    tables = {
        "The file": FILE,
        "A case (`defaults` takes the keys from `gateway` on)": CASE,
        "A step of a case": STEP,
        "`request`": REQUEST,
        "`expect`": EXPECT,
        "A text that is expected": MATCHING,
    }
    return _page("Test files", "testing.case_files", tables, "testing.certificates", "testing.doubles")


def _claims() -> str:
    from apimpolicy.testing.claims.format import CLAIM, CONDITION
    from apimpolicy.testing.claims.named import library

    tables = {"A claim": CLAIM, "A condition as a table": CONDITION}
    named = [f"- `{name}`: {tree.table()['means'].text()}" for name, tree in library().items()]
    text = _page("Claims", "testing.claims.reading", tables, "testing.claims.conditions")
    return "\n".join((text, "## Named claims\n", *named, ""))


CONFIGURATION: Final = {
    "The gateway": ("configuration", "gateway_settings"),
    "What services answer": ("answer_tables",),
    "Backends and pools": ("backend_tables",),
    "A whole service": ("service_tables",),
    "Who issues tokens": ("identity_tables",),
    "Environments": ("environments",),
    "What lives elsewhere": ("declared",),
    "What check looks for": (
        "check_configuration",
        "rule_tables",
    ),
    "Who may reach a backend": ("audit_settings",),
    "How format lays out": ("format_settings",),
    "How serve serves": ("serve_settings",),
}
"""Titles, and the modules of `apimpolicy.project` that read these keys; their docstrings are the page."""


def _configuration() -> str:
    lines = ["# Configuration: apimpolicy.toml, and `gateway` of the tools\n"]
    for title, modules in CONFIGURATION.items():
        lines.append(f"## {title}\n")
        lines += (f"{_docstring(f'project.{module}')}\n" for module in modules)
    return "\n".join(lines)


TOPICS: Final = {
    "test-files": Topic("Test files", "Cases, requests, expectations, certificates, doubles.", _test_files),
    "claims": Topic("Claims", "What `prove` decides for every request: conditions, and named claims.", _claims),
    "configuration": Topic("Configuration", "apimpolicy.toml: the simulated gateway and check.", _configuration),
}
"""Pages about formats, by name."""


def _page(title: str, module: str, tables: dict[str, Keys], *further: str) -> str:
    lines = [f"# {title}\n", f"{_docstring(module)}\n"]
    for name, keys in tables.items():
        lines += [f"## {name}\n", *_rows(keys), ""]
    lines += (f"{_docstring(each)}\n" for each in further)
    return "\n".join(lines)


def _rows(keys: Keys) -> Iterator[str]:
    for key, (_, meaning, example) in keys.items():
        yield f"- `{key}`: {meaning} Example: `{example}`"


def _docstring(module: str) -> str:
    text = cleandoc(import_module(f"apimpolicy.{module}").__doc__ or "")
    return re.sub(r"\b(?:project/|testing/)?\w+\.py\b", "below", text)
