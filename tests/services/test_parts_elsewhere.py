"""Parts of a service that lie elsewhere: the global policy, and policies that scripts attach."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.services.test_deployments import (
    CHECKED,
    EXISTING,
    OPEN,
    POLICIES,
    bicep,
    extract,
    terraform,
    within,
    written,
)

from apimpolicy.cli import main
from apimpolicy.project.overlays import NO_CHANGES
from apimpolicy.project.service.reading import describe

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


PAGOPA = """module "orders" {{
  source                = "git::https://github.com/pagopa/terraform-azurerm-v4.git//api_management_api?ref=v1"
  name                  = "orders"
  path                  = "orders"
  service_url           = "https://orders.example"
  api_management_name   = "contoso"
  subscription_required = {required}
  xml_content           = file("{policy}")
  {more}
}}
"""
HMCTS = """module "api" {{
  source                = "git@github.com:hmcts/cnp-module-api-mgmt-api?ref=master"
  name                  = "orders"
  path                  = "orders"
  api_mgmt_name         = "contoso"
  service_url           = "https://orders.example"
  subscription_required = {required}
}}
module "policy" {{
  source                 = "git@github.com:hmcts/cnp-module-api-mgmt-api-policy?ref=master"
  api_mgmt_name          = "contoso"
  api_name               = module.api.name
  api_policy_xml_content = file("{policy}")
}}
"""
VERIFIED = """module apim 'br/public:avm/res/api-management/service:0.9.1' = {{
  name: 'apim'
  params: {{
    name: 'contoso'
    apis: [{{
      name: 'orders'
      path: 'orders'
      serviceUrl: 'https://orders.example'
      subscriptionRequired: {required}
      policies: [{{ format: 'rawxml', value: loadTextContent('{policy}') }}]
    }}]
    policies: [{{ format: 'rawxml', value: loadTextContent('global.xml') }}]
  }}
}}
"""
HMCTS_OPERATION = """module "operation" {
  source        = "git@github.com:hmcts/cnp-module-api-mgmt-api-operation?ref=master"
  api_mgmt_name = "contoso"
  api_name      = module.api.name
  operation_id  = "get"
  display_name  = "get"
  method        = "GET"
  url_template  = "/a"
  xml_content   = file("open.xml")
}
"""
PARTS = """module api 'br/public:avm/res/api-management/service/api:0.1.0' = {{
  name: 'api'
  params: {{
    apiManagementServiceName: 'contoso'
    name: 'orders'
    path: 'orders'
    displayName: 'orders'
    serviceUrl: 'https://orders.example'
    subscriptionRequired: {required}
    policies: [{{ format: 'rawxml', value: loadTextContent('{policy}') }}]
  }}
}}
module all 'br/public:avm/res/api-management/service/policy:0.1.0' = {{
  name: 'all'
  params: {{ apiManagementServiceName: 'contoso', format: 'rawxml', value: loadTextContent('global.xml') }}
}}
"""
OWN = """module "orders" {{
  source  = "app.terraform.io/contoso/api/azurerm"
  version = "1.0.0"
  policy  = "{policy}"
  required = {required}
}}
"""
OWN_FOLDER = """variable "policy" {}
variable "required" {}
resource "azurerm_api_management_api" "api" {
  name                  = "orders"
  api_management_name   = "contoso"
  path                  = "orders"
  service_url           = "https://orders.example"
  subscription_required = var.required
}
resource "azurerm_api_management_api_policy" "policy" {
  api_name            = "orders"
  api_management_name = "contoso"
  xml_content         = file(var.policy)
}
"""
MODULES = {
    "pagopa": ("main.tf", PAGOPA),
    "hmcts": ("main.tf", HMCTS),
    "azure verified modules": ("main.bicep", VERIFIED),
    "verified modules of parts": ("main.bicep", PARTS),
    "the folder of the table": ("main.tf", OWN),
}
SETTINGS = '[service]\nglobal-policy = "none"\n[service.modules]\n"contoso/api" = "modules/api"\n'


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize(
    ("policy", "required", "access"),
    [("open.xml", "false", "anyone"), ("checked.xml", "false", "token"), ("open.xml", "true", "subscription key")],
)
def test_an_api_that_a_module_gets(
    name: str, policy: str, required: str, access: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, code = MODULES[name]
    code = code.format(policy=policy, required=required, more="")
    folder = "modules/api/main.tf" if file == "main.tf" else "modules/api/README.md"
    files = {file: code, "apimpolicy.toml": SETTINGS, folder: OWN_FOLDER, **POLICIES}
    root = written(tmp_path, files)
    found = report(root, capsys)
    assert {api: each["access"] for api, each in found.items()} == {"orders": access}
    main(["run", str(root), "--get", "/orders"])
    assert ("200 OK" in capsys.readouterr().out) == (access == "anyone")


PRODUCT = """module product 'br/public:avm/res/api-management/service/product:0.1.0' = {{
  name: 'product'
  params: {{
    apiManagementServiceName: 'contoso', name: 'gold', displayName: 'Gold', subscriptionRequired: {key}{more}
  }}
}}
module value 'br/public:avm/res/api-management/service/named-value:0.1.0' = {{
  name: 'value'
  params: {{ apiManagementServiceName: 'contoso', name: 'region', displayName: 'region', value: 'west' }}
}}
module backend 'br/public:avm/res/api-management/service/backend:0.1.0' = {{
  name: 'backend'
  params: {{ apiManagementServiceName: 'contoso', name: 'east', url: 'https://east.example' }}
}}
"""


@pytest.mark.parametrize(
    ("key", "more", "access"),
    [
        ("false", "", "subscription key"),
        ("false", ", apis: ['orders']", "anyone"),
        ("true", ", apis: ['orders']", "subscription key"),
        (
            "false",
            ", apis: ['orders'], policies: [{ format: 'rawxml', value: loadTextContent('checked.xml') }]",
            "token or subscription key",
        ),
    ],
)
def test_what_verified_modules_make_of_a_product(
    key: str, more: str, access: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A request without a key is one of an open product, whose policies run then."""
    code = VERIFIED.format(policy="open.xml", required="true") + PRODUCT.format(key=key, more=more)
    root = written(tmp_path, {"main.bicep": code, **POLICIES})
    found = report(root, capsys)
    assert {api: each["access"] for api, each in found.items()} == {"orders": access}
    service = describe(str(root), NO_CHANGES)
    assert [each.id for each in service.backends] == ["east"]
    assert [each.name.value for each in service.named_values] == ["region"]
    assert all(each.is_assumed for each in service.gaps)


