"""Statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes.bound import Bound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.binding.nodes.bound import Expression, Placeholder
    from apimpolicy.binding.nodes.operations import Pattern
    from apimpolicy.binding.symbols import LocalFunctionSymbol, LocalSymbol
    from apimpolicy.dotnet.types import NamedType
    from apimpolicy.syntax.nodes import Node, Token


class Statement(Bound):
    """A bound statement."""

    __slots__ = ()


class Block(Statement):
    """`{ … }`; `locals` are the variables declared directly inside."""

    __slots__ = ("locals", "statements")

    def __init__(
        self, syntax: Node | Token, statements: Sequence[Statement], locals_: Sequence[LocalSymbol] = ()
    ) -> None:
        self.syntax = syntax
        self.statements = tuple(statements)
        self.locals = tuple(locals_)


class ExpressionStatement(Statement):
    __slots__ = ("expression",)

    def __init__(self, syntax: Node | Token, expression: Expression) -> None:
        self.syntax = syntax
        self.expression = expression


class LocalDeclaration(Statement):
    """One variable with its value, or without (`value` None)."""

    __slots__ = ("symbol", "value")

    def __init__(self, syntax: Node | Token, symbol: LocalSymbol, value: Expression | None) -> None:
        self.syntax = syntax
        self.symbol = symbol
        self.value = value


class Statements(Statement):
    """Several statements without a scope of their own: the variables of one declaration."""

    __slots__ = ("statements",)

    def __init__(self, syntax: Node | Token, statements: Sequence[Statement]) -> None:
        self.syntax = syntax
        self.statements = tuple(statements)


class UnknownStatement(Statement):
    """Statements that a template puts in later: they may declare, assign, jump and return."""

    __slots__ = ()

    def __init__(self, syntax: Node | Token) -> None:
        self.syntax = syntax


class LocalFunction(Statement):
    __slots__ = ("body", "function")

    def __init__(self, syntax: Node | Token, function: LocalFunctionSymbol, body: Block) -> None:
        self.syntax = syntax
        self.function = function
        self.body = body


class If(Statement):
    __slots__ = ("condition", "otherwise", "then")

    def __init__(
        self, syntax: Node | Token, condition: Expression, then: Statement, otherwise: Statement | None
    ) -> None:
        self.syntax = syntax
        self.condition = condition
        self.then = then
        self.otherwise = otherwise


class Loop(Statement):
    """`while`, `do` and `for`: `initializers`, then (`is_do`: body first) condition, body, `incrementors`."""

    __slots__ = ("body", "condition", "incrementors", "initializers", "is_do", "locals")

    def __init__(
        self,
        syntax: Node | Token,
        condition: Expression | None,
        body: Statement,
        *,
        is_do: bool = False,
        initializers: Sequence[Statement] = (),
        incrementors: Sequence[Expression] = (),
        locals_: Sequence[LocalSymbol] = (),
    ) -> None:
        self.syntax = syntax
        self.initializers = tuple(initializers)
        self.condition = condition
        self.body = body
        self.incrementors = tuple(incrementors)
        self.is_do = is_do
        self.locals = tuple(locals_)


class Foreach(Statement):
    """`element` converts `placeholder`, the iterated value, for the variable; or `deconstruction` takes it apart."""

    __slots__ = ("body", "collection", "deconstruction", "element", "placeholder", "symbol")

    def __init__(
        self,
        syntax: Node | Token,
        collection: Expression,
        placeholder: Placeholder,
        element: Expression,
        symbol: LocalSymbol | None,
        body: Statement,
        deconstruction: Expression | None = None,
    ) -> None:
        self.syntax = syntax
        self.collection = collection
        self.placeholder = placeholder
        self.element = element
        self.symbol = symbol
        self.deconstruction = deconstruction
        self.body = body


class SwitchLabel(Bound):
    """`case pattern when guard:`; pattern None is `default:`."""

    __slots__ = ("guard", "pattern")

    def __init__(self, syntax: Node | Token, pattern: Pattern | None, guard: Expression | None) -> None:
        self.syntax = syntax
        self.pattern = pattern
        self.guard = guard


class SwitchSection(Bound):
    __slots__ = ("labels", "statements")

    def __init__(self, syntax: Node | Token, labels: Sequence[SwitchLabel], statements: Sequence[Statement]) -> None:
        self.syntax = syntax
        self.labels = tuple(labels)
        self.statements = tuple(statements)


class Switch(Statement):
    __slots__ = ("locals", "sections", "value")

    def __init__(
        self,
        syntax: Node | Token,
        value: Expression,
        sections: Sequence[SwitchSection],
        locals_: Sequence[LocalSymbol] = (),
    ) -> None:
        self.syntax = syntax
        self.value = value
        self.sections = tuple(sections)
        self.locals = tuple(locals_)


class Return(Statement):
    __slots__ = ("value",)

    def __init__(self, syntax: Node | Token, value: Expression | None) -> None:
        self.syntax = syntax
        self.value = value


class Throw(Statement):
    """`throw e;`, or `throw;` in a catch clause (exception None)."""

    __slots__ = ("exception",)

    def __init__(self, syntax: Node | Token, exception: Expression | None) -> None:
        self.syntax = syntax
        self.exception = exception


class Break(Statement):
    __slots__ = ()

    def __init__(self, syntax: Node | Token) -> None:
        self.syntax = syntax


class Continue(Statement):
    __slots__ = ()

    def __init__(self, syntax: Node | Token) -> None:
        self.syntax = syntax


class Goto(Statement):
    """`goto label;` (label set), `goto case value;` (value set), or `goto default;`."""

    __slots__ = ("label", "value")

    def __init__(self, syntax: Node | Token, label: str | None, value: Expression | None) -> None:
        self.syntax = syntax
        self.label = label
        self.value = value


class Labeled(Statement):
    __slots__ = ("label", "statement")

    def __init__(self, syntax: Node | Token, label: str, statement: Statement) -> None:
        self.syntax = syntax
        self.label = label
        self.statement = statement


class Catch(Bound):
    """`catch (T symbol) when (filter) body`; `target` None catches everything."""

    __slots__ = ("body", "filter", "symbol", "target")

    def __init__(
        self,
        syntax: Node | Token,
        target: NamedType | None,
        symbol: LocalSymbol | None,
        filter: Expression | None,
        body: Block,
    ) -> None:
        self.syntax = syntax
        self.target = target
        self.symbol = symbol
        self.filter = filter
        self.body = body


class Try(Statement):
    __slots__ = ("body", "catches", "finally_body")

    def __init__(self, syntax: Node | Token, body: Block, catches: Sequence[Catch], finally_body: Block | None) -> None:
        self.syntax = syntax
        self.body = body
        self.catches = tuple(catches)
        self.finally_body = finally_body


class Using(Statement):
    """`using (…) body`: the resources are declared by `declarations` or given by `resource`."""

    __slots__ = ("body", "declarations", "resource")

    def __init__(
        self,
        syntax: Node | Token,
        declarations: Sequence[LocalDeclaration],
        resource: Expression | None,
        body: Statement,
    ) -> None:
        self.syntax = syntax
        self.declarations = tuple(declarations)
        self.resource = resource
        self.body = body


class Lock(Statement):
    __slots__ = ("body", "target")

    def __init__(self, syntax: Node | Token, target: Expression, body: Statement) -> None:
        self.syntax = syntax
        self.target = target
        self.body = body


class Empty(Statement):
    __slots__ = ()

    def __init__(self, syntax: Node | Token) -> None:
        self.syntax = syntax


class Yield(Statement):
    """`yield return value;`, or `yield break;` without a value."""

    __slots__ = ("value",)

    def __init__(self, syntax: Node | Token, value: Expression | None) -> None:
        self.syntax = syntax
        self.value = value
