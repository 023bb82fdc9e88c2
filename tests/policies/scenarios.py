"""Scenarios for policies that others wrote: a `scenarios.yaml` has what a test file has, but not the policy.

`case` of a scenario has the keys of a case of a test file, `certificates` and `defaults` those of the file; which
policy it is, and how it becomes a document, says the test that reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from tests.rows import read_yaml

from apimpolicy.testing.case_files import Case, load_case_tree
from apimpolicy.testing.running import CaseOutcome, run_case
from apimpolicy.testing.tree import read_tree

if TYPE_CHECKING:
    from pathlib import Path


class Scenarios:
    """The scenarios of a folder."""

    def __init__(self, folder: Path) -> None:
        read: dict[str, Any] = read_yaml((folder / "scenarios.yaml").read_text("utf-8"))
        self.all: list[dict[str, Any]] = read.pop("scenarios")
        self._around = {"config": False, **read}
        self._path = str(folder / "scenario.test.yaml")

    def case(self, case: dict[str, Any], policies: str | dict[str, str]) -> Case:
        """A case with these documents: the API's alone, or by scope; none for a whole service."""
        subject = {"policy" if isinstance(policies, str) else "policies": policies} if policies else {}
        file = {**self._around, "cases": [{**subject, **case}]}
        text = yaml.safe_dump(file, allow_unicode=True, sort_keys=False, width=10**9)
        (made,) = load_case_tree(read_tree(text, self._path), self._path).cases
        return made

    def run(self, case: dict[str, Any], policies: str | dict[str, str]) -> CaseOutcome:
        """Run a case with these documents."""
        return run_case(self.case(case, policies))


def check(outcome: CaseOutcome) -> None:
    """Fail with what is not as expected."""
    assert outcome.is_good, "\n".join([*outcome.sentences, outcome.problem, outcome.explanation()])
