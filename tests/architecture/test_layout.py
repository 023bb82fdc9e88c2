"""The house holds what it promises: the README's commands, CI, and what a bare import loads."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = ("lxml", "cryptography", "lark", "regex", "httpx", "click")


def readme_commands() -> list[str]:
    return re.findall(r"^    (python3 -m venv .+)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_the_readme_has_two_commands_and_ci_runs_the_second() -> None:
    run, test = readme_commands()
    assert "examples/client-certificate/scenario.py" in run
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert test in script.splitlines()


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = "import sys, apimpolicy; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not set(loaded) & set(HEAVY)


def test_no_path_of_one_machine_is_written_down() -> None:
    pattern = re.compile(r"(?<![\w.])/(?:work|home|Users)/[a-z]")
    found = [
        str(path.relative_to(ROOT))
        for folder in ("src", "tests", "docs", "examples", "benchmarks", "grammar")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".md", ".toml", ".lark", ".xml") and path != Path(__file__)
        if pattern.search(path.read_text(encoding="utf-8"))
    ]
    assert not found


def test_no_task_is_left_without_a_reference() -> None:
    """The loop alone does not keep a task, and the collector may free it while it runs."""
    dangling = []
    names = ("create_task", "ensure_future")
    for path in (ROOT / "src").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if any(name in text for name in names) else ():
            if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
                continue
            called = node.value.func
            if isinstance(called, ast.Attribute) and called.attr in names:
                dangling.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert dangling == []


def test_no_named_temporary_file_is_opened_a_second_time() -> None:
    """Windows cannot do that."""
    named = [path for path in (ROOT / "src").rglob("*.py") if "NamedTemporaryFile" in path.read_text(encoding="utf-8")]
    assert named == []
