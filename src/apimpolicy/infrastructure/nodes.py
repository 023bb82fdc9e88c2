"""The syntax tree of expressions in Terraform, Bicep and ARM templates; offsets are those of the file.

The three languages have nearly the same expressions, so that one tree and one evaluator serve them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from apimpolicy.records import Record
from apimpolicy.text.source import Source


class Node(Record):
    """An expression, from the offset `start` to `end`."""

    start: int
    end: int


class Unreadable(Node):
    """Text that isn't an expression of the language; `found` are the strings in it."""

    found: Sequence[Node] = ()


class Literal(Node):
    """A number, a truth value, or null."""

    value: Any


class Chars(Node):
    """Characters of a template. They are `verbatim` where the file has the same ones."""

    text: str
    verbatim: bool = True


class Interpolation(Node):
    """`${value}` in a template."""

    value: Node


class IfDirective(Node):
    """`%{ if test }…%{ else }…%{ endif }`."""

    test: Node
    when_true: Sequence[Node]
    when_false: Sequence[Node]


class ForDirective(Node):
    """`%{ for names in items }…%{ endfor }`."""

    names: Sequence[str]
    items: Node
    parts: Sequence[Node]


class Template(Node):
    """A string; with `lines`, of several lines (a heredoc), and with `flush`, without their indentation."""

    parts: Sequence[Node]
    lines: bool = False
    flush: bool = False


class Name(Node):
    """A variable."""

    name: str


class Member(Node):
    """`value.name`; `value.?name` is `safe`."""

    value: Node
    name: str
    safe: bool = False


class Nested(Node):
    """`resource::name`."""

    value: Node
    name: str


class Index(Node):
    """`value[index]`; `value[?index]` is `safe`."""

    value: Node
    index: Node
    safe: bool = False


class Element(Node):
    """The element that the rest of a splat is about."""


class Splat(Node):
    """`value[*].rest`; `rest` begins with an `Element`."""

    value: Node
    rest: Node


class Call(Node):
    """`name(arguments)`; with `expand` the last argument is a list of arguments. `receiver` is a namespace, if any."""

    name: str
    arguments: Sequence[Node]
    expand: bool = False
    receiver: Node | None = None


class Unary(Node):
    """`!operand` or `-operand`."""

    operator: str
    operand: Node


class Binary(Node):
    """`left operator right`."""

    operator: str
    left: Node
    right: Node


class Conditional(Node):
    """`test ? when_true : when_false`."""

    test: Node
    when_true: Node
    when_false: Node


class Array(Node):
    """`[items]`."""

    items: Sequence[Node]


class Object(Node):
    """`{ key: value }`; an entry whose key is None is spread."""

    entries: Sequence[tuple[Node | None, Node]]
    resources: Sequence[Any] = ()
    """The nested resources of a Bicep resource's body."""


class Spread(Node):
    """`...value` in a list."""

    value: Node


class For(Node):
    """A loop that makes a list, or an object where it has a `key`; with `group` equal keys are gathered."""

    names: Sequence[str]
    items: Node
    key: Node | None
    value: Node
    test: Node | None = None
    group: bool = False


class Lambda(Node):
    """`names => body`."""

    names: Sequence[str]
    body: Node


class If(Node):
    """`if (test) value`: the body of a Bicep resource that may be left out."""

    test: Node
    value: Node


class Within(Node):
    """An expression in a string of another language: `node` has offsets of `source`, which leads back to the file."""

    source: Source
    node: Node


def chars(text: str, start: int, end: int) -> list[Node]:
    """Return the characters of a span as they are in the file; none if it is empty."""
    return [Chars(start, end, text[start:end])] if start < end else []


def character(digits: str) -> str:
    """Return the character of a hexadecimal code; U+FFFD where there is none."""
    code = int(digits, 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"


def children(node: Node) -> Iterator[Node]:
    """Yield the nodes directly below a node, in order."""
    for field in type(node)._fields[2:]:
        yield from _nodes(getattr(node, field))


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _nodes(each)
