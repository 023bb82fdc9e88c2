"""The reference pages of members say what is not simulated, and why."""

from __future__ import annotations

from docs.member_reference import pages  # type: ignore[import-not-found]
from docs.not_simulated import is_allowed, is_implemented  # type: ignore[import-not-found]

from apimpolicy.checks.rules.member_not_simulated import MemberNotSimulated
from apimpolicy.csharp.dotnet.metadata import all_definitions
from apimpolicy.csharp.dotnet.registry import reason_against


def test_what_is_not_simulated_or_not_allowed_is_said() -> None:
    made = pages()
    assert "not simulated: expressions read and write no files" in made["members/System.Xml.Linq.md"]
    assert "not allowed" in made["members/System.md"]
    assert "| IGroup | all members | all |" in made["members.md"]
    assert "not simulated: the gateway allows no tasks" in made["members/Newtonsoft.Json.Linq.md"]


def test_check_looks_for_everything_that_is_allowed_and_not_simulated() -> None:
    """POL220 sees only expressions with one of its words."""
    for definition in all_definitions():
        for member in definition.all_members():
            if (
                definition.use == "not allowed"
                or not is_allowed(definition, member)
                or is_implemented(definition, member)
            ):
                continue
            if reason_against(definition, member.signature).startswith(
                ("the gateway allows no", "Azure refuses the type")
            ):
                continue  # an error
            shown = f"{definition.name}.{member.name} {member.signature}"
            assert any(word in shown for word in MemberNotSimulated.members), shown
