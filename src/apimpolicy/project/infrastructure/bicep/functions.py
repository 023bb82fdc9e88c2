"""Functions of Bicep and ARM templates that return texts, numbers, lists and objects.

Source: https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from functools import cmp_to_key
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urljoin

from apimpolicy.project.infrastructure import functions
from apimpolicy.project.infrastructure.functions import (
    bounded_range,
    distinct,
    find_literal,
    flat,
    from_json,
    has_item,
    inserted_text,
    join,
    known_dict,
    known_list,
    known_text,
    length,
    of_any,
    of_known,
    some_text,
    split,
)
from apimpolicy.project.infrastructure.nodes import CodeNode, FunctionCall, Lambda
from apimpolicy.project.infrastructure.values import (
    MARKED,
    NameResolver,
    Unknown,
    Value,
    cut,
    joined,
    json_text,
    replaced,
    stripped,
)

if TYPE_CHECKING:
    from apimpolicy.project.infrastructure.evaluation import CodeEvaluator, Scope
    from apimpolicy.project.infrastructure.functions import Function
    from apimpolicy.text.source import Source

_FIELD = re.compile(r"\{\{|\}\}|\{(\d+)(?::([^{}]*))?\}")
LONGEST_PADDING = 10_000


def to_text(value: Value) -> str:
    """Return a known value as Bicep writes it into a text."""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, dict | list):
        return json_text(value)
    if value is None or isinstance(value, NameResolver):
        raise TypeError
    return str(value)


def formatted(evaluator: CodeEvaluator, template: Value, *arguments: Value) -> str:
    """Return `format(…)` with the fields of .NET's composite formats. Raises LookupError for most number formats."""

    def put(found: re.Match[str]) -> str:
        if found[1] is None:
            return str(found[0][0])
        value = arguments[int(found[1])]
        if not found[2]:
            return evaluator.as_text(value)
        digits = re.fullmatch(r"[dD](\d{1,2})|(0{1,99})", found[2])
        if digits is None or isinstance(value, bool) or not isinstance(value, int):
            raise LookupError
        return str(value).zfill(int(digits[1]) if digits[1] else len(digits[2]))

    return replaced(some_text(template), _FIELD.finditer, put)


def concat(evaluator: CodeEvaluator, *values: Value) -> Value:
    if values and all(isinstance(each, list) for each in values):
        return [item for each in values for item in each]
    if any(isinstance(each, list | dict) for each in values):
        raise TypeError
    return joined([evaluator.as_text(each) for each in values])


def string(evaluator: CodeEvaluator, value: Value) -> Value:
    return value if isinstance(value, Unknown) else evaluator.as_text(value)


def replace(text: Value, wanted: Value, new: Value) -> str:
    return replaced(some_text(text), find_literal(known_text(wanted)), lambda _: inserted_text(new))


def contains(values: Value, wanted: Value) -> bool:
    if isinstance(values, dict):
        return known_text(wanted).lower() in {key.lower() for key in known_dict(values)}
    if isinstance(values, str):
        return known_text(wanted) in known_text(values)
    return has_item(values, wanted)


def union(*values: Value) -> Value:
    if all(isinstance(each, list) for each in values):
        return distinct([item for each in values for item in each])
    found: dict[str, Value] = {}
    for each in values:
        _merge(found, known_dict(each))
    return found


def _merge(into: dict[str, Value], other: dict[str, Value]) -> None:
    for key, value in other.items():
        mine = into.get(key)
        if isinstance(mine, dict) and isinstance(value, dict):
            into[key] = dict(mine)
            _merge(into[key], value)
        else:
            into[key] = value


def intersection(first: Value, *rest: Value) -> Value:
    if isinstance(first, dict):
        return {key: each for key, each in first.items() if all(other.get(key) == each for other in rest)}
    return [each for each in first if all(each in other for other in rest)]


def merge_shallow(values: Value) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for each in known_list(values):
        found |= known_dict(each)
    return found


def is_empty(value: Value) -> bool:
    if isinstance(value, Unknown | NameResolver) or (isinstance(value, str) and value and not MARKED.sub("", value)):
        raise LookupError
    return not value


def take(value: Value, count: int) -> Value:
    if isinstance(value, str):
        return cut(known_text(value), 0, max(count, 0))
    return known_list(value)[: max(count, 0)]


