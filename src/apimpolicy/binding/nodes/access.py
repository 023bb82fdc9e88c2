"""Names, members and calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding.nodes.bound import Expression

if TYPE_CHECKING:
    from apimpolicy.binding.nodes.bound import Placeholder
    from apimpolicy.binding.symbols import LocalFunctionSymbol, LocalSymbol
    from apimpolicy.dotnet.signatures import Field, Method, Property
    from apimpolicy.dotnet.types import Type
    from apimpolicy.syntax.nodes import Node, Token


class Literal(Expression):
    """A constant: a literal, `nameof`, or the result of folding."""

    constant: Any


class UnknownText(Expression):
    """A string literal with a hole in it: text of which a template puts in a part later."""


class Bad(Expression):
    """An expression that was reported, or that is unknown: everything accepts it silently.

    Its type is `types.ERROR`, or what the expression has in any case: `int` for `int.Parse(unknown)`.
    """


class Local(Expression):
    """A local variable, a parameter, a range variable, or `context`."""

    symbol: LocalSymbol

    def __init__(self, syntax: Node | Token, symbol: LocalSymbol) -> None:
        super().__init__(syntax, symbol.type, constant=symbol.constant)
        self.symbol = symbol


class TypeReference(Expression):
    """A type where an expression may stand: the receiver of a static member. `type` is the type itself."""


class NamespaceReference(Expression):
    """A namespace as the receiver of a longer name."""

    name: str


class MethodGroup(Expression):
    """A name that denotes methods, before it is called or converted to a delegate.

    `methods` are instance and static methods by nearness; `extensions` are tried when none of them applies.
    `hides_value`: the type has a property or field of this name, which a call passes over.
    """

    name: str
    receiver: Expression | None
    methods: tuple[Method, ...]
    extensions: tuple[Method, ...]
    type_arguments: tuple[Type, ...]
    function: LocalFunctionSymbol | None = None
    hides_value: bool = False


class FieldAccess(Expression):
    """A field, or an enum member. `receiver` is None when static."""

    receiver: Expression | None
    field: Field


class PropertyAccess(Expression):
    """A property; `receiver` is None when static."""

    receiver: Expression | None
    property: Property


class IndexerAccess(Expression):
    """`receiver[arguments]` through an indexer."""

    receiver: Expression
    property: Property
    arguments: tuple[Expression, ...]


class ArrayAccess(Expression):
    """`array[indexes]`."""

    array: Expression
    indexes: tuple[Expression, ...]


class TupleElement(Expression):
    """`tuple.Item2`, or the element by its name; `index` counts from 0."""

    receiver: Expression
    index: int


class AnonymousMember(Expression):
    """A property of an anonymous object; `index` counts from 0."""

    receiver: Expression
    index: int


class Call(Expression):
    """A call of a method or operator. Arguments are in parameter order, converted, with defaults and params arrays.

    For an extension method the receiver is the first argument. `type_arguments` are those of the method. An out or
    ref argument is an `OutVariable` or an assignable expression. `is_base_only` does not occur here.
    """

    receiver: Expression | None
    method: Method
    arguments: tuple[Expression, ...]
    type_arguments: tuple[Type, ...] = ()


class DelegateCall(Expression):
    """A call of a delegate value, or of a local function (`target` is then a Local of its symbol)."""

    target: Expression
    arguments: tuple[Expression, ...]
    modes: tuple[str, ...] = ()


class OutVariable(Expression):
    """`out var x` as an argument: declares the symbol; the symbol is None for a discard `out _`."""

    symbol: LocalSymbol | None


class ConditionalAccess(Expression):
    """`receiver?.access`: `access` is over `placeholder`; skipped, with value null, when receiver is null."""

    receiver: Expression
    placeholder: Placeholder
    access: Expression


class Reference(Expression):
    """`ref target`: a reference to a variable, whose type is the type of the variable."""

    target: Expression


class Dereference(Expression):
    """The variable that a reference refers to: what a call that returns by reference stands for."""

    reference: Expression


class Redirection(Expression):
    """`name = ref variable`: from here on a ref local is another name for this variable."""

    variable: LocalSymbol
    reference: Expression


class Dynamic(Expression):
    """An operation whose meaning is found when it runs, from the types of the values (section 12.3.3).

    `operation` is `member`, `index`, `invoke`, `invoke_member`, `call`, `new`, `binary`, `unary` or `convert`.
    `operands` holds the receiver, if there is one, and the arguments; `detail` the member's name token, the operator,
    the static method group, or whether a conversion is explicit; `arguments` the arguments as written, whose values are
    the last operands.
    """

    operation: str
    operands: tuple[Expression, ...]
    detail: Any = None
    arguments: tuple[Any, ...] = ()
