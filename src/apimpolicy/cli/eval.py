"""`apimpolicy eval EXPRESSION`: one C# expression, its value and its type; with `--jsonl`, many of them.

`apimpolicy eval --jsonl`: how the conformance suite and other tools drive the engine.

A line `{"id": 1, "expr": "@(1 + 2)", "context": "basic"}` is answered with
`{"id": 1, "static_type": "int", "runtime_type": "int", "value": "3", "constant": true}`, at once and in order. What the
simulation cannot do is `{"id": 1, "not_simulated": "…"}`; a line that cannot be answered is `{"line": 7, "error": "…"}`
(with the id when there is one), and the exit code is then 2.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from apimpolicy.checkout import open_text
from apimpolicy.cli import commands
from apimpolicy.cli.commands import WithHelp, secrets_option
from apimpolicy.cli.program import say
from apimpolicy.csharp.binding.nodes import Expression
from apimpolicy.csharp.dotnet.environment import Environment, use_environment
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.emit.expression import CompiledExpression, compile_expression
from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.errors import (
    ApimPolicyError,
    ConfigurationError,
    DiagnosticError,
    LimitExceededError,
    NotSimulatedError,
)
from apimpolicy.gateway.context.execution import Context
from apimpolicy.report.columns import Style
from apimpolicy.report.log_commands import to_json, write_report
from apimpolicy.report.values import outside, runtime_type, text_of
from apimpolicy.text.scanner import scan_expression
from apimpolicy.text.secrets import have_been_hidden, secrets_come_from
from apimpolicy.text.source import Excerpt, Source

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.chain import TrustStore

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
      apimpolicy eval '@(context.Api.Id)' --context all.json --context-name basic
      apimpolicy eval --jsonl --contexts contexts.json < expressions.jsonl

    With --jsonl, each line of the output has `static_type`, or `errors` with [code, line, column, message, help]; then
    `runtime_type` and `value`, or `exception` with type and message; and optionally `constant`, `warnings`, `trace`.

    Exits with 0, with 1 if the expression has errors or throws, with 2 if the input is invalid.
    """
    if jsonl:
        if expression is not None:
            raise click.UsageError("--jsonl reads expressions from standard input, not from the command line")
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
    compiled = compile_expression(_excerpt(code))
    if compile_only:
        print(compiled.static_type)
        return commands.CLEAN

    contexts = Contexts(context_file)
    secrets_come_from(contexts.text)
    with contexts.environment():
        context = contexts.make(context_name)
        return _print_value(compiled, context)


def _excerpt(code: str) -> Excerpt:
    """Return the expression, written as in a policy. Raises PolicySyntaxError for one that never ends."""
    if code.startswith(("@(", "@{")):
        scan_expression(Source(code, "<expression>"), 0, entities=False)
    return Excerpt.of(code if code.startswith("@") else f"@({code})")


def _print_value(compiled: CompiledExpression, context: Context) -> int:
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
        say("*** hides a secret of the context; --show-secrets shows it")
    return commands.CLEAN


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
    from apimpolicy.report.terminal import render

    print(render(exception_diagnostic(error, compiled.excerpt), Style.of(sys.stderr)), file=sys.stderr)
    return commands.FINDINGS


class Contexts:
    """The contexts of a file (`gateway.context.loading`); without a file there is one, a GET request for `/`.

    `text` is that of the file.
    """

    def __init__(self, path: str | None) -> None:
        self._makers: dict[str, Callable[[], Context]] = {"": Context}
        self._trust: TrustStore | None = None
        self._path = path
        self.text = ""
        if path is not None:
            from apimpolicy.gateway.context.loading import load_contexts

            self._makers = load_contexts(path)
            with open_text(path) as file:
                self.text = file.read()
            if not self._makers:
                raise ConfigurationError(f"{path} holds no contexts")
            self._trust = _trust(path)

    def environment(self) -> use_environment:
        """Fresh surroundings for one evaluation: full limits, and the trust of the file."""
        return use_environment(Environment(trust=self._trust))

    def make(self, name: str | None) -> Context:
        """Return a fresh context. Raises ConfigurationError when there is none of that name."""
        maker = next(iter(self._makers.values())) if name is None else self._makers.get(name)
        if maker is None:
            where = self._path or "the command line (there is no --context)"
            known = ", ".join(filter(None, self._makers))
            raise ConfigurationError(
                f"there is no context '{name}' in {where}" + (f"; there are {known}" if known else "")
            )
        return maker()


