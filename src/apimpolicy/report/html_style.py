"""The frame of an HTML page that needs nothing else: no network, no fonts, no scripts, and its policy allows none.

Colours follow what the reader's system prefers, light or dark. Their names are those of the coverage page, so that the
pages of one project look alike.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from apimpolicy.report.columns import printable
from apimpolicy.report.harmless import harmless_markup

if TYPE_CHECKING:
    from collections.abc import Iterable


def page(title: str, style: str, body: Iterable[str]) -> str:
    """The document. `title` is text, `style` the name of a style sheet in this package, `body` is markup."""
    sheet = Path(__file__).with_name(style).read_text("utf-8")
    policy = f"default-src 'none'; style-src '{_hash(sheet)}'; base-uri 'none'; form-action 'none'"
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{text(title)}</title>",
            f"<style>{sheet}</style>",
            "</head>",
            "<body>",
            *body,
            "</body>",
            "</html>",
            "",
        ]
    )


def text(value: str) -> str:
    """Text as markup on one line: escaped, with everything invisible made visible.

    >>> text("<b>\\x1b")
    '&lt;b&gt;␛'
    """
    return harmless_markup(escape(printable(value)))


def lines(value: str) -> str:
    """Text as markup with its line ends kept."""
    return "\n".join(text(line) for line in value.replace("\r\n", "\n").split("\n"))


def _hash(sheet: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
