"""Find the points where a request can fail before `on-error`, and the variables that are certainly set there.

The documents of all scopes are walked in the order in which the gateway runs them: `<base />` leads into the next wider
document, where it is known. A point of failure is a policy that refuses requests (a limit, a check of the caller), a
request of the policy's own whose error is not ignored, or the forwarded request. Of a wider document that is not known
nothing is assumed, except that its `backend` section forwards the request.

Conditions in `on-error` are evaluated for a failure: its source, its reason, the status of the response.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.checks.flow import names_set_by
from apimpolicy.checks.nodes import type_name
from apimpolicy.csharp.binding.nodes import Binary, Bound, ConditionalAccess, Convert, Logical, PropertyAccess, Unary
from apimpolicy.gateway.policies.registry import has_trait, specification_of
from apimpolicy.text.source import has_hole, is_unknown

if TYPE_CHECKING:
    from apimpolicy.checks.subject import Subject
    from apimpolicy.text.document import Document, Element


class Wider:
    """A document of a wider scope: `title` names the scope for messages. The document is read when it is needed."""

    def __init__(self, title: str, read: Callable[[], Document]) -> None:
        self.title = title
        self._read = read

    @cached_property
    def document(self) -> Document:
        return self._read()


COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def is_true_for(node: Bound, failure: RequestFailure) -> bool | None:
    """Return the value of a condition when the request has failed like this; None when it depends on more."""
    node = _plain(node)
    if isinstance(node, Logical):
        left, right = is_true_for(node.left, failure), is_true_for(node.right, failure)
        decisive = node.operator == "||"
        if decisive in (left, right):
            return decisive
        return None if None in (left, right) else not decisive
    if isinstance(node, Unary) and node.operator == "!":
        value = is_true_for(node.operand, failure)
        return None if value is None else not value
    if isinstance(node, Binary) and node.operator in COMPARISONS:
        return _comparison(node, failure)
    constant = getattr(node, "constant", None)
    return constant if isinstance(constant, bool) else None


def _comparison(node: Binary, failure: RequestFailure) -> bool | None:
    operator, left, right = node.operator, _plain(node.left), _plain(node.right)
    if getattr(left, "is_constant", False):
        operator, left, right = MIRRORED.get(operator, operator), right, left
    if not getattr(right, "is_constant", False) or not isinstance(left, PropertyAccess):
        return None
    constant = getattr(right, "constant", None)
    owner, member = type_name(left.receiver), left.property.name
    if (owner, member) == ("IContext", "LastError") and constant is None:
        return operator == "!="
    if (owner, member) == ("ILastError", "Source") and isinstance(constant, str):
        return (failure.source == constant) is (operator == "==")
    if (owner, member) == ("ILastError", "Reason") and isinstance(constant, str) and failure.reason:
        return (failure.reason == constant) is (operator == "==")
    if (owner, member) == ("IResponse", "StatusCode") and type(constant) is int and failure.statuses is not None:
        values = {COMPARISONS[operator](status, constant) for status in failure.statuses}
        return values.pop() if len(values) == 1 else None
    return None


def _plain(node: Bound) -> Bound:
    """Return a node without conversions, and the access in `a?.b`: nothing here is null in `on-error`."""
    while isinstance(node, (Convert, ConditionalAccess)):
        node = node.operand if isinstance(node, Convert) else node.access
    return node


MOST_FAILURES = 500
MOST_DEPTH = 400
KEY_MISSING = "SubscriptionKeyNotFound"


class RequestFailure(NamedTuple):
    """A point at which requests can fail.

    - `source`, `reason`: as in `context.LastError`; an empty reason is "not known"
    - `statuses`: those of the response, None when they are not known
    - `scope`: the title of the wider document that has the policy, empty for the document itself
    - `is_refusal`: whether it is a refusal, and not a request that didn't succeed
    - `is_set`: the variables in question that are certainly set
    """

    source: str
    statuses: frozenset[int] | None
    reason: str
    scope: str
    is_refusal: bool
    is_set: frozenset[str]


class UnknownPolicyError(Exception):
    """A template may put any policy in a place: nothing is certain any more."""


class Failures:
    """The points of failure of a document among wider ones (nearest first), for the variables of these names."""

    def __init__(self, subject: Subject, wider: Sequence[Wider], names: frozenset[str]) -> None:
        self._subject = subject
        self._names = names
        self._documents = [("", subject.document), *((each.title, each.document) for each in wider)]
        self._depth = 0
        self.found: list[RequestFailure] = []
        self.set_somewhere: set[str] = set()
        """The variables that any of the documents sets."""

    def walk(self, needs_subscription: bool) -> None:
        """Fill `found`. Raises UnknownPolicyError."""
        if needs_subscription:
            self.found.append(RequestFailure("authorization", frozenset((401,)), KEY_MISSING, "", True, frozenset()))
        current: frozenset[str] | None = frozenset()
        for section in ("inbound", "backend", "outbound"):
            if current is not None:
                current = self._section(section, 0, current)

    def set_before(self, element: Element) -> frozenset[str]:
        """Return the variables that `on-error` itself certainly sets before one of its policies."""
        found: frozenset[str] = frozenset()
        for around in (element, *element.ancestors()):
            if around.parent is None or around.name == "on-error":
                break
            if not has_trait(around.parent.name, "branches"):
                found = found.union(*map(self._always_sets, around.preceding_siblings()))
        return found

    def _always_sets(self, element: Element) -> frozenset[str]:
        if element.name == "include-fragment":
            return frozenset(name for root in self._roots_of(element) for name in self._inside(root))
        if not has_trait(element.name, "runs-policies"):
            return self._names.intersection(variables_set_by(element))
        if has_trait(element.name, "branches"):
            branches = [self._inside(branch) for branch in element.elements()]
            has_rest = any(branch.name == "otherwise" for branch in element.elements())
            return frozenset.intersection(*branches) if has_rest else frozenset()
        return self._inside(element)

    def _inside(self, element: Element) -> frozenset[str]:
        return frozenset(name for inner in element.elements() for name in self._always_sets(inner))

    def _section(self, name: str, level: int, current: frozenset[str]) -> frozenset[str] | None:
        if level >= len(self._documents):
            if name == "backend":
                self._add(RequestFailure("forward-request", None, "", "", False, current))
            return current
        _, document = self._documents[level]
        for root in document.roots:
            section = root.find(name) if root.name == "policies" else None
            if section is not None:
                return self._policies(section, level, current)
        return current

    def _policies(self, parent: Element, level: int, current: frozenset[str] | None) -> frozenset[str] | None:
        self._depth += 1
        if self._depth > MOST_DEPTH or parent.may_hold_more:
            raise UnknownPolicyError
        for element in parent.elements():
            if current is None:
                break
            current = self._policy(element, level, current)
        self._depth -= 1
        return current

    def _policy(self, element: Element, level: int, current: frozenset[str]) -> frozenset[str] | None:
        name, section = element.name, self._subject.section_of(element)
        if has_hole(name) or element.may_have_more_attributes:
            raise UnknownPolicyError
        if name == "base":
            return self._section(section, level + 1, current) if section else current
        if name == "include-fragment":
            for root in self._roots_of(element):
                inner = self._policies(root, level, current)
                if inner is None:
                    return None
                current = inner
            return current
        if has_trait(name, "branches"):
            return self._branches(element, level, current)
        scope = self._documents[level][0]
        if (refusal := refusal_of(element)) is not None:
            statuses, reason = refusal
            self._add(RequestFailure(name, statuses, reason, scope, True, current))
        elif may_not_succeed(element):
            self._add(RequestFailure(name, None, "", scope, False, current))
        if has_trait(name, "terminates"):
            return None
        if has_trait(name, "runs-policies"):
            return self._policies(element, level, current)
        added = self._names.intersection(variables_set_by(element))
        self.set_somewhere |= added
        return current | added if added else current

    def _branches(self, element: Element, level: int, current: frozenset[str]) -> frozenset[str] | None:
        found = len(self.found)
        ends = [self._policies(branch, level, current) for branch in element.elements()]
        if level:
            del self.found[found:]  # a branch of a wider document may be about other APIs
        if all(branch.name != "otherwise" for branch in element.elements()):
            ends.append(current)
        reached = [end for end in ends if end is not None]
        return frozenset.intersection(*reached) if reached else None

    def _roots_of(self, element: Element) -> list[Element]:
        fragment = self._subject.included_by(element)
        return [] if fragment is None else [root for root in fragment.roots if root.name == "fragment"]

    def _add(self, failure: RequestFailure) -> None:
        if len(self.found) < MOST_FAILURES:
            self.found.append(failure)


def variables_set_by(element: Element) -> Iterator[str]:
    """Yield the variables that a policy sets when it succeeds. Raises UnknownPolicyError for a name with a hole."""
    for name in names_set_by(element):
        if is_unknown(name):
            raise UnknownPolicyError
        yield name


def refusal_of(element: Element) -> tuple[frozenset[int] | None, str] | None:
    """Return the statuses (None when they are not known) and the reason of a policy's refusals; None without any."""
    specification = specification_of(element.name)
    if specification is None or not specification.refuses_with:
        refuses = has_trait(element.name, "refuses") and not has_trait(element.name, "terminates")
        return (None, "") if refuses else None
    statuses: set[int] = set()
    reason = ""
    for word in specification.refuses_with:
        slot = next((slot for slot in specification.attributes if slot.name == word), None)
        given = element.get(word)
        text = word if slot is None else str(slot.default) if given is None else given.value.text.strip()
        if text.isdecimal():
            statuses.add(int(text))
        elif slot is not None:  # an expression, or a named value
            return None, reason
        else:
            reason = text
    return frozenset(statuses), reason


def may_not_succeed(element: Element) -> bool:
    """Return whether a policy sends a request whose failure ends in `on-error`."""
    if has_trait(element.name, "forwards"):
        return True
    sends = has_trait(element.name, "requests") and has_trait(element.name, "responds")
    ignored = element.get("ignore-error")
    return sends and (ignored is None or ignored.value.text.strip().lower() == "false")