def _trust(path: str) -> TrustStore | None:
    """Trust those of the file's `certs` that issued another one; no revocation list can be reached.

    This matches the machine that made the answers of the conformance suite.
    """
    from apimpolicy.csharp.dotnet.cryptography.chain import TrustStore
    from apimpolicy.gateway.context.loading import read_certificates

    with open_text(path, encoding="utf-8") as file:
        certificates = read_certificates(json.load(file).get("certs") or {}).values()
    issuers = {found.issuer for found in certificates if not found.is_self_issued}
    roots = [found for found in certificates if found.is_self_issued and found.subject in issuers]
    return TrustStore(roots, unreachable=lambda _: True)


LONGEST_LINE = 4 * 1024 * 1024
"""Bytes."""


def answer_lines(lines: BinaryIO, contexts_file: str | None, *, compile_only: bool) -> int:
    """Answer every line on standard output; the exit code."""
    contexts = Contexts(None if compile_only else contexts_file)
    secrets_come_from(contexts.text)
    try:
        return _answers(lines, contexts, compile_only)
    finally:
        secrets_come_from(None)


def _answers(lines: BinaryIO, contexts: Contexts, compile_only: bool) -> int:
    code = commands.CLEAN
    for number, line in enumerate(iter(lambda: lines.readline(LONGEST_LINE + 1), b""), 1):
        if len(line) > LONGEST_LINE:
            say(f"line {number} is longer than {LONGEST_LINE // 1024 // 1024} MB")
            return commands.USAGE
        if not line.strip():
            continue
        identity: dict[str, Any] = {}
        try:
            request = _read(line)
            identity = {"id": request["id"]} if "id" in request else {}
            answer = _answer(request, contexts, compile_only)
        except _UnusableLineError as error:
            answer = {"line": number, "error": str(error)}
            code = max(code, commands.USAGE)
        except ApimPolicyError as error:
            answer = {"line": number, "error": str(error)}
            code = max(code, commands.USAGE)
        except Exception as error:
            answer = {"line": number, "error": f"internal error in apimpolicy: {type(error).__name__}: {error}"}
            code = commands.INTERNAL
        write_report(to_json(identity | answer))
        sys.stdout.flush()
    return code


class _UnusableLineError(Exception):
    """The line is no question."""


def _read(line: bytes) -> dict[str, Any]:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _UnusableLineError(f"this line is not JSON: {error}") from None
    if not isinstance(request, dict):
        raise _UnusableLineError('this line is not a JSON object with "id" and "expr"')
    if not isinstance(request.get("expr"), str):
        raise _UnusableLineError('the object has no text "expr"')
    return request


def _answer(request: dict[str, Any], contexts: Contexts, compile_only: bool) -> dict[str, Any]:
    excerpt = Excerpt.of(request["expr"])
    try:
        compiled = compile_expression(excerpt)
    except DiagnosticError as error:
        return {"errors": [_error(found) for found in error.diagnostics if found.severity is Severity.ERROR]}
    except NotSimulatedError as error:
        return {"not_simulated": str(error)}
    answer: dict[str, Any] = {"static_type": compiled.static_type}
    if not compile_only:
        with contexts.environment():
            context = contexts.make(request.get("context"))
            answer |= _evaluate_line(compiled, context)
    if isinstance(compiled.bound.body, Expression) and compiled.bound.body.is_constant:
        answer["constant"] = True
    if warnings := [d.code for d in compiled.bound.diagnostics if d.severity is Severity.WARNING]:
        answer["warnings"] = warnings
    if not compile_only and context.traces:
        answer["trace"] = context.traces
    return answer


def _evaluate_line(compiled: CompiledExpression, context: Any) -> dict[str, Any]:
    try:
        value = compiled.evaluate(context)
        return {"runtime_type": runtime_type(value, compiled.type), "value": text_of(value, compiled.type)}
    except DotnetException as error:
        thrown = {"type": error.dotnet_type_name, "message": outside(error.message)}
        if error.inner is not None:
            thrown["inner"] = error.inner.dotnet_type_name
        return {"exception": thrown}
    except (NotSimulatedError, LimitExceededError) as error:
        return {"not_simulated": str(error)}


def _error(found: Diagnostic) -> dict[str, Any]:
    line, column = found.position
    told = {"code": found.code, "line": line, "column": column, "message": found.message}
    advice = "; ".join(text for text in (found.label, found.help) if text)
    return {**told, "help": advice} if advice else told
