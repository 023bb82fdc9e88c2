"""What a change may be about: a check of the client certificate, a check of a token, a limit of calls.

A condition is about a certificate when it names one, or a variable that a `set-variable` computed from one, in whatever
document of the request; so is an `include-fragment` whose fragment has a check. `validate-client-certificate`,
`validate-jwt` and the like are checks all by themselves.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from apimpolicy.policies.registry import has_trait
from apimpolicy.report.mutation_data import CERTIFICATE, LIMIT, TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from apimpolicy.engine.document import Policy
    from apimpolicy.text.document import Element

TRAITS = {CERTIFICATE: "checks-certificate", TOKEN: "checks-token", LIMIT: "limits"}
"""Policies with these traits are such a check, or a limit, all by themselves."""

_CODE = {CERTIFICATE: re.compile(r"\bCertificate\b"), TOKEN: re.compile(r"\b(AsJwt|TryParseJwt|Jwt)\b")}
_ASSIGNED = re.compile(r"(\w+)\s*=(?!=)")
_GIVEN_OUT = re.compile(r"\bout\s+(?:\w+\s+)?(\w+)")
_STATEMENT = re.compile(r"[;{}]")

NOTHING: tuple[str, ...] = ()


@attrs.frozen
class Subjects:
    """What is known of all documents: variables by subject, and the subjects of fragments' checks by their ids."""

    variables: Mapping[str, frozenset[str]] = attrs.field(factory=dict)
    fragments: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)

    @classmethod
    def of(cls, policies: Iterable[Policy], fragments: Mapping[str, Policy] | None = None) -> Subjects:
        """What documents tell that run together, and fragments by their ids."""
        from apimpolicy.testing.mutation.elements import changes_of

        subjects = cls(_variables(list(policies)))
        checks: dict[str, tuple[str, ...]] = {}
        for name, fragment in (fragments or {}).items():
            found = {subject for _, change in changes_of(fragment, subjects) for subject in change.removes}
            checks[name] = tuple(sorted(found))
        return cls(subjects.variables, checks)

    def of_code(self, code: str) -> tuple[str, ...]:
        """The subjects that C# has to do with."""
        return tuple(
            subject
            for subject, pattern in _CODE.items()
            if pattern.search(code) or any(_reads(code, name) for name in self.variables.get(subject, ()))
        )

    def locals_of(self, code: str) -> dict[str, tuple[str, ...]]:
        """The local variables of a block that hold something of a subject: `var c = context.Request.Certificate;`."""
        found: dict[str, tuple[str, ...]] = {}
        for statement in _STATEMENT.split(code):
            subjects = self.of_code(statement)
            subjects = subjects or next((found[name] for name in found if _names(statement, name)), NOTHING)
            if subjects:
                names = (*_ASSIGNED.findall(statement), *_GIVEN_OUT.findall(statement))
                found |= dict.fromkeys(names, subjects)
        return found

    def of_policy(self, element: Element) -> tuple[str, ...]:
        """The subjects of which a policy is a check by itself."""
        if element.name == "include-fragment":
            name = element.get("fragment-id")
            return NOTHING if name is None else self.fragments.get(name.value.text, NOTHING)
        return tuple(subject for subject, trait in TRAITS.items() if has_trait(element.name, trait))

    def of_branch(self, branch: Element) -> tuple[str, ...]:
        """The subjects of the condition of a `when`."""
        condition = branch.get("condition")
        return NOTHING if condition is None else self.of_code(condition.value.text)

    def of_removal(self, element: Element) -> tuple[str, ...]:
        """The subjects of which a whole check is gone with a policy.

        It is one by itself; or a `choose` that asks in every branch; or all that such a branch does.
        """
        if own := self.of_policy(element):
            return own
        if has_trait(element.name, "branches"):
            return self._asked_everywhere(element)
        branch = element.parent
        if branch is None or branch.name not in ("when", "otherwise") or sum(1 for _ in branch.elements()) != 1:
            return NOTHING
        return self.of_branch(branch) if branch.name == "when" else self.of_otherwise(branch)

    def of_otherwise(self, branch: Element) -> tuple[str, ...]:
        """The subjects of an `otherwise` that refuses where every `when` lets through."""
        refuses = any(has_trait(inner.name, "composes") for inner in branch.descendants())
        return self._asked_everywhere(branch.parent) if refuses and branch.parent is not None else NOTHING

    def _asked_everywhere(self, choose: Element) -> tuple[str, ...]:
        asked = [set(self.of_branch(inner)) for inner in choose.elements() if inner.name == "when"]
        return tuple(sorted(set.intersection(*asked))) if asked else NOTHING


def _variables(policies: list[Policy]) -> dict[str, frozenset[str]]:
    """The variables of a request that hold something of a subject, or what was computed from such a variable."""
    set_by: list[tuple[str, str]] = []
    tokens: set[str] = set()
    for policy in policies:
        for element in policy.document.elements():
            name, value = element.get("name"), element.get("value")
            if has_trait(element.name, "sets-variable") and name is not None and value is not None:
                set_by.append((name.value.text, value.value.text))
            elif (output := element.get("output-token-variable-name")) and has_trait(element.name, TRAITS[TOKEN]):
                tokens.add(output.value.text)
    known: dict[str, frozenset[str]] = {TOKEN: frozenset(tokens)}
    while True:
        subjects = Subjects(known)
        found: dict[str, set[str]] = {subject: set(names) for subject, names in known.items()}
        for variable, code in set_by:
            for subject in subjects.of_code(code):
                found.setdefault(subject, set()).add(variable)
        more = {subject: frozenset(names) for subject, names in found.items()}
        if more == known:
            return known
        known = more


def _reads(code: str, variable: str) -> bool:
    return "Variables" in code and (f'"{variable}"' in code or f"&quot;{variable}&quot;" in code)


def _names(code: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", code) is not None
