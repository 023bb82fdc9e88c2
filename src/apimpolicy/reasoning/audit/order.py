"""The order of checks: whether one version of a service accepts callers that another one refuses.

What a check accepts is a set: keys, issuers, audiences and claims of a token, addresses, certificates, values of a
header. A fact implies another one if everything that it accepts is accepted there too, and an alternative implies
another one if each of its facts is implied. If every alternative of the new version implies one of the old version, the
new version accepts no one else. What isn't decided, and conditions that aren't understood, are compared as they are:
they are the same or they can't be compared, but never weaker or stronger.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from apimpolicy.gateway.policies.ip_filter import parsed
from apimpolicy.reasoning.audit import kinds
from apimpolicy.reasoning.audit.states import Alternative, Alternatives, ClaimCheck, Fact, TokenCheck, simplified
from apimpolicy.reasoning.audit.text_tests import Accepted, covers

WEAKER, STRONGER, CHANGED, UNKNOWN, UNCHANGED = "weaker", "stronger", "changed", "can't be compared", "unchanged"
_NOT_OF_CALLERS = frozenset((kinds.CHOICE, kinds.GATEWAY, kinds.FORGED, kinds.VIA))
_NOT_UNDERSTOOD = frozenset((kinds.OPAQUE, kinds.UNDECIDED))
_IDENTIFIED = (kinds.PINNED, kinds.NAMED)
_ATTRIBUTE = re.compile(r" (?=[a-z-]+=)")
"""Between the attributes of an identity, which a certificate must all have."""
_OPEN_WORDS = ("a token that may be the gateway's", "a token of another service")


class AccessOrder(NamedTuple):
    """How the accepted callers of two versions relate, and the values that make the difference, in words."""

    relation: str
    details: tuple[str, ...] = ()


def compared(old: Alternatives, new: Alternatives) -> AccessOrder:
    """Return how the callers whom a new version accepts relate to those of the old version."""
    before, after = _comparable(old, new)
    if before == after:
        return AccessOrder(UNCHANGED)
    details = tuple(dict.fromkeys(_details(before - after, after - before)))
    undecided = [_of_kinds(side, kinds.UNDECIDED) for side in (before, after)]
    if undecided[0] != undecided[1]:
        return AccessOrder(UNKNOWN, details)
    is_wider = all(any(_implies_all(one, other) for other in after) for one in before)
    is_narrower = all(any(_implies_all(one, other) for other in before) for one in after)
    if is_wider is not is_narrower:
        return AccessOrder(WEAKER if is_wider else STRONGER, details)
    if is_wider:
        return AccessOrder(UNCHANGED)
    opaque = [_of_kinds(side, *_NOT_UNDERSTOOD) for side in (before, after)]
    return AccessOrder(UNKNOWN if opaque[0] != opaque[1] else CHANGED, details)


def _of_kinds(alternatives: Iterable[Alternative], *wanted: str) -> set[Fact]:
    return {fact for alternative in alternatives for fact in alternative if fact.kind in wanted}


# Facts that are the same in two versions


def _comparable(old: Alternatives, new: Alternatives) -> tuple[Alternatives, Alternatives]:
    """Return alternatives of what callers prove, without what tells facts of one version apart: places and counts."""
    sides = [{fact: _without_place(fact) for each in side for fact in each} for side in (old, new)]
    for side in sides:
        by_words: dict[Fact, list[Fact]] = defaultdict(list)
        for fact in side:
            by_words[_without_count(side[fact])].append(fact)
        for words, facts in by_words.items():
            for number, fact in enumerate(sorted(facts, key=repr)):
                side[fact] = words._replace(detail=(*words.detail, number)) if number else words
    return tuple(  # type: ignore[return-value]
        simplified(frozenset(names[fact] for fact in alternative if not _is_free(fact)) for alternative in alternatives)
        for names, alternatives in zip(sides, (old, new), strict=True)
    )


def _is_free(fact: Fact) -> bool:
    """Return whether a fact asks nothing of callers; an address that is forbidden does."""
    return fact.kind in _NOT_OF_CALLERS or (fact.is_free and fact.kind != kinds.ADDRESS)


def _without_place(fact: Fact) -> Fact:
    if fact.kind == kinds.KEY:
        return fact._replace(subject="")
    if fact.kind == kinds.OWN and fact.subject in _OPEN_WORDS:
        return fact._replace(detail=())
    return fact


def _without_count(fact: Fact) -> Fact:
    """Return a fact without the numbers of the states in which values were read."""
    return fact._replace(detail=tuple(each for each in fact.detail if not isinstance(each, int)))


# The order


def _implies_all(one: Alternative, other: Alternative) -> bool:
    """Return whether whoever has proven all of one has proven all of the other."""
    return all(any(implies(fact, wanted) for fact in one) for wanted in other)


def implies(one: Fact, other: Fact) -> bool:
    """Return whether everything that a fact accepts is accepted by another one."""
    if one == other:
        return True
    if one.kind != other.kind or one.is_true is not other.is_true:
        return False
    if not one.is_true:  # what is forbidden: the smaller list accepts more
        one, other = other, one
    if one.kind == kinds.TOKEN:
        checks = one.detail[:1], other.detail[:1]
        first, second = (each[0] if each else None for each in checks)
        return isinstance(first, TokenCheck) and isinstance(second, TokenCheck) and _implies_token(first, second)
    if one.kind == kinds.ADDRESS:
        return _is_within(_texts(one), _texts(other))
    if one.kind == kinds.CERTIFICATE:
        return _implies_certificate(one, other)
    if one.kind == kinds.OWN and one.subject == other.subject and one.detail[1:] == other.detail[1:]:
        values = _texts(one), _texts(other)
        return bool(values[0]) and all(covers(values[1], each) for each in values[0])
    return False


def _texts(fact: Fact) -> frozenset[str]:
    """Return the values that a fact lists: each of them is accepted."""
    found: set[str] = set()
    for each in fact.detail[:1] if fact.kind == kinds.OWN else fact.detail:
        values = each if isinstance(each, tuple) else (each,)
        found.update(value if isinstance(value, str) else str(value) for value in values)
    return frozenset(found)


def _implies_token(one: TokenCheck, other: TokenCheck) -> bool:
    return (
        one.source == other.source
        and one.keys <= other.keys
        and _is_subset(one.trusted_issuers, other.trusted_issuers)
        and _is_subset(frozenset(one.audiences), frozenset(other.audiences))
        and _is_subset(frozenset(one.applications), frozenset(other.applications))
        and one.requirements >= other.requirements
        and one.clock_skew <= other.clock_skew
        and all(any(_implies_claim(claim, wanted) for claim in one.claim_checks) for wanted in other.claim_checks)
    )


def _is_subset(one: frozenset[str], other: frozenset[str]) -> bool:
    """Return whether one set of accepted values is in another one; an empty one accepts any value."""
    return not other or (bool(one) and one <= other)


def _implies_claim(one: ClaimCheck, other: ClaimCheck) -> bool:
    if one.name != other.name or one.separator != other.separator:
        return one.name == other.name and not other.values
    if not other.values or one.values == other.values == frozenset():
        return True
    if one.is_any and len(one.values) > 1:
        return other.is_any and one.values <= other.values
    if other.is_any:
        return bool(one.values & other.values)
    return bool(one.values) and one.values >= other.values


def _implies_certificate(one: Fact, other: Fact) -> bool:
    if other.subject == kinds.PRESENTED:
        return True
    if one.subject not in _IDENTIFIED or other.subject not in _IDENTIFIED:
        return False
    texts, wider = _texts(one), _texts(other)
    wanted = [frozenset(_ATTRIBUTE.split(text)) for text in wider if not isinstance(text, Accepted)]
    return bool(texts) and all(
        covers(wider, text) or any(frozenset(_ATTRIBUTE.split(text)) >= each for each in wanted) for text in texts
    )


# Addresses


def _spans(texts: Iterable[str]) -> tuple[list[tuple[int, int, int]], set[str]]:
    """Return the ranges of addresses by version, first and last, and the texts that are none."""
    spans: list[tuple[int, int, int]] = []
    others: set[str] = set()
    for text in texts:
        first, dash, last = (part.strip() for part in text.partition("-"))
        start, end = parsed(first), parsed(last if dash else first)
        if start is None or end is None or start.version != end.version:
            others.add(text)
        else:
            spans.append((start.version, int(start), int(end)))
    joined: list[tuple[int, int, int]] = []
    for version, low, high in sorted(spans):
        if joined and joined[-1][0] == version and low <= joined[-1][2] + 1:
            joined[-1] = (version, joined[-1][1], max(joined[-1][2], high))
        else:
            joined.append((version, low, high))
    return joined, others


def _is_within(one: frozenset[str], other: frozenset[str]) -> bool:
    """Return whether every address of one list is in the other one."""
    inner, unknown = _spans(text for text in one if not covers(other, text))
    outer, known = _spans(other)
    return unknown <= known and all(
        any(version == wider and first >= low and last <= high for wider, low, high in outer)
        for version, first, last in inner
    )


# Words


def _details(old: Iterable[Alternative], new: Iterable[Alternative]) -> Iterator[str]:
    """Yield what is accepted now, or no longer: of the facts that only one version has."""
    before, after = (
        list(dict.fromkeys(fact for each in side for fact in sorted(each, key=repr))) for side in (old, new)
    )
    one, other = ([fact for fact in side if fact not in rest] for side, rest in ((before, after), (after, before)))
    for fact in one:
        partner = next((each for each in other if each.kind == fact.kind and each.subject == fact.subject), None)
        if partner is not None and fact.is_true is partner.is_true:
            yield from _values_that_differ(fact, partner)


def _values_that_differ(old: Fact, new: Fact) -> Iterator[str]:
    if old.kind == kinds.ADDRESS:
        verb = "accepts" if old.is_true else "forbids"
        yield f"{verb} the addresses {_listed(_texts(new))} instead of {_listed(_texts(old))}"
        return
    if old.kind != kinds.TOKEN:
        noun = "certificate" if old.kind == kinds.CERTIFICATE else f"value of {old.subject}"
        yield from _sets(noun, _texts(old), _texts(new))
        return
    one, other = old.detail[0], new.detail[0]
    if not isinstance(one, TokenCheck) or not isinstance(other, TokenCheck):
        return
    for noun, was, now in (
        ("key", one.keys, other.keys),
        ("issuer", one.trusted_issuers, other.trusted_issuers),
        ("audience", frozenset(one.audiences), frozenset(other.audiences)),
        ("client application", frozenset(one.applications), frozenset(other.applications)),
    ):
        yield from _sets(noun, was, now, one.keys | other.keys if noun == "issuer" else frozenset())
    yield from (f"no longer requires {requirement}" for requirement in sorted(one.requirements - other.requirements))
    yield from (f"now requires {requirement}" for requirement in sorted(other.requirements - one.requirements))
    if one.clock_skew != other.clock_skew:
        yield f"clock skew {one.clock_skew:g} s → {other.clock_skew:g} s"
    by_name = [{claim.name: claim for claim in side.claim_checks} for side in (one, other)]
    for name in dict.fromkeys((*by_name[0], *by_name[1])):
        was_claim, now_claim = by_name[0].get(name), by_name[1].get(name)
        if was_claim is None or now_claim is None:
            yield f"{'now' if was_claim is None else 'no longer'} requires the claim '{name}'"
        elif was_claim != now_claim:
            if was_claim.is_any is not now_claim.is_any:
                words = "is enough" if now_claim.is_any else "is no longer enough"
                yield f"one value of the claim '{name}' {words}"
            yield from _sets(f"value of the claim '{name}'", was_claim.values, now_claim.values)


def _sets(noun: str, old: frozenset[str], new: frozenset[str], unnamed: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield the values that came and went; `unnamed` are told elsewhere."""
    if old and not new:
        yield f"now accepts any {noun}"
    elif new and not old:
        yield f"no longer accepts any {noun}, but {_listed(new)}"
    else:
        for word, some, others in (("now", new, old), ("no longer", old, new)):
            if values := [each for each in some - unnamed if not covers(others, each)]:
                yield f"{word} accepts the {noun} {_listed(values)}"


def _listed(values: Iterable[str]) -> str:
    found = sorted(values)
    return ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")
