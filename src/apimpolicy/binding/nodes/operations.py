"""Conversions, operators, tests and assignments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding.nodes.bound import NOT_CONSTANT, Bound, Expression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.binding.conversions import Conversion
    from apimpolicy.binding.nodes.bound import Placeholder
    from apimpolicy.binding.symbols import LocalSymbol
    from apimpolicy.dotnet.signatures import Method
    from apimpolicy.dotnet.types import Type
    from apimpolicy.syntax.nodes import Node, Token


class Convert(Expression):
    """A conversion, written or implied; `is_checked` matters for explicit numeric ones."""

    __slots__ = ("conversion", "is_checked", "is_explicit", "operand")

    def __init__(
        self,
        syntax: Node | Token,
        type_: Type,
        operand: Expression,
        conversion: Conversion,
        *,
        is_explicit: bool = False,
        is_checked: bool = False,
        constant: Any = NOT_CONSTANT,
    ) -> None:
        super().__init__(syntax, type_, constant)
        self.operand = operand
        self.conversion = conversion
        self.is_explicit = is_explicit
        self.is_checked = is_checked


class Unary(Expression):
    """`- + ~ !` on predefined types; `operand_type` is the promoted type, `is_lifted` when operands are nullable."""

    __slots__ = ("is_checked", "is_lifted", "operand", "operand_type", "operator")

    def __init__(
        self,
        syntax: Node | Token,
        type_: Type,
        operator: str,
        operand: Expression,
        operand_type: Type,
        *,
        is_lifted: bool = False,
        is_checked: bool = False,
        constant: Any = NOT_CONSTANT,
    ) -> None:
        super().__init__(syntax, type_, constant)
        self.operator = operator
        self.operand = operand
        self.operand_type = operand_type
        self.is_lifted = is_lifted
        self.is_checked = is_checked


class Binary(Expression):
    """A predefined binary operator over operands of `operand_type` (`object` for reference equality).

    `string` with `+` is concatenation; `bool` with `&`, `|`, `^` is logical; `method` is a user-defined one.
    """

    __slots__ = ("is_checked", "is_lifted", "left", "method", "operand_type", "operator", "right")

    def __init__(
        self,
        syntax: Node | Token,
        type_: Type,
        operator: str,
        left: Expression,
        right: Expression,
        operand_type: Type,
        *,
        is_lifted: bool = False,
        is_checked: bool = False,
        method: Method | None = None,
        constant: Any = NOT_CONSTANT,
    ) -> None:
        super().__init__(syntax, type_, constant)
        self.operator = operator
        self.left = left
        self.right = right
        self.operand_type = operand_type
        self.is_lifted = is_lifted
        self.is_checked = is_checked
        self.method = method


class Logical(Expression):
    """`&&` and `||` on bool."""

    __slots__ = ("left", "operator", "right")

    def __init__(
        self,
        syntax: Node | Token,
        type_: Type,
        operator: str,
        left: Expression,
        right: Expression,
        constant: Any = NOT_CONSTANT,
    ) -> None:
        super().__init__(syntax, type_, constant)
        self.operator = operator
        self.left = left
        self.right = right


class Conditional(Expression):
    """`condition ? when_true : when_false`."""

    __slots__ = ("condition", "when_false", "when_true")

    def __init__(
        self,
        syntax: Node | Token,
        type_: Type,
        condition: Expression,
        when_true: Expression,
        when_false: Expression,
        constant: Any = NOT_CONSTANT,
    ) -> None:
        super().__init__(syntax, type_, constant)
        self.condition = condition
        self.when_true = when_true
        self.when_false = when_false


class Coalesce(Expression):
    """`left ?? right`; `conversion` takes the left value, when it is not null, to the result's type."""

    __slots__ = ("left", "placeholder", "right", "value")

    def __init__(
        self,
        syntax: Node | Token,
        type_: Type,
        left: Expression,
        placeholder: Placeholder,
        value: Expression,
        right: Expression,
    ) -> None:
        super().__init__(syntax, type_)
        self.left = left
        self.placeholder = placeholder
        self.value = value
        self.right = right


