"""The same service as an extract, in Terraform and in Bicep: it answers alike, and messages point into the code."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from apimpolicy import load_gateway
from apimpolicy.context.records import Request

if TYPE_CHECKING:
    from apimpolicy.engine.gateway import Gateway

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
