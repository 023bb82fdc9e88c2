"""Changes of a document, besides those of its expressions, and the checks that they affect.

- `remove`: remove a policy, a `when` or an `otherwise`; the only `when` of a `choose` is never taken instead
- `attribute`: swap `true` and `false`, increment numbers, take the next of several allowed values, append `-mutant` to
  other texts; texts of elements likewise (`constant`)

`<base />`, `id` and `fragment-id` stay: without them a document is another one, or none.

Checks are those of the client certificate, of a token, or a limit of calls.

A condition is a certificate check when it names a certificate, or a variable that a `set-variable` computed from one,
in any document of the request; so is an `include-fragment` whose fragment has a check. `validate-client-certificate`,
`validate-jwt` and similar policies are checks by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from xml.sax.saxutils import escape

import attrs

from apimpolicy.csharp.binding.flow import TRUTH, conditions_of
from apimpolicy.csharp.emit.runtime import file_of
from apimpolicy.csharp.syntax.nodes import Node, Token
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.errors import DiagnosticError, LimitExceededError, NotSimulatedError
from apimpolicy.gateway.engine.document import Policy
from apimpolicy.gateway.engine.steps import compiled
from apimpolicy.gateway.policies.registry import has_trait, specification_of
from apimpolicy.gateway.policies.spec import Specification
from apimpolicy.report.mutation_results import CERTIFICATE, LIMIT, TOKEN
from apimpolicy.testing.coverage.places import code_in_file, is_escaped, span_in_file
from apimpolicy.text.document import Attribute, Characters, Element, TextNode
from apimpolicy.text.source import Excerpt

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
        by_check: dict[str, set[str]] = {check: set(names) for check, names in known.items()}
        for variable, code in set_by:
            for check in checks.of_code(code):
                by_check.setdefault(check, set()).add(variable)
        more = {check: frozenset(names) for check, names in by_check.items()}
        if more == known:
            return known
        known = more


def _reads(code: str, variable: str) -> bool:
    return "Variables" in code and (f'"{variable}"' in code or f"&quot;{variable}&quot;" in code)


def _names(code: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", code) is not None


@attrs.frozen
class Mutation:
    """A change: a span of the file, its replacement, and a description."""

    kind: str
    start: int
    end: int
    text: str
    description: str
    removes: tuple[str, ...] = ()
    """The checks that it removes entirely."""
    about: tuple[str, ...] = ()
    """The checks that it changes."""


COMPARISONS = {"==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">"}
_SWAPPED = ("==", "!=")
_NUMBER_LITERAL = re.compile(r"(\d+)([uUlLmMdDfF]*)")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def expression_changes(excerpt: Excerpt, checks: CheckIndex) -> Iterator[Mutation]:
    """Yield the changes of one expression, each as a span of the file. None for one that does not compile."""
    try:
        tree = parse(excerpt)
        conditions = conditions_of(compiled(excerpt).bound.body)
    except (DiagnosticError, LimitExceededError, NotSimulatedError):
        return
    changes = _Changes(excerpt, checks)
    with_operator: set[tuple[int, int]] = set()
    waiting: list[Node | Token] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Token):
            continue
        waiting.extend(child for child in node.children if isinstance(child, (Node, Token)))
        operator = changes.comparison_in(node)
        if operator is not None and operator.text in _SWAPPED:
            with_operator.add((node.start, node.end))
        yield from changes.of(node)
    for condition in conditions:
        syntax = condition.node.syntax
        if condition.outcomes == TRUTH and (syntax.start, syntax.end) not in with_operator:
            yield changes.negated(syntax)


class _Changes:
    def __init__(self, excerpt: Excerpt, checks: CheckIndex) -> None:
        self.excerpt = excerpt
        self.file = file_of(excerpt.source)
        self.is_escaped = is_escaped(excerpt)
        self.checks = checks
        self.locals = [(re.compile(rf"\b{name}\b"), about) for name, about in checks.locals_of(excerpt.text).items()]

    def of(self, node: Node) -> Iterator[Mutation]:
        """Yield the changes of one node of the syntax tree itself."""
        children = node.children
        if node.kind in ("logical_or", "logical_and", "coalesce"):
            left, right = children[0], children[-1]
            assert isinstance(left, Node)
            assert isinstance(right, (Node, Token))
            yield self.without(node, kept=left, dropped=right)
            if left.kind != node.kind:  # of `a || b || c` one at a time
                yield self.without(node, kept=right, dropped=left)
        elif (comparison := self.comparison_in(node)) is not None:
            yield self.with_operator(node, comparison)
        elif node.kind == "integer_literal":
            number = _NUMBER_LITERAL.fullmatch(self.code(node))
            if number is not None:
                more = f"{int(number[1]) + 1}{number[2]}"
                yield self.change("constant", node, more, f"{number[0]} becomes {more}")
        elif node.kind in ("string_literal", "verbatim_string_literal") and "{{" not in self.raw(node):
            raw, code = self.raw(node), self.code(node)
            start, _ = span_in_file(self.excerpt, node.start, node.end)
            end = span_in_file(self.excerpt, node.end - 1, node.end)[0] - start
            yield self.change("constant", node, f"{raw[:end]}!{raw[end:]}", f'{code} becomes {code[:-1]}!"')
        elif node.kind in ("true_literal", "false_literal"):
            other = "false" if node.kind == "true_literal" else "true"
            yield self.change("constant", node, other, f"{self.code(node)} becomes {other}")

    def negated(self, syntax: Node | Token) -> Mutation:
        raw, code = self.raw(syntax), self.code(syntax)
        is_negated = isinstance(syntax, Node) and syntax.kind == "logical_not"
        text = raw[1:].lstrip() if is_negated else f"!({raw})"
        return self.change("condition", syntax, text, f"`{code}` is negated", about=code)

    def comparison_in(self, node: Node) -> Token | None:
        """Return the operator of a comparison, unless it is part of a named value."""
        operator = node.children[1] if node.kind == "binary" else None
        if not isinstance(operator, Token) or operator.text not in COMPARISONS:
            return None
        return operator if self.code(operator) == operator.text else None

    def with_operator(self, node: Node, operator: Token) -> Mutation:
        other, code = COMPARISONS[operator.text], self.code(node)
        description = f"{operator.text} becomes {other} in `{code}`"
        return self.change("comparison", operator, self.written(other), description, about=code)

    def without(self, node: Node, kept: Node | Token, dropped: Node | Token) -> Mutation:
        code = self.code(dropped)
        return self.change("operand", node, self.raw(kept), f"without `{code}`", about=code)

    def change(self, kind: str, syntax: Node | Token, text: str, description: str, about: str = "") -> Mutation:
        start, end = span_in_file(self.excerpt, syntax.start, syntax.end)
        found = dict.fromkeys(self.checks.of_code(about))
        for name, checks in self.locals:
            if name.search(about):
                found |= dict.fromkeys(checks)
        return Mutation(kind, start, end, text, description, about=tuple(found))

    def raw(self, syntax: Node | Token) -> str:
        """Return the source text in the file."""
        start, end = span_in_file(self.excerpt, syntax.start, syntax.end)
        return self.file.text[start:end]

    def code(self, syntax: Node | Token) -> str:
        """Return C# on one line; a named value by its name."""
        return code_in_file(self.excerpt, syntax.start, syntax.end)

    def written(self, code: str) -> str:
        """Return C#, escaped as this expression needs."""
        return "".join(_ENTITIES.get(char, char) for char in code) if self.is_escaped else code


