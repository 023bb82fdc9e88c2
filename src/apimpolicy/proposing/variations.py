"""Local search: requests that differ from a promising one in one input, by values of the policy and of a run."""

from __future__ import annotations

import json
import random
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from apimpolicy.policies.registry import has_trait
from apimpolicy.proposing.coded_texts import key_of_root, steps_of
from apimpolicy.proposing.constants import constants_of
from apimpolicy.proposing.inversion.sources import of_template
from apimpolicy.proposing.observed import compared, equal_values, matching
from apimpolicy.scenarios.assignments import BASE64, CLOCK, JWT, LIST, NUMBER, OBJECT, TEXT, TEXTS, TRUTH
from apimpolicy.scenarios.exploration import Exploration
from apimpolicy.semantics.json_trees import KINDS
from apimpolicy.semantics.unknowns import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from apimpolicy.engine.steps import Step
    from apimpolicy.proposing.program import Proposals
    from apimpolicy.scenarios.assignments import Assignment, Key
    from apimpolicy.scenarios.goals import Goal
    from apimpolicy.scenarios.harness import Harness, Run

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE")
_SAMPLES = (
    *("2026-01-01T00:00:00Z", "2001-01-01T00:00:00Z", "2030-01-01T00:00:00Z", "10.0.0.1", "1", "0.5", "", "true"),
    *("11111111-2222-3333-4444-555555555555", "eA==", "a,b", "x;y", "Bearer x", "\t", "\u212a"),
)
_MOST_WORDS, _MOST_NAMES, _MOST_LENGTH, _MOST_PAIRS = 60, 40, 300, 60
_MOST_ROUNDS = 6
_LISTED = ("certificate", "token", "method", "address", "path", "host")
"""Inputs that have listed values, or texts of a certain form."""
_YEAR = 1_767_225_600
"""The first second of 2026, of which days and hours are tried where a policy reads the clock."""
_HOURS, _DAYS = (0, 3, 7, 9, 12, 15, 18, 22), (0, 3, 4, 40, 200)
_NAME = re.compile(r"[A-Za-z_$][\w$.-]*")
_FAMILIES = frozenset((kind, name) for kind, name, _ in TEXTS.values())


