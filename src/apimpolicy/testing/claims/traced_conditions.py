"""Evaluate the conditions of claims for a run, and trace them over its inputs.

`conditions` evaluates a condition in the run. Beside it, what it depends on becomes a branch of the path
(`concolic.path`), so that the search negates it like a branch of the policy. Where there is no term for it, the path
records why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.concolic import solver
from apimpolicy.concolic.tracing import Tracer
from apimpolicy.concolic.values import ConcolicValue, Unsupported, term_of
from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.dotnet.values import to_utf16
from apimpolicy.emit.recorder import OrderedRecorder
from apimpolicy.testing.claims.conditions import Conditions
from apimpolicy.testing.format import BODY, MATCHING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from apimpolicy.concolic.path import Path
    from apimpolicy.concolic.solver import Term
    from apimpolicy.concolic.state import Fields, Message
    from apimpolicy.context.execution import Context
    from apimpolicy.context.records import Request
    from apimpolicy.emit.expression import CompiledExpression
    from apimpolicy.engine.gateway import Gateway
    from apimpolicy.engine.result import Result
    from apimpolicy.testing.claims.reading import Expressions
    from apimpolicy.testing.tree import Tree


_ADDED = ("host", "x-forwarded-for")


class UnsupportedCondition(Exception):
    """A condition has no term; `unsupported` tells why."""

    def __init__(self, unsupported: Unsupported) -> None:
        super().__init__()
        self.unsupported = unsupported


class TracedConditions(Conditions):
    """Evaluates conditions at the end of a run; `path` is the path of the run, continued with their branches."""

    def __init__(self, result: Result, gateway: Gateway, expressions: Expressions, tracer: Tracer) -> None:
        super().__init__(result, gateway, expressions, tracer.state.start)
        self.end = tracer
        self.path: Path = tracer.path.fork()

    def evaluate(self, compiled: CompiledExpression, context: Context, sent: int | None) -> bool:
        recorder = OrderedRecorder()
        threw, value = False, None
        try:
            value = compiled.evaluate(context, recorder=recorder)
        except DotnetException:
            threw = True
        found = self._trace(sent).expression(compiled.excerpt, recorder, value, threw=threw)
        if not threw:
            self.path.decide(found, compiled.bound.body)
        return value is True

    def _trace(self, sent: int | None) -> Tracer:
        """Trace an expression over the request as it came, or as it was sent the nth time."""
        end = self.end
        made = Tracer(end.inputs, self.path.assignment, end.harness, end.state.start, self.path)
        if sent is not None:
            forwarded = end.state.forwarded
            if sent >= len(forwarded):
                self.path.mark_inexact(Unsupported("a request that follows a redirect", ""))
                return made
            made.state.request = forwarded[sent].snapshot()
            made.state.request.url_unsupported = Unsupported("the URL of the backend", "")
            self._forward(made.state.request.headers, self.result.backend_requests[sent])
        return made

    def _forward(self, fields: Fields, request: Request) -> None:
        """Apply what forwarding does to headers: the backend's host and credentials, the caller's address."""
        routed = self.result.exchange.routed
        if routed is not None:
            names = [*routed.backend.headers, *(["Authorization"] if routed.backend.authorization is not None else [])]
            unsupported = (
                None if len(self.result.backend_requests) == 1 else Unsupported("credentials of several backends", "")
            )
            fields.set |= {
                name.lower(): ConcolicValue(request.headers.get(name), unsupported=unsupported) for name in names
            }
        for name in _ADDED:
            fields.set[name] = ConcolicValue(
                request.headers.get(name), unsupported=Unsupported(f"the header {name} of a backend", "")
            )

    def follow(self, key: str, tree: Tree, is_met: bool) -> None:
        form = _FORMS.get(key, _unsupported)
        try:
            terms = list(form(self, tree))
        except UnsupportedCondition as unknown:
            self.path.add_branch(None, is_met, "claim", unknown.unsupported)
            return
        if terms:
            self.path.add_branch(solver.all_of(*terms), is_met, "claim")

    def response(self) -> Message:
        """Return the state of the response that the caller gets."""
        return self.end.state.response(self.result.exchange.response)


# The parts of a response, over the inputs. A form yields terms that are all true where the condition is met, and none
# where the path alone decides it; it raises UnsupportedCondition.


def _unsupported(conditions: TracedConditions, tree: Tree) -> Iterable[Term]:
    raise UnsupportedCondition(Unsupported("a claim's condition on the response", f"{tree.source.path}:{tree.line}"))


def _decided_by_path(conditions: TracedConditions, tree: Tree) -> Iterable[Term]:
    """Yield nothing: the path alone decides the condition."""
    return ()


def _status(conditions: TracedConditions, tree: Tree) -> Iterable[Term]:
    term = _number(_status_of(conditions.response(), conditions.result))
    yield solver.any_of(*(_is_status(term, item) for item in tree.items()))


def _status_of(message: Message, result: Result) -> ConcolicValue:
    status = result.response.status_code
    if message.status is not None:
        return ConcolicValue(status, message.status.term, unsupported=message.status.unsupported)
    if message.key == ("own",):
        return ConcolicValue(status)
    return ConcolicValue(
        status, message.headers.inputs.int_var(*message.key, "status", default=200, least=200, most=599)
    )


def _number(concolic: ConcolicValue) -> Term:
    term = term_of(concolic)
    if term is None or not solver.is_numeric(term):
        raise UnsupportedCondition(concolic.unsupported or Unsupported("a status code", ""))
    return term


def _is_status(term: Term, tree: Tree) -> Term:
    if isinstance(tree.value, int):
        return solver.equal(term, solver.constant(tree.value))
    pattern = tree.text().lower()
    least, most = int(pattern.replace("x", "0")), int(pattern.replace("x", "9"))
    if pattern.rstrip("x").isdigit():
        return solver.all_of(term >= least, term <= most)
    fitting = [number for number in range(least, most + 1) if _fits(str(number), pattern)]
    return solver.any_of(*(solver.equal(term, solver.constant(number)) for number in fitting))


def _fits(number: str, pattern: str) -> bool:
    return all(wanted in ("x", digit) for digit, wanted in zip(number, pattern, strict=True))


def _reason(conditions: TracedConditions, tree: Tree) -> Iterable[Term]:
    message = conditions.response()
    if message.reason is not None:
        known = ConcolicValue(
            conditions.result.response.reason, message.reason.term, unsupported=message.reason.unsupported
        )
    elif message.key == ("own",) and _status_of(message, conditions.result).is_constant:
        known = ConcolicValue(conditions.result.response.reason)
    else:
        raise UnsupportedCondition(Unsupported("the reason phrase of a response", ""))
    yield from _text(known, tree)


def _text(concolic: ConcolicValue, tree: Tree) -> Iterable[Term]:
    """Yield the constraints on a string: its value, or what it contains."""
    term = term_of(concolic)
    if term is None or not solver.is_string(term):
        raise UnsupportedCondition(concolic.unsupported or Unsupported("a text", f"{tree.source.path}:{tree.line}"))
    if not isinstance(tree.value, dict):
        yield solver.equal(term, _constant(tree))
        return
    for key, part in tree.known(MATCHING).items():
        if key == "matches":
            raise UnsupportedCondition(
                Unsupported("a regular expression in a claim", f"{part.source.path}:{part.line}")
            )
        if key == "equals":
            yield solver.equal(term, _constant(part))
        for item in part.items() if key != "equals" else ():
            found = solver.contains(term, _constant(item))
            yield found if key == "contains" else solver.not_(found)


def _constant(tree: Tree) -> Term:
    return solver.constant(to_utf16(tree.text()))


def _headers(conditions: TracedConditions, tree: Tree) -> Iterable[Term]:
    yield from _of_headers(conditions.response().headers, tree)


def _of_headers(fields: Fields, tree: Tree) -> Iterable[Term]:
    if fields.unsupported is not None:
        raise UnsupportedCondition(fields.unsupported)
    for name, wanted in tree.table().items():
        there = fields.there(to_utf16(name))
        if wanted.value in (None, False):
            yield solver.not_(there)
            continue
        yield there
        value = fields.value(to_utf16(name))
        if not (value.is_constant and value.value is None):
            yield from _text(value, wanted)


def _body(conditions: TracedConditions, tree: Tree) -> Iterable[Term]:
    message = conditions.response()
    if message.body.set is None and message.key == ("own",) and not conditions.result.response.body:
        yield from _text(ConcolicValue(""), tree)
        return
    if isinstance(tree.value, dict) and not set(tree.known(BODY)) <= set(MATCHING):
        yield from _json(conditions, tree)
        return
    if message.body.unsupported is not None or message.body.set is None:
        raise UnsupportedCondition(
            message.body.unsupported or Unsupported("the body of a response", f"{tree.source.path}:{tree.line}")
        )
    is_fixed = message.body.set.is_constant
    yield from _text(ConcolicValue(to_utf16(conditions.result.response.text)) if is_fixed else message.body.set, tree)


def _json(conditions: TracedConditions, tree: Tree) -> Iterable[Term]:
    body = conditions.response().body
    if body.unsupported is not None or body.set is None or not body.set.is_constant:
        raise UnsupportedCondition(
            body.unsupported or Unsupported("the body of a response as JSON", f"{tree.source.path}:{tree.line}")
        )
    return ()


def _request(conditions: TracedConditions, tree: Tree) -> Iterable[Term]:
    yield from _sent(conditions.end.state.request, tree)


def _sent(message: Message, tree: Tree) -> Iterable[Term]:
    """Yield the constraints on a request after the policies."""
    for key, part in tree.table().items():
        if key == "headers":
            yield from _of_headers(message.headers, part)
        elif key == "method" and message.method is not None:
            yield from _text(message.method, part)
        else:
            raise UnsupportedCondition(Unsupported(f"{key} of a request", f"{part.source.path}:{part.line}"))


def _backend_requests(conditions: TracedConditions, tree: Tree) -> Iterable[Term]:
    if isinstance(tree.value, (int, bool)) or len(tree.items()) != len(conditions.result.backend_requests):
        return
    for message, item in zip(conditions.end.state.forwarded, tree.items(), strict=False):
        yield from _sent(message, item)


def _sent_requests(conditions: TracedConditions, tree: Tree) -> Iterable[Term]:
    return () if isinstance(tree.value, (int, bool)) else _unsupported(conditions, tree)


def _variables(conditions: TracedConditions, tree: Tree) -> Iterable[Term]:
    state = conditions.end.state
    for name, wanted in tree.table().items():
        known = state.variables.get(to_utf16(name))
        if known is None:
            raise UnsupportedCondition(
                Unsupported(f"the variable {name} of a wider scope", f"{wanted.source.path}:{wanted.line}")
            )
        yield from _of_variable(known, wanted)


def _of_variable(known: ConcolicValue, wanted: Tree) -> Iterable[Term]:
    term = term_of(known)
    if known.null is not None or term is None:
        raise UnsupportedCondition(
            known.unsupported or Unsupported("a variable", f"{wanted.source.path}:{wanted.line}")
        )
    if solver.is_bool(term) and isinstance(wanted.value, bool):
        yield term if wanted.value else solver.not_(term)
    elif solver.is_numeric(term) and isinstance(wanted.value, int):
        yield solver.equal(term, solver.constant(wanted.value))
    else:
        yield from _text(known, wanted)


def _error(conditions: TracedConditions, tree: Tree) -> Iterable[Term]:
    if isinstance(tree.value, dict) and "message" in tree.value:
        raise UnsupportedCondition(Unsupported("the message of an error", f"{tree.source.path}:{tree.line}"))
    return ()


_FORMS: dict[str, Callable[[Any, Tree], Iterable[Term]]] = {
    "status": _status,
    "reason": _reason,
    "headers": _headers,
    "body": _body,
    "json": _json,
    "json-subset": _json,
    "backend-requests": _backend_requests,
    "sent-requests": _sent_requests,
    "request": _request,
    "variables": _variables,
    "error": _error,
    "branch": _decided_by_path,
}
