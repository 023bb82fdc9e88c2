"""Runs a stylesheet in a process of its own, within limits."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from apimpolicy.errors import LimitExceededError
from apimpolicy.policies.surroundings import PolicyError
from apimpolicy.policies.xslt.process import TEMPLATE_DEPTH
from apimpolicy.policies.xslt.stylesheets import check, read, with_one_node_set

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apimpolicy.dotnet.environment import Limits

MEMORY = 1 << 30
"""Bytes of address space that a transformation may use."""

LONGEST = 60.0
"""Seconds that a transformation may take where no time limit is set."""

PATIENCE = 10
"""How many times its processor time a process may take by the clock: a busy machine gives it little."""

_DECLARATION = re.compile(r"<\?xml version=\"1\.0\"(?: encoding=\"([^\"]*)\")?( standalone=\"[^\"]*\")?\?>\n?")
_OWN_DECLARATION = re.compile(r"\s*<\?xml\s.*?\?>", re.DOTALL)


def transform(stylesheet: str, document: str, parameters: Mapping[str, str], limits: Limits) -> bytes:
    """The transformed document, in UTF-8.

    Raises PolicyError for what is not XML, no stylesheet or fails in it, NotSimulatedError for extensions, and
    LimitExceededError for one that takes too long, needs too much memory, nests too deep or writes too much.
    """
    document = _OWN_DECLARATION.sub("", document, count=1) if document.lstrip().startswith("<?xml") else document
    tree = read(stylesheet.encode(), "The stylesheet")
    check(tree)
    read(document.encode(), "The body")
    seconds = min(limits.seconds, LONGEST)
    task = {
        "stylesheet": with_one_node_set(stylesheet),
        "document": document,
        "parameters": dict(parameters),
        "length": limits.string_length,
        "seconds": seconds,
        "memory": MEMORY,
        "path": [entry for entry in sys.path if entry],
    }
    answer = _answer(json.dumps(task).encode(), seconds)
    if "limit" in answer:
        raise LimitExceededError(str(answer["limit"]), MEMORY if answer["limit"] == "memory" else limits.string_length)
    if "error" in answer:
        message = str(answer["error"])
        if "infinite template recursion" in message:
            raise LimitExceededError("XSLT recursion", TEMPLATE_DEPTH)
        if "Memory allocation failed" in message or "out of memory" in message.lower():
            raise LimitExceededError("memory", MEMORY)
        raise PolicyError(None, f"The transformation failed. {message}")
    return _declared(str(answer["text"])).encode()


def _answer(task: bytes, seconds: float) -> dict[str, object]:
    script = Path(__file__).with_name("process.py")
    command = [sys.executable, "-I", "-S", "-B", str(script)]
    counts_processor_time = find_spec("resource") is not None
    timeout = (seconds + 1) * (PATIENCE if counts_processor_time else 1)
    try:
        done = subprocess.run(command, input=task, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        raise LimitExceededError("seconds", seconds) from None
    if done.returncode < 0:  # a signal: out of time, or out of memory inside libxml2
        raise LimitExceededError("seconds" if -done.returncode in (24, 9) else "memory", seconds)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise LimitExceededError("memory", MEMORY) from None
    assert isinstance(answer, dict)
    return answer


def _declared(text: str) -> str:
    """The result with .NET's XML declaration, which names the encoding."""
    found = _DECLARATION.match(text)
    if found is None:
        return text
    return f'<?xml version="1.0" encoding="utf-8"{found[2] or ""}?>' + text[found.end() :]
