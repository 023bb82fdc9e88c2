"""Words that scripts, pipelines and templates replace are placeholders in the policies of the same repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy.project.check_projects import CheckOptions, CheckProjects
from apimpolicy.project.check_run import CheckRun
from apimpolicy.project.replacements import replaced_words, template_files
from apimpolicy.project.repository import parents_of

if TYPE_CHECKING:
    from pathlib import Path

POLICY = """<policies>
    <inbound>
        <base />
        <rate-limit calls="{word}" renewal-period="60" />
        <set-variable name="a" value="@(new string[] {{{word}}}.Length)" />
    </inbound>
</policies>
"""


NUMBERED = {f"{{{number}}}" for number in range(10)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('value = replace(file("policies/a.xml"), "THUMBS", join(",", var.thumbs))', {"THUMBS"}),
        ("value: replace(replace(loadTextContent('a.xml'), '__A__', string(a)), '_X_', x)", {"__A__", "_X_"}),
        ('text = text.replace("RETRY_COUNT", str(count))', {"RETRY_COUNT"}),
        ("$xml = $xml -replace 'TENANT_ID', $tenant -creplace \"#A#\", $a", {"TENANT_ID", "#A#"}),
        ("(Get-Content a.xml).Replace('{TENANT}', $tenant)", {"{TENANT}"}),
        ("sed -i 's/BACKEND_URL/https:\\/\\/a/g; s|@HOST@|a|' policy.xml", {"BACKEND_URL", "@HOST@"}),
        ("value: format(policy, backendUrl, 'GET', 200)", NUMBERED),
        ("value: format(loadTextContent('a.xml'), 5)", NUMBERED),
        ("var xml = string.Format(File.ReadAllText(path), limit);", NUMBERED),
        ("$xml = $policy -f $limit, $host", NUMBERED),
        ("xml = text.format(limit, calls=5, host=name(x))", {*NUMBERED, "{calls}", "{host}"}),
        ("console.log(string.Format(\"{0} of {1}\", a, b)); format('{0}', a); \"{}\".format(a=1)", set()),
        ("text.replace('a', 'b'); replaceAll(/x/g, y)", set()),
        ("a = text.replace(A, b); c = 'OTHER'", set()),
        ("text.replace('<base />', '<base /><choose>').replace('@(', '@(A')", set()),
        ("text.replace('ToUpper(', '').replace('{{A}}', a)", set()),
        ("text.replace('context.Request.IpAddress', '<A>')", {"<A>"}),
        ("a replacement for the old one", set()),
        ("replace(text, '<value><DOOR></value>', '<value>${a}</value>')", {"<DOOR>", "<value>${a}</value>"}),
        ("text.replace('<origin></origin>', `<origin>${o}</origin>`)", {"<origin></origin>"}),
        ("text.replace('<base />', '').replace('</inbound>', '')", set()),
    ],
)  # fmt: skip
def test_words_that_are_replaced(text: str, words: set[str]) -> None:
    assert words <= set(replaced_words(text))
    assert set(replaced_words(text)) <= words | {"policies/a.xml", "a.xml"}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "apis").mkdir()
    (tmp_path / "apis" / "policy.xml").write_text(POLICY.format(word="LIMIT"), encoding="utf-8")
    return tmp_path


def codes(repository: Path) -> list[str]:
    checked = CheckRun(CheckProjects(CheckOptions())).one(str(repository / "apis" / "policy.xml"))
    assert checked.problem is None
    return [finding.code for finding in checked.findings if finding.severity == "error"]


def test_a_word_that_nobody_replaces_is_a_mistake(repository: Path) -> None:
    assert codes(repository) == ["POL104", "CS0103"]


@pytest.mark.parametrize("name", ["infra/main.tf", ".github/workflows/deploy.yml", "deploy.ps1"])
def test_a_word_that_a_file_of_the_repository_replaces_is_a_placeholder(repository: Path, name: str) -> None:
    path = repository / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x = replace(file(\"../apis/policy.xml\"), 'LIMIT', y)", encoding="utf-8")
    assert codes(repository) == []


def test_other_repositories_do_not_count(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other") / "deploy.py"
    other.write_text('text.replace("LIMIT", "1")', encoding="utf-8")
    assert codes(repository) == ["POL104", "CS0103"]


@pytest.mark.parametrize("word", ["@(", "LIM", "<policies>", "calls"])
def test_replacing_what_policies_are_written_with_explains_nothing(repository: Path, word: str) -> None:
    (repository / "deploy.py").write_text(f"text.replace('{word}', '')", encoding="utf-8")
    assert codes(repository) == ["POL104", "CS0103"]


def test_a_reading_with_placeholders_is_taken_only_if_it_makes_no_errors(repository: Path) -> None:
    (repository / "deploy.py").write_text("text.replace('inbound>', '')", encoding="utf-8")
    assert codes(repository) == ["POL104", "CS0103"]


NOTEBOOK = (
    r'{"cells": [{"cell_type": "%s", "source": ["p = open(\"apis/policy.xml\").read()\n", "p.replace(\"LIMIT\", 5)"]}]}'
)


@pytest.mark.parametrize(
    ("script", "text", "is_placeholder"),
    [
        ("tool.py", 's.replace("LIMIT", "")', False),
        ("tool.py", 'text = open(path).read().replace("LIMIT", "")', False),
        ("tool.py", 'open("other/readme.md").read().replace("LIMIT", "")', False),
        ("tool.py", 'open("apis/policy.xml").read().replace("LIMIT", "")', True),
        ("tool.py", 'for file in Path("apis/").iterdir(): file.read_text().replace("LIMIT", "")', True),
        ("tool.py", 'for file in root.rglob("*.xml"): file.write_text(file.read_text().replace("LIMIT", ""))', True),
        ("tool.py", 'policies = sys.argv[1:]; open(policies[0]).read().replace("LIMIT", "")', True),
        ("tool.sh", 'for policy in "$@"; do sed -i "s/LIMIT/5/" "$policy"; done', True),
        ("tool.sh", 'sed -i "s/LIMIT/5/" package.txt', False),
        ("tool.yml", "env: {NAME: \"${{ replace('LIMIT', 'x') }}\"}", False),
        ("policy.bicep", "param policyXml string\nvalue: replace(policyXml, 'LIMIT', limit)", True),
        ("names.bicep", "var name = replace('LIMIT', 'x', y)", False),
        ("a.ipynb", NOTEBOOK % "code", True),
        ("a.ipynb", NOTEBOOK % "markdown", False),
    ],
)
def test_only_a_script_that_can_read_the_policy_counts(
    repository: Path, script: str, text: str, is_placeholder: bool
) -> None:
    (repository / script).write_text(text, encoding="utf-8")
    assert codes(repository) == ([] if is_placeholder else ["POL104", "CS0103"])


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ('string Token = ""; return Token.Lenght;', "CS1061"),
        ("foreach (var Token in new[] { 1 }) { return Token.Lenght; } return 0;", "CS1061"),
        ("return new[] { 1 }.Select(Token => Token.Lenght);", "CS1061"),
        ("return (from Token in new[] { 1 } select Token.Lenght);", "CS1061"),
        ('return int.TryParse("1", out var Token) ? Token.Lenght : 0;', "CS1061"),
        ("return context.Token.Lenght;", "CS1061"),
        ("return Token.Lenght;", None),
        ("foreach (var item in Token) { } return 0;", None),
    ],
)
def test_a_name_that_the_policy_declares_is_no_placeholder(repository: Path, code: str, error: str | None) -> None:
    text = POLICY.format(word="LIMIT").replace("@(new string[] {LIMIT}.Length)", f"@{{ {code} }}")
    (repository / "apis" / "policy.xml").write_text(text.replace('"LIMIT"', '"5"'), encoding="utf-8")
    (repository / "tool.py").write_text('open("apis/policy.xml").read().replace("Token", "")', encoding="utf-8")
    assert codes(repository) == ([error] if error else [])


DOCUMENT = """<policies>
    <inbound>
        <base />
        <cors><allowed-origins><origin></origin></allowed-origins></cors>
        <check-header name="X-Azure-FDID" failed-check-httpcode="403"><value><FRONTDOORID></value></check-header>
        <set-backend-service id="backend" backend-id />
        <rate-limit calls="" renewal-period="60" />
    </inbound>
