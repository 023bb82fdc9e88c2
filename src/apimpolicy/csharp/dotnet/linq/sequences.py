"""The results of deferred operators, and the registration of operators."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from apimpolicy.csharp.dotnet.costs import FREE
from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import ArgumentNullException
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.registry import implements
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.dotnet.values import OBJECT
from apimpolicy.errors import NotSimulatedError
from apimpolicy.records import Record

if TYPE_CHECKING:
    Types = tuple[Type, ...]
    Stage = Callable[[Any], Any]

STEPS_AT_ONCE = 32
"""The commonest operators count elements and burn their steps together; what is left over, at the end."""

BURNING: set[Callable[..., Iterator[Any]]] = set()
"""Functions that start an enumeration and burn a step per element."""

MAXIMUM_DEPTH = 200
"""Operators on top of one another; each is a Python generator inside the next. A longer run of those in `STAGES`
is one generator and counts no further."""

LONG_RUN = 16
"""Operators in a row from which on they are walked as one: slower than a few generators, and as deep as one."""

LEFT_OUT, END = object(), object()
"""Results of a stage for an element that is not passed on, and for one that ends the sequence."""

STAGES: dict[Callable[..., Iterator[Any]], Callable[..., Stage | None]] = {}
"""Operators that look at one element at a time, by what starts them; each value makes a stage of an operator's
arguments without the source, which is the first of them. None lets nothing pass, and asks for nothing."""

COUNTABLE: set[Callable[..., Iterator[Any]]] = set()
"""Functions of `Take` and `Skip`, whose element count does not depend on the order of their source."""


class Last(Record):
    """An element that a stage passes on as the last one."""

    item: Any


_Function = TypeVar("_Function", bound="Callable[..., Any]")


def operator(*members: str) -> Callable[[_Function], _Function]:
    """Register an operator of `Enumerable`.

    The function receives the type arguments first. It burns steps for the elements that it walks over. A null argument
    raises ArgumentNullException before it is called.
    """

    def register(function: _Function) -> _Function:
        required = _required(function, 1)

        def checked(types: Types, *arguments: Any) -> Any:
            for place, name in required:
                if arguments[place] is None:
                    raise ArgumentNullException(name)
            return function(types, *arguments)

        implements("System.Linq.Enumerable", *members, types=True, cost=FREE)(checked)
        return function

    return register


def deferred(*members: str, element: int = 0, with_types: bool = False) -> Callable[[_Function], _Function]:
    """Register a deferred operator by the function that walks over its sources, which burns steps.

    `element` is the place of the elements' type among the type arguments, which the function receives with
    `with_types`. A null argument raises ArgumentNullException at once, before anything is walked over.
    """

    def register(walk: _Function) -> _Function:
        required = _required(walk, with_types)

        def begin(types: Types, *arguments: Any) -> Sequence:
            for place, name in required:
                if arguments[place] is None:
                    raise ArgumentNullException(name)
            return Sequence(walk, types[element], *(types, *arguments) if with_types else arguments)

        implements("System.Linq.Enumerable", *members, types=True, cost=FREE)(begin)
        return walk

    return register


def _required(function: Callable[..., Any], skipped: int) -> list[tuple[int, str]]:
    """Return the places and .NET's names of parameters that may not be null: those without a default."""
    code = function.__code__
    names = code.co_varnames[skipped : code.co_argcount - len(function.__defaults__ or ())]
    return [
        (place, first + "".join(map(str.title, others)))
        for place, (first, *others) in enumerate(name.split("_") for name in names)
        if first not in _MAY_BE_NULL
    ]


_MAY_BE_NULL = ("value", "seed")


class Sequence:
    """A lazy `IEnumerable<T>`: `start` begins a new enumeration with the `arguments` each time it is called."""

    __slots__ = ("arguments", "depth", "element", "run", "start")

    def __init__(self, start: Callable[..., Iterator[Any]], element: Type = OBJECT, *arguments: Any) -> None:
        self.start = start
        self.element = element
        self.arguments = arguments
        depth: int = 1
        for source in arguments:
            if isinstance(source, Sequence) and source.depth >= depth:
                depth = source.depth + 1
        self.run = 0
        if start in STAGES:
            below = arguments[0]
            self.run = below.run + 1 if type(below) is Sequence else 1
            if self.run > LONG_RUN:
                depth = below.depth
        self.depth: int = depth
        if depth > MAXIMUM_DEPTH:
            raise NotSimulatedError("a query", f"more than {MAXIMUM_DEPTH} operators are applied one on the other")

    @property
    def dotnet_type(self) -> Type:
        return named("System.Collections.Generic.IEnumerable", self.element)

    def __iter__(self) -> Iterator[Any]:
        if self.run > LONG_RUN:
            return _walk_stages(self)
        return self.start(*self.arguments)


def _walk_stages(sequence: Sequence) -> Iterator[Any]:
    """Yield the elements of a long run of operators: each passes all of them before the next is requested."""
    stages: list[Stage] = []
    source: Any = sequence
    while type(source) is Sequence and source.run:
        below, *arguments = source.arguments
        stage = STAGES[source.start](*arguments)
        if stage is None:
            return
        stages.append(stage)
        source = below
    stages.reverse()
    step = environment().step
    for item in source:
        passed, is_last = item, False
        for stage in stages:
            step()
            passed = stage(passed)
            if passed is LEFT_OUT:
                break
            if passed is END:
                return
            if type(passed) is Last:
                passed, is_last = passed.item, True
        else:
            yield passed
        if is_last:
            return


def walked(source: Any) -> Any:
    """Return a query's source for emitted code; each element costs a step, those of a short array or list in advance.

    Raises ArgumentNullException for null.
    """
    if isinstance(source, list):
        size = len(source)
    elif source is None:
        raise ArgumentNullException("source")
    else:
        size = len(source) if hasattr(source, "__len__") else STEPS_AT_ONCE
    if size < STEPS_AT_ONCE:
        environment().step(size)
        return source
    return stepping(source)


def stepping(source: Any) -> Iterator[Any]:
    """Yield the elements of a sequence; burns a step for each, many together."""
    step = environment().step
    walked = 0
    for item in source:
        walked += 1
        if walked == STEPS_AT_ONCE:
            walked = 0
            step(STEPS_AT_ONCE)
        yield item
    step(walked)


def take_all(source: Any) -> list[Any]:
    """Return all elements of a sequence in a new list; burns a step for each and respects the limit on elements."""
    here = environment()
    if hasattr(source, "__len__"):
        here.step(len(source))
        return list(source)
    items = list(stepping(source))
    here.check_elements(len(items))
    return items
