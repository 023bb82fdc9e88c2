"""Candidate requests from the constants in a policy and its claims: the cheapest way to break a claim."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from apimpolicy.binding import nodes
from apimpolicy.engine.own_expressions import own_expressions
from apimpolicy.engine.steps import compiled
from apimpolicy.errors import ApimPolicyError
from apimpolicy.semantics.walking import walk
from apimpolicy.testing.claims.conditions import Conditions
from apimpolicy.testing.claims.reading import Claim, Expressions, trees_of

if TYPE_CHECKING:
    from apimpolicy.proving.proof import Proof
    from apimpolicy.scenarios.harness import Harness, Run
    from apimpolicy.testing.tree import Tree

Assignment = dict[tuple[str, ...], Any]
MOST_TRIES = 300
_MOST_CREDENTIALS = 5
_METHODS = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "PURGE")
_WORDS = ("", " ", "x", "A", "0", "1", "5", "-1", "true", "True", "admin")
_ADDRESSES = ("203.0.113.7", "10.0.0.1", "10.0.0.7:4711", "::1", "127.0.0.1")
_STATUSES = (200, 404, 503, 400, 401, 403, 429, 500, 304)
_ATTEMPTS = 4
"""Responses to one request, of which each is the same."""
_PATH_SAFE = "/%:@!$&'()*+,;=~-._[]|"


def break_claims(
    harness: Harness,
    proof: Proof,
    claims: Sequence[Claim],
    expressions: Expressions,
    first: Sequence[Assignment],
    tries: int = MOST_TRIES,
) -> dict[int, Assignment]:
    """Return requests that break claims, by the claims' numbers; `first` are tried before `tries` others."""
    found: dict[int, Assignment] = {}
    for assignment in (*first, *islice(_made_up(harness, proof, claims, expressions), tries)):
        if len(found) == len(claims):
            break
        for index in _broken(harness, assignment, claims, expressions, found):
            found[index] = assignment
    return found


def _broken(
    harness: Harness,
    assignment: Assignment,
    claims: Sequence[Claim],
    expressions: Expressions,
    found: dict[int, Assignment],
) -> list[int]:
    """Run a request, and return the numbers of the claims that it breaks."""
    run = harness.run(assignment)
    return [i for i, claim in enumerate(claims) if i not in found and is_broken_by(run, claim, harness, expressions)]


def is_broken_by(run: Run, claim: Claim, harness: Harness, expressions: Expressions) -> bool:
    """Return whether a request has broken a claim; never one that ran through what is made up."""
    if run.result is None or run.gateway is None or harness.stand_ins.have_run(run.result):
        return False
    try:
        conditions = Conditions(run.result, run.gateway, expressions, harness.variables_of(run.scenario))
        return not conditions.hold(claim)
    except (ApimPolicyError, ValueError):
        return False


def _made_up(harness: Harness, proof: Proof, claims: Sequence[Claim], expressions: Expressions) -> Iterator[Assignment]:
    chance = random.Random(1)
    compared = list(dict.fromkeys(_constants(harness, claims, expressions))) or ["x"]
    words = list(dict.fromkeys([*compared, *_WORDS]))
    fields: dict[str, list[str]] = {"header": [], "query": [], "variable": []}
    for key in proof.unknowns.inputs:
        if isinstance(key, tuple) and key[0] in fields and key[-1] == "there":
            fields[key[0]].append(key[1])
    for _ in range(MOST_TRIES):
        made: Assignment = {}
        for kind, names in fields.items():
            for name in names:
                if chance.random() < 0.7:
                    made[kind, name, "there"] = True
                    made[(kind, name, "text") if kind == "variable" else (kind, name)] = _word(chance, words)
                    if kind != "variable" and chance.random() < 0.25:
                        made[kind, name, "values"] = (chance.choice(words), chance.choice(compared))
        if chance.random() < 0.5:
            methods = [word for word in words if word.isalpha() and word.isupper()]
            made["method",] = chance.choice([*_METHODS, *methods])
        if chance.random() < 0.5:
            made["path",] = "/" + quote(_word(chance, words), safe=_PATH_SAFE).lstrip("/")
        if chance.random() < 0.3:
            made["address",] = chance.choice(_ADDRESSES)
        if chance.random() < 0.4:
            made["body", "there"] = True
        for kind in ("user", "product", "subscription"):
            if chance.random() < 0.3:
                made[kind, "there"] = True
        if harness.certificates and chance.random() < 0.4:
            made["certificate",] = chance.choice([*harness.certificates])
        for provider in harness.providers:
            if chance.random() < 0.6:
                made["token", provider] = chance.choice(("good", "expired"))
        if chance.random() < 0.3:
            made["answer", "0", "status"] = chance.choice((200, 401, 404, 500, 503))
        yield made


