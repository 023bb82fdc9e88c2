"""What `check` needs for a hostile document: findings have a maximum, and the work grows as the document does.

Work is counted in lines of Python that run and in values that are kept, never in seconds.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from apimpolicy.checks.document import LONGEST_TEXT, MORE, MOST_FINDINGS, check_document, check_readings
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.flow import MOST_ENTRIES
from apimpolicy.checks.rules.slow_pattern import REPEATED_GROUP, _ends_in_repetition
from apimpolicy.checks.subject import Settings, Subject
from apimpolicy.diagnostics import Severity
from apimpolicy.report.terminal import render
from apimpolicy.text import secrets
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.diagnostics import Diagnostic


def inbound(content: str) -> str:
    backend = "<backend><forward-request /></backend>"
    return f"<policies><inbound>{content}</inbound>{backend}<outbound /><on-error /></policies>"


def found_in(text: str, settings: Settings | None = None) -> list[Diagnostic]:
    return check_document(Source(text, "a.xml"), ExpressionCheck(), None, settings)


def lines_run(work: Callable[[], object]) -> int:
    """How many lines of Python code a function runs."""
    counted = 0

    def count(_frame: Any, event: str, _argument: Any) -> Any:
        nonlocal counted
        counted += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        work()
    finally:
        sys.settrace(before)
    return counted


CONDITION = '<when condition="@((string)context.Variables[&quot;a&quot;] == &quot;b&quot;)"><x/></when>'
NEVER_SET = '<set-variable name="x" value="@(context.Variables[&quot;a&quot;])" />'


def labels(count: int) -> str:
    jumps = "".join(f"l{i}: goto l{i + 1};" for i in range(count))
    return inbound(f'<set-variable name="x" value="@{{ {jumps} l{count}: return 0; }}" />')


GROWING: dict[str, Callable[[int], str]] = {
    "suppressions in one line": lambda count: inbound("<!-- apimpolicy: ignore POL101: x --><x/>" * count),
    "suppressions": lambda count: inbound("\n<!-- apimpolicy: ignore POL101: x -->\n<x/>" * count),
    "suppressions around": lambda count: inbound(
        "<!-- apimpolicy: ignore POL101: x --><choose><otherwise>\n" * 20
        + "<x/>" * count
        + "</otherwise></choose>" * 20
    ),
    "labels": labels,
    "conditions": lambda count: inbound(f"<choose>{CONDITION * count}</choose>"),
}


@pytest.mark.parametrize("bomb", GROWING.values(), ids=GROWING)
def test_twice_the_document_is_twice_the_work(bomb: Callable[[int], str]) -> None:
    found_in(bomb(10))
    once, twice = (lines_run(partial(found_in, bomb(count))) for count in (200, 400))
    assert twice <= once * 2.1, f"{once} and {twice} lines for twice as much"


def test_no_more_than_the_most_findings_and_one_that_says_so() -> None:
    found = found_in(inbound("<x/>" * (MOST_FINDINGS + 5)))
    assert len(found) == MOST_FINDINGS + 1
    assert [finding.code for finding in found[-2:]] == ["POL101", MORE]
    assert found[-1].severity is Severity.ERROR
    assert found[-1].message == "this document has more than 1,000 findings; only the most severe are listed"
    assert len(found_in(inbound("<x/>" * MOST_FINDINGS))) == MOST_FINDINGS


def test_errors_are_listed_before_what_is_less_bad() -> None:
    text = inbound(NEVER_SET * (MOST_FINDINGS + 5) + "<x/>")
    found = found_in(text)
    assert len(found) == MOST_FINDINGS + 1
    assert [finding.code for finding in found if finding.severity is Severity.ERROR] == ["POL101"]
    assert (found[-1].code, found[-1].severity) == (MORE, Severity.WARNING)


def test_what_is_suppressed_does_not_count() -> None:
    many = "\n<!-- apimpolicy: ignore POL101: x -->\n<x/>" * (MOST_FINDINGS + 5)
    assert [finding.code for finding in found_in(inbound(many + "\n<!-- apimpolicy: ignore POL302: y --><y/>"))] == [
        "POL041",
        "POL101",
    ]


def test_a_name_as_long_as_a_file_is_shown_shortened() -> None:
    found = found_in(f"<{'x' * 100_000}></a></a>")
    assert all(len(text) <= LONGEST_TEXT + 1 for finding in found for text in (finding.message, finding.label))


def test_that_there_is_more_cannot_be_left_out() -> None:
    text = inbound("<!-- apimpolicy: ignore-file POL043: x -->" + "<x/>" * (MOST_FINDINGS + 5))
    assert found_in(text, Settings(select=("POL101",)))[-1].code == MORE
    found = check_readings([Source(text), Source(inbound(""))], ExpressionCheck())
    assert found[-1].code == MORE


def kept_for(count: int) -> int:
    """The variables in the states before so many policies."""
    text = inbound("".join(f'<set-variable name="v{i}" value="{i}" />' for i in range(count)))
    subject = Subject(read(Source(text)), ExpressionCheck(), Settings())
    states = {id(state): state for state in map(subject.flow.before, subject.elements)}
    return sum(len(state.variables) for state in states.values())


def test_the_states_of_variables_have_a_bound() -> None:
    assert kept_for(300) == 300 * 301 // 2
    assert kept_for(3000) <= MOST_ENTRIES


def test_behind_the_bound_nothing_is_said_of_variables() -> None:
    """Neither that one is missing, nor which type one has."""
    many = "".join(f'<set-variable name="v{i}" value="{i}" />' for i in range(1000))
    read_of = '<set-variable name="w" value="@((int)context.Variables[&quot;{}&quot;])" />'
    assert [finding.code for finding in found_in(inbound(read_of.format("other")))] == ["POL201"]
    assert found_in(inbound(many + read_of.format("other") + read_of.format("v3"))) == []


def test_a_finding_in_a_long_line_costs_what_one_in_a_short_line_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_known", OrderedDict())  # those of other tests are no part of the work

    def work(count: int) -> int:
        finding = found_in(inbound("<x/>" * count + "<y/>"), Settings(select=("POL101",)))[count // 2]
        return lines_run(lambda: render(finding))

    assert work(900) <= work(300) * 1.05


def test_the_element_of_a_place_is_found_without_looking_at_all_elements() -> None:
    def work(count: int) -> int:
        subject = Subject(read(Source(inbound("<x/>" * count))), ExpressionCheck(), Settings())
        place = subject.elements[4].start
        assert subject.element_at(place) is subject.elements[4]
        return lines_run(lambda: subject.element_at(place))

    assert work(4000) <= work(1000) + 10


HUGE = 100_000
"""So many that the square of it takes hours: a test that ends has not looked at every end from every beginning."""
LONG = {
    "outputs without an end": '{{ "' * HUGE,
    "tags without an end": "{% " * HUGE,
    "bodies without an end": "{{ body" * HUGE,
    "filters without an end": "{{ a | b" * HUGE,
    "outputs that end": "{{ body | upcase }}" * 900,
}


@pytest.mark.parametrize("template", LONG.values(), ids=LONG)
@pytest.mark.parametrize("around", ["{}", "<return-response>{}</return-response>"])
def test_a_template_is_read_once(template: str, around: str) -> None:
    body = f'<set-body template="liquid"><![CDATA[{template}]]></set-body>'
    assert found_in(inbound(around.format(body)))


@pytest.mark.parametrize("pattern", ["(?:" + "a" * HUGE, "(?:a" * HUGE, "(?:" + "a+" * HUGE, "(" + r"\\" * HUGE])
def test_a_pattern_is_looked_at_once(pattern: str) -> None:
    assert not any(_ends_in_repetition(group[1]) for group in REPEATED_GROUP.finditer(pattern))


@pytest.mark.parametrize(
    ("pattern", "is_slow"),
    [
        ("(a+)+", True),
        ("(?:a*)*b", True),
        ("(?<n>[ab]+){2}", True),
        ("(a|b+)*", True),
        (r"(\d+)+", True),
        (r"(a\+)+", False),
        ("(a+b)+", False),
        ("(a+)", False),
        ("(+)+", False),
        ("([+])+", False),
        ("(a(b)c+)+", False),
    ],
)
def test_which_patterns_repeat_a_repetition(pattern: str, is_slow: bool) -> None:
    assert any(_ends_in_repetition(group[1]) for group in REPEATED_GROUP.finditer(pattern)) == is_slow
