"""The types of the surface, loaded on first use.

`surface/<namespace>.txt` holds one block per type; a block is found by its first line and read in steps: the header
when the type is first asked anything, a member when its name is first looked up. Types that signatures mention and
the surface does not list are known by name only.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator, Mapping

from apimpolicy.csharp.dotnet.signatures import MEMBER_NAME, Field, Member, parse_member, parse_type, split_top
from apimpolicy.csharp.dotnet.types import ArrayType, NamedType, TupleType, Type, TypeParameter, construct
from apimpolicy.csharp.host import CONTEXT

SURFACE = os.path.join(os.path.dirname(__file__), "surface")

KEYWORDS = {
    "System.Object": "object",
    "System.String": "string",
    "System.Boolean": "bool",
    "System.Char": "char",
    "System.SByte": "sbyte",
    "System.Byte": "byte",
    "System.Int16": "short",
    "System.UInt16": "ushort",
    "System.Int32": "int",
    "System.UInt32": "uint",
    "System.Int64": "long",
    "System.UInt64": "ulong",
    "System.Single": "float",
    "System.Double": "double",
    "System.Decimal": "decimal",
    "System.Void": "void",
}
"""The framework's names of the types that C# has a keyword for; the keyword is the name used throughout."""

FULL_NAMES = {keyword: name for name, keyword in KEYWORDS.items()}

_HEADER = re.compile(r"(?:abstract |sealed |static )?(class|struct|interface|enum|delegate) (.+)")


