"""Members of the surface and new objects of a wanted type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csharp_code import ANY, CONDITION, PRIMARY, UNARY, Code
from csharp_operators import OperatorWriter
from csharp_types import spelled
from surface_members import Producer, producers, settable

from apimpolicy.csharp.dotnet.signatures import Field, Method, Property
from apimpolicy.csharp.dotnet.types import ArrayType, NamedType, TupleType, Type, TypeParameter

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.signatures import Parameter


class MemberWriter(OperatorWriter):
    """Calls with named, optional, params and out arguments; `?.`; initialisers, arrays and tuples."""

    # --------------------------------------------------------------------------------------------- members

    def form_member(self, type_: Type, depth: int) -> Code | None:
        near, far = producers(type_)
        chosen = near if near and not (far and self.chance(15)) else far
        return self.member(self.one_of(chosen), depth) if chosen else None

    def member(self, producer: Producer, depth: int) -> Code | None:
        """A member of the surface, with a receiver and arguments of exactly its types."""
        member, operator = producer.member, producer.operator
        if member.name == "new":
            return Code(f"new {spelled(producer.container)}({self.arguments(producer, depth)})")
        if operator is not None:
            operands = [self.exactly(p.type, depth) for p in producer.parameters]
            if len(operands) == 1:
                text = operands[0].at(UNARY)
                return Code(operator + (f"({text})" if text[0] in "+-" else text), UNARY)
            left, right = operands
            return Code(f"({left.at(PRIMARY)} {operator} {right.at(PRIMARY)})")
        if member.name.startswith("op_"):
            return None
        if isinstance(member, Method) and member.is_extension:
            return self.extension(producer, depth)
        if producer.receiver is None:
            receiver = spelled(producer.container)
        else:
            receiver = self.exactly(producer.receiver, depth).at(PRIMARY)
        is_constant = isinstance(member, Field) and member.is_constant
        if isinstance(member, Property) and member.parameters:
            return Code(f"{receiver}[{self.arguments(producer, depth)}]")
        if not isinstance(member, Method):
            return Code(f"{receiver}.{member.name}", PRIMARY, is_constant)
        arguments = self.arguments(producer, depth)
        return Code(f"{receiver}.{member.name}{self.type_arguments(producer)}({arguments})")

    def extension(self, producer: Producer, depth: int) -> Code:
        first, *others = producer.parameters
        receiver = self.exactly(first.type, depth)
        rest = [self.argument(p, producer, depth) for p in others]
        name = producer.member.name + self.type_arguments(producer)
        if self.chance(20):
            return Code(f"{producer.container}.{name}({', '.join([receiver.text, *rest])})")
        return Code(f"{receiver.at(PRIMARY)}.{name}({', '.join(rest)})")

    def type_arguments(self, producer: Producer) -> str:
        if not producer.type_arguments or not (producer.needs_type_arguments or self.chance(20)):
            return ""
        return f"<{', '.join(map(spelled, producer.type_arguments))}>"

    def arguments(self, producer: Producer, depth: int) -> str:
        parameters = list(producer.parameters)
        while producer.is_alone and parameters and parameters[-1].has_default and self.chance(50):
            parameters.pop()
        first_named = len(parameters)
        if producer.is_alone and not any(p.mode == "params" for p in parameters) and self.chance(15):
            first_named = self.pick(len(parameters) + 1)
        written = [self.argument(parameter, producer, depth) for parameter in parameters]
        for place in range(first_named, len(parameters)):
            written[place] = f"{_escaped(parameters[place].name)}: {written[place]}"
        if self.chance(30):
            written[first_named:] = written[first_named:][::-1]
        return ", ".join(written)

    def argument(self, parameter: Parameter, producer: Producer, depth: int) -> str:
        original = next(p for p in producer.member.parameters if p.name == parameter.name)  # type: ignore[attr-defined]
        type_ = parameter.type
        if parameter.mode == "out":
            if not self.may_declare:
                return f"out {spelled(type_)} _" if self.chance(50) else "out _"
            return f"out {self.one_of(('var', spelled(type_)))} {self.fresh()}"
        if parameter.mode == "params" and isinstance(type_, ArrayType) and self.chance(60):
            count = self.pick(2) + 1
            return ", ".join(self.exactly(type_.element, depth).at(CONDITION) for _ in range(count))
        if isinstance(type_, NamedType) and type_.kind == "delegate":
            made = self.bare_lambda(type_, depth, is_inferred=bool(producer.type_arguments))
            if made is not None and not isinstance(original.type, TypeParameter):
                return made.text
        if producer.is_alone and not producer.type_arguments and parameter.mode != "params":
            return self.converting(type_, depth).text
        return self.exactly(type_, depth).text

    def form_conditional_access(self, type_: Type, depth: int) -> Code | None:
        """`receiver?.Member`, which gives `T?` of a value type."""
        inner = type_.underlying or type_
        if type_.is_value_type and type_.underlying is None:
            return None
        near, _ = producers(inner)
        fitting = [
            p
            for p in near
            if p.receiver is not None and (not p.receiver.is_value_type or p.receiver.underlying is not None)
        ]
        if not fitting:
            return None
        producer = self.one_of(fitting)
        if producer.receiver is None or "System.Nullable" in str(producer.member.declaring.name):
            return None
        receiver = self.exactly(producer.receiver, depth).at(PRIMARY)
        member = producer.member
        if isinstance(member, Property) and member.parameters:
            return Code(f"{receiver}?[{self.arguments(producer, depth)}]", UNARY)
        call = f"({self.arguments(producer, depth)})" if isinstance(member, Method) else ""
        types = self.type_arguments(producer) if isinstance(member, Method) else ""
        return Code(f"{receiver}?.{member.name}{types}{call}", UNARY)

    # --------------------------------------------------------------------------------------------- creation

    def form_creation(self, type_: Type, depth: int) -> Code | None:
        if isinstance(type_, ArrayType):
            return self.array(type_, depth)
        if isinstance(type_, TupleType):
            names = [f"{name}: " if name else "" for name in type_.names]
            values = [self.exactly(t, depth).text for t in type_.arguments]
            return Code(f"({', '.join(n + v for n, v in zip(names, values, strict=True))})")
        if not isinstance(type_, NamedType):
            return None
        if type_.kind == "delegate":
            return self.made_delegate(type_, depth)
        generic = type_.name.rpartition(".")[2]
        if generic in ("List", "HashSet") and len(type_.arguments) == 1:
            items = ", ".join(self.converting(type_.arguments[0], depth).at(CONDITION) for _ in range(self.pick(3)))
            return Code(f"new {spelled(type_)} {{ {items} }}" if items else f"new {spelled(type_)}()")
        if generic == "Dictionary" and len(type_.arguments) == 2:
            key, value = (self.converting(t, depth) for t in type_.arguments)
            if self.chance(50):
                return Code(f"new {spelled(type_)} {{ {{ {key.at(CONDITION)}, {value.at(CONDITION)} }} }}")
            return Code(f"new {spelled(type_)}() {{ [{key.text}] = {value.text} }}")
        if generic == "KeyValuePair" and len(type_.arguments) == 2:
            key, value = (self.exactly(t, depth) for t in type_.arguments)
            return Code(f"new {spelled(type_)}({key.text}, {value.text})")
        if generic == "IEnumerable" and type_.arguments:
            return self.query(type_.arguments[0], depth)
        own = [s for s in settable() if s.owner is type_ and not s.property.parameters]
        if own and any(not m.parameters for m in type_.definition.members("new") if isinstance(m, Method)):
            chosen = self.one_of(own)
            value = self.converting(chosen.property.type, depth).at(ANY)
            return Code(f"new {spelled(type_)} {{ {chosen.property.name} = {value} }}")
        if type_.underlying is not None:
            return Code(f"({spelled(type_)}){self.exactly(type_.underlying, depth).at(PRIMARY)}", UNARY)
        return None

    def array(self, type_: ArrayType, depth: int) -> Code:
        element = type_.element
        if type_.rank == 2:
            rows = [
                ", ".join(self.converting(element, depth).at(CONDITION) for _ in range(2))
                for _ in range(self.pick(2) + 1)
            ]
            return Code(f"new {spelled(type_)} {{ {', '.join(f'{{ {row} }}' for row in rows)} }}")
        if type_.rank > 2:
            return self.leaf(type_)
        kind = self.pick(3)
        if kind == 2 and not isinstance(element, ArrayType):
            return Code(f"new {spelled(element)}[{self.pick(4)}]", UNARY)  # a following [0] would be a rank
        if kind == 1:
            items = ", ".join(self.converting(element, depth).at(CONDITION) for _ in range(self.pick(3)))
            return Code(f"new {spelled(type_)} {{ {items} }}")
        items = ", ".join(self.exactly(element, depth).at(CONDITION) for _ in range(self.pick(2) + 1))
        return Code(f"new[] {{ {items} }}")


def _escaped(name: str) -> str:
    keywords = "object string in out ref params base new this event lock default checked is as if char int bool"
    return f"@{name}" if name in keywords.split() else name
