"""Parts of a service that lie elsewhere: the global policy, and policies that scripts attach."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.services.test_deployments import CHECKED, EXISTING, OPEN, POLICIES, bicep, terraform, written

from apimpolicy.cli import main

if TYPE_CHECKING:
    from pathlib import Path

UNLESS = ", unless the global policy asks"


def report(root: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, object]]:
    main(["audit", str(root), "--format", "json"])
    return {each["api"]: each for each in json.loads(capsys.readouterr().out)["operations"]}


FORMS = {
    "terraform": {"main.tf": terraform("", "open.xml", '"contoso"'), **POLICIES},
    "bicep": {"main.bicep": bicep("'contoso'", "open.xml", EXISTING), **POLICIES},
}


@pytest.fixture(params=FORMS)
def root(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(written(tmp_path, FORMS[request.param]))
    return tmp_path


def test_an_answer_has_a_condition(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = report(root, capsys)["orders"]
    assert (found["access"], found["decided"]) == (f"anyone{UNLESS}", False)
    assert found["condition"] == {"unless": "the global policy asks", "access": "anyone"}
    page = root / "audit.html"
    main(["audit", str(root), "--html", str(page)])
    assert f"anyone{UNLESS}" in capsys.readouterr().out
    assert f"anyone{UNLESS}" in page.read_text()
    main([str(root)])
    assert f"1 × anyone{UNLESS}" in capsys.readouterr().out


def test_the_gate_treats_it_as_undecided(root: Path) -> None:
    assert main(["audit", str(root)]) == 0
    (root / "apimpolicy.toml").write_text('[audit]\nundecided = "fail"\n')
    assert main(["audit", str(root)]) == 1


@pytest.mark.parametrize(
    ("setting", "access"),
    [
        ('global-policy = "none"\n', "anyone"),
        ('[service]\nglobal-policy = "none"\n', "anyone"),
        ('[service]\nglobal-policy = "global.xml"\n', "anyone"),
        ('[service]\nglobal-policy = "closed.xml"\n', "token"),
        ('[service]\npath = "."\nglobal-policy = "closed.xml"\n', "token"),
        ('[service]\nglobal-policy = "none"\n[[service.policies]]\napi = "orders"\npolicy = "checked.xml"\n', "token"),
        (
            '[service]\nglobal-policy = "none"\n[[service.policies]]\napi = "orders"\noperation = "get"\n'
            'policy = "checked.xml"\n',
            "token",
        ),
    ],
)
def test_the_configuration_says_what_is_elsewhere(
    setting: str, access: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    closed = CHECKED.replace("<base />", "").replace("<backend>", "<backend><forward-request />")
    (root / "closed.xml").write_text(closed)
    (root / "apimpolicy.toml").write_text(setting)
    assert report(root, capsys)["orders"]["access"] == access
    assert main(["check", str(root)]) == 0
    assert main(["run", str(root), "--get", "/orders"]) == 0
    assert ("HTTP/1.1 401" if access == "token" else "HTTP/1.1 200") in capsys.readouterr().out


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ('[[service.policies]]\napi = "other"\npolicy = "open.xml"\n', "names the API 'other', which the service"),
        ('[[service.policies]]\napi = "orders"\n', "needs a 'policy', the file that a script attaches"),
        ('[[service.policies]]\npolicy = "open.xml"\n', "needs an 'api', with an 'operation' or without"),
        ('[service]\nglobal = "none"\n', "global"),
    ],
)
def test_mistakes_in_the_table(setting: str, message: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "apimpolicy.toml").write_text(setting)
    assert main(["audit", str(root)]) == 2
    assert message in capsys.readouterr().err


def test_a_difference_under_the_condition(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The answers of both versions are compared as if the global policy asked for nothing."""
    for folder, text in (("old", CHECKED), ("new", OPEN)):
        files = {name: (text if name == "open.xml" else content) for name, content in FORMS["bicep"].items()}
        written(root / folder, files)
    assert main(["diff", str(root / "old"), str(root / "new"), "--seconds", "0.2", "--format", "json"]) != 0
    access = json.loads(capsys.readouterr().out)["access"]
    assert [(each["before"], each["after"]) for each in access] == [("token", f"anyone{UNLESS}")]


@pytest.mark.parametrize("path", ["", 'path = "."\n'])
def test_claims_are_about_the_service_of_the_table(path: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    claim = '[[claims]]\nname = "none gets through"\nif = "reaches-backend"\nthen = "@(false)"\n'
    (root / "apimpolicy.toml").write_text(f'[service]\n{path}global-policy = "none"\n{claim}')
    assert main(["prove", str(root), "--seconds", "1"]) == 1
    assert "1 false" in capsys.readouterr().out
