"""Options of all commands: `--help` without a look at translations, which takes as long as many a check, and the
option that shows secrets.
"""

from __future__ import annotations

import click

from apimpolicy.text import secrets


class WithHelp(click.Command):
    """A command with `-h` and `--help`; click asks for the sentence in the user's language at every start."""

    _own_help: click.Option | None = None

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        if self._own_help is None:
            self._own_help = click.Option(
                ["-h", "--help"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_show_help,
                help="Show this message and exit.",
            )
        return self._own_help


def _show_help(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()


def _show_secrets(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        secrets.show_secrets()


secrets_option = click.option(
    "--show-secrets",
    is_flag=True,
    expose_value=False,
    callback=_show_secrets,
    help="Show secret named values, and tokens and keys in headers.",
)
"""Before the command and after it, as people happen to write it."""
