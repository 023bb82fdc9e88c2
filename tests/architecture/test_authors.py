"""A path that is written in a text has an author: no module makes one of a folder and a text, and no entry forgets."""

from __future__ import annotations

import ast
import inspect
import json
import os
import subprocess
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.sampling import sampled

import apimpolicy
from apimpolicy import checkout
from apimpolicy.editor.isolated_calls import ACTIONS
from apimpolicy.editor.isolated_program import reply_to
from apimpolicy.editor.named_paths import PATHS, author_of_calls
from apimpolicy.errors import ApimPolicyError
from apimpolicy.project import authority
from apimpolicy.project.authority import Role
from apimpolicy.testing.case_files import load_case_file
from apimpolicy.testing.running import run_case
from apimpolicy.testing.schema import schema

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES = Path(apimpolicy.__file__).parent
JOINED = {
    "checkout": "names in the git directory, which has rules of its own",
    "project.authority": "the place where it is done",
    "project.check_configuration": "a pattern, which is compared with paths",
    "project.infrastructure": "`Files` decides about the paths in code",
    "project.revisions": "a name from a walk",
    "project.service.extract": "a name from a list",
    "testing.apim": "a test in Python",
    "testing.claims.platform": "a name of the tool's own",
    "testing.comparing.changed_files": "a name from a walk",
    "testing.first_surroundings": "a file that was found",
    "testing.service_tests": "a name of the tool's own",
    "editor.knowledge": "a name from a list",
    "editor.lenses": "a path from the tool's own report",
    "editor.navigation": "a new name of a file, which the editor's user confirms",
    "cli.test": "a name of the tool's own",
    "cli.wall": "the user's configuration of git",
}
"""Modules that join a folder and something else than a constant, and what that is."""
TRUSTING = ("checkout", "cli.wall", "project.authority", "project.infrastructure.files")
TEXTS = frozenset(
    (
        *("as_text", "cases", "claims", "expression", "most_entries", "names", "operation", "options", "seconds"),
        *("setting", "settings"),
    )
)
"""Arguments that name no path: files in the content of a test file are those of its author."""


def _modules() -> Iterator[tuple[str, str]]:
    for path in sorted(SOURCES.rglob("*.py")):
        yield ".".join(path.relative_to(SOURCES).with_suffix("").parts), path.read_text("utf-8")


def _is_folder(node: ast.expr) -> bool:
    text = ast.unparse(node)
    return text in ("directory", "folder") or text.endswith((".directory", ".folder")) or "dirname(" in text


def _is_name(node: ast.expr) -> bool:
    is_constant = isinstance(node, (ast.Constant, ast.Starred))
    return is_constant or (isinstance(node, ast.Name) and (node.id.isupper() or node.id in ("name", "entry")))


def test_no_module_makes_a_path_of_a_folder_and_a_text() -> None:
    found: set[str] = set()
    for module, text in _modules():
        for node in ast.walk(ast.parse(text)) if "os.path.join(" in text else ():
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "os.path.join" and _is_folder(node.args[0]):
                found |= set() if all(map(_is_name, node.args[1:])) else {module}
    rooms = {next((each for each in JOINED if f"{name}.".startswith(f"{each}.")), name) for name in found}
    assert rooms == set(JOINED)  # give the text an author: `project.authority.may_name`


def test_trust_is_decided_in_one_place() -> None:
    assert [module for module, text in _modules() if "is_trusted()" in text] == sorted(TRUSTING)


@pytest.mark.parametrize("action", ACTIONS)
def test_each_argument_is_a_path_or_a_text(action: str) -> None:
    function = getattr(import_module(f"apimpolicy.editor.{ACTIONS[action]}"), action)
    assert set(inspect.signature(function).parameters) <= {*PATHS, *TEXTS}


# Attacks on every key: a file of the machine, a hidden one, an ignored one, and one that a tool has put there

CANARIES = ("../outside/secret.xml", ".hidden.xml", "ignored.xml", "id_rsa")
PLAIN = "notes.txt"
"""A file that files of a checkout may name, and assistants may not."""
SECRET = "canary-2b7c"
POLICY = (
    '<policies><inbound><include-fragment fragment-id="x" /></inbound><backend><forward-request /></backend>'
    "<outbound /><on-error /></policies>"
)
MOST_LEVELS = 6


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Make a checkout, go there, and return the list of what is opened from then on."""
    folder, outside = tmp_path / "checkout", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    (folder / ".gitignore").write_text("ignored.xml\n")
    for name in CANARIES:
        (folder / name).write_text(POLICY)
    (folder / "own.xml").write_text(POLICY)
    (folder / PLAIN).write_text(f"password: {SECRET}\n")
    monkeypatch.chdir(folder)
    found: list[str] = []
    real = checkout._file

    def recording(path: str | os.PathLike[str]) -> str:
        found.append(os.path.realpath(path))
        return real(path)

    monkeypatch.setattr(checkout, "_file", recording)
    return found


def _leaves(given: Any, whole: dict[str, Any], steps: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the places of a schema that may have a text."""
    if not isinstance(given, dict) or len(steps) > MOST_LEVELS:
        return
    if "$ref" in given:
        yield from _leaves(whole["definitions"][given["$ref"].rpartition("/")[2]], whole, steps)
    kinds = given.get("type", ())
    if "string" in ((kinds,) if isinstance(kinds, str) else kinds) or set(given) <= {"description"}:
        yield steps
    for name, each in given.get("properties", {}).items():
        yield from _leaves(each, whole, (*steps, name))
    yield from _leaves(given.get("additionalProperties"), whole, (*steps, "x"))
    yield from _leaves(given.get("items"), whole, (*steps, 0))
    for word in ("anyOf", "oneOf", "allOf"):
        for each in given.get(word, ()):
            yield from _leaves(each, whole, steps)


