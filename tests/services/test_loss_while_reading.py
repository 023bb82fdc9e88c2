"""Without an item of a service that can't be read, no command answers as if the item didn't exist.

A service asks for a token in all of its APIs but one. That one, or its policy, is lost while reading, in all the ways
in which files lose something. No answer may be the one of a service without it.
"""

from __future__ import annotations

import importlib.util
import re
from typing import TYPE_CHECKING

import pytest
from tests.sampling import sampled
from tests.services.test_deployments import API, BICEP_API, CHECKED, GLOBAL, OPEN, bicep, extract, terraform

from apimpolicy.cli import main

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TEXTS: dict[str, str | bytes] = {"global.xml": GLOBAL, "checked.xml": CHECKED, "open.xml": OPEN}
Files = dict[str, "str | bytes"]

# Terraform

MAIN = terraform('"apim"', "checked.xml")
OTHER = API.format(id="other", service='"apim"', policy="open.xml").replace("api.other.name", "api.other.name")
LOCAL = 'module "other" {{\n  source = "{source}"\n  api_management_name = "apim"\n  {more}\n}}\n'


def tf(other: str | bytes, **more: str | bytes) -> Files:
    return {"main.tf": MAIN, "other.tf": other, **TEXTS, **more}


def inside(old: str, new: str, text: str = OTHER) -> str:
    assert old in text
    return text.replace(old, new)


FIRST = OTHER.partition("\n")[0]
TERRAFORM: dict[str, Files] = {
    "a syntax error before": tf("locals {\n  a = = 1\n}\n" + OTHER),
    "a brace that isn't closed": tf("locals {\n  a = {\n}\n" + OTHER),
    "a syntax error in the resource": tf(inside("  path ", "  = 3\n  path ")),
    "a text that isn't closed": tf("locals {\n  a = <<EOT\n}\n" + OTHER),
    "a comment that isn't closed": tf("/* a\n" + OTHER),
    "a file that isn't UTF-8": tf(b"# caf\xe9\n" + OTHER.encode()),
    "UTF-16": tf(OTHER.encode("utf-16")),
    "a zero byte": tf(b"\x00" + OTHER.encode()),
    "a large file": tf("# " + "x" * 9_000_000 + "\n" + OTHER),
    "an unknown count": tf(inside(FIRST, f"{FIRST}\n  count = var.other ? 1 : 0"), **{"v.tf": 'variable "other" {}'}),
    "an unknown for_each": tf(inside(FIRST, f"{FIRST}\n  for_each = var.o"), **{"v.tf": 'variable "o" {}'}),
    "a count that isn't a number": tf(inside(FIRST, f'{FIRST}\n  count = "many"')),
    "a count of a function that isn't known": tf(inside(FIRST, f"{FIRST}\n  count = provider::x::f()")),
    "a module that isn't there": tf(LOCAL.format(source="./gone", more="")),
    "a module of Git": tf(LOCAL.format(source="git::https://x.example/a.git", more="")),
    "a module of a registry": tf(LOCAL.format(source="x/api-management/azurerm", more="")),
    "a module outside": tf(LOCAL.format(source="../../../elsewhere", more="")),
    "a module with a syntax error": tf(
        LOCAL.format(source="./own", more=""), **{"own/main.tf": "a = = 1\n" + OTHER, "own/open.xml": OPEN}
    ),
    "a module that is called too deeply": tf(
        LOCAL.format(source="./own", more=""), **{"own/main.tf": LOCAL.format(source="../own", more="")}
    ),
    "JSON that can't be read": tf("", **{"other.tf.json": '{"resource": {"azurerm_api_management_api": {"other": {'}),
    "a policy whose file isn't there": tf(inside("open.xml", "gone.xml")),
    "a policy of a template that isn't there": tf(inside('file("open.xml")', 'templatefile("gone.tpl", {})')),
    "a policy that isn't known": tf(inside('file("open.xml")', "var.policy"), **{"v.tf": 'variable "policy" {}'}),
    "a policy from a link": tf(
        inside('xml_content         = file("open.xml")', 'xml_link = "https://x.example/a.xml"')
    ),
    "a policy from a data source": tf(inside('file("open.xml")', "data.http.policy.response_body")),
    "a policy that isn't text": tf(inside('file("open.xml")', "12")),
    "a policy in a file that isn't UTF-8": tf(OTHER, **{"open.xml": b"\xff\xfe\x00<policies>"}),
    "an id that isn't known": tf(
        inside('"other"\n  api_management_name', "var.id\n  api_management_name"), **{"v.tf": 'variable "id" {}'}
    ),
    "azapi with an unknown type": tf(
        'variable "t" {}\nresource "azapi_resource" "x" {\n  type = var.t\n  name = "other"\n}\n'
    ),
    "azapi with an unknown body": tf(
        'variable "b" {}\nresource "azapi_resource" "x" {\n  type = "Microsoft.ApiManagement/service/apis@2022-08-01"\n'
        '  parent_id = azurerm_api_management.apim.id\n  name = "other"\n  body = var.b\n}\n'
    ),
    "a template of ARM with unknown content": tf(
        'resource "azurerm_resource_group_template_deployment" "x" {\n  name = "x"\n'
        '  template_content = file("gone/apimanagement.json")\n}\n'
    ),
    "a template of ARM that isn't JSON": tf(
        'resource "azurerm_resource_group_template_deployment" "x" {\n  template_content = file("apim.txt")\n}\n',
        **{"apim.txt": '{"resources": [{"type": "Microsoft.ApiManagement/service/apis"'},
    ),
    "a resource of a type that isn't known": tf(
        inside('"azurerm_api_management_api" "other"', '"azurerm_api_management_api_v2" "other"')
    ),
    "a script": tf(
        'resource "null_resource" "x" {\n  provisioner "local-exec" {\n'
        '    command = "az apim api import --api-id other --service-name apim"\n  }\n}\n'
    ),
}

