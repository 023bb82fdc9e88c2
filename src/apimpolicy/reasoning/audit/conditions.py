"""Derive the facts that a request has proven when a C# condition is true, and when it is false.

Understood are null checks and comparisons of what comes with a request, `Verify()`, lists of thumbprints, entities of
the context, negations, `&&`, `||`, `?:`, local variables and variables that such conditions were assigned to. Any other
condition is one opaque fact, with words for what it reads.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.csharp.binding import nodes
from apimpolicy.reasoning.audit import kinds
from apimpolicy.reasoning.audit.origins import Origins, ValueOrigin, constant, is_null, receiver_of
from apimpolicy.reasoning.audit.sources import ANSWER, CACHE, OF_CALLERS_SERVICE, SourceReader, chosen, of_caller
from apimpolicy.reasoning.audit.states import (
    ALWAYS,
    FALSE,
    NEVER,
    TRUE,
    Alternatives,
    ConditionProofs,
    Fact,
    either,
    of_facts,
    truth_of,
)
from apimpolicy.reasoning.audit.states import both as proving_both
from apimpolicy.reasoning.audit.text_tests import EQUALITIES, text_test, type_of

if TYPE_CHECKING:
    from apimpolicy.checks.expressions import ExpressionCheck
    from apimpolicy.csharp.binding.nodes import Bound
    from apimpolicy.reasoning.audit.variables import VariableKnowledge
    from apimpolicy.text.source import Excerpt

MOST_DEPTH = 60
_EQUAL = frozenset(("Equals", "Contains", "StartsWith", "EndsWith", "IsMatch", "op_Equality"))
_WITHIN = frozenset(("Contains", "StartsWith", "EndsWith"))
_NOT_OF_CALLER = frozenset(("gateway", "response"))
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


class PolicyCondition(NamedTuple):
    """An expression to be read: the C# as it is written, and what is known where it is evaluated."""

    excerpt: Excerpt
    knowledge: VariableKnowledge


def truth(condition: PolicyCondition, check: ExpressionCheck) -> ConditionProofs:
    _, compiled = check.compile(condition.excerpt)
    if compiled.bound is None or not compiled.nodes:
        return truth_of(_unread(condition))
    return ConditionReader(condition, compiled.nodes).body(compiled.bound.body)


def looks_at(text: str) -> str:
    """Return words for what an expression looks at."""
    found = [f"header '{name.lower()}'" for name in re.findall(r"Headers?[.\w]*[\[(]\s*(?:&quot;|\")([\w-]+)", text)]
    found += [f"variable '{name}'" for name in re.findall(r"Variables[.\w<>?\s]*[\[(]\s*(?:&quot;|\")([\w-]+)", text)]
    found += [words for member, words in _LOOKS_AT if re.search(rf"\.{member}\b", text)]
    return ", ".join(dict.fromkeys(found)) or "a condition"


def _unread(condition: PolicyCondition) -> Fact:
    text = condition.excerpt.text
    names = _NAMED_VALUE.findall(text)
    subject = f"named value '{names[0]}'" if names else "an expression that can't be read"
    return Fact(kinds.UNDECIDED, subject, (_normal(text),))


def _normal(text: str) -> str:
    return " ".join(text.split())