KEPT = ("id", "fragment-id")
WITHOUT_EFFECT_ON_CHECKS = ("failed-", "output-")
"""Prefixes of attributes that set what happens when a check fails, not what it checks."""

_NUMBER = re.compile(r"-?\d{1,15}")
_BOOLEANS = {"true": "false", "false": "true", "True": "False", "False": "True", "TRUE": "FALSE", "FALSE": "TRUE"}


def changes_of(policy: Policy, checks: CheckIndex) -> Iterator[tuple[Element, Mutation]]:
    """Yield each change of a document, with its policy; `checks` tells which checks it affects."""
    walk = _ElementChanges(checks)
    for elements in policy.sections.values():
        for element in elements:
            specification = specification_of(element.name)
            if specification is not None:
                for owner, change in walk.policy(element, specification):
                    about = change.about
                    if not change.description.startswith(WITHOUT_EFFECT_ON_CHECKS):
                        about = (*about, *checks.of_policy(owner))
                    yield owner, attrs.evolve(change, about=tuple(dict.fromkeys(about)))


class _ElementChanges:
    def __init__(self, checks: CheckIndex) -> None:
        self.checks = checks

    def policy(self, element: Element, specification: Specification) -> Iterator[tuple[Element, Mutation]]:
        if element.name != "base":
            yield element, _removal(element, f"without <{element.name}>", self.checks.of_removal(element))
        yield from self.inside(element, specification, element)

    def inside(
        self, element: Element, specification: Specification, owner: Element
    ) -> Iterator[tuple[Element, Mutation]]:
        """Yield the changes of attributes, texts and children of a policy or part; `owner` is the policy."""
        yield from ((owner, change) for change in _own(element, specification, self.checks))
        for slot in specification.children:
            for inner in element.elements():
                if slot.part is None:
                    inner_specification = specification_of(inner.name)
                    if inner.name not in specification.own_children and inner_specification is not None:
                        yield from self.policy(inner, inner_specification)
                elif inner.name == slot.name:
                    part = specification.part(inner.name)
                    assert part is not None
                    if has_trait(element.name, "branches"):
                        yield from ((owner, change) for change in self.branch(element, inner))
                    yield from self.inside(inner, part, owner)

    def branch(self, choose: Element, branch: Element) -> Iterator[Mutation]:
        whens = [element for element in choose.elements() if element.name == "when"]
        condition = branch.get("condition")
        if branch.name == "otherwise":
            yield _removal(branch, "without otherwise", self.checks.of_otherwise(branch))
        elif len(whens) > 1:
            yield _removal(branch, f"without when {whens.index(branch) + 1}", self.checks.of_branch(branch))
        elif condition is not None:
            start, end = _span(branch, condition.value.start, condition.value.end)
            never = "false" if condition.value.expression is None else "@(false)"
            removes = self.checks.of_branch(branch)
            yield Mutation("remove", start, end, never, "when 1 is never taken", removes=removes)


