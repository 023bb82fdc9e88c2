"""Expressions of every kind of a wanted type: conditionals, casts, assignments, lambdas and queries."""

from __future__ import annotations

from csharp_code import ANY, COALESCE, CONDITION, EITHER, PRIMARY, UNARY, Code, Variable
from csharp_members import MemberWriter
from csharp_types import ARITHMETIC, DATE, DAY, NUMBERS, is_usable, narrower, nullable_of, sequence_of, spelled

from apimpolicy.csharp.binding.lookup import delegate_signature
from apimpolicy.csharp.dotnet.metadata import named, parse
from apimpolicy.csharp.dotnet.types import NamedType, TupleType, Type, array_of
from apimpolicy.csharp.dotnet.values import BOOL, INT, OBJECT, STRING, VOID

METHOD_GROUPS = {
    "System.Func<int, string>": "Convert.ToString",
    "System.Func<string, int>": "int.Parse",
    "System.Func<int, int>": "Math.Abs",
    "System.Func<string, bool>": "string.IsNullOrEmpty",
    "System.Predicate<char>": "char.IsDigit",
    "System.Action<string>": "context.Trace",
}
"""Methods that convert to these delegate types."""


class ExpressionWriter(MemberWriter):
    """Everything that needs no statement around it."""

    outside: list[Variable] = []  # noqa: RUF012 - never changed in place
    """The variables around the query that is being written."""

    forms = (
        "form_leaf",
        "form_member",
        "form_member",
        "form_member",
        "form_member",
        "form_operator",
        "form_operator",
        "form_operator",
        "form_operator",
        "form_creation",
        "form_creation",
        "form_creation",
        "form_cast",
        "form_cast",
        "form_parenthesized",
        "form_conditional",
        "form_coalesce",
        "form_conditional_access",
        "form_conditional_access",
        "form_element",
        "form_element",
        "form_call_of_lambda",
        "form_assignment",
        "form_pattern",
        "form_query",
        "form_throwing",
        "form_checked",
        "form_local_call",
        "form_call_of_variable",
    )

    # ------------------------------------------------------------------------------------------ plain forms

    def form_parenthesized(self, type_: Type, depth: int) -> Code:
        inner = self.exactly(type_, depth)
        return Code(f"({inner.text})", PRIMARY, inner.is_constant)

    def form_conditional(self, type_: Type, depth: int) -> Code:
        condition = self.exactly(BOOL, depth)
        first, second = self.exactly(type_, depth), self.exactly(type_, depth)
        text = f"{condition.at(COALESCE)} ? {first.at(COALESCE)} : {second.at(COALESCE)}"
        return Code(text, CONDITION, condition.is_constant and first.is_constant and second.is_constant)

    def form_throwing(self, type_: Type, depth: int) -> Code:
        condition = self.variable_number(self.exactly(BOOL, depth))
        value = self.exactly(type_, depth)
        thrown = self.leaf(parse("System.Exception")).at(PRIMARY)
        if self.chance(50):
            return Code(f"{condition.at(COALESCE)} ? throw {thrown} : {value.at(COALESCE)}", CONDITION)
        return Code(f"{condition.at(COALESCE)} ? {value.at(COALESCE)} : throw {thrown}", CONDITION)

    def form_checked(self, type_: Type, depth: int) -> Code:
        inner = self.variable_number(self.exactly(type_, depth))
        return Code(f"{'un' if self.chance(50) else ''}checked({inner.text})")

    def form_assignment(self, type_: Type, depth: int) -> Code | None:
        fitting = [v for v in self.variables if v.type is type_ and v.is_assignable]
        if not fitting:
            return None
        target = self.one_of(fitting).name
        if type_ in ARITHMETIC and self.chance(60):
            if self.chance(40):
                return self.one_of(
                    [Code(f"{target}++"), Code(f"{target}--"), Code(f"++{target}", UNARY), Code(f"--{target}", UNARY)]
                )
            operator = self.one_of(("+=", "-=", "*="))
            return Code(f"{target} {operator} {self.exactly(type_, depth).at(ANY)}", ANY)
        if type_ is STRING and self.chance(40):
            return Code(f"{target} += {self.exactly(self.some_type(), depth).at(ANY)}", ANY)
        return Code(f"{target} = {self.converting(type_, depth).at(ANY)}", ANY)

    def form_coalesce(self, type_: Type, depth: int) -> Code | None:
        if type_.underlying is not None:
            right: Code = self.exactly(type_, depth)
            return Code(f"{self.exactly(type_, depth).at(EITHER)} ?? {right.at(COALESCE)}", COALESCE)
        if type_.is_value_type:
            nullable = nullable_of(type_)
            left = self.exactly(nullable, depth)
        else:
            left = self.exactly(type_, depth)
        if self.chance(20):
            return Code(f"{left.at(EITHER)} ?? throw {self.leaf(parse('System.Exception')).at(PRIMARY)}", COALESCE)
        return Code(f"{left.at(EITHER)} ?? {self.exactly(type_, depth).at(COALESCE)}", COALESCE)

    def form_cast(self, type_: Type, depth: int) -> Code | None:
        """A conversion that is written: between numbers, from object, to a base type, from an enum."""
        sources: list[Type] = [*narrower(type_)]
        if type_ in NUMBERS:
            sources += [*NUMBERS, DAY]
        if type_.underlying in NUMBERS:
            sources += [nullable_of(t) for t in NUMBERS]
        if type_ is DAY:
            sources += [*NUMBERS]
        if type_ is not OBJECT:
            sources.append(OBJECT)
        if not sources:
            return None
        source = self.one_of(sources)
        if source is OBJECT and not self.chance(25):
            boxed = self.variable_number(self.exactly(type_, depth)).at(PRIMARY)
            return Code(f"({spelled(type_)})(object){boxed}", UNARY)
        text = self.variable_number(self.exactly(source, depth)).at(UNARY)
        return Code(f"({spelled(type_)})" + (f"({text})" if text[0] in "+-" else text), UNARY)

    def form_local_call(self, type_: Type, depth: int) -> Code | None:
        """A call of a local function, where there are statements."""
        return None

    def form_element(self, type_: Type, depth: int) -> Code:
        """Out of something made for the purpose: an array, a tuple, an anonymous object, a lambda."""
        kind = self.pick(8)
        value = self.exactly(type_, depth)
        if kind == 0:
            return Code(f"new[] {{ {value.text}, {self.exactly(type_, depth).text} }}[{self.pick(3)}]")
        if kind == 1:
            other = self.exactly(self.some_type(), depth)
            return Code(f"({value.text}, {other.text}).Item1")
        if kind == 2:
            other = self.exactly(self.some_type(), depth)
            return Code(f"(a: {other.text}, b: {value.text}).b")
        if kind == 3:
            other = self.exactly(self.some_type(), depth)
            return Code(f"new {{ A = {other.text}, B = {value.text} }}.B")
        if kind == 4:
            first, second = value.at(CONDITION), self.converting(type_, depth).at(CONDITION)
            return Code(f"new List<{spelled(type_)}> {{ {first}, {second} }}[0]")
        if kind == 5:
            return Code(f'new Dictionary<string, {spelled(type_)}> {{ ["k"] = {value.text} }}["k"]')
        if kind == 6:
            return Code(f"new {spelled(array_of(type_))} {{ {value.text} }}[0]")
        return Code(f"new Dictionary<int, {spelled(type_)}> {{ {{ 1, {value.text} }} }}[1]")

    def form_call_of_lambda(self, type_: Type, depth: int) -> Code:
        argument = self.some_type()
        wanted = named("System.Func", argument, type_)
        made = self.made_delegate(wanted, depth)
        return Code(
            f"{made.at(PRIMARY)}{'.Invoke' if self.chance(30) else ''}({self.converting(argument, depth).text})"
        )

    # ------------------------------------------------------------------------------------ lambdas and queries

    def made_delegate(self, type_: NamedType, depth: int) -> Code:
        inner = self.bare_lambda(type_, depth)
        if inner is None:
            return self.leaf(type_)
        if self.chance(50):
            return Code(f"({spelled(type_)})({inner.text})", UNARY)
        return Code(f"new {spelled(type_)}({inner.text})")

    def form_call_of_variable(self, type_: Type, depth: int) -> Code | None:
        """A call of a delegate in a variable: `f(x)`, `f.Invoke(x)`, and `f?.Invoke(x)` where the type can be null."""
        fitting = [
            (variable.name, signature)
            for variable in self.variables
            if (signature := delegate_signature(variable.type)) is not None and signature.returns is type_
        ]
        if not fitting:
            return None
        name, signature = self.one_of(fitting)
        arguments = ", ".join(self.converting(p.type, depth).at(CONDITION) for p in signature.parameters)
        if self.chance(30) and not type_.is_value_type:
            return Code(f"{name}?.Invoke({arguments})", UNARY)
        return Code(f"{name}{'.Invoke' if self.chance(30) else ''}({arguments})")

    def method_group(self, type_: NamedType) -> str | None:
        """A method that converts to the delegate type."""
        return METHOD_GROUPS.get(str(type_))

    def bare_lambda(self, type_: NamedType, depth: int, *, is_inferred: bool = False) -> Code | None:
        """A lambda for a delegate type; its results are of exactly the type that the delegate returns if need be."""
        signature = delegate_signature(type_)
        group = self.method_group(type_) if not is_inferred else None
        if group is not None and self.chance(15):
            return Code(group)
        if signature is None or any(p.mode for p in signature.parameters):
            return None
        if not is_usable(signature.returns) and signature.returns is not VOID:
            return None
        if not all(is_usable(p.type) for p in signature.parameters):
            return None
        outer, may_declare = self.variables, self.may_declare
        names = [self.fresh() for _ in signature.parameters]
        self.variables = [v for v in outer if v.can_be_captured]
        self.variables += [Variable(n, p.type) for n, p in zip(names, signature.parameters, strict=True)]
        typed = [f"{spelled(p.type)} {n}" for n, p in zip(names, signature.parameters, strict=True)]
        kind = self.pick(10)
        if signature.returns is VOID:
            body = self.void_body(depth)
        elif kind >= 8:
            body = self.function_body(signature.returns, depth, is_exact=is_inferred)
        else:
            body = self.exactly(signature.returns, depth).text
        self.variables, self.may_declare = outer, may_declare
        if body.startswith("{") and kind == 9:
            return Code(f"delegate({', '.join(typed)}) {body}", ANY)
        if kind in (6, 7):
            return Code(f"({', '.join(typed)}) => {body}", ANY)
        shown = names[0] if len(names) == 1 else f"({', '.join(names)})"
        return Code(f"{shown} => {body}", ANY)

    def void_body(self, depth: int) -> str:
        return "{ }"

    def function_body(self, returns: Type, depth: int, *, is_exact: bool) -> str:
        value = self.exactly(returns, depth) if is_exact else self.converting(returns, depth)
        return f"{{ return {value.text}; }}"

    def form_query(self, type_: Type, depth: int) -> Code | None:
        """A query, taken apart again by something that gives one element."""
        if not is_usable(sequence_of(type_)):
            return None
        end = self.one_of(("First()", "Last()", "Single()", "ElementAt(0)", "FirstOrDefault()", "Skip(1).First()"))
        return Code(f"{self.query(type_, depth).at(PRIMARY)}.{end}")

    def join_clause(self, depth: int, *, is_group: bool) -> str:
        """`join y in ys on a equals b`; its variable is in scope after it."""
        source, key, name = self.some_type(), self.one_of((INT, STRING)), self.fresh()
        left = self.exactly(key, depth).at(CONDITION)
        # On the right of `equals` only the new variable is in scope, and what is outside of the query.
        outer, self.variables = self.variables, self.outside
        others = self.exactly(sequence_of(source), depth).at(CONDITION)
        self.variables = [Variable(name, source, is_assignable=False)]
        right = self.exactly(key, depth).at(CONDITION)
        self.variables = outer
        joined = self.fresh() if is_group else name
        type_ = sequence_of(source) if is_group else source
        self.variables = [*outer, Variable(joined, type_, is_assignable=False)]
        return f"join {name} in {others} on {left} equals {right}{f' into {joined}' if is_group else ''}"

    def continued(self, clauses: list[str], depth: int) -> None:
        """`group … by … into g` or `select … into x`: the variables so far are gone."""
        element, key, name = self.some_type(), self.one_of((INT, STRING)), self.fresh()
        if self.chance(50):
            clauses.append(
                f"group {self.exactly(element, depth).at(CONDITION)} by {self.exactly(key, depth).at(CONDITION)}"
            )
            element = named("System.Linq.IGrouping", key, element)
        else:
            clauses.append(f"select {self.exactly(element, depth).at(CONDITION)}")
        clauses.append(f"into {name}")
        self.variables = [*self.outside, Variable(name, element, is_assignable=False)]

    def query(self, type_: Type, depth: int) -> Code:
        """A query expression of type IEnumerable<type_>."""
        outer, may_declare, outside = self.variables, self.may_declare, self.outside
        self.outside = [v for v in outer if v.can_be_captured]
        source, name = self.some_type(), self.fresh()
        # `from (` begins a call, so a tuple type cannot be written.
        written = f"{spelled(source)} " if self.chance(20) and not isinstance(source, TupleType) else ""
        clauses = [f"from {written}{name} in {self.exactly(sequence_of(source), depth).at(ANY)}"]
        self.variables = [*self.outside, Variable(name, source, is_assignable=False)]
        self.may_declare = False
        for _ in range(self.pick(3)):
            kind = self.pick(6)
            if kind >= 4:
                clauses.append(self.join_clause(depth, is_group=kind == 5))
                continue
            if kind == 0:
                clauses.append(f"where {self.exactly(BOOL, depth).at(COALESCE)}")
                continue
            if kind == 1:
                order = self.one_of(("", " descending", " ascending"))
                clauses.append(f"orderby {self.exactly(self.one_of((INT, STRING, DATE)), depth).at(COALESCE)}{order}")
                continue
            other, added = self.some_type(), self.fresh()
            if kind == 2:
                clauses.append(f"let {added} = {self.exactly(other, depth).at(CONDITION)}")
            else:
                clauses.append(f"from {added} in {self.exactly(sequence_of(other), depth).at(CONDITION)}")
            self.variables = [*self.variables, Variable(added, other, is_assignable=False)]
        if self.chance(15):
            self.continued(clauses, depth)
        # `select x` alone would leave the type of an orderby before it.
        selected = self.exactly(type_, depth)
        cast = f"({spelled(type_)})" if selected.text in (v.name for v in self.variables) else ""
        clauses.append(f"select {cast}{selected.at(CONDITION)}")
        self.variables, self.may_declare, self.outside = outer, may_declare, outside
        return Code(" ".join(clauses), ANY)
