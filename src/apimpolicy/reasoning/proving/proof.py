"""A program over all requests at once, and questions about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.csharp.emit.expression import CompiledExpression
from apimpolicy.csharp.syntax.depth import Frames
from apimpolicy.gateway.engine.steps import Program
from apimpolicy.reasoning.languages.language import Language, TooLarge
from apimpolicy.reasoning.semantics.evaluation import Evaluation
from apimpolicy.reasoning.semantics.state import Cell, HeadersOf, Inputs, State
from apimpolicy.reasoning.semantics.unknowns import Reason, Unknowns, Unsupported
from apimpolicy.reasoning.semantics.values import NULL, Value, constant_number, constant_text, constant_truth, merge
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.needed import needed
from apimpolicy.reasoning.terms.solver_process import prepare
from apimpolicy.reasoning.terms.solving import Model, Question
from apimpolicy.reasoning.terms.term import Term
from apimpolicy.reasoning.transfer import exchanges
from apimpolicy.reasoning.transfer.flow import OF_ERRORS, End
from apimpolicy.reasoning.transfer.pipeline import admit_method, outcome_of
from apimpolicy.reasoning.transfer.run import MadeUp, Run, place_of

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.document import Policy
    from apimpolicy.gateway.engine.gateway import Gateway

FRAMES = 50_000
"""Values and terms of long documents are deep."""
_MOST_MODELS = 6


class ProofResult(NamedTuple):
    """The result of an inquiry: `is_proven`, with the assumptions of the proof; else the reasons.

    `parts` of a comparison are proven, although the whole isn't.
    """

    is_proven: bool
    assumptions: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    parts: tuple[str, ...] = ()


class Proof:
    """A program over all requests at once, which begin with `variables`; with `knows_variables` with no others.

    `path` are the paths of their URLs, `method` is that of the operation which they are for, `watched` nodes keep their
    outcomes. `scopes` are the documents of the program. `preflight` says which requests are preflights for that method.
    """

    def __init__(
        self,
        program: Program,
        gateway: Gateway,
        variables: Mapping[str, Any],
        fixed: Mapping[Cell, Value] | None = None,
        path: Language | None = None,
        method: str | None = None,
        *,
        made_up: MadeUp | None = None,
        watched: Mapping[int, bool] | None = None,
        knows_variables: bool = False,
        scopes: Mapping[str, Policy],
    ) -> None:
        prepare()
        unknowns = Unknowns()
        names = frozenset(variables) if knows_variables else None
        run = Run(unknowns, Inputs(unknowns, {**dict(fixed_cells(variables)), **(fixed or {})}, names), made_up)
        backends = gateway.services.backends
        run.open_statuses = backends.open_statuses()
        run.plain_backends = set(backends.plain_ids()) - gateway.made_up.get("backends", frozenset())
        run.has_address = gateway.service is None or all(api.api.service_url for api in gateway.service.apis)
        self.unknowns = unknowns
        self.inputs = run.inputs
        unknowns.watched.update(watched or {})
        if path is not None:
            variable = unknowns.input(("url", "Path"), terms.TEXT)
            unknowns.know(variable, terms.member(variable, path))
        self.preflight = terms.FALSE if method is None else admit_method(run, program, method)
        with Frames(FRAMES):
            self.outcome = outcome_of(program, run)
        self.ends: list[End] = [*self.outcome.ends, *_ends_without_policies(self, gateway, scopes)]

    def expression(self, compiled: CompiledExpression, state: State) -> Term:
        """Return where an expression over a state is true, and doesn't throw."""
        unknowns = self.unknowns
        watched, unknowns.watched = unknowns.watched, {}
        before = unknowns.heap, unknowns.bodies
        unknowns.heap = unknowns.bodies = 0
        unknowns.place = lambda: place_of(compiled.excerpt)
        evaluation = Evaluation(unknowns, state.copy())
        try:
            with Frames(FRAMES):
                value = evaluation.run(compiled.bound.body, compiled.type)
                return terms.all_of(evaluation.truth(value), terms.not_(evaluation.throws))
        except (Unsupported, TooLarge) as problem:
            return unknowns.truth(str(problem) or "a string with too many cases")
        finally:
            unknowns.heap, unknowns.bodies = before
            unknowns.watched = watched

    def question(self, formula: Term) -> Inquiry:
        return Inquiry(self.unknowns, formula)


