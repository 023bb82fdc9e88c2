"""Removing a piece of a service never makes a result more certain: it stays, or becomes undecided."""

from __future__ import annotations

import contextlib
import itertools
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.rows import read_yaml
from tests.sampling import IS_NIGHTLY, sampled
from tests.unit.unknowns.generated_services import bicep, extracts, terraform
from tests.unit.unknowns.test_unknowns import CLAIM, SEARCH_SECONDS

from apimpolicy.cli import main

SERVICES = read_yaml(Path(__file__).with_name("whole.yaml").read_text(encoding="utf-8"))
NO_REPORT = '{"diagnostics": [], "claims": [], "operations": [], "findings": [{"code": "AUD011"}]}'
"""What a command that exits with 2 leaves undecided."""
PAIRS = 3
"""Pairs of pieces of a service that are removed; all of them at night."""


def _removals() -> list[tuple[str, tuple[str, ...]]]:
    found: list[tuple[str, tuple[str, ...]]] = []
    for name, service in SERVICES.items():
        pairs = [*itertools.combinations(service["pieces"], 2)]
        found += [(name, each) for each in (*itertools.combinations(service["pieces"], 1), *sampled(pairs, PAIRS))]
    return found


def _id(value: object) -> str:
    return "+".join(value) if isinstance(value, tuple) else str(value)


class Results(NamedTuple):
    """The errors of `check` and `prove`, the access and the findings of `audit`, and whether the claim is proven."""

    errors: set[str]
    access: dict[str, str]
    findings: list[str]
    is_proven: bool


def without(files: dict[str, str], pieces: tuple[str, ...]) -> dict[str, str]:
    found = dict(files)
    for piece in pieces:
        name, _, key = piece.partition(":")
        if not key:
            found.pop(name, None)
        elif name in found:
            found[name] = "".join(line for line in found[name].splitlines(True) if not line.startswith(f"{key} ="))
    return found


ENOUGH_SECONDS = "20"
"""For what must be proven, also on a busy machine."""


def results(
    files: dict[str, str], root: Path, capsys: pytest.CaptureFixture[str], seconds: str = SEARCH_SECONDS
) -> Results:
    for name, text in {**files, "apimpolicy.toml": CLAIM}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")

    def report(*command: str) -> dict[str, Any]:
        main([*command, "--format", "json"])
        found: dict[str, Any] = json.loads(capsys.readouterr().out or NO_REPORT)
        return found

    checked, audited = report("check", "."), report("audit", ".")
    claims = report("prove", ".", "--seconds", seconds)["claims"]
    errors = [f"{each['code']} {each['message']}" for each in checked["diagnostics"] if each["severity"] == "error"]
    return Results(
        {*errors, *(each["problem"] for each in claims if each["status"] == "error")},
        {f"{each['api']} {each['name']}": each["access"] for each in audited["operations"]},
        [each["code"] for each in audited["findings"]],
        bool(claims) and all(each["status"] == "proven" for each in claims),
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Results]:
    return {}


@pytest.mark.parametrize(("name", "pieces"), _removals(), ids=_id)
def test_a_removal_makes_nothing_more_certain(
    name: str,
    pieces: tuple[str, ...],
    whole: dict[str, Results],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = SERVICES[name]["files"]
    if name not in whole:
        (tmp_path / "whole").mkdir()
        monkeypatch.chdir(tmp_path / "whole")
        whole[name] = results(files, tmp_path / "whole", capsys, ENOUGH_SECONDS)
        assert not whole[name].errors
        assert set(whole[name].access.values()) == {"token"}
        assert not whole[name].findings
        assert whole[name].is_proven
    (tmp_path / "part").mkdir()
    monkeypatch.chdir(tmp_path / "part")
    before, after = whole[name], results(without(files, pieces), tmp_path / "part", capsys)
    assert_no_more_certain(before, after)


def assert_no_more_certain(before: Results, after: Results) -> None:
    """Fail where a result about a part of a service is more certain than that about the whole."""
    assert not after.errors
    common = before.access.keys() & after.access.keys()
    assert all(after.access[each] in (before.access[each], "not decided") for each in common)
    assert after.access.keys() == before.access.keys() or "AUD011" in after.findings
    decided = all(words == "token" for words in after.access.values())
    assert decided or not after.is_proven


SERVICES_MADE = {"terraform": terraform(), "bicep": bicep(), "extract": extracts()}
EXAMPLES = 300 if IS_NIGHTLY else 3


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", SERVICES_MADE)
@settings(
    max_examples=EXAMPLES,
    derandomize=not IS_NIGHTLY,
    database=None,
    phases=(Phase.generate, Phase.shrink) if IS_NIGHTLY else (Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_a_removal_from_a_generated_service(
    kind: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    made = data.draw(SERVICES_MADE[kind])
    pieces = data.draw(st.lists(st.sampled_from(made.pieces), min_size=1, max_size=3, unique=True))
    root = tmp_path_factory.mktemp("service")
    with contextlib.chdir(root):
        before = results(made.files, root, capsys)
        assert (before.errors, set(before.access.values()), before.findings) == (set(), {"token"}, [])
    root = tmp_path_factory.mktemp("part")
    with contextlib.chdir(root):
        assert_no_more_certain(before, results(made.without(pieces), root, capsys))
