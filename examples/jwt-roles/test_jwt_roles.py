"""The same in Python: who may read and write orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from apimpolicy import Apim, OpenIdProvider

ISSUER = "https://login.contoso.example"


@pytest.fixture
def login(apim: Apim) -> OpenIdProvider:
    return apim.identity_provider(ISSUER, audience="orders")


@pytest.fixture
def orders(apim: Apim) -> Apim:
    apim.configure(named_values={"identity-provider": ISSUER})
    apim.policy = "orders.xml"
    return apim


def signed_in(login: OpenIdProvider, *roles: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {login.token(subject='anna', claims={'roles': list(roles)})}"}


def test_readers_may_read_and_not_write(orders: Apim, login: OpenIdProvider) -> None:
    assert orders.get("/orders", headers=signed_in(login, "reader")).status_code == 200
    assert orders.delete("/orders/1", headers=signed_in(login, "reader")).status_code == 403
    assert [request.method for request in orders.backend.requests] == ["GET"]


def test_a_token_lives_for_an_hour(orders: Apim, login: OpenIdProvider) -> None:
    headers = signed_in(login, "writer")
    assert orders.post("/orders", json={"id": 1}, headers=headers).status_code == 200
    orders.clock.advance(hours=2)
    assert orders.post("/orders", json={"id": 1}, headers=headers).status_code == 401


def test_keys_may_be_exchanged(orders: Apim, login: OpenIdProvider) -> None:
    assert orders.get("/orders", headers=signed_in(login)).status_code == 200
    login.rotate()
    orders.clock.advance(hours=1)  # the gateway looks for new keys again
    assert orders.get("/orders", headers=signed_in(login)).status_code == 200
