"""The page `reference/found-requests.md`: members and policies that the search can solve for."""

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

| bound | default | meaning |
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

The search models the effects of these policies on the request, the response and variables. After any other policy,
whatever it changed keeps its value from the run. In test files a double can replace a policy (`replace`) where the
search finds no request that passes it, or none that it refuses. A proof uses no doubles.

"""


INVERSES = """
## Members with an inverse

A condition about any other value is inverted with the values of the run: from the value of the condition back through
the members below, to inputs. In a comparison with a one-way function, such as a hash or a signature, the other side
gets the value of the run, and the function's inputs stay the same. The resulting request runs like any other.

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
