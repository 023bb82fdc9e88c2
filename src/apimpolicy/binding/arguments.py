"""Arguments as they are written (C# specification, section 12.6.2): names, `ref`, `out`, `in`, `out` declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.dynamic import DynamicBinder
from apimpolicy.binding.nodes import (
    ArrayAccess,
    Bad,
    Dereference,
    Expression,
    FieldAccess,
    Local,
    OutVariable,
    TupleElement,
)
from apimpolicy.binding.overloads import Argument
from apimpolicy.binding.symbols import LocalSymbol
from apimpolicy.dotnet.types import ERROR
from apimpolicy.syntax.literals import identifier_name
from apimpolicy.syntax.nodes import Node, Token

if TYPE_CHECKING:
    from apimpolicy.syntax.nodes import Child

_VARIABLES = (Local, ArrayAccess, FieldAccess, Dereference, TupleElement)
_NO_REFERENCE = {"foreach": "CS1657", "using": "CS1657", "constant": "CS1510", "range": "CS1939"}
"""What can only be read and is passed with `ref` or `out`, by the kind of variable."""


class ArgumentBinder(DynamicBinder):
    """What stands between the brackets of a call."""

    def bind_arguments(self, node: Child) -> list[Argument]:
        """The arguments of a call, in order, not converted yet."""
        if not isinstance(node, Node):
            return []
        arguments = [self._argument(child) for child in node.nodes()]
        names: set[str] = set()
        for argument in arguments:
            if argument.name is not None and argument.name.text in names:
                message = f"'{argument.name.text}' is given twice"
                argument.expression = self.failure(argument.name, "CS1740", message)
            elif argument.name is not None:
                names.add(argument.name.text)
        return arguments

    def _argument(self, node: Node) -> Argument:
        name = node.token(0) if node.children[0] is not None else None
        mode = node.token(1).text if node.children[1] is not None else ""
        value = node.node(2)
        if value.kind == "declaration_expression" and mode != "out":
            return Argument(self._no_declaration(value), value, mode, name)
        if value.kind == "declaration_expression":
            return Argument(self._out_declaration(value), value, mode, name)
        if mode == "out" and value.kind == "identifier" and value.token(0).text == "_" and self.scope.find("_") is None:
            return Argument(OutVariable(value, ERROR, None), value, mode, name)
        if value.kind == "assignment":
            self._named_argument_meant(value)
        expression = self.bind_value(value)
        if mode and not isinstance(expression, (*_VARIABLES, Bad)):
            expression = self.failure(
                value, "CS8156" if mode == "in" else "CS1510", f"'{mode}' must be followed by a variable"
            )
        elif mode in ("ref", "out") and isinstance(expression, Local) and expression.symbol.kind in _NO_REFERENCE:
            what = f"'{expression.symbol.name}' can only be read, so it cannot be passed with '{mode}'"
            expression = self.failure(value, _NO_REFERENCE[expression.symbol.kind], what)
        elif mode in ("ref", "out") and isinstance(expression, (TupleElement, FieldAccess)):
            whole: Expression | None = expression
            while isinstance(whole, (TupleElement, FieldAccess)):
                whole = whole.receiver
            if isinstance(whole, Local) and whole.symbol.kind in ("foreach", "using") and whole.type.is_value_type:
                what = f"'{whole.symbol.name}' can only be read, and its elements with it"
                expression = self.failure(value, "CS1655", what)
        return Argument(expression, value, mode, name)

    def _no_declaration(self, node: Node) -> Expression:
        """`ref int x`, where C# has no declaration: it stumbles at a keyword, or behind what may be a variable."""
        type_node, designation = node.children
        if isinstance(type_node, Node) and type_node.kind == "predefined_type":
            return self.failure(type_node, "CS1525", "a variable is expected here, but this is a type")
        return self.failure(designation, "CS1003", "',' expected")

    def _named_argument_meant(self, node: Node) -> None:
        """`f(name = value)` where no variable has the name: a help for what is reported next."""
        target = node.children[0]
        if isinstance(target, Node) and target.kind == "identifier":
            name = identifier_name(target.token(0).text)
            if self.scope.find(name) is None:
                self.meant_as_argument = name

    def _out_declaration(self, node: Node) -> Expression:
        type_node, designation = node.children
        if not isinstance(designation, Token):
            return self.failure(node, "CS8199", "a deconstruction can't be used here")
        name = identifier_name(designation.text)
        is_var = self.is_var(type_node)
        type_ = ERROR if is_var else self.bind_type(type_node)
        if name == "_":
            return OutVariable(node, type_, None)
        symbol = LocalSymbol(name, type_, "local", designation, self.scope.function)
        symbol.awaits_type = is_var
        self.declare(symbol, designation)
        return OutVariable(node, type_, symbol)

    def declare(self, symbol: LocalSymbol, where: Child) -> None:
        raise NotImplementedError
