"""Unknown names: few get a suggestion, hundreds cost no more than a few. Work is counted in calls, not in seconds."""

from __future__ import annotations

import sys
import threading

import pytest

from apimpolicy.csharp.binding import bind
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.text.source import Excerpt


def code_with(count: int) -> str:
    variables = "".join(f"var localVariable{n} = {n}; " for n in range(count))
    return "@{ " + variables + "return " + " + ".join(f"localVariaple{n}" for n in range(count)) + "; }"


def labels_of(code: str) -> list[str]:
    excerpt = Excerpt.of(code)
    return [finding.label for finding in bind(parse(excerpt), excerpt).diagnostics]


def calls_of(code: str) -> int:
    count = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    labels_of(code)  # everything is loaded
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        labels_of(code)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return count


def test_each_of_a_few_names_gets_a_suggestion() -> None:
    assert labels_of(code_with(20)) == [f"did you mean 'localVariable{n}'?" for n in range(20)]


def test_hundreds_of_names_do_not() -> None:
    labels = labels_of(code_with(400))
    assert len(labels) == 400
    assert labels[0] == "did you mean 'localVariable0'?"
    assert labels[-1] == ""


@pytest.mark.parametrize("count", [200])
def test_work_grows_with_the_names(count: int) -> None:
    assert calls_of(code_with(4 * count)) < 6 * calls_of(code_with(count))
