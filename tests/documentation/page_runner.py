"""Runs what a page of documentation shows, and compares what it says comes out.

A page is run from top to bottom in an empty directory:

- a block with `title="orders.xml"` is a file of that name;
- ```console: lines that begin with `$ ` are commands (`apimpolicy`, `pytest`, `python`, `cat`), what follows is their
  output; a line `…` stands for any lines, times and thumbprints for any;
- ```python without a title runs;
- ```xml without a title needs `<!-- check: POL301 -->` or `<!-- check: clean -->` on the line before: what check finds;
- ```yaml and ```toml without a title must be readable; with `cases`, a test file whose cases pass;
- `<!-- not run: why -->` before a block keeps it from being run.

    python -m tests.documentation.page_runner docs/tutorial/check.md

writes the real output of the commands into the page, where a block has no line `…`.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.processes import run_python
from tests.rows import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w+-]*)(?: +(?P<info>[^`\n]*))?$")
_TITLE = re.compile(r'title="([^"]+)"')
_MARKER = re.compile(r"^\s*<!--\s*(check|not run):\s*(.*?)\s*-->\s*$")
_ANYTHING = "…"
_NORMAL = (
    (re.compile(r"\b\d+\.\d\d ?s\b"), "0.00 s"),
    (re.compile(r"\b[0-9A-F]{40}\b"), "THUMBPRINT"),
    (re.compile(r"\([0-9A-F]{4}…\)"), "(0000…)"),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "GUID"),
    (re.compile(r" {2,}"), "  "),
    (re.compile(r"[ \t]+$", re.MULTILINE), ""),
)


class Block(NamedTuple):
    """One fenced block: where its content begins (line of the page, from 1), and what was said about it."""

    line: int
    indent: str
    language: str
    title: str | None
    marker: tuple[str, str] | None
    content: str


class PageError(AssertionError):
    """A block that does not do what the page says."""


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a page."""
    found: list[Block] = []
    lines = text.split("\n")
    index = 0
    while index < len(lines):
        match = _FENCE.match(lines[index])
        if match is None or not lines[index].strip("` "):
            index += 1
            continue
        marker = _MARKER.match(lines[index - 1]) if index else None
        end = index + 1
        while lines[end].strip() != "```":
            end += 1
        indent = match["indent"]
        content = "\n".join(line.removeprefix(indent) for line in lines[index + 1 : end]) + "\n"
        title = _TITLE.search(match["info"] or "")
        found.append(
            Block(
                index + 2,
                indent,
                match["language"],
                title[1] if title else None,
                (marker[1], marker[2]) if marker else None,
                content,
            )
        )
        index = end + 1
    return found


