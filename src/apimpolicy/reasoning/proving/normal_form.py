"""The normal form of a program: two programs with the same form treat every request the same.

Fragments and the policies of wider scopes are in the place where they run. Variables are numbered in the order in which
they are met; constants in variables that nothing reads, traces of constants, and what follows a response are gone.
Branches are nested decisions on canonical conditions, without those that are decided before. Where a policy is matters
for what depends on its scope, and for a program that reads where an error was.

A form is small and needs no solver. Programs with different forms may still be equivalent (`equivalence`).
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence, Set
from typing import TYPE_CHECKING, Any

from apimpolicy.gateway.policies.registry import has_trait, specification_of
from apimpolicy.reasoning.proving.canonical_expressions import (
    CODE,
    FALSE,
    TRUE,
    VARIABLE,
    canonical,
    is_negative,
    negated,
)

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.steps import Program, Step
    from apimpolicy.reasoning.transfer.run import MadeUp
    from apimpolicy.text.document import Attribute, Element
    from apimpolicy.text.source import Excerpt, Source

_OF_A_SCOPE = ("caches-responses", "preflight", "per-subscription", "chooses-backend")
"""Traits of policies for which their scope matters: the other half of a cache, counters, the choice of a backend."""
_READS_PLACES = re.compile(r"LastError\s*\)?\s*(?:\?\s*)?\.\s*(?:Path|Scope|Section|PolicyId)\b|LastError\s*[;,)]")
_READS_ERRORS = "LastError"
_VARIES = re.compile(r"\b(?:Body|Random|NewGuid|Now|UtcNow|Today)\b")
"""In conditions that may be true once and false the next time."""
_SETS, _TEXT = "sets", "text"
MADE_UP = "made up"
"""The form of a text that isn't known, with the names of what is missing in it."""


OTHER_VARIABLES = "the policies of other scopes, or around a fragment, if they use the variables that changed"


def normal_form(
    program: Program,
    variables: Iterable[str] = (),
    *,
    knows_scopes: bool = True,
    shares_variables: bool = False,
    made_up: MadeUp | None = None,
) -> Hashable:
    """Return the form of a program; `variables` are known before it runs, and keep their names.

    A text with something `made_up` in it is the same as one with the same names in it, and as nothing else.

    Unless `knows_scopes`, wider scopes may have other policies at each `<base />`; if the program `shares_variables`
    with them, their names matter.
    """
    return _Normalizer(program, frozenset(variables), knows_scopes, shares_variables, made_up or None).form()


