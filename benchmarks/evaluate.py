"""How long evaluation takes, next to a hand-written Python function over the same objects.

    python benchmarks/evaluate.py [--repeat N]

For each expression: microseconds of the emitted code, of the Python beside it, and the ratio of the two (the best of
several rounds, taken in turns); and how long it took to parse, bind and emit.
"""

from __future__ import annotations

import argparse
import datetime
import time
from typing import TYPE_CHECKING, Any

from apimpolicy.context.entities import Deployment
from apimpolicy.context.execution import Context
from apimpolicy.context.messages import RequestMessage
from apimpolicy.context.urls import Url
from apimpolicy.dotnet.cryptography.certificate import Certificate
from apimpolicy.dotnet.environment import Environment, environment, use_environment
from apimpolicy.emit.expression import CompiledExpression, compile_expression

if TYPE_CHECKING:
    from collections.abc import Callable

CONDITION = (
    "@(context.Request.Certificate == null"
    " || !context.Deployment.Certificates.Any(c => c.Value.Thumbprint == context.Request.Certificate.Thumbprint))"
)
LOOP = "@{ int s = 0; for (int i = 0; i < 10000; i++) { s += i % 7; } return s; }"
TEXT = (
    "@{ var parts = new List<string>();"
    ' foreach (var name in "a,b,c,d,e".Split(\',\')) { parts.Add(name.ToUpper() + "=" + name); }'
    ' return string.Join("&", parts); }'
)
HEADER = '@(context.Request.Headers.GetValueOrDefault("Authorization", "").StartsWith("Bearer "))'


def _condition(context: Any) -> bool:
    return context.request.certificate is None or not any(
        c.value.thumbprint == context.request.certificate.thumbprint for c in context.deployment.certificates
    )


def _loop(_: Any) -> int:
    """With the same fuel that a policy has: without it a policy could run for ever."""
    step = environment().step
    s = 0
    i = 0
    while i < 10000:
        step()
        s += i % 7
        if not -2147483648 <= s <= 2147483647:
            s = (s + 2147483648) % 4294967296 - 2147483648
        i += 1
    return s


def _loop_without_fuel(_: Any) -> int:
    s = 0
    for i in range(10000):
        s += i % 7
    return s


def _text(_: Any) -> str:
    parts = []
    for name in ["a", "b", "c", "d", "e"]:
        parts.append(name.upper() + "=" + name)
    return "&".join(parts)


def _header(context: Any) -> bool:
    return str(context.request.headers.joined("Authorization") or "").startswith("Bearer ")


CASES: list[tuple[str, str, Callable[[Any], Any]]] = [
    ("introduction's condition", CONDITION, _condition),
    ("10,000 iterations", LOOP, _loop),
    ("the same, no fuel", LOOP, _loop_without_fuel),
    ("list of texts", TEXT, _text),
    ("a header", HEADER, _header),
]


def certificate(number: int) -> Certificate:
    """A fresh self-signed certificate."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"client {number}")])
    start = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(start).not_valid_after(start + datetime.timedelta(days=3650))
    made = builder.sign(key, hashes.SHA256())
    return Certificate.from_der(made.public_bytes(serialization.Encoding.DER))


def context() -> Context:
    """A request with a certificate that is the eighth of ten uploaded ones."""
    uploaded = {f"c{number}": certificate(number) for number in range(10)}
    request = RequestMessage("GET", Url.parse("https://contoso.example/orders"), certificate=uploaded["c7"])
    return Context(request, deployment=Deployment("contoso", certificates=uploaded))


def seconds(function: Callable[[Any], Any], argument: Any, calls: int) -> float:
    began = time.perf_counter()
    for _ in range(calls):
        function(argument)
    return (time.perf_counter() - began) / calls


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=15, help="rounds; the best one counts")
    repeat = parser.parse_args().repeat
    subject = context()
    print(f"{'':26}{'emitted':>12}{'python':>12}{'ratio':>8}{'to emit':>12}")
    for name, code, plain in CASES:
        began = time.perf_counter()
        compiled = CompiledExpression(compile_expression(code).bound)
        assert compiled.evaluate(subject) == plain(subject)
        making = time.perf_counter() - began
        calls = max(1, int(0.02 / seconds(plain, subject, 1)))
        emitted: list[float] = []
        python: list[float] = []
        for _ in range(repeat):
            with use_environment(Environment()):
                emitted.append(seconds(compiled.evaluate, subject, min(calls, 300 if "iterations" in name else calls)))
            with use_environment(Environment()):
                python.append(seconds(plain, subject, min(calls, 300 if "iterations" in name else calls)))
        best, other = min(emitted), min(python)
        print(f"{name:26}{best * 1e6:>9.2f} us{other * 1e6:>9.2f} us{best / other:>8.2f}{making * 1e3:>9.2f} ms")


if __name__ == "__main__":
    main()
