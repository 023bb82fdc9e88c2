"""The reference pages that are made from the program: no key of a configuration is missing."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reference_pages = load("reference_pages")


@pytest.mark.parametrize("name", sorted({*reference_pages.PAGES} - {"codes.md"}))  # pages of rules have long code spans
def test_nothing_is_taken_for_markup(name: str) -> None:
    page = re.sub(r"```.*?```|`[^`\n]*`", "", reference_pages.PAGES[name](), flags=re.DOTALL)
    assert "<" not in page


def test_no_key_of_the_configuration_is_missing() -> None:
    page = reference_pages.configuration_file()
    taken = re.compile(r"""\.(?:take|texts|table)\(\s*"([a-z-]+)\"""")
    missing: dict[str, list[str]] = {}
    for path in (ROOT / "src" / "apimpolicy" / "project").glob("*.py"):
        if path.name in ("information_files.py", "folder_backends.py", "service_folder.py"):
            continue  # these read Azure's files, not ours
        keys = set(taken.findall(path.read_text("utf-8")))
        if absent := sorted(key for key in keys if not re.search(rf"(?<![\w-]){key}(?![\w-])", page)):
            missing[path.name] = absent
    assert not missing


def test_every_code_has_a_page() -> None:
    hooks = load("hooks")
    rules = hooks.rule_list()
    for code in hooks._codes():
        assert f"[{code}]({code}.md)" in rules
        page = hooks.rule_page(code)
        assert page.startswith(f"# {code} ")
        assert len(page) > 60


def test_git_has_nothing_that_is_generated() -> None:
    ignored = [line for line in (ROOT / ".gitignore").read_text("utf-8").splitlines() if line.startswith("docs/")]
    made = [f"docs/{path}" for path in load("generated").pages()]
    assert made
    assert [path for path in made if not path.startswith(tuple(ignored))] == []
