"""What fails `apimpolicy gate`, from the table `[gate]` of the configuration.

[gate]
fail = ["warnings", "changes"]          # fail the gate besides what always does
allow = ["weaker"]                      # don't fail the gate
baseline = "gate-baseline.json"         # findings that are known and wait, of all parts
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.checkout import open_text
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.environments import CONFIGURATION, PYPROJECT, find_configuration
from apimpolicy.project.files import write_whole
from apimpolicy.project.toml_text import TomlError, lines_of_keys, read_toml

if TYPE_CHECKING:
    from apimpolicy.project.toml_table import Table

ERRORS, WARNINGS, FAILURES, FALSE = "errors", "warnings", "failures", "false"
UNDECIDED, WEAKER, CHANGES, NOT_RUN = "undecided", "weaker", "changes", "not-run"


class Word(NamedTuple):
    """A word for what a part may find; `fails` unless it is allowed, or only where `fail` lists it."""

    meaning: str
    fails: bool = True


WORDS: Mapping[str, Word] = {
    ERRORS: Word("check or audit reports an error, or Azure would refuse what changed"),
    WARNINGS: Word("check or audit reports a warning", fails=False),
    FAILURES: Word("a test case fails"),
    FALSE: Word("a claim is false"),
    UNDECIDED: Word("a claim is not decided, or the access of two versions can't be compared"),
    WEAKER: Word("requests reach a backend that didn't before"),
    CHANGES: Word("callers notice a change, or it isn't proven that they don't", fails=False),
    NOT_RUN: Word("a part can't run, or a file or a part of the service can't be read"),
}
"""All words of `--fail`, `--allow` and `[gate]`."""


class GateSettings(NamedTuple):
    """The words of `[gate]` that fail it besides the usual ones, and those that don't."""

    fail: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    baseline: str | None = None

    def with_options(self, fail: Collection[str], allow: Collection[str]) -> GateSettings:
        """Return the settings with words of the command line, which count more."""
        return self._replace(
            fail=(*(each for each in self.fail if each not in allow), *fail),
            allow=(*(each for each in self.allow if each not in fail), *allow),
        )

    def fails(self, word: str) -> bool:
        return word not in self.allow and (WORDS[word].fails or word in self.fail)


def gate_settings(table: Table | None) -> GateSettings:
    """Read a table `[gate]`. Raises ConfigurationError."""
    if table is None:
        return GateSettings()
    fail, allow = _words(table, "fail"), _words(table, "allow")
    for word in fail:
        if word in allow:
            raise table.mistake(f"has '{word}', which 'fail' has too", "allow")
    baseline = table.take("baseline", str)
    table.finish()
    return GateSettings(fail, allow, None if baseline is None else table.path(baseline, may_be_hidden=True))


def _words(table: Table, name: str) -> tuple[str, ...]:
    found = tuple(table.texts(name) or ())
    for word in found:
        if word not in WORDS:
            raise table.mistake(f"can't have '{word}'; the words are {', '.join(WORDS)}", name)
    return found


def name_baseline(folder: str, baseline: str) -> str:
    """Write the path of a baseline into the nearest configuration of a folder, and return the configuration's path.

    Without one, it is made here if the folder is below the current one, and else in the folder. Raises
    ConfigurationError for a configuration that can't be changed.
    """
    path = find_configuration(folder) or os.path.join(_place_for_configuration(folder), CONFIGURATION)
    name = os.path.relpath(os.path.abspath(baseline), os.path.dirname(os.path.abspath(path))).replace(os.sep, "/")
    line = f"baseline = {json.dumps(name, ensure_ascii=False)}"
    text = ""
    if os.path.exists(path):
        try:
            with open_text(path, encoding="utf-8") as file:
                text = file.read()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"cannot read {path}: {error}") from None
    table = "tool.apimpolicy.gate" if os.path.basename(path) == PYPROJECT else "gate"
    new = _with_line(text, table, line)
    if new != text:
        try:
            written = read_toml(new)
            for part in table.split("."):
                written = written[part]
            is_written = written["baseline"] == name
        except (TomlError, LookupError, TypeError):
            is_written = False
        if not is_written:
            raise ConfigurationError(f"can't change {path}; write this into its table [{table}]: {line}")
        write_whole(path, new.encode())
    return path


def _place_for_configuration(folder: str) -> str:
    here, there = os.path.realpath(os.curdir), os.path.realpath(folder)
    return os.curdir if os.path.join(there, "").startswith(os.path.join(here, "")) else folder


def _with_line(text: str, table: str, line: str) -> str:
    """Return the text of a configuration in which a table has a line instead of its key `baseline`, or besides."""
    lines, numbers = text.splitlines(), lines_of_keys(text)
    if (number := numbers.get(f"{table}.baseline")) is not None:
        lines[number - 1] = line
    elif (number := numbers.get(table)) is not None:
        lines.insert(number, line)
    else:
        lines += ([""] if lines else []) + [f"[{table}]", line]
    return "\n".join(lines) + "\n"
