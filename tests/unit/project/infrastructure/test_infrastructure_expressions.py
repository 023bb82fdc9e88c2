"""Expressions of Terraform, Bicep and ARM: what they give, and what isn't known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.rows import read_yaml

from apimpolicy.project.infrastructure.arm.template import JsonTemplate
from apimpolicy.project.infrastructure.bicep.template import BicepTemplate
from apimpolicy.project.infrastructure.evaluation import Budget
from apimpolicy.project.infrastructure.files import Files
from apimpolicy.project.infrastructure.terraform.module import Module
from apimpolicy.project.infrastructure.values import Unknown, shown

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = read_yaml(Path(__file__).with_name("expressions.yaml").read_text(encoding="utf-8"))
GIVEN = {"names": ["b", "a"], "person": {"name": "ann", "tags": [{"k": "v"}]}, "flag": True}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("infrastructure")
    (root / "outside.txt").write_text("secret")
    folder = root / "code"
    (folder / "inner").mkdir(parents=True)
    (folder / "a.txt").write_text("one\n")
    (folder / "inner" / "b.txt").write_text("two\n")
    (folder / "a.json").write_text('{"list": [1, 2]} // a comment')
    (folder / "a.yaml").write_text("a: [1, x]")
    (folder / "t.tftpl").write_text("hi ${who}: %{ for x in all }${x}, %{ endfor }\n")
    (folder / "functions.bicep").write_text("@export()\nfunc angle(text string) string => '<${text}>'\n")
    return folder


def terraform(folder: Path, expression: str) -> Any:
    (folder / "main.tf").write_text(f"locals {{\n  x = {expression}\n}}\n")
    return Module(Files(str(folder)), str(folder), Budget(), GIVEN).local_value("x")


def bicep(folder: Path, expression: str) -> Any:
    (folder / "main.bicep").write_text(
        "import { angle as imported } from 'functions.bicep'\nparam names array\nparam person object\nparam flag bool\n"
        f"param unknown string\nfunc double(x int) int => x * 2\nvar x = {expression}\n"
    )
    return BicepTemplate(Files(str(folder)), str(folder / "main.bicep"), Budget(), GIVEN).name("x", {})


def arm(folder: Path, expression: str) -> Any:
    template = {"variables": {"inner": {"b": 2}, "x": expression}}
    (folder / "main.json").write_text(json.dumps(template))
    found = JsonTemplate.of_file(Files(str(folder)), str(folder / "main.json"), Budget(), GIVEN, 0, "")
    return found.function_variables(["x"], {})


def plain(value: Any) -> Any:
    if isinstance(value, Unknown):
        return f"?{value.text}"
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return shown(value) if isinstance(value, str) else value


LANGUAGES: dict[str, Callable[[Path, str], Any]] = {"terraform": terraform, "bicep": bicep, "arm": arm}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_expressions_give(language: str, folder: Path) -> None:
    wrong = {}
    for expression, expected in ROWS[language]:
        found = plain(LANGUAGES[language](folder, expression))
        if found != expected or isinstance(found, bool) != isinstance(expected, bool):
            wrong[expression] = (found, expected)
    assert not wrong
