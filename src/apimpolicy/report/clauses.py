"""Make a tree of clauses from an evaluated expression: the value of each part, and the values behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.dotnet.values import box
from apimpolicy.records import Record
from apimpolicy.report.columns import first_of
from apimpolicy.report.values import folded, show

if TYPE_CHECKING:
    from apimpolicy.csharp.emit.recording import Recorder

NOT_EVALUATED: Final = "not evaluated"
FAILED: Final = "failed"
MOST_FACTS: Final = 10
MOST_ITERATIONS: Final = 3

_DICTIONARIES = ("IReadOnlyDictionary<", "IDictionary<", "Dictionary<")


class StatedFact(Record):
    """A sub-expression and its value, as text."""

    code: str
    value: str


class Clause:
    """A part of an expression.

    `verdict` is its value, `not evaluated`, or `failed` when it threw. `facts` are the values inside of it, in order of
    evaluation; `notes` are sentences about them; `parts` are the operands of `&&`, `||` and `?:`. `code` has a line for
    each operand, or one. `node` is the bound expression, or the block.
    """

    __slots__ = ("code", "facts", "node", "notes", "parts", "verdict")

    def __init__(self, verdict: str, code: Sequence[str], node: nodes.Bound) -> None:
        self.verdict = verdict
        self.code = list(code)
        self.node = node
        self.facts: list[StatedFact] = []
        self.notes: list[str] = []
        self.parts: list[Clause] = []

    def leaves(self) -> Iterator[Clause]:
        """Yield the clauses without parts, in order."""
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.leaves()


_Key = tuple[str, int, int]
_BINDS_LESS = (nodes.Logical, nodes.Conditional, nodes.Coalesce, nodes.Assignment, nodes.CompoundAssignment)
"""Kinds of nodes that need parentheses as an operand of `&&`, but not of `||`."""


def _key(node: nodes.Bound) -> _Key:
    return type(node).__name__, node.syntax.start, node.syntax.end


class Evaluated:
    """An expression's bound tree together with the values that were recorded."""

    def __init__(self, root: nodes.Bound, text: str, recorder: Recorder | None) -> None:
        self.root = root
        self.text = text
        self.values: dict[_Key, list[Any]] = {}
        self.order: dict[_Key, int] = {}
        self.rounds_left_out = 0 if recorder is None else recorder.rounds_left_out
        for index, (node, value) in enumerate(recorder.entries if recorder is not None else ()):
            key = _key(node)
            self.values.setdefault(key, []).append(value)
            self.order.setdefault(key, index)

    def code(self, node: nodes.Bound) -> str:
        return folded(self.text, node.syntax.start, node.syntax.end)

    def operand_code(self, node: nodes.Expression) -> str:
        """Return an operand of `&&` or `||` as written, with parentheses if they are needed."""
        code = self.code(node)
        if isinstance(node, _BINDS_LESS):
            before, after = self.text[: node.syntax.start].rstrip(), self.text[node.syntax.end :].lstrip()
            return f"({code})" if before.endswith("(") and after.startswith(")") else code
        return code

    def is_evaluated(self, node: nodes.Expression) -> bool:
        return node.is_constant or _key(node) in self.values

    def value(self, node: nodes.Expression) -> Any:
        if node.is_constant:
            return box(node.type, node.constant)
        return box(node.type, self.values[_key(node)][-1])

    def started(self, node: nodes.Bound) -> bool:
        """Return whether anything inside was evaluated."""
        return any(_key(inner) in self.values for inner in descendants(node))


def descendants(node: nodes.Bound) -> Iterator[nodes.Bound]:
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(list(current.children())))


def clause_of(node: nodes.Expression, evaluated: Evaluated) -> Clause:
    """Return the clause of an expression, with parts where it is made of conditions."""
    node = unconverted(node)
    operands = _operands(node)
    lines = _code_lines(node, operands, evaluated)
    clause = Clause(_verdict(node, evaluated), lines, node)
    if operands:
        clause.parts = _parts(operands, evaluated)
    elif clause.verdict != NOT_EVALUATED:
        clause.facts = list(_facts(node, evaluated))
    return clause


def clause_of_block(block: nodes.Bound, verdict: str, evaluated: Evaluated) -> Clause:
    """Return the clause of a `@{ … }`: its lines as written, and the values inside of it."""
    lines = [line.rstrip() for line in evaluated.text.splitlines()] or [""]
    margin = min((len(line) - len(line.lstrip()) for line in lines[1:] if line), default=0)
    clause = Clause(verdict, [lines[0], *(line[margin:] for line in lines[1:] if line)], block)
    clause.facts = list(_facts(block, evaluated))
    if evaluated.rounds_left_out:
        clause.notes.append(f"of {evaluated.rounds_left_out:,} rounds of loops only the last values were recorded")
    return clause


def _parts(operands: list[nodes.Expression], evaluated: Evaluated) -> list[Clause]:
    """Return a clause for each operand. Constants after the operand that decided were not reached."""
    parts: list[Clause] = []
    for operand in operands:
        part = clause_of(operand, evaluated)
        if unconverted(operand).is_constant and parts and parts[-1].verdict in (FAILED, NOT_EVALUATED):
            part.verdict = NOT_EVALUATED
        parts.append(part)
    return parts


def unconverted(node: nodes.Expression) -> nodes.Expression:
    """Return the expression as it is written, without implied conversions around it."""
    while isinstance(node, nodes.Convert) and not node.is_explicit:
        node = node.operand
    return node


