"""References that exist: a service in which all of them do, and what is found when one at a time doesn't.

`orders/` is a folder as APIOps extracts it, with a resource of each kind; `references.toml` has the rows.
"""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from apimpolicy import check
from apimpolicy.cli import main

ORDERS = Path(__file__).parent / "orders"
API = "apis/orders/policy.xml"


class Row(NamedTuple):
    name: str
    file: str
    old: str
    new: str
    finding: str
    near: str = ""


DATA = tomllib.loads((Path(__file__).parent / "references.toml").read_text(encoding="utf-8"))
ROWS = [Row(**each) for each in DATA["row"]]


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A copy of the service, in a repository of its own, so that nothing around it is looked at."""
    (tmp_path / ".git").mkdir()
    return Path(shutil.copytree(ORDERS, tmp_path / "extracted"))


def edit(service: Path, file: str, old: str, new: str) -> None:
    text = (service / file).read_text(encoding="utf-8")
    assert old in text, (file, old)
    (service / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def found(service: Path, **options: object) -> list[str]:
    return [str(each) for each in check(service, **options)]  # type: ignore[arg-type]


def test_all_that_is_named_exists() -> None:
    assert found(ORDERS) == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_one_dangling_reference(service: Path, row: Row) -> None:
    edit(service, row.file, row.old, row.new)
    (only,) = found(service)
    assert f": {row.finding}" in only
    if row.near:
        assert f"did you mean '{row.near}'?" in only
    if row.name != "operation":
        assert only.startswith(str(service / row.file))


@pytest.mark.parametrize("link", DATA["folder"], ids=lambda link: link["new"])
def test_a_folder_that_is_a_link(service: Path, link: dict[str, str]) -> None:
    (service / link["old"]).rename(service / link["new"])
    (only,) = found(service)
    assert f": {link['finding']}" in only


@pytest.mark.parametrize("row", DATA["code"], ids=lambda row: row["findings"][0] if row["findings"] else row["file"])
def test_a_reference_in_infrastructure_code(tmp_path: Path, row: dict[str, Any]) -> None:
    (tmp_path / ".git").mkdir()
    form, _, file = row["file"].partition("/")
    folder = Path(shutil.copytree(ORDERS.parent / "shop" / form, tmp_path / "infra"))
    for old, new in row["changes"]:
        edit(folder, file, old, new)
    listed = [str(each).partition(": ")[2].partition(" (")[0] for each in check(folder)]
    assert listed == row["findings"]


def test_all_of_them_at_once(service: Path) -> None:
    rows = [
        row for row in ROWS if row.name not in ("named value in other letters", "authorization that may be missing")
    ]
    rows = [row for row in rows if row.name != "authorization"]  # nothing is known of those of an unknown provider
    for row in rows:
        edit(service, row.file, row.old, row.new)
    texts = found(service)
    # The operations of an API whose name is unknown are unknown too.
    assert [row.name for row in rows if not any(f": {row.finding}" in text for text in texts)] == [
        "operation of a limit"
    ]
    assert len(texts) == len(rows) - 1


def test_the_folders_as_the_newer_tool_names_them(service: Path) -> None:
    for old, new in (
        ("policy fragments", "policyFragments"),
        ("named values", "namedValues"),
        ("version sets", "versionSets"),
    ):
        (service / old).rename(service / new)
    assert found(service) == []
    edit(service, "policy.xml", "log-caller", "log-callers")
    edit(service, API, "{{partner-name}}", "{{partner-nme}}")
    assert len(found(service)) == 2


@pytest.mark.parametrize("kind", sorted(set(os.listdir(ORDERS)) - {"apis", "policy.xml", "workspaces"}))
def test_a_kind_that_is_not_listed_is_not_missed(service: Path, kind: str) -> None:
    """An extract may leave kinds out: older tools don't extract backends, none extracts certificates."""
    shutil.rmtree(service / kind)
    assert found(service) == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_is_declared_to_live_elsewhere(service: Path, row: Row) -> None:
    if row.name in ("operation", "operation of a limit"):
        return
    edit(service, row.file, row.old, row.new)
    kinds = "backends named-values loggers certificates schemas apis products groups fragments caches versionSets"
    patterns = ", ".join(f'"{kind}/*"' for kind in (*kinds.split(), "authorization providers"))
    ids = ("order-bot", "bot")
    connections = ", ".join(f'{{provider = "github", id = "{id_}", access-token = "t"}}' for id_ in ids)
    configuration = f"external = [{patterns}]\nauthorizations = [{connections}]\n"
    (service.parent / "apimpolicy.toml").write_text(configuration, encoding="utf-8")
    assert found(service) == []


