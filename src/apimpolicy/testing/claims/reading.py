"""Claims as test files have them: statements about every request; `apimpolicy prove` decides them.

    claims:
      - name: no request gets through without a certificate
        if: reaches-backend                                  # for which requests; without it, for all
        then: '@(context.Request.Certificate != null)'       # what is true of each of them, as it came
      - name: no key of the caller reaches the backend
        then-sent: '@(!context.Request.Headers.ContainsKey("X-Key"))'        # of the request as it was sent
      - name: no request makes the gateway itself fail
        never: {status: 500, by: gateway}                    # what is true of none
      - authenticated                                        # a named claim, see `library`

A test case can name a claim, which must then hold for its request: `expect: {holds: the name of a claim}`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from importlib import resources
from typing import TYPE_CHECKING, Any

from apimpolicy.records import Record
from apimpolicy.testing.claims.format import CLAIM, CONDITION
from apimpolicy.testing.kinds import check_keys
from apimpolicy.testing.tree import MISSING, UNKNOWN_NAME, Tree, read_tree

if TYPE_CHECKING:
    from apimpolicy.csharp.emit.expression import CompiledExpression

REACHES_BACKEND = "reaches-backend"
_PARTS = ("if", "then", "then-sent", "never")
_OBLIGATIONS = ("then", "then-sent", "never")


class Claim(Record):
    """A claim about every request. `parts` are its conditions, by key; `skip` tells why it is skipped."""

    name: str
    path: str
    line: int
    parts: Mapping[str, Tree]
    skip: str | None = None


def claims_of(tree: Tree, path: str) -> list[Claim]:
    """Return the claims of a list. Raises TestFileError, also for a name of a policy or claim that doesn't exist."""
    return [_claim(item, path, number) for number, item in enumerate(tree.items(), 1)]


def claim_of_keys(keys: Mapping[str, Any]) -> Claim:
    """Return a claim that is given by the keys of test files. Raises TestFileError."""
    path = "claim.json"
    (claim,) = claims_of(read_tree(json.dumps([keys]), path), path)
    return claim


def named(claims: Sequence[Claim], name: Tree) -> Claim:
    """Return the claim of a name. Raises TestFileError."""
    found = next((claim for claim in claims if claim.name == name.text()), None)
    if found is None:
        if name.text() in library():
            return _claim_of_name(name, "")
        known = ", ".join(repr(claim.name) for claim in claims) or "none"
        raise name.mistake(UNKNOWN_NAME, f"there is no claim {name.text()!r} in this file", help=f"There are: {known}.")
    return found


def _claim(tree: Tree, path: str, number: int) -> Claim:
    if isinstance(tree.value, str):
        return _claim_of_name(tree, path)
    given = tree.known(CLAIM)
    check_keys(given, CLAIM)
    if not any(key in given for key in _OBLIGATIONS):
        raise tree.mistake(MISSING, "a claim says what holds", help="Write 'then', 'then-sent' or 'never'.")
    parts = {key: given[key] for key in _PARTS if key in given}
    for key, part in parts.items():
        if key == "then-sent":
            _check_expressions(part)
        else:
            _check(part)
    name = given["name"].text() if "name" in given else f"claim {number}"
    skip = given["skip"].text() if "skip" in given and given["skip"].value is not False else None
    return Claim(name, path, tree.line, parts, skip)


def _claim_of_name(tree: Tree, path: str) -> Claim:
    return Claim(tree.text(), path, tree.line, claim_of(tree).known(CLAIM))


def is_expression(text: str) -> bool:
    return text.startswith(("@(", "@{"))


def _check(tree: Tree) -> None:
    if isinstance(tree.value, list):
        for item in tree.items():
            _check(item)
    elif isinstance(tree.value, dict):
        given = tree.known(CONDITION)
        for key in ("any", "all", "not"):
            if key in given:
                _check(given[key])
    else:
        _check_word(tree)


