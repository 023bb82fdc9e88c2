"""Derive the facts that a request has proven when a C# condition is true, and when it is false.

Understood are null checks and comparisons of what comes with a request, `Verify()`, lists of thumbprints, entities of
the context, negations, `&&`, `||`, `?:`, local variables and variables that such conditions were assigned to. Any other
condition is one opaque fact, with words for what it reads.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.audit.facts import CERTIFICATE, CHOICE, OPAQUE, PRESENTED, UNDECIDED, VERIFIED, Fact
from apimpolicy.audit.origins import Origins, constant, is_null, receiver_of
from apimpolicy.audit.states import ALWAYS, FALSE, NEVER, TRUE, Alternatives, Truth, either, truth_of
from apimpolicy.audit.states import both as proving_both
from apimpolicy.binding import nodes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.audit.origins import Origin
    from apimpolicy.audit.variables import Knowledge
    from apimpolicy.binding.nodes import Bound
    from apimpolicy.checks.expressions import ExpressionCheck
    from apimpolicy.text.source import Excerpt

MOST_DEPTH = 60
_EQUAL = frozenset(("Equals", "Contains", "StartsWith", "EndsWith", "IsMatch", "op_Equality"))
_OF_CALLER = frozenset(("certificate", "address", "header", "query", "basic", "unverified token"))
_EMPTY = frozenset(("IsNullOrEmpty", "IsNullOrWhiteSpace"))
_VERIFY = frozenset(("Verify", "VerifyNoRevocation"))
_NAMED_VALUE = re.compile(r"\{\{([^{}]+)\}\}")
_VARIES = re.compile(r"\b(?:Random|Now|UtcNow|NewGuid|RequestId)\b")
_LOOKS_AT = (
    ("Certificate", "the client certificate"),
    ("IpAddress", "the caller's address"),
    ("Body", "the body"),
    ("Subscription", "the subscription"),
    ("Product", "the product"),
    ("User", "the user"),
    ("Query", "the query"),
    ("MatchedParameters", "the path"),
    ("Url", "the URL"),
    ("Method", "the method"),
)


class Condition(NamedTuple):
    """An expression to be read: the C# as it is written, and what is known where it is evaluated."""

    excerpt: Excerpt
    knowledge: Knowledge


def truth(condition: Condition, check: ExpressionCheck) -> Truth:
    """Return a condition's proofs."""
    _, compiled = check.compile(condition.excerpt)
    if compiled.bound is None or not compiled.nodes:
        return truth_of(_unread(condition))
    return Reader(condition, compiled.nodes).body(compiled.bound.body)


def looks_at(text: str) -> str:
    """Return words for what an expression looks at."""
    found = [f"header '{name.lower()}'" for name in re.findall(r"Headers?[.\w]*[\[(]\s*(?:&quot;|\")([\w-]+)", text)]
    found += [f"variable '{name}'" for name in re.findall(r"Variables[.\w<>?\s]*[\[(]\s*(?:&quot;|\")([\w-]+)", text)]
    found += [words for member, words in _LOOKS_AT if re.search(rf"\.{member}\b", text)]
    return ", ".join(dict.fromkeys(found)) or "a condition"


def _unread(condition: Condition) -> Fact:
    """Return the fact for an expression that can't be compiled as it is written."""
    text = condition.excerpt.text
    names = _NAMED_VALUE.findall(text)
    subject = f"named value '{names[0]}'" if names else "an expression that can't be read"
    return Fact(UNDECIDED, subject, (_normal(text),))


def _normal(text: str) -> str:
    return " ".join(text.split())


