"""Writes `@{ … }` bodies on top of the expressions: declarations, loops, switches, functions, exceptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csharp_code import EQUALITY, UNARY, Variable
from csharp_declarations import DeclarationWriter
from csharp_types import ROOTS, sequence_of, spelled

from apimpolicy.csharp.dotnet.metadata import parse
from apimpolicy.csharp.dotnet.values import BOOL, CHAR, INT, LONG, OBJECT, STRING

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.types import Type

DAY = parse("System.DayOfWeek")
COLLECTIONS: tuple[tuple[Type, Type], ...] = (
    (parse("int[]"), INT),
    (parse("System.Collections.Generic.List<string>"), STRING),
    (STRING, CHAR),
    (parse("System.Collections.Generic.IEnumerable<int>"), INT),
    (
        parse("System.Collections.Generic.Dictionary<string, int>"),
        parse("System.Collections.Generic.KeyValuePair<string, int>"),
    ),
    (parse("Newtonsoft.Json.Linq.JArray"), parse("Newtonsoft.Json.Linq.JToken")),
    (parse("int[,]"), INT),
)
CASES: dict[Type, tuple[str, ...]] = {
    INT: ("0", "1", "7", "-3", "int.MaxValue"),
    STRING: ('"a"', '"GET"', '""', "null"),
    CHAR: ("'a'", "'\\n'"),
    DAY: ("DayOfWeek.Friday", "DayOfWeek.Sunday"),
    BOOL: ("true", "false"),
    LONG: ("1", "2L"),
    OBJECT: ("1", '"a"', "null", "'c'", "1.5", "string s{0}", "int i{0}", "var w{0}", "DateTime _"),
    parse("int?"): ("0", "null", "5"),
}


class StatementWriter(DeclarationWriter):
    """Everything that a body may hold."""

    statement_forms = (
        "declaration",
        "declaration",
        "declaration",
        "expression_statement",
        "expression_statement",
        "expression_statement",
        "if_statement",
        "for_statement",
        "foreach_statement",
        "while_statement",
        "switch_statement",
        "try_statement",
        "local_function",
        "closure",
        "deconstruction",
        "early_return",
        "jump",
        "unassigned",
        "using_statement",
        "other_block",
    )

    def nested(self, depth: int) -> str:
        """A statement in the place of a body: a declaration needs a block."""
        return self.block(depth)

    def if_statement(self, depth: int) -> str:
        condition = self.exactly(BOOL, depth).text
        text = f"if ({condition}) {self.nested(depth)}"
        if self.chance(50):
            text += f" else {self.nested(depth)}"
        return text

    def early_return(self, depth: int) -> str:
        if not self._may_return:
            return self.declaration(depth)
        condition = self.variable_number(self.exactly(BOOL, depth)).text
        return f"if ({condition}) {self.returning(depth)}"

    def loop_body(self, depth: int) -> str:
        self._loops += 1
        body = self.block(depth)
        if self.chance(40):
            condition = self.variable_number(self.exactly(BOOL, depth)).text
            body = f"{{ if ({condition}) {self.one_of(('break', 'continue'))};{body[1:]}"
        self._loops -= 1
        return body

    def for_statement(self, depth: int) -> str:
        name = self.fresh()
        variables = self.variables
        self.add(Variable(name, INT, is_assignable=False))
        step = self.one_of((f"{name}++", f"++{name}", f"{name} += 2"))
        body = self.loop_body(depth)
        self.variables = variables
        return f"for (int {name} = 0; {name} < {self.pick(4)}; {step}) {body}"

    def while_statement(self, depth: int) -> str:
        name = self.fresh()
        self.add(Variable(name, INT, is_assignable=False))
        condition = self.variable_number(self.exactly(BOOL, depth)).at(EQUALITY)
        body = self.loop_body(depth)
        if self.chance(50):
            return f"int {name} = 0; while ({name}++ < {self.pick(4)} && {condition}) {body}"
        return f"int {name} = 0; do {body} while (++{name} < {self.pick(4)} && {condition});"

    def foreach_statement(self, depth: int) -> str:
        collection, element = self.one_of(COLLECTIONS)
        name = self.fresh()
        variables = self.variables
        source = self.variable_number(self.exactly(collection, depth)).text
        self.add(Variable(name, element, is_assignable=False))
        body = self.loop_body(depth)
        self.variables = variables
        if self.chance(15):
            first, second = self.fresh(), self.fresh()
            tuples = self.variable_number(self.exactly(sequence_of(ROOTS[-2]), depth)).text
            self.add(Variable(first, INT, is_assignable=False), Variable(second, STRING, is_assignable=False))
            body = self.loop_body(depth)
            self.variables = variables
            return f"foreach (var ({first}, {second}) in {tuples}) {body}"
        return f"foreach ({self.one_of(('var', spelled(element)))} {name} in {source}) {body}"

    def switch_statement(self, depth: int) -> str:
        type_ = self.one_of(tuple(CASES))
        sections, left = [], list(CASES[type_])
        value = self.variable_number(self.exactly(type_, depth)).text
        for _ in range(self.pick(3) + 1):
            labels = []
            for _ in range(self.pick(2) + 1):
                if not left or (type_ is OBJECT and labels):
                    break
                # Constants before types, which take them in: what comes later may not be taken already.
                chosen = self.pick(len(left))
                pattern, left = (
                    left[chosen],
                    left[chosen + 1 :] if type_ is OBJECT else [*left[:chosen], *left[chosen + 1 :]],
                )
                name = self.fresh()
                is_named = "{0}" in pattern
                guard = ""
                if pattern.startswith("var") or self.chance(20):
                    guard = f" when {self.variable_number(self.exactly(BOOL, depth)).at(UNARY)}"
                labels.append(f"case {pattern.format(name) if is_named else pattern}{guard}:")
            if not labels:
                break
            sections.append(f"{' '.join(labels)} {self.section(depth)}")
        if self.chance(60) or not sections:
            sections.insert(self.pick(len(sections) + 1), f"default: {self.section(depth)}")
        return f"switch ({value}) {{ {' '.join(sections)} }}"

    def section(self, depth: int) -> str:
        if self._may_return and self.chance(20):
            return self.returning(depth)
        if self._loops and self.chance(20):
            return f"{self.block(depth)} continue;"
        return f"{self.block(depth)} break;"

    def try_statement(self, depth: int) -> str:
        body = self.block(depth)
        clauses = []
        if self.chance(40):
            name = self.fresh()
            variables = self.variables
            type_ = self.one_of((parse("System.FormatException"), parse("System.NullReferenceException")))
            self.add(Variable(name, type_))
            rethrow, self._may_rethrow = self._may_rethrow, True
            guard = f" when ({self.exactly(BOOL, depth).text})" if self.chance(40) else ""
            caught = self.block(depth)
            if self.chance(30):
                caught = caught[:-1] + "throw; }"
            self._may_rethrow, self.variables = rethrow, variables
            clauses.append(f"catch ({spelled(type_)} {name}){guard} {caught}")
        if self.chance(60) or not clauses:
            clauses.append(self.one_of(("catch", "catch (Exception)")) + f" {self.block(depth)}")
        if self.chance(40):
            saved = (self._may_return, self._loops)
            self._may_return, self._loops = False, 0
            clauses.append(f"finally {self.block(depth)}")
            self._may_return, self._loops = saved
        return f"try {body} {' '.join(clauses)}"

    def jump(self, depth: int) -> str:
        if self._loops and self.chance(70):
            return f"if ({self.variable_number(self.exactly(BOOL, depth)).text}) {self.one_of(('break', 'continue'))};"
        condition = self.variable_number(self.exactly(BOOL, depth)).text
        return f"if ({condition}) throw {self.exactly(parse('System.Exception'), depth).text};"

    def using_statement(self, depth: int) -> str:
        name = self.fresh()
        variables = self.variables
        self.add(Variable(name, parse("System.IO.StringWriter"), is_assignable=False))
        body = self.block(depth)
        self.variables = variables
        return f"using ({self.one_of(('var', 'StringWriter'))} {name} = new StringWriter()) {body}"

    def other_block(self, depth: int) -> str:
        kind = self.pick(5)
        if kind == 0:
            return self.block(depth)
        if kind == 1:
            return f"checked {self.block(depth)}"
        if kind == 2:
            return f"unchecked {self.block(depth)}"
        if kind == 3:
            return f"lock ({self.exactly(STRING, depth).text}) {self.block(depth)}"
        return ";"

    def closure(self, depth: int) -> str:
        """A delegate in a variable, so that what it captures lives on."""
        name = self.fresh()
        type_ = self.one_of(
            (parse("System.Func<int>"), parse("System.Func<int, string>"), parse("System.Action<string>"))
        )
        made = self.bare_lambda(type_, depth)
        self.add(Variable(name, type_))
        return f"{spelled(type_)} {name} = {made.text};" if made is not None else ";"