def _operands(node: nodes.Expression) -> list[nodes.Expression]:
    """Return the operands to show as clauses: of `&&` or `||`, of `?:`, and of `!( … )` around them."""
    if isinstance(node, nodes.Logical):
        return [*_chain(node.left, node.operator), *_chain(node.right, node.operator)]
    if isinstance(node, nodes.Conditional):
        return [node.condition, node.when_true, node.when_false]
    if isinstance(node, nodes.Unary) and node.operator == "!":
        inner = unconverted(node.operand)
        if isinstance(inner, (nodes.Logical, nodes.Conditional)):
            return _operands(inner)
    return []


def _chain(node: nodes.Expression, operator: str) -> list[nodes.Expression]:
    inner = unconverted(node)
    if isinstance(inner, nodes.Logical) and inner.operator == operator:
        return [*_chain(inner.left, operator), *_chain(inner.right, operator)]
    return [node]


def _code_lines(node: nodes.Expression, operands: list[nodes.Expression], evaluated: Evaluated) -> list[str]:
    if not isinstance(node, nodes.Logical):
        return [evaluated.code(node)]
    first, *others = [evaluated.operand_code(unconverted(operand)) for operand in operands]
    return [first, *(f"{node.operator} {code}" for code in others)]


def _verdict(node: nodes.Expression, evaluated: Evaluated) -> str:
    if evaluated.is_evaluated(node):
        return show(evaluated.value(node))
    if evaluated.started(node):
        return FAILED
    return NOT_EVALUATED


def _facts(leaf: nodes.Bound, evaluated: Evaluated) -> Iterator[StatedFact]:
    """Yield the values inside a leaf, once each, in the order of evaluation."""
    skipped = {_key(leaf)}
    if isinstance(leaf, nodes.Unary) and leaf.operator == "!":
        skipped.add(_key(unconverted(leaf.operand)))
    lambdas = [node for node in descendants(leaf) if isinstance(node, nodes.Lambda)]
    of_parameters = {_key(node) for found in lambdas for node in _about_parameters(found)}
    told: set[str] = {evaluated.code(leaf)}
    found: list[tuple[int, StatedFact]] = []
    for node in descendants(leaf):
        key = _key(node)
        if key in skipped or key in of_parameters or key not in evaluated.values:
            continue
        if not isinstance(node, nodes.Expression) or not _is_telling(node, evaluated.values[key][-1]):
            continue
        code = evaluated.code(node)
        if code not in told:
            told.add(code)
            found.append((evaluated.order[key], StatedFact(code, show(evaluated.value(node)))))
    for function in lambdas:
        found += _iterations(function, evaluated)
    found.sort(key=lambda pair: pair[0])
    yield from (fact for _, fact in found[:MOST_FACTS])


def _is_telling(node: nodes.Expression, value: Any) -> bool:
    """Return whether a value is informative: null, but no constants, `context.Request` or dictionaries of headers."""
    if node.is_constant:
        return False
    if isinstance(
        node,
        (nodes.Convert, nodes.Placeholder, nodes.Lambda, nodes.TypeReference, nodes.ArrayCreation, nodes.OutVariable),
    ):
        return False
    if isinstance(node, nodes.Local) and node.symbol.kind == "global":
        return False
    name = str(node.type)
    return value is None or (
        not _is_context_record(name) and not name.rpartition("Generic.")[2].startswith(_DICTIONARIES)
    )


def _is_context_record(name: str) -> bool:
    """Return whether a type is one of the `context` object whose value says nothing by itself.

    Those interfaces have no namespace; `IUrl` alone reads as a value.
    """
    return "." not in name and name[:1] == "I" and name[1:2].isupper() and name != "IUrl"


def _about_parameters(function: nodes.Lambda) -> Iterator[nodes.Expression]:
    """Yield the expressions in a lambda whose value depends on its parameters."""
    parameters = {id(symbol) for symbol in function.parameters}

    def depends(node: nodes.Bound) -> bool:
        return any(isinstance(inner, nodes.Local) and id(inner.symbol) in parameters for inner in descendants(node))

    for node in descendants(function.body):
        if isinstance(node, nodes.Expression) and depends(node):
            yield node


def _iterations(function: nodes.Lambda, evaluated: Evaluated) -> Iterator[tuple[int, StatedFact]]:
    """Yield arguments and results of a lambda's first calls; nothing for a lambda with statements."""
    if not isinstance(function.body, nodes.Expression):
        return
    body = unconverted(function.body)
    if not (results := evaluated.values.get(_key(body))):
        return
    told: set[str] = set()
    skipped = {_key(body), _key(function.body)}
    for node in _about_parameters(function):
        key, code = _key(node), evaluated.code(node)
        if isinstance(node, nodes.Local) or key in skipped or key not in evaluated.values or code in told:
            continue
        if _is_telling(node, evaluated.values[key][-1]):
            told.add(code)
            yield evaluated.order[key], StatedFact(code, _shown(node, evaluated.values[key]))
    head = evaluated.code(function).partition("=>")[0]
    yield evaluated.order[_key(body)], StatedFact(f"{head}=> …", _shown(body, results))


def _shown(node: nodes.Expression, values: list[Any]) -> str:
    """Return the values of a node that was evaluated several times."""
    shown = [show(box(node.type, value)) for value in values]
    if len(shown) > 1 and len(set(shown)) == 1:
        return f"{shown[0]} each of {len(shown)} times"
    return first_of(shown, MOST_ITERATIONS, ", … ")
