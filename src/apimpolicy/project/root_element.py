"""What a file begins with, and whether that is a policy."""

from __future__ import annotations

import codecs
import re

ROOTS = frozenset((b"policies", b"fragment", b"inbound", b"backend", b"outbound", b"on-error"))
"""The elements that a policy document, a fragment, or a lone section begins with."""

_NAME = re.compile(rb"<([A-Za-z][\w\-]*)")


def begins_like_a_policy(head: bytes) -> bool:
    """Whether a file with this beginning is a policy document, a fragment, or a section of one."""
    return root_name(head) in ROOTS


def root_name(head: bytes) -> bytes:
    """The name of the first element, looking past a byte order mark, declarations and comments; empty without one."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        head = head.decode("utf-16", "replace").encode()
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
