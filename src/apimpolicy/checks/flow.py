"""Data flow: before each policy, the variables that are set with their types, and the bodies that were read.

The document is walked once in the order in which the gateway runs it: inbound, backend, outbound, and on-error with
whatever may have happened before the error. Where paths join (`choose`), what only one of them did is possible, not
certain; a path that ends the request doesn't join. `<base />` and unknown fragments may do anything.

Every policy has a state of its own, and a state names every variable: what is kept in all of them has a bound
(`MOST_ENTRIES`), which some 750 variables, one set after the other, reach. Behind it nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import attrs

from apimpolicy.checks.variables import BodyRead, body_reads
from apimpolicy.gateway.policies.registry import attribute_of, has_trait, traits_of
from apimpolicy.gateway.policies.spec import SECTIONS
from apimpolicy.text.document import Characters, Element
from apimpolicy.text.source import has_hole, is_unknown

if TYPE_CHECKING:
    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.checks.subject import Subject

MOST_ENTRIES = 300_000
"""The variables of all states together."""


@attrs.frozen
class Variable:
    """A variable at one point: `is_certain` when every path there has set it; `types` None when one is not known."""

    types: frozenset[str] | None
    is_certain: bool
    set_by: Element | None = None


@attrs.frozen
class FlowState:
    """Facts known at one point. `is_open`: unknown policies ran before."""

    variables: Mapping[str, Variable] = attrs.field(factory=dict)
    is_open: bool = False
    consumed: Mapping[str, BodyRead] = attrs.field(factory=dict)
    """The read that emptied the request's or the response's body, on every path to this point."""


class DataFlow:
    """The states of a document: `before(element)` for every policy and every element inside one."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._before: dict[int, FlowState] = {}
        self._room = MOST_ENTRIES
        self.ends: dict[str, FlowState | None] = {}
        for root in subject.document.roots:
            self._root(root)

    def before(self, element: Element) -> FlowState:
        """Return the state before the policy that an element belongs to; an open one for what was never reached."""
        for found in (element, *element.ancestors()):
            if (state := self._before.get(id(found))) is not None:
                return state
        return FlowState(is_open=True)

    def _root(self, root: Element) -> None:
        if root.name != "policies":
            self.ends.setdefault(root.name, self._run(root, FlowState(is_open=root.name != "inbound")))
            return
        state: FlowState | None = FlowState()
        for name in SECTIONS[:3]:
            section = root.find(name)
            if state is None:
                state = FlowState(is_open=True)
            if section is None:
                state = FlowState(is_open=True) if root.may_hold_more else attrs.evolve(state, is_open=True)
            else:
                state = self._run(section, state)
            self.ends[name] = state
            if name == "backend" and state is not None:
                state = _with_new_body(state, "response")
        section = root.find("on-error")
        if section is not None:
            self._run(section, self._possible())

    def _possible(self) -> FlowState:
        """Return the state after an error: any variable that the document sets may be set."""
        variables = {
            name: Variable(types, False, element)
            for element in self.subject.elements
            for name, types, _ in variables_set_by(self.subject, element)
        }
        return FlowState(variables, is_open=True)

    def _run(self, parent: Element, state: FlowState) -> FlowState | None:
        """Return the state after the policies inside; None when no request comes out."""
        current: FlowState | None = state
        for child in parent.children:
            if current is None:
                return None
            if isinstance(child, Element):
                current = self._policy(child, current)
            elif isinstance(child, Characters) and child.is_unknown_outside_expressions:
                current = FlowState(is_open=True)  # a hole: policies that may set, read and write anything
        return current

    def _policy(self, element: Element, state: FlowState) -> FlowState | None:
        self._before[id(element)] = state
        name = element.name
        if has_hole(name) or element.may_have_more_attributes:
            self._inside(element, state)
            return FlowState(is_open=True)
        if name == "base":
            return attrs.evolve(state, is_open=True)
        if name == "include-fragment":
            return self._fragment(element, state)
        traits = traits_of(name)
        if "branches" in traits:
            return self._choose(element, state)
        if "repeats" in traits:
            return self._retry(element, state)
        if "runs-policies" not in traits:
            self._inside(element, state)
        state = self._expressions(element, state)
        if "terminates" in traits:
            return None
        if "runs-policies" in traits:
            after = self._run(element, state)
            return state if after is None and "parallel" in traits else after
        for variable, types, is_certain in variables_set_by(self.subject, element):
            if is_unknown(variable):  # it may be any of them
                state = attrs.evolve(state, variables={}, is_open=True)
                continue
            state = self._with(state, {variable: Variable(types, is_certain, element)})
        if "replaces-body" in traits:
            is_request = self.subject.section_of(element) in ("inbound", "backend")
            state = _with_new_body(state, "request" if is_request else "response")
        return _with_new_body(state, "response") if "forwards" in traits else state

    def _retry(self, element: Element, state: FlowState) -> FlowState | None:
        """Run the policies inside, then the condition."""
        after = self._run(element, state)
        if after is not None:
            self._before[id(element)] = after
            after = self._expressions(element, after)
        return after

    def _inside(self, element: Element, state: FlowState) -> None:
        for child in element.descendants():
            self._before.setdefault(id(child), state)

    def _expressions(self, element: Element, state: FlowState) -> FlowState:
        """Return the state after the expressions of a policy, its child elements' included."""
        for expression in self._of(element):
            state = _after(expression, state)
        return state

    def _of(self, element: Element) -> Iterator[CheckedExpression]:
        yield from self.subject.expressions_of(element)
        if not has_trait(element.name, "runs-policies"):
            for child in element.descendants():
                if child is not element:
                    yield from self.subject.expressions_of(child)

    def _choose(self, element: Element, state: FlowState) -> FlowState | None:
        paths: list[FlowState] = []
        has_rest = False
        current = state
        for branch in element.elements():
            self._before[id(branch)] = current
            for expression in self.subject.expressions_of(branch):
                current = _after(expression, current)
            has_rest = has_rest or branch.name == "otherwise"
            after = self._run(branch, current)
            if after is not None:
                paths.append(after)
        if not has_rest:
            paths.append(current)
        if not self._takes(sum(len(path.variables) for path in paths)):
            paths = [attrs.evolve(path, variables={}, is_open=True) for path in paths]
        return _merge(paths, state)

    def _fragment(self, element: Element, state: FlowState) -> FlowState | None:
        fragment = self.subject.included_by(element)
        if fragment is None:
            return attrs.evolve(state, is_open=True)
        names = (name for inner in fragment.elements() for name in names_set_by(inner))
        return self._with(state, {name: Variable(None, False, element) for name in names})

    def _with(self, state: FlowState, added: Mapping[str, Variable]) -> FlowState:
        """Return the state with more variables; an open one without any when there is no room for them."""
        if not self._takes(len(state.variables) + len(added)):
            return attrs.evolve(state, variables={}, is_open=True)
        return attrs.evolve(state, variables={**state.variables, **added})

    def _takes(self, count: int) -> bool:
        self._room -= count
        return self._room >= 0


