"""The index of implementations: what it says is what the modules register, and a changed source is noticed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from apimpolicy.csharp.dotnet import implementations, registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVERYTHING = """
import json
from apimpolicy.csharp.dotnet import implementation_index
implementation_index._MARKS = ("",)
print(json.dumps(implementation_index.read()))
"""


def test_the_index_has_what_all_modules_register() -> None:
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(implementations.PACKAGE)}
    done = subprocess.run([sys.executable, "-c", EVERYTHING], env=environment, capture_output=True, check=True)
    assert {name: tuple(modules) for name, modules in json.loads(done.stdout).items()} == implementations.make()


def test_every_registered_type_names_its_modules() -> None:
    for name, _, _ in registry.registrations():
        assert implementations.modules_of(name.partition("`")[0]), name


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An index in a place of its own, with nobody's memory of another."""
    path = tmp_path / "index.bin"
    monkeypatch.setattr(implementations, "STORE", str(path))
    monkeypatch.setattr(implementations, "make", lambda: {"System.Tuple": ("new",)})
    for question in (implementations._index, implementations.has_changed):
        question.cache_clear()
    yield path
    for question in (implementations._index, implementations.has_changed):
        question.cache_clear()


TUPLES = "apimpolicy.csharp.dotnet.collections.tuples"


def test_an_index_with_a_module_that_is_gone_is_made_again(stored: Path) -> None:
    implementations.store({"System.Tuple": (TUPLES, "apimpolicy.csharp.dotnet.gone")})
    assert implementations.modules_of("System.Tuple") == ("new",)


def test_a_missing_or_broken_index_is_made(stored: Path) -> None:
    assert implementations.modules_of("System.Tuple") == ("new",)
    implementations._index.cache_clear()
    stored.write_bytes(b"nonsense")
    assert implementations.modules_of("System.Tuple") == ("new",)


def test_a_changed_source_is_noticed(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    implementations.store({"System.Tuple": (TUPLES,)})
    assert implementations.modules_of("System.Tuple") == (TUPLES,)
    assert not implementations.has_changed()
    implementations.has_changed.cache_clear()
    monkeypatch.setattr(implementations, "_fingerprints", lambda: [("tuples.py", 1, 1)])
    assert implementations.has_changed()
