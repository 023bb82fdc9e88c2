"""Secret named values, and tokens in headers, are shown nowhere."""

from __future__ import annotations

import base64
import json
from collections import OrderedDict
from typing import TYPE_CHECKING

import pytest
from tests.processes import APIMPOLICY, run_python

from apimpolicy.project.configuration import load_configuration
from apimpolicy.project.findings import to_findings
from apimpolicy.report.log_commands import markup_without_log_commands, to_json
from apimpolicy.text import secrets

if TYPE_CHECKING:
    from pathlib import Path

SECRET = 'S3cr"t<p@ss w0rd>'
TOKEN = "eyJhbGciOiJub25lIn0.e30.c2lnbmF0dXJl"
CONFIGURATION = f"""
[named-values]
shown = "visible-value"
key = {{ value = {json.dumps(SECRET)}, secret = true }}
"""
POLICY = """<policies><inbound>
    <set-variable name="k" value="{{key}}" />
    <set-variable name="s" value="{{shown}}" />
    <set-variable name="b" value="@{ var pair = "user:" + (string)context.Variables["k"];
        return Convert.ToBase64String(Encoding.UTF8.GetBytes(pair)); }" />
    <set-variable name="t" value="@(context.Request.Headers.GetValueOrDefault("Authorization", ""))" />
    <set-header name="X-Key" exists-action="override"><value>{{key}}</value></set-header>
    <trace source="a">@("key " + context.Variables["k"])</trace>
    <choose><when condition="@((string)context.Variables["k"] == "")"><return-response /></when></choose>
</inbound><backend><forward-request /></backend><outbound /><on-error /></policies>"""
COMMANDS = [
    ["run", "--trace"], ["run", "--format", "json"], ["run", "--gateway-trace"], ["explain"],
    ["explain", "--format", "json"], ["explain", "--html", "page.html"],
]  # fmt: skip


def hidden_forms() -> list[str]:
    inner = base64.b64encode(f"user:{SECRET}".encode()).decode()[8:20]
    return [SECRET, json.dumps(SECRET)[1:-1], "S3cr&quot;t", "S3cr", inner, TOKEN]


def run(folder: Path, *arguments: str) -> str:
    (folder / "a.xml").write_text(POLICY)
    (folder / "c.toml").write_text(CONFIGURATION)
    header = f"Authorization: Bearer {TOKEN}"
    more = ("a.xml", "--config", "c.toml", "--get", "/x", "--header", header)
    done = run_python(*APIMPOLICY, *arguments, *more, cwd=folder)
    page = folder / "page.html"
    return done.stdout + done.stderr + (page.read_text() if page.exists() else "")


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_no_command_shows_them(arguments: list[str], tmp_path: Path) -> None:
    said = run(tmp_path, *arguments)
    assert [form for form in hidden_forms() if form in said] == []


def test_other_values_are_shown_and_so_are_secrets_for_those_who_must(tmp_path: Path) -> None:
    assert "visible-value" in run(tmp_path, "run", "--trace")
    for arguments in (("--show-secrets", "run", "--trace"), ("run", "--trace", "--show-secrets")):
        said = run(tmp_path, *arguments)
        assert "S3cr" in said
        assert TOKEN in said


def test_findings_that_are_kept_have_none(tmp_path: Path) -> None:
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.source import Source

    secrets.keep_secret(["kept-nowhere-at-all"])
    found = Diagnostic("POL001", "says kept-nowhere-at-all", Source("x", "a.xml"), 0, 1)
    assert to_findings([found])[0].message == "says ***"


def test_no_secret_is_shown_because_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    from apimpolicy.errors import ConfigurationError

    monkeypatch.setattr(secrets, "_known", {})
    monkeypatch.setattr(secrets, "_pattern", None)
    monkeypatch.setattr(secrets, "MOST", 10)
    with pytest.raises(ConfigurationError, match="more than 10 secret values"):
        secrets.keep_secret(f"secret-{each}" for each in range(11))


@pytest.mark.parametrize("table", ["{ value = 1 }", "{ secret = true }", '{ value = "a", hidden = true }'])
def test_a_table_of_another_kind_is_refused(table: str, tmp_path: Path) -> None:
    from apimpolicy.errors import ConfigurationError

    path = tmp_path / "apimpolicy.toml"
    path.write_text(f"[named-values]\nkey = {table}\n")
    with pytest.raises(ConfigurationError, match="named value 'key'"):
        load_configuration(str(path))


def test_folders_say_it_too(tmp_path: Path) -> None:
    from apimpolicy.project.gateways import load_gateway

    folder = tmp_path / "named values" / "k"
    folder.mkdir(parents=True)
    (tmp_path / "apis").mkdir()
    properties = {"displayName": "k", "value": "in-a-folder-secret", "secret": True}
    (folder / "namedValueInformation.json").write_text(json.dumps({"properties": properties}))
    load_gateway(tmp_path)
    assert secrets.without_secrets("x in-a-folder-secret y") == "x *** y"


@pytest.mark.parametrize("word", ["true", "null", "test", "1234", "span"])
def test_json_and_markup_stay_what_they_are_whatever_is_secret(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_known", OrderedDict({word: None}))
    monkeypatch.setattr(secrets, "_pattern", None)
    data = {"is": True, "value": None, "line": 1234, "says": f"a {word} b"}
    assert json.loads(to_json(data)) == {**data, "says": "a *** b"}
    markup = f'<test span="{word}"><span>{word}</span></test>'
    assert markup_without_log_commands(markup) == '<test span="***"><span>***</span></test>'


LINES = "-----BEGIN KEY-----\nMIGHAgEAMBMGByqG\nAgEHBG0wawIB\n-----END KEY-----\n"
PLACES = {
    "topsecret-value": ("topsecret-value\n", "the value topsecret-value."),
    "topsecret": ("  topsecret\r\n", "topsecret"),
    "MIGHAgEAMBMGByqG": (LINES, "line 2 is MIGHAgEAMBMGByqG"),
    "AgEHBG0wawIB": (LINES, "line 3 is AgEHBG0wawIB"),
    "pa55-word": ("", "see https://user:pa55-word@contoso.example/x"),
}


@pytest.mark.parametrize("hidden", PLACES)
def test_a_secret_is_hidden_trimmed_line_by_line_and_in_urls(hidden: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, text = PLACES[hidden]
    monkeypatch.setattr(secrets, "_known", OrderedDict())
    monkeypatch.setattr(secrets, "_pattern", None)
    secrets.keep_secret([kept])
    assert secrets.without_secrets(text) == text.replace(hidden, "***")


@pytest.mark.parametrize("text", ["https://h:80/a@b", "https://user@h/x", "https://user:{{password}}@h"])
def test_a_url_without_a_password_stays(text: str) -> None:
    assert secrets.without_secrets(text) == text
