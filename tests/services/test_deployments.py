"""Several deployments in one folder are services of their own, and each command says so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from apimpolicy import load_gateway
from apimpolicy.cli import main
from apimpolicy.project import check_projects
from apimpolicy.project.overlays import NO_CHANGES
from apimpolicy.project.service.leniency import lenient
from apimpolicy.project.service.reading import SeveralServicesError, describe, services_in

if TYPE_CHECKING:
    from pathlib import Path

GLOBAL = "<policies><inbound /><backend><forward-request /></backend><outbound /><on-error /></policies>"
_TOKEN = (
    '<validate-azure-ad-token tenant-id="contoso.onmicrosoft.com"><client-application-ids><application-id>a'
    "</application-id></client-application-ids></validate-azure-ad-token>"
)
_BASES = "<backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error>"
OPEN = f"<policies><inbound><base /></inbound>{_BASES}</policies>"
CHECKED = f"<policies><inbound><base />{_TOKEN}</inbound>{_BASES}</policies>"

SERVICE = """resource "azurerm_api_management" "apim" {{ name = {name} }}
resource "azurerm_api_management_policy" "global" {{
  api_management_id = azurerm_api_management.apim.id
  xml_content       = "<policies><inbound /><backend><forward-request /></backend><outbound /><on-error /></policies>"
}}
"""
API = """resource "azurerm_api_management_api" "{id}" {{
  name                  = "{id}"
  api_management_name   = {service}
  path                  = "{id}"
  protocols             = ["https"]
  subscription_required = false
  service_url           = "https://{id}.example"
}}
resource "azurerm_api_management_api_operation" "{id}" {{
  api_name            = azurerm_api_management_api.{id}.name
  api_management_name = {service}
  operation_id        = "get"
  display_name        = "get"
  method              = "GET"
  url_template        = "/"
}}
resource "azurerm_api_management_api_policy" "{id}" {{
  api_name            = azurerm_api_management_api.{id}.name
  api_management_name = {service}
  xml_content         = file("{policy}")
}}
"""
BICEP_SERVICE = """resource apim 'Microsoft.ApiManagement/service@2022-08-01' = { name: NAME }
resource global 'Microsoft.ApiManagement/service/policies@2022-08-01' = {
  parent: apim
  name: 'policy'
  properties: { format: 'rawxml', value: loadTextContent('global.xml') }
}
"""
BICEP_API = """resource orders 'Microsoft.ApiManagement/service/apis@2022-08-01' = {
  parent: apim
  name: 'orders'
  properties: { path: 'orders', protocols: ['https'], subscriptionRequired: false, serviceUrl: 'https://o.example' }
}
resource get 'Microsoft.ApiManagement/service/apis/operations@2022-08-01' = {
  parent: orders
  name: 'get'
  properties: { displayName: 'get', method: 'GET', urlTemplate: '/' }
}
resource policy 'Microsoft.ApiManagement/service/apis/policies@2022-08-01' = {
  parent: orders
  name: 'policy'
  properties: { format: 'rawxml', value: loadTextContent('POLICY') }
}
"""
EXISTING = "resource apim 'Microsoft.ApiManagement/service@2022-08-01' existing = { name: NAME }\n"
POLICIES = {"global.xml": GLOBAL, "open.xml": OPEN, "checked.xml": CHECKED}


def written(root: Path, files: dict[str, str]) -> Path:
    for name, text in {".git/HEAD": "", **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def terraform(name: str, policy: str, service: str = "azurerm_api_management.apim.name") -> str:
    made = SERVICE.format(name=name) if name else ""
    return made + API.format(id="orders", service=service, policy=policy)


def bicep(name: str, policy: str, service: str = BICEP_SERVICE) -> str:
    return service.replace("NAME", name) + BICEP_API.replace("POLICY", policy)


def extract(policy: str) -> dict[str, str]:
    properties = {"path": "orders", "protocols": ["https"], "subscriptionRequired": False}
    operation = {"displayName": "get", "method": "GET", "urlTemplate": "/"}
    return {
        "policy.xml": GLOBAL,
        "apis/orders/policy.xml": policy,
        "apis/orders/apiInformation.json": json.dumps(
            {"properties": {**properties, "serviceUrl": "https://o.example"}}
        ),
        "apis/orders/operations/get/operationInformation.json": json.dumps({"properties": operation}),
    }


def within(folder: str, files: dict[str, str]) -> dict[str, str]:
    return {f"{folder}/{name}": text for name, text in files.items()}


def both(main: str, old: str, new: str) -> dict[str, str]:
    one, other = ({main: text, **POLICIES} for text in (old, new))
    return {**within("prod", one), **within("psn", other)}


FORMS = {
    "terraform": both("main.tf", terraform('"apim-prod"', "open.xml"), terraform('"apim-psn"', "checked.xml")),
    "terraform, unknown names": {
        **both("main.tf", terraform("var.name", "open.xml"), terraform("var.name", "checked.xml")),
        "prod/variables.tf": 'variable "name" {}\n',
        "psn/variables.tf": 'variable "name" {}\n',
    },
    "bicep": both("main.bicep", bicep("'apim-prod'", "open.xml"), bicep("'apim-psn'", "checked.xml")),
    "bicep, unknown names": both(
        "main.bicep",
        "param name string\n" + bicep("name", "open.xml"),
        "param name string\n" + bicep("name", "checked.xml"),
    ),
    "bicep, existing services": both(
        "main.bicep",
        "param name string\n" + bicep("name", "open.xml", EXISTING),
        "param name string\n" + bicep("name", "checked.xml", EXISTING),
    ),
    "extracts": {**within("prod", extract(OPEN)), **within("psn", extract(CHECKED))},
    "terraform and bicep": {
        **within("prod", {"main.tf": terraform('"apim-prod"', "open.xml"), **POLICIES}),
        **within("psn", {"main.bicep": bicep("'apim-psn'", "checked.xml"), **POLICIES}),
    },
    "terraform and an extract": {
        **within("prod", {"main.tf": terraform('"apim-prod"', "open.xml"), **POLICIES}),
        **within("psn", extract(CHECKED)),
    },
}


@pytest.fixture(params=FORMS)
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = written(tmp_path, FORMS[request.param])
    monkeypatch.chdir(root)
    return root


def test_each_deployment_is_audited(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["audit", ".", "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    access = {each["service"]: each["access"] for each in report["operations"]}
    is_made_elsewhere = any(" existing " in each.read_text() for each in folder.rglob("*.bicep"))
    condition = ", unless the global policy asks" if is_made_elsewhere else ""
    assert access == {"prod": f"anyone{condition}", "psn": "token"}
    assert [each["name"] for each in report["services"]] == ["prod", "psn"]
    assert main(["audit", "prod", "--format", "json"]) in (0, 1)
    alone = json.loads(capsys.readouterr().out)
    assert [each["access"] for each in alone["operations"]] == [access["prod"]]
    main(["audit"])
    shown = capsys.readouterr().out
    assert "service prod\n" in shown
    assert "2 services, audit: " in shown


@pytest.mark.parametrize("command", ["run", "serve", "prove", "new test", "explain --effective"])
def test_a_command_about_one_service_says_what_to_type(
    folder: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if command == "new test" and not any(folder.rglob("main.*")):
        return  # of several extracts, each gets its tests
    assert main([*command.split(), "."]) == 2
    said = capsys.readouterr().err
    assert "has 2 services: name one of prod, psn" in said
    assert f"apimpolicy {command} prod" in said


def test_a_service_is_selected_by_its_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", ".", "--get", "/orders", "--service", "psn"]) == 0
    assert "HTTP/1.1 401" in capsys.readouterr().out
    assert load_gateway(folder, service="prod").send("/orders").response.status_code == 200
    assert main(["run", ".", "--get", "/orders", "--service", "dev"]) == 2
    assert "there is no service 'dev' in .; the services here are prod, psn" in capsys.readouterr().err


def test_the_overview_groups_by_service(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["."])
    shown = capsys.readouterr().out
    assert "2 operations of 2 APIs in 2 services" in shown
    assert "psn: 1 × " in shown


def test_a_difference_is_one_of_its_service(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    old = tmp_path_factory.mktemp("old")
    files = {str(each.relative_to(folder)): each.read_text() for each in folder.rglob("*") if each.is_file()}
    written(old, files)
    assert main(["diff", str(old), str(folder), "--seconds", "0.2"]) == 0
    for path in (folder / "psn").rglob("*.xml"):
        path.write_text(path.read_text().replace(_TOKEN, ""))
    assert main(["diff", str(old), str(folder), "--seconds", "0.2"]) != 0


def names(root: Path) -> list[str]:
    return [each.name for each in services_in(str(root))]


def test_deployments_to_one_known_service_are_joined(tmp_path: Path) -> None:
    files = {
        "platform/main.tf": SERVICE.format(name='"contoso"'),
        "apis/main.tf": terraform("", "checked.xml", '"contoso"'),
        **within("apis", POLICIES),
    }
    service = describe(str(written(tmp_path, files)), NO_CHANGES)
    assert [each.id for each in service.apis] == ["orders"]
    assert service.policy is not None
    assert not service.policy.unknown
    assert not service.gaps


def test_templates_of_one_folder_with_the_same_parameter_are_joined(tmp_path: Path) -> None:
    files = {
        "apis.bicep": "param apim_name string\n" + bicep("apim_name", "open.xml", EXISTING),
        "named.bicep": "param apim_name string\n" + EXISTING.replace("NAME", "apim_name") + NAMED,
        **POLICIES,
    }
    service = describe(str(written(tmp_path, files)), NO_CHANGES)
    assert (len(service.apis), [each.id for each in service.named_values if not each.is_made_up]) == (1, ["region"])


NAMED = """resource region 'Microsoft.ApiManagement/service/namedValues@2022-08-01' = {
  parent: apim
  name: 'region'
  properties: { displayName: 'region', value: 'west' }
}
"""


def test_deployments_that_conflict_are_not_joined(tmp_path: Path) -> None:
    one, other = (terraform("", policy, '"contoso"') for policy in ("open.xml", "checked.xml"))
    root = written(tmp_path, both("main.tf", one, other))
    assert names(root) == ["prod", "psn"]
    problems = describe(str(root / "prod"), NO_CHANGES).problems
    assert not any("different resources" in each.message for each in problems)
    with pytest.raises(SeveralServicesError):
        describe(str(root), NO_CHANGES)


def test_one_deployment_of_two_services(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    second = SERVICE.format(name='"apim-b"').replace('"apim"', '"b"').replace('"global"', '"other"')
    second = second.replace("management.apim.id", "management.b.id")
    code = terraform('"apim-a"', "open.xml") + second
    code += API.format(id="other", service="azurerm_api_management.b.name", policy="checked.xml")
    root = written(tmp_path, {"main.tf": code, **POLICIES})
    assert names(root) == ["apim-a", "apim-b"]
    main(["audit", str(root), "--format", "json"])
    found = {
        each["service"]: (each["api"], each["access"]) for each in json.loads(capsys.readouterr().out)["operations"]
    }
    assert found == {"apim-a": ("orders", "anyone"), "apim-b": ("other", "token")}
    main(["run", str(root), "--get", "/orders"])
    assert f"apimpolicy run {root} --get /orders --service apim-a" in capsys.readouterr().err


@pytest.mark.parametrize("order", [("open.xml", "checked.xml"), ("checked.xml", "open.xml")])
def test_a_collision_hides_nothing(order: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = order
    code = terraform('"apim"', first)
    other = API.format(id="orders", service="azurerm_api_management.apim.name", policy=second)
    for collision in (code + other.replace('" "orders"', '" "again"').replace("api.orders.", "api.again."),):
        root = written(tmp_path, {"main.tf": collision, **POLICIES})
        main(["audit", str(root), "--format", "json"])
        report = json.loads(capsys.readouterr().out)
        assert {each["access"] for each in report["operations"]} == {"not decided"}
        assert "there is another API 'orders'" in json.dumps(report["problems"])


def test_code_that_its_folder_does_not_call_is_a_service_of_its_own(tmp_path: Path) -> None:
    files = {
        "main.tf": terraform('"apim"', "open.xml"),
        **POLICIES,
        **within("envs/dev", {"main.tf": terraform('"apim-dev"', "checked.xml"), **POLICIES}),
        "examples/basic/main.tf": 'module "it" {\n  source = "../.."\n}\n',
    }
    root = written(tmp_path, files)
    assert names(root) == [".", "envs/dev"]
    assert load_gateway(root).send("/orders").response.status_code == 200  # a folder's own code is what its name means


@pytest.mark.parametrize("what", ["global", "api"])
def test_a_policy_that_another_deployment_may_set_is_not_known(what: str, tmp_path: Path) -> None:
    """The other one adds to a service whose name isn't known, so that it may be this one."""
    other = (
        'variable "name" {}\n'
        + {
            "global": 'resource "azurerm_api_management_policy" "p" {\n  api_management_id = "/service/${var.name}"\n',
            "api": 'resource "azurerm_api_management_api_policy" "p" {\n  api_management_name = var.name\n'
            '  api_name = "orders"\n',
        }[what]
    )
    made = terraform('"contoso"', "open.xml").replace("azurerm_api_management_policy", "azurerm_none")
    made = made if what == "global" else made.replace("azurerm_api_management_api_policy", "azurerm_none")
    files = {
        **within("own", {"main.tf": made, **POLICIES}),
        "other/main.tf": f'{other}  xml_content = "<policies />"\n}}\n',
    }
    service = describe(str(written(tmp_path, files)), NO_CHANGES)
    policy = service.policy if what == "global" else service.apis[0].policy
    assert policy is not None
    assert policy.unknown == "the deployment other may set it"


