"""The checks that a change affects: of the client certificate, of a token, or a limit of calls.

A condition is a certificate check when it names a certificate, or a variable that a `set-variable` computed from one,
in any document of the request; so is an `include-fragment` whose fragment has a check. `validate-client-certificate`,
`validate-jwt` and similar policies are checks by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import attrs

from apimpolicy.policies.registry import has_trait
from apimpolicy.report.mutation_results import CERTIFICATE, LIMIT, TOKEN
from apimpolicy.testing.mutation.elements import changes_of

if TYPE_CHECKING:
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
class CheckIndex:
    """The checks of all documents: variables by check, and the checks of fragments by their ids."""

    variables: Mapping[str, frozenset[str]] = attrs.field(factory=dict)
    fragments: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)

    @classmethod
    def of(cls, policies: Iterable[Policy], fragments: Mapping[str, Policy] | None = None) -> CheckIndex:
        """Return the index of documents that run together, and of fragments by their ids."""
        index = cls(_variables(list(policies)))
        checks: dict[str, tuple[str, ...]] = {}
        for name, fragment in (fragments or {}).items():
            found = {check for _, change in changes_of(fragment, index) for check in change.removes}
            checks[name] = tuple(sorted(found))
        return cls(index.variables, checks)

    def of_code(self, code: str) -> tuple[str, ...]:
        """Return the checks that C# code is part of."""
        return tuple(
            check
            for check, pattern in _CODE.items()
            if pattern.search(code) or any(_reads(code, name) for name in self.variables.get(check, ()))
        )

    def locals_of(self, code: str) -> dict[str, tuple[str, ...]]:
        """Return the local variables of a block that belong to a check: `var c = context.Request.Certificate;`."""
        found: dict[str, tuple[str, ...]] = {}
        for statement in _STATEMENT.split(code):
            checks = self.of_code(statement)
            checks = checks or next((found[name] for name in found if _names(statement, name)), NOTHING)
            if checks:
                names = (*_ASSIGNED.findall(statement), *_GIVEN_OUT.findall(statement))
                found |= dict.fromkeys(names, checks)
        return found

    def of_policy(self, element: Element) -> tuple[str, ...]:
        """Return the checks that a policy is by itself."""
        if element.name == "include-fragment":
            name = element.get("fragment-id")
            return NOTHING if name is None else self.fragments.get(name.value.text, NOTHING)
        return tuple(check for check, trait in TRAITS.items() if has_trait(element.name, trait))

    def of_branch(self, branch: Element) -> tuple[str, ...]:
        """Return the checks in the condition of a `when`."""
        condition = branch.get("condition")
        return NOTHING if condition is None else self.of_code(condition.value.text)

    def of_removal(self, element: Element) -> tuple[str, ...]:
        """Return the checks that removing a policy removes entirely.

        These are the policy itself, a `choose` that checks in every branch, or the whole content of such a branch.
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
        """Return the checks of an `otherwise` that refuses where every `when` lets through."""
        refuses = any(has_trait(inner.name, "composes") for inner in branch.descendants())
        return self._asked_everywhere(branch.parent) if refuses and branch.parent is not None else NOTHING

    def _asked_everywhere(self, choose: Element) -> tuple[str, ...]:
        asked = [set(self.of_branch(inner)) for inner in choose.elements() if inner.name == "when"]
        return tuple(sorted(set.intersection(*asked))) if asked else NOTHING


def _variables(policies: list[Policy]) -> dict[str, frozenset[str]]:
    """Return the variables of a request that belong to a check, or were computed from such a variable."""
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
        checks = CheckIndex(known)
        found: dict[str, set[str]] = {check: set(names) for check, names in known.items()}
        for variable, code in set_by:
            for check in checks.of_code(code):
                found.setdefault(check, set()).add(variable)
        more = {check: frozenset(names) for check, names in found.items()}
        if more == known:
            return known
        known = more


def _reads(code: str, variable: str) -> bool:
    return "Variables" in code and (f'"{variable}"' in code or f"&quot;{variable}&quot;" in code)


def _names(code: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", code) is not None
