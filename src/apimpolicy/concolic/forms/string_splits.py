"""The parts that splitting a string gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import solver
from apimpolicy.concolic.forms import form
from apimpolicy.concolic.sequences import ItemSource
from apimpolicy.concolic.strings import CaseFolded
from apimpolicy.concolic.values import ConcolicValue, Unsupported, term_of

if TYPE_CHECKING:
    from apimpolicy.concolic.forms import Call
    from apimpolicy.concolic.replayer import Replayer
    from apimpolicy.concolic.solver import Term

_MOST = 8


class Split(ItemSource):
    """The parts of a text between separators of one kind; `drops` leaves out empty ones."""

    __slots__ = ("drops", "known", "most", "place", "separator", "term")

    def __init__(self, term: Term, separator: str, place: int, *, drops: bool, most: int | None) -> None:
        self.place = ("split", place)
        self.term = term
        self.separator = separator
        self.drops = drops
        self.most = most
        self.known: list[ConcolicValue] | None = None

    def items(self, replayer: Replayer, concolic: ConcolicValue) -> list[ConcolicValue] | None:
        """Return as many parts as in the run, and branch on their number."""
        if self.known is None:
            self.known = self._items(replayer, list(concolic.value))
        return list(self.known)

    def _items(self, replayer: Replayer, values: list[str]) -> list[ConcolicValue]:
        if len(values) > _MOST:
            unsupported = Unsupported("many parts of a text", "")
            replayer.path.mark_inexact(unsupported)
            return [ConcolicValue(value, unsupported=unsupported) for value in values]
        mark, rest = solver.constant(self.separator), self.term
        width = len(self.separator)
        found: list[Term] = []
        while self.most is None or len(found) + 1 < self.most:
            if not replayer.path.branch_on(solver.contains(rest, mark), self.place):
                break
            at = solver.index_of(rest, mark)
            found.append(solver.simplify(solver.substring(rest, solver.constant(0), at)))
            rest = solver.simplify(solver.substring(rest, at + width, solver.length(rest) - at - width))
        found.append(rest)
        if self.drops:
            found = [
                each
                for each in found
                if not replayer.path.branch_on(solver.equal(each, solver.constant("")), self.place)
            ]
        if len(found) != len(values):
            unsupported = Unsupported("parts of a text", "")
            replayer.path.mark_inexact(unsupported)
            return [ConcolicValue(value, unsupported=unsupported) for value in values]
        return [ConcolicValue(value, term) for value, term in zip(values, found, strict=True)]

    def has_plain(self, value: str) -> bool:
        """Return whether `has` is exact: for a string that is not empty and contains no separator."""
        return bool(value) and self.separator not in value and self.most is None

    def has(self, value: str) -> Term:
        """Return whether a string, not empty and without a separator, is among the parts."""
        mark = self.separator
        return solver.any_of(
            solver.equal(self.term, solver.constant(value)),
            solver.starts_with(self.term, solver.constant(value + mark)),
            solver.ends_with(self.term, solver.constant(mark + value)),
            solver.contains(self.term, solver.constant(mark + value + mark)),
        )


@form(
    "string",
    'string[] Split(char separator, System.StringSplitOptions options = "None")',
    "string[] Split(params char[] separator)",
    "string[] Split(char[] separator, System.StringSplitOptions options)",
    'string[] Split(string separator, System.StringSplitOptions options = "None")',
    "string[] Split(string[] separator, System.StringSplitOptions options)",
    'string[] Split(char separator, int count, System.StringSplitOptions options = "None")',
    'string[] Split(string separator, int count, System.StringSplitOptions options = "None")',
    "string[] Split(char[] separator, int count)",
    "string[] Split(char[] separator, int count, System.StringSplitOptions options)",
    but="different separators in one text; more than eight parts",
)
def split(call: Call) -> ConcolicValue | None:
    term = term_of(call.own)
    if term is None or isinstance(call.own.form, CaseFolded) or not all(each.is_constant for each in call.arguments):
        return None
    if call.own.is_constant:
        return ConcolicValue()
    given = call.arguments[0].value
    separators = [given] if isinstance(given, str) else [str(each) for each in given or ()]
    if not separators or not all(separators):
        return None
    separators.sort(key=lambda each: each not in str(call.own.value))
    for other in separators[1:]:
        if call.replayer.path.branch_on(solver.contains(term, solver.constant(other)), "split"):
            return None
    numbers = [each.value for each in call.arguments[1:]]
    has_count = "count" in call.member.signature
    most = numbers.pop(0) if has_count else None
    options = numbers[0] if numbers else 0
    if options not in (0, 1) or (most is not None and (most < 2 or options)):
        return None
    return ConcolicValue(form=Split(term, separators[0], id(call.node), drops=options == 1, most=most))
