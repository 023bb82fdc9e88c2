"""The members of requests and responses, headers, parameters and variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.symbolic import inputs as patterns
from apimpolicy.symbolic import solver, tree_types, trees
from apimpolicy.symbolic.forms import form
from apimpolicy.symbolic.forms.contexts import MAPPING, METHODS, Variables, decide_kind
from apimpolicy.symbolic.forms.dictionaries import value_of
from apimpolicy.symbolic.sequences import Entries, Items
from apimpolicy.symbolic.state import Fields, Message
from apimpolicy.symbolic.things import Thing
from apimpolicy.symbolic.values import Dual, term_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.symbolic.forms import Call


def _of_request(signature: str) -> Callable[[Callable[[Call, Message], Dual | None]], None]:
    def register(function: Callable[[Call, Message], Dual | None]) -> None:
        @form("IRequest", signature)
        def member(call: Call) -> Dual | None:
            own = call.own.form
            return function(call, own) if isinstance(own, Message) else None

    return register


@_of_request("string Method { get; }")
def method(call: Call, own: Message) -> Dual:
    if own.method is not None:
        return own.method
    return Dual(term=call.walker.inputs.one_of("method", choices=METHODS))


@_of_request("System.Collections.Generic.IReadOnlyDictionary<string, string[]> Headers { get; }")
def request_headers(call: Call, own: Message) -> Dual:
    return Dual(form=own.headers)


@_of_request("IUrl Url { get; }")
def url(call: Call, own: Message) -> Dual:
    return Dual(lost=own.url_lost) if own.url_lost is not None else Dual(form=Thing("url"))


@_of_request("IUrl OriginalUrl { get; }")
def original_url(call: Call, own: Message) -> Dual:
    return Dual(form=Thing("url"))


@_of_request("string IpAddress { get; }")
def ip_address(call: Call, own: Message) -> Dual:
    return Dual(term=call.walker.inputs.text("address", default="127.0.0.1", pattern=patterns.ADDRESS))


@_of_request("System.Collections.Generic.IReadOnlyDictionary<string, string> MatchedParameters { get; }")
def matched_parameters(call: Call, own: Message) -> Dual:
    found = call.walker.inputs
    if found.template is None:
        return Dual(form=Fields(found, ("matched",), folds=False))
    fields = Fields(found, ("matched",), folds=False, is_given=False)
    pieces = enumerate(found.template)
    fields.set = {
        piece.parameter: Dual(term=found.piece(index)) for index, piece in pieces if piece.parameter is not None
    }
    return Dual(form=fields)


@_of_request("IMessageBody Body { get; }")
def request_body(call: Call, own: Message) -> Dual:
    body = own.body
    if body.set is not None:
        return Dual(form=body) if call.value is not None else Dual()
    return Dual(null=solver.no(call.walker.inputs.truth("body", "there")), form=body)


@_of_request("System.Security.Cryptography.X509Certificates.X509Certificate2 Certificate { get; }")
def certificate(call: Call, own: Message) -> Dual | None:
    """The kind of certificate decides the way, and with it all that is asked of it."""
    return Dual() if decide_kind(call, "certificate") else None


@form("IUrl", "string Path { get; }")
def path_of_url(call: Call) -> Dual | None:
    return Dual(term=call.walker.inputs.path()) if isinstance(call.own.form, Thing) else None


@form("IUrl", "string Host { get; }")
def host_of_url(call: Call) -> Dual | None:
    if not isinstance(call.own.form, Thing):
        return None
    return Dual(term=call.walker.inputs.text("host", default="contoso.azure-api.net", pattern=patterns.HOST))


@form("IUrl", "string Scheme { get; }")
@form("IUrl", "int Port { get; }")
def fixed_part_of_url(call: Call) -> Dual | None:
    return Dual() if isinstance(call.own.form, Thing) else None


@form("IUrl", "System.Collections.Generic.IReadOnlyDictionary<string, string[]> Query { get; }")
def query(call: Call) -> Dual | None:
    return Dual(form=Fields(call.walker.inputs, ("query",))) if isinstance(call.own.form, Thing) else None


# The response


@form("IResponse", "int StatusCode { get; }")
def status_code(call: Call) -> Dual | None:
    own = call.own.form
    if not isinstance(own, Message):
        return None
    if own.status is not None:
        return own.status
    if own.key == ("own",):
        return Dual()
    return Dual(term=status_of(call, own))


def status_of(call: Call, own: Message) -> solver.Term:
    """The status code of an answer."""
    return call.walker.inputs.number(*own.key, "status", default=200, least=200, most=599)


@form("IResponse", "string StatusReason { get; }", but="the usual reason of a status")
def status_reason(call: Call) -> Dual | None:
    own = call.own.form
    if not isinstance(own, Message) or own.status is not None or own.reason is not None:
        return own.reason if isinstance(own, Message) else None
    if own.key == ("own",):
        return Dual()
    given = call.walker.inputs.truth(*own.key, "reason", "there")
    call.walker.path.hold(given, bool(call.walker.path.assignment.get((*own.key, "reason", "there"))), "reason")
    if not call.walker.path.assignment.get((*own.key, "reason", "there")):
        return Dual(lost=call.walker.obstacle("the usual reason of a status", call.node))
    return Dual(term=call.walker.inputs.text(*own.key, "reason", default="OK"))


@form("IResponse", "System.Collections.Generic.IReadOnlyDictionary<string, string[]> Headers { get; }")
def response_headers(call: Call) -> Dual | None:
    own = call.own.form
    return Dual(form=own.headers) if isinstance(own, Message) else None


@form("IResponse", "IMessageBody Body { get; }")
def response_body(call: Call) -> Dual | None:
    own = call.own.form
    return Dual(form=own.body) if isinstance(own, Message) else None


# Headers, parameters, variables


def _key(dual: Dual) -> str | None:
    return dual.value if dual.is_constant and isinstance(dual.value, str) else None


@form(MAPPING, "bool ContainsKey(TKey key)")
def contains_key(call: Call) -> Dual | None:
    own, name = call.own.form, _key(call.arguments[0])
    if name is None:
        return None
    if isinstance(own, Fields):
        return Dual(term=own.there(name)) if own.lost is None else None
    if isinstance(own, Variables):
        state = call.walker.state
        return Dual(True) if name in state.variables else Dual(term=state.has_variable(name))
    if isinstance(own, trees.Built):
        return Dual(name in own.fields)
    return None


@form(MAPPING, "TValue Item[TKey key] { get; }")
def item(call: Call) -> Dual | None:
    own, name = call.own.form, _key(call.arguments[0])
    if name is None:
        return None
    if isinstance(own, Fields):
        return _field(call, own, name)
    return _variable(call, name) if isinstance(own, Variables) else None


def _field(call: Call, own: Fields, name: str) -> Dual | None:
    if own.lost is not None:
        return None
    call.guard(own.there(name))
    found = own.value(name)
    if call.value is None or isinstance(call.value, str):
        return found
    values = list(call.value)
    if len(values) != 1:
        return None
    return Dual(form=Items([found.as_value(values[0])]))


def _variable(call: Call, name: str) -> Dual:
    state = call.walker.state
    known = state.variables.get(name)
    if known is not None:
        return known
    call.guard(state.has_variable(name))
    return Dual(form=state.variable(name))


@form(
    "ContextExtensions",
    f"static string GetValueOrDefault(this {MAPPING}<string, string[]> d, string name)",
    f"static string GetValueOrDefault(this {MAPPING}<string, string[]> d, string name, string defaultValue)",
    f"static string GetValueOrDefault(this {MAPPING}<string, string> d, string name, string defaultValue)",
)
@form(
    "System.Collections.Generic.CollectionExtensions",
    f"static TValue GetValueOrDefault<TKey, TValue>(this {MAPPING}<TKey, TValue> dictionary, TKey key)",
    f"static TValue GetValueOrDefault<TKey, TValue>(this {MAPPING}<TKey, TValue> dictionary, TKey key, "
    "TValue defaultValue)",
)
def field_or_default(call: Call) -> Dual | None:
    own, name = call.arguments[0].form, _key(call.arguments[1])
    if isinstance(own, Variables):
        return variable_or_default(call)
    if isinstance(own, Entries):
        return _entry_or_default(call)
    if not isinstance(own, Fields) or name is None or own.lost is not None:
        return None
    default = call.arguments[2] if len(call.arguments) > 2 else Dual(None)
    if str(call.node.type) != "string":
        has_it = call.walker.path.split(own.there(name), "there")
        return _field(call, own, name) if has_it else default
    if own.is_known(name):
        known = own.set.get(own.name(name))
        return default if known is None else known
    there, found = own.there(name), own.value(name)
    if default.is_constant and default.value is None:
        return Dual(term=found.term, null=solver.no(there))
    other = term_of(default)
    if other is None:
        return None
    return Dual(term=solver.choice(there, found.term, other))


def _entry_or_default(call: Call) -> Dual | None:
    found = value_of(call.walker, call.arguments[0], call.arguments[1])
    if found:
        return found[0]
    return None if found is None else call.arguments[2] if len(call.arguments) > 2 else Dual()


@form(
    "ContextExtensions",
    f"static T GetValueOrDefault<T>(this {MAPPING}<string, object> d, string name)",
    f"static T GetValueOrDefault<T>(this {MAPPING}<string, object> d, string name, T defaultValue)",
)
def variable_or_default(call: Call) -> Dual | None:
    name = _key(call.arguments[1])
    if not isinstance(call.arguments[0].form, Variables) or name is None:
        return None
    state, path = call.walker.state, call.walker.path
    target = str(call.node.type)
    known = state.variables.get(name)
    if known is None:
        is_there = bool(path.assignment.get(("variable", name, "there"), False))
        path.hold(state.has_variable(name), is_there, ("variable", name))
        if not is_there:
            return call.arguments[2] if len(call.arguments) > 2 else Dual()
        tree = state.variable(name)
        value = state.given(name)
        return tree_types.cast(call.walker, Dual(value, form=tree), target)
    if isinstance(known.form, trees.Tree):
        return tree_types.cast(call.walker, known, target)
    return known


@form(MAPPING, "bool TryGetValue(TKey key, out TValue value)")
def try_get_value(call: Call) -> Dual | None:
    from apimpolicy.symbolic.access import Output

    own, name = call.own.form, _key(call.arguments[0])
    if name is None or not isinstance(own, Variables):
        return None
    state = call.walker.state
    known = state.variables.get(name)
    if known is not None:
        return Dual(form=Output(known))
    value = state.given(name)
    return Dual(term=state.has_variable(name), form=Output(Dual(value, form=state.variable(name))))
