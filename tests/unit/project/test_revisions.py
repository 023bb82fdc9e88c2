"""`apimpolicy diff` with git: each revision has the surroundings that it had."""

from __future__ import annotations

import os
import subprocess
import tempfile
from typing import TYPE_CHECKING

import pytest

from apimpolicy import checkout
from apimpolicy.cli import main
from apimpolicy.project.files import MAXIMUM_BYTES
from apimpolicy.project.revisions import revision_of

if TYPE_CHECKING:
    from pathlib import Path

AROUND = "<policies><inbound><base />{}</inbound><backend><base /></backend></policies>"
GLOBAL = "<policies><inbound>{}</inbound><backend><forward-request /></backend></policies>"
INCLUDES = AROUND.format('<include-fragment fragment-id="mark" />')
MARK = '<fragment><set-header name="X-A"><value>{}</value></set-header></fragment>'
HEADER = '<set-header name="X-A"><value>{}</value></set-header>'


class Repository:
    """A repository with a revision `HEAD`, after which files change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "--quiet")

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "core.autocrlf=false")
        done = subprocess.run(["git", *who, *arguments], cwd=self.folder, check=True, capture_output=True)
        return done.stdout.decode()

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

    def commit(self, files: dict[str, str]) -> None:
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "x")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.chdir(tmp_path)
    return Repository(tmp_path)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        pytest.param(
            {"a.xml": INCLUDES, "mark.xml": MARK.format("1"), "apimpolicy.toml": '[fragments]\nmark = "mark.xml"\n'},
            {"mark.xml": MARK.format("2")},
            "the backend gets X-A: 2 instead of 1",
            id="a fragment of the configuration",
        ),
        pytest.param(
            {"a.xml": INCLUDES, "fragments/mark.xml": MARK.format("1")},
            {"fragments/mark.xml": MARK.format("2")},
            "the backend gets X-A: 2 instead of 1",
            id="a fragment beside the policy",
        ),
        pytest.param(
            {"apis/a/policy.xml": INCLUDES, "policy fragments/mark/policy.xml": MARK.format("1")},
            {"policy fragments/mark/policy.xml": MARK.format("2")},
            "the backend gets X-A: 2 instead of 1",
            id="a fragment of an extracted service",
        ),
        pytest.param(
            {"a.xml": AROUND.format(HEADER.format("{{mark}}")), "apimpolicy.toml": "[named-values]\nmark = '1'\n"},
            {"apimpolicy.toml": "[named-values]\nmark = '2'\n"},
            "the backend gets X-A: 2 instead of 1",
            id="a named value",
        ),
        pytest.param(
            {
                "a.xml": AROUND.format(HEADER.format("b")),
                "all.xml": GLOBAL.format(""),
                "a.test.yaml": "policies: {global: all.xml, api: a.xml}\nclaims: []\n",
            },
            {"all.xml": GLOBAL.format("<set-method>POST</set-method>")},
            "the backend gets POST instead of GET",
            id="the policy of a wider scope",
        ),
        pytest.param(
            {
                "policies/a.xml": AROUND.format('<set-backend-service backend-id="orders" />'),
                "apimpolicy.toml": '[backends]\norders = "https://old.example"\n',
            },
            {"apimpolicy.toml": '[backends]\norders = "https://new.example"\n'},
            "the request goes to https://new.example/ instead of https://old.example/",
            id="a backend",
        ),
    ],
)
def test_what_is_around_an_unchanged_policy(
    repository: Repository, before: dict[str, str], after: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.commit(before)
    assert main(["diff", "HEAD", "."]) == 0, capsys.readouterr().out
    repository.write(after)
    status = repository.git("status", "--porcelain")

    assert main(["diff", "HEAD", "."]) == 1, capsys.readouterr().out
    assert said in capsys.readouterr().out
    repository.commit({})
    policy = next(name for name in before if "a.xml" in name or "apis/" in name)
    assert main(["diff", f"HEAD~1:{policy}", f"HEAD:{policy}"]) == 1
    out = capsys.readouterr().out
    assert said in out
    assert tempfile.gettempdir() not in out
    assert status


def test_two_folders_have_their_own_surroundings(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    before = {"a.xml": AROUND.format(HEADER.format("{{mark}}")), "apimpolicy.toml": "[named-values]\nmark = '1'\n"}
    after = {**before, "apimpolicy.toml": "[named-values]\nmark = '2'\n"}
    for name, files in (("one", before), ("two", before), ("three", after)):
        repository.write({f"{name}/{path}": text for path, text in files.items()})

    assert main(["diff", "one", "two", "--format", "markdown"]) == 0
    same = "**Nothing changes for callers: the policies, and everything around them, are the same.**\n"
    assert capsys.readouterr().out == same
    assert main(["diff", "one", "three"]) == 1
    assert "the backend gets X-A: 2 instead of 1" in capsys.readouterr().out


def test_a_setting_that_the_policy_does_not_use(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    config = '[backends]\nother = "https://{}.example"\n'
    repository.commit({"a.xml": AROUND.format(""), "apimpolicy.toml": config.format("old")})
    repository.write({"apimpolicy.toml": config.format("new")})

    assert main(["diff", "HEAD", "."]) == 0
    assert "1 policy: 1 the same, " in capsys.readouterr().out


def test_a_setting_that_may_matter_is_said(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    repository.commit({"a.xml": AROUND.format(""), "apimpolicy.toml": 'origin = "https://a.example"\n'})
    repository.write({"apimpolicy.toml": 'origin = "https://b.example"\n'})

    main(["diff", "HEAD", "."])
    assert "another setting of the gateway: origin" in capsys.readouterr().out


def test_mistakes_are_shown_where_git_has_them(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    repository.commit({"in/a.xml": AROUND.format(HEADER.format("{{mark}}")), "in/apimpolicy.toml": "[named-values\n"})
    repository.write({"in/apimpolicy.toml": "[named-values]\nmark = '1'\n"})

    assert main(["diff", "HEAD:in/a.xml", "in/a.xml"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("1 policy can be loaded again")
    assert "HEAD:in/apimpolicy.toml" in out
    assert tempfile.gettempdir() not in out


def test_decisions_in_a_fragment_of_a_revision(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    refuses = '<fragment><return-response><set-status code="{}" reason="No" /></return-response></fragment>'
    repository.commit({"in/a.xml": INCLUDES, "in/fragments/mark.xml": refuses.format(401)})
    repository.write({"in/fragments/mark.xml": refuses.format(403)})

    assert main(["diff", "HEAD:in", "in"]) == 1
    out = capsys.readouterr().out
    assert "decided by mark.xml:1" in out
    assert tempfile.gettempdir() not in out


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("nowhere", "a.xml", "there is no file, folder or git revision nowhere"),
        ("--help:a.xml", "a.xml", "no such option"),
        ("-x:a.xml", "a.xml", "there is no file, folder or git revision -x:a.xml"),
        ("HEAD:b.xml", "a.xml", "git has no b.xml at HEAD"),
        ("HEAD:../a.xml", "a.xml", "git has no ../a.xml at HEAD"),
        ("HEAD", "HEAD:a.xml", None),
        ("HEAD", "HEAD", None),
    ],
)
def test_names_of_sides(
    repository: Repository, old: str, new: str, said: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.commit({"a.xml": AROUND.format("")})

    assert main(["diff", *(["--"] if old == "-x:a.xml" else []), old, new]) == (0 if said is None else 2)
    assert (said or "") in capsys.readouterr().err


def test_without_git(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.commit({"a.xml": AROUND.format("")})
    monkeypatch.setenv("PATH", str(repository.folder))

    assert main(["diff", "HEAD:a.xml", "a.xml"]) == 2
    assert "git is not installed, or not on the PATH" in capsys.readouterr().err


def test_outside_of_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.xml").write_text(AROUND.format(""), "utf-8")
    monkeypatch.chdir(tmp_path)

    assert main(["diff", "HEAD:a.xml", "a.xml"]) == 2
    assert "not a git repository" in capsys.readouterr().err


def test_a_shallow_clone(repository: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".git" / "shallow").write_text("", "utf-8")
    repository.commit({"a.xml": AROUND.format("")})
    (tmp_path / ".git" / "shallow").write_text(repository.git("rev-parse", "HEAD"), "utf-8")

    assert main(["diff", "HEAD~1", "."]) == 2
    assert "git fetch --unshallow" in capsys.readouterr().err


def test_too_many_files_are_no_reason_to_fetch(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.commit({"a.xml": AROUND.format(""), **{f"{number}.txt": "" for number in range(99)}})
    monkeypatch.setattr(checkout, "MOST_GIT_BYTES", 1_000)

    assert main(["diff", "HEAD:a.xml", "a.xml"]) == 2
    error = capsys.readouterr().err
    assert "no repository of policies needs" in " ".join(error.split())
    assert "fetch" not in error


@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_partial_clone_lacks_the_object(
    repository: Repository, capsys: pytest.CaptureFixture[str], is_deleted: bool
) -> None:
    repository.commit({"a.xml": AROUND.format(""), "b.xml": AROUND.format("<!-- b -->")})
    name = repository.git("rev-parse", "HEAD:a.xml").strip()
    (repository.folder / ".git" / "objects" / name[:2] / name[2:]).unlink()
    repository.git("config", "extensions.partialClone", "origin")
    repository.git("config", "remote.origin.promisor", "true")
    (repository.folder / "a.xml").unlink()
    if not is_deleted:
        (repository.folder / "a.xml").write_text(AROUND.format("<!-- a -->"), "utf-8")

    assert main(["diff", "HEAD", "."]) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert "git cannot read a.xml at HEAD: its object is missing" in error
    assert "git fetch --refetch --no-filter" in error


def test_a_partial_clone_lacks_a_picture(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    repository.commit({"a.xml": AROUND.format(""), "docs/a.png": "picture"})
    name = repository.git("rev-parse", "HEAD:docs/a.png").strip()
    (repository.folder / ".git" / "objects" / name[:2] / name[2:]).unlink()
    repository.git("config", "extensions.partialClone", "origin")
    repository.git("config", "remote.origin.promisor", "true")
    assert main(["diff", "HEAD", "."]) == 0, capsys.readouterr().err


LARGE = f"<!--{'x' * MAXIMUM_BYTES}-->"
"""What makes a file too large for every reader."""


@pytest.mark.parametrize(
    ("name", "before", "after", "said"),
    [
        pytest.param("main.tf", f"# {LARGE}\n", f"# {LARGE}\nlocals {{}}\n", "- main.tf", id="a changed file"),
        pytest.param("main.tf", f"# {LARGE}\n", f"# {LARGE}\n", "the same", id="an equal file"),
        pytest.param("main.tf", f"# {LARGE}\n", "", "- main.tf", id="a file that gets small"),
        pytest.param("main.tf", f"# {LARGE}\n", None, "- main.tf", id="a file that is gone"),
        pytest.param("a.bin", "x" * 33_000_000, "y" * 33_000_000, "- a.bin", id="a file of which only the name comes"),
        pytest.param("b.xml", AROUND.format(LARGE), None, "HEAD~1:b.xml is larger than 4 MB", id="a policy"),
        pytest.param("b.xml", AROUND.format(LARGE), AROUND.format(f"{LARGE} "), "is larger than", id="both policies"),
    ],
)
@pytest.mark.parametrize("new", ["HEAD:.", "."])
def test_a_large_file_is_in_both_versions(
    repository: Repository,
    capsys: pytest.CaptureFixture[str],
    new: str,
    name: str,
    before: str,
    after: str | None,
    said: str,
) -> None:
    repository.commit({"a.xml": AROUND.format(""), name: before})
    if after is None:
        (repository.folder / name).unlink()
    repository.commit({"c.md": ""} if after is None else {name: after, "c.md": ""})

    code = main(["diff", "HEAD~1:.", new])

    captured = capsys.readouterr()
    assert said in " ".join((captured.out + captured.err).split())
    assert code == (0 if said == "the same" else 2 if "larger" in said else 3)


def test_names_in_a_tree_that_lead_out_of_it(repository: Repository, tmp_path: Path) -> None:
    """Such trees cannot be made with `git add`, but others can send them."""
    blob = repository.git("hash-object", "-w", "--stdin")
    link = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"], cwd=tmp_path, input=b"/etc/passwd", capture_output=True, check=True
    ).stdout.decode()

    def tree(*entries: tuple[str, str, str]) -> str:
        data = b"".join(
            f"{mode} {name}\0".encode() + bytes.fromhex(object_id.strip()) for mode, name, object_id in entries
        )
        made = subprocess.run(
            ["git", "hash-object", "-w", "-t", "tree", "--literally", "--stdin"],
            cwd=tmp_path,
            input=data,
            capture_output=True,
            check=True,
        )
        return made.stdout.decode()

    up = tree(("100644", "evil.xml", blob))
    root = tree(("40000", "..", up), ("40000", ".git", up), ("100644", "good.xml", blob), ("120000", "link.xml", link))
    into = tmp_path / "one" / "two"
    revision = revision_of(root.strip(), str(tmp_path))
    assert revision is not None
    revision.write("", str(into))

    assert sorted(str(each.relative_to(tmp_path / "one")) for each in (tmp_path / "one").rglob("*")) == [
        "two",
        os.path.join("two", "good.xml"),
    ]
