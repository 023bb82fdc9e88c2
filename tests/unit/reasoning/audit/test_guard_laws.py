"""Guards are monotonic: removing one never strengthens, adding one never weakens, and their order doesn't matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st
from test_order_of_checks import CHECKS, relation
from tests.sampling import examples

from apimpolicy.reasoning.audit.order import UNCHANGED, WEAKER

if TYPE_CHECKING:
    from random import Random

Guarded: TypeAlias = "tuple[str | tuple[Guarded, Guarded], ...]"
"""Policies one after another: each a guard or what is none, or a choice between two of them."""

OTHERS = (
    '<set-header name="X-A" exists-action="override"><value>1</value></set-header>',
    '<set-variable name="v" value="@(context.Request.Method)" />',
    '<rate-limit calls="5" renewal-period="60" />',
)
CHOICE = (
    '<choose><when condition=\'@(context.Request.Headers.GetValueOrDefault("X-Mode", "") == "a")\'>{}</when>'
    "<otherwise>{}</otherwise></choose>"
)
REFUSED = '<return-response><set-status code="403" reason="no" /></return-response>'
LEAVES = st.lists(st.sampled_from((*CHECKS.values(), *CHECKS.values(), *OTHERS, REFUSED)), max_size=3).map(tuple)
POLICIES: st.SearchStrategy[Guarded] = st.recursive(
    LEAVES,
    lambda inner: st.lists(st.one_of(st.sampled_from(tuple(CHECKS.values())), st.tuples(inner, inner)), max_size=3).map(
        tuple
    ),
    max_leaves=4,
)


def written(policies: Guarded) -> str:
    return "".join(each if isinstance(each, str) else CHOICE.format(*map(written, each)) for each in policies)


def with_one_less(policies: Guarded) -> list[Guarded]:
    """Return the policies without each one of their guards."""
    found: list[Guarded] = []
    for number, each in enumerate(policies):
        first, rest = policies[:number], policies[number + 1 :]
        if isinstance(each, str):
            found += [] if each in OTHERS else [(*first, *rest)]
        else:
            for branch in (0, 1):
                for fewer in with_one_less(each[branch]):
                    found.append((*first, (fewer, each[1]) if branch == 0 else (each[0], fewer), *rest))
    return found


@settings(max_examples=examples(150), derandomize=True)
@given(POLICIES)
def test_a_guard_less_is_never_stronger(policies: Guarded) -> None:
    """`relation` also compares the other way round, so that a guard more is never weaker."""
    for fewer in with_one_less(policies):
        assert relation([written(policies)], [written(fewer)]) in (WEAKER, UNCHANGED), written(fewer)


@settings(max_examples=examples(150), derandomize=True)
@given(st.lists(st.sampled_from((*CHECKS.values(), *OTHERS)), max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_guards_does_not_matter(guards: list[str], chance: Random) -> None:
    shuffled = chance.sample(guards, len(guards))
    assert relation(guards, shuffled) == UNCHANGED
    assert relation(guards, [*guards, *guards[:1]]) == UNCHANGED