class TypeDefinition:
    """A type as declared: `System.Collections.Generic.Dictionary` with its parameters TKey and TValue.

    `kind` is class, struct, interface, enum or delegate; `use` says what APIM allows: `all`, `context`, `not allowed`,
    `only A, B` or `all except A`.
    """

    __slots__ = (
        "__dict__", "_block", "_members", "arity", "is_abstract", "is_sealed", "is_static", "is_tuple", "kind",
        "name", "type", "type_parameters",
    )  # fmt: skip

    def __init__(self, name: str, header: str, block: str, arity: int) -> None:
        match = _HEADER.match(header)
        self.name = name
        self.arity = arity
        self.kind = match.group(1) if match else "class"
        self.is_static = header.startswith("static ")
        self.is_abstract = header.startswith("abstract ") or self.kind == "interface"
        self.is_sealed = header.startswith("sealed ") or self.kind not in ("class", "interface") or self.is_static
        self.is_tuple = name == "System.ValueTuple" and arity > 0
        names = re.findall(r"<([^>]*)>", header)
        self.type_parameters = tuple(TypeParameter(part) for text in names for part in split_top(text))
        if not names and arity:
            self.type_parameters = tuple(TypeParameter(f"T{number + 1}") for number in range(arity))
        self._block = block
        self._members: dict[str, tuple[Member, ...]] = {}
        self.type = NamedType(self, ())

    @functools.cached_property
    def open_type(self) -> NamedType:
        """The type with its own parameters as arguments: what `this` is inside it."""
        return construct(self, self.type_parameters) if self.arity else self.type

    @functools.cached_property
    def _header(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for line in self._block.split("\n"):
            if line.startswith("    ") or not line.startswith("  "):
                continue
            key, _, value = line.strip().partition(" ")
            if key == "variance":
                parameter, _, direction = value.partition(" ")
                self._scope[parameter].variance = direction
            elif key == "where":
                parameter, _, constraints = value.partition(" ")
                self._scope[parameter].constraints = tuple(split_top(constraints))
            else:
                found[key] = value
        return found

    @functools.cached_property
    def _scope(self) -> Mapping[str, TypeParameter]:
        return {parameter.name: parameter for parameter in self.type_parameters}

    @functools.cached_property
    def base(self) -> NamedType | None:
        """The base class; `object` where none is written, None for `object` itself and for interfaces."""
        written = self._header.get("base")
        if written:
            found = parse_type(written, find_definition, self._scope)
            return found if isinstance(found, NamedType) else None
        if self.kind == "interface" or self.name == "object":
            return None
        return find_definition("System.ValueType" if self.kind == "struct" else "object", 0).type

    @functools.cached_property
    def interfaces(self) -> tuple[NamedType, ...]:
        written = self._header.get("interfaces", "")
        found = (parse_type(name, find_definition, self._scope) for name in split_top(written))
        return tuple(interface for interface in found if isinstance(interface, NamedType))

    @functools.cached_property
    def use(self) -> str:
        return self._header.get("use", "not allowed")

    @functools.cached_property
    def enum_underlying(self) -> str:
        """The C# name of an enum's underlying type, e.g. `int`."""
        return self._header.get("enum", "int").split(" ")[0]

    @functools.cached_property
    def is_flags(self) -> bool:
        return self._header.get("enum", "").endswith(" flags")

    @functools.cached_property
    def enum_values(self) -> dict[str, int]:
        """The members of an enum in declaration order."""
        if self.kind != "enum":
            return {}
        pairs = (line.strip().split(" = ") for line in self._block.split("\n") if line.startswith("    "))
        return {pair[0]: int(pair[1]) for pair in pairs}

    @functools.cached_property
    def _lines(self) -> dict[str, list[str]]:
        lines: dict[str, list[str]] = {}
        for line in self._block.split("\n"):
            if line.startswith("    "):
                text = line[4:]
                match = MEMBER_NAME.search(text)
                if match is None:
                    raise ValueError(f"cannot find the name of {text!r} of {self.name}")
                lines.setdefault(match.group(1), []).append(text)
        return lines

    def members(self, name: str) -> tuple[Member, ...]:
        """Return the members declared here under this name (`new` for constructors), in the order of the metadata."""
        found = self._members.get(name)
        if found is None:
            if self.kind == "enum":
                found = self._enum_members(name)
            else:
                texts = self._lines.get(name, ())
                found = tuple(parse_member(text, self, find_definition, self._scope) for text in texts)
            if found:  # names that do not exist are not kept: there is no end of them
                found = self._members.setdefault(name, found)
        return found

    def _enum_members(self, name: str) -> tuple[Member, ...]:
        value = self.enum_values.get(name)
        if value is None:
            return ()
        return (Field(self, name, f"{name} = {value}", self.type, is_constant=True, value=value),)

    def member_names(self) -> list[str]:
        """Return the names of all members declared here."""
        return list(self.enum_values) if self.kind == "enum" else list(self._lines)

    def all_members(self) -> Iterator[Member]:
        for name in self.member_names():
            yield from self.members(name)

    def display(self, arguments: tuple[Type, ...]) -> str:
        """Return the name with type arguments; those of an outer type are where C# writes them."""
        if not arguments:
            return self.name
        outer, dot, nested = self.name.rpartition(".")
        if self.is_nested and dot:
            return f"{outer}<{', '.join(map(str, arguments))}>.{nested}"
        return f"{self.name}<{', '.join(map(str, arguments))}>"

    @functools.cached_property
    def is_nested(self) -> bool:
        """Return whether the type is declared inside another type: `TimeZoneInfo.AdjustmentRule`."""
        outer = self.name.rpartition(".")[0]
        return bool(outer) and any(name == outer for name, _ in _namespace_of(self.name)[1])

    @property
    def namespace(self) -> str:
        return _namespace_of(self.name)[0]

    @property
    def simple_name(self) -> str:
        """The name without namespace: `List`, `TimeZoneInfo.AdjustmentRule`."""
        namespace = self.namespace
        return self.name[len(namespace) + 1 :] if namespace and self.name.startswith(namespace + ".") else self.name

    def __repr__(self) -> str:
        return f"<TypeDefinition {self.name}{f'`{self.arity}' if self.arity else ''}>"


_definitions: dict[tuple[str, int], TypeDefinition] = {}
_mentioned: dict[tuple[str, int], TypeDefinition] = {}
"""Types that signatures name and the surface does not have; `look_up` never finds these."""


@functools.cache
def _namespaces() -> frozenset[str]:
    return frozenset(name.removesuffix(".txt") for name in os.listdir(SURFACE) if name.endswith(".txt"))


def is_namespace(name: str) -> bool:
    """Return whether this is a namespace of the surface, or the beginning of one. The types of `context` have none."""
    return name != CONTEXT.name and (
        name in _namespaces() or any(other.startswith(name + ".") for other in _namespaces())
    )


@functools.cache
def _blocks(namespace: str) -> dict[tuple[str, int], tuple[str, str]]:
    """Return the types of a namespace: (full name, number of type parameters) to (first line, all lines)."""
    if namespace not in _namespaces():
        return {}
    with open(os.path.join(SURFACE, f"{namespace}.txt"), encoding="utf-8") as file:
        text = file.read()
    found: dict[tuple[str, int], tuple[str, str]] = {}
    for block in text.rstrip("\n").split("\n\n"):
        header = block.partition("\n")[0]
        written = header.rpartition(" ")[2] if "<" not in header else header[header.index(_first_word(header)) :]
        arity = 0
        name = written
        if "<" in written:
            arity = sum(part.count(",") + 1 for part in re.findall(r"<([^>]*)>", written))
            name = re.sub(r"<[^>]*>", "", written)
        found[name, arity] = (header, block)
    return found


def _first_word(header: str) -> str:
    match = _HEADER.match(header)
    return match.group(2) if match else header


@functools.lru_cache(maxsize=1024)  # policies may name what they like
def _namespace_of(name: str) -> tuple[str, dict[tuple[str, int], tuple[str, str]]]:
    """Return the namespace file that holds this type: the longest prefix of the name that is one."""
    if "." not in name:
        return ("", _blocks("System")) if name in FULL_NAMES else ("", _blocks(CONTEXT.name))
    prefix = name
    while "." in prefix:
        prefix = prefix.rpartition(".")[0]
        if prefix in _namespaces():
            return prefix, _blocks(prefix)
    return name.rpartition(".")[0], {}


def look_up(name: str, arity: int = 0) -> TypeDefinition | None:
    """Return the definition of this full name and number of type parameters, or None when the surface has none."""
    key = (KEYWORDS.get(name, name), arity)
    found = _definitions.get(key)
    if found is None:
        entry = _namespace_of(key[0])[1].get(key)
        if entry is None:
            return None
        found = _definitions.setdefault(key, TypeDefinition(key[0], *entry, arity))
    return found


def find_definition(name: str, arity: int = 0) -> TypeDefinition:
    """Like `look_up`, but a name that only signatures mention becomes a type without members."""
    found = look_up(name, arity) or _mentioned.get((name, arity))
    if found is None:
        header = f"struct {name}" if name == "System.ValueTuple" else f"class {name}"  # of a tuple of nine or more
        made = TypeDefinition(name, header, f"{header}\n  use not allowed", arity)
        found = _mentioned.setdefault((name, arity), made)
    return found


def type_names(namespace: str) -> list[tuple[str, int]]:
    """Return the types of a namespace as (full name, number of type parameters); `""` is the context object's."""
    blocks = _blocks(namespace or CONTEXT.name)
    if namespace:
        return [key for key in blocks if "." in key[0]]
    return [*blocks, *(key for key in _blocks("System") if key[0] in FULL_NAMES)]


def extension_classes(namespace: str) -> list[TypeDefinition]:
    """Return the static classes of a namespace that have extension methods, told from the text alone."""
    return [
        find_definition(*key)
        for key, (header, block) in _blocks(namespace).items()
        if header.startswith("static ") and "(this " in block
    ]


def all_definitions() -> Iterator[TypeDefinition]:
    """Yield every type of the surface; for tests and generated documentation."""
    for namespace in sorted(_namespaces()):
        for name, arity in _blocks(namespace):
            yield find_definition(name, arity)


def named(name: str, *arguments: Type) -> NamedType:
    """Return the type of this full name: `named("System.Collections.Generic.List", INT)`."""
    if not arguments:
        known = _definitions.get((name, 0))
        if known is not None:
            return known.type
    definition = find_definition(name, len(arguments))
    return construct(definition, arguments) if arguments else definition.type


@functools.lru_cache(maxsize=1024)
def parse(text: str) -> Type:
    """Return the type with a C# name, given with full names: `parse("System.Collections.Generic.List<int>")`."""
    return parse_type(text, find_definition, {})


def runtime_name(type_: Type) -> str:
    """Return the type as `Type.ToString()` writes it.

    >>> runtime_name(parse("System.Collections.Generic.List<int>"))
    'System.Collections.Generic.List`1[System.Int32]'
    """
    if isinstance(type_, NamedType):
        definition = type_.definition
        name = FULL_NAMES.get(definition.name, definition.name)
        if definition.is_nested:
            outer, _, nested = name.rpartition(".")
            name = f"{outer}+{nested}"
        if isinstance(type_, TupleType) and (rest := type_.arguments[7:]):
            inner = construct(find_definition(definition.name, len(rest)), rest)
            return f"{name}`8[{','.join(map(runtime_name, (*type_.arguments[:7], inner)))}]"
        if definition.arity:
            name += f"`{definition.arity}"
        if type_.arguments:
            name += f"[{','.join(map(runtime_name, type_.arguments))}]"
        return name
    if isinstance(type_, ArrayType):
        return f"{runtime_name(type_.element)}[{',' * (type_.rank - 1)}]"
    return str(type_)
