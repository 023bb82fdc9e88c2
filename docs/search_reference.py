"""The page `reference/found-requests.md`: what has a form where the search looks for requests."""

from __future__ import annotations

import ast
import inspect
from collections import defaultdict
from itertools import pairwise

from apimpolicy.concolic import bounds, forms, inverses
from apimpolicy.concolic.external_effects import EFFECTS
from apimpolicy.concolic.origins import OUTPUT, THROWS
from apimpolicy.policies.registry import names

HEAD = """\
# What the search for requests understands

`apimpolicy new test` and `prove` find requests by running the simulator and solving for a request that takes another
path. A request that they report has run, so it does what they say. The search proves nothing: that no request takes a
branch comes from the prover ([what proofs know](proofs.md)). This page is generated from the program.

## Bounds

| bound | unless given | meaning |
| --- | --- | --- |
"""
WORLD = """
The search also tries only headers and parameters that occur at most once, printable ASCII, whole JSON numbers of 32
bits, and a clock in the years 2020 to 2099. The same request came at most twelve times before, where calls are counted.
The rest of the gateway's configuration stays as the file has it. Where a policy reads a response before the backend
answered, the search runs its section alone, with a `response`.

## Members

The search can solve for the members in this table, except for what the last column says. For any other member it keeps
the value from the run.

| member | exact but for |
| --- | --- |
"""
POLICIES = """
## Policies

What these do to the request, the response and variables is understood. After any other policy, what it changed is what
it was in the run, and nothing is proven of the way. In test files a double may stand for a policy (`replace`), where a
search finds no request that gets through it, or none that it refuses; a proof uses none.

"""


STEERED = """
## What is turned around without being exact

What has no form is followed with the values of the run that it had: from what a condition came to, back through the
members below, to inputs. Of a comparison with something that goes one way only, as a hash or a signature, the other
side gets the value that it had, and what it was made of stays. The request that comes of it is run like any other; no
proof rests on it.

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
    """The page."""
    listed = ", ".join(f"`{name}`" for name in names() if name in EFFECTS)
    tables = HEAD + "\n".join(_bounds()) + "\n" + WORLD + "\n".join(_members()) + "\n"
    return f"{tables}{STEERED}{_steered()}.\n{POLICIES}{listed}.\n"


def _steered() -> str:
    """The members, operators left out, and what is said of each but once."""
    members = {name.removeprefix(THROWS).removeprefix(OUTPUT) for name in inverses.known()}
    return ", ".join(f"`{name}`" for name in sorted(members, key=str.lower) if "." in name)
