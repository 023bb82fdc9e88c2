"""`apimpolicy dap`: the debug adapter, for editors to start."""

from __future__ import annotations

import click

from apimpolicy.cli.commands import WithHelp


@click.command("dap", cls=WithHelp)
def command() -> int:
    """Serve an editor's debugger over standard input and output, with the Debug Adapter Protocol.

    Editors start it by themselves; docs/how-to/editors.md says how for each of them.
    """
    from apimpolicy.editor.debug_adapter import serve

    return serve()
