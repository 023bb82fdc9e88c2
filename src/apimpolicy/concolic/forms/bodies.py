"""Reading bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import solver, symbolic_json
from apimpolicy.concolic.forms import form
from apimpolicy.concolic.state import Body
from apimpolicy.concolic.values import ConcolicValue
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.concolic.forms import Call

_J = "Newtonsoft.Json.Linq."
_OPTIONS = "(bool preserveContent = false, Newtonsoft.Json.JsonSerializerSettings settings = null)"


class BodyText(Record):
    """The form of a text that is the whole body of a message."""

    body: Body


@form(
    "IMessageBody",
    "T As<T>(bool preserveContent = false)",
    *(f"{_J}{kind} As{kind}{_OPTIONS}" for kind in ("JToken", "JObject", "JArray")),
)
def read(call: Call) -> ConcolicValue | None:
    own = call.own.form
    keeps = call.arguments[0]
    if not isinstance(own, Body) or not keeps.is_constant:
        return None
    target = str(call.node.type)
    was_read, own.is_read = own.is_read, own.is_read or not keeps.value
    if was_read or own.key[:1] == ("own",):
        return None if was_read and own.set is not None and not own.set.is_constant else ConcolicValue()
    if own.set is not None:
        return _of_set(call, own.set, target)
    if target == "string":
        return text_of(call, own)
    if target in (_J + "JObject", _J + "JToken", _J + "JArray"):
        return parsed(call, own, target)
    return None


def text_of(call: Call, own: Body) -> ConcolicValue | None:
    """Return the body as a string, which can be parsed."""
    return ConcolicValue(term=own.text, form=BodyText(own))


def parsed(call: Call, own: Body, target: str) -> ConcolicValue | None:
    """Return the parsed body; it throws when the body is not JSON."""
    replayer = call.replayer
    is_json = bool(replayer.path.assignment.get((*own.key, "json")))
    replayer.path.add_branch(own.is_json, is_json, ("json", own.key))
    if not is_json:
        call.guard(solver.FALSE)
        return ConcolicValue()
    tree = own.tree
    wanted = {_J + "JObject": symbolic_json.OBJECT, _J + "JArray": symbolic_json.LIST}.get(target)
    value = call.value
    if wanted is None:
        return ConcolicValue(form=tree)
    if value is None:
        return None if _kind_given(call, own) is None else _of_kind(call, tree, wanted, _kind_given(call, own))
    replayer.path.add_branch(solver.equal(tree.kind, solver.constant(wanted)), True, ("kind", tree.key))
    return ConcolicValue(form=tree)


def _kind_given(call: Call, own: Body) -> int | None:
    found: int | None = call.replayer.path.assignment.get((*own.tree.key, "kind"), own.tree.default)
    return found


def _of_kind(call: Call, tree: symbolic_json.SymbolicJson, wanted: int, kind: int | None) -> ConcolicValue:
    call.replayer.path.add_branch(solver.equal(tree.kind, solver.constant(wanted)), kind == wanted, ("kind", tree.key))
    call.guard(solver.FALSE)
    return ConcolicValue()


def _of_set(call: Call, given: ConcolicValue, target: str) -> ConcolicValue | None:
    """Return the content that a policy wrote to a body, read again."""
    if given.is_constant:
        return ConcolicValue()
    if target == "string" and given.term is not None and solver.is_string(given.term):
        return given
    if isinstance(given.form, symbolic_json.Token) and target.startswith(_J):
        return ConcolicValue(form=given.form)
    return None


@form(_J + "JObject", f"static {_J}JObject Parse(string json)")
@form(_J + "JArray", f"static {_J}JArray Parse(string json)")
@form(_J + "JToken", f"static {_J}JToken Parse(string json)")
@form("Newtonsoft.Json.JsonConvert", "static T DeserializeObject<T>(string value)")
def parse(call: Call) -> ConcolicValue | None:
    text = call.arguments[0]
    target = str(call.node.type)
    if isinstance(text.form, BodyText) and target.startswith(_J):
        return parsed(call, text.form.body, target)
    if isinstance(text.form, symbolic_json.Shown):
        return ConcolicValue(form=text.form.token)
    name = _input_of(call, text)
    if name is None or not target.startswith(_J):
        return None
    return _parsed_text(call, name, target)


def _input_of(call: Call, text: ConcolicValue) -> tuple[str, ...] | None:
    """Return the input that a string is."""
    if text.term is None:
        return None
    known = call.replayer.inputs.by_name.get(str(solver.name_of(text.term)))
    return None if known is None else known.key


def _parsed_text(call: Call, key: tuple[str, ...], target: str) -> ConcolicValue | None:
    """Return the tree of a string of the request that is JSON: the tree becomes the input."""
    replayer = call.replayer
    is_json = replayer.inputs.bool_var(*key, "json")
    given = bool(replayer.path.assignment.get((*key, "json"), False))
    replayer.path.add_branch(is_json, given, ("json", key))
    if not given:
        call.guard(solver.FALSE)
        return ConcolicValue()
    tree = symbolic_json.SymbolicJson(replayer.inputs, (*key, "tree"), is_token=True, default=symbolic_json.OBJECT)
    wanted = {_J + "JObject": symbolic_json.OBJECT, _J + "JArray": symbolic_json.LIST}.get(target)
    if wanted is not None:
        kind = replayer.path.assignment.get((*tree.key, "kind"), symbolic_json.OBJECT)
        replayer.path.add_branch(solver.equal(tree.kind, solver.constant(wanted)), kind == wanted, ("kind", tree.key))
        if kind != wanted:
            call.guard(solver.FALSE)
    return ConcolicValue(form=tree)
