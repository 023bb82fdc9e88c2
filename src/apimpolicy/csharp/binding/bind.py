"""The binder's entry, and warnings of the C# compiler that point at errors in policies; these are no part of `bind`.

    CS0252, CS0253  an object is compared with a string by reference
    CS0472          a value that is never null is compared with null
    CS0665          a condition assigns a constant
    CS0162          code that cannot be reached          unreachable_code
    CS0168, CS0219  a variable that is never read        unused_variables

Codes, places and rules are the compiler's (Roslyn's `DiagnosticsPass`, `ControlFlowPass` and `DefiniteAssignment`), at
its default level. The gateway saves such a policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from apimpolicy.csharp.binding import advice, lookup, nodes
from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.functions import falls_through
from apimpolicy.csharp.binding.literals import DefaultLiteral
from apimpolicy.csharp.binding.nodes import Bad, Block, Expression, MethodGroup, Return
from apimpolicy.csharp.binding.reports import name_token, shown
from apimpolicy.csharp.binding.symbols import LocalSymbol
from apimpolicy.csharp.binding.type_relations import is_ref_struct
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.signatures import Method
from apimpolicy.csharp.dotnet.types import ERROR, NULL, NamedType, SpecialType, Type
from apimpolicy.csharp.dotnet.values import BOOL, OBJECT, STRING, VOID
from apimpolicy.csharp.host import CONTEXT, GlobalObject
from apimpolicy.csharp.syntax import shapes
from apimpolicy.csharp.syntax.depth import depth, with_room
from apimpolicy.csharp.syntax.nodes import Node, Token
from apimpolicy.diagnostics import Diagnostic, DiagnosticInfo, Severity
from apimpolicy.records import Record
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.nodes import Bound, Expression


class BoundExpression(Record):
    """A policy expression after binding.

    `body` is an Expression for `@( … )` and a Block for `@{ … }`; `type` is the static type (for a block, the best
    common type of what it returns, `object` when there is none); `return_types` are the distinct types of the return
    statements in order. `diagnostics` is empty when the expression is legal. `levels` says how deep the tree is, as
    `syntax.depth.with_room` needs it. `has_unknown`: a part of the code is unknown, so that it cannot run.
    """

    excerpt: Excerpt
    body: Expression | Block
    type: Type
    return_types: tuple[Type, ...]
    diagnostics: list[Diagnostic]
    levels: int = 0
    has_unknown: bool = False

    @property
    def static_type(self) -> str:
        """The static type in C# spelling; for a block its distinct return types joined by ` | `."""
        if isinstance(self.body, Block):
            return " | ".join(dict.fromkeys(with_room(self.levels, str, type_) for type_ in self.return_types))
        return with_room(self.levels, str, self.type)


def bind(
    tree: Node, excerpt: Excerpt, make: Callable[[Excerpt], Binder] = Binder, given: GlobalObject = CONTEXT
) -> BoundExpression:
    """Bind a parsed policy expression; never raises for faults of the expression, they become diagnostics.

    `make` makes the binder: pass your own to observe the binding. `given` is the object that the expression can name.
    """
    global_object = LocalSymbol(given.name, named(given.type), "global", None)
    levels = depth(tree)
    try:
        bound = with_room(levels, _bind, tree, excerpt, global_object, make)
    except RecursionError:
        message, help = "the expression is nested too deeply to be compiled", "split it into several statements"
        finding = Diagnostic.within(excerpt, tree.start, tree.end, "CS8078", message, help=help)
        bound = BoundExpression(excerpt, Bad(tree, ERROR), ERROR, (), [finding])
    bound.levels = levels
    return bound