def _check_word(tree: Tree) -> None:
    from difflib import get_close_matches

    from apimpolicy.gateway.policies.registry import names

    text = tree.text()
    if is_expression(text) or text == REACHES_BACKEND or text in names():
        return
    near = get_close_matches(text, [REACHES_BACKEND, *names()], 1)
    raise tree.mistake(
        UNKNOWN_NAME,
        f"'{text}' is not a condition",
        label=f"did you mean '{near[0]}'?" if near else "",
        help=f"Write {REACHES_BACKEND}, the name of a policy, '@(…)', or a table such as {{status: 403}}.",
    )


def _check_expressions(tree: Tree) -> None:
    for item in tree.items():
        if not is_expression(item.text()):
            raise item.mistake(UNKNOWN_NAME, "this must be an expression", help="Write '@(…)' or '@{…}'.")


class Expressions:
    """The expressions of claims, compiled with the named values of a gateway; each once."""

    def __init__(self, named_values: Mapping[str, str]) -> None:
        self.named_values = named_values
        self._known: dict[int, tuple[Tree, CompiledExpression]] = {}

    def compiled(self, tree: Tree) -> CompiledExpression:
        """Return a compiled expression. Raises DiagnosticError when it does not compile, or is not a bool."""
        known = self._known.get(id(tree))
        if known is None:
            known = self._known[id(tree)] = tree, self._compile(tree)
        return known[1]

    def _compile(self, tree: Tree) -> CompiledExpression:
        from apimpolicy.csharp.dotnet.values import BOOL
        from apimpolicy.gateway.engine.steps import compiled
        from apimpolicy.text.named_values import find_named_values
        from apimpolicy.text.source import Excerpt

        text = tree.text()
        start = tree.start + (tree.source.text[tree.start : tree.start + 1] in ("'", '"'))
        excerpt = Excerpt(text, tree.source, start, tree.end)
        known = [each for each in find_named_values(text) if each.name in self.named_values]
        if known:
            excerpt = excerpt.replaced([(each.start, each.end, self.named_values[each.name]) for each in known])
        made = compiled(excerpt)
        if made.type is not BOOL:
            raise tree.mistake(
                UNKNOWN_NAME, f"the expression is a {made.static_type}; a condition must be a bool", label=""
            )
        return made


def trees_of(claim: Claim) -> Iterator[Tree]:
    """Yield every expression of a claim."""
    return trees_in(*claim.parts.values())


def trees_in(*conditions: Tree) -> Iterator[Tree]:
    """Yield every expression in conditions."""
    waiting: list[Any] = list(conditions)
    while waiting:
        tree = waiting.pop(0)
        if isinstance(tree.value, dict):
            table = tree.known(CONDITION)
            waiting += [table[key] for key in ("any", "all", "not") if key in table]
        elif isinstance(tree.value, list):
            waiting += tree.value
        elif is_expression(tree.text()):
            yield tree


# Named claims, such as `authenticated`: data that is expanded to ordinary claims.
#
# claims: [authenticated, no-key-to-backend]

_SOURCE = "named.yaml"
_PLACE = "<named claim>"
_RENAMED = {"no-secret-in-response": "no-credential-header-in-response"}
"""Claims with a name that promised more than they say; the old one is still valid."""


@functools.cache
def library() -> dict[str, Tree]:
    """Return the claims by name: tables with `means`, a sentence, and `claim`."""
    text = resources.files("apimpolicy.testing.claims").joinpath(_SOURCE).read_text("utf-8")
    return read_tree(text, _PLACE).table()


def claim_of(name: Tree) -> Tree:
    """Return the claim of a name. Raises TestFileError for an unknown name."""
    found = library().get(_RENAMED.get(name.text(), name.text()))
    if found is not None:
        return found.table()["claim"]
    near = get_close_matches(name.text(), library(), 1)
    raise name.mistake(
        UNKNOWN_NAME,
        f"there is no named claim '{name.text()}'",
        label=f"did you mean '{near[0]}'?" if near else "",
        help=f"The named claims are {', '.join(library())}. Other claims are tables.",
    )
