"""The reference pages of members in the docs are those that the registrations make."""

from __future__ import annotations

from pathlib import Path

from docs.member_reference import pages  # type: ignore[import-not-found]

FOLDER = Path(__file__).parents[3] / "docs" / "reference"


def test_the_pages_are_up_to_date() -> None:
    made = pages()
    written = {str(path.relative_to(FOLDER)): path.read_text("utf-8") for path in FOLDER.glob("members/*.md")}
    written["members.md"] = (FOLDER / "members.md").read_text("utf-8")
    assert written.keys() == made.keys()
    stale = [name for name, text in made.items() if written[name] != text]
    assert not stale, "run `python -m docs.member_reference`"


def test_what_is_not_simulated_or_not_allowed_is_said() -> None:
    made = pages()
    assert "not simulated: expressions read and write no files" in made["members/System.Xml.Linq.md"]
    assert "not allowed" in made["members/System.md"]
    assert "| JObject | all members | all |" in made["members.md"]
