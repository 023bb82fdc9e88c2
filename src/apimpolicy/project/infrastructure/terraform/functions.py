"""Functions of Terraform that return texts, numbers, lists and objects.

Source: https://developer.hashicorp.com/terraform/language/functions
"""

from __future__ import annotations

import base64
import csv
import hashlib
import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from apimpolicy.project.infrastructure import functions
from apimpolicy.project.infrastructure.functions import (
    bounded_range,
    distinct,
    flat,
    from_yaml,
    has_item,
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
from apimpolicy.project.infrastructure.nodes import CodeNode, FunctionCall, Name, Object, Within
from apimpolicy.project.infrastructure.terraform.texts import (
    decode_json,
    encode_json,
    formatted,
    indent,
    ordered,
    pattern,
    replace,
    substr,
    title,
    trim_prefix,
    trim_suffix,
)
from apimpolicy.project.infrastructure.values import (
    Unknown,
    Value,
    ensure_bounded,
    is_fully_known,
    is_known,
    stripped,
    to_json,
    whole,
)

if TYPE_CHECKING:
    from apimpolicy.project.infrastructure.functions import Function
    from apimpolicy.project.infrastructure.terraform.module import Module
    from apimpolicy.text.source import Source


def lookup(where: Value, key: Value, *default: Value) -> Value:
    where, key = known_dict(where), known_text(key)
    return where[key] if key in where or not default else default[0]


def merge(*values: Value) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for each in values:
        found |= known_dict({} if each is None else each)
    return found


def coalesce(*values: Value) -> Value:
    for each in values:
        if not is_known(each) and not (isinstance(each, str) and each):
            raise LookupError
        if each is not None and each != "":
            return each
    raise LookupError


def to_set(value: Value) -> Value:
    """Return a set as a list; sets of texts are sorted. One that isn't known has the keys of its items."""
    if isinstance(value, Unknown):
        return value
    items = distinct(known_list(value))
    return sorted(items) if is_fully_known(items) and all(isinstance(each, str) for each in items) else items


def to_number(value: Value) -> Value:
    if isinstance(value, str):
        return whole(float(known_text(value)))
    return value if isinstance(value, int | float) else None


def to_bool(value: Value) -> Value:
    return {"true": True, "false": False}[value] if isinstance(value, str) else value


def to_string(module: Module, value: Value) -> Value:
    return value if value is None or isinstance(value, Unknown) else module.as_text(value)


def element(values: Value, index: int) -> Value:
    return known_list(values)[int(index) % len(values)]


def flatten(value: Value) -> list[Value]:
    found = flat(known_list(value))
    if any(isinstance(each, Unknown) for each in found):
        raise LookupError
    return found


def without(function: Callable[[Value, Sequence[Value]], bool]) -> Callable[..., list[Value]]:
    """Return a function of sets that keeps the order of the first."""
    return lambda first, *rest: [each for each in known_list(first) if function(each, rest)]


def numbers(function: Callable[[list[float]], float]) -> Callable[..., Value]:
    """Return a function of numbers, which may be written as texts."""
    return lambda *values: whole(function([float(each) for each in values]))


def chunk_list(values: list[Value], size: int) -> list[Value]:
    return [values[place : place + size] for place in range(0, len(values), max(size, 1))]


def number_range(*limits: int) -> list[int]:
    start, stop, step = {1: (0, *limits, 1), 2: (*limits, 1), 3: limits}[len(limits)]
    return bounded_range(int(start), int(stop), int(step) if len(limits) == 3 or stop >= start else -1)


def transpose(value: dict[str, list[str]]) -> dict[str, list[str]]:
    keys = sorted({each for values in value.values() for each in values})
    return {key: sorted(name for name, values in value.items() if key in values) for key in keys}


def digest(name: str) -> Callable[[str], str]:
    return lambda text: hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()


def encode_yaml(value: Value) -> str:
    import yaml

    ensure_bounded(value)
    return str(yaml.safe_dump(ordered(to_json(value)), default_flow_style=False, allow_unicode=True))


def product(*values: Value) -> list[Value]:
    if math.prod(len(known_list(each)) for each in values) > 100_000:
        raise LookupError
    return [list(each) for each in itertools.product(*values)]


def zipmap(keys: Value, values: Value) -> dict[str, Value]:
    return dict(zip(map(known_text, known_list(keys)), known_list(values), strict=False))


def sum_of(values: Sequence[float]) -> Value:
    return whole(sum(values))


def decode_csv(text: str) -> list[Value]:
    return list(csv.DictReader(text.splitlines()))


_KNOWN: dict[str, Callable[..., Value]] = {
    "abs": lambda value: abs(value),
    "alltrue": lambda values: all(each in (True, "true") for each in values),
    "anytrue": lambda values: any(each in (True, "true") for each in values),
    "base64decode": lambda text: base64.b64decode(text).decode(),
    "base64encode": lambda text: base64.b64encode(text.encode()).decode(),
    "base64sha256": lambda text: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode(),
    "basename": lambda path: path.rstrip("/").rpartition("/")[2],
    "ceil": lambda value: math.ceil(value),
    "chunklist": chunk_list,
    "cidrcontains": functions.contains,
    "cidrhost": functions.host,
    "cidrnetmask": functions.netmask,
    "cidrsubnet": functions.subnet,
    "cidrsubnets": functions.subnets,
    "csvdecode": decode_csv,
    "dirname": lambda path: path.rpartition("/")[0] or ("/" if path.startswith("/") else "."),
    "floor": lambda value: math.floor(value),
    "index": lambda values, wanted: values.index(wanted),
    "lower": lambda text: text.lower(),
    "matchkeys": lambda values, keys, wanted: [v for v, k in zip(values, keys, strict=True) if k in wanted],
    "max": numbers(max),
    "md5": digest("md5"),
    "min": numbers(min),
    "parseint": lambda text, base: int(text, base),
    "pow": lambda first, second: whole(float(first) ** float(second)) if abs(second) < 1000 else None,
    "range": number_range,
    "setintersection": without(lambda each, rest: all(each in other for other in rest)),
    "setsubtract": without(lambda each, rest: each not in rest[0]),
    "setunion": lambda *values: to_set([each for value in values for each in value]),
    "sha1": digest("sha1"),
    "sha256": digest("sha256"),
    "sha512": digest("sha512"),
    "signum": lambda value: (value > 0) - (value < 0),
    "sort": lambda values: sorted(map(str, values)),
    "strcontains": lambda text, wanted: wanted in text,
    "strrev": lambda text: text[::-1],
    "sum": sum_of,
    "title": title,
    "transpose": transpose,
    "upper": lambda text: text.upper(),
    "urlencode": lambda text: quote_plus(text),
    "yamlencode": encode_yaml,
}
_ANY: dict[str, Callable[..., Value]] = {
    "chomp": lambda text: stripped(some_text(text), "", "\r\n"),
    "coalesce": coalesce,
    "coalescelist": lambda *values: next(each for each in map(known_list, values) if each),
    "compact": lambda values: [each for each in known_list(values) if each not in (None, "")],
    "concat": lambda *values: [each for value in values for each in known_list(value)],
    "contains": has_item,
    "distinct": lambda values: distinct(known_list(values)),
    "element": element,
    "endswith": lambda text, wanted: some_text(text).endswith(known_text(wanted)),
    "flatten": flatten,
    "indent": indent,
    "jsondecode": decode_json,
    "jsonencode": encode_json,
    "keys": lambda value: sorted(known_dict(value)),
    "length": length,
    "lookup": lookup,
    "merge": merge,
    "nonsensitive": lambda value: value,
    "one": lambda values: known_list(values)[0] if values else None,
    "regex": lambda wanted, text: pattern(text, wanted, every=False),
    "regexall": lambda wanted, text: pattern(text, wanted, every=True),
    "replace": replace,
    "reverse": lambda values: known_list(values)[::-1],
    "sensitive": lambda value: value,
    "setproduct": product,
    "slice": lambda values, start, stop: known_list(values)[start:stop],
    "split": lambda separator, text: split(text, [separator]),
    "startswith": lambda text, wanted: some_text(text).startswith(known_text(wanted)),
    "substr": substr,
    "tobool": to_bool,
    "tolist": known_list,
    "tomap": lambda value: value if isinstance(value, Unknown) else known_dict(value),
    "tonumber": to_number,
    "toset": to_set,
    "trim": lambda text, chars: stripped(some_text(text), known_text(chars), known_text(chars)),
    "trimprefix": trim_prefix,
    "trimspace": lambda text: stripped(some_text(text), None, None),
    "trimsuffix": trim_suffix,
    "values": lambda value: [value[key] for key in sorted(known_dict(value))],
    "yamldecode": lambda text: from_yaml(some_text(text)),
    "zipmap": zipmap,
}

FUNCTIONS: dict[str, Function] = {
    **{name: of_known(function) for name, function in _KNOWN.items()},
    **{name: of_any(function) for name, function in _ANY.items()},
    "format": formatted,
    "formatlist": lambda module, template, *lists: [
        formatted(module, template, *each) for each in zip(*(known_list(one) for one in lists), strict=True)
    ],
    "join": lambda module, separator, *lists: join(
        module, separator, [each for given in lists for each in known_list(given)]
    ),
    "tostring": to_string,
}
"""Functions by name; they get the module first."""


# Types of variables, for the attributes of objects that may be left out: `object({ url = optional(string, "…") })`.
#
# Source: https://developer.hashicorp.com/terraform/language/expressions/type-constraints

_COLLECTIONS = ("list", "map", "set")


def completed(value: Value, type_: CodeNode, module: Module, source: Source) -> Value:
    """Return a value with null, or the default, for each optional attribute that it leaves out."""
    if isinstance(type_, Within):
        return completed(value, type_.node, module, type_.source)
    if not isinstance(type_, FunctionCall) or not type_.arguments:
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


def _complete(found: dict[str, Value], name: str, type_: CodeNode, module: Module, source: Source) -> None:
    if found.get(name) is not None:
        found[name] = completed(found[name], type_, module, source)
    elif isinstance(type_, FunctionCall) and type_.name == "optional":
        default = None
        if len(type_.arguments) > 1:
            default = completed(module.value(type_.arguments[1], source, {}), type_, module, source)
        found[name] = default
