"""Calls every member that declares a fact, with inputs of the real domain, and compares what it does.

Each call is made on equal inputs several times: what the inputs are afterwards shows whether it changed them, what it
gives shows whether it depends on anything else, as the clock, chance, or the calls before.
"""

from __future__ import annotations

import functools
import itertools
import json
import random
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.csharp.binding.lookup import delegate_signature
from apimpolicy.csharp.dotnet.cryptography.chain import TrustStore
from apimpolicy.csharp.dotnet.environment import Environment, Limits, use_environment
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.metadata import all_definitions
from apimpolicy.csharp.dotnet.registry import find_implementation
from apimpolicy.csharp.dotnet.signatures import Method, Property
from apimpolicy.csharp.dotnet.types import ArrayType, NamedType, Type, TypeParameter
from apimpolicy.csharp.dotnet.values import INT, OBJECT, STRING, VOID
from apimpolicy.csharp.emit.expression import compile_expression
from apimpolicy.errors import ApimPolicyError, DiagnosticError
from apimpolicy.gateway.context.entities import (
    Api,
    ContextBackend,
    Deployment,
    Group,
    Product,
    Subscription,
    User,
    UserIdentity,
    Workspace,
)
from apimpolicy.gateway.context.execution import Context, LastError
from apimpolicy.gateway.context.header_fields import HeaderCollection
from apimpolicy.gateway.context.loading import read_certificates
from apimpolicy.gateway.context.messages import RequestMessage
from apimpolicy.gateway.context.urls import Url
from apimpolicy.reasoning.semantics.facts import SHOWN, declared, has

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from apimpolicy.csharp.dotnet.signatures import Member
    from apimpolicy.csharp.emit.expression import CompiledExpression

MOST_CALLS = 16
_MOST_ITEMS, _MOST_DEPTH = 30, 7
_NOON = 640_000_000_000_000_000
_YEARS = 6_000_000_000_000_000
"""Ticks of nineteen years: certificates end in them."""
_ORDINARY = 4
"""So many inputs of a type that stand first are the usual ones: arguments that go together are mostly of them."""
_OPERATORS = {
    "op_Equality": "==",
    "op_Inequality": "!=",
    "op_LessThan": "<",
    "op_GreaterThan": ">",
    "op_LessThanOrEqual": "<=",
    "op_GreaterThanOrEqual": ">=",
}
_COLLECTIONS = {
    "IEnumerable": "{0}.Select(x => x)",
    "IList": "{0}.ToList()",
    "List": "{0}.ToList()",
    "ICollection": "{0}.ToList()",
    "IReadOnlyCollection": "{0}.ToList()",
    "IReadOnlyList": "{0}.ToList()",
    "HashSet": "new HashSet<{1}>({0})",
    "IOrderedEnumerable": "{0}.OrderBy(x => 1)",
}
_ITEMS = {
    "string": '"b", "a", null, "", "a", "K", "\\u212a", "c", "d", "e"',
    "int": "3, 1, 2, 2147483647, -1, 0, 1, 5, 9, 4",
    "object": '"a", 1, null, true, "a", 1.5, new object(), 2, 3, 4',
    "Newtonsoft.Json.Linq.JToken": 'JToken.Parse("{{\\"a\\": 1}}"), new JValue(1), null, new JArray(1, 2)',
}
CHOICES: tuple[Type, ...] = (STRING, INT, OBJECT)
"""What type parameters stand for."""


class Violation(NamedTuple):
    """A fact that is not true: of which member, and for which inputs."""

    fact: str
    member: str
    detail: str


