"""Side effects of an expression, and the variables that it reads.

A pure expression changes nothing that another one sees: it only has a value, or throws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

from apimpolicy.binding import nodes
from apimpolicy.engine.steps import compiled
from apimpolicy.errors import DiagnosticError, LimitExceededError, NotSimulatedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.binding.nodes import Bound, Expression
    from apimpolicy.binding.symbols import LocalSymbol
    from apimpolicy.dotnet.signatures import Member
    from apimpolicy.text.source import Excerpt

_CHANGING = (
    *("Add", "Remove", "Insert", "Append", "Pop", "Push", "Dequeue", "Enqueue", "Clear", "Set", "TryAdd", "TryRemove"),
    *("TryDequeue", "TryPop", "Merge", "Replace", "UnionWith", "ExceptWith", "IntersectWith", "Sort", "Reverse"),
    *("Write", "Load", "Save", "Read", "Transform", "Dispose", "Close", "Move", "Reset"),
)
"""Prefixes of members that change their receiver."""
_UNCHANGING = frozenset(
    (
        *("string", "char", "bool", "int", "long", "double", "decimal", "object", "ContextExtensions"),
        *("System.DateTime", "System.DateTimeOffset", "System.TimeSpan", "System.Guid", "System.Uri"),
        *("System.Text.RegularExpressions.Regex", "System.Text.Encoding"),
    )
)
_UNKNOWN = (nodes.Redirection, nodes.Reference, nodes.UnknownStatement, nodes.Deconstruction)
_CREATIONS = (nodes.ObjectCreation, nodes.ArrayCreation, nodes.AnonymousCreation)
_known: dict[int, tuple[Excerpt, bool, frozenset[str] | None]] = {}
_MOST_KNOWN = 5000


def is_pure(excerpt: Excerpt) -> bool:
    """Return whether an expression changes only objects that it has created."""
    return _facts(excerpt)[0]


def variables_read(excerpt: Excerpt) -> frozenset[str] | None:
    """Return the names of the `context` variables that an expression may read; None when it can be any."""
    return _facts(excerpt)[1]


def _facts(excerpt: Excerpt) -> tuple[bool, frozenset[str] | None]:
    known = _known.get(id(excerpt))
    if known is None or known[0] is not excerpt:
        if len(_known) > _MOST_KNOWN:
            _known.clear()
        try:
            every = list(_all(compiled(excerpt).bound.body))
        except (DiagnosticError, LimitExceededError, NotSimulatedError):
            return False, None
        fresh = {
            node.symbol
            for node in every
            if isinstance(node, nodes.LocalDeclaration) and isinstance(_unconverted(node.value), _CREATIONS)
        }
        fresh -= {node.target.symbol for node in every if isinstance(node, nodes.Assignment) and _is_local(node.target)}
        known = _known[id(excerpt)] = excerpt, all(_is_harmless(node, fresh) for node in every), _read(every)
    return known[1], known[2]


def _all(body: Bound) -> Iterator[Bound]:
    waiting = [body]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.children())


def _unconverted(node: Any) -> Any:
    while isinstance(node, nodes.Convert):
        node = node.operand
    return node


def _is_local(node: Expression) -> TypeGuard[nodes.Local]:
    return isinstance(node, nodes.Local)


def _is_harmless(node: Bound, fresh: set[LocalSymbol]) -> bool:
    if isinstance(node, (nodes.Assignment, nodes.CompoundAssignment)):
        target = node.target
        if _is_local(target):
            return True
        return _is_fresh(getattr(target, "receiver", None) or getattr(target, "array", None), fresh)
    if isinstance(node, nodes.Call):
        return _is_harmless_call(node, fresh)
    if isinstance(node, nodes.MethodReference):
        return node.receiver is None or not node.method.name.startswith(_CHANGING)
    return not isinstance(node, _UNKNOWN)


def _is_fresh(receiver: Expression | None, fresh: set[LocalSymbol]) -> bool:
    """Return whether an object was created in this expression, in a variable or an initializer."""
    receiver = _unconverted(receiver)
    is_made_here = isinstance(receiver, (nodes.Placeholder, *_CREATIONS))
    return is_made_here or (isinstance(receiver, nodes.Local) and receiver.symbol in fresh)


def only_reads(node: Bound) -> bool:
    """Return whether evaluating a node changes none of the objects that it gets."""
    if not isinstance(node, nodes.Call):
        return isinstance(node, (nodes.PropertyAccess, nodes.Convert, nodes.Binary, nodes.InterpolatedString))
    return str(node.method.returns) != "void" and not node.method.name.startswith(_CHANGING)


def _is_harmless_call(node: nodes.Call, fresh: set[LocalSymbol]) -> bool:
    member: Member = node.method
    owner = member.declaring.name
    if any(parameter.mode == "ref" for parameter in node.method.parameters):
        return False
    if owner == "IMessageBody":
        keeps = node.arguments[0] if node.arguments else None
        return keeps is not None and keeps.is_constant and keeps.constant is True
    if owner == "IContext" or owner in _UNCHANGING:
        return True
    if str(node.method.returns) == "void" or (not member.is_static and member.name.startswith(_CHANGING)):
        return node.receiver is not None and not member.is_static and _is_fresh(node.receiver, fresh)
    return True


def _read(every: list[Bound]) -> frozenset[str] | None:
    """Return the variables that are read by constant names; None for any other use of `context.Variables`."""
    uses = sum(isinstance(node, nodes.PropertyAccess) and _is_variables(node) for node in every)
    names: list[str] = []
    for node in every:
        if isinstance(node, (nodes.IndexerAccess, nodes.Call)) and node.receiver is not None:
            own = [node.receiver, *node.arguments]
        elif isinstance(node, nodes.Call):
            own = list(node.arguments)
        else:
            continue
        if own and _is_variables(_unconverted(own[0])):
            key = own[1] if len(own) > 1 else None
            if key is None or not key.is_constant or not isinstance(key.constant, str):
                return None
            names.append(str(key.constant))
    return frozenset(names) if len(names) >= uses else None


def _is_variables(node: Any) -> bool:
    return (
        isinstance(node, nodes.PropertyAccess)
        and node.property.name == "Variables"
        and node.property.declaring.name == "IContext"
    )
