"""The same service as an extract, in Terraform and in Bicep: it answers alike, and messages point into the code."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from apimpolicy import load_gateway
from apimpolicy.gateway.context.records import Request
from apimpolicy.project.overlays import NO_CHANGES
from apimpolicy.project.service.leniency import lenient
from apimpolicy.project.service.reading import describe
from apimpolicy.testing.comparing.sides import ServiceSide, documents_of
from apimpolicy.testing.comparing.versions import versions

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.gateway import Gateway

SHOP = Path(__file__).parent / "shop"
FORMS = ("extract", "terraform", "bicep")

PATHS = (
    *("/test/orders", "/test/orders/", "/test/orders/17", "/test/orders/x1", "/test/orders/17/lines", "/orders/17"),
    *("/items/search?q=1", "/items/a-7", "/items", "/status", "/status/a/b", "/catalog/things", "/nowhere"),
)
METHODS = ("GET", "GET", "POST", "PUT", "DELETE")
HEADERS = (
    {},
    {"x-key": "k1"},
    {"x-key": "k2", "x-stamp": "mine"},
    {"x-key": "nobody"},
    {"Ocp-Apim-Subscription-Key": "k1"},
    {"x-version": "v1"},
    {"x-version": "v2", "x-key": "k1"},
    {"x-version": "v3"},
)


def requests(count: int) -> list[tuple[str, str, dict[str, str], bytes]]:
    chance = random.Random(25)
    return [
        (chance.choice(METHODS), chance.choice(PATHS), chance.choice(HEADERS), chance.choice((b"", b'{"a": 1}')))
        for _ in range(count)
    ]


def answered(gateway: Gateway, method: str, path: str, headers: dict[str, str], body: bytes) -> object:
    result = gateway.send(Request(method, f"https://shop.example{path}", headers=headers, body=body))
    sent = [(each.method, str(each.url), sorted(each.headers.items()), each.body) for each in result.backend_requests]
    response = result.response
    return response.status_code, sorted(response.headers.items()), response.body, sent


@pytest.fixture(scope="module")
def gateways() -> dict[str, Gateway]:
    return {form: load_gateway(SHOP / form) for form in FORMS}


def test_three_forms_answer_alike(gateways: dict[str, Gateway]) -> None:
    statuses = set()
    for request in requests(200):
        answers = {form: answered(gateway, *request) for form, gateway in gateways.items()}
        assert answers["terraform"] == answers["extract"], request
        assert answers["bicep"] == answers["extract"], request
        statuses.add(answers["extract"][0])  # type: ignore[index]
    assert statuses >= {200, 401, 404}


PLACES = {
    "terraform": {
        "orders": ("api/main.tf", 35, "policies/orders.xml", 1),
        "status": ("api/main.tf", 35, "main.tf", 125),
        "items": ("main.tf", 106, None, None),
    },
    "bicep": {
        "orders": ("api.bicep", 14, "policies/orders.xml", 1),
        "status": ("api.bicep", 14, "main.bicep", 128),
        "items": ("main.bicep", 112, None, None),
    },
}
"""Where the path of an API is written, and where its policy begins."""


@pytest.mark.parametrize("form", PLACES)
def test_descriptions_say_where_things_are_written(form: str) -> None:
    service = describe(str(SHOP / form), NO_CHANGES)
    assert not service.problems
    for id_, (file, line, policy_file, policy_line) in PLACES[form].items():
        api = service.api(id_)
        assert api is not None
        assert (api.path.origin.file, api.path.origin.line) == (str(SHOP / form / file), line)
        if policy_file is not None:
            assert api.policy is not None
            assert (api.policy.origin.file, api.policy.origin.line) == (str(SHOP / form / policy_file), policy_line)


def test_code_is_compared_by_api() -> None:
    folders = str(SHOP / "terraform"), str(SHOP / "bicep")
    found = documents_of(*map(ServiceSide, folders), folders[1], ())
    assert {(pair.new or pair.old).subject: pair.is_same_text for pair in found.pairs} == {
        "operation get of API orders": True,
        "API orders": True,
        "API status": True,
        "all APIs": True,
        "fragment stamp": False,
        "product starter": True,
    }


def test_what_is_unknown_is_stood_in_for_and_named(tmp_path: Path) -> None:
    shutil.copytree(SHOP / "terraform", tmp_path / "code")
    (tmp_path / "code" / "terraform.tfvars").write_text('environment = "test"\n')
    main = tmp_path / "code" / "main.tf"
    main.write_text(main.read_text().replace('retries": ${max(1, 3)}', 'retries": "${var.partner_key}"'))
    with lenient() as found:
        gateway = load_gateway(tmp_path / "code")
    assert "variables without a value: partner_key" in {problem.message for problem in found.problems}
    assert "var.partner_key" in {each.name for each in found.stand_ins}
    assert "stand-in-var.partner_key" in gateway.send("/status").response.text


def test_policies_that_no_resource_names_are_compared_too(tmp_path: Path) -> None:
    for name, body in (("old", "a"), ("new", "b")):
        shutil.copytree(SHOP / "bicep", tmp_path / name)
        (tmp_path / name / "loose.xml").write_text(
            f"<policies><inbound><set-body>{body}</set-body></inbound></policies>"
        )
    with versions(str(tmp_path / "old"), str(tmp_path / "new")) as found:
        different = [Path(pair.path).name for pair in found.pairs if not pair.is_same_text]
    assert different == ["loose.xml"]


def test_policies_in_folders_like_those_of_an_extract_leave_the_code_what_is_read(tmp_path: Path) -> None:
    code = tmp_path / "code"
    shutil.copytree(SHOP / "terraform", code)
    shutil.copytree(SHOP / "extract", tmp_path / "extract")
    (code / "apis" / "status").mkdir(parents=True)
    (code / "apis" / "status" / "policy.xml").write_text("<policies />")
    assert len(load_gateway(code).service.apis) == len(load_gateway(SHOP / "terraform").service.apis)  # type: ignore[union-attr]
    shutil.rmtree(code)
    (tmp_path / "main.tf").write_text('resource "azurerm_api_management" "main" {\n  name = "shop"\n}\n')
    assert load_gateway(tmp_path).service.apis  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "code", "problem"),
    [
        (
            "main.bicep",
            "resource a 'Microsoft.ApiManagement/service/apis@2022-08-01' = {\n  properties: {{\n",
            "main.bicep:2: expected a name, but found '{'",
        ),
        (
            "main.json",
            '{"resources": [{"type": "Microsoft.ApiManagement/service/apis", "name": 5}]}',
            "deploys no resource of",
        ),
    ],
)
def test_code_of_which_nothing_can_be_read_is_reported(tmp_path: Path, name: str, code: str, problem: str) -> None:
    (tmp_path / name).write_text(code)
    found = describe(str(tmp_path), NO_CHANGES)
    assert not found.apis
    assert any(problem in str(each) for each in found.problems), list(map(str, found.problems))
