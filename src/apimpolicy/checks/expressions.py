"""Syntax and types of expressions. Each distinct expression is checked once, however many documents contain it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.records import Record
from apimpolicy.text.named_values import named_values_as_holes
from apimpolicy.text.source import OPEN, Excerpt, has_hole

if TYPE_CHECKING:
    from apimpolicy.checks.variables import VariableRead
    from apimpolicy.csharp.binding.bind import BoundExpression
    from apimpolicy.csharp.binding.nodes import Bound
    from apimpolicy.text.document import Attribute, Element

    T = TypeVar("T", bound=Bound)

AMBIGUOUS = "CS0104"
"""Depends on the namespaces that need no `using`, which no document lists: deployed policies live with it."""

UNUSED = "CS0168"

MOST_REMEMBERED = 4096
"""Expressions kept with what was found in them; the memory of a run stays bounded, however many files it reads."""


class Compiled:
    """One text, compiled: its findings and, when it could be parsed, its bound tree."""

    __slots__ = ("_nodes", "_parents", "bound", "findings", "has_code_holes", "variable_reads")

    def __init__(
        self, bound: BoundExpression | None, findings: Sequence[Diagnostic], *, has_code_holes: bool = False
    ) -> None:
        self.bound = bound
        self.findings = findings
        self.has_code_holes = has_code_holes
        """Set if code is missing in it; a string with an unknown part doesn't count."""
        self._nodes: list[Bound] | None = None
        self._parents: dict[int, Bound] = {}
        self.variable_reads: tuple[VariableRead, ...] | None = None
        """The reads that `checks.variables` has found in it."""

    @property
    def is_legal(self) -> bool:
        """Return whether the C# compiler accepts it, and all of its code is there."""
        return self.bound is not None and not self.bound.diagnostics and not self.has_code_holes

    def findings_in(self, excerpt: Excerpt) -> list[Diagnostic]:
        return [
            Diagnostic.within(
                excerpt, d.start, d.end, d.code, d.message, severity=d.severity, label=d.label, help=d.help
            )
            for d in self.findings
        ]

    @property
    def nodes(self) -> list[Bound]:
        """Every node of the bound tree, outermost first; none when the compiler refuses the expression."""
        if self._nodes is None:
            self._nodes = list(self._walk()) if self.is_legal else []
        return self._nodes

    def _walk(self) -> Iterator[Bound]:
        assert self.bound is not None
        waiting: list[Bound] = [self.bound.body]
        while waiting:
            node = waiting.pop()
            yield node
            below = node.children()
            for child in below:
                self._parents[id(child)] = node
            waiting.extend(reversed(below))

    def parent(self, node: Bound) -> Bound | None:
        return self._parents.get(id(node)) if self.nodes else None


class CheckedExpression(Record):
    """An expression in a document: its position, its compiled form, and the element and attribute that contain it."""

    excerpt: Excerpt
    compiled: Compiled
    element: Element
    attribute: Attribute | None = None

    @property
    def body(self) -> Bound | None:
        """The outermost node of the bound tree; None when the compiler refuses the expression."""
        compiled = self.compiled
        return compiled.bound.body if compiled.bound is not None and compiled.is_legal else None

    def of_kind(self, kind: type[T]) -> Iterator[T]:
        """Yield the bound nodes of one class, outermost first."""
        return (node for node in self.compiled.nodes if isinstance(node, kind))

    def ancestors(self, node: Bound) -> Iterator[Bound]:
        """Yield the nodes around one, nearest first."""
        parent = self.compiled.parent(node)
        while parent is not None:
            yield parent
            parent = self.compiled.parent(parent)

    @property
    def findings(self) -> list[Diagnostic]:
        return self.compiled.findings_in(self.excerpt)


