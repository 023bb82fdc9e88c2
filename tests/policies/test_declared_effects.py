"""Declared effects of policies against what the engine does when they run: in every case of the test files here.

What a policy changes without having declared it would be a wrong proof. What it declares and no case shows could be
dropped without a test that fails: `NOT_SHOWN` lists these.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apimpolicy.gateway.engine.exchange import Exchange
from apimpolicy.gateway.engine.observation import Observer, observed_by
from apimpolicy.gateway.policies.registry import names, specification_of
from apimpolicy.gateway.policies.surroundings import PolicyError
from apimpolicy.testing.case_files import load_case_file
from apimpolicy.testing.running import run_case

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from apimpolicy.gateway.engine.steps import Step
    from apimpolicy.gateway.engine.trace import TraceEntry
    from apimpolicy.gateway.policies.spec import Specification

HERE = Path(__file__).parent
NOT_SHOWN = [
    "azure-openai-emit-token-metric: fails",
    "azure-openai-semantic-cache-lookup: fails",
    "azure-openai-semantic-cache-store: fails",
    "azure-openai-token-limit: variables",
    "cache-lookup-value: fails",
    "cache-lookup: fails",
    "cache-remove-value: fails",
    "cache-store-value: fails",
    "cache-store: fails",
    "find-and-replace: message-headers",
    "llm-semantic-cache-lookup: fails",
    "llm-semantic-cache-store: fails",
    "proxy: backend",
    "quota-by-key: answer-headers",
    "quota: answer-headers",
    "redirect-content-urls: fails",
    "redirect-content-urls: message-headers",
    "validate-azure-ad-token: fails",
    "xsl-transform: message-headers",
]
"""Effects that no case shows, by policy."""


def declared(specification: Specification) -> set[str]:
    """Return the effects of a policy; "passes" is none."""
    return {effect for effect in specification.effects or () if effect != "passes"}


class Shown(Observer):
    """What policies did, as the effects that they would have to declare."""

    def __init__(self) -> None:
        self.effects: dict[str, set[str]] = defaultdict(set)
        self.of_values: list[PolicyError] = []
        """Errors of attributes whose values do not convert: each policy may have them."""
        self._before: list[tuple[dict[str, Any], bool] | None] = []

    def policy_started(self, exchange: Exchange, entry: TraceEntry) -> None:
        is_declared = (known := entry.step.specification) is not None and known.effects is not None
        noted = is_declared and not exchange.doubles
        self._before.append((_state(exchange), exchange.changes_request) if noted else None)

    def value_converted(self, entry: TraceEntry, slot: Any, expression: Any, value: object, error: Any) -> None:
        if error is not None:
            self.of_values.append(error)

    def policy_ended(self, exchange: Exchange, entry: TraceEntry, error: Exception | None) -> None:
        if (noted := self._before.pop()) is None:
            return
        effects, (before, in_request) = self.effects[entry.name], noted
        if (
            isinstance(error, PolicyError)
            and error not in self.of_values
            and error.reason != "ExpressionValueEvaluationFailure"
        ):
            effects.add(_failure(entry.step, error))
        effects.update(_changes(before, _state(exchange), entry.step, in_request=in_request))

    def respond(self, exchange: Exchange, step: Step, action: Any, response: Any) -> None:
        """Do what a policy left for the response, and note what it does."""
        before = _state(exchange)
        self.effects[step.name].add("fails-later")
        action(response)
        later = _changes(before, _state(exchange), step, in_request=False)
        self.effects[step.name].update(later)

    def finish(self, step: Step, action: Any, answer: Any) -> None:
        """Do what a policy left for the end, and note whether it adds headers to the answer."""
        before = dict(answer.headers.fields())
        try:
            action(answer)
        finally:
            if before != dict(answer.headers.fields()):
                self.effects[step.name].add("answer-headers")


def _failure(step: Step, error: PolicyError) -> str:
    specification = step.specification
    assert specification is not None
    allowed: list[str] = []
    for word in specification.refuses_with:
        slot = next((slot for slot in specification.attributes if slot.name == word), None)
        given = step.element.get(word)
        allowed.append(word if slot is None else str(slot.default) if given is None else given.value.text)
    if str(error.status) in allowed or any("@" in status for status in allowed):
        return "refuses"
    if error.status == 500 and ("fails" in declared(specification) or allowed):
        return "fails"
    return f"refuses with {error.status}" if allowed else "refuses"


def _state(exchange: Exchange) -> dict[str, Any]:
    found: dict[str, Any] = {}
    request, response = exchange.request, exchange.context.response
    for kind, message in (("request", request), ("response", response)):
        if message is not None:
            found[f"{kind} headers"] = {name.lower(): tuple(values) for name, values in message.headers.fields()}
            found[f"{kind} body"] = id(message.body), _read(message.body)
    found["status"] = None if response is None else (response.status_code, response.status_reason)
    found["url"] = str(request.url), request.method
    found["backend"] = exchange.backend_url, exchange.backend_id, exchange.backend_certificate
    found["variables"] = {name: id(value) for name, value in exchange.variables.to_dict().items()}
    found["ended"] = exchange.answer is not None, exchange.served_by is not None
    return found


def _read(body: Any) -> Any:
    return None if body is None else body._is_used_up


def _changes(before: dict[str, Any], after: dict[str, Any], step: Step, *, in_request: bool) -> Iterator[str]:
    message = "request" if in_request else "response"
    for what, new in after.items():
        old = before.get(what)
        if old == new or old is None or new is None:
            continue
        match what:
            case "request headers" | "response headers":
                names = {name for name in {**old, **new} if old.get(name) != new.get(name)}
                yield _header_effect(what.partition(" ")[0], message, names, step)
            case "request body" | "response body":
                yield "message-body" if what.startswith(message) else what
            case "variables":
                named = [a.value for a in _attributes(step) if a.name.endswith("variable-name")]
                for name in {name for name in {**old, **new} if old.get(name) != new.get(name)}:
                    is_named = any(value.text == name or value.expression is not None for value in named)
                    yield "variables" if is_named else f"variable:{name}"
            case "ended":
                yield "serves" if new[1] else "answers"
            case _:
                yield what


def _header_effect(kind: str, message: str, names: set[str], step: Step) -> str:
    assert step.specification is not None
    effects = step.specification.effects or ()
    for effect in effects:
        if effect.startswith("header") and kind == "request":
            name = effect.partition(":")[2]
            if not name or names == {name}:
                return effect
    return "message-headers" if kind == message else f"{kind} headers {names}"


def _attributes(step: Step) -> Iterator[Any]:
    for element in (step.element, *step.element.descendants()):
        yield from element.attributes


def watched(paths: Iterable[Path]) -> Shown:
    """Run the cases of test files, and return what policies did."""
    found = Shown()
    on_response, at_end = Exchange.on_response, Exchange.at_end

    def followed(exchange: Exchange, action: Any, **options: Any) -> None:
        on_response(exchange, partial(found.respond, exchange, exchange._running[-1].step, action), **options)

    def ended(exchange: Exchange, action: Any) -> None:
        if exchange._running:
            action = partial(found.finish, exchange._running[-1].step, action)
        at_end(exchange, action)

    with pytest.MonkeyPatch.context() as patch, observed_by(found):
        patch.setattr(Exchange, "at_end", ended)
        patch.setattr(Exchange, "on_response", followed)
        for path in paths:
            for case in load_case_file(str(path)).cases:
                run_case(case)
    return found


def undeclared(shown: Shown) -> list[str]:
    """Return what policies did without declaring it."""
    return [
        f"{name}: {effect}"
        for name, effects in shown.effects.items()
        if (known := specification_of(name)) is not None and known.effects is not None
        for effect in sorted(effects - declared(known))
    ]


@pytest.fixture(scope="module")
def shown() -> Shown:
    """What all cases show."""
    return watched(sorted(HERE.rglob("*.test.yaml")))


def test_policies_do_what_they_declare_and_nothing_else(shown: Shown) -> None:
    wrong = undeclared(shown)
    assert not wrong, "\n".join(wrong)


def test_every_declared_effect_is_shown_by_a_case(shown: Shown) -> None:
    having = [name for name in names() if (known := specification_of(name)) is not None and known.effects is not None]
    not_shown = {name: declared(specification_of(name)) - shown.effects[name] for name in having}  # type: ignore[arg-type]
    missing = sorted(f"{name}: {effect}" for name, effects in not_shown.items() for effect in effects)
    assert missing == NOT_SHOWN, "\n".join(missing)


DROPPED = [
    ("validate-graphql-request", "refuses variables url message-body", "variable:GraphQLErrors"),
    ("rate-limit", "refuses variables", "answer-headers"),
    ("rate-limit", "variables answer-headers", "refuses"),
    ("xml-to-json", "message-headers fails", "message-body"),
    ("llm-token-limit", "refuses fails-later answer-headers", "variables"),
    ("cross-domain", "passes", "answers"),
    ("set-backend-service", "fails fails-later", "backend"),
    ("authentication-basic", "passes", "header"),
]


@pytest.mark.parametrize(("name", "effects", "dropped"), DROPPED)
def test_an_effect_that_is_not_declared_shows(
    name: str, effects: str, dropped: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(specification_of(name), "effects", tuple(effects.split()))
    found = undeclared(watched(sorted((HERE / name).glob("*.test.yaml"))))
    assert any(each.startswith(f"{name}: ") for each in found), dropped
