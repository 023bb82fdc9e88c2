'''The rules of `check`, the selection of those that a document needs, and rules of an organisation.

A rule's class declares what a document must have for it, and `apimpolicy.declarations` reads that without importing the
rule. A rule that has nothing to look at is not imported; most documents need a few rules.
Codes: POL1xx structure, POL2xx expressions and variables, POL3xx security, POL4xx behaviour. A code is never reused.

Rules of an organisation are subclasses of `Rule` from a file, or from an installed package:

    class NoMockInProduction(Rule):
        """no-mock-in-production: a mock answers instead of the backend."""

        code = "CONTOSO001"
        elements = ("mock-response",)

        def visit_element(self, element: Element) -> Iterator[Diagnostic]:
            yield self.at_element(element, "mock-response is not used in this organisation")

A package offers its rules with an entry point of the group `apimpolicy.rules`: a module, or a class of one. A file is
read only when a person names it (`--rules FILE`), never because it lies in the tree that is checked: rules are
programs.
'''

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.checks.subject import Settings, Subject
from apimpolicy.declarations import declared
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.policies.registry import names_with

if TYPE_CHECKING:
    from apimpolicy.checks.rule import Rule


class RuleEntry(NamedTuple):
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
def entries() -> tuple[RuleEntry, ...]:
    return tuple(
        RuleEntry(
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
def _wanted(select: tuple[str, ...], extend: tuple[str, ...], ignore: tuple[str, ...]) -> list[RuleEntry]:
    """Return the entries that a run's settings of these names leave."""
    wants = Settings(select, extend, ignore).wants
    return [entry for entry in entries() if wants(entry.code, entry.by_default)]


@cache
def rule_class(module: str) -> type[Rule]:
    from importlib import import_module

    from apimpolicy.checks.rule import Rule

    name = f"apimpolicy.checks.rules.{module}"
    for value in vars(import_module(name)).values():
        if isinstance(value, type) and issubclass(value, Rule) and value.__module__ == name and value.code:
            return value
    raise LookupError(f"{name} defines no rule")


def entry_of(code: str) -> RuleEntry | None:
    return next((entry for entry in entries() if entry.code == code), None)


def page_of(entry: RuleEntry) -> str:
    """Return the rule's page: its module's docstring."""
    import inspect
    import sys

    return inspect.cleandoc(sys.modules[rule_class(entry.module).__module__].__doc__ or "")


GROUP = "apimpolicy.rules"
_CODE = r"[A-Z]{2,}[A-Z0-9-]*\d+"
_OURS = r"(POL|APIM|CS)\d"


def rules_of_files(paths: Iterable[str]) -> list[type[Rule]]:
    """Return the rules in files of Python. Raises ConfigurationError."""
    return [rule for path in paths for rule in checked(_rules_in(_module(path)), path)]


def rules_of_packages() -> list[type[Rule]]:
    """Return the rules of installed packages. Raises ConfigurationError."""
    if not any(map(_offers_rules, filter(_is_site, sys.path))):
        return []
    from importlib.metadata import entry_points

    found: list[type[Rule]] = []
    for point in entry_points(group=GROUP):
        place = f"the entry point '{point.name}' ({point.value})"
        try:
            loaded = point.load()
        except Exception as error:
            raise ConfigurationError(f"cannot load {place}: {type(error).__name__}: {error}") from error
        found += checked([loaded] if isinstance(loaded, type) else _rules_in(loaded), place)
    return found


def _is_site(path: str) -> bool:
    """Return whether a directory holds installed packages: never the current directory, whatever lies in it."""
    return os.path.basename(path) in ("site-packages", "dist-packages")


def _offers_rules(site: str) -> bool:
    """Return whether an installed package has our entry point. `importlib.metadata` takes longer to import."""
    try:
        with os.scandir(site) as entries:
            names = [entry.name for entry in entries if entry.name.endswith((".dist-info", ".egg-info"))]
    except OSError:
        return False
    return any(GROUP.encode() in _content(os.path.join(site, name, "entry_points.txt")) for name in names)


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _module(path: str) -> object:
    from importlib.util import module_from_spec, spec_from_file_location

    if not os.path.isfile(path):
        raise ConfigurationError(f"{path}: there is no such file with rules")
    name = f"apimpolicy_rules_{re.sub('[^a-zA-Z0-9]', '_', os.path.abspath(path))}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{path} is not a file of Python: its name must end in .py")
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ConfigurationError(f"cannot load the rules in {path}: {type(error).__name__}: {error}") from error
    return module


def _rules_in(module: object) -> Iterator[object]:
    """Yield the rules that a module defines itself."""
    from apimpolicy.checks.rule import Rule

    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Rule) and value.__module__ == getattr(module, "__name__", ""):
            yield value


def checked(found: Iterable[object], place: str) -> list[type[Rule]]:
    """Return the classes if all of them are valid rules. Raises ConfigurationError."""
    from apimpolicy.checks.rule import Rule

    rules: list[type[Rule]] = []
    for rule in found:
        if not isinstance(rule, type) or not issubclass(rule, Rule):
            raise ConfigurationError(f"{place} is not a subclass of apimpolicy.Rule")
        if not re.fullmatch(_CODE, rule.code) or re.match(_OURS, rule.code):
            raise ConfigurationError(
                f"{place}: '{rule.code}' cannot be the code of {rule.__name__}; write capital letters and a number, "
                "such as CONTOSO001 (POL, APIM and CS are taken)"
            )
        rules.append(rule)
    if not rules:
        raise ConfigurationError(f"{place} has no rules: a rule is a subclass of apimpolicy.Rule")
    return rules
