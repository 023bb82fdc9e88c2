"""Bodies of messages: reading one uses it up, unless its content is preserved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.semantics.members import Call, form
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import Opaque, Truth, Value
from apimpolicy.terms import term as terms

if TYPE_CHECKING:
    from collections.abc import Hashable


def _read(call: Call, body: Value, preserves: Value, kind: str) -> Value:
    """Return what a body reads as: unknown, and the same while nothing has used it up."""
    if not isinstance(body, Opaque):
        raise Unsupported("a body that is not known")
    evaluation = call.evaluation
    unknowns, state = evaluation.unknowns, evaluation.state
    name = "header" if body.identity == ("body",) else "response-header"
    key: tuple[Hashable, ...] = (body.identity, unknowns.bodies, state.get(name, "content-type").key, kind)
    if body.identity not in (("body",), ("response-body",)):
        key = (*key, body.key)
    what = f"the content of a body as {kind}"
    evaluation.throw(unknowns.truth(what, ("throws", key)))
    if not (isinstance(preserves, Truth) and preserves.term is terms.TRUE):
        unknowns.use_up()
    return unknowns.value(kind, what, key, null=kind != "string")


@form("IMessageBody", "T As<T>(bool preserveContent = false)")
def read_as(call: Call, body: Value, preserves: Value) -> Value:
    return _read(call, body, preserves, str(call.type_arguments[-1]))


_FORM = "System.Collections.Generic.IDictionary<string, System.Collections.Generic.IList<string>>"


@form("IMessageBody", f"{_FORM} AsFormUrlEncodedContent(bool preserveContent = false)")
def read_as_form(call: Call, body: Value, preserves: Value) -> Value:
    return _read(call, body, preserves, str(call.type))
