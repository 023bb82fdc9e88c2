"""Reads the C# signatures in which the surface is written, and the type names inside them.

static int Compare(string strA, string strB)      method       new(char c, int count)          constructor
int Length { get; }                               property     char Chars[int index] { get; }  indexer
static readonly string Empty;                     field        const int MaxValue = 2147483647; constant
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from struct import pack, unpack
from typing import TYPE_CHECKING, Self

from apimpolicy.csharp.dotnet.types import NamedType, Type, TypeParameter, array_of, construct, tuple_type

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.metadata import TypeDefinition

    Find = Callable[[str, int], TypeDefinition]
    Scope = Mapping[str, TypeParameter]

MEMBER_NAME = re.compile(r"(?:^|[ ])(\w+)(?:<[^()\[\]{}]*>)?(?:\(|\[[^\]]+\] \{| \{|;| =)")
"""Finds the name of a member line without reading the rest of it."""

_TYPE_TOKEN = re.compile(r"\s*([A-Za-z_][\w.]*|[<>,\[\]?&*()])")
_PARAMETER = re.compile(r"(?:(this|out|ref|params|in) )?(.+?) (\w+)(?: = (.+))?$")
_METHOD = re.compile(r"(static )?(?:(.+?) )?(\w+)(?:<([^()]*)>)?\((.*)\)((?: where .+?)?)$")
_PROPERTY = re.compile(r"(static )?(.+?) (\w+)(?:\[(.+)\])? \{ (get; )?(set; )?\}$")
_FIELD = r"(static )?(readonly )?(.+) (\w+);$"
_CONSTANT = r"const (\S+) (\w+) = (.+);$"
_CONSTRAINT = r" where (\w+) : (.+?)(?= where |$)"


class Parameter:
    """One parameter: `mode` is empty, `ref`, `out`, `params` or `this`."""

    __slots__ = ("default", "has_default", "mode", "name", "type")

    def __init__(
        self, name: str, type_: Type, mode: str = "", has_default: bool = False, default: object = None
    ) -> None:
        self.name = name
        self.type = type_
        self.mode = mode
        self.has_default = has_default
        self.default = default

    def substitute(self, arguments: Mapping[TypeParameter, Type]) -> Parameter:
        return Parameter(self.name, self.type.substitute(arguments), self.mode, self.has_default, self.default)

    def __str__(self) -> str:
        return f"{self.mode + ' ' if self.mode else ''}{self.type} {self.name}"


class Member:
    """Base class of members. `signature` is the line of the surface, and with the type's name the member's identity.

    `container` is the constructed type that the member was found on; types in the member have its arguments put in.
    """

    __slots__ = ("container", "declaring", "is_static", "name", "obsolete", "signature")

    container: NamedType

    def __init__(self, declaring: TypeDefinition, name: str, signature: str, is_static: bool) -> None:
        self.declaring = declaring
        self.container = declaring.open_type
        self.name = name
        self.signature = signature
        self.is_static = is_static
        self.obsolete = False

    def within(self, container: NamedType) -> Self:
        """Return the member as one of a constructed type: `int Count` of `List<T>` in `List<string>`."""
        copy = object.__new__(type(self))
        for cls in type(self).__mro__[:-1]:
            for slot in cls.__slots__:  # type: ignore[attr-defined]
                setattr(copy, slot, getattr(self, slot))
        copy.container = container
        copy._substitute(container.argument_map)
        return copy

    def _substitute(self, arguments: Mapping[TypeParameter, Type]) -> None:
        """Put type arguments into the types of the member."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.declaring.name}: {self.signature}>"


class Method(Member):
    """A method, an operator (`op_Addition`) or a constructor (`new`)."""

    __slots__ = ("is_extension", "parameters", "returns", "type_parameters")

    def __init__(
        self,
        declaring: TypeDefinition,
        name: str,
        signature: str,
        is_static: bool,
        returns: Type,
        parameters: tuple[Parameter, ...],
        type_parameters: tuple[TypeParameter, ...] = (),
    ) -> None:
        super().__init__(declaring, name, signature, is_static)
        self.returns = returns
        self.parameters = parameters
        self.type_parameters = type_parameters
        self.is_extension = bool(parameters) and parameters[0].mode == "this"

    def _substitute(self, arguments: Mapping[TypeParameter, Type]) -> None:
        self.returns = self.returns.substitute(arguments)
        self.parameters = tuple(parameter.substitute(arguments) for parameter in self.parameters)


