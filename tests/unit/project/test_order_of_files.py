"""A service has one description, in whatever order its files are listed and its resources are spread over them."""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sampling import examples
from tests.unit.unknowns.generated_services import bicep, extracts, terraform

from apimpolicy.project.overlays import NO_CHANGES
from apimpolicy.project.service.description import FileLocation
from apimpolicy.project.service.reading import describe

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

SERVICES_MADE = {"terraform": terraform(), "bicep": bicep(), "extract": extracts()}
_BLOCK = re.compile(r"^(?=resource |variable |module )", re.MULTILINE)
few = settings(max_examples=examples(30), derandomize=True, suppress_health_check=list(HealthCheck))


def described(root: Path, files: dict[str, str]) -> Any:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return described_again(root)


def described_again(root: Path) -> Any:
    return _without_places(describe(str(root), NO_CHANGES), str(root))


def _without_places(value: Any, root: str) -> Any:
    """Return a description without the places of its parts, and without an order of them."""
    if isinstance(value, FileLocation):
        return None
    if attrs.has(type(value)):
        names = (field.name for field in attrs.fields(type(value)) if field.name not in ("place", "read"))
        return {name: _without_places(getattr(value, name), root) for name in names}
    if isinstance(value, dict):
        return {key: _without_places(each, root) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return sorted((_without_places(each, root) for each in value), key=repr)
    return str(value).replace(root, "") if isinstance(value, (str, os.PathLike)) else repr(value)


@pytest.mark.parametrize("kind", SERVICES_MADE)
@few
@given(data=st.data(), chance=st.randoms(use_true_random=False))
def test_files_may_be_listed_in_any_order(
    kind: str, data: st.DataObject, chance: random.Random, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("service")
    before = described(root, data.draw(SERVICES_MADE[kind]).files)
    listed = os.scandir

    @contextlib.contextmanager
    def shuffled(path: str) -> Iterator[list[os.DirEntry[str]]]:
        with listed(path) as found:
            every = list(found)
        chance.shuffle(every)
        yield every

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("apimpolicy.checkout.os.scandir", shuffled)
        assert described_again(root) == before


@few
@given(made=terraform(), chance=st.randoms(use_true_random=False))
def test_resources_may_be_in_any_files(
    made: Any, chance: random.Random, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = described(tmp_path_factory.mktemp("one"), made.files)
    blocks = [each for each in _BLOCK.split(made.files["main.tf"]) if each.strip()]
    chance.shuffle(blocks)
    spread: dict[str, str] = {name: text for name, text in made.files.items() if name != "main.tf"}
    for block in blocks:
        name = f"{chance.choice('abcm')}.tf"
        spread[name] = spread.get(name, "") + block
    assert described(tmp_path_factory.mktemp("many"), spread) == before
