"""Texts coded as other texts or bytes: what has nothing to be coded stays as it is; anything else has no form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.symbolic import solver
from apimpolicy.symbolic.forms import form
from apimpolicy.symbolic.inputs import TOKENS
from apimpolicy.symbolic.things import Thing
from apimpolicy.symbolic.values import Dual, term_of

if TYPE_CHECKING:
    from apimpolicy.symbolic.forms import Call


_PLAIN = {
    "UnescapeDataString": solver.many(solver.either(solver.span(" ", "$"), solver.span("&", "~"))),
    "UrlDecode": solver.many(
        solver.either(solver.span(" ", "$"), solver.span("&", "*"), solver.span(",", "~")),
    ),
    "HtmlDecode": solver.many(solver.either(solver.span(" ", "%"), solver.span("'", "~"))),
}
"""By member: texts in which it finds nothing that is coded; for others letters, digits and `-_.`."""


@form(
    "System.Uri",
    "static string UnescapeDataString(string stringToUnescape)",
    but="texts in which there is something to be coded",
)
@form(
    "System.Uri",
    "static string EscapeDataString(string stringToEscape)",
    but="texts in which there is something to be coded",
)
@form(
    "System.Net.WebUtility",
    "static string UrlDecode(string encodedValue)",
    but="texts in which there is something to be coded",
)
@form(
    "System.Net.WebUtility",
    "static string UrlEncode(string value)",
    but="texts in which there is something to be coded",
)
@form(
    "System.Net.WebUtility",
    "static string HtmlDecode(string value)",
    but="texts in which there is something to be coded",
)
@form(
    "System.Net.WebUtility",
    "static string HtmlEncode(string value)",
    but="texts in which there is something to be coded",
)
def coded(call: Call) -> Dual | None:
    text = call.arguments[0]
    term = term_of(text)
    if term is None or text.is_constant:
        return None
    if text.null is not None:
        call.walker.path.hold(text.null, text.value is None, "null")
        if text.value is None:
            return Dual() if "System.Uri" not in call.owner else _throws(call)
    if call.walker.path.split(solver.matches(term, _PLAIN.get(call.member.name, TOKENS)), "coding"):
        return Dual(term=term)
    return Dual(lost=call.walker.obstacle(call.name, call.node))


def _throws(call: Call) -> Dual:
    call.guard(solver.FALSE)
    return Dual()


class Bytes:
    """The form of the bytes of a text."""

    __slots__ = ("text",)

    def __init__(self, text: Dual) -> None:
        self.text = text


@form("System.Text.Encoding", "byte[] GetBytes(string s)")
def bytes_of(call: Call) -> Dual | None:
    text = call.arguments[0]
    if text.is_constant or term_of(text) is None or not call.own.is_constant:
        return None
    if text.null is not None:
        call.guard(solver.no(text.null))
    return Dual(form=Bytes(Dual(text.value, text.term)))


@form("System.Text.Encoding", "string GetString(byte[] bytes)")
def text_of(call: Call) -> Dual | None:
    form_ = call.arguments[0].form
    return form_.text if isinstance(form_, Bytes) and call.own.is_constant else None


@form("System.Convert", "static string ToBase64String(byte[] inArray)", but="anything: it has no form")
def base64_of(call: Call) -> Dual | None:
    if isinstance(call.arguments[0].form, Bytes):
        return Dual(lost=call.walker.obstacle(call.name, call.node))
    return None


@form("IUrl", "string QueryString { get; }", "System.Uri Uri { get; }", but="anything: it has no form")
def of_url(call: Call) -> Dual | None:
    """Never throws; what it gives has no form."""
    own = call.own.form
    if isinstance(own, Thing) and own.kind == "url":
        return Dual(lost=call.walker.obstacle(call.name, call.node))
    return None
