"""Replays an expression that has run: walks its bound tree beside the values that the run recorded.

The recorded values decide the path; nothing is evaluated here. Each node gets the value of the run and, where possible,
its term over the inputs. Modules in `PARTS` handle kinds of nodes, those in `forms` handle members. A value that
nothing handles keeps its value from the run, marked as unsupported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from apimpolicy.binding import nodes
from apimpolicy.concolic import solver
from apimpolicy.concolic.origins import THROWS, Origin, name_of, origin_of
from apimpolicy.concolic.purity import only_reads
from apimpolicy.concolic.values import ConcolicValue, UncertainNull, Unsupported, first_unsupported
from apimpolicy.emit.core import is_recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from apimpolicy.binding.symbols import LocalSymbol
    from apimpolicy.concolic.path import Path
    from apimpolicy.concolic.solver import Term
    from apimpolicy.concolic.state import State
    from apimpolicy.text.source import Excerpt

_UNCHANGING = (str, int, float, bool, bytes, type(None))


_Part = TypeVar("_Part", bound="Callable[..., Any]")

PARTS: dict[type[nodes.Bound], Callable[[Replayer, Any], Any]] = {}
"""By kind of node: the function that replays an expression and returns its value, or that replays a statement."""


def handles(*kinds: type[nodes.Bound]) -> Callable[[_Part], _Part]:
    """Register the function that replays nodes of these kinds."""

    def register(part: _Part) -> _Part:
        for kind in kinds:
            PARTS[kind] = part
        return part

    return register


class Thrown(Exception):
    """The run came no further than here: something threw."""


class UnsupportedStatement(Exception):
    """A statement of a kind that is not replayed."""


class Return(Exception):
    """The value of a block or lambda."""

    def __init__(self, value: ConcolicValue) -> None:
        super().__init__()
        self.value = value


class Break(Exception):
    pass


class Continue(Exception):
    pass


class _Guard(NamedTuple):
    """A node throws unless the term is true; without a term the condition is unknown."""

    term: Term | None
    unsupported: Unsupported | None


def _is_query(node: nodes.Bound) -> bool:
    """Return whether a node is a LINQ query, which doesn't change its arguments."""
    return isinstance(node, nodes.Call) and bool(node.method.declaring.name == "System.Linq.Enumerable")


def _is_silent(node: nodes.Expression) -> bool:
    """Return whether a node may have no recording: an implicit conversion, which is part of its parent."""
    return isinstance(node, nodes.Convert) and not node.is_explicit


