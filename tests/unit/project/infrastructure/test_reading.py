"""Folders of infrastructure code: variables, modules, plans, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.rows import read_yaml

from apimpolicy.project.environments import environments_at, is_environment
from apimpolicy.project.infrastructure import evaluation
from apimpolicy.project.infrastructure.bicep.reading import read_bicep
from apimpolicy.project.infrastructure.files import Files
from apimpolicy.project.infrastructure.terraform.reading import read_terraform
from apimpolicy.project.infrastructure.values import Unknown
from apimpolicy.project.overlays import NO_CHANGES
from apimpolicy.project.service.reading import describe
from apimpolicy.project.service.repair import repair

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from apimpolicy.project.infrastructure.resources import Reading
    from apimpolicy.project.service.description import PolicyText, ServiceDescription

SERVICES = read_yaml(Path(__file__).with_name("services.yaml").read_text(encoding="utf-8"))
API = """resource "azurerm_api_management_api" "{0}" {{
  name = "{0}"
  path = {1}
}}
"""

BICEP_API = "resource a 'Microsoft.ApiManagement/service/apis@2024-05-01' = { name: 's/a', properties: { path: a } }\n"


def written(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def terraform(root: Path, environment: str | None = None) -> Reading:
    return one(read_terraform(Files(str(root)), environment))


def one(readings: Iterable[Reading]) -> Reading:
    (found,) = readings
    return found


def paths(reading: Reading) -> dict[str, object]:
    return {each.names[-1]: each.properties.get("path") for each in reading.resources if each.type == "apis"}


def messages(reading: Reading) -> str:
    return "\n".join(f"{note.message} {note.help}" for note in reading.notes)


def described(service: ServiceDescription, root: Path) -> Iterator[str]:
    def text(policy: PolicyText | None) -> str:
        assert policy is not None
        return str(Path(policy.path).relative_to(root)) if policy.path is not None else str(policy.source.text)  # type: ignore[union-attr]

    if service.policy is not None and not service.policy.unknown:
        yield f"policy {text(service.policy)}"
    for api in service.apis:
        files = [f" {each.format} {Path(each.path or '').name}".rstrip() for each in api.files]
        yield f"api {api.id} {api.path.text()} {'' if api.is_current.known else 'not '}current{''.join(files)}"
        if api.policy is not None:
            yield f"policy of {api.id} {text(api.policy)}"
    for backend in service.backends:
        members = getattr(backend.backend, "members", ())
        yield f"backend {backend.id} of {' '.join(each.id for each in members)}"
    yield from (f"{each.kind} {each.within}/{each.id}" for each in service.others)
    for value in service.named_values:
        yield f"named value {value.id} = {value.value.text()}"


@pytest.mark.parametrize("name", SERVICES)
def test_services_as_teams_write_them(name: str, tmp_path: Path) -> None:
    row = SERVICES[name]
    written(tmp_path, **row["files"])
    service = describe(str(tmp_path / row.get("folder", "")), NO_CHANGES)
    assert list(described(service, tmp_path)) == row["described"]
    assert [each.message for each in service.problems] == row.get("problems", [])


def test_variable_files_count_in_terraforms_order(tmp_path: Path) -> None:
    code = 'variable "a" { default = "x" }\n' + API.format("a", "var.a")
    written(tmp_path, **{"main.tf": code})
    assert paths(terraform(tmp_path)) == {"a": "x"}
    written(tmp_path, **{"terraform.tfvars": 'a = "y"'})
    assert paths(terraform(tmp_path)) == {"a": "y"}
    written(
        tmp_path,
        **{"z.auto.tfvars": 'a = "z"', "env__prod.tfvars": 'a = "p"', "dev__terraform.tfvars.json": '{"a": "d"}'},
    )
    assert paths(terraform(tmp_path)) == {"a": "z"}
    assert paths(terraform(tmp_path, "prod")) == {"a": "p"}
    assert paths(terraform(tmp_path, "dev")) == {"a": "d"}


def test_a_variable_without_a_value_is_named_with_the_environments(tmp_path: Path) -> None:
    written(tmp_path, **{"main.tf": 'variable "a" {}\n' + API.format("a", "var.a"), "env__prod.tfvars": 'a = "p"'})
    reading = terraform(tmp_path)
    assert paths(reading) == {"a": Unknown("var.a")}
    assert "variables without a value: a" in messages(reading)
    assert "--environment: prod" in messages(reading)


ENVIRONMENTS = {
    "infra/prod.tfvars": "prod",
    "infra/prod.tfvars.json": "prod",
    "infra/env/prod.tfvars": "prod",
    "infra/env/prod/terraform.tfvars": "prod",
    "infra/prod/terraform.tfvars": "prod",
    "infra/env/prod/main.tfvars": "prod",
    "infra/env/prod/terraform.auto.tfvars": "prod",
    "infra/terraform.prod.tfvars": "prod",
    "infra/prod.terraform.tfvars": "prod",
    "infra/app.prod.tfvars": "app.prod",
    "infra/weu-prod.tfvars": "weu-prod",
    "environments/prod.tfvars": "prod",
    "prod.tfvars": "prod",
    "infra/env/prod/backend.tfvars": "",
    "infra/backend.tfvars": "",
    "infra/backend-prod.tfvars": "",
    "infra/prod.backend.tfvars": "",
    "infra/prod.tfvars.example": "",
    "infra/example.tfvars": "",
    "infra/terraform.tfvars": "",
    "infra/prod.auto.tfvars": "",
    "infra/env/terraform.tfvars": "",
    "infra/.hidden/prod.tfvars": "",
    "bicep/prod.bicepparam": "prod",
    "bicep/main.prod.bicepparam": "prod",
    "bicep/main-prod.bicepparam": "prod",
    "bicep/main.prod.parameters.bicepparam": "prod",
    "bicep/apim.prod.bicepparam": "prod",
    "bicep/prod/main.bicepparam": "prod",
    "bicep/environments/prod/main.bicepparam": "prod",
    "bicep/parameters.prod.json": "prod",
    "bicep/prod.parameters.json": "prod",
    "bicep/main.parameters.prod.json": "prod",
    "bicep/azuredeploy.parameters.prod.json": "prod",
    "bicep/parameters/prod.json": "prod",
    "bicep/main.bicepparam": "",
    "bicep/main.parameters.json": "",
    "bicep/parameters.json": "",
    "bicep/package.json": "",
}


@pytest.mark.parametrize("path", ENVIRONMENTS)
def test_a_file_or_its_folder_names_an_environment(path: str, tmp_path: Path) -> None:
    bicep = "param a string\n" + BICEP_API
    template = "apim" if "apim" in path else "main"
    terraform_code = 'variable "a" {}\n' + API.format("a", "var.a")
    text = "using './main.bicep'\nparam a = 'x'\n" if path.endswith(".bicepparam") else 'a = "x"\n'
    if path.endswith(".json"):
        text = '{"a": "x"}' if "tfvars" in path else json.dumps({"parameters": {"a": {"value": "x"}}})
    if "/" in path.removeprefix("bicep/"):
        text = text.replace("'./", "'" + "../" * (path.count("/") - 1))
    text = text.replace("main.bicep", f"{template}.bicep")
    code = {f"bicep/{template}.bicep": bicep} if path.startswith("bicep/") else {"infra/main.tf": terraform_code}
    for name, content in {**code, path: text}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    expected = [ENVIRONMENTS[path]] if ENVIRONMENTS[path] else []
    for folder in (tmp_path, tmp_path / path.partition("/")[0] if "/" in path else tmp_path):
        assert environments_at(str(folder), {}) == expected
        if expected and folder == tmp_path:
            assert [each.path.known for each in describe(str(folder), NO_CHANGES, expected[0]).apis] == ["x"]


def test_a_word_of_a_name_selects_an_environment_if_no_other_has_it(tmp_path: Path) -> None:
    written(tmp_path, **{"main.tf": 'variable "a" {}\n' + API.format("a", "var.a")})
    for name in ("weu-dev", "weu-prod", "app.uat"):
        written(tmp_path, **{f"{name}.tfvars": f'a = "{name}"'})
    assert paths(terraform(tmp_path, "dev")) == {"a": "weu-dev"}
    assert paths(terraform(tmp_path, "uat")) == {"a": "app.uat"}
    assert paths(terraform(tmp_path, "weu")) == {"a": Unknown("var.a")}
    assert [is_environment(each, environments_at(str(tmp_path), {})) for each in ("dev", "weu", "pro")] == [
        True,
        False,
        False,
    ]


def test_optional_attributes_have_null_or_their_default(tmp_path: Path) -> None:
    code = """variable "api" {
      type = object({ name = string, path = optional(string, "p"), inner = optional(object({ x = optional(string) })) })
      default = { name = "a", inner = {} }
    }
    """
    written(tmp_path, **{"main.tf": code + API.format("a", 'var.api.inner.x == null ? var.api.path : "no"')})
    assert paths(terraform(tmp_path)) == {"a": "p"}


def test_downloaded_modules_are_read_and_others_are_named(tmp_path: Path) -> None:
    code = 'module "far" {\n  source = "Some/apim/azurerm"\n  path = "x"\n}\n' + API.format("a", '"a"')
    written(tmp_path, **{"main.tf": code})
    assert "return is unknown: far (Some/apim/azurerm)" in messages(terraform(tmp_path))
    index = {"Modules": [{"Key": "far", "Source": "s", "Dir": ".terraform/modules/far"}]}
    written(
        tmp_path,
        **{
            ".terraform__modules__modules.json": json.dumps(index),
            ".terraform__modules__far__main.tf": 'variable "path" {}\n' + API.format("b", "var.path"),
        },
    )
    assert paths(terraform(tmp_path)) == {"a": "a", "b": "x"}


def test_override_files_replace_attributes(tmp_path: Path) -> None:
    code = 'variable "path" {\n  default = "plain"\n}\n' + API.format("a", "var.path") + API.format("b", '"b"')
    first = 'variable "path" {\n  default = "first"\n}\n'
    second = 'variable "path" {\n  default = "second"\n}\n'
    resource = 'resource "azurerm_api_management_api" "b" {\n  path = "changed"\n}\n'
    written(tmp_path, **{"a_override.tf": first, "main.tf": code, "override.tf": second + resource})
    assert paths(terraform(tmp_path)) == {"a": "second", "b": "changed"}


IN_JSON = """{
  "//": "generated",
  "variable": {"apis": {"type": "map(object({ path = string, key = optional(string, \\"k\\") }))"}},
  "locals": [{"prefix": "v${1 + 1}"}],
  "module": {"inner": {"source": "./inner", "path": "${local.prefix}/m"}},
  "resource": {
    "azurerm_api_management_api": {
      "each": [{
        "for_each": "${var.apis}", "name": "${each.key}",
        "path": "%{ if true }${local.prefix}%{ endif }/${each.value.path}",
        "dynamic": {"subscription_key_parameter_names": {
          "for_each": ["${each.value.key}"],
          "content": {"header": "x-${subscription_key_parameter_names.value}", "query": "$${q}"}
        }}
      }]
    },
    "azurerm_api_management_api_operation": {"get": {
      "api_name": "${azurerm_api_management_api.each[\\"a\\"].name}", "operation_id": "get", "method": "GET",
      "url_template": "/{id}", "template_parameter": {"name": "id", "required": true, "type": "string"}
    }}
  }
}"""


def test_code_in_json_is_read_alike(tmp_path: Path) -> None:
    api = '{"azurerm_api_management_api": {"m": {"name": "m", "path": "${var.path}"}}}'
    inner = f'{{"variable": {{"path": {{}}}}, "resource": [{api}]}}'
    files = {
        "main.tf.json": IN_JSON,
        "inner__main.tf.json": inner,
        "terraform.tfvars.json": '{"apis": {"a": {"path": "p"}}}',
    }
    service = describe(str(written(tmp_path, **files)), NO_CHANGES)
    assert not service.problems
    assert {api.id: (api.path.known, api.key_header.known, api.key_query.known) for api in service.apis} == {
        "a": ("v2/p", "x-k", "${q}"),
        "m": ("v2/m", None, None),
    }
    (operation,) = service.apis[0].operations
    assert [(each.name, each.type.known) for each in operation.parameters] == [("id", "string")]
    assert service.apis[0].path.origin.line == 10
    written(tmp_path, **{"main.tf.json": '{"resource": {"azurerm_api_management_api": {"a": {"name": [}}}}'})
    assert "expected a JSON value" in str(describe(str(tmp_path), NO_CHANGES).problems[0])


def test_a_plan_is_exact_and_the_code_has_the_places(tmp_path: Path) -> None:
    code = 'variable "a" {}\n' + API.format("a", "var.a") + API.format("gone", '"gone"')
    values = {"name": "a", "path": "planned", "revision": "1"}
    resource = {
        "address": "azurerm_api_management_api.a",
        "type": "azurerm_api_management_api",
        "mode": "managed",
        "values": values,
    }
    plan = {"format_version": "1.2", "planned_values": {"root_module": {"resources": [resource]}}}
    written(tmp_path, **{"main.tf": code, "plan.json": json.dumps(plan)})
    reading = terraform(tmp_path)
    assert paths(reading) == {"a": "planned"}
    found = reading.resources[0]
    assert found.source.path.endswith("main.tf")
    assert found.source.position(found.start).line == 2


def test_nothing_outside_of_the_folder_is_read(tmp_path: Path) -> None:
    written(tmp_path, **{"secret.txt": "secret", "other__main.tf": API.format("b", '"b"')})
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "link.txt").symlink_to(tmp_path / "secret.txt")
    code = 'module "o" { source = "../other" }\n'
    for name in ("../secret.txt", "link.txt", str(tmp_path / "secret.txt")):
        code += API.format(f"x{len(code)}", f'file("{name}")')
    written(tmp_path / "code", **{"main.tf": code})
    files = Files(str(tmp_path / "code"))
    reading = one(read_terraform(files))
    assert all(isinstance(path, Unknown) for path in paths(reading).values())
    assert "outside of the folder" in messages(reading)
    assert len(files.refused) == 2


def test_code_may_name_visible_files_of_its_repository(tmp_path: Path) -> None:
    code = 'module "o" { source = "../other" }\n' + API.format("a", 'file("../shared.txt")')
    code += API.format("hidden", 'file("../.secrets/x.txt")') + API.format("above", 'file("../../x.txt")')
    files = {"code__main.tf": code, "other__main.tf": API.format("b", '"b"'), "shared.txt": "s", ".secrets__x.txt": "x"}
    repository = written(tmp_path / "repository", **files)
    written(tmp_path, **{"x.txt": "x"})
    (repository / ".git").mkdir()
    service = describe(str(repository / "code"), NO_CHANGES)
    assert {api.id: api.path.known for api in service.apis} == {"a": "s", "b": "b", "hidden": None, "above": None}
    assert [str(each).partition(" aren't read: ")[2] for each in service.problems if "outside" in str(each)] == [
        "../.secrets/x.txt, ../../x.txt. Pass a folder that contains them. In a Git repository, code"
        " can read all files that aren't hidden."
    ]


def test_values_that_depend_on_themselves_are_unknown(tmp_path: Path) -> None:
    code = "locals {\n  a = local.b\n  b = local.a\n}\n" + API.format("a", "local.a")
    written(tmp_path, **{"main.tf": code + 'module "self" { source = "./" }\n'})
    reading = terraform(tmp_path)
    assert isinstance(reading.resources[0].properties["path"], Unknown)
    assert "the module 'self' can't be read" in messages(reading)


def test_steps_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "MOST_STEPS", 2_000)
    loop = "[for a in range(1000) : [for b in range(1000) : a + b]]"
    written(tmp_path, **{"main.tf": API.format("a", f'"${{length({loop})}}"')})
    assert "too many steps" in messages(terraform(tmp_path))


def test_bicep_takes_the_parameters_of_an_environment(tmp_path: Path) -> None:
    code = """param path string
    resource a 'Microsoft.ApiManagement/service/apis@2024-05-01' = { name: 's/a', properties: { path: path } }
    resource b 'Microsoft.ApiManagement/service/apis@2024-05-01' = if (path == 'p') { name: 's/b', properties: {} }
    """
    written(
        tmp_path,
        **{
            "main.bicep": code,
            "main.dev.bicepparam": "using 'main.bicep'\nparam path = 'd'\n",
            "main.parameters.prod.json": json.dumps({"parameters": {"path": {"value": "p"}}}),
        },
    )
    files = Files(str(tmp_path))
    assert paths(one(read_bicep(files, "dev"))) == {"a": "d"}
    assert paths(one(read_bicep(files, "prod"))) == {"a": "p", "b": None}
    undecided = one(read_bicep(files))
    assert "with --environment: dev, prod" in messages(undecided)
    assert "it isn't known whether" in messages(undecided)


def test_arm_templates_have_copies_and_nested_deployments(tmp_path: Path) -> None:
    inner = {
        "parameters": {"path": {"type": "string"}},
        "resources": [
            {
                "type": "Microsoft.ApiManagement/service/apis",
                "name": "s/n",
                "properties": {"path": "[parameters('path')]"},
            }
        ],
        "outputs": {"path": {"value": "[concat(parameters('path'), '!')]"}},
    }
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "parameters": {"names": {"defaultValue": ["a", "b"]}},
        "resources": [
            {
                "type": "Microsoft.Resources/deployments",
                "name": "d",
                "properties": {
                    "expressionEvaluationOptions": {"scope": "inner"},
                    "parameters": {"path": {"value": "[parameters('names')[1]]"}},
                    "template": inner,
                },
            },
            {
                "type": "Microsoft.ApiManagement/service/apis",
                "name": "[concat('s/', parameters('names')[copyIndex()])]",
                "copy": {"name": "apis", "count": "[length(parameters('names'))]"},
                "properties": {"path": "[copyIndex('apis', 1)]"},
                "resources": [{"type": "operations", "name": "op", "properties": {"method": "GET"}}],
            },
            {
                "type": "Microsoft.ApiManagement/service/apis",
                "name": "s/c",
                "properties": {"path": "[reference('d').outputs.path.value]"},
            },
        ],
    }
    written(tmp_path, **{"azuredeploy.json": json.dumps(template)})
    reading = one(read_bicep(Files(str(tmp_path))))
    assert paths(reading) == {"n": "b", "a": 1, "b": 2, "c": "b!"}
    assert [list(each.names) for each in reading.resources if each.type == "apis/operations"] == [
        ["a", "op"],
        ["b", "op"],
    ]


def test_data_sources_that_read_files_are_read(tmp_path: Path) -> None:
    code = """data "local_file" "a" { filename = "a.txt" }