class Property(Member):
    """A property, or an indexer when it has parameters."""

    __slots__ = ("has_getter", "has_setter", "parameters", "type")

    def __init__(
        self,
        declaring: TypeDefinition,
        name: str,
        signature: str,
        is_static: bool,
        type_: Type,
        has_getter: bool,
        has_setter: bool,
        parameters: tuple[Parameter, ...] = (),
    ) -> None:
        super().__init__(declaring, name, signature, is_static)
        self.type = type_
        self.has_getter = has_getter
        self.has_setter = has_setter
        self.parameters = parameters

    def _substitute(self, arguments: Mapping[TypeParameter, Type]) -> None:
        self.type = self.type.substitute(arguments)
        self.parameters = tuple(parameter.substitute(arguments) for parameter in self.parameters)


class Field(Member):
    """A field; for a constant or an enum member `is_constant` is set and `value` is known to the compiler."""

    __slots__ = ("is_constant", "is_readonly", "type", "value")

    def __init__(
        self,
        declaring: TypeDefinition,
        name: str,
        signature: str,
        type_: Type,
        *,
        is_static: bool = True,
        is_readonly: bool = False,
        is_constant: bool = False,
        value: object = None,
    ) -> None:
        super().__init__(declaring, name, signature, is_static)
        self.type = type_
        self.is_readonly = is_readonly
        self.is_constant = is_constant
        self.value = value

    def _substitute(self, arguments: Mapping[TypeParameter, Type]) -> None:
        self.type = self.type.substitute(arguments)


def split_top(text: str, separator: str = ",") -> list[str]:
    """Split at separators outside of `<…>`, `[…]` and quotes."""
    parts: list[str] = []
    depth, quoted, start = 0, False, 0
    for index, char in enumerate(text):
        if char == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif char in "<[(":
            depth += 1
        elif char in ">])":
            depth -= 1
        elif char == separator and depth == 0:
            parts.append(text[start:index].strip())
            start = index + 1
    if tail := text[start:].strip():
        parts.append(tail)
    return parts


_QUALIFIER = re.compile(r"\b(?:\w+\.)+(?=\w)")
_CALLED = re.compile(
    r"(?:^|[ ])(?P<name>\w+(?:<[^()\[\]{}]*>)?)(?P<open>\(|\[(?=[^\],]))(?P<parameters>.*)[)\]](?: \{| where |$)"
)


@functools.cache  # as large as the surface
def short_form(line: str) -> str:
    """Return a member's name with the types of its parameters, without namespaces and names of parameters.

    >>> short_form("static string Format(System.IFormatProvider provider, string format, params object[] args)")
    'Format(IFormatProvider, string, object[])'
    >>> short_form("T Item[int index] { get; set; }")
    'Item[int]'
    >>> short_form("static T Max<T>(this System.Collections.Generic.IEnumerable<T> source)")
    'Max(IEnumerable<T>)'

    Type parameters that C# infers from the parameters are left out. Conversion operators keep the whole line, since
    they differ in what they return.
    """
    match = _CALLED.search(line)
    if match is None or match["name"].startswith(("op_Implicit", "op_Explicit")):
        return member_name(line) if match is None else line
    types = ", ".join(_PARAMETER.sub(_type_alone, part) for part in split_top(match["parameters"]))
    name, _, generic = match["name"].partition("<")
    if not all(re.search(rf"\b{parameter}\b", types) for parameter in split_top(generic[:-1])):
        name = match["name"]
    return f"{name}{match['open']}{types}{')' if match['open'] == '(' else ']'}"


def member_name(line: str) -> str:
    """Return the name of a member, `new` for constructors, from its line or short form."""
    match = MEMBER_NAME.search(line)
    return match[1] if match is not None else line


def _type_alone(match: re.Match[str]) -> str:
    mode = f"{match[1]} " if match[1] in ("out", "ref") else ""
    return mode + _QUALIFIER.sub("", match[2])


def parse_type(text: str, find: Find, scope: Scope) -> Type:
    """Return the type with a C# name of the surface, e.g. `System.Func<T, bool>[]` or `Outer<K>.Inner`."""
    if text in scope:
        return scope[text]
    if text.isidentifier():
        return find(text, 0).type
    tokens = _TYPE_TOKEN.findall(text)
    tokens.append("")
    type_, index = _parse_type(tokens, 0, find, scope)
    if tokens[index]:
        raise ValueError(f"cannot read the type {text!r}")
    return type_


def _parse_tuple(tokens: list[str], index: int, find: Find, scope: Scope) -> tuple[Type, int]:
    """`(TFirst First, TSecond Second)`: a tuple type with names."""
    types: list[Type] = []
    names: list[str] = []
    while tokens[index] != ")":
        element, index = _parse_type(tokens, index + 1, find, scope)
        types.append(element)
        names.append(tokens[index])
        index += 1
    return tuple_type(tuple(types), tuple(names), find("System.ValueTuple", len(types))), index + 1


