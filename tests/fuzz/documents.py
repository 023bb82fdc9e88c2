"""Any bytes in, diagnostics out: documents cut, spliced and scribbled on, and what a coverage-guided fuzzer thinks of.

    python -m tests.fuzz.documents SECONDS [SEED]     cuts and splices of the corpus
    python -m tests.fuzz.documents atheris -max_total_time=SECONDS FOLDER     with atheris (pip install atheris)

Both end with the input when the reader, the parser, the binder or a rule raises, or takes longer than a second for
100 kB. What was found is a row of `test_documents_fuzz.py`.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from apimpolicy.checks.document import check_readings
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.subject import Settings
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.embedded import policies_of
from apimpolicy.report.terminal import render

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "documents"
EVERYTHING = Settings(extend=("POL",), scope="api", tier="consumption", gateway="self-hosted", negotiates=False)
NAMES = ("a.xml", "a.tftpl", "a.j2", "a.tf", "a.bicep", "a.json", "a.md")
SECONDS_PER_100_KB = 1.0


def check_bytes(data: bytes, name: str = "a.xml") -> int:
    """Check these bytes as a file of this name with every rule, and render what is found; how many findings."""
    try:
        policies, found = policies_of(data, name)
    except ConfigurationError:
        return 0
    check = ExpressionCheck()
    for readings in policies:
        found += check_readings(readings, check, None, EVERYTHING)
        found += check_readings(readings, check, {"a": "1"}, EVERYTHING)
    for finding in found:
        assert render(finding)
    return len(found)


def mutated(chance: random.Random, documents: Sequence[bytes]) -> bytes:
    """A document with some of its pieces gone, doubled, exchanged for another's, or scribbled on."""
    data = bytearray(chance.choice(documents)[:40_000])
    for _ in range(chance.randint(1, 6)):
        start = chance.randint(0, len(data))
        end = min(len(data), start + int(chance.expovariate(1 / 40)))
        kind = chance.randrange(6)
        if kind == 0:
            del data[start:end]
        elif kind == 1:
            data[start:start] = data[start:end]
        elif kind == 2:
            other = chance.choice(documents)
            begin = chance.randint(0, len(other))
            data[start:end] = other[begin : begin + int(chance.expovariate(1 / 60))]
        elif kind == 3:
            data[start:start] = chance.choice(TOKENS)
        elif kind == 4 and start < len(data):
            data[start] = chance.randrange(256)
        else:
            del data[start:]
    return bytes(data)


TOKENS = tuple(
    token.encode()
    for token in (
        '@(', '@{', ')', '}', '"', "'", '$"', '@"', "{{", "}}", "<!--", "-->", "<![CDATA[", "]]>", "&quot;", "&#x0;",
        "=>", "??", "?.", "<", ">", "/>", "</", "(int)", "is var x", "out var y", "new[]{", "switch", "case", "goto a;",
        "from x in y select", "context.", ".Where(x=>", "return", "yield return 1;", "checked(", "<base/>", "\ud7ff",
        "\x00", "﻿", "<<A\n<policies>", "'''", "${", "```xml\n", "1e999", "0x", "'\\u", "//", "/*", "#if",
    )
)  # fmt: skip


def run(seconds: float, seed: int, report: Callable[[str], object] = print) -> int:
    """Check mutated documents for so long; how many. What goes wrong is reported with the seed and raised."""
    documents = [path.read_bytes() for path in sorted(CORPUS.rglob("*")) if path.is_file()]
    done = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        chance = random.Random(f"{seed} {done}")
        data = mutated(chance, documents)
        name = NAMES[0] if chance.random() < 0.8 else chance.choice(NAMES)
        started = time.process_time()
        try:
            check_bytes(data, name)
        except Exception:
            report(f"seed {seed}, number {done}, {name}: {data!r}")
            raise
        taken = time.process_time() - started
        if taken > SECONDS_PER_100_KB * max(1.0, len(data) / 100_000):
            report(f"slow ({taken:.1f} s): seed {seed}, number {done}, {name}: {data!r}")
        done += 1
    return done


def _atheris(arguments: list[str]) -> None:
    import atheris  # type: ignore[import-not-found, unused-ignore]

    atheris.instrument_all()
    atheris.Setup([sys.argv[0], *arguments], check_bytes)
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1] == "atheris":
        _atheris(sys.argv[2:])
    else:
        count = run(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 30))
        print(f"{count:,} documents, nothing raised")