class IsType(Expression):
    """`operand is T`."""

    __slots__ = ("operand", "target")

    def __init__(
        self, syntax: Node | Token, type_: Type, operand: Expression, target: Type, constant: Any = NOT_CONSTANT
    ) -> None:
        super().__init__(syntax, type_, constant)
        self.operand = operand
        self.target = target


class AsType(Expression):
    """`operand as T`; `type` is the target."""

    __slots__ = ("operand",)

    def __init__(self, syntax: Node | Token, type_: Type, operand: Expression) -> None:
        super().__init__(syntax, type_)
        self.operand = operand


class IsPattern(Expression):
    """`operand is pattern`."""

    __slots__ = ("operand", "pattern")

    def __init__(self, syntax: Node | Token, type_: Type, operand: Expression, pattern: Pattern) -> None:
        super().__init__(syntax, type_)
        self.operand = operand
        self.pattern = pattern


class Pattern(Bound):
    """`T x`, `var x` (target None: matches null too), or a constant."""

    __slots__ = ("symbol", "target", "value")

    def __init__(
        self,
        syntax: Node | Token,
        target: Type | None,
        symbol: LocalSymbol | None,
        value: Expression | None = None,
    ) -> None:
        self.syntax = syntax
        self.target = target
        self.symbol = symbol
        self.value = value


class Assignment(Expression):
    """`target = value`; targets are Local, PropertyAccess, IndexerAccess, FieldAccess, ArrayAccess, TupleElement."""

    __slots__ = ("target", "value")

    def __init__(self, syntax: Node | Token, type_: Type, target: Expression, value: Expression) -> None:
        super().__init__(syntax, type_)
        self.target = target
        self.value = value


class CompoundAssignment(Expression):
    """`target op= value`: `result` is an expression over `placeholder` (the old value), already converted back.

    `is_postfix`: the expression's value is the old one (`x++`).
    """

    __slots__ = ("is_postfix", "placeholder", "result", "target")

    def __init__(
        self,
        syntax: Node | Token,
        type_: Type,
        target: Expression,
        placeholder: Placeholder,
        result: Expression,
        *,
        is_postfix: bool = False,
    ) -> None:
        super().__init__(syntax, type_)
        self.target = target
        self.placeholder = placeholder
        self.result = result
        self.is_postfix = is_postfix


class Deconstruction(Expression):
    """`(a, b) = value` over a tuple (or a type with Deconstruct): each target is assigned its element, converted.

    `elements[i]` is an expression over `placeholders[i]`; targets nest as tuples of targets.
    """

    __slots__ = ("elements", "placeholders", "targets", "value")

    def __init__(
        self,
        syntax: Node | Token,
        type_: Type,
        targets: Sequence[Expression | None],
        placeholders: Sequence[Placeholder],
        elements: Sequence[Expression],
        value: Expression,
    ) -> None:
        super().__init__(syntax, type_)
        self.targets = tuple(targets)
        self.placeholders = tuple(placeholders)
        self.elements = tuple(elements)
        self.value = value


class DeconstructCall(Expression):
    """`receiver.Deconstruct(out …)` in a deconstruction; the value is the tuple of what came out."""

    __slots__ = ("method", "receiver")

    def __init__(self, syntax: Node | Token, type_: Type, receiver: Expression, method: Method) -> None:
        super().__init__(syntax, type_)
        self.receiver = receiver
        self.method = method


class ThrowExpression(Expression):
    """`throw e` where an expression may stand."""

    __slots__ = ("exception",)

    def __init__(self, syntax: Node | Token, type_: Type, exception: Expression) -> None:
        super().__init__(syntax, type_)
        self.exception = exception
