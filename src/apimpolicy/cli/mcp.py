"""`apimpolicy mcp`: tools for coding assistants."""

from __future__ import annotations

import click

from apimpolicy.cli.commands import WithHelp


@click.command("mcp", cls=WithHelp)
def command() -> int:
    """Serve a coding assistant over standard input and output, with the Model Context Protocol.

    Assistants start it by themselves. It needs `pip install 'apimpolicy[mcp]'`.
    """
    from apimpolicy.editor.assistant_tools import serve

    return serve()
