"""The pages of the policies say what runs."""

from __future__ import annotations

import pytest
from docs.policy_reference import pages  # type: ignore[import-not-found]

from apimpolicy.gateway.policies.registry import names, specification_of


@pytest.mark.parametrize("name", [name for name in names() if specification_of(name) is not None])
def test_fidelity_is_what_the_page_says(name: str) -> None:
    specification = specification_of(name)
    assert specification is not None
    documentation = specification.documentation
    said = (
        bool(specification.left_out),
        "Simulated in full" in documentation,
        f"Simulated as {specification.same_as or None}" in documentation,
    )
    assert sum(said) == 1


def test_every_policy_has_a_row() -> None:
    index = pages()["policies.md"]
    assert "| [rate-limit](policies/rate-limit.md) | inbound | all but global, workspace | all | full |" in index
    assert "| block | | | | not simulated, undocumented: it occurs only in the schema of the editor extension" in index
    assert index.count("\n| ") == len(names()) + 2
