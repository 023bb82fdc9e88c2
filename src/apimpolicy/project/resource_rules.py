"""Rules of an organisation about the resources of a service: `about` in `[[check.rules]]` (`rule_tables` reads them).

A rule selects resources by their fields, and states what these must be. It reports only what is certain; where a field
that decides isn't known, it says so instead, which is never an error.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import ClassVar, NamedTuple

from apimpolicy.checks.convention import ConventionRule, Selector, absolute
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.failures import Wider
from apimpolicy.checks.rule import Rule
from apimpolicy.checks.subject import Settings, Subject
from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.project.files import read_data, source_of
from apimpolicy.project.resource_fields import KINDS, Known, Resource, ServiceFiles, Texts, resources_of
from apimpolicy.project.service.description import FileLocation, Hole, ServiceDescription

Wanted = Mapping[str, Texts]
"""Names of fields, each with the patterns that its texts may have."""

_SECONDS = 1.0
"""The most that an expression of `must-match` may take for one text."""
_MOST_SHOWN = 120
_NOT_SHOWN = "value"


class ResourceConvention(NamedTuple):
    """One rule: the kinds that it is about, the resources that it selects, and what it wants of them.

    `contains` and `lacks` are elements that their policies must have, or must not. `is_forbidden`: none may exist.
    """

    message: str
    help: str
    kinds: tuple[str, ...]
    where: Wanted
    must: Wanted
    must_not: Wanted
    must_match: Wanted
    contains: Selector | None
    lacks: Selector | None
    is_forbidden: bool
    paths: tuple[str, ...]
    apis: tuple[str, ...]
    good: tuple[Wanted, ...]
    bad: tuple[Wanted, ...]


class ResourceRule(Rule):
    """Base class of the rules about resources that tables define; each has its `convention`."""

    convention: ClassVar[ResourceConvention]
    words = ("\0",)  # no document is its business


class Verdict(NamedTuple):
    """The verdict of a rule about a resource: the resource breaks it, or that isn't decided; `reason` has the field."""

    is_broken: bool
    reason: str


def verdict(wanted: ResourceConvention, resource: Resource) -> Verdict | None:
    """Return the verdict about a resource; None for one that keeps the rule, or that it doesn't select."""
    unsure = ""
    for name, patterns in wanted.where.items():
        found = resource.value(name)
        is_so = _is_like(found, patterns, some=True)
        if is_so is False:
            return None
        if is_so is None:
            unsure = unsure or _unknown(name, found)
    results = list(_checks(wanted, resource))
    broken = next((reason for is_kept, reason in results if is_kept is False), None)
    if broken is not None:
        return Verdict(not unsure, unsure or broken)
    undecided = next((reason for is_kept, reason in results if is_kept is None), None)
    return None if undecided is None else Verdict(False, undecided)


def _checks(wanted: ResourceConvention, resource: Resource) -> Iterator[tuple[bool | None, str]]:
    """Yield for each part of a rule whether the resource keeps it, with the field that shows it."""
    if wanted.is_forbidden:
        yield False, ""
    for name, patterns in wanted.must.items():
        found = resource.value(name)
        yield _is_like(found, patterns), _shown(name, found)
    for name, patterns in wanted.must_not.items():
        found = resource.value(name)
        yield _negated(_is_like(found, patterns, some=True)), _shown(name, found)
    for name, patterns in wanted.must_match.items():
        found = resource.value(name)
        yield _matches(found, patterns), _shown(name, found)
    for selector, is_wanted in ((wanted.contains, True), (wanted.lacks, False)):
        if selector is not None:
            has, names = _has(resource, selector), " or ".join(selector.names)
            words = f"its policy has {'no ' if is_wanted else ''}{names}"
            is_kept = has if is_wanted else _negated(has)
            yield is_kept, words if has is not None else f"whether its policy has {names} isn't known"


def _negated(value: bool | None) -> bool | None:
    return None if value is None else not value


def _is_like(found: Known, patterns: Texts, *, some: bool = False) -> bool | None:
    """Return whether all texts of a field, or some, are like one of the patterns; None where they aren't known."""
    if isinstance(found, Hole):
        return None
    if found is None:
        return False
    return (any if some else all)(any(fnmatchcase(text, pattern) for pattern in patterns) for text in found)


