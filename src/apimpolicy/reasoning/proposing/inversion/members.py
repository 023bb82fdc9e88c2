"""Inverses of properties, indexers and calls."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.nodes import Bound, Expression
from apimpolicy.csharp.dotnet.system.randoms import Random
from apimpolicy.reasoning.proposing.inversion.context import (
    fields_of,
    message_of,
    message_of_body,
    named_field,
    of_message,
    origin_of,
    token_of,
    with_body,
    with_field,
    with_url,
)
from apimpolicy.reasoning.proposing.inversion.core import (
    JSON,
    call_parts,
    context_path,
    sample,
    unconverted,
    usual,
    value_type,
)
from apimpolicy.reasoning.proposing.inversion.inverses import inverse
from apimpolicy.reasoning.proposing.inversion.operators import (
    NEGATED,
    by_operands,
    compared,
    key_of_group,
    query,
    tested_by_method,
)
from apimpolicy.reasoning.proposing.inversion.recorded import UNKNOWN, Null, Recorded, plain
from apimpolicy.reasoning.proposing.inversion.values import different, path_of, text_of, with_member

if TYPE_CHECKING:
    from apimpolicy.reasoning.proposing.inversion.core import Inversion, Requests

_JSON_TYPES = {1: {}, 2: [], 6: 1, 7: 1.5, 8: "x", 9: True, 10: Null("null")}
"""Samples by the number of a JTokenType."""
_OPERATORS = {
    "op_LessThan": "<",
    "op_GreaterThan": ">",
    "op_LessThanOrEqual": "<=",
    "op_GreaterThanOrEqual": ">=",
    "op_Equality": "==",
    "op_Inequality": "!=",
}
_OF_CONTEXT = re.compile(r"I[A-Z]")
"""The beginning of the names of the types that `context` has; others are of values."""
_MOST_FRACTION = 0.999999
_MOST_SEEDS = 5_000
"""The seeds that are tried for a wanted number."""
_OF_JSON = ("ContainsKey", "Property", "TryGetValue", "SelectToken", "Value", "GetValue")
_BY_KEY = ("ContainsKey", "TryGetValue")
_CLAIMS = {"Subject": "sub", "Issuer": "iss", "Id": "jti", "Audiences": "aud"}


def invert_property_access(
    inversion: Inversion, recorded: Recorded, node: nodes.PropertyAccess, wanted: Any
) -> Requests:
    name, receiver = node.property.name, node.receiver
    if receiver is None:
        if name in ("Now", "UtcNow", "Today"):
            yield from inversion.sources.clock(wanted)
        return
    path, declaring = context_path(recorded, node), node.property.declaring.name.rpartition(".")[2]
    if path is not None and _OF_CONTEXT.match(declaring) is not None:
        if path[0] == "Response":
            yield from of_message(inversion, recorded, inversion.sources.answer(recorded.index), name, wanted)
        else:
            if path[:2] == ("Request", "Url") and name != "Query":
                yield from with_url(inversion, recorded, name, wanted)
            yield from inversion.sources.member(path, declaring, wanted)
        return
    if str(receiver.type) == "IResponse" and (message := message_of(inversion, recorded, receiver)) is not None:
        yield from of_message(inversion, recorded, message, name, wanted)
        return
    current = recorded.value(receiver)
    if name == "Value" and declaring in ("Group", "Capture"):
        yield from of_group(inversion, recorded, receiver, wanted)
    elif name == "Success" and declaring == "Group" and not str(receiver.type).endswith("Match"):
        yield from of_group(inversion, recorded, receiver, None)
    elif name == "Success":
        yield from inversion.solve(recorded, receiver, wanted)
    elif declaring == "Jwt" and name in _CLAIMS and (token := token_of(inversion, recorded, receiver)) is not None:
        yield from inversion.sources.claim((*token, "claim"), _CLAIMS[name], wanted)
    elif declaring == "BasicAuthCredentials":
        names = [getattr(recorded.raw(receiver), field, None) or "x" for field in ("user_id", "password")]
        names[name == "Password"] = text_of(wanted)
        origin, call = origin_of(inversion, recorded, receiver)
        if isinstance(call, nodes.Call) and "Basic" in call.method.name:
            text = "Basic " + base64.b64encode(":".join(names).encode("utf-8", "replace")).decode()
            yield from inversion.solve(origin, call.arguments[0], text)
    elif name == "HasValue":
        yield from inversion.solve(recorded, receiver, usual(inversion, recorded, receiver) if wanted else None)
    elif name == "Type":
        yield from inversion.solve(recorded, receiver, _JSON_TYPES.get(int(wanted), "x"))
    elif declaring == "JProperty" and name in ("Name", "Value"):
        key, value = next(iter(current.items())) if isinstance(current, dict) and current else ("x", "x")
        yield from inversion.solve(recorded, receiver, {wanted: value} if name == "Name" else {key: wanted})
    elif declaring == "IGroup":
        yield from inversion.solve(recorded, receiver, {**(current if isinstance(current, dict) else {}), name: wanted})
    elif declaring.startswith("IGrouping") and name == "Key":
        yield from key_of_group(inversion, recorded, receiver, wanted)
    elif declaring.startswith("KeyValuePair"):
        yield from with_pair(inversion, recorded, receiver, name, wanted)
    elif name in ("Keys", "Values", "Claims", "Headers", "Body", "Query"):
        return
    else:
        for number, value in inverse(name, [current], wanted):
            if number == 0:
                yield from inversion.solve(recorded, receiver, value)


def with_pair(inversion: Inversion, recorded: Recorded, node: Expression, name: str, wanted: Any) -> Requests:
    local = unconverted(node)
    for source in recorded.sources.get(id(local.symbol), []) if isinstance(local, nodes.Local) else ():
        if isinstance(source, nodes.Foreach):
            collection: Expression = source.collection
        elif isinstance(source, nodes.Call):
            collection = source.receiver or source.arguments[0]
        else:
            continue
        items, key = recorded.value(collection), plain(getattr(recorded.raw(node), "key", "x"))
        items = dict(items) if isinstance(items, dict) else {}
        value = items.pop(key, "x") if name == "Key" else wanted
        yield from inversion.solve(recorded, collection, {**items, (wanted if name == "Key" else key): value})


def invert_object_creation(
    inversion: Inversion, recorded: Recorded, node: nodes.ObjectCreation, wanted: Any
) -> Requests:
    type_ = str(node.type).rpartition(".")[2]
    if isinstance(wanted, dict):
        current = recorded.value(node)
        for each in node.walk():
            if (isinstance(each, nodes.ObjectCreation) and str(each.type).endswith("JProperty")) or (
                isinstance(each, nodes.Call) and each.method.name == "Add"
            ):
                parts = each.arguments
            elif isinstance(each, nodes.Assignment) and isinstance(each.target, nodes.IndexerAccess):
                parts = (*each.target.arguments, each.value)
            else:
                continue
            name = recorded.value(parts[0]) if len(parts) == 2 else None
            if isinstance(name, str) and wanted.get(name) != (current or {}).get(name):
                yield from inversion.solve(recorded, parts[1], wanted.get(name))
    elif node.arguments and (type_ in ("Uri", "JValue") or isinstance(wanted, list)):
        yield from inversion.solve(recorded, node.arguments[0], wanted)


def invert_array_creation(inversion: Inversion, recorded: Recorded, node: nodes.ArrayCreation, wanted: Any) -> Requests:
    for item, value in zip(node.items or (), wanted if isinstance(wanted, list) else (), strict=False):
        if recorded.value(item) != value:
            yield from inversion.solve(recorded, item, value)


def invert_anonymous_creation(
    inversion: Inversion, recorded: Recorded, node: nodes.AnonymousCreation, wanted: Any
) -> Requests:
    for (name, _), value in zip(node.type.members, node.values, strict=True) if isinstance(wanted, dict) else ():
        if recorded.value(value) != wanted.get(name):
            yield from inversion.solve(recorded, value, wanted.get(name))


def invert_indexer_access(inversion: Inversion, recorded: Recorded, node: nodes.IndexerAccess, wanted: Any) -> Requests:
    receiver = node.receiver
    if (kind := fields_of(inversion, recorded, receiver)) is not None:
        name = recorded.value(node.arguments[0])
        if isinstance(name, str):
            yield from with_field(inversion, recorded, kind, name, wanted)
        return
    keys = [recorded.value(each) for each in node.arguments]
    if any(each is UNKNOWN for each in keys):
        return
    if str(receiver.type).endswith("GroupCollection"):
        return
    container = recorded.value(receiver)
    container = None if container is UNKNOWN else container
    if isinstance(container, str) and isinstance(wanted, str) and isinstance(keys[0], int):
        yield from inversion.solve(
            recorded, receiver, container[: keys[0]].ljust(keys[0], "x") + wanted + container[keys[0] + 1 :]
        )
        return
    yield from inversion.solve(recorded, receiver, with_member(container, keys, wanted))
    yield from by_other_key(inversion, recorded, node.arguments[0], container, wanted)


def by_other_key(inversion: Inversion, recorded: Recorded, key: Expression, container: Any, wanted: Any) -> Requests:
    if isinstance(container, dict) and not key.is_constant:
        for name, value in list(container.items())[:6]:
            if value == wanted or recorded.value(key) not in container:
                yield from inversion.solve(recorded, key, name)


def invert_array_access(inversion: Inversion, recorded: Recorded, node: nodes.ArrayAccess, wanted: Any) -> Requests:
    container, index = recorded.value(node.array), recorded.value(node.indexes[0])
    if not isinstance(index, int) or not 0 <= index < 200:
        return
    if isinstance(container, bytes):
        if isinstance(wanted, int) and 0 <= wanted < 256:
            made = bytearray(container.ljust(index + 1, b"x"))
            made[index] = wanted
            yield from inversion.solve(recorded, node.array, bytes(made))
        return
    container = container if isinstance(container, list) else []
    yield from inversion.solve(recorded, node.array, with_member(container, [index], wanted))


def invert_call(inversion: Inversion, recorded: Recorded, node: nodes.Call, wanted: Any) -> Requests:
    name = node.method.name
    receiver, arguments = call_parts(node)
    if receiver is not None and arguments and (kind := fields_of(inversion, recorded, receiver)) is not None:
        field = recorded.value(arguments[0])
        if isinstance(field, str):
            yield from named_field(inversion, recorded, node, kind, field, wanted)
            return
    if (
        receiver is not None
        and name in ("As", "AsFormUrlEncodedContent")
        and (message := message_of_body(inversion, recorded, receiver)) is not None
    ):
        is_form = name == "AsFormUrlEncodedContent" and isinstance(wanted, dict)
        yield from with_body(inversion, recorded, message, urlencode(wanted) if is_form else wanted)
        return
    if name in _OPERATORS and len(node.arguments) == 2:
        operator = _OPERATORS[name]
        yield from compared(inversion, recorded, *node.arguments, operator if wanted else NEGATED[operator])
        return
    if name == "ToString" and receiver is not None and (path := context_path(recorded, receiver)) is not None:
        yield from inversion.sources.member(path, "", wanted)
    operands: list[Expression] = [*([] if node.receiver is None else [node.receiver]), *node.arguments]
    lambdas = [inner for operand in operands if isinstance(inner := unconverted(operand), nodes.Lambda)]
    if lambdas:
        yield from query(inversion, recorded, node, operands, lambdas[0], wanted)
        return
    if name in ("All", "Any") and isinstance(inner := unconverted(operands[-1]), nodes.MethodReference):
        yield from tested_by_method(inversion, recorded, operands[0], inner.method.name, name == "All", wanted)
        return
    if receiver is not None and name in _OF_JSON and str(receiver.type).rpartition(".")[2] in JSON and arguments:
        yield from member_of_json(inversion, recorded, node, wanted)
        return
    container = recorded.value(operands[0]) if operands else UNKNOWN
    if name in _BY_KEY and len(operands) > 1 and (isinstance(container, dict) or container is None):
        yield from in_dictionary(inversion, recorded, operands, wanted)
        return
    if name == "TryParse" and isinstance(wanted, bool):
        out = node.arguments[-1]
        yield from inversion.solve(recorded, operands[0], text_of(sample(str(out.type))) if wanted else "x")
        return
    if name.startswith("Next") and node.method.declaring.name.endswith("Random"):
        yield from random_number(
            inversion, recorded, node, [recorded.value(argument) for argument in node.arguments], wanted
        )
        return
    if name == "GetHashCode" and receiver is not None and isinstance(wanted, int):
        path = context_path(recorded, receiver)
        if path == ("RequestId",) or (isinstance(receiver, nodes.Call) and receiver.method.name == "NewGuid"):
            key = ("request-id", "hash") if path else ("guid", "0", "hash")
            yield {**inversion.sources.given, key: wanted}
        return
    if name == "Match" and node.method.declaring.name.endswith("Regex"):
        yield from by_operands(inversion, recorded, "IsMatch", operands, wanted)
        return
    if (
        name == "Concat"
        and len(operands) == 1
        and isinstance(operands[0], nodes.ArrayCreation)
        and operands[0].items is not None
    ):
        operands = list(operands[0].items)
    if name == "Children" and str(node.type).endswith("JProperty>"):
        name = "Properties"
    yield from by_operands(inversion, recorded, name, operands, wanted)


def random_number(
    inversion: Inversion, recorded: Recorded, node: nodes.Call, bounds: list[Any], wanted: Any
) -> Requests:
    least, most = (0, 1) if not bounds else (0, bounds[0]) if len(bounds) == 1 else bounds[:2]
    if not isinstance(wanted, (int, float)) or not all(isinstance(each, int) for each in (least, most)):
        return
    wanted = min(max(wanted, least), most - 1 if bounds else _MOST_FRACTION)
    origin, made = (recorded, node) if node.receiver is None else origin_of(inversion, recorded, node.receiver)
    if isinstance(made, nodes.ObjectCreation) and made.arguments:
        for seed in range(1, _MOST_SEEDS):
            generator = Random(seed)
            if (generator.next_between(least, most) if bounds else generator.next_double()) == wanted:
                yield from inversion.solve(origin, made.arguments[0], seed)
                return
    yield from inversion.sources.chance(wanted)


def member_of_json(inversion: Inversion, recorded: Recorded, node: nodes.Call, wanted: Any) -> Requests:
    name = node.method.name
    receiver, arguments = call_parts(node)
    key, container = recorded.value(arguments[0]), recorded.value(receiver) if receiver is not None else None
    if receiver is None or not isinstance(key, (str, int)):
        return
    if name == "Property" and isinstance(wanted, dict):
        wanted = next(iter(wanted.values()), wanted)
    elif name == "Property" or (name in _BY_KEY and isinstance(wanted, bool)):
        wanted = "x" if wanted else None
    path = path_of(key) if name == "SelectToken" and isinstance(key, str) else [key]
    yield from inversion.solve(
        recorded, receiver, with_member(None if container is UNKNOWN else container, path, wanted)
    )


def in_dictionary(inversion: Inversion, recorded: Recorded, operands: Sequence[Expression], wanted: Any) -> Requests:
    holder, key = operands[:2]
    container, name = recorded.value(holder), recorded.value(key)
    if wanted is False:
        for value in different(name):
            yield from inversion.solve(recorded, key, value)
    else:
        yield from by_other_key(inversion, recorded, key, container, wanted)
    if isinstance(name, str):
        value = wanted
        if isinstance(wanted, bool):
            value = value_type(inversion, holder) if wanted else None
        yield from inversion.solve(recorded, holder, with_member(container, [name], value))


def of_group(inversion: Inversion, recorded: Recorded, receiver: Expression, wanted: Any) -> Requests:
    group = recorded.raw(receiver)
    call: Bound = receiver
    while not isinstance(call, nodes.Call):
        recorded, call = origin_of(inversion, recorded, call)
        if not isinstance(call, (nodes.IndexerAccess, nodes.PropertyAccess)) or call.receiver is None:
            break
        call = call.receiver
    if not isinstance(call, nodes.Call) or call.method.name != "Match":
        return
    source = call.receiver if call.receiver is not None and str(call.receiver.type) == "string" else call.arguments[0]
    text = recorded.value(source)
    start, length = getattr(group, "index", None), getattr(group, "length", None)
    if isinstance(text, str) and isinstance(start, int) and isinstance(length, int) and group.success:
        new = text_of("x" if wanted is None else wanted)
        yield from inversion.solve(recorded, source, text[:start] + new + text[start + length :])
    else:
        yield from invert_call(inversion, recorded, call, True)