# Bicep

OTHER_BICEP = BICEP_API.replace("orders", "other").replace("POLICY", "open.xml")
OTHER_BICEP = re.sub(r"resource (get|policy) ", r"resource \1Other ", OTHER_BICEP)
WHOLE = bicep("'apim'", "checked.xml")


def bi(other: str, **more: str | bytes) -> Files:
    return {"main.bicep": WHOLE + other, **TEXTS, **more}


HEAD = "resource other 'Microsoft.ApiManagement/service/apis@2022-08-01' = "
MODULE = "module other '{source}' = {{\n  name: 'other'\n  params: {{ apim: apim.name }}\n}}\n"
BICEP: dict[str, Files] = {
    "a syntax error before": bi("var a = = 1\n" + OTHER_BICEP),
    "a brace that isn't closed": bi("var a = {\n" + OTHER_BICEP),
    "a text that isn't closed": bi("var a = '''\n" + OTHER_BICEP),
    "an unknown condition": bi("param o bool\n" + inside(HEAD, f"{HEAD}if (o) ", OTHER_BICEP)),
    "a loop over what isn't known": bi(
        "param o array\n"
        + OTHER_BICEP.replace(f"{HEAD}{{", f"{HEAD}[for x in o: {{", 1).replace("}\n}\n", "}\n}]\n", 1)
    ),
    "a module that isn't there": bi(MODULE.format(source="gone.bicep")),
    "a module of a registry": bi(MODULE.format(source="br:x.azurecr.io/apim/api:1")),
    "a module of a template spec": bi(MODULE.format(source="ts:a/b/api-management:1")),
    "a module with a syntax error": bi(
        MODULE.format(source="own.bicep"), **{"own.bicep": "param apim string\nvar a = = 1\n" + OTHER_BICEP}
    ),
    "a module that calls itself": bi(
        MODULE.format(source="own.bicep"),
        **{"own.bicep": MODULE.format(source="own.bicep").replace("apim.name", "'a'")},
    ),
    "a module of JSON that can't be read": bi(MODULE.format(source="own.json"), **{"own.json": '{"resources": ['}),
    "a policy whose file isn't there": bi(inside("open.xml", "gone.xml", OTHER_BICEP)),
    "a policy that isn't known": bi("param p string\n" + inside("loadTextContent('open.xml')", "p", OTHER_BICEP)),
    "a policy from a link": bi(
        inside(
            "format: 'rawxml', value: loadTextContent('open.xml')",
            "format: 'rawxml-link', value: 'https://x.example/a'",
            OTHER_BICEP,
        )
    ),
    "a function that isn't known": bi(inside("loadTextContent('open.xml')", "unheard('open.xml')", OTHER_BICEP)),
    "an id that isn't known": bi("param id string\n" + inside("name: 'other'", "name: id", OTHER_BICEP)),
    "a type that isn't known": bi(
        inside(
            "service/apis@2022-08-01' = {\n  parent: apim\n",
            "service/apis2@2022-08-01' = {\n  parent: apim\n",
            OTHER_BICEP,
        )
    ),
    "properties that aren't known": bi(
        "param p object\n" + re.sub(r"(name: 'other'\n  properties: )\{.*\}", r"\1p", OTHER_BICEP, count=1)
    ),
    "properties that are put together": bi(
        "param p object\n" + re.sub(r"(name: 'other'\n  properties: )(\{.*\})", r"\1union(\2, p)", OTHER_BICEP, count=1)
    ),
    "the properties of a policy that aren't known": bi(
        "param p object\n" + inside("{ format: 'rawxml', value: loadTextContent('open.xml') }", "p", OTHER_BICEP)
    ),
    "a comment that isn't closed": bi("/* a\n" + OTHER_BICEP),
    "a script": bi(
        "resource s 'Microsoft.Resources/deploymentScripts@2020-10-01' = {\n  name: 's'\n  kind: 'AzurePowerShell'\n"
        "  properties: { scriptContent: 'New-AzApiManagementApi -ApiId other' }\n}\n"
    ),
    "another file that isn't UTF-8": bi("", **{"other.bicep": b"// caf\xe9\n" + (WHOLE + OTHER_BICEP).encode()}),
    "another file of UTF-16": bi("", **{"other.bicep": (WHOLE + OTHER_BICEP).encode("utf-16")}),
    "an ARM template that can't be read": bi(
        "",
        **{"other.json": '{"$schema": "https://x/deploymentTemplate.json#", "x": "Microsoft.ApiManagement/service", '},
    ),
}