@pytest.mark.parametrize(
    ("folder", "name", "sentence"),
    [
        ("backends", "a&b", "can't contain any of"),
        ("backends", "a" * 81, "at most 80 characters, this one has 81"),
        ("products", "a+b", "can't contain any of"),
        ("tags", "two words", "only letters, digits, hyphens and underscores"),
        ("policy fragments", "log.caller", "only letters, digits, hyphens and underscores"),
    ],
)
def test_a_name_that_azure_refuses(service: Path, folder: str, name: str, sentence: str) -> None:
    resource = next(path for path in sorted((service / folder).iterdir()))
    information = next(resource.glob("*Information.json"))
    (service / folder / name).mkdir()
    (service / folder / name / information.name).write_text(information.read_text(encoding="utf-8"), encoding="utf-8")
    (only,) = found(service)
    assert "POL163 error: Azure refuses the" in only
    assert sentence in only


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("backends", "WebApp_orders-web"),
        ("apis", "orders.v2 (former)"),
        ("apis", "orders;rev=2"),
        ("tags", "Public_2"),
        ("loggers", "log.insights"),
    ],
)
def test_a_name_that_azure_accepts(service: Path, folder: str, name: str) -> None:
    resource = next(path for path in sorted((service / folder).iterdir()))
    information = next(resource.glob("*Information.json"))
    (service / folder / name).mkdir()
    (service / folder / name / information.name).write_text(information.read_text(encoding="utf-8"), encoding="utf-8")
    assert found(service) == []


@pytest.mark.parametrize(
    ("name", "count"), [("Partner.Name_2-x", 0), ("partner name", 1), ("partner/name", 1), ("", 1)]
)
def test_display_names_of_named_values(service: Path, name: str, count: int) -> None:
    folder = service / "named values" / "another"
    folder.mkdir()
    text = json.dumps({"properties": {"displayName": name, "value": "x"}})
    (folder / "namedValueInformation.json").write_text(text, encoding="utf-8")
    texts = found(service)
    assert len(texts) == count
    assert all("POL163 error: Azure refuses the display name" in text for text in texts)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("infra/main.tf", 'resource "azurerm_api_management_backend" "b" {\n  name = "ordres-pool"\n}\n'),
        ("infra/main.bicep", "// API Management\nname: '${apim}/ordres-pool'\n"),
        ("infra/prod.tfvars", 'backends = ["ordres-pool"]\n'),
        (".github/workflows/deploy.yml", "      run: az apim backend create --backend-id 'ordres-pool'\n"),
        ("configuration.prod.yaml", "backends:\n  - name: ordres-pool\n    properties: {url: 'https://a.example'}\n"),
        ("shared/backends/ordres-pool/backendInformation.json", "{}"),
    ],
)  # fmt: skip
def test_what_something_else_in_the_repository_declares(service: Path, file: str, text: str) -> None:
    path = service.parent / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    if file.startswith("shared"):
        (path.parent.parent.parent / "loggers").mkdir()
    edit(service, API, "orders-pool", "ordres-pool")
    assert found(service) == []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("README.md", "The backend is 'ordres-pool'."),
        ("web/main.tf", 'resource "aws_route" "r" {\n  name = "ordres-pool"\n}\n'),
        ("infra/main.tf", 'resource "azurerm_api_management_backend" "b" {\n  name = "ordres-pool-2"\n}\n'),
        ("other/.git/HEAD", "'ordres-pool' apim"),
    ],
)
def test_what_declares_nothing(service: Path, file: str, text: str) -> None:
    path = service.parent / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    edit(service, API, "orders-pool", "ordres-pool")
    assert len(found(service)) == 1


FILTERS = [
    ("backends:\n  - orders-*\n", "POL160 warning: no backend 'ordres-pool' is known"),
    ("backendNames:\n  - orders-pool\n", "POL160 warning: no backend 'ordres-pool' is known"),
    ("backends:\n  - backendName1\n", "POL160 error: the service has no backend 'ordres-pool'"),
    ("apis:\n  - orders\n", "POL160 error: the service has no backend 'ordres-pool'"),
]


@pytest.mark.parametrize(("text", "finding"), FILTERS)
def test_a_filter_of_the_extract(service: Path, text: str, finding: str) -> None:
    """Of a kind that was filtered no missing name is an error, unless the filter is the tool's sample."""
    (service.parent / "configuration.extractor.yaml").write_text(text, encoding="utf-8")
    edit(service, API, "orders-pool", "ordres-pool")
    (only,) = check(service)
    assert f": {finding}" in str(only)
    assert only.help.startswith("The service may have it: the folder was extracted with a filter.") == (
        "warning" in finding
    )


@pytest.mark.parametrize(("missing", "count"), [(1, 1), (2, 2), (3, 0), (9, 0)])
def test_links_with_apis_that_were_not_extracted(service: Path, missing: int, count: int) -> None:
    """One dangling link is a mistake; when most of them dangle, the extract has only some APIs."""
    names = ["orders", *(f"payments-{number}" for number in range(missing))]
    text = json.dumps([{"name": name} for name in names])
    (service / "products" / "starter" / "apis.json").write_text(text, encoding="utf-8")
    assert len(found(service)) == count


def test_values_of_the_configuration_come_to_those_of_the_service(service: Path) -> None:
    (service.parent / "apimpolicy.toml").write_text("[named-values]\nanother = '1'\n", encoding="utf-8")
    edit(service, API, "{{partner-name}}", "{{partner-name}} {{another}}")
    assert found(service) == []
    edit(service, API, "{{another}}", "{{third}}")
    (only,) = found(service)
    assert "POL001 error: Cannot find a property 'third'" in only