class Replayer:
    """Replays one expression that has run."""

    def __init__(self, path: Path, state: State, excerpt: Excerpt, entries: Sequence[tuple[nodes.Bound, Any]]) -> None:
        self.path = path
        self.inputs = path.inputs
        self.state = state
        self.excerpt = excerpt
        self.entries = entries
        self.position = 0
        self.locals: dict[LocalSymbol, ConcolicValue] = {}
        self.placeholders: dict[nodes.Placeholder, ConcolicValue] = {}
        self._catching: list[set[int]] = []
        self._guards: list[_Guard] = []
        self._below: list[ConcolicValue] = []
        """The operands of the node that is being replayed, in order."""

    # Expressions

    def run(self, body: nodes.Bound, value: Any) -> ConcolicValue:
        """Return the result of the expression, which had this value. Raises Thrown when it threw."""
        try:
            if isinstance(body, nodes.Expression):
                found = self.evaluate(body)
                if str(body.type) == "bool":
                    self.path.decide(found, body)
                return found
            try:
                self.walk(body)
            except Return as result:
                return result.value
            return ConcolicValue(value)
        except UnsupportedStatement as kind:
            return self.unsupported_value(value, str(kind), body)

    # Nodes

    def evaluate(self, node: nodes.Expression) -> ConcolicValue:
        """Return the value of a node in this run, with its term. Raises Thrown when it has none."""
        known = self._known(node)
        if known is None:
            known = self._evaluated(node)
        self._below.append(known)
        return known

    def _known(self, node: nodes.Expression) -> ConcolicValue | None:
        """Return the value of a constant or a placeholder, which need no replay."""
        if node.is_constant:
            return ConcolicValue(node.constant)
        if not isinstance(node, nodes.Placeholder):
            return None
        known = self.placeholders.get(node)
        return known if known is not None else ConcolicValue(unsupported=self.unsupported_at("placeholder", node))

    def _evaluated(self, node: nodes.Expression) -> ConcolicValue:
        around, self._guards = self._guards, []
        outer, self._below = self._below, []
        try:
            part = PARTS.get(type(node))
            meaning: ConcolicValue = self.unknown(node) if part is None else part(self, node)
            guards = self._guards
        finally:
            self._guards = around
            below, self._below = self._below, outer
        value = meaning.value
        if is_recorded(node) and not (_is_silent(node) and self.next_node is not node):
            value = self._value(node, meaning, guards, below)
        return self._with(meaning, value, node, below)

    def _value(
        self, node: nodes.Expression, meaning: ConcolicValue, guards: list[_Guard], below: list[ConcolicValue]
    ) -> Any:
        """Return the value of a node in the run, and branch on its guards. Raises Thrown when it has none."""
        try:
            value = self.take(node)
        except Thrown:
            if not guards and not meaning.is_constant:
                guards = [_Guard(None, self.unsupported_at("an exception that was not predicted", node))]
            self._add_guard_branches(guards, passed=False)
            self._may_throw(node, guards, below, did=True)
            raise
        self._add_guard_branches(guards, passed=True)
        self._may_throw(node, guards, below, did=False)
        return value

    def _may_throw(
        self, node: nodes.Expression, guards: list[_Guard], below: list[ConcolicValue], *, did: bool
    ) -> None:
        """Branch on an exception whose condition has no term, with its origin."""
        unsupported = next(
            (guard.unsupported for guard in guards if guard.term is None and guard.unsupported is not None), None
        )
        if unsupported is not None and (did or self._catching):
            origin = Origin(f"{THROWS}{name_of(node)}", node, below)
            self.path.decide(ConcolicValue(did, unsupported=unsupported, origin=origin), THROWS)

    def _with(
        self, meaning: ConcolicValue, value: Any, node: nodes.Expression, below: list[ConcolicValue]
    ) -> ConcolicValue:
        found = meaning if meaning.value is value else meaning.as_value(value)
        if found.term is None and found.origin is None and not found.is_constant:
            found = found.as_value(value)
            found.origin = origin_of(node, below, value)
        return found

    def evaluate_all(self, expressions: Iterable[nodes.Expression]) -> list[ConcolicValue]:
        return [self.evaluate(each) for each in expressions]

    def walk(self, statement: nodes.Bound) -> None:
        """Replay a statement. Raises Break, Continue or Return when it does."""
        part = PARTS.get(type(statement))
        if part is None:
            raise UnsupportedStatement(type(statement).__name__)
        part(self, statement)

    def unknown(self, node: nodes.Expression) -> ConcolicValue:
        """Return the value of a node that has no form: unsupported, unless its operands are constant."""
        below = [self.evaluate(each) for each in node.children() if isinstance(each, nodes.Expression)]
        return self.opaque(type(node).__name__, node, below)

    def opaque(
        self, kind: str, node: nodes.Bound, below: Sequence[ConcolicValue], *, may_throw: bool = True
    ) -> ConcolicValue:
        """Return the value of an operation without a form; that it may throw is unsupported by itself."""
        reads = only_reads(node)
        if all(each.is_fixed if reads else each.is_constant for each in below):
            return ConcolicValue()
        unsupported = first_unsupported(*below) or self.unsupported_at(kind, node)
        if may_throw:
            self.guard(None, unsupported)
        for each in below:
            if hasattr(each.form, "invalidate"):
                each.form.invalidate(unsupported)
            elif each.is_constant and not isinstance(each.value, _UNCHANGING) and not _is_query(node):
                others = [other for other in below if other is not each]
                each.origin = origin_of(node, [each.as_value(each.value), *others])
                each.unsupported = unsupported
        return ConcolicValue(unsupported=unsupported)

    def decide(self, node: nodes.Expression) -> tuple[bool, ConcolicValue]:
        """Evaluate a condition, and branch on it."""
        found = self.evaluate(node)
        return self.path.decide(found, node), found

    # What the run recorded

    def take(self, node: nodes.Bound) -> Any:
        """Return the recorded value of the next occurrence of a node. Raises Thrown when it has none."""
        position = self.position
        entries = self.entries
        if position < len(entries) and entries[position][0] is node:
            self.position += 1
            return entries[position][1]
        catching = self._catching[-1] if self._catching else ()
        for index in range(position, len(entries)):
            found = entries[index][0]
            if found is node:
                self.position = index + 1
                return entries[index][1]
            if id(found) in catching:
                break
        raise Thrown

    def peek(self, node: nodes.Bound) -> Any:
        """Return the next recorded value if it is this node's, None when it threw; its operands have been replayed."""
        position = self.position
        entries = self.entries
        return entries[position][1] if position < len(entries) and entries[position][0] is node else None

    @property
    def next_node(self) -> nodes.Bound | None:
        """The node that was recorded next."""
        return self.entries[self.position][0] if self.position < len(self.entries) else None

    def is_within(self, node: nodes.Bound) -> bool:
        """Return whether the next recorded node is inside this one."""
        following = self.next_node
        return following is not None and id(following) in self.inside(node)

    def inside(self, node: nodes.Bound) -> set[int]:
        """Return the identities of all nodes in a node."""
        return self.state.nodes_inside(node)

    def catching(self, handlers: set[int]) -> None:
        self._catching.append(handlers)

    def caught(self) -> None:
        self._catching.pop()

    # Preconditions

    def guard(self, term: Term | None, unsupported: Unsupported | None = None) -> None:
        """State that the node being replayed throws unless a term is true; None when the condition is unknown."""
        if term is None or solver.truth_value(term) is not True:
            self._guards.append(_Guard(term, unsupported))

    def _add_guard_branches(self, guards: list[_Guard], *, passed: bool) -> None:
        known = [guard.term for guard in guards if guard.term is not None]
        unknown = [guard.unsupported for guard in guards if guard.term is None and guard.unsupported is not None]
        if passed:
            for term in known:
                self.path.add_branch(term, True, "guard")
        elif known and not unknown:
            self.path.add_branch(solver.all_of(*known), False, "guard")
        if unknown:
            self.path.mark_inexact(unknown[0])

    def not_null(self, receiver: ConcolicValue, node: nodes.Bound) -> None:
        """State that a member of null throws."""
        if receiver.null is not None:
            self.path.add_branch(receiver.null, receiver.value is None, "guard")
            if receiver.value is None:
                self.guard(solver.FALSE)
        elif isinstance(receiver.form, UncertainNull):
            self.guard(None, receiver.form.unsupported)
        elif receiver.unsupported is not None and receiver.value is None:
            self.guard(None, receiver.unsupported)

    # Unsupported values

    def unsupported_at(self, kind: str, node: nodes.Bound) -> Unsupported:
        line, column = self.excerpt.source.position(self.excerpt.locate(node.syntax.start))
        return Unsupported(kind, f"{self.excerpt.source.path}:{line}:{column}")

    def unsupported_value(self, value: Any, kind: str, node: nodes.Bound) -> ConcolicValue:
        """Return a value without a form."""
        unsupported = self.unsupported_at(kind, node)
        self.path.mark_inexact(unsupported)
        return ConcolicValue(value, unsupported=unsupported)
