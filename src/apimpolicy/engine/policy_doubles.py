"""Doubles of policies: what runs in the place of a policy, by its id, when a test does not want the policy itself.

gateway.run(policy, request, doubles={
    "get-token": PolicyDouble(variables={"token": "abc"}),
    "check-caller": PolicyDouble(response=Response(401)),
    "ask-partner": lambda exchange: exchange.request.headers.set("X-Partner", "17"),
})
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.values import to_utf16
from apimpolicy.engine.variables import variable_value
from apimpolicy.errors import ConfigurationError
from apimpolicy.policies.effects import Effect
from apimpolicy.policies.spec import PolicyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from apimpolicy.context.records import Response
    from apimpolicy.engine.exchange import Exchange
    from apimpolicy.engine.steps import Program

    AnyDouble: TypeAlias = "PolicyDouble | Callable[[Exchange], object] | None"


class PolicyDouble:
    """What a double does, in this order: set variables, set headers of the message, fail, or answer the caller.

    `variables` are what `Gateway.run` takes; `headers` are set on the request in inbound and backend, else on the
    response. `error` has `reason`, `message` and `status` (500 unless given) of an error, which goes to on-error;
    `response` ends the pipeline. A double that is given nothing does nothing.
    """

    __slots__ = ("error", "headers", "response", "variables")

    def __init__(
        self,
        *,
        variables: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        error: Mapping[str, Any] | None = None,
        response: Response | None = None,
    ) -> None:
        self.variables = dict(variables or {})
        self.headers = dict(headers or {})
        self.error = error
        self.response = response

    def __call__(self, exchange: Exchange) -> None:
        for name, value in self.variables.items():
            exchange.variables[name] = variable_value(value)
        for name, text in self.headers.items():
            exchange.message.headers.set(to_utf16(name), to_utf16(text))
        if self.error is not None:
            message = to_utf16(str(self.error.get("message", "")))
            raise PolicyError(self.error.get("reason"), message, int(self.error.get("status", 500)))
        if self.response is not None:
            from apimpolicy.context.messages import ResponseMessage

            exchange.end(ResponseMessage.of(self.response, exchange.request.second_read))


def run_double(double: AnyDouble, exchange: Exchange) -> Effect:
    """Do what a double does in the place of the running policy. Raises PolicyError."""
    if double is not None:
        double(exchange)
    return Effect("replaced", "a double ran in its place", ends=exchange.has_ended)


def check_ids(doubles: Mapping[str, AnyDouble], program: Program) -> None:
    """Raises ConfigurationError for a double of a policy that is not there."""
    known = {found for step in program.steps() if (found := step.own_id) is not None}
    unknown = [name for name in doubles if name not in known]
    if unknown:
        there = f"the ids are {', '.join(sorted(known))}" if known else "no policy has an id"
        raise ConfigurationError(f"there is no policy with the id '{unknown[0]}'; {there}")
