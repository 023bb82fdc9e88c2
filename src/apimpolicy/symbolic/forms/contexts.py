"""The members of `context`, and who calls: user, product, subscription, API, operation, deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.symbolic import inputs as patterns
from apimpolicy.symbolic import solver
from apimpolicy.symbolic.forms import form
from apimpolicy.symbolic.sequences import Items
from apimpolicy.symbolic.things import Thing
from apimpolicy.symbolic.values import Disputed, Dual

if TYPE_CHECKING:
    from apimpolicy.symbolic.forms import Call

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE")
MAPPING = "System.Collections.Generic.IReadOnlyDictionary"


NO_RESPONSE = "context.Response before anything was answered"


class Variables:
    """The form of `context.Variables`."""

    __slots__ = ()


@form("IContext", "IRequest Request { get; }")
def request(call: Call) -> Dual:
    return Dual(form=call.walker.state.request)


@form("IContext", "IResponse Response { get; }", but="its members before anything was answered")
def response(call: Call) -> Dual:
    """Before there is one it is null; but samples of Microsoft's read its status in `backend` before the first attempt,
    so that no proof rests on what follows from that.
    """
    value = call.value
    if value is None:
        return Dual(form=Disputed(call.walker.obstacle(NO_RESPONSE, call.node)))
    return Dual(form=call.walker.state.response(value))


@form("IContext", "System.Collections.Generic.IReadOnlyDictionary<string, object> Variables { get; }")
def variables(call: Call) -> Dual:
    return Dual(form=Variables())


@form("IContext", "void Trace(string message)")
def trace(call: Call) -> Dual:
    return Dual()


def _entity(kind: str, signature: str, *, may_be_null: bool) -> None:
    @form("IContext", signature)
    def entity(call: Call) -> Dual:
        if kind in call.walker.inputs.fixed:
            return Dual()
        null = solver.no(call.walker.inputs.truth(kind, "there")) if may_be_null else None
        return Dual(null=null, form=Thing(kind))


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
def uploaded_certificates(call: Call) -> Dual:
    """What was uploaded is the same for every request, but for the certificate that is shown."""
    decide_kind(call, "certificate")
    return Dual()


@form("IContext", "ILastError LastError { get; }")
def last_error(call: Call) -> Dual:
    return Dual(form=Thing("last-error")) if call.value is not None else Dual()


def _of_way(owner: str, *signatures: str) -> None:
    """What the way itself decides: it is the same for all requests that go it."""

    @form(owner, *signatures)
    def constant(call: Call) -> Dual:
        return Dual()


_of_way("ILastError", "string Section { get; }", "string Path { get; }", "string PolicyId { get; }")


def _of_error(name: str) -> None:
    @form("ILastError", f"string {name} {{ get; }}")
    def text(call: Call) -> Dual | None:
        known = call.walker.state.last_error.get(name.lower())
        if known is not None:
            return known
        return None if name == "Message" else Dual()


for _part in ("Source", "Reason", "Scope", "Message"):
    _of_error(_part)

TEXTS: dict[tuple[str, str], tuple[str, str, str]] = {
    ("IUser", "Id"): ("user", "id", "user"),
    ("IUser", "Email"): ("user", "email", "user@contoso.example"),
    ("IUser", "FirstName"): ("user", "first-name", "Ada"),
    ("IUser", "LastName"): ("user", "last-name", "Lovelace"),
    ("IProduct", "Id"): ("product", "id", "product"),
    ("IProduct", "Name"): ("product", "name", "product"),
    ("ISubscription", "Id"): ("subscription", "id", "subscription"),
    ("ISubscription", "Name"): ("subscription", "name", "subscription"),
    ("ISubscription", "PrimaryKey"): ("subscription", "primary-key", "00000000000000000000000000000001"),
    ("ISubscription", "Key"): ("subscription", "key", "00000000000000000000000000000001"),
    ("IApi", "Id"): ("api", "id", "api"),
    ("IApi", "Name"): ("api", "name", "api"),
    ("IApi", "Path"): ("api", "path", ""),
    ("IOperation", "Method"): ("operation", "method", "GET"),
    ("IOperation", "UrlTemplate"): ("operation", "url-template", "/"),
    ("IContextApi", "Revision"): ("api", "revision", "1"),
    ("IContextApi", "Version"): ("api", "version", "v1"),
    ("IOperation", "Id"): ("operation", "id", "operation"),
    ("IOperation", "Name"): ("operation", "name", "operation"),
    ("IDeployment", "Region"): ("deployment", "region", "West Europe"),
    ("IDeployment", "ServiceName"): ("deployment", "service-name", "contoso"),
}
"""Texts of entities: what they are called as inputs, and what they are unless it matters."""


MAY_BE_NULL = frozenset({("user", "email"), ("user", "first-name"), ("user", "last-name"), ("api", "version")})


_LABELS = ("name", "first-name", "last-name", "email")
"""What people write as they like."""


def _text(owner: str, name: str) -> None:
    kind, key, default = TEXTS[owner, name]

    @form(owner, f"string {name} {{ get; }}")
    def text(call: Call) -> Dual | None:
        if kind in call.walker.inputs.fixed:
            return None
        pattern = patterns.PATH if key == "url-template" else patterns.NAME if default else patterns.RELATIVE
        pattern = patterns.LABEL if key in _LABELS else pattern
        null = None
        if (kind, key) in MAY_BE_NULL:
            null = solver.no(call.walker.inputs.truth(kind, key, "there"))
        return Dual(term=call.walker.inputs.text(kind, key, default=default, pattern=pattern), null=null)


for _owner, _name in TEXTS:
    _text(_owner, _name)


_of_way(
    "IDeployment",
    f"{MAPPING}<string, System.Security.Cryptography.X509Certificates.X509Certificate2> Certificates {{ get; }}",
)
_of_way("IDeployment", "IGateway Gateway { get; }", "string GatewayId { get; }", "string ServiceId { get; }")
_of_way("IGateway", "string Id { get; }", "string InstanceId { get; }", "bool IsManaged { get; }")
_of_way("IContextApi", "bool IsCurrentRevision { get; }")
_of_way("IContext", "bool Tracing { get; }", "IBackend Backend { get; }")


@form("IUser", "System.Collections.Generic.IEnumerable<IGroup> Groups { get; }")
def groups(call: Call) -> Dual | None:
    if "user" in call.walker.inputs.fixed:
        return None
    values = list(call.value or ())
    found = call.walker.inputs
    length = found.number("groups", "length", least=0, most=found.bounds.list_length)
    call.walker.path.count(length, len(values), found.bounds.list_length, ("length", "groups"))
    return Dual(form=Items([Dual(value, form=Thing("group", index)) for index, value in enumerate(values)]))


def _of_group(name: str, key: str) -> None:
    @form("IGroup", f"string {name} {{ get; }}")
    def text(call: Call) -> Dual | None:
        own = call.own.form
        if not isinstance(own, Thing):
            return None
        number = f"[{own.of}]"
        pattern = patterns.LABEL if key == "name" else patterns.NAME
        return Dual(term=call.walker.inputs.text("groups", number, key, default=f"group-{own.of}", pattern=pattern))


_of_group("Id", "id")
_of_group("Name", "name")


def decide_kind(call: Call, *key: str) -> bool:
    """An input of which there are a few kinds: the one that it was decides the way. False when there are none."""
    known = call.walker.inputs.known.get(key)
    if known is None:
        return False
    value = call.walker.path.assignment.get(key, known.default)
    call.walker.path.choose(known.term, known.choices, value, ("kind", key))
    return True
