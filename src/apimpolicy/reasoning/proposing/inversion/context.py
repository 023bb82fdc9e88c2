"""Inverses of what `context` has: fields by name, variables, tokens, messages and their bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.nodes import Bound
from apimpolicy.gateway.policies.effects import CacheAccessed, Sent, VariableSet
from apimpolicy.reasoning.proposing.inversion.core import call_parts, context_path, repair, returned, unconverted
from apimpolicy.reasoning.proposing.inversion.recorded import Null, Recorded
from apimpolicy.reasoning.proposing.inversion.values import of_template, text_of
from apimpolicy.reasoning.scenarios.assignments import Key

if TYPE_CHECKING:
    from apimpolicy.reasoning.proposing.inversion.core import Inversion, Requests


def of_message(inversion: Inversion, recorded: Recorded, message: Key, name: str, wanted: Any) -> Requests:
    if name == "StatusCode":
        if any(entry.error is not None for entry in inversion.trace[: recorded.index]) and isinstance(wanted, int):
            yield from inversion.sources.failures({"status": wanted})
        yield from inversion.sources.status(message, wanted)
    elif name == "StatusReason":
        yield {**inversion.sources.given, (*message, "reason", "there"): True, (*message, "reason"): str(wanted)}
    elif name == "Body":
        yield from inversion.sources.body(message, "x" if wanted is not None else None)


def origin_of(inversion: Inversion, recorded: Recorded, node: Bound) -> tuple[Recorded, Bound]:
    for _ in range(20):
        node = unconverted(node)
        if isinstance(node, nodes.Placeholder) and (holder := recorded.holder(node)) is not None:
            node = holder
            continue
        if isinstance(node, nodes.Conditional):
            node = node.when_true if recorded.raw(node.condition) is True else node.when_false
            continue
        if isinstance(node, nodes.Coalesce):
            node = node.left if recorded.raw(node.left) is not None else node.right
            continue
        if isinstance(node, nodes.Local):
            assigned = [
                assignment
                for assignment in recorded.sources.get(id(node.symbol), [])
                if isinstance(assignment, nodes.Expression)
            ]
            source = next((assignment for assignment in reversed(assigned) if recorded.has(assignment)), None)
            if source is None:
                break
            node = source
            continue
        name = variable_name(inversion, recorded, node)
        setter = None if name is None else inversion.sources.setter(name, recorded.index)
        if setter is None or not isinstance(setter[1].effect, VariableSet):
            break
        inner = next(
            (
                inversion.recorded(evaluation, setter[0])
                for evaluation in setter[1].evaluations
                if evaluation.what == "value"
            ),
            None,
        )
        result = None if inner is None else inner.result()
        if inner is None or result is None:
            break
        recorded, node = inner, result
    return recorded, node


def message_of(inversion: Inversion, recorded: Recorded, node: Bound) -> Key | None:
    """Return the key of a message that an expression is: () is the request."""
    recorded, node = origin_of(inversion, recorded, node)
    path = context_path(recorded, node)
    if path is not None:
        return {"Request": (), "Response": inversion.sources.answer(recorded.index)}.get(path[0])
    name = variable_name(inversion, recorded, node)
    setter = None if name is None else inversion.sources.setter(name, recorded.index)
    return None if setter is None else inversion.sources.sent(setter[0])


def variable_name(inversion: Inversion, recorded: Recorded, node: Bound) -> str | None:
    """Return the name of the variable of `context` that an expression reads."""
    receiver, arguments = call_parts(node)
    if receiver is not None and context_path(recorded, receiver) == ("Variables",) and arguments:
        name = recorded.value(arguments[0])
        return name if isinstance(name, str) else None
    return None


def fields_of(inversion: Inversion, recorded: Recorded, receiver: Bound) -> str | Key | None:
    """Return what fields an expression is: `header`, `query`, `matched`, `variable`, or headers of a response."""
    recorded, receiver = origin_of(inversion, recorded, receiver)
    if not isinstance(receiver, nodes.PropertyAccess):
        return None
    match context_path(recorded, receiver):
        case ("Request", "Headers") | ("Request", "OriginalHeaders"):
            return "header"
        case ("Request", "Url" | "OriginalUrl", "Query"):
            return "query"
        case ("Request", "MatchedParameters"):
            return "matched"
        case ("Variables",):
            return "variable"
    if receiver.property.name == "Claims" and receiver.receiver is not None:
        token = token_of(inversion, recorded, receiver.receiver)
        return None if token is None else (*token, "claim")
    if receiver.property.name == "Headers" and receiver.receiver is not None:
        message = message_of(inversion, recorded, receiver.receiver)
        return (*message, "header") if message else None
    return None


def token_of(inversion: Inversion, recorded: Recorded, node: Bound) -> Key | None:
    recorded, node = origin_of(inversion, recorded, node)
    name = variable_name(inversion, recorded, node)
    if name is not None:
        setter = inversion.sources.setter(name, recorded.index)
        return ("variable", name) if setter is None else inversion.sources.token(setter[1], name)
    receiver, _ = call_parts(node)
    if isinstance(node, nodes.Call) and node.method.name in ("AsJwt", "TryParseJwt") and receiver is not None:
        return _header_of(inversion, recorded, receiver)
    return None


def _header_of(inversion: Inversion, recorded: Recorded, node: Bound | None) -> Key | None:
    while node is not None:
        recorded, node = origin_of(inversion, recorded, node)
        node, arguments = (node.array, ()) if isinstance(node, nodes.ArrayAccess) else call_parts(node)
        field = recorded.value(arguments[0]) if arguments else None
        if node is not None and isinstance(field, str) and fields_of(inversion, recorded, node) == "header":
            shown = inversion.sources.shown_token if field.lower() == "authorization" else None
            return shown or ("header", field.lower())
    return None


def named_field(
    inversion: Inversion, recorded: Recorded, node: nodes.Call, kind: str | Key, field: str, wanted: Any
) -> Requests:
    name = node.method.name
    if name in ("ContainsKey", "Contains") or (name == "TryGetValue" and isinstance(wanted, bool)):
        calls = (
            (each.method.name for each in recorded.body.walk() if isinstance(each, nodes.Call)) if recorded.body else ()
        )
        usual = "1" if any(each.startswith(("Parse", "ToInt")) for each in calls) else "x"
        yield from with_field(inversion, recorded, kind, field, usual if wanted else None)
    elif name in ("GetValueOrDefault", "GetValues", "TryGetValue", "get_Item"):
        _, arguments = call_parts(node)
        default = recorded.value(arguments[1]) if len(arguments) > 1 and name == "GetValueOrDefault" else None
        if wanted == default and recorded.value(node) != default:
            yield from with_field(inversion, recorded, kind, field, None)
        yield from with_field(inversion, recorded, kind, field, wanted)
        if default is not None and recorded.value(node) == default:
            yield from inversion.solve(recorded, arguments[1], wanted)


def with_field(inversion: Inversion, recorded: Recorded, kind: str | Key, name: str, wanted: Any) -> Requests:
    sources = inversion.sources
    if kind == "variable":
        yield from with_variable(inversion, recorded, name, wanted)
        return
    if isinstance(kind, tuple) and kind[-1] == "claim":
        yield from sources.claim(kind, name, wanted)
        return
    if kind == "header" or isinstance(kind, tuple):
        setter = sources.header_setter("request" if kind == "header" else "response", name.lower(), recorded.index)
        if setter is not None:
            index, entry = setter
            wanted = ",".join(map(str, wanted)) if isinstance(wanted, list) else wanted
            for evaluation in entry.evaluations:
                if evaluation.what == "value":
                    inner = inversion.recorded(evaluation, index)
                    if inner.body is not None:
                        yield from returned(inversion, inner, wanted)
            return
        name = name.lower()
    if kind == "query":
        yield from with_url(inversion, recorded, f"?{name}", ",".join(wanted) if isinstance(wanted, list) else wanted)
    key: Key = (kind, name) if isinstance(kind, str) else (*kind, name)
    yield from sources.field(key, wanted)


def with_url(inversion: Inversion, recorded: Recorded, part: str, wanted: Any) -> Requests:
    setter = inversion.sources.url_setter(part, recorded.index)
    if setter is None or wanted is None:
        return
    index, entry = setter
    for each in entry.evaluations:
        inner, text = inversion.recorded(each, index), text_of(wanted)
        if part == "Host" and isinstance(each.value, str):
            text = urlsplit(each.value)._replace(netloc=text).geturl()
        yield from returned(inversion, inner, text)


def with_variable(inversion: Inversion, recorded: Recorded, name: str, wanted: Any) -> Requests:
    sources = inversion.sources
    setter = sources.setter(name, recorded.index)
    if setter is None:
        yield from sources.variable("variable", name, wanted)
        if wanted is None:
            yield from sources.variable("variable", name, Null("null"))
        return
    index, entry = setter
    effect = entry.effect
    if wanted is not None:
        yield from without_ignored_errors(inversion, index)
    if isinstance(effect, CacheAccessed):
        if effect.key is not None:
            yield from sources.variable("cache", effect.key, wanted)
    elif isinstance(effect, Sent):
        yield from sources.fails(sources.sent(index), is_wanted=wanted is None)
    else:
        for evaluation in entry.evaluations:
            if evaluation.what == "value":
                yield from returned(inversion, inversion.recorded(evaluation, index), wanted)
        yield from sources.passes(entry, name, wanted)


def without_ignored_errors(inversion: Inversion, index: int) -> Requests:
    trace = inversion.trace
    for number in range(index + 1, len(trace)):
        if trace[number].depth <= trace[index].depth:
            return
        for each in trace[number].evaluations:
            if each.error is not None:
                yield from repair(inversion, inversion.recorded(each, number))


def message_of_body(inversion: Inversion, recorded: Recorded, receiver: Bound) -> Key | None:
    recorded, node = origin_of(inversion, recorded, receiver)
    if isinstance(node, nodes.PropertyAccess) and node.property.name == "Body" and node.receiver is not None:
        return message_of(inversion, recorded, node.receiver)
    return None


def with_body(inversion: Inversion, recorded: Recorded, message: Key, wanted: Any) -> Requests:
    kind = {"answer": "response", "sent": ""}.get(message[0] if message else "", "request")
    setter = inversion.sources.body_setter(kind, recorded.index) if kind else None
    if setter is not None:
        index, entry = setter
        for each in entry.evaluations:
            yield from returned(
                inversion, inversion.recorded(each, index), text_of(wanted) if wanted is not None else ""
            )
        element = entry.element
        if content := of_template(element.source.text[element.start : element.end]):
            yield from inversion.sources.body(message, content)
        return
    yield from inversion.sources.body(message, wanted)
