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

1. Models of the policies, with everything that proofs know, and names for what comes from outside: responses of
   backends and other services, tokens, cached values, random numbers. The model with the fewest inputs comes first.
2. Repairs from what a run shows: the key of a cached value; a double for a policy that fails, in `new test`.
3. Variations of requests that came close, with the texts and numbers of the policy and with values that the run
   compared: a signature that the policy computes becomes the value of the header that it is compared with.
4. A search, where these reach no branch or break no claim (`new test` for a single policy, `prove`): it follows a
   request through the policy, negates one of the conditions on its path, and solves for the next request.

## Bounds

| bound | default | meaning |
| --- | --- | --- |
"""
WORLD = """
A header or parameter has printable ASCII, and at most two values. A limit of calls is used up with at most twelve
earlier calls. Loops over items of a request run at most four rounds. If a policy reads a response before the backend
responded, its section runs alone, with a `response`.

## Known gaps

In `diff`, and in `new test` for a service, requests are rarely found for branches that depend on

- JSON, lists and dictionaries that a policy builds and changes before it reads them;
- bytes: `BitConverter`, `Array.Copy`, ciphers, compression;
- several unusual values at once, of which none alone brings a request closer: two dates, each in a format of its own;
- more than four items of an array, or a loop with a condition about several items.

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
