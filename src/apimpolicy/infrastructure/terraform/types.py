"""Types of variables, for the attributes of objects that may be left out: `object({ url = optional(string, "…") })`.

Source: https://developer.hashicorp.com/terraform/language/expressions/type-constraints
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.infrastructure.nodes import Call, Name, Node, Object, Within

if TYPE_CHECKING:
    from apimpolicy.infrastructure.terraform.module import Module
    from apimpolicy.infrastructure.values import Value
    from apimpolicy.text.source import Source

_COLLECTIONS = ("list", "map", "set")


def completed(value: Value, type_: Node, module: Module, source: Source) -> Value:
    """Return a value with null, or the default, for each optional attribute that it leaves out."""
    if isinstance(type_, Within):
        return completed(value, type_.node, module, type_.source)
    if not isinstance(type_, Call) or not type_.arguments:
        return value
    inner = type_.arguments[0]
    if type_.name == "optional":
        return completed(value, inner, module, source)
    if type_.name in _COLLECTIONS and isinstance(value, list):
        return [completed(each, inner, module, source) for each in value]
    if type_.name in _COLLECTIONS and isinstance(value, dict):
        return {key: completed(each, inner, module, source) for key, each in value.items()}
    if type_.name == "object" and isinstance(inner, Object) and isinstance(value, dict):
        found = dict(value)
        for key, attribute in inner.entries:
            if isinstance(key, Name):
                _complete(found, key.name, attribute, module, source)
        return found
    return value


def _complete(found: dict[str, Value], name: str, type_: Node, module: Module, source: Source) -> None:
    if found.get(name) is not None:
        found[name] = completed(found[name], type_, module, source)
    elif isinstance(type_, Call) and type_.name == "optional":
        default = None
        if len(type_.arguments) > 1:
            default = completed(module.value(type_.arguments[1], source, {}), type_, module, source)
        found[name] = default
