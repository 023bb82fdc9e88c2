"""Pages as Markdown: of policies, attributes, codes and .NET types, for hovers and assistants."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from importlib import import_module
from inspect import cleandoc
from typing import TYPE_CHECKING, Final, NamedTuple

from apimpolicy.csharp.binding.allow_list import is_member_allowed, is_type_allowed
from apimpolicy.csharp.binding.lookup import types_named
from apimpolicy.csharp.binding.nodes import Call, FieldAccess, PropertyAccess
from apimpolicy.csharp.dotnet.metadata import TypeDefinition, look_up
from apimpolicy.editor.caret import nodes_of_kind
from apimpolicy.editor.signatures import note_about, short
from apimpolicy.editor.workspace import Location
from apimpolicy.gateway.policies import conversions
from apimpolicy.gateway.policies.registry import specification_of, why_not_simulated

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.signatures import Member
    from apimpolicy.editor.analysis import Analysis
    from apimpolicy.gateway.policies.spec import AttributeSlot, Specification
    from apimpolicy.testing.format import Keys


# The pages of policies, attributes and codes, as Markdown for a hover or a list

_EXAMPLE = re.compile(r"```xml\n(.*?)```", re.DOTALL)
_ABOUT_PYTHON = re.compile(r"^Simulated|`Gateway\(|`gateway\.|`result\.")
_KINDS: dict[object, str] = {
    conversions.boolean: "true or false",
    conversions.integer: "a whole number",
    conversions.number: "a number",
}


@lru_cache(256)
def policy_page(name: str) -> str:
    specification = specification_of(name)
    if specification is None:
        reason = why_not_simulated(name)
        return f"**{name}**\n\nNot simulated, {reason}" if reason else ""
    return f"{specification.documentation}\n\nSections: {', '.join(sorted(specification.sections))}."


def page_for_editors(name: str) -> str:
    """Return the page of a policy without the paragraphs about the simulator, which the site has."""
    return "\n\n".join(part for part in policy_page(name).split("\n\n") if not _ABOUT_PYTHON.search(part))


@lru_cache(256)
def summary(name: str) -> str:
    """Return the summary of a policy: the text after its name."""
    page = policy_page(name).partition("\n")[0]
    return page.partition(": ")[2] or page


def attribute_page(specification: Specification, slot: AttributeSlot) -> str:
    said = [f"**{slot.name}** of `{specification.name}`: {kind_of(slot)}"]
    said.append(
        "Required." if slot.required else f"Default: `{_shown(slot.default)}`." if slot.default is not None else ""
    )
    said.append("May be an expression." if slot.expression else "The gateway evaluates no expression in it.")
    if slot.sets:
        said.append(f"Names a variable, which becomes a `{slot.sets}`.")
    return "\n\n".join(part for part in said if part)


def kind_of(slot: AttributeSlot) -> str:
    """Return the values of an attribute in words."""
    if slot.values:
        return "one of " + ", ".join(f"`{value}`" for value in slot.values)
    return _KINDS.get(slot.convert, "a text")


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# Pages of .NET types with the members that expressions may use, as text and as files to go to


def page_of_type(name: str) -> str:
    """Return the pages of the types of a name; empty where there is none."""
    found = [d for arity in range(4) for d in types_named(name, arity)] or [
        definition for arity in range(4) if (definition := look_up(name, arity)) is not None
    ]
    return "\n".join("\n".join(_lines(definition)) for definition in found)


def _lines(definition: TypeDefinition) -> list[str]:
    allowed = "allowed" if is_type_allowed(definition) else "not allowed in expressions"
    members = (m for m in definition.all_members() if is_member_allowed(m))  # type: ignore[arg-type]  # no operators
    rows = (f"- `{short(member.signature)}` {note_about(member)}".rstrip() for member in members)
    return [f"# {definition.name}: {allowed}", "", *rows]


def member_at(analysis: Analysis, offset: int) -> Member | None:
    """Return the member of .NET or of the context object whose name is at an offset of the file."""
    found = analysis.code_at(offset)
    if found is None:
        return None
    _, expression, place = found
    for kind, field in ((Call, "method"), (PropertyAccess, "property"), (FieldAccess, "field")):
        for node in nodes_of_kind(expression, kind):
            name = getattr(getattr(node.syntax, "target", node.syntax), "name", None)
            start = getattr(name, "start", -1)
            if 0 <= start <= place <= start + len(getattr(name, "text", "")):
                member: Member = getattr(node, field)
                return member
    return None


def page_location(member: Member) -> Location:
    """Return where a member is on its type's page, which is written as a file of this session."""
    definition = member.declaring
    lines = _lines(definition)
    path = os.path.join(_folder(), f"{definition.name.replace('<', '_').replace('>', '')}.md")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    signature = f"- `{short(member.signature)}`"
    return Location(path, line=next((n for n, line in enumerate(lines) if line.startswith(signature)), 0))


@cache
def _folder() -> str:
    folder = tempfile.mkdtemp(prefix="apimpolicy-pages-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


# Pages for coding assistants: policies, codes, .NET types, and the formats of test files, claims and settings


class Topic(NamedTuple):
    """A page about a format: its title, what it is about, and the function that writes it."""

    title: str
    description: str
    text: Callable[[], str]


def page_named(name: str) -> str:
    """Return the page of a topic, a policy, a code, a rule, a .NET type or a text of Azure; empty if there is none."""
    from apimpolicy.checks.pages import UnknownCodeError, code_of, page_of_code, page_of_text

    if name in TOPICS:
        return TOPICS[name].text()
    if text := policy_page(name) or page_of_type(name):
        return text
    try:
        return page_of_code(code_of(name, ())) or ""
    except UnknownCodeError:
        return page_of_code(name.upper()) or page_of_text(name)


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
    from apimpolicy.testing.claims.reading import library

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
    "What check looks for": ("check_configuration", "rule_tables"),
    "Who may reach a backend": ("audit_settings",),
    "What fails the gate": ("gate_settings",),
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
