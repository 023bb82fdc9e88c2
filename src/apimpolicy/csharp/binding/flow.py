"""Control flow (C# specification, section 13.2): whether the end of a statement can be reached; the conditions of an
expression, parts to cover with both outcomes.

A condition decides something and contains no smaller conditions: each operand of `&&` and `||`; the test of `?:`, `if`,
loops, guards and filters; the result of a lambda or a block if it is a `bool`, and the whole expression if it is one.
A condition is covered once it was true and once it was false, and the left operand of `??` and of `?.` once it was null
and once it was not. Constants are not conditions.

The outcome of a whole `a && (b || c)` is that of the operand evaluated last. So the whole is covered when all operands
are, and does not count again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.nodes import Bound, Expression, Statement
from apimpolicy.csharp.binding.symbols import LocalSymbol
from apimpolicy.records import Record


class Answer(Record):
    """The reachability of a loop or switch: whether its end can be reached, and its jumps to labels outside."""

    ends: bool
    jumps: frozenset[str]


class Reachability:
    """One walk over a function body; nested lambdas and local functions are bodies of their own."""

    def __init__(self, known: dict[Statement, Answer]) -> None:
        self._known = known
        """The answers for loops and switches, which depend on nothing outside of them: each is evaluated once by
        itself, and once for everything around it."""
        self._broken: set[int] = set()
        self._jumps: set[str] = set()
        """The labels that a `goto` which can be reached goes to, as far as has been seen."""
        self._targets: list[int] = []

    def end_reachable(self, statement: Statement) -> bool:
        if isinstance(statement, (nodes.Block, nodes.Statements)):
            return self.list_end_reachable(statement.statements)
        if isinstance(statement, nodes.If):
            return self._if(statement)
        if isinstance(statement, (nodes.Loop, nodes.Foreach, nodes.Switch)):
            return self._remembered(statement)
        if isinstance(statement, nodes.Try):
            return self._try(statement)
        if isinstance(statement, nodes.Break):
            if self._targets:
                self._broken.add(self._targets[-1])
            return False
        if isinstance(statement, nodes.Labeled):
            return self.end_reachable(statement.statement)
        if isinstance(statement, nodes.Goto):
            if statement.label is not None:
                self._jumps.add(statement.label)
            return False
        if isinstance(statement, nodes.Yield):
            return statement.value is not None
        if isinstance(statement, (nodes.Using, nodes.Lock)):
            return self.end_reachable(statement.body)
        return not isinstance(statement, (nodes.Return, nodes.Throw, nodes.Continue, nodes.UnknownStatement))

    def _remembered(self, statement: nodes.Loop | nodes.Foreach | nodes.Switch) -> bool:
        found = self._known.get(statement)
        if found is None:
            outer, self._jumps = self._jumps, set()
            ends = self._switch(statement) if isinstance(statement, nodes.Switch) else self._loop(statement)
            found = self._known[statement] = Answer(ends, frozenset(self._jumps))
            self._jumps = outer
        self._jumps |= found.jumps
        return found.ends

    def list_end_reachable(self, statements: Sequence[Statement]) -> bool:
        """Return whether the end of a list can be reached: from its beginning, or from the label of a jump."""
        labels = _places_of_labels(statements)
        if not labels:
            return all(map(self.end_reachable, statements))
        starts, seen, ends = [0], {0}, False
        outside = self._jumps
        while starts:
            self._jumps = set()  # each jump is looked at once, however many labels there are
            ends = self._from(starts.pop(), statements, seen) or ends
            for name in self._jumps:
                place = labels.get(name)
                if place is None:
                    outside.add(name)
                elif place not in seen:
                    seen.add(place)
                    starts.append(place)
        self._jumps = outside
        return ends

    def _from(self, start: int, statements: Sequence[Statement], seen: set[int]) -> bool:
        """Walk on from a statement, as far as no other walk has been."""
        for place in range(start, len(statements)):
            if place != start and isinstance(statements[place], nodes.Labeled):
                if place in seen:
                    return False
                seen.add(place)
            if not self.end_reachable(statements[place]):
                return False
        return True

    def _if(self, statement: nodes.If) -> bool:
        then = _may_be(statement.condition, True) and self.end_reachable(statement.then)
        if statement.otherwise is None:
            return then or _may_be(statement.condition, False)
        otherwise = _may_be(statement.condition, False) and self.end_reachable(statement.otherwise)
        return then or otherwise

    def _loop(self, statement: nodes.Loop | nodes.Foreach) -> bool:
        self._targets.append(id(statement))
        self.end_reachable(statement.body)
        self._targets.pop()
        if id(statement) in self._broken or isinstance(statement, nodes.Foreach):
            return True
        return statement.condition is not None and _may_be(statement.condition, False)

    def _switch(self, statement: nodes.Switch) -> bool:
        self._targets.append(id(statement))
        ends = [self.list_end_reachable(section.statements) for section in statement.sections]
        if self._jumps:  # sections may go to labels of each other
            ends += [self.list_end_reachable(section.statements) for section in statement.sections]
        self._targets.pop()
        takes_all = any(
            label.pattern is None or (label.guard is None and always_matches(statement.value, label.pattern))
            for section in statement.sections
            for label in section.labels
        )
        return id(statement) in self._broken or not takes_all or any(ends)

    def _try(self, statement: nodes.Try) -> bool:
        ends = [self.end_reachable(statement.body), *(self.end_reachable(clause.body) for clause in statement.catches)]
        if statement.finally_body is not None and not self.end_reachable(statement.finally_body):
            return False
        return any(ends)


def _places_of_labels(statements: Sequence[Statement]) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, statement in enumerate(statements):
        current = statement
        while isinstance(current, nodes.Labeled):
            found[current.label] = place
            current = current.statement
    return found


def labels_of(statements: Sequence[Statement]) -> dict[str, nodes.Labeled]:
    found: dict[str, nodes.Labeled] = {}
    for statement in statements:
        current = statement
        while isinstance(current, nodes.Labeled):
            found[current.label] = current
            current = current.statement
    return found


def always_matches(value: Expression, pattern: nodes.Pattern) -> bool:
    if pattern.value is not None:
        return value.is_constant and pattern.value.is_constant and value.constant == pattern.value.constant
    return pattern.target is None or (pattern.target is value.type and value.type.is_value_type)


def never_matches(value: Expression, pattern: nodes.Pattern) -> bool:
    wanted = pattern.value
    return wanted is not None and value.is_constant and wanted.is_constant and value.constant != wanted.constant


def _may_be(condition: Expression, value: bool) -> bool:
    return not condition.is_constant or condition.constant == value


# Loops that nothing leaves: the condition can't become false, and no statement inside goes elsewhere.

_LEAVING = (nodes.Return, nodes.Throw, nodes.Goto, nodes.Yield, nodes.ThrowExpression)
_FUNCTIONS = (nodes.Lambda, nodes.LocalFunction)
_WRITING = (
    *(nodes.Assignment, nodes.CompoundAssignment, nodes.Deconstruction, nodes.DeconstructCall, nodes.Reference),
    *(nodes.Call, nodes.DelegateCall, *_FUNCTIONS),
)
"""Nodes that may change the variables inside them."""
_UNCHANGING = (nodes.Literal, nodes.Local, nodes.Binary, nodes.Logical, nodes.Unary, nodes.Convert)
"""Parts of conditions that change only with their variables."""


def endless_loops(body: Bound) -> Iterator[nodes.Loop]:
    held = {symbol for node in body.walk() if isinstance(node, _FUNCTIONS) for symbol in _written(node)}
    for node in body.walk():
        if isinstance(node, nodes.Loop) and not _may_end(node, held):
            yield node


def _may_end(loop: nodes.Loop, held: set[LocalSymbol]) -> bool:
    """Return whether a condition or a statement may end a loop; `held` are the variables that functions change."""
    inside = [loop.body, *loop.incrementors]
    if any(isinstance(node, _LEAVING) for part in inside for node in _below(part, _FUNCTIONS)):
        return True
    others = (*_FUNCTIONS, nodes.Loop, nodes.Foreach, nodes.Switch)
    if not isinstance(loop.body, others) and any(isinstance(node, nodes.Break) for node in _below(loop.body, others)):
        return True
    condition = loop.condition
    if condition is None or condition.is_constant:
        return condition is not None and condition.constant is not True
    parts = list(condition.walk())
    if not all(isinstance(part, _UNCHANGING) for part in parts):
        return True
    read = {part.symbol for part in parts if isinstance(part, nodes.Local)}
    return not read.isdisjoint(held) or not read.isdisjoint(_written(loop))


def _written(around: Bound) -> Iterator[LocalSymbol]:
    """Yield the variables that may change in a loop or function."""
    for node in around.walk():
        if isinstance(node, _WRITING):
            yield from (each.symbol for each in node.walk() if isinstance(each, nodes.Local))


def _below(node: Bound, but_not: tuple[type[Bound], ...]) -> Iterator[Bound]:
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(child for child in node.children() if not isinstance(child, but_not))


TRUTH = ("true", "false")
NULLNESS = ("null", "not null")


class Condition(NamedTuple):
    """A node whose value counts; `outcomes` is TRUTH or NULLNESS."""

    node: nodes.Expression
    outcomes: tuple[str, str]


def conditions_of(root: nodes.Bound) -> list[Condition]:
    found: dict[tuple[str, int, int], Condition] = {}
    if isinstance(root, nodes.Expression) and _is_bool(root):
        _decide(root, found)
    waiting: list[nodes.Bound] = [root]
    while waiting:
        node = waiting.pop()
        for decision in _decisions(node):
            _decide(decision, found)
        if isinstance(node, nodes.Coalesce):
            _keep(found, unconverted(node.left), NULLNESS)
        elif isinstance(node, nodes.ConditionalAccess):
            _keep(found, unconverted(node.receiver), NULLNESS)
        waiting.extend(node.children())
    return sorted(found.values(), key=lambda condition: (condition.node.syntax.start, -condition.node.syntax.end))


def key_of(node: nodes.Bound) -> tuple[str, int, int]:
    """Return a key of a node that survives binding the text again."""
    return type(node).__name__, node.syntax.start, node.syntax.end


def unconverted(node: nodes.Expression) -> nodes.Expression:
    """Return the expression without implied conversions that keep whether it is null, or its truth."""
    while isinstance(node, nodes.Convert) and not node.is_explicit and (_is_bool(node) <= _is_bool(node.operand)):
        node = node.operand
    return node


def _decisions(node: nodes.Bound) -> Iterator[nodes.Expression]:
    asked: nodes.Bound | None = None
    if isinstance(node, (nodes.If, nodes.Loop, nodes.Conditional)):
        asked = node.condition
    elif isinstance(node, nodes.Logical):
        asked = node
    elif isinstance(node, nodes.Return):
        asked = node.value
    elif isinstance(node, nodes.Lambda):
        asked = node.body
    elif isinstance(node, nodes.SwitchLabel):
        asked = node.guard
    elif isinstance(node, nodes.Catch):
        asked = node.filter
    if isinstance(asked, nodes.Expression) and _is_bool(asked):
        yield asked


def _decide(decision: nodes.Expression, found: dict[tuple[str, int, int], Condition]) -> None:
    waiting = [decision]
    while waiting:
        node = unconverted(waiting.pop())
        inner = unconverted(node.operand) if isinstance(node, nodes.Unary) and node.operator == "!" else node
        if isinstance(inner, nodes.Logical):
            waiting += (inner.left, inner.right)
        elif isinstance(inner, nodes.Conditional):
            waiting += (inner.when_true, inner.when_false)
        else:
            _keep(found, node, TRUTH)


def _keep(found: dict[tuple[str, int, int], Condition], node: nodes.Expression, outcomes: tuple[str, str]) -> None:
    if not node.is_constant and not isinstance(node, nodes.Placeholder):
        found.setdefault(key_of(node), Condition(node, outcomes))


def _is_bool(node: nodes.Expression) -> bool:
    return str(node.type) == "bool"