def _parse_type(tokens: list[str], index: int, find: Find, scope: Scope) -> tuple[Type, int]:
    name = tokens[index]
    if name == "(":
        return _parse_tuple(tokens, index, find, scope)
    index += 1
    arguments: list[Type] = []
    while tokens[index] == "<":
        index += 1
        while True:
            argument, index = _parse_type(tokens, index, find, scope)
            arguments.append(argument)
            index += 1
            if tokens[index - 1] == ">":
                break
        if tokens[index].startswith("."):  # pragma: no cover - the tokenizer keeps the dot with the nested name
            break
        if tokens[index] and tokens[index][0].isalpha():
            name += "." + tokens[index]
            index += 1
    type_: Type
    if not arguments and name in scope:
        type_ = scope[name]
    else:
        definition = find(name, len(arguments))
        type_ = construct(definition, tuple(arguments)) if arguments else definition.type
    while True:
        if tokens[index] == "?":
            index += 1
            type_ = construct(find("System.Nullable", 1), (type_,))
        elif tokens[index] == "[":
            rank = 1
            index += 1
            while tokens[index] == ",":
                rank += 1
                index += 1
            index += 1
            type_ = array_of(type_, rank)
        elif tokens[index] in ("&", "*"):
            index += 1
        else:
            return type_, index


def parse_member(line: str, owner: TypeDefinition, find: Find, scope: Scope) -> Member:
    signature, _, note = line.partition(" // ")
    member = _parse_member(signature, owner, find, scope)
    member.obsolete = note == "obsolete"
    return member


def _parse_member(line: str, owner: TypeDefinition, find: Find, scope: Scope) -> Member:
    if line.endswith("}") and (match := _PROPERTY.match(line)):
        static, type_, name, index, getter, setter = match.groups()
        return Property(
            owner,
            name,
            line,
            bool(static),
            parse_type(type_, find, scope),
            bool(getter),
            bool(setter),
            parse_parameters(index or "", find, scope),
        )
    if line.startswith("const ") and (match := re.compile(_CONSTANT).match(line)):
        type_, name, text = match.groups()
        value = _constant(type_, _json(text))
        return Field(owner, name, line, parse_type(type_, find, scope), is_constant=True, value=value)
    if line.endswith(";") and (match := re.compile(_FIELD).match(line)):
        static, readonly, type_, name = match.groups()
        if type_ == "decimal" and owner.name == "decimal":
            return Field(owner, name, line, owner.type, is_constant=True, value=_decimal(name))
        return Field(
            owner, name, line, parse_type(type_, find, scope), is_static=bool(static), is_readonly=bool(readonly)
        )
    match = _METHOD.match(line)
    if match is None:
        raise ValueError(f"cannot read the member {line!r} of {owner.name}")
    static, returns, name, generics, parameters, constraints = match.groups()
    own: tuple[TypeParameter, ...] = ()
    if generics:
        own = tuple(TypeParameter(part) for part in split_top(generics))
        scope = {**scope, **{parameter.name: parameter for parameter in own}}
        for constrained, texts in re.compile(_CONSTRAINT).findall(constraints or ""):
            scope[constrained].constraints = tuple(split_top(texts))
    result = parse_type(returns, find, scope) if returns else owner.open_type
    return Method(owner, name, line, bool(static), result, parse_parameters(parameters, find, scope), own)


def _decimal(name: str) -> object:
    """Return a constant of `decimal`: fields with an attribute in the library, and constants to the compiler."""
    from decimal import Decimal

    largest = Decimal(2**96 - 1)
    values = {"Zero": Decimal(0), "One": Decimal(1), "MinusOne": Decimal(-1)}
    return {**values, "MaxValue": largest, "MinValue": largest.copy_negate()}[name]


def _constant(type_: str, value: object) -> object:
    if type_ in ("double", "float", "System.Double"):
        number = float(value)  # type: ignore[arg-type]
        return unpack("f", pack("f", number))[0] if type_ == "float" else number
    return value


def parse_parameters(text: str, find: Find, scope: Scope) -> tuple[Parameter, ...]:
    parameters = []
    for part in split_top(text):
        match = _PARAMETER.match(part)
        if match is None:
            raise ValueError(f"cannot read the parameter {part!r}")
        mode, type_, name, default = match.groups()
        parameters.append(
            Parameter(
                name,
                parse_type(type_, find, scope),
                mode or "",
                default is not None,
                _json(default) if default is not None else None,
            )
        )
    return tuple(parameters)


def _json(text: str) -> object:
    """Return the value of a JSON text; the reader is imported when the first constant is met."""
    from json import loads

    value: object = loads(text)
    return value