class ConditionReader:
    """Reads the conditions of one expression."""

    def __init__(self, condition: PolicyCondition, expression: Sequence[Bound]) -> None:
        self.text = condition.excerpt.text
        self.known = condition.knowledge
        self.origins = Origins(expression)
        self.sources = SourceReader(self.origins, self.known)

    def body(self, node: Bound) -> ConditionProofs:
        if not isinstance(node, nodes.Block):
            return self.truth(node)
        ends: list[tuple[Alternatives, ConditionProofs]] = []
        self._block(node.statements, ALWAYS, ends)
        if_true = if_false = NEVER
        for reached, found in ends:
            if_true = either(if_true, proving_both(reached, found.if_true))
            if_false = either(if_false, proving_both(reached, found.if_false))
        return ConditionProofs(if_true, if_false)

    # Statements

    def _block(
        self, statements: Sequence[Bound], reached: Alternatives, ends: list[tuple[Alternatives, ConditionProofs]]
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
                case _ if any(isinstance(inner, nodes.Return) for inner in _within(statement)):
                    ends.append((reached, truth_of(self._opaque(statement))))
        return reached

    def _if(
        self, node: nodes.If, reached: Alternatives, ends: list[tuple[Alternatives, ConditionProofs]]
    ) -> Alternatives:
        found = self.truth(node.condition)
        then = self._block([node.then], proving_both(reached, found.if_true), ends)
        rest = proving_both(reached, found.if_false)
        return either(then, rest if node.otherwise is None else self._block([node.otherwise], rest, ends))

    # Expressions

    def truth(self, node: Bound | None, depth: int = 0) -> ConditionProofs:
        """Return the proofs of an expression of type bool."""
        value = constant(node)
        if isinstance(value, bool):
            return TRUE if value else FALSE
        if depth > MOST_DEPTH:
            return truth_of(self._opaque(node))
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
                equality = self._equality(node.left, node.right, following)
                return equality if node.operator == "==" else equality.negated()
            case nodes.Call():
                return self._call(node, following)
            case nodes.PropertyAccess() if node.property.name == "HasValue":
                return self._presence(node.receiver).negated()
            case nodes.IsPattern() if node.pattern.value is None:
                return self._presence(node.operand).negated()
            case nodes.IsType():
                return self._presence(node.operand).negated()
            case nodes.Local() if (initializer := self.origins.locals.get(id(node.symbol))) is not None:
                return self.truth(initializer, following)
        return self._value(node)

    def _value(self, node: Bound | None) -> ConditionProofs:
        """Return the proofs of a bool value: a variable of the policy."""
        origin = self.origins.of(node)
        if origin.kind == "variable" and origin.name is not None:
            return self.known.truth_of_variable(origin.name, origin.default) or truth_of(self._opaque(node))
        return truth_of(self._opaque(node))

    def _equality(self, left: Bound, right: Bound, depth: int) -> ConditionProofs:
        """Return proofs of `left == right`."""
        if is_null(left) or (constant(left) is not None and constant(right) is None):
            left, right = right, left
        value = constant(right)
        if is_null(right):
            return self._presence(left)
        if isinstance(value, bool):
            found = self.truth(left, depth)
            return found if value else found.negated()
        return self._comparison(self.origins.of(left), left, right)

    def _call(self, node: nodes.Call, depth: int) -> ConditionProofs:
        receiver, arguments = receiver_of(node)
        name, origin = node.method.name, self.origins.of(receiver)
        if name in _EMPTY:
            return self._presence(receiver, or_empty=True)
        if name in _VERIFY and origin.kind == "certificate":
            verified = Fact(kinds.CERTIFICATE, kinds.VERIFIED)
            return ConditionProofs(
                of_facts(Fact(kinds.CERTIFICATE, kinds.PRESENTED), verified), of_facts(verified.opposite)
            )
        if name == "ContainsKey":
            return self._presence(node).negated()
        if name in ("Parse", "ToBoolean") and self.origins.of(node).kind == "variable":
            return self._value(node)
        if name == "Any" and arguments and isinstance(arguments[0], nodes.Lambda):
            return self._any(arguments[0], depth)
        if name == "IsMatch" and (read := self._pattern(node)) is not None:
            return self._comparison(self.origins.of(read[0]), read[0], read[1], name, read[2:])
        if name in EQUALITIES and arguments and constant(receiver) is not None and constant(arguments[0]) is None:
            receiver, arguments = arguments[0], [receiver, *arguments[1:]]
            origin = self.origins.of(receiver)
        if name in _EQUAL and arguments:
            if origin.kind == "certificate" and name not in ("Equals", "op_Equality"):
                origin = origin.member(name)  # a part of a thumbprint is not the thumbprint
            is_text = str(getattr(receiver, "type", "")) == "string"
            is_within = is_text and name in _WITHIN
            return self._comparison(origin, receiver, arguments[0], name, arguments[1:], is_within=is_within)
        if name == "GetValueOrDefault":
            return self._value(node)
        return truth_of(self._opaque(node))

    def _pattern(self, node: nodes.Call) -> list[Bound] | None:
        """Return the text that a call of `Regex.IsMatch` looks at, the pattern, and options; None if not understood."""
        arguments: list[Bound] = list(node.arguments)
        made = self.origins.resolved(node.receiver)
        if isinstance(made, nodes.ObjectCreation) and len(arguments) == 1 and made.arguments:
            return [*arguments, *made.arguments]
        return arguments if node.method.is_static and len(arguments) > 1 else None

    def _any(self, test: nodes.Lambda, depth: int) -> ConditionProofs:
        """Return the proofs of a test being true of one of several: of none, it may never have been evaluated."""
        if isinstance(test.body, nodes.Block):
            return truth_of(self._opaque(test))
        found = self.truth(test.body, depth)
        is_free = all(fact.is_free for alternative in found.if_false for fact in alternative)
        return ConditionProofs(found.if_true, found.if_false if is_free else ALWAYS)

    # Facts

    def _presence(self, node: Bound | None, *, or_empty: bool = False) -> ConditionProofs:
        """Return proofs of `value == null`."""
        return self.known.absence(self.origins.of(node), or_empty=or_empty) or truth_of(self._opaque(node))

    def _comparison(
        self,
        origin: ValueOrigin,
        left: Bound | None,
        right: Bound | None,
        name: str = "Equals",
        options: Sequence[Bound] = (),
        *,
        is_within: bool = False,
    ) -> ConditionProofs:
        """Return the proofs of a comparison; `is_within` if the right side only has to be a part of the left one."""
        value, other = constant(right), self.origins.of(right)
        test = text_test(name, None if value is None else str(value), list(map(constant, options)))
        is_boxed = "object" in [str(getattr(side, "type", "")) for side in (left, right)]
        if value is not None and name == "Equals" and is_boxed:
            test = test._replace(of_type=type_of(value))
        ours, others = self.sources.of(left), self.sources.of(right)
        if value is None and of_caller(ours) and of_caller(others):
            return self._of_own_values(left, right)
        if value is None and is_within and chosen(others) and ours:
            return self._of_own_values(right)  # every text contains the empty one
        pairs = [(origin, other, others), (other, origin, ours)]
        if other.kind in _OF_CALLER and origin.kind not in _OF_CALLER:
            pairs.reverse()
        for one, another, of_another in pairs:
            proofs = self.known.equality(one, value, another, of_another, test)
            if proofs is not None:
                return proofs
        if origin.kind in ("url", "parameter", "method") and value is not None:
            return truth_of(Fact(kinds.CHOICE, looks_at(self.text), (_normal(self.text), self.known.generation)))
        if not origin.kind and not other.kind and "{{" in self.text:
            return truth_of(self._undecided())
        if "named value" in (origin.kind, other.kind) and not (origin.kind and other.kind):
            return truth_of(self._undecided())
        return truth_of(self._opaque(left, right))

    def _of_own_values(self, *sides: Bound | None) -> ConditionProofs:
        """Return the proofs of a comparison that the caller decides: both sides are the caller's, or one is enough."""
        sources = of_caller(self.sources.of_all([each for each in sides if each is not None]))
        parts = {each.kind for each in sources}
        sent = (kinds.ADDRESS,) if "address" in parts else ("",) if len(sides) == 1 else ()
        needed = {
            Fact(kinds.CHOICE, f"{each.kind} '{each.name}'", sent)
            for each in sources
            if each.kind in ("header", "query")
        }
        same = Fact(kinds.FORGED, "the caller's own values", (_normal(self.text), self.known.generation))
        if "certificate" in parts and not any(self._may_be_null(each) for each in sides):
            needed.add(Fact(kinds.CERTIFICATE, kinds.PRESENTED))
        if any(self._may_be_null(each) for each in sides):
            needed = set()
        return ConditionProofs(of_facts(*needed, same), of_facts(same.opposite))

    def _may_be_null(self, node: Bound | None) -> bool:
        """Return whether a caller who sends nothing makes a value null: of a header without a default."""
        origin = self.origins.of(node)
        is_call = isinstance(self.origins.resolved(node), nodes.Call)
        return is_call and origin.kind in ("header", "query") and origin.default is None and not origin.is_open

    def _undecided(self) -> Fact:
        names = _NAMED_VALUE.findall(self.text)
        return Fact(kinds.UNDECIDED, f"named value '{names[0] if names else '?'}'", (_normal(self.text),))

    def _opaque(self, *read: Bound | None) -> Fact:
        """Return the fact of a condition that isn't understood; it is the same one while nothing has changed."""
        subject, varies = looks_at(self.text), bool(_VARIES.search(self.text))
        detail = _normal(self.text), self.known.next_generation() if varies else self.known.generation
        sources = self.sources.of_all([each for each in read if each is not None])
        read_answers = sorted(each for each in sources if each.kind in (ANSWER, CACHE))
        answers = [self.known.variable(each.name) for each in read_answers]
        if all(each.kind in (*_NOT_OF_CALLER, ANSWER, CACHE) for each in sources) and not any(
            map(self.known.asks_about_caller, answers)
        ):
            is_free = varies or answers or any(each.kind == "response" for each in sources)
            return Fact(kinds.GATEWAY if is_free else kinds.UNDECIDED, subject, (*detail, *read_answers))
        is_free = bool(answers) and all(OF_CALLERS_SERVICE in each.asked for each in answers)
        return Fact(kinds.FORGED if is_free else kinds.OPAQUE, subject, (*detail, *read_answers))


def _within(node: Bound) -> list[Bound]:
    found, waiting = [], [node]
    while waiting:
        each = waiting.pop()
        found.append(each)
        waiting += each.children()
    return found
