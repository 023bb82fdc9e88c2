"""The user, the product and their like: members that requests can be made of."""

from __future__ import annotations

from apimpolicy.semantics.members import Call, form
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import Host, Opaque, Value

ENTITIES = {
    "IContextApi": "api",
    "IApi": "api",
    "IOperation": "operation",
    "IProduct": "product",
    "ISubscription": "subscription",
    "IUser": "user",
    "IDeployment": "deployment",
}
_MEMBERS = {"Id": "id", "Name": "name", "Method": "method", "Key": "key", "Path": "path", "UrlTemplate": "url-template"}
"""Members of entities that are texts and never null, with their inputs."""


def _register(type_: str, kind: str, member: str, name: str) -> None:
    @form(type_, f"string {member} {{ get; }}")
    def text(call: Call, receiver: Value) -> Value:
        if not isinstance(receiver, Opaque) or receiver.identity != ("context", kind.title()):
            raise Unsupported(f"the {member} of another {kind}")
        return call.evaluation.state.first("entity", f"{kind} {name}")


_CERTIFICATE = "System.Security.Cryptography.X509Certificates.X509Certificate2"


@form("IDeployment", f"System.Collections.Generic.IReadOnlyDictionary<string, {_CERTIFICATE}> Certificates {{ get; }}")
def certificates(call: Call, deployment: Value) -> Value:
    return Host("certificates")


for _type, _kind in ENTITIES.items():
    for _member, _name in _MEMBERS.items():
        _register(_type, _kind, _member, _name)
