"""Which files of a tree are policies."""

from __future__ import annotations

import codecs
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.rows import read_yaml

from apimpolicy.project.check_projects import CheckOptions, CheckProjects
from apimpolicy.project.discovery import Discovery, discover
from apimpolicy.project.files import root_name

if TYPE_CHECKING:
    from collections.abc import Callable


def found_in(*paths: object, policies_only: bool = False, **options: object) -> Discovery:
    projects = CheckProjects(CheckOptions(**options))  # type: ignore[arg-type]
    return discover(map(str, paths), projects, policies_only=policies_only)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    def make(name: str, text: str = "<policies/>") -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    return make


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"<policies>", b"policies"),
        (b"  \n<policies a='1'/>", b"policies"),
        (codecs.BOM_UTF8 + b"<fragment>", b"fragment"),
        (b"<?xml version='1.0'?><!-- <no> --><!DOCTYPE x><on-error/>", b"on-error"),
        ("<policies>".encode("utf-16"), b"policies"),
        (b"", b""),
        (b"plain", b""),
        (b"<!-- never closed", b""),
        (b"< policies>", b""),
        (b"\xff\xfe", b""),
    ],
)
def test_root_name(head: bytes, expected: bytes) -> None:
    assert root_name(head) == expected


def test_a_tree(tmp_path: Path, write: Callable[..., str]) -> None:
    expected = [
        write(".api/policies.xml"),
        write("a.xml"),
        write("b/c.policy.xml"),
        write("b/d.CSHTML", "<!-- x -->\n<fragment/>"),
    ]
    write(".git/e.xml")
    write("node_modules/f.xml")
    other = write("pom.xml", "<project/>")
    write("g.txt")
    os.symlink(tmp_path, tmp_path / "b" / "loop")
    os.symlink("nowhere.xml", tmp_path / "dangling.xml")
    os.symlink("self.xml", tmp_path / "self.xml")

    assert found_in(tmp_path)[:6] == (expected, [], [], [other], 0, [])


def test_directories_of_tools_are_left_out(tmp_path: Path, write: Callable[..., str]) -> None:
    expected = [write(".github/a.xml"), write("venv2/b.xml")]
    for folder in (".git", ".venv", ".terraform/modules/x", "node_modules/y", "a/.tox"):
        write(f"{folder}/c.xml")
    write("env/pyvenv.cfg", "")
    write("env/lib/d.xml")
    write("made/CACHEDIR.TAG", "")
    write("made/e.xml")
    assert found_in(tmp_path).files == expected
    assert found_in(tmp_path / "env").files == [str(tmp_path / "env" / "lib" / "d.xml")]


CODE = 'x = "<policies><inbound/></policies>";'


def test_strings_in_code_count(tmp_path: Path, write: Callable[..., str]) -> None:
    expected = [
        write("Deploy.cs", 'var x = "<policies><inbound/></policies>";'),
        write("deploy.PS1", "$x = @'\n<policies><inbound/></policies>\n'@"),
        write("deploy.py", CODE),
    ]
    write("other.py", "x = '<policies>' + y")
    write("latest.py", "x = 1")
    assert found_in(tmp_path)[:6] == (expected, [], [], [], 0, [])


@pytest.mark.parametrize(
    ("name", "is_of_tests"),
    [
        ("tests/a.py", True),
        ("src/test/a.py", True),
        ("Api.Tests/A.cs", True),
        ("Api.UnitTests/A.cs", True),
        ("test_a.py", True),
        ("a_test.py", True),
        ("conftest.py", True),
        ("PolicyTests.cs", True),
        ("Policy.Tests.ps1", True),
        ("contest/latest.py", False),
        ("testing/a.py", False),
        ("Attest.cs", False),
    ],
)
def test_code_of_tests_is_read_when_it_is_named(
    write: Callable[..., str], tmp_path: Path, name: str, is_of_tests: bool
) -> None:
    path = write(f"tests/{name}", CODE)
    found = found_in(tmp_path / "tests")
    assert found.files == [path] * (not is_of_tests)
    assert found.unread == [(path, "source file of tests")] * is_of_tests
    assert found_in(path).files == [path]


