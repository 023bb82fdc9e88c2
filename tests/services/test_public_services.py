"""Services of public repositories, as their teams keep them: every reference exists, and a misspelt one is found."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from apimpolicy import check
from apimpolicy.project.check_projects import CheckOptions, CheckProjects
from apimpolicy.project.check_run import CheckRun
from apimpolicy.project.discovery import discover
from apimpolicy.project.known_service import ServiceView
from apimpolicy.project.layout import place_of
from apimpolicy.project.service.extract import read_extract
from apimpolicy.text.named_values import find_named_values

SERVICES = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "services"
FOLDERS = sorted(path for path in SERVICES.glob("*") if path.is_dir()) if SERVICES.is_dir() else []
CODES = ("POL001", "POL135", "POL160", "POL161", "POL162", "POL163")
KINDS = {"backend": "backends", "embeddings-backend": "backends", "fragment": "fragments", "logger": "loggers"}
ATTRIBUTE = re.compile(rf"""<!--.*?-->|\b({"|".join(KINDS)})-id="([\w-]+)\"""", re.DOTALL)

pytestmark = pytest.mark.skipif(not FOLDERS, reason="the public services are not beside this checkout")


@pytest.mark.parametrize("environment", [None, "all"])
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_no_reference_is_taken_for_a_dangling_one(folder: Path, environment: str | None) -> None:
    if environment is not None and not list(folder.glob("configuration.[!e]*.yaml")):
        pytest.skip("the service has one environment")
    assert [str(found) for found in check(folder, select=CODES, environment=environment)] == []


def references(text: str) -> list[tuple[str, int, int]]:
    """What a policy refers to: the kind, and where the name is."""
    found = [(KINDS[match[1]], *match.span(2)) for match in ATTRIBUTE.finditer(text) if match[1]]
    return found + [("named-values", start + 2, end - 2) for _, start, end in find_named_values(text)]


@cache
def described(root: str) -> ServiceView:
    return ServiceView(read_extract(root))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_misspelt_reference_is_found(folder: Path) -> None:
    run = CheckRun(CheckProjects(CheckOptions(select=CODES)))
    missed: list[str] = []
    for path in discover([str(folder)], run.projects).files:
        text, place = Path(path).read_text(encoding="utf-8-sig"), place_of(path)
        if place.root is None or run.one(path).has_holes:  # a template may put in anything
            continue
        service = described(place.root)
        names: list[str] = []
        for kind, start, end in sorted(references(text), key=lambda each: each[1], reverse=True):
            if service.lists(kind):
                names.append(f"{text[start : end - 1]}qz{len(names)}q")
                text = text[:start] + names[-1] + text[end:]
        messages = " ".join(each.message for each in run.diagnostics(text.encode(), path)) if names else ""
        missed += [f"{path}: {name}" for name in names if name not in messages]
    assert missed == []
