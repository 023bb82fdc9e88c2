"""Texts coded as other texts or bytes: what has nothing to be coded stays as it is; anything else has no form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import solver
from apimpolicy.concolic.context_objects import ContextObject
from apimpolicy.concolic.forms import form
from apimpolicy.concolic.inputs import TOKENS
from apimpolicy.concolic.values import ConcolicValue, term_of
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.concolic.forms import Call


_PLAIN = {
    "UnescapeDataString": solver.star(solver.union(solver.char_range(" ", "$"), solver.char_range("&", "~"))),
    "UrlDecode": solver.star(
        solver.union(solver.char_range(" ", "$"), solver.char_range("&", "*"), solver.char_range(",", "~")),
    ),
    "HtmlDecode": solver.star(solver.union(solver.char_range(" ", "%"), solver.char_range("'", "~"))),
}
"""By member: strings without anything encoded; for other members letters, digits and `-_.`."""


_BUT = "strings that contain characters to encode or decode"


@form(
    "System.Uri",
    "static string UnescapeDataString(string stringToUnescape)",
    "static string EscapeDataString(string stringToEscape)",
    but=_BUT,
)
@form(
    "System.Net.WebUtility",
    "static string UrlDecode(string encodedValue)",
    *(f"static string {name}(string value)" for name in ("UrlEncode", "HtmlDecode", "HtmlEncode")),
    but=_BUT,
)
def coded(call: Call) -> ConcolicValue | None:
    text = call.arguments[0]
    term = term_of(text)
    if term is None or text.is_constant:
        return None
    if text.null is not None:
        call.replayer.path.add_branch(text.null, text.value is None, "null")
        if text.value is None:
            if call.owner == "System.Uri":
                call.guard(solver.FALSE)
            return ConcolicValue()
    if call.replayer.path.branch_on(solver.matches(term, _PLAIN.get(call.member.name, TOKENS)), "coding"):
        return ConcolicValue(term=term)
    return ConcolicValue(unsupported=call.replayer.unsupported_at(call.name, call.node))


class Bytes(Record):
    """The form of the bytes of a text."""

    text: ConcolicValue


@form("System.Text.Encoding", "byte[] GetBytes(string s)")
def bytes_of(call: Call) -> ConcolicValue | None:
    text = call.arguments[0]
    if text.is_constant or term_of(text) is None or not call.own.is_constant:
        return None
    if text.null is not None:
        call.guard(solver.not_(text.null))
    return ConcolicValue(form=Bytes(ConcolicValue(text.value, text.term)))


@form("System.Text.Encoding", "string GetString(byte[] bytes)")
def text_of(call: Call) -> ConcolicValue | None:
    form_ = call.arguments[0].form
    return form_.text if isinstance(form_, Bytes) and call.own.is_constant else None


@form("System.Convert", "static string ToBase64String(byte[] inArray)", but="any value: it is not modeled")
def base64_of(call: Call) -> ConcolicValue | None:
    if isinstance(call.arguments[0].form, Bytes):
        return ConcolicValue(unsupported=call.replayer.unsupported_at(call.name, call.node))
    return None


@form("IUrl", "string QueryString { get; }", "System.Uri Uri { get; }", but="any value: it is not modeled")
def of_url(call: Call) -> ConcolicValue | None:
    """Return an unsupported result: the member never throws."""
    own = call.own.form
    if isinstance(own, ContextObject) and own.kind == "url":
        return ConcolicValue(unsupported=call.replayer.unsupported_at(call.name, call.node))
    return None
