"""TOML that would keep Python's reader busy is refused with a sentence, and nothing else is."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.configuration import load_configuration
from apimpolicy.project.toml_text import MOST_PARTS, TomlError, read_toml

if TYPE_CHECKING:
    from pathlib import Path

LONG = ".".join(["a"] * (MOST_PARTS + 1))

REFUSED = {
    f"{LONG} = 1": f"line 1 has a key of more than {MOST_PARTS} parts",
    f"b = 1\n[{LONG}]": f"line 2 has a key of more than {MOST_PARTS} parts",
    "b = 1\n\n[[" + " . ".join(["'a'", '"b"'] * MOST_PARTS) + "]]": f"line 3 has a key of more than {MOST_PARTS} parts",
    f"b = {{ {LONG} = 1 }}": f"line 1 has a key of more than {MOST_PARTS} parts",
    "a = " + "[" * 20_000: "it is nested too deeply",
    "a = " + "9" * 5000: "it has a number of too many digits",
}

TAKEN = (
    f'a = "{LONG}"',
    f"a = '{LONG}'",
    f'a = """\n{LONG}\n"""',
    f"a = '''\n{LONG} \\'''",
    f"a = 1 # {LONG}",
    f'a = "x\\"{LONG}"',
    f'b = ["{LONG}", 1.5]\n{LONG[2:]} = 1',
)


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_refused(text: str) -> None:
    with pytest.raises(TomlError) as caught:
        read_toml(text)
    assert str(caught.value) == REFUSED[text]


@pytest.mark.parametrize("text", TAKEN, ids=range(len(TAKEN)))
def test_taken(text: str) -> None:
    assert read_toml(text) == tomllib.loads(text)


def test_a_message_about_a_key_shows_its_beginning_and_few_of_the_keys_there_are(tmp_path: Path) -> None:
    path = tmp_path / "apimpolicy.toml"
    path.write_text("\n" + "qzw" * 30_000 + " = 1")
    with pytest.raises(ConfigurationError, match=r"apimpolicy\.toml:2: 'qzwqzw[^ ]*…' is not a setting; ") as caught:
        load_configuration(str(path))
    assert len(str(caught.value)) < 500 + len(str(path))