class Reader:
    """Reads the conditions of one expression."""

    def __init__(self, condition: Condition, expression: Sequence[Bound]) -> None:
        self.text = condition.excerpt.text
        self.known = condition.knowledge
        self.origins = Origins(expression)

    def body(self, node: Bound) -> Truth:
        if not isinstance(node, nodes.Block):
            return self.truth(node)
        ends: list[tuple[Alternatives, Truth]] = []
        self._block(node.statements, ALWAYS, ends)
        if_true = if_false = NEVER
        for reached, found in ends:
            if_true = either(if_true, proving_both(reached, found.if_true))
            if_false = either(if_false, proving_both(reached, found.if_false))
        return Truth(if_true, if_false)

    # Statements

    def _block(
        self, statements: Sequence[Bound], reached: Alternatives, ends: list[tuple[Alternatives, Truth]]
    ) -> Alternatives:
        """Walk statements; return what is proven behind them, and add what is returned to `ends`."""
        for statement in statements:
            if not reached:
                return NEVER
            match statement:
                case nodes.Return():
                    if statement.value is not None:
                        ends.append((reached, self.truth(statement.value)))
                    return NEVER
                case nodes.Throw():
                    return NEVER
                case nodes.If():
                    reached = self._if(statement, reached, ends)
                case nodes.Block() | nodes.Statements():
                    reached = self._block(statement.statements, reached, ends)
                case nodes.LocalDeclaration() | nodes.ExpressionStatement() | nodes.Empty():
                    pass
                case _ if any(isinstance(each, nodes.Return) for each in _within(statement)):
                    ends.append((reached, truth_of(self._opaque())))
        return reached

    def _if(self, node: nodes.If, reached: Alternatives, ends: list[tuple[Alternatives, Truth]]) -> Alternatives:
        found = self.truth(node.condition)
        then = self._block([node.then], proving_both(reached, found.if_true), ends)
        rest = proving_both(reached, found.if_false)
        return either(then, rest if node.otherwise is None else self._block([node.otherwise], rest, ends))

    # Expressions

    def truth(self, node: Bound | None, depth: int = 0) -> Truth:
        """Return the proofs of an expression of type bool."""
        value = constant(node)
        if isinstance(value, bool):
            return TRUE if value else FALSE
        if depth > MOST_DEPTH:
            return truth_of(self._opaque())
        following = depth + 1
        match node:
            case nodes.Convert():
                return self.truth(node.operand, following)
            case nodes.Unary() if node.operator == "!":
                return self.truth(node.operand, following).negated()
            case nodes.Logical() | nodes.Binary() if node.operator in ("&&", "||", "&", "|"):
                left, right = self.truth(node.left, following), self.truth(node.right, following)
                return left.and_(right) if node.operator[0] == "&" else left.or_(right)
            case nodes.Conditional():
                then, rest = self.truth(node.when_true, following), self.truth(node.when_false, following)
                return self.truth(node.condition, following).choose(then, rest)
            case nodes.Binary() if node.operator in ("==", "!="):
                found = self._equality(node.left, node.right, following)
                return found if node.operator == "==" else found.negated()
            case nodes.Call():
                return self._call(node, following)
            case nodes.PropertyAccess() if node.property.name == "HasValue":
                return self._presence(self.origins.of(node.receiver)).negated()
            case nodes.IsPattern() if node.pattern.value is None:
                return self._presence(self.origins.of(node.operand)).negated()
            case nodes.IsType():
                return self._presence(self.origins.of(node.operand)).negated()
            case nodes.Local() if (inside := self.origins.locals.get(id(node.symbol))) is not None:
                return self.truth(inside, following)
        return self._value(node)

    def _value(self, node: Bound | None) -> Truth:
        """Return the proofs of a bool value: a variable of the policy."""
        origin = self.origins.of(node)
        if origin.kind == "variable" and origin.name is not None:
            return self.known.truth_of_variable(origin.name, origin.default) or truth_of(self._opaque())
        return truth_of(self._opaque())

    def _equality(self, left: Bound, right: Bound, depth: int) -> Truth:
        """Return proofs of `left == right`."""
        if is_null(left) or (constant(left) is not None and constant(right) is None):
            left, right = right, left
        value = constant(right)
        if is_null(right):
            return self._presence(self.origins.of(left))
        if isinstance(value, bool):
            found = self.truth(left, depth)
            return found if value else found.negated()
        return self._comparison(self.origins.of(left), value, self.origins.of(right))

    def _call(self, node: nodes.Call, depth: int) -> Truth:
        receiver, arguments = receiver_of(node)
        name, found = node.method.name, self.origins.of(receiver)
        if name in _EMPTY:
            return self._presence(found, or_empty=True)
        if name in _VERIFY and found.kind == "certificate":
            return Truth(
                frozenset((frozenset((Fact(CERTIFICATE, PRESENTED), Fact(CERTIFICATE, VERIFIED))),)),
                frozenset((frozenset((Fact(CERTIFICATE, VERIFIED, (), False),)),)),
            )
        if name == "ContainsKey":
            return self._presence(self.origins.of(node)).negated()
        if name in ("Parse", "ToBoolean") and self.origins.of(node).kind == "variable":
            return self._value(node)
        if name == "Any" and arguments and isinstance(arguments[0], nodes.Lambda):
            return self._any(arguments[0], depth)
        if name in _EQUAL and arguments:
            if found.kind == "certificate" and name not in ("Equals", "op_Equality"):
                found = found.member(name)  # a part of a thumbprint is not the thumbprint
            return self._comparison(found, constant(arguments[0]), self.origins.of(arguments[0]))
        if name == "GetValueOrDefault":
            return self._value(node)
        return truth_of(self._opaque())

    def _any(self, test: nodes.Lambda, depth: int) -> Truth:
        """Return the proofs of a test being true of one of several: of none, it may never have been evaluated."""
        if isinstance(test.body, nodes.Block):
            return truth_of(self._opaque())
        found = self.truth(test.body, depth)
        is_free = all(fact.is_free for alternative in found.if_false for fact in alternative)
        return Truth(found.if_true, found.if_false if is_free else ALWAYS)

    # Facts

    def _presence(self, origin: Origin, *, or_empty: bool = False) -> Truth:
        """Return proofs of `value == null`."""
        return self.known.absence(origin, or_empty=or_empty) or truth_of(self._opaque())

    def _comparison(self, origin: Origin, value: str | int | None, other: Origin) -> Truth:
        pairs = [(origin, other), (other, origin)]
        if other.kind in _OF_CALLER and origin.kind not in _OF_CALLER:
            pairs.reverse()
        for one, another in pairs:
            found = self.known.equality(one, value, another)
            if found is not None:
                return found
        if origin.kind in ("url", "parameter", "method") and value is not None:
            return truth_of(Fact(CHOICE, looks_at(self.text), (_normal(self.text), self.known.generation)))
        if not origin.kind and not other.kind and "{{" in self.text:
            return truth_of(self._undecided())
        if "named value" in (origin.kind, other.kind) and not (origin.kind and other.kind):
            return truth_of(self._undecided())
        return truth_of(self._opaque())

    def _undecided(self) -> Fact:
        names = _NAMED_VALUE.findall(self.text)
        return Fact(UNDECIDED, f"named value '{names[0] if names else '?'}'", (_normal(self.text),))

    def _opaque(self) -> Fact:
        """Return the fact of a condition that isn't understood; it is the same one while nothing has changed."""
        if _VARIES.search(self.text):
            return Fact(OPAQUE, looks_at(self.text), (_normal(self.text), self.known.next_generation()))
        return Fact(OPAQUE, looks_at(self.text), (_normal(self.text), self.known.generation))


def _within(node: Bound) -> list[Bound]:
    """Return a node with all nodes inside."""
    found, waiting = [], [node]
    while waiting:
        each = waiting.pop()
        found.append(each)
        waiting += each.children()
    return found
