"""Members of what comes from outside, as inputs. They come before the forms of `semantics`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from apimpolicy.proposing.names import (
    PRINTABLE,
    RESPONSES,
    ProposedInputs,
    ProposedUnknowns,
    fields_of_response,
    is_response,
)
from apimpolicy.scenarios.assignments import MAY_BE_NULL, TEXTS
from apimpolicy.semantics import json_trees
from apimpolicy.semantics.members import FORMS as KNOWN
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import NULL, Host, Items, Number, Opaque, Text, Value, constant_text, merge
from apimpolicy.terms import term as terms

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.proposing.evaluation import ProposedEvaluation
    from apimpolicy.semantics.members import Call, Form

for _name in ("bodies", "collections", "context", "entities", "fields", "json", "objects", "strings"):
    import_module(f"apimpolicy.semantics.forms.{_name}")  # they register the forms that these come before
FORMS: dict[tuple[str, str], Form] = {}
_DICTIONARY = "System.Collections.Generic.IReadOnlyDictionary"
_MOST_GROUPS = 2


def form(type_: str, *signatures: str) -> Callable[[Form], Form]:
    """Register what members mean for proposals, by type and exact signature."""

    def register(function: Form) -> Form:
        for signature in signatures:
            FORMS[type_, signature] = function
        return function

    return register


def unknowns_of(call: Call) -> ProposedUnknowns:
    unknowns = call.evaluation.unknowns
    assert isinstance(unknowns, ProposedUnknowns)
    return unknowns


# Responses


def _of_response(signature: str, own: Callable[[Call, tuple[str, ...]], Value]) -> None:
    original = KNOWN.get(("IResponse", signature))

    @form("IResponse", signature)
    def member(call: Call, message: Value) -> Value:
        if isinstance(message, Opaque) and is_response(message.identity):
            return own(call, message.identity)
        if original is None or not isinstance(message, Host):
            return call.evaluation.state.get("reason")
        found: Value = original(call, message)
        return found


def _inputs(call: Call) -> ProposedInputs:
    unknowns = unknowns_of(call)
    return ProposedInputs(unknowns)


_of_response("int StatusCode { get; }", lambda call, key: _inputs(call).make(("status", ""), key))
_of_response("string StatusReason { get; }", lambda call, key: _inputs(call).make(("reason", ""), key))
_of_response("IMessageBody Body { get; }", lambda call, key: Opaque(("service", key), "IMessageBody", 0))
_of_response(
    f"{_DICTIONARY}<string, string[]> Headers {{ get; }}",
    lambda call, key: fields_of_response(unknowns_of(call), _inputs(call), key),
)


@form("IContext", "IResponse Response { get; }")
def response(call: Call, host: Value) -> Value:
    return merge(call.evaluation.truth(call.evaluation.state.get("has-response")), Host("response"), NULL)


def _read(call: Call, body: Value, kind: str) -> Value | None:
    """Return the content of a body that comes from outside."""
    if not isinstance(body, Opaque) or not isinstance(body.identity, tuple):
        return None
    if kind != "string" and not kind.startswith("Newtonsoft.Json.Linq."):
        return None
    unknowns = unknowns_of(call)
    match body.identity:
        case ("service", key):
            text = unknowns.text_of(*key, "body", "text", language=PRINTABLE)
        case ("body",):
            text = unknowns.text_of("body", "text", language=PRINTABLE)
        case _:
            return None
    return text if kind == "string" else json_trees.parsed(call.evaluation, text.term, kind)


def _body_member(signature: str, kind_of: Callable[[Call], str]) -> None:
    original = KNOWN["IMessageBody", signature]

    @form("IMessageBody", signature)
    def member(call: Call, body: Value, *rest: Value) -> Value:
        own = _read(call, body, kind_of(call))
        found: Value = original(call, body, *rest) if own is None else own
        return found


for _type, _signature in list(KNOWN):
    if _type == "IMessageBody":
        _generic = _signature.startswith("T As<T>")
        _body_member(
            _signature, (lambda call: str(call.type_arguments[-1])) if _generic else (lambda call: str(call.type))
        )


# The user, the product and their like


def _entity(owner: str, name: str, kind: str, key: str) -> None:
    signature = f"string {name} {{ get; }}"

    @form(owner, signature)
    def text(call: Call, own: Value) -> Value:
        unknowns = unknowns_of(call)
        fixed = call.evaluation.state.first("entity", f"{kind} {key}")
        if isinstance(fixed, Text) and fixed.constant is not None:
            return fixed
        found = unknowns.text_of(kind, key)
        return merge(unknowns.truth_of(kind, key, "there"), found, NULL) if (kind, key) in MAY_BE_NULL else found


for (_owner, _name), (_kind, _key, _) in TEXTS.items():
    _entity(_owner, _name, _kind, _key)


@form("IUser", "System.Collections.Generic.IEnumerable<IGroup> Groups { get; }")
def groups(call: Call, user: Value) -> Value:
    length = unknowns_of(call).number_of("groups", "length", most=_MOST_GROUPS).term
    items = [Opaque(("group", f"[{number}]"), "IGroup", 0) for number in range(_MOST_GROUPS)]
    heap = call.evaluation.unknowns.heap
    found: Value = Items((), "IGroup[]", heap)
    for count in range(1, _MOST_GROUPS + 1):
        found = merge(terms.at_most(terms.number(count), length), Items(tuple(items[:count]), "IGroup[]", heap), found)
    return found


def _of_group(name: str) -> None:
    @form("IGroup", f"string {name} {{ get; }}")
    def text(call: Call, group: Value) -> Value:
        if not isinstance(group, Opaque) or not isinstance(group.identity, tuple) or group.identity[0] != "group":
            raise Unsupported("a group of others")
        return unknowns_of(call).text_of("groups", group.identity[1], name.lower())


for _name in ("Id", "Name"):
    _of_group(_name)


# Errors


class FailedPolicy(str):
    """The name of a policy that failed, with the name of its double, and how it failed."""

    __slots__ = ("double", "key", "kind")

    double: str | None
    kind: str
    key: tuple[str, ...] | None


def _of_error(name: str) -> None:
    @form("ILastError", f"string {name} {{ get; }}")
    def text(call: Call, error: Value) -> Value:
        identity = error.identity if isinstance(error, Opaque) else None
        if not isinstance(identity, tuple) or len(identity) < 3 or not isinstance(identity[1], FailedPolicy):
            raise Unsupported("a part of an error")
        unknowns, source, reason = unknowns_of(call), identity[1], identity[2]
        if (
            source.kind in ("double", "scope")
            and source.double is not None
            and (name, source.kind) != ("Source", "double")
        ):
            return unknowns.text_of("double", source.double, name.lower())
        if name == "Source":
            return constant_text(str(source))
        if name == "Reason" and source.kind in RESPONSES and source.key is not None:
            late = unknowns.truth_of(*source.key, "late")
            return merge(late, constant_text("Timeout"), constant_text("BackendConnectionFailure"))
        if name == "Reason" and isinstance(reason, str) and reason != "None":
            return constant_text(reason)
        raise Unsupported("a part of an error")


for _name in ("Source", "Reason", "Message"):
    _of_error(_name)


# Chance


@form("System.Random", "new")
def new_random(evaluation: ProposedEvaluation, *arguments: Value) -> Value:
    if not arguments:
        return Opaque(("random",), "System.Random", 0)
    (seed,) = arguments
    names = evaluation.unknowns.keys() if isinstance(evaluation.unknowns, ProposedUnknowns) else {}
    key = names.get(seed.term) if isinstance(seed, Number) else None
    if key is None or key[-1] != "hash":
        raise Unsupported("a generator with a seed")
    return Opaque(("seeded", "|".join(key)), "System.Random", 0)


@form("System.Random", "int Next(int minValue, int maxValue)", "int Next(int maxValue)", "int Next()")
def next_number(call: Call, source: Value, *bounds: Value) -> Value:
    known = [bound.constant for bound in bounds if isinstance(bound, Number) and bound.constant is not None]
    is_named = isinstance(source, Opaque) and isinstance(source.identity, tuple)
    if len(known) < len(bounds) or not is_named:
        raise Unsupported("random numbers")
    least, most = {0: (0, (1 << 31) - 1), 1: (0, *known[:1]), 2: tuple(known)}[len(known)]
    assert isinstance(source, Opaque)
    assert isinstance(source.identity, tuple)
    if source.identity[0] not in ("random", "seeded") or least >= most:
        raise Unsupported("random numbers")
    unknowns = unknowns_of(call)
    number = unknowns.number_in_order(source.identity)
    return unknowns.number_of(*source.identity, number, str(least), str(most), least=least, most=most - 1)


@form("System.Random", "double NextDouble()")
def next_double(call: Call, source: Value) -> Value:
    raise Unsupported("random fractions")


@form("IContext", "System.Guid RequestId { get; }")
def request_id(call: Call, host: Value) -> Value:
    return Opaque(("id", ("request-id",)), "System.Guid", 0)


@form("System.Guid", "static System.Guid NewGuid()")
def new_guid(call: Call) -> Value:
    return Opaque(("id", ("guid", unknowns_of(call).number_in_order("guid"))), "System.Guid", 0)


@form("System.Guid", "int GetHashCode()")
def hash_of_guid(call: Call, guid: Value) -> Value:
    if not isinstance(guid, Opaque) or not isinstance(guid.identity, tuple) or guid.identity[0] != "id":
        raise Unsupported("a Guid")
    return unknowns_of(call).number_of(*guid.identity[1], "hash", least=-(1 << 31), most=(1 << 31) - 1)
