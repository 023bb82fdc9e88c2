"""Lists of JSON that a policy makes or changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import symbolic_json
from apimpolicy.concolic.forms import form
from apimpolicy.concolic.forms.lists import change_items
from apimpolicy.concolic.sequences import Items, LazyItems, items_of
from apimpolicy.concolic.values import ConcolicValue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.concolic.forms import Call

_J = "Newtonsoft.Json.Linq."


@form(_J + "JArray", "new()")
def new_array(call: Call) -> ConcolicValue:
    return ConcolicValue(form=Items([]))


@form(_J + "JArray", "new(params object[] content)", "new(object content)")
def new_array_of(call: Call) -> ConcolicValue | None:
    """Return a new JArray; lists in the arguments are flattened unless they are JSON."""
    content = list(_flat(call, call.arguments[0]))
    return (
        None if any(each is None for each in content) else ConcolicValue(form=Items([each for each in content if each]))
    )


def _flat(call: Call, given: ConcolicValue) -> Iterator[ConcolicValue | None]:
    value = given.value
    is_list = isinstance(given.form, (Items, LazyItems)) or (given.is_constant and isinstance(value, (list, tuple)))
    if hasattr(value, "token_type") or not is_list:
        yield (
            symbolic_json.token_of(given)
            if given.form is None or isinstance(given.form, (symbolic_json.Token, Items))
            else None
        )
        return
    items = items_of(call.replayer, given, call.node)
    if items is None:
        yield None
        return
    for each in items:
        yield from _flat(call, each)


@form(_J + "JArray", f"void Add({_J}JToken item)", "void Clear()", "void RemoveAt(int index)")
@form(_J + "JArray", f"void Insert(int index, {_J}JToken item)")
def change_array(call: Call) -> ConcolicValue | None:
    return change_items(call, [_as_item(each) for each in call.arguments])


def _as_item(given: ConcolicValue) -> ConcolicValue:
    return given if isinstance(given.value, int) and given.is_constant else symbolic_json.token_of(given)


@form(_J + "JContainer", "void Add(object content)")
def add_content(call: Call) -> ConcolicValue | None:
    own = call.own.form
    if not isinstance(own, Items) or own.unsupported is not None:
        return None
    content = list(_flat(call, call.arguments[0]))
    if any(each is None for each in content):
        return None
    own.items.extend(each for each in content if each)
    return ConcolicValue()


@form(_J + "JToken", f"{_J}JToken First {{ get; }}", f"{_J}JToken Last {{ get; }}")
@form(_J + "JContainer", f"{_J}JToken First {{ get; }}", f"{_J}JToken Last {{ get; }}")
def first_or_last(call: Call) -> ConcolicValue | None:
    own = call.own.form
    if isinstance(own, symbolic_json.SymbolicJson) and own.decide_kind(call.replayer, call.own) != symbolic_json.LIST:
        return None
    items = (
        items_of(call.replayer, call.own, call.node) if isinstance(own, (Items, symbolic_json.SymbolicJson)) else None
    )
    if items is None:
        return None
    listed = list(items)
    return listed[0 if call.member.name == "First" else -1] if listed else ConcolicValue()
