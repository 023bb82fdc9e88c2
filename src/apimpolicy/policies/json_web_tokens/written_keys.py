"""Keys that are written in validate-jwt: a secret is Base64, modulus and exponent are Base64url."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.text.source import is_unknown

if TYPE_CHECKING:
    from apimpolicy.text.document import Element

_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+=*")


def unreadable_part(key: Element) -> str:
    """Return the part of a `key` that is literal and can't be read: `n`, `e`, its `text`, or nothing."""
    for name in ("n", "e"):
        given = key.get(name)
        if given is None or given.value.expression is not None or is_unknown(given.value.text):
            continue
        if _BASE64URL.fullmatch(given.value.text.strip()) is None:
            return name
    is_secret = all(attribute.name == "id" for attribute in key.attributes)
    if not is_secret or key.expression is not None or is_unknown(key.text) or any(key.elements()):
        return ""
    return "" if _BASE64.fullmatch("".join(key.text.split())) else "text"
