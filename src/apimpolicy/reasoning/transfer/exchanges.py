"""Policies that refuse requests, send requests or respond: to the caller, to the backend, to others.

A constant URL of `set-backend-service` can't fail, nor can the id of a known backend without credentials and circuit
breaker; all else may. The URL of a backend by its id is no constant, because a URL of a narrower scope may not replace
it. A request reaches the backend unless its address is unusable or a circuit may be open. `ip-filter` is exact for
callers whose address is an IPv4 address as it is usually written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.values import to_utf16
from apimpolicy.gateway.context.records import usual_reason
from apimpolicy.gateway.engine.steps import Step
from apimpolicy.gateway.policies.ip_filter import parsed
from apimpolicy.reasoning.languages.language import (
    Language,
    TooLarge,
    any_of_text,
    at_least_once,
    in_ranges,
    literal,
    one_of,
    sequence,
    union,
)
from apimpolicy.reasoning.languages.units import of_text
from apimpolicy.reasoning.semantics.state import ANSWER, EMPTY, State
from apimpolicy.reasoning.semantics.unknowns import Unsupported
from apimpolicy.reasoning.semantics.values import (
    NULL,
    FieldValue,
    Function,
    Host,
    Number,
    Text,
    Value,
    constant_number,
    constant_text,
    constant_truth,
    is_there,
    leaves,
    merge,
    where,
)
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.term import Term
from apimpolicy.reasoning.transfer import effects
from apimpolicy.reasoning.transfer.effects import evaluate_all, fail, refuse
from apimpolicy.reasoning.transfer.flow import End, OwnRequest, Sent
from apimpolicy.reasoning.transfer.run import Run

if TYPE_CHECKING:
    import ipaddress

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def transfer_forward_request(run: Run, step: Step) -> None:
    evaluate_all(run, step)
    run.answered(step)
    unknowns = run.unknowns
    unknowns.place = step.where
    _fail_before_sending(run)
    run.sent.append(Sent(run.alive, run.state.copy()))
    if step.element.get("follow-redirects") is not None:
        run.sent.append(Sent(terms.all_of(run.alive, unknowns.truth("a redirect from the backend")), None))
    run.state.set(constant_truth(True), "reached")
    run.fail(unknowns.chance("the backend's failure"), by_backend=terms.TRUE)
    status = run.inputs.status(run.next_generation())
    run.state.set(status, "status")
    run.state.set(constant_truth(True), "has-response")
    run.forget(*ANSWER)
    fails = run.literal(step.element, "fail-on-error-status-code")
    if fails is None or fails.strip().lower() not in ("", "false"):
        assert isinstance(status, Number)
        least, most = terms.number(400), terms.number(599)
        is_error = terms.all_of(terms.at_most(least, status.term), terms.at_most(status.term, most))
        if fails is None:
            is_error = terms.all_of(is_error, unknowns.truth("the attribute fail-on-error-status-code"))
        run.fail(is_error, status, by_backend=terms.TRUE, keeps_headers=True)
    run.mark(step)


def transfer_send_request(run: Run, step: Step) -> None:
    sent = evaluate_all(run, step)
    ignores, unsent = _ignores_errors(run, step), terms.FALSE
    if ignores:
        unsent = run.ignoring_errors(lambda: sent.extend(compose(run, step)))
    else:
        sent += compose(run, step)
    answered(run, step, sent)
    what = f"whether {step.name} fails"
    run.unknowns.place = step.where
    failed = run.unknowns.chance(what)
    if not ignores:
        run.fail(failed)
    variable = run.literal(step.element, "response-variable-name")
    if variable is None:
        run.forget("variable")
    elif variable:
        answer = run.unknowns.value("IResponse", "the response of another service", null=False)
        answer = merge(terms.any_of(unsent, failed), NULL, answer) if ignores else answer
        run.state.set(answer, "variable", to_utf16(variable))
    run.mark(step)


def _ignores_errors(run: Run, step: Step) -> bool:
    given = run.literal(step.element, "ignore-error")
    if given is None:
        raise Unsupported("the attribute ignore-error, which isn't known")
    return given.strip().lower() == "true"


def answered(run: Run, step: Step, sent: list[Value]) -> None:
    """Set what the response depends on: the values that are sent, and the message that they are made of or show."""
    mode = step.element.get("mode")
    is_copy = mode is None or mode.value.text.strip().lower() != "new"
    has_template = any(element.get("template") is not None for element in step.element.descendants())
    shows_state = any(isinstance(leaf, (Host, Function)) for value in sent for leaf in leaves(value))
    depends = run.state.signature() if run.canonical and (is_copy or has_template or shows_state) else None
    if run.canonical is not None:
        state = run.state.copy() if is_copy or has_template or shows_state else None
        run.own_requests.append(OwnRequest(run.alive, run.canonical(step.element), tuple(sent), state))
    run.answered(step, depends, *(value.key for value in sent))


def compose(run: Run, step: Step) -> list[Value]:
    """Run the policies inside, which change a message of the policy's own; return what they evaluate."""
    assert step.specification is not None
    around, values = run.own, run.values
    run.own, run.values = step.specification.own_message, []
    if run.own == "request":
        run.forget(*map(run.kind_of, ("header", "body", "method")))
    run.execute([*step.steps_inside()])
    found = run.values
    run.own, run.values = around, values
    if not around:
        run.state.forget_own()
    return found