class ExpressionCheck:
    """Compiles expressions and keeps the results by their text."""

    __slots__ = ("_compiled",)

    def __init__(self) -> None:
        self._compiled: dict[str, Compiled] = {}

    def __call__(self, excerpt: Excerpt) -> list[Diagnostic]:
        """Return findings of the compiler and of the gateway's own rules, at their positions in the document."""
        excerpt, compiled = self.compile(excerpt)
        return compiled.findings_in(excerpt)

    def compile(self, excerpt: Excerpt) -> tuple[Excerpt, Compiled]:
        """Return the expression, compiled. A `{{named-value}}` in it is a hole, as a template's placeholder is."""
        excerpt = named_values_as_holes(excerpt)
        found = self._compiled.get(excerpt.text)
        if found is None:
            if len(self._compiled) >= MOST_REMEMBERED:
                self._compiled.clear()
            found = self._compiled[excerpt.text] = _compile(Excerpt.of(excerpt.text))
        return excerpt, found


def _without_caught(bound: BoundExpression, warnings: list[Diagnostic]) -> Iterator[Diagnostic]:
    """Yield the compiler's warnings, except for an unused variable of a `catch`."""
    caught: set[int] = set()
    if any(warning.code == UNUSED for warning in warnings):
        from apimpolicy.csharp.binding.nodes import Catch

        nodes = Compiled(bound, ()).nodes
        tokens = (node.symbol.declared_at for node in nodes if isinstance(node, Catch) and node.symbol is not None)
        caught = {bound.excerpt.locate(token.start) for token in tokens if token is not None}
    return (warning for warning in warnings if warning.code != UNUSED or warning.start not in caught)


def _compile(excerpt: Excerpt) -> Compiled:
    from apimpolicy.csharp.binding import bind
    from apimpolicy.csharp.binding.bind import compiler_warnings
    from apimpolicy.csharp.binding.gateway_rules import check_gateway_rules
    from apimpolicy.csharp.syntax.parser import parse

    try:
        if has_hole(excerpt.text):
            return _compile_around_holes(excerpt)
        tree = parse(excerpt)
        bound = bind(tree, excerpt)
        _soften(bound)
        warnings = _without_caught(bound, compiler_warnings(bound))
        return Compiled(bound, [*bound.diagnostics, *check_gateway_rules(bound, tree), *warnings])
    except PolicySyntaxError as error:
        return Compiled(None, error.diagnostics)
    except RecursionError:
        message = "the expression is nested too deeply to be compiled"
        finding = Diagnostic.within(excerpt, 0, len(excerpt.text), "CS8078", message, help="Split it into statements.")
        return Compiled(None, [finding])


def _soften(bound: BoundExpression) -> None:
    for finding in bound.diagnostics:
        if finding.code == AMBIGUOUS:
            finding.severity = Severity.INFO
            finding.help = "Deployed policies use it. Write the full name to be sure which one is meant."


_CONSTANTS = frozenset(("CS0133", "CS0150", "CS1736"))
"""Codes for values that should be constants; a text with an unknown part may be one."""


def _compile_around_holes(excerpt: Excerpt) -> Compiled:
    """Return a compiled expression with holes. Its findings are true whatever the holes contain."""
    from apimpolicy.csharp.binding import bind
    from apimpolicy.csharp.binding.gateway_rules import check_gateway_rules
    from apimpolicy.csharp.syntax.parser import as_statements, parse_around_holes

    parsed = parse_around_holes(excerpt)
    if parsed is None:
        return Compiled(None, [], has_code_holes=True)
    tree, reading = parsed
    bound = bind(tree, reading)
    _soften(bound)
    bound.diagnostics = [d for d in bound.diagnostics if d.code not in _CONSTANTS and not _touches_hole(d)]
    if bound.diagnostics and (other := as_statements(excerpt)) is not None:
        also = {(d.code, d.start) for d in bind(*other).diagnostics}
        bound.diagnostics = [d for d in bound.diagnostics if (d.code, d.start) in also]
    found = [d for d in check_gateway_rules(bound, tree) if not _touches_hole(d)]
    return Compiled(bound, [*bound.diagnostics, *found], has_code_holes=bound.has_unknown)


def _touches_hole(finding: Diagnostic) -> bool:
    return OPEN in finding.source.text[finding.start : finding.end] or OPEN in finding.message
