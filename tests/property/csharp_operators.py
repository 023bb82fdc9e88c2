"""Operators, strings and conditions of a wanted type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csharp_code import (
    AND,
    BOTH,
    COALESCE,
    CONDITION,
    EITHER,
    EQUALITY,
    OR,
    PLUS,
    PRIMARY,
    PROMOTED,
    RELATION,
    SHIFT,
    TESTED_TYPES,
    TIMES,
    TYPE,
    UNARY,
    XOR,
    Code,
    CodeWriter,
    Variable,
)
from csharp_types import ARITHMETIC, DATE, DAY, NUMBERS, ROOTS, SPAN, spelled

from apimpolicy.csharp.dotnet.metadata import parse
from apimpolicy.csharp.dotnet.values import (
    BOOL,
    BYTE,
    CHAR,
    DECIMAL,
    DOUBLE,
    FLOAT,
    INT,
    LONG,
    OBJECT,
    SBYTE,
    SHORT,
    STRING,
    UINT,
    ULONG,
    USHORT,
)

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.types import Type


class OperatorWriter(CodeWriter):
    """Numbers with promotion and lifting, strings, comparisons, patterns."""

    # --------------------------------------------------------------------------------------------- operators

    def form_operator(self, type_: Type, depth: int) -> Code | None:
        if type_ in ARITHMETIC:
            return self.arithmetic(type_, depth)
        if type_ is BOOL:
            return self.condition(depth)
        if type_ is STRING:
            return self.text(depth)
        if type_.underlying in ARITHMETIC and type_.underlying is not None:
            return self.lifted(type_, type_.underlying, depth)
        if type_ is parse("bool?"):
            return self.three_valued(depth)
        if type_ is DAY:
            kind = self.pick(3)
            left = self.exactly(DAY, depth)
            if kind == 0:
                right = self.variable_number(self.exactly(INT, depth))
                return Code(f"{left.at(PLUS)} {self.one_of('+-')} {right.at(TIMES)}", PLUS)
            if kind == 1:
                return Code(f"{left.at(AND)} & {self.exactly(DAY, depth).at(EQUALITY)}", AND, True)
            return Code(f"~{left.at(UNARY)}", UNARY, True)
        if type_ is TYPE:
            return Code(f"typeof({spelled(self.some_type())})")
        return None

    def arithmetic(self, type_: Type, depth: int) -> Code:
        """Binary and unary operators on numbers, mixed as far as promotion gives this type."""
        kind = self.pick(10)
        if type_ is INT and kind == 8:
            return Code(
                f"{self.exactly(DAY, depth).at(PLUS)} - {self.variable_number(self.exactly(DAY, depth)).at(TIMES)}",
                PLUS,
            )
        if kind == 9 and type_ in PROMOTED:
            left = self.exactly(type_, depth)
            count = self.exactly(self.one_of((INT, BYTE, SHORT)), depth)
            operator = self.one_of(("<<", ">>"))
            return Code(f"{left.at(SHIFT)} {operator} {count.at(PLUS)}", SHIFT, left.is_constant and count.is_constant)
        if kind == 7:
            return self.negated(type_, depth)
        left, right = self.exactly(self.left_operand(type_), depth), self.exactly(type_, depth)
        if self.chance(50):
            left, right = right, left
        if kind >= 5 and type_ in PROMOTED:
            operator, level = self.one_of((("&", AND), ("^", XOR), ("|", OR)))
            # An int and a uint of unknown value make a long, but a constant int may become a uint: no mixture here.
            left, right = self.exactly(type_, depth), self.exactly(type_, depth)
            text = f"{left.at(level)} {operator} {right.at(level + 1)}"
            return Code(text, level, left.is_constant and right.is_constant)
        operator, level = self.one_of((("+", PLUS), ("-", PLUS), ("*", TIMES), ("/", TIMES), ("%", TIMES)))
        if operator in "/%" or type_ is DECIMAL:
            right = self.variable_number(right)
        text = f"{left.at(level)} {operator} {right.at(level + 1)}"
        if left.is_constant and right.is_constant and type_ in PROMOTED:
            return Code(f"unchecked({text})", PRIMARY, True)
        return Code(text, level, left.is_constant and right.is_constant)

    def left_operand(self, type_: Type) -> Type:
        """A type that, beside one of `type_`, makes an operation on `type_`."""
        smaller = {
            INT: (INT, SHORT, BYTE, SBYTE, USHORT, CHAR),
            UINT: (UINT, BYTE, USHORT, CHAR),
            LONG: (LONG, INT, UINT, SHORT, CHAR),
            ULONG: (ULONG, UINT, BYTE, USHORT),
            FLOAT: (FLOAT, INT, LONG, BYTE),
            DOUBLE: (DOUBLE, FLOAT, INT, ULONG),
            DECIMAL: (DECIMAL, INT, LONG, CHAR),
        }
        return self.one_of(smaller[type_])

    def negated(self, type_: Type, depth: int) -> Code:
        operand = self.exactly(type_, depth)
        if type_ in PROMOTED and self.chance(40):
            return Code(f"~{operand.at(UNARY)}", UNARY, operand.is_constant)
        operator = "+" if type_ in (UINT, ULONG) or self.chance(20) else "-"
        text = operand.at(UNARY)
        negated = operator + (f"({text})" if text[0] in "+-0123456789" else text)
        if operand.is_constant and type_ in PROMOTED:
            return Code(f"unchecked({negated})", PRIMARY, True)
        return Code(negated, UNARY, operand.is_constant)

    def lifted(self, type_: Type, inner: Type, depth: int) -> Code:
        left, right = self.exactly(type_, depth), self.exactly(self.one_of((inner, type_)), depth)
        if self.chance(50):
            left, right = right, left
        operators: list[tuple[str, int]] = [("+", PLUS), ("-", PLUS), ("*", TIMES), ("/", TIMES), ("%", TIMES)]
        if inner in PROMOTED:
            operators += [("&", AND), ("|", OR), ("^", XOR)]
        operator, level = self.one_of(operators)
        if operator in "/%":
            right = self.variable_number(right)
        if self.chance(15) and inner not in (UINT, ULONG):
            text = self.exactly(type_, depth).at(UNARY)
            return Code("-" + (f"({text})" if text[0] in "+-" else text), UNARY)
        return Code(f"{left.at(level)} {operator} {right.at(level + 1)}", level)

    def three_valued(self, depth: int) -> Code:
        kind, nullable = self.pick(4), parse("bool?")
        if kind == 0:
            return Code(f"!{self.exactly(nullable, depth).at(UNARY)}", UNARY)
        operator, level = self.one_of((("&", AND), ("|", OR), ("^", XOR)))
        left, right = self.exactly(nullable, depth), self.exactly(self.one_of((nullable, BOOL)), depth)
        if self.chance(30):
            left, right = right, left
        return Code(f"{left.at(level)} {operator} {right.at(level + 1)}", level)

    def text(self, depth: int) -> Code:
        kind = self.pick(4)
        if kind == 0:
            left, right = self.exactly(STRING, depth), self.exactly(self.some_type(), depth)
            if self.chance(40):
                left, right = right, left
            return Code(f"{left.at(PLUS)} + {right.at(TIMES)}", PLUS, left.is_constant and right.is_constant)
        if kind == 1:
            return (
                Code(f"nameof({self.one_of(('context', 'context.Request', 'List<int>.Count', 'Uri'))})", PRIMARY, True)
                if self.chance(20)
                else Code(f"{self.exactly(self.some_type(), depth).at(PRIMARY)}.ToString()")
            )
        return self.interpolated(depth)

    def interpolated(self, depth: int) -> Code:
        parts = []
        for _ in range(self.pick(3) + 1):
            parts.append(self.one_of(("", "a", " {{", "}} ", "é", "\\n", ":")))
            type_ = self.some_type()
            value = self.exactly(type_, depth)
            alignment = self.one_of(("", "", ",5", ",-7"))
            format_ = ":" + self.one_of(("D3", "X2", "F1", "N0")) if type_ is INT and self.chance(40) else ""
            parts.append(f"{{{value.at(PRIMARY)}{alignment}{format_}}}")
        return Code(f'$"{"".join(parts)}"')

    # ------------------------------------------------------------------------------------------- conditions

    def condition(self, depth: int) -> Code:
        kind = self.pick(9)
        if kind == 0:
            type_ = self.one_of((*ARITHMETIC, CHAR, BYTE, DAY, DATE, SPAN, parse("int?"), parse("double?")))
            left, right = self.exactly(type_, depth), self.exactly(type_, depth)
            operator = self.one_of(("<", ">", "<=", ">="))
            text = f"({left.at(SHIFT)} {operator} {right.at(SHIFT)})"
            return Code(text, PRIMARY, left.is_constant and right.is_constant)
        if kind == 1:
            return self.equality(depth)
        if kind in (2, 3):
            operator, level = self.one_of((("&&", BOTH), ("||", EITHER), ("&", AND), ("|", OR), ("^", XOR)))
            left, right = self.exactly(BOOL, depth), self.exactly(BOOL, depth)
            text = f"{left.at(level)} {operator} {right.at(level + 1)}"
            return Code(text, level, left.is_constant and right.is_constant)
        if kind == 4:
            operand = self.exactly(BOOL, depth)
            return Code(f"!{operand.at(UNARY)}", UNARY, operand.is_constant)
        if kind == 5:
            type_ = self.some_type()
            value = self.exactly(type_, depth).at(RELATION)
            if type_.is_value_type and type_.underlying is None:
                return Code(f"{value} is object", RELATION)
            return Code(f"{value} {self.one_of(('==', '!='))} null", EQUALITY)
        if kind == 6:
            return Code(f"{self.exactly(OBJECT, depth).at(RELATION)} is {spelled(self.one_of(TESTED_TYPES))}", RELATION)
        if kind == 7:
            constant = self.one_of(("null", '"a"', "1", "'c'", "true", "DayOfWeek.Friday", "1.5m"))
            return Code(f"{self.exactly(OBJECT, depth).at(RELATION)} is {constant}", RELATION)
        return self.with_pattern(BOOL, depth, "&&")

    def equality(self, depth: int) -> Code:
        type_ = self.one_of(
            (
                *NUMBERS,
                BOOL,
                STRING,
                OBJECT,
                DAY,
                DATE,
                parse("int?"),
                parse("bool?"),
                parse("System.DateTime?"),
                parse("System.Type"),
                parse("int[]"),
                parse("System.Func<int>"),
                ROOTS[-2],
            )
        )
        left, right = self.exactly(type_, depth), self.converting_number(type_, depth)
        text = f"{left.at(RELATION)} {self.one_of(('==', '!='))} {right.at(RELATION)}"
        return Code(text, EQUALITY, left.is_constant and right.is_constant)

    def converting_number(self, type_: Type, depth: int) -> Code:
        return self.exactly(type_, depth)

    def form_pattern(self, type_: Type, depth: int) -> Code | None:
        return self.with_pattern(type_, depth, "?")

    def with_pattern(self, type_: Type, depth: int, joined: str) -> Code:
        """`o is T v && …` and `o is T v ? … : …`, with v in scope where it is assigned; so for `out` variables."""
        if not self.may_declare:
            return self.leaf(type_)
        name = self.fresh()
        tested = self.one_of(TESTED_TYPES)
        if self.chance(35):
            tested = self.one_of((INT, BOOL, DOUBLE, DATE))
            declared = self.one_of(("var", spelled(tested)))
            test = Code(f"{spelled(tested)}.TryParse({self.exactly(STRING, depth).text}, out {declared} {name})")
        else:
            test = Code(f"{self.exactly(OBJECT, depth).at(RELATION)} is {spelled(tested)} {name}", RELATION)
        outer, self.variables = self.variables, [*self.variables, Variable(name, tested)]
        inner = self.exactly(type_, depth)
        self.variables = outer
        if joined == "&&":
            return Code(f"{test.at(OR)} && {inner.at(OR)}", BOTH)
        return Code(
            f"{test.at(COALESCE)} ? {inner.at(COALESCE)} : {self.exactly(type_, depth).at(COALESCE)}", CONDITION
        )