def _bind(
    tree: Node, excerpt: Excerpt, global_object: LocalSymbol, make: Callable[[Excerpt], Binder]
) -> BoundExpression:
    binder = make(excerpt)
    binder.scope.declare(global_object)
    if isinstance(tree, shapes.ExpressionBody):
        bound = _bind_expression(binder, tree, excerpt)
    elif isinstance(tree, shapes.BlockBody):
        bound = _bind_block(binder, tree, excerpt)
    else:
        raise AssertionError("the grammar has no such root")
    bound.has_unknown = binder.has_unknown
    return bound


def _bind_expression(binder: Binder, tree: shapes.ExpressionBody, excerpt: Excerpt) -> BoundExpression:
    with binder.in_scope():
        body = binder.bind_value(tree.expression)
    if isinstance(body, DefaultLiteral):
        body = binder.default_value(body.syntax, OBJECT)
    if isinstance(body, MethodGroup):
        message = f"'{body.name}' is a method; did you forget the parentheses?"
        body = binder.failure(name_token(body), "CS0428", message, help=advice.for_method(body))
    elif is_ref_struct(body.type):
        body = binder.failure(body.syntax, "CS0029", f"'{shown(body.type)}' cannot be converted to 'object'")
    elif body.type is VOID:
        message = "this call returns nothing (void), but a policy expression must have a value"
        body = binder.failure(body.syntax, "CS0029", message)
    elif isinstance(body.type, SpecialType) and body.type not in (NULL, ERROR):
        body = binder.failure(tree.expression, "CS1660", f"a policy can't use a {body.type} as a value")
    if binder.has_variables and not binder.has_unknown:
        _check_assignment(binder, body)
    return BoundExpression(excerpt, body, body.type, (), _in_order(binder.diagnostics))


def _bind_block(binder: Binder, tree: shapes.BlockBody, excerpt: Excerpt) -> BoundExpression:
    returns: list[Return] = []
    binder.returns = returns
    block_node: Node = tree.block
    block = binder.bind_block(block_node)
    for statement in returns:
        if statement.value is not None and is_ref_struct(statement.value.type):
            message = f"'{shown(statement.value.type)}' cannot be converted to 'object'"
            binder.report(statement.value.syntax, "CS0029", message)
        if statement.value is not None and statement.value.type is VOID:
            message = "this call returns nothing (void), but a value must be returned"
            binder.report(statement.value.syntax, "CS0029", message)
        if statement.value is None and not binder.diagnostics:
            message = "a value must be returned"
            binder.report(statement.syntax, "CS0126", message, help="a policy expression needs a result")
    is_iterator = any(diagnostic.code == "CS1624" for diagnostic in binder.diagnostics)
    if not is_iterator and falls_through(binder, block):
        message = "not every path through this block returns a value"
        binder.report_at(1, 2, "CS0161", message, help="end the block with 'return …;'")
    values = [statement.value for statement in returns if statement.value is not None]
    types = tuple(dict.fromkeys(OBJECT if isinstance(v, DefaultLiteral) else v.type for v in values))
    result = _result_type(values)
    if not binder.diagnostics:
        for statement in returns:
            value = statement.value
            if value is not None and value.type is not result and not isinstance(value, Bad):
                statement.value = binder.convert(value, result)
    if not binder.has_unknown:
        _check_assignment(binder, block)
    return BoundExpression(excerpt, block, result, types, _in_order(binder.diagnostics))


def _result_type(values: Sequence[Expression]) -> Type:
    """Return the type of a block's values as they are passed on.

    The gateway's function returns `object`, so each value is boxed as it is: in `return 1L; … return 5;` the second one
    stays an int, and null needs no type. Values of one type aren't boxed, since that makes no difference to anyone.
    """
    types = {value.type for value in values if value.type is not NULL}
    if ERROR in types:
        return ERROR
    if len(types) != 1:
        return OBJECT
    (only,) = types
    has_null = any(value.type is NULL for value in values)
    is_boxed = isinstance(only, SpecialType) or (has_null and only.is_value_type and only.underlying is None)
    return OBJECT if is_boxed else only