def test_what_is_not_read_is_counted(tmp_path: Path, write: Callable[..., str]) -> None:
    unread = [
        (write("a.ipynb", '{"source": ["<policies>"]}'), "notebook"),
        (write("a.code-snippets", '{"body": "<policies>"}'), "file of snippets"),
        (write("a.md", "```xml\n<inbound>\n```"), "Markdown file"),
        (write("a.tfstate", '{"xml_content": "\\u003cpolicies\\u003e"}'), "Terraform state"),
        (
            write("a.yaml", "apiVersion: apimanagement.azure.com/v1api20220801\nvalue: |\n  <policies>"),
            "Kubernetes manifest",
        ),
        (write("a.sh", "cat > policy.xml <<EOF\n<policies>\nEOF\n"), "shell script"),
    ]
    write("overlay.yaml", "value: <policies>")
    for ending in (".ipynb", ".code-snippets", ".md", ".tfstate", ".yml", ".sh"):
        write(f"b{ending}", "nothing")
    found = found_in(tmp_path)
    assert sorted(found.unread) == sorted(unread)
    assert (found.files, found.empty) == ([], [str(tmp_path)])


def test_named_files_are_taken_as_they_are(tmp_path: Path) -> None:
    other = tmp_path / "anything.txt"
    other.write_text("x")
    (tmp_path / "empty").mkdir()
    found = found_in(other, "-", other, tmp_path / "empty", "missing.xml")
    assert found.files == [str(other), "-", "missing.xml"]
    assert found.empty == [str(tmp_path / "empty")]


@pytest.mark.parametrize(
    ("text", "is_meant"),
    [
        ("<polices><inbound/></polices>", True),
        ("<policy><inbound><base /></inbound></policy>", True),
        ("<Policies><Inbound/></Policies>", True),
        ("<Fragment><set-header name='a'/></Fragment>", True),
        ("<fragement><choose/></fragement>", True),
        ("<Policy xmlns='urn:oasis:xacml'><Target/></Policy>", False),
        ("<policies2><rule/></policies2>", False),
        ("<cross-domain-policy/>", False),
    ],
)
def test_nearly_a_policy(write: Callable[..., str], tmp_path: Path, text: str, is_meant: bool) -> None:
    path = write("a.xml", text)
    found = found_in(tmp_path)
    assert found.files == [path] * is_meant
    assert found.skipped == [path] * (not is_meant)


def test_an_empty_file_counts_beside_policies(write: Callable[..., str], tmp_path: Path) -> None:
    policy, empty, other = write("p/a.xml"), write("p/b.xml", " \n"), write("q/c.xml", "")
    found = found_in(tmp_path)
    assert found.files == [policy, empty]
    assert found.skipped == [other]
    assert found_in(policy, empty, other, policies_only=True).files == [policy, empty]


def test_a_folder_of_apiops_says_what_is_a_policy(write: Callable[..., str], tmp_path: Path) -> None:
    paths = [write("x/apis/a/policy.xml", ""), write("x/policy fragments/f/policy.xml", "<oops/>")]
    assert found_in(tmp_path).files == paths


def test_a_long_comment_comes_first(write: Callable[..., str], tmp_path: Path) -> None:
    path = write("a.xml", f"<!--{'x' * 100_000}--><policies/>")
    assert found_in(tmp_path).files == [path]


def test_settings_leave_files_out(write: Callable[..., str], tmp_path: Path) -> None:
    write("apimpolicy.toml", "[check]\nexclude = ['old/', '*.gen.xml']")
    kept = write("a.xml")
    left_out = [write("old/b.xml"), write("deep/c.gen.xml"), write("d/e.xml")]
    found = found_in(tmp_path, exclude=(f"{tmp_path.name}/d",))
    assert found.files == [kept, left_out[-1]]
    assert found.excluded == 2
    assert found_in(*left_out, policies_only=True).files == [left_out[-1]]
    assert found_in(*left_out).files == left_out


