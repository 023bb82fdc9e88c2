"""Policies that refuse requests: a token, a certificate, a header, an address or an origin.

`ip-filter` is exact for callers whose address is an IPv4 address as it is usually written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from apimpolicy.engine.steps import Step
from apimpolicy.languages.language import Language, TooLarge, any_of_text, literal, one_of, sequence, union
from apimpolicy.languages.units import of_text
from apimpolicy.policies.ip_filter import FORBIDDEN, parsed
from apimpolicy.semantics.values import Field, Text, Value, constant_number, constant_text, is_there, where
from apimpolicy.terms import term as terms
from apimpolicy.transfer import effects
from apimpolicy.transfer.effects import evaluate_all, fail, refuse
from apimpolicy.transfer.run import Run

if TYPE_CHECKING:
    import ipaddress

    from apimpolicy.terms.term import Term

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address


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
        run.state.set(token, "variable", variable)
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


def transfer_check_header(run: Run, step: Step) -> None:
    name = run.constant(run.attribute(step, "name"))
    status = run.status(run.attribute(step, "failed-check-httpcode", constant_number(400)))
    run.attribute(step, "failed-check-error-message")
    ignores = run.constant(run.attribute(step, "ignore-case", constant_text("false")))
    values = [run.constant(value) for value in run.contents(step, "value")]
    run.unknowns.place = step.where
    run.fail(terms.not_(_passes(run, name, values, ignores)), status, by_policy=terms.TRUE)
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
        if not isinstance(leaf, Field):
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
    run.fail(
        terms.choice(terms.member(address, usual), refused, unusual), constant_number(FORBIDDEN), by_policy=terms.TRUE
    )
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
    """Return the IPv4 addresses in ranges."""
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
    run.end(answers, constant_number(200), HEADERS_OF_CORS)
    run.mark(step)
