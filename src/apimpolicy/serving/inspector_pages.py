"""The inspector's responses: its own files, and data, with the headers that keep them on this page."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from apimpolicy.context.records import Response
from apimpolicy.report.harmless import to_json
from apimpolicy.text.secrets import without_secrets

_SCRIPTS = ("inspector.js", "inspector_send.js", "inspector_views.js")
PAGES = {name: ("apimpolicy.serving", name) for name in ("inspector.css", *_SCRIPTS)}
PAGES |= {"": ("apimpolicy.serving", "inspector.html"), "page_colors.css": ("apimpolicy.report", "page_colors.css")}
_TYPES = {"html": "text/html; charset=utf-8", "css": "text/css", "js": "text/javascript"}
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)


def html_headers() -> dict[str, str]:
    """Return the headers of a page that the inspector shows in its frame."""
    headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
    return {**headers, "X-Frame-Options": "SAMEORIGIN", "Referrer-Policy": "no-referrer"}


def static_page(path: str) -> Response:
    """Return one of the inspector's own files."""
    package, name = PAGES[path]
    data = files(package).joinpath(name).read_bytes()
    headers = {"Content-Type": _TYPES[name.rpartition(".")[2]], "Cache-Control": "no-cache"}
    headers |= {"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer"}
    return Response(200, headers=headers, body=data)


def json_page(value: Any) -> Response:
    """Return data as JSON."""
    body = to_json(value, ensure_ascii=False, indent=1)
    return Response(200, headers={"Content-Type": "application/json", "Cache-Control": "no-store"}, body=body)


def text_page(text: str, status: int = 200) -> Response:
    """Return text without secrets."""
    headers = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
    return Response(status, headers=headers, body=without_secrets(text))
