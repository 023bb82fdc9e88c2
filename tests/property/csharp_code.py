"""Writes C# that is well-typed by construction: asked for a type, gives an expression of exactly it.

What is written is decided by `pick(n)`, a number below n: a hypothesis draw, so that failures shrink (0 is always the
plainest choice). An expression that may be a constant says so, since the compiler computes constants, and a constant
that overflows or divides by zero is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from csharp_types import COMPARISON, DATE, DAY, LEAVES, NUMBERS, ROOTS, narrower, spelled

from apimpolicy.csharp.binding.type_relations import INTEGRAL_RANGES
from apimpolicy.csharp.dotnet.metadata import parse
from apimpolicy.csharp.dotnet.types import ArrayType, NamedType, TupleType, Type
from apimpolicy.csharp.dotnet.values import BOOL, CHAR, DOUBLE, INT, LONG, STRING, UINT, ULONG

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


_T = TypeVar("_T")

PRIMARY, UNARY, TIMES, PLUS, SHIFT, RELATION, EQUALITY, AND, XOR, OR, BOTH, EITHER, COALESCE, CONDITION, ANY = range(
    15, 0, -1
)
"""How tightly an expression holds together, as the grammar has it."""

PROMOTED = (INT, LONG, UINT, ULONG)
TYPE = parse("System.Type")
TESTED_TYPES: tuple[Type, ...] = (INT, STRING, BOOL, DOUBLE, DATE, DAY, parse("int[]"), parse("System.Exception"))


class Code(NamedTuple):
    """`level` is one of the levels above; `is_constant` says that the compiler may compute it."""

    text: str
    level: int = PRIMARY
    is_constant: bool = False

    def at(self, level: int) -> str:
        """The text as an operand that must hold together this tightly."""
        return self.text if self.level >= level else f"({self.text})"


class Variable(NamedTuple):
    """`is_constant`: a `const`; `can_be_captured` is false for ref and out parameters."""

    name: str
    type: Type
    is_assignable: bool = True
    is_constant: bool = False
    can_be_captured: bool = True


class CodeWriter:
    """`room` bounds the size: every expression with parts uses some, and without any only leaves are written."""

    forms: tuple[str, ...] = ("form_leaf",)
    """The methods that write an expression of a type, or None when they cannot; often is what occurs often."""

    def __init__(self, pick: Callable[[int], int], room: int = 30) -> None:
        self.pick = pick
        self.room = room
        self.variables: list[Variable] = []
        self.hides_constants = False
        """Whether literals are written so that the compiler does not know their values."""
        self.may_declare = True
        """Whether `out var x` and `is T x` may stand here: not in query clauses."""
        self._number = 0

    # ------------------------------------------------------------------------------------------------ choices

    def one_of(self, choices: Sequence[_T]) -> _T:
        return choices[self.pick(len(choices))] if len(choices) > 1 else choices[0]

    def chance(self, percent: int) -> bool:
        """False is the plain choice."""
        return self.pick(100) >= 100 - percent

    def fresh(self) -> str:
        self._number += 1
        return f"v{self._number}"

    def some_type(self) -> Type:
        """Mostly one of the first: small numbers are small types."""
        return ROOTS[min(self.pick(len(ROOTS)), self.pick(len(ROOTS)))]

    # ------------------------------------------------------------------------------------------------ entries

    def exactly(self, type_: Type, depth: int = 4) -> Code:
        """An expression whose static type is this one."""
        if depth <= 0 or self.room <= 0:
            return self.leaf(type_)
        self.room -= 1
        for _ in range(3):
            form = self.one_of(self.forms)
            found: Code | None = getattr(self, form)(type_, depth - 1)
            if found is not None:
                return found
        return self.leaf(type_)

    def converting(self, type_: Type, depth: int) -> Code:
        """An expression that converts to the type without a cast: for places that have it as their target."""
        kind = self.pick(8)
        if kind == 1 and narrower(type_):
            return self.exactly(self.one_of(narrower(type_)), depth)
        if kind == 2 and (not type_.is_value_type or type_.underlying is not None):
            return Code("null")
        if kind == 3:
            return Code("default")
        if kind == 4 and INTEGRAL_RANGES.get(type_, (1,))[-1] >= 0 and type_ in INTEGRAL_RANGES and type_ is not CHAR:
            return Code(str(self.pick(100)), PRIMARY, True)
        if kind == 5 and depth > 0 and isinstance(type_, TupleType):
            parts = (
                self.name_prefix(name) + self.converting(t, depth - 1).text
                for t, name in zip(type_.arguments, type_.names, strict=True)
            )
            return Code(f"({', '.join(parts)})")
        if isinstance(type_, NamedType) and type_.kind == "delegate":
            return self.bare_lambda(type_, depth) or self.exactly(type_, depth)
        return self.exactly(type_, depth)

    def name_prefix(self, name: str | None) -> str:
        return f"{name}: " if name is not None and self.chance(40) else ""

    def leaf(self, type_: Type) -> Code:
        made = self.plain_leaf(type_)
        if not (self.hides_constants and made.is_constant):
            return made
        # Still called a constant, so that what is written around it is the same.
        return Code(f"new[] {{ {made.text} }}[0]", PRIMARY, True)

    def plain_leaf(self, type_: Type) -> Code:
        fitting = [v for v in self.variables if v.type is type_]
        if fitting and not self.chance(25):
            variable = self.one_of(fitting[::-1])
            return Code(variable.name, PRIMARY, variable.is_constant)
        known = LEAVES.get(type_)
        if known and not self.chance(5):
            text = self.one_of(known)
            is_plain = not any(c in text for c in "() -") or text.startswith('"')
            is_constant = type_ in NUMBERS or type_ in (BOOL, STRING, DAY, COMPARISON) or "null" in text
            if text.startswith("context"):
                return Code(text)
            return Code(text, PRIMARY if is_plain or (text.endswith(")") and text[0].isalpha()) else UNARY, is_constant)
        made = self.small(type_) if not self.chance(10) else None
        return made or Code(f"default({spelled(type_)})", PRIMARY, True)

    def small(self, type_: Type) -> Code | None:
        """Something that is neither null nor the default, for types made of others."""
        if isinstance(type_, ArrayType):
            return Code(f"new {spelled(type_)} {{ {self.leaf(type_.element).text} }}") if type_.rank == 1 else None
        if not isinstance(type_, NamedType):
            return None
        if isinstance(type_, TupleType):
            names = [f"{name}: " if name else "" for name in type_.names]
            values = [self.leaf(t).at(UNARY) for t in type_.arguments]
            return Code(f"({', '.join(n + f'({v})' for n, v in zip(names, values, strict=True))})")
        if type_.underlying is not None:
            return Code(f"({spelled(type_)})({self.leaf(type_.underlying).text})", UNARY)
        if type_.kind == "delegate":
            return self.made_delegate(type_, 0)
        generic = type_.name.rpartition(".")[2]
        if generic == "IEnumerable" and type_.arguments:
            item = type_.arguments[0]
            return Code(f"Enumerable.Repeat<{spelled(item)}>({self.leaf(item).text}, 2)")
        if generic in ("List", "HashSet") and len(type_.arguments) == 1:
            return Code(f"new {spelled(type_)} {{ {self.leaf(type_.arguments[0]).at(CONDITION)} }}")
        if generic == "Dictionary" and type_.arguments:
            key, value = (self.leaf(t).at(CONDITION) for t in type_.arguments)
            return Code(f"new {spelled(type_)} {{ {{ {key}, {value} }} }}")
        return None

    def variable_number(self, code: Code) -> Code:
        """The same value, not known to the compiler."""
        return code if not code.is_constant else Code(f"new[] {{ {code.text} }}[0]")

    def form_leaf(self, type_: Type, depth: int) -> Code:
        return self.leaf(type_)

    def made_delegate(self, type_: NamedType, depth: int) -> Code:
        """A delegate of exactly this type."""
        raise NotImplementedError

    def bare_lambda(self, type_: NamedType, depth: int, *, is_inferred: bool = False) -> Code | None:
        """A lambda for a delegate type; its results are of exactly the type that the delegate returns if need be."""
        raise NotImplementedError

    def query(self, type_: Type, depth: int) -> Code:
        """A query expression of type IEnumerable<type_>."""
        raise NotImplementedError
