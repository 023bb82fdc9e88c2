"""Bodies of messages: reading one uses it up, unless its content is preserved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.languages.language import at_least_once, in_ranges
from apimpolicy.semantics.charsets import is_utf8
from apimpolicy.semantics.json_trees import parsed
from apimpolicy.semantics.members import Call, form
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import NULL, Opaque, Text, Truth, Value
from apimpolicy.terms import term as terms

if TYPE_CHECKING:
    from collections.abc import Hashable

    from apimpolicy.semantics.evaluation import Evaluation

WRITTEN = "written"
"""The first part of the identity of a body that a policy wrote; kind, text and earlier reads follow."""
_ASCII = at_least_once(in_ranges((1, 0x7F)))
_TREES = tuple(f"Newtonsoft.Json.Linq.{name}" for name in ("JToken", "JObject", "JArray"))


def _read(call: Call, body: Value, preserves: Value, kind: str) -> Value:
    """Return the content of a body, constant until the body is used up. Text and JSON are read from one text."""
    if not isinstance(body, Opaque):
        raise Unsupported("a body that is not known")
    evaluation = call.evaluation
    unknowns, key = evaluation.unknowns, _key_of(evaluation, body)
    what = "the content of a body"
    if kind == "string" or kind in _TREES:
        text = _text(evaluation, body, key, what)
        found: Value = text if kind == "string" else parsed(evaluation, text.term, kind)
    else:
        evaluation.throw(unknowns.truth(what, ("throws", kind, key)))
        found = unknowns.value(kind, what, (kind, key))
    if not (isinstance(preserves, Truth) and preserves.term is terms.TRUE):
        unknowns.use_up()
    return found


def _header_of(body: Opaque) -> str:
    """Return the kind of the headers that say how a body is read."""
    is_request = body.identity == ("body",) or _is_written(body, "body")
    return "header" if is_request else "response-header"


def _is_written(body: Opaque, kind: str) -> bool:
    return isinstance(body.identity, tuple) and body.identity[:2] == (WRITTEN, kind)


def _key_of(evaluation: Evaluation, body: Opaque) -> tuple[Hashable, ...]:
    """Return the key of one content of a body: the body, its reads, and its character set."""
    content_type = evaluation.state.get(_header_of(body), "content-type").key
    key: tuple[Hashable, ...] = (body.identity, evaluation.unknowns.bodies, content_type)
    return key if body.identity in (("body",), ("response-body",)) else (*key, body.key)


def _text(evaluation: Evaluation, body: Opaque, key: tuple[Hashable, ...], what: str) -> Text:
    """Return the text of a body: the request's own, one that set-body wrote, or an unknown one."""
    unknowns, state = evaluation.unknowns, evaluation.state
    name = "header", "content-type"
    if body.identity == ("body",) and not unknowns.bodies and state.get(*name).key == state.first(*name).key:
        evaluation.throw(unknowns.truth("the character set of a body", ("throws", key)))
        return Text(unknowns.input(("body", "text"), terms.TEXT))
    found = unknowns.value("string", what, key, null=False)
    assert isinstance(found, Text)
    if isinstance(body.identity, tuple) and body.identity[0] == WRITTEN:
        _, _, written, bodies = body.identity
        if unknowns.bodies == bodies:
            content_type = state.get(_header_of(body), "content-type")
            is_exact = terms.all_of(is_utf8(content_type), terms.member(written, _ASCII))
            unknowns.know(found.term, terms.any_of(terms.not_(is_exact), terms.same(found.term, written)))
            evaluation.throw(terms.all_of(terms.not_(is_exact), unknowns.truth(what, ("throws", key))))
            return Text(written) if is_exact is terms.TRUE else found
    evaluation.throw(unknowns.truth("the character set of a body", ("throws", key)))
    return found


@form("IMessageBody", "T As<T>(bool preserveContent = false)")
def read_as(call: Call, body: Value, preserves: Value) -> Value:
    return _read(call, body, preserves, str(call.type_arguments[-1]))


_OPTIONS = "(bool preserveContent = false, Newtonsoft.Json.JsonSerializerSettings settings = null)"


@form("IMessageBody", *(f"Newtonsoft.Json.Linq.{kind} As{kind}{_OPTIONS}" for kind in ("JToken", "JObject", "JArray")))
def read_as_json(call: Call, body: Value, preserves: Value, settings: Value) -> Value:
    if settings is not NULL:
        raise Unsupported("a body that is read with settings")
    return _read(call, body, preserves, str(call.type))


_FORM = "System.Collections.Generic.IDictionary<string, System.Collections.Generic.IList<string>>"


@form("IMessageBody", f"{_FORM} AsFormUrlEncodedContent(bool preserveContent = false)")
def read_as_form(call: Call, body: Value, preserves: Value) -> Value:
    return _read(call, body, preserves, str(call.type))
