"""Names of types, namespaces and keywords, as far as an expression may write them."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from apimpolicy.binding import lookup
from apimpolicy.binding.allow_list import is_type_allowed
from apimpolicy.dotnet.metadata import _namespaces, is_namespace, look_up, type_names
from apimpolicy.syntax.lexer import _scanners
from apimpolicy.syntax.parser import machine

if TYPE_CHECKING:
    from apimpolicy.syntax.stacks import Stack, Stacks


@cache
def simple_types() -> tuple[tuple[str, bool], ...]:
    """The types that need no namespace, and whether the gateway takes each."""
    found: dict[str, bool] = {}
    own = [(name, arity, name) for name, arity in type_names("")]
    using = [(name, arity, full) for (name, arity), fulls in lookup._usings_index().items() for full in fulls]
    for name, arity, full in (*own, *using):
        definition = look_up(full, arity)
        if definition is not None:
            found[name] = found.get(name, False) or is_type_allowed(definition)
    return tuple(found.items())


@lru_cache(512)
def names_in(namespace: str) -> tuple[str, ...]:
    """The types and namespaces that may follow a namespace and a dot; of the empty one, the outermost namespaces."""
    if not namespace:
        return tuple(sorted(n for n in {name.split(".")[0] for name in _namespaces() if name} if names_in(n)))
    start = namespace + "."
    types = type_names(namespace) if is_namespace(namespace) and namespace in _namespaces() else ()
    names = {full[len(start) :].split(".")[0] for full, _ in types}
    names |= {other[len(start) :].split(".")[0] for other in _namespaces() if other.startswith(start)}
    return tuple(sorted(names))


def is_keyword(word: str) -> bool:
    """Whether C# reserves a word."""
    return _scanners()[2].get(word, "NAME") not in (*machine().contextual, "NAME")


def keywords_of(stacks: Stacks, before: Stack) -> list[str]:
    """The keywords with which the code may go on at a stack."""
    words = _scanners()[2]
    return [word for word, kind in words.items() if stacks.take(before, kind) is not None]