@functools.cache
def pools() -> dict[str, tuple[str, ...]]:
    """Return the inputs, in C#, by the name of their type."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in Path(__file__).with_name("fact_inputs.txt").read_text("utf-8").splitlines():
        if line.startswith("    "):
            found[name].append(line[4:])
        elif line and line[0] != "#":
            name = line
            found[name] = []
    return {name: tuple(sorted(values, key="null".__eq__)) for name, values in found.items()}


# What is there


def simulated(types: Collection[str]) -> list[Member]:
    """Return the simulated members of some types."""
    return [
        member
        for definition in all_definitions()
        if definition.name in types
        for member in definition.all_members()
        if isinstance(member, (Method, Property)) and find_implementation(definition, member.signature) is not None
    ]


def declaring() -> list[Member]:
    """Return every simulated member about which anything is declared."""
    types = {type_ for of_types in declared().values() for type_ in of_types}
    return [member for member in simulated(types | SHOWN) if facts_of(member)]


def member(type_: str, signature: str) -> Member:
    """Return a member by its type and the beginning of its signature, or its name."""
    return next(
        each
        for definition in all_definitions()
        if definition.name == type_
        for each in definition.all_members()
        if each.signature == signature or each.name == signature
    )


def closed(type_: Type, choice: Type) -> Type:
    parameters = list(_parameters(type_))
    return type_.substitute(dict.fromkeys(parameters, choice)) if parameters else type_


def _parameters(type_: Type) -> Iterator[TypeParameter]:
    if isinstance(type_, TypeParameter):
        yield type_
    elif isinstance(type_, ArrayType):
        yield from _parameters(type_.element)
    elif isinstance(type_, NamedType):
        for argument in type_.arguments:
            yield from _parameters(argument)


def inputs(type_: Type) -> tuple[str, ...]:
    """Return expressions of a type; none where no value of it is known."""
    known = pools().get(str(type_))
    if known is not None:
        return known
    if isinstance(type_, ArrayType):
        items = _ITEMS.get(str(type_.element))
        return () if items is None else ("null", f"new {type_.element}[0]", f"new {type_.element}[] {{ {items} }}")
    if not isinstance(type_, NamedType):
        return ()
    if type_.underlying is not None:
        return ("null", *inputs(type_.underlying))
    if type_.kind == "enum":
        return tuple(f"(({type_}){value})" for value in (0, 1, 2, 4, 5, 99))
    if type_.kind == "delegate":
        return _functions(type_)
    return _collections(type_)


def _collections(type_: NamedType) -> tuple[str, ...]:
    short = type_.definition.name.rpartition(".")[2]
    if not type_.arguments or (items := _ITEMS.get(str(type_.arguments[0]))) is None:
        return ("null",) if type_.is_reference_type else ()
    element = type_.arguments[0]
    if len(type_.arguments) == 2:
        if short == "KeyValuePair":
            return tuple(
                f"new {type_}({key}, {value})"
                for key in inputs(element)[:4]
                for value in inputs(type_.arguments[1])[:3]
            )
        if "Dictionary" not in short:
            return ()
        value = f"default({type_.arguments[1]})"
        keys = f"new[] {{ {items} }}.Where(x => (object)x != null).Distinct()"
        made = f"{keys}.ToDictionary(x => x, x => {value})"
        return ("null", made, f"new Dictionary<{element}, {type_.arguments[1]}>()")
    if short == "IGrouping":
        return (f"new {element}[] {{ {items} }}.GroupBy(x => x).First()",)
    if short in ("IComparer", "IEqualityComparer"):
        return ("null", "StringComparer.OrdinalIgnoreCase") if element is STRING else ("null",)
    form = _COLLECTIONS.get(short)
    if form is None:
        return ("null",)
    one = items.partition(",")[0]
    filled = [f"new {element}[0]", f"new {element}[] {{ {one} }}", f"new {element}[] {{ {items} }}"]
    return ("null", *(form.format(each, element) for each in filled))


def _functions(type_: NamedType) -> tuple[str, ...]:
    signature = delegate_signature(type_)
    if signature is None or any(parameter.mode for parameter in signature.parameters):
        return ("null",)
    names = ", ".join(f"p{number}" for number in range(len(signature.parameters)))
    result = signature.returns
    if result is VOID:
        return (f"new {type_}(({names}) => {{ }})",)
    bodies = [f"default({result})"]
    bodies += [f"p{n}" for n, parameter in enumerate(signature.parameters) if parameter.type is result]
    if str(result) == "bool":
        bodies += ["true", "(object)p0 == null"]
    if result is INT and signature.parameters:
        bodies.append("p0.ToString().Length")
    return ("null", *(f"new {type_}(({names}) => {body})" for body in bodies))


# Calls


class Call(NamedTuple):
    """A member over given types: a function of the receiver and the arguments, and the inputs for each of them."""

    member: Member
    function: Callable[..., Any]
    inputs: tuple[tuple[str, ...], ...]
    types: tuple[Type, ...]


def calls(member: Member) -> Iterator[Call]:
    """Yield the calls of a member that compile."""
    is_open = bool(member.declaring.arity or getattr(member, "type_parameters", ()))
    for choice in CHOICES if is_open else CHOICES[:1]:
        made = _call(member, choice)
        if made is not None:
            yield made


def _call(member: Member, choice: Type) -> Call | None:
    container = closed(member.declaring.open_type, choice)
    types: list[Type] = [] if member.is_static or member.name == "new" else [container]
    passed: list[str] = []
    outs: list[str] = []
    for number, parameter in enumerate(getattr(member, "parameters", ())):
        if parameter.mode == "ref":
            return None
        if parameter.mode == "out":
            outs.append(f"o{number}")
            passed.append(f"out var o{number}")
        else:
            passed.append(f"a{len(types)}")
            types.append(closed(parameter.type, choice))
    given = tuple(inputs(type_) for type_ in types)
    if not all(given):
        return None
    called = operation(member, container, choice, passed)
    if isinstance(member, Method) and member.returns is VOID and member.name != "new":
        body = f"{called}; return null;"
    else:
        result = f"new object[] {{ {', '.join(['z', *outs])} }}" if outs else "z"
        body = f"object z = {called}; return {result};"
    names = ", ".join(f"a{number}" for number in range(len(types)))
    generic = ", ".join([*map(str, types), "object"])
    try:
        compiled = compile_expression(f"@{{ Func<{generic}> f = ({names}) => {{ {body} }}; return f; }}")
        with use_environment(_surroundings()):
            return Call(member, compiled.evaluate(Context()), given, tuple(types))
    except (DiagnosticError, ApimPolicyError):
        return None


def operation(member: Member, container: Type, choice: Type, passed: list[str]) -> str:
    own = getattr(member, "type_parameters", ())
    written = f"<{', '.join([str(choice)] * len(own))}>" if own else ""
    if member.name == "new":
        return f"new {container}({', '.join(passed)})"
    if member.name in _OPERATORS:
        return f" {_OPERATORS[member.name]} ".join(passed)
    if member.name in ("op_Explicit", "op_Implicit"):
        return f"({getattr(member, 'returns', None)}){passed[0]}"
    if isinstance(member, Property) and passed:
        return f"a0[{', '.join(passed)}]"
    target = str(container) if member.is_static else "a0"
    if isinstance(member, Property):
        return f"{target}.{member.name}"
    return f"{target}.{member.name}{written}({', '.join(passed)})"


@functools.cache
def _compiled(code: str, type_: str) -> CompiledExpression | None:
    try:
        return compile_expression(f"@{{ {type_} v = {code}; return v; }}")
    except DiagnosticError:
        return None


def _surroundings(shift: int = 0) -> Environment:
    limits = Limits(steps=200_000, seconds=60)
    return Environment(lambda: _NOON + shift * _YEARS, _trust(), limits, seed=shift)


def contexts() -> list[Context]:
    """Return contexts from which receivers are taken: one with all there can be, and one with little."""
    odd = [("x-id", ["a", "", "b"]), ("role", [""]), ("a", ["4" * 40]), ("k", ["\u212a"])]
    url = Url.parse("https://h:8080/a%20b/%zz?q=1&q=2&a=&role")
    full = Context(
        RequestMessage("GET", url, headers=HeaderCollection(odd), certificate=_certificates()["client"]),
        variables={"role": "a", "k": None},
        api=Api("a", service_url="https://b/"),
        product=Product(groups=[Group("g")]),
        subscription=Subscription(),
        user=User(groups=[Group("g", "n")], identities=[UserIdentity("i")]),
        last_error=LastError("s", None, "m"),
        backend=ContextBackend("b"),
        workspace=Workspace("w"),
        deployment=Deployment(certificates={}),
        elapsed_ticks=None,
    )
    return [full, Context()]


def _certificates() -> dict[str, Any]:
    """Return new certificates: some members destroy them."""
    return read_certificates(_texts_of_certificates())


@functools.cache
def _texts_of_certificates() -> dict[str, str]:
    path = Path(__file__).parents[3] / "conformance" / "contexts.json"
    texts: dict[str, str] = json.loads(path.read_text("utf-8"))["certs"]
    return {name: texts[name] for name in ("ca", "client")}


@functools.cache
def _trust() -> TrustStore:
    return TrustStore([_certificates()["ca"]], missing_list="empty")


_NO_CONTEXT = Context()

# What a call does


class Outcome(NamedTuple):
    """What calls on equal inputs did: whether one threw, its result, and what is wrong with it."""

    throws: bool
    is_null: bool
    changed: str
    changes_receiver: bool
    differs: str
    differs_later: str


def outcomes(call: Call, most: int = MOST_CALLS) -> Iterator[tuple[tuple[str, ...], bool, Outcome]]:
    """Yield the inputs of each call, whether one of them is null, and what came of it."""
    for number, chosen in enumerate(_tuples(call, most)):
        context = number % 2 if any("context" in each for each in chosen) else 1
        made = [_made(chosen, call.types, context) for _ in range(3)]
        if None in made:
            continue
        untouched, once, again = made
        assert untouched is not None
        assert once is not None
        assert again is not None
        if call.types and not call.member.is_static and untouched[0] is None:
            continue
        found = _compared(call, untouched, once, again)
        if found is not None:
            yield chosen, any(value is None for value in untouched), found


def _tuples(call: Call, most: int) -> Iterator[tuple[str, ...]]:
    total = 1
    for each in call.inputs:
        total *= len(each)
    if total <= most:
        yield from itertools.product(*call.inputs)
        return
    chance = random.Random(call.member.signature)
    rows = max(map(len, call.inputs))
    shuffled = [chance.sample(each, len(each)) for each in call.inputs]
    for row in range(max(most, rows)):
        if row < rows:
            yield tuple(each[row % len(each)] for each in shuffled)
        else:
            yield tuple(chance.choice(each if chance.random() < 0.4 else each[:_ORDINARY]) for each in call.inputs)


def _made(chosen: Sequence[str], types: Sequence[Type], context: int) -> list[Any] | None:
    with use_environment(_surroundings()):
        given = contexts()[context] if any("context" in code for code in chosen) else _NO_CONTEXT
        found = []
        for code, type_ in zip(chosen, types, strict=True):
            compiled = _compiled(code, str(type_))
            if compiled is None:
                return None
            try:
                found.append(compiled.evaluate(given))
            except (DotnetException, ApimPolicyError):
                return None
    return found


def _compared(call: Call, untouched: list[Any], once: list[Any], again: list[Any]) -> Outcome | None:
    try:
        first, throws, is_null = _ran(call, once, 0)
        with use_environment(_surroundings()):
            before, after = [observed(value) for value in untouched], [observed(value) for value in once]
        second, _, _ = _ran(call, once, 0)
        later, _, _ = _ran(call, again, 1)
    except (ApimPolicyError, RecursionError):
        return None
    changed = "" if before == after else f"{before} became {after}"
    changes_receiver = bool(before) and not call.member.is_static and before[0] != after[0]
    differs = "" if first == second else f"{first}, then {second}"
    differs_later = "" if first == later else f"{first}, with another clock and other chances {later}"
    return Outcome(throws, is_null, changed, changes_receiver, differs, differs_later)


def _ran(call: Call, arguments: list[Any], shift: int) -> tuple[Any, bool, bool]:
    with use_environment(_surroundings(shift)):
        try:
            result = call.function(*arguments)
        except DotnetException as error:
            return ("throws", error.type_name), True, False
        return observed(result), False, result is None


def observed(value: Any, seen: frozenset[int] = frozenset()) -> Any:
    """Return what there is to see of a value, and of all that it leads to."""
    if value is None or isinstance(value, (bool, int, float, str, bytes, Decimal)):
        return type(value).__name__, repr(value)
    if id(value) in seen or len(seen) > _MOST_DEPTH:
        return "again"
    seen |= {id(value)}
    if isinstance(value, (Type, type)):
        return str(value)
    if isinstance(value, dict):
        return "dict", tuple((observed(key, seen), observed(each, seen)) for key, each in value.items())
    if isinstance(value, (set, frozenset)):
        return "set", tuple(sorted(repr(observed(each, seen)) for each in value))
    if isinstance(value, (list, tuple)):
        return type(value).__name__, tuple(observed(each, seen) for each in value[:_MOST_ITEMS])
    if callable(value) and not hasattr(type(value), "dotnet_type_name"):
        return "function"
    getattr(value, "children", None)  # an object of JSON makes its properties when something first looks at them
    return type(value).__name__, _fields(value, seen), _items(value, seen)


def _fields(value: Any, seen: frozenset[int]) -> tuple[Any, ...]:
    names = [*getattr(value, "__dict__", {})]
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        names += [slots] if isinstance(slots, str) else slots
    kept = [name for name in dict.fromkeys(names) if not _is_hidden(value, name) and hasattr(value, name)]
    return tuple((name, observed(getattr(value, name), seen)) for name in kept)


def _is_hidden(value: Any, name: str) -> bool:
    return name in _HIDDEN or isinstance(getattr(type(value), name, None), functools.cached_property)


_HIDDEN = frozenset(
    ("__weakref__", "_started", "_groups", "_made", "_request_id", "_numbers", "_dates", "_matched_parameters", "place")
)
"""What is only made when it is first asked for."""


def _items(value: Any, seen: frozenset[int]) -> tuple[Any, ...]:
    if not hasattr(value, "__iter__"):
        return ()
    found = []
    try:
        for each in itertools.islice(iter(value), _MOST_ITEMS):
            found.append(observed(each, seen))
    except DotnetException as error:
        found.append(("throws", error.type_name))
    return tuple(found)


# Facts


def violations(member: Member, facts: Collection[str], most: int = MOST_CALLS) -> Iterator[Violation]:
    """Yield what is not true of facts that a member declares."""
    name = f"{member.declaring.name}: {member.signature}"
    is_set = find_implementation(member.declaring, member.signature, setter=True) is not None
    if {"immutable", "pure"}.issubset(facts) and is_set:
        yield Violation("immutable", name, "can be set")
    for call in calls(member):
        for chosen, has_null, found in outcomes(call, most):
            for fact, problem in _problems(found, facts, has_null=has_null):
                yield Violation(fact, name, f"for {', '.join(chosen)}: {problem}")


def _problems(found: Outcome, facts: Collection[str], *, has_null: bool) -> Iterator[tuple[str, str]]:
    if found.throws and "total" in facts and not has_null:
        yield "total", "throws"
    if found.is_null and "never-null" in facts:
        yield "never-null", "is null"
    if found.changes_receiver and "immutable" in facts:
        yield "immutable", found.changed
    if found.changed and not {"pure", "fresh"}.isdisjoint(facts):
        yield "pure", found.changed
    if "pure" in facts and (differs := found.differs or ("" if "clock" in facts else found.differs_later)):
        yield "pure", differs


def facts_of(member: Member) -> set[str]:
    """Return the facts that a member declares."""
    found = {fact for fact in declared() if fact != "immutable" and has(fact, member)}
    if member.declaring.name in declared()["immutable"]:
        found.add("immutable")
    if member.declaring.name in SHOWN and isinstance(member, Property):
        found.add("fresh")
    return found
