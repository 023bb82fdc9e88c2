"""Reachability (C# specification, section 13.2): whether the end of a statement can be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import (
    Block,
    Break,
    Continue,
    Expression,
    Foreach,
    Goto,
    If,
    Labeled,
    Lock,
    Loop,
    Pattern,
    Return,
    Statement,
    Statements,
    Switch,
    Throw,
    Try,
    Using,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


class Flow:
    """One walk over a function body; nested lambdas and local functions are bodies of their own."""

    def __init__(self) -> None:
        self._broken: set[int] = set()
        self._targets: list[int] = []

    def end_reachable(self, statement: Statement) -> bool:
        """Whether control can leave this statement at its end, given that it is reached."""
        if isinstance(statement, (Block, Statements)):
            return self.list_end_reachable(statement.statements)
        if isinstance(statement, If):
            return self._if(statement)
        if isinstance(statement, (Loop, Foreach)):
            return self._loop(statement)
        if isinstance(statement, Switch):
            return self._switch(statement)
        if isinstance(statement, Try):
            return self._try(statement)
        if isinstance(statement, Break):
            if self._targets:
                self._broken.add(self._targets[-1])
            return False
        if isinstance(statement, Labeled):
            return self.end_reachable(statement.statement)
        if isinstance(statement, (Using, Lock)):
            return self.end_reachable(statement.body)
        return not isinstance(statement, (Return, Throw, Continue, Goto))

    def list_end_reachable(self, statements: Sequence[Statement]) -> bool:
        reachable = True
        for statement in statements:
            if isinstance(statement, Labeled):
                reachable = True  # a goto may come here
            if reachable:
                reachable = self.end_reachable(statement)
        return reachable

    def _if(self, statement: If) -> bool:
        then = _may_be(statement.condition, True) and self.end_reachable(statement.then)
        if statement.otherwise is None:
            return then or _may_be(statement.condition, False)
        otherwise = _may_be(statement.condition, False) and self.end_reachable(statement.otherwise)
        return then or otherwise

    def _loop(self, statement: Loop | Foreach) -> bool:
        self._targets.append(id(statement))
        self.end_reachable(statement.body)
        self._targets.pop()
        if id(statement) in self._broken or isinstance(statement, Foreach):
            return True
        return statement.condition is not None and _may_be(statement.condition, False)

    def _switch(self, statement: Switch) -> bool:
        self._targets.append(id(statement))
        ends = [self.list_end_reachable(section.statements) for section in statement.sections]
        self._targets.pop()
        takes_all = any(
            label.pattern is None or (label.guard is None and always_matches(statement.value, label.pattern))
            for section in statement.sections
            for label in section.labels
        )
        return id(statement) in self._broken or not takes_all or any(ends)

    def _try(self, statement: Try) -> bool:
        ends = [self.end_reachable(statement.body), *(self.end_reachable(clause.body) for clause in statement.catches)]
        if statement.finally_body is not None and not self.end_reachable(statement.finally_body):
            return False
        return any(ends)


def labels_of(statements: Sequence[Statement]) -> dict[str, Labeled]:
    """The labels that stand in a list of statements itself, by name."""
    found: dict[str, Labeled] = {}
    for statement in statements:
        current = statement
        while isinstance(current, Labeled):
            found[current.label] = current
            current = current.statement
    return found


def always_matches(value: Expression, pattern: Pattern) -> bool:
    """Whether a pattern takes every value that this expression can have."""
    if pattern.value is not None:
        return value.is_constant and pattern.value.is_constant and value.constant == pattern.value.constant
    return pattern.target is None or (pattern.target is value.type and value.type.is_value_type)


def never_matches(value: Expression, pattern: Pattern) -> bool:
    """Whether the expression and the pattern are two different constants."""
    wanted = pattern.value
    return wanted is not None and value.is_constant and wanted.is_constant and value.constant != wanted.constant


def _may_be(condition: Expression, value: bool) -> bool:
    return not condition.is_constant or condition.constant == value
