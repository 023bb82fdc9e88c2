"""The page `reference/proofs.md`: what the prover knows exactly, what it knows in part, and what is unknown to it."""

from __future__ import annotations

from collections import defaultdict
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.metadata import look_up
from apimpolicy.csharp.dotnet.signatures import MEMBER_NAME
from apimpolicy.gateway.policies.registry import names, specification_of
from apimpolicy.reasoning.semantics import forms
from apimpolicy.reasoning.semantics.members import FORMS
from apimpolicy.reasoning.transfer.run import is_exact
from apimpolicy.testing.claims.reading import library

if TYPE_CHECKING:
    from apimpolicy.testing.tree import Tree

HEAD = """\
# What proofs know

`apimpolicy prove`, `check --prove`, `new test` and `diff` prove statements about all requests
([how](../explanation/proofs.md)). This page lists what the prover knows of C# members and of policies.

A member that isn't listed gives an unknown value, the same one for the same arguments, and may throw. A policy without
effects may change everything. Both can prevent a proof, but never make one wrong.

## Language

Exact: comparisons, also of fractions, `&&`, `||`, `?:`, `??`, `?.`, whole numbers with overflow, `switch`, `if`,
`foreach` over known items, `try` and `catch`. Unknown: loops whose end depends on the request, hashes, dates, texts as
fractions, and bodies that are neither text nor JSON.

## JSON

A body is one tree for all reads of it, by `As<JObject>()`, `As<JToken>()` or `JObject.Parse` of its text. Exact:
members and items at constant names and indexes, `SelectToken` with names and indexes, missing members and JSON null,
texts, whole numbers of any size, Booleans, and the first five items of arrays. Unknown: fractions, dates (also texts
that look like an ISO date, which JSON readers turn into dates), objects and arrays as texts, and the items of arrays
behind the fifth. After a policy has changed a tree, nothing in it is known.

## Members with an exact meaning

Each meaning is compared with the implementation, for texts that checks often overlook: blanks, signs, case folds such
as the Kelvin sign, NUL, 40 digits, repeated and empty headers. Outside of the texts for which it is exact, the value
is unknown.

| type | members |
| --- | --- |
"""
POLICIES = """
## Policies

*Exact* policies are modelled one by one. For the others the prover uses the effects that the policy declares: what it
may change, and whether it may refuse, fail or answer.

| policy | what the prover knows |
| --- | --- |
"""
TESTED = """
## How proofs are tested

The foundations of proofs are tested against the simulator:

- **Members with an exact meaning** are compared with their implementation: value and exception, for odd texts. Seeded
  faults must fail that comparison.
- **Declared facts of members** (changes nothing, never throws, is never null, depends on the clock) are compared with
  what all 1,600 declared members do: nulls, odd texts, huge and negative numbers, `NaN`, empty lists, any JSON. Facts
  that are not true must be found.
- **Declared effects of policies** are compared with what the engine does in every case of the policies' own tests: what
  changed in the request, the response and the variables, with which status a policy refuses, and what it leaves for
  later.
- **Proofs** about made-up policies are attacked with requests that don't come from the prover: fields that repeat, odd
  methods and texts, IPv6, ports, codes in paths, bodies of all kinds. A proof that assumes something is attacked by
  requests which fit what the answer names, and nothing else.
- **False claims** about overlooked kinds of requests must never be proven.

The solver runs in a process of its own. How hard a question may be is counted in steps, not seconds: the same
question gets the same answer, whatever came before and however busy the machine is. If the solver runs for more than
a minute, or needs more than 2 GB, the process is killed, and the claim is not decided.

Proofs assume two things: a certificate that is valid when it is checked stays valid during the request, and the
culture of a gateway is the invariant one.
"""
NAMED = """
## Named claims

A text in `claims:` is the name of one of these claims.

| name | meaning | claim |
| --- | --- | --- |
"""
EFFECTS = {
    "passes": "changes nothing that a claim can see",
    "refuses": "may refuse",
    "fails": "may fail with 500",
    "fails-later": "may fail when the response comes",
    "answers": "may answer",
    "serves": "may give a response in the place of the backend",
    "variables": "sets the variables that it names",
    "variable": "sets a variable of its own",
    "url": "changes the URL",
    "header": "changes a header of the request",
    "message-headers": "changes headers",
    "message-body": "changes the body",
    "answer-headers": "adds headers to the response",
    "backend": "chooses the backend",
}


def page() -> str:
    """Return the page."""
    parts = (HEAD, _members()), (POLICIES, _policies()), (NAMED, _named_claims())
    return "".join(head + "\n".join(rows) + "\n" for head, rows in parts) + TESTED


def _named_claims() -> list[str]:
    return [
        f"| `{name}` | {each.table()['means'].text().strip()} | `{_on_one_line(each.table()['claim'])}` |"
        for name, each in library().items()
    ]


def _on_one_line(tree: Tree) -> str:
    """Return a claim as YAML on one line."""
    import yaml

    text = yaml.safe_dump(_plain(tree), default_flow_style=True, width=10_000, sort_keys=False)
    return " ".join(text.split()).replace("|", "\\|")


def _plain(tree: Tree) -> Any:
    if isinstance(tree.value, dict):
        return {key: _plain(value) for key, value in tree.value.items()}
    return [_plain(item) for item in tree.value] if isinstance(tree.value, list) else tree.value


def _members() -> list[str]:
    for module in iter_modules(forms.__path__):
        import_module(f"{forms.__name__}.{module.name}")
    by_type: dict[str, set[str]] = defaultdict(set)
    for type_, signature in FORMS:
        definition = look_up(type_, 1) or look_up(type_, 2) or look_up(type_, 0)
        name = MEMBER_NAME.search(signature)
        if (
            definition is not None
            and name is not None
            and signature in {each.signature for each in definition.all_members()}
        ):
            by_type[type_].add("the indexer" if name[1] == "Item" else name[1])
    return [f"| `{type_}` | {', '.join(sorted(members))} |" for type_, members in sorted(by_type.items())]


def _policies() -> list[str]:
    return [f"| {name} | {_known(name)} |" for name in names() if specification_of(name) is not None]


def _known(name: str) -> str:
    if is_exact(name):
        return "exact"
    specification = specification_of(name)
    effects = None if specification is None else specification.effects
    if effects is None:
        return "may change everything"
    words = dict.fromkeys(EFFECTS[effect.partition(":")[0]] for effect in effects)
    return ", ".join(words) if words else "changes nothing that a claim can see"