</policies>
"""
ORIGIN, DOOR, BACKEND, CALLS = "POL108", "POL006", "POL011", "POL104"
PATH = "$xml.policies.inbound"


@pytest.mark.parametrize(
    ("script", "text", "left"),
    [
        ("deploy.ps1", f"[xml]$xml = gc a\n{PATH}.cors.'allowed-origins'.origin = $o", {DOOR, BACKEND, CALLS}),
        ("deploy.ps1", f"[xml]$xml = gc a\n{PATH}.cors.origin[0].InnerText = $o", {DOOR, BACKEND, CALLS}),
        ("deploy.ps1", f"[xml]$xml = gc a\n{PATH}.'rate-limit'.calls = '5'", {ORIGIN, DOOR, BACKEND}),
        ("deploy.ps1", "$xml.project.inbound.origin = $o", {ORIGIN, DOOR, BACKEND, CALLS}),
        ("deploy.ps1", f"[xml]$xml = gc a\nif ({PATH}.cors.origin == $o) {{ }}", {ORIGIN, DOOR, BACKEND, CALLS}),
        ("a.cs", 'XmlDocument policy; d.SelectSingleNode("//cors//origin").InnerText = o;', {DOOR, BACKEND, CALLS}),
        ("a.cs", 'XmlDocument policy; e.SetAttribute("calls", "5");', {ORIGIN, DOOR, BACKEND}),
        ("a.py", "policy = xml.parse(a); policy.find('.//origin').text = o", {DOOR, BACKEND, CALLS}),
        ("a.py", "policy = xml.parse(a); print(policy.find('.//origin').text == o)", {ORIGIN, DOOR, BACKEND, CALLS}),
        ("a.js", "m.set('calls', 5); a.find('//origin').text = o", {ORIGIN, DOOR, BACKEND, CALLS}),
        (
            "main.bicep",
            "param policy string\nvalue: replace(policy, '<value><FRONTDOORID></value>', v)",
            {ORIGIN, BACKEND, CALLS},
        ),
        ("a.js", "policy.replace('<origin></origin>', origins)", {DOOR, BACKEND, CALLS}),
        ("a.ps1", "$p = gc policy.xml; $p.Replace('backend-id', \"backend-id='$b'\")", {ORIGIN, DOOR, CALLS}),
        ("a.ps1", "$p = gc apis/*.xml; $p -replace 'backend-id', $b", {ORIGIN, DOOR, CALLS}),
        ("a.ps1", "$p.Replace('set-backend-service', $b)", {ORIGIN, DOOR, BACKEND, CALLS}),
    ],
)
def test_what_a_script_sets_is_a_placeholder(tmp_path: Path, script: str, text: str, left: set[str]) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "apis").mkdir()
    (tmp_path / "apis" / "policy.xml").write_text(DOCUMENT, encoding="utf-8")
    (tmp_path / script).write_text(text, encoding="utf-8")
    assert set(codes(tmp_path)) == left


@pytest.mark.parametrize(
    "script", ["deploy.ps1", "scripts/deploy.ps1", "policies/deploy.ps1", ".pipelines/release/deploy.ps1"]
)
def test_scripts_around_a_folder_without_a_repository(tmp_path: Path, script: str) -> None:
    """An archive of a repository has no `.git`: the folders above the checked one count as well."""
    policy = tmp_path / "policies" / "apis" / "orders.xml"
    policy.parent.mkdir(parents=True)
    policy.write_text(POLICY.format(word="RETRY_COUNT"), encoding="utf-8")
    assert _codes(policy)
    deploy = tmp_path / script
    deploy.parent.mkdir(parents=True, exist_ok=True)
    deploy.write_text("$xml = (gc orders.xml) -replace 'RETRY_COUNT', $count", encoding="utf-8")
    assert _codes(policy) == []


def test_another_project_beside_a_folder_without_a_repository(tmp_path: Path) -> None:
    policy = tmp_path / "one" / "orders.xml"
    other = tmp_path / "other" / "deploy.ps1"
    for file, text in ((policy, POLICY.format(word="RETRY_COUNT")), (other, "$xml -replace 'RETRY_COUNT', $count")):
        file.parent.mkdir()
        file.write_text(text, encoding="utf-8")
    assert _codes(policy)


def _codes(policy: Path) -> list[str]:
    return [row.code for row in CheckRun(CheckProjects(CheckOptions())).one(str(policy)).findings]


def test_the_folders_above_one_without_a_repository_end_at_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    folder = tmp_path / "one" / "two"
    folder.mkdir(parents=True)
    assert list(parents_of(str(folder))) == [str(folder), str(tmp_path / "one")]
    (tmp_path / "one" / ".gitignore").touch()
    assert list(parents_of(str(folder))) == [str(folder), str(tmp_path / "one")]


@pytest.mark.parametrize(
    ("text", "patterns"),
    [
        ('templatefile("${path.module}/policies/a.xml", { client_secret = var.s })', ["a\\.xml"]),
        ('templatefile("policies/${each.key}.xml", local.values)', [".*\\.xml"]),
        ('file("policies/a.xml")', []),
        ("templatefile(var.path, {})", []),
    ],
)
def test_files_that_terraform_reads_as_templates(text: str, patterns: list[str]) -> None:
    assert list(template_files(text)) == patterns


INTERPOLATED = """<policies><inbound><base />
    <set-body>@{ var client_secret2 = 1; return $"client_secret=${client_secret}&b={client_secret2}"; }</set-body>
</inbound></policies>
"""


@pytest.mark.parametrize(("call", "codes"), [("templatefile", []), ("file", ["CS0103"])])
def test_a_placeholder_in_an_interpolated_string_of_a_template(tmp_path: Path, call: str, codes: list[str]) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "main.tf").write_text(f'locals {{ a = {call}("${{path.module}}/p/a.xml", {{ client_secret = 1 }}) }}')
    (tmp_path / "p").mkdir()
    path = tmp_path / "p" / "a.xml"
    path.write_text(INTERPOLATED)
    found = CheckRun(CheckProjects(CheckOptions())).one(str(path)).findings
    assert [each.code for each in found if each.code.startswith("CS")] == codes
