"""`--environment`: one repository, deployed several times."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from apimpolicy import check as check_from_python
from apimpolicy.cli import main
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.environments import selected, selected_environment
from apimpolicy.project.gateways import load_gateway
from apimpolicy.serving.loading import ServeTarget

ORDERS = Path(__file__).parent / "orders"
POLICY = """<policies>
    <inbound>
        <base />
        <set-backend-service backend-id="orders-a" />
        <set-header name="X-Partner" exists-action="override">
            <value>{{partner-name}}</value>
        </set-header>
    </inbound>
    <backend>
        <forward-request timeout="30" />
    </backend>
    <outbound>
        <base />
    </outbound>
    <on-error>
        <base />
    </on-error>
</policies>
"""
PROD = """apimServiceName: contoso-prod
namedValues:
  - name: partner-name
    properties:
      value: Fabrikam
  - name: region
    properties: {displayName: azure-region, value: westeurope}
  - name: period
    properties: {value: "400"}
backends:
  - name: Orders-A
    properties:
      url: https://prod.orders.example
apis:
  - name: orders
    properties: {path: "shop/orders"}
    operations:
      - name: get-order
        policies:
          - name: policy
            properties:
              format: rawxml
              value: |
                <policies>
                  <inbound>
                    <return-response>
                      <set-status code="418" reason="Prod" />
                    </return-response>
                  </inbound>
                </policies>
"""
DEV = """apimServiceName: contoso-dev
namedValues:
  - name: period
    properties: {value: "60"}
