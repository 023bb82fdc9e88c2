"""What the documentation shows is what happens: every block of every page is run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from apimpolicy.formatting.files import Formatter
from apimpolicy.project.format_settings import LayoutStyle

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from page_runner import Runner, blocks, fits, normal, surroundings  # noqa: E402

DOCS = HERE.parents[1] / "docs"
CONFIGURATION = "reference/configuration.md"
FOLDERS = ("tutorial", "how-to", "explanation")
ALONE = ("how-to", "explanation")
"""Folders whose pages each start in an empty folder; the tutorial's pages follow one another."""
WRITTEN = [page for page in DOCS.glob("*.md") if page.name != "not-simulated.md"]
PAGES = sorted(
    path.relative_to(DOCS).as_posix()
    for path in (*WRITTEN, *(page for folder in ALONE for page in (DOCS / folder).glob("*.md")))
)
PAGES += ["reference/python.md", CONFIGURATION, "reference/exit-codes.md", "reference/index.md"]
PAGES.append("reference/output.md")


@pytest.mark.parametrize("page", PAGES)
def test_the_page_says_what_happens(page: str, tmp_path: Path) -> None:
    with surroundings(tmp_path):
        runner = Runner(tmp_path)
        for block in blocks(text_of(page)):
            runner.run(block)


def text_of(page: str) -> str:
    """A page as it is written, or as the program makes it."""
    if page == CONFIGURATION:
        from docs.reference_pages import configuration_file  # type: ignore[import-not-found]

        return str(configuration_file())
    return (DOCS / page).read_text("utf-8")


def test_policies_on_pages_are_laid_out() -> None:
    """Policies have the layout of `apimpolicy format`, except for examples of other layouts and of findings."""
    formatter = Formatter(LayoutStyle())
    pages = [page for page in DOCS.rglob("*.md") if page.name not in ("format.md", "codes.md")]
    for page in (DOCS.parent / "README.md", *pages):
        for block in blocks(page.read_text("utf-8")):
            if block.language == "xml":
                laid_out = formatter.file(block.content.encode(), "policy.xml")
                where = f"{page.relative_to(DOCS.parent)}:{block.line}"
                assert (where, laid_out.data.decode()) == (where, block.content)


def test_the_tutorial_runs_in_one_folder(tmp_path: Path) -> None:
    """As people do it: page after page where the last one ended; it ends green."""
    with surroundings(tmp_path):
        runner = Runner(tmp_path)
        for page in ("index", "check", "test", "pytest", "pipeline"):
            for block in blocks((DOCS / "tutorial" / f"{page}.md").read_text("utf-8")):
                runner.run(block)
        code, said = runner.command("pytest -q")
        assert code == 0, said


def test_pages_are_short_enough() -> None:
    """Two minutes are about 500 words of prose; code is looked at, not read."""
    long = {}
    for folder in FOLDERS:
        for path in (DOCS / folder).glob("*.md"):
            text = path.read_text("utf-8")
            for block in blocks(text):
                text = text.replace(block.content, "")
            if (words := len(text.split())) > 600:
                long[path.name] = words
    assert not long


def test_titles_are_in_sentence_case() -> None:
    names = {"Azure", "APIM", "API", "Terraform", "Bicep", "ARM", "Key", "Vault", "GitHub", "Liquid", "JWT", "TLS"}
    names |= {"Visual", "Studio", "Code", "Neovim", "Helix", "Emacs", "JetBrains"}
    names |= {
        "Application",
        "Gateway",
        "Python",
        "C#",
        "CI",
        "APIOps",
        "Microsoft",
        "HTML",
        "NET",
        "Pipelines",
        "GitLab",
        "CORS",
    }
    for folder in FOLDERS:
        for path in (DOCS / folder).glob("*.md"):
            for line in path.read_text("utf-8").split("\n"):
                if line.startswith("#") and line.lstrip("#").startswith(" "):
                    words = [word.strip("`,.:?()'") for word in line.lstrip("#").split()[1:]]
                    wrong = [word for word in words if word[:1].isupper() and word not in names and "`" not in line]
                    assert not wrong, f"{path.name}: {line}"


@pytest.mark.parametrize(
    ("expected", "said", "is_so"),
    [
        ("1 passed in 0.31 s", "1 passed in 0.02 s\n", True),
        ("a\n…\nd", "a\nb\nc\nd", True),
        ("a\n…", "a\nb", True),
        ("a", "a\nb", False),
        ("CN=x (A1B2…)", "CN=x (FFFF…)", True),
        ("", "something", False),
    ],
)
def test_comparison(expected: str, said: str, is_so: bool) -> None:
    assert fits(expected, said) is is_so


def test_normal_form_keeps_what_matters() -> None:
    assert normal("orders.xml:5:60: CS1061 error") == "orders.xml:5:60: CS1061 error"
