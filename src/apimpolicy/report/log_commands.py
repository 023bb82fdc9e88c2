"""Untrusted text in logs: no line is a command for the service that reads the log.

A pipeline reads the output of its steps. Azure Pipelines' agent obeys `##vso[…]` anywhere in a line, and
formats lines with `##[…]`; GitHub's runner obeys `::name …::` at the beginning of a line and `##[…]` anywhere; TeamCity
obeys `##teamcity[…]`. Policies, requests, names of files and tests come from anybody, and so those marks are taken
apart: with a space in text, with an escape where data must stay what they are (JSON, XML, HTML).

    Sources: https://github.com/microsoft/azure-pipelines-agent (Command.TryParse),
    https://github.com/actions/runner (ActionCommand.TryParse, TryParseV2)
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from apimpolicy.errors import ConfigurationError
from apimpolicy.report.columns import printable, tool_version
from apimpolicy.text.invisible import IGNORED, INVISIBLE, escape
from apimpolicy.text.secrets import data_without_secrets, markup_without_secrets, without_secrets

_AGENT = rf"#(?=[{IGNORED}]|#\w{{0,32}}(?:[{IGNORED}]|\[))"
_RUNNER = rf"(?:\A|(?<=[\r\n]))((?:[^\S\r\n]|[{IGNORED}])*+):(?=[{IGNORED}]*+:[^\r\n]*?:[{IGNORED}]*+:)"


def without_log_commands(text: str) -> str:
    """Return the text, of any number of lines, with a space in whatever would be a command.

    >>> without_log_commands("::add-mask::x")
    ': :add-mask::x'
    >>> without_log_commands("a ##vso[task.complete]")
    'a # #vso[task.complete]'
    """
    if "#" in text:
        text = re.sub(_AGENT, "# ", text)
    return re.sub(_RUNNER, r"\1: ", text) if ":" in text else text


def visible_lines(text: str) -> str:
    """Return the text with its line feeds, and everything else that is invisible shown as what it is."""
    if text.isascii() and text.isprintable():
        return text
    return "\n".join(map(printable, text.replace("\r\n", "\n").split("\n")))


def markup_without_log_commands(markup: str) -> str:
    """Return equivalent XML or HTML in which character references replace the marks of commands."""
    markup = re.sub(_AGENT, "&#35;", markup_without_secrets(markup))
    return re.sub(_RUNNER, r"\1&#58;", markup)


def to_json(value: Any, **options: Any) -> str:
    """Return JSON for a log: escapes replace the marks of commands and invisible characters."""
    import json

    text = re.sub(_AGENT, r"\\u0023", json.dumps(data_without_secrets(value), **options))
    return re.sub(INVISIBLE, lambda match: escape(match[0]), text)


def program_report(**content: Any) -> dict[str, Any]:
    """Return a report for programs: the version of its format, that of the tool, and the content."""
    return {"version": 1, "tool": {"name": "apimpolicy", "version": tool_version()}, **content}


def indented(report: dict[str, Any]) -> str:
    """Return a report as ASCII, indented, without a line end after it."""
    return to_json(report, indent=2, ensure_ascii=True)


class HarmlessStream:
    """A stream for text that `without_log_commands` looks at line by line; `own` is for commands that are meant.

    When nothing more can be written it raises ConfigurationError, or stays silent if it is not needed; BrokenPipeError
    remains what it is.
    """

    def __init__(self, stream: TextIO, *, is_needed: bool = True) -> None:
        self._stream = stream
        self._is_needed = is_needed
        self._line: list[str] = []
        """The pieces of a line that has not ended."""
        self._is_inside = False
        """True if the start of the line was written already."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write what is whole lines, and keep the rest until its line ends."""
        head, end, rest = text.rpartition("\n")
        if end:
            self._write("".join([*self._line, head, end]))
            self._line = []
            self._is_inside = False
        if rest:
            self._line.append(rest)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        if self._line:
            self._write("".join(self._line))
            self._line = []
            self._is_inside = True
        with self._guarded():
            self._stream.flush()

    def own(self, text: str) -> None:
        self.flush()
        with self._guarded():
            self._stream.write(text)

    def _write(self, text: str) -> None:
        # A mark in front stands for what was written of the line, where a command can no longer begin.
        text = without_secrets(text)
        text = without_log_commands(f".{text}")[1:] if self._is_inside else without_log_commands(text)
        with self._guarded():
            self._stream.write(text)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            if self._is_needed:
                raise ConfigurationError(f"cannot write the output: {error.strerror or error}") from None


def write_report(report: str) -> None:
    """Print a report as it is: it is harmless already, as JSON and XML made here, or has commands that are meant."""
    text = f"{report}\n" if report else ""
    if isinstance(sys.stdout, HarmlessStream):
        sys.stdout.own(text)
    else:
        sys.stdout.write(text)
