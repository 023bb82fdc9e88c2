"""`apimpolicy check PATH…`: what is wrong with policy documents, before anything is saved to Azure."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from apimpolicy.cli import exit_codes
from apimpolicy.cli.check_output import FORMATS, CheckOutput
from apimpolicy.cli.check_run import CheckRun
from apimpolicy.cli.configuration_file import configuration_option, find_configuration
from apimpolicy.cli.program import say, tool_version
from apimpolicy.cli.progress import Progress
from apimpolicy.policies.placement import GATEWAYS, SCOPES, TIERS
from apimpolicy.project.check_configuration import CheckConfiguration
from apimpolicy.project.discovery import discover

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apimpolicy.project.baseline import Baseline

_NO_POLICIES = "no .xml, .policy or .cshtml file begins with <policies>, <fragment> or a section"


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    choice = click.Choice
    for option in reversed(
        (
            click.option("--named-values", metavar="FILE", help="Named values as JSON or TOML: {name: value}."),
            configuration_option,
            click.option("--select", multiple=True, metavar="CODE", help="Look for these only: codes, or beginnings."),
            click.option("--extend-select", multiple=True, metavar="CODE", help="Look for these too, off by default."),
            click.option(
                "--ignore", multiple=True, metavar="CODE", help="Leave these out; the longest beginning decides."
            ),
            click.option("--policies-only", is_flag=True, help="Pass over files that are no policies: for hooks."),
            click.option("--strict", is_flag=True, help="Warnings fail the check too."),
            click.option("--tier", type=choice(TIERS), help="The tier that the policies will run on."),
            click.option("--gateway", type=choice(GATEWAYS), help="The gateway that they will run on."),
            click.option("--scope", type=choice(SCOPES), help="The scope of the documents, when folders do not tell."),
            click.option("--format", "form", type=choice(FORMATS), default="text", help="For people, or for programs."),
            click.option("--statistics", is_flag=True, help="Count the findings by code instead of listing them."),
            click.option("--explain", is_flag=True, help="Print the page of every code that was found."),
            click.option("--fix", is_flag=True, help="Correct what is certain: misspelt names."),
            click.option("--diff", is_flag=True, help="Print what --fix would change."),
            click.option("--baseline", metavar="FILE", help="Leave out the findings that this file knows."),
            click.option("--write-baseline", metavar="FILE", help="Write the findings of today to a baseline."),
            click.option("--watch", is_flag=True, help="Check again whenever a file changes; Ctrl-C ends it."),
            click.option("--jobs", type=click.IntRange(0, 64), default=0, help="Processes; 0 decides by the files."),
            click.option("--no-cache", is_flag=True, help="Do not remember findings between runs."),
        )
    ):
        function = option(function)
    return function


@click.command("check")
@click.argument("paths", nargs=-1, required=True, metavar="PATH…")
@_options
def command(paths: tuple[str, ...], **options: Any) -> int:
    """Find what is wrong with policies: syntax, types, structure, security, behaviour.

    Reads files, whole trees of them, or `-` for standard input. In a tree, files count that end in .xml, .policy or
    .cshtml and begin with <policies>, <fragment> or a section; and Terraform, Bicep and ARM templates that hold such
    a document. Markdown counts when it is named. Without named values, {{name}} stands for anything.

    \b
    Examples:
      apimpolicy check policies/
      apimpolicy check orders.xml --named-values values.json
      apimpolicy check main.tf --tier consumption
      git show HEAD:orders.xml | apimpolicy check -
      apimpolicy check policies/ --format sarif > findings.sarif
      apimpolicy check policies/ --select CS --select POL3
      apimpolicy check policies/ --write-baseline baseline.json

    `apimpolicy rule POL301` explains a finding. In a policy, a comment before an element keeps it quiet:
    <!-- apimpolicy: ignore POL301: the reason -->

    Settings may stand in apimpolicy.toml, or in pyproject.toml below [tool.apimpolicy]: a table [check].

    Exits with 0 when there are no errors, 1 when there are (with --strict warnings count too), 2 when something cannot
    be read.
    """
    if options.pop("watch"):
        from apimpolicy.cli.watch import watch

        return watch(paths, lambda: _check(paths, options))
    return _check(paths, options)


def _check(paths: Sequence[str], options: dict[str, Any]) -> int:
    started = time.perf_counter()
    configuration, named_values = _configuration(options)
    found = discover(paths, policies_only=options["policies_only"])
    for sentence in found.unreadable:
        say(sentence)
    for tree in found.empty:
        say(f"there are no policies in {tree}: {_NO_POLICIES}")
    failed = bool(found.unreadable or found.empty)
    if not found.files:
        return exit_codes.USAGE if failed or not options["policies_only"] else exit_codes.CLEAN
    run = CheckRun(configuration, named_values, _cache(options, configuration, named_values, len(found.files)))
    if options["fix"] or options["diff"]:
        from apimpolicy.cli.check_fixes import mend

        count = mend(run, found.files, write=options["fix"])
        if options["diff"] and not options["fix"]:
            return exit_codes.FINDINGS if count else exit_codes.CLEAN
    output = CheckOutput(strict=options["strict"])
    baseline = _baseline(options, configuration)
    with Progress("checked", len(found.files)) as progress:
        for checked in run.all(found.files, options["jobs"], progress.advance):
            if checked.problem is not None:
                say(checked.problem)
                failed = True
                continue
            diagnostics = checked.diagnostics()
            if baseline is not None:
                fresh = [diagnostic for diagnostic in diagnostics if not baseline.takes(diagnostic)]
                output.known += len(diagnostics) - len(fresh)
                diagnostics = fresh
            output.add(checked.path, diagnostics)
    if run.cache is not None:
        run.cache.save()
    output.seconds = time.perf_counter() - started
    if options["write_baseline"] is not None:
        return _write_baseline(options["write_baseline"], output)
    if output.paths or options["form"] != "text":
        output.write(options["form"], statistics=options["statistics"], explain=options["explain"])
    if baseline is not None and baseline.gone and options["form"] == "text":
        say(f"{baseline.gone} of the findings in {baseline.path} are gone; write it again with --write-baseline")
    return exit_codes.USAGE if failed else output.exit_code


def _configuration(options: dict[str, Any]) -> tuple[CheckConfiguration, dict[str, str] | None]:
    """The configuration with what the command line adds, and the named values, if they are known."""
    configuration, values = CheckConfiguration(), None
    if (path := find_configuration(options["config"])) is not None:
        from apimpolicy.project.configuration import load_configuration

        loaded = load_configuration(path)
        values = loaded.named_values
        fragments = tuple((name, str(path)) for name, path in loaded.fragment_paths().items())
        configuration = loaded.check._replace(fragments=fragments)
        if loaded.negotiate_client_certificate is False and loaded.says_negotiation:
            configuration = configuration._replace(settings=configuration.settings._replace(negotiates=False))
    if options["named_values"] is not None:
        from apimpolicy.project.named_values import load_named_values

        values = load_named_values(options["named_values"])
    changes: dict[str, Any] = {
        name: options[name] for name in ("tier", "gateway", "scope") if options[name] is not None
    }
    settings = configuration.settings
    if options["select"]:
        changes["select"] = tuple(options["select"])
    if options["extend_select"]:
        changes["extend"] = (*settings.extend, *options["extend_select"])
    if options["ignore"]:
        changes["ignore"] = (*settings.ignore, *options["ignore"])
    if changes:
        configuration = configuration._replace(settings=settings._replace(**changes))
    return configuration, values


FEW = 8
"""Files up to which reading a cache costs more than it saves."""


def _cache(
    options: dict[str, Any], configuration: CheckConfiguration, named_values: dict[str, str] | None, count: int
) -> Any:
    if options["no_cache"] or options["fix"] or options["diff"] or count <= FEW:
        return None
    from apimpolicy.project.cache import Cache, key_of

    return Cache(key_of(tool_version(), configuration, named_values))


def _baseline(options: dict[str, Any], configuration: CheckConfiguration) -> Baseline | None:
    path = options["baseline"] or configuration.baseline
    if path is None or options["write_baseline"] is not None:
        return None
    from apimpolicy.project.baseline import Baseline

    return Baseline.load(path)


def _write_baseline(path: str, output: CheckOutput) -> int:
    from apimpolicy.project.baseline import Baseline

    count = Baseline.of(path, output.diagnostics).save()
    print(f"{path} knows {count:,} {'finding' if count == 1 else 'findings'} now")
    return exit_codes.CLEAN
