"""The policies of all scopes as one document: each `<base />` is replaced by the policies that run there.

The texts are those of the files, with their `{{named values}}`, which may be secrets; fragments stay included by name.
Comments say where the policies of a wider scope begin and end.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from apimpolicy.engine.document import Policy
from apimpolicy.policies.placement import SCOPES
from apimpolicy.policies.spec import SECTIONS
from apimpolicy.text.document import Element
from apimpolicy.text.markup import read

if TYPE_CHECKING:
    from apimpolicy.engine.steps import Program
    from apimpolicy.report.style import Style
    from apimpolicy.text.document import Node

_INDENT = "    "


def effective_text(program: Program, style: Style) -> str:
    """Return the document of these policies."""
    levels = [(scope, _as_written(program.scopes[scope])) for scope in SCOPES if scope in program.scopes]
    writer = _Writer(levels, style, program.inherits_missing)
    lines = [writer.comment(f"{scope}: {policy.path}") for scope, policy in levels]
    lines.append("<policies>")
    for section in SECTIONS:
        inner = writer.section(section, len(levels) - 1)
        if inner:
            lines += [f"{_INDENT}<{section}>", textwrap.indent(inner, _INDENT * 2), f"{_INDENT}</{section}>"]
        else:
            lines.append(f"{_INDENT}<{section} />")
    lines.append("</policies>")
    return "\n".join(lines)


def _as_written(policy: Policy) -> Policy:
    """Return the document with its `{{named values}}`."""
    return Policy(read(policy.original), policy.original, [], None)


class _Writer:
    """Writes sections, wider scopes inside of narrower ones."""

    def __init__(self, levels: list[tuple[str, Policy]], style: Style, inherit_missing: bool) -> None:
        self.levels = levels
        self.style = style
        self.inherit_missing = inherit_missing

    def section(self, name: str, level: int) -> str:
        """Return the policies of a section from this level outwards, without indentation; empty if there are none."""
        while level >= 0:
            nodes = content(self.levels[level][1], name)
            if nodes is not None:
                return self.spliced(nodes, name, level)
            if not self.inherit_missing:
                return ""
            level -= 1
        return ""

    def spliced(self, nodes: list[Node], section: str, level: int) -> str:
        """Return the text of these nodes, every `<base />` replaced."""
        if not nodes:
            return ""
        text, position, end = nodes[0].source.text, nodes[0].start, nodes[-1].end
        pieces = []
        for base in _bases(nodes):
            before = text[position : base.start]
            indent = before[before.rfind("\n") + 1 :]
            pieces += [before, self.wider(section, level, indent if not indent.strip() else "")]
            position = base.end
        pieces.append(text[position:end])
        return _dedented("".join(pieces))

    def wider(self, section: str, level: int, indent: str) -> str:
        """Return the replacement of a `<base />`. Its first line is already indented."""
        inner = self.section(section, level - 1)
        if not inner:
            return self.comment("nothing from wider scopes")
        scope = next(
            name
            for name, policy in reversed(self.levels[:level])
            if not self.inherit_missing or content(policy, section) is not None
        )
        lines = [self.comment(f"{scope}: begin"), inner, self.comment(f"{scope}: end")]
        return textwrap.indent("\n".join(lines), indent).removeprefix(indent)

    def comment(self, words: str) -> str:
        return self.style.paint("dim", f"<!-- {words.replace('--', '- -')} -->")


def content(policy: Policy, section: str) -> list[Node] | None:
    """Return the nodes of a section; None when the document does not have it."""
    if section not in policy.sections:
        return None
    root = policy.root
    if root.name == "policies":
        found = root.find(section)
    elif root.name in SECTIONS:
        found = next((each for each in policy.document.roots if each.name == section), None)
    else:
        return list(policy.document.children)
    return None if found is None else list(found.children)


def _bases(nodes: list[Node]) -> list[Element]:
    elements = (each for node in nodes if isinstance(node, Element) for each in node.descendants())
    return [each for each in elements if each.name == "base"]


def _dedented(text: str) -> str:
    """Return the lines without the indentation that all of them share, and without empty ones around them."""
    lines = text.rstrip().split("\n")
    while lines and not lines[0].strip():
        del lines[0]
    return textwrap.dedent("\n".join(line.rstrip("\r") for line in lines))
