"""Bytes and texts that are coded."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from apimpolicy.dotnet.values import from_utf16, to_utf16
from apimpolicy.symbolic.inverses import inverse, one_of
from apimpolicy.symbolic.origins import THROWS

if TYPE_CHECKING:
    from apimpolicy.symbolic.inverses import Asked, Wishes


def _codec(encoding: Any) -> str:
    return str(encoding.codec)


@inverse("System.Text.Encoding.GetBytes")
def bytes_of(asked: Asked) -> Wishes:
    yield {1: to_utf16(asked.wanted.decode(_codec(asked.was(0))))}


@inverse("System.Text.Encoding.GetString")
def text_of(asked: Asked) -> Wishes:
    made = from_utf16(asked.wanted).encode(_codec(asked.was(0)))
    if len(asked.operands) > 3:
        data, start, count = asked.now(1), asked.was(2), asked.was(3)
        yield {1: data[:start] + made + data[start + count :]}
    else:
        yield {1: made}


@inverse("System.Convert.FromBase64String")
def from_base64(asked: Asked) -> Wishes:
    yield {0: base64.b64encode(bytes(asked.wanted)).decode()}


@inverse(f"{THROWS}System.Convert.FromBase64String")
def is_base64(asked: Asked) -> Wishes:
    """Of three bytes, so that nothing has to be filled up; or of others, where a policy fills up itself."""
    yield from one_of(0, (["~"] if asked.wanted else ["eDp4", "eDp4eA==", "eDp4eHg="]))


@inverse("System.Convert.ToBase64String")
def to_base64(asked: Asked) -> Wishes:
    made = base64.b64decode(asked.wanted, validate=True)
    if base64.b64encode(made).decode() == asked.wanted:
        yield {0: made}


_CODES = {
    "System.Uri.UnescapeDataString": (quote, unquote),
    "System.Uri.EscapeDataString": (quote, unquote),
    **{
        f"System.{owner}.Url{way}": (quote_plus, unquote_plus)
        for owner in ("Net.WebUtility", "Web.HttpUtility")
        for way in ("Decode", "Encode")
    },
}
"""How what is coded is coded and decoded, by the members for either way."""


@inverse(*(name for name in _CODES if name.endswith(("Decode", "UnescapeDataString"))))
def decoded(asked: Asked) -> Wishes:
    code, decode = _CODES[asked.origin.name]
    text = from_utf16(asked.wanted)
    if decode(text) == text:
        yield {0: asked.wanted}
    yield {0: code(text, safe="")}


@inverse(*(name for name in _CODES if name.endswith(("Encode", ".EscapeDataString"))))
def encoded(asked: Asked) -> Wishes:
    code, decode = _CODES[asked.origin.name]
    text = decode(from_utf16(asked.wanted))
    if code(text, safe="").lower() == asked.wanted.lower():
        yield {0: to_utf16(text)}


@inverse("System.Net.WebUtility.HtmlDecode", "System.Net.WebUtility.HtmlEncode")
def marked_up(asked: Asked) -> Wishes:
    if "&" not in asked.wanted and "<" not in asked.wanted:
        yield {0: asked.wanted}


@inverse("System.Guid.Parse", "System.Guid.TryParse", f"{THROWS}System.Guid.Parse", "new System.Guid")
def guid(asked: Asked) -> Wishes:
    fails = asked.wanted is True if asked.origin.name.startswith(THROWS) else asked.wanted is False
    is_asked_for = not isinstance(asked.wanted, bool)
    yield {0: str(asked.wanted) if is_asked_for else "x" if fails else "11111111-2222-3333-4444-555555555555"}
