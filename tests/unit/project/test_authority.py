"""What the files of a checkout may name, and what authors decide."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from apimpolicy import checkout
from apimpolicy.errors import ConfigurationError
from apimpolicy.project import authority, wider_documents
from apimpolicy.project.authority import Author, FileKind, Role, may_name
from apimpolicy.project.environments import overlay_path, variables_of
from apimpolicy.project.infrastructure.files import Files
from apimpolicy.project.service import from_code
from apimpolicy.project.service.description import ServiceDescription
from apimpolicy.testing.comparing import setting_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs links and pipes")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a repository with links, ignored files and files of tools, beside a folder of another owner."""
    outside, project = tmp_path / "outside", tmp_path / "project"
    for folder in (outside, project / "sub" / ".hidden", project / "made", project / "keys"):
        folder.mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", str(project)], check=True)
    for name in ("own.txt", ".env", "sub/own.txt", "sub/.hidden/own.txt", "made/own.txt", "a.local", "kept.local"):
        (project / name).write_text("own")
    (project / ".gitignore").write_text("*.local\nmade/\n!sub/kept.txt\n*.bak\n")
    (project / ".git" / "info").mkdir(exist_ok=True)
    (project / ".git" / "info" / "exclude").write_text("excluded.txt\n")
    (project / "excluded.txt").write_text("own")
    (project / "sub" / ".gitignore").write_text("*.txt\n!own.txt\n")
    for name in ("sub/other.txt", "gha-creds-17ab.json", "sub/terraform.tfstate", "keys/id_rsa"):
        (project / name).write_text("own")
    subprocess.run(["git", "-C", str(project), "add", "--force", "kept.local"], check=True)
    for name, target in {"inner": project / "sub", "file": outside / "secret.txt", "vendor": outside}.items():
        (project / name).symlink_to(target)
    (project / "hooks").symlink_to(project / ".git")
    (project / "linked").symlink_to(project / "a.local")
    (outside / "secret.txt").write_text("secret")
    os.mkfifo(project / "pipe")
    return project


NAMED = {"own.txt": "", "inner/own.txt": "", "sub/own.txt": "", "new.txt": "", ".env": authority.HIDDEN}
NAMED |= {".git/config": authority.HIDDEN, "sub/.hidden/own.txt": authority.HIDDEN, "hooks/config": authority.HIDDEN}
NAMED |= {"file": authority.OUTSIDE, "vendor/secret.txt": authority.OUTSIDE, "../outside/secret.txt": authority.OUTSIDE}
NAMED |= {"/proc/self/environ": authority.OUTSIDE, "/dev/zero": authority.OUTSIDE, "pipe": checkout.NO_FILE}
NAMED |= {"a.local": authority.IGNORED, "made/own.txt": authority.IGNORED, "sub/other.txt": authority.IGNORED}
NAMED |= {"linked": authority.IGNORED, "excluded.txt": authority.IGNORED, "kept.local": "", "made": "", "new.bak": ""}
NAMED |= dict.fromkeys(("gha-creds-17ab.json", "sub/terraform.tfstate", "keys/id_rsa"), authority.CREDENTIALS)


@pytest.mark.parametrize(("name", "reason"), NAMED.items())
def test_a_file_names_only_visible_files_of_its_checkout(project: Path, name: str, reason: str) -> None:
    author = Author(Role.CHECKOUT, str(project))
    if not reason:
        assert may_name(author, name) == os.path.join(project, name)
        return
    with pytest.raises(ConfigurationError, match=re.escape(reason)):
        may_name(author, name)


def test_a_file_in_a_hidden_folder_names_its_neighbours(project: Path) -> None:
    folder = project / "sub" / ".hidden"
    assert may_name(Author(Role.CHECKOUT, str(folder)), "own.txt") == str(folder / "own.txt")