def test_a_word_in_braces_that_a_script_replaces(service: Path) -> None:
    edit(service, API, "{{partner-name}}", "{{PartnerName}}")
    assert len(found(service)) == 1
    script = "# API Management\n$xml = $xml.Replace('{{PartnerName}}', $name)"
    (service.parent / "deploy.ps1").write_text(script, encoding="utf-8")
    assert found(service) == []


def test_the_service_of_another_environment_declares_nothing(service: Path) -> None:
    """`dev/` and `prod/` may each have an extract, `shared/` and `team/` a part of one."""
    other = Path(shutil.copytree(ORDERS, service.parent / "prod"))
    shutil.rmtree(service / "backends" / "content-safety")
    assert len(found(service)) == 1
    edit(service, "backends/orders-pool/backendInformation.json", "orders-a", "content-safety")
    edit(other, "backends/orders-pool/backendInformation.json", "orders-a", "content-safety")
    assert len(found(service)) == 2
    (other / "apis" / "orders").rename(other / "apis" / "invoices")
    assert found(service) == []


def test_remembered_findings_depend_on_the_service(
    service: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("APIMPOLICY_CACHE_DIR", str(service.parent / "cache"))
    for number in range(9):
        folder = service / "products" / f"product-{number}"
        folder.mkdir()
        for name in ("policy.xml", "productInformation.json"):
            shutil.copy(service / "products" / "starter" / name, folder)
    assert main(["check", str(service)]) == 0
    assert "no problems" in capsys.readouterr().out
    edit(service, "apis/orders/specification.yaml", "Replace_Order", "read-order")
    assert main(["check", str(service)]) == 1
    assert "1 problem (1 error)" in capsys.readouterr().out
    shutil.move(service / "loggers" / "orders-log", service / "loggers" / "another-log")
    assert main(["check", str(service)]) == 1
    assert "2 problems (2 errors)" in capsys.readouterr().out
    edit(service, "named values/partner-name/namedValueInformation.json", '"partner-name"', '"partner"')
    assert main(["check", str(service)]) == 1
    assert "3 problems (3 errors)" in capsys.readouterr().out


def test_fragments_of_a_configuration_alone(tmp_path: Path) -> None:
    """Without a folder of the service there may be others: that is no error."""
    (tmp_path / "a.xml").write_text("<fragment><set-method>GET</set-method></fragment>", encoding="utf-8")
    (tmp_path / "apimpolicy.toml").write_text("[fragments]\nlog-caller = 'a.xml'\n", encoding="utf-8")
    policy = tmp_path / "orders.xml"
    policy.write_text('<policies><inbound><base /><include-fragment fragment-id="log-callers" /></inbound></policies>')
    (only,) = found(policy)
    assert "POL135 warning: the fragment 'log-callers' is not among the known ones (did you mean 'log-caller'?)" in only
    with (tmp_path / "apimpolicy.toml").open("r+", encoding="utf-8") as file:
        text = file.read()
        file.seek(0)
        file.write('external = ["fragments/log-*"]\n' + text)
    assert found(policy) == []


@pytest.mark.parametrize("name", ["starter", "unlimited"])
def test_products_that_every_service_has(service: Path, name: str) -> None:
    shutil.rmtree(service / "products" / name)
    assert found(service) == []


def test_a_named_value_that_the_extractor_left_out(tmp_path: Path) -> None:
    for name, value in (("key", "*** REDACTED ***"), ("text", "redacted")):
        folder = tmp_path / "namedValues" / name
        folder.mkdir(parents=True)
        properties = {"displayName": name, "secret": name == "key", "value": value}
        (folder / "namedValueInformation.json").write_text(json.dumps({"properties": properties}))
    (tmp_path / "apis").mkdir()
    (tmp_path / "policy.xml").write_text(
        "<policies><inbound /><backend><forward-request /></backend><outbound /><on-error /></policies>"
    )
    found = [each for each in check(tmp_path) if each.code == "POL145"]
    assert [each.message for each in found] == [
        "the value of the named value 'key' is the text in the place of a secret"
    ]


@pytest.mark.parametrize(
    ("name", "url", "expected"),
    [
        ("orders", "https://orders.example/v1?code=1", ["the URL of a backend must not have a query"]),
        ("Dapr", "https://orders.example", ["the backend id 'Dapr' is reserved"]),
        ("orders", "https://orders.example/v1", []),
    ],
)
def test_a_backend_that_azure_refuses(tmp_path: Path, name: str, url: str, expected: list[str]) -> None:
    """Release notes of June 2024 (no query) and June 2022 (`dapr` is reserved)."""
    folder = tmp_path / "backends" / name
    folder.mkdir(parents=True)
    (folder / "backendInformation.json").write_text(json.dumps({"properties": {"url": url, "protocol": "http"}}))
    (tmp_path / "apis").mkdir()
    (tmp_path / "policy.xml").write_text(
        "<policies><inbound /><backend><forward-request /></backend><outbound /><on-error /></policies>"
    )
    assert [each.message for each in check(tmp_path) if each.code == "POL164"] == expected