class _Normalizer:
    def __init__(
        self,
        program: Program,
        given: frozenset[str],
        knows_scopes: bool,
        shares_variables: bool,
        made_up: MadeUp | None,
    ) -> None:
        self.program = program
        self.given = given
        self.knows_scopes = knows_scopes
        self.shares_variables = shares_variables
        self.made_up = made_up
        self.sources = {id(step.element.source): step.element.source.text for step in program.steps()}
        texts = self.sources.values()
        self.reads_places = any(_READS_PLACES.search(text) for text in texts) or self._has_unknown_handlers()
        self.reads_errors = any(_READS_ERRORS in text for text in texts)
        self.has_unknown_policies = False
        """Policies or fragments that may read any variable."""
        self.of_scopes: list[tuple[str, str]] = []
        """The scopes and names of policies for which their scope matters."""

    def form(self) -> Hashable:
        sections = {name: self.sequence(steps) for name, steps in self.program.sections.items()}
        form = tuple(sections.items())
        names = _Names(form)
        has_unknown_reads = names.has_unknown_reads or self.has_unknown_policies or self.shares_variables
        if not has_unknown_reads:
            form = names.without_unread(form, self.given)
        if not (self.reads_errors or has_unknown_reads):
            form = _Names(form).numbered(form, self.given)
        return form

    def _has_unknown_handlers(self) -> bool:
        """Return whether something made up is where code could read where an error was."""
        return any(
            self._unknown(step.element.source, step.element.start, step.element.end) is not None
            for step in self.program.steps()
            if step.section == "on-error"
        )

    # Policies

    def sequence(self, steps: Sequence[Step], *, is_parallel: bool = False) -> tuple[Any, ...]:
        """Return the forms of policies that run one after the other, up to the first that ends the request."""
        found: list[Any] = []
        for step in steps:
            inserted = self._inserted(step)
            if inserted is not None:
                found += inserted
            elif not _is_silent(step):
                form = self.policy(step)
                found += form[1] if form[0] == "block" else [form]
            if found and found[-1][0] == "ends" and not is_parallel:
                break
        return tuple(found)

    def _inserted(self, step: Step) -> tuple[Any, ...] | None:
        """Return what runs in the place of `<base />` or of a fragment; None where that isn't known."""
        if step.name == "base":
            unknown = () if self.knows_scopes else (("base", step.scope),)
            return *unknown, *self.sequence(step.inserted)
        if step.name == "include-fragment" and step.inserted:
            return self.sequence(step.inserted)
        return None

    def policy(self, step: Step) -> Any:
        if has_trait(step.name, "branches"):
            return self._branches(step)
        place: tuple[Any, ...] = ()
        self.has_unknown_policies |= step.specification is None or step.name == "include-fragment"
        if step.specification is None or has_trait(step.name, *_OF_A_SCOPE):
            self.of_scopes.append((step.scope, step.name))
            place = (step.scope, self.of_scopes.count((step.scope, step.name)))
        if self.reads_places:
            place = (*place, step.scope, step.section, step.path)
        word = "ends" if has_trait(step.name, "terminates") else "policy"
        return (word, *self._head(step.element), place, *self._content(step))

    def _content(self, step: Step) -> Iterator[Any]:
        """Yield the text, the parts and the policies inside a policy, in their order."""
        inner = {id(each.element): each for each in _own_steps(step)}
        policies = {id(each.element) for each in step.steps_inside()} - inner.keys()
        parts: list[Any] = []
        for element in step.element.elements():
            own = inner.get(id(element))
            if id(element) not in policies:
                parts.append(self.element(element) if own is None else self._part(own))
        yield tuple(parts)
        sequences = [
            self.sequence(steps, is_parallel=has_trait(step.name, "parallel"))
            for slot in (() if step.specification is None else step.specification.children)
            if slot.part is None and isinstance(steps := step.fields[slot.field], list)
        ]
        yield tuple(sequences)
        yield self._text(step.element)

    def _part(self, step: Step) -> Any:
        """Return the form of a part of a policy; policies of it are in its sequences."""
        return (*self._head(step.element), *self._content(step))

    def element(self, element: Element) -> Any:
        return (*self._head(element), tuple(map(self.element, element.elements())), self._text(element))

    def _head(self, element: Element) -> tuple[Any, ...]:
        values = ((each.name, self._value(element, each)) for each in element.attributes)
        return element.name, tuple(sorted(values))

    def _text(self, element: Element) -> Any:
        if element.expression is not None:
            return self._code(element.expression)
        has_inner = any(True for _ in element.elements())
        start, end = element.content_start, element.content_end
        specification = specification_of(element.name)
        if has_inner and specification is not None and specification.takes_markup:
            return self._unknown(element.source, start, end) or (_TEXT, element.source.text[start:end])
        if has_inner:
            return _TEXT, ""
        return self._unknown(element.source, start, end) or (_TEXT, element.text)

    def _value(self, element: Element, attribute: Attribute) -> Any:
        name, value = attribute.name, attribute.value
        if value.expression is not None:
            return self._code(value.expression)
        if (unknown := self._unknown(value.source, value.start, value.end)) is not None:
            return unknown
        if name.endswith("variable-name"):
            return VARIABLE, value.text
        if name == "name" and has_trait(element.name, "sets-variable"):
            return _SETS, value.text
        return _TEXT, value.text

    def _code(self, excerpt: Excerpt) -> Any:
        unknown = self._unknown(excerpt.source, excerpt.start, excerpt.end)
        return unknown if unknown is not None else _as_text(canonical(excerpt))

    def _unknown(self, source: Source, start: int, end: int) -> Any:
        """Return the form of a text with something made up in it, which may be code; None where nothing is."""
        written = "" if self.made_up is None else self.made_up.written(source, start, end)
        return (MADE_UP, " ".join(written.split())) if written else None

    # Decisions

    def _branches(self, step: Step) -> Any:
        whens = step.fields.get("whens")
        otherwise = step.fields.get("otherwise")
        branches: list[tuple[Any, str, Sequence[Step]]] = []
        for when in whens if isinstance(whens, list) else ():
            condition = when.element.get("condition")
            form = (CODE, "") if condition is None else self._value(when.element, condition)
            branches.append((form, "" if condition is None else condition.value.text, _steps_of(when)))
        rest = _steps_of(otherwise) if otherwise is not None and not isinstance(otherwise, list) else ()
        return self._decision(branches, rest, frozenset())

    def _decision(
        self, branches: list[tuple[Any, str, Sequence[Step]]], rest: Sequence[Step], false: frozenset[Any]
    ) -> Any:
        """Return nested decisions; `false` are conditions that are known to be false here."""
        if not branches:
            return "block", self.sequence(rest)
        (condition, text, steps), *others = branches
        if condition == TRUE:
            return "block", self.sequence(steps)
        if negated(condition) in false:
            return "block", self.sequence(steps)
        if condition == FALSE or condition in false:
            return self._decision(others, rest, false)
        known = false if _VARIES.search(text) or condition[0] == MADE_UP else false | {condition}
        then, otherwise = ("block", self.sequence(steps)), self._decision(others, rest, known)
        if is_negative(condition):
            condition, then, otherwise = negated(condition), otherwise, then
        return "if", condition, _unwrapped(then), _unwrapped(otherwise)


