"""How long one request takes through a policy and the whole engine, next to a WSGI test client.

    python benchmarks/request.py [--rounds N] [--costs]

The request is the sixth of `examples/client-certificate`: a certificate that verifies and is uploaded goes through
`orders.xml` (two scopes, one `choose`, one expression over certificates) to a backend and back. Beside it
`werkzeug.test.Client` asks a WSGI application of two lines (`pip install werkzeug`, for this benchmark alone). The two
run in turns, some milliseconds each; a ratio is the median over the rounds of the ratio of one turn to the turn beside
it, so that a busy machine slows both.

`Verify()` asks for the trust of one and the same chain again and again; the gateway remembers its answer. What building
and verifying the chain takes the first time stands in a line of its own.

`--costs` prints what an empty request takes (every section empty but `forward-request`), and what each policy adds.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from policy_costs import print_costs

from apimpolicy import Gateway, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

sys.path.insert(0, str(Path(__file__).parents[1] / "examples" / "client-certificate"))

from certificates import NOW
from scenario import URL, Scenario

TURN = 0.005
"""Seconds that one side runs before the other has its turn."""


def seconds(call: Callable[[], object], calls: int) -> float:
    """The time of one call."""
    began = time.thread_time()
    for _ in range(calls):
        call()
    return (time.thread_time() - began) / calls


def calls_per_turn(call: Callable[[], object]) -> int:
    return max(1, int(TURN / min(seconds(call, 5), seconds(call, 20))))


def compare(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> tuple[float, float, float]:
    """Medians: seconds of the one, of the other, and their ratio."""
    first, second = calls_per_turn(ours), calls_per_turn(theirs)
    pairs = [(seconds(ours, first), seconds(theirs, second)) for _ in range(rounds)]
    left, right = zip(*pairs, strict=True)
    return statistics.median(left), statistics.median(right), statistics.median(a / b for a, b in pairs)


def our_request(scenario: Scenario, *, tracing: bool) -> Callable[[], object]:
    """The whole way of a request, its `Request` and the backend's `Response` made anew each time."""
    gateway = Gateway(
        certificates={"partner": scenario.certificates.partner},
        trusted_roots=[scenario.certificates.authority],
        negotiate_client_certificate=True,
        backend=lambda request: Response(200, body=b"[]"),
        now=NOW,
        tracing=tracing,
    )
    scopes = gateway.scopes(scenario.scopes)
    certificate = scenario.certificates.partner

    def call() -> object:
        result = gateway.run(scopes, Request("GET", URL, certificate=certificate))
        assert result.response.status_code == 200
        assert result.response.body == b"[]"
        return result

    return call


def chain_built_anew(scenario: Scenario) -> Callable[[], object]:
    """Building and verifying the partner's chain in a store that remembers nothing."""
    from apimpolicy.csharp.dotnet.cryptography.chain import TrustStore
    from apimpolicy.csharp.dotnet.environment import use_environment

    certificate, roots = scenario.certificates.partner, [scenario.certificates.authority]
    environment = Gateway(now=NOW).environment()

    def call() -> object:
        with use_environment(environment):
            return TrustStore(roots).build(certificate, check_revocation=True)

    return call


def their_request() -> Callable[[], object] | None:
    """A request of werkzeug's test client; None without werkzeug."""
    try:
        from werkzeug.test import Client
        from werkzeug.wrappers import Response as WerkzeugResponse
    except ModuleNotFoundError:
        return None

    def application(environ: object, start_response: Callable[..., object]) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "2")])
        return [b"[]"]

    client = Client(application, WerkzeugResponse)

    def call() -> object:
        response = client.get("/orders", base_url="https://contoso.example")
        assert response.status_code == 200
        assert response.data == b"[]"
        return response

    return call


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--costs", action="store_true", help="what each policy adds to an empty request")
    options = parser.parse_args()
    scenario = Scenario()
    first = our_request(scenario, tracing=False)
    print(f"the first request, with reading, compiling and the chain  {seconds(first, 1) * 1e6:>9.0f} us")
    chain = chain_built_anew(scenario)
    print(f"building and verifying the chain alone                    {seconds(chain, 50) * 1e6:>9.0f} us")
    theirs = their_request()
    if theirs is None:
        print("werkzeug is not installed: nothing to compare with")
    for tracing in (True, False):
        ours = our_request(scenario, tracing=tracing)
        name = "through the policy, as by default" if tracing else "through the policy, tracing=False"
        if theirs is None:
            print(f"{name:40}{seconds(ours, calls_per_turn(ours)) * 1e6:>9.1f} us")
            continue
        our_time, their_time, ratio = compare(ours, theirs, options.rounds)
        print(f"{name:40}{our_time * 1e6:>9.1f} us   test client{their_time * 1e6:>9.1f} us   ratio {ratio:.2f}")
    if options.costs:
        print_costs(options.rounds)


if __name__ == "__main__":
    main()
