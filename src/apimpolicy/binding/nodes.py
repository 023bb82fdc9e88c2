"""The bound tree: what the binder makes of a syntax tree. Every expression has a .NET type; every name is resolved.

The emitter (`apimpolicy.emit`) has one method per class here, the checks look at the same classes. `syntax` is the node
of the source that an expression came from; its offsets are the positions that people see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apimpolicy.binding.conversions import Conversion
    from apimpolicy.binding.symbols import LocalFunctionSymbol, LocalSymbol
    from apimpolicy.dotnet.signatures import Field, Method, Property
    from apimpolicy.dotnet.types import AnonymousType, ArrayType, NamedType, Type
    from apimpolicy.syntax.nodes import Node, Token


class _NotConstant:
    def __repr__(self) -> str:
        return "NOT_CONSTANT"


NOT_CONSTANT: Final = _NotConstant()


class Bound:
    """Any bound node."""

    __slots__ = ("syntax",)

    syntax: Node | Token

    def children(self) -> Iterator[Bound]:
        """The bound nodes directly below this one, in order of evaluation."""
        for cls in type(self).__mro__:
            for slot in getattr(cls, "__slots__", ()):
                value = getattr(self, slot, None)
                if isinstance(value, Bound):
                    yield value
                elif isinstance(value, (tuple, list)):
                    for item in value:
                        if isinstance(item, Bound):
                            yield item


class Expression(Bound):
    """A bound expression. `constant` is its value when the compiler knows it, else NOT_CONSTANT."""

    __slots__ = ("constant", "type")

    def __init__(self, syntax: Node | Token, type_: Type, constant: Any = NOT_CONSTANT) -> None:
        self.syntax = syntax
        self.type = type_
        self.constant = constant

    @property
    def is_constant(self) -> bool:
        return self.constant is not NOT_CONSTANT


class Literal(Expression):
    """A constant: a literal, `nameof`, or the result of folding."""

    __slots__ = ()


class Bad(Expression):
    """An expression that was reported; its type is `types.ERROR` and everything accepts it silently."""

    __slots__ = ()


class Local(Expression):
    """A local variable, a parameter, a range variable, or `context`."""

    __slots__ = ("symbol",)

    def __init__(self, syntax: Node | Token, symbol: LocalSymbol) -> None:
        super().__init__(syntax, symbol.type, symbol.constant)
        self.symbol = symbol


class TypeReference(Expression):
    """A type where an expression may stand: the receiver of a static member. `type` is the type itself."""

    __slots__ = ()


class NamespaceReference(Expression):
    """A namespace as the receiver of a longer name."""

    __slots__ = ("name",)

    def __init__(self, syntax: Node | Token, type_: Type, name: str) -> None:
        super().__init__(syntax, type_)
        self.name = name


class MethodGroup(Expression):
    """A name that denotes methods, before it is called or converted to a delegate.

    `methods` are instance and static methods by nearness; `extensions` are tried when none of them applies.
    """

    __slots__ = ("extensions", "function", "methods", "name", "receiver", "type_arguments")

    def __init__(
        self,
        syntax: Node | Token,
        type_: Type,
        name: str,
        receiver: Expression | None,
        methods: Sequence[Method],
        extensions: Sequence[Method],
        type_arguments: tuple[Type, ...],
        function: LocalFunctionSymbol | None = None,
    ) -> None:
        super().__init__(syntax, type_)
        self.name = name
        self.receiver = receiver
        self.methods = tuple(methods)
        self.extensions = tuple(extensions)
        self.type_arguments = type_arguments
        self.function = function


class FieldAccess(Expression):
    """A field, or an enum member. `receiver` is None when static."""

    __slots__ = ("field", "receiver")

    def __init__(
        self, syntax: Node | Token, type_: Type, receiver: Expression | None, field: Field, constant: Any = NOT_CONSTANT
    ) -> None:
        super().__init__(syntax, type_, constant)
        self.receiver = receiver
        self.field = field


class PropertyAccess(Expression):
    """A property; `receiver` is None when static."""

    __slots__ = ("property", "receiver")

    def __init__(self, syntax: Node | Token, type_: Type, receiver: Expression | None, property_: Property) -> None:
        super().__init__(syntax, type_)
        self.receiver = receiver
        self.property = property_


class IndexerAccess(Expression):
    """`receiver[arguments]` through an indexer."""

    __slots__ = ("arguments", "property", "receiver")

    def __init__(
        self,
        syntax: Node | Token,
        type_: Type,
        receiver: Expression,
        property_: Property,
        arguments: Sequence[Expression],
    ) -> None:
        super().__init__(syntax, type_)
        self.receiver = receiver
        self.property = property_
        self.arguments = tuple(arguments)


class ArrayAccess(Expression):
    """`array[indexes]`."""

    __slots__ = ("array", "indexes")

    def __init__(self, syntax: Node | Token, type_: Type, array: Expression, indexes: Sequence[Expression]) -> None:
        super().__init__(syntax, type_)
        self.array = array
        self.indexes = tuple(indexes)


class TupleElement(Expression):
    """`tuple.Item2`, or the element by its name; `index` counts from 0."""

    __slots__ = ("index", "receiver")

    def __init__(self, syntax: Node | Token, type_: Type, receiver: Expression, index: int) -> None:
        super().__init__(syntax, type_)
        self.receiver = receiver
        self.index = index


class AnonymousMember(Expression):
    """A property of an anonymous object; `index` counts from 0."""

    __slots__ = ("index", "receiver")

    def __init__(self, syntax: Node | Token, type_: Type, receiver: Expression, index: int) -> None:
        super().__init__(syntax, type_)
        self.receiver = receiver
        self.index = index


class Call(Expression):
    """A call of a method or operator. Arguments are in parameter order, converted, with defaults and params arrays.

    For an extension method the receiver is the first argument. `type_arguments` are those of the method. An out or
    ref argument is an `OutVariable` or an assignable expression. `is_base_only` does not occur here.
    """

    __slots__ = ("arguments", "method", "receiver", "type_arguments")

    def __init__(
        self,
        syntax: Node | Token,
        type_: Type,
        receiver: Expression | None,
        method: Method,
        arguments: Sequence[Expression],
        type_arguments: tuple[Type, ...] = (),
    ) -> None:
        super().__init__(syntax, type_)
        self.receiver = receiver
        self.method = method
        self.arguments = tuple(arguments)
        self.type_arguments = type_arguments


class DelegateCall(Expression):
    """A call of a delegate value, or of a local function (`target` is then a Local of its symbol)."""

    __slots__ = ("arguments", "modes", "target")

    def __init__(
        self,
        syntax: Node | Token,
        type_: Type,
        target: Expression,
        arguments: Sequence[Expression],
        modes: Sequence[str] = (),
    ) -> None:
        super().__init__(syntax, type_)
        self.target = target
        self.arguments = tuple(arguments)
        self.modes = tuple(modes)


class OutVariable(Expression):
    """`out var x` as an argument: declares the symbol; the symbol is None for a discard `out _`."""

    __slots__ = ("symbol",)

    def __init__(self, syntax: Node | Token, type_: Type, symbol: LocalSymbol | None) -> None:
        super().__init__(syntax, type_)
        self.symbol = symbol


class ObjectCreation(Expression):
    """`new T(arguments) { initializers }`; `constructor` is None for the default value of a struct."""

    __slots__ = ("arguments", "constructor", "initializers")

    def __init__(
        self,
        syntax: Node | Token,
        type_: Type,
        constructor: Method | None,
        arguments: Sequence[Expression],
        initializers: Sequence[Initializer] = (),
    ) -> None:
        super().__init__(syntax, type_)
        self.constructor = constructor
        self.arguments = tuple(arguments)
        self.initializers = tuple(initializers)


class Initializer(Bound):
    """One step of an object or collection initialiser, done on `placeholder`, the new object.

    `action` is an expression over the placeholder (a call of Add, an assignment); `nested` are the steps of
    `Name = { … }`, done on the value of `action`.
    """

    __slots__ = ("action", "nested", "placeholder")

    def __init__(
        self, syntax: Node | Token, placeholder: Placeholder, action: Expression, nested: Sequence[Initializer] = ()
    ) -> None:
        self.syntax = syntax
        self.placeholder = placeholder
        self.action = action
        self.nested = tuple(nested)


class Placeholder(Expression):
    """A value that the surrounding node computed: the receiver of `?.`, the object under initialisation."""

    __slots__ = ()


class ArrayCreation(Expression):
    """`new T[sizes]` or an array from `items` (nested tuples of items for rectangular arrays)."""

    __slots__ = ("items", "sizes")

    type: ArrayType

    def __init__(
        self,
        syntax: Node | Token,
        type_: ArrayType,
        sizes: Sequence[Expression],
        items: Sequence[Expression] | None,
    ) -> None:
        super().__init__(syntax, type_)
        self.sizes = tuple(sizes)
        self.items = tuple(items) if items is not None else None


class AnonymousCreation(Expression):
    """`new { A = …, B = … }`."""

    __slots__ = ("values",)

    type: AnonymousType

    def __init__(self, syntax: Node | Token, type_: AnonymousType, values: Sequence[Expression]) -> None:
        super().__init__(syntax, type_)
        self.values = tuple(values)


class TupleCreation(Expression):
    """`(a, b)`. While untyped elements (null, lambdas) wait for a target, `type` is `types.ERROR`-free but special."""

    __slots__ = ("elements", "names")

    def __init__(
        self, syntax: Node | Token, type_: Type, elements: Sequence[Expression], names: Sequence[str | None]
    ) -> None:
        super().__init__(syntax, type_)
        self.elements = tuple(elements)
        self.names = tuple(names)


class Lambda(Expression):
    """A lambda bound to a delegate type; `body` is an expression or a Block."""

    __slots__ = ("body", "parameters", "return_type")

    def __init__(
        self,
        syntax: Node | Token,
        type_: Type,
        parameters: Sequence[LocalSymbol],
        body: Expression | Block,
        return_type: Type,
    ) -> None:
        super().__init__(syntax, type_)
        self.parameters = tuple(parameters)
        self.body = body
        self.return_type = return_type


class MethodReference(Expression):
    """A method group converted to a delegate."""

    __slots__ = ("method", "modes", "receiver", "type_arguments")

    def __init__(
        self,
        syntax: Node | Token,
        type_: Type,
        receiver: Expression | None,
        method: Method,
        type_arguments: tuple[Type, ...],
    ) -> None:
        super().__init__(syntax, type_)
        self.receiver = receiver
        self.method = method
        self.type_arguments = type_arguments


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


class ConditionalAccess(Expression):
    """`receiver?.access`: `access` is over `placeholder`; skipped, with value null, when receiver is null."""

    __slots__ = ("access", "placeholder", "receiver")

    def __init__(
        self, syntax: Node | Token, type_: Type, receiver: Expression, placeholder: Placeholder, access: Expression
    ) -> None:
        super().__init__(syntax, type_)
        self.receiver = receiver
        self.placeholder = placeholder
        self.access = access


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


class Dynamic(Expression):
    """An operation on a `dynamic` value: legal in C#, refused by the gateway (APIM0006), not simulated."""

    __slots__ = ("operand",)

    def __init__(self, syntax: Node | Token, type_: Type, operand: Expression) -> None:
        super().__init__(syntax, type_)
        self.operand = operand


