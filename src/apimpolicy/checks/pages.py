"""The page of every code: a rule's is its module's docstring, others are in files of data."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from apimpolicy.checks.audit_codes import audit_codes
from apimpolicy.checks.catalogue import entry_of, page_of
from apimpolicy.checks.compiler_pages import explained_codes, page_of_compiler_code, page_on_the_web

if TYPE_CHECKING:
    from apimpolicy.checks.rule import Rule

SITE = "https://apimpolicy.github.io/apimpolicy/"
"""The address of the documentation."""


@cache
def _pages() -> dict[str, dict[str, str]]:
    """Return title, text and evidence of the codes in `code_pages.toml`."""
    with open(os.path.join(os.path.dirname(__file__), "code_pages.toml"), "rb") as file:
        rows = tomllib.load(file)
    families = rows.pop("families")
    return {code: families[row["family"]] | row for code, row in rows.items()}


def evidence_of(code: str) -> str:
    """Return evidence of gateways refusing a code's cases; empty for rules, whose page has it."""
    return _pages().get(code, {}).get("evidence", "")


def page_of_code(code: str, rules: Iterable[type[Rule]] = ()) -> str | None:
    """Return the page of a code, its title first; None when neither `check` nor one of these rules reports it."""
    for rule in rules:
        if rule.code == code:
            return rule.page()
    if (entry := entry_of(code)) is not None:
        return page_of(entry)
    if (page := page_of_compiler_code(code)) is not None:
        return page
    if (audited := audit_codes().get(code)) is not None:
        return audited.page
    if (own := _pages().get(code)) is None:
        return None
    evidence = f"\n\n**Evidence.** {own['evidence']}" if own.get("evidence") else ""
    return f"{own['title']}.\n\n{own['text'].replace('{code}', code)}{evidence}"


def address_of_code(code: str) -> str:
    """Return the address of a code's page on the web: the compiler's own, or that of the documentation."""
    return page_on_the_web(code) if code.startswith("CS") else f"{SITE}reference/codes/#{code.lower()}"


def title_of_code(code: str, rules: Iterable[type[Rule]] = ()) -> str:
    """Return the one-line title of a code: the name of a rule and what it finds; empty for an unknown code."""
    page = page_of_code(code, rules)
    return "" if page is None else page.partition("\n")[0].rstrip(".")


def all_codes() -> list[str]:
    return sorted((*_pages(), *explained_codes(), *audit_codes()))