SUBSCRIPTION = {"scope": "/products/starter", "displayName": "partner", "state": "active"}


def test_built_in_products_exist_everywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {
        **extract(CHECKED),
        "products/gold/productInformation.json": '{"properties": {"displayName": "gold", "state": "published"}}',
        "subscriptions/partner/subscriptionInformation.json": json.dumps({"properties": SUBSCRIPTION}),
    }
    root = str(written(tmp_path, files))
    assert load_gateway(root).service is not None
    assert main(["check", root]) == 0
    assert main(["audit", root, "--format", "json"]) == 0
    assert "AUD011" not in capsys.readouterr().out


def test_an_api_in_a_built_in_product_of_which_code_has_no_more(tmp_path: Path) -> None:
    link = """resource "azurerm_api_management_product_api" "link" {
  api_name            = azurerm_api_management_api.orders.name
  product_id          = "unlimited"
  api_management_name = azurerm_api_management.apim.name
}
"""
    root = written(tmp_path, {"main.tf": terraform('"contoso"', "open.xml") + link, **POLICIES})
    service = describe(str(root), NO_CHANGES)
    assert not service.problems
    assert [(each.id, [api.known for api in each.apis]) for each in service.products] == [("unlimited", ["orders"])]


def test_code_above_a_lone_policy_is_not_its_service(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a repository, what lies above can be anybody's: code counts where it reads the file."""
    above, own = tmp_path / "above", tmp_path / "above" / "own"
    own.mkdir(parents=True)
    (own / "policy.xml").write_text(OPEN)
    (above / "main.bicep").write_text("resource apim 'Microsoft.ApiManagement/service@2022-08-01' = { name: ")
    assert main(["check", str(own / "policy.xml")]) == 0, capsys.readouterr().out
    code = BICEP_SERVICE.replace("NAME", "'contoso'").replace("global.xml", "own/policy.xml")
    (above / "main.bicep").write_text(code)
    assert main(["check", str(own / "policy.xml")]) == 1, "the global policy has no <base />"
    monkeypatch.setattr(check_projects, "_MOST_FOLDERS", 2)
    assert main(["check", str(own / "policy.xml")]) == 0, "more folders than a project has"


VERSIONED = """resource "azurerm_api_management_api" "orders" {{
  name                = "orders"
  api_management_name = azurerm_api_management.apim.name
  path                = "orders"
  protocols           = ["https"]
  version             = "v1"
  version_set_id      = {id}
}}
variable "versions" {{}}
"""
MODULE = 'module "m" {\n  source = "git::https://x.example/m.git"\n  apim = azurerm_api_management.apim.name\n}\n'
OF_THIS_SERVICE = '"${azurerm_api_management.apim.id}/apiVersionSets/versions"'


@pytest.mark.parametrize(
    ("id_", "more", "severities"),
    [
        ("var.versions", "", ["warning"]),
        ("data.azurerm_api_management_api_version_set.v.id", "", ["warning"]),
        ('module.m.ids["orders"]', MODULE, ["warning"]),
        (OF_THIS_SERVICE, MODULE, ["warning"]),
        (OF_THIS_SERVICE, "", ["error"]),
    ],
)
def test_a_version_set_that_may_be_made_elsewhere(id_: str, more: str, severities: list[str], tmp_path: Path) -> None:
    code = SERVICE.format(name='"contoso"') + VERSIONED.format(id=id_) + more
    gateway = load_gateway(written(tmp_path, {"main.tf": code}), stand_ins=True)
    with lenient() as found:
        load_gateway(tmp_path)
    told = [each.severity.value for each in found.problems if "version set" in each.message]
    assert told == severities
    assert gateway.send("/orders/v1").response.status_code == 401


TWICE = {
    "main.bicep": """
        module apim 'apim.bicep' = { name: 'first', params: { access: 'Enabled' } }
        module update 'apim.bicep' = { name: 'second', params: { access: 'Disabled' } }
    """,
    "apim.bicep": """
        param access string
        resource apim 'Microsoft.ApiManagement/service@2024-05-01' = {
          name: 'shop'
          properties: { publicNetworkAccess: access }
        }
        resource orders 'Microsoft.ApiManagement/service/apis@2024-05-01' = {
          parent: apim
          name: 'orders'
          properties: { path: 'orders', subscriptionRequired: false, serviceUrl: 'https://orders.example' }
        }
    """,
}


def test_a_module_that_changes_what_it_has_deployed_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(written(tmp_path, TWICE))
    assert main(["audit", ".", "-v"]) == 0
    assert "warning: the API 'orders' is deployed twice, by one declaration" in (shown := capsys.readouterr()).err
    assert "not decided" in shown.out  # of two policies, either may be the last one