"""


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A service with two environments, whose API takes what one request needs and no more."""
    (tmp_path / ".git").mkdir()
    folder = Path(shutil.copytree(ORDERS, tmp_path / "extracted"))
    for kind in ("subscriptions", "certificates", "workspaces", "apis/orders/operations/replace-order"):
        shutil.rmtree(folder / kind)
    write(folder, "apis/orders/policy.xml", POLICY)
    write(folder, "products/starter/policy.xml", "<policies><inbound><base /></inbound></policies>")
    write(folder, "policy.xml", "<policies><inbound /><backend><forward-request timeout='9' /></backend></policies>")
    write(folder, "apis/orders/operations/get-order/policy.xml", "<policies><inbound><base /></inbound></policies>")
    replace(folder, "apis/orders/apiInformation.json", '"subscriptionRequired": true', '"subscriptionRequired": false')
    replace(folder, "backends/orders-a/backendInformation.json", "{{orders-key}}", "k")
    replace(folder, "backends/orders-a/backendInformation.json", '"certificateIds"', '"former"')
    write(tmp_path, "configuration.prod.yaml", PROD)
    write(tmp_path, "configuration.dev.yaml", DEV)
    monkeypatch.chdir(tmp_path)
    return folder


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def replace(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text, (name, old)
    write(folder, name, text.replace(old, new))


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(list(arguments))
    captured = capsys.readouterr()
    assert selected() is None
    return code, captured.out + captured.err


def findings(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    _, text = command(
        capsys, "check", "extracted", "--no-cache", "--select", "POL001", "--select", "POL123", *arguments
    )
    return [line.partition(": ")[2] for line in text.splitlines() if ": POL" in line]


NAMED_VALUES = [
    ((), []),
    (("--environment", "prod"), []),
    (("--environment", "dev"), ["POL001 error: Cannot find a property 'azure-region' (in the environment 'dev')"]),
    (("--environment", "all"), ["POL001 error: Cannot find a property 'azure-region' (in the environment 'dev')"]),
]


@pytest.mark.parametrize(("options", "expected"), NAMED_VALUES)
def test_a_named_value_that_one_environment_lacks(
    service: Path, options: tuple[str, ...], expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    replace(service, "apis/orders/policy.xml", "{{partner-name}}", "{{partner-name}} {{azure-region}}")
    assert findings(capsys, *options) == expected


def test_a_named_value_that_every_environment_lacks(service: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace(service, "apis/orders/policy.xml", "{{partner-name}}", "{{another}}")
    assert findings(capsys, "--environment", "all") == ["POL001 error: Cannot find a property 'another'"]


def test_a_third_environment_has_the_same_fault(service: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(service.parent, "configuration.test.yaml", DEV)
    replace(service, "apis/orders/policy.xml", "{{partner-name}}", "{{azure-region}}")
    where = "(in the environments 'dev' and 'test')"
    assert findings(capsys, "--environment", "all") == [f"POL001 error: Cannot find a property 'azure-region' {where}"]


PERIODS = [
    ((), []),
    (("--environment", "dev"), []),
    (("--environment", "prod"), [""]),
    (("--environment", "all"), [" (in the environment 'prod')"]),
]


@pytest.mark.parametrize(("options", "endings"), PERIODS)
def test_a_value_that_is_wrong_in_one_environment(
    service: Path, options: tuple[str, ...], endings: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    limit = '<base /><rate-limit calls="5" renewal-period="{{period}}" />'
    replace(service, "apis/orders/policy.xml", "<inbound>\n        <base />", f"<inbound>\n        {limit}")
    found = findings(capsys, *options)
    assert len(found) == len(endings), found
    for text, ending in zip(found, endings, strict=True):
        assert text.startswith("POL123 error: ")
        assert text.endswith(ending)
        assert ("environment" in text) == bool(ending)


@pytest.mark.parametrize("name", ["check", "run", "explain", "test", "prove", "diff"])
def test_an_unknown_environment(service: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    write(
        service.parent, "orders.test.yaml", "service: extracted\ncases: [{request: {get: /a}, expect: {status: 404}}]\n"
    )
    write(service.parent, "claims.test.yaml", "service: extracted\nclaims: [{never: {status: 418}}]\n")
    arguments = {
        "check": ["extracted"],
        "run": ["extracted", "--get", "/orders/v1/1"],
        "explain": ["extracted", "--get", "/orders/v1/1"],
        "test": ["orders.test.yaml"],
        "prove": ["claims.test.yaml"],
        "diff": ["extracted/policy.xml", "extracted/apis/orders/policy.xml"],
    }[name]
    code, text = command(capsys, name, *arguments, "--environment", "prd")
    assert code == 2, text
    assert "there is no environment 'prd'; the environments here are dev, prod" in text


def test_no_environment_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "orders.xml", POLICY)
    code, text = command(capsys, "check", str(tmp_path), "--environment", "prod")
    assert code == 2
    assert "no configuration.prod.yaml" in text


def test_run_as_in_an_environment(service: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = command(capsys, "run", "extracted", "--get", "/orders/v1/1", "--format", "json")
    assert code == 0, text
    assert "https://a.orders.example/1" in text
    assert "Contoso" in text
    code, text = command(
        capsys,
        "run",
        "extracted",
        "--url",
        "/shop/orders/v1/1",
        "--method",
        "PUT",
        "--environment",
        "prod",
        "--format",
        "json",
    )
    assert code == 0, text
    assert "https://prod.orders.example/1" in text
    assert "Fabrikam" in text


def test_a_policy_of_an_overlay(service: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = command(capsys, "explain", "extracted", "--get", "/shop/orders/v1/1", "--environment", "prod")
    assert code == 0, text
    assert "418" in text


def test_the_policy_of_an_overlay_is_checked_in_its_place(service: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace(service, "apis/orders/operations/get-order/policy.xml", "<base />", "<base /><nothing />")
    replace(service.parent, "configuration.prod.yaml", '<set-status code="418"', '<set-status cod="418"')
    line = (service.parent / "configuration.prod.yaml").read_text("utf-8").splitlines().index(
        '                      <set-status cod="418" reason="Prod" />'
    ) + 1  # fmt: skip
    overlay, policy = f"configuration.prod.yaml:{line}:35: POL102 error", "get-order/policy.xml:1:29: POL101 error"
    _, text = command(capsys, "check", ".", "--no-cache")
    assert (overlay in text, policy in text) == (False, True)
    _, text = command(capsys, "check", ".", "--no-cache", "--environment", "prod")
    assert (overlay in text, policy in text) == (True, False)
    _, text = command(capsys, "check", ".", "--no-cache", "--environment", "all")
    assert (overlay in text, policy in text) == (True, True)
    assert "in the environment 'dev'" in text


def test_the_library_and_serve_load_an_environment(service: Path) -> None:
    with selected_environment("prod"):
        gateway = load_gateway(service)
        served = ServeTarget(path=str(service)).load()
    assert gateway.named_values["partner-name"] == "Fabrikam"
    assert served.gateway.named_values["azure-region"] == "westeurope"
    assert load_gateway(service).named_values["partner-name"] == "Contoso"
    assert load_gateway(service, environment="prod").named_values["partner-name"] == "Fabrikam"
    with pytest.raises(ConfigurationError, match="there is no environment 'prd'"):
        load_gateway(service, environment="prd")


CASES = """service: extracted
cases:
  - name: what only one environment answers
    request: {get: /shop/orders/v1/1}
    expect: {status: 418}
"""


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_cases_as_in_an_environment(service: Path, jobs: str, capsys: pytest.CaptureFixture[str]) -> None:
    write(service.parent, "orders.test.yaml", CASES)
    write(service.parent, "again.test.yaml", CASES)
    files = ("orders.test.yaml", "again.test.yaml")
    assert command(capsys, "test", *files, "--jobs", jobs)[0] == 1
    assert command(capsys, "test", *files, "--jobs", jobs, "--environment", "prod")[0] == 0


CONFIGURATION = """[named-values]
partner-name = "Contoso"
period = "60"

[environments.prod.named-values]
period = "400"
region = "westeurope"

[environments.test]
"""
PLAIN = """<policies>
    <inbound>
        <base />
        <rate-limit calls="5" renewal-period="{{period}}" />
        <set-header name="X-Region" exists-action="override">
            <value>{{region}}</value>
        </set-header>
    </inbound>
</policies>
"""
TABLES = [
    ((), []),
    (("--environment", "prod"), ["POL123 error"]),
    (("--environment", "test"), ["POL001 error"]),
    (("--environment", "all"), ["POL123 error", "POL001 error"]),
]


@pytest.mark.parametrize(("options", "codes"), TABLES)
def test_tables_of_the_configuration(
    tmp_path: Path,
    options: tuple[str, ...],
    codes: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """They merge with the keys above them; without an environment, what one of them declares exists."""
    write(tmp_path, "apimpolicy.toml", CONFIGURATION)
    write(tmp_path, "extracted/orders.xml", PLAIN)
    monkeypatch.chdir(tmp_path)
    assert [text.partition(":")[0] for text in findings(capsys, *options)] == codes


def test_a_table_with_an_unknown_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "apimpolicy.toml", "[environments.prod.named-value]\na = '1'\n")
    write(tmp_path, "orders.xml", POLICY)
    code, text = command(capsys, "check", str(tmp_path / "orders.xml"))
    assert code == 2
    assert "did you mean 'environments.prod.named-values'?" in text


TEMPLATE = '<policies><inbound><base /><rate-limit calls="5" renewal-period="${period}" /></inbound></policies>'


@pytest.mark.parametrize(
    "file", ["prod.tfvars", "environments/prod.tfvars", "extracted/prod.tfvars", "vars/production.tfvars"]
)
def test_variables_of_terraform(
    tmp_path: Path, file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".git").mkdir()
    write(tmp_path, "extracted/orders.xml.tftpl", TEMPLATE)
    write(tmp_path, file, 'period = "400"\n')
    if "production" in file:
        write(tmp_path, "apimpolicy.toml", f'[environments.prod]\nvalues = "{file}"\n')
    monkeypatch.chdir(tmp_path)
    assert findings(capsys) == []
    (only,) = findings(capsys, "--environment", "prod")
    assert only.startswith("POL123 error")


def test_check_from_python(service: Path) -> None:
    replace(service, "apis/orders/policy.xml", "{{partner-name}}", "{{azure-region}}")
    assert check_from_python(service, select=["POL001"]) == []
    (only,) = check_from_python(service, select=["POL001"], environment="dev")
    assert only.message == "Cannot find a property 'azure-region' (in the environment 'dev')"
    with pytest.raises(ConfigurationError, match="the environments here are dev, prod"):
        check_from_python(service, environment="prd")


def test_an_overlay_that_is_no_yaml(service: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(service.parent, "configuration.prod.yaml", "apis: [")
    code, text = command(capsys, "check", "extracted", "--environment", "prod")
    assert code == 2
    assert "configuration.prod.yaml is neither JSON nor YAML" in text
    assert command(capsys, "check", "extracted", "--environment", "dev")[0] == 0


def test_remembered_findings_are_those_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("APIMPOLICY_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "apimpolicy.toml", "[named-values]\nperiod = '60'\n[environments.dev]\n[environments.test]\n")
    for number in range(12):
        write(tmp_path, f"policies/{number}.xml", PLAIN)
    for name in ("dev", "test", "dev"):
        _, text = command(capsys, "check", "policies", "--environment", name)
        assert text.count(f"(in the environment '{name}')") == 12, name
    write(
        tmp_path,
        "apimpolicy.toml",
        "external = ['named-values/*']\n[named-values]\nperiod = '60'\n[environments.dev]\n",
    )
    assert command(capsys, "check", "policies", "--environment", "dev")[0] == 0


@pytest.mark.parametrize("arguments", [("audit",), ("run", "--get", "/x"), ("explain", "--effective"), ("serve",)])
def test_a_folder_without_an_api_is_no_service_for_any_command(
    tmp_path: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "main.tf").write_text('resource "azurerm_api_management" "a" { name = "a" }')
    code, text = command(capsys, arguments[0], str(tmp_path), *arguments[1:])
    assert code == 2
    assert f"there is no API in {tmp_path}" in text