class Runner:
    """One page in one directory, which is the current one."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.names: dict[str, Any] = {"__name__": "page"}
        self.outputs: dict[int, list[tuple[str, str]]] = {}
        """What commands wrote, by the line of their block."""

    def run(self, block: Block) -> None:
        """Do what the block says. Raises PageError."""
        if block.marker is not None and block.marker[0] == "not run":
            if not block.marker[1]:
                raise PageError(f"line {block.line}: say why it is not run")
            return
        if block.title is not None:
            file = self.directory / block.title
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.content, encoding="utf-8")
            return
        handler = getattr(self, f"_{block.language}", None)
        if handler is not None:
            handler(block)

    def _python(self, block: Block) -> None:
        exec(compile(block.content, f"<block at line {block.line}>", "exec"), self.names)

    def _xml(self, block: Block) -> None:
        if block.marker is None:
            raise PageError(f"line {block.line}: an xml block has a title, or <!-- check: … --> before it")
        content = block.content
        if not re.match(r"\s*(<!--.*?-->\s*)*<(policies|fragment)\b", content, re.DOTALL):
            content = f"<policies>\n<inbound>\n<base />\n{content}\n</inbound>\n</policies>\n"
        (self.directory / "_snippet.xml").write_text(content, encoding="utf-8")
        _, said = self.command("apimpolicy check _snippet.xml --format json")
        found = sorted(set(re.findall(r'"code": "(\w+)"', said)))
        expected = sorted(set() if block.marker[1] == "clean" else set(block.marker[1].replace(",", " ").split()))
        if found != expected:
            raise PageError(f"line {block.line}: check finds {found}, the page says {expected}\n{said}")

    def _yaml(self, block: Block) -> None:
        content = read_yaml(block.content)
        if isinstance(content, dict) and "cases" in content:
            (self.directory / "_snippet.test.yaml").write_text(block.content, encoding="utf-8")
            code, said = self.command("apimpolicy test _snippet.test.yaml")
            if code:
                raise PageError(f"line {block.line}: {said}")

    def _toml(self, block: Block) -> None:
        tomllib.loads(block.content)

    def _console(self, block: Block) -> None:
        self.outputs[block.line] = written = []
        for command, expected in sessions(block.content):
            _, said = self.command(command)
            written.append((command, said))
            if not fits(expected, said):
                raise PageError(f"line {block.line}: $ {command}\n--- the page says\n{expected}\n--- it wrote\n{said}")

    def command(self, command: str) -> tuple[int, str]:
        """Run a command; its exit code, and what it wrote to both streams."""
        name, *arguments = shlex.split(command)
        if name == "cat":
            return 0, "".join((self.directory / argument).read_text("utf-8") for argument in arguments)
        if name == "apimpolicy" and "--watch" not in arguments:
            return _in_process(arguments)
        forked = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
        modules = {"pytest": ["-m", "pytest", "-p", "no:cacheprovider", *forked], "python": []}
        if name not in modules:
            raise PageError(f"a page runs apimpolicy, pytest, python and cat, not {name}")
        environ = {**os.environ, "COLUMNS": "100", "PYTEST_ADDOPTS": "", "PYTHONDONTWRITEBYTECODE": "1"}
        done = run_python(*modules[name], *arguments, cwd=self.directory, env=environ, is_merged=True)
        return done.returncode, done.stdout


def _in_process(arguments: list[str]) -> tuple[int, str]:
    from apimpolicy.cli import main

    stream = io.StringIO()
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        code = main(arguments)
    return code, stream.getvalue()


def sessions(content: str) -> list[tuple[str, str]]:
    """Commands and what the page says they write."""
    found: list[tuple[str, list[str]]] = []
    for line in content.split("\n"):
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found and line.startswith("> ") and not found[-1][1]:
            found[-1] = (f"{found[-1][0]}\n{line[2:]}", [])
        elif found:
            found[-1][1].append(line)
    return [(command, "\n".join(lines)) for command, lines in found]


def fits(expected: str, said: str) -> bool:
    """Whether what was written is what the page says."""
    pieces = [
        re.escape(piece.strip("\n")) for piece in re.split(rf"^{_ANYTHING}$", normal(expected), flags=re.MULTILINE)
    ]
    return re.fullmatch(r"[\s\S]*".join(pieces), normal(said).strip("\n")) is not None


def normal(text: str) -> str:
    """The text without what differs from run to run."""
    for pattern, replacement in _NORMAL:
        text = pattern.sub(replacement, text)
    return text.strip("\n")


@contextlib.contextmanager
def surroundings(directory: Path) -> Iterator[None]:
    """The directory as the current one, without colours, with a cache of its own."""
    before, environ = Path.cwd(), dict(os.environ)
    os.environ.update(NO_COLOR="1", APIMPOLICY_CACHE_DIR=str(directory / ".cache"))
    os.environ.pop("FORCE_COLOR", None)
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(environ)


def rewrite(page: Path) -> None:
    """Write the real output into a page."""
    text = page.read_text("utf-8")
    lines = text.split("\n")
    with tempfile.TemporaryDirectory() as made, surroundings(Path(made)):
        runner = Runner(Path(made))
        for block in blocks(text):
            try:
                runner.run(block)
            except PageError as error:
                if block.language != "console":
                    print(f"{page}: {error}")
            if (
                block.language == "console"
                and block.line in runner.outputs
                and _ANYTHING not in block.content.split("\n")
            ):
                done = len(runner.outputs[block.line])
                runner.outputs[block.line] += [
                    (command, runner.command(command)[1]) for command, _ in sessions(block.content)[done:]
                ]
    for block in reversed(blocks(text)):
        if block.line in runner.outputs and _ANYTHING not in block.content.split("\n"):
            written = "\n".join(
                "\n".join(filter(None, ("$ " + command.replace("\n", "\n> "), said.strip("\n"))))
                for command, said in runner.outputs[block.line]
            )
            old = len(block.content.split("\n")) - 1
            lines[block.line - 1 : block.line - 1 + old] = [
                (block.indent + line).rstrip() for line in written.split("\n")
            ]
    page.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        rewrite(Path(argument).resolve())
