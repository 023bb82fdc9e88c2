"""Emission of lambdas and local functions."""

from __future__ import annotations

import ast
from collections.abc import Set as AbstractSet

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.lookup import iterator_element
from apimpolicy.csharp.binding.symbols import LocalSymbol
from apimpolicy.csharp.dotnet.system import delegates
from apimpolicy.csharp.dotnet.types import NamedType
from apimpolicy.csharp.dotnet.values import OBJECT, VOID
from apimpolicy.csharp.emit import runtime
from apimpolicy.csharp.emit.building import assign, call, constant, function_def, load, parameters, tuple_of
from apimpolicy.csharp.emit.core import Emitter, OpenFunction
from apimpolicy.csharp.emit.variables import cells_of_referenced, declared_here, facts, parameters_in_cells
from apimpolicy.errors import NotSimulatedError


def define(
    emitter: Emitter, name: str, arguments: ast.arguments, statements: list[ast.stmt], node: nodes.Bound
) -> ast.stmt:
    return emitter.at(function_def(name, arguments, statements or [ast.Pass()]), node)


def function_statements(emitter: Emitter, block: nodes.Block, outputs: tuple[LocalSymbol, ...] = ()) -> list[ast.stmt]:
    """Return the statements of a function inside; the values of `outputs` are returned after its result."""
    around, emitter.here = emitter.here, OpenFunction(outputs, is_inner=True)
    made = emitter.body(block)
    if outputs:
        made.append(return_outputs(emitter, None))
    emitter.here = around
    return made


def return_outputs(emitter: Emitter, value: ast.expr | None) -> ast.stmt:
    """`return (value, out values…)`."""
    parts = [emitter.read(symbol) for symbol in emitter.here.outputs]
    if value is not None:
        parts.insert(0, value)
    return ast.Return(tuple_of(*parts))


def captured_cells(emitter: Emitter, node: nodes.Bound) -> list[str]:
    """Variables in cells that a function uses: it takes the present cells as defaults."""
    if not emitter.celled:
        return []
    used = facts(node).used - facts(node).declared
    return [emitter.symbol_name(symbol) for symbol in used if symbol in emitter.celled]


def nonlocals(emitter: Emitter, node: nodes.Bound, own: AbstractSet[LocalSymbol]) -> list[ast.stmt]:
    return nonlocal_of(emitter, facts(node).assigned_outside(own))


def nonlocal_of(emitter: Emitter, symbols: AbstractSet[LocalSymbol]) -> list[ast.stmt]:
    """`nonlocal` for these variables; those in cells need none."""
    names = sorted(emitter.symbol_name(symbol) for symbol in symbols if symbol not in emitter.celled)
    return [ast.Nonlocal(names)] if names else []


# Emission of lambdas: Python's own, or functions before the statement that they stand in


def emit_lambda(emitter: Emitter, node: nodes.Lambda) -> ast.expr:
    if node.is_async:
        refused = "the gateway doesn't allow tasks"
        return emitter.run(runtime.not_simulated, constant("an asynchronous lambda"), constant(refused))
    made = _lambda_function(emitter, node)
    return made if node in emitter.passed else emitter.run(delegates.typed, made, emitter.type_constant(node.type))


def _lambda_function(emitter: Emitter, node: nodes.Lambda) -> ast.expr:
    names = [emitter.symbol_name(parameter) for parameter in node.parameters]
    captured = [*captured_cells(emitter, node), *_captured_functions(emitter, node)]
    arguments = parameters(names, {name: load(name) for name in captured})
    burns = [ast.Expr(emitter.step())] if facts(node.body).calls else []
    emitter.repeating += 1
    if isinstance(node.body, nodes.Expression):
        returning = emitter.returning(node.body)
        statements = [*cells_of_referenced(emitter, declared_here(node.body)), *returning]
    else:
        statements = function_statements(emitter, node.body)
    emitter.repeating -= 1
    value = _only_value(node, statements)
    if value is not None and not burns:
        return ast.Lambda(arguments, value)
    name = emitter.fresh("lambda_body")
    cells = parameters_in_cells(emitter, node.parameters)
    statements = [*nonlocals(emitter, node, set(node.parameters)), *burns, *cells, *statements]
    emitter.hoist(define(emitter, name, arguments, statements, node))
    return load(name)


def _only_value(node: nodes.Lambda, statements: list[ast.stmt]) -> ast.expr | None:
    """Return the body for a Python lambda; None when the lambda needs statements."""
    only = statements[0]
    if (
        isinstance(node.body, nodes.Expression)
        and isinstance(only, ast.Return)
        and not any(parameter.is_referenced for parameter in node.parameters)
        and not facts(node.body).assigned_outside(node.parameters)
    ):
        return only.value
    return None


def _captured_functions(emitter: Emitter, node: nodes.Lambda) -> list[str]:
    """Local functions of a loop's body that a lambda calls: it keeps those of its own iteration."""
    used = facts(node).functions if emitter.with_cells else ()
    return [emitter.symbol_name(function) for function in used if function in emitter.with_cells]


# -------------------------------------------------------------------------------- methods as delegates


def emit_method_group(emitter: Emitter, node: nodes.MethodGroup) -> ast.expr:
    if node.function is None:
        raise NotSimulatedError("method group", node.name)
    return load(emitter.symbol_name(node.function))


def emit_method_reference(emitter: Emitter, node: nodes.MethodReference) -> ast.expr:
    if isinstance(node.receiver, nodes.MethodGroup):
        function = emit_method_group(emitter, node.receiver)
        if node in emitter.passed:
            return function
        return emitter.run(delegates.of_function, function, emitter.type_constant(node.type))
    made = _method_function(emitter, node)
    if node in emitter.passed:
        return made
    method = emitter.bring((node.method.declaring, node.method.signature, node.type_arguments), "method")
    return emitter.run(delegates.of_method, made, emitter.type_constant(node.type), method)


