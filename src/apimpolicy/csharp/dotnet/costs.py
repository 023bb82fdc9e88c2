"""Cost of a call of a simulated member in steps, from the sizes of its arguments and its result.

Nothing has to be said for most members: a call is charged for the length of every text, array and collection that the
signature takes, and for that of the text, array or collection that it gives (and that is how memory is charged: where
it is made). A member that differs says so where it is registered:

    @implements("System.Net.WebUtility", "static string HtmlEncode(string value)", cost=SLOW)
    @implements(…, "static TValue GetValueOrDefault<TKey, TValue>(…)", cost=FREE)   # hands out what is there
    @implements(…, "…", cost=Cost(product=(0, 1)))                                  # compares each with each

A body that counts by itself is marked `@counts_itself`, and is left to do so.

The emitter writes the charge into the call (`apimpolicy.csharp.emit.members`), so that no body has to remember it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.csharp.dotnet.environment import FREE_UNITS, environment
from apimpolicy.csharp.dotnet.exceptions import NullReferenceException
from apimpolicy.csharp.dotnet.signatures import Field, Member, Method, Property
from apimpolicy.csharp.dotnet.types import ArrayType, NamedType, Type
from apimpolicy.csharp.dotnet.values import STRING

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.metadata import TypeDefinition
    from apimpolicy.csharp.dotnet.registry import Implementation

USUAL_UNITS = 64
"""Code units, bytes or elements that are walked through, or made, for one step, unless a member says otherwise."""


class Cost(NamedTuple):
    """The cost of a call: a step for so many `units` of its arguments and its result.

    `product` are two arguments (0 is the first, the receiver if there is one) whose lengths multiply. `extra` are
    steps for each call, however short. `takes` and `gives` say whether arguments, and the result, count.
    """

    units: int = USUAL_UNITS
    product: tuple[int, int] | None = None
    extra: int = 0
    takes: bool = True
    gives: bool = True

    def before(self, arguments: tuple[Any, ...]) -> int:
        """Steps for what is passed."""
        steps = self.extra
        if self.product is not None:
            first, second = (length_of(arguments[index]) for index in self.product if index < len(arguments))
            steps += first * second // self.units
        elif self.takes:
            total = sum(map(length_of, arguments))
            steps += total // self.units if total > FREE_UNITS else 0
        return steps


USUAL = Cost()
SLOW = Cost(units=2)
"""A Python loop handles each unit by itself, and may make several of it."""
FREE = Cost(takes=False, gives=False)
"""Nothing is walked through and nothing is made: a member hands out what is there, or keeps what it is given."""


def cost_of(implementation: Implementation, member: Member) -> Cost:
    """Return the cost of a call: the declared one, else one by the signature and the body."""
    if implementation.cost is not None:
        return implementation.cost
    if implementation.form == "attribute" or (member.name == "new" and not passed_types(member)):
        return FREE
    if getattr(implementation.body, "counts_itself", False):
        return FREE
    if isinstance(member, Property) and given_type(member) is not STRING:
        return FREE  # what is there
    return USUAL


def is_counted(type_: Type) -> bool:
    """Return whether values of a type have a length that a call may work through: texts, arrays, collections."""
    if type_ is STRING or isinstance(type_, ArrayType):
        return True
    return isinstance(type_, NamedType) and _is_collection(type_.definition) and not _is_tree(type_.definition)


def _is_tree(definition: TypeDefinition) -> bool:
    """JSON and XML: whoever walks through a tree counts its nodes."""
    return definition.name.startswith(("Newtonsoft.Json.Linq.", "System.Xml.Linq."))


@functools.cache
def _is_collection(definition: TypeDefinition) -> bool:
    return any(found.definition.name == "System.Collections.IEnumerable" for found in definition.open_type.supertypes)


def passed_types(member: Member) -> list[Type]:
    """Return the types of what a member is passed: `out` parameters are not."""
    if isinstance(member, (Method, Property)):
        return [parameter.type for parameter in member.parameters if parameter.mode != "out"]
    return []


def given_type(member: Member) -> Type | None:
    if isinstance(member, Method):
        return member.returns
    return member.type if isinstance(member, (Property, Field)) else None


def pay(value: Any) -> Any:
    """Return the value itself, after steps for its length; nothing for what has none."""
    return _pay(value, USUAL_UNITS)


def _pay(value: Any, units: int) -> Any:
    length = length_of(value)
    if length > FREE_UNITS:
        here = environment()
        here.step(length // units)
        if type(value) is str:
            here.check_length(length)
    return value


def charged(implementation: Implementation, cost: Cost) -> Callable[..., Any]:
    """Return the implementation as a function of receiver and arguments that pays its cost."""
    function, name, skipped = implementation.target, implementation.name, int(implementation.types)
    is_method = implementation.form == "method"

    def call(*given: Any) -> Any:
        arguments = given if is_method else given[skipped:]
        if is_method and given[0] is None:
            raise NullReferenceException
        environment().step(cost.before(arguments))
        made = getattr(given[0], name)(*given[1:]) if is_method else function(*given)
        return _pay(made, cost.units) if cost.gives else made

    return call


def length_of(value: Any) -> int:
    return len(value) if hasattr(value, "__len__") else 0
