"""`apimpolicy format`: what it writes, what it only says, and its exit codes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

WRITTEN = "<policies>\n<inbound>\n<base/>\n</inbound>\n</policies>\n"
LAID_OUT = "<policies>\n    <inbound>\n        <base />\n    </inbound>\n</policies>\n"


def test_files_are_written_once(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    policy = tmp_path / "orders.xml"
    policy.write_text(WRITTEN, encoding="utf-8")
    (tmp_path / "other.xml").write_text("<project />", encoding="utf-8")
    found = apimpolicy("format", str(tmp_path))
    assert (found.code, found.err) == (0, "apimpolicy: 1 file reformatted\n")
    assert policy.read_text(encoding="utf-8") == LAID_OUT
    assert apimpolicy("format", str(tmp_path)).err == "apimpolicy: 1 file already formatted\n"


def test_check_and_diff_write_nothing(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    policy = tmp_path / "orders.xml"
    policy.write_text(WRITTEN, encoding="utf-8")
    found = apimpolicy("format", "--check", str(policy))
    assert (found.code, found.out) == (1, f"would reformat {policy}\n")
    assert found.err == "apimpolicy: 1 file would be reformatted\n"
    found = apimpolicy("format", "--diff", str(policy))
    assert found.code == 1
    assert "-<base/>\n" in found.out
    assert "+        <base />\n" in found.out
    assert policy.read_text(encoding="utf-8") == WRITTEN


def test_what_is_kept_is_said(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    policy = tmp_path / "orders.xml"
    policy.write_text("<inbound><base></inbound>", encoding="utf-8")
    found = apimpolicy("format", str(policy))
    assert found.code == 0
    assert f"{policy}:1: kept as it is: it can't be read: the element <base> is never closed (line 1)" in found.err


def test_settings_come_from_the_configuration(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    policy, configuration = tmp_path / "orders.xml", tmp_path / "apimpolicy.toml"
    policy.write_text(WRITTEN, encoding="utf-8")
    configuration.write_text("[format]\nindent-width = 2\n", encoding="utf-8")
    assert apimpolicy("format", str(policy)).code == 0
    assert policy.read_text(encoding="utf-8") == LAID_OUT.replace("    ", "  ")
    configuration.write_text("[format]\nindent-width = 0\n", encoding="utf-8")
    found = apimpolicy("format", str(policy))
    assert found.code == 2
    assert "'format.indent-width' must be a whole number from 1 to 16, not 0" in found.err


def test_standard_input(apimpolicy: Callable[..., Any]) -> None:
    assert apimpolicy("format", "-", stdin=WRITTEN.encode()).out == LAID_OUT
    found = apimpolicy("format", "-", "--stdin-filename", "main.tf", stdin=f"a = <<XML\n{WRITTEN}XML\n".encode())
    assert found.out == f"a = <<XML\n{LAID_OUT}XML\n"


def test_a_file_that_is_left_alone_is_not_called_formatted(tmp_path: Path, apimpolicy: Callable[..., Any]) -> None:
    policy = tmp_path / "policy.xml"
    policy.write_bytes(b"\xd9<inbound />")
    kept = f"apimpolicy: {policy}:1: kept as it is: it is not UTF-8\n"
    assert apimpolicy("format", str(policy)).err == kept + "apimpolicy: 1 file left as found\n"
    missing = tmp_path / "missing.xml"
    assert apimpolicy("format", str(missing)).err == f"apimpolicy: {missing}: there is no such file or directory\n"


def test_the_examples_are_formatted(apimpolicy: Callable[..., Any]) -> None:
    found = apimpolicy("format", "--check", str(Path(__file__).parents[3] / "examples"))
    assert (found.code, found.out) == (0, "")
