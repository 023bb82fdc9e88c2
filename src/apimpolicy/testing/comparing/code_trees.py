"""Infrastructure code as trees of values with their lines, to find what differs but for layout, comments and order.

A file is a table of its statements, by kind and name; a statement is a table of its attributes and blocks. Expressions
are compared by their syntax trees.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence

from apimpolicy.project.infrastructure import nodes
from apimpolicy.project.infrastructure.bicep import parser as bicep
from apimpolicy.project.infrastructure.terraform import parser as terraform
from apimpolicy.records import Record
from apimpolicy.testing.tree import Tree
from apimpolicy.text.source import Source

_BICEP = (".bicep", ".bicepparam")
CODE = (".tf", ".tofu", ".tfvars", ".hcl", *_BICEP)
CODE_AS_DATA = (".tf.json", ".tofu.json")
"""Code that isn't read, and may mention or deploy anything."""
_OF_SERVICE = re.compile(
    r"api[_-]?management|deployment|role|access|script|\bresources/|^(?:azapi|null|terraform|local|shell)_|^external$",
    re.I,
)
"""Types of resources that are a part of a service, that may deploy one, that write files or run programs, or that say
what a service may do elsewhere."""
_WITHOUT_EFFECT = ("moved", "removed", "import", "check"), ("assert", "metadata", "type")
"""Statements about the state of Terraform, tests and types: those of Terraform, and those of Bicep."""
_DEPLOYS_NOTHING = ("terraform", "provider", "targetScope", "import", "func", "using", "extension")
"""Statements that may change what others do, and that are no part of a service by themselves."""
_OF_ONE_RESOURCE = re.compile(r"\bavm/res/([\w/-]+)|\bavm-res-([\w-]+)")
"""The path of an Azure Verified Module that deploys one resource, and what belongs to it, and its type."""
_SOURCE = re.compile(r'source\s*=\s*"([^"$]*)"\Z')
_OF_CALLED_SERVICE = re.compile(r"role|api[_-]?management|apim", re.I)
"""Arguments that make a resource a part of a service."""
_NAMED = frozenset(("resource", "data", "output", "variable", "param", "var"))


def read_code(text: str, name: str) -> Tree | None:
    """Return the statements of a file by kind and name; None for one that can't be read as a whole."""
    if name.lower().endswith(CODE_AS_DATA):
        return None
    source = Source(text, name)
    try:
        return _statements(source) if name.lower().endswith(_BICEP) else _body(source, terraform.parse_file(source))
    except (_NotWhole, RecursionError):
        return None


class ReachedStatements:
    """The statements that a service can depend on: its own, modules, and whatever those mention, in turn.

    A statement has an address by which others mention it: `("azurerm_storage_account", "logs")`, `("var", "name")`,
    `("local", "name")`, in Bicep the file and the name, and of an output only the name. A value in a file of parameters
    belongs to the parameter. Statements of both versions count: what one of them mentions is reached.

    The call of a module is the service's own if the files that it calls, or those that they call in turn, deploy a part
    of a service, or if they aren't known.
    """

    def __init__(self, files: Iterable[tuple[str, str]]) -> None:
        self._mentions: dict[_Address, set[_Address]] = {}
        reached: set[_Address] = set()
        trees = [(name, text, read_code(text, name)) for name, text in files]
        self._of_service = _places_of_service((name, tree) for name, _, tree in trees)
        for name, text, tree in trees:
            if tree is None:
                reached |= _mentioned(name, text)
                continue
            for path, statement in statements_of(tree):
                address, is_own = self._address(name, path, statement)
                mentioned = _mentioned(name, _text(statement), statement)
                if is_own:
                    reached |= mentioned
                if address is not None:
                    self._mentions.setdefault(address, set()).update(mentioned)
        self._parameters: dict[str, set[_Address]] = {}
        for address in self._mentions:
            if address[0] == "var" or address[0].lower().endswith(".bicep"):
                self._parameters.setdefault(address[1], set()).add(address)
        self._reached = reached
        waiting = list(reached)
        while waiting:
            further = self._mentions.get(waiting.pop(), set()) - reached
            reached |= further
            waiting += further

    def has(self, name: str, path: tuple[str, ...], statement: Tree) -> bool:
        """Return whether a service can depend on a statement of a file."""
        address, is_own = self._address(name, path, statement)
        if address is None or is_own:
            return is_own
        if name.lower().endswith(_PARAMETERS):
            addresses = self._parameters.get(path[0].rpartition(" ")[2])
            return addresses is None or not self._reached.isdisjoint(addresses)
        return address in self._reached

    def _address(self, name: str, path: tuple[str, ...], statement: Tree) -> tuple[_Address | None, bool]:
        address, is_own = _address(name, path, statement)
        called = _called(name, path, statement)
        return address, is_own if called is None else called in self._of_service


_Address = tuple[str, str]
_PARAMETERS = (".tfvars", ".bicepparam")
_PAIR = re.compile(r"(?=(?<![\w-])([A-Za-z_][\w-]*)\.([A-Za-z_][\w-]*))")
_MEMBER = re.compile(r"\.([A-Za-z_][\w-]*)")


