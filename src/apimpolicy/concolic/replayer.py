"""Follows an expression that has run: its bound tree, walked once more beside the values that the run recorded.

What ran decides which way is walked; nothing is evaluated here. Each node gets the value that it had and, where there
is a form, its meaning over the inputs. What a node means is said by a function in one of the modules of `PARTS`, what a
member means in those of `forms`. A value that nobody explains is what it was, with an obstacle.
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


def _is_unchanging(concolic: ConcolicValue) -> bool:
    """Whether nothing can be done to a value: it is one of .NET's plain ones."""
    return isinstance(concolic.value, _UNCHANGING) and (concolic.value is not None or concolic.form is None)


_Part = TypeVar("_Part", bound="Callable[..., Any]")

PARTS: dict[type[nodes.Bound], Callable[[Replayer, Any], Any]] = {}
"""By the kind of node: a function from the walker and the node to what an expression means, or that walks a
statement."""


def handles(*kinds: type[nodes.Bound]) -> Callable[[_Part], _Part]:
    """Register what walks nodes of these kinds."""

    def register(part: _Part) -> _Part:
        for kind in kinds:
            PARTS[kind] = part
        return part

    return register


class Thrown(Exception):
    """The run came no further than here: something threw."""


class UnsupportedStatement(Exception):
    """A statement of a kind that is not followed."""


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
    """A node throws unless the term is true; without a term nobody knows when it does.

    `is_pure`: whether it throws is all that is not known, since what it works on does not change.
    """

    term: Term | None
    unsupported: Unsupported | None
    is_pure: bool


def _is_query(node: nodes.Bound) -> bool:
    """Whether a node is a query, which changes nothing of what it is given."""
    return isinstance(node, nodes.Call) and bool(node.method.declaring.name == "System.Linq.Enumerable")


def _is_silent(node: nodes.Expression) -> bool:
    """Whether a node may be emitted without a recording: an implied conversion, which is part of what takes it."""
    return isinstance(node, nodes.Convert) and not node.is_explicit


