"""Creation of arrays, collections, strings and lambdas; conversions, written and implied."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.dotnet.system.characters import to_upper
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.reasoning.semantics.evaluation import Evaluation, constant_of
from apimpolicy.reasoning.semantics.facts import is_pure
from apimpolicy.reasoning.semantics.members import call_method, comparer_of, unknown_change
from apimpolicy.reasoning.semantics.operators import cast, text_of, unknown_operation, wrapped
from apimpolicy.reasoning.semantics.unknowns import Unsupported, key_of, reads_of_code
from apimpolicy.reasoning.semantics.values import (
    INTEGERS,
    NULL,
    Choice,
    Function,
    Host,
    Items,
    Number,
    Parts,
    Pattern,
    Query,
    Table,
    Text,
    Value,
    constant_number,
    constant_text,
    constant_truth,
    type_of,
)
from apimpolicy.reasoning.terms import term as terms

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.type_relations import Conversion


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
    for part in node.body.walk():
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
    if type_ == "bool":
        return constant_truth(False)
    if type_ in INTEGERS:
        return constant_number(0, type_)
    if is_value_type and not type_.endswith("?"):
        return evaluation.unknowns.value(type_, f"the default of {type_}", ("default", type_), null=False)
    return NULL


def value_convert(evaluation: Evaluation, node: nodes.Convert) -> Value:
    operand = evaluation.value(node.operand)
    if node.conversion.kind == "lambda":
        return operand
    return evaluation.each([operand], lambda value: _converted(evaluation, node, node.conversion, value, node.type))


def _converted(
    evaluation: Evaluation, node: nodes.Convert, conversion: Conversion, value: Value, target: Type
) -> Value:
    name = str(target)
    match conversion.kind:
        case "identity" | "boxing" | "null":
            return value
        case "reference" if conversion.is_implicit:
            return value
        case "reference" | "unboxing":
            if isinstance(value, (Host, Items, Parts, Query, Table)) and type_of(value) != name:
                return _escaped(evaluation, value, name)
            return cast(evaluation, value, name, is_value_type=target.is_value_type)
        case "numeric" | "constant" | "enum" if isinstance(value, Number) and not node.is_checked:
            if name in INTEGERS and value.type in INTEGERS:
                return wrapped(value.term, name)
            if conversion.kind == "constant" and name in INTEGERS:
                return Number(value.term, name)
        case "nullable":
            return _nullable(evaluation, node, conversion, value, target)
        case "user" if conversion.method is not None and _is_direct(conversion):
            return call_method(evaluation, conversion.method, (), [value], target)
    return unknown_operation(evaluation, node, value, may_throw=node.is_checked or not conversion.is_implicit)


def _is_direct(conversion: Conversion) -> bool:
    """Return whether nothing is converted before and after the operator that a user conversion calls."""
    before, after = conversion.before, conversion.after
    keeps = before is None or before.kind == "identity" or (before.kind == "reference" and before.is_implicit)
    return keeps and (after is None or after.kind == "identity")


def _nullable(evaluation: Evaluation, node: nodes.Convert, conversion: Conversion, value: Value, target: Type) -> Value:
    """Convert between T and T?: what is not null is converted itself."""
    if value is NULL:
        return NULL if str(target).endswith("?") else evaluation.fail()
    if conversion.inner is None or conversion.inner.kind == "identity":
        return value
    inner = target.arguments[0] if str(target).endswith("?") else target  # type: ignore[attr-defined] # T? has one
    return _converted(evaluation, node, conversion.inner, value, inner)


def _escaped(evaluation: Evaluation, value: Value, target: str) -> Value:
    what = f"a conversion to {target}"
    evaluation.throw(evaluation.unknowns.truth(what))
    return evaluation.unknowns.value(target, what, null=False)
