"""The pipeline: inbound, backend, outbound; an error jumps to on-error; and the gateway's own responses.

What no document states, and is our choice: an error inside on-error ends that section, and the caller gets the default
response of the second error, while `context.LastError` stays the first. Statuses and texts of the default responses are
those seen on real gateways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.environment import assume
from apimpolicy.csharp.dotnet.system import objects
from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.context.azure_texts import azure_text
from apimpolicy.gateway.context.execution import LastError
from apimpolicy.gateway.context.header_fields import HeaderCollection
from apimpolicy.gateway.context.messages import ResponseMessage
from apimpolicy.gateway.policies.cors import is_preflight
from apimpolicy.gateway.policies.effects import CorsChecked
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.gateway.policies.surroundings import PolicyError, azure_error

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.exchange import Exchange
    from apimpolicy.gateway.engine.steps import Program, Step


def run(exchange: Exchange, program: Program) -> ResponseMessage:
    """Run a request through the program; return the caller's response."""
    exchange.program = program
    answer = _run(exchange, program)
    exchange.finish(answer)
    return answer


def run_on_error(exchange: Exchange, program: Program, error: LastError | None) -> ResponseMessage:
    """Run the section on-error alone, with this error; return the caller's response."""
    exchange.program = program
    exchange.context.last_error = error
    exchange.section = "on-error"
    exchange.show_response()
    try:
        exchange.execute(program.sections["on-error"])
    except PolicyError as second:
        return _second(exchange, second)
    return exchange.response if exchange.answer is None else exchange.answer


def direct_steps(program: Program) -> Iterator[Step]:
    """Yield the direct children of inbound, in whatever scope, and in the place of an include those of its fragment."""
    waiting = list(program.sections["inbound"])
    while waiting:
        step = waiting.pop(0)
        yield step
        waiting[:0] = step.inserted


def preflight_steps(program: Program) -> list[Step]:
    """Return the policies that see a preflight, in fragments too (release notes of October 2022)."""
    return [step for step in direct_steps(program) if has_trait(step.name, "preflight")]


def steps_after_store(steps: list[Step], lookup: Step) -> list[Step]:
    """Return the steps of outbound that run after a cache hit: those behind the policy that stores what `lookup` finds.

    That policy is the first one in the scope of the lookup, else the first one of any scope; without one all steps run.
    """
    assert lookup.specification is not None
    name = lookup.specification.other_half
    found = _steps_after(steps, lambda step: step.name == name and step.scope == lookup.scope)
    if found is None:
        found = _steps_after(steps, lambda step: step.name == name)
    return steps if found is None else found


def _steps_after(steps: list[Step], is_wanted: Callable[[Step], bool]) -> list[Step] | None:
    for index, step in enumerate(steps):
        if is_wanted(step):
            return steps[index + 1 :]
        for inside in step.lists_inside():
            rest = _steps_after(inside, is_wanted)
            if rest is not None:
                return [*rest, *steps[index + 1 :]]
    return None


def _run(exchange: Exchange, program: Program) -> ResponseMessage:
    try:
        if is_preflight(exchange.request) and exchange.context.operation.method != "OPTIONS":
            steps = preflight_steps(program) if "inbound" in exchange.sections else []
            exchange.execute(steps)
            if steps:
                return exchange.answer or exchange.make_response()
        for section in ("inbound", "backend", "outbound"):
            if section not in exchange.sections or (section == "backend" and exchange.is_served):
                continue
            exchange.section = section
            if section != "inbound":
                exchange.show_response()
            if section == "outbound":
                exchange.receive()
            steps = program.sections[section]
            if section == "outbound" and exchange.served_by is not None:
                steps = steps_after_store(steps, exchange.served_by)
            exchange.execute(steps)
            if section == "inbound" and exchange.is_served:
                exchange.response, exchange.answer = exchange.answer or exchange.response, None
            if exchange.answer is not None:
                return exchange.answer
    except PolicyError as error:
        return _handle(exchange, program, error)
    return exchange.response


def answer_unmatched(exchange: Exchange, program: Program) -> ResponseMessage:
    """Respond to a request that matches no operation: run on-error of the program, then respond 404.

    The section of the error is `backend`, as seen on real gateways.
    """
    error = azure_error("operation-not-found")
    error.last_error = LastError("configuration", error.reason, error.message, section="backend")
    return _handle(exchange, program, error)


def answer_denied(exchange: Exchange, program: Program, error: PolicyError) -> ResponseMessage:
    """Refuse a request before any policy: run on-error, then return the error's response."""
    error.last_error = LastError("authorization", error.reason, error.message, section="inbound")
    if "inbound" in exchange.sections:
        exchange.at_end(lambda answer: _let_browsers_read(exchange, program, answer))
    answer = _handle(exchange, program, error)
    exchange.finish(answer)
    return answer


def _let_browsers_read(exchange: Exchange, program: Program, answer: ResponseMessage) -> None:
    """Add the headers of the first cors that allows the caller's origin; not of one in a fragment (seen)."""
    for step in preflight_steps(program):
        is_in_fragment = step.parent is not None and step.parent.name == "include-fragment"
        if not is_in_fragment and exchange.evaluate(step).mark_refusal(exchange, answer):
            exchange.note(CorsChecked("the caller's page may read the refusal", allowed=True), step)
            return


def answer_over_capacity(exchange: Exchange) -> ResponseMessage:
    """Respond to a request when the gateway is over its capacity: no policy runs. `Retry-After` is in the release notes
    of June 2026; its value and the text are our choices.
    """
    answer = default_answer(exchange, 429, azure_text("over-capacity"))
    answer.headers.set("Retry-After", ["1"])
    return answer


def _handle(exchange: Exchange, program: Program, error: PolicyError) -> ResponseMessage:
    exchange.program = program
    exchange.context.last_error = error.last_error
    exchange.show_response(error.response or answer_to(exchange, error))
    exchange.section = "on-error"
    try:
        exchange.execute(program.sections["on-error"] if "on-error" in exchange.sections else [])
    except PolicyError as second:
        return _second(exchange, second)
    return exchange.response if exchange.answer is None else exchange.answer


def _second(exchange: Exchange, error: PolicyError) -> ResponseMessage:
    assume("An error in on-error ends that section, and the caller gets the response of the second error")
    return error.response or answer_to(exchange, error)


def answer_to(exchange: Exchange, error: PolicyError) -> ResponseMessage:
    """Return the response when an error ends the pipeline and on-error decides nothing else."""
    answer = default_answer(exchange, error.status, error.public_message)
    if error.phrase is not None:
        answer.status_reason = error.phrase
    for name, value in error.headers.items():
        answer.headers.set(name, [value])
    return answer


def default_answer(exchange: Exchange, status: int, message: str) -> ResponseMessage:
    """Return the gateway's default response: status and message as JSON, at 500 with an activity id only."""
    import json

    if status == 500:
        activity = objects.to_string(exchange.context.request_id)
        body = (
            f'{{ "statusCode": 500, "message": "{azure_text("internal-server-error")}", "activityId": "{activity}" }}'
        )
    else:
        text = json.dumps(from_utf16(message), ensure_ascii=False)
        body = f'{{ "statusCode": {status}, "message": {text} }}'
    headers = HeaderCollection([("Content-Type", ["application/json"])])
    return ResponseMessage(
        status, headers=headers, body=body.encode("utf-8", "replace"), second_read=exchange.request.second_read
    )
