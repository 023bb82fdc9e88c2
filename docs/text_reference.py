"""The page `reference/azure-texts`: what Azure says, from the table of its texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from apimpolicy.gateway.context.azure_texts import KINDS, MARKS, AzureText, azure_texts

HEAD = """\
# What Azure says

The texts of Azure API Management that this tool knows: when a policy is refused, when a request fails, and in traces.
{totals} `apimpolicy rule "the text"` finds one, however it was copied.

*Seen*: on a gateway. *Reported*: it isn't recorded who saw it. *Documented*: by Microsoft, or in the source of .NET.
*Ours*: no source has a text, so this one is our choice. `run` and `explain` say when a response shows a text that was
not seen. The [parity ledger](parity.md) counts them for each policy. A name in braces varies.
"""
TITLES = {
    "saved": "When a policy is saved",
    "error": "Errors",
    "response": "Responses of the gateway",
    "trace": "Traces",
}
TABLE = "| text | policies | mark | cause | what to do | source |\n| --- | --- | --- | --- | --- | --- |"


def counts(texts: tuple[AzureText, ...]) -> str:
    """Return the numbers of texts by mark: `3 seen, 1 ours`."""
    found = Counter(each.mark for each in texts)
    return ", ".join(f"{found[mark]} {mark}" for mark in MARKS if found[mark])


def totals() -> str:
    """Return one sentence with the numbers of texts."""
    return f"{len(azure_texts())} texts: {counts(azure_texts())}."


def page() -> str:
    return "\n".join([HEAD.format(totals=totals()), *_sections()]) + "\n"


def _sections() -> Iterator[str]:
    for kind, sentence in KINDS.items():
        yield f"## {TITLES[kind]}\n\n{sentence[0].upper()}{sentence[1:]}.\n\n{TABLE}"
        yield from (_row(each) for each in azure_texts() if each.kind == kind)
        yield ""


def _row(each: AzureText) -> str:
    reason = f" Reason `{each.reason}`." if each.reason else ""
    status = f" Status {each.status}." if each.status else ""
    names = ", ".join(f"`{name}`" for name in each.policies)
    shown = f"`` {each.text} ``" if "`" in each.text else f"`{each.text}`"
    source = f"{each.source} ({each.date})"
    cells = (shown, names, each.mark, f"{_plain(each.cause)}{reason}{status}", _plain(each.action), source)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _plain(text: str) -> str:
    """Return a text whose markup is shown as it is."""
    return text.replace("<", "&lt;").replace("&amp;", "&amp;amp;").replace("&quot;", "&amp;quot;")
