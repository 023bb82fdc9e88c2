"""Binds Python implementations to the members of the surface.

A member is named as in documentation: `IndexOf(string, int)` is one overload, `Item[int]` an indexer, and `IndexOf`
names all overloads that are not registered by themselves. A conversion operator, which can differ from another in
its result only, has its whole line of the surface.

A function:

    @implements("string", "IndexOf(string, int)", "IndexOf(string, int, StringComparison)")
    def index_of(text: str, value: str, start: int, comparison: int = CURRENT_CULTURE) -> int: ...

A table, for members that only forward (operators, conversions, constructors, one call with the same arguments):

    implements_all("System.Guid", {"op_Equality": operator.eq, …})

A run-time class, whose methods and attributes are called on the object itself (so that subclasses and interfaces
dispatch as in .NET). A public method or property implements every member of its name: `try_get_value` is `TryGetValue`.
A member with another name, with a function for each overload, or with a cost of its own is registered by its signature:

    @dotnet_class("System.Uri", members="IsAbsoluteUri=is_absolute")
    class Uri:
        def equals(self, other: Any) -> bool: ...

        @member("IsBaseOf", cost=SLOW)
        def is_base_of(self, other: Uri) -> bool: ...

Rules that apply to all, and that the emitter relies on:

- Parameters come in the order of the signature, the receiver first. The receiver of an instance member is never None:
  the emitter raises NullReferenceException before. Other arguments may be None where C# allows null.
- `out` and `ref` parameters: an `out` parameter is not passed, a `ref` parameter is; the function returns a tuple of
  the result (left out for void) followed by the value of each `out` and `ref` parameter in order.
- `params` arrays arrive as one `values.Array`. Delegates are Python callables. Every IEnumerable is a Python iterable.
- With `types=True` the function receives, before everything else, the tuple of type arguments: those of the constructed
  type, then those of the method. A method that is found by its name receives them where its first parameter is `types`.
- The cost of a call follows from the signature, unless `cost=` or `@counts_itself` overrides it: see
  `apimpolicy.csharp.dotnet.costs`.
- A constructor is registered under `new(…)` or `new` and returns the new object (in a class: a static or class method).
"""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, MemberDescriptorType
from typing import TYPE_CHECKING, Any, TypeVar

from apimpolicy.csharp.dotnet import implementations
from apimpolicy.csharp.dotnet.metadata import KEYWORDS, TypeDefinition, all_definitions, look_up
from apimpolicy.csharp.dotnet.signatures import Method, member_name, short_form
from apimpolicy.csharp.dotnet.types import NamedType
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.costs import Cost

_Function = TypeVar("_Function", bound="Callable[..., Any]")
_Class = TypeVar("_Class", bound=type)
_Entry = TypeVar("_Entry")


class Implementation:
    """Describes how emitted code reaches a member.

    `form` is `function` (call `target`), `method` (call the attribute `name` of the receiver) or `attribute` (read it).
    """

    __slots__ = ("body", "cost", "form", "name", "paying", "target", "types")

    def __init__(
        self, form: str, target: Any, name: str, types: bool, cost: Cost | None = None, body: Any = None
    ) -> None:
        self.form = form
        self.body = target if body is None else body
        """The Python function, where there is one: of a method that of the class that registers it."""
        self.target = target
        self.name = name
        self.types = types
        self.cost = cost
        """A call's cost; None derives it from the signature (see `apimpolicy.csharp.dotnet.costs`)."""
        self.paying: Callable[..., Any] | None = None
        """The function that pays this cost, made on first use."""

    def __repr__(self) -> str:
        return f"<{self.form} {self.name}>"


_registered: dict[tuple[str, str], Implementation] = {}
_setters: dict[tuple[str, str], Implementation] = {}
_classes: dict[tuple[str, str], type] = {}
"""The run-time class of each type, under the key of a type with an empty signature."""
_names: dict[tuple[str, str], str] = {}
"""The Python names of members that are reached on the object itself."""
_reasons: dict[tuple[str, str], str] = {}
_loaded: set[str] = set()


def _type_name(name: str) -> str:
    """Return the type's name without type arguments, with C#'s keyword where there is one."""
    bare = name.split("<")[0] + ("." + name.rpartition(">.")[2] if ">." in name else "")
    return KEYWORDS.get(bare, bare)


def _key(type_name: str, signature: str) -> tuple[str, str]:
    """`System.Func<T>` and `System.Func<T, TResult>` differ in their number of parameters only."""
    arity = type_name.count("<") and sum(part.partition(">")[0].count(",") + 1 for part in type_name.split("<")[1:])
    return f"{_type_name(type_name)}`{arity}" if arity else _type_name(type_name), signature


