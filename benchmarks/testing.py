"""`apimpolicy test`: 1,000 cases of the client-certificate policy in one process, and one file from a cold start, as
ratios to starting Python and doing nothing (`python -c pass`); with byte code on disk, as after an installation.

    python benchmarks/testing.py

Whole processes, by turns, the median of pairs. Every case has a gateway of its own, one request with a certificate, and
a status that is checked; a quarter of the requests get through.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
POLICY = ROOT / "examples" / "client-certificate" / "orders.xml"
CASES = 1_000
ROUNDS = 9

HEAD = """\
policy: orders.xml
defaults:
  gateway: {negotiate-client-certificate: true, certificates: {partner: partner}}
cases:
"""
CERTIFICATES = {"partner": 200, "expired": 403, "self-signed": 403, "other-partner": 403}


def seconds(*arguments: str) -> float:
    start = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, env=environment, check=True)
    return time.perf_counter() - start


def write(path: Path, count: int) -> None:
    cases = []
    for number in range(count):
        name, status = list(CERTIFICATES.items())[number % 4]
        request = f"{{get: /orders/{number}, certificate: {name}}}"
        cases.append(f"  - name: case {number}\n    request: {request}\n    expect: {{status: {status}}}\n")
    path.write_text(HEAD + "".join(cases), encoding="utf-8")


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        (folder / "orders.xml").write_bytes(POLICY.read_bytes())
        many, one = folder / "many.test.yaml", folder / "one.test.yaml"
        write(many, CASES)
        write(one, 1)
        test = ("-m", "apimpolicy", "test")
        seconds(*test, str(one))
        rounds = [(seconds(*test, str(many)), seconds(*test, str(one)), seconds("-c", "pass")) for _ in range(ROUNDS)]
        each = statistics.median((a - b) / c / (CASES - 1) for a, b, c in rounds)
        whole = statistics.median(a / c / CASES for a, _, c in rounds)
        cold = statistics.median(b / c for _, b, c in rounds)
        print("ratios to `python -c pass`, median of", ROUNDS)
        print(f"  a case, of {CASES:,} in one process     {each:6.3f}   (start-up included: {whole:.3f})")
        print(f"  one file with one case, cold        {cold:6.1f}")


if __name__ == "__main__":
    main()
