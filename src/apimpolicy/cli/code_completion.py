"""Shell completion of codes and rule names, each with its title."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem


def complete_codes(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the codes that begin like this, or the names of rules when it is written in lower case."""
    from click.shell_completion import CompletionItem

    from apimpolicy.checks.catalogue import entries
    from apimpolicy.checks.pages import all_codes, title_of_code

    is_name = incomplete[:1].islower() and not any(char.isdigit() for char in incomplete)
    if is_name:
        known = {entry.module.replace("_", "-"): entry.code for entry in entries()}
    else:
        known = {code: code for code in sorted((*all_codes(), *(entry.code for entry in entries())))}
    wanted = incomplete if is_name else incomplete.upper()
    return [CompletionItem(text, help=title_of_code(code)) for text, code in known.items() if text.startswith(wanted)]
