"""ip-filter: exact for callers whose address is an IPv4 address as it is usually written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from apimpolicy.engine.steps import Step
from apimpolicy.languages.language import Language, any_of_text, literal, sequence, union
from apimpolicy.policies.ip_filter import FORBIDDEN, parsed
from apimpolicy.semantics.values import constant_number
from apimpolicy.terms import term as terms
from apimpolicy.transfer import effects
from apimpolicy.transfer.run import Run

if TYPE_CHECKING:
    import ipaddress

    from apimpolicy.terms.term import Term

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address

IPV4 = "callers have IPv4 addresses, written as usual"
_LAST = 255


def transfer(run: Run, step: Step) -> None:
    action, ends = run.constant(run.attribute(step, "action")), _listed(run, step)
    if action not in ("allow", "forbid") or ends is None:
        effects.transfer(run, step)
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
    """Return the addresses between two, of which the last parts are given."""
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
