"""The page `reference/found-requests.md`: members and policies that the search for requests understands."""

from __future__ import annotations

import ast
import inspect
from collections import defaultdict
from itertools import pairwise

from apimpolicy.concolic import forms, inverses
from apimpolicy.concolic.external_effects import EFFECTS
from apimpolicy.concolic.origins import OUTPUT, THROWS
from apimpolicy.policies.registry import names
from apimpolicy.scenarios import bounds

HEAD = """\
# What the search for requests understands

`apimpolicy new test` and `prove` find requests by running the simulator and solving for a request that takes another
path. A request that they report has run, so it does what they say. The search proves nothing: that no request takes a
branch comes from the prover ([what proofs know](proofs.md)).

## Bounds

| bound | default | meaning |
| --- | --- | --- |
"""
WORLD = """
The search uses only headers and parameters that occur at most once, printable ASCII, 32-bit integers in JSON, and a
clock between the years 2020 and 2099. If calls are counted, a request was sent at most twelve times before. The rest of
the gateway's configuration stays unchanged. If a policy reads a response before the backend responded, the search runs
its section alone, with a `response`.

## Members

The search can solve for the members in this table, except for what the last column says. For any other member it keeps
the value from the run.

| member | exact except for |
| --- | --- |
"""
POLICIES = """
## Policies

The search understands what these policies do to the request, the response and variables. After any other policy, it
keeps the values of the run. If the search finds no request that a policy admits, or none that it refuses, generated
test files replace the policy by a double (`replace`). A proof uses no doubles.

"""


INVERSES = """
## Members that are solved backward

For members without an exact meaning, the search follows values of a run backward: from a condition, through the
members below, to the inputs. In a comparison with a one-way value, such as a hash or a signature, it sets the other
side to that value. The resulting request runs like any other, and no proof depends on it.

"""


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
    forms.load()
    by_owner: dict[str, list[str]] = defaultdict(list)
    for owner, signature in forms.FORMS:
        by_owner[owner].append(signature)
    return [
        f"| `{owner}`: `{signature}` | {forms.EXCEPTIONS.get((owner, signature), '')} |"
        for owner in sorted(by_owner, key=str.lower)
        for signature in sorted(by_owner[owner])
    ]


def page() -> str:
    """Return the page."""
    listed = ", ".join(f"`{name}`" for name in names() if name in EFFECTS)
    tables = HEAD + "\n".join(_bounds()) + "\n" + WORLD + "\n".join(_members()) + "\n"
    return f"{tables}{INVERSES}{_inverses()}.\n{POLICIES}{listed}.\n"


def _inverses() -> str:
    """Return the members with an inverse, each once, without operators."""
    members = {name.removeprefix(THROWS).removeprefix(OUTPUT) for name in inverses.known()}
    return ", ".join(f"`{name}`" for name in sorted(members, key=str.lower) if "." in name)