def transfer_send_one_way_request(run: Run, step: Step) -> None:
    sent = evaluate_all(run, step)
    answered(run, step, sent + compose(run, step))
    run.fail(run.unknowns.chance(f"whether {step.name} fails"))
    run.mark(step)


_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,4})?(?:/[A-Za-z0-9/._~-]*)?")


def transfer_set_backend_service(run: Run, step: Step) -> None:
    before = run.state.get("backend")
    if len(step.element.attributes) == 1 and run.literal(step.element, "backend-id") in run.plain_backends:
        run.state.set(run.unknowns.value("string", "the URL of a backend", null=False), "backend")
        run.mark(step)
        return
    base_url = step.element.get("base-url")
    specification = step.specification
    if base_url is None or specification is None or specification.effects is None or len(step.element.attributes) > 1:
        effects.transfer_declared(run, step)
        return
    written = run.literal(step.element, "base-url") or ""
    url = next(iter(effects.evaluate_all(run, step)), constant_text(written))
    is_known = where(
        url, lambda leaf: terms.truth(isinstance(leaf, Text) and bool(_URL.fullmatch(leaf.constant or "")))
    )
    may_stay = not run.state.is_first("backend") and not all(
        isinstance(leaf, Text) and leaf.constant for leaf in leaves(before)
    )
    if is_known is terms.TRUE:
        run.mark(step)
    else:
        effects.take_effect(run, step, specification.effects)
        url = merge(is_known, url, run.state.get("backend"))
    if may_stay:
        url = merge(run.unknowns.truth("whether a backend of a wider scope stays"), before, url)
    run.state.set(url, "backend")


def transfer_mock_response(run: Run, step: Step) -> None:
    status = run.status(run.attribute(step, "status-code", constant_text("200")))
    run.mark(step)
    run.give(step)
    run.end(terms.TRUE, status, frozenset(("content-type",)))


def transfer_return_response(run: Run, step: Step) -> None:
    variable = step.element.get("response-variable-name")
    status: Value = constant_number(200)
    if variable is not None:
        run.fail(run.unknowns.truth("whether a variable has a response"), by_policy=terms.TRUE)
        status = run.inputs.status(run.next_generation())
    before, run.own = run.state, "response"
    run.state = run.state.copy()
    run.state.set(status, run.kind_of("status"))
    if variable is None:
        run.state.forget(run.kind_of("response-header"), EMPTY)
        run.state.forget(run.kind_of("response-body"), EMPTY)
        run.state.set(constant_text(usual_reason(200)), run.kind_of("reason"))
    else:
        run.forget(*map(run.kind_of, ANSWER))
    run.execute([*step.steps_inside()])
    run.own = ""
    run.state.answer_with_own()
    run.give(step)
    run.mark(step)
    if (gone := run.lose(terms.TRUE)) is not terms.FALSE:
        run.ends.append(End(gone, run.state, run.state.get("status"), by_policy=terms.TRUE))
    run.state = before


def transfer_validate_jwt(run: Run, step: Step) -> None:
    evaluate_all(run, step)
    run.unknowns.place = step.where
    unknown = run.unknowns.truth(f"whether {step.name} refuses")
    presented = terms.TRUE
    for attribute, kind in (("header-name", "header"), ("query-parameter-name", "query")):
        if step.element.get(attribute) is not None and (name := run.literal(step.element, attribute)) is not None:
            presented = is_there(run.state.get(kind, name.strip().lower()))
    refuse(run, step, terms.any_of(unknown, terms.not_(presented)))
    fail(run, step)
    variable = run.literal(step.element, "output-token-variable-name")
    if variable is None:
        run.forget("variable")
    elif variable:
        token = run.unknowns.value("Jwt", "a token that was validated", null=False)
        run.state.set(token, "variable", to_utf16(variable))
    run.mark(step)


transfer_validate_azure_ad_token = transfer_validate_jwt


