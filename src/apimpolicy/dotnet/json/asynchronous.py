"""The members of JSON trees whose names end in `Async`: the work of the member without it, and a finished task.

In Newtonsoft.Json, loading and the writing of arrays and constructors put what goes wrong into the task; the writing of
other tokens throws it at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.json.arrays import JArray, JConstructor
from apimpolicy.dotnet.json.tokens import J, JToken
from apimpolicy.dotnet.json.tree_reader import create_raw, read_token
from apimpolicy.dotnet.json.tree_writer import write_to
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.registry import bound, implements
from apimpolicy.dotnet.system.tasks import TASK, TOKEN, Task, asynchronous, finished

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.dotnet.json.tree_writer import TreeWriter
    from apimpolicy.dotnet.values import Array

_READER = "Newtonsoft.Json.JsonReader reader"
_SETTINGS = f"{J}JsonLoadSettings settings"
_NO_TOKEN = f"{TOKEN} cancellationToken = null"


def write_to_async(token: JToken, writer: TreeWriter | None, _cancellation: Any, converters: Array | None) -> Task:
    run = asynchronous if isinstance(token, (JArray, JConstructor)) else finished
    return run(write_to)(token, writer, converters)


def _when_called(type_name: str, signature: str) -> Callable[..., Any]:
    """A member of another module, looked for when it is called."""
    return lambda *arguments: bound(type_name, signature)(*arguments)


def _register() -> None:
    parameters = f"Newtonsoft.Json.JsonWriter writer, {TOKEN} cancellationToken"
    converters = "params Newtonsoft.Json.JsonConverter[] converters"
    for name in ("JToken", "JArray", "JConstructor", "JObject", "JProperty", "JValue"):
        implements(J + name, f"{TASK} WriteToAsync({parameters}, {converters})")(write_to_async)
    implements(J + "JToken", f"{TASK} WriteToAsync(Newtonsoft.Json.JsonWriter writer, {converters})")(
        lambda token, writer, given: write_to_async(token, writer, None, given)
    )
    for name in ("JToken", "JArray", "JConstructor", "JObject", "JProperty"):
        load = read_token
        if name != "JToken":
            load = _when_called(J + name, f"static {J}{name} Load({_READER}, {_SETTINGS})")
        for method in ("Load", "ReadFrom") if name == "JToken" else ("Load",):
            for settings in ("", f"{_SETTINGS}, "):
                signature = f"static {TASK}<{J}{name}> {method}Async({_READER}, {settings}{_NO_TOKEN})"
                implements(J + name, signature)(asynchronous(load, named(J + name)))
    implements(J + "JRaw", f"static {TASK}<{J}JRaw> CreateAsync({_READER}, {_NO_TOKEN})")(
        asynchronous(create_raw, named(J + "JRaw"))
    )


_register()