class Inquiry:
    """The question whether any request makes a formula true."""

    def __init__(self, unknowns: Unknowns, formula: Term) -> None:
        self.unknowns = unknowns
        self.formula = formula
        self._question = None if formula is terms.FALSE else Question(formula, unknowns.facts)
        self._model: Model | None = None
        """A counterexample."""

    def decide(self) -> ProofResult:
        """Return whether no request makes it true, without assumptions."""
        if self._question is None or (answer := self._question.ask()).status == "impossible":
            return ProofResult(True)
        self._model = answer.model
        return ProofResult(False, reasons=tuple(self.reasons()))

    def decide_under_assumptions(self) -> ProofResult:
        """Return whether no request that fits the assumptions makes it true, and which of them that depends on."""
        question, literals = self._question, self._assumptions()
        if question is None or not literals:
            return self.decide()
        answer = question.ask(list(literals))
        if answer.status != "impossible":
            self._model = answer.model or self._model
            return ProofResult(False, reasons=tuple(self.reasons()))
        core = list(answer.core)
        for literal in list(core):
            fewer = [each for each in core if each is not literal]
            if question.ask(fewer).status == "impossible":
                core = fewer
        return ProofResult(True, tuple(literals[each] for each in core))

    def asks_for(self, kinds: Collection[str]) -> bool:
        """Return whether the formula, or what is known of its variables, has inputs of some kinds."""
        known = set() if self._question is None else self._question.all_variables
        keys = (key for key, variable in self.unknowns.inputs.items() if variable in known)
        return any(isinstance(key, tuple) and key[0] in kinds for key in keys)

    def models(self) -> Iterator[Model]:
        """Yield proposals of requests: those that fit assumptions first.

        The solver is one of its own: what is excluded to get another model must never reach a proof.
        """
        if self._question is None:
            return
        question = Question(self.formula, self.unknowns.facts)
        literals = list(self._assumptions())
        names = [each for each in question.variables if each in set(self.unknowns.inputs.values())]
        likely = [each for each in question.variables if each in self.unknowns.likely]
        for assumed in ([*likely, *literals], likely, literals, []) if likely else (literals, []):
            for _ in range(_MOST_MODELS):
                answer = question.ask(assumed)
                if answer.model is None:
                    break
                yield answer.model
                question.exclude(answer.model, names)

    def reasons(self) -> Iterator[Reason]:
        """Yield why values that a counterexample needs are unknown, with what they would have to be; without one, why
        those in the formula are, in the order in which they came; else what is left to chance.
        """
        unknowns = self.unknowns
        if self._model is not None:
            values = self._model.values
            with Frames(FRAMES):
                needs = needed(self.formula, values, lambda each: each in unknowns.reasons or each in unknowns.chances)
            for all_reasons in (unknowns.reasons, unknowns.chances):
                if shown := [all_reasons[each].with_value(values.get(each)) for each in needs if each in all_reasons]:
                    yield from _telling(shown)
                    return
        known = set() if self._question is None else self._question.all_variables
        for reasons in (self.unknowns.reasons, self.unknowns.chances):
            found = dict.fromkeys(reason for variable, reason in reasons.items() if variable in known)
            if found:
                yield from found
                return

    def _assumptions(self) -> dict[Term, str]:
        known = set() if self._question is None else set(self._question.variables)
        return {literal: words for words, literal in self.unknowns.assumptions.items() if literal in known}


def _telling(reasons: Iterable[Reason]) -> Iterable[Reason]:
    """Return reasons once for each place, those with a value first; without those that a first call meets anyway.

    That no limit and no check refuses a request is no reason as long as there is another one.
    """
    found: dict[tuple[str, str], Reason] = {}
    for each in reasons:
        if not found.setdefault((each.what, each.where), each).value:
            found[each.what, each.where] = each
    return [each for each in found.values() if not (each.value == "no" and each.what.endswith(" refuses"))] or [
        *found.values()
    ]


def _ends_without_policies(proof: Proof, gateway: Gateway, scopes: Mapping[str, Policy]) -> Iterator[End]:
    """Yield ends of requests about which the gateway decides without the policies: no operation, no key, no room."""
    unknowns = proof.unknowns
    state = proof.outcome.start.copy()
    state.forget("ran", 1 << 30)
    silent = state.copy()
    silent.forget("response-header", HeadersOf(OF_ERRORS | exchanges.HEADERS_OF_CORS, 1 << 30))
    if gateway.over_capacity:
        yield End(unknowns.chance("a gateway over its capacity"), silent, constant_number(429))
    if gateway.service is None and gateway.description is None and gateway.operation is None:
        return
    refused = unknowns.chance("a request for no operation, or without a key")
    handlers = [element for policy in scopes.values() for element in policy.sections.get("on-error", ())]
    if any(element.name != "base" for element in handlers):  # which scopes' handlers run depends on the request
        status = proof.inputs.status(1 << 30)
        yield End(refused, state, status, by_policy=unknowns.chance("an answer of on-error"))
    else:
        status = merge(unknowns.chance("a request without a key"), constant_number(401), constant_number(404))
        yield End(refused, silent, status)


def fixed_cells(variables: Mapping[str, Any]) -> Iterator[tuple[Cell, Value]]:
    for name, value in variables.items():
        known = _constant(value)
        if known is not None:
            yield ("variable", name), known


def _constant(value: Any) -> Value | None:
    if value is None:
        return NULL
    if isinstance(value, bool):
        return constant_truth(value)
    if isinstance(value, int) and -(1 << 31) <= value < 1 << 31:
        return constant_number(value)
    if isinstance(value, str) and not value.startswith("@") and value.isascii():
        return constant_text(value)
    return None