def skip(value: Value, count: int) -> Value:
    if isinstance(value, str):
        return cut(known_text(value), max(count, 0), len(value))
    return known_list(value)[max(count, 0) :]


def edge(place: int) -> Callable[[Value], Value]:
    def one(value: Value) -> Value:
        if isinstance(value, str):
            return known_text(value)[place] if value else ""
        return known_list(value)[place] if value else None

    return one


def coalesce(*values: Value) -> Value:
    for each in values:
        if isinstance(each, Unknown | NameResolver):
            raise LookupError
        if each is not None:
            return each
    return None


def resource_id(evaluator: CodeEvaluator, *arguments: Value) -> str:
    """Return the id of a resource, without what is before the provider."""
    index = next(place for place, each in enumerate(arguments) if isinstance(each, str) and "." in each and "/" in each)
    pairs = zip(str(arguments[index]).split("/")[1:], arguments[index + 1 :], strict=True)
    return joined([text for kind, name in pairs for text in (f"/{kind}/", evaluator.as_text(name))])


def pad_left(value: Value, width: int, char: str = " ") -> str:
    if width > LONGEST_PADDING:
        raise LookupError
    return str(value).rjust(width, char)


def substring(text: str, start: int, count: int | None = None) -> str:
    return cut(text, start, len(text) if count is None else start + count)


def try_get(value: Value, *keys: Value) -> Value:
    for key in keys:
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list):
            value = value[key] if 0 <= key < len(value) else None
        else:
            raise LookupError
        if value is None:
            return None
    return value


def items(value: Value) -> list[Value]:
    return [{"key": key, "value": value[key]} for key in sorted(known_dict(value), key=str.lower)]


def to_bool(value: Value) -> bool:
    return (
        bool(value)
        if not isinstance(value, str)
        else {"true": True, "1": True, "false": False, "0": False}[value.lower()]
    )


PUBLIC_CLOUD = {
    "name": "AzureCloud",
    "authentication": {
        "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
        "identityProvider": "AAD",
        "loginEndpoint": "https://login.microsoftonline.com/",
        "tenant": "common",
    },
    "graph": "https://graph.windows.net/",
    "resourceManager": "https://management.azure.com/",
    "suffixes": {
        "acrLoginServer": ".azurecr.io",
        "azureFrontDoorEndpointSuffix": "azurefd.net",
        "keyvaultDns": ".vault.azure.net",
        "sqlServerHostname": ".database.windows.net",
        "storage": "core.windows.net",
    },
}
"""Result of `environment()` in the public cloud."""
_KNOWN: dict[str, Callable[..., Value]] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64ToJson": lambda text: from_json(base64.b64decode(text).decode()),
    "base64ToString": lambda text: base64.b64decode(text).decode(),
    "bool": to_bool,
    "cidrHost": functions.usable_host,
    "cidrSubnet": functions.subnet_of_length,
    "indexOf": lambda values, wanted: values.lower().find(wanted.lower()) if isinstance(values, str) else (
        values.index(wanted) if wanted in values else -1
    ),
    "int": lambda value: int(value),
    "intersection": intersection,
    "lastIndexOf": lambda text, wanted: text.lower().rfind(wanted.lower()),
    "max": lambda *values: max(values[0] if isinstance(values[0], list) else values),
    "min": lambda *values: min(values[0] if isinstance(values[0], list) else values),
    "padLeft": pad_left,
    "parseCidr": functions.parse,
    "range": lambda start, count: bounded_range(start, start + count, 1),
    "substring": substring,
    "toLower": lambda text: text.lower(),
    "toUpper": lambda text: text.upper(),
    "uri": lambda base, relative: urljoin(base, relative),
    "uriComponent": lambda text: quote(text, safe="!'()*"),
    "uriComponentToString": lambda text: unquote(text),
}  # fmt: skip
_ANY: dict[str, Callable[..., Value]] = {
    "any": lambda value: value,
    "array": lambda value: value if isinstance(value, list) else [value],
    "coalesce": coalesce,
    "contains": contains,
    "createArray": lambda *values: list(values),
    "createObject": lambda *values: dict(zip(map(known_text, values[::2]), values[1::2], strict=True)),
    "empty": is_empty,
    "endsWith": lambda text, wanted: known_text(text).lower().endswith(known_text(wanted).lower()),
    "environment": lambda: PUBLIC_CLOUD,
    "false": lambda: False,
    "first": edge(0),
    "flatten": lambda values: flat(known_list(values), 1),
    "items": items,
    "json": lambda text: from_json(some_text(text)),
    "last": edge(-1),
    "length": length,
    "null": lambda: None,
    "objectKeys": lambda value: sorted(known_dict(value), key=str.lower),
    "replace": replace,
    "secure": lambda value: value,
    "shallowMerge": merge_shallow,
    "skip": skip,
    "split": lambda text, marks: split(text, [marks] if isinstance(marks, str) else marks),
    "startsWith": lambda text, wanted: known_text(text).lower().startswith(known_text(wanted).lower()),
    "take": take,
    "trim": lambda text: stripped(some_text(text), None, None),
    "true": lambda: True,
    "tryGet": try_get,
    "union": union,
}