def _definition_key(definition: TypeDefinition, signature: str) -> tuple[str, str]:
    return f"{definition.name}`{definition.arity}" if definition.arity else definition.name, signature


def counts_itself(function: _Function) -> _Function:
    """Declare that a body counts the steps for what it works through: a call is not charged for it once more.

    It is right above the function, so that all its registrations have it.
    """
    function.__dict__["counts_itself"] = True
    return function


def implements(
    type_name: str, *members: str, types: bool = False, cost: Cost | None = None
) -> Callable[[_Function], _Function]:
    """Register a function under members that behave alike; may be stacked."""

    def register(function: _Function) -> _Function:
        for member in members:
            _registered[_key(type_name, member)] = Implementation("function", function, function.__name__, types, cost)
        return function

    return register


def implements_all(type_name: str, members: Mapping[str, Callable[..., Any]], *, types: bool = False) -> None:
    """Register a function under each of a type's members: a table of members that only forward."""
    for member, function in members.items():
        implements(type_name, member, types=types)(function)


def implements_setter(type_name: str, member: str) -> Callable[[_Function], _Function]:
    """Register the setter of a property or indexer: receiver, index arguments, new value."""

    def register(function: _Function) -> _Function:
        _setters[_key(type_name, member)] = Implementation("function", function, function.__name__, False)
        return function

    return register


def member(
    *members: str, types: bool = False, setter: bool = False, cost: Cost | None = None
) -> Callable[[_Function], _Function]:
    """Mark a method of a run-time class as the implementation of members; see `dotnet_class`."""

    def mark(function: _Function) -> _Function:
        target = getattr(function, "__func__", function)
        marks: list[tuple[str, bool, bool, Cost | None]] = target.__dict__.setdefault("__dotnet_members__", [])
        marks.extend((name, types, setter, cost) for name in members)
        return function

    return mark


def dotnet_class(
    type_name: str, *, members: Mapping[str, str] | str = "", is_json: bool = False
) -> Callable[[_Class], _Class]:
    """Make a Python class the run-time class of a .NET type.

    Its public methods and properties implement the members of their names. `members` has those whose Python names
    differ, as `Type=token_type`, and those that only instances have. With `is_json` the JSON has these members in
    this order.
    Sets `dotnet_type_name` on the class unless it is already there.
    """

    def register(cls: _Class) -> _Class:
        if "dotnet_type_name" not in cls.__dict__:
            cls.dotnet_type_name = type_name  # type: ignore[attr-defined]
        if is_json:
            cls.json_members = python_names(members)  # type: ignore[attr-defined]
        _classes[_key(type_name, "")] = cls
        interface_members(type_name, members)
        for name, value in cls.__dict__.items():
            function = getattr(value, "__func__", value)
            for marked, types, setter, cost in getattr(function, "__dict__", {}).get("__dotnet_members__", ()):
                if isinstance(value, (staticmethod, classmethod)):
                    entry = Implementation("function", getattr(cls, name), name, types, cost)
                else:
                    entry = Implementation("method", None, name, types, cost, function)
                (_setters if setter else _registered)[_key(type_name, marked)] = entry
        return cls

    return register


def python_names(members: Mapping[str, str] | str) -> Mapping[str, str]:
    """Return the Python name of each member; a string has names, or pairs as `Type=token_type`."""
    if not isinstance(members, str):
        return members
    pairs = (pair.partition("=") for pair in members.split())
    return {name: attribute or _python_name(name) for name, _, attribute in pairs}


def _python_name(name: str) -> str:
    return re.sub("(?<!^)([A-Z])", r"_\1", name).lower()


def _find_by_name(key: tuple[str, str], setter: bool) -> Implementation | None:
    """Return the object's own implementation of a member, if the type's run-time class or an interface has it."""
    signature = key[1]
    cls = _classes.get((key[0], ""))
    special_name = _look_up(_names, key)
    name = special_name or _python_name(member_name(signature))
    body = next((base.__dict__[name] for base in cls.__mro__[:-1] if name in base.__dict__), None) if cls else None
    if body is None and special_name is None:
        return None
    is_method = short_form(signature).endswith((")", "]"))
    if special_name is not None:
        if setter and (is_method or " set; }" not in signature):
            return None
        return Implementation("method" if is_method else "attribute", None, name, False, body=body)
    if not is_method:
        is_settable = " set; }" in signature and (getattr(body, "fset", None) or type(body) is MemberDescriptorType)
        is_read = not isinstance(body, (FunctionType, staticmethod, classmethod))
        return Implementation("attribute", None, name, False) if is_read and (is_settable or not setter) else None
    is_static = isinstance(body, (staticmethod, classmethod))
    function = getattr(body, "__func__", body)
    if setter or not isinstance(function, FunctionType) or is_static != signature.startswith("static "):
        return None
    if "__dotnet_members__" in function.__dict__:
        return None  # it implements the overloads that it names
    first = 0 if isinstance(body, staticmethod) else 1
    types = "types" in function.__code__.co_varnames[first : function.__code__.co_argcount][:1]
    if is_static:
        return Implementation("function", getattr(cls, name), name, types)
    return Implementation("method", None, name, types, body=function)


