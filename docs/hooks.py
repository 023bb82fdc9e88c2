"""Hooks of `mkdocs build`: pages of rules, navigation, links, and highlighting of policies.

A rule's page is the docstring of its module, which `apimpolicy rule POL301` prints too. A page below how-to/ or
reference/ that mkdocs.yml does not name is added to the end of its section, with the pages in the folder of its name.

Generated pages are not in git, so committed pages link to them on the published site; such links become relative here,
and are checked like others. Links to files outside of docs/ become plain text.
"""

from __future__ import annotations

import posixpath
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

HERE = Path(__file__).parent
RULES = "reference/rules"
SECTIONS = {"How-to guides": "how-to", "Reference": "reference"}
_OTHERS = {"POL1": "Structure of a document", "POL0": "Reading a document", "APIM": "C# that the gateway allows"}
_COMPILER = "Frequent errors of the C# compiler"
_SENTENCES = {"1": "Structure", "2": "Expressions and variables", "3": "Security", "4": "Behavior"}
_LINK = re.compile(r"\[([^\]\n]+)\]\((?![a-z]+:|#)([^)\s]+)\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Write the generated pages and complete the navigation."""
    if str(HERE.parent) not in sys.path:  # mkdocs takes back what a hook's module puts there
        sys.path.insert(0, str(HERE.parent))
    from docs.generated import write  # type: ignore[import-not-found]
    from docs.policy_lexer import install  # type: ignore[import-not-found]

    write()
    install()
    nav: list[Any] = list(config.nav or [])
    named = set(_paths(nav))
    for section in nav:
        ((title, entries),) = section.items()
        if title in SECTIONS:
            folder = HERE / SECTIONS[title]
            pages = sorted(path.relative_to(HERE).as_posix() for path in folder.glob("*.md"))
            entries += (_group(page) for page in pages if page not in named)
        if title == "Reference":
            entries.append({"Rules": [f"{RULES}/index.md", *(f"{RULES}/{code}.md" for code in _codes())]})
    config.nav = nav
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the rules."""
    from mkdocs.structure.files import File

    files.append(File.generated(config, f"{RULES}/index.md", content=rule_list()))
    for code in _codes():
        files.append(File.generated(config, f"{RULES}/{code}.md", content=rule_page(code)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Make links to the published site relative, and remove links to files outside of docs/."""
    folder = posixpath.dirname(page.file.src_uri)

    def own(match: re.Match[str]) -> str:
        path, hash_, anchor = match[1].partition("#")
        return "](" + posixpath.relpath(f"{path.strip('/')}.md", folder or ".") + hash_ + anchor + ")"

    markdown = re.sub(rf"\]\({re.escape(config.site_url or '')}([^)\s]+)\)", own, markdown)

    def link(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, match[2].partition("#")[0]))
        return match[1] if target.startswith("../") else match[0]

    return _LINK.sub(link, markdown)


def rule_list() -> str:
    """Return the page that lists every code."""
    from apimpolicy.checks.catalogue import entries, page_of, rule_class
    from apimpolicy.checks.pages import all_codes, page_of_code

    lines = ["# Rules", ""]
    lines.append(
        "Every code that `apimpolicy check` reports. `apimpolicy rule POL301` prints the page of a rule. Codes are "
        "never reused or renamed. `CS####` are codes of the C# compiler; the most frequent ones have a page here.\n"
    )
    kinds: dict[str, list[str]] = {kind: [] for kind in (*_SENTENCES.values(), *_OTHERS.values(), _COMPILER)}
    for code in all_codes():
        title = (page_of_code(code) or "").partition("\n")[0].rstrip(".")
        kinds[_OTHERS.get(code[:4], _COMPILER)].append(f"| [{code}]({code}.md) | {title} | |")
    for entry in entries():
        rule = rule_class(entry.module)
        how = rule.severity.value + ("" if rule.by_default else ", off by default")
        title = page_of(entry).partition("\n")[0].rstrip(".")
        kinds[_SENTENCES[entry.code[3]]].append(f"| [{entry.code}]({entry.code}.md) | {title} | {how} |")
    for kind, rows in kinds.items():
        lines += [f"## {kind}", "", "| code | what it finds | severity |", "| --- | --- | --- |", *rows, ""]
    return "\n".join(lines)


def rule_page(code: str) -> str:
    """Return the page of a code."""
    from apimpolicy.checks.pages import page_of_code

    title, _, text = (page_of_code(code) or "").partition("\n")
    _, colon, rest = title.partition(": ")
    head = f"# {_title(code)}\n" + (f"\n{rest[:1].upper()}{rest[1:]}\n" if colon else "")
    return head + re.sub(r"(?<![<(`\"])(https?://[^\s)`]+[^\s)`.,:;])", r"<\1>", text)


def _title(code: str) -> str:
    """Return a code with its name, or what it is about."""
    from apimpolicy.checks.pages import page_of_code

    name = (page_of_code(code) or "").partition("\n")[0].partition(": ")[0]
    return f"{code} {name.rstrip('.')}"


def _codes() -> list[str]:
    from apimpolicy.checks.catalogue import entries
    from apimpolicy.checks.pages import all_codes

    return sorted({*all_codes(), *(entry.code for entry in entries())})


def _paths(nav: list[Any]) -> Iterator[str]:
    for entry in nav:
        if isinstance(entry, str):
            yield entry
        else:
            for inner in entry.values():
                yield from [inner] if isinstance(inner, str) else _paths(inner)


def _group(page: str) -> str | dict[str, list[Any]]:
    """Return a page, or a group with the pages in the folder of its name."""
    path = HERE / page
    inner = sorted(each.relative_to(HERE).as_posix() for each in path.with_suffix("").glob("*.md"))
    return {path.stem.capitalize(): [page, *inner]} if inner else page