def _method_function(emitter: Emitter, node: nodes.MethodReference) -> ast.expr:
    """Return a Python lambda around the call of a method; it holds the receiver."""
    receiver, method = node.receiver, node.method
    names = [emitter.fresh("argument") for _ in method.parameters]
    arguments: list[nodes.Expression] = []
    for name, parameter in zip(names, method.parameters, strict=True):
        placeholder = nodes.Placeholder(node.syntax, parameter.type)
        emitter.with_placeholder(placeholder, name)
        arguments.append(placeholder)
    held = emitter.fresh("receiver")
    defaults: dict[str, ast.expr] = {}
    bound: nodes.Expression | None = None
    if receiver is not None and not isinstance(receiver, nodes.TypeReference):
        defaults[held] = emitter.checked_receiver(receiver)
        bound = nodes.Placeholder(receiver.syntax, receiver.type)
        emitter.with_placeholder(bound, held, not_null=True)
        if method.is_static:  # an extension method, which takes the receiver as its first argument
            arguments[0], bound = bound, None
            del names[0]
    invocation = nodes.Call(node.syntax, method.returns, bound, method, tuple(arguments), node.type_arguments)
    body = emitter.emit_plain(invocation)
    return ast.Lambda(parameters(names, defaults), body)


# Emission of local functions, also of iterators


def statement_local_function(emitter: Emitter, node: nodes.LocalFunction) -> list[ast.stmt]:
    function = node.function
    by_reference = function.returns_reference
    names = [emitter.symbol_name(symbol) for symbol in function.symbols if by_reference or symbol.mode != "out"]
    captured = captured_cells(emitter, node)
    if captured:
        emitter.with_cells.add(function)
    arguments = parameters(names, {name: load(name) for name in captured})
    outputs = tuple(symbol for symbol in function.symbols if symbol.mode in ("out", "ref") and not by_reference)
    statements = [
        *nonlocals(emitter, node.body, set(function.symbols)),
        ast.Expr(emitter.step()),
        *parameters_in_cells(emitter, function.symbols),
        *_statements(emitter, node, outputs),
    ]
    return [define(emitter, emitter.symbol_name(function), arguments, statements, node)]


def _statements(emitter: Emitter, node: nodes.LocalFunction, outputs: tuple[LocalSymbol, ...]) -> list[ast.stmt]:
    function = node.function
    if not function.is_simulated:
        types = constant("with these type arguments")
        return [ast.Expr(emitter.run(runtime.not_simulated, constant("a generic local function"), types))]
    if function.is_iterator:
        return _iterator(emitter, node)
    if function.is_async:
        refused = constant("the gateway doesn't allow tasks")
        return [ast.Expr(emitter.run(runtime.not_simulated, constant("an asynchronous function"), refused))]
    if outputs and any(isinstance(part, nodes.Try) and part.finally_body is not None for part in node.body.walk()):
        return _outputs_after_finally(emitter, node, outputs)
    return function_statements(emitter, node.body, outputs)


def _iterator(emitter: Emitter, node: nodes.LocalFunction) -> list[ast.stmt]:
    """The body as a generator inside, which begins anew, with the arguments of the call, for each enumeration."""
    from apimpolicy.csharp.dotnet.collections.generic import BoxedEnumerator, Enumerator
    from apimpolicy.csharp.dotnet.linq.sequences import Sequence

    function, inner = node.function, emitter.fresh("iterate")
    names = [emitter.symbol_name(symbol) for symbol in function.symbols]
    body = nonlocals(emitter, node.body, set(function.symbols))
    body.append(ast.If(constant(False), [ast.Expr(ast.Yield(None))], []))  # a generator, whatever it holds
    body.extend(function_statements(emitter, node.body))
    start: ast.expr = load(inner)
    if any(isinstance(part, (nodes.Try, nodes.Using, nodes.Foreach)) for part in node.body.walk()):
        start = emitter.run(runtime.ending, start)
        emitter.ends_iterators = True
    element = emitter.type_constant(iterator_element(function.returns) or OBJECT)
    made = emitter.run(Sequence, start, element, *map(load, names))
    if ".IEnumerator" in str(function.returns):
        is_generic = isinstance(function.returns, NamedType) and bool(function.returns.arguments)
        made = emitter.run(Enumerator if is_generic else BoxedEnumerator, made)
    return [define(emitter, inner, parameters(names), body, node), ast.Return(made)]


def statement_yield(emitter: Emitter, node: nodes.Yield) -> list[ast.stmt]:
    return [ast.Return(None)] if node.value is None else [ast.Expr(ast.Yield(emitter.emit(node.value)))]


def _outputs_after_finally(
    emitter: Emitter, node: nodes.LocalFunction, outputs: tuple[LocalSymbol, ...]
) -> list[ast.stmt]:
    """Return the body as a function inside, so that what `finally` does to ref and out parameters counts."""
    inner, result = emitter.fresh("body"), emitter.fresh("result")
    body = [
        *nonlocal_of(emitter, facts(node.body).assigned & set(outputs)),
        *nonlocals(emitter, node.body, set(node.function.symbols)),
        *function_statements(emitter, node.body),
    ]
    parts = [emitter.read(symbol) for symbol in outputs]
    if node.function.returns is not VOID:
        parts.insert(0, load(result))
    unset = [symbol for symbol in outputs if symbol.mode == "out" and symbol not in emitter.celled]
    return [
        *(assign(emitter.symbol_name(symbol), constant(None)) for symbol in unset),
        define(emitter, inner, parameters(()), body, node),
        assign(result, call(load(inner))),
        ast.Return(tuple_of(*parts)),
    ]