FUNCTIONS: dict[str, Function] = {
    **{name: of_known(function) for name, function in _KNOWN.items()},
    **{name: of_any(function) for name, function in _ANY.items()},
    "concat": concat,
    "format": formatted,
    "join": lambda evaluator, values, separator: join(evaluator, separator, known_list(values)),
    **dict.fromkeys(("resourceId", "subscriptionResourceId", "tenantResourceId"), resource_id),
    "string": string,
}
"""Functions of values by name; they get the evaluator first."""


# Functions of Bicep with a lambda; they receive their arguments as expressions.
#
# Source: https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions-lambda


def _each(
    evaluator: CodeEvaluator, node: FunctionCall, source: Source, scope: Scope
) -> tuple[list[Value], Callable[..., Value]]:
    """Return the items of the first argument, and the function that the second one is."""
    values = known_list(evaluator.value(node.arguments[0], source, scope))
    return values, lambda index, *given: _apply(evaluator, node.arguments[index], source, scope, given)


def _apply(evaluator: CodeEvaluator, node: CodeNode, source: Source, scope: Scope, given: Sequence[Value]) -> Value:
    if not isinstance(node, Lambda):
        raise TypeError
    inner = {**scope, **dict(zip(node.names, given, strict=False))}
    return evaluator.value(node.body, source, inner)


def mapped(evaluator: CodeEvaluator, node: FunctionCall, source: Source, scope: Scope) -> Value:
    values, apply = _each(evaluator, node, source, scope)
    return [apply(1, each, index) for index, each in enumerate(values)]


def filtered(evaluator: CodeEvaluator, node: FunctionCall, source: Source, scope: Scope) -> Value:
    values, apply = _each(evaluator, node, source, scope)
    kept = [(each, evaluator.truth(apply(1, each, index))) for index, each in enumerate(values)]
    if any(truth is None for _, truth in kept):
        raise LookupError
    return [each for each, truth in kept if truth]


def reduced(evaluator: CodeEvaluator, node: FunctionCall, source: Source, scope: Scope) -> Value:
    initial = evaluator.value(node.arguments[1], source, scope)
    values, apply = _each(evaluator, node, source, scope)
    for index, each in enumerate(values):
        initial = apply(2, initial, each, index)
    return initial


def to_object(evaluator: CodeEvaluator, node: FunctionCall, source: Source, scope: Scope) -> Value:
    values, apply = _each(evaluator, node, source, scope)
    return {
        str(evaluator.as_text(apply(1, each))): apply(2, each) if len(node.arguments) > 2 else each for each in values
    }


def group_by(evaluator: CodeEvaluator, node: FunctionCall, source: Source, scope: Scope) -> Value:
    values, apply = _each(evaluator, node, source, scope)
    found: dict[str, list[Value]] = {}
    for each in values:
        found.setdefault(known_text(apply(1, each)), []).append(each)
    return found


def map_values(evaluator: CodeEvaluator, node: FunctionCall, source: Source, scope: Scope) -> Value:
    value = known_dict(evaluator.value(node.arguments[0], source, scope))
    return {key: _apply(evaluator, node.arguments[1], source, scope, (each,)) for key, each in value.items()}


def sorted_by(evaluator: CodeEvaluator, node: FunctionCall, source: Source, scope: Scope) -> Value:
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
