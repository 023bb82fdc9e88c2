"""Characters that a reader doesn't see: controls, directions of writing, tags, variation selectors."""

from __future__ import annotations

import re
from typing import Final

IGNORED: Final = (
    "\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0001-\U000e01ef"
)
"""Characters of a class of a pattern; a comparison by culture doesn't see them either."""
INVISIBLE: Final = f"[{IGNORED}\u2028\u2029]"
_found = re.compile(INVISIBLE)


def visible(text: str) -> str:
    """Return the text with escapes for what a reader doesn't see; line feeds and tabs stay.

    A person can't see text in tag characters or after a change of direction, and an assistant obeys it.

    >>> visible("a" + chr(0x202E) + "b")
    'a\\\\u202eb'
    """
    if text.isascii() and text.isprintable():
        return text
    return _found.sub(lambda match: escape(match[0]), text)


def escape(character: str) -> str:
    """Return the escape of a character, as JSON has it: two of them beyond the first 65,536."""
    number = ord(character)
    if number < 0x10000:
        return f"\\u{number:04x}"
    high, low = divmod(number - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
