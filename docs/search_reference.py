"""The page `reference/found-requests.md`: what the search for requests knows beside what proofs know."""

from __future__ import annotations

import ast
import inspect
from collections import defaultdict
from itertools import pairwise

from apimpolicy.proposing.forms import FORMS
from apimpolicy.proposing.policies import TRANSFERS
from apimpolicy.scenarios import bounds

HEAD = """\
# How requests are found

`apimpolicy new test`, `prove` and `diff` propose requests and run them in the simulator. A request that they report has
run, so it does what they say. That no request takes a branch comes from the prover ([what proofs know](proofs.md)).

1. Runs that are inverted: a run has the value of each part of its expressions. What keeps it from a branch is given
   another value by one of its operands, with the others as they are, and so on down to a header, a member of JSON, a
   response or the clock. A signature that the policy computes becomes the header that it is compared with. Where a run
   shows that a policy fails, `new test` may replace it with a double.
2. Models of the policies, with everything that proofs know, and names for what comes from outside: responses of
   backends and other services, tokens, cached values, random numbers. The model with the fewest inputs comes first, and
   is repaired by what its run shows, such as the key of a cached value.
3. Variations of requests that came close, with the texts and numbers of the policy and values that the run compared.

## Bounds

| bound | default | meaning |
| --- | --- | --- |
"""
WORLD = """
A header or parameter has printable ASCII, and at most two values. A limit of calls is used up with at most twelve
earlier calls. Loops over items of a request run at most four rounds. If a policy reads a response before the backend
responded, its section runs alone, with a `response`.

## Known gaps

Requests are rarely found for branches that depend on

- several values at once that no run shows, such as the sum of the digits of a number;
- values that a loop computes from earlier rounds, or LINQ computes from groups and joins;
- the text of a cipher or of compressed data, where no double replaces the policy that decodes it.

## Members

Beside the members that proofs know, these have names for what comes from outside:

| type | members |
| --- | --- |
"""
POLICIES = """
## Policies

These differ from what proofs know of them: """


def _bounds() -> list[str]:
    tree = ast.parse(inspect.getsource(bounds.Bounds)).body[0]
    assert isinstance(tree, ast.ClassDef)
    rows: list[str] = []
    for declared, text in pairwise(tree.body):
        if isinstance(declared, ast.AnnAssign) and isinstance(text, ast.Expr) and declared.value is not None:
            assert isinstance(declared.target, ast.Name)
            assert isinstance(text.value, ast.Constant)
            meaning = " ".join(str(text.value.value).split())
            rows.append(f"| `{declared.target.id}` | {ast.literal_eval(declared.value):g} | {meaning} |")
    return rows


def _members() -> list[str]:
    by_owner: dict[str, list[str]] = defaultdict(list)
    for owner, signature in FORMS:
        by_owner[owner].append(signature)
    return [
        f"| `{owner}` | {', '.join(f'`{signature}`' for signature in sorted(by_owner[owner]))} |"
        for owner in sorted(by_owner, key=str.lower)
    ]


def page() -> str:
    """Return the page."""
    listed = ", ".join(f"`{name}`" for name in sorted(TRANSFERS))
    return HEAD + "\n".join(_bounds()) + "\n" + WORLD + "\n".join(_members()) + f"\n{POLICIES}{listed}.\n"
