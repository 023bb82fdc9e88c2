"""Terraform's JSON syntax (`main.tf.json`) as the bodies and blocks of its own language; strings are templates.

JSON doesn't tell an attribute from a block. Only blocks with labels and `dynamic` ones are made into blocks; everything
else is an attribute, which reads alike.

Source: https://developer.hashicorp.com/terraform/language/syntax/json
"""

from __future__ import annotations

from collections.abc import Iterator

from apimpolicy.infrastructure.arm.parser import JsonParser, decoded, json_chars
from apimpolicy.infrastructure.nodes import Array, Chars, Node, Object, Template, Within
from apimpolicy.infrastructure.parsing import NotReadable, Problem
from apimpolicy.infrastructure.terraform.parser import Attribute, Block, Body, Parser, parse_file, parse_template
from apimpolicy.text.source import Source

_LABELS = {"data": 2, "module": 1, "output": 1, "provider": 1, "resource": 2, "variable": 1}


class _JsonParser(JsonParser):
    def string(self, start: int, end: int) -> Node:
        parts = json_chars(self.source.text, start, end)
        if "${" not in self.source.text[start:end] and "%{" not in self.source.text[start:end]:
            return Template(start, end, parts)
        inner = decoded(self.source, parts, end)
        return Within(start, end, inner, Template(0, len(inner.text), parse_template(inner).parts))


def read_file(source: Source) -> Body:
    """Return the blocks of a file, or the attributes of a variable file, in either syntax."""
    if not source.path.endswith(".json"):
        return parse_file(source)
    body = Body()
    try:
        root = _JsonParser(source).value()
    except NotReadable as problem:
        body.problems.append(Problem(problem.message, problem.start, problem.end))
        return body
    for name, value in _entries(root):
        if source.path.endswith(".tfvars.json"):
            body.attributes[name] = _attribute(source, name, value)
        else:
            body.blocks += _blocks(source, name, value, _LABELS.get(name, 0))
    return body


def _blocks(source: Source, type_: str, node: Node, count: int, labels: tuple[str, ...] = ()) -> Iterator[Block]:
    """Yield the blocks below a node, with as many labels as the keys of this many levels."""
    if isinstance(node, Array):
        for item in node.items:
            yield from _blocks(source, type_, item, count, labels)
    elif len(labels) < count:
        for name, value in _entries(node):
            yield from _blocks(source, type_, value, count, (*labels, name))
    elif isinstance(node, Object):
        block = Block(source, node.start, type_, labels, node.start + 1, node.end - 1)
        block.__dict__["body"] = _body(source, type_, node)
        yield block


def _body(source: Source, type_: str, node: Node) -> Body:
    body = Body()
    for name, value in _entries(node):
        if name == "dynamic" or (type_ == "dynamic" and name == "content"):
            body.blocks += _blocks(source, name, value, int(name == "dynamic"))
            continue
        if (type_, name) == ("variable", "type") and isinstance(value, Template):
            inner = decoded(source, value.parts, value.end)
            value = Within(value.start, value.end, inner, Parser(inner).value(body.problems))
        body.attributes[name] = _attribute(source, name, value)
    return body


def _attribute(source: Source, name: str, value: Node) -> Attribute:
    return Attribute(source, name, value.start, value.start, value.end, value)


def _entries(node: Node) -> Iterator[tuple[str, Node]]:
    """Yield the entries of an object, or of the objects in a list; `//` is a comment."""
    for each in node.items if isinstance(node, Array) else (node,):
        for key, value in each.entries if isinstance(each, Object) else ():
            parts = key.parts if isinstance(key, Template) else ()
            name = "".join(part.text for part in parts if isinstance(part, Chars))
            if name != "//":
                yield name, value
