"""The bound tree: what the binder makes of a syntax tree. Every expression has a .NET type; every name is resolved.

The emitter (`apimpolicy.csharp.emit`) has one function per class here, the checks look at the same classes. `syntax` is
the node of the source that an expression came from; its offsets are the positions that people see.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from apimpolicy.records import Record, keyword

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.symbols import LocalFunctionSymbol, LocalSymbol
    from apimpolicy.csharp.binding.type_relations import Conversion
    from apimpolicy.csharp.dotnet.signatures import Field, Method, Property
    from apimpolicy.csharp.dotnet.types import AnonymousType, ArrayType, NamedType, Type
    from apimpolicy.csharp.syntax.nodes import Node, Token


class _NotConstant:
    def __repr__(self) -> str:
        return "NOT_CONSTANT"


NOT_CONSTANT: Final = _NotConstant()


_NO_NODES: Final = ("syntax", "type", "constant")
_below: dict[type, tuple[str, ...]] = {}
"""The fields of each class of bound nodes that may hold others."""


class Bound(Record):
    """Any bound node. Fields are declared in order of evaluation."""

    kind = "bound"
    """The name of the class as functions have it (`field_access`): by it, the function for a node is found."""

    syntax: Node | Token

    def __init_subclass__(cls) -> None:
        if "kind" not in cls.__dict__:
            cls.kind = "".join("_" + letter.lower() if letter.isupper() else letter for letter in cls.__name__)[1:]

    def children(self) -> list[Bound]:
        """Return the bound nodes directly below this one, in order of evaluation."""
        cls = type(self)
        fields = _below.get(cls)
        if fields is None:
            fields = _below[cls] = tuple(field for field in cls._fields if field not in _NO_NODES)
        below: list[Bound] = []
        for field in fields:
            value = getattr(self, field)
            if isinstance(value, Bound):
                below.append(value)
            elif isinstance(value, (tuple, list)):
                below.extend([item for item in value if isinstance(item, Bound)])
        return below

    def walk(self) -> Iterator[Bound]:
        """Yield this node and every node below it, parents first, in the order of the text."""
        waiting: list[Bound] = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children()))


class Expression(Bound):
    """A bound expression. `constant` is its value when the compiler knows it, else NOT_CONSTANT."""

    type: Type
    constant: Any = keyword(default=NOT_CONSTANT, kw_only=True)

    @property
    def is_constant(self) -> bool:
        return self.constant is not NOT_CONSTANT


class Placeholder(Expression):
    """A value that the surrounding node computed: the receiver of `?.`, the object under initialisation."""


# ---------------------------------------------------------------------------- names, members and calls


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


class TupleRest(Expression):
    """`tuple.Rest`: the elements from the eighth on, as a tuple."""

    receiver: Expression


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
    """The variable that a reference refers to, such as one that a call returns by reference."""

    reference: Expression


class Redirection(Expression):
    """`name = ref variable`: from here on a ref local is another name for this variable."""

    variable: LocalSymbol
    reference: Expression


class ObjectCreation(Expression):
    """`new T(arguments) { initializers }`; `constructor` is None for the default value of a struct."""

    constructor: Method | None
    arguments: tuple[Expression, ...]
    initializers: tuple[Initializer, ...] = ()


class Initializer(Bound):
    """One step of an object or collection initialiser, done on `placeholder`, the new object.

    `action` is an expression over the placeholder (a call of Add, an assignment); `nested` are the steps of
    `Name = { … }`, done on the value of `action`.
    """

    placeholder: Placeholder
    action: Expression
    nested: tuple[Initializer, ...] = ()


class ArrayCreation(Expression):
    """`new T[sizes]` or an array from `items` (nested tuples of items for rectangular arrays)."""

    type: ArrayType
    sizes: tuple[Expression, ...]
    items: tuple[Expression, ...] | None


class AnonymousCreation(Expression):
    """`new { A = …, B = … }`."""

    type: AnonymousType
    values: tuple[Expression, ...]


class TupleCreation(Expression):
    """`(a, b)`. While untyped elements (null, lambdas) wait for a target, `type` is `types.ERROR`-free but special."""

    elements: tuple[Expression, ...]
    names: tuple[str | None, ...]


class Lambda(Expression):
    """A lambda bound to a delegate type; `body` is an expression or a Block. An async one returns a task of it."""

    parameters: tuple[LocalSymbol, ...]
    body: Expression | Block
    return_type: Type
    is_async: bool = False


class MethodReference(Expression):
    """A method group converted to a delegate."""

    receiver: Expression | None
    method: Method
    type_arguments: tuple[Type, ...]


class DefaultValue(Expression):
    """`default(T)`, `default`, and the value of `new S()` for a struct without that constructor."""


class TypeOf(Expression):
    """`typeof(T)`."""

    target: Type


class Interpolation(Bound):
    """One `{value,alignment:format}` of an interpolated string."""

    value: Expression
    alignment: int | None
    format: str | None


class InterpolatedString(Expression):
    """`$"…"`: texts (str) and `Interpolation`s in order."""

    parts: tuple[str | Interpolation, ...]


# ------------------------------------------------------- conversions, operators, tests and assignments


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


# ------------------------------------------------------------------------------------------ statements


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

    @property
    def constants(self) -> list[Any]:
        values = (each.pattern.value for each in self.labels if each.pattern is not None)
        return [each.constant for each in values if each is not None and each.is_constant]


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


def is_constant_text(expression: Expression) -> bool:
    """Return whether an interpolated string is a constant since C# 10: it has constant texts alone."""
    if not isinstance(expression, InterpolatedString):
        return expression.is_constant
    return all(isinstance(part, str) or _is_plain_text(part) for part in expression.parts)


def _is_plain_text(part: Interpolation) -> bool:
    value = part.value.operand if isinstance(part.value, Convert) else part.value
    return part.alignment is None and not part.format and isinstance(value.constant, str)


def is_interpolated(expression: Expression) -> bool:
    return isinstance(expression, InterpolatedString) or (
        isinstance(expression, Literal) and getattr(expression.syntax, "kind", "") == "interpolated_string"
    )
