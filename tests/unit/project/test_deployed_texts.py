"""`check` reads the policies that code deploys as Azure gets them: their values, in their formats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from apimpolicy.cli import main

BICEP = """param unset string
param set string = '&lt;JObject&gt;'
resource apim 'Microsoft.ApiManagement/service@2022-08-01' = {{ name: 'contoso' }}
resource api 'Microsoft.ApiManagement/service/apis@2022-08-01' = {{
  parent: apim
  name: 'orders'
  properties: {{ path: 'orders', protocols: ['https'] }}
}}
var text = '''<policies><inbound><base />{policy}</inbound>
<backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>'''
resource policy 'Microsoft.ApiManagement/service/apis/policies@2022-08-01' = {{
  parent: api
  name: 'policy'
  properties: {{ {format}value: {value} }}
}}
"""
RAW = "format: 'rawxml', "
XML = "format: 'xml', "
CDATA = "<set-body><![CDATA[@{ return context.Request.Body.As<JObject>().ToString(); }]]></set-body>"
QUOTES = '<set-variable name="a" value="@(context.Request.Headers.GetValueOrDefault("x", ""))" />'
ESCAPED = QUOTES.replace('"@(', "'@(").replace('))"', "))'")
COMMENT = """<set-variable name="a" value="@{
  // the caller
  return context.RequestId.ToString();
}" />"""
TERRAFORM = """resource "azurerm_api_management" "apim" {{ name = "contoso" }}
resource "azurerm_api_management_api" "orders" {{
  name                = "orders"
  api_management_name = azurerm_api_management.apim.name
  path                = "orders"
}}
variable "unset" {{}}
resource "azurerm_api_management_api_policy" "orders" {{
  api_name            = "orders"
  api_management_name = azurerm_api_management.apim.name
  xml_content         = {value}
}}
"""
LINE = "<policies><inbound>{policy}</inbound><backend /><outbound /><on-error /></policies>"


def checked(capsys: pytest.CaptureFixture[str]) -> list[str]:
    main(["check", ".", "--format", "json", "--no-cache"])
    found = json.loads(capsys.readouterr().out)["diagnostics"]
    return [f"{each['code']} {Path(each['path']).name}:{each['line']}" for each in found if each["severity"] == "error"]


@pytest.mark.parametrize(
    ("policy", "form", "value", "expected"),
    [
        (CDATA, RAW, "text", []),
        (CDATA, RAW, "replace(text, '<JObject>', set)", ["CS1525 main.bicep:9"]),
        (CDATA, RAW, "replace(text, '<JObject>', unset)", []),
        (QUOTES, RAW, "text", []),
        (QUOTES, XML, "text", ["POL031 main.bicep:9"]),
        (QUOTES, "", "text", ["POL031 main.bicep:9"]),
        (ESCAPED, XML, "text", []),
        (QUOTES, XML, "replace(text, '\"x\", \"\"', '1')", ["CS1503 main.bicep:14"]),
        (COMMENT, RAW, "text", []),
        (COMMENT, XML, "text", ["CS0161 main.bicep:9"]),
        (f"{COMMENT}<set-header />", XML, "replace(text, '// the caller', '')", ["POL103 main.bicep:12"]),
    ],
)
def test_bicep(
    policy: str,
    form: str,
    value: str,
    expected: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".git").mkdir()
    Path("main.bicep").write_text(BICEP.format(policy=policy, format=form, value=value))
    assert checked(capsys) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('file("p.xml")', ["CS0103 p.xml:1"]),
        ('replace(file("p.xml"), "nothing", "context")', []),
        ('replace(file("p.xml"), "nothing", var.unset)', []),
        ('replace(file("p.xml"), "nothing", "contexts")', ["CS0103 p.xml:1"]),
        ('templatefile("p.xml", {})', ["CS0103 p.xml:1"]),
    ],
)
def test_terraform(
    value: str, expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".git").mkdir()
    Path("main.tf").write_text(TERRAFORM.format(value=value))
    policy = '<set-variable name="a" value="@(nothing.RequestId)" />'
    Path("p.xml").write_text(LINE.format(policy=policy))
    assert checked(capsys) == expected


def test_each_value_of_a_loop_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One text with several values is checked with each of them."""
    monkeypatch.chdir(tmp_path)
    Path(".git").mkdir()
    code = TERRAFORM.format(value='replace(file("p.xml"), "NAME", each.value)')
    code = code.replace('"orders"', "each.value").replace('each.value" {', 'orders" {')
    code = code.replace('_api" each.value {', '_api" "orders" {\n  for_each = toset(["context", "nothing"])')
    code = code.replace('_policy" each.value {', '_policy" "orders" {\n  for_each = toset(["context", "nothing"])')
    Path("main.tf").write_text(code)
    Path("p.xml").write_text(LINE.format(policy='<set-variable name="a" value="@(NAME.RequestId)" />'))
    assert checked(capsys) == ["CS0103 p.xml:1"]