def test_what_git_ignores_is_left_out(write: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    write(".gitignore", "/bin\n*.tmp.xml\n!keep.tmp.xml\n")
    kept = [write("a.xml"), write("src/bin/b.xml"), write("src/keep.tmp.xml")]
    ignored = [write("bin/c.xml"), write("src/d.tmp.xml")]
    assert found_in(tmp_path).files == kept
    assert found_in(tmp_path / "src").files == kept[1:]
    write("apimpolicy.toml", "[check]\nrespect-gitignore = false")
    assert found_in(tmp_path).files == sorted(kept + ignored)


def test_the_nearest_configuration_counts(write: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    write("apimpolicy.toml", "[check]\ntier = 'premium'")
    write("repository/pyproject.toml", "[tool.other]")
    inside = write("repository/a.xml")
    write("repository/deep/apimpolicy.toml", "[check]\ntier = 'basic'")
    deep, deeper = write("repository/deep/b.xml"), write("repository/deep/er/c.xml")
    write("repository/py/pyproject.toml", "[tool.apimpolicy.check]\ntier = 'standard'")
    python = write("repository/py/d.xml")
    projects = CheckProjects(CheckOptions())
    tiers = [projects.of(path).check.settings.tier for path in (inside, deep, deeper, python, str(tmp_path / "x.xml"))]
    assert tiers == [None, "basic", "basic", "standard", "premium"]


COMPILED = """{{
  "metadata": {{{generator}}},
  "resources": [{{"properties": {{"value": "<policies><inbound><base /></inbound></policies>"}}}}]
}}"""
GENERATOR = '\n    "_generator": {"name": "bicep", "version": "0.30.23.60470", "templateHash": "1"}\n  '


@pytest.mark.parametrize(
    ("name", "generator", "beside", "is_compiled"),
    [
        ("main.json", GENERATOR, "main.bicep", True),
        ("azuredeploy.json", GENERATOR, "main.bicep", True),
        ("main.json", GENERATOR, "../main.bicep", False),
        ("main.json", '"author": "bicep"', "main.bicep", False),
    ],
)
def test_what_bicep_compiled_is_read_once(
    write: Callable[..., str], tmp_path: Path, name: str, generator: str, beside: str, is_compiled: bool
) -> None:
    template = write(f"infra/{name}", COMPILED.format(generator=generator))
    write(f"infra/{beside}", "var policy = '''\n<policies><inbound><base /></inbound></policies>\n'''")
    found = found_in(tmp_path / "infra")
    assert (template in found.files) is not is_compiled
    assert found.compiled == [template] * is_compiled
    assert template in found_in(template).files


def test_files_that_policies_depend_on_stand_for_them(
    write: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook names the files that a commit changes: a configuration changes what is found in all below it."""
    monkeypatch.chdir(tmp_path)
    for path in ("a/apis/orders/policy.xml", "a/policy.xml", "b/orders.xml"):
        write(path)
    write("apimpolicy.toml", "")
    write("a/apis/orders/apiInformation.json", "{}")
    write("a/loggers/log/loggerInformation.json", "{}")
    write("a/products/starter/apis.json", "[]")
    write("configuration.prod.yaml", "")
    write("b/pyproject.toml", "[tool.apimpolicy]\n")
    write("pyproject.toml", "[tool.ruff]\n")
    below_a = ["a/apis/orders/policy.xml", "a/policy.xml"]
    for path, files in (
        ("apimpolicy.toml", [*below_a, "b/orders.xml"]),
        ("configuration.prod.yaml", [*below_a, "b/orders.xml"]),
        ("a/apis/orders/apiInformation.json", below_a),
        ("a/loggers/log/loggerInformation.json", below_a),
        ("a/products/starter/apis.json", below_a),
        ("b/pyproject.toml", ["b/orders.xml"]),
        ("pyproject.toml", []),
    ):
        assert found_in(path, policies_only=True).files == files, path
        assert found_in(path).files == [path]


def test_the_hook_runs_for_what_policies_depend_on() -> None:
    root = Path(__file__).parents[3]
    policies, templates, *_ = read_yaml((root / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    for path in (
        "apimpolicy.toml",
        "policies/apimpolicy.toml",
        "configuration.prod.yaml",
        "a/backends/b/backendInformation.json",
        "a/products/p/apis.json",
        "a/policy.xml",
    ):
        assert re.search(policies["files"], path), path
    for path in ("main.json", "configuration.toml", "not-apimpolicy.toml", "README.md"):
        assert not re.search(policies["files"], path), path
    assert re.search(templates["exclude"], "a/backends/b/backendInformation.json")
    assert not re.search(templates["exclude"], "infra/main.json")
