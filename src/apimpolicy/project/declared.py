"""Declarations of a configuration about a service: the names in its tables, and `external`, what lives elsewhere.

    external = ["backends/shared-*", "named-values/common-*"]       # other repositories deploy these

A resource that `external` declares exists for `check`: policies and other resources may refer to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.checks.references import MissingReference
from apimpolicy.project.layout import KINDS, kind_named

if TYPE_CHECKING:
    from apimpolicy.project.toml_table import Table

_TABLES = ("named-values", "backends", "certificates", "fragments", "schemas", "apis", "products", "subscriptions")


class Declared(NamedTuple):
    """Names by kind of resource, and pairs of a kind and a pattern of names."""

    names: Mapping[str, frozenset[str]] = {}
    external: tuple[tuple[str, str], ...] = ()

    def has(self, kind: str, name: str) -> bool:
        """Return whether a resource is declared; case counts for named values only."""
        lowered = name.lower()
        if any(each == kind and fnmatch(lowered, pattern.lower()) for each, pattern in self.external):
            return True
        names = self.names.get(kind, frozenset())
        return name in names or (kind != "named-values" and any(each.lower() == lowered for each in names))


NOTHING = Declared()


class ConfiguredFragments:
    """A service of which only a configuration is known: its fragments, and what lives elsewhere.

    It may have other fragments, so that a missing one is never certain.
    """

    def __init__(self, declared: Declared, fragments: Iterable[str]) -> None:
        self._declared = declared
        self._fragments = tuple(sorted(fragments))

    def __repr__(self) -> str:
        return repr((self._declared, self._fragments))

    def missing(self, kind: str, *names: str, within: str = "") -> MissingReference | None:
        """See `checks.references.KnownService`."""
        known = self._fragments
        if kind != "fragments" or any(name in known or self._declared.has(kind, name) for name in names):
            return None
        from difflib import get_close_matches

        return MissingReference(
            "fragment", names[0], False, tuple(get_close_matches(names[0][:64], known, 1, 0.7)), known
        )


def declared_in(*configurations: Mapping[str, Any], external: tuple[tuple[str, str], ...] = ()) -> Declared:
    found: dict[str, set[str]] = {}
    for values in configurations:
        for kind, name in _names(values):
            found.setdefault(kind, set()).add(name)
    return Declared({kind: frozenset(names) for kind, names in sorted(found.items())}, external)


def _names(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for kind in _TABLES:
        table = values.get(kind)
        yield from ((kind, name) for name in (table if isinstance(table, dict) else ()))
    loggers = values.get("loggers")
    yield from (("loggers", name) for name in (loggers if isinstance(loggers, list) else ()) if isinstance(name, str))
    authorizations = values.get("authorizations")
    for each in authorizations if isinstance(authorizations, list) else ():
        for key, kind in (("provider", "authorization-providers"), ("id", "authorizations")):
            name = each.get(key) if isinstance(each, dict) else None
            if isinstance(name, str):
                yield kind, name


def external_patterns(table: Table) -> tuple[tuple[str, str], ...]:
    """Read the key `external`. Raises ConfigurationError."""
    found: list[tuple[str, str]] = []
    for text in table.texts("external") or ():
        folder, slash, pattern = text.partition("/")
        if not slash or not pattern:
            raise table.mistake(
                f"has '{text}'; write a kind and a name or a pattern, such as backends/shared-*", "external"
            )
        kind = kind_named(folder)
        if kind is None:
            raise table.mistake(f"has the unknown kind '{folder}'; valid kinds: {', '.join(KINDS)}", "external")
        found.append((kind.id, pattern))
    return tuple(found)
