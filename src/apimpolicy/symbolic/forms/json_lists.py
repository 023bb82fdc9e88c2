"""Lists of JSON that a policy makes or changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.symbolic import trees
from apimpolicy.symbolic.forms import form
from apimpolicy.symbolic.forms.lists import changed
from apimpolicy.symbolic.sequences import Items, Lazy, items_of
from apimpolicy.symbolic.values import Dual

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.symbolic.forms import Call

_J = "Newtonsoft.Json.Linq."


@form(_J + "JArray", "new()")
def new_array(call: Call) -> Dual:
    return Dual(form=Items([]))


@form(_J + "JArray", "new(params object[] content)", "new(object content)")
def new_array_of(call: Call) -> Dual | None:
    """A list inside of what it is given is put in item by item, unless it is JSON."""
    content = list(_flat(call, call.arguments[0]))
    return None if any(each is None for each in content) else Dual(form=Items([each for each in content if each]))


def _flat(call: Call, given: Dual) -> Iterator[Dual | None]:
    value = given.value
    is_list = isinstance(given.form, (Items, Lazy)) or (given.is_constant and isinstance(value, (list, tuple)))
    if hasattr(value, "token_type") or not is_list:
        yield trees.token_of(given) if given.form is None or isinstance(given.form, (trees.Token, Items)) else None
        return
    items = items_of(call.walker, given, call.node)
    if items is None:
        yield None
        return
    for each in items:
        yield from _flat(call, each)


@form(_J + "JArray", f"void Add({_J}JToken item)", "void Clear()", "void RemoveAt(int index)")
@form(_J + "JArray", f"void Insert(int index, {_J}JToken item)")
def change_array(call: Call) -> Dual | None:
    return changed(call, [_as_item(each) for each in call.arguments])


def _as_item(given: Dual) -> Dual:
    return given if isinstance(given.value, int) and given.is_constant else trees.token_of(given)


@form(_J + "JContainer", "void Add(object content)")
def add_content(call: Call) -> Dual | None:
    own = call.own.form
    if not isinstance(own, Items) or own.lost is not None:
        return None
    content = list(_flat(call, call.arguments[0]))
    if any(each is None for each in content):
        return None
    own.items.extend(each for each in content if each)
    return Dual()


@form(_J + "JToken", f"{_J}JToken First {{ get; }}", f"{_J}JToken Last {{ get; }}")
@form(_J + "JContainer", f"{_J}JToken First {{ get; }}", f"{_J}JToken Last {{ get; }}")
def one_end(call: Call) -> Dual | None:
    own = call.own.form
    if isinstance(own, trees.Tree) and own.decide_kind(call.walker, call.own) != trees.LIST:
        return None
    items = items_of(call.walker, call.own, call.node) if isinstance(own, (Items, trees.Tree)) else None
    if items is None:
        return None
    listed = list(items)
    return listed[0 if call.member.name == "First" else -1] if listed else Dual()
