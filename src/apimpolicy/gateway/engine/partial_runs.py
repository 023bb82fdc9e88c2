"""Runs of a part of a policy document, and doubles: functions that run in the place of policies, by ids or places.

gateway.run(policy, request, doubles={
    "get-token": PolicyDouble(variables={"token": "abc"}),
    "inbound/validate-jwt[1]": PolicyDouble(error={"reason": "TokenExpired", "status": 401}),
    "api inbound/base[1]": PolicyDouble(error={"source": "rate-limit", "status": 429}),    # a wider scope refuses
    "ask-partner": lambda exchange: exchange.request.headers.set("X-Partner", "17"),
})
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.execution import LastError
from apimpolicy.gateway.context.messages import ResponseMessage
from apimpolicy.gateway.context.records import Response
from apimpolicy.gateway.engine import pipeline
from apimpolicy.gateway.engine.steps import Program, Step
from apimpolicy.gateway.engine.variables import set_variables
from apimpolicy.gateway.policies.effects import Effect, Replaced
from apimpolicy.gateway.policies.placement import SECTIONS
from apimpolicy.gateway.policies.registry import is_known
from apimpolicy.gateway.policies.spec import Specification
from apimpolicy.gateway.policies.surroundings import PolicyError
from apimpolicy.records import Record, keyword
from apimpolicy.text.source import Excerpt, to_utf16

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.exchange import Exchange
    from apimpolicy.text.document import Element

if TYPE_CHECKING:
    AnyDouble: TypeAlias = "PolicyDouble | Callable[[Exchange], object] | None"


class PolicyDouble(Record):
    """A double that, in this order, sets variables, sets headers of the message, fails, or responds to the caller.

    `variables` are what `Gateway.run` takes; `headers` are set on the request in inbound and backend, else on the
    response. `error` has `reason`, `message` and `status` (500 unless given) of an error, which goes to on-error, and
    `source`, `scope`, `section`, `path`, `policy_id` where it comes from elsewhere; `response` ends the pipeline. A
    double that is given nothing does nothing.
    """

    variables: Mapping[str, object] | None = keyword(default=None, kw_only=True)
    headers: Mapping[str, str] | None = keyword(default=None, kw_only=True)
    error: Mapping[str, Any] | None = keyword(default=None, kw_only=True)
    response: Response | None = keyword(default=None, kw_only=True)

    def __call__(self, exchange: Exchange) -> None:
        set_variables(exchange, self.variables or {})
        for name, text in (self.headers or {}).items():
            exchange.message.headers.set(to_utf16(name), to_utf16(text))
        if self.error is not None:
            raise _error_of_double(self.error)
        if self.response is not None:
            exchange.end(exchange.received(self.response))


def run_double(double: AnyDouble, exchange: Exchange) -> Effect:
    """Run a double in the place of the running policy. Raises PolicyError."""
    if double is not None:
        double(exchange)
    return Replaced("a double ran in its place", ends=exchange.has_ended)


def name_of_double(doubles: Mapping[str, AnyDouble], step: Step) -> str | None:
    """Return the name under which a step has a double: its id, its place, or its scope and place."""
    for name in (step.own_id, step.place, f"{step.scope} {step.place}"):
        if name in doubles:
            return name
    return None


def check_names(doubles: Mapping[str, AnyDouble], program: Program) -> None:
    """Raise ConfigurationError for a double of a policy that doesn't exist, or that occurs several times."""
    steps = [step for step in program.steps() if is_known(step.name)]
    ids = {step.own_id for step in steps}
    for name in doubles:
        found = [step for step in steps if name in (step.place, f"{step.scope} {step.place}")]
        if name not in ids and not found:
            known = ", ".join(sorted(filter(None, ids)))
            there = f"the ids are {known}" if known else f"no policy has an id; name its place, as {some_places(steps)}"
            raise ConfigurationError(f"there is no policy '{name}'; {there}")
        if name not in ids and len({step.scope for step in found}) > 1:
            places = ", ".join(f"'{step.scope} {step.place}'" for step in found)
            raise ConfigurationError(f"several documents have a policy '{name}'; name one of {places}")


def some_places(steps: Sequence[Step]) -> str:
    """Return a few places, as examples."""
    return ", ".join(step.place for step in steps if step.name != "base")[:200] or "inbound/set-header[1]"


