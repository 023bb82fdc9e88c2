"""Policy files from disk, as sources.

POL027  the file is larger than any policy document may be
"""

from __future__ import annotations

import codecs
import os
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import BinaryIO

from apimpolicy.checkout import open_bytes, walk, write
from apimpolicy.diagnostics import Diagnostic
from apimpolicy.errors import ConfigurationError
from apimpolicy.text.source import Source, decode

TOO_LARGE = "POL027"
MAXIMUM_BYTES = 4 * 1024 * 1024
"""Fragments may have 512 KB; what is larger by far is not a policy."""

MAXIMUM_MESSAGE_BYTES = 64 * 1024 * 1024
"""Bodies of requests and answers."""

MEDIA = (
    *(".png", ".jpg", ".jpeg", ".gif", ".svg", ".ico", ".webp", ".bmp", ".mp4", ".ttf", ".woff", ".woff2"),
    *(".pdf", ".docx", ".pptx", ".xlsx"),
)
"""Endings of files for people, which no reader opens."""

STANDARD_INPUT = "-"
SHOWN_STANDARD_INPUT = "<stdin>"


def read_policy_file(path: str | os.PathLike[str]) -> tuple[Source, list[Diagnostic]]:
    """Return the source in a file (`-` is standard input), and what is wrong with its size or encoding.

    Raises ConfigurationError when there is no such file, or it cannot be read.
    """
    return source_of(*read_data(path))


def read_data(path: str | os.PathLike[str]) -> tuple[bytes, str]:
    """Return the bytes of a file and its name for people; `-` is standard input. Raises ConfigurationError."""
    name = str(path)
    if name == STANDARD_INPUT:
        return read_standard_input(), SHOWN_STANDARD_INPUT
    return _read(name, MAXIMUM_BYTES), name


def standard_input() -> BinaryIO:
    """Standard input, for bytes. Raises ConfigurationError when it is closed."""
    if sys.stdin is None:
        raise ConfigurationError("standard input is closed")
    return sys.stdin.buffer


def read_standard_input() -> bytes:
    """Standard input, at most one byte more than a file may have. Raises ConfigurationError."""
    file = standard_input()
    try:
        return _head(file)
    except OSError as error:
        raise ConfigurationError(f"cannot read standard input: {error.strerror or error}") from None


_TOKEN = re.compile(r'"((?:[^"\\\n]|\\.)*)"(\s*:)?|[{}\[\]]')
_OF_TEMPLATES = frozenset(
    (
        "resources",
        "resource",
        "properties",
        "parameters",
        "variables",
        "outputs",
        "functions",
        "value",
        "contentversion",
    )
)
_OF_REPORTS = frozenset(("tool", "findings", "response", "outcome", "entries"))


def _json_keys(text: str) -> Iterator[str]:
    """Yield the keys of the outermost object of a JSON text in lower case, as far as its strings are closed."""
    depth = 0
    for token in _TOKEN.finditer(text):
        if token[1] is None:
            depth += 1 if token[0] in "{[" else -1
        elif depth == 1 and token[2] is not None:
            yield token[1].lower()


def describes_resources(text: str) -> bool:
    """Return whether a JSON text is a template, its parameters, or the body of a resource.

    Other JSON, such as a report, may quote policies, and deploys none.
    """
    return any(key in _OF_TEMPLATES for key in _json_keys(text))


def is_report(path: str, text: str) -> bool:
    """Return whether a file is JSON that `apimpolicy` wrote, or SARIF: the names in it declare nothing."""
    if not path.lower().endswith(".json"):
        return False
    first = list(islice(_json_keys(text), 3))
    return (
        (first[:1] == ["version"] and not _OF_REPORTS.isdisjoint(first))
        or first == ["schema", "percent", "totals"]
        or "runs" in first
    )


def cells_of_code(notebook: str) -> list[str] | None:
    """Return the code in a Jupyter notebook, by cell: the rest of it is for people. None if it is no notebook."""
    import json  # a run without a notebook starts sooner

    try:
        cells = [each["source"] for each in json.loads(notebook)["cells"] if each["cell_type"] == "code"]
        return [each if isinstance(each, str) else "".join(each) for each in cells]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def source_of(data: bytes, name: str) -> tuple[Source, list[Diagnostic]]:
    """Return the source in the bytes of a file, and what is wrong with its size or encoding."""
    if len(data) > MAXIMUM_BYTES:
        source = Source("", name)
        limit = f"{MAXIMUM_BYTES // 1024 // 1024} MB"
        message = f"the file is larger than {limit}, so it is not read"
        advice = "The gateway takes far less: a fragment may have 512 KB."
        return source, [Diagnostic(TOO_LARGE, message, source, 0, 0, help=advice)]
    return decode(data, name)


def read_bytes(path: str, limit: int = MAXIMUM_BYTES) -> bytes:
    """Return the bytes of a file. Raises ConfigurationError when it cannot be read, or is larger than `limit`."""
    data = _read(path, limit)
    if len(data) > limit:
        raise ConfigurationError(f"{path} is larger than {limit // 1024 // 1024} MB, which is the limit for this file")
    return data


def have_same_content(one: str, other: str) -> bool:
    """Return whether two files are the same to their ends, however large; not if one can't be read."""
    try:
        with open_bytes(one) as first, open_bytes(other) as second:
            while (part := first.read(_PART)) == second.read(_PART):
                if not part:
                    return True
    except OSError:
        pass
    return False


_PART = 1 << 20


def _read(path: str, limit: int) -> bytes:
    """Return the bytes of a file, at most one more than `limit`. Raises ConfigurationError with a sentence."""
    try:
        with open_bytes(path) as file:
            return _head(file, limit)
    except OSError as error:
        raise ConfigurationError(unreadable(path, error)) from None
    except ValueError:  # a null character in the name
        raise ConfigurationError(f"{path!r} is not the name of a file") from None


def write_whole(path: str, data: bytes) -> None:
    """Write a file whole or not at all, and never through a link of a checkout. Raises ConfigurationError."""
    try:
        write(path, data)
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror or error}") from None


def unreadable(path: str, error: OSError) -> str:
    """Why a file could not be read, as a sentence."""
    if isinstance(error, FileNotFoundError):
        return f"{path}: there is no such file or directory"
    if isinstance(error, IsADirectoryError):
        return f"{path} is a directory, not a file"
    return f"cannot read {path}: {error.strerror or error}"


def _head(file: BinaryIO, limit: int = MAXIMUM_BYTES) -> bytes:
    return file.read(limit + 1)


# Detect changed files by their metadata, without reading them.


def fingerprint(paths: Iterable[str]) -> list[tuple[str, int, int]]:
    """Return every file below the paths, with its time of change and its size."""
    found: list[tuple[str, int, int]] = []
    for path in paths:
        if os.path.isdir(path):
            for directory, folders, files in walk(path):
                folders[:] = [name for name in folders if not name.startswith((".", "__pycache__"))]
                found += (entry for name in files if (entry := _entry(os.path.join(directory, name))) is not None)
        elif (entry := _entry(path)) is not None:
            found.append(entry)
    return sorted(found)


def _entry(path: str) -> tuple[str, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return path, status.st_mtime_ns, status.st_size


# The beginning of a file, and whether that is a policy, or was meant to be one.

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
