"""How long proofs take: independent branches, headers that many branches write, a long document with three claims.

python benchmarks/proving.py [N …]
"""

from __future__ import annotations

import html
import json
import resource
import sys
import time

from apimpolicy.reasoning.terms import solver_process
from apimpolicy.testing.case_files import load_case_tree
from apimpolicy.testing.claims.harnesses import harness_of, setup_of
from apimpolicy.testing.claims.reading import Expressions
from apimpolicy.testing.claims.static_proofs import StaticProofs
from apimpolicy.testing.tree import read_tree


def header(name: object) -> str:
    return f'context.Request.Headers.GetValueOrDefault("X-{name}", "")'


def when(condition: str, inner: str) -> str:
    return f'<choose><when condition="{html.escape(f"@({condition})")}">{inner}</when></choose>'


def setting(name: str, value: str) -> str:
    return f'<set-variable name="{name}" value="{html.escape(f"@({value})")}" />'


REFUSE = '<return-response><set-status code="403" reason="No" /></return-response>'
KEY = when(f'{header("Key")} != "k"', REFUSE)
TRUE = {"name": "true", "if": "reaches-backend", "then": f'@({header("Key")} == "k")'}
FALSE = {"name": "false", "if": "reaches-backend", "then": f'@({header("Key")} == "q")'}
NEVER = {"name": "never", "never": {"status": 500, "by": "gateway"}}


def independent(count: int) -> str:
    """So many branches that have nothing to do with each other, behind a check."""
    return KEY + "".join(when(f'{header(i)} == "a{i}"', setting(f"v{i}", "true")) for i in range(count))


def one_header(count: int) -> str:
    """So many branches that write the same header."""
    value = '<set-header name="X-Seen" exists-action="override"><value>{}</value></set-header>'
    return (
        "".join(
            when(f'{header(i)}.Trim().ToLower() == "a{i}"', value.format(html.escape(f'@("s{i}" + {header(i)})')))
            for i in range(count)
        )
        + KEY
    )


def long_document() -> str:
    """About three hundred lines of what real documents have."""
    lines = [KEY]
    for i in range(34):
        asked = f'((string)context.Variables["h{i}"]).StartsWith("v{i}-", StringComparison.OrdinalIgnoreCase)'
        pattern = f'System.Text.RegularExpressions.Regex.IsMatch({header(i)}, "^[a-z]{{2,8}}[0-9]+$")'
        limit = f'<rate-limit-by-key calls="10" renewal-period="60" counter-key="{html.escape(f"@({header(i)})")}" />'
        lines += [setting(f"h{i}", f"{header(i)}.Trim()"), "<choose>"]
        lines += [
            f'<when condition="{html.escape(f"@({asked})")}">',
            setting(f"n{i}", f"{header(i)}.Length"),
            "</when>",
        ]
        lines += [f'<when condition="{html.escape(f"@({pattern})")}">', limit, "</when>", "</choose>"]
    return "\n".join(lines)


def measure(name: str, inbound: str, claims: list[dict[str, object]]) -> None:
    """Decide claims, and print how long that took."""
    policy = (
        f"<policies><inbound><base />{inbound}</inbound><backend><base /></backend>"
        "<outbound><base /></outbound><on-error><base /></on-error></policies>"
    )
    content = json.dumps({"policy": policy, "config": False, "claims": claims})
    file = load_case_tree(read_tree(content, "measured.test.json"), "measured.test.json")
    harness = harness_of(file.subject.policies, setup_of(file))
    started = time.perf_counter()
    deciding = StaticProofs(harness, file.claims, Expressions({}))
    built = time.perf_counter()
    found = ["proven" if deciding.decide(index).is_proven else "open" for index in range(len(claims))]
    ended = time.perf_counter()
    print(f"{name:<34} {ended - started:6.2f} s, of which all requests {built - started:5.2f} s: {', '.join(found)}")


def main(counts: list[int]) -> None:
    for count in counts:
        measure(f"{count} independent choose", independent(count), [TRUE, FALSE, NEVER])
        measure(f"{count} choose that write one header", one_header(count), [TRUE, FALSE])
    measure(f"{long_document().count(chr(10)) + 1} lines, three claims", long_document(), [TRUE, FALSE, NEVER])
    solver_process.stop()
    own, solver = (resource.getrusage(who).ru_maxrss >> 10 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(f"memory: {own} MB, and {solver} MB of the solver")


if __name__ == "__main__":
    main([int(each) for each in sys.argv[1:]] or [10, 50, 200])
