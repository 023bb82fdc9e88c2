"""Snippets of frequent C#, offered where a statement begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.editor.items import Item

if TYPE_CHECKING:
    from collections.abc import Iterator

SNIPPETS = {
    "if (…)": "if (${1:condition})\n{\n\t$0\n}",
    "foreach (…)": "foreach (var ${1:item} in ${2:items})\n{\n\t$0\n}",
    "try … catch": "try\n{\n\t$1\n}\ncatch (Exception ${2:error})\n{\n\t$0\n}",
    "body as JSON": "var ${1:body} = context.Request.Body.As<JObject>(preserveContent: true);$0",
    "header": 'var ${1:value} = context.Request.Headers.GetValueOrDefault("${2:name}", "");$0',
    "token of the caller": (
        'Jwt ${1:token};\ncontext.Request.Headers.GetValueOrDefault("Authorization", "")'
        ".Split(' ').Last().TryParseJwt(out ${1:token});$0"
    ),
}
"""Inserted texts, by label."""


def code_snippets() -> Iterator[Item]:
    """Yield the snippets, after everything else."""
    for number, (label, text) in enumerate(SNIPPETS.items()):
        shown = text.replace("$0", "").replace("$1", "")
        yield Item(label, "snippet", "snippet", f"```csharp\n{shown}\n```", text, is_snippet=True, rank=(9.0, number))
