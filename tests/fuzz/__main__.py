"""Every fuzzer in turn, for so many seconds together: `python -m tests.fuzz [SECONDS] [SEED]`; 60 by default.

Half of the time goes to members with nasty arguments, the rest to documents, to holes in them, and to what editors
ask. Prints what it finds and the counts; ends with 1 when there is anything. What is found becomes a row of the tests
beside each fuzzer.
"""

from __future__ import annotations

import random
import sys

from tests.fuzz import documents, holes, members, requests


def main(arguments: list[str]) -> int:
    seconds = float(arguments[0]) if arguments else 60.0
    seed = int(arguments[1]) if len(arguments) > 1 else random.randrange(1 << 30)
    print(f"seed {seed}", flush=True)
    breaches = members.fuzz(seconds / 2, seed)
    bad = 0
    if documents.CORPUS.exists():
        print(f"{documents.run(seconds / 6, seed):,} documents, nothing raised", flush=True)
        print(f"{requests.run(seconds / 6, seed):,} requests of editors, all answered", flush=True)
        bad = holes.main(seconds / 6, seed)
    return 1 if breaches or bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
