"""What a stranger writes into policies and file names stays text in a comment."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from apimpolicy.report.difference_data import (
    CHANGED,
    DIFFERENT,
    ERROR,
    UNDECIDED,
    AccessChange,
    ComparisonReport,
    DifferenceItem,
    DifferenceReport,
    ElementChange,
    Journey,
    SettingChange,
    SettingGroup,
)
from apimpolicy.report.difference_formats import MOST_CHARACTERS, to_markdown
from apimpolicy.report.difference_text import comparison
from apimpolicy.report.markup import code_span, fenced

EVIL = [
    "![x](https://attacker.example/x.png)",
    "[link](https://attacker.example)",
    "<img src=x> <!-- apimpolicy diff --> </details>",
    "a | b \\| c",
    "` ``code`` ```",
    "@org/team #12 org/repo#3",
    "https://attacker.example www.attacker.example",
    "$x$ **bold** ~~gone~~ _soft_",
    "line\n# heading\n| --- |\n\n<b>",
    "```\n# out of the fence\n````",
]


def report(text: str, status: str = DIFFERENT) -> DifferenceReport:
    journey = Journey(text, text, text, f"first\n{text}")
    cause = ElementChange(text, 1, CHANGED, text, text, text, text)
    items = (DifferenceItem(text, text, journey, journey, cause, (text, text)),)
    return DifferenceReport(text, "old", "new", status, items, (text,), text if status == ERROR else "")


def whole(text: str, status: str) -> ComparisonReport:
    """A report that has the text in all of its parts."""
    changes = (
        ElementChange(text, 2, CHANGED, text, text, text, text, is_literal=True),
        ElementChange(text, 2, CHANGED, text),
    )
    access = (AccessChange(text, (text,), text, text, True),)
    setting = SettingChange(text, text, text, CHANGED, text, text, text, text, 1)
    settings = (SettingGroup(text, (setting, setting._replace(meaning=""))), SettingGroup("b", (), ()))
    return ComparisonReport((report(text, status),), settings, changes, access, (text,), (text,), problem=text)


SAID = ("a break", "broken", "opened", "cause")


@pytest.mark.parametrize("shown", [to_markdown, comparison])
def test_what_cannot_be_deployed_comes_first_then_access(shown: Callable[[ComparisonReport], str]) -> None:
    broken = report("broken", ERROR)._replace(items=())
    access = (AccessChange("opened", ("GET /a",), "token", "anyone", True),)
    text = shown(ComparisonReport((report("cause"), broken), access=access, breaks=("a break",), seconds=1.0))
    verdict, _, rest = text.partition("\n")
    for where, said in ((verdict.lower(), ("can't be loaded", "azure", "anyone", "1 change")), (rest, SAID)):
        places = [where.index(each) for each in said]
        assert places == sorted(places), where


@pytest.mark.parametrize("shown", [to_markdown, comparison])
def test_one_change_in_several_policies_is_shown_once(shown: Callable[[ComparisonReport], str]) -> None:
    one, other = report("lock"), report("lock")
    other = other._replace(path="orders", items=(other.items[0]._replace(operations=("GET /orders",)),))
    alone, both = (shown(ComparisonReport(each, seconds=1.0)) for each in ((one,), (one, other)))
    assert both.startswith("1 change for callers") or "**1 change for callers" in both
    assert both.count("1. ") == alone.count("1. ")
    assert "2. " not in both


def without_blocks(markdown: str) -> str:
    """What is outside of fenced blocks, whose fences nothing inside may end."""
    kept: list[str] = []
    fence = ""
    for line in markdown.splitlines():
        found = re.match("`{3,}", line)
        if fence:
            if line == fence:
                fence = ""
        elif found:
            fence = found[0]
        else:
            kept.append(line)
    assert not fence
    return "\n".join(kept)


@pytest.mark.parametrize("text", EVIL)
@pytest.mark.parametrize("status", [DIFFERENT, UNDECIDED, ERROR])
def test_nothing_becomes_markup(text: str, status: str) -> None:
    seen = without_blocks(to_markdown(whole(text, status)))
    bare = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", seen)
    bare = re.sub(r"</?(?:details|summary)>|<br>|^\*\*|\*\*$", "", bare, flags=re.MULTILINE)
    bare = bare.replace("; ****, before: **", "").replace("| --- | --- | --- |", "")
    assert not re.search(r"[<>`*_~\[\]\\@#$]|://|www\.", bare), bare
    for row in seen.splitlines():
        if row.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", row)) == 4, row


def test_a_comment_has_a_size_that_github_takes() -> None:
    text = to_markdown(ComparisonReport(tuple(report(letter * 30_000) for letter in "xyz")))
    assert len(text) < MOST_CHARACTERS + 500
    assert "run `apimpolicy diff` to see it." in text


@pytest.mark.parametrize("text", EVIL)
def test_code_ends_where_it_should(text: str) -> None:
    span = code_span(text)
    opening = re.match("`+", span)
    assert opening is not None
    runs = re.findall("`+", span)
    assert [len(run) for run in runs].count(len(opening[0])) == 2
    assert "\n" not in span
    block = fenced(text).splitlines()
    assert block[-1] not in block[1:-1]
    assert without_blocks(fenced(text)) == ""
