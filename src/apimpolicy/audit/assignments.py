"""The values that set-variable assigns: constants under conditions, or a value with an origin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.audit.conditions import Condition, Reader, truth
from apimpolicy.audit.origins import Origins, constant, is_null
from apimpolicy.audit.states import ALWAYS
from apimpolicy.audit.values import Value
from apimpolicy.binding import nodes

if TYPE_CHECKING:
    from apimpolicy.audit.variables import Knowledge
    from apimpolicy.checks.expressions import ExpressionCheck
    from apimpolicy.text.document import Value as Written


def assigned(written: Written, knowledge: Knowledge, check: ExpressionCheck) -> Value:
    """Return the value of a variable from the attribute that sets it."""
    excerpt = written.expression
    if excerpt is None:
        if "{{" in written.text:
            return Value("unknown")
        return Value("cases", ((ALWAYS, written.text),))
    _, compiled = check.compile(excerpt)
    if compiled.bound is None or not compiled.nodes:
        return Value("unknown")
    body = compiled.bound.body
    if str(getattr(body, "type", "")) == "bool" or str(compiled.bound.type) == "bool":
        found = truth(Condition(excerpt, knowledge), check)
        cases = ((found.if_true, "True"), (found.if_false, "False"))
        return Value("cases", tuple(case for case in cases if case[0]))
    if isinstance(body, nodes.Block):
        return Value("unknown")
    if isinstance(body, nodes.Conditional):
        chosen = [None if is_null(each) else constant(each) for each in (body.when_true, body.when_false)]
        if all(isinstance(each, (str, int, type(None))) for each in chosen) and chosen != [None, None]:
            found = Reader(Condition(excerpt, knowledge), compiled.nodes).truth(body.condition)
            both = ((found.if_true, chosen[0]), (found.if_false, chosen[1]))
            return Value("cases", tuple((proven, None if one is None else str(one)) for proven, one in both if proven))
    value = constant(body)
    if value is not None:
        return Value("cases", ((ALWAYS, str(value)),))
    origin = Origins(compiled.nodes).of(body)
    if origin.kind == "variable" and origin.name in knowledge.variables and not origin.members:
        return knowledge.variables[origin.name]
    return Value("origin", origin=origin) if origin.kind else Value("unknown")
