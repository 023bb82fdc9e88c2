"""Statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes.bound import Bound

if TYPE_CHECKING:
    from apimpolicy.binding.nodes.bound import Expression, Placeholder
    from apimpolicy.binding.nodes.operations import Pattern
    from apimpolicy.binding.symbols import LocalFunctionSymbol, LocalSymbol
    from apimpolicy.dotnet.types import NamedType


class Statement(Bound):
    """A bound statement."""


class Block(Statement):
    """`{ … }`; `locals` are the variables declared directly inside."""

    statements: tuple[Statement, ...]
    locals: tuple[LocalSymbol, ...] = ()


class ExpressionStatement(Statement):
    expression: Expression


class LocalDeclaration(Statement):
    """One variable with its value, or without (`value` None)."""

    symbol: LocalSymbol
    value: Expression | None


class Statements(Statement):
    """Several statements without a scope of their own: the variables of one declaration."""

    statements: tuple[Statement, ...]


class UnknownStatement(Statement):
    """Statements that a template puts in later: they may declare, assign, jump and return."""


class LocalFunction(Statement):
    function: LocalFunctionSymbol
    body: Block


class If(Statement):
    condition: Expression
    then: Statement
    otherwise: Statement | None


class Loop(Statement):
    """`while`, `do` and `for`: `initializers`, then (`is_do`: body first) condition, body, `incrementors`."""

    initializers: tuple[Statement, ...]
    condition: Expression | None
    body: Statement
    incrementors: tuple[Expression, ...] = ()
    is_do: bool = False
    locals: tuple[LocalSymbol, ...] = ()


class Foreach(Statement):
    """`element` converts `placeholder`, the iterated value, for the variable; or `deconstruction` takes it apart."""

    collection: Expression
    placeholder: Placeholder
    element: Expression
    deconstruction: Expression | None
    symbol: LocalSymbol | None
    body: Statement


class SwitchLabel(Bound):
    """`case pattern when guard:`; pattern None is `default:`."""

    pattern: Pattern | None
    guard: Expression | None


class SwitchSection(Bound):
    labels: tuple[SwitchLabel, ...]
    statements: tuple[Statement, ...]


class Switch(Statement):
    value: Expression
    sections: tuple[SwitchSection, ...]
    locals: tuple[LocalSymbol, ...] = ()


class Return(Statement):
    value: Expression | None


class Throw(Statement):
    """`throw e;`, or `throw;` in a catch clause (exception None)."""

    exception: Expression | None


class Break(Statement):
    pass


class Continue(Statement):
    pass


class Goto(Statement):
    """`goto label;` (label set), `goto case value;` (value set), or `goto default;`."""

    label: str | None
    value: Expression | None


class Labeled(Statement):
    label: str
    statement: Statement


class Catch(Bound):
    """`catch (T symbol) when (filter) body`; `target` None catches everything."""

    target: NamedType | None
    symbol: LocalSymbol | None
    filter: Expression | None
    body: Block


class Try(Statement):
    body: Block
    catches: tuple[Catch, ...]
    finally_body: Block | None


class Using(Statement):
    """`using (…) body`: the resources are declared by `declarations` or given by `resource`."""

    declarations: tuple[LocalDeclaration, ...]
    resource: Expression | None
    body: Statement


class Lock(Statement):
    target: Expression
    body: Statement


class Empty(Statement):
    pass


class Yield(Statement):
    """`yield return value;`, or `yield break;` without a value."""

    value: Expression | None