class ThrowExpression(Expression):
    """`throw e` where an expression may stand."""

    __slots__ = ("exception",)

    def __init__(self, syntax: Node | Token, type_: Type, exception: Expression) -> None:
        super().__init__(syntax, type_)
        self.exception = exception


class TypeOf(Expression):
    """`typeof(T)`."""

    __slots__ = ("target",)

    def __init__(self, syntax: Node | Token, type_: Type, target: Type) -> None:
        super().__init__(syntax, type_)
        self.target = target


class DefaultValue(Expression):
    """`default(T)`, `default`, and the value of `new S()` for a struct without that constructor."""

    __slots__ = ()


class Interpolation(Bound):
    """One `{value,alignment:format}` of an interpolated string."""

    __slots__ = ("alignment", "format", "value")

    def __init__(self, syntax: Node | Token, value: Expression, alignment: int | None, format: str | None) -> None:
        self.syntax = syntax
        self.value = value
        self.alignment = alignment
        self.format = format


class InterpolatedString(Expression):
    """`$"…"`: texts (str) and `Interpolation`s in order."""

    __slots__ = ("parts",)

    def __init__(self, syntax: Node | Token, type_: Type, parts: Sequence[str | Interpolation]) -> None:
        super().__init__(syntax, type_)
        self.parts = tuple(parts)


# ------------------------------------------------------------------------------------------------ statements


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
    """`yield return` and `yield break`: legal in a local function, not simulated."""

    __slots__ = ()

    def __init__(self, syntax: Node | Token) -> None:
        self.syntax = syntax
