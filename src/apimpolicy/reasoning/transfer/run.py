"""A run of policies over all requests at once: policy by policy, and what they read of their documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from importlib import import_module
from typing import Protocol

from apimpolicy.csharp.dotnet.values import to_utf16
from apimpolicy.dispatch import Functions
from apimpolicy.errors import ApimPolicyError
from apimpolicy.gateway.engine.evaluation import literal_content
from apimpolicy.gateway.engine.steps import Step, compiled
from apimpolicy.gateway.policies.registry import has_trait, is_known
from apimpolicy.reasoning.languages.language import TooLarge
from apimpolicy.reasoning.semantics.evaluation import Evaluation
from apimpolicy.reasoning.semantics.operators import text_of
from apimpolicy.reasoning.semantics.state import REACHABLE, Inputs, State
from apimpolicy.reasoning.semantics.unknowns import Unknowns, Unsupported
from apimpolicy.reasoning.semantics.values import (
    NOTHING,
    NULL,
    Number,
    Opaque,
    Text,
    Truth,
    Value,
    constant_number,
    constant_text,
    constant_truth,
    leaves,
    merge,
    where,
)
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.term import Term
from apimpolicy.reasoning.transfer.flow import OwnRequest, RequestFlow, Sent, WiderScope
from apimpolicy.text.document import Attribute, Element
from apimpolicy.text.source import UNKNOWN_BASE, Excerpt, Source

TRANSFERS = Functions(
    "reasoning.transfer",
    "transfer_",
    {
        "control": "base include_fragment choose retry wait limit_concurrency",
        "messages": "set_header set_query_parameter set_method set_status set_body set_variable rewrite_uri",
        "exchanges": "forward_request send_request send_one_way_request set_backend_service mock_response "
        "return_response validate_jwt validate_azure_ad_token validate_client_certificate check_header ip_filter cors "
        "authentication_managed_identity cache_lookup_value",
        "effects": "declared",
    },
)
"""The effects of policies: exact ones by the name of the policy, and those that any other declares."""


class MadeUp(Protocol):
    """Stand-ins for unknown parts of documents: no proof may depend on them."""

    def in_expression(self, excerpt: Excerpt) -> bool:
        """Return whether an expression contains such a part."""

    def in_text(self, source: Source, start: int, end: int) -> Collection[str]:
        """Return the names of those in a text that is written in a document."""

    def written(self, source: Source, start: int, end: int) -> str:
        """Return a text of a document with the names of those in it; empty where there are none."""

    def begins(self, source: Source, start: int) -> bool:
        """Return whether one begins there."""

    def is_fragment(self, step: Step) -> bool:
        """Return whether a policy includes a fragment that is made up."""


_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")


class Run(RequestFlow):
    """A run."""

    def __init__(self, unknowns: Unknowns, inputs: Inputs, made_up: MadeUp | None = None) -> None:
        super().__init__(unknowns, inputs)
        self.made_up = made_up
        self.method: Value | None = None
        """The method of the operation, which all requests have that are no preflights for it."""
        self.canonical: Callable[[Element], Hashable] | None = None
        """The text of an element without its layout, where two programs are compared."""
        self.sent: list[Sent] = []
        self.own_requests: list[OwnRequest] = []
        self.wider_scopes: list[WiderScope] = []
        self.unknown_steps: list[Hashable] = []
        """The scopes of policies that may do anything, where two programs are compared."""
        self.values: list[Value] = []
        """What expressions have evaluated to since a policy began to compose a message."""
        self.at_end: list[Excerpt | None] = []
        """Expressions that are evaluated after all policies, which ignores their errors; None for an unknown one."""
        self.later: list[Step] = []
        """Policies that may fail when the response comes."""
        self.repetitions = 0
        """How many policies that repeat are tried, one inside the other."""
        self.giving: dict[int, frozenset[str]] = {}
        """The policies that give callers responses of other services (`engine.own_answers`)."""
        self.branches: dict[int, Term] = {}
        """The conditions under which each `when`, `otherwise` and policy is reached, by the identity of its element."""
        self.outcomes: dict[tuple[int, str], Term] = {}
        """The conditions under which a `when` is evaluated ("asked"), or a `choose` takes no branch ("none")."""

    # Policies

    def begin(self, section: str) -> None:
        self.section = section

    def execute(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if self.alive is terms.FALSE:
                return
            self.reach(step)
            self.unknowns.place = step.where
            around = self.source, self.unknowns.scope
            if is_known(step.name):
                self.source = step.name
            self.enter(step)
            before = self.state.copy(), self.alive, len(self.errors), len(self.ends), len(self.served), len(self.lost)
            try:
                self.transfer(step)
            except (Unsupported, TooLarge):
                self._undo(*before)
                self.do_anything(step)
            if self.unknowns.has_escaped:  # what the policy changed is seen through objects that are kept elsewhere
                self.unknowns.change()
            self.reach_otherwise(step, "passed")
            self.source, self.unknowns.scope = around

    def transfer(self, step: Step) -> None:
        TRANSFERS[_kind(step.name) if is_exact(step.name) else "declared"](self, step)

    def do_anything(self, step: Step) -> None:
        import_module("apimpolicy.reasoning.transfer.effects").do_anything(self, step)

    def enter(self, step: Step) -> None:
        """Set what unknown values of a policy depend on, where two programs are compared."""
        if self.canonical is None:
            return
        key: tuple[Hashable, ...] = (self.canonical(step.element), self.section)
        key += (self.unknowns.heap, self.unknowns.bodies)
        key += (self.state.signature(),)
        if has_trait(step.name, "limits-calls", "limits", "caches-values", "caches-responses"):
            key += (self.alive,)
            kept = ("kept", self.unknowns.version_of((key, self.state.get("kept").key)))
            self.state.set(Opaque(kept, "kept", 0), "kept")
        self.unknowns.scope = key

    def answered(self, step: Step, *sent: Hashable) -> None:
        """Set what the response to a request depends on, where two programs are compared: on what was sent alone."""
        if self.canonical is not None:
            versions = self.unknowns.heap, self.unknowns.bodies
            self.unknowns.scope = self.canonical(step.element), self.section, versions, sent

    def _undo(self, state: State, alive: Term, errors: int, ends: int, served: int, lost: int) -> None:
        """Go back to before a policy; what it has sent stays possible."""
        self.state, self.alive = state, alive
        del self.errors[errors:], self.ends[ends:], self.served[served:], self.lost[lost:]

    def reach(self, step: Step) -> None:
        key = id(step.element)
        self.branches[key] = terms.any_of(self.branches.get(key, terms.FALSE), self.alive)

    def reach_otherwise(self, step: Step, outcome: str) -> None:
        """Note that requests pass a policy with a named outcome: its condition is evaluated, no branch is taken."""
        key = (id(step.element), outcome)
        self.outcomes[key] = terms.any_of(self.outcomes.get(key, terms.FALSE), self.alive)

    def give(self, step: Step) -> None:
        """Note whether the response that a policy writes gives callers that of another service."""
        variables = self.giving.get(id(step.element), ())

        def is_response(leaf: Value) -> Term:
            if isinstance(leaf, Opaque) and leaf.type != "IResponse":
                return self.unknowns.truth("whether a variable has a response")
            return terms.truth(isinstance(leaf, Opaque))

        found = (where(self.state.get("variable", to_utf16(each)), is_response) for each in variables)
        self.state.set(Truth(terms.any_of(*found)), "given")

    def mark(self, step: Step) -> None:
        for name in names_of(step):
            self.state.set(constant_truth(True), "ran", name)

    # Expressions

    def evaluate(self, excerpt: Excerpt) -> Value:
        """Return the value of an expression; where it throws, requests fail."""
        try:
            if self.made_up is not None and self.made_up.in_expression(excerpt):
                self.note_unknown(excerpt)
                return self.evaluate_unknown(self.in_words(excerpt))
            expression = compiled(excerpt)
        except ApimPolicyError:
            self.note_unknown(excerpt)
            return self.evaluate_unknown()
        self.unknowns.place = lambda: place_of(excerpt)
        evaluation = Evaluation(self.unknowns, self.state, self.alive)
        value = evaluation.run(expression.bound.body, expression.type)
        if evaluation.is_given_up:
            self.note_unknown(excerpt)
        self.fail(evaluation.throws, reason="ExpressionValueEvaluationFailure")
        if self.own:
            self.values.append(value)
        return value

    def in_words(self, excerpt: Excerpt) -> str:
        """Describe an expression with named values that aren't known."""
        names = self.missing(excerpt.source, excerpt.start, excerpt.end)
        what = f"an expression with the named value {', '.join(sorted(names))}, which isn't known"
        self.unknowns.lines[what] = line_of(names)
        return what

    def evaluate_unknown(self, what: str = "an expression that is not simulated") -> Value:
        """Return the value of an unknown expression, which may have thrown and changed all that expressions can."""
        self.forget(*REACHABLE)
        self.unknowns.has_escaped = True
        self.unknowns.change()
        self.unknowns.use_up()
        self.fail(self.unknowns.truth(what))
        return self.unknowns.value("object", what)

    # Texts of which a part is missing

    def is_known(self, attribute: Attribute) -> bool:
        value = attribute.value
        return value.expression is None and not self.missing(value.source, value.start, value.end)

    def literal(self, element: Element, name: str) -> str | None:
        attribute = element.get(name)
        if attribute is None:
            return ""
        return attribute.value.text if self.is_known(attribute) else None

    def missing(self, source: Source, start: int, end: int) -> Collection[str]:
        return () if self.made_up is None else self.made_up.in_text(source, start, end)

    def written(self, text: str, source: Source, start: int, end: int, *, may_be_expression: bool = True) -> Value:
        """Return the value of a text in a document: unknown where a part is missing, which may be an expression."""
        names = self.missing(source, start, end)
        if not names:
            return constant_text(to_utf16(text))
        if UNKNOWN_BASE in names:
            return Truth(self.unknowns.truth("whether a policy that isn't known has <base />"))
        what = f"the named value {', '.join(sorted(names))}, which isn't known"
        self.unknowns.lines[what] = line_of(names)
        unknown = Text(self.unknowns.fresh(terms.TEXT, what))
        if not may_be_expression:
            return unknown
        condition = self.evaluate_text(source, start, end)
        return unknown if condition is terms.FALSE else merge(condition, self.unknowns.value("object", what), unknown)

    def evaluate_text(self, source: Source, start: int, end: int) -> Term:
        """Evaluate a text that may be an expression, because it begins with a missing named value; return when it is.

        A proof that needs it to be a plain text names that as an assumption.
        """
        start += len(text := source.text[start:end]) - len(text.lstrip())
        if self.made_up is None or not self.made_up.begins(source, start):
            return terms.FALSE
        name = sorted(self.missing(source, start, start + 1))[0]
        condition = self.unknowns.truth(f"the named value {name}", ("named value", name))
        self.unknowns.assume(f"the named value '{name}' is a text, not an expression", condition, terms.not_(condition))
        known = self.state.copy()
        self.forget(*REACHABLE)
        self.unknowns.change()
        self.unknowns.use_up()
        self.state = State.merged(condition, self.state, known)
        self.fail(terms.all_of(condition, self.unknowns.truth(f"an expression in the named value {name}")))
        return condition

    def note_unknown(self, excerpt: Excerpt) -> None:
        """Note that every condition in an expression may have every outcome."""
        watched = self.unknowns.watched
        try:
            body = compiled(excerpt).bound.body if watched else None
        except ApimPolicyError:
            return
        for part in body.walk() if body is not None else ():
            if id(part) in watched:
                self.unknowns.note(id(part), self.alive, self.unknowns.truth("a condition"))

    def attribute(self, step: Step, name: str, default: Value = NULL) -> Value:
        attribute = step.element.get(name)
        if attribute is None:
            return default
        value, literal = attribute.value, is_literal(step, name)
        if value.expression is None or literal:
            return self.written(value.text, value.source, value.start, value.end, may_be_expression=not literal)
        return self.evaluate(value.expression)

    def content(self, element: Element) -> Value:
        """Return the content of an element: a text, or the value of an expression."""
        if element.expression is not None:
            return self.evaluate(element.expression)
        return self.written_content(element, literal_content(element).strip())

    def written_content(self, element: Element, text: str) -> Value:
        return self.written(text, element.source, element.content_start, element.content_end)

    def contents(self, step: Step, name: str) -> list[Value]:
        return [self.content(element) for element in step.element.elements() if element.name == name]

    def each(self, values: Sequence[Value], form: Callable[..., Value], *, is_text: bool = True) -> Value:
        """Apply a form to all alternatives; where it throws, the conversion of an attribute fails."""
        evaluation = Evaluation(self.unknowns, self.state)
        try:
            found = evaluation.each(values, form)
        except (Unsupported, TooLarge) as problem:
            what = str(problem) or "a string with too many cases"
            self.fail(self.unknowns.truth(what))
            return self.unknowns.value("string", what, null=False) if is_text else self.unknowns.value("object", what)
        self.fail(evaluation.throws)  # it may not convert, or not be valid
        return found

    def text(self, value: Value) -> Value:
        """Return a value as text, as attributes are converted; null is empty."""

        def form(leaf: Value) -> Value:
            try:
                return text_of(Evaluation(self.unknowns, self.state), leaf)
            except Unsupported:
                return Text(self.unknowns.fresh(terms.TEXT, "the text of a value"))

        return self.each([value], form)

    def constant(self, value: Value) -> str | None:
        return value.constant if isinstance(value, Text) else None

    def truth(self, value: Value) -> Term:
        """Return a value as a condition; a text that is no truth value fails."""
        text = self.constant(value)
        known = None if text is None else {"true": True, "false": False}.get(text.strip(" \t\r\n\0").lower())
        if known is not None:
            return terms.truth(known)
        if all(isinstance(leaf, Truth) or leaf is NOTHING for leaf in leaves(value)):
            return Evaluation(self.unknowns, self.state).truth(value)
        self.fail(self.unknowns.truth("a condition that is not a bool"))
        return self.unknowns.truth("a condition that is not a bool")

    def status(self, value: Value) -> Value:
        """Return a value as a status code; a number that is none may fail, or be answered as it is."""
        evaluation = Evaluation(self.unknowns, self.state)

        def form(leaf: Value) -> Value:
            text = self.constant(leaf)
            if text is not None and _WHOLE_NUMBER.fullmatch(text.strip()):
                leaf = constant_number(int(text))
            if isinstance(leaf, Number) and leaf.type == "int":
                bounds = terms.at_most(terms.number(0), leaf.term), terms.at_most(leaf.term, terms.number(999))
                is_status = terms.all_of(*bounds)
                if is_status is not terms.TRUE:
                    evaluation.throw(terms.all_of(terms.not_(is_status), self.unknowns.truth("an invalid status")))
                return leaf
            raise Unsupported("an unknown status")

        try:
            code = evaluation.each([value], form)
        except (Unsupported, TooLarge):
            self.fail(self.unknowns.truth("an unknown status"))
            return self.inputs.status(self.next_generation())
        self.fail(evaluation.throws)
        return code

    def lacks_body(self) -> Term:
        return self.unknowns.truth("whether set-body has a body to replace")


def line_of(names: Iterable[str]) -> str:
    """Return the lines of a configuration that tell named values."""
    return ", ".join(f'[named-values] {name} = "…"' for name in sorted(names))


def names_of(step: Step) -> set[str]:
    """Return the names by which claims say that a policy runs: its own and its id."""
    return {name for name in (step.name, step.policy_id) if name}


def is_literal(step: Step, name: str) -> bool:
    slots = () if step.specification is None else step.specification.attributes
    return any(slot.name == name and not slot.expression for slot in slots)


def is_exact(name: str) -> bool:
    """Return whether the effects of a policy are stated exactly; else it has those that it declares."""
    return _kind(name) in TRANSFERS.modules


def _kind(name: str) -> str:
    return name.replace("-", "_")


def place_of(excerpt: Excerpt) -> str:
    """Return file, line and column of an expression."""
    line, column = excerpt.source.position(excerpt.start)
    return f"{excerpt.source.path}:{line}:{column}"
