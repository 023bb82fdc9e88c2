"""The rules of `check`, and the selection of those that a document needs.

A rule's class declares what a document must have for it, and `apimpolicy.declarations` reads that without importing the
rule. A rule that has nothing to look at is not imported; most documents need a few rules.
Codes: POL1xx structure, POL2xx expressions and variables, POL3xx security, POL4xx behaviour. A code is never reused.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.checks.subject import Settings, Subject
from apimpolicy.declarations import declared
from apimpolicy.policies.registry import names_with

if TYPE_CHECKING:
    from apimpolicy.checks.rule import Rule


class Entry(NamedTuple):
    """Declarations of a rule's class: see `apimpolicy.checks.rule.Rule`. `elements` include those of its traits."""

    code: str
    module: str
    elements: frozenset[str]
    attributes: tuple[str, ...]
    members: tuple[str, ...]
    words: tuple[str, ...]
    known: tuple[str, ...]
    by_default: bool

    def fits(self, contents: Contents) -> bool:
        """Return whether the rule has something to look at."""
        if self.members and any(map(contents.code.__contains__, self.members)):
            return True
        if not (self.elements or self.attributes or self.words):
            return not self.members
        return (
            (not self.elements or not contents.elements.isdisjoint(self.elements))
            and (not self.attributes or not contents.attributes.isdisjoint(self.attributes))
            and (not self.words or any(map(contents.text.__contains__, self.words)))
        )


class Contents:
    """Document contents: names of elements and attributes, the C# of its expressions, its text in lower case."""

    __slots__ = ("attributes", "code", "elements", "text")

    def __init__(self, subject: Subject) -> None:
        self.elements = {element.name for element in subject.elements}
        self.attributes = {attribute.name for element in subject.elements for attribute in element.attributes}
        self.code = "\n".join([expression.excerpt.text for expression in subject.expressions])
        self.text = subject.document.source.text.lower()


@cache
def entries() -> tuple[Entry, ...]:
    """Return every rule, by code."""
    return tuple(
        Entry(
            row["code"],
            module,
            frozenset((*row.get("elements", ()), *names_with(*row.get("traits", ())))),
            row.get("attributes", ()),
            row.get("members", ()),
            row.get("words", ()),
            row.get("known", ()),
            row.get("by_default", True),
        )
        for module, row in declared()["rules"].items()
    )


def rules_for(subject: Subject) -> Iterator[type[Rule]]:
    """Yield the rules that a document needs."""
    settings = subject.settings
    contents = Contents(subject)
    for entry in _wanted(settings.select, settings.extend, settings.ignore):
        if entry.known and all(getattr(settings, name) is None for name in entry.known):
            continue
        if entry.fits(contents):
            yield rule_class(entry.module)
    text = subject.document.source.text
    for rule in settings.rules:
        if settings.wants(rule.code, rule.by_default) and (not rule.words or any(map(text.__contains__, rule.words))):
            yield rule


@cache
def _wanted(select: tuple[str, ...], extend: tuple[str, ...], ignore: tuple[str, ...]) -> list[Entry]:
    """Return the entries that a run's settings of these names leave."""
    wants = Settings(select, extend, ignore).wants
    return [entry for entry in entries() if wants(entry.code, entry.by_default)]


@cache
def rule_class(module: str) -> type[Rule]:
    """Return the rule that a module of `rules/` defines."""
    from importlib import import_module

    from apimpolicy.checks.rule import Rule

    name = f"apimpolicy.checks.rules.{module}"
    for value in vars(import_module(name)).values():
        if isinstance(value, type) and issubclass(value, Rule) and value.__module__ == name and value.code:
            return value
    raise LookupError(f"{name} defines no rule")


def entry_of(code: str) -> Entry | None:
    return next((entry for entry in entries() if entry.code == code), None)


def page_of(entry: Entry) -> str:
    """Return the rule's page: its module's docstring."""
    import inspect
    import sys

    return inspect.cleandoc(sys.modules[rule_class(entry.module).__module__].__doc__ or "")
