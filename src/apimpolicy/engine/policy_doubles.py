"""Doubles: functions that run in the place of policies, by ids or places, when a test replaces them.

gateway.run(policy, request, doubles={
    "get-token": PolicyDouble(variables={"token": "abc"}),
    "inbound/validate-jwt[1]": PolicyDouble(error={"reason": "TokenExpired", "status": 401}),
    "api inbound/base[1]": PolicyDouble(error={"source": "rate-limit", "status": 429}),    # a wider scope refuses
    "ask-partner": lambda exchange: exchange.request.headers.set("X-Partner", "17"),
})
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from apimpolicy.context.execution import LastError
from apimpolicy.dotnet.values import to_utf16
from apimpolicy.engine.variables import set_variables
from apimpolicy.errors import ConfigurationError
from apimpolicy.policies.effects import Effect, Replaced
from apimpolicy.policies.registry import is_known
from apimpolicy.policies.spec import PolicyError
from apimpolicy.records import Record, keyword

if TYPE_CHECKING:
    from apimpolicy.context.records import Response
    from apimpolicy.engine.exchange import Exchange
    from apimpolicy.engine.steps import Program, Step

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
            raise _error_of(self.error)
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


def _error_of(given: Mapping[str, Any]) -> PolicyError:
    """Return the error that a double ends with; with a `source` it comes from there, not from the replaced policy."""
    message = to_utf16(str(given.get("message", "")))
    error = PolicyError(given.get("reason"), message, int(given.get("status", 500)))
    if "source" in given:
        places = {name: str(given[name]) for name in ("scope", "section", "path", "policy_id") if name in given}
        error.last_error = LastError(to_utf16(str(given["source"])), error.reason, message, **places)
    return error
