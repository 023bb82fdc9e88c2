"""`apimpolicy eval EXPRESSION`: one C# expression, its value and its type; with `--jsonl`, many of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from apimpolicy.cli import exit_codes
from apimpolicy.cli.commands import WithHelp, secrets_option
from apimpolicy.text.secrets import have_been_hidden, secrets_come_from

if TYPE_CHECKING:
    from apimpolicy.context.execution import Context
    from apimpolicy.dotnet.exceptions import DotnetException
    from apimpolicy.emit.expression import CompiledExpression
    from apimpolicy.text.source import Excerpt

MOST_TRACED = 1_000_000
"""Characters of trace messages that are printed."""


@click.command("eval", cls=WithHelp)
@click.argument("expression", required=False)
@click.option("--context", "context_file", metavar="FILE", help="Contexts as JSON; default a plain GET request.")
@click.option("--context-name", metavar="NAME", help="The name of a context in the file; default the first one.")
@click.option("--compile-only", is_flag=True, help="Only type-check, and print the type.")
@click.option("--jsonl", is_flag=True, help='Read {"id", "expr", "context"} lines, write {"id", …} lines.')
@click.option("--contexts", metavar="FILE", help="The contexts that the lines of --jsonl name.")
@secrets_option
def command(
    expression: str | None,
    context_file: str | None,
    context_name: str | None,
    compile_only: bool,
    jsonl: bool,
    contexts: str | None,
) -> int:
    """Evaluate a C# expression and print its value and type.

    EXPRESSION is @( … ) or @{ … } as in a policy, or C# without @(); `-` reads standard input.

    \b
    Examples:
      apimpolicy eval '@(1 + 2 * 3)'
      apimpolicy eval '"a,b".Split(char.Parse(","))'
      apimpolicy eval '@(context.Request.Method)' --context contexts.json --context-name basic
      apimpolicy eval --jsonl --contexts contexts.json < expressions.jsonl

    With --jsonl, each line of the output has `static_type`, or `errors` with [code, line, column, message, help]; then
    `runtime_type` and `value`, or `exception` with type and message; and optionally `constant`, `warnings`, `trace`.

    Exits with 0, with 1 if the expression has errors or throws, with 2 if the input is invalid.
    """
    if jsonl:
        if expression is not None:
            raise click.UsageError("--jsonl reads expressions from standard input, not from the command line")
        from apimpolicy.cli.eval_lines import answer_lines
        from apimpolicy.project.files import standard_input

        return answer_lines(standard_input(), contexts or context_file, compile_only=compile_only)
    if expression is None:
        raise click.UsageError("missing argument 'EXPRESSION'")
    if contexts is not None:
        raise click.UsageError("--contexts belongs to --jsonl; for one expression use --context")
    code = _standard_input() if expression == "-" else expression
    return _evaluate(code.strip(), context_file, context_name, compile_only)


def _standard_input() -> str:
    """Return the text of standard input. Raises ConfigurationError, UsageError."""
    from apimpolicy.project.files import MAXIMUM_BYTES, read_standard_input

    data = read_standard_input()
    if len(data) > MAXIMUM_BYTES:
        raise click.UsageError(f"standard input is larger than {MAXIMUM_BYTES // 1024 // 1024} MB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise click.UsageError("standard input is not UTF-8") from None


def _evaluate(code: str, context_file: str | None, context_name: str | None, compile_only: bool) -> int:
    from apimpolicy.emit.expression import compile_expression

    compiled = compile_expression(_excerpt(code))
    if compile_only:
        print(compiled.static_type)
        return exit_codes.CLEAN
    from apimpolicy.cli.eval_lines import Contexts

    contexts = Contexts(context_file)
    secrets_come_from(contexts.text)
    with contexts.environment():
        context = contexts.make(context_name)
        return _print_value(compiled, context)


def _excerpt(code: str) -> Excerpt:
    """Return the expression, written as in a policy. Raises PolicySyntaxError for one that never ends."""
    from apimpolicy.text.scanner import scan_expression
    from apimpolicy.text.source import Excerpt, Source

    if code.startswith(("@(", "@{")):
        scan_expression(Source(code, "<expression>"), 0, entities=False)
    return Excerpt.of(code if code.startswith("@") else f"@({code})")


def _print_value(compiled: CompiledExpression, context: Context) -> int:
    from apimpolicy.dotnet.exceptions import DotnetException
    from apimpolicy.report.conformance_values import runtime_type, text_of
    from apimpolicy.report.style import Style

    style = Style.of(sys.stdout)
    try:
        value = compiled.evaluate(context)
        text = text_of(value, compiled.type)
    except DotnetException as error:
        return _print_exception(error, compiled)
    finally:
        _print_traces(context.traces)
    print("null" if text is None else text)
    kind = compiled.static_type
    at_run_time = runtime_type(value, compiled.type)
    if value is not None and at_run_time != kind:
        kind += f", at run time {at_run_time}"
    print(style.paint("dim", kind), flush=True)
    if have_been_hidden():
        from apimpolicy.cli.program import say

        say("*** hides a secret of the context; --show-secrets shows it")
    return exit_codes.CLEAN


def _print_traces(messages: Sequence[str]) -> None:
    """Print trace messages, up to a limit: an expression can write as many as its limits of steps allow."""
    left = MOST_TRACED
    for message in messages:
        print(f"trace: {message[:left]}", file=sys.stderr)
        left -= len(message)
        if left <= 0:
            print(f"apimpolicy: the trace is cut off after {MOST_TRACED:,} characters", file=sys.stderr)
            return


def _print_exception(error: DotnetException, compiled: CompiledExpression) -> int:
    from apimpolicy.report.result_findings import exception_diagnostic
    from apimpolicy.report.style import Style
    from apimpolicy.report.terminal import render

    print(render(exception_diagnostic(error, compiled.excerpt), Style.of(sys.stderr)), file=sys.stderr)
    return exit_codes.FINDINGS
