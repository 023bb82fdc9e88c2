"""The page `reference/found-requests.md`: what has an exact form where requests are found and claims proven."""

from __future__ import annotations

import ast
import inspect
from collections import defaultdict
from itertools import pairwise

from apimpolicy.policies.registry import names
from apimpolicy.symbolic import bounds, forms, inverses
from apimpolicy.symbolic.origins import OUTPUT, THROWS
from apimpolicy.symbolic.outside import EFFECTS

HEAD = """\
# What the search for requests understands

`apimpolicy new test` finds requests by running the simulator and solving what stands between a run and another way. A
request that it writes was run: it does what the case says, always. That no request takes a branch is *proven* only when
all ways were gone and everything on them is *exact*: said over the request and its surroundings for every value within
the bounds. This page is made from the program.

## Bounds

| bound | unless given | meaning |
| --- | --- | --- |
"""
WORLD = """
Beside these: a header or parameter comes once or not at all; texts are printable ASCII; numbers in JSON are whole and
of 32 bits; the clock is at a second of the years 2020 to 2099, and since it goes on while a gateway works, nothing is
proven of what it decides; the same request came at most twelve times before, where calls are counted; what else the
gateway is set up with stays as the file has it. Where a policy asks for a response before anything was answered, its
section is tried alone, with a `response`.

## Members

What is listed is exact, except where the last column says so. A member that is not listed is what it came to in the
run: it has no form, and nothing is proven of a way on which that matters.

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