def statements_of(tree: Tree) -> Iterator[tuple[tuple[str, ...], Tree]]:
    """Yield the statements of a file, each local by itself."""
    for key, statement in tree.value.items():
        if key.partition(" ")[0] == "locals" and isinstance(statement.value, dict):
            yield from (((key, name), each) for name, each in statement.value.items())
        else:
            yield (key,), statement


def _address(name: str, path: tuple[str, ...], statement: Tree) -> tuple[_Address | None, bool]:
    """Return the address of a statement, and whether it is one of the service itself."""
    kind, *labels = path[0].split(" ")
    if len(path) > 1:
        return ("local", path[1]), False
    if name.lower().endswith(".tfvars"):
        return (name, path[0]), False
    if kind in _WITHOUT_EFFECT[name.lower().endswith(_BICEP)]:
        return None, False
    source = _source(name, path, statement)
    if source is not None:
        of_one = _OF_ONE_RESOURCE.search(source)
        is_own = of_one is None or _OF_SERVICE.search(of_one[0]) is not None or _may_give_roles(statement)
        return (name if name.lower().endswith(_BICEP) else "module", labels[-1]), is_own
    is_variable = kind == "var" and name.lower().endswith(".bicepparam")
    if kind not in _NAMED or not labels or labels[-1].startswith("#") or is_variable:
        return None, True
    own = labels[-1]
    if kind == "output":
        return ("", own), False
    if kind in ("param", "var", "variable"):
        return ("var" if kind == "variable" else name, own), False
    runs = isinstance(statement.value, dict) and any(part.startswith("provisioner ") for part in statement.value)
    address = (name if "/" in labels[0] else labels[0], own)
    return address, runs or _OF_SERVICE.search(labels[0]) is not None


def _text(statement: Tree) -> str:
    return statement.source.text[statement.start : statement.end]


def _source(name: str, path: tuple[str, ...], statement: Tree) -> str | None:
    """Return where the call of a module says that its code is, nothing where that is computed; None for others."""
    kind, *labels = path[0].split(" ")
    if kind != "module" or not labels or labels[-1].startswith("#"):
        return None
    if name.lower().endswith(_BICEP):
        return labels[0] if len(labels) == 2 else ""
    written = statement.value.get("source") if isinstance(statement.value, dict) else None
    found = None if written is None else _SOURCE.match(_text(written))
    return "" if found is None else found[1]


def _may_give_roles(module: Tree) -> bool:
    """Return whether the arguments of a module are about roles or API Management, or aren't all written there."""
    arguments = module.value.get("params") if isinstance(module.value, dict) else None
    is_written = arguments is None or isinstance(arguments.value, dict)
    return not is_written or _OF_CALLED_SERVICE.search(_text(module)) is not None


def _called(name: str, path: tuple[str, ...], statement: Tree) -> str | None:
    """Return the file of Bicep or the folder of Terraform that a statement calls as a module, if it is a local one."""
    source = _source(name, path, statement) or ""
    is_local = ":" not in source if name.lower().endswith(_BICEP) else source.startswith(".")
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), source)) if source and is_local else None


def _places_of_service(trees: Iterable[tuple[str, Tree | None]]) -> set[str]:
    """Return the files of Bicep and folders of Terraform that deploy a part of a service, themselves or by modules."""
    known: set[str] = set()
    found: set[str] = set()
    calls: dict[str, set[str]] = {}
    for name, tree in trees:
        place = name if name.lower().endswith(_BICEP) else posixpath.dirname(name) or "."
        known.add(place)
        if tree is None:
            found.add(place)
            continue
        for path, statement in statements_of(tree):
            called = _called(name, path, statement)
            if called is not None:
                calls.setdefault(place, set()).add(called)
            elif path[0].partition(" ")[0] not in _DEPLOYS_NOTHING and _address(name, path, statement)[1]:
                found.add(place)
    found |= {each for called in calls.values() for each in called} - known
    while more := {place for place, called in calls.items() if not called.isdisjoint(found)} - found:
        found |= more
    return found


def _mentioned(name: str, text: str, statement: Tree | None = None) -> set[_Address]:
    """Return the addresses that a text of a file mentions, and maybe more."""
    found: set[_Address] = {(pair[1], pair[2]) for pair in _PAIR.finditer(text)}
    found |= {("", member[1]) for member in _MEMBER.finditer(text)}
    if statement is not None and name.lower().endswith(_BICEP):
        found |= {(name, each) for each in _names(statement.value)}
    return found


def _names(value: object) -> Iterator[str]:
    """Yield the variables in a part of a tree."""
    if isinstance(value, Tree):
        yield from _names(value.value)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _names(each)
    elif isinstance(value, tuple):
        if value[:1] == ("Name",):
            yield value[1]
        for each in value:
            yield from _names(each)


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
    if isinstance(value, bool):  # True == 1
        return ("bool", value)
    return None if isinstance(value, Source) else value