data template_file "b" {
  template = file("b.tpl")
  vars     = { x = "y" }
}
"""
    code += API.format("a", "data.local_file.a.content") + API.format("b", "data.template_file.b.rendered")
    written(tmp_path, **{"main.tf": code, "a.txt": "one", "b.tpl": "${x}!"})
    assert paths(terraform(tmp_path)) == {"a": "one", "b": "y!"}


def test_values_that_double_are_bounded(tmp_path: Path) -> None:
    levels = range(1, 31)
    lists = "\n".join(f"  l{n} = [local.l{n - 1}, local.l{n - 1}]" for n in levels)
    texts = "\n".join(f'  t{n} = "${{local.t{n - 1}}}${{local.t{n - 1}}}"' for n in levels)
    code = f'locals {{\n  l0 = ["a"]\n  t0 = "a"\n{lists}\n{texts}\n}}\n'
    uses = ("local.l30 == local.l30", "jsonencode(local.l30)", "flatten(local.l30)", "distinct(local.l30)")
    uses += ("yamlencode(local.l30)", "upper(local.l30)", "local.t30", "[for x in local.l30 : lower(x)]", "local.l30")
    code += "".join(API.format(f"a{number}", use) for number, use in enumerate(uses))
    code += 'resource "azurerm_api_management_backend" "b" {\n  name = "b"\n  url = "x"\n  title = local.l30\n}\n'
    written(tmp_path, **{"main.tf": code})
    assert len(paths(terraform(tmp_path))) == len(uses)
    assert len(describe(str(tmp_path), NO_CHANGES).apis) == len(uses)


def test_a_template_that_is_not_json_is_named_with_the_reason(tmp_path: Path) -> None:
    schema = '{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",'
    written(tmp_path, **{"x.json": f'{schema} "resources": [{{"type": "Microsoft.ApiManagement/service/apis",'})
    (note,) = one(read_bicep(Files(str(tmp_path)))).notes
    assert note.message == "the template can't be read: expected a JSON value"
    assert note.source is not None
    assert note.source.path == f"{tmp_path}/x.json"


SCOPES = {
    "module.x.id": "the scope of the subscription 's' isn't known: module.x.id",
    "data.azurerm_api_management_product.p.id": (
        "the scope of the subscription 's' isn't known: data.azurerm_api_management_product.p.id"
    ),
    '"/products/free"': "the subscription 's' is for the product 'free', which doesn't exist",
}


@pytest.mark.parametrize("product", SCOPES)
def test_a_subscription_of_a_product_that_the_code_does_not_make(tmp_path: Path, product: str) -> None:
    code = f"""resource "azurerm_api_management_subscription" "s" {{
      subscription_id = "s"
      product_id = {product}
    }}
    module "x" {{ source = "contoso/x/azurerm" }}
    """
    written(tmp_path, **{"main.tf": code + API.format("a", '"a"')})
    service = describe(str(tmp_path), NO_CHANGES)
    repair(service)
    assert SCOPES[product] in [problem.message for problem in service.problems]
