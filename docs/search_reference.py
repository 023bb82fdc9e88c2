"""The page `reference/found-requests.md`: how requests are found."""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise

from apimpolicy.reasoning.scenarios import scenario

HEAD = """\
# How requests are found

`apimpolicy new test`, `prove` and `diff` propose requests and run them in the simulator. A request that they report has
run, so it does what they say. That no request takes a branch comes from the prover ([what proofs know](proofs.md)).

Runs are inverted: a run has the value of each part of its expressions. What keeps it from a branch is given another
value by one of its operands, with the others as they are, and so on down to a header, a member of JSON, a response or
the clock. A signature that the policy computes becomes the header that it is compared with. An error that the policy
catches, or that ends the request, is repaired where it was thrown. Where a run shows that a policy fails, `new test`
may replace it with a double. `prove` and `diff` also run the prover's models of a broken claim or a difference.

## Bounds

| bound | default | meaning |
| --- | --- | --- |
"""
WORLD = """
A header or parameter has printable ASCII, and at most two values. A limit of calls is used up with at most twelve
earlier calls. If a policy reads a response before the backend responded, its section runs alone, with a `response`.

## Known gaps

Requests are rarely found for branches that depend on

- several values at once that no run shows, such as the sum of the digits of a number;
- values that a loop computes from earlier rounds, or LINQ computes from joins;
- the text of a cipher or of compressed data, where no double replaces the policy that decodes it.
"""


def _bounds() -> list[str]:
    tree = ast.parse(inspect.getsource(scenario.Bounds)).body[0]
    assert isinstance(tree, ast.ClassDef)
    rows: list[str] = []
    for declared, text in pairwise(tree.body):
        if isinstance(declared, ast.AnnAssign) and isinstance(text, ast.Expr) and declared.value is not None:
            assert isinstance(declared.target, ast.Name)
            assert isinstance(text.value, ast.Constant)
            meaning = " ".join(str(text.value.value).split())
            rows.append(f"| `{declared.target.id}` | {ast.literal_eval(declared.value):g} | {meaning} |")
    return rows


def page() -> str:
    """Return the page."""
    return HEAD + "\n".join(_bounds()) + "\n" + WORLD
