"""`diff` says "the same" only of what is left when everything that differs was accounted for."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.services.test_service_changes import FILES, write

from apimpolicy.cli import main
from apimpolicy.testing.comparing import changed_files, operations, running, service_comparison, services, sides

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TERRAFORM = """
variable "has_orders" {
  default = false
}
resource "azurerm_api_management_api" "orders" {
  count               = var.has_orders ? 1 : 0
  name                = "orders"
  api_management_name = "contoso"
  resource_group_name = "contoso"
  revision            = "1"
  path                = "orders"
  protocols           = ["https"]
}
resource "azurerm_api_management_api_policy" "orders" {
  count               = var.has_orders ? 1 : 0
  api_name            = "orders"
  api_management_name = "contoso"
  resource_group_name = "contoso"
  xml_content         = <<XML
<policies><inbound><base /><set-header name="X-A"><value>a</value></set-header></inbound></policies>
XML
}
module "others" {
  source   = "git::https://example.com/policies.git"
  template = "${path.module}/others.tpl"
}
"""
PLAIN = '{"properties": {\n  "displayName": "Orders",\n  "path": "orders",\n  "subscriptionRequired": false\n}}'
POOL = '{"properties": {"type": "Pool", "pool": {"services": [{"id": "/backends/a"}]}}}'
ROWS = {
    "a template that an unread module reads": ({"others.tpl": "<when condition='a' />"}, "others.tpl", "a", "b"),
    "a template of Terraform": ({"main.tf": TERRAFORM, "others.tftpl": "<a>1</a>"}, "others.tftpl", "1", "2"),
    "code that is switched off": ({"main.tf": TERRAFORM}, "main.tf", "<value>a<", "<value>b<"),
    "an overlay of another environment": (
        {"configuration.prod.yaml": "apis:\n  - name: orders\n    properties:\n      subscriptionRequired: true\n"},
        *("configuration.prod.yaml", "true", "false"),
    ),
    "a setting that no reader knows": (
        {"apis/orders/apiInformation.json": PLAIN.replace("false", 'false,\n  "authenticationSettings": 1')},
        *("apis/orders/apiInformation.json", '"authenticationSettings": 1', '"authenticationSettings": 2'),
    ),
    "a pipeline": ({".github/workflows/deploy.yml": "env: {LIMIT: 1}"}, ".github/workflows/deploy.yml", "1", "2"),
    "a version of something else": ({"info.yaml": "info:\n  version: 1\n"}, "info.yaml:2", "1", "2"),
    "a folder of settings that names policies": (
        {".vscode/make.json": '{"a": "<policies>1"}'},
        *(".vscode/make.json:1", "1", "2"),
    ),
    "a chart that names API Management": (
        {"helm/app/Chart.yaml": "name: app\n", "helm/app/values.yaml": "image: api-management/gateway:1\n"},
        *("helm/app/values.yaml", "1", "2"),
    ),
    "a program that makes policies": ({"make.py": "policies = '<policies>1'"}, "make.py", "1", "2"),
}
STORAGE = """// The logs
resource logs 'Microsoft.Storage/storageAccounts@2023-01-01' = {
  name: 'logs' // as a name
  location: 'westeurope'
}
resource orders 'Microsoft.ApiManagement/service/apis@2023-05-01-preview' = if (false) {
  name: 'contoso/orders'
  properties: {
    path: 'orders'
  }
}
"""
READ = STORAGE.replace("path: 'orders'", "path: 'orders'\n    serviceUrl: logs.properties.primaryEndpoints.web")
BUCKETS = """
resource "azurerm_storage_account" "logs" {
  name = "logs"
}
locals {
  zones = ["a", "b"]
  note  = <<-EOT
    # 1 text
  EOT
}
resource "azurerm_api_management_named_value" "note" {
  count               = 0
  name                = "note"
  resource_group_name = "a"
  api_management_name = "a"
  display_name        = "note"
  value               = "${local.note}${join("", local.zones)}"
}
"""
CHAIN = """
locals {
  first = azurerm_storage_container.logs.name
}
resource "azurerm_storage_container" "logs" {
  name  = "deep"
  owner = azurerm_storage_queue.logs.name
}
resource "azurerm_storage_queue" "logs" {
  name  = "queue"
  owner = azurerm_storage_container.logs.id
}
"""
PLACED = """param path string
param place string = 'here'
resource orders 'Microsoft.ApiManagement/service/apis@2023-05-01-preview' = if (false) {
  name: 'contoso/orders'
  properties: { path: path }
}
resource logs 'Microsoft.Storage/storageAccounts@2023-01-01' = {
  name: place
}
"""
VALUES = "using './main.bicep'\nparam path = 'orders'\nparam place = 'here'\n"
NETWORK = "module net 'br/public:avm/res/network/virtual-network:0.7.2' = {\n  name: 'n'\n}\n"
RUNS = BUCKETS.replace('name = "logs"', 'provisioner "local-exec" {\n    command = "./deploy.sh a"\n  }')
NOTEBOOK = json.dumps({"cells": [{"cell_type": kind, "source": [f"apim {kind}"]} for kind in ("markdown", "code")]})
ROWS |= {
    "a resource elsewhere that the service reads": (
        {"main.bicep": READ},
        "main.bicep",
        "'westeurope'",
        "'northeurope'",
    ),
    "code of the service": ({"main.bicep": STORAGE}, "main.bicep", "path: 'orders'", "path: 'others'"),
    "what looks like a comment in a text": ({"main.tf": BUCKETS}, "main.tf", "# 1 text", "# 2 text"),
    "a local that is called like documentation": (
        {
            "main.tf": BUCKETS.replace("zones =", 'description = "old"\n  zones =').replace(
                "local.note", "local.description"
            )
        },
        *("main.tf", '"old"', '"new"'),
    ),
    "a file that the code writes": (
        {"main.tf": BUCKETS + 'resource "local_file" "a" {\n  filename = "policy.xml"\n  content  = "old"\n}\n'},
        *("main.tf", '"old"', '"new"'),
    ),
    "a command of a resource elsewhere": ({"main.tf": RUNS}, "main.tf", "deploy.sh a", "deploy.sh b"),
    "a local that another one of the service reads": (
        {"main.tf": BUCKETS.replace('"a", "b"', "local.first") + CHAIN},
        *("main.tf", '"deep"', '"other"'),
    ),
    "a parameter of a deployment that isn't selected": (
        {"main.bicep": PLACED, "dev.bicepparam": VALUES, "prod.bicepparam": VALUES},
        *("prod.bicepparam:2", "'orders'", "'sales'"),
    ),
    "a list of variables": ({"prod.tfvars": 'zones = ["a"]\n'}, "prod.tfvars:1", '"a"', '"b"'),
    "arguments of a module that are written elsewhere": (
        {"main.bicep": NETWORK.replace("name: 'n'", "name: 'n'\n  params: all") + "var all = 'a'\n"},
        *("main.bicep:5", "'a'", "'b'"),
    ),
    "a module with code as data": (
        {"main.tf": 'module "a" {\n  source = "./net"\n  a = "b"\n}\n', "net/z.tf": "", "net/a.tf.json": "{}"},
        *("main.tf:3", '"b"', '"c"'),
    ),
    "a program for a test environment": ({"deploy_test.py": "apim = 1"}, "deploy_test.py", "1", "2"),
    "a program about a service": ({"apim_tests.py": "apim = 1"}, "apim_tests.py", "1", "2"),
    "a program that deploys": ({"build.gradle": "exec { az apim 1 }"}, "build.gradle", "1", "2"),
    "a document in a program": (
        {"src/main/resources/orders.yaml": "openapi: 3.0.0\n"},
        *("src/main/resources/orders.yaml:1", "3.0.0", "3.0.1"),
    ),
    "a module of a network that makes roles": (
        {"main.bicep": NETWORK.replace("name: 'n'", "name: 'n'\n  params: {\n    roleAssignments: ['a']\n  }")},
        *("main.bicep:4", "['a']", "['b']"),
    ),
    "a module of a network that a service reads": (
        {"main.bicep": NETWORK + "module m 'elsewhere.bicep' = {\n  name: net.outputs.name\n}\n"},
        *("main.bicep:2", "'n'", "'m'"),
    ),
    "other XML": ({"a.xsd.xml": "<schema>\n1\n</schema>\n"}, "a.xsd.xml:2", "1", "2"),
    "the code in a notebook": ({"make.ipynb": NOTEBOOK}, "make.ipynb", "apim code", "apim mode"),
}
"""Files besides a service, the one that changes, and the change that no comparison sees."""
LAYOUT = {
    "a description": (
        {"apis/orders/apiInformation.json": PLAIN.replace("false", 'false,\n  "description": "a"')},
        *("apis/orders/apiInformation.json", '"a"', '"b"'),
    ),
    "the layout of JSON": ({}, "apis/orders/apiInformation.json", ", ", ",\n"),
    "a page": ({"README.md": "a"}, "README.md", "a", "b"),
    "the version of an OpenAPI document": (
        {"api.json": '{"openapi": "3.0.0", "info": {"title": "a", "version": "1.0"}, "paths": {}}'},
        *("api.json", "1.0", "1.1"),
    ),
    "a chart of Kubernetes": (
        {"helm/app/Chart.yaml": "name: app\n", "helm/app/values.yaml": "replicas: 1\n"},
        *("helm/app/values.yaml", "1", "2"),
    ),
    "a state that is imported": (
        {"main.tf": BUCKETS + CHAIN + 'import {\n  to = azurerm_storage_container.logs\n  id = "a"\n}\n'},
        *("main.tf", '"deep"', '"other"'),
    ),
    "a container to work in": (
        {".devcontainer/devcontainer.json": '{"image": "a"}'},
        *(".devcontainer/devcontainer.json", "a", "b"),
    ),
    "a program": ({"app.py": "print(1)"}, "app.py", "1", "2"),
    "a module of a network": ({"main.bicep": NETWORK}, "main.bicep", "'n'", "'m'"),
    "a query of a dashboard": ({"usage.kql": "requests | take 1"}, "usage.kql", "1", "2"),
    "how a program is built": ({"build.gradle": "version = 1"}, "build.gradle", "1", "2"),
    "a test of a service": ({"tests/test_apim.py": "def test_apim(): 1"}, "tests/test_apim.py", "1", "2"),
    "a test of code": ({"main.tftest.hcl": 'run "a" {\n  command = 1\n}\n'}, "main.tftest.hcl", "1", "2"),
    "how tests are run": ({"pytest.ini": "[pytest]\naddopts = -q\n"}, "pytest.ini", "-q", "-v"),
    "settings of a program in Java": (
        {"src/main/resources/application.yaml": "port: 1\n"},
        *("src/main/resources/application.yaml", "1", "2"),
    ),
    "exceptions of a scanner": (
        {"owasp/a.xml": "<?xml version='1.0'?>\n<!-- a --><suppressions>\n<cve>1</cve>\n</suppressions>\n"},
        *("owasp/a.xml", "<cve>1", "<cve>2"),
    ),
    "line ends": ({"loose.csv": "a\n"}, "loose.csv", "\n", "\r\n"),
    "a comment of code": (
        {"main.tf": 'locals {\n  # a\n  name = "x"\n}\n'},
        "main.tf",
        "# a\n  name =",
        "# b\n  name   =",
    ),
    "a comment after code": ({"main.bicep": STORAGE}, "main.bicep", "// as a name", "// a name"),
    "the order of statements": (
        {"main.tf": BUCKETS},
        *("main.tf", BUCKETS, "locals {" + BUCKETS.split("locals {")[1] + BUCKETS.split("locals {")[0]),
    ),
    "a list on more lines": ({"main.tf": BUCKETS}, "main.tf", '["a", "b"]', '[\n    "a", # first\n    "b",\n  ]'),
    "a resource that nothing of the service reads": (
        {"main.bicep": STORAGE},
        "main.bicep",
        "westeurope",
        "northeurope",
    ),
    "resources that read each other, and nothing else does": (
        {"main.tf": BUCKETS + CHAIN},
        "main.tf",
        '"deep"',
        '"other"',
    ),
    "a parameter that no resource of the service reads": (
        {"main.bicep": PLACED, "dev.bicepparam": VALUES, "prod.bicepparam": VALUES},
        *("prod.bicepparam", "'here'", "'there'"),
    ),
    "the default of such a parameter": ({"main.bicep": PLACED}, "main.bicep", "'here'", "'there'"),
    "a variable that no resource of the service reads": (
        {"main.tf": BUCKETS + 'variable "place" {}\nresource "azurerm_dns_zone" "a" {\n  name = var.place\n}\n'}
        | {"prod.tfvars": 'place = "a"\n'},
        *("prod.tfvars", '"a"', '"b"'),
    ),
    "the same in Terraform": ({"main.tf": BUCKETS}, "main.tf", 'name = "logs"', 'name = "log"'),
    "text in a notebook": ({"make.ipynb": NOTEBOOK}, "make.ipynb", "apim markdown", "apim text"),
}


@pytest.fixture
def compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    pytest.importorskip("z3")
    monkeypatch.chdir(tmp_path)

    def compare(files: dict[str, str], changed: str, old: str, new: str) -> str:
        write(tmp_path / "old", FILES)
        write(tmp_path / "old", {f"../../{name}": text for name, text in files.items()})
        shutil.copytree("old", "new")
        path = tmp_path / "new" / changed.partition(":")[0]
        assert old in path.read_text("utf-8")
        path.write_bytes(path.read_text("utf-8").replace(old, new).encode())
        code = main(["diff", "old", "new", "--seconds", "1"])
        return f"{code} {' '.join(capsys.readouterr().out.split())}"

    return compare


@pytest.mark.parametrize("name", ROWS)
def test_a_file_that_nothing_accounts_for(name: str, compared: Callable[..., str]) -> None:
    row = ROWS[name]
    said = compared(*row)
    assert said.startswith("3 No difference was found, but 1 changed file is not compared."), said
    assert f"Changed, and not compared, so that their effect isn't known: - {row[1]}" in said


@pytest.mark.parametrize("name", LAYOUT)
def test_what_no_gateway_reads(name: str, compared: Callable[..., str]) -> None:
    assert compared(*LAYOUT[name]).startswith("0 Nothing changes for callers")


def test_a_member_of_a_pool(compared: Callable[..., str]) -> None:
    files = {
        "backends/a/backendInformation.json": '{"properties": {"url": "https://a.example", "protocol": "http"}}',
        "backends/pool/backendInformation.json": POOL,
        "policy.xml": '<policies><inbound><set-backend-service backend-id="pool" /></inbound></policies>',
    }
    said = compared(files, "backends/a/backendInformation.json", "a.example", "b.example")
    assert said.startswith("1 ")
    assert "requests that policies send to it go to https://b.example" in said


# Loss: without one item at one stage, the guarantee is gone

LIMIT = ("policy.xml", "<value>1</value></set-header></fragment>", "<value>2</value></set-header></fragment>")
USES = {
    "backends/stock/backendInformation.json": '<set-backend-service backend-id="stock" />',
    "named values/key/namedValueInformation.json": '<set-header name="X-A"><value>{{key}}</value></set-header>',
    "policy fragments/lock/policy.xml": '<include-fragment fragment-id="lock" />',
}
"""Files of resources, and policies that use them."""


@pytest.mark.parametrize("is_used", [True, False], ids=["used before", "not used"])
@pytest.mark.parametrize("name", USES)
def test_a_resource_that_was_not_described_before(
    name: str, is_used: bool, compared: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What policies that used it did before isn't known, so that callers may notice it."""
    policy = f"<policies><inbound>{USES[name] if is_used else '<base />'}</inbound></policies>"
    text = PARTS.get(name, "<fragment />")
    compared({"policy.xml": policy, name: text}, name, text, text)
    shutil.rmtree((tmp_path / "old" / name).parent)
    code = main(["diff", "old", "new", "--seconds", "1", "--format", "json"])
    changes = [change for group in json.loads(capsys.readouterr().out)["settings"] for change in group["changes"]]
    assert code == (1 if is_used else 0)
    assert [(each["meaning"] or "").startswith("the old version uses it too") for each in changes] == [is_used]


