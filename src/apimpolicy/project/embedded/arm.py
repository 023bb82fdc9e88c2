"""Policies in ARM templates: JSON strings, nested templates included, and `[concat('…', parameters('…'), '…')]`.

Source: https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.diagnostics import Diagnostic
from apimpolicy.infrastructure.arm.parser import json_chars, parse_expression
from apimpolicy.infrastructure.nodes import Unreadable
from apimpolicy.project.embedded import is_policy
from apimpolicy.project.embedded.texts import Texts

if TYPE_CHECKING:
    from apimpolicy.project.embedded.pieces import Pieces
    from apimpolicy.text.source import Source

_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_AFTER_STRING = re.compile(r"[ \t\r\n]*+(?:[,}\]:]|\Z|//|/\*)")
_ROOT = re.compile(r"<|\\u003[cC]")


def policies(outer: Source) -> list[Pieces]:
    text = outer.text
    found: list[Pieces] = []
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
            found.append(pieces)
    return found


def _value(source: Source) -> Pieces:
    node = parse_expression(source)
    if isinstance(node, Unreadable) and node.found:
        node = node.found[0]
    return Texts(source, percent=False).value(node).pieces