@pytest.mark.parametrize(
    ("apis", "is_doubted"),
    [("", False), ("apis: links", True), ("apis: isOpen ? ['orders'] : []", True), ("apis: ['orders']", False)],
)
def test_what_other_parameters_would_deploy(apis: str, is_doubted: bool, tmp_path: Path) -> None:
    """A list that isn't written makes no doubt; one that is empty, or conditional, does."""
    products = f"products: [{{ name: 'open', displayName: 'Open', {apis} }}]\n    apis: [{{"
    code = "param links array = []\nparam isOpen bool = false\n" + VERIFIED.format(policy="open.xml", required="true")
    root = written(tmp_path, {"main.bicep": code.replace("apis: [{", products, 1), **POLICIES})
    gaps = [each.reason for each in describe(str(root), NO_CHANGES).gaps if not each.is_assumed]
    assert any("productApi" in each for each in gaps) is is_doubted, gaps


def test_an_operation_that_a_module_gets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = HMCTS.format(policy="checked.xml", required="false") + HMCTS_OPERATION
    root = written(tmp_path, {"main.tf": code, "apimpolicy.toml": 'global-policy = "none"\n', **POLICIES})
    assert report(root, capsys)["orders"]["access"] == "token"
    assert [each.name.value for api in describe(str(root), NO_CHANGES).apis for each in api.operations] == ["get"]


def test_arguments_that_are_not_given_are_not_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = PAGOPA.format(policy="open.xml", required="null", more="").replace("  subscription_required = null\n", "")
    root = written(tmp_path, {"main.tf": code, "apimpolicy.toml": SETTINGS, "modules/api/main.tf": "", **POLICIES})
    assert report(root, capsys)["orders"]["access"] == "not decided"


