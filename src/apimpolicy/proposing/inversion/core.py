"""The inversion of one run's expressions: a table has a function for each kind of node."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.proposing.inversion.recorded import Recorded, Structure
from apimpolicy.proposing.inversion.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from apimpolicy.binding.nodes import Bound, Expression
    from apimpolicy.engine.trace import Evaluation
    from apimpolicy.scenarios.assignments import Assignment
    from apimpolicy.scenarios.harness import Harness, ScenarioRun

    Requests = Iterator[Assignment]
    Rules = Mapping[type, Callable[..., Requests]]

_MOST_DEPTH = 60
_MOST_STEPS = 1500
"""Parts of expressions that are inverted for the requests that one run leads to."""


class Inversion:
    """Inverts the expressions of one run."""

    def __init__(self, harness: Harness, run: ScenarioRun, structures: dict[int, Structure], rules: Rules) -> None:
        self.sources = Sources(harness, run)
        self._rules = rules
        self._structures = structures
        self._left = _MOST_STEPS
        self.place: int | None = None
        """The place of the item that is to change, in a query for each item."""
        self.trace = self.sources.trace
        self._recorded: dict[int, Recorded] = {}
        self._depth = 0
        self._active: set[int | None] = set()
        """The local variables that are being inverted, by identity."""

    def recorded(self, evaluation: Evaluation, index: int) -> Recorded:
        """Return an expression with its recorded values."""
        found = self._recorded.get(id(evaluation))
        if found is None:
            body = None if evaluation.expression is None else evaluation.expression.bound.body
            structure = self._structures.get(id(body))
            if structure is None:
                structure = self._structures[id(body)] = Structure(body)
            found = self._recorded[id(evaluation)] = Recorded(evaluation, index, structure)
        return found

    def at(self, index: int) -> Recorded:
        """Return a place in the trace, without an expression."""
        return Recorded(None, index, Structure(None))

    def solve(self, of: Recorded, node: Bound, wanted: Any) -> Requests:
        """Yield requests with which a part of an expression may have a value."""
        if (isinstance(node, nodes.Expression) and node.is_constant) or self._depth > _MOST_DEPTH:
            return
        rule = self._rules.get(type(node))
        self._left -= 1
        if rule is None or self._left < 0:
            return
        symbol = id(node.symbol) if isinstance(node, nodes.Local) else None
        if symbol in self._active:
            return
        self._depth += 1
        if symbol is not None:
            self._active.add(symbol)
        try:
            yield from rule(self, of, node, wanted)
        finally:
            self._depth -= 1
            self._active.discard(symbol)


def comparisons(run: ScenarioRun) -> Iterator[tuple[str, str]]:
    """Yield the pairs of different texts that the expressions of a run compared, or passed to a call, latest first."""
    for entry in reversed(list(run.result.trace) if run.result is not None else []):
        for evaluation in entry.evaluations:
            body = None if evaluation.expression is None else evaluation.expression.bound.body
            of = Recorded(evaluation, 0, Structure(body))
            for node in [] if body is None else body.walk():
                receiver, arguments = call_parts(node)
                operands = (node.left, node.right) if isinstance(node, nodes.Binary) else (receiver, *arguments)
                values = [of.value(each) for each in operands if each is not None]
                texts = [each for each in values if isinstance(each, str)]
                yield from ((one, other) for one, other in pairwise(texts) if one != other)


def context_path(of: Recorded, node: Bound | None) -> tuple[str, ...] | None:
    """Return the properties from `context` to a value: ("Request", "Url")."""
    names: list[str] = []
    while isinstance(node, (nodes.PropertyAccess, nodes.Convert, nodes.Placeholder, nodes.ConditionalAccess)):
        if isinstance(node, nodes.PropertyAccess):
            names.append(node.property.name)
            node = node.receiver
        elif isinstance(node, nodes.Placeholder):
            node = of.holder(node)
        else:
            node = node.operand if isinstance(node, nodes.Convert) else node.access
    is_context = isinstance(node, nodes.Local) and str(node.type) == "IContext"
    return tuple(reversed(names)) if is_context and names else None


def unconverted(node: Any) -> Any:
    while isinstance(node, (nodes.Convert, nodes.AsType)):
        node = node.operand
    return node


def call_parts(node: Bound) -> tuple[Expression | None, Sequence[Expression]]:
    """Return the receiver and the arguments of a call or an indexer; those of an extension method too."""
    node = unconverted(node)
    if isinstance(node, nodes.IndexerAccess):
        return node.receiver, node.arguments
    if isinstance(node, nodes.Call):
        if node.receiver is not None:
            return node.receiver, node.arguments
        if node.arguments:
            return node.arguments[0], node.arguments[1:]
    return None, ()


def is_vague(node: Bound) -> bool:
    """Return whether the type of an expression says little about its value."""
    type_ = str(getattr(node, "type", "object"))
    return type_ in ("object", "") or type_.endswith("JToken")


def constant_of(node: Any) -> Any:
    return node.constant


def is_constant(node: Any) -> bool:
    return isinstance(node, nodes.Expression) and node.is_constant
