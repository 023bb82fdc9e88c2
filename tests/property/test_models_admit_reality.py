"""A model must admit reality: whatever a request does, the proof of its policy must allow for these inputs.

In the suite few policies; at night many. A failure comes with the smallest policy and request that show it.

PYTHONPATH=. python tests/property/test_models_admit_reality.py 600        other policies, for so many seconds
"""

from __future__ import annotations

import datetime
import random
import sys
import time
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

pytest.importorskip("z3")

from admitted import is_admitted
from csharp_statements import StatementWriter
from csharp_types import ROOTS
from gateway_policies import SENT_BACK, VARIABLES, Writer
from tests.sampling import IS_NIGHTLY

from apimpolicy import Gateway, Response
from apimpolicy.errors import ApimPolicyError, NotSimulatedError
from apimpolicy.reasoning.proving.equivalence import KnownDifferences, compare
from apimpolicy.reasoning.terms import solving
from apimpolicy.testing.certificates import TestCertificates
from apimpolicy.testing.claims.facts import BranchProofs
from apimpolicy.testing.claims.harnesses import Setup, harness_of
from apimpolicy.testing.comparing.elements import of_element
from apimpolicy.testing.comparing.observed_differences import differences

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apimpolicy import Request

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
CERTIFICATES = TestCertificates()
_MOST_TRIES = 400
_WORK = 500_000
"""Steps of the solver; an outcome that takes more counts as admitted."""


class Fault(Exception):
    """An outcome that a proof does not admit."""


class Choices:
    """Numbers that decide everything: given ones, then those of a seed, then zeros."""

    def __init__(self, given: Sequence[int], seed: int | None = None) -> None:
        self.given = given
        self.made: list[int] = []
        self._random = None if seed is None else random.Random(seed)

    def __call__(self, count: int) -> int:
        place = len(self.made)
        if place < len(self.given):
            found = min(self.given[place], count - 1)
        else:
            found = 0 if self._random is None else self._random.randrange(count)
        self.made.append(found)
        return found


def _program(pick: Callable[[int], int]) -> str:
    writer = StatementWriter(pick, 6)
    writer.hides_constants = True
    type_ = ROOTS[min(pick(len(ROOTS)), pick(len(ROOTS)))]
    return writer.body(type_, 3) if pick(2) else f"{{ return {writer.exactly(type_).text}; }}"


def _backend(pick: Callable[[int], int]) -> Callable[[Any], Response]:
    def answer(request: Any) -> Response:
        kind = pick(10)
        if kind == 9:
            raise TimeoutError
        status = (200, 200, 201, 302, 400, 401, 404, 500, 503)[kind]
        headers = {name: ("a", ["a", "b"], "")[pick(3)] for name in SENT_BACK if pick(2)}
        return Response(status, headers=headers, body=(None, "x", '{"a":1}')[pick(3)])

    return answer


def check(choices: Choices, *, versions: bool = False) -> None:
    """Run one policy with one request, or several of a seed. Raises Fault; other errors mean that nothing is shown."""
    write = Writer(choices)
    count = choices(3)
    text = write.policies([_program(choices) for _ in range(count)])
    answer = _backend(choices)
    gateway = Gateway(
        now=NOW, backend=answer, outside=answer, negotiate_client_certificate=True, certificates={"p": _certificate()}
    )
    harness = harness_of({"api": text}, Setup(gateway, NOW, CERTIFICATES))
    if versions:
        _check_versions(write, text, harness, gateway)
        return
    request = write.request([None, _certificate(), CERTIFICATES.get("stranger")])
    result = gateway.run(harness.scopes, request)
    if not is_admitted(BranchProofs(harness), gateway, result, VARIABLES, SENT_BACK):
        raise Fault(f"{_shown(text, request)}\n{_outcome(result)}")


def _check_versions(write: Writer, text: str, harness: Any, gateway: Gateway) -> None:
    """Change a policy in one place: where both versions are proven the same, a request does the same in both."""
    olds = (
        ("==", "!="),
        ('"a"', '"x"'),
        ("admin", "reader"),
        ("true", "false"),
        (" &amp; ", " | "),
        ("403", "401"),
        ("v0", "v1"),
    )
    old, new = write.of(olds)
    places = [place for place in range(len(text)) if text.startswith(old, place)]
    if not places:
        return
    place = write.of(places)
    changed = text[:place] + new + text[place + len(old) :]
    other = harness_of({"api": changed}, Setup(gateway, NOW, CERTIFICATES))
    if not compare(harness.program, other.program, {}, of_element, KnownDifferences()).is_proven:
        return
    request = write.request()
    results = []
    for each in (harness, other):
        fixed = Choices([7] * 3)
        settings = {**each.settings, "backend": _backend(fixed), "outside": _backend(fixed)}
        results.append(Gateway(**settings).run(each.scopes, request))
    if found := [each.sentence for each in differences(*results)]:
        raise Fault(f"{found}: {_shown(text, request)}\n{old} -> {new} at {place}")


def _certificate() -> Any:
    return CERTIFICATES.get("partner")


def _shown(text: str, request: Request) -> str:
    return f"{text}\n{request.method} {request.url} {dict(request.headers)} {request.body!r} {request.ip_address}"


def _outcome(result: Any) -> str:
    variables = {name: result.exchange.variables[name] for name in VARIABLES if name in result.exchange.variables}
    error = result.error
    return f"-> {result.response.status_code} {variables} {error and (error.source, error.reason, error.message)}"


def fault_of(choices: Choices, *, versions: bool = False) -> str | None:
    """Return the fault that choices show."""
    try:
        with mock.patch.object(solving, "WORK", _WORK):
            check(choices, versions=versions)
    except Fault as fault:
        return str(fault)
    except (ApimPolicyError, NotSimulatedError):
        return None
    return None


def shrunk(made: list[int], fault: str, *, versions: bool) -> str:
    """Return the fault of the smallest choices that still show one."""
    tries, size = 0, max(len(made) // 2, 1)
    while tries < _MOST_TRIES:
        before = made
        for start in range(0, len(made), size):
            for shorter in (
                made[:start] + made[start + size :],
                [*made[:start], *([0] * len(made[start : start + size])), *made[start + size :]],
            ):
                tries += 1
                choices = Choices(shorter)
                if shorter != made and (found := fault_of(choices, versions=versions)) is not None:
                    made, fault = shorter, found
                    break
        if made is before and size == 1:
            break
        if made is before:
            size = max(size // 2, 1)
    return fault


def check_seed(seed: int) -> None:
    """Check one policy with one request. Raises AssertionError with the smallest fault."""
    versions = seed % 4 == 3
    choices = Choices([], seed)
    fault = fault_of(choices, versions=versions)
    assert fault is None, f"seed {seed}: {shrunk(choices.made, fault or '', versions=versions)}"


@pytest.mark.parametrize("first", range(0 if IS_NIGHTLY else 20, 20_000 if IS_NIGHTLY else 60, 20))
def test_a_model_admits_what_happens(first: int) -> None:
    for seed in range(first, first + 20):
        check_seed(seed)


def main(seconds: float, first: int = 1_000_000) -> None:
    """Check policies for so many seconds, and print every fault."""
    end, seed, faults = time.monotonic() + seconds, first, 0
    while time.monotonic() < end:
        try:
            check_seed(seed)
        except AssertionError as fault:
            faults += 1
            print(fault, "\n", flush=True)
        seed += 1
    print(f"{seed - first} policies, {faults} faults")


if __name__ == "__main__":
    main(float(sys.argv[1]), *map(int, sys.argv[2:]))
