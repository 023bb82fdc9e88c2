"""The members of `context`, and who calls: user, product, subscription, API, operation, deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import inputs as patterns
from apimpolicy.concolic import solver
from apimpolicy.concolic.context_objects import ContextObject
from apimpolicy.concolic.forms import form
from apimpolicy.concolic.sequences import Items
from apimpolicy.concolic.values import ConcolicValue, UncertainNull
from apimpolicy.scenarios.assignments import MAY_BE_NULL, TEXTS

if TYPE_CHECKING:
    from apimpolicy.concolic.forms import Call

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE")
MAPPING = "System.Collections.Generic.IReadOnlyDictionary"


NO_RESPONSE = "context.Response before there is a response"


class Variables:
    """The form of `context.Variables`."""

    __slots__ = ()


@form("IContext", "IRequest Request { get; }")
def request(call: Call) -> ConcolicValue:
    return ConcolicValue(form=call.replayer.state.request)


@form("IContext", "IResponse Response { get; }", but="its members before there is a response")
def response(call: Call) -> ConcolicValue:
    """Return the response, which is null before there is one.

    Samples of Microsoft's read its status in `backend` before the first attempt, so that this null is uncertain.
    """
    value = call.value
    if value is None:
        return ConcolicValue(form=UncertainNull(call.replayer.unsupported_at(NO_RESPONSE, call.node)))
    return ConcolicValue(form=call.replayer.state.response(value))


@form("IContext", "System.Collections.Generic.IReadOnlyDictionary<string, object> Variables { get; }")
def variables(call: Call) -> ConcolicValue:
    return ConcolicValue(form=Variables())


@form("IContext", "void Trace(string message)")
def trace(call: Call) -> ConcolicValue:
    return ConcolicValue()


def _entity(kind: str, signature: str, *, may_be_null: bool) -> None:
    @form("IContext", signature)
    def entity(call: Call) -> ConcolicValue:
        if kind in call.replayer.inputs.fixed:
            return ConcolicValue()
        null = solver.not_(call.replayer.inputs.bool_var(kind, "there")) if may_be_null else None
        return ConcolicValue(null=null, form=ContextObject(kind))


_entity("user", "IUser User { get; }", may_be_null=True)
_entity("product", "IProduct Product { get; }", may_be_null=True)
_entity("subscription", "ISubscription Subscription { get; }", may_be_null=True)
_entity("api", "IContextApi Api { get; }", may_be_null=False)
_entity("operation", "IOperation Operation { get; }", may_be_null=False)
_entity("deployment", "IDeployment Deployment { get; }", may_be_null=False)


@form(
    "IDeployment",
    "System.Collections.Generic.IReadOnlyDictionary<string, "
    "System.Security.Cryptography.X509Certificates.X509Certificate2> Certificates { get; }",
)
def uploaded_certificates(call: Call) -> ConcolicValue:
    """Return the uploaded certificates; only the one that the caller shows varies."""
    decide_kind(call, "certificate")
    return ConcolicValue()


@form("IContext", "ILastError LastError { get; }")
def last_error(call: Call) -> ConcolicValue:
    return ConcolicValue(form=ContextObject("last-error")) if call.value is not None else ConcolicValue()


def _path_constants(owner: str, *signatures: str) -> None:
    """Register members that are constant for all requests with the same path."""

    @form(owner, *signatures)
    def constant(call: Call) -> ConcolicValue:
        return ConcolicValue()


_path_constants("ILastError", "string Section { get; }", "string Path { get; }", "string PolicyId { get; }")


def _of_error(name: str) -> None:
    @form("ILastError", f"string {name} {{ get; }}")
    def text(call: Call) -> ConcolicValue | None:
        known = call.replayer.state.last_error.get(name.lower())
        if known is not None:
            return known
        return None if name == "Message" else ConcolicValue()


for _part in ("Source", "Reason", "Scope", "Message"):
    _of_error(_part)

_LABELS = ("name", "first-name", "last-name", "email")
"""Free text."""


def _text(owner: str, name: str) -> None:
    kind, key, default = TEXTS[owner, name]

    @form(owner, f"string {name} {{ get; }}")
    def text(call: Call) -> ConcolicValue | None:
        if kind in call.replayer.inputs.fixed:
            return None
        pattern = patterns.PATH if key == "url-template" else patterns.NAME if default else patterns.RELATIVE
        pattern = patterns.LABEL if key in _LABELS else pattern
        null = None
        if (kind, key) in MAY_BE_NULL:
            null = solver.not_(call.replayer.inputs.bool_var(kind, key, "there"))
        return ConcolicValue(
            term=call.replayer.inputs.string_var(kind, key, default=default, pattern=pattern), null=null
        )


for _owner, _name in TEXTS:
    _text(_owner, _name)


_path_constants(
    "IDeployment",
    f"{MAPPING}<string, System.Security.Cryptography.X509Certificates.X509Certificate2> Certificates {{ get; }}",
)
_path_constants("IDeployment", "IGateway Gateway { get; }", "string GatewayId { get; }", "string ServiceId { get; }")
_path_constants("IGateway", "string Id { get; }", "string InstanceId { get; }", "bool IsManaged { get; }")
_path_constants("IContextApi", "bool IsCurrentRevision { get; }")
_path_constants("IContext", "bool Tracing { get; }", "IBackend Backend { get; }")


@form("IUser", "System.Collections.Generic.IEnumerable<IGroup> Groups { get; }")
def groups(call: Call) -> ConcolicValue | None:
    if "user" in call.replayer.inputs.fixed:
        return None
    values = list(call.value or ())
    inputs = call.replayer.inputs
    length = inputs.int_var("groups", "length", least=0, most=inputs.bounds.list_length)
    call.replayer.path.branch_on_count(length, len(values), inputs.bounds.list_length, ("length", "groups"))
    return ConcolicValue(
        form=Items([ConcolicValue(value, form=ContextObject("group", index)) for index, value in enumerate(values)])
    )


def _of_group(name: str, key: str) -> None:
    @form("IGroup", f"string {name} {{ get; }}")
    def text(call: Call) -> ConcolicValue | None:
        own = call.own.form
        if not isinstance(own, ContextObject):
            return None
        number = f"[{own.of}]"
        pattern = patterns.LABEL if key == "name" else patterns.NAME
        return ConcolicValue(
            term=call.replayer.inputs.string_var("groups", number, key, default=f"group-{own.of}", pattern=pattern)
        )


_of_group("Id", "id")
_of_group("Name", "name")


def decide_kind(call: Call, *key: str) -> bool:
    """Branch on which value of a small set an input has. Return False when the set is empty."""
    known = call.replayer.inputs.known.get(key)
    if known is None:
        return False
    value = call.replayer.path.assignment.get(key, known.default)
    call.replayer.path.branch_on_value(known.term, known.choices, value, ("kind", key))
    return True
