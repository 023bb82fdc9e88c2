"""`JsonWriter` into a tree, as `container.CreateWriter()` returns it, and `WriteTo`, which adds a copy of a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.exceptions import NullReferenceException
from apimpolicy.dotnet.json.kinds import J
from apimpolicy.dotnet.json.objects import JObject, JProperty
from apimpolicy.dotnet.registry import dotnet_class, implements

if TYPE_CHECKING:
    from apimpolicy.dotnet.json.containers import JContainer
    from apimpolicy.dotnet.json.tokens import JToken
    from apimpolicy.dotnet.values import Array

_WRITER = "Newtonsoft.Json.JsonWriter"


@dotnet_class(_WRITER, members="Close Flush=close")
class TreeWriter:
    """Adds what is written to a container at once; a property takes the place of one with its name."""

    __slots__ = ("_container",)

    def __init__(self, container: JContainer) -> None:
        self._container = container

    def write(self, token: JToken) -> None:
        if isinstance(token, JProperty) and isinstance(self._container, JObject):
            self._container.remove(token.name)
        self._container.add(token.deep_clone())

    def close(self) -> None:
        """Do nothing: everything is in the container already."""


@implements(J + "JContainer", "CreateWriter")
def create_writer(container: JContainer) -> TreeWriter:
    return TreeWriter(container)


def write_to(token: JToken, writer: TreeWriter | None, converters: Array | None = None) -> None:
    """Converters, which policies cannot make, would have nothing to convert in a tree."""
    if writer is None:
        raise NullReferenceException
    writer.write(token)


for _name in ("JToken", "JArray", "JConstructor", "JObject", "JProperty", "JValue"):
    implements(J + _name, f"void WriteTo({_WRITER} writer, params Newtonsoft.Json.JsonConverter[] converters)")(
        write_to
    )