def test_operations_products_and_keys_of_a_module(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = """content_format = "openapi"
  content_value  = file("openapi.json")
  api_operation_policies = [{ operation_id = "get", xml_content = file("checked.xml") }]
  subscription_key_names = { header = "X-Key", query = "key" }
  product_ids = ["unlimited"]
  api_version = "v1"
"""
    paths = {"/a": {"get": {"operationId": "get", "responses": {}}, "put": {"operationId": "put", "responses": {}}}}
    document = {"openapi": "3.0.1", "info": {"title": "orders", "version": "1"}, "paths": paths}
    code = PAGOPA.format(policy="open.xml", required="false", more=more)
    files = {"main.tf": code, "openapi.json": json.dumps(document), **POLICIES}
    root = written(tmp_path, {**files, "apimpolicy.toml": 'global-policy = "none"\n'})
    main(["audit", str(root), "--format", "json"])
    found = json.loads(capsys.readouterr().out)["operations"]
    assert {(each["api"], each["name"], each["access"]) for each in found} == {
        ("orders-v1", "GET /a", "token"),
        ("orders-v1", "PUT /a", "anyone"),
    }


@pytest.mark.parametrize(
    ("module", "is_mentioned"),
    [
        ('source = "Azure/network/azurerm"\n  name = "vnet"', False),
        ('source = "Azure/network/azurerm"\n  name = azurerm_api_management.apim.name', True),
        ('source = "Azure/network/azurerm"\n  id = azurerm_api_management.apim.id', True),
        ('source = "contoso/apim-policies/azurerm"', True),
        ('source = "contoso/api-management/azurerm"', True),
        ('source = "contoso/x/azurerm"\n  api = azurerm_api_management_api.orders.name', True),
        ('source = "contoso/x/azurerm"\n  text = file("open.xml")', True),
    ],
)
def test_modules_that_get_nothing_of_the_service_are_not_mentioned(
    module: str, is_mentioned: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = terraform('"contoso"', "open.xml") + f'module "other" {{\n  {module}\n}}\n'
    root = written(tmp_path, {"main.tf": code, **POLICIES})
    main(["run", str(root), "--get", "/orders"])
    assert ("aren't read" in capsys.readouterr().err) == is_mentioned
    main(["audit", str(root)])
    assert ("AUD011" in capsys.readouterr().out) == is_mentioned


def test_a_module_whose_value_is_used_is_mentioned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module = 'module "other" {\n  source = "contoso/x/azurerm"\n}\n'
    root = written(tmp_path, {"main.tf": module + terraform("", "open.xml", "module.other.service"), **POLICIES})
    main(["run", str(root), "--get", "/orders"])
    assert "aren't read" in capsys.readouterr().err


VALUE = "<set-header name='x' exists-action='override'><value>{{secret}}</value></set-header>"
SCRIPT = """resource script 'Microsoft.Resources/deploymentScripts@2023-08-01' = {
  name: 'values'
  kind: 'AzurePowerShell'
  properties: { scriptContent: 'COMMAND' }
}
"""
NAMED = """resource region 'Microsoft.ApiManagement/service/namedValues@2022-08-01' = {
  parent: apim
  name: 'region'
  properties: { displayName: 'region', value: 'west' }
}
"""


@pytest.mark.parametrize(
    ("command", "severity"),
    [
        ("Write-Host hello", "error"),
        ("New-AzApiManagementNamedValue -Context $c -NamedValueId secret", "warning"),
        ("az apim nv create --service-name contoso --named-value-id secret", "warning"),
        ("az rest --method put --url https://x/service/contoso/namedValues/secret --body b", "warning"),
        ("New-AzApiManagementBackend -Context $c -BackendId b", "error"),
    ],
)
@pytest.mark.parametrize("form", ["bicep", "terraform"])
def test_scripts_in_code_count_as_scripts_do(
    form: str, command: str, severity: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = OPEN.replace("<base />", f"<base />{VALUE}", 1)
    files = {"main.bicep": bicep("'contoso'", "open.xml") + NAMED + SCRIPT.replace("COMMAND", command)}
    if form == "terraform":
        code = terraform('"contoso"', "open.xml") + NAMED_IN_TERRAFORM + PROVISIONER.replace("COMMAND", command)
        files = {"main.tf": code}
    root = written(tmp_path, {**files, **POLICIES, "open.xml": policy})
    main(["check", str(root), "--format", "json", "--no-cache"])
    found = json.loads(capsys.readouterr().out)["diagnostics"]
    severities = [each["severity"] for each in found if each["code"] == "POL001"]
    assert severities == ["error"] if severity == "error" else "error" not in severities


PROVISIONER = """resource "null_resource" "values" {
  provisioner "local-exec" {
    command = "COMMAND"
  }
}
"""
NAMED_IN_TERRAFORM = """resource "azurerm_api_management_named_value" "region" {
  name                = "region"
  display_name        = "region"
  value               = "west"
  api_management_name = "contoso"
}
"""


@pytest.mark.parametrize(
    ("module", "severity"),
    [
        ('module "x" {\n  source = "contoso/apim/azurerm"\n}\n', "warning"),
        ('module "x" {\n  source = "git::https://github.com/contoso/api-management.git"\n}\n', "warning"),
        ('module "x" {\n  source = "contoso/network/azurerm"\n}\n', "error"),
    ],
)
def test_an_extract_beside_a_module_that_is_not_read(
    module: str, severity: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = OPEN.replace("<base />", '<base /><set-backend-service backend-id="other" />', 1)
    backend = {
        "backends/one/backendInformation.json": '{"properties": {"url": "https://one.example", "protocol": "http"}}'
    }
    root = written(tmp_path, {**within("apimartifacts", {**extract(policy), **backend}), "infra/main.tf": module})
    main(["check", str(root), "--format", "json", "--no-cache"])
    found = json.loads(capsys.readouterr().out)["diagnostics"]
    assert [(each["code"], each["severity"]) for each in found] == [("POL160", severity)]