class Replayer:
    """Walks one expression that has run. `placed` says at which place of the document a node stands."""

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
        """What was evaluated for the node that is being walked, in order."""

    # The whole

    def run(self, body: nodes.Bound, value: Any) -> ConcolicValue:
        """What the expression came to, which had this value. Raises Thrown when it threw."""
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
        """What a node came to in this run, and what it means. Raises Thrown when it came to nothing."""
        known = self._known(node)
        if known is None:
            known = self._evaluated(node)
        self._below.append(known)
        return known

    def _known(self, node: nodes.Expression) -> ConcolicValue | None:
        """What needs no walk: a constant, or what stands for a value that has been walked."""
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
        """The value that the run had at a node, whose preconditions held then. Raises Thrown when it had none."""
        try:
            value = self.take(node)
        except Thrown:
            if not guards and not meaning.is_constant:
                guards = [_Guard(None, self.unsupported_at("an exception that was not foreseen", node), False)]
            self._guarded(guards, held=False)
            self._may_throw(node, guards, below, did=True)
            raise
        self._guarded(guards, held=True)
        self._may_throw(node, guards, below, did=False)
        return value

    def _may_throw(
        self, node: nodes.Expression, guards: list[_Guard], below: list[ConcolicValue], *, did: bool
    ) -> None:
        """A decision of which nobody knows what it depends on, but perhaps what makes it go otherwise."""
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
        """Walk a statement. Raises what leaves it."""
        part = PARTS.get(type(statement))
        if part is None:
            raise UnsupportedStatement(type(statement).__name__)
        part(self, statement)

    def unknown(self, node: nodes.Expression) -> ConcolicValue:
        """A node of a kind that has no form: lost, unless all below is the same in every run."""
        below = [self.evaluate(each) for each in node.children() if isinstance(each, nodes.Expression)]
        return self.opaque(type(node).__name__, node, below)

    def opaque(
        self, kind: str, node: nodes.Bound, below: Sequence[ConcolicValue], *, may_throw: bool = True
    ) -> ConcolicValue:
        """The meaning of something without a form, from what it was given; what may throw is an obstacle by itself."""
        reads = only_reads(node)
        if all(each.is_fixed if reads else each.is_constant for each in below):
            return ConcolicValue()
        unsupported = first_unsupported(*below) or self.unsupported_at(kind, node)
        if may_throw:
            self.guard(None, unsupported, is_pure=all(map(_is_unchanging, below)))
        for each in below:
            if hasattr(each.form, "spoil"):
                each.form.invalidate(unsupported)
            elif each.is_constant and not isinstance(each.value, _UNCHANGING) and not _is_query(node):
                others = [other for other in below if other is not each]
                each.origin = origin_of(node, [each.as_value(each.value), *others])
                each.unsupported = unsupported
        return ConcolicValue(unsupported=unsupported)

    def decide(self, node: nodes.Expression) -> tuple[bool, ConcolicValue]:
        """What a condition came to, which decides the way."""
        found = self.evaluate(node)
        return self.path.decide(found, node), found

    # What the run recorded

    def take(self, node: nodes.Bound) -> Any:
        """The value that the run had here next. Raises Thrown when it had none."""
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
        """The value that the run had here next, None when it threw; what is below the node has been walked."""
        position = self.position
        entries = self.entries
        return entries[position][1] if position < len(entries) and entries[position][0] is node else None

    @property
    def next_node(self) -> nodes.Bound | None:
        """What the run came to next."""
        return self.entries[self.position][0] if self.position < len(self.entries) else None

    def is_within(self, node: nodes.Bound) -> bool:
        """Whether the run came next to something inside of this node."""
        following = self.next_node
        return following is not None and id(following) in self.inside(node)

    def inside(self, node: nodes.Bound) -> set[int]:
        """All nodes in a node."""
        return self.state.nodes_inside(node)

    def catching(self, handlers: set[int]) -> None:
        self._catching.append(handlers)

    def caught(self) -> None:
        self._catching.pop()

    # Preconditions

    def guard(self, term: Term | None, unsupported: Unsupported | None = None, *, is_pure: bool = False) -> None:
        """The node that is being walked throws unless this is so. None: nobody knows when it throws.

        `is_pure`: that is all that is not known of it.
        """
        if term is None or solver.truth_value(term) is not True:
            self._guards.append(_Guard(term, unsupported, is_pure))

    def _guarded(self, guards: list[_Guard], *, held: bool) -> None:
        known = [guard.term for guard in guards if guard.term is not None]
        unknown = [
            (guard.unsupported, guard.is_pure)
            for guard in guards
            if guard.term is None and guard.unsupported is not None
        ]
        if held:
            for term in known:
                self.path.add_branch(term, True, "guard")
        elif known and not unknown:
            self.path.add_branch(solver.all_of(*known), False, "guard")
        if unknown:
            self.path.mark_inexact(unknown[0][0])

    def not_null(self, receiver: ConcolicValue, node: nodes.Bound) -> None:
        """A member of null throws."""
        if receiver.null is not None:
            self.path.add_branch(receiver.null, receiver.value is None, "guard")
            if receiver.value is None:
                self.guard(solver.FALSE)
        elif isinstance(receiver.form, UncertainNull):
            self.guard(None, receiver.form.unsupported)
        elif receiver.unsupported is not None and receiver.value is None:
            self.guard(None, receiver.unsupported)

    # Obstacles

    def unsupported_at(self, kind: str, node: nodes.Bound) -> Unsupported:
        line, column = self.excerpt.source.position(self.excerpt.locate(node.syntax.start))
        return Unsupported(kind, f"{self.excerpt.source.path}:{line}:{column}")

    def unsupported_value(self, value: Any, kind: str, node: nodes.Bound) -> ConcolicValue:
        """A value without a form."""
        unsupported = self.unsupported_at(kind, node)
        self.path.mark_inexact(unsupported)
        return ConcolicValue(value, unsupported=unsupported)