# An extract

BASE = extract(CHECKED)
OF_OTHER = {
    name.replace("orders", "other"): text.replace("orders", "other")
    for name, text in extract(OPEN).items()
    if "orders" in name
}
INFORMATION, POLICY = "apis/other/apiInformation.json", "apis/other/policy.xml"
OPERATION = "apis/other/operations/get/operationInformation.json"
README = {"README.md": "extracted"}


def ex(changes: Mapping[str, str | bytes | None]) -> Files:
    files = {**BASE, **OF_OTHER, **README, **changes}
    return {name: content for name, content in files.items() if content is not None}


EXTRACT: dict[str, Files] = {
    "no information file": ex({INFORMATION: None}),
    "an information file of another name": ex(
        {INFORMATION: None, "apis/other/apiInformation.yaml": "properties: {path: other}"}
    ),
    "JSON that can't be read": ex({INFORMATION: "{"}),
    "JSON that isn't an object": ex({INFORMATION: "[]"}),
    "no properties": ex({INFORMATION: "{}"}),
    "properties that are no object": ex({INFORMATION: '{"properties": 3}'}),
    "an empty file": ex({INFORMATION: ""}),
    "a file that isn't UTF-8": ex({INFORMATION: OF_OTHER[INFORMATION].encode().replace(b"other", b"\xff", 1)}),
    "UTF-16": ex({INFORMATION: OF_OTHER[INFORMATION].encode("utf-16")}),
    "a path that isn't text": ex({INFORMATION: '{"properties": {"path": 3}}'}),
    "an operation that can't be read": ex({OPERATION: "{"}),
    "an operation without a method": ex({OPERATION: '{"properties": {"urlTemplate": "/"}}'}),
    "a policy that is empty": ex({POLICY: ""}),
    "a policy that isn't XML": ex({POLICY: "<policies><inbound>"}),
    "a policy that isn't UTF-8": ex({POLICY: b"\xff\xfe\x00<policies />"}),
    "a global policy that isn't UTF-8": ex({"policy.xml": b"\xff\xfe\x00<policies />"}),
}

FORMS = {"terraform": TERRAFORM, "bicep": BICEP, "extract": EXTRACT}
ROWS = [pytest.param(form, name, id=f"{form}: {name}") for form, rows in FORMS.items() for name in rows]
BARE: dict[str, Files] = {"terraform": tf(""), "bicep": bi(""), "extract": dict(BASE)}


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


CLAIM = """service: .
claims:
  - name: callers have a token
    if: reaches-backend
    then: validate-azure-ad-token
"""
SHORT = "--seconds 0.2"
"""Whatever a search finds, nothing here is the same or proven."""
BROKEN = {
    *("a policy that is empty", "a policy that isn't XML"),
    *("a policy that isn't UTF-8", "a global policy that isn't UTF-8"),
}
"""What the gateway refuses; everything else is no error."""


def said(words: str, capsys: pytest.CaptureFixture[str]) -> str:
    code = main(words.split())
    captured = capsys.readouterr()
    return f"{code} {captured.out}{captured.err}"


@pytest.mark.parametrize("form", FORMS)
def test_without_the_item_there_is_nothing_to_say(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for version in ("old", "new"):
        write(tmp_path / version, {**BARE[form], "token.test.yaml": CLAIM})
    monkeypatch.chdir(tmp_path)
    assert said("diff old new", capsys).startswith("0 Nothing changes for callers")
    monkeypatch.chdir(tmp_path / "new")
    assert "audit: nothing found" in said("audit", capsys)
    assert said("check", capsys).startswith("0 no problems")
    if has_prover():
        assert said("prove token.test.yaml", capsys).startswith("0 ")


@pytest.mark.parametrize(("form", "name"), sampled(ROWS, 30))
def test_loss(
    form: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "old", {**BARE[form], "token.test.yaml": CLAIM})
    write(tmp_path / "new", {**FORMS[form][name], "token.test.yaml": CLAIM})
    monkeypatch.chdir(tmp_path)
    compared = said(f"diff old new {SHORT}", capsys)
    assert compared[0] != "0", compared
    monkeypatch.chdir(tmp_path / "new")
    audited = said("audit", capsys)
    assert "audit: nothing found" not in audited, audited
    checked = said("check", capsys)
    assert (checked[0] == "1") is (form == "extract" and name in BROKEN), checked
    proven = said(f"prove token.test.yaml {SHORT}", capsys) if has_prover() else "3"
    assert proven[0] != "0", proven
    assert "internal error" not in f"{compared}{audited}{checked}{proven}"


def has_prover() -> bool:
    return importlib.util.find_spec("z3") is not None
