"""`apimpolicy lsp`: the language server, for editors to start."""

from __future__ import annotations

import click

from apimpolicy.cli.commands import WithHelp


@click.command("lsp", cls=WithHelp)
def command() -> int:
    """Serve an editor over standard input and output, with the Language Server Protocol.

    Editors start it by themselves; docs/how-to/editors.md says how for each of them.
    """
    from apimpolicy.editor.language_server import serve

    return serve()
