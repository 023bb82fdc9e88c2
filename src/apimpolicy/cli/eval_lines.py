"""`apimpolicy eval --jsonl`: how the conformance suite and other tools drive the engine.

A line `{"id": 1, "expr": "@(1 + 2)", "context": "basic"}` is answered with
`{"id": 1, "static_type": "int", "runtime_type": "int", "value": "3", "constant": true}`, at once and in order. What the
simulation cannot do is `{"id": 1, "not_simulated": "…"}`; a line that cannot be answered is `{"line": 7, "error": "…"}`
(with the id when there is one), and the exit code is then 2.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from apimpolicy.binding.nodes import Expression
from apimpolicy.cli import exit_codes
from apimpolicy.cli.eval_contexts import Contexts
from apimpolicy.cli.program import say
from apimpolicy.diagnostics import Severity
from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.emit.expression import compile_expression
from apimpolicy.errors import ApimPolicyError, DiagnosticError, LimitExceededError, NotSimulatedError
from apimpolicy.report.conformance_values import outside, runtime_type, text_of
from apimpolicy.report.harmless import to_json, write_report
from apimpolicy.text.secrets import secrets_come_from
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from typing import BinaryIO

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.emit.expression import CompiledExpression

LONGEST_LINE = 4 * 1024 * 1024
"""Bytes."""


def answer_lines(lines: BinaryIO, contexts_file: str | None, *, compile_only: bool) -> int:
    """Answer every line on standard output; the exit code."""
    contexts = Contexts(None if compile_only else contexts_file)
    secrets_come_from(contexts.text)
    code = exit_codes.CLEAN
    for number, line in enumerate(iter(lambda: lines.readline(LONGEST_LINE + 1), b""), 1):
        if len(line) > LONGEST_LINE:
            say(f"line {number} is longer than {LONGEST_LINE // 1024 // 1024} MB")
            return exit_codes.USAGE
        if not line.strip():
            continue
        identity: dict[str, Any] = {}
        try:
            request = _read(line)
            identity = {"id": request["id"]} if "id" in request else {}
            answer = _answer(request, contexts, compile_only)
        except _UnusableLineError as error:
            answer = {"line": number, "error": str(error)}
            code = max(code, exit_codes.USAGE)
        except ApimPolicyError as error:
            answer = {"line": number, "error": str(error)}
            code = max(code, exit_codes.USAGE)
        except Exception as error:
            answer = {"line": number, "error": f"internal error in apimpolicy: {type(error).__name__}: {error}"}
            code = exit_codes.INTERNAL
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
            answer |= _evaluate(compiled, context)
    if isinstance(compiled.bound.body, Expression) and compiled.bound.body.is_constant:
        answer["constant"] = True
    if warnings := [d.code for d in compiled.bound.diagnostics if d.severity is Severity.WARNING]:
        answer["warnings"] = warnings
    if not compile_only and context.traces:
        answer["trace"] = context.traces
    return answer


def _evaluate(compiled: CompiledExpression, context: Any) -> dict[str, Any]:
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
