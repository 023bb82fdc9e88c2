"""`diff` pairs policies and services that moved by what is in them, and never two that have nothing in common."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import pytest
from tests.services.test_service_changes import FILES, write

from apimpolicy.cli import main

if TYPE_CHECKING:
    from pathlib import Path

HEADERS = tuple(f'<set-header name="X-{name}"><value>{name}</value></set-header>' for name in "ABCDEF")
OTHERS = tuple(f'<set-query-parameter name="{name}"><value>{name}</value></set-query-parameter>' for name in "abcdef")


def policy(*lines: str) -> str:
    content = "\n".join(lines)
    return f"<policies>\n<inbound>\n<base />\n{content}\n</inbound>\n<backend>\n<base />\n</backend>\n</policies>\n"


class Row(NamedTuple):
    """Files of both sides, the moves that are told, and the exit code."""

    old: dict[str, str]
    new: dict[str, str]
    moved: list[tuple[str, str]]
    code: int


ROWS = {
    "a folder": Row({"a/p.xml": policy(*HEADERS)}, {"b/p.xml": policy(*HEADERS)}, [("a/p.xml", "b/p.xml")], 0),
    "a name": Row({"p.xml": policy(*HEADERS)}, {"q.xml": policy(*HEADERS)}, [("p.xml", "q.xml")], 0),
    "layout": Row({"p.xml": policy(*HEADERS)}, {"q.xml": policy("", *HEADERS)}, [("p.xml", "q.xml")], 0),
    "a name and a value": Row(
        {"p.xml": policy(*HEADERS)},
        {"q.xml": policy(*HEADERS[:5], HEADERS[5].replace(">F<", ">G<"))},
        [("p.xml", "q.xml")],
        1,
    ),
    "the one that is most alike": Row(
        {"p.xml": policy(*HEADERS), "q.xml": policy(*HEADERS[:5])},
        {"r.xml": policy(*HEADERS[:5]), "s.xml": policy(*HEADERS)},
        [("q.xml", "r.xml"), ("p.xml", "s.xml")],
        0,
    ),
    "another policy": Row({"p.xml": policy(*HEADERS)}, {"q.xml": policy(*OTHERS)}, [], 1),
    "another policy of the same name": Row({"a/p.xml": policy(*HEADERS)}, {"b/p.xml": policy(*OTHERS)}, [], 1),
    "skeletons": Row({"p.xml": policy()}, {"q.xml": policy()}, [], 1),
    "a copy": Row({"p.xml": policy(*HEADERS)}, {"p.xml": policy(*HEADERS), "q.xml": policy(*HEADERS)}, [], 1),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_policies_that_moved_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], row: Row
) -> None:
    for side, files in (("old", row.old), ("new", row.new)):
        for name, text in files.items():
            file = tmp_path / side / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    monkeypatch.chdir(tmp_path)
    assert main(["diff", "old", "new", "--format", "json"]) == row.code
    report = json.loads(capsys.readouterr().out)
    assert [(each["old"], each["new"]) for each in report["moved"]] == row.moved
    assert report["complete"]
    moved = {name for pair in row.moved for name in pair}
    assert not any(each["status"] in ("added", "removed") and each["path"] in moved for each in report["policies"])


@pytest.mark.parametrize("extra", [0, 1], ids=["one service", "two services"])
def test_services_that_moved_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], extra: int
) -> None:
    for side, folder in (("old", "extract"), ("new", "deploy/apim")):
        write(tmp_path / side / folder, FILES)
        for number in range(extra):
            users = tmp_path / side / f"users{number}" / "apis" / "users"
            users.mkdir(parents=True)
            (users / "apiInformation.json").write_text('{"properties": {"displayName": "Users", "path": "users"}}')
    monkeypatch.chdir(tmp_path)
    assert main(["diff", "old", "new"]) == 0
    assert "extract → deploy/apim" in capsys.readouterr().out
    (tmp_path / "new/deploy/apim/apis/orders/apiInformation.json").write_text(
        FILES["apiInformation.json"].replace("false", "true")
    )
    assert main(["diff", "old", "new", "--format", "markdown"]) == 1
    out = capsys.readouterr().out
    assert "subscription required was no, is now yes" in out
    assert "Moved: `extract` → `deploy/apim`" in out
    assert "not compared" not in out


def test_a_file_that_was_at_the_new_place_before_does_not_vanish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for side, folder in (("old", "extract"), ("new", "deploy/apim")):
        write(tmp_path / side / folder, FILES)
        (tmp_path / side / folder / "settings.cfg").write_text("1")
    place = tmp_path / "old/deploy/apim"
    place.mkdir(parents=True)
    (place / "settings.cfg").write_text("2")
    monkeypatch.chdir(tmp_path)
    assert main(["diff", "old", "new"]) == 3
    assert "settings.cfg" in capsys.readouterr().out
