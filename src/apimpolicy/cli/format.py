"""`apimpolicy format PATH…`: one layout for policies, C# included."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from apimpolicy.cli import commands
from apimpolicy.cli.commands import WithHelp, configuration_option
from apimpolicy.cli.program import say
from apimpolicy.cli.progress import Progress
from apimpolicy.cli.written_files import print_difference
from apimpolicy.csharp.dotnet.process_limits import renew
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.check_projects import CheckOptions, CheckProjects
from apimpolicy.project.discovery import discover
from apimpolicy.project.files import SHOWN_STANDARD_INPUT, STANDARD_INPUT, read_data, write_whole
from apimpolicy.report.columns import counted

if TYPE_CHECKING:
    from apimpolicy.formatting.files import Formatted, Formatter


@click.command("format", cls=WithHelp)
@click.argument("paths", nargs=-1, required=True, metavar="PATH…")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a file would change.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change.")
@click.option("--form", type=click.Choice(("raw", "xml")), help="Also write expressions raw, or with entities.")
@click.option("--stdin-filename", metavar="FILE", help="The name of the file that `-` stands for.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave these files out; a pattern as in .gitignore.")
@click.option("--policies-only", is_flag=True, help="Skip named files that are excluded or not policies: for hooks.")
@click.option("-v", "--verbose", is_flag=True, help="List every file that changes.")
@configuration_option
def command(
    paths: tuple[str, ...],
    check: bool,
    diff: bool,
    form: str | None,
    stdin_filename: str | None,
    exclude: tuple[str, ...],
    policies_only: bool,
    verbose: bool,
    config: str | None,
) -> int:
    """Lay out policies: indentation, attributes, blank lines, and the C# of expressions.

    Formats files, whole trees of them, or `-` for standard input, also policies in Terraform heredocs and multi-line
    strings of Bicep. White space that is data stays as it is: text of bodies and header values, comments, strings.
    A file is written only if its elements, attributes, texts and C# tokens are the same afterwards, and if `check`
    reports the same findings.

    \b
    Examples:
      apimpolicy format policies/
      apimpolicy format --check policies/
      apimpolicy format --diff orders.xml
      apimpolicy format --form xml orders.xml
      apimpolicy format - --stdin-filename orders.xml < orders.xml

    Keep the layout of a part between <!-- apimpolicy: format off --> and <!-- apimpolicy: format on -->. The table
    [format] of apimpolicy.toml has line-length, indent-width and indent-style.

    Exits with 0, with --check or --diff with 1 if a file would change, and with 2 if a file can't be read or written.
    """
    projects = CheckProjects(CheckOptions(config=config, exclude=exclude))
    discovery = discover(paths, projects, policies_only=policies_only)
    for sentence in discovery.unreadable:
        say(sentence)
    for tree in discovery.empty:
        say(f"there are no policies in {tree}")
    changed = unchanged = left = failed = 0
    formatters: dict[str | None, Formatter] = {}
    files = [
        path for path in discovery.files if path in paths or not os.path.islink(path)
    ]  # the target has its own name
    with Progress("formatted", len(files)) as progress:
        for path in files:
            name = stdin_filename if path == STANDARD_INPUT and stdin_filename is not None else path
            renew()
            try:
                data, _ = read_data(path)
                result = _formatter(formatters, projects, name, form, writes=not check).file(data, name)
            except ConfigurationError as error:
                progress.clear()
                say(str(error))
                failed += 1
                continue
            progress.clear()
            _list_kept(path, result)
            if path == STANDARD_INPUT and not (check or diff):
                print(result.data.decode("utf-8", "replace"), end="")
            if result.data == data:
                unchanged += not result.kept
                left += bool(result.kept)
            else:
                try:
                    _change(path, data, result.data, check=check, diff=diff, verbose=verbose)
                except ConfigurationError as error:
                    say(str(error))
                    failed += 1
                    continue
                changed += 1
            progress.advance()
    if STANDARD_INPUT not in paths and changed + unchanged + left:
        say(_summary(changed, unchanged, left, is_dry=check or diff))
    if failed or discovery.unreadable or (not discovery.files and not policies_only):
        return commands.USAGE
    return commands.FINDINGS if changed and (check or diff) else commands.CLEAN


def _formatter(
    formatters: dict[str | None, Formatter], projects: CheckProjects, path: str, form: str | None, *, writes: bool
) -> Formatter:
    from apimpolicy.formatting.files import Formatter

    project = projects.of(path)
    if project.path not in formatters:
        placeholders = project.check.settings.placeholders
        formatters[project.path] = Formatter(project.style, placeholders, form, compares_findings=writes)
    return formatters[project.path]


def _change(path: str, old: bytes, new: bytes, *, check: bool, diff: bool, verbose: bool) -> None:
    shown = SHOWN_STANDARD_INPUT if path == STANDARD_INPUT else path
    if diff:
        print_difference(shown, old, new)
    elif check:
        print(f"would reformat {shown}")
    elif path != STANDARD_INPUT:
        write_whole(path, new)
        if verbose:
            print(f"reformatted {shown}")


def _list_kept(path: str, result: Formatted) -> None:
    shown = SHOWN_STANDARD_INPUT if path == STANDARD_INPUT else path
    for line, reason in result.kept:
        say(f"{shown}:{line}: kept as it is: {reason}")


def _summary(changed: int, unchanged: int, left: int, *, is_dry: bool) -> str:
    counts = {
        "would be reformatted" if is_dry else "reformatted": changed,
        "already formatted": unchanged,
        "left as found": left,
    }
    parts = [f"{counted(count, 'file')} {what}" for what, count in counts.items() if count]
    return ", ".join(parts)
