"""The inventory of a service: each row is what a folder has beyond a small one, and what the inventory says of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest

from apimpolicy.cli import main
from apimpolicy.project.gateways import configured
from apimpolicy.project.service.description import FileLocation, PolicyText
from apimpolicy.report.inventory import Inventory, inventory_data, inventory_text
from apimpolicy.report.outputs.json_schema import output_schema
from apimpolicy.testing.comparing.inventory import inventory_of

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = jsonschema_rs.validator_for(output_schema("audit-output"))
ORDERS = "apis/orders/apiInformation.json"
ITEMS = "apis/items/apiInformation.json"


def policy(inbound: str) -> str:
    sections = "".join(f"<{name}><base /></{name}>" for name in ("backend", "outbound", "on-error"))
    return f"<policies><inbound><base />{inbound}</inbound>{sections}</policies>"


def api(path: str, url: str) -> str:
    return json.dumps({"properties": {"path": path, "displayName": path, "serviceUrl": url}})


def named_value(value: str = "a") -> str:
    return json.dumps({"properties": {"displayName": "limit", "value": value}})


def header(value: str, *, layout: str = " ") -> str:
    return (
        f'<set-header{layout}name="X" exists-action="override"><value>{value}</value></set-header>'
        '<set-variable name="a" value="b" />'
    )


SMALL = {ORDERS: api("orders", "https://orders.internal/v1"), ITEMS: api("items", "https://items.internal")}
BACKEND = {"backends/b/backendInformation.json": '{"properties": {"url": "https://b.internal", "protocol": "http"}}'}
POOL = '{"properties": {"type": "Pool", "pool": {"services": [{"id": "/backends/b"}]}}}'
LIMIT = {"named values/limit/namedValueInformation.json": named_value()}
FRAGMENT = {"policy fragments/f/policy.xml": f"<fragment>{header('a')}</fragment>"}
USE = '<set-backend-service backend-id="{}" />'
ROWS: dict[str, tuple[dict[str, str], str, Any]] = {
    "two APIs at one host": (
        {ITEMS: api("items", "https://ORDERS.internal/v2")},
        "shared_backends",
        [{"backend": "https://orders.internal", "apis": ["items", "orders"]}],
    ),
    "two hosts": ({}, "shared_backends", []),
    "two revisions of one API": ({"apis/orders;rev=2/apiInformation.json": SMALL[ORDERS]}, "shared_backends", []),
    "two policies that name one backend": (
        {
            **BACKEND,
            "apis/orders/policy.xml": policy(USE.format("b")),
            "apis/items/policy.xml": policy(USE.format("b")),
        },
        "shared_backends",
        [{"backend": "the backend 'b'", "apis": ["items", "orders"]}],
    ),
    "equal policies but for layout": (
        {
            "apis/orders/policy.xml": policy(header("a")),
            "apis/items/policy.xml": policy(f"<!-- c -->{header('a', layout=chr(10))}"),
        },
        "similar_policies",
        [(["the API 'items'", "the API 'orders'"], [])],
    ),
    "policies of <base /> alone": (
        {"apis/orders/policy.xml": policy(""), "apis/items/policy.xml": policy("")},
        "similar_policies",
        [],
    ),
    "one value differs": (
        {"apis/orders/policy.xml": policy(header("a")), "apis/items/policy.xml": policy(header("z"))},
        "similar_policies",
        [(["the API 'items'", "the API 'orders'"], [("<value>", ["z", "a"])])],
    ),
    "most values differ": (
        {
            "apis/orders/policy.xml": policy('<set-variable name="a" value="b" />'),
            "apis/items/policy.xml": policy('<set-variable name="c" value="d" />'),
        },
        "similar_policies",
        [],
    ),
    "nothing uses these": (
        {**BACKEND, **LIMIT, **FRAGMENT},
        "unused",
        ["the fragment 'f'", "the named value 'limit'", "the backend 'b'"],
    ),
    "a policy uses these": (
        {
            **BACKEND,
            **LIMIT,
            **FRAGMENT,
            "apis/orders/policy.xml": policy(
                f'{USE.format("B")}<include-fragment fragment-id="f" />{header("{{limit}}")}'
            ),
        },
        "unused",
        [],
    ),
    "a computed name may be any backend's": (
        {**BACKEND, **LIMIT, "apis/orders/policy.xml": policy(USE.format("@(context.Api.Id)"))},
        "unused",
        ["the named value 'limit'"],
    ),
    "the computed name is reported": (
        {**BACKEND, "apis/orders/policy.xml": policy(USE.format("@(context.Api.Id)"))},
        "undecided",
        ["the API 'orders' computes the name of a backend"],
    ),
    "a pool uses its members": ({**BACKEND, "backends/p/backendInformation.json": POOL}, "unused", ["the backend 'p'"]),
    "Azure makes the credentials of loggers": (
        {"named values/l/namedValueInformation.json": named_value().replace('"limit"', '"Logger-Credentials--1"')},
        "unused",
        [],
    ),
    "a file that nothing attaches": (
        {"old/orders.xml": policy(header("a"))},
        "unattached_policies",
        ["old/orders.xml"],
    ),
    "a policy beside a file that can't be read": (
        {ORDERS: "{", "apis/orders/policy.xml": policy(header("a"))},
        "unattached_policies",
        [],
    ),
    "such a file is reported": (
        {ORDERS: "{"},
        "undecided",
        ["apis/orders/apiInformation.json: the file is not valid JSON"],
    ),
    "a product without an API": (
        {"products/p/productInformation.json": '{"properties": {}}', "products/p/policy.xml": policy(header("a"))},
        "unattached_policies",
        ["the product 'p' has no API"],
    ),
}


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in {**SMALL, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


def inventory(folder: Path) -> Inventory:
    configuration, root = configured(str(folder))
    service = configuration.as_written(root)
    assert service is not None
    return inventory_of(service)


@pytest.mark.parametrize("name", ROWS)
def test_each_part(name: str, tmp_path: Path) -> None:
    files, part, expected = ROWS[name]
    write(tmp_path, files)
    found = inventory_data(inventory(tmp_path))[part]
    if part == "similar_policies":
        shown = [
            (
                [each["name"] for each in group["policies"]],
                [(each["where"], each["values"]) for each in group["differences"]],
            )
            for group in found
        ]
        assert shown == expected
    elif part == "undecided":
        assert all(any(each.startswith(words) for each in found) for words in expected)
    else:
        assert [each.get("name", each) for each in found] == expected


def test_a_policy_of_another_service_is_attached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"other/orders.xml": policy(header("a"))})
    own = configured(".")[0].as_written(".")
    other = configured(".")[0].as_written(".")
    assert own is not None
    assert other is not None
    assert [each.name for each in inventory_of(own).unattached] == ["other/orders.xml"]
    origin = FileLocation(str(tmp_path / "other" / "orders.xml"))
    other.policy = PolicyText(origin, origin.file)
    assert inventory_of(own, "own", [own, other]).unattached == ()


def test_the_text_bounds_what_it_lists(tmp_path: Path) -> None:
    write(tmp_path, {f"named values/n{n:02}/namedValueInformation.json": "{}" for n in range(12)})
    text = inventory_text([inventory(tmp_path)])
    assert "  12 resources that nothing here uses\n    the named value 'n00'\n" in text
    assert "    and 2 more (--format json and --html have all)" in text


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "extracted", {**BACKEND, "apis/orders/policy.xml": policy("<trace source='<b>'>a</trace>")})
    main(["audit", "extracted", "--inventory", "--html", "audit.html"])
    assert "\n\nInventory\n  0 backends of several APIs\n" in capsys.readouterr().out
    assert "<h3>1 resource that nothing here uses</h3><table><tr><td>the backend &#x27;b&#x27;</td>" in Path(
        "audit.html"
    ).read_text("utf-8").replace("\n", "")
    main(["audit", "extracted", "--inventory", "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    SCHEMA.validate(report)
    assert [each["name"] for each in report["inventory"][0]["unused"]] == ["the backend 'b'"]
    assert report["inventory"][0]["unused"][0]["path"] == "extracted/backends/b/backendInformation.json"


@pytest.mark.parametrize("options", [("--format", "sarif"), ("--since", "HEAD"), ("--write-baseline", "b.json")])
def test_options_that_have_no_inventory(
    options: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, {})
    assert main(["audit", str(tmp_path), "--inventory", *options]) == 2
    assert "--inventory is for --format text and json" in capsys.readouterr().err
