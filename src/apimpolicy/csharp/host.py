"""What the compiler knows of its host, API Management. Everything else in `csharp` is C# and .NET.

A host passes its global object to `compile_expression` or `bind`; without one it is the `context` of API Management.
Its other knowledge is data: the types of `context` (`dotnet/surface/context.txt`), which types and members the gateway
allows (the lines `use` of the surface, held against an expression by `binding.allow_list`, which `bind` does not call),
and hints that name `context` (`syntax.advice`, `binding/foreign_names.txt`).
"""

from __future__ import annotations

from typing import Final, NamedTuple


class GlobalObject(NamedTuple):
    """An object that every expression can name: its name in C#, and the full name of its .NET type. It is not null."""

    name: str
    type: str


CONTEXT: Final = GlobalObject("context", "IContext")

PATHS: Final = (("IContext", "context"), ("IRequest", "context.Request"), ("IUrl", "context.Request.Url"))
"""Types whose members people name without the path to them, with that path."""

URL: Final = "IUrl"
PARTS: Final = {"IRequest": ("Url", URL)}
"""Types whose members people look for one step too early: the property to name first, and its type."""

SET_BY: Final = {
    "IRequest.Method": "set-method",
    "IRequest.Url": "rewrite-uri",
    "IRequest.Body": "set-body",
    "IResponse.StatusCode": "set-status",
    "IResponse.StatusReason": "set-status",
    "IResponse.Body": "set-body",
}
"""Properties that expressions can't set, with the policy that does."""

LOOKED_UP_ELSEWHERE: Final = {"QueryString": 'Query.GetValueOrDefault("{}", "")'}
"""Texts of `IUrl` that people index by a name, with what to write instead."""

BODY: Final = "IMessageBody"
ABSENT_MEMBERS: Final = {BODY: "read the body first: .As<string>() or .As<JObject>()"}
"""Hints by type, for a property that does not exist."""

TYPE_REFUSED: Final = "APIM0001"
MEMBER_REFUSED: Final = "APIM0002"
DYNAMIC_REFUSED: Final = "APIM0006"

IMPLEMENTED_IN: Final = ("gateway", "context")
"""The room, as folders of the package, that implements the host's types."""
