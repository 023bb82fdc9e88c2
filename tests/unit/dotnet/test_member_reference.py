"""The reference pages of members say what is not simulated, and why."""

from __future__ import annotations

from docs.member_reference import pages  # type: ignore[import-not-found]


def test_what_is_not_simulated_or_not_allowed_is_said() -> None:
    made = pages()
    assert "not simulated: expressions read and write no files" in made["members/System.Xml.Linq.md"]
    assert "not allowed" in made["members/System.md"]
    assert "| IGroup | all members | all |" in made["members.md"]
    assert "not simulated: the gateway allows no tasks" in made["members/Newtonsoft.Json.Linq.md"]
