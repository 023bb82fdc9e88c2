"""Bodies, declarations, local functions and statements that are expressions."""

from __future__ import annotations

from typing import NamedTuple

from csharp_code import ANY, PRIMARY, Code, Variable
from csharp_expressions import ExpressionWriter
from csharp_types import DAY, LEAVES, spelled
from surface_members import settable

from apimpolicy.csharp.binding.lookup import delegate_signature
from apimpolicy.csharp.dotnet.metadata import named, parse
from apimpolicy.csharp.dotnet.types import ArrayType, NamedType, TupleType, Type
from apimpolicy.csharp.dotnet.values import BOOL, INT, OBJECT, STRING, VOID


class Function(NamedTuple):
    """A local function that can be called from here."""

    name: str
    returns: Type
    parameters: tuple[tuple[str, Type, bool], ...]
    """(mode, type, whether it may be left out)"""


class DeclarationWriter(ExpressionWriter):
    """Bodies return exactly the type that was asked for."""

    statement_forms: tuple[str, ...] = ("declaration",)
    """The methods that write a statement; often is what occurs often."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.functions: list[Function] = []
        self.returns: Type = VOID
        self._may_return = False
        self._loops = 0
        self._may_rethrow = False
        self._is_exact = True

    # ------------------------------------------------------------------------------------------------ entries

    def program(self, type_: Type, depth: int = 3) -> str:
        """`@{ … }` that returns this type."""
        return f"@{self.body(type_, depth)}"

    def body(self, returns: Type, depth: int, *, is_exact: bool = True) -> str:
        """A block that returns on every path."""
        saved = (self.returns, self._may_return, self._loops, self._may_rethrow)
        variables, functions = self.variables, self.functions
        self.returns, self._may_return, self._loops, self._may_rethrow = returns, True, 0, False
        self._is_exact = is_exact
        statements = self.statements(depth)
        if returns is not VOID:
            statements.append(self.returning(depth))
        self.returns, self._may_return, self._loops, self._may_rethrow = saved
        self.variables, self.functions = variables, functions
        return "{ " + " ".join(statements) + " }"

    def returning(self, depth: int) -> str:
        if self.returns is VOID:
            return "return;"
        value = self.exactly(self.returns, depth) if self._is_exact else self.converting(self.returns, depth)
        return f"return {value.text};"

    def void_body(self, depth: int) -> str:
        was_exact = self._is_exact
        made = self.body(VOID, depth - 1)
        self._is_exact = was_exact
        return made

    def function_body(self, returns: Type, depth: int, *, is_exact: bool) -> str:
        was_exact = self._is_exact
        made = self.body(returns, depth - 1, is_exact=is_exact)
        self._is_exact = was_exact
        return made

    def statements(self, depth: int) -> list[str]:
        return [self.statement(depth) for _ in range(self.pick(4) if depth > 0 else self.pick(2))]

    def block(self, depth: int) -> str:
        variables, functions = self.variables, self.functions
        made = "{ " + " ".join(self.statements(depth)) + " }"
        self.variables, self.functions = variables, functions
        return made

    def statement(self, depth: int) -> str:
        if depth <= 0 or self.room <= 0:
            return self.declaration(1)
        self.room -= 1
        return getattr(self, self.one_of(self.statement_forms))(depth - 1)  # type: ignore[no-any-return]

    def add(self, *variables: Variable) -> None:
        self.variables = [*self.variables, *variables]

    # ------------------------------------------------------------------------------------------- declarations

    def declaration(self, depth: int) -> str:
        type_, name = self.some_type(), self.fresh()
        kind = self.pick(6)
        if kind == 5 and type_ in (INT, STRING, BOOL, DAY):
            value = self.one_of([text for text in LEAVES[type_] if not text.startswith(("context", "string.E"))])
            self.add(Variable(name, type_, is_assignable=False, is_constant=True))
            return f"const {spelled(type_)} {name} = {value};"
        if kind == 4 and isinstance(type_, ArrayType) and type_.rank == 1:
            items = ", ".join(self.converting(type_.element, depth).at(ANY) for _ in range(self.pick(3)))
            self.add(Variable(name, type_))
            return f"{spelled(type_)} {name} = {{ {items} }};"
        if kind == 3:
            other = self.fresh()
            first, second = self.converting(type_, depth).at(ANY), self.converting(type_, depth).at(ANY)
            self.add(Variable(name, type_), Variable(other, type_))
            return f"{spelled(type_)} {name} = {first}, {other} = {second};"
        if kind == 2:
            value = self.converting(type_, depth)
            self.add(Variable(name, type_))
            return f"{spelled(type_)} {name} = {value.at(ANY)};"
        # An array in braces or a lambda has no type of its own, but exactly() never writes those.
        value = self.exactly(type_, depth)
        self.add(Variable(name, type_))
        return f"{'var' if not isinstance(type_, TupleType) else spelled(type_)} {name} = {value.at(ANY)};"

    def unassigned(self, depth: int) -> str:
        """A variable that both branches assign."""
        type_, name = self.some_type(), self.fresh()
        condition = self.variable_number(self.exactly(BOOL, depth)).text
        first, second = self.converting(type_, depth).at(ANY), self.converting(type_, depth).at(ANY)
        self.add(Variable(name, type_))
        return f"{spelled(type_)} {name}; if ({condition}) {name} = {first}; else {{ {name} = {second}; }}"

    def deconstruction(self, depth: int) -> str:
        first, second = self.some_type(), self.some_type()
        a, b = self.fresh(), self.fresh()
        values = f"({self.exactly(first, depth).text}, {self.exactly(second, depth).text})"
        kind = self.pick(4)
        same = [v for v in self.variables if v.is_assignable and v.type in (first, second)]
        if kind == 3 and len(same) >= 2 and same[0].type is same[1].type:
            return f"({same[0].name}, {same[1].name}) = ({same[1].name}, {same[0].name});"
        self.add(Variable(a, first), Variable(b, second))
        if kind == 2:
            return f"({spelled(first)} {a}, var {b}) = {values};"
        if kind == 1:
            return f"{spelled(first)} {a}; {spelled(second)} {b}; ({a}, {b}) = {values};"
        return f"var ({a}, {b}) = {values};"

    def local_function(self, depth: int) -> str:
        name, returns = self.fresh().replace("v", "F"), self.one_of((self.some_type(), VOID))
        parameters: list[tuple[str, Type, bool]] = []
        written, inner = [], []
        for _ in range(self.pick(4)):
            mode = self.one_of(("", "", "", "out", "ref", "params"))
            type_ = parse("int[]") if mode == "params" else self.some_type()
            if mode == "out" and returns is VOID and self.chance(50):
                mode = ""
            own = self.fresh()
            optional = not mode and type_ in (INT, STRING, BOOL) and self.chance(30)
            if parameters and parameters[-1][2] and not optional:
                mode, type_, optional = "params", parse("int[]"), False
            default = (
                f" = {self.one_of([t for t in LEAVES[type_] if not t.startswith(('context', 'string.E'))])}"
                if optional
                else ""
            )
            written.append(f"{mode} {spelled(type_)} {own}{default}".strip())
            inner.append(Variable(own, type_, can_be_captured=mode not in ("out", "ref")))
            parameters.append((mode, type_, optional))
            if mode == "params":
                break
        outer = self.variables
        self.variables = [*(v for v in outer if v.can_be_captured), *inner]
        assigned = [
            f"{v.name} = {self.leaf_without(v, inner)};"
            for v, (mode, _, _) in zip(inner, parameters, strict=True)
            if mode == "out"
        ]
        if returns is not VOID and not assigned and self.chance(50):
            body = f"=> {self.exactly(returns, depth).text};"
        else:
            saved = self._is_exact
            body = self.body(returns, depth, is_exact=False)
            self._is_exact = saved
            body = "{ " + " ".join(assigned) + body[1:]
        self.variables = outer
        self.functions = [*self.functions, Function(name, returns, tuple(parameters))]
        return f"{spelled(returns)} {name}({', '.join(written)}) {body}"

    def leaf_without(self, variable: Variable, others: list[Variable]) -> str:
        """A leaf that reads no parameter: out parameters have no value yet."""
        saved, self.variables = self.variables, [v for v in self.variables if v not in others]
        made = self.leaf(variable.type).text
        self.variables = saved
        return made

    def form_local_call(self, type_: Type, depth: int) -> Code | None:
        fitting = [f for f in self.functions if f.returns is type_]
        return self.call_of(self.one_of(fitting), depth) if fitting else None

    def call_of(self, function: Function, depth: int) -> Code | None:
        written: list[str] = []
        for mode, type_, optional in function.parameters:
            if mode == "ref":
                fitting = [v for v in self.variables if v.type is type_ and v.is_assignable]
                if not fitting:
                    return None
                written.append(f"ref {self.one_of(fitting).name}")
            elif mode == "out":
                if not self.may_declare or self.chance(20):
                    written.append("out _")
                else:
                    written.append(f"out {self.one_of(('var', spelled(type_)))} {self.fresh()}")
            elif mode == "params":
                written += [self.converting(INT, depth).at(ANY) for _ in range(self.pick(3))]
            elif optional and self.chance(50):
                break
            else:
                written.append(self.converting(type_, depth).at(ANY))
        return Code(f"{function.name}({', '.join(written)})")

    # -------------------------------------------------------------------------------------------- expressions

    def method_group(self, type_: NamedType) -> str | None:
        """A local function of the signature, or a method that always exists."""
        signature = delegate_signature(type_)
        for function in self.functions:
            if signature is not None and function.returns is signature.returns:
                plain = [(mode, own) for mode, own, _ in function.parameters]
                if plain == [("", p.type) for p in signature.parameters]:
                    return function.name
        return super().method_group(type_)

    def delegate_statement(self, depth: int) -> str:
        """`f += …`, `f -= …`, and a call of a delegate in a variable."""
        fitting = [v for v in self.variables if v.is_assignable and delegate_signature(v.type) is not None]
        if not fitting:
            return ";"
        target = self.one_of(fitting)
        signature = delegate_signature(target.type)
        if self.chance(40) and signature is not None:
            arguments = ", ".join(self.converting(p.type, depth).at(ANY) for p in signature.parameters)
            return f"{target.name}{self.one_of(('', '?.Invoke', '.Invoke'))}({arguments});"
        same = [v.name for v in fitting if v.type is target.type]
        added = self.one_of((self.one_of(same), self.exactly(target.type, depth).at(ANY), "null"))
        if self.chance(40) and isinstance(target.type, NamedType):
            group = self.method_group(target.type)
            added = group if group is not None else added
        return f"{target.name} {self.one_of(('+=', '-='))} {added};"

    def expression_statement(self, depth: int) -> str:
        kind = self.pick(9)
        if kind >= 7:
            return self.delegate_statement(depth)
        if kind == 1:
            function = self.one_of(self.functions) if self.functions else None
            made = self.call_of(function, depth) if function is not None else None
            return f"{made.text};" if made is not None else ";"
        if kind == 2:
            target = self.one_of(settable())
            receiver = self.exactly(target.owner, depth).at(PRIMARY)
            if target.property.parameters:
                indexes = ", ".join(self.exactly(p.type, depth).text for p in target.property.parameters)
                place = f"{receiver}[{indexes}]"
            else:
                place = f"{receiver}.{target.property.name}"
            if target.property.type is INT and self.chance(50):
                return self.one_of((f"{place}++;", f"{place} += {self.exactly(INT, depth).at(ANY)};", f"--{place};"))
            if target.property.type is STRING and target.property.has_getter and self.chance(40):
                return f"{place} += {self.exactly(OBJECT, depth).at(ANY)};"
            return f"{place} = {self.converting(target.property.type, depth).at(ANY)};"
        if kind == 3:
            element = self.one_of((INT, STRING))
            receiver = self.exactly(parse(f"System.Collections.Generic.List<{element}>"), depth).at(PRIMARY)
            return f"{receiver}.Add({self.converting(element, depth).text});"
        if kind == 4:
            array = self.exactly(parse("int[]"), depth).at(PRIMARY)
            index = self.one_of(("0", "1", self.exactly(INT, depth).text))
            value = self.variable_number(self.exactly(INT, depth)).at(ANY)
            return f"{array}[{index}] {self.one_of(('=', '+=', '<<=', '/=', '^='))} {value};"
        if kind == 5:
            action = self.made_delegate(named("System.Action", STRING), depth).at(PRIMARY)
            return f"{action}({self.exactly(STRING, depth).text});"
        for variable in self.variables[::-1]:
            if variable.is_assignable:
                made = self.form_assignment(variable.type, depth)
                if made is not None:
                    return f"{made.text};"
        return f"{self.exactly(STRING, depth).at(PRIMARY)}.ToString();"
