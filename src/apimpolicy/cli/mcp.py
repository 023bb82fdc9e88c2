"""`apimpolicy mcp`: tools for coding assistants."""

from __future__ import annotations

import click

from apimpolicy.cli.commands import WithHelp


@click.command("mcp", cls=WithHelp)
@click.option(
    "--root",
    "roots",
    multiple=True,
    type=click.Path(exists=True, file_okay=False),
    metavar="FOLDER",
    help="A folder that the tools may read; by default, the checkout in which the server starts.",
)
def command(roots: tuple[str, ...]) -> int:
    """Serve a coding assistant over standard input and output, with the Model Context Protocol.

    Assistants start it by themselves. It needs `pip install 'apimpolicy[mcp]'`.

    The tools read policies, test files and configurations below the folders of --root, and no hidden or ignored files.
    A server that starts in the home folder, as some assistants do, needs --root, or takes policies as texts only.
    """
    from apimpolicy.editor.assistant_tools import serve

    return serve(roots)
