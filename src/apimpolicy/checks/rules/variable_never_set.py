"""variable-never-set: a variable is read that hasn't been set.

**What it does.** Looks for `context.Variables["name"]` where no policy of the document can have set the variable.
After `<base />` or an unknown fragment, any variable may be set, unless a folder that APIOps has extracted tells what
all scopes do. Otherwise the rule reports only a name that is a variable of the document except for its case or a blank
around it. `ContainsKey` and `TryGetValue` are reported for names that are nearly those of a variable. A variable that
is tested with `ContainsKey` is left alone. The same is done for the variables that an included fragment reads, at the
include, where the fragment is known.

Where all policies of the service are known, `GetValueOrDefault`, `ContainsKey` and `TryGetValue` are reported too for a
variable that no scope sets, while a scope sets one with a similar name: the check that depends on it never runs.

**Why it matters.** Reading a variable that isn't set throws, and the caller gets 500. Names are case-sensitive, and
`ContainsKey` returns false for any other name. With a default, nothing fails: a policy that checks the token where
`entra-auth` is true never checks one if the fragment sets `entra-validate`.

**Example**

```xml
<set-variable name="userId" value="@(context.User.Id)" />
<set-header name="X-User"><value>@((string)context.Variables["userid"])</value></set-header>
```

**Use instead** the same name, or `context.Variables.GetValueOrDefault<string>("userId")`.

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-policy-expressions#ContextVariables
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container
from functools import cached_property

from apimpolicy.checks.document import MOST_FINDINGS
from apimpolicy.checks.flow import FlowState, names_set_by
from apimpolicy.checks.rule import CheckedExpression, Element, Findings, Rule
from apimpolicy.checks.variables import Questions, VariableRead, variable_reads
from apimpolicy.text.source import has_hole, is_unknown


class VariableNeverSet(Rule):
    code = "POL201"
    members = ("Variables",)
    elements = ("include-fragment",)

    @cached_property
    def _questions(self) -> Questions:
        return Questions(self.subject)

    @cached_property
    def _near(self) -> dict[tuple[str, int], str]:
        """The variable of a state that is most like a name; the state is known by its `id`."""
        return {}

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        reads = variable_reads(expression)
        asked = {read.name for read in reads if read.how == "question"}
        for read in reads:
            if read.name is None:
                continue
            if read.how == "question":
                yield from self.misspelt(expression, read)
                continue
            if read.how == "default":
                yield from self.set_nowhere(expression, read, {other.name for other in reads})
                continue
            if read.name in asked or self._questions.is_asked_before(expression, read.name):
                continue
            state = self.subject.flow.before(expression.element)
            if read.name in state.variables or (near := self.nearest(read.name, state)) is None:
                continue
            yield self.at_code(
                expression,
                read.node,
                f"the variable '{read.name}' hasn't been set",
                label=f"did you mean '{near}'?" if near else "throws",
                help="" if near else "Set it first, or use context.Variables.GetValueOrDefault.",
            )

    def visit_element(self, element: Element) -> Findings:
        """Report the variables that a fragment reads, and that neither it nor a policy before the include has set."""
        fragment = self.subject.included_by(element)
        if fragment is None:
            return
        state = self.subject.flow.before(element)
        for name in self.subject.inputs_of(fragment):
            if name in state.variables or (near := self.nearest(name, state)) is None:
                continue
            yield self.at_element(
                element,
                f"the fragment reads the variable '{name}', which hasn't been set",
                label=f"did you mean '{near}'?" if near else "",
                help="" if near else "Set it before the fragment.",
            )

    def misspelt(self, expression: CheckedExpression, read: VariableRead) -> Findings:
        """Report a question whose answer is always no, because the document has the name in another case."""
        assert read.name is not None
        known = self.names.get(_letters(read.name), [])
        state = self.subject.flow.before(expression.element)
        if read.name in known or read.name in state.variables:
            return
        if near := known[0] if known else self.nearest(read.name, state):
            message = f"no policy sets the variable '{read.name}'"
            yield self.at_code(expression, read.node, message, label=f"did you mean '{near}'?")
        else:
            yield from self.set_nowhere(expression, read, {read.name})

    def set_nowhere(self, expression: CheckedExpression, read: VariableRead, names: Container[str | None]) -> Findings:
        """Report a read of a variable that no scope sets, while one sets a similar name that isn't among `names`."""
        if read.name is None or not self.elsewhere or read.name in self.elsewhere:
            return
        near = self._near_by((read.name[:64], 0), self.elsewhere, 0.6)
        if near and near not in names and _without_digits(near) != _without_digits(read.name):  # one of a series
            yield self.at_code(
                expression,
                read.node,
                f"no scope of the service sets the variable '{read.name}'",
                label=f"did you mean '{near}'?",
                help="The default is read on every request. Set the variable, or read the one that is set."
                if read.how == "default"
                else "The answer is always no. Set the variable, or ask for the one that is set.",
            )

    @cached_property
    def names(self) -> dict[str, list[str]]:
        """The variables that the document sets anywhere, by their letters."""
        found: dict[str, list[str]] = {}
        for element in self.subject.elements:
            for name in names_set_by(element):
                found.setdefault(_letters(name), []).append(name)
        return found

    @cached_property
    def elsewhere(self) -> frozenset[str] | None:
        """The variables that any document sets which runs with this one, itself included; None if one is not known."""
        if self.settings.others is None:
            return None
        names: set[str] = set()
        waiting = [self.document, *(other.document for other in self.settings.others)]
        seen: set[str] = set()
        while waiting:
            document = waiting.pop()
            if has_hole(document.source.text):
                return None
            for element in document.elements():
                names.update(names_set_by(element))
                fragment_id = element.get("fragment-id") if element.name == "include-fragment" else None
                if fragment_id is None or fragment_id.value.text in seen:
                    continue
                fragment = self.subject.included_by(element)
                if fragment is None:
                    return None
                seen.add(fragment_id.value.text)
                waiting.append(fragment)
        return None if any(map(is_unknown, names)) else frozenset(names)

    def nearest(self, name: str, state: FlowState) -> str | None:
        """Return a name that was meant; empty if nothing can have set the variable; None if something may have."""
        known = list(state.variables)
        for other in known:
            if _letters(other) == _letters(name):
                return other
        if state.is_open and (self.elsewhere is None or self.subject.is_fragment or name in self.elsewhere):
            return None  # what a fragment reads is reported where it is included
        return self._near_by((name[:64], id(state.variables)), known, 0.8)

    def _near_by(self, key: tuple[str, int], known: Collection[str], cutoff: float) -> str:
        """Return the name among `known` that is most like the one of `key`; empty if none is."""
        if key not in self._near:
            if len(self._near) >= MOST_FINDINGS:  # no more are listed
                return ""
            from difflib import get_close_matches

            self._near[key] = next(iter(get_close_matches(key[0], sorted(known), 1, cutoff)), "")
        return self._near[key]


def _letters(name: str) -> str:
    """Return a name without its case and without blanks around it."""
    return name.strip().lower()


def _without_digits(name: str) -> str:
    return re.sub(r"\d", "", name)
