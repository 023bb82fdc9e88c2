"""Bytes and texts that are coded."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from apimpolicy.concolic.inverses import inverse, one_of
from apimpolicy.concolic.origins import THROWS
from apimpolicy.dotnet.values import from_utf16, to_utf16

if TYPE_CHECKING:
    from apimpolicy.concolic.inverses import InverseQuery, Preimages


def _codec(encoding: Any) -> str:
    return str(encoding.codec)


@inverse("System.Text.Encoding.GetBytes")
def bytes_of(query: InverseQuery) -> Preimages:
    yield {1: to_utf16(query.wanted.decode(_codec(query.was(0))))}


@inverse("System.Text.Encoding.GetString")
def text_of(query: InverseQuery) -> Preimages:
    made = from_utf16(query.wanted).encode(_codec(query.was(0)))
    if len(query.operands) > 3:
        data, start, count = query.now(1), query.was(2), query.was(3)
        yield {1: data[:start] + made + data[start + count :]}
    else:
        yield {1: made}


@inverse("System.Convert.FromBase64String")
def from_base64(query: InverseQuery) -> Preimages:
    yield {0: base64.b64encode(bytes(query.wanted)).decode()}


@inverse(f"{THROWS}System.Convert.FromBase64String")
def is_base64(query: InverseQuery) -> Preimages:
    """Yield Base64 of three bytes, which needs no padding; or of others, where a policy pads."""
    yield from one_of(0, (["~"] if query.wanted else ["eDp4", "eDp4eA==", "eDp4eHg="]))


@inverse("System.Convert.ToBase64String")
def to_base64(query: InverseQuery) -> Preimages:
    made = base64.b64decode(query.wanted, validate=True)
    if base64.b64encode(made).decode() == query.wanted:
        yield {0: made}


_CODES = {
    "System.Uri.UnescapeDataString": (quote, unquote),
    "System.Uri.EscapeDataString": (quote, unquote),
    **{
        f"System.{owner}.Url{direction}": (quote_plus, unquote_plus)
        for owner in ("Net.WebUtility", "Web.HttpUtility")
        for direction in ("Decode", "Encode")
    },
}
"""Encoder and decoder, by the members for either direction."""


@inverse(*(name for name in _CODES if name.endswith(("Decode", "UnescapeDataString"))))
def decoded(query: InverseQuery) -> Preimages:
    code, decode = _CODES[query.origin.name]
    text = from_utf16(query.wanted)
    if decode(text) == text:
        yield {0: query.wanted}
    yield {0: code(text, safe="")}


@inverse(*(name for name in _CODES if name.endswith(("Encode", ".EscapeDataString"))))
def encoded(query: InverseQuery) -> Preimages:
    code, decode = _CODES[query.origin.name]
    text = decode(from_utf16(query.wanted))
    if code(text, safe="").lower() == query.wanted.lower():
        yield {0: to_utf16(text)}


@inverse("System.Net.WebUtility.HtmlDecode", "System.Net.WebUtility.HtmlEncode")
def marked_up(query: InverseQuery) -> Preimages:
    if "&" not in query.wanted and "<" not in query.wanted:
        yield {0: query.wanted}


@inverse("System.Guid.Parse", "System.Guid.TryParse", f"{THROWS}System.Guid.Parse", "new System.Guid")
def guid(query: InverseQuery) -> Preimages:
    fails = query.wanted is True if query.origin.name.startswith(THROWS) else query.wanted is False
    is_asked_for = not isinstance(query.wanted, bool)
    yield {0: str(query.wanted) if is_asked_for else "x" if fails else "11111111-2222-3333-4444-555555555555"}
