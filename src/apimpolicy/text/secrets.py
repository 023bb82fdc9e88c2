"""Texts that nobody is to see: secret named values, and what headers carry as tokens, keys and passwords.

What is known to be secret is replaced by `***` in whatever is written for people or programs: traces, explanations,
pages, JSON, recorded cases, errors, caches. Found are the text itself and its forms in JSON, in HTML, in URLs and in
base 64; what a policy makes of a secret otherwise (a hash, a part of it) is not. A text of fewer than `SHORTEST`
characters is no secret: hiding it would make a riddle of everything.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

HIDDEN = "***"
SHORTEST = 4
SHORTEST_IN_HEADERS = 8
_MOST = 5_000
_HEADERS = frozenset(
    {
        *("authorization", "proxy-authorization", "cookie", "set-cookie", "ocp-apim-subscription-key", "api-key"),
        *("x-api-key", "apikey", "x-functions-key", "x-auth-token", "x-ms-authorization-auxiliary"),
    }
)
_SCHEME = r"[A-Za-z][\w-]*[ ]+(?=\S)"

_known: OrderedDict[str, None] = OrderedDict()
_in_headers: frozenset[str] = frozenset()
_pattern: re.Pattern[str] | None = None
_are_shown = False


def show_secrets(are_shown: bool = True) -> None:
    """From now on, hide nothing (or hide again): for those who must see."""
    global _are_shown
    _are_shown = are_shown


def keep_secret(texts: Iterable[str]) -> None:
    """Hide these texts from now on, in this process; of very many, the newest."""
    global _pattern
    for text in texts:
        if len(text) >= SHORTEST and text not in _known:
            _known[text] = None
            _pattern = None
    while len(_known) > _MOST:
        _known.popitem(last=False)


def is_secret_header(name: str) -> bool:
    """Whether a header of this name carries a token, a key or a password."""
    return name.lower() in _HEADERS


def keep_headers_secret(headers: Iterable[tuple[str, str]]) -> None:
    """Hide what these secret headers carry, and no longer what earlier ones did: all of it, or what follows the scheme
    in `Bearer …`.
    """
    global _in_headers, _pattern
    found = {re.compile(_SCHEME).sub("", value, count=1) for name, value in headers if is_secret_header(name)}
    wanted = frozenset(text for text in found if len(text) >= SHORTEST_IN_HEADERS)
    if wanted != _in_headers:
        _in_headers, _pattern = wanted, None


def without_secrets(text: str) -> str:
    """The text with `***` in the place of every secret."""
    if _are_shown or not (_known or _in_headers):
        return text
    return _compiled().sub(HIDDEN, text)


def json_without_secrets(text: str) -> str:
    """JSON with `***` for secrets in its texts: it stays JSON, whatever word or number is secret."""
    return _in_parts(r'"(?:[^"\\]|\\.)*+"', text)


def markup_without_secrets(markup: str) -> str:
    """XML or HTML with `***` for secrets in its texts and values; its tags stay as they are."""
    return _in_parts(r'"[^"<]*+"|(?<=>)[^<]++', markup)


def _in_parts(pattern: str, text: str) -> str:
    if _are_shown or not (_known or _in_headers):
        return text
    return re.sub(pattern, lambda part: without_secrets(part[0]), text)


def _compiled() -> re.Pattern[str]:
    global _pattern
    made = _pattern
    if made is None:
        forms = {form for secret in [*_known, *_in_headers] for form in _forms(secret)}
        made = re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True))))
        _pattern = made
    return made


def _forms(secret: str) -> Iterable[str]:
    """How a text may be written: as it is, in JSON, in HTML, in a URL, in base 64."""
    import base64
    import html
    import json
    from urllib.parse import quote, quote_plus

    data = secret.encode("utf-8", "surrogatepass")
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield html.escape(secret)
    yield quote(data, safe="")
    yield quote_plus(data)
    for offset in range(3):
        # What stands before shifts the letters, and those on both edges mix with the neighbours.
        shifted = base64.b64encode(b"\0" * offset + data).decode().rstrip("=")
        inner = shifted[-(-offset * 8 // 6) : len(shifted) - (1 if (offset + len(data)) % 3 else 0)]
        if len(inner) >= SHORTEST_IN_HEADERS:
            yield inner
            yield inner.replace("+", "-").replace("/", "_")
