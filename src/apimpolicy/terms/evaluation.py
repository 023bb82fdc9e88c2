"""The value of a term under an assignment of its variables: how forms are compared with the implementation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apimpolicy.terms.term import Term

Value = bool | int | str


def value_of(root: Term, assignment: Mapping[Term, Value]) -> Value | None:
    """Return the value of a term; None where it depends on a variable without one."""
    known: dict[Term, Value | None] = {}
    waiting = [root]
    while waiting:
        term = waiting[-1]
        if term in known:
            waiting.pop()
            continue
        missing = [part for part in term.terms if part not in known]
        if missing:
            waiting += missing
            continue
        waiting.pop()
        known[term] = assignment.get(term) if term.kind == "var" else _value(term, [known[part] for part in term.terms])
    return known[root]


def _value(term: Term, values: list[Any]) -> Value | None:
    parts = term.parts
    match term.kind:
        case "true" | "false":
            return term.kind == "true"
        case "all":
            return False if False in values else None if None in values else True
        case "any":
            return True if True in values else None if None in values else False
        case "choice":
            if values[0] is None:
                return values[1] if values[1] == values[2] else None
            chosen: Value | None = values[1] if values[0] else values[2]
            return chosen
        case "text" | "number":
            constant: Value = parts[0]
            return constant
    if None in values:
        return None
    match term.kind:
        case "not":
            return not values[0]
        case "member":
            return bool(parts[1].accepts(values[0]))
        case "same":
            return bool(values[0] == values[1])
        case "at-most":
            return bool(values[0] <= values[1])
        case "joined":
            return "".join(values)
        case "applied":
            applied: str = parts[0].apply(values[0])
            return applied
        case "measure":
            measured: int | None = parts[0].of(values[0])
            return measured
        case "sum":
            return int(values[0] + values[1])
        case "scaled":
            return int(parts[0] * values[0])
        case "quotient":
            return int(values[0] // parts[0])
        case "remainder":
            return int(values[0] % parts[0])
    raise AssertionError(term.kind)
