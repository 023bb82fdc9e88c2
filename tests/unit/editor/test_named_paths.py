"""What assistants and editors name: nothing outside of their folders, nothing hidden, no files of other kinds."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from tests.processes import run_python
from tests.sampling import IS_NIGHTLY

from apimpolicy.checkout import IS_LINK, NOT_OWN
from apimpolicy.editor.debug_launch import launched
from apimpolicy.editor.isolated_calls import call
from apimpolicy.editor.named_paths import CASES, POLICY, author_of_calls, author_of_session, own_folders
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.authority import Role, why_refused

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "canary-77ab"
OWN = "<policies><inbound /></policies>"
NAMES = [
    *(
        "{outside}/secret.txt",
        "../outside/secret.txt",
        "apis/../../outside/secret.txt",
        "link.xml",
        "linked/secret.xml",
    ),
    *("{outside}/secret.xml", "{outside}/secret.json", "notes.txt", "data.json", ".env", ".hidden/policy.xml"),
    *("ignored.xml", "ignored/policy.xml", ".git/config", "{outside}"),
]
WALLED = """
import sys
from apimpolicy import checkout

folder, scratch, *names = sys.argv[1:]
checkout.confine([folder], scratch)
for do in (checkout.open_bytes, checkout.entries, checkout.make_folder, lambda name: checkout.write(name, b"")):
    for name in names:
        try:
            do(name)
        except PermissionError as error:
            print(error.strerror)
"""
CASE = {"name": "a", "request": {"get": "/"}, "expect": {"status": 200}}
TOOLS: dict[str, Any] = {
    "check": lambda path: {"policy": path},
    "check with a configuration": lambda path: {"policy": "own.xml", "config": path},
    "run": lambda path: {"policy": path},
    "run in a scope": lambda path: {"policy": OWN, "scopes": {"global": path}},
    "run with a configuration": lambda path: {"policy": OWN, "config": path},
    "explain": lambda path: {"policy": path},
    "new_test": lambda path: {"policy": path},
    "run_tests": lambda path: {"path": path},
    "run_tests about a policy": lambda path: {"policy": path, "cases": [CASE]},
    "run_tests with a fragment": lambda path: {"policy": OWN, "gateway": {"fragments": {"a": path}}, "cases": [CASE]},
    "prove": lambda path: {"path": path},
    "audit": lambda path: {"path": path},
    "audit with a configuration": lambda path: {"path": ".", "config": path},
    "diff": lambda path: {"old": path, "new": OWN},
    "diff with a revision": lambda path: {"old": f"HEAD:{path}", "new": "own.xml"},
    "format": lambda path: {"policy": path},
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder, outside = tmp_path / "checkout", tmp_path / "outside"
    for each in (folder / "apis", folder / ".git", folder / ".hidden", folder / "ignored", outside):
        each.mkdir(parents=True)
    (outside / "secret.txt").write_text(f"password={SECRET}\n")
    (outside / "secret.json").write_text(json.dumps({"password": SECRET}))
    secret = f"<policies><inbound><set-header name='a'><value>{SECRET}</value></set-header></inbound></policies>"
    for path in (outside / "secret.xml", folder / ".hidden/policy.xml", folder / "ignored/policy.xml"):
        path.write_text(secret)
    (folder / "ignored.xml").write_text(secret)
    (folder / "own.xml").write_text(OWN)
    for name in ("notes.txt", ".env", ".git/config"):
        (folder / name).write_text(f"password={SECRET}\n")
    (folder / "data.json").write_text(json.dumps({"password": SECRET}))
    (folder / "link.xml").symlink_to(outside / "secret.xml")
    (folder / "linked").symlink_to(outside)
    (folder / ".gitignore").write_text("ignored*\n")
    return folder


@pytest.mark.parametrize("tool", TOOLS)
def test_no_tool_shows_other_files(tool: str, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mcp", reason="the extra [mcp] is not installed")
    from apimpolicy.editor.assistant_tools import answer

    monkeypatch.chdir(checkout)
    number = list(TOOLS).index(tool)
    for name in NAMES if IS_NIGHTLY else NAMES[number % 3 :: 3]:
        path = name.format(outside=checkout.parent / "outside")
        try:
            said = json.dumps(asyncio.run(answer(tool.split()[0], TOOLS[tool](path), own_folders())))
        except ConfigurationError as error:
            said = str(error)
        assert SECRET not in said, (name, said)


def test_a_process_reaches_nothing_outside(checkout: Path) -> None:
    """Beneath the door is a wall: whatever a function opens, with or without a check of the path."""
    program, outside = checkout.parent / "program.py", checkout.parent / "outside"
    program.write_text(WALLED)
    names = (outside / "secret.txt", outside / "new", outside, checkout / "link.xml", "/etc/hostname")
    done = run_python(str(program), str(checkout), str(checkout / "apis"), *map(str, names), cwd=checkout)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.splitlines()) == {NOT_OWN, IS_LINK}
    assert len(done.stdout.splitlines()) == 4 * len(names)
    assert [path.name for path in sorted(outside.iterdir())] == ["secret.json", "secret.txt", "secret.xml"]


def test_own_files_are_read(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(checkout)
    folders = own_folders()
    assert folders == [str(checkout)]
    assistant = author_of_calls(Role.ASSISTANT, folders)
    for path in ("own.xml", str(checkout / "own.xml"), ".", "apis"):
        assert why_refused(assistant, path, POLICY) == ""
    (checkout / "own.test.yaml").write_text("policy: own.xml\n")
    assert why_refused(assistant, "own.test.yaml", CASES) == ""
    assert call("format_policy", {"policy": "own.xml"}, folders)["text"].startswith("<policies>")


def test_a_server_in_the_home_folder_has_no_folder(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(checkout.parent))
    monkeypatch.chdir(checkout.parent)
    assert own_folders() == []
    assert "--root" in why_refused(author_of_calls(Role.ASSISTANT, []), str(checkout / "own.xml"), POLICY)
    assert own_folders([str(checkout)]) == [str(checkout)]


LAUNCHED = ["policy", "test", "httpFile", "certificate", "config", "scopes"]


@pytest.mark.parametrize("key", LAUNCHED)
def test_no_debug_session_reads_other_files(key: str, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkout may bring launch configurations. A session may use the checkout of its policy, too."""
    monkeypatch.chdir(checkout)
    (checkout / "own.http").write_text("GET /\n")
    for name in NAMES:
        path = name.format(outside=checkout.parent / "outside")
        if path.endswith("secret.xml") and key == "policy":
            continue
        launch = {"policy": "own.xml", key: {"global": path} if key == "scopes" else path}
        if os.path.isfile(path) and "ignored" not in path:  # what is open in an editor may be ignored
            with pytest.raises(ConfigurationError, match="isn't read"):
                launched(launch)
    assert launched({"policy": "own.xml", "httpFile": "own.http"})


def test_no_breakpoint_reads_other_files(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(checkout)
    for name in ("notes.txt", ".hidden/policy.xml", ".env"):
        assert why_refused(author_of_session(name), name, POLICY)
    assert why_refused(author_of_session("own.xml"), "own.xml", POLICY) == ""