def with_responses(requests: Iterable[Assignment], claims: Sequence[Claim]) -> Iterator[Assignment]:
    """Yield requests with responses of backends and other services: the statuses and headers that claims name, and
    none at all.
    """
    named: dict[str, list[str]] = {"status": [], "headers": []}
    for claim in claims:
        for tree in claim.parts.values():
            _add_named(named, tree)
    statuses = dict.fromkeys([*map(_status, named["status"]), *_STATUSES])
    headers: Assignment = {("header", name.lower()): "x" for name in named["headers"]}
    headers |= {(*key, "there"): True for key in headers}
    responses: list[Assignment] = [{("fails",): True}]
    responses += [{("status",): status, **more} for more in ([{}, headers] if headers else [{}]) for status in statuses]
    for request, response, service in product(requests, responses, ("answer", "sent")):
        every = product(range(_ATTEMPTS), response.items())
        yield {**request, **{(service, str(number), *key): value for number, (key, value) in every}}


def _add_named(named: dict[str, list[str]], tree: Tree) -> None:
    """Add the statuses and headers that a condition names."""
    if isinstance(tree.value, list):
        for item in tree.value:
            _add_named(named, item)
    for key, part in tree.value.items() if isinstance(tree.value, dict) else ():
        if key == "status":
            named[key] += part.texts()
        elif key == "headers":
            named[key] += part.value
        elif isinstance(part.value, (dict, list)):
            _add_named(named, part)


def _status(text: str) -> int:
    """Return a status that fits a pattern such as `4xx`."""
    digits = text.lower().replace("xx", "04").replace("x", "0")
    return int(digits) if digits.isdecimal() else _STATUSES[0]


def _constants(harness: Harness, claims: Sequence[Claim], expressions: Expressions) -> Iterator[str]:
    """Yield the texts and numbers that the policy and the claims compare something with."""
    bodies: list[nodes.Bound] = []
    for step in harness.program.steps():
        if step.specification is not None:
            for excerpt in own_expressions(step.element, step.specification):
                try:
                    bodies.append(compiled(excerpt).bound.body)
                except ApimPolicyError:
                    continue
        yield from (inner.text.strip() for inner in step.element.elements() if inner.name in ("value", "origin"))
    bodies += [expressions.compiled(tree).bound.body for claim in claims for tree in trees_of(claim)]
    parts = [part for body in bodies for part in walk(body)]
    if any(isinstance(part, nodes.Call) and part.method.name in ("AsBasic", "TryParseBasic") for part in parts):
        yield from _credentials(parts)
    for part in parts:
        value = part.constant if isinstance(part, nodes.Expression) else None
        if isinstance(value, str):
            yield str(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            yield from (str(int(value) + change) for change in (0, 1, -1))


def _credentials(parts: Sequence[nodes.Bound]) -> Iterator[str]:
    """Yield Basic credentials of the texts that are compared, as users and as passwords."""
    constants = (part.constant for part in parts if isinstance(part, nodes.Expression))
    texts = list(dict.fromkeys(["x", *(value for value in constants if isinstance(value, str))]))[:_MOST_CREDENTIALS]
    for user in texts:
        for password in texts:
            yield "Basic " + base64.b64encode(f"{user}:{password}".encode("utf-8", "replace")).decode()


def _word(chance: random.Random, words: Sequence[str]) -> str:
    """Return one of the words, changed in one of the ways that checks overlook."""
    word = chance.choice(words)
    match chance.randrange(16):
        case 0:
            return word.upper()
        case 1:
            return word.lower()
        case 2:
            return f" {word}"
        case 3:
            return f"{word} "
        case 4:
            return word + chance.choice(words)
        case 5:
            return word + chance.choice(" ,;=/.x9\t\n") + chance.choice(words)
        case 6:
            return "".join(unit.swapcase() if chance.random() < 0.5 else unit for unit in word)
        case 7:
            return word.replace("k", "\u212a").replace("s", "\u017f")
        case 8:
            return word[:-1]
        case 9:
            return chance.choice("+0-") + word
        case 10:
            return ",".join(chance.choice(words) for _ in range(chance.choice((2, 3, 7))))
    return word
