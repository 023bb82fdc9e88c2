"""The beginning of a file, and whether that is a policy, or was meant to be one."""

from __future__ import annotations

import codecs
import re

ROOTS = frozenset((b"policies", b"fragment", b"inbound", b"backend", b"outbound", b"on-error"))
"""The elements that a policy document, a fragment, or a lone section begins with."""

_NAME = re.compile(rb"<([A-Za-z][\w\-]*)")
_INSIDE = rb"<(inbound|backend|outbound|on-error|base|choose|set-[a-z]+|return-response|validate-[a-z]+)\b"
"""Elements that policies have inside, and hardly any other kind of XML."""


def begins_like_a_policy(head: bytes) -> bool:
    """Return whether a file with this beginning is a policy document, a fragment, or a section of one."""
    return root_name(head) in ROOTS


def is_meant_as_a_policy(head: bytes) -> bool:
    """Return whether the first element is nearly `policies` or `fragment`, and what it holds looks like a policy."""
    name = root_name(head)
    if not name or name in ROOTS:
        return False
    lower = name.lower().decode()
    return (lower.encode() in ROOTS or _is_near(lower)) and re.search(_INSIDE, _utf8(head), re.IGNORECASE) is not None


def looks_like_policies(text: bytes) -> bool:
    """Return whether a text has an element of policies: other XML begins with <policies> or <fragment> too."""
    return re.search(_INSIDE, text, re.IGNORECASE) is not None


def is_blank(head: bytes) -> bool:
    """Return whether there is nothing but white space."""
    return not _utf8(head).removeprefix(codecs.BOM_UTF8).strip(b" \t\r\n\0")


def _is_near(name: str) -> bool:
    from difflib import SequenceMatcher

    return any(SequenceMatcher(None, name, root).ratio() >= 0.75 for root in ("policies", "policy", "fragment"))


def _utf8(head: bytes) -> bytes:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head.decode("utf-16", "replace").encode()
    return head


def root_name(head: bytes) -> bytes:
    """Return the name of the first element, after a byte order mark, declarations and comments; empty without one."""
    head = _utf8(head)
    position = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    while True:
        position = head.find(b"<", position)
        if position < 0:
            return b""
        if head.startswith(b"<!--", position):
            end, length = head.find(b"-->", position + 4), 3
        elif head.startswith((b"<?", b"<!"), position):
            end, length = head.find(b">", position), 1
        else:
            name = _NAME.match(head, position)
            return name[1] if name else b""
        if end < 0:
            return b""
        position = end + length
