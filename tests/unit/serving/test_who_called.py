"""The line of a request says who called, as far as the gateway knows: certificate, subscription, token."""

from __future__ import annotations

import asyncio

import pytest

from apimpolicy import Api, Gateway, OpenIdProvider, Request, Service, ServiceApi, ServiceSubscription, Subscription
from apimpolicy import TestAuthority as Authority
from apimpolicy.serving.dispatcher import Dispatcher, Served
from apimpolicy.serving.listeners import Summary

PROVIDER = OpenIdProvider("https://login.contoso.example")
POLICY = """<policies><inbound>
  <choose><when condition="@(context.Request.Headers.ContainsKey("Authorization"))">
    <validate-jwt header-name="Authorization">
      <openid-config url="https://login.contoso.example/.well-known/openid-configuration" />
    </validate-jwt>
  </when></choose>
  <return-response />
</inbound></policies>"""
TOKEN = {"Authorization": f"Bearer {PROVIDER.token(subject='anna')}"}
KEY = {"Ocp-Apim-Subscription-Key": "k"}
OF_ANNA = "token of 'anna' of 'https://login.contoso.example'"
ROWS = [({}, ""), (KEY, "subscription partner"), (TOKEN, OF_ANNA), (KEY | TOKEN, f"subscription partner, {OF_ANNA}")]


@pytest.mark.parametrize(("headers", "expected"), ROWS)
def test_who_called(headers: dict[str, str], expected: str) -> None:
    api = ServiceApi(Api("orders", path="orders"), policy=POLICY, subscription_required=False)
    service = Service([api], subscriptions=[ServiceSubscription(Subscription("partner", primary_key="k"), "/apis")])
    gateway = Gateway(service=service, openid_providers=[PROVIDER], negotiate_client_certificate=True)
    certificate = Authority().client("caller")
    for given, prefix in ((None, ""), (certificate, f"CN=caller ({certificate.thumbprint[:4]}…)")):
        request = Request.get("https://contoso.example/orders", headers=headers, certificate=given)
        handled = asyncio.run(Dispatcher(Served(gateway)).handle(request))
        assert Summary(handled).caller == ", ".join(filter(None, (prefix, expected)))