def _matches(found: Known, patterns: Texts) -> bool | None:
    """Return whether each text of a field is matched as a whole by one of the regular expressions."""
    import regex  # type: ignore[import-untyped]  # types-regex is optional

    if not isinstance(found, tuple):
        return None if isinstance(found, Hole) else False
    try:
        return all(any(regex.fullmatch(each, text, timeout=_SECONDS) for each in patterns) for text in found)
    except TimeoutError:
        return None


def _has(resource: Resource, selector: Selector) -> bool | None:
    """Return whether a policy, its fragments and the wider scopes have an element; None where it isn't known."""
    own, *around = resource.documents()
    if own is None:
        return None
    wider = (tuple(Wider("", lambda document=each: document) for each in around if each is not None),)  # type: ignore[misc]
    settings = Settings(fragments=resource.files.fragments, wider=wider if wider[0] else ())
    found = ConventionRule(Subject(own, ExpressionCheck(), settings)).has(own, selector)
    is_open = None in around and any(each.name == "base" for each in own.elements())
    return None if found is False and is_open else found


def _unknown(name: str, found: Known) -> str:
    text = found.text if isinstance(found, Hole) else ""
    return f"'{name}' isn't known ({text[:_MOST_SHOWN]})"


def _shown(name: str, found: Known) -> str:
    if isinstance(found, Hole):
        return _unknown(name, found)
    if found is None:
        return f"it has no '{name}'"
    return f"'{name}' isn't so" if name == _NOT_SHOWN else f"'{name}' is '{', '.join(found)[:_MOST_SHOWN]}'"


def resource_diagnostics(
    service: ServiceDescription, settings: Settings, changed: Callable[[str], frozenset[str]] | None = None
) -> dict[str, list[Diagnostic]]:
    """Return the findings of the rules about resources in a service, by file.

    `changed` returns the files below a folder that differ from a revision. Raises ConfigurationError.
    """
    rules = [each for each in settings.rules if issubclass(each, ResourceRule) and settings.wants(each.code)]
    found: dict[str, list[Diagnostic]] = {}
    files = ServiceFiles(service, changed)
    for rule in rules:
        severity = settings.severities.get(rule.code, rule.severity)
        for place, message, is_broken in _about(rule.convention, files):
            source, _ = source_of(*read_data(place.file))
            start = place.offset_in(source)
            level, help = (severity, rule.convention.help) if is_broken else (Severity.INFO, "")
            own = found.setdefault(place.file, [])
            own.append(Diagnostic(rule.code, message, source, start, start, level, help=help))
    return found


def _about(wanted: ResourceConvention, files: ServiceFiles) -> Iterator[tuple[FileLocation, str, bool]]:
    """Yield place and message for each resource that breaks a rule, or of which this isn't known."""
    for kind in wanted.kinds:
        noun = KINDS[kind].noun
        for resource in resources_of(kind, files):
            place = resource.origin
            if place is None or not _is_meant(wanted, resource, place):
                continue
            found = verdict(wanted, resource)
            name = f"the {noun} '{resource.id}'" if resource.id else f"the {noun}"
            if found is not None and found.is_broken:
                yield place, f"{wanted.message} ({name}{': ' if found.reason else ''}{found.reason})", True
            elif found is not None:
                yield place, f"not decided for {name}: {found.reason}", False
    collections = {"", *(KINDS[kind].collection for kind in wanted.kinds)}
    gaps = [each for each in files.service.gaps if each.kind in collections and os.path.isfile(each.origin.file)]
    if gaps and not wanted.paths:
        more = f" (and {len(gaps) - 1} more)" if len(gaps) > 1 else ""
        yield gaps[0].origin, f"not decided for what isn't described here: {gaps[0].reason}{more}", False


def _is_meant(wanted: ResourceConvention, resource: Resource, place: FileLocation) -> bool:
    api = resource.id if resource.kind == "api" else resource.api.id if resource.api is not None else ""
    return (not wanted.paths or any(fnmatchcase(absolute(place.file), each) for each in wanted.paths)) and (
        not wanted.apis or any(fnmatchcase(api, each) for each in wanted.apis)
    )


def fields_text(kinds: Iterable[str]) -> str:
    """Return the fields of kinds of resources as lines, for `apimpolicy rule --fields`."""
    lines: list[str] = []
    for kind in kinds:
        fields = KINDS[kind].fields
        lines += [f'about = "{kind}"', *(f"  {name:<26}  {field.words}" for name, field in fields.items()), ""]
    return "\n".join(lines).rstrip()