def _with_new_body(state: FlowState, which: str) -> FlowState:
    return attrs.evolve(state, consumed={key: read for key, read in state.consumed.items() if key != which})


def _after(expression: CheckedExpression, state: FlowState) -> FlowState:
    for read in body_reads(expression):
        if read.is_certain and not read.preserves and read.which not in state.consumed:
            state = attrs.evolve(state, consumed={**state.consumed, read.which: read})
    return state


def _merge(paths: list[FlowState], before: FlowState) -> FlowState | None:
    """Return the state where paths join that all began with the same state."""
    if not paths:
        return None
    variables = dict(before.variables)
    for name in _changed(paths, variables):
        found = [path.variables[name] for path in paths if name in path.variables]
        if not found:
            variables.pop(name)
            continue
        types: frozenset[str] | None = frozenset()
        for variable in found:
            types = None if types is None or variable.types is None else types | variable.types
        is_certain = len(found) == len(paths) and all(variable.is_certain for variable in found)
        variables[name] = Variable(types, is_certain, found[0].set_by)
    consumed = {
        which: read for which, read in paths[0].consumed.items() if all(which in path.consumed for path in paths)
    }
    return FlowState(variables, any(path.is_open for path in paths), consumed)


def _changed(paths: list[FlowState], before: Mapping[str, Variable]) -> dict[str, None]:
    """Return the names that any of the paths has set or lost: few, even if a document sets hundreds."""
    changed: dict[str, None] = {}
    for path in paths:
        if path.variables is before:
            continue
        changed |= dict.fromkeys(name for name, variable in path.variables.items() if before.get(name) is not variable)
        if not before.keys() <= path.variables.keys():
            changed |= dict.fromkeys(name for name in before if name not in path.variables)
    return changed


def variables_set_by(subject: Subject, element: Element) -> Iterator[tuple[str, frozenset[str] | None, bool]]:
    """Yield the variables that a policy sets: name, types, and whether it always does."""
    if has_trait(element.name, "sets-variable"):
        name = element.get("name")
        if name is not None and not name.value.parts:
            yield name.value.text, _types_of(subject, element), True
        return
    for attribute in element.attributes:
        if attribute.value.parts:
            continue
        if attribute.name == "variable-name" and has_trait(element.name, "reads-cache"):
            yield attribute.value.text, None, element.get("default-value") is not None
        elif attribute.name.endswith("-variable-name"):
            slot = attribute_of(element.name, attribute.name)
            known = frozenset((slot.sets,)) if slot is not None and slot.sets is not None else None
            yield attribute.value.text, known, known is not None


def _types_of(subject: Subject, element: Element) -> frozenset[str] | None:
    value = element.get("value")
    if value is None or is_unknown(value.value.text):
        return None
    if not value.value.parts:
        return frozenset(("string",))
    expression = subject.expression_in(element, "value")
    bound = None if expression is None else expression.compiled.bound
    if expression is None or bound is None or not expression.compiled.is_legal:
        return None
    return frozenset(str(type_) for type_ in bound.return_types or (bound.type,))


def names_set_by(element: Element) -> Iterator[str]:
    """Yield the names of the variables that a policy sets; any of them may have a hole."""
    for attribute in element.attributes:
        is_name = attribute.name == "name" and has_trait(element.name, "sets-variable")
        if (is_name or attribute.name.endswith("variable-name")) and not attribute.value.parts:
            yield attribute.value.text