def _unwrapped(form: Any) -> Any:
    """Return the only decision of a block in the place of the block."""
    while form[0] == "block" and len(form[1]) == 1 and form[1][0][0] in ("if", "block"):
        form = form[1][0]
    return form


def _own_steps(step: Step) -> Iterator[Step]:
    """Yield the steps of the parts of a policy; its policies are sequences."""
    for slot in () if step.specification is None else step.specification.children:
        if slot.part is not None:
            found = step.fields[slot.field]
            yield from [found] if found is not None and not isinstance(found, list) else found or ()


def _steps_of(step: Step) -> Sequence[Step]:
    found = step.fields.get("steps")
    return found if isinstance(found, list) else ()


def _is_silent(step: Step) -> bool:
    """Return whether a policy only writes constants to a trace."""
    specification = step.specification
    if specification is None or not has_trait(step.name, "logs"):
        return False
    if any(slot.refers for slot in specification.attributes):
        return False  # a logger gets what is written
    return not any(
        each.expression is not None or any(attribute.value.expression is not None for attribute in each.attributes)
        for each in (step.element, *step.element.descendants())
    )


def _as_text(form: Any) -> Any:
    """Return a constant text as the text that it is."""
    match form:
        case ("constant", "string", str() as text) if text and text == text.strip():
            return _TEXT, text
    return form


# Variables


class _Names:
    """The variables of a form: those that are read, those that are set, and whether others may be read."""

    def __init__(self, form: Any) -> None:
        self.read: set[str] = set()
        self.set: dict[str, None] = {}
        self.order: dict[str, None] = {}
        self.has_unknown_reads = False
        self._collect(form)

    def _collect(self, form: Any) -> None:
        waiting = [form]
        while waiting:
            match waiting.pop():
                case ("variable", str() as name):
                    self.read.add(name)
                    self.order.setdefault(name)
                case ("sets", str() as name):
                    self.set.setdefault(name)
                    self.order.setdefault(name)
                case ("all variables",) | ("made up", _):
                    self.has_unknown_reads = True
                case ("code" | "text", str() as text):
                    self.has_unknown_reads |= "Variables" in text
                case (str() as attribute, ("variable", str() as name)) if attribute.endswith("variable-name"):
                    self.set.setdefault(name)
                    waiting.append((VARIABLE, name))
                case tuple() as inner:
                    waiting.extend(reversed(inner))

    def without_unread(self, form: Any, given: frozenset[str]) -> Any:
        """Return a form without constants in variables that nothing reads."""
        unread = self.set.keys() - self.read - given
        return _without_setting(form, unread) if unread else form

    def numbered(self, form: Any, given: frozenset[str]) -> Any:
        """Return a form with the numbers of variables that it sets, in the place of their names."""
        numbers = {name: number for number, name in enumerate(self.order) if name in self.set and name not in given}
        return _renamed(form, {name: at for at, name in enumerate(numbers)})


def _without_setting(form: Any, unread: Set[str]) -> Any:
    if not isinstance(form, tuple):
        return form
    return tuple(_without_setting(each, unread) for each in form if not _sets_constant(each, unread))


def _sets_constant(form: Any, unread: Set[str]) -> bool:
    match form:
        case ("policy", str(), tuple() as attributes, *_):
            values = dict(attributes)
            match values.get("name"), values.get("value"):
                case ("sets", name), ("text" | "constant", *_):
                    return name in unread
    return False


def _renamed(form: Any, numbers: dict[str, int]) -> Any:
    match form:
        case ("variable" | "sets" as word, str() as name) if name in numbers:
            return word, numbers[name]
        case tuple():
            return tuple(_renamed(each, numbers) for each in form)
    return form
