"""Runs a stylesheet in a process of its own, within limits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.errors import LimitExceededError
from apimpolicy.policies.own_process import TEMPLATE_DEPTH, answer
from apimpolicy.policies.surroundings import PolicyError
from apimpolicy.policies.xslt.stylesheets import check, read, with_one_node_set

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apimpolicy.dotnet.environment import Limits

_DECLARATION = re.compile(r"<\?xml version=\"1\.0\"(?: encoding=\"([^\"]*)\")?( standalone=\"[^\"]*\")?\?>\n?")
_OWN_DECLARATION = re.compile(r"\s*<\?xml\s.*?\?>", re.DOTALL)


def transform(stylesheet: str, document: str, parameters: Mapping[str, str], limits: Limits) -> bytes:
    """Return the transformed document, in UTF-8.

    Raises PolicyError for what is not XML, no stylesheet or fails in it, NotSimulatedError for extensions, and
    LimitExceededError for one that takes too long, needs too much memory, nests too deep or writes too much.
    """
    document = _OWN_DECLARATION.sub("", document, count=1) if document.lstrip().startswith("<?xml") else document
    tree = read(stylesheet.encode(), "The stylesheet")
    check(tree)
    read(document.encode(), "The body")
    task = {
        "stylesheet": with_one_node_set(stylesheet),
        "document": document,
        "parameters": dict(parameters),
    }
    found = answer("transform", task, limits)
    if "error" in found:
        message = str(found["error"])
        if "infinite template recursion" in message:
            raise LimitExceededError("XSLT recursion", TEMPLATE_DEPTH)
        raise PolicyError(None, f"The transformation failed. {message}")
    return _declared(str(found["text"])).encode()


def _declared(text: str) -> str:
    """Return the result with .NET's XML declaration, which names the encoding."""
    found = _DECLARATION.match(text)
    if found is None:
        return text
    return f'<?xml version="1.0" encoding="utf-8"{found[2] or ""}?>' + text[found.end() :]