def transfer_validate_client_certificate(run: Run, step: Step) -> None:
    evaluate_all(run, step)
    run.unknowns.place = step.where
    unknown = run.unknowns.truth(f"whether {step.name} refuses")
    ignores = run.literal(step.element, "ignore-error")
    if ignores is not None and ignores.strip().lower() in ("", "false"):
        shown = run.unknowns.input(("there", "certificate"), terms.TRUTH)
        refuse(run, step, terms.any_of(unknown, terms.not_(shown)))
    else:
        refuse(run, step, unknown)
    run.mark(step)


_TOKEN = at_least_once(in_ranges((0x21, 0x7E)))
"""Tokens of identities: texts as headers have them."""


def transfer_authentication_managed_identity(run: Run, step: Step) -> None:
    """Set the token; where none is got, requests fail, or go on without one."""
    evaluate_all(run, step)
    run.unknowns.place = step.where
    is_set: Term = terms.TRUE
    if _ignores_errors(run, step):
        is_set = run.unknowns.truth(f"whether {step.name} gets a token")
    fail(run, step)
    token = Text(run.unknowns.fresh(terms.TEXT, "the token of an identity"))
    run.unknowns.know(token.term, terms.member(token.term, _TOKEN))
    variable, header = run.literal(step.element, "output-token-variable-name"), run.kind_of("header")
    if variable != "":
        old = run.state
        run.state = old.copy()
        if variable is None:
            run.forget("variable")
        else:
            run.state.set(token, "variable", to_utf16(variable))
        run.state = State.merged(is_set, run.state, old)
    if not variable:
        joined = terms.joined(terms.text("Bearer "), token.term)
        field = merge(is_set, FieldValue(joined, (Text(joined),)), run.state.get(header, "authorization"))
        run.state.set(field, header, "authorization")
        if variable is None:
            run.forget_cell(header, "authorization")
    run.mark(step)


def transfer_cache_lookup_value(run: Run, step: Step) -> None:
    """Set a variable to any value that the cache has, or to the default."""
    evaluate_all(run, step)
    run.unknowns.place = step.where
    fail(run, step)
    variable, default = run.literal(step.element, "variable-name"), step.element.get("default-value")
    if variable is None:
        run.forget("variable")
        run.mark(step)
        return
    name = to_utf16(variable)
    if default is None:
        otherwise = run.state.get("variable", name)
    elif run.is_known(default):
        otherwise = constant_text(to_utf16(default.value.text))
    else:
        otherwise = merge(
            run.unknowns.truth(f"whether the default of {step.name} is null"),
            run.state.get("variable", name),
            run.unknowns.value("object", f"the default of {step.name}", null=False),
        )
    cached = run.unknowns.value("object", "a cached value")
    run.state.set(merge(run.unknowns.truth("whether the cache has a value"), cached, otherwise), "variable", name)
    run.mark(step)


def transfer_check_header(run: Run, step: Step) -> None:
    name = run.constant(run.attribute(step, "name"))
    status = run.status(run.attribute(step, "failed-check-httpcode", constant_number(400)))
    run.attribute(step, "failed-check-error-message")
    ignores = run.attribute(step, "ignore-case", constant_text("false"))
    run.truth(ignores)  # fails for what is none
    values = [run.constant(value) for value in run.contents(step, "value")]
    run.unknowns.place = step.where
    run.fail(terms.not_(_passes(run, name, values, run.constant(ignores))), status, by_policy=terms.TRUE)
    run.mark(step)


def _passes(run: Run, name: str | None, values: list[str | None], ignores: str | None) -> Term:
    """Return where the header has an allowed value; unknown where that can't be decided."""
    unknown = run.unknowns.truth("whether check-header passes")
    if name is None:
        return unknown
    field = run.state.get("header", name.strip().lower())
    present = is_there(field)
    if not values:
        return present
    language = _allowed(values, ignores)
    if language is None:
        return terms.all_of(present, unknown)

    def is_allowed(leaf: Value) -> Term:
        return terms.member(leaf.term, language) if isinstance(leaf, Text) else terms.FALSE

    def fits(leaf: Value) -> Term:
        if not isinstance(leaf, FieldValue):
            return terms.FALSE
        parts = [where(item, is_allowed) for item in leaf.items]
        return terms.any_of(*parts, *([unknown] if leaf.repeats else []))

    try:
        return where(field, fits)
    except TooLarge:
        return terms.all_of(present, unknown)


