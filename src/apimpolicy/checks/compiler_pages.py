"""The pages of the C# compiler's codes; the words and examples of those that people meet are in a file of data."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path
from typing import Any

from apimpolicy.checks.compiler_codes import is_compiler_code, page_on_the_web

_FILE = Path(__file__).with_name("compiler_pages.toml")
_ERROR = "Expressions are C# 7.3; the gateway compiles them when a policy is saved, and refuses the document."
_WARNING = "A warning of the compiler: the gateway saves such a policy."


@functools.cache
def explained_codes() -> dict[str, dict[str, Any]]:
    """Return the text of each code that has its own page."""
    return tomllib.loads(_FILE.read_text("utf-8"))


def page_of_compiler_code(code: str) -> str | None:
    """Return the page of a code, its title first, as Markdown; None when `check` never reports it."""
    if not is_compiler_code(code):
        return None
    link = f"The code is the compiler's own:\n{page_on_the_web(code)}"
    entry = explained_codes().get(code)
    if entry is None:
        return f"an error of the C# compiler.\n\n{_ERROR} {link}"
    return (
        f"{entry['title']}.\n\n"
        f"**What it means.** {entry['text']}\n\n"
        f"**Example**\n\n```csharp\n{entry['wrong']}\n```\n\n"
        f"**Use instead**\n\n```csharp\n{entry['right']}\n```\n\n"
        f"{_WARNING if entry.get('is_warning') else _ERROR} {link}"
    )