def _error_of_double(given: Mapping[str, Any]) -> PolicyError:
    """Return the error that a double ends with; with a `source` it comes from there, not from the replaced policy."""
    message = to_utf16(str(given.get("message", "")))
    error = PolicyError(given.get("reason"), message, int(given.get("status", 500)))
    if "source" in given:
        places = {name: str(given[name]) for name in ("scope", "section", "path", "policy_id") if name in given}
        error.last_error = LastError(to_utf16(str(given["source"])), error.reason, message, **places)
    return error


class PartialRun(NamedTuple):
    """The part that runs, and the state before it; see `Gateway.run`."""

    section: str | Iterable[str] | None
    only: str | None
    response: Response | None
    last_error: Mapping[str, str] | None
    doubles: Mapping[str, AnyDouble]

    def run(self, exchange: Exchange, program: Program) -> ResponseMessage:
        """Run the part; return the caller's response. Raises ConfigurationError."""
        check_names(self.doubles, program)
        exchange.doubles = self.doubles
        exchange.sections = chosen_sections(self.section)
        if self.last_error is not None and exchange.sections != {"on-error"}:
            raise ConfigurationError("'last_error' is that of an on-error which runs alone: section='on-error'")
        if self.only is not None:
            program = only(program, self.only)
            exchange.sections = frozenset({section_of(program)})
        if self.response is not None:
            exchange.show_response(exchange.received(self.response))
        if exchange.sections == {"on-error"}:
            return pipeline.run_on_error(exchange, program, _error_of(self.last_error))
        return pipeline.run(exchange, program)


def _error_of(given: Mapping[str, str] | None) -> LastError | None:
    if given is None:
        return None
    unknown = [name for name in given if name.replace("-", "_") not in _ERROR]
    if unknown:
        raise ConfigurationError(f"'{unknown[0]}' is not a member of an error; they are {', '.join(_ERROR)}")
    texts = {name.replace("-", "_"): to_utf16(text) for name, text in given.items()}
    source, message = texts.pop("source", ""), texts.pop("message", "")
    return LastError(source, texts.pop("reason", None), message, **texts)


_ERROR = ("source", "reason", "message", "scope", "section", "path", "policy_id")


def chosen_sections(given: str | Iterable[str] | None) -> frozenset[str]:
    """Return the sections that run, all of them unless given. Raises ConfigurationError."""
    names = SECTIONS if given is None else (given,) if isinstance(given, str) else tuple(given)
    for name in names:
        if name not in SECTIONS:
            raise ConfigurationError(f"'{name}' is not a section; the sections are {', '.join(SECTIONS)}")
    return frozenset(names)


def only(program: Program, wanted: str) -> Program:
    """Return the program with nothing but one policy: that with this id, or at this place
    (`inbound/choose[1]/set-body[1]`, counted within its document). Raises ConfigurationError when there is none, or
    more than one.
    """
    steps = [step for step in program.steps() if is_known(step.name)]
    found = [step for step in steps if step.own_id == wanted] or [
        step for step in steps if wanted in (step.place, f"{step.scope} {step.place}")
    ]
    if not found:
        raise ConfigurationError(f"there is no policy '{wanted}'; name its id, or its place, as {some_places(steps)}")
    if len(found) > 1:
        where = ", ".join(f"{step.scope} {step.place}" for step in found[:4])
        raise ConfigurationError(f"there are {len(found)} policies '{wanted}': {where}")
    sections: dict[str, list[Step]] = {name: [] for name in SECTIONS}
    sections[found[0].section] = [found[0]]
    return Program(sections, program.scopes, inherits_missing=program.inherits_missing)


def section_of(program: Program) -> str:
    return next(name for name, steps in program.sections.items() if steps)


def own_expressions(element: Element, specification: Specification) -> Iterator[Excerpt]:
    """Yield the expressions of a policy or part itself: in attributes, in its content, and in values."""
    literal = {slot.name for slot in specification.attributes if not slot.expression}
    for attribute in element.attributes:
        if attribute.value.expression is not None and attribute.name not in literal:
            yield attribute.value.expression
    if specification.takes_text and element.expression is not None:
        yield element.expression
    values = {slot.child for slot in specification.contents if slot.child is not None}
    for inner in element.elements():
        if inner.name in values and inner.expression is not None:
            yield inner.expression
