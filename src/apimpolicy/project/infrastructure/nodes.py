"""The syntax tree of expressions in Terraform, Bicep and ARM templates; offsets are those of the file.

The three languages have nearly the same expressions, so that one tree and one evaluator serve them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from apimpolicy.records import Record
from apimpolicy.text.source import Source


class CodeNode(Record):
    """An expression, from the offset `start` to `end`."""

    start: int
    end: int


class Unreadable(CodeNode):
    """Text that isn't an expression of the language; `found` are the strings in it."""

    found: Sequence[CodeNode] = ()


class LiteralValue(CodeNode):
    """A number, a truth value, or null."""

    value: Any


class Chars(CodeNode):
    """Characters of a template. They are `verbatim` where the file has the same ones."""

    text: str
    verbatim: bool = True


class Interpolation(CodeNode):
    """`${value}` in a template."""

    value: CodeNode


class IfDirective(CodeNode):
    """`%{ if test }…%{ else }…%{ endif }`."""

    test: CodeNode
    when_true: Sequence[CodeNode]
    when_false: Sequence[CodeNode]


class ForDirective(CodeNode):
    """`%{ for names in items }…%{ endfor }`."""

    names: Sequence[str]
    items: CodeNode
    parts: Sequence[CodeNode]


class TemplateExpression(CodeNode):
    """A string; with `lines`, of several lines (a heredoc), and with `flush`, without their indentation."""

    parts: Sequence[CodeNode]
    lines: bool = False
    flush: bool = False


class Name(CodeNode):
    """A variable."""

    name: str


class Member(CodeNode):
    """`value.name`; `value.?name` is `safe`."""

    value: CodeNode
    name: str
    safe: bool = False


class Nested(CodeNode):
    """`resource::name`."""

    value: CodeNode
    name: str


class Index(CodeNode):
    """`value[index]`; `value[?index]` is `safe`."""

    value: CodeNode
    index: CodeNode
    safe: bool = False


class Element(CodeNode):
    """The element that the rest of a splat is about."""


class Splat(CodeNode):
    """`value[*].rest`; `rest` begins with an `Element`."""

    value: CodeNode
    rest: CodeNode


class FunctionCall(CodeNode):
    """`name(arguments)`; with `expand` the last argument is a list of arguments. `receiver` is a namespace, if any."""

    name: str
    arguments: Sequence[CodeNode]
    expand: bool = False
    receiver: CodeNode | None = None


class Unary(CodeNode):
    """`!operand` or `-operand`."""

    operator: str
    operand: CodeNode


class Binary(CodeNode):
    """`left operator right`."""

    operator: str
    left: CodeNode
    right: CodeNode


class Conditional(CodeNode):
    """`test ? when_true : when_false`."""

    test: CodeNode
    when_true: CodeNode
    when_false: CodeNode


class Array(CodeNode):
    """`[items]`."""

    items: Sequence[CodeNode]


class Object(CodeNode):
    """`{ key: value }`; an entry whose key is None is spread."""

    entries: Sequence[tuple[CodeNode | None, CodeNode]]
    resources: Sequence[Any] = ()
    """The nested resources of a Bicep resource's body."""


class Spread(CodeNode):
    """`...value` in a list."""

    value: CodeNode


class For(CodeNode):
    """A loop that makes a list, or an object where it has a `key`; with `group` equal keys are gathered."""

    names: Sequence[str]
    items: CodeNode
    key: CodeNode | None
    value: CodeNode
    test: CodeNode | None = None
    group: bool = False


class Lambda(CodeNode):
    """`names => body`."""

    names: Sequence[str]
    body: CodeNode


class If(CodeNode):
    """`if (test) value`: the body of a Bicep resource that may be left out."""

    test: CodeNode
    value: CodeNode


class Within(CodeNode):
    """An expression in a string of another language: `node` has offsets of `source`, which leads back to the file."""

    source: Source
    node: CodeNode


def chars(text: str, start: int, end: int) -> list[CodeNode]:
    """Return the characters of a span as they are in the file; none if it is empty."""
    return [Chars(start, end, text[start:end])] if start < end else []


def character(digits: str, base: int = 16) -> str:
    """Return the character of a code; U+FFFD where there is none."""
    code = int(digits, base)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"


def children(node: CodeNode) -> Iterator[CodeNode]:
    """Yield the nodes directly below a node, in order."""
    for field in type(node)._fields[2:]:
        yield from _nodes(getattr(node, field))


def _nodes(value: object) -> Iterator[CodeNode]:
    if isinstance(value, CodeNode):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _nodes(each)
