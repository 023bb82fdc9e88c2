"""Policies in files of infrastructure code, in templates and in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from apimpolicy.diagnostics import Diagnostic
from apimpolicy.project.embedded import is_policy, is_whole
from apimpolicy.project.embedded.pieces import Pieces
from apimpolicy.project.embedded.texts import Texts
from apimpolicy.project.infrastructure.nodes import CodeNode, Unreadable
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from apimpolicy.project.infrastructure.bicep.parser import Declaration
    from apimpolicy.project.infrastructure.terraform.parser import Body

# Terraform: heredocs, quoted strings, and what `format`, `join` and `replace` make of them
#
# `${…}` is a hole, `%{ if }` … `%{ else }` … `%{ endif }` a choice, and so is `%{ for }` … `%{ endfor }`: what it
# repeats is there or not. Comments are no policies. Files that `templatefile` and `file` name are checked as files of
# their own.
#
# Source: https://developer.hashicorp.com/terraform/language/expressions/strings

_SIGNS = ("<", "\\u003c", "\\u003C")
"""Beginnings of policies; values without any of them aren't parsed."""


def terraform(outer: Source) -> list[Pieces]:
    from apimpolicy.project.infrastructure.terraform.parser import parse_file

    def is_wanted(pieces: Pieces, node: CodeNode) -> bool:  # every heredoc is, a quoted string may be a part of one
        return is_policy(pieces.beginning) and (outer.text.startswith("<<", node.start) or is_whole(pieces.whole))

    return Texts(outer, percent=True).among(_values(outer, parse_file(outer)), is_wanted)


def _values(outer: Source, body: Body) -> Iterator[CodeNode]:
    """Yield the values of attributes, and the strings in what can't be read."""
    from apimpolicy.project.infrastructure.terraform.parser import TerraformParser

    waiting = [body]
    while waiting:
        each = waiting.pop()
        for attribute in each.attributes.values():
            if _may_hold(outer, attribute.inside, attribute.stop):
                yield attribute.value
        for problem in each.problems:
            yield from TerraformParser(outer, problem.start, problem.end).strings(problem.start, problem.end)
        waiting += [block.body for block in each.blocks if _may_hold(outer, block.inside, block.stop)]


def _may_hold(outer: Source, start: int, stop: int) -> bool:
    return any(outer.text.find(sign, start, stop) >= 0 for sign in _SIGNS)


def template(outer: Source) -> list[Pieces]:
    """Read a template of a policy: Terraform's (`${…}`, `%{ if }`), or Jinja's and Helm's (`{{ … }}`)."""
    from apimpolicy.project.infrastructure.terraform.parser import parse_template

    if not is_policy(outer.text):
        return []
    if "{%" in outer.text or "{{-" in outer.text:
        from apimpolicy.project.embedded.shapes import read_shapes

        return [read_shapes(outer)]
    return [Texts(outer, percent=True).template(parse_template(outer).parts)]


# Bicep: `'''…'''` as it is, `'…'` with escapes and `${…}` as a hole, and what functions make of them
#
# Files that `loadTextContent` names are checked as files of their own.
#
# Source: https://learn.microsoft.com/azure/azure-resource-manager/bicep/data-types#strings


def bicep(outer: Source) -> list[Pieces]:
    from apimpolicy.project.infrastructure.bicep.parser import parse_file

    def is_wanted(pieces: Pieces, node: CodeNode) -> bool:  # every multi-line string is, another may be a part of one
        return is_policy(pieces.beginning) and (outer.text.startswith("'''", node.start) or is_whole(pieces.whole))

    if "<" not in outer.text and "\\u{3" not in outer.text:
        return []
    declarations, _ = parse_file(outer)
    return Texts(outer, percent=False).among(_declared_values(declarations), is_wanted)


def _declared_values(declarations: list[Declaration]) -> Iterator[CodeNode]:
    from apimpolicy.project.infrastructure.bicep.references import nested_in

    waiting = list(declarations)
    while waiting:
        each = waiting.pop()
        if each.value is not None:
            yield each.value
        waiting += nested_in(each)


# ARM templates: JSON strings, nested templates included, and `[concat('…', parameters('…'), '…')]`
#
# Source: https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions

_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_AFTER_STRING = re.compile(r"[ \t\r\n]*+(?:[,}\]:]|\Z|//|/\*)")
_ROOT = re.compile(r"<|\\u003[cC]")


def arm(outer: Source) -> list[Pieces]:
    from apimpolicy.project.infrastructure.arm.parser import json_chars

    text = outer.text
    policies: list[Pieces] = []
    for string in _STRING.finditer(text):
        start, end = string.span(1)
        if end - start < 10 or _ROOT.search(text, start, end) is None:
            continue
        pieces = Texts(outer, percent=False).template(json_chars(text, start, end))
        if text.startswith("[", start) and not text.startswith("[[", start):
            pieces = _value(pieces.source())
        if is_policy(pieces.beginning):
            if _AFTER_STRING.match(text, string.end()) is None:
                pieces.fault = Diagnostic(
                    "POL028",
                    "this quote ends the JSON string in the middle of the policy",
                    outer,
                    end,
                    end + 1,
                    help='Write `\\"` for a quote inside the string. The policy is not checked until then.',
                )
            policies.append(pieces)
    return policies


def _value(source: Source) -> Pieces:
    from apimpolicy.project.infrastructure.arm.parser import parse_expression

    node = parse_expression(source)
    if isinstance(node, Unreadable) and node.found:
        node = node.found[0]
    return Texts(source, percent=False).value(node).pieces


_FENCE = re.compile(r"^([ \t>]*)(`{3,}|~{3,})[ \t]*([\w-]*)[^\n`]*\n", re.MULTILINE)
_LANGUAGES = frozenset(("", "xml", "html", "cshtml", "razor", "policy"))


def markdown(outer: Source) -> list[Pieces]:
    """Read fenced blocks that begin with `<policies>`, `<fragment>` or a section."""
    text = outer.text
    found: list[Pieces] = []
    position = 0
    while (fence := _FENCE.search(text, position)) is not None:
        close = re.compile(rf"^[ \t>]*{fence[2][0]}{{{len(fence[2])},}}[ \t]*\r?$", re.MULTILINE)
        end = close.search(text, fence.end())
        stop = end.start() if end is not None else len(text)
        if fence[3].lower() in _LANGUAGES and is_policy(text[fence.end() : stop]):
            pieces = Pieces(outer)
            pieces.copy(fence.end(), stop)
            found.append(pieces)
        position = max(end.end() if end is not None else stop, fence.end())
    return found
