"""Conversions, operators, tests and assignments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes.bound import Bound, Expression

if TYPE_CHECKING:
    from apimpolicy.binding.conversions import Conversion
    from apimpolicy.binding.nodes.bound import Placeholder
    from apimpolicy.binding.symbols import LocalSymbol
    from apimpolicy.dotnet.signatures import Method
    from apimpolicy.dotnet.types import Type


class Convert(Expression):
    """A conversion, written or implied; `is_checked` matters for explicit numeric ones."""

    operand: Expression
    conversion: Conversion
    is_explicit: bool = False
    is_checked: bool = False


class Unary(Expression):
    """`- + ~ !` on predefined types; `operand_type` is the promoted type, `is_lifted` when operands are nullable."""

    operator: str
    operand: Expression
    operand_type: Type
    is_lifted: bool = False
    is_checked: bool = False


class Binary(Expression):
    """A predefined binary operator over operands of `operand_type` (`object` for reference equality).

    `string` with `+` is concatenation; `bool` with `&`, `|`, `^` is logical; `method` is a user-defined one.
    """

    operator: str
    left: Expression
    right: Expression
    operand_type: Type
    is_lifted: bool = False
    is_checked: bool = False
    method: Method | None = None


class Logical(Expression):
    """`&&` and `||` on bool."""

    operator: str
    left: Expression
    right: Expression


class Conditional(Expression):
    """`condition ? when_true : when_false`."""

    condition: Expression
    when_true: Expression
    when_false: Expression


class Coalesce(Expression):
    """`left ?? right`; `conversion` takes the left value, when it is not null, to the result's type."""

    left: Expression
    placeholder: Placeholder
    value: Expression
    right: Expression


class IsType(Expression):
    """`operand is T`."""

    operand: Expression
    target: Type


class AsType(Expression):
    """`operand as T`; `type` is the target."""

    operand: Expression


class IsPattern(Expression):
    """`operand is pattern`."""

    operand: Expression
    pattern: Pattern


class Pattern(Bound):
    """`T x`, `var x` (target None: matches null too), or a constant."""

    target: Type | None
    symbol: LocalSymbol | None
    value: Expression | None = None


class Assignment(Expression):
    """`target = value`; targets are Local, PropertyAccess, IndexerAccess, FieldAccess, ArrayAccess, TupleElement."""

    target: Expression
    value: Expression


class CompoundAssignment(Expression):
    """`target op= value`: `result` is an expression over `placeholder` (the old value), already converted back.

    `is_postfix`: the expression's value is the old one (`x++`).
    """

    target: Expression
    placeholder: Placeholder
    result: Expression
    is_postfix: bool = False


class Deconstruction(Expression):
    """`(a, b) = value` over a tuple (or a type with Deconstruct): each target is assigned its element, converted.

    `elements[i]` is an expression over `placeholders[i]`; targets nest as tuples of targets.
    """

    value: Expression
    placeholders: tuple[Placeholder, ...]
    elements: tuple[Expression, ...]
    targets: tuple[Expression | None, ...]


class DeconstructCall(Expression):
    """`receiver.Deconstruct(out …)` in a deconstruction; the value is the tuple of what came out."""

    receiver: Expression
    method: Method


class ThrowExpression(Expression):
    """`throw e` where an expression may stand."""

    exception: Expression
