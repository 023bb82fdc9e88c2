"""Make steps of documents: the policies of all scopes in the order in which they run, spliced at `<base />`.

Nothing is evaluated here. Every expression is compiled, once, because the gateway would refuse a document with one that
does not compile; only what apimpolicy itself cannot compile yet waits until it is reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from apimpolicy.diagnostics import Diagnostic
from apimpolicy.errors import DiagnosticError, LimitExceededError, NotSimulatedError, PolicySyntaxError, PolicyTypeError
from apimpolicy.gateway.policies.placement import SCOPES, SECTIONS
from apimpolicy.gateway.policies.registry import has_trait, is_known, specification_of
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.csharp.emit.expression import CompiledExpression
    from apimpolicy.gateway.engine.document import Policy
    from apimpolicy.gateway.engine.evaluation import Prepared
    from apimpolicy.gateway.policies.spec import ChildrenSlot, Specification
    from apimpolicy.text.document import Element
    from apimpolicy.text.source import Excerpt

MAX_STEPS = 100_000
"""Steps of one section with everything inserted; `<base />` given again and again would multiply without a bound."""


class Step(Record):
    """A policy, or a part of one, at its place in a document; see `apimpolicy.gateway.policies.spec.Step`.

    `inserted` are the steps in its place when it is `<base />` or `<include-fragment />`. `prepared` is what
    needs no evaluation, found when it first runs (see `apimpolicy.gateway.engine.evaluation`).
    """

    element: Element
    specification: Specification | None
    section: str
    scope: str
    path: str
    parent: Step | None
    fields: dict[str, list[Step] | Step | None]
    inserted: list[Step]
    prepared: Prepared | None = None

    @property
    def name(self) -> str:
        return self.element.name

    @property
    def policy_id(self) -> str | None:
        """Return the `id` attribute of the policy, or of the policy that this is a part of."""
        step: Step | None = self
        while step is not None:
            attribute = step.element.get("id")
            if attribute is not None:
                return attribute.value.text
            is_part = not is_known(step.name) and step.parent is not None
            step = step.parent if is_part else None
        return None

    @property
    def own_id(self) -> str | None:
        """Return the `id` attribute of a policy; None without one, and for a part of a policy."""
        attribute = self.element.get("id") if is_known(self.name) else None
        return None if attribute is None else attribute.value.text

    @property
    def place(self) -> str:
        """Return its place in its document: `inbound/choose[1]/set-body[1]`."""
        return f"{self.section}/{self.path}"

    @property
    def nested_path(self) -> str:
        r"""Return its path as `context.LastError.Path` has it: `choose\when[2]\set-body`; empty on the top level.

        Seen: names have an index only among siblings of one name.
        """
        names = []
        step: Step | None = self
        while step is not None:
            same = [each for each in step.siblings() if each.name == step.name]
            names.append(step.name if len(same) < 2 else f"{step.name}[{same.index(step.element) + 1}]")
            step = step.parent
        return "\\".join(reversed(names)) if len(names) > 1 else ""

    def siblings(self) -> list[Element]:
        """Return the elements beside it in its document, with its own."""
        around = self.element.parent
        return [self.element] if around is None else list(around.elements())

    def steps_inside(self) -> Iterator[Step]:
        """Yield the steps of its children, and those in its place."""
        for found in self.fields.values():
            yield from [found] if isinstance(found, Step) else found or ()
        yield from self.inserted

    def lists_inside(self) -> Iterator[list[Step]]:
        """Yield the lists of policies inside, each of which runs from its beginning: one per branch of a choose."""
        yield self.inserted
        for slot in () if self.specification is None else self.specification.children:
            found = self.fields[slot.field]
            inside = [found] if isinstance(found, Step) else found or []
            if slot.part is None:
                yield inside
            else:
                for part in inside:
                    yield from part.lists_inside()

    def where(self) -> str:
        """Return file, line and column, for messages."""
        line, column = self.element.source.position(self.element.start)
        return f"{self.element.source.path}:{line}:{column}"

    def __repr__(self) -> str:
        return f"Step({self.scope!r}, {self.section!r}, {self.path!r})"


class Program(Record):
    """The effective document of one combination of scopes: what runs in each section, and what it was built from."""

    sections: dict[str, list[Step]]
    scopes: Mapping[str, Policy]
    inherits_missing: bool

    def steps(self) -> Iterator[Step]:
        """Yield every step of all sections, outer steps before inner ones."""
        waiting = [step for section in reversed(self.sections.values()) for step in reversed(section)]
        while waiting:
            step = waiting.pop()
            yield step
            waiting.extend(reversed([*step.steps_inside()]))


def build(
    scopes: Mapping[str, Policy], fragments: Mapping[str, Policy], inherit_missing: bool, cors_needs_base: bool = False
) -> Program:
    """Return the program of these documents (by scope, any order).

    `inherit_missing`: a document without a section counts as if it had that section with nothing but `<base />`.
    Unless `cors_needs_base`, the cors policies of wider scopes run first where inbound has no `<base />`.
    Raises PolicySyntaxError and PolicyTypeError for what the gateway would refuse.
    """
    findings: list[Diagnostic] = []
    for policy in (*scopes.values(), *fragments.values()):
        findings += policy.errors
    if findings:
        raise PolicyTypeError(findings)
    for policy in (*scopes.values(), *fragments.values()):
        _compile_all(policy)
    return spliced(scopes, fragments, inherit_missing, cors_needs_base)


def spliced(
    scopes: Mapping[str, Policy],
    fragments: Mapping[str, Policy],
    inherit_missing: bool,
    cors_needs_base: bool = False,
    missing: set[str] | None = None,
) -> Program:
    """Return the program of documents in which nothing is compiled. `missing` takes the names of fragments that don't
    exist.

    Raises PolicyTypeError for such a fragment where `missing` isn't given.
    """
    order = [scope for scope in SCOPES if scope in scopes]
    sections: dict[str, list[Step]] = {}
    for section in SECTIONS:
        builder = _Builder(section, scopes, order, fragments, inherit_missing, missing, used=set())
        sections[section] = builder.section(len(order) - 1)
        if section == "inbound" and not cors_needs_base:
            sections[section] = [*builder.cors_left_out(), *sections[section]]
    return Program(sections, dict(scopes), inherits_missing=inherit_missing)


class _Builder(Record):
    """Builds one section; `used` are the scopes that it has visited."""

    name: str
    scopes: Mapping[str, Policy]
    order: Sequence[str]
    fragments: Mapping[str, Policy]
    inherit_missing: bool
    missing: set[str] | None
    used: set[str]
    count: int = 0

    def cors_left_out(self) -> list[Step]:
        """Return the cors policies of scopes that nothing inherits, widest first.

        The one complete trace of a real gateway has the global cors where the operation's inbound has no `<base />`.
        """
        found: list[Step] = []
        for level, scope in enumerate(self.order):
            elements = self.scopes[scope].sections.get(self.name, ()) if scope not in self.used else ()
            cors = [element for element in elements if has_trait(element.name, "preflight")]
            found += self.policies(cors, scope, level, None, "")
        return found

    def section(self, level: int, parent: Step | None = None) -> list[Step]:
        """Return the steps of the scope at this level; those of wider ones hang at its `<base />`."""
        while level >= 0:
            scope = self.order[level]
            elements = self.scopes[scope].sections.get(self.name)
            self.used.add(scope)
            if elements is not None:
                return self.policies(elements, scope, level, parent, "")
            if not self.inherit_missing:
                return []
            level -= 1
        return []

    def policies(
        self, elements: Iterable[Element], scope: str, level: int, parent: Step | None, prefix: str
    ) -> list[Step]:
        return [
            self.policy(element, specification_of(element.name), scope, level, parent, prefix + path)
            for element, path in _numbered(elements)
        ]

    def policy(
        self,
        element: Element,
        specification: Specification | None,
        scope: str,
        level: int,
        parent: Step | None,
        path: str,
    ) -> Step:
        self.count += 1
        if self.count > MAX_STEPS:
            raise LimitExceededError("policy_steps", MAX_STEPS)
        step = Step(element, specification, self.name, scope, path, parent, fields={}, inserted=[])
        if specification is None:
            return step
        for slot in specification.children:
            step.fields[slot.field] = self.children(step, slot, level)
        if element.name == "base":
            step.inserted = self.section(level - 1, step)
        elif element.name == "include-fragment":
            fragment = self.fragment(element)
            if fragment is not None:
                step.inserted = self.policies(fragment.sections["inbound"], scope, level, step, f"{path}/")
        return step

    def children(self, step: Step, slot: ChildrenSlot, level: int) -> list[Step] | Step | None:
        if slot.part is None:
            assert step.specification is not None
            own = step.specification.own_children
            inside = [element for element in step.element.elements() if element.name not in own]
            return self.policies(inside, step.scope, level, step, f"{step.path}/")
        found: list[Step] = []
        for element, path in _numbered(step.element.elements()):
            if element.name == slot.name:
                assert step.specification is not None
                part = step.specification.part(element.name)
                found.append(self.policy(element, part, step.scope, level, step, f"{step.path}/{path}"))
        if slot.single:
            return found[0] if found else None
        return found

    def fragment(self, element: Element) -> Policy | None:
        attribute = element.get("fragment-id")
        assert attribute is not None
        name = attribute.value.text
        fragment = self.fragments.get(name)
        if fragment is not None:
            return fragment
        if self.missing is not None:
            self.missing.add(name)
            return None
        value = attribute.value
        from apimpolicy.gateway.context.azure_texts import azure_text

        message = azure_text("fragment-unknown", id=name)
        known = ", ".join(sorted(self.fragments))
        there = f"The gateway has {known}" if known else "The gateway has none"
        advice = f'{there}. Add it to apimpolicy.toml, below [fragments]: {name} = "{name}.xml"'
        raise PolicyTypeError([Diagnostic("POL112", message, value.source, value.start, value.end, help=advice)])


def _numbered(elements: Iterable[Element]) -> Iterator[tuple[Element, str]]:
    """Yield sibling elements with their paths: names, counted from 1 among those of one name."""
    counts: dict[str, int] = {}
    for element in elements:
        count = counts[element.name] = counts.get(element.name, 0) + 1
        yield element, f"{element.name}[{count}]"


def _compile_all(policy: Policy) -> None:
    findings: list[Diagnostic] = []
    kind: type[DiagnosticError] = PolicyTypeError
    for excerpt in (found for root in policy.document.roots for found in _expressions(root)):
        try:
            compiled(excerpt)
        except DiagnosticError as error:
            findings += error.diagnostics
            if isinstance(error, PolicySyntaxError):
                kind = PolicySyntaxError
        except NotSimulatedError:
            continue
    if findings:
        raise kind(findings)


def _expressions(root: Element) -> Iterator[Excerpt]:
    """Yield every whole-value expression that the gateway evaluates; markup inside a set-body is text."""
    waiting = [root]
    while waiting:
        element = waiting.pop()
        for attribute in element.attributes:
            if attribute.value.expression is not None and not _is_literal(element, attribute.name):
                yield attribute.value.expression
        if element.expression is not None:
            yield element.expression
        specification = specification_of(element.name)
        inside = [*element.elements()]
        if specification is not None and specification.takes_markup:
            inside = [child for child in inside if child.name in specification.own_children]
        waiting.extend(reversed(inside))


def _is_literal(element: Element, attribute: str) -> bool:
    specification = specification_of(element.name)
    return specification is not None and any(
        slot.name == attribute and not slot.expression for slot in specification.attributes
    )


def compiled(excerpt: Excerpt) -> CompiledExpression:
    """Return the expression, compiled once. Raises PolicySyntaxError, PolicyTypeError, NotSimulatedError."""
    found: CompiledExpression | None = excerpt.compiled
    if found is None:
        from apimpolicy.csharp.emit.expression import compile_expression

        found = excerpt.compiled = compile_expression(excerpt)
    return found
