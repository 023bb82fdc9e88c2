"""Contexts from the conformance data, and Context itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from apimpolicy.csharp.dotnet.cryptography import certificate_members as members
from apimpolicy.csharp.dotnet.cryptography.chain import TrustStore
from apimpolicy.csharp.dotnet.environment import UNIX_EPOCH_TICKS, Environment, use_environment
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.metadata import parse
from apimpolicy.csharp.dotnet.registry import bound
from apimpolicy.csharp.dotnet.system.objects import to_string
from apimpolicy.csharp.dotnet.values import type_of
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.entities import Api, ContextGateway, Deployment, Product, Subscription
from apimpolicy.gateway.context.execution import Context, LastError
from apimpolicy.gateway.context.loading import load_contexts, variable
from apimpolicy.gateway.context.messages import RequestMessage
from apimpolicy.gateway.context.urls import Url

CONTEXTS = Path(__file__).resolve().parents[5] / "shared" / "conformance" / "contexts.json"
TEXT = (parse("string"),)


@pytest.fixture(scope="module")
def contexts():
    if not CONTEXTS.exists():
        pytest.skip("the shared conformance data is not here")
    return load_contexts(CONTEXTS)


def ticks(value):
    return bound(str(type_of(value)), "long Ticks { get; }")(value)


def test_basic(contexts):
    context = contexts["basic"]()
    assert context.request.url.to_string().startswith("https://api.contoso.example/orders/17?expand=items")
    assert context.request.original_url.host == "gateway.contoso.example"
    assert context.request.headers.count == 9
    assert context.request.matched_parameters.get_item("id") == "17"
    assert len(context.request.body.as_(TEXT, False)) == len(context.request.body.as_(TEXT, False)) == 276
    assert context.response.body.as_(TEXT, False) == '{"ok":true,"items":[1,2,3],"msg":"héllo"}'
    assert context.api.service_url.path == "/svc"
    assert context.product.subscriptions_limit == 5
    assert context.user.first_name == "Zoë"
    assert context.subscription.end_date is None
    assert to_string(context.request_id) == "a1b2c3d4-1111-2222-3333-444455556666"
    assert ticks(context.elapsed) == 1_235_000
    assert ticks(context.timestamp) == 638_448_092_551_234_567


def test_variables(contexts):
    variables = contexts["basic"]().variables
    assert variables.count == 18
    found = {pair.key: None if pair.value is None else str(type_of(pair.value)) for pair in variables}
    expected = {
        "str": "string", "num": "int", "big": "long", "dbl": "double", "flag": "bool", "dec": "decimal",
        "nothing": None, "json": "Newtonsoft.Json.Linq.JObject", "arr": "Newtonsoft.Json.Linq.JArray",
        "names": "string[]", "bytes": "byte[]", "xml": "System.Xml.Linq.XElement", "when": "System.DateTime",
        "guid": "System.Guid", "resp": "IResponse", "jwt": "Jwt", "auth": "Authorization", "numText": "string",
    }  # fmt: skip
    assert found == expected
    assert to_string(variables.get_item("dec")) == "12.50"
    assert variables.get_item("resp").status_code == 404
    assert variables.get_item("auth").access_token == "tok-123"


def test_certificates(contexts):
    context = contexts["cert"]()
    certificates = context.deployment.certificates
    assert context.request.certificate is certificates.get_item("client-cert")
    assert sorted(certificates.keys) == ["ca", "client-cert", "other"]
    assert context.response is None
    assert context.request.body is None
    ca = certificates.get_item("ca")
    store = TrustStore([ca], unreachable=[ca])
    clock = ticks(context.request.certificate.not_before) + 1
    with use_environment(Environment(utc_now=lambda: clock, trust=store)):
        assert not context.request.certificate.verify()
        assert members.verify_no_revocation(context.request.certificate)
        assert not contexts["anon"]().request.certificate.verify()


def test_error(contexts):
    error = contexts["error"]().last_error
    assert (error.source, error.reason, error.policy_id) == ("validate-jwt", "TokenExpired", "auth")


def test_bodies_as_xml_and_json(contexts):
    body = contexts["error"]().request.body
    assert to_string(body.as_((parse("System.Xml.Linq.XElement"),), False)).startswith("<env:Envelope xmlns:env=")
    for name in ("XDocument", "XNode"):
        document = body.as_((parse(f"System.Xml.Linq.{name}"),), False)
        assert str(type_of(document)) == "System.Xml.Linq.XDocument"
    with pytest.raises(DotnetException) as caught:
        body.as_((parse("Newtonsoft.Json.Linq.JObject"),), False)
    assert (caught.value.type_name, caught.value.message) == (
        "Newtonsoft.Json.JsonReaderException",
        "The message body is not a valid JSON. "
        "Unexpected character encountered while parsing value: <. Path '', line 0, position 0.",
    )
    with pytest.raises(DotnetException, match="Current JsonReader item is not an array: StartObject"):
        contexts["basic"]().request.body.as_((parse("Newtonsoft.Json.Linq.JArray"),), False)


def test_every_call_makes_a_fresh_context(contexts):
    first, second = contexts["form"](), contexts["form"]()
    assert first is not second
    assert first.request.body is not second.request.body


def test_broken_files(tmp_path):
    file = tmp_path / "contexts.json"
    for text in ("", "[]", "{}", "[" * 100_000, '{"contexts": 5}', '{"certs": {"a": "!"}, "contexts": {}}'):
        file.write_text(text)
        with pytest.raises(ConfigurationError):
            load_contexts(file)
    with pytest.raises(ConfigurationError, match="cannot read"):
        load_contexts(tmp_path / "missing.json")
    file.write_text(json.dumps({"contexts": {"a": {"request": {"certificate": "nobody"}}}}))
    with pytest.raises(ConfigurationError, match="context 'a': KeyError 'nobody'"):
        load_contexts(file)["a"]()
    with pytest.raises(ConfigurationError, match="a variable of type 'Nope' is not known"):
        variable("Nope", 1)


def test_defaults():
    now = [UNIX_EPOCH_TICKS]
    with use_environment(Environment(utc_now=lambda: now[0])):
        context = Context(RequestMessage("GET", Url.parse("/")), variables={"a": 1})
        now[0] += 50
        assert ticks(context.timestamp) == UNIX_EPOCH_TICKS
        assert ticks(context.elapsed) == 50
    assert context.variables.get_item("a") == 1
    assert (context.response, context.last_error, context.user, context.product) == (None, None, None, None)
    assert context.deployment.gateway.is_managed
    assert not ContextGateway("self-hosted-1").is_managed
    assert Api("orders").name == "orders"
    assert Product("p").state == 1
    assert Subscription("s", primary_key="k").key == "k"
    assert Deployment().certificates.count == 0
    assert LastError("choose", None, "broken").path is None


def test_traces():
    heard = []
    context = Context(on_trace=heard.append)
    context.trace("hello \ud83d\ude00")
    context.trace(None)
    assert context.traces == heard == ["hello 😀", ""]
