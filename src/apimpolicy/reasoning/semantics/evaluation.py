"""Evaluation of one expression over one state: its value, when it throws, and what it changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.nodes import Bound, Expression
from apimpolicy.csharp.binding.symbols import LocalSymbol
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.dispatch import Functions
from apimpolicy.reasoning.languages.language import TooLarge
from apimpolicy.reasoning.semantics.facts import escapes, is_harmless
from apimpolicy.reasoning.semantics.operators import FRACTIONS, constant_fraction
from apimpolicy.reasoning.semantics.state import REACHABLE, State
from apimpolicy.reasoning.semantics.unknowns import Unknowns, Unsupported
from apimpolicy.reasoning.semantics.values import (
    ABSENT,
    NOTHING,
    NULL,
    Choice,
    Number,
    Text,
    Truth,
    Value,
    constant_number,
    constant_text,
    constant_truth,
    merge,
)
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.term import Term

MOST_CASES = 600
"""Combinations of alternatives for which one operation is worked out."""

FUNCTIONS = Functions(
    "reasoning.semantics",
    "value_",
    {
        "operators": "logical conditional coalesce unary binary is_type as_type is_pattern throw_expression",
        "creation": "array_creation object_creation lambda interpolated_string default_value convert",
        "members": "call local placeholder field_access property_access indexer_access array_access conditional_access "
        "assignment compound_assignment",
        "statements": "block",
    },
)


class Evaluation:
    """The state of one evaluation. `guard` is where it is reached, `throws` where it has thrown."""

    def __init__(self, unknowns: Unknowns, state: State, alive: Term = terms.TRUE) -> None:
        self.unknowns = unknowns
        self.alive = alive
        self.state = state
        self.guard: Term = terms.TRUE
        self.throws: Term = terms.FALSE
        self.variables: dict[LocalSymbol, Value] = {}
        self.captured: set[LocalSymbol] = set()
        """Variables that lambdas read: when these run is not known, so that the variables must stay as they are."""
        self.placeholders: dict[int, Value] = {}
        self.returns: list[tuple[Term, Value]] = []
        self.breaks: list[tuple[Term, dict[LocalSymbol, Value]]] = []
        """Where the loop that runs is left, with the variables there."""
        self.continues: list[tuple[Term, dict[LocalSymbol, Value]]] = []
        """Where its round ends early, with the variables there."""
        self.is_given_up = False
        """True if the value of the whole expression is unknown."""

    # Values

    def run(self, body: Bound, type_: Type) -> Value:
        """Return the value of the body of an expression; unknown where a part of it is not supported."""
        self.unknowns.has_escaped = self.unknowns.has_escaped or escapes(body)
        try:
            if isinstance(body, nodes.Expression):
                return self.value(body)
            found: Value = FUNCTIONS[body.kind](self, body)
            return found
        except (Unsupported, TooLarge) as problem:
            return self.give_up(str(problem) or "a string with too many cases", type_)

    def give_up(self, what: str, type_: Type) -> Value:
        """Return an unknown value for the whole expression, which may throw and change what it knows."""
        self.change()
        self.unknowns.use_up()
        self.is_given_up = True
        self.throws = self.unknowns.truth(what)
        return self.unknowns.value(str(type_), what)

    def change(self, *, may_reach_gateway: bool = False) -> None:
        """Say that any object may have changed; the gateway's as well, if these can be reached."""
        self.unknowns.change()
        if may_reach_gateway or self.unknowns.has_escaped:
            for kind in REACHABLE:
                self.state.forget(kind, ("generation", self.unknowns.next()))

    def value(self, node: Expression) -> Value:
        found = self._value(node)
        if id(node) in self.unknowns.watched:
            self._note(node, found)
        return found

    def _note(self, node: Expression, value: Value) -> None:
        """Keep the outcome of a condition, where nothing before it in its expression has thrown."""
        if self.unknowns.watched[id(node)]:
            leaf = self.each([value], lambda leaf: constant_truth(leaf is NULL))
        else:
            leaf = self.each([value], self._truth_of)
        first = leaf.term if isinstance(leaf, Truth) else terms.FALSE
        reached = terms.all_of(self.alive, self.guard, terms.not_(self.throws))
        self.unknowns.note(id(node), reached, first)

    def note_unknown(self, body: Bound) -> None:
        """Note that every condition in code that is not evaluated may have every outcome."""
        for part in body.walk() if self.unknowns.watched else ():
            if id(part) in self.unknowns.watched:
                self.unknowns.note(id(part), terms.all_of(self.alive, self.guard), self.unknowns.truth("a condition"))

    def _value(self, node: Expression) -> Value:
        constant = node.constant
        if constant is not nodes.NOT_CONSTANT:
            return self.constant(constant, str(node.type))
        try:
            if node.kind not in FUNCTIONS.modules:
                raise Unsupported(f"a C# expression of the kind {node.kind.replace('_', ' ')}")
            found: Value = FUNCTIONS[node.kind](self, node)
        except (Unsupported, TooLarge) as problem:
            if not is_harmless(node):
                raise
            what = str(problem) or "a string with too many cases"
            self.note_unknown(node)
            self.throw(self.unknowns.truth(what))
            return self.unknowns.value(str(node.type), what)
        return found

    def constant(self, value: object, type_: str) -> Value:
        if value is None:
            return NULL
        if isinstance(value, bool):
            return constant_truth(value)
        if isinstance(value, str):
            return constant_number(ord(value), "char") if type_ == "char" and len(value) == 1 else constant_text(value)
        if isinstance(value, int):
            return constant_number(int(value), type_)
        if type(value) is float and type_ in FRACTIONS:
            return constant_fraction(value, type_)
        return self.unknowns.value(
            type_, f"a constant of the type {type_}", ("constant", type_, repr(value)), null=False
        )

    def truth(self, value: Value) -> Term:
        found = self.each([value], self._truth_of)
        return found.term if isinstance(found, Truth) else terms.FALSE

    def _truth_of(self, value: Value) -> Value:
        return value if isinstance(value, Truth) else Truth(self.unknowns.truth("a truth value"))

    # Where something is reached, and where it throws

    def throw(self, condition: Term) -> None:
        self.throws = terms.any_of(self.throws, terms.all_of(self.guard, condition))

    def fail(self) -> Value:
        self.throw(terms.TRUE)
        return NOTHING

    def under(self, condition: Term, evaluate: Callable[[], Value]) -> Value:
        """Evaluate where a condition is true; assignments inside happen there alone."""
        if condition is terms.FALSE:
            return NOTHING
        guard, before = self.guard, self.variables.copy()
        self.guard = terms.all_of(guard, condition)
        try:
            return evaluate()
        finally:
            self.guard = guard
            for symbol, value in list(self.variables.items()):
                old = before.get(symbol)
                if old is not None and old is not value:
                    self.variables[symbol] = merge(condition, value, old)

    def exact_where(self, condition: Term, exact: Value, type_: str, what: str, key: object) -> Value:
        if condition is terms.TRUE:
            return exact
        return merge(condition, exact, self.unknowns.value(type_, what, ("elsewhere", key), null=False))

    def assign(self, symbol: LocalSymbol, value: Value) -> None:
        """Set a variable. Raises Unsupported for one that a lambda reads, perhaps later."""
        if symbol in self.captured or symbol.is_reference or symbol.is_referenced:
            raise Unsupported("a variable that a lambda or a reference sees change")
        self.variables[symbol] = value

    # Alternatives

    def each(self, values: Sequence[Value], form: Callable[..., Value]) -> Value:
        """Apply a form to every combination of alternatives, and merge what comes of them."""
        budget = [MOST_CASES]
        found, thrown = self._each(tuple(values), form, {}, budget)
        self.throw(thrown)
        return found

    def _each(
        self, values: tuple[Value, ...], form: Callable[..., Value], known: dict[Term, bool], budget: list[int]
    ) -> tuple[Value, Term]:
        values = tuple(_decided(value, known) for value in values)
        place = next((index for index, value in enumerate(values) if isinstance(value, Choice)), None)
        if place is None:
            if any(value is NOTHING or value is ABSENT for value in values):
                return NOTHING, terms.FALSE
            budget[0] -= 1
            if budget[0] < 0:
                raise Unsupported("a value with too many cases")
            guard, throws = self.guard, self.throws
            self.guard, self.throws = terms.TRUE, terms.FALSE
            try:
                value = form(*values)
                return value, self.throws
            finally:
                self.guard, self.throws = guard, throws
        chosen = values[place]
        assert isinstance(chosen, Choice)
        parts: list[tuple[Value, Term]] = []
        for outcome, value in ((True, chosen.then), (False, chosen.otherwise)):
            inside = (*values[:place], value, *values[place + 1 :])
            parts.append(self._each(inside, form, {**known, chosen.condition: outcome}, budget))
        (then, thrown), (otherwise, thrown_otherwise) = parts
        return merge(chosen.condition, then, otherwise), terms.choice(chosen.condition, thrown, thrown_otherwise)


def _decided(value: Value, known: dict[Term, bool]) -> Value:
    while isinstance(value, Choice) and value.condition in known:
        value = value.then if known[value.condition] else value.otherwise
    return value


def as_text(value: Value) -> Text:
    if not isinstance(value, Text):
        raise Unsupported("a text of another type")
    return value


def as_number(value: Value) -> Number:
    if not isinstance(value, Number):
        raise Unsupported("a number of another type")
    return value


def constant_of(value: Value) -> str:
    found = value.constant if isinstance(value, Text) else None
    if found is None:
        raise Unsupported("a text that is not constant")
    return found
