"""A cold `apimpolicy check` of one file against `python -c pass`, whole processes, in turn; with byte code on disk, as
after an installation.

    python benchmarks/cold_start.py [POLICY]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

POLICY = Path(__file__).parents[1] / "examples" / "client-certificate" / "orders.xml"
ROUNDS = 15
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def seconds(arguments: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, env=ENVIRONMENT, check=True)
    return time.perf_counter() - start


def main() -> None:
    policy = sys.argv[1] if len(sys.argv) > 1 else str(POLICY)
    check, nothing = ["-m", "apimpolicy", "check", policy], ["-c", "pass"]
    seconds(check)
    pairs = [(seconds(check), seconds(nothing)) for _ in range(ROUNDS)]
    checks, nothings = zip(*pairs, strict=True)
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"apimpolicy check  {statistics.median(checks) * 1000:6.1f} ms")
    print(f"python -c pass    {statistics.median(nothings) * 1000:6.1f} ms")
    print(f"ratio             {ratio:6.1f}      median of {ROUNDS} pairs")


if __name__ == "__main__":
    main()
