"""What the properties ask of one expression: to be bound, emitted and run, in many contexts."""

from __future__ import annotations

import json
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.csharp.binding import BoundExpression, bind
from apimpolicy.csharp.binding.type_relations import INTEGRAL_RANGES
from apimpolicy.csharp.dotnet.casts import is_instance
from apimpolicy.csharp.dotnet.environment import Environment, Limits, use_environment
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.system.objects import text
from apimpolicy.csharp.dotnet.types import NULL, NamedType, Type
from apimpolicy.csharp.dotnet.values import BOOL, CHAR, DECIMAL, DOUBLE, FLOAT, OBJECT, STRING, box
from apimpolicy.csharp.emit.runtime import as_policy_error
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.errors import LimitExceededError, NotSimulatedError, PolicySyntaxError
from apimpolicy.gateway.context.execution import Context
from apimpolicy.gateway.context.loading import context_of, read_certificates
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from apimpolicy.csharp.emit.expression import CompiledExpression
    from apimpolicy.csharp.syntax.nodes import Node

CONTEXTS = Path(__file__).parents[1] / "conformance" / "contexts.json"
NOON = 638_448_048_000_000_000
"""2024-02-29 12:00 in ticks: two evaluations see the same time."""
UNEXPECTED = ("assignment", "conversion from", "method group")
"""How the emitter calls what the binder never lets through: such names are mistakes, those of members are not."""


class Outcome(NamedTuple):
    """How an evaluation ended. `complaint` is what is wrong with it, or empty."""

    kind: str
    shown: str
    complaint: str = ""


def bound_of(code: str) -> tuple[Node, BoundExpression] | None:
    """Parse and bind; None for code that does not parse."""
    excerpt = Excerpt.of(code)
    try:
        tree = parse(excerpt)
    except PolicySyntaxError:
        return None
    return tree, bind(tree, excerpt)


@cache
def _sources() -> tuple[dict[str, Any], Any]:
    stored = json.loads(CONTEXTS.read_text(encoding="utf-8"))
    return stored["contexts"], read_certificates(stored["certs"])


def contexts() -> list[Context]:
    """New contexts: an empty one, and two of the conformance suite with one variable more."""
    sources, certificates = _sources()
    with use_environment(Environment(lambda: NOON)):
        made = [Context()]
    for name in ("basic", "form"):
        source = dict(sources[name])
        source["variables"] = {**source.get("variables", {}), "text": {"type": "string", "value": "a1"}}
        made.append(context_of(source, certificates))
    return made


def is_of(value: Any, type_: Type) -> bool:
    """Whether a plain Python value can be one of this static type."""
    if value is None:
        return type_.underlying is not None or not type_.is_value_type
    if type_ == OBJECT:
        return True
    bare = type_.underlying or type_
    if bare in INTEGRAL_RANGES and bare is not CHAR:
        low, high = INTEGRAL_RANGES[bare]
        return type(value) is int and low <= value <= high
    plain_types: dict[Type, type] = {STRING: str, CHAR: str, BOOL: bool, DOUBLE: float, FLOAT: float}
    plain = plain_types.get(bare)
    if plain is not None:
        return type(value) is plain
    if bare is DECIMAL:
        return type(value).__name__ == "Decimal"
    if isinstance(bare, NamedType) and bare.name == "System.Collections.Generic.IEnumerable":
        return hasattr(value, "__iter__")
    return type(value) is tuple or type(value) is int or callable(value) or is_instance(value, type_)


def run(compiled: CompiledExpression, context: Context, recorder: Any = None) -> Outcome:
    """Evaluate once, walk over what is lazy, and judge how it ended."""
    limits = Limits(steps=20_000, string_length=200_000, elements=100_000, regex_seconds=0.5, seconds=3.0)
    with use_environment(Environment(lambda: NOON, limits=limits, seed=1)):
        try:
            value = compiled.evaluate(context, recorder=recorder)
        except Exception as error:
            return _of_error(error)
        try:
            written = shown(value, compiled.type)
        except Exception as error:
            return _of_error(as_policy_error(error), is_placed=False)
    if compiled.type is not NULL and not is_of(value, compiled.type):
        return Outcome("value", written, f"{type(value).__name__} {value!r:.60} for {compiled.static_type}")
    return Outcome("value", written)


def _of_error(error: Exception, *, is_placed: bool = True) -> Outcome:
    if isinstance(error, DotnetException):
        return Outcome("exception", str(error), "" if error.span or not is_placed else f"no place for {error!r}")
    if isinstance(error, NotSimulatedError):
        return Outcome("not simulated", str(error), str(error) if error.name.startswith(UNEXPECTED) else "")
    if isinstance(error, LimitExceededError):
        return Outcome("limit", str(error))
    return Outcome("mistake", str(error), f"{type(error).__name__}: {error}")


def shown(value: Any, type_: Type) -> str:
    """A value as text that says enough to see that two are the same."""
    if value is None:
        return "null"
    if isinstance(value, (str, int, float)):
        return f"{type(value).__name__} {value!r}"
    if hasattr(value, "__iter__"):
        return f"[{', '.join(shown(item, OBJECT) for item in islice(iter(value), 20))}]"
    if callable(value):
        return "delegate"
    return text(box(type_, value))


def variants(body: str, type_: str) -> dict[str, str]:
    """Expressions that must give what `@{ … }` of this body gives, whose place is another."""
    return {
        "local function": f"@{{ {type_} Wrapped() {body} return Wrapped(); }}",
        "lambda": f"@{{ Func<{type_}> wrapped = () => {body}; return wrapped(); }}",
        "lambda in a loop": (
            f"@{{ foreach (var once in new[] {{ 1 }}) {{ Func<{type_}> wrapped = () => {body}; return wrapped(); }} "
            "throw null; }"
        ),
        "function in a loop": (
            f"@{{ {type_} result = default({type_}); for (int once = 0; once < 1; once++) "
            f"{{ {type_} Wrapped(int round) {body} result = Wrapped(once); }} return result; }}"
        ),
        "try": f"@{{ try {body} finally {{ ; }} }}",
        "switch": f"@{{ switch (context.Request.Method) {{ default: {body} }} }}",
        "loop": f"@{{ while (true) {body} }}",
        "select": f"@(new[] {{ 1 }}.Select<int, {type_}>(one => {body}).First())",
    }
