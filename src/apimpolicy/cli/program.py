"""The group of commands. An exception becomes a sentence on stderr and an exit code, never a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, TextIO, cast

import click

from apimpolicy.cli import commands
from apimpolicy.cli.commands import WithHelp, secrets_option
from apimpolicy.errors import ApimPolicyError, ConfigurationError, DiagnosticError, LimitExceededError
from apimpolicy.report.advice import Surface, worded_for
from apimpolicy.text.secrets import requests_are_invented, secrets_come_from

COMMANDS = {
    "audit": "Report who reaches the backend, with which credentials.",
    "check": "Report errors and risks in policies.",
    "dap": "Start the debug adapter for an editor.",
    "diff": "Compare two versions: which requests are treated differently.",
    "eval": "Evaluate a C# expression.",
    "explain": "Explain why a request gets its response.",
    "format": "Format policies and their C#.",
    "gate": "Check, test, prove, audit and compare at once, for a pull request.",
    "lsp": "Start the language server for an editor.",
    "mcp": "Start the MCP server for a coding assistant.",
    "mutate": "Find changes to policies that the tests don't notice.",
    "new": "Write a first test file, or a configuration.",
    "prove": "Prove claims for every request.",
    "rule": "Explain a finding of check.",
    "run": "Send a request through a policy or a service.",
    "serve": "Run a local gateway for real clients.",
    "test": "Run the test cases of policies.",
}
"""Name and short help; the module `apimpolicy.cli.<name>` with a command `command` is imported when it is needed."""

_NAME = "apimpolicy"
_COMPLETION = "_APIMPOLICY_COMPLETE"
"""Set by the shell's completion script; see click's documentation."""


class _Commands(WithHelp, click.Group):
    """Subcommands that are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        from importlib import import_module

        command: click.Command = import_module(f"apimpolicy.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and os.path.isdir(name):
            from apimpolicy.cli.overview import command

            return command.name, command, args
        if name not in COMMANDS:
            ctx.fail(_unknown_command(name))
        return name, self.get_command(ctx, name), args[1:]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


_SYNONYMS = {
    **dict.fromkeys(("lint", "validate", "verify", "scan", "analyze"), "check"),
    **dict.fromkeys(("fmt", "prettify"), "format"),
    "compare": "diff",
    "start": "serve",
    **dict.fromkeys(("ci", "all"), "gate"),
    "init": "new",
    "coverage": "test",
}
"""Names that other tools have for a command."""
_OPTION_SYNONYMS = {
    "--port": ("--http", "--https"),
    **dict.fromkeys(("--json", "--sarif", "--markdown", "--junit"), ("--format",)),
    **dict.fromkeys(("--output", "--out"), ("--output-file",)),
}
"""Options that others are taken for."""


def _unknown_command(name: str) -> str:
    from difflib import get_close_matches

    if (meant := _SYNONYMS.get(name)) or (meant := next(iter(get_close_matches(name, COMMANDS, 1)), None)):
        return f"unknown command '{name}'; did you mean '{meant}'?"
    if os.path.exists(name):
        return f"unknown command '{name}'; did you mean 'apimpolicy check {name}'?"
    return f"unknown command '{name}'; commands: {', '.join(COMMANDS)}."


def _unknown_option(error: click.NoSuchOption) -> str:
    """Return the message with the options of the command that may be meant: by their meaning, beginning or spelling."""
    from difflib import get_close_matches

    given = error.option_name
    parameters = [] if error.ctx is None else error.ctx.command.get_params(error.ctx)
    names = [name for each in parameters for name in (*each.opts, *each.secondary_opts) if name.startswith("--")]
    meant = [name for name in _OPTION_SYNONYMS.get(given, ()) if name in names]
    meant = meant or [name for name in names if len(given) > 3 and name.startswith(given)]
    near = get_close_matches(given.strip("-"), [name.strip("-") for name in names], 1, 0.7)
    meant = meant or [f"--{name}" for name in near]
    advice = f"; did you mean {' or '.join(map(repr, meant[:2]))}?" if meant else ""
    return f"{error.message.rstrip('.')}{advice}"


def _show_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from apimpolicy.report.columns import tool_version

        click.echo(f"apimpolicy {tool_version()}")
        ctx.exit()


@click.group(
    cls=_Commands,
    context_settings={"max_content_width": 100},
    epilog="Exit codes: 0 success; 1 findings, failed tests or false claims; 2 an invalid command line, file or "
    "setting; 3 not decided (prove, diff), or an internal error; 4 a policy stopped by the system; 5 nothing to run.",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
@click.option("--debug", is_flag=True, expose_value=False, help="Show Python tracebacks of errors, with any command.")
@click.option("--full", is_flag=True, expose_value=False, help="Show long values and reports whole, with any command.")
@click.option(
    "--trust-config",
    is_flag=True,
    expose_value=False,
    help="Let files name files outside of the checkout, and [serve] open the gateway, with any command.",
)
@secrets_option
def program() -> None:
    """Check, test and prove Azure API Management policies on your machine.

    `apimpolicy FOLDER` shows what a folder contains and what to run next. In a folder with policies, `apimpolicy` does.

    \b
    Examples:
      apimpolicy check policies/
      apimpolicy run orders.xml --get /orders --certificate partner.pem
      apimpolicy explain orders.xml --get /orders --certificate partner.pem
      apimpolicy eval '@(context.Request.Headers.GetValueOrDefault("Accept", ""))'
    """


def run(arguments: Sequence[str]) -> int:
    """Run a command line; the exit code. Standard output is flushed."""
    given = list(arguments)
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _harmless(sys.stdout), _harmless(sys.stderr, is_needed=False)
    try:
        with worded_for(Surface.CONFIGURATION):
            return _flushed(_guarded(given))
    except BrokenPipeError:
        # Python flushes stdout again at exit; what is left goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return commands.BROKEN_PIPE
    finally:
        sys.stdout, sys.stderr = streams
        requests_are_invented(False)  # what a command says of its own requests
        secrets_come_from(None)


def _harmless(stream: TextIO | None, *, is_needed: bool = True) -> TextIO:
    """Return a stream for untrusted text. A closed stream discards it, and so does an optional one that is full."""
    from apimpolicy.report.log_commands import HarmlessStream

    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")
    if hasattr(stream, "reconfigure"):
        # A terminal that cannot show a character must not stop a report.
        stream.reconfigure(errors="backslashreplace")
    return cast("TextIO", HarmlessStream(stream, is_needed=is_needed))


def _flushed(code: int) -> int:
    """Flush the output and return the exit code."""
    try:
        sys.stdout.flush()
    except ConfigurationError as error:
        say(str(error))
        code = commands.USAGE
    sys.stderr.flush()
    return code


def _guarded(arguments: list[str]) -> int:
    if name := _file_named_like_option(arguments):
        say(f"'{name}' is an option and also a file in this folder; for the file, write './{name}' or '--' before it")
        return commands.USAGE
    is_debugging, arguments = _without(arguments, "--debug")
    trusts, arguments = _without(arguments, "--trust-config")
    if trusts:
        from apimpolicy.checkout import trust_configuration

        trust_configuration()
    is_full, arguments = _without(arguments, "--full")
    if is_full:
        from apimpolicy.report.bounds import show_in_full

        show_in_full()
    try:
        if not arguments and _COMPLETION not in os.environ and _has_policies():
            arguments = [os.curdir]
        if _COMPLETION in os.environ:
            program.main(list(arguments), prog_name=_NAME)
        # Not `program.main`, which swallows broken pipes.
        with program.make_context(_NAME, list(arguments), obj=is_debugging) as context:
            result: Any = program.invoke(context)
        return result if isinstance(result, int) else commands.CLEAN
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.UsageError as error:
        if isinstance(error, click.exceptions.NoArgsIsHelpError):
            click.echo(error.format_message())
            return commands.USAGE
        command = error.ctx.command_path if error.ctx else "apimpolicy"
        message = _unknown_option(error) if isinstance(error, click.NoSuchOption) else error.format_message()
        say(f"{_lower(message)}\nTry '{command} --help'.")
        return commands.USAGE
    except click.ClickException as error:
        say(error.format_message())
        return commands.USAGE
    except (click.Abort, KeyboardInterrupt):
        say("interrupted")
        return commands.INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        if is_debugging:
            raise
        if isinstance(error, DiagnosticError):
            return _show_diagnostics(error)
        if isinstance(error, MemoryError):
            error = _out_of_memory()
        if isinstance(error, ApimPolicyError):
            say(str(error) + _advice(error, arguments))
            return commands.FINDINGS if isinstance(error, LimitExceededError) else commands.USAGE
        if type(error).__name__ == "BrokenProcessPool":
            say("a process that ran policies was stopped by the operating system: it took too much time or memory")
            return commands.STOPPED
        say(_report_to_us(error))
        return commands.INTERNAL


def _advice(error: ApimPolicyError, arguments: Sequence[str]) -> str:
    """Return the command to type instead, for a folder with several services."""
    if type(error).__name__ != "SeveralServicesError":
        return ""
    return f", for example:\n  {commands.command_for(cast('Any', error), arguments)}"


def _has_policies() -> bool:
    """Return whether there are policies in the current folder, as far as that shows at once."""
    from apimpolicy.cli.overview import discovered

    found = discovered(os.curdir)
    return found is not None and bool(found[1].files)


def _without(arguments: list[str], option: str) -> tuple[bool, list[str]]:
    """Return whether a command line has an option that goes with any command, and the command line without it."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = [argument for argument in arguments[:end] if argument != option]
    return len(options) < end, [*options, *arguments[end:]]


def _file_named_like_option(arguments: Sequence[str]) -> str | None:
    """Return the first option that is the name of a file too: a hook or a `*` of the shell may mean the file."""
    for argument in arguments:
        if argument == "--":
            return None
        if argument.startswith("-") and argument != "-" and os.path.lexists(argument):
            return argument
    return None


def _out_of_memory() -> LimitExceededError:
    from apimpolicy.csharp.dotnet.process_limits import MEMORY

    return LimitExceededError("memory", MEMORY)


def _report_to_us(error: Exception) -> str:
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return (
        f"internal error in apimpolicy ({what[:200]}). "
        "Please report it with the output of the same command run as `apimpolicy --debug …`."
    )


def _show_diagnostics(error: DiagnosticError) -> int:
    from apimpolicy.report.columns import Style
    from apimpolicy.report.terminal import render_all

    style = Style.of(sys.stderr)
    print(render_all(error.diagnostics, style), file=sys.stderr)
    return commands.FINDINGS


def say(sentence: str) -> None:
    """Print a sentence for the user on stderr."""
    from apimpolicy.report.columns import Style, printable

    text = "apimpolicy: " + "\n".join(printable(line) for line in sentence.splitlines())
    print(Style.of(sys.stderr).fit(text), file=sys.stderr)


def _lower(message: str) -> str:
    """Return the message as the continuation of `apimpolicy: `, without the full stop."""
    first = message[:1].lower() if message[1:2].islower() else message[:1]
    return first + message[1:].rstrip(".")