class Variations:
    """What varies requests; `send` runs one."""

    def __init__(
        self,
        harness: Harness,
        proposals: Proposals,
        send: Callable[[Assignment], Run | None],
        known: Exploration | None = None,
    ) -> None:
        self.known = known or Exploration(harness)
        self.harness = harness
        self.proposals = proposals
        self.send = send
        self._constants: tuple[list[str], list[int]] | None = None
        self._around: dict[Goal, list[int]] = {}
        self._places: dict[Key, list[Any]] | None = None

    def explore(self, goals: Callable[[], set[Goal]], is_over: Callable[[], bool], patience: int) -> None:
        """Vary requests that reached something new until `patience` runs in a row reach none of the missing goals."""
        chance = random.Random(1)
        single = [(key, value) for key, values in self.places().items() for value in dict.fromkeys(values)]
        chance.shuffle(single)
        pool: list[tuple[Assignment, Iterator[Assignment]]] = []
        missing, stale = goals(), 0
        for assignment in self.known.starts():
            pool.append((assignment, self._neighbors(assignment, missing, single)))
        for _ in range(_MOST_ROUNDS * patience):
            if not missing or not pool or stale >= patience or is_over():
                return
            place = len(pool) - 1 - min(int(chance.expovariate(0.7)), len(pool) - 1)
            base, neighbors = pool[place]
            tried = next(neighbors, None)
            if tried is None:
                tried = base
                for _ in range(chance.choice((1, 2, 2, 3))):
                    tried = with_input(tried, *chance.choice(single)) if single else tried
            known = self.known.statistics.runs
            run = self.send(tried)
            if run is not None and not run.reached & missing:
                again = self._synchronized(run, base)
                run = run if again is None else self.send(again)
            if run is not None and run.reached & missing:
                missing, stale = goals(), 0
                pool.append((run.assignment, self._neighbors(run.assignment, missing, single)))
            else:
                stale += self.known.statistics.runs > known

    def around(self, bases: Sequence[Assignment], most: int) -> Iterator[Assignment]:
        """Yield requests that differ in one or two inputs from some: compared values first."""
        chance = random.Random(1)
        single = [(key, value) for key, values in self.places().items() for value in dict.fromkeys(values)]
        chance.shuffle(single)
        for base in bases:
            run = self.send(base)
            if run is not None and run.result is not None:
                yield from islice(matching(base, compared(run.result, None)[:_MOST_PAIRS]), most // 4)
            for move in single[: most // 2]:
                yield with_input(base, *move)
            for _ in range(most // 2 if single else 0):
                yield with_input(with_input(base, *chance.choice(single)), *chance.choice(single))

    def _neighbors(self, base: Assignment, missing: set[Goal], single: list[tuple[Key, Any]]) -> Iterator[Assignment]:
        """Yield requests in which compared values are equal, then those with another value of one input."""
        run = self.send(base)
        if run is None or run.result is None:
            return
        elements = {element for goal in missing for element in self._elements(goal)}
        pairs = compared(run.result, elements)[:_MOST_PAIRS]
        yield from matching(base, pairs)
        words = dict.fromkeys(text for pair in pairs for text in pair if len(text) < _MOST_LENGTH)
        texts = self._texts()
        others = [(key, word) for key in texts for word in words]
        random.Random(len(base)).shuffle(others)
        for index in range(max(len(others), len(single))):
            if index < len(single):
                yield with_input(base, *single[(index + len(base)) % len(single)])
            if index < len(others):
                yield with_input(base, *others[index])

    def _texts(self) -> list[Key]:
        """Return the inputs that may be any text."""
        places = self.places().items()
        return [key for key, values in places if values and isinstance(values[0], str) and key[0] not in _LISTED]

    def _synchronized(self, run: Run, base: Assignment) -> Assignment | None:
        """Return a request in which an input again has the value that the policy computes and compares with it."""
        before = self.send(base)
        if before is None or before.result is None or run.result is None:
            return None
        computed = equal_values(before.result)
        keys = [key for key, value in base.items() if value in computed and run.assignment.get(key) == value]
        if not keys:
            return None
        for one, other in compared(run.result, None):
            for key in keys:
                if base[key] in (one, other):
                    return {**run.assignment, key: other if base[key] == one else one}
        return None

    def _elements(self, goal: Goal) -> list[int]:
        """Return the elements around a goal, by identity."""
        known = self._around.get(goal)
        if known is None:
            known = self._around[goal] = []
            for step in self.harness.program.steps():
                if self.harness.goals.is_at(step, goal):
                    around: Step | None = step
                    while around is not None:
                        known.append(id(around.element))
                        around = around.parent
        return known

    # Inputs that may matter, with values to try

    @property
    def constants(self) -> tuple[list[str], list[int]]:
        """The texts and numbers in expressions of the policy."""
        if self._constants is None:
            self._constants = constants_of(self.harness)
        return self._constants

    def places(self) -> dict[Key, list[Any]]:
        """Return the inputs that may matter, with values to try."""
        if self._places is None:
            self._places = self._all_places()
        return self._places

    def _all_places(self) -> dict[Key, list[Any]]:
        words, numbers = self.constants
        texts: list[Any] = [*words, *map(str, numbers)][:_MOST_WORDS]
        names = [word for word in words if _NAME.fullmatch(word)][:_MOST_NAMES]
        samples = [json.dumps(each) for each in _trees(names)] if names else []
        found: dict[Key, list[Any]] = {}
        keys = self.proposals.unknowns.inputs
        variables = {variable: key for key, variable in keys.items() if isinstance(key, tuple)}
        for key in variables.values():
            self._add(found, key, texts, samples, names, variables)
        self._add_surroundings(found)
        return found

    def _add(
        self,
        found: dict[Key, list[Any]],
        key: Any,
        texts: list[Any],
        samples: list[str],
        names: list[str],
        variables: dict[Any, Any],
    ) -> None:
        numbers = self.constants[1]
        match key:
            case ("header" | "query", _) | ("matched", _):
                found[key] = [*texts, *_SAMPLES, None]
            case ("answer" | "sent" | "response", *_, "status"):
                found[key] = [*(each for each in numbers if 200 <= each <= 599), 200, 404, 500]
            case ("answer" | "sent", _, "fails" | "late"):
                found[key] = [True, False]
            case ("answer" | "sent" | "response", *_, "header", _):
                found[key] = [*texts, None]
            case (*_, "body", "text"):
                lines = "\n".join(f"data: {each}" for each in (*samples[:1], *texts[:5]))
                found[key] = [*texts, "{}", "[]", *_SAMPLES, *_xml(names), lines]
                found |= {(*key[:-1], "sample", each): [True] for each in samples}
            case ("json", root, path, what):
                try:
                    place = (*key_of_root(root, variables), *steps_of(path))
                except Unsupported:
                    return
                found |= _of_token(place, what, texts)
            case ("variable" | "cache", _, "there"):
                found[key] = [True, False]
            case ("method",):
                found[key] = list(METHODS)
            case ("address",):
                found[key] = ["10.0.0.1", "203.0.113.7", *(each for each in texts if re.fullmatch(r"[0-9.]+", each))]
            case ("url", "Path"):
                paths = ["/" + each.strip("/") for each in texts if re.fullmatch(r"[\w/.%-]+", each)]
                found["path",] = [*paths, "/"]
            case ("url", "Host"):
                found["host",] = [each for each in texts if re.fullmatch(r"[a-z0-9.-]+\.[a-z]+", each)]
            case (kind, name) if (kind, name) in _FAMILIES:
                found[key] = texts
            case (*_, code, "text") if code == BASE64:
                found[key] = [*texts, *(f"{each}:x" for each in names[:8])]
            case (*_, "claim", _):
                found[key] = [*texts, None]
            case (*_, "user" | "password"):
                found[key] = texts
            case (*_, "hash"):
                found[key] = list(range(8))
            case ("calls", "before"):
                found[key] = [1, 2]

    def _add_surroundings(self, found: dict[Key, list[Any]]) -> None:
        source = ""
        for step in self.harness.program.steps():
            text = step.element.source.text[step.element.start : step.element.end]
            source += text
            if step.element.get("template") is not None and (content := of_template(text)):
                prefix = ("answer", "0", "body") if step.section == "outbound" else ("body",)
                found[(*prefix, "sample", json.dumps(content))] = [True]
            if has_trait(step.name, "limits-calls", "limits", "caches-values", "caches-responses"):
                found.setdefault(("calls", "before"), [1, 2])
        if self.harness.certificates:
            found["certificate",] = [*self.harness.certificates, "none"]
        for provider in self.harness.providers:
            found["token", provider] = ["good", "expired", "none"]
        if any(each in source for each in ("Now", "Timestamp", "Today")):
            found[CLOCK,] = [_YEAR + hour * 3600 + day * 86_400 for day in _DAYS for hour in _HOURS]


_KIND_OF = {"text": TEXT, "number": NUMBER, "truth": TRUTH, "length": LIST}


def with_input(base: Assignment, key: Key, value: Any) -> Assignment:
    """Return a request with another value of an input; None removes it."""
    if value is None:
        return {each: given for each, given in base.items() if each[: len(key)] != key}
    return {**base, **_there(key), key: value}


def _there(key: Key) -> Assignment:
    """Return what makes an input part of a request."""
    if key[0] == "double" and "claim" in key:
        place = key.index("claim")
        return {(*key, "there"): True, (*key[:place], "there"): True, (*key[:place], "kind"): JWT}
    if BASE64 in key:
        place = key.index(BASE64)
        return {**_there(key[:2] if key[0] in ("header", "query") else key[:place]), key[: place + 1]: True}
    if key[0] in ("header", "query", "matched") or "header" in key or "claim" in key:
        return {(*key[:2], "there"): True} if key[0] in ("header", "query") else {(*key, "there"): True}
    if key[0] in ("user", "product", "subscription"):
        return {(key[0], "there"): True}
    found: Assignment = {}
    if key[0] == "body":
        found["body", "there"] = True
    if key[0] in ("variable", "cache", "double") and key[-1] != "there":
        found[*key[: 4 if key[0] == "double" else 2], "there"] = True
    if key[-1] in _KIND_OF and len(key) > 2 and key[-2] != "body":
        found[*key[:-1], "kind"] = _KIND_OF[key[-1]]
    for size in range(2, len(key)):
        if key[size - 1].startswith("."):
            found |= {(*key[:size], "there"): True, (*key[: size - 1], "kind"): OBJECT}
        elif key[size - 1] == "tree":
            found[*key[: size - 1], "json"] = True
    return found


def _trees(names: list[str]) -> list[Any]:
    """Return JSON that has all names, in the shapes that policies read."""
    flat: dict[str, Any] = dict.fromkeys(names, "x")
    inner: list[Any] = [1, [flat], flat, ["x"], dict.fromkeys(names, 1000)]
    return [flat, *(dict.fromkeys(names, each) for each in inner), [flat], [], {}]


def _of_token(key: Key, what: str, texts: list[Any]) -> dict[Key, list[Any]]:
    """Return the values to try for a part of a token."""
    match what:
        case "text":
            return {(*key, "text"): [*texts, *_SAMPLES]}
        case "digits":
            return {
                (*key, "number"): [0, 1, -1, 100, *(int(each) for each in texts if re.fullmatch(r"-?\d{1,9}", each))]
            }
        case "name":
            return {(*key, "name"): [each for each in texts if _NAME.fullmatch(each)]}
        case "truth" | "there":
            return {(*key, what): [True, False]}
        case "length":
            return {(*key, "length"): [0, 1, 2, 3]}
    return {(*key, "kind"): list(range(6))} if what in KINDS else {}


def _xml(names: list[str]) -> list[str]:
    inside, values = [name for name in names if name.isalnum()], ("true", "1", "x", "false")
    return ["<r>" + "".join(f"<{name}>{value}</{name}>" for name in inside) + "</r>" for value in values]
