"""Emission of conversions."""

from __future__ import annotations

import ast
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from apimpolicy.binding import conversions as conv
from apimpolicy.binding.nodes import InterpolatedString
from apimpolicy.dotnet import casts
from apimpolicy.dotnet.system import arithmetic, decimals
from apimpolicy.dotnet.types import NULL, ArrayType, NamedType, TupleType, Type
from apimpolicy.dotnet.values import BOXES, CHAR, DECIMAL, DOUBLE, FLOAT, STRING, box, to_single
from apimpolicy.emit import runtime
from apimpolicy.emit.core import (
    attribute,
    call,
    conditional,
    constant,
    is_none,
    last_of,
    load,
    tuple_of,
    walrus,
)
from apimpolicy.emit.dynamic import DynamicEmitter
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from apimpolicy.binding.nodes import AsType, Convert, Expression, IsPattern, IsType, Pattern

_SELF_BOXED = frozenset({"int", "double", "bool", "decimal"})


class ConversionEmitter(DynamicEmitter):
    """Conversions, `is`, `as` and patterns."""

    def emit_convert(self, node: Convert) -> ast.expr:
        if node.is_constant:
            return self.emit_constant(node.constant, node.type)
        if node.conversion.kind == "interpolated":
            return self._formattable(node.operand)
        value = self.emit(node.operand)
        if node.conversion.kind == "dynamic":
            return self.convert_dynamic(node.operand, value, node.type, explicit=node.is_explicit)
        return self.converted(value, node.operand.type, node.type, node.conversion, node)

    def _formattable(self, text: Expression) -> ast.expr:
        """An interpolated string as a FormattableString: a composite format and the boxed values."""
        from apimpolicy.dotnet.system.formattable_strings import FormattableString

        parts = text.parts if isinstance(text, InterpolatedString) else [text.constant]
        pattern = ""
        values: list[ast.expr] = []
        for part in parts:
            if isinstance(part, str):
                pattern += part.replace("{", "{{").replace("}", "}}")
                continue
            alignment = f",{part.alignment}" if part.alignment is not None else ""
            format_ = f":{part.format}" if part.format is not None else ""
            pattern += f"{{{len(values)}{alignment}{format_}}}"
            values.append(self.emit(part.value))
        return self.run(FormattableString, constant(pattern), *values)

    def emit_constant(self, value: Any, type_: Type) -> ast.expr:
        raise NotImplementedError

    def emit_member_call(self, *arguments: Any) -> ast.expr:
        raise NotImplementedError

    def converted(
        self, value: ast.expr, source: Type, target: Type, conversion: conv.Conversion, node: Convert | None = None
    ) -> ast.expr:
        """The value after a conversion."""
        kind = conversion.kind
        if kind in ("identity", "null", "default"):
            return value
        if kind in ("numeric", "constant", "enum"):
            return self.numeric(value, source, target, is_checked=node is not None and node.is_checked)
        if kind == "boxing":
            return self.boxed(value, source)
        if kind == "reference":
            return self._reference(value, source, target, conversion)
        if kind == "unboxing":
            return self.run(casts.cast, value, self.type_constant(target))
        if kind == "nullable":
            return self._nullable(value, source, target, conversion, node)
        if kind == "user":
            return self._user(value, source, target, conversion)
        if kind == "tuple":
            return self._tuple(value, source, target, conversion)
        raise NotSimulatedError(f"conversion from {source} to {target}")

    def numeric(self, value: ast.expr, source: Type, target: Type, *, is_checked: bool) -> ast.expr:
        """Between the predefined numeric types and enums."""
        source, target = _number(source), _number(target)
        if source is target:
            return value
        if source is CHAR:
            value = self.run(ord, value)
        if target in conv.INTEGRAL_RANGES:
            made = self._to_integer(value, source, target, is_checked=is_checked)
            return self.run(chr, made) if target is CHAR else made
        if target is DOUBLE:
            if source is DECIMAL:
                return self.run(decimals.to_double, value)
            return value if source is FLOAT else self.run(float, value)
        if target is FLOAT:
            if source is DECIMAL:
                return self.run(decimals.to_float, value)
            return self.run(to_single if source is DOUBLE else arithmetic.int_to_single, value)
        if source in (DOUBLE, FLOAT):
            return self.run(decimals.from_double if source is DOUBLE else decimals.from_single, value)
        return self.run(Decimal, value)

    def _to_integer(self, value: ast.expr, source: Type, target: Type, *, is_checked: bool) -> ast.expr:
        name = constant(str(target))
        if source in (DOUBLE, FLOAT):
            return self.run(arithmetic.double_to_int, name, value, constant(is_checked))
        if source is DECIMAL:
            return self.run(arithmetic.decimal_to_int, name, value)
        low, high = conv.INTEGRAL_RANGES[source]
        wanted_low, wanted_high = conv.INTEGRAL_RANGES[target]
        if wanted_low <= low and high <= wanted_high:
            return value
        return self.run(arithmetic.checked if is_checked else arithmetic.wrap, name, value)

    def boxed(self, value: ast.expr, source: Type) -> ast.expr:
        """The value as `object`."""
        inner = source.underlying
        bare = inner or source
        if str(bare) in _SELF_BOXED:
            return value
        cls = BOXES.get(bare)
        if cls is not None and inner is None:
            return call(self.bring(cls, cls.__name__), value)
        if cls is not None or (isinstance(bare, NamedType) and (bare.kind == "enum" or bare.definition.is_tuple)):
            return self.run(box, self.type_constant(source), value)
        return value

    def _reference(self, value: ast.expr, source: Type, target: Type, conversion: conv.Conversion) -> ast.expr:
        if not conversion.is_implicit:
            return self.run(casts.cast, value, self.type_constant(target))
        if _is_pairs_of_tokens(source, target):
            name = self.fresh()
            pairs = call(attribute(load(name), "key_value_pairs"))
            return conditional(is_none(walrus(name, value)), constant(None), pairs)
        return value

    def _nullable(
        self, value: ast.expr, source: Type, target: Type, conversion: conv.Conversion, node: Convert | None
    ) -> ast.expr:
        inner = conversion.inner or conv.IDENTITY
        inner_source, inner_target = source.underlying or source, target.underlying or target
        if source.underlying is None:
            return self.converted(value, inner_source, inner_target, inner, node)
        if target.underlying is None:
            return self.converted(self.run(runtime.nullable_value, value), inner_source, inner_target, inner, node)
        name = self.fresh()
        made = self.converted(load(name), inner_source, inner_target, inner, node)
        if isinstance(made, ast.Name):
            return value
        return conditional(is_none(walrus(name, value)), constant(None), made)

    def _user(self, value: ast.expr, source: Type, target: Type, conversion: conv.Conversion) -> ast.expr:
        method = conversion.method
        if method is None:
            raise NotSimulatedError(f"conversion from {source} to {target}")
        parameter = method.parameters[0].type
        if conversion.before is not None:
            value = self.converted(value, source, parameter, conversion.before)
        value = self.emit_member_call(method, None, [value], ())
        if conversion.after is not None:
            value = self.converted(value, method.returns, target, conversion.after)
        return value

    def _tuple(self, value: ast.expr, source: Type, target: Type, conversion: conv.Conversion) -> ast.expr:
        if not isinstance(source, TupleType) or not isinstance(target, TupleType):
            return value
        name = self.fresh()
        parts: list[ast.expr] = []
        for index, (mine, theirs) in enumerate(zip(source.arguments, target.arguments, strict=True)):
            part = ast.Subscript(load(name), constant(index), ast.Load())
            found = conv.implicit_conversion(mine, theirs) or conv.explicit_conversion(mine, theirs) or conv.IDENTITY
            parts.append(self.converted(part, mine, theirs, found))
        return last_of(walrus(name, value), tuple_of(*parts))

    # ------------------------------------------------------------------------------------------- is and as

    def boxed_operand(self, operand: Expression) -> ast.expr:
        """An operand as `object`, for a test of its run-time type."""
        value = self.emit(operand)
        return self.boxed(value, operand.type) if operand.type.is_value_type else value

    def emit_is_type(self, node: IsType) -> ast.expr:
        source = node.operand.type
        if node.target is STRING and not node.operand.type.is_value_type:
            return ast.Compare(self.run(type, self.emit(node.operand)), [ast.Is()], [self.bring(str, "str")])
        if isinstance(source, ArrayType) and conv.explicit_conversion(source, node.target) is None:
            return last_of(self.emit(node.operand), constant(False))  # the compiler knows, and the runtime would not
        return self.run(casts.is_instance, self.boxed_operand(node.operand), self.type_constant(node.target))

    def emit_as_type(self, node: AsType) -> ast.expr:
        source = node.operand.type
        if source is NULL:
            return self.emit(node.operand)
        if not source.is_value_type and conv.has_reference_conversion(source, node.type):
            return self._reference(self.emit(node.operand), source, node.type, conv.REFERENCE)
        return self.run(casts.try_cast, self.boxed_operand(node.operand), self.type_constant(node.type))

    def emit_is_pattern(self, node: IsPattern) -> ast.expr:
        name = self.fresh()
        return last_of(walrus(name, self.emit(node.operand)), self.matches(name, node.operand.type, node.pattern))

    def matches(self, name: str, source: Type, pattern: Pattern) -> ast.expr:
        """Whether the value in a Python variable, of this static type, matches; sets the pattern's variable."""
        if pattern.value is not None:
            return self._matches_constant(name, source, pattern.value)
        if pattern.target is None:
            return self._bind_variable(pattern, load(name), constant(True))
        target = pattern.target
        if not source.is_value_type and conv.has_reference_conversion(source, target) and not target.is_value_type:
            test: ast.expr = ast.Compare(load(name), [ast.IsNot()], [constant(None)])
        elif (source.underlying or source) is target:
            test = ast.Compare(load(name), [ast.IsNot()], [constant(None)])
        else:
            boxed = self.boxed(load(name), source) if source.is_value_type else load(name)
            test = self.run(casts.is_instance, boxed, self.type_constant(target))
        value: ast.expr = load(name)
        if target.is_value_type and not source.is_value_type:
            value = self.run(casts.cast, load(name), self.type_constant(target))
        return ast.BoolOp(ast.And(), [test, self._bind_variable(pattern, value, constant(True))])

    def _bind_variable(self, pattern: Pattern, value: ast.expr, result: ast.expr) -> ast.expr:
        if pattern.symbol is None:
            return result
        return last_of(self.assign_symbol(pattern.symbol, value), result)

    def assign_symbol(self, symbol: Any, value: ast.expr) -> ast.expr:
        raise NotImplementedError

    def _matches_constant(self, name: str, source: Type, value: Expression) -> ast.expr:
        expected = self.emit_constant(value.constant, value.type)
        if value.constant is None:
            return is_none(load(name))
        bare = source.underlying or source
        if bare is value.type or source is STRING:
            return ast.Compare(load(name), [ast.Eq()], [expected])
        return self.run(runtime.constant_equals, load(name), self.boxed(expected, value.type))


def _number(type_: Type) -> Type:
    """The number type behind an enum."""
    if conv.is_enum(type_) and isinstance(type_, NamedType):
        from apimpolicy.dotnet.metadata import named

        return named(type_.definition.enum_underlying)
    return type_


def _is_pairs_of_tokens(source: Type, target: Type) -> bool:
    """A JObject seen as a sequence of pairs instead of its child tokens."""
    return (
        isinstance(source, NamedType)
        and source.name == "Newtonsoft.Json.Linq.JObject"
        and isinstance(target, NamedType)
        and target.name in ("System.Collections.Generic.IEnumerable", "System.Collections.Generic.ICollection")
        and len(target.arguments) == 1
        and str(target.arguments[0]).startswith("System.Collections.Generic.KeyValuePair<")
    )
