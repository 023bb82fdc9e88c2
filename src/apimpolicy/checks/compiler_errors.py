"""The pages of the C# compiler's errors that people meet in policies; the words and examples are in a file of data."""

from __future__ import annotations

import tomllib
from pathlib import Path

_FILE = Path(__file__).with_name("compiler_errors.toml")


def pages_of_errors() -> dict[str, str]:
    """A page for each code, its title first, as Markdown."""
    return {code: _page(entry) for code, entry in tomllib.loads(_FILE.read_text("utf-8")).items()}


def _page(entry: dict[str, str]) -> str:
    return (
        f"{entry['title']}.\n\n"
        f"**What it means.** {entry['text']}\n\n"
        f"**Example**\n\n```csharp\n{entry['wrong']}\n```\n\n"
        f"**Use instead**\n\n```csharp\n{entry['right']}\n```\n\n"
        "Expressions are C# 7.3; the gateway compiles them when a policy is saved, and refuses the document."
    )