@pytest.mark.parametrize("kinds", [(), (authority.CERTIFICATE_FILE,)])
def test_a_private_key_may_be_ignored_where_it_is_read_as_one(project: Path, kinds: tuple[FileKind, ...]) -> None:
    for name in ("made/partner.pem", "made/partner.txt"):
        (project / name).touch()
    (project / "made" / "other.pem").symlink_to("partner.txt")
    author = Author(Role.CHECKOUT, str(project))
    for name in ("made/partner.pem", "made/partner.txt", "made/other.pem"):
        reason = authority.why_refused(author, str(project / name), *kinds)
        assert reason == ("" if kinds and name == "made/partner.pem" else authority.IGNORED), name


def test_a_trusted_checkout_names_any_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(checkout.TRUST, "1")
    assert may_name(Author(Role.CHECKOUT, str(project)), "/proc/self/environ") == "/proc/self/environ"


def test_without_git_the_patterns_decide(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(project))
    checkout._git_program.cache_clear()
    for name in ("a.local", "kept.local"):
        with pytest.raises(ConfigurationError, match="git ignores it"):
            may_name(Author(Role.CHECKOUT, str(project)), name)
    checkout._git_program.cache_clear()


def test_an_archive_ignores_nothing(project: Path) -> None:
    """The files of a revision lie in a temporary folder, without a repository."""
    (project / ".git").rename(project.parent / "git")
    assert may_name(Author(Role.CHECKOUT, str(project)), "kept.local")


def test_callers_name_no_files_and_only_the_user_is_believed(project: Path) -> None:
    roles = {role: Author(role, str(project), (str(project),)) for role in Role}
    assert [role for role, author in roles.items() if author.is_believed] == [Role.USER]
    assert may_name(roles[Role.USER], "/dev/zero") == "/dev/zero"
    for role in (Role.CALLER, Role.ASSISTANT, Role.EDITOR, Role.CHECKOUT):
        for name in ("/dev/zero", "../outside/secret.txt", ".env", "gha-creds-17ab.json"):
            with pytest.raises(ConfigurationError, match="isn't read"):
                may_name(roles[role], name)
    with pytest.raises(ConfigurationError, match="callers name no files"):
        may_name(roles[Role.CALLER], "own.txt")


FORGOTTEN: dict[str, Callable[[str, str], object]] = {
    "an overlay": lambda folder, name: overlay_path(folder, "prod", {"overlay": name}, folder),
    "values of an environment": lambda folder, name: variables_of(folder, "prod", {"values": name}, folder),
    "the policy of an API": lambda folder, name: wider_documents._of_tables({"apis": {"a": {"policy": name}}}, folder),
    "a file in a setting that is compared": lambda folder, name: setting_table._with_content(name, folder),
}
"""Once read whatever path a configuration named."""


@pytest.mark.parametrize("reader", FORGOTTEN)
@pytest.mark.parametrize("name", ["../outside/secret.txt", ".env", "a.local", "gha-creds-17ab.json"])
def test_no_reader_of_a_configuration_forgets_to_ask(reader: str, name: str, project: Path) -> None:
    try:
        found = FORGOTTEN[reader](str(project), name)
    except ConfigurationError as error:
        found = str(error)
    if isinstance(found, ServiceDescription):
        assert list(found.policies()) == []
    else:
        assert found == name or "isn't read" in str(found)


def test_code_reads_the_files_that_a_checkout_may_name(project: Path) -> None:
    modules = project / ".terraform" / "modules" / "m"
    modules.mkdir(parents=True)
    (modules / "own.txt").write_text("own")
    (project.parent / "outside" / "x.txt").write_text("secret")
    files = Files(str(project), str(project))
    refused = (
        "a.local",
        "gha-creds-17ab.json",
        "sub/terraform.tfstate",
        "keys/id_rsa",
        ".env",
        "../outside/secret.txt",
    )
    for name in refused:
        with pytest.raises(LookupError):
            files.named(str(project), name)
    assert len(files.refused) == len(refused)
    for name in ("own.txt", "kept.local", ".terraform/modules/m/own.txt"):
        assert files.data(files.named(str(project), name)) == b"own"
    (project / "apimpolicy.toml").write_text('[service.modules]\nown = "sub"\nother = "../outside"\n')
    assert list(from_code._modules(str(project))) == ["own"]