def _check_assignment(binder: Binder, body: Expression | Block) -> None:
    """Check definite assignment, as the compiler does also in code with errors; what follows one isn't certain."""
    from apimpolicy.csharp.binding.assignment import check_assignment  # most expressions declare no variables

    first_error = min((found.start for found in binder.diagnostics), default=None)
    check_assignment(binder, body, until=first_error)


def _in_order(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """Document order, as the compiler prints them; each place and code once."""
    seen: set[tuple[str, int]] = set()
    ordered = []
    for diagnostic in sorted(diagnostics, key=lambda d: d.start):
        key = (diagnostic.code, diagnostic.start)
        if key not in seen:
            seen.add(key)
            ordered.append(diagnostic)
    return ordered


CODES: Final = frozenset({"CS0162", "CS0168", "CS0219", "CS0252", "CS0253", "CS0472", "CS0665"})


def compiler_warnings(bound: BoundExpression) -> list[Diagnostic]:
    text = bound.excerpt.text
    has_statements = isinstance(bound.body, nodes.Block) or ("{" in text and "=>" in text)
    if bound.diagnostics or not (has_statements or "==" in text or "!=" in text):
        return []
    every = list(bound.body.walk())
    found = [warned for node in every for warned in _about(node)]
    if has_statements:
        from apimpolicy.csharp.binding.assignment import unreachable_code

        found += unreachable_code(bound)
        found += unused_variables(every)
    once = {(warned.start, warned.code): warned for warned in found}
    return [warned.within(bound.excerpt, Severity.WARNING) for _, warned in sorted(once.items())]


def _about(node: Bound) -> Iterator[DiagnosticInfo]:
    if isinstance(node, nodes.Binary):
        if node.operator in ("==", "!="):
            yield from _about_comparison(node)
    elif isinstance(node, (nodes.If, nodes.Loop, nodes.Conditional)):
        yield from _about_condition(node.condition)


def _at(node: Bound, code: str, message: str, help: str = "") -> DiagnosticInfo:
    return DiagnosticInfo(code, message, node.syntax.start, node.syntax.end, help=help)


def _about_condition(condition: Expression | None) -> Iterator[DiagnosticInfo]:
    """`if (done = true)` (Roslyn: `BindBooleanExpression`)."""
    if (
        isinstance(condition, nodes.Assignment)
        and isinstance(condition.value, nodes.Literal)
        and condition.value.type is BOOL
    ):
        message = "this condition assigns a constant, so its result is always the same"
        yield _at(condition, "CS0665", message, "write == to compare")


def _about_comparison(node: nodes.Binary) -> Iterator[DiagnosticInfo]:
    if node.is_lifted and node.method is None:
        for one, other in ((node.left, node.right), (node.right, node.left)):
            value = _never_null(one)
            if value is not None and _is_null(other):
                answer = "false" if node.operator == "==" else "true"
                message = f"a value of type '{shown(value)}' is never null: this is always {answer}"
                yield _at(node, "CS0472", message)
                return
    if node.operand_type is not OBJECT or node.method is not None:
        return
    method = "op_Equality" if node.operator == "==" else "op_Inequality"
    for one, other, code in ((node.left, node.right, "CS0252"), (node.right, node.left, "CS0253")):
        compared = _with_own_equality(other, method)
        if _is_plain_object(one) and compared is not None:
            message = f"this compares an object and a '{shown(compared)}' by reference, not by value"
            yield _at(node, code, message, f"cast the object: ({shown(compared)})")
            return


def _is_plain_object(expression: Expression) -> bool:
    """Return whether an expression is an `object` that is not null and has no explicit cast."""
    if expression.type is not OBJECT or (isinstance(expression, nodes.Convert) and expression.is_explicit):
        return False
    return not _is_null(expression)


def _with_own_equality(expression: Expression, method: str) -> Type | None:
    """Return the class with an equality of its own that was converted to `object` for the comparison."""
    if not isinstance(expression, nodes.Convert) or expression.is_explicit:
        return None
    source = expression.operand.type
    if not isinstance(source, NamedType) or source.is_value_type or source.kind == "interface":
        return None
    for parent in source.supertypes:
        if parent.kind == "interface":
            continue
        for member in lookup.declared_members(parent, method):
            if isinstance(member, Method) and all(p.type is parent for p in member.parameters):
                return parent
    return None


def _is_null(expression: Expression) -> bool:
    while isinstance(expression, nodes.Convert):
        expression = expression.operand
    if isinstance(expression, nodes.DefaultValue):
        return expression.type.underlying is not None
    return expression.type is NULL or (expression.is_constant and expression.constant is None)


def _never_null(expression: Expression) -> Type | None:
    """Return the type of a value that was only made nullable for the comparison."""
    if isinstance(expression, nodes.Convert) and expression.type.underlying is not None:
        source = expression.operand.type
        if source.is_value_type and source.underlying is None:
            return expression.type.underlying
    return None


# CS0168 and CS0219: local variables that are never read
# A value that is computed counts as a use, since it may be there for its effect; one that is only a constant does not.


def unused_variables(every: Sequence[Bound]) -> list[DiagnosticInfo]:
    """Return a warning at the name of each such variable; `every` are the nodes of a bound tree."""
    declared: dict[LocalSymbol, bool] = {}
    used: set[LocalSymbol] = set()
    named: set[str] = set()
    targets: set[int] = set()
    for node in every:
        if isinstance(node, nodes.LocalDeclaration):
            _declare(node, declared, used)
        elif isinstance(node, nodes.Catch) and node.symbol is not None:
            declared.setdefault(node.symbol, False)
        elif (
            isinstance(node, nodes.Assignment)
            and isinstance(node.target, nodes.Local)
            and node.target is not node.value
        ):
            targets.add(id(node.target))
            declared[node.target.symbol] = True
            if _counts_as_use(node.target.symbol.type, node.value):
                used.add(node.target.symbol)
        elif isinstance(node, nodes.Literal) and isinstance(node.syntax, shapes.Invocation):
            named.update(_names_in(node.syntax))
        elif isinstance(node, nodes.Empty) and isinstance(node.syntax, shapes.LocalFunction):
            return []  # a generic function: what it uses is in the tree when it is called
    used.update(node.symbol for node in every if isinstance(node, nodes.Local) and id(node) not in targets)
    warnings = []
    for symbol, is_written in declared.items():
        token = symbol.declared_at
        if symbol in used or symbol.name in named or symbol.kind != "local" or not isinstance(token, Token):
            continue
        code, message = "CS0168", f"'{symbol.name}' is declared and never used"
        if is_written:
            code, message = "CS0219", f"the value of '{symbol.name}' is never read"
        warnings.append(DiagnosticInfo(code, message, token.start, token.end))
    return warnings


def _declare(node: nodes.LocalDeclaration, declared: dict[LocalSymbol, bool], used: set[LocalSymbol]) -> None:
    symbol = node.symbol
    declared[symbol] = declared.get(symbol, False) or node.value is not None
    if symbol.is_reference or (node.value is not None and _counts_as_use(symbol.type, node.value)):
        used.add(symbol)


def _counts_as_use(type_: Type | None, value: Expression) -> bool:
    """Roslyn's `WriteConsideredUse`."""
    if type_ is not None and not type_.is_value_type and type_ is not STRING:
        return not (value.is_constant and value.constant is None)
    if value.is_constant:
        return False
    if isinstance(value, nodes.Convert):
        return value.conversion.kind == "user" or _counts_as_use(None, value.operand)
    return not isinstance(value, (nodes.DefaultValue, nodes.TupleCreation))


def _names_in(syntax: Node) -> list[str]:
    return [token.text for node in syntax.walk() for token in node.children if isinstance(token, Token)]
