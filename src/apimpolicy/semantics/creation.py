"""Creation of arrays, collections, strings and lambdas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.dotnet.system.characters import to_upper
from apimpolicy.semantics.evaluation import constant_of
from apimpolicy.semantics.facts import is_pure
from apimpolicy.semantics.keys import key_of, reads_of_code
from apimpolicy.semantics.members import comparer_of, unknown_change
from apimpolicy.semantics.operators import text_of
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import (
    INTEGERS,
    NULL,
    Choice,
    Function,
    Items,
    Number,
    Pattern,
    Table,
    Text,
    Value,
    constant_number,
    constant_text,
    constant_truth,
)
from apimpolicy.semantics.walking import walk
from apimpolicy.terms import term as terms

if TYPE_CHECKING:
    from collections.abc import Hashable

    from apimpolicy.semantics.evaluation import Evaluation

_COLLECTIONS = ("System.Collections.Generic.List", "System.Collections.Generic.HashSet")
_DICTIONARY = "System.Collections.Generic.Dictionary"
_REGEX = "System.Text.RegularExpressions.Regex"


def value_array_creation(evaluation: Evaluation, node: nodes.ArrayCreation) -> Value:
    items = node.items
    if items is None or not all(isinstance(item, nodes.Expression) for item in items):
        raise Unsupported("an array without its items")
    values = tuple(evaluation.value(item) for item in items)
    return Items(values, str(node.type), evaluation.unknowns.heap)


def value_object_creation(evaluation: Evaluation, node: nodes.ObjectCreation) -> Value:
    name = node.type.definition.name if hasattr(node.type, "definition") else str(node.type)
    arguments = [evaluation.value(argument) for argument in node.arguments]
    if name in _COLLECTIONS:
        return _collection(evaluation, node, name, arguments)
    if name == _DICTIONARY:
        return _table(evaluation, node, arguments)
    if name == _REGEX and not node.initializers:
        options = arguments[1] if len(arguments) > 1 else constant_number(0)
        if len(arguments) < 3 and isinstance(options, Number) and options.constant is not None:
            return Pattern(constant_of(arguments[0]), options.constant)
    if node.initializers:
        raise Unsupported(f"a {name} with its members")
    constructor = node.constructor
    what = f"new {name}"
    if any(isinstance(each, Choice) for each in arguments) or constructor is None or not is_pure(constructor):
        unknown_change(evaluation, what, arguments)
        return evaluation.unknowns.value(str(node.type), what, null=False)
    key = key_of(evaluation, "new", constructor.signature, str(node.type), *arguments)
    evaluation.throw(evaluation.unknowns.truth(what, key and ("throws", key)))
    return evaluation.unknowns.value(str(node.type), what, key, null=False)


def _collection(evaluation: Evaluation, node: nodes.ObjectCreation, name: str, arguments: list[Value]) -> Value:
    items: list[Value] = []
    comparer = "ordinal"
    for argument in arguments:
        known = comparer_of(argument)
        if known is not None and name.endswith("HashSet"):
            comparer = known
        elif isinstance(argument, Items) and not argument.has_more and argument.made == evaluation.unknowns.heap:
            if "HashSet" in argument.type:
                raise Unsupported("a collection of the items of a set")
            items += argument.items
        elif not (isinstance(argument, Number) and argument.type == "int"):
            raise Unsupported(f"a {name} of others")
    for step in node.initializers:
        action = step.action
        if not isinstance(action, nodes.Call) or action.method.name != "Add" or len(action.arguments) != 1:
            raise Unsupported(f"a {name} with its members")
        items.append(evaluation.value(action.arguments[0]))
    if name.endswith("HashSet"):
        items = _different(items, comparer)
    return Items(tuple(items), str(node.type), evaluation.unknowns.heap, comparer=comparer)


def _different(items: list[Value], comparer: str) -> list[Value]:
    """Return the items of a set: of equal constants the first."""
    found: dict[Hashable, Value] = {}
    for number, item in enumerate(items):
        constant = item.constant if isinstance(item, (Text, Number)) else None
        if isinstance(constant, str) and comparer == "ignore-case":
            constant = to_upper(constant)
        found.setdefault((number, None) if constant is None else (None, constant), item)
    return list(found.values())


def _table(evaluation: Evaluation, node: nodes.ObjectCreation, arguments: list[Value]) -> Value:
    """Return a dictionary whose keys are different constant texts."""
    comparer = "ordinal"
    for argument in arguments:
        known = comparer_of(argument)
        if known is None:
            raise Unsupported("a dictionary of others")
        comparer = known
    entries: dict[str, tuple[str, Value]] = {}
    for step in node.initializers:
        name, value = _entry(evaluation, step)
        folded = to_upper(name) if comparer == "ignore-case" else name
        if folded in entries:
            raise Unsupported("a key that comes twice")
        entries[folded] = name, value
    return Table(tuple(entries.values()), str(node.type), evaluation.unknowns.heap, comparer=comparer)


def _entry(evaluation: Evaluation, step: nodes.Initializer) -> tuple[str, Value]:
    match step.action:
        case nodes.Call(method=method, arguments=(key, value)) if method.name == "Add" and not step.nested:
            return constant_of(evaluation.value(key)), evaluation.value(value)
        case nodes.Assignment(target=nodes.IndexerAccess(arguments=(key,)), value=value) if not step.nested:
            return constant_of(evaluation.value(key)), evaluation.value(value)
    raise Unsupported("a dictionary with other members")


def value_lambda(evaluation: Evaluation, node: nodes.Lambda) -> Value:
    """Return a lambda; one that assigns variables, or has several statements, is not supported."""
    captured: dict[str, tuple[str, str, Value]] = {}
    constants: dict[str, str] = {}
    for part in walk(node.body):
        if isinstance(part, (nodes.Assignment, nodes.CompoundAssignment, nodes.Deconstruction)):
            raise Unsupported("a lambda that assigns variables")
        if isinstance(part, nodes.Local) and part.is_constant:
            constants[part.symbol.name] = repr(part.constant)
        elif isinstance(part, nodes.Local) and part.symbol in evaluation.variables:
            name, type_ = part.symbol.name, str(part.symbol.type)
            captured[name] = name, type_, evaluation.variables[part.symbol]
            evaluation.captured.add(part.symbol)
    code = f"{node.type} {node.syntax}", *sorted(constants.items())
    return Function(node, code, tuple(captured.values()), reads_of_code(node.body))


def value_interpolated_string(evaluation: Evaluation, node: nodes.InterpolatedString) -> Value:
    parts: list[Value] = []
    for part in node.parts:
        if isinstance(part, str):
            parts.append(constant_text(part))
        elif part.alignment is not None or part.format is not None:
            raise Unsupported("a format in an interpolated string")
        else:
            parts.append(evaluation.each([evaluation.value(part.value)], lambda value: text_of(evaluation, value)))

    def join(*values: Value) -> Value:
        return Text(terms.joined(*(value.term for value in values if isinstance(value, Text))))

    return evaluation.each(parts, join)


def value_default_value(evaluation: Evaluation, node: nodes.DefaultValue) -> Value:
    return default_of(evaluation, str(node.type), is_value_type=node.type.is_value_type)


def default_of(evaluation: Evaluation, type_: str, *, is_value_type: bool) -> Value:
    """Return the default value of a type."""
    if type_ == "bool":
        return constant_truth(False)
    if type_ in INTEGERS:
        return constant_number(0, type_)
    if is_value_type and not type_.endswith("?"):
        return evaluation.unknowns.value(type_, f"the default of {type_}", ("default", type_), null=False)
    return NULL
