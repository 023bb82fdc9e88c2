"""What isn't known is the same in both versions of a policy, and nothing is proven from what stands in for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from apimpolicy.cli import main

if TYPE_CHECKING:
    from pathlib import Path

HEADER = '<set-header name="X-B" exists-action="override"><value>{}</value></set-header>'
POLICY = "<policies><inbound><base />\n{}</inbound><backend><base /></backend><outbound><base /></outbound></policies>"
AROUND = {
    "a text": '<set-header name="X-Env"><value>${env}</value></set-header>',
    "a token in a number": '<rate-limit calls="#{limit}#" renewal-period="60" />',
    "a token in code": '<set-variable name="a" value="@(#{n}# + 1)" />',
    "a list in code": (
        '<choose><when condition="@(new [] {${list}}.Contains(context.Request.IpAddress))"><return-response>'
        '<set-status code="403" reason="no" /></return-response></when></choose>'
    ),
    "a host": '<set-backend-service base-url="https://${host}/a" />',
    "an audience": (
        '<validate-jwt header-name="Authorization"><openid-config url="https://${host}/openid-configuration" />'
        "<audiences><audience>#{audience}#</audience></audiences></validate-jwt>"
    ),
    "policies": "${extra}",
    "a fragment that is elsewhere": '<include-fragment fragment-id="elsewhere" />',
    "a named value": '<set-header name="X-Env"><value>{{env}}</value></set-header>',
}
"""Policies with something that isn't known, the same in both versions."""


class Same(NamedTuple):
    """Two texts that differ in what only an unknown value decides: never "the same"."""

    old: str
    new: str


UNDECIDED = {
    "a branch on a named value": Same(
        *(
            f'<choose><when condition="@("{{{{mode}}}}" == "prod")">{HEADER.format(value)}</when></choose>'
            for value in "12"
        )
    ),
    "a branch on a placeholder": Same(
        *(
            f'<choose><when condition="@("${{mode}}" == "prod")">{HEADER.format(value)}</when></choose>'
            for value in "12"
        )
    ),
    "limits with equal stand-ins": Same(
        *(
            '<rate-limit calls="{{' + first + '}}" renewal-period="60" /><quota calls="{{' + second + '}}" '
            'renewal-period="3600" />'
            for first, second in (("calls", "max-calls"), ("max-calls", "calls"))
        )
    ),
    "conditions with equal stand-ins": Same(
        *(
            f'<choose><when condition="{{{{{first}}}}}">{HEADER.format(1)}</when><when condition="{{{{{second}}}}}">'
            f"{HEADER.format(2)}</when></choose>"
            for first, second in (("a", "b"), ("b", "a"))
        )
    ),
    "a fragment that is elsewhere": Same("", '<include-fragment fragment-id="elsewhere" />'),
}


def compared(tmp_path: Path, old: str, new: str, *, in_service: bool) -> int:
    for name, text in (("old", old), ("new", new)):
        folder = tmp_path / name / "apis" / "orders"
        folder.mkdir(parents=True)
        if in_service:
            (folder / "apiInformation.json").write_text('{"properties": {"displayName": "Orders", "path": "orders"}}')
        (folder / "policy.xml").write_text(POLICY.format(text))
    if in_service:
        return main(["diff", str(tmp_path / "old"), str(tmp_path / "new")])
    return main(["diff", *(str(tmp_path / name / "apis" / "orders" / "policy.xml") for name in ("old", "new"))])


@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
def test_a_change_beside_what_is_not_known_has_a_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], around: str
) -> None:
    assert compared(tmp_path, around, around + HEADER.format(1), in_service=False) == 1
    out = capsys.readouterr().out
    assert "the backend now gets X-B: 1" in out
    assert "GET /" in out


@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
def test_a_mistake_beside_what_is_not_known_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], around: str
) -> None:
    assert (
        compared(tmp_path, around, around + HEADER.format(1).replace("set-header", "set-heade"), in_service=False) == 2
    )
    assert "unknown policy 'set-heade'" in capsys.readouterr().out


@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
def test_layout_around_what_is_not_known_is_no_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], around: str
) -> None:
    assert compared(tmp_path, around, f"\n   <!-- why -->{around}\n", in_service=False) == 0
    assert "Nothing changes for callers" in capsys.readouterr().out


@pytest.mark.parametrize("in_service", [False, True], ids=["alone", "in a service"])
@pytest.mark.parametrize("row", UNDECIDED.values(), ids=UNDECIDED)
def test_nothing_is_proven_from_a_stand_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], row: Same, in_service: bool
) -> None:
    if in_service and "${" in row.old:
        row = Same(row.old.replace("${mode}", "{{mode}}"), row.new.replace("${mode}", "{{mode}}"))
    assert compared(tmp_path, row.old, row.new, in_service=in_service) != 0
    out = capsys.readouterr().out
    assert "Nothing changes" not in out
    assert "everything else is proven" not in out
