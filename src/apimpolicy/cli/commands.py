"""Options that commands share: `--help`, secrets, the configuration, stand-ins; and the completion of codes."""

from __future__ import annotations

import functools
import inspect
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import click

from apimpolicy.text import secrets

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from apimpolicy.project.service.concerns import Concerns
    from apimpolicy.project.service.reading import SeveralServicesError


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


Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]


def together(*options: Decorator) -> Decorator:
    """Make one decorator of several, in the order in which the help lists them."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def format_option(forms: str, text: str = "For people, for programs, or as annotations of a pipeline.") -> Decorator:
    """Return the option `--format` with these choices, `text` by default."""
    return click.option("--format", "form", type=click.Choice(forms.split()), default="text", help=text)


# The options `--config` and `--environment`.
#
# Without the first, the nearest configuration above a file counts (`project.environments`).


def configuration_option(function: Callable[..., Any]) -> Callable[..., Any]:
    text = "The configuration file; default the nearest apimpolicy.toml above the policy."
    return click.option("--config", metavar="FILE", help=text)(function)


def selects_environment(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the option `--environment NAME`, for commands that load everything as it is in that environment."""

    def select(context: click.Context, _: click.Parameter, name: str | None) -> None:
        if name is not None:
            from apimpolicy.project.environments import selected_environment

            context.with_resource(selected_environment(name))

    text = "Use this environment: its overlay and its table in apimpolicy.toml."
    return click.option("--environment", metavar="NAME", help=text, expose_value=False, callback=select)(function)


def reads_services_once(function: Callable[..., int]) -> Callable[..., int]:
    """Return the command with the services of each folder read once, for a command that doesn't outlast a change."""

    @functools.wraps(function)
    def command(*values: Any, **options: Any) -> int:
        from apimpolicy.project.service.reading import kept_services

        with kept_services():
            return function(*values, **options)

    return command


def selects_service(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the option `--service NAME`, for commands that are about one service."""

    def select(context: click.Context, _: click.Parameter, name: str | None) -> None:
        if name is not None:
            from apimpolicy.project.environments import selected_service

            context.with_resource(selected_service(name))

    text = "Use this service of a folder that has several."
    return click.option("--service", metavar="NAME", help=text, expose_value=False, callback=select)(function)


def command_for(error: SeveralServicesError, arguments: Sequence[str]) -> str:
    """Return the command line that is meant, for the first of the services that an error names."""
    first = error.services[0]
    words = [shlex.quote(each) for each in arguments]
    places = [index for index, each in enumerate(arguments) if os.path.realpath(each) == os.path.realpath(error.folder)]
    if first.path is None:
        words += ["--service", shlex.quote(first.name)]
    elif places:
        words[places[-1]] = shlex.quote(first.path)
    else:
        words.append(shlex.quote(first.path))
    return " ".join(("apimpolicy", *words))


def check_environment(files: Iterable[str], *, is_certain: bool = False) -> None:
    """Raise ConfigurationError when an environment was selected that is none of those around paths, if there are any.

    What belongs to a file may lie elsewhere: whatever is loaded looks for itself. `is_certain`: where none
    is found, there is none.
    """
    from apimpolicy.project.environments import environments_at, is_environment, selected, unknown_environment

    name = selected()
    if name is None:
        return
    from apimpolicy.project.configuration import read_configuration
    from apimpolicy.project.environments import ConfigurationFinder
    from apimpolicy.project.layout import place_of

    finder = ConfigurationFinder()
    names: set[str] = set()
    for file in files:
        config = finder.for_file(file)
        folder = file if os.path.isdir(file) else place_of(file).root or os.path.dirname(file) or os.curdir
        names.update(environments_at(folder, read_configuration(config) if config else {}))
    if (names or is_certain) and not is_environment(name, names):
        raise unknown_environment(name, names)


# Use stand-ins for missing parts of a service. With `--strict` they are errors.
#
# What concerns the answer is named, the rest counted in one line, and `--verbose` lists all. Both go to stderr. For
# people, they come before the result: the response of one request, or the summary of many. Reports for programs contain
# the list (JSON), or it comes at the end.

_LISTS = "apimpolicy.lists-stand-ins"


def with_stand_ins(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the options `--strict` and, for a command without one of its own, `--verbose`.

    Without `--strict`, stand-ins replace missing parts, and are counted before the result.
    """

    def begin(context: click.Context, _: click.Parameter, is_strict: bool) -> None:
        if context.resilient_parsing:
            return
        from apimpolicy.project.service.leniency import Leniency, lenient

        found = Leniency(is_strict=is_strict)
        context.with_resource(lenient(found))
        context.call_on_close(lambda: show_stand_ins(found, context))

    if "verbose" not in inspect.signature(function).parameters:
        function = lists_stand_ins(function)
    text = "Use no stand-ins: missing or invalid parts of a service are errors."
    return click.option("--strict", is_flag=True, expose_value=False, callback=begin, help=text)(function)


def lists_stand_ins(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the option `--verbose`, which lists what is only counted without it."""

    def list_them(context: click.Context, _: click.Parameter, is_verbose: bool) -> None:
        context.meta[_LISTS] = is_verbose

    text = "List what isn't known of a service, and the stand-ins for it."
    option = click.option("-v", "--verbose", is_flag=True, expose_value=False, callback=list_them, help=text)
    return option(function)


def is_verbose(context: click.Context) -> bool:
    """Return whether a command lists the stand-ins."""
    return bool(context.meta.get(_LISTS) or context.params.get("verbose"))


def show_stand_ins(found: Any = None, context: click.Context | None = None, concerns: Concerns | None = None) -> None:
    """Print what is stood in for, unless that was done, or a report has it: with `--verbose` the list.

    Without, what concerns the answer is printed, and the rest is counted; all problems where it isn't known what does.
    """
    from apimpolicy.project.service.leniency import leniency

    found = leniency() if found is None else found
    if found and not found.is_shown:
        from apimpolicy.report.columns import Style
        from apimpolicy.report.stand_in_text import stand_in_lines

        found.is_shown = True
        context = context or click.get_current_context()
        sys.stdout.flush()
        style, in_full = Style.of(sys.stderr), is_verbose(context)
        lines = stand_in_lines(found.stand_ins, found.problems, style, in_full=in_full, concerns=concerns)
        if lines:
            print("\n".join(lines), file=sys.stderr)


# Shell completion of codes and rule names, each with its title.


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


CLEAN: Final = 0
FINDINGS: Final = 1
"""A policy or an expression is wrong, or an expression threw an exception."""
USAGE: Final = 2
"""The command line, a file or the configuration is not usable."""
NO_TESTS: Final = 5
"""There was no test to run, as pytest has it."""
INTERNAL: Final = 3
"""An internal error in apimpolicy."""
UNDECIDED: Final = 3
"""`prove` and `diff` could neither prove something nor find a request that shows the opposite."""
STOPPED: Final = 4
"""The operating system stopped a policy that used too much processor time or memory."""
BROKEN_PIPE: Final = 141
"""The reader closed the output, as for programs that SIGPIPE ends."""
INTERRUPTED: Final = 130
