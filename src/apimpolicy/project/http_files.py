"""Requests in `.http` files: a request line, headers, an empty line, the body.

    # a comment
    POST https://contoso.example/orders HTTP/1.1
    Content-Type: application/json

    {"id": 17}

The version may be left out, and so may the method, which is then GET. A line `###` ends the request; what follows is
not read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.files import MAXIMUM_MESSAGE_BYTES, read_bytes

if TYPE_CHECKING:
    from apimpolicy.context.records import Request

_REQUEST_LINE = re.compile(r"(?:([A-Za-z]+)[ \t]+)?(\S+)(?:[ \t]+HTTP/[0-9.]+)?[ \t]*")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_COMMENTS = ("#", "//")


def load_request(path: str, **options: Any) -> Request:
    """Load the request in a file; `options` are further arguments of `Request`. Raises ConfigurationError."""
    from apimpolicy.context.records import Request

    method, url, headers, body = parse_request(read_bytes(path, MAXIMUM_MESSAGE_BYTES), path)
    return Request(method, url, headers=headers, body=body, **options)


def parse_request(data: bytes, path: str = "<request>") -> tuple[str, str, list[tuple[str, str]], bytes | None]:
    """Method, URL, headers and body. Raises ConfigurationError that names file and line."""
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    start = next((index for index, line in enumerate(lines) if line.strip() and not _is_comment(line)), None)
    if start is None:
        raise ConfigurationError(f"{path} holds no request: expected a line such as 'GET https://contoso.example/'")
    found = _REQUEST_LINE.fullmatch(_text(lines[start], path, start))
    if found is None:
        raise ConfigurationError(
            f"{path}:{start + 1}: expected a method and a URL, such as 'GET https://contoso.example/'"
        )
    headers: list[tuple[str, str]] = []
    position = start + 1
    while position < len(lines) and not lines[position].startswith(b"###"):
        line = _text(lines[position], path, position)
        position += 1
        if not line.strip():
            break
        if line.startswith(_COMMENTS):
            continue
        name, colon, value = line.partition(":")
        if not colon or not _TOKEN.fullmatch(name):
            raise ConfigurationError(f"{path}:{position}: expected a header such as 'Accept: */*', or an empty line")
        headers.append((name, value.strip()))
    return (found[1] or "GET").upper(), found[2], headers, _body(lines[position:])


def _body(lines: list[bytes]) -> bytes | None:
    end = next((index for index, line in enumerate(lines) if line.startswith(b"###")), len(lines))
    body = b"\n".join(lines[:end])
    # The file's last line end is the file's, not the body's.
    body = body.removesuffix(b"\n").removesuffix(b"\r")
    return body or None


def _is_comment(line: bytes) -> bool:
    return line.lstrip().startswith((b"#", b"//"))


def _text(line: bytes, path: str, index: int) -> str:
    try:
        return line.decode().rstrip("\r")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}:{index + 1}: this line is not UTF-8") from None
