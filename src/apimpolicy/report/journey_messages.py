"""Requests and responses on the journey's page: the first line, the headers, the body."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.report.html_style import lines, text
from apimpolicy.report.values import certificate

if TYPE_CHECKING:
    from apimpolicy.context.headers import Headers
    from apimpolicy.context.records import Request, Response

LONGEST_BODY = 20_000
"""Characters of a body that are shown."""


def request_markup(request: Request) -> str:
    """Return the request as sent, after its client certificate."""
    start = f"{request.method} {request.url}"
    with_certificate = ""
    if request.certificate is not None:
        with_certificate = (
            f'<p class="with">with the certificate <code>{text(certificate(request.certificate))}</code></p>'
        )
    return with_certificate + _message(start, request.headers, request.body or b"", request.text)


def response_markup(response: Response) -> str:
    """Return the response as sent."""
    start = f"HTTP/1.1 {response.status_code} {response.reason}".rstrip()
    return _message(start, response.headers, response.body, response.text)


def _message(start: str, headers: Headers, body: bytes, content: str) -> str:
    fields = "".join(f"\n<b>{text(name)}:</b> {text(value)}" for name, values in headers.fields() for value in values)
    markup = f'<pre class="message"><strong>{text(start)}</strong>{fields}'
    if not body:
        return f"{markup}</pre>"
    if "\ufffd" in content or "\0" in content:
        return f"{markup}\n\n<i>{len(body):,} bytes that are not text</i></pre>"
    shown = lines(content[:LONGEST_BODY].removesuffix("\n"))
    more = len(content) - LONGEST_BODY
    return f"{markup}\n\n{shown}" + (f"\n<i>… {more:,} characters more</i></pre>" if more > 0 else "</pre>")
