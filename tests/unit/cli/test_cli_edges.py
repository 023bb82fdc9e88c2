"""Where a command meets the machine: odd names, closed and full streams, pipes in folders, caches of somebody else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apimpolicy.cli import main
from apimpolicy.project.cache import UNUSED_SECONDS, Cache, code_state
from apimpolicy.project.files import MAXIMUM_BYTES
from apimpolicy.project.findings import Findings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WRONG = "<policies><inbound><foo /></inbound></policies>"
LENGTH = (
    '<policies><inbound><set-variable name="n" value="@(context.Request.Body.As&lt;byte[]&gt;().Length)" />'
    "<return-response /></inbound></policies>"
)
ODD = b"bad\xff.xml"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "p.xml").write_text(WRONG)
    (tmp_path / "length.xml").write_text(LENGTH)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def odd(folder: Path) -> str:
    try:
        with open(os.path.join(os.fsencode(folder), ODD), "w") as file:
            file.write(WRONG)
    except OSError:
        pytest.skip("this file system takes names in UTF-8 only")
    return os.fsdecode(ODD)


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github", "azure", "junit"])
def test_a_name_that_is_not_utf_8(odd: str, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", odd, "--format", form]) == 1
    assert ("bad%FF.xml" if form == "sarif" else "bad\\udcff.xml") in capsys.readouterr().out
    assert main(["check", odd, "--format", form, "--output-file", "report"]) == 1
    assert Path("report").read_text("utf-8").startswith(("bad\\udcff", "{", "::error", "##vso[", "<", "1 problem"))


def test_a_baseline_takes_every_name(odd: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", odd, "p.xml", "--write-baseline", "b.json"]) == 0
    assert json.loads(Path("b.json").read_text())["findings"].keys() == {odd, "p.xml"}
    assert main(["check", odd, "p.xml", "--baseline", "b.json"]) == 0
    assert "2 findings of the baseline left out" in capsys.readouterr().out


def test_a_baseline_is_written_whole_or_not_at_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "b.json").write_text("before")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert main(["check", "p.xml", "--write-baseline", "b.json"]) == 2
    assert (folder / "b.json").read_text() == "before"
    assert {path.name for path in folder.iterdir()} == {"b.json", "p.xml", "length.xml"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--get", "/\udcff"],
        ["--url", "/\udcff"],
        ["--get", "/x", "--header", "A: \udcff"],
        ["--method", "P\udcff", "--url", "/x"],
        ["--method", "POST", "--url", "/x", "--body", "\udcff"],
        ["--get", "/x", "--named-value", "a=\udcff"],
    ],
)
def test_bytes_that_are_no_text(folder: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "length.xml", *arguments]) == 2
    assert "takes text in UTF-8, not '" in capsys.readouterr().err


def test_bodies_are_not_cut(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    size = MAXIMUM_BYTES + 1000
    (folder / "body").write_bytes(b"a" * size)
    (folder / "r.http").write_bytes(b"POST /x HTTP/1.1\r\n\r\n" + b"a" * size)
    for arguments in (["--url", "/x", "--body", "@body"], ["--request", "r.http"]):
        assert main(["run", "length.xml", *arguments]) == 0
        assert f"n = {size}" in capsys.readouterr().out


RUN = "from apimpolicy.cli import main; main()"


def in_a_shell(folder: Path, arguments: str) -> subprocess.CompletedProcess[str]:
    command = f"""exec {sys.executable} -c '{RUN}' {arguments}"""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False, env=environment
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ("check p.xml >&-", 1, ""),
        ("check p.xml >&- 2>&-", 1, ""),
        ("check p.xml >/dev/full", 2, "cannot write the output: No space left on device"),
        ("check p.xml >/dev/full 2>/dev/full", 2, ""),
        ("nothing 2>/dev/full", 2, ""),
        ("check - <&-", 2, "standard input is closed"),
        ("eval - <&-", 2, "standard input is closed"),
        ("eval --jsonl <&-", 2, "standard input is closed"),
        ("run - --get /x <&-", 2, "standard input is closed"),
        ("eval - </dev/zero", 2, "standard input is larger than 4 MB"),
        ("eval --jsonl </dev/zero", 2, "line 1 is longer than 4 MB"),
    ],
)
def test_closed_full_and_endless_streams(folder: Path, arguments: str, code: int, sentence: str) -> None:
    done = in_a_shell(folder, arguments)
    assert done.returncode == code, done
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_in_a_folder_keep_nobody_waiting(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.xml", "a.tf", "a.test.yaml", "apimpolicy.toml", "pyproject.toml", ".gitignore", "pipeline.yml"):
        os.mkfifo(folder / name)
    assert main(["check", "."]) == 1
    assert "p.xml:1:21: POL101" in capsys.readouterr().out
    assert main(["test", "."]) == 2
    assert "there are no test files" in capsys.readouterr().err


ROWS: Sequence[Any] = (
    [["POL101", "m", 0, 5, "terrible", "", ""]],
    [["POL101", None, 0, 5, "error", "", ""]],
    [["POL101", "m", -1, 5, "error", "", ""]],
    [["POL101", "m", 7, 5, "error", "", ""]],
    [["POL101", "m", True, 5, "error", "", ""]],
    [["POL101", "m", 0, 5, "error", None, []]],
    [["POL101", "m", 0, 5.5, "error", "", ""]],
    [["POL101"]],
    [5],
    5,
)


@pytest.mark.parametrize("rows", ROWS, ids=range(len(ROWS)))
def test_what_a_cache_cannot_hold_is_not_taken(rows: Any, tmp_path: Path) -> None:
    (tmp_path / "check-a.json").write_text(json.dumps({"version": 2, "entries": {"n": [False, rows]}}))
    assert Cache("a", str(tmp_path)).get("n") is None


def test_a_good_row_is_taken(tmp_path: Path) -> None:
    row = ["POL101", "m", 0, 5, "error", "", ""]
    (tmp_path / "check-a.json").write_text(json.dumps({"version": 2, "entries": {"n": [False, [row]]}}))
    found = Cache("a", str(tmp_path)).get("n")
    assert found is not None
    assert [list(finding) for finding in found.rows] == [row]


def test_a_cache_belongs_to_one_state_of_the_code(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    rule = tmp_path / "rules" / "rule.py"
    rule.write_text("1", encoding="utf-8")
    states = [code_state(str(tmp_path)), code_state(str(tmp_path))]
    rule.write_text("22", encoding="utf-8")
    states.append(code_state(str(tmp_path)))
    os.utime(rule, (1, 1))
    states.append(code_state(str(tmp_path)))
    (tmp_path / "__pycache__").mkdir()
    states.append(code_state(str(tmp_path)))
    assert [states[0] == state for state in states] == [True, True, False, False, False]
    assert len(set(states)) == 3


def test_caches_of_old_states_are_removed(tmp_path: Path) -> None:
    old, recent, other = (tmp_path / name for name in ("check-old.json", "check-recent.json", "notes.json"))
    for path in (old, recent, other):
        path.write_text("{}", encoding="utf-8")
    for path in (old, other):
        os.utime(path, (os.path.getmtime(path) - 2 * UNUSED_SECONDS,) * 2)
    cache = Cache("new", str(tmp_path))
    cache.set("n", Findings([], False))
    cache.save()
    assert {path.name for path in tmp_path.iterdir()} == {"check-recent.json", "notes.json", "check-new.json"}


def test_debug_shows_a_traceback_in_commands_that_run_in_a_process_of_their_own(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "apimpolicy", "--debug", "run", "missing.xml", "--get", "/"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Traceback" in done.stderr
    assert "missing.xml" in done.stderr


def test_a_trace_of_eval_is_cut_off(apimpolicy: Callable[..., Any]) -> None:
    code = "@{ var text = new string('x', 100000); for (var i = 0; i < 30; i++) { context.Trace(text); } return 1; }"
    found = apimpolicy("eval", code)
    assert found.out.startswith("1\n")
    assert "the trace is cut off after 1,000,000 characters" in found.err
    assert len(found.err) < 1_100_000