def interface_members(type_name: str, members: Mapping[str, str] | str) -> None:
    """Register how members of an interface (or class) are reached on any object that implements it.

    Properties are read as attributes, methods and indexers are called. A string has the names of members, with `=` and
    the Python name where it isn't the same in snake case.
    """
    for name, attribute in python_names(members).items():
        _names[_key(type_name, name)] = attribute


def _load(definition: TypeDefinition) -> None:
    for module in implementations.modules_of(definition.name):
        if module not in _loaded:
            importlib.import_module(module)  # another thread that imports it is waited for
            _loaded.add(module)


_TASK = "System.Threading.Tasks.Task"


def declines(type_name: str, *members: str, reason: str) -> None:
    """Say why members are not simulated: they make no sense offline, or cannot be done faithfully.

    The reason is part of the NotSimulatedError and of the list in the docs.
    """
    for member in members:
        _reasons[_key(type_name, member)] = reason


def reason_against(definition: TypeDefinition, signature: str) -> str:
    """Return why a member is not simulated; empty without a reason."""
    _load(definition)
    given = _look_up(_reasons, _definition_key(definition, signature))
    if given:
        return given
    if _TASK in signature or definition.name.startswith(_TASK):
        return "the gateway allows no tasks"
    member = next((found for found in definition.all_members() if found.signature == signature), None)
    types = (parameter.type for parameter in member.parameters) if isinstance(member, Method) else ()
    refused = next((type_.name for type_ in types if isinstance(type_, NamedType) and _is_refused(type_)), "")
    return f"Azure refuses the type {refused} in policy expressions" if refused else ""


def _is_refused(type_: NamedType) -> bool:
    """Return whether a policy can't make a value of a parameter's type."""
    return type_.kind in ("class", "struct") and type_.name != "object" and type_.definition.use == "not allowed"


def _look_up(table: Mapping[tuple[str, str], _Entry], key: tuple[str, str]) -> _Entry | None:
    name, signature = key
    found = table.get(key) or table.get((name, short_form(signature)))
    return found or table.get((name, member_name(signature)))


def find_implementation(definition: TypeDefinition, signature: str, *, setter: bool = False) -> Implementation | None:
    """Return the implementation of a member, or None when it is not simulated. Imports the module that has it."""
    _load(definition)
    table, key = _setters if setter else _registered, _definition_key(definition, signature)
    found = _look_up(table, key) or _find_by_name(key, setter)
    if found is None and implementations.has_changed():
        _load(definition)
        found = _look_up(table, key) or _find_by_name(key, setter)
    return found


def registrations() -> Iterator[tuple[str, str, Implementation]]:
    """Yield every registration as (type with arity, signature, implementation); imports all implementations."""
    for module in implementations.all_modules():
        importlib.import_module(module)
    for definition in all_definitions():
        for declared in definition.all_members():
            for setter in (False, True):
                if found := find_implementation(definition, declared.signature, setter=setter):
                    yield _definition_key(definition, "")[0], declared.signature, found


def unknown_registrations() -> list[tuple[str, str]]:
    """Return the registrations that no member of the surface has; to be called after `registrations`."""
    known = {
        (_definition_key(definition, "")[0], spelling)
        for definition in all_definitions()
        for line in (declared.signature for declared in definition.all_members())
        for spelling in (line, short_form(line), member_name(line))
    }
    return sorted((_registered.keys() | _setters.keys() | _names.keys() | _reasons.keys()) - known)


@functools.cache
def bound(type_name: str, signature: str) -> Callable[..., Any]:
    """Return the implementation of a member as a plain function of receiver and arguments, for library code.

    Lets one part of the library use another by its C# signature. Raises NotSimulatedError when the member is not
    simulated.
    """
    bare, arity = _key(type_name, "")[0].partition("`")[::2]
    definition = look_up(bare, int(arity or 0))
    found = find_implementation(definition, signature) if definition is not None else None
    if found is None:
        raise NotSimulatedError(f"{type_name}: {signature}")
    if found.form == "function":
        return found.target  # type: ignore[no-any-return]
    name = found.name
    if found.form == "attribute":
        return lambda receiver: getattr(receiver, name)
    return lambda receiver, *arguments: getattr(receiver, name)(*arguments)
