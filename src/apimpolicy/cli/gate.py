"""`apimpolicy gate [PATH]`: check, tests, claims, audit and diff at once, for a pull request.

Each part is a function that returns a `GatePart` (`gate_parts`), with what the run has for all of them (`gate_run`).
What a part finds has a word of `project.gate_settings.WORDS`, which decides whether it fails the gate.
"""

from __future__ import annotations

import os
import sys
import time

import click

from apimpolicy.cli import commands
from apimpolicy.cli.commands import WithHelp, check_environment, selects_environment, show_stand_ins
from apimpolicy.cli.gate_parts import PARTS, check_part
from apimpolicy.cli.gate_run import GateRun, keyed
from apimpolicy.cli.program import say
from apimpolicy.cli.written_files import write_report_to, write_text
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.baseline import Baseline
from apimpolicy.project.environments import find_configuration
from apimpolicy.project.gate_settings import NOT_RUN, UNDECIDED, WORDS, GateSettings, name_baseline
from apimpolicy.report.columns import Style, counted
from apimpolicy.report.gate_report import GateReport, gate_as, gate_text

FORMATS = ("text", "markdown", "json", "sarif", "junit", "github", "azure")
_ENDINGS = {".md": "markdown", ".json": "json", ".sarif": "sarif", ".xml": "junit", ".txt": "text"}
_CODES = {NOT_RUN: commands.USAGE, UNDECIDED: commands.UNDECIDED}
"""Exit codes of words, as `check`, `prove` and `diff` have them; others are findings."""
_FIRST_CODES = (commands.USAGE, commands.FINDINGS, commands.UNDECIDED)


@click.command("gate", cls=WithHelp)
@click.argument("path", default=".", metavar="[PATH]")
@click.option("--since", metavar="REVISION", help="Compare with this revision, such as origin/main.")
@click.option("--tests", "test_paths", multiple=True, metavar="PATH", help="Run tests and claims here; default PATH.")
@click.option("--fail", multiple=True, type=click.Choice(list(WORDS)), help="Fail for this too; may be repeated.")
@click.option("--allow", multiple=True, type=click.Choice(list(WORDS)), help="Don't fail for this; may be repeated.")
@click.option("--baseline", metavar="FILE", help="Don't report the findings in this file.")
@click.option(
    "--write-baseline", metavar="FILE", help="Write the current findings to a baseline, and name it in apimpolicy.toml."
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="The output format.")
@click.option(
    "--report",
    "files",
    multiple=True,
    metavar="FILE",
    help="Also write a report: .md (a comment), .json, .sarif, .xml (JUnit) or .txt.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show everything that was found, not only what fails.")
@selects_environment
def command(
    path: str,
    since: str | None,
    test_paths: tuple[str, ...],
    fail: tuple[str, ...],
    allow: tuple[str, ...],
    baseline: str | None,
    write_baseline: str | None,
    form: str,
    files: tuple[str, ...],
    verbose: bool,
) -> int:
    """Check, test, prove, audit and compare a folder at once: one result for a pull request.

    Each part runs as far as it applies, and is one line. What can't run fails the gate.

    \b
    Examples:
      apimpolicy gate
      apimpolicy gate --since origin/main
      apimpolicy gate extracted --since origin/main --allow weaker
      apimpolicy gate --write-baseline gate-baseline.json
      apimpolicy gate --since origin/main --format github --report comment.md

    \b
    Decide in apimpolicy.toml what fails it:
      [gate]
      fail = ["warnings", "changes"]
      allow = ["weaker"]
      baseline = "gate-baseline.json"

    Words: errors, failures (of tests), false (claims), undecided, weaker (access) and not-run fail the gate; warnings
    and changes (for callers) only if you list them.

    Exits with 0 if nothing fails, 1 if something does, 2 if a part can't run or the command line is invalid, 3 if only
    something undecided fails it, 5 if there is nothing to run.
    """
    from apimpolicy.project.service.concerns import Concerns

    started = time.perf_counter()
    forms = {file: _form_of(file) for file in files}
    settings = _settings(path).with_options(fail, allow)
    if both := set(fail) & set(allow):
        raise click.UsageError(f"--fail and --allow both have '{min(both)}'")
    check_environment([path])
    name = None if write_baseline else baseline or settings.baseline
    run = GateRun(path, since, test_paths or (path,), None if name is None else Baseline.load(name))
    parts = run.parts(check_part, PARTS)
    report = GateReport(parts, settings, run.baseline is not None, time.perf_counter() - started, run.stand_ins)
    show_stand_ins(run.stand_ins, concerns=Concerns())  # `audit` reports what they hide
    if write_baseline is not None:
        return _write_baseline(report, path, write_baseline)
    code = _exit_code(report)
    style = Style.of(sys.stdout)
    text = gate_text(report, style, verbose=verbose) if form == "text" else gate_as(form, report, code)
    write_report_to(None, text, is_text=form in ("text", "markdown"))
    for file, form_of_file in forms.items():
        content = gate_text(report, verbose=verbose) if form_of_file == "text" else gate_as(form_of_file, report, code)
        write_text(file, f"{content}\n")
    run.say_what_is_gone(report)
    return code


def _form_of(file: str) -> str:
    form = _ENDINGS.get(os.path.splitext(file)[1].lower())
    if form is None:
        raise click.UsageError(f"--report {file}: the name must end in {', '.join(_ENDINGS)}")
    return form


def _settings(path: str) -> GateSettings:
    """Return the settings of the nearest configuration. Raises ConfigurationError, also for what is no folder."""
    if not os.path.isdir(path):
        raise ConfigurationError(f"there is no folder {path}; name the folder with your policies")
    config = find_configuration(path)
    if config is None:
        return GateSettings()
    from apimpolicy.project.configuration import load_configuration

    return load_configuration(config).gate()


def _exit_code(report: GateReport) -> int:
    if report.is_empty:
        return commands.NO_TESTS
    codes = {_CODES.get(each.word, commands.FINDINGS) for each in report.failing}
    return next((code for code in _FIRST_CODES if code in codes), commands.CLEAN)


def _write_baseline(report: GateReport, folder: str, path: str) -> int:
    """Write what may wait to a baseline; what can't run, and so has no key, makes the exit code tell of it."""
    known = (keyed(each) for part in report.parts for each in part.findings if each.key)
    count = Baseline.of(path, known).save()
    config = name_baseline(folder, path)
    print(f"wrote {counted(count, 'finding')} to {path}, which {os.path.normpath(config)} names")
    not_run = [part for part in report.parts if any(each.word == NOT_RUN and not each.key for each in part.findings)]
    for part in not_run:
        say(f"{part.name}: {part.line}")
    return commands.USAGE if not_run else commands.CLEAN
