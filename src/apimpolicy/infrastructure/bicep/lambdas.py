"""Functions of Bicep with a lambda; they receive their arguments as expressions.

Source: https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions-lambda
"""

from __future__ import annotations

from functools import cmp_to_key
from typing import TYPE_CHECKING

from apimpolicy.infrastructure.functions import known_dict, known_list, known_text
from apimpolicy.infrastructure.nodes import Lambda

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apimpolicy.infrastructure.evaluation import Evaluator, Scope
    from apimpolicy.infrastructure.nodes import Call, Node
    from apimpolicy.infrastructure.values import Value
    from apimpolicy.text.source import Source


def _each(evaluator: Evaluator, node: Call, source: Source, scope: Scope) -> tuple[list[Value], Callable[..., Value]]:
    """Return the items of the first argument, and the function that the second one is."""
    values = known_list(evaluator.value(node.arguments[0], source, scope))
    return values, lambda index, *given: _apply(evaluator, node.arguments[index], source, scope, given)


def _apply(evaluator: Evaluator, node: Node, source: Source, scope: Scope, given: Sequence[Value]) -> Value:
    if not isinstance(node, Lambda):
        raise TypeError
    inner = {**scope, **dict(zip(node.names, given, strict=False))}
    return evaluator.value(node.body, source, inner)


def mapped(evaluator: Evaluator, node: Call, source: Source, scope: Scope) -> Value:
    values, apply = _each(evaluator, node, source, scope)
    return [apply(1, each, index) for index, each in enumerate(values)]


def filtered(evaluator: Evaluator, node: Call, source: Source, scope: Scope) -> Value:
    values, apply = _each(evaluator, node, source, scope)
    kept = [(each, evaluator.truth(apply(1, each, index))) for index, each in enumerate(values)]
    if any(truth is None for _, truth in kept):
        raise LookupError
    return [each for each, truth in kept if truth]


def reduced(evaluator: Evaluator, node: Call, source: Source, scope: Scope) -> Value:
    initial = evaluator.value(node.arguments[1], source, scope)
    values, apply = _each(evaluator, node, source, scope)
    for index, each in enumerate(values):
        initial = apply(2, initial, each, index)
    return initial


def to_object(evaluator: Evaluator, node: Call, source: Source, scope: Scope) -> Value:
    values, apply = _each(evaluator, node, source, scope)
    return {
        str(evaluator.as_text(apply(1, each))): apply(2, each) if len(node.arguments) > 2 else each for each in values
    }


def group_by(evaluator: Evaluator, node: Call, source: Source, scope: Scope) -> Value:
    values, apply = _each(evaluator, node, source, scope)
    found: dict[str, list[Value]] = {}
    for each in values:
        found.setdefault(known_text(apply(1, each)), []).append(each)
    return found


def map_values(evaluator: Evaluator, node: Call, source: Source, scope: Scope) -> Value:
    value = known_dict(evaluator.value(node.arguments[0], source, scope))
    return {key: _apply(evaluator, node.arguments[1], source, scope, (each,)) for key, each in value.items()}


def sorted_by(evaluator: Evaluator, node: Call, source: Source, scope: Scope) -> Value:
    values, apply = _each(evaluator, node, source, scope)

    def compare(first: Value, second: Value) -> int:
        before = evaluator.truth(apply(1, first, second))
        if before is None:
            raise LookupError
        return -1 if before else 1

    return sorted(values, key=cmp_to_key(compare))


LAZY: dict[str, Callable[..., Value]] = {
    "filter": filtered,
    "groupBy": group_by,
    "map": mapped,
    "mapValues": map_values,
    "reduce": reduced,
    "sort": sorted_by,
    "toObject": to_object,
}
"""Functions of expressions by name."""
