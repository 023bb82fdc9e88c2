"""`apimpolicy check PATH…`: what is wrong with policy documents, before anything is saved to Azure."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from apimpolicy.cli import commands
from apimpolicy.cli.check_output import FORMATS, CheckOutput, fix_files
from apimpolicy.cli.commands import WithHelp, complete_codes, configuration_option, together
from apimpolicy.cli.program import say
from apimpolicy.cli.progress import Progress, watch
from apimpolicy.cli.wall import is_up
from apimpolicy.gateway.policies.placement import GATEWAYS, SCOPES, TIERS
from apimpolicy.project import check_run
from apimpolicy.project.check_projects import CheckOptions, CheckProjects
from apimpolicy.project.check_run import CheckRun
from apimpolicy.project.discovery import Discovery, discover
from apimpolicy.report.columns import counted

if TYPE_CHECKING:
    from apimpolicy.checks.proofs import Proofs
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.project.baseline import Baseline
    from apimpolicy.project.cache import Cache

_CODES: dict[str, Any] = {"multiple": True, "metavar": "CODE", "shell_complete": complete_codes}


_options = together(
    click.option("--named-values", metavar="FILE", help="Named values as JSON or TOML: {name: value}."),
    click.option("--values", metavar="FILE", help="Values for placeholders of templates: .tfvars, JSON or TOML."),
    configuration_option,
    click.option(
        "--environment",
        metavar="NAME",
        help="Check as in this environment: its overlay, table and variables; 'all' checks each.",
    ),
    click.option("--since", metavar="REVISION", help="Also report resources that were deleted since, but are in use."),
    click.option("--select", **_CODES, help="Report only these: a code, a prefix of codes, or a rule name."),
    click.option("--extend-select", **_CODES, help="Also report these, which are off by default."),
    click.option("--ignore", **_CODES, help="Don't report these; the longest matching prefix wins."),
    click.option("--exclude", multiple=True, metavar="PATTERN", help="Skip these files; a pattern as in .gitignore."),
    click.option(
        "--rules", "rule_files", multiple=True, metavar="FILE", help="Your own rules, in a Python or TOML file."
    ),
    click.option(
        "--policies-only", is_flag=True, help="Skip named files that are excluded or not policies: for hooks."
    ),
    click.option("--require-policies", is_flag=True, help="A folder without policies is an error."),
    click.option("--strict", is_flag=True, help="Warnings fail the check too."),
    click.option(
        "--tier", type=click.Choice(TIERS), metavar="TIER", help=f"The tier of the service: {', '.join(TIERS)}."
    ),
    click.option("--release", metavar="YYYY-MM", help="List what the changes of this release touch."),
    click.option("--gateway", type=click.Choice(GATEWAYS), help="The kind of gateway."),
    click.option("--scope", type=click.Choice(SCOPES), help="The scope of the documents, if folders don't show it."),
    click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="The output format."),
    click.option("--output-file", metavar="FILE", help="Write the report to a file instead of the terminal."),
    click.option("-q", "--quiet", is_flag=True, help="Print only findings: no summary, no notes."),
    click.option(
        "-v", "--verbose", is_flag=True, help="List the files that were skipped, and say whether the wall is up."
    ),
    click.option("--statistics", is_flag=True, help="Count the findings by code instead of listing them."),
    click.option("--explain", is_flag=True, help="Print the page of every reported code."),
    click.option("--fix", is_flag=True, help="Fix misspelled names where the fix is certain."),
    click.option("--diff", is_flag=True, help="Print what --fix would change."),
    click.option("--test-rules", is_flag=True, help="Check the examples of your own rules instead."),
    click.option("--baseline", metavar="FILE", help="Don't report the findings in this file."),
    click.option("--write-baseline", metavar="FILE", help="Write the current findings to a baseline."),
    click.option("--watch", is_flag=True, help="Check again when a file changes, until Ctrl-C."),
    click.option("--jobs", type=click.IntRange(0, 64), default=0, help="Processes; 0: by the number of files."),
    click.option("--prove", is_flag=True, help="Also prove branches dead and conditions constant."),
    click.option("--no-cache", is_flag=True, help="Don't cache findings."),
)


@click.command("check", cls=WithHelp)
@click.argument("paths", nargs=-1, metavar="[PATH]…")
@_options
def command(paths: tuple[str, ...], **options: Any) -> int:
    """Report errors and risks in policies: syntax, types, structure, security, behavior.

    PATH is a file, a folder, or `-` for standard input; by default the current folder. In a folder, check reads .xml,
    .policy and .cshtml files that begin with <policies>, <fragment> or a section, Terraform, Bicep and ARM templates
    that contain such a document, and whole documents in strings of Python, C# and PowerShell. It skips files that git
    ignores and directories of tools, and reads Markdown and test code only if you name them. A {{name}} without a value
    is assumed to be valid. In a folder that APIOps extracted, references must exist.

    \b
    Examples:
      apimpolicy check policies/
      apimpolicy check orders.xml --named-values values.json
      apimpolicy check main.tf --tier consumption
      git show HEAD:orders.xml | apimpolicy check -
      apimpolicy check policies/ --format sarif --output-file findings.sarif
      apimpolicy check policies/ --select CS --select certificate-not-verified
      apimpolicy check policies/ --exclude 'legacy/'
      apimpolicy check policies/ --write-baseline baseline.json
      apimpolicy check extracted --environment all
      apimpolicy check extracted --since origin/main

    `apimpolicy rule POL301` explains a finding. In a policy, a comment before an element suppresses it:
    <!-- apimpolicy: ignore POL301: the reason -->

    Settings: the table [check] of the nearest apimpolicy.toml above a file, or [tool.apimpolicy] in pyproject.toml.

    Exits with 0 if there are no errors, 1 if there are errors (with --strict, warnings too), 2 if the command line, the
    configuration or a file is invalid, or a folder has no policies and --require-policies is given.
    """
    if options.pop("watch"):
        return watch(paths or ["."], lambda: _check(paths, options))
    return _check(paths, options)


def _check(paths: Sequence[str], options: dict[str, Any]) -> int:
    paths = paths or ["."]
    started = time.perf_counter()
    projects = CheckProjects(_check_options(options))
    discovery = discover(paths, projects, policies_only=options["policies_only"])
    failed = _say_what_was_not_read(discovery, options)
    seconds = None if options["prove"] else check_run.SECONDS
    for path in discovery.files:
        projects.of(path)  # a wrong configuration is said once, before anything is checked
    if options["test_rules"]:
        return _test_rules(projects)
    run = CheckRun(projects, _cache(options, projects, len(discovery.files)), seconds)
    run.services.check_options(discovery.files)
    if options["fix"] or options["diff"]:
        count = fix_files(run, discovery.files, write=options["fix"])
        if options["diff"] and not options["fix"]:
            return commands.FINDINGS if count else commands.CLEAN
    output = CheckOutput()
    output.rules = projects.all_rules
    output.environments = run.services.all_environments(discovery.files)
    baselines = Baselines(projects, options["baseline"], is_off=options["write_baseline"] is not None)
    with Progress("checked", len(discovery.files)) as progress:
        jobs = 1 if options["prove"] else options["jobs"]
        checks = chain(
            run.all(discovery.files, jobs, progress.advance), run.information(discovery.files, discovery.trees)
        )
        for checked in checks:
            if checked.problem is not None:
                say(checked.problem)
                failed = True
                continue
            diagnostics = checked.diagnostics()
            fresh = baselines.without_known(checked.path, diagnostics)
            output.templates += checked.has_holes
            output.known += len(diagnostics) - len(fresh)
            output.add(checked.path, fresh, strict=projects.of(checked.path).check.is_strict(checked.path))
    if run.cache is not None:
        run.cache.save()
    output.seconds = time.perf_counter() - started
    if options["write_baseline"] is not None:
        return _write_baseline(options["write_baseline"], output)
    if output.paths or options["form"] != "text":
        output.write(
            options["form"],
            options["output_file"],
            quiet=options["quiet"],
            statistics=options["statistics"],
            explain=options["explain"],
        )
    if options["form"] == "text" and not options["quiet"]:
        baselines.say_what_is_gone()
        if isinstance(projects.options.proofs, _Prover):
            projects.options.proofs.say_what_is_undecided()
    return commands.USAGE if failed else output.exit_code


def _test_rules(projects: CheckProjects) -> int:
    """Check the examples of the rules that tables define."""
    from apimpolicy.project.rule_tables import failing_examples, rules_with_examples

    rules = rules_with_examples(projects.all_rules)
    failing = [sentence for rule in rules for sentence in failing_examples(rule)]
    for sentence in failing:
        say(sentence)
    examples = sum(len(rule.convention.good) + len(rule.convention.bad) for rule in rules)
    print(
        f"{counted(examples - len(failing), 'example')} of {counted(len(rules), 'rule')} passed, {len(failing)} failed"
    )
    return commands.FINDINGS if failing else commands.CLEAN


def _check_options(options: dict[str, Any]) -> CheckOptions:
    values = replaced = None
    if options["named_values"] is not None:
        from apimpolicy.project.named_values import load_named_values

        values = load_named_values(options["named_values"])
    if options["values"] is not None:
        from apimpolicy.project.named_values import load_values

        replaced = load_values(options["values"])
    names = ("config", "select", "ignore", "exclude", "tier", "gateway", "scope", "environment", "since", "strict")
    return CheckOptions(
        named_values=values,
        values=replaced,
        extend=options["extend_select"],
        release=_release(options["release"]),
        proofs=_Prover() if options["prove"] else None,
        rule_files=options["rule_files"],
        **{name: options[name] for name in names},
    )


def _release(given: str | None) -> str | None:
    """Return a release of which changes are known. Raises UsageError for any other."""
    if given is None:
        return None
    from apimpolicy.checks.rules.changed_by_release import releases

    if given not in releases():
        known = ", ".join(releases())
        raise click.UsageError(f"--release: no changes of '{given}' are known; releases with changes: {known}")
    return given


class _Prover:
    """Proves things about policy files, and keeps why some are not decided."""

    def __init__(self) -> None:
        """Raises ConfigurationError where there is no solver."""
        from apimpolicy.reasoning.scenarios.scenario import Bounds
        from apimpolicy.testing.claims.facts import proofs_of

        self._proofs_of = proofs_of
        self._bounds = Bounds()
        self.undecided: dict[str, str] = {}

    def __call__(self, path: str) -> Proofs:
        found = self._proofs_of(path, self._bounds)
        if found.undecided:
            self.undecided[path] = found.undecided
        return found

    def say_what_is_undecided(self) -> None:
        for path, why in self.undecided.items():
            say(f"{path}: not everything is decided: {why.splitlines()[0]}")


def _say_what_was_not_read(found: Discovery, options: dict[str, Any]) -> bool:
    """Say it on stderr; whether it is a mistake."""
    for sentence in found.unreadable:
        say(sentence)
    if options["require_policies"] or not (options["quiet"] or options["policies_only"]):
        for tree in found.empty:
            say(found.why_empty(tree))
    if options["verbose"]:
        say(f"the wall beneath the limits for files is {'up' if is_up() else 'not up'}")
        for path in found.skipped:
            say(f"skipped {path}: it is not a policy")
        for path, kind in found.unread:
            say(f"did not check {path}: it is a {kind} with policies")
    if not options["quiet"] and not options["policies_only"]:
        if found.skipped and not options["verbose"]:
            say(_skipped(found.skipped))
        if found.unread and not options["verbose"]:
            say(_unread(found.unread))
        for path in found.compiled:
            say(f"skipped {path}, which was compiled from a Bicep file beside it")
        if found.excluded:
            say(f"skipped {counted(found.excluded, 'path')} by 'exclude'")
    return bool(found.unreadable) or (options["require_policies"] and bool(found.empty))


def _skipped(paths: Sequence[str]) -> str:
    endings = sorted({f".{path.rpartition('.')[2].lower()}" for path in paths})
    which = f"{' and '.join(endings)} " if len(endings) < 3 else ""
    if len(paths) == 1:
        return f"skipped {paths[0]}, which is not a policy"
    return f"skipped {len(paths):,} {which}files that are not policies (use -v to list them)"


def _unread(files: Sequence[tuple[str, str]]) -> str:
    counts = Counter(kind for _, kind in files)
    shown = " and ".join(
        f"{count:,} {kind if count == 1 else _PLURALS.get(kind, f'{kind}s')}" for kind, count in counts.items()
    )
    advice = "name a file to check it; " if any("Markdown" in kind or "tests" in kind for kind in counts) else ""
    return f"did not check {shown} with policies ({advice}use -v to list them)"


_PLURALS = {"file of snippets": "files of snippets", "source file of tests": "source files of tests"}

FEW = 8
"""Files up to which reading a cache costs more than it saves."""


def _cache(options: dict[str, Any], projects: CheckProjects, count: int) -> Cache | None:
    """Return cached findings, unless the options depend on more than the files."""
    if options["no_cache"] or options["prove"] or options["fix"] or options["diff"]:
        return None
    return cache_for(projects, count)


def cache_for(projects: CheckProjects, count: int) -> Cache | None:
    """Return cached findings for so many files. With custom rules there is no cache: they have no version."""
    if count <= FEW or projects.all_rules:
        return None
    from apimpolicy.project.cache import Cache, code_state

    return Cache(code_state())


class Baselines:
    """The findings that are known and wait: of `--baseline`, or of each configuration that names one."""

    def __init__(self, projects: CheckProjects, given: str | None = None, *, is_off: bool = False) -> None:
        self._given = given
        self._is_off = is_off
        self._projects = projects
        self._loaded: dict[str, Baseline] = {}

    def without_known(self, path: str, diagnostics: list[Diagnostic]) -> list[Diagnostic]:
        """Return the findings of a file that its baseline does not list. Raises ConfigurationError."""
        name = None if self._is_off else self._given or self._projects.of(path).check.baseline
        if name is None:
            return diagnostics
        if name not in self._loaded:
            from apimpolicy.project.baseline import Baseline

            self._loaded[name] = Baseline.load(name)
        baseline = self._loaded[name]
        return [diagnostic for diagnostic in diagnostics if not baseline.takes(diagnostic)]

    def say_what_is_gone(self) -> None:
        """Say which baselines list more than there is."""
        for baseline in self._loaded.values():
            if count := baseline.gone:
                what = "entry" if count == 1 else "entries"
                verb = "occurs" if count == 1 else "occur"
                say(f"{count} {what} of {baseline.path} no longer {verb}; refresh it with --write-baseline")


def _write_baseline(path: str, output: CheckOutput) -> int:
    from apimpolicy.project.baseline import Baseline

    count = Baseline.of(path, output.diagnostics).save()
    print(f"wrote {counted(count, 'finding')} to {path}")
    return commands.CLEAN