API = ("apis/orders/apiInformation.json", '"subscriptionRequired": false', '"subscriptionRequired": true')
HEADER = ("apis/orders/operations/delete/policy.xml", "<value>delete</value>", "<value>removed</value>")
STAGES: dict[str, tuple[tuple[str, str, str], object, str, Callable[..., object]]] = {
    "a difference while pairing": (HEADER, service_comparison, "_merged", lambda found: []),
    "a difference of a run": (HEADER, service_comparison, "_items", lambda *_: iter(())),
    "a report of a policy": (HEADER, service_comparison.ServiceComparison, "reports", lambda self, pairs: iter(())),
    "a policy of a service": (HEADER, running, "documents_of", lambda *_: sides.Documents([], set())),
    "an account of a policy": (HEADER, changed_files.Accounts, "add_policy", lambda *_, **__: None),
    "a setting while comparing": (API, services, "changed_settings", lambda *_: iter(())),
    "a setting while reporting": (API, running, "setting_groups", lambda *_: iter(())),
    "an account of a setting": (API, changed_files.Accounts, "add_setting", lambda *_: None),
    "an operation while pairing": (HEADER, operations, "_paired_routes", lambda *_: iter(())),
}


@pytest.mark.parametrize("stage", STAGES)
def test_loss(stage: str, compared: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    change, owner, name, without = STAGES[stage]
    monkeypatch.setattr(owner, name, without)
    said = compared({}, *change)
    assert not said.startswith("0 ")
    assert "Nothing changes for callers" not in said
    assert "everything else is proven" not in said or "the backend gets X-Audit: removed instead of delete" in said


# A place is a real path, however it was typed


@pytest.mark.parametrize(
    "edit", ["<set-header name='X-B'><value>b</value></set-header>", "<rate-limit calls='1' renewal-period='9' />"]
)
@pytest.mark.parametrize("typed", ["relative", "absolute", "through the folder above"])
def test_a_file_of_a_service_in_git(
    edit: str, typed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("z3")
    monkeypatch.chdir(tmp_path)
    information = FILES["apiInformation.json"].replace("false", "true")
    write(tmp_path / "x", {**FILES, "apiInformation.json": information})
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for arguments in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "x")):
        subprocess.run(["git", *who, *arguments], check=True, capture_output=True)
    name = "x/apis/orders/policy.xml"
    path = tmp_path / name
    path.write_text(path.read_text("utf-8").replace("<base />", f"<base />{edit}"), "utf-8")
    written = {"relative": name, "absolute": str(path), "through the folder above": f"x/../{name}"}[typed]
    assert main(["diff", "HEAD", written, "--format", "json", "--seconds", "2"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["policies"][0]["differences"]
    assert not answer["complete"] or answer["verdict"].startswith("1 change for callers")
    assert str(tmp_path) not in json.dumps(answer["policies"])


OPERATION = "apis/orders/operations/close/operationInformation.json"
PARTS = {
    OPERATION: '{"properties": {"displayName": "Close", "method": "DELETE", "urlTemplate": "/{id}/open"}}',
    "apis/items/apiInformation.json": '{"properties": {"displayName": "Items", "path": "items"}}',
    "backends/stock/backendInformation.json": '{"properties": {"url": "https://stock.example", "protocol": "http"}}',
    "products/gold/productInformation.json": '{"properties": {"displayName": "Gold", "subscriptionRequired": true}}',
    "named values/key/namedValueInformation.json": '{"properties": {"displayName": "key", "value": "a"}}',
}
"""Files of a service, a resource each."""


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("is_new", [True, False], ids=["broken now", "broken before"])
def test_what_a_version_cannot_read_is_neither_added_nor_removed(
    name: str, is_new: bool, compared: Callable[..., str]
) -> None:
    whole, broken = PARTS[name], PARTS[name][:-1]
    said = compared({name: whole if is_new else broken}, name, *((whole, broken) if is_new else (broken, whole)))
    assert said.startswith("3 No difference was found, but not everything was read and compared"), said
    assert name in said
    assert "removed" not in said
    assert "added" not in said


@pytest.mark.parametrize("resource", ["apis/items", "products/gold"])
@pytest.mark.parametrize("is_broken", [True, False], ids=["in both versions", "in one"])
def test_policies_beside_what_a_version_cannot_read(
    resource: str, is_broken: bool, compared: Callable[..., str]
) -> None:
    """They are there in both versions, so that they aren't removed, and a difference between them is shown."""
    (name,) = (each for each in PARTS if each.startswith(f"{resource}/"))
    text = '<policies><inbound><base /><set-header name="X-A"><value>a</value></set-header></inbound></policies>'
    files = {name: PARTS[name][:-1] if is_broken else PARTS[name], f"{resource}/policy.xml": text}
    change = (f"{resource}/policy.xml", ">a<", ">b<") if is_broken else (name, PARTS[name], PARTS[name][:-1])
    said = compared(files, *change)
    assert "removed" not in said
    assert said.startswith("1 1 change for callers" if is_broken else "3 "), said


def test_another_file_with_the_same_error(compared: Callable[..., str]) -> None:
    """An error belongs to its file: that the same sentence is left elsewhere doesn't make it one of both versions."""
    name = "apis/items/apiInformation.json"
    whole, broken = PARTS[name], PARTS[name][:-1]
    said = compared({name: broken, "apis/stock/apiInformation.json": broken}, name, broken, whole)
    assert f"{name}:1: the file is not valid JSON: Expecting ',' delimiter (only in the old version)" in said


@pytest.mark.parametrize("name", ["apis/items/apiInformation.json", OPERATION])
@pytest.mark.parametrize("is_new", [True, False], ids=["broken now", "broken before"])
def test_access_to_what_a_version_cannot_read(
    name: str, is_new: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    whole = {f"../../{name}": PARTS[name]}
    broken = {path: text[:-1] for path, text in whole.items()}
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    write(tmp_path / "x", {**FILES, **(whole if is_new else broken)})
    for arguments in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "x")):
        subprocess.run(["git", *who, *arguments], check=True, capture_output=True)
    (tmp_path / "x" / name).write_text((broken if is_new else whole)[f"../../{name}"])
    assert main(["audit", "x", "--since", "HEAD", "--format", "json"]) in (0, 1, 3)
    (change,) = json.loads(capsys.readouterr().out)["changes"]
    assert change["relation"] == "can't be compared"
    assert "not read" in (change["before"], change["after"])