def _own(element: Element, specification: Specification, checks: CheckIndex) -> Iterator[Mutation]:
    literal = {slot.name: slot for slot in specification.attributes}
    for attribute in element.attributes:
        slot = literal.get(attribute.name)
        if slot is None:
            continue
        if attribute.value.expression is not None and slot.expression:
            yield from expression_changes(attribute.value.expression, checks)
        elif attribute.name not in KEPT and (other := _other(attribute.value.text, slot.values)) is not None:
            yield from _attribute(element, attribute, other)
    if specification.takes_text:
        yield from _content(element, checks)
    values = {slot.child for slot in specification.contents if slot.child is not None}
    for inner in element.elements():
        if inner.name in values:
            yield from _content(inner, checks)


def _attribute(element: Element, attribute: Attribute, other: str) -> Iterator[Mutation]:
    start, end = _span(element, attribute.value.start, attribute.value.end)
    if "{{" not in _raw(element, start, end):
        description = f'{attribute.name}="{attribute.value.text}" becomes "{other}"'
        yield Mutation("attribute", start, end, escape(other, {'"': "&quot;", "'": "&apos;"}), description)


def _content(element: Element, checks: CheckIndex) -> Iterator[Mutation]:
    if element.expression is not None:
        yield from expression_changes(element.expression, checks)
        return
    texts: list[Characters] = [
        child for child in element.children if isinstance(child, TextNode) and child.text.strip()
    ]
    if len(texts) != 1 or any(True for _ in element.elements()):
        return
    text = texts[0]
    first = text.start + len(text.raw) - len(text.raw.lstrip())
    start, end = _span(element, first, text.start + len(text.raw.rstrip()))
    raw = _raw(element, start, end)
    other = _other(raw, ())
    if other is not None and "{{" not in raw:
        yield Mutation(
            "constant", start, end, other, f"the text of <{element.name}> becomes `{' '.join(other.split())}`"
        )


def _other(value: str, allowed: tuple[str, ...]) -> str | None:
    """Return another value for an attribute or a text; None for an empty one."""
    if value in allowed:
        return allowed[(allowed.index(value) + 1) % len(allowed)] if len(allowed) > 1 else None
    if value in _BOOLEANS:
        return _BOOLEANS[value]
    if _NUMBER.fullmatch(value):
        return str(int(value) + 1)
    return f"{value}-mutant" if value.strip() else None


def _removal(element: Element, description: str, removes: tuple[str, ...]) -> Mutation:
    start, end = _span(element, element.start, element.end)
    return Mutation("remove", start, end, "", description, removes=removes)


def _span(element: Element, start: int, end: int) -> tuple[int, int]:
    return element.source.original_span(start, end)


def _raw(element: Element, start: int, end: int) -> str:
    return file_of(element.source).text[start:end]
