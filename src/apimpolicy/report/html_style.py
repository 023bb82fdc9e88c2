"""The frame of a self-contained HTML page: no network and no fonts, and its content security policy allows none.

Colors are those of `page_colors.css`. They follow what the reader's system prefers, light or dark.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from html import escape
from pathlib import Path

from apimpolicy.report.columns import printable
from apimpolicy.report.harmless import harmless_markup


def page(title: str, style: str, body: Iterable[str], *, data: str = "", script: str = "", more_style: str = "") -> str:
    """Return the document. `title` is text, `style` names a style sheet in this package, `body` is markup.

    `data` is JSON for `script`, the name of a script in this package. Raises OSError when the package's own files can't
    be read.
    """
    sheet = _file("page_colors.css") + _file(style) + more_style
    code = _file(script) if script else ""
    allowed = f"script-src '{_hash(code)}'; " if code else ""
    policy = f"default-src 'none'; style-src '{_hash(sheet)}'; {allowed}base-uri 'none'; form-action 'none'"
    scripts = [f'<script type="application/json" id="data">{data}</script>', f"<script>{code}</script>"] if code else []
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
            *scripts,
            "</body>",
            "</html>",
            "",
        ]
    )


def text(value: str) -> str:
    """Return text as markup on one line: escaped, with invisible characters made visible.

    >>> text("<b>\\x1b")
    '&lt;b&gt;␛'
    """
    return harmless_markup(escape(printable(value)))


def lines(value: str) -> str:
    """Return text as markup, with its line breaks."""
    return "\n".join(text(line) for line in value.replace("\r\n", "\n").split("\n"))


def _file(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


def _hash(sheet: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