def _with(content: Any, steps: tuple[str | int, ...], value: str) -> Any:
    """Return content with a text at a place."""
    if not steps:
        return value
    if isinstance(steps[0], int):
        inner = content[0] if isinstance(content, list) and content else {}
        return [_with(inner, steps[1:], value)]
    content = content if isinstance(content, dict) else {}
    return {**content, steps[0]: _with(content.get(steps[0]), steps[1:], value)}


CASES = {"policy": "own.xml", "cases": [{"name": "a", "request": {"get": "/"}, "expect": {"status": 200}}]}
SETTINGS = ("openapi", "wsdl", "graphql-schema", "global-policy", "service", "file", "policy", "trusted-roots")
TABLES = ("fragments", "schemas", "certificates", "key-vaults", "apis", "products", "backend", "openid-documents")


CERTAIN: list[tuple[str | int, ...]] = [
    *(("policy",), ("config",), ("service",), ("certificates", "partner", "file"), ("cases", 0, "policy")),
    *(("cases", 0, "request", "file"), ("cases", 0, "backend", 0, "file"), ("cases", 0, "outside", 0, "file")),
    *(("cases", 0, "gateway", "fragments", "x"), ("cases", 0, "gateway", "openapi")),
]
"""Keys that name files, which are tried every time."""


def _attacks_on_test_files() -> list[tuple[str | int, ...]]:
    keys = list(dict.fromkeys(_leaves(schema(), schema())))
    keys += [("cases", 0, "gateway", name) for name in SETTINGS]
    keys += [("cases", 0, "gateway", name, "x") for name in TABLES]
    return keys + [("cases", 0, "gateway", name, "x", inner) for name in TABLES for inner in SETTINGS]


@pytest.mark.parametrize("canary", CANARIES)
def test_no_key_of_a_test_file_reads_other_files(canary: str, opened: list[str]) -> None:
    attacks = _attacks_on_test_files()
    assert len(attacks) > 100
    for steps in (*CERTAIN, *sampled(attacks, 40)):
        content = _with(CASES, steps, canary)
        if steps[-2:] == ("request", "file"):
            content["cases"][0]["request"] |= {"post": content["cases"][0]["request"].pop("get", "/")}
        Path("a.test.json").write_text(json.dumps(content))
        try:
            for case in load_case_file("a.test.json").cases:
                run_case(case)
        except ApimPolicyError:
            pass
        assert os.path.realpath(canary) not in opened, steps


def _calls() -> list[tuple[str, tuple[str | int, ...]]]:
    tools = import_module("apimpolicy.editor.assistant_tools").TOOLS
    return [
        (tool.name, steps)
        for tool in tools
        if tool.name != "page"
        for steps in dict.fromkeys(_leaves(tool.input_schema(), tool.input_schema()))
        if steps != ("name",)
    ]


GIVEN: dict[str, Any] = {
    "run_tests": {"policy": "own.xml", "cases": CASES["cases"]},
    "prove": {"policy": "own.xml", "claims": [{"name": "a", "never": {"status": 404}}]},
    "audit": {"path": "."},
    "diff": {"old": "own.xml", "new": POLICY},
    "evaluate": {"expression": "1 + 1"},
}


@pytest.mark.parametrize("canary", [*CANARIES, PLAIN])
def test_no_argument_of_a_tool_reads_other_files(
    canary: str, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mcp", reason="the extra [mcp] is not installed")
    from apimpolicy.editor.assistant_tools import TOOLS

    tools = {tool.name: tool for tool in TOOLS}
    author = author_of_calls(Role.ASSISTANT, [os.curdir])
    monkeypatch.setattr(authority, "_speaker", author)  # and no wall: the door alone
    attacks = _calls()
    assert len(attacks) > 100
    for name, steps in sampled(attacks, 40):
        arguments = _with(GIVEN.get(name, {"policy": "own.xml"}), steps, canary)
        if steps[0] == "path" and name in ("run_tests", "prove"):
            arguments = {"path": canary}
        try:
            action, given = tools[name].call(arguments)
        except (ApimPolicyError, TypeError, AttributeError, KeyError):  # the schema refuses it before
            continue
        reply = json.dumps(reply_to({"action": action, "arguments": given}, author))
        assert SECRET not in reply, (name, steps)
        # Its beginning says that a text is no policy.
        assert canary == PLAIN or os.path.realpath(canary) not in opened, (name, steps)