def _allowed(values: list[str | None], ignores: str | None) -> Language | None:
    """Return the values that are allowed; None where they are not known."""
    known = [value.strip() for value in values if value is not None]
    if len(known) < len(values) or ignores is None:
        return None
    if ignores.strip().lower() != "true":
        return union(*map(literal, known))
    if not all(value.isascii() for value in known):
        return None
    return union(*(sequence(*(one_of(of_text(_alike(unit))) for unit in value)) for value in known))


def _alike(unit: str) -> str:
    """Return the units that `str.lower` makes the same as this one."""
    lower = unit.lower()
    return "".join({lower, lower.upper(), *([chr(0x212A)] if lower == "k" else [])})


IPV4 = "callers have IPv4 addresses, written as usual"
_LAST = 255


def transfer_ip_filter(run: Run, step: Step) -> None:
    action, ends = run.constant(run.attribute(step, "action")), _listed(run, step)
    if action not in ("allow", "forbid") or ends is None:
        effects.transfer_declared(run, step)
        return
    address = run.unknowns.input(("address",), terms.TEXT)
    run.unknowns.place = step.where
    usual = _between([0] * 4, [_LAST] * 4)
    run.unknowns.assume(IPV4, address, terms.member(address, usual))
    listed: Term = terms.member(address, _language(ends))
    refused = terms.not_(listed) if action == "allow" else listed
    unusual = run.unknowns.truth("whether ip-filter refuses an address that isn't IPv4", ("ip-filter", action, *ends))
    condition = terms.choice(terms.member(address, usual), refused, unusual)
    run.fail(condition, effects.status_of(run, step), by_policy=terms.TRUE)
    run.mark(step)


def _listed(run: Run, step: Step) -> list[tuple[Address, Address]] | None:
    """Return the ends of the ranges that a policy lists; None where they aren't known."""
    found: list[tuple[Address, Address]] = []
    for element in step.element.elements():
        if element.name == "address":
            text = run.constant(run.content(element))
            texts = [text, text]
        else:
            texts = [run.literal(element, "from"), run.literal(element, "to")]
        first, last = (parsed(each.strip()) if each else None for each in texts)
        if first is None or last is None:
            return None
        found.append((first, last))
    return found


def _language(ends: Sequence[tuple[Address, Address]]) -> Language:
    return union(
        *(
            _between(list(first.packed), list(last.packed))
            for first, last in ends
            if first.version == last.version == 4 and int(first) <= int(last)
        )
    )


def _between(first: Sequence[int], last: Sequence[int]) -> Language:
    return union(*_pieces(first, last))


def _pieces(first: Sequence[int], last: Sequence[int]) -> Iterator[Language]:
    if len(first) == 1:
        yield _numbers(first[0], last[0])
        return
    low, high = first[0], last[0]
    rest = len(first) - 1
    least, most = [0] * rest, [_LAST] * rest
    if low == high:
        yield _below(low, low, _between(first[1:], last[1:]))
        return
    if list(first[1:]) != least:
        yield _below(low, low, _between(first[1:], most))
        low += 1
    if list(last[1:]) != most:
        yield _below(high, high, _between(least, last[1:]))
        high -= 1
    if low <= high:
        yield _below(low, high, _between(least, most))


def _below(low: int, high: int, rest: Language) -> Language:
    return sequence(_numbers(low, high), any_of_text("."), rest)


def _numbers(low: int, high: int) -> Language:
    return union(*(literal(str(number)) for number in range(low, high + 1)))


HEADERS_OF_CORS = frozenset(
    (
        *(f"access-control-allow-{name}" for name in ("origin", "credentials", "methods", "headers")),
        *("access-control-expose-headers", "access-control-max-age", "vary"),
    )
)
"""The headers that it adds to responses."""


def transfer_cors(run: Run, step: Step) -> None:
    evaluate_all(run, step)
    run.unknowns.place = step.where
    run.add_headers(HEADERS_OF_CORS)
    answers = terms.all_of(is_there(run.state.get("header", "origin")), run.unknowns.truth("whether cors answers"))
    terminates, method = run.literal(step.element, "terminate-unmatched-request"), run.state.get("method")
    if terminates is not None and terminates.strip().lower() in ("", "false") and isinstance(method, Text):
        answers = terms.all_of(answers, terms.same(method.term, terms.text("OPTIONS")))
    run.end(answers, constant_number(200), HEADERS_OF_CORS)
    run.mark(step)


def _fail_before_sending(run: Run) -> None:
    first = run.state.first("backend")
    is_usable = where(run.state.get("backend"), lambda leaf: terms.truth(isinstance(leaf, Text) or leaf is first))
    if not run.has_address or run.open_statuses:
        is_usable = terms.FALSE
    if is_usable is not terms.TRUE:
        run.fail_at_service("the address of the backend", by_backend=terms.TRUE, only=terms.not_(is_usable))
