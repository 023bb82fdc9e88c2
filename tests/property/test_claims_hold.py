"""Proven claims of the tables have no counterexample among requests made of the words of their policies.

python -m tests.property.test_claims_hold 20000        that many requests for each policy
"""

from __future__ import annotations

import json
import random
import re
import sys
from typing import Any
from urllib.parse import quote

import pytest
from tests.sampling import sampled

pytest.importorskip("z3")

from tests.unit.reasoning.proving.test_common_claims import TABLES, file_of

from apimpolicy import Gateway, Request, Response
from apimpolicy.testing.claims.conditions import Conditions
from apimpolicy.testing.claims.harnesses import harness_of, setup_of
from apimpolicy.testing.claims.reading import Expressions
from apimpolicy.testing.claims.static_proofs import StaticProofs

ROWS = {f"{table}: {name}": row for table, rows in TABLES.items() for name, row in rows.items()}
OF_EACH = 60
"""Requests that are tried for each policy in the usual run."""
_NAMES = re.compile(r'(?:Headers|H|GetValueOrDefault|ContainsKey|header-name=|name=)[.\[(]*"([A-Za-z][\w-]*)"')
_WORDS = re.compile(r'"([^"<>{}]{0,40})"|\'([^\'<>{}]{1,40})\'|<(?:value|address|origin|method)>([^<]{1,40})<')
_ADDRESSES = re.compile(r"\d+\.\d+\.\d+\.\d+")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "M-SEARCH")
_JOINS = ("", "", "", ",", " ", ", ", ";", "; ", "/", "-", "_", ".", "=", ":")
_ODD = ("", " ", "\t", "\u212a", "\u017f", "\u0130", "\u200b", "\u00ad", "0", "7", "-1", "99999999999", "k", "\u0665")


class Maker:
    """Makes requests of the words of a policy and its claims, the same for the same seed."""

    def __init__(self, row: dict[str, Any], seed: int) -> None:
        self.random = random.Random(seed)
        text = f"{row} ".replace("&quot;", '"')
        self.names = sorted({*_NAMES.findall(text), "X-H"})
        self.words = sorted({word for each in _WORDS.findall(text) for word in each if word})
        found = _ADDRESSES.findall(text)
        near = [re.sub(r"\d+$", last, each) for each in found for last in ("0", "1", "128", "255")]
        self.addresses = [*found, *near, *(f"::ffff:{each}" for each in found[:2]), "127.0.0.1", "::1", "10.0.1.0"]

    def word(self) -> str:
        """A text: a word of the policy, several of them, or one that is changed a little."""
        pick = self.random
        words = [pick.choice(self.words or ["x"]) for _ in range(pick.choice((1, 1, 1, 1, 2, 2, 3)))]
        word = pick.choice(_JOINS).join(words)
        kind = pick.random()
        if kind < 0.1:
            word = pick.choice((word.upper(), word.lower(), word.title(), word.swapcase()))
        elif kind < 0.2:
            word = pick.choice((pick.choice(_ODD) + word, word + pick.choice(_ODD), pick.choice(_ODD)))
        elif kind < 0.3 and word:
            at = pick.randrange(len(word))
            word = pick.choice((word[:at] + word[at + 1 :], word[:at] + pick.choice(_ODD) + word[at:]))
        return word

    def request(self) -> Request:
        """A request of the real domain."""
        pick = self.random
        headers = {name: self._values() for name in self.names if pick.random() < 0.6}
        query = "&".join(
            f"{name}={quote(value.encode('utf-8', 'replace'), safe=',/')}"
            for name in self.names
            if pick.random() < 0.4
            for value in self._values()
        )
        path = "/" + quote(self.word().lstrip("/").encode("utf-8", "replace"), safe="/,:;=")
        words = {name: self.word() for name in self.names[:3]}
        body = pick.choice((None, self.word(), json.dumps(words))) if pick.random() < 0.3 else None
        return Request(
            pick.choice(_METHODS),
            path + (f"?{query}" if query else ""),
            headers=headers,
            body=body,
            ip_address=pick.choice(self.addresses),
        )

    def _values(self) -> list[str]:
        return [self.word() for _ in range(self.random.choice((1, 1, 1, 1, 1, 2, 3)))]

    def response(self) -> Response:
        """A response of the backend."""
        return Response(self.random.choice((200, 200, 201, 204, 302, 400, 404, 429, 500, 503, 599)))


def attack(row: dict[str, Any], requests: int, seed: int = 1) -> int:
    """Attack the claims of a row that are proven without assumptions; return how many checks held.

    Raises AssertionError.
    """
    file, maker, expressions = file_of(row), Maker(row, seed), Expressions({})
    harness = harness_of(file.subject.policies, setup_of(file))
    static = StaticProofs(harness, file.claims, expressions)
    claims = [claim for index, claim in enumerate(file.claims) if static.decide(index).is_proven]
    gateway = Gateway(**{**harness.settings, "backend": lambda _: maker.response()})
    for _ in range(requests if claims else 0):
        request = maker.request()
        conditions = Conditions(gateway.run(harness.scopes, request), gateway, expressions)
        for claim in claims:
            assert conditions.hold(claim), (
                f"{claim.parts} was proven: {request.method} {request.url} {request.headers} {request.body!r} "
                f"{request.ip_address}"
            )
    return len(claims) * requests


@pytest.mark.parametrize("name", sampled(ROWS, 8))
def test_a_proven_claim_has_no_counterexample(name: str) -> None:
    attack(ROWS[name], OF_EACH)


def main(requests: int) -> None:
    """Attack each row with so many requests."""
    total = 0
    for name, row in ROWS.items():
        try:
            total += attack(row, requests, seed=requests)
        except AssertionError as error:
            print(f"{name}: {error}", flush=True)
    print(f"{total:,} checks of proven claims")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
