"""Two versions of a policy, and laws: `diff(a, a)` is the same, and `diff(b, a)` mirrors `diff(a, b)`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.rows import read_yaml
from tests.sampling import examples

from apimpolicy import Gateway
from apimpolicy.cli.diff import exit_code_of
from apimpolicy.gateway.context.records import Request
from apimpolicy.gateway.engine.token_issuers import shared_keys
from apimpolicy.reasoning.scenarios.scenario import Bounds
from apimpolicy.testing.comparing.running import compare_versions
from apimpolicy.testing.comparing.versions import versions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.report.difference_data import ComparisonReport

pytest.importorskip("z3")

ROWS = read_yaml(Path(__file__).with_name("compared_policies.yaml").read_text("utf-8"))
POLICY = "<policies><inbound><base />{}</inbound><backend><base /></backend></policies>"
_MIRRORED = {
    r"(.*)was (.*), is now (.*)": "{0}was {2}, is now {1}",
    r"(.*) now gets (\S+): (.*)": "{0} no longer gets {1} (it was {2})",
    r"(.*) no longer gets (\S+) \(it was (.*)\)": "{0} now gets {1}: {2}",
    r"(.*) (\S+) instead of (.*)": "{0} {2} instead of {1}",
}


class Found(NamedTuple):
    """The result of a comparison: in which both directions must agree."""

    differences: list[str]
    is_complete: bool
    exit_code: int


@pytest.fixture(autouse=True, scope="module")
def keys_are_shared() -> Iterator[None]:
    with shared_keys():
        yield


def report(folder: Path, old: str, new: str) -> ComparisonReport:
    for side, inbound in (("old", old), ("new", new)):
        (folder / f"{side}.xml").write_text(POLICY.format(inbound), "utf-8")
    with versions(str(folder / "old.xml"), str(folder / "new.xml")) as found:
        return compare_versions(found, lambda _: Bounds(seconds=20))


def compared(folder: Path, old: str, new: str) -> Found:
    found = report(folder, old, new)
    return Found(sorted(each.sentence for each in found.items), found.is_complete, exit_code_of(found))


def mirrored(sentence: str) -> str:
    found = ((re.fullmatch(pattern, sentence), form) for pattern, form in _MIRRORED.items())
    return next(form.format(*match.groups()) for match, form in found if match is not None)


def assert_laws(folder: Path, old: str, new: str) -> Found:
    """Fail unless both versions are the same as themselves, and the comparison is the mirror of that back."""
    forth, back = compared(folder, old, new), compared(folder, new, old)
    assert back == forth._replace(differences=sorted(map(mirrored, forth.differences)))
    again = report(folder, new, new)
    assert (again.is_empty, again.is_complete, again.same) == (True, True, 1)
    commented = compared(folder, old, f"<!-- as before -->\n{old}")
    assert commented == ([], commented.is_complete, 0 if commented.is_complete else 3)
    return forth


@pytest.mark.parametrize("name", ROWS)
def test_versions_of_a_policy(name: str, tmp_path: Path) -> None:
    row = ROWS[name]
    code = 1 if row["differences"] else 0 if row["is-complete"] else 3
    found = assert_laws(tmp_path, row["old"], row["new"])
    assert found == (sorted(row["differences"]), row["is-complete"], code)


_HEADER = '<set-header name="{}" exists-action="override"><value>{}</value></set-header>'
_WHEN = '<choose><when condition=\'@(context.Request.Headers.GetValueOrDefault("X", "") {})\'>{}</when></choose>'
PIECES = [
    *(_HEADER.format("A", value) for value in "ab"),
    _HEADER.format("B", '@(context.Request.Headers.GetValueOrDefault("A", "none"))'),
    '<set-header name="A" exists-action="delete" />',
    *(f'<return-response><set-status code="{code}" reason="no" /></return-response>' for code in (403, 404)),
    "<set-method>PUT</set-method>",
    '<set-variable name="v" value="@(context.Request.Method.Length)" />',
]
POLICIES = st.lists(
    st.one_of(
        st.sampled_from(PIECES),
        st.builds(_WHEN.format, st.sampled_from(('== "a"', '!= "a"', '== "b"')), st.sampled_from(PIECES)),
    ),
    max_size=3,
).map("".join)


@settings(max_examples=examples(30), derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=POLICIES, new=POLICIES)
def test_comparisons_have_their_laws(old: str, new: str, tmp_path: Path) -> None:
    assert_laws(tmp_path, old, new)


SETS = '<set-variable name="{}" value="{}" />'
USES = _HEADER.format("{}", '@(context.Variables.GetValueOrDefault("{}", "none"))')
INBOUND = st.lists(
    st.sampled_from(
        (
            *(SETS.format(name, value) for name in "vw" for value in ("1", "@(context.Request.Method)")),
            *(USES.format(name, name) for name in "vw"),
            _HEADER.format("A", "a"),
            "<base />",
        )
    ),
    max_size=3,
).map("".join)
OUTBOUND = st.lists(st.sampled_from((_HEADER.format("R", "a"), _HEADER.format("R", "b"), "<base />")), max_size=2).map(
    "".join
)


def test_a_fragment_may_be_in_on_error(tmp_path: Path) -> None:
    fragment = f"<fragment><choose><when condition='@(context.LastError != null)'>{_HEADER}</when></choose></fragment>"
    for name, value in (("old", "1"), ("new", "2"), ("spaced", "1")):
        text = fragment.format("X", value).replace("<choose>", "<choose>\n" if name == "spaced" else "<choose>")
        (tmp_path / f"{name}.xml").write_text(text, "utf-8")
    for other, code in (("new", 3), ("spaced", 0)):
        with versions(str(tmp_path / "old.xml"), str(tmp_path / f"{other}.xml")) as found:
            report = compare_versions(found, lambda _: Bounds(seconds=20))
        assert (exit_code_of(report) in (1, 3)) is bool(code)
        assert report.is_complete is not bool(code)


HAD = '@(context.Response.Headers.GetValueOrDefault("R", "none"))'
ANY = "<policies><inbound>{}</inbound><backend>{}</backend><outbound>{}</outbound></policies>"
AROUND = (
    ANY.format(
        USES.format("G", "v"),
        "<forward-request />",
        USES.format("Seen", "v") + USES.format("SeenToo", "w") + _HEADER.format("Had", HAD),
    ),
    ANY.format(f"<base />{USES.format('Late', 'v')}{USES.format('LateToo', 'w')}", "<base />", "<base />"),
)
"""Policies of a wider scope and of a narrower one, which read what the ones that are compared leave."""


@settings(
    max_examples=examples(150),
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(sections=st.tuples(INBOUND, INBOUND, OUTBOUND, OUTBOUND), is_fragment=st.booleans())
def test_what_is_the_same_is_the_same_in_any_surroundings(
    sections: tuple[str, str, str, str], is_fragment: bool, tmp_path: Path
) -> None:
    old, new = (
        f"<fragment>{inbound.replace('<base />', '')}</fragment>"
        if is_fragment
        else ANY.format(inbound, "<base />", outbound)
        for inbound, outbound in (sections[::2], sections[1::2])
    )
    for side, text in (("old", old), ("new", new)):
        (tmp_path / f"{side}.xml").write_text(text, "utf-8")
    with versions(str(tmp_path / "old.xml"), str(tmp_path / "new.xml")) as found:
        if exit_code_of(compare_versions(found, lambda _: Bounds(seconds=0.2))):
            return
    for scope, around in zip(("global", "operation"), AROUND, strict=True):
        answers = []
        for text in (old, new):
            gateway = Gateway(fragments={"f": text} if is_fragment else {})
            own = POLICY.format('<include-fragment fragment-id="f" />') if is_fragment else text
            result = gateway.run({"api": own, scope: around}, Request("PUT", "/"))
            sent = [dict(each.headers.fields()) for each in result.backend_requests]
            answers.append((sent, result.response.status_code, dict(result.response.headers.fields())))
        assert answers[0] == answers[1]
