"""The members of requests and responses, headers, parameters and variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import inputs as patterns
from apimpolicy.concolic import json_casts, solver, symbolic_json
from apimpolicy.concolic.access import Output
from apimpolicy.concolic.context_objects import ContextObject
from apimpolicy.concolic.forms import form
from apimpolicy.concolic.forms.context_members import MAPPING, METHODS, Variables, decide_kind
from apimpolicy.concolic.forms.dictionaries import value_of
from apimpolicy.concolic.sequences import Entries, Items
from apimpolicy.concolic.state import Fields, Message
from apimpolicy.concolic.values import ConcolicValue, term_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.concolic.forms import Call


def _of_request(signature: str) -> Callable[[Callable[[Call, Message], ConcolicValue | None]], None]:
    def register(function: Callable[[Call, Message], ConcolicValue | None]) -> None:
        @form("IRequest", signature)
        def member(call: Call) -> ConcolicValue | None:
            own = call.own.form
            return function(call, own) if isinstance(own, Message) else None

    return register


@_of_request("string Method { get; }")
def method(call: Call, own: Message) -> ConcolicValue:
    if own.method is not None:
        return own.method
    return ConcolicValue(term=call.replayer.inputs.one_of("method", choices=METHODS))


@_of_request("System.Collections.Generic.IReadOnlyDictionary<string, string[]> Headers { get; }")
def request_headers(call: Call, own: Message) -> ConcolicValue:
    return ConcolicValue(form=own.headers)


@_of_request("IUrl Url { get; }")
def url(call: Call, own: Message) -> ConcolicValue:
    return (
        ConcolicValue(unsupported=own.url_unsupported)
        if own.url_unsupported is not None
        else ConcolicValue(form=ContextObject("url"))
    )


@_of_request("IUrl OriginalUrl { get; }")
def original_url(call: Call, own: Message) -> ConcolicValue:
    return ConcolicValue(form=ContextObject("url"))


@_of_request("string IpAddress { get; }")
def ip_address(call: Call, own: Message) -> ConcolicValue:
    return ConcolicValue(term=call.replayer.inputs.string_var("address", default="127.0.0.1", pattern=patterns.ADDRESS))


@_of_request("System.Collections.Generic.IReadOnlyDictionary<string, string> MatchedParameters { get; }")
def matched_parameters(call: Call, own: Message) -> ConcolicValue:
    found = call.replayer.inputs
    if found.template is None:
        return ConcolicValue(form=Fields(found, ("matched",), folds=False))
    fields = Fields(found, ("matched",), folds=False, is_given=False)
    pieces = enumerate(found.template)
    fields.set = {
        piece.parameter: ConcolicValue(term=found.piece(index))
        for index, piece in pieces
        if piece.parameter is not None
    }
    return ConcolicValue(form=fields)


@_of_request("IMessageBody Body { get; }")
def request_body(call: Call, own: Message) -> ConcolicValue:
    body = own.body
    if body.set is not None:
        return ConcolicValue(form=body) if call.value is not None else ConcolicValue()
    return ConcolicValue(null=solver.not_(call.replayer.inputs.bool_var("body", "there")), form=body)


@_of_request("System.Security.Cryptography.X509Certificates.X509Certificate2 Certificate { get; }")
def certificate(call: Call, own: Message) -> ConcolicValue | None:
    """Return the client certificate, and branch on which one it is."""
    return ConcolicValue() if decide_kind(call, "certificate") else None


@form("IUrl", "string Path { get; }")
def path_of_url(call: Call) -> ConcolicValue | None:
    return ConcolicValue(term=call.replayer.inputs.path()) if isinstance(call.own.form, ContextObject) else None


@form("IUrl", "string Host { get; }")
def host_of_url(call: Call) -> ConcolicValue | None:
    if not isinstance(call.own.form, ContextObject):
        return None
    return ConcolicValue(
        term=call.replayer.inputs.string_var("host", default="contoso.azure-api.net", pattern=patterns.HOST)
    )


@form("IUrl", "string Scheme { get; }")
@form("IUrl", "int Port { get; }")
def fixed_part_of_url(call: Call) -> ConcolicValue | None:
    return ConcolicValue() if isinstance(call.own.form, ContextObject) else None


@form("IUrl", "System.Collections.Generic.IReadOnlyDictionary<string, string[]> Query { get; }")
def query(call: Call) -> ConcolicValue | None:
    return (
        ConcolicValue(form=Fields(call.replayer.inputs, ("query",)))
        if isinstance(call.own.form, ContextObject)
        else None
    )


# The response


@form("IResponse", "int StatusCode { get; }")
def status_code(call: Call) -> ConcolicValue | None:
    own = call.own.form
    if not isinstance(own, Message):
        return None
    if own.status is not None:
        return own.status
    if own.key == ("own",):
        return ConcolicValue()
    return ConcolicValue(term=status_of(call, own))


def status_of(call: Call, own: Message) -> solver.Term:
    """Return the status code of a response."""
    return call.replayer.inputs.int_var(*own.key, "status", default=200, least=200, most=599)


@form("IResponse", "string StatusReason { get; }", but="the standard reason of a status")
def status_reason(call: Call) -> ConcolicValue | None:
    own = call.own.form
    if not isinstance(own, Message) or own.status is not None or own.reason is not None:
        return own.reason if isinstance(own, Message) else None
    if own.key == ("own",):
        return ConcolicValue()
    given = call.replayer.inputs.bool_var(*own.key, "reason", "there")
    call.replayer.path.add_branch(
        given, bool(call.replayer.path.assignment.get((*own.key, "reason", "there"))), "reason"
    )
    if not call.replayer.path.assignment.get((*own.key, "reason", "there")):
        return ConcolicValue(unsupported=call.replayer.unsupported_at("the standard reason of a status", call.node))
    return ConcolicValue(term=call.replayer.inputs.string_var(*own.key, "reason", default="OK"))


@form("IResponse", "System.Collections.Generic.IReadOnlyDictionary<string, string[]> Headers { get; }")
def response_headers(call: Call) -> ConcolicValue | None:
    own = call.own.form
    return ConcolicValue(form=own.headers) if isinstance(own, Message) else None


@form("IResponse", "IMessageBody Body { get; }")
def response_body(call: Call) -> ConcolicValue | None:
    own = call.own.form
    return ConcolicValue(form=own.body) if isinstance(own, Message) else None


# Headers, parameters, variables


def _key(concolic: ConcolicValue) -> str | None:
    return concolic.value if concolic.is_constant and isinstance(concolic.value, str) else None


@form(MAPPING, "bool ContainsKey(TKey key)")
def contains_key(call: Call) -> ConcolicValue | None:
    own, name = call.own.form, _key(call.arguments[0])
    if name is None:
        return None
    if isinstance(own, Fields):
        return ConcolicValue(term=own.there(name)) if own.unsupported is None else None
    if isinstance(own, Variables):
        state = call.replayer.state
        return ConcolicValue(True) if name in state.variables else ConcolicValue(term=state.has_variable(name))
    if isinstance(own, symbolic_json.BuiltJson):
        return ConcolicValue(name in own.fields)
    return None


@form(MAPPING, "TValue Item[TKey key] { get; }")
def item(call: Call) -> ConcolicValue | None:
    own, name = call.own.form, _key(call.arguments[0])
    if name is None:
        return None
    if isinstance(own, Fields):
        return _field(call, own, name)
    return _variable(call, name) if isinstance(own, Variables) else None


def _field(call: Call, own: Fields, name: str) -> ConcolicValue | None:
    if own.unsupported is not None:
        return None
    call.guard(own.there(name))
    found = own.value(name)
    if call.value is None or isinstance(call.value, str):
        return found
    values = list(call.value)
    if len(values) != 1:
        return None
    return ConcolicValue(form=Items([found.as_value(values[0])]))


def _variable(call: Call, name: str) -> ConcolicValue:
    state = call.replayer.state
    known = state.variables.get(name)
    if known is not None:
        return known
    call.guard(state.has_variable(name))
    return ConcolicValue(form=state.variable(name))


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
def field_or_default(call: Call) -> ConcolicValue | None:
    own, name = call.arguments[0].form, _key(call.arguments[1])
    if isinstance(own, Variables):
        return variable_or_default(call)
    if isinstance(own, Entries):
        return _entry_or_default(call)
    if not isinstance(own, Fields) or name is None or own.unsupported is not None:
        return None
    default = call.arguments[2] if len(call.arguments) > 2 else ConcolicValue(None)
    if str(call.node.type) != "string":
        has_it = call.replayer.path.branch_on(own.there(name), "there")
        return _field(call, own, name) if has_it else default
    if own.is_known(name):
        known = own.set.get(own.name(name))
        return default if known is None else known
    there, found = own.there(name), own.value(name)
    if default.is_constant and default.value is None:
        return ConcolicValue(term=found.term, null=solver.not_(there))
    other = term_of(default)
    if other is None:
        return None
    return ConcolicValue(term=solver.if_else(there, found.term, other))


def _entry_or_default(call: Call) -> ConcolicValue | None:
    found = value_of(call.replayer, call.arguments[0], call.arguments[1])
    if found:
        return found[0]
    return None if found is None else call.arguments[2] if len(call.arguments) > 2 else ConcolicValue()


@form(
    "ContextExtensions",
    f"static T GetValueOrDefault<T>(this {MAPPING}<string, object> d, string name)",
    f"static T GetValueOrDefault<T>(this {MAPPING}<string, object> d, string name, T defaultValue)",
)
def variable_or_default(call: Call) -> ConcolicValue | None:
    name = _key(call.arguments[1])
    if not isinstance(call.arguments[0].form, Variables) or name is None:
        return None
    state, path = call.replayer.state, call.replayer.path
    target = str(call.node.type)
    known = state.variables.get(name)
    if known is None:
        is_there = bool(path.assignment.get(("variable", name, "there"), False))
        path.add_branch(state.has_variable(name), is_there, ("variable", name))
        if not is_there:
            return call.arguments[2] if len(call.arguments) > 2 else ConcolicValue()
        tree = state.variable(name)
        value = state.given(name)
        return json_casts.cast(call.replayer, ConcolicValue(value, form=tree), target)
    if isinstance(known.form, symbolic_json.SymbolicJson):
        return json_casts.cast(call.replayer, known, target)
    return known


@form(MAPPING, "bool TryGetValue(TKey key, out TValue value)")
def try_get_value(call: Call) -> ConcolicValue | None:
    own, name = call.own.form, _key(call.arguments[0])
    if name is None or not isinstance(own, Variables):
        return None
    state = call.replayer.state
    known = state.variables.get(name)
    if known is not None:
        return ConcolicValue(form=Output(known))
    value = state.given(name)
    return ConcolicValue(term=state.has_variable(name), form=Output(ConcolicValue(value, form=state.variable(name))))
