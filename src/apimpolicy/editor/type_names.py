"""Names of types, namespaces and keywords, as far as an expression may write them."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from apimpolicy.binding import lookup
from apimpolicy.binding.allow_list import is_type_allowed
from apimpolicy.dotnet.metadata import _namespaces, is_namespace, look_up, type_names
from apimpolicy.syntax.depth import Frames
from apimpolicy.syntax.lexer import PADDING, _scanners, tokenize
from apimpolicy.syntax.parser import machine
from apimpolicy.syntax.stacks import CARET, Stacks

if TYPE_CHECKING:
    from apimpolicy.syntax.stacks import Stack


_NEVER_LEGAL: Final = frozenset(("async", "await", "base", "stackalloc", "this", "yield"))
"""Keywords that a policy expression has no use for: it is no iterator, not asynchronous, not safe from `stackalloc`."""


_OUT: Final = re.compile(r"\bout\s+\Z")
_RANGE_VARIABLE: Final = re.compile(r"\b(?:from|join)\s+\w+\s+\Z")


@cache
def simple_types() -> tuple[tuple[str, bool], ...]:
    """Return the types that need no namespace, and whether the gateway allows each."""
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
    """Return the types and namespaces in a namespace; for the empty one, the outermost namespaces."""
    if not namespace:
        return tuple(sorted(n for n in {name.split(".")[0] for name in _namespaces() if name} if names_in(n)))
    start = namespace + "."
    types = type_names(namespace) if is_namespace(namespace) and namespace in _namespaces() else ()
    names = {full[len(start) :].split(".")[0] for full, _ in types}
    names |= {other[len(start) :].split(".")[0] for other in _namespaces() if other.startswith(start)}
    return tuple(sorted(names))


def keywords() -> frozenset[str]:
    """Return every word that is a keyword somewhere."""
    return frozenset(_scanners()[2])


def is_keyword(word: str) -> bool:
    """Return whether C# reserves a word."""
    return _scanners()[2].get(word, "NAME") not in (*machine().contextual, "NAME")


def keywords_of(stacks: Stacks, before: Stack, prefix: str) -> list[str]:
    """Return the keywords that may follow code with this stack; none that are an error in every policy."""
    is_declared = stacks.take(before, "_MARK_DECLARATION") is not None or _OUT.search(prefix) is not None
    is_function = stacks.take(before, "_MARK_LOCAL_FUNCTION") is not None
    found = ["var"] if is_declared else []
    for word, kind in _scanners()[2].items():
        if word not in _NEVER_LEGAL and (word != "void" or is_function) and stacks.take(before, kind) is not None:
            found.append(word)
    return found


def keywords_after(prefix: str) -> tuple[list[str], bool]:
    """Return the keywords that may follow code as it is written, and whether a name may follow as well."""
    tokens, _ = tokenize(prefix + CARET, 1)
    last = len(tokens.kinds) - PADDING - 1
    if last < 0 or tokens.starts[last] != len(prefix) or tokens.kinds[last] != "NAME":
        return [], True  # in a string or a comment
    if _RANGE_VARIABLE.search(prefix):
        return ["in"], False  # the tables take the variable for a type
    with Frames():
        stacks = Stacks()
        reading = stacks.read(tokens)
    if reading.failed >= 0 and reading.failed != last:
        return [], True
    return keywords_of(stacks, reading.before.get(last, reading.stack), prefix), reading.failed < 0
