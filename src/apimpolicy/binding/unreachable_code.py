"""CS0162: statements that control never reaches (C# specification, section 13.2), each run of them once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from apimpolicy.binding import nodes
from apimpolicy.binding.assignment import MOST_ROUNDS, AssignmentWalk
from apimpolicy.binding.assignment_in_expressions import UNREACHABLE
from apimpolicy.diagnostics import DiagnosticInfo

if TYPE_CHECKING:
    from apimpolicy.binding.bind import BoundExpression
    from apimpolicy.binding.nodes import Bound
    from apimpolicy.syntax.nodes import Node, Token

_QUIET: Final = (nodes.Block, nodes.Empty, nodes.Labeled, nodes.LocalFunction, nodes.Throw)
"""Statements that the compiler says nothing about; what is in them counts for itself."""
_FIRST_TOKEN: Final = re.compile(r"@?\w+|.", re.DOTALL)


def unreachable_code(bound: BoundExpression) -> list[DiagnosticInfo]:
    """Return a warning at the first token of each run of statements that cannot be reached."""
    walk = _ReachabilityWalk()
    for _ in range(MOST_ROUNDS):
        walk.run(bound.body)
        if not walk.labels_changed:
            break
    made, help = [], "remove it, or the code that ends the flow before it"
    for place in walk.dead:
        token = _FIRST_TOKEN.match(bound.excerpt.text, place)
        end = token.end() if token is not None else place + 1
        made.append(DiagnosticInfo("CS0162", "this code is never reached", place, end, help=help))
    return made


class _ReachabilityWalk(AssignmentWalk):
    """The walk of definite assignment knows what is reached: nothing else has the state UNREACHABLE."""

    def start(self) -> None:
        super().start()
        self.dead: list[int] = []
        self._written: dict[int, Node | Token] = {}
        """The whole statement of a declaration, whose own syntax is the variable's."""
        self._incrementors: set[int] = set()
        self._said = False

    def visit(self, node: Bound, state: int) -> int:
        is_incrementor = id(node) in self._incrementors
        if is_incrementor or (isinstance(node, nodes.Statement) and not isinstance(node, _QUIET)):
            if state != UNREACHABLE:
                self._said = False
            elif not self._said:
                self._said = True
                self.dead.append(self._written.get(id(node), node.syntax).start)
        return super().visit(node, state)

    def after_block(self, node: nodes.Block, state: int) -> int:
        children = getattr(node.syntax, "children", ())
        self._written.update(zip(map(id, node.statements), children, strict=False))
        return super().after_block(node, state)

    def after_loop(self, node: nodes.Loop, state: int) -> int:
        self._incrementors.update(map(id, node.incrementors[:1]))
        return super().after_loop(node, state)

    def after_switch(self, node: nodes.Switch, state: int) -> int:
        for section in node.sections:
            children = getattr(section.syntax, "children", ())[1:]
            self._written.update(zip(map(id, section.statements), children, strict=False))
        return super().after_switch(node, state)
