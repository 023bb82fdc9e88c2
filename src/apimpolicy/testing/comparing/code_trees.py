"""Infrastructure code as trees of values with their lines, to find what differs but for layout, comments and order.

A file is a table of its statements, by kind and name; a statement is a table of its attributes and blocks. Expressions
are compared by their syntax trees. A statement stands apart if no other one mentions it, and it deploys nothing of API
Management: the service can't depend on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from apimpolicy.project.infrastructure import nodes
from apimpolicy.project.infrastructure.bicep import parser as bicep
from apimpolicy.project.infrastructure.terraform import parser as terraform
from apimpolicy.records import Record
from apimpolicy.testing.tree import Tree
from apimpolicy.text.source import Source

_BICEP = (".bicep", ".bicepparam")
CODE = (".tf", ".tofu", ".tfvars", ".hcl", *_BICEP)
_OF_SERVICE = re.compile(r"api_?management|deployment|role|access|script|\bresources/|^azapi|^null_|^terraform_", re.I)
"""Types of resources that are a part of a service, that may deploy one, or that say what it may do elsewhere."""
_WITHOUT_EFFECT = frozenset(("moved", "removed", "check", "assert", "metadata"))
_NAMED = frozenset(("resource", "data", "output", "variable", "param", "var"))


def read_code(text: str, name: str) -> Tree | None:
    """Return the statements of a file by kind and name; None for one that can't be read as a whole."""
    source = Source(text, name)
    try:
        return _statements(source) if name.lower().endswith(_BICEP) else _body(source, terraform.parse_file(source))
    except (_NotWhole, RecursionError):
        return None


def stands_apart(key: str, own: Iterable[Tree], every: Iterable[str]) -> bool:
    """Return whether a service can't depend on the statement with this key of a tree.

    `own` are the trees of the file in both versions, `every` the texts of all files of code.
    """
    own = list(own)
    blocks = [tree.value[key].value for tree in own if key in tree.value and isinstance(tree.value[key].value, dict)]
    if any(part.startswith("provisioner ") for block in blocks for part in block):
        return False
    kind, *labels = key.split(" ")
    if kind in _WITHOUT_EFFECT:
        return True
    if (
        kind not in _NAMED
        or not labels
        or labels[-1].startswith("#")
        or (kind in ("resource", "data") and _OF_SERVICE.search(labels[0]))
    ):
        return False
    name = re.escape(labels[-1])
    if kind == "output":
        return not any(re.search(rf"\.{name}\b", text) for text in every)
    if kind in ("param", "var") or "/" in labels[0]:
        return not any(_mentions(tree.value, labels[-1]) for tree in own)
    address = rf"\bvar\.{name}\b" if kind == "variable" else rf"\b{re.escape(labels[0])}\.{name}\b"
    return not any(re.search(address, text) for text in every)


def _mentions(value: object, name: str) -> bool:
    """Return whether a part of a tree has the name as a variable."""
    if isinstance(value, Tree):
        return _mentions(value.value, name)
    if isinstance(value, dict):
        return any(_mentions(each, name) for each in value.values())
    if isinstance(value, tuple):
        return value[:2] == ("Name", name) or any(_mentions(each, name) for each in value)
    return False


class _NotWhole(Exception):
    """A part of the file can't be read, so that its lines have to be compared."""


def _statements(source: Source) -> Tree:
    declarations, problems = bicep.parse_file(source)
    if problems:
        raise _NotWhole
    found = Tree(source, {}, 0, len(source.text))
    _add_declarations(found, declarations)
    return found


def _add_declarations(table: Tree, declarations: Iterable[bicep.Declaration]) -> None:
    source = table.source
    for each in declarations:
        type_ = "" if each.type is None else _plain_text(each.type)
        unread = source.text[each.start : each.end] if each.value is None else ""
        parts = {"": Tree(source, (type_, each.existing, tuple(each.names), unread), each.start, each.start)}
        if each.value is not None:
            value = _tree(source, each.value, each.start)
            parts |= value.value if isinstance(value.value, dict) else {"value": value}
        key = " ".join(filter(None, (each.kind, type_.partition("@")[0], each.name)))
        _add(table, key, Tree(source, parts, each.start, each.end))


def _body(source: Source, body: terraform.Body, start: int = 0, end: int = 0) -> Tree:
    if body.problems:
        raise _NotWhole
    found = Tree(source, {}, start, end)
    for name, attribute in body.attributes.items():
        _add(found, name, _tree(source, attribute.value, attribute.start))
    for block in body.blocks:
        _add(found, " ".join((block.type, *block.labels)), _body(source, block.body, block.start, block.stop))
    return found


def _add(table: Tree, key: str, value: Tree) -> None:
    """Add an entry; the next one of the same name has a number."""
    number = next(count for count in range(len(table.value) + 1) if _numbered(key, count) not in table.value)
    table.value[_numbered(key, number)] = value


def _numbered(key: str, number: int) -> str:
    return f"{key} #{number}" if number else key


def _tree(source: Source, node: nodes.CodeNode, key_start: int) -> Tree:
    """Return an object with plain keys as a table, its nested resources included, and anything else as one value."""
    if isinstance(node, nodes.Object):
        keys = ["" if key is None else _plain_text(key) for key, _ in node.entries]
        if all(keys) and len({*keys}) == len(keys):
            found = Tree(source, {}, node.start, node.end, key_start)
            for name, (key, value) in zip(keys, node.entries, strict=True):
                found.value[name] = _tree(source, value, value.start if key is None else key.start)
            _add_declarations(found, node.resources)
            return found
    return Tree(source, _shape(source, node), key_start, node.end)


def _plain_text(node: nodes.CodeNode) -> str:
    """Return the text of a name or of a string without expressions; else nothing."""
    if isinstance(node, nodes.LiteralValue):  # a key
        return str(node.value)
    parts: Sequence[nodes.CodeNode] = node.parts if isinstance(node, nodes.TemplateExpression) else ()
    texts = [each.text for each in parts if isinstance(each, nodes.Chars)]
    return "".join(texts) if len(texts) == len(parts) else ""


def _shape(source: Source, value: object) -> object:
    """Return what a syntax tree says, without its places. Raises _NotWhole for a part that can't be read."""
    if isinstance(value, nodes.Unreadable):
        raise _NotWhole
    if isinstance(value, Record):  # a node or a nested declaration: its first two fields are places
        fields = (getattr(value, field) for field in type(value)._fields[2:])
        return (type(value).__name__, *(_shape(source, each) for each in fields))
    if isinstance(value, list | tuple):
        return tuple(_shape(source, each) for each in value)
    return None if isinstance(value, Source) else value
