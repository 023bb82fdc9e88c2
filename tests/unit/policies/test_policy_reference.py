"""docs/reference/policies.md and the page of each policy are made from the code, and say what runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from docs.policy_reference import pages  # type: ignore[import-not-found]

from apimpolicy.policies.registry import names, specification_of

FOLDER = Path(__file__).parents[3] / "docs" / "reference"


def test_the_pages_are_up_to_date() -> None:
    made = pages()
    written = {str(path.relative_to(FOLDER)): path.read_text("utf-8") for path in FOLDER.glob("policies/*.md")}
    written["policies.md"] = (FOLDER / "policies.md").read_text("utf-8")
    assert written.keys() == made.keys()
    stale = [name for name, text in made.items() if written[name] != text]
    assert not stale, "run `python -m docs.policy_reference`"


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
    assert "| block | | | | not simulated: only the schema of the editor extension" in index
    assert index.count("\n| ") == len(names()) + 2
