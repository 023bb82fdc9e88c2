"""The files in `assistants` have the instructions of the page about assistants; APIMPOLICY_UPDATE=1 writes them. The
tasks for assistants can be solved.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from benchmarks.assistants.__main__ import Verdict, judge, solution, tasks
from page_runner import blocks

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "coding-assistants.md"
SOLVED = [task["name"] for task in tasks()] if os.environ.get("NIGHTLY") else ["token", "retry-busy"]
SKILL = """\
---
name: azure-api-management-policies
description: >-
  Write, change or review Azure API Management policies (XML with C# expressions, also in Terraform, Bicep and APIOps
  folders). Check, test, prove and audit them offline with the tools of apimpolicy before you hand them over.
---

"""
COPILOT = """\
---
applyTo: "**/*.xml"
---

"""


@pytest.mark.parametrize(
    ("name", "head"),
    [("azure-api-management-policies/SKILL.md", SKILL), ("apimpolicy.instructions.md", COPILOT), ("AGENTS.md", "")],
)
def test_all_assistants_get_the_same_instructions(name: str, head: str) -> None:
    (text,) = (block.content for block in blocks(PAGE.read_text("utf-8")) if block.title == "AGENTS.md")
    path = ROOT / "assistants" / name
    if os.environ.get("APIMPOLICY_UPDATE"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + text, encoding="utf-8")
    assert path.read_text("utf-8") == head + text


@pytest.mark.parametrize("name", SOLVED)
def test_a_policy_of_the_tasks_is_right(name: str) -> None:
    (task,) = (each for each in tasks() if each["name"] == name)
    assert judge(task, solution(task)) == Verdict()
    nothing = "<policies><inbound><base /></inbound><backend><base /></backend><outbound /><on-error /></policies>"
    assert judge(task, nothing).step == "test"
