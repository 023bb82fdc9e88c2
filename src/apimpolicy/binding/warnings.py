"""Warnings of the C# compiler that point at errors in policies; none of them is part of `bind`.

    CS0252, CS0253  an object is compared with a string by reference
    CS0472          a value that is never null is compared with null
    CS0665          a condition assigns a constant
    CS0162          code that cannot be reached          unreachable_code
    CS0168, CS0219  a variable that is never read        unused_variables

Codes, places and rules are the compiler's (Roslyn's `DiagnosticsPass`, `ControlFlowPass` and `DefiniteAssignment`), at
its default level. The gateway saves such a policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from apimpolicy.binding import lookup, nodes
from apimpolicy.binding.reports import shown
from apimpolicy.diagnostics import Diagnostic, DiagnosticInfo, Severity
from apimpolicy.dotnet.signatures import Method
from apimpolicy.dotnet.types import NULL, NamedType, Type
from apimpolicy.dotnet.values import BOOL, OBJECT, STRING
from apimpolicy.syntax import shapes
from apimpolicy.syntax.nodes import Node, Token

if TYPE_CHECKING:
    from apimpolicy.binding.bind import BoundExpression
    from apimpolicy.binding.nodes import Bound, Expression
    from apimpolicy.binding.symbols import LocalSymbol


CODES: Final = frozenset({"CS0162", "CS0168", "CS0219", "CS0252", "CS0253", "CS0472", "CS0665"})


def compiler_warnings(bound: BoundExpression) -> list[Diagnostic]:
    """Return the warnings about an expression that compiles, in order of the text."""
    text = bound.excerpt.text
    has_statements = isinstance(bound.body, nodes.Block) or ("{" in text and "=>" in text)
    if bound.diagnostics or not (has_statements or "==" in text or "!=" in text):
        return []
    every = list(bound.body.walk())
    found = [warned for node in every for warned in _about(node)]
    if has_statements:
        from apimpolicy.binding.assignment import unreachable_code

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
    found = []
    for symbol, is_written in declared.items():
        token = symbol.declared_at
        if symbol in used or symbol.name in named or symbol.kind != "local" or not isinstance(token, Token):
            continue
        code, message = "CS0168", f"'{symbol.name}' is declared and never used"
        if is_written:
            code, message = "CS0219", f"the value of '{symbol.name}' is never read"
        found.append(DiagnosticInfo(code, message, token.start, token.end))
    return found


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
