"""Bodies of messages: reading one uses it up, unless its content is preserved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.semantics.json_trees import parsed
from apimpolicy.semantics.members import Call, form
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import Opaque, Text, Truth, Value
from apimpolicy.terms import term as terms

if TYPE_CHECKING:
    from collections.abc import Hashable

    from apimpolicy.semantics.unknowns import Unknowns

_TREES = tuple(f"Newtonsoft.Json.Linq.{name}" for name in ("JToken", "JObject", "JArray"))


def _read(call: Call, body: Value, preserves: Value, kind: str) -> Value:
    """Return what a body reads as: the same while nothing has used it up. Text and JSON are read from one text."""
    if not isinstance(body, Opaque):
        raise Unsupported("a body that is not known")
    evaluation = call.evaluation
    unknowns, state = evaluation.unknowns, evaluation.state
    name = "header" if body.identity == ("body",) else "response-header"
    key: tuple[Hashable, ...] = (body.identity, unknowns.bodies, state.get(name, "content-type").key)
    if body.identity not in (("body",), ("response-body",)):
        key = (*key, body.key)
    what = "the content of a body"
    if not (isinstance(preserves, Truth) and preserves.term is terms.TRUE):
        unknowns.use_up()
    if kind == "string" or kind in _TREES:
        evaluation.throw(unknowns.truth("the character set of a body", ("throws", key)))
        is_as_sent = state.get(name, "content-type").key == state.first(name, "content-type").key
        is_own = body.identity == ("body",) and is_as_sent and key[1] == 0
        text = _text(unknowns, key, what, is_own=is_own)
        return text if kind == "string" else parsed(evaluation, text.term, kind)
    evaluation.throw(unknowns.truth(what, ("throws", kind, key)))
    return unknowns.value(kind, what, (kind, key))


def _text(unknowns: Unknowns, key: tuple[Hashable, ...], what: str, *, is_own: bool) -> Text:
    if is_own:
        return Text(unknowns.input(("body", "text"), terms.TEXT))
    found = unknowns.value("string", what, key, null=False)
    assert isinstance(found, Text)
    return found


@form("IMessageBody", "T As<T>(bool preserveContent = false)")
def read_as(call: Call, body: Value, preserves: Value) -> Value:
    return _read(call, body, preserves, str(call.type_arguments[-1]))


_FORM = "System.Collections.Generic.IDictionary<string, System.Collections.Generic.IList<string>>"


@form("IMessageBody", f"{_FORM} AsFormUrlEncodedContent(bool preserveContent = false)")
def read_as_form(call: Call, body: Value, preserves: Value) -> Value:
    return _read(call, body, preserves, str(call.type))
