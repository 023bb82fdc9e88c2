"""`apimpolicy explain --effective`: the policies of all scopes as one document."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from apimpolicy import Gateway, Request
from apimpolicy.cli.program import run
from apimpolicy.gateway.context.entities import Api, Operation
from apimpolicy.gateway.engine.document import load_policy
from apimpolicy.gateway.engine.service import Service, ServiceApi, ServiceOperation, VersionSet
from apimpolicy.report.columns import PLAIN
from apimpolicy.report.service_text import effective_text, example_url

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parents[3] / "examples" / "apiops-folder"
WIDE = """<policies>
  <inbound>
    <set-header name="A" exists-action="override"><value>{{a}}</value></set-header>
    <!-- for all -->
  </inbound>
  <backend><forward-request /></backend>
  <outbound />
  <on-error />
</policies>"""


def effective(scopes: Mapping[str, str], **settings: object) -> str:
    gateway = Gateway(named_values={"a": "secret"}, **settings)  # type: ignore[arg-type]
    texts = {name: load_policy(text, path=f"{name}.xml") for name, text in scopes.items()}
    return effective_text(gateway.program(gateway.scopes(texts)), PLAIN)


def test_wider_scopes_stand_where_base_was() -> None:
    narrow = """<policies>
    <inbound>
        <set-method>PUT</set-method>
        <choose>
            <when condition="@(true)">
                <base />
            </when>
        </choose>
    </inbound>
    <backend><base /></backend>
    <outbound><base /></outbound>
</policies>"""
    assert (
        effective({"global": WIDE, "api": narrow})
        == """<!-- global: global.xml -->
<!-- api: api.xml -->
<policies>
    <inbound>
        <set-method>PUT</set-method>
        <choose>
            <when condition="@(true)">
                <!-- global: begin -->
                <set-header name="A" exists-action="override"><value>{{a}}</value></set-header>
                <!-- for all -->
                <!-- global: end -->
            </when>
        </choose>
    </inbound>
    <backend>
        <!-- global: begin -->
        <forward-request />
        <!-- global: end -->
    </backend>
    <outbound>
        <!-- nothing from wider scopes -->
    </outbound>
    <on-error />
</policies>"""
    )


@pytest.mark.parametrize(("missing", "expected"), [("inherit", True), ("skip", False)])
def test_a_section_that_is_missing(missing: str, expected: bool) -> None:
    text = effective({"global": WIDE, "api": "<policies><outbound /></policies>"}, missing_section=missing)
    assert ("<forward-request />" in text) is expected


def test_it_does_the_same_as_the_scopes_apart() -> None:
    """The document as the global policy gives the same response, with the named value put in."""
    narrow = '<policies><inbound><base /><return-response><set-header name="B" exists-action="override"><value>'
    narrow += '@(context.Request.Headers.GetValueOrDefault("A"))</value></set-header></return-response></inbound>'
    narrow += "</policies>"
    gateway = Gateway(named_values={"a": "secret"})
    apart = gateway.run({"global": WIDE, "api": narrow}, Request.get("/"))
    together = gateway.run({"global": effective({"global": WIDE, "api": narrow})}, Request.get("/"))
    assert dict(apart.response.headers) == dict(together.response.headers)
    assert together.response.headers["B"] == "secret"


def test_lone_sections_and_policies() -> None:
    text = effective({"global": WIDE, "product": "<inbound><base /></inbound>"})
    assert text.count("{{a}}") == 1
    assert '<rewrite-uri template="/x" />' in effective({"api": '<rewrite-uri template="/x" />'})


def test_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    key = "Ocp-Apim-Subscription-Key: partner"
    assert run(["explain", ".", "--effective", "--method", "POST", "--url", "/orders", "--header", key]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("<!-- global: extracted/policy.xml -->\n<!-- api: ")
    assert (
        "        <!-- api: begin -->\n        <!-- nothing from wider scopes -->\n        <include-fragment"
        in shown.out
    )
    assert not shown.err


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--effective"], 0, "run: apimpolicy explain . --effective --get /orders"),
        (["--effective", "--get", "/", "--format", "json"], 2, "--effective prints a document, which is not JSON"),
        (["--effective", "--get", "/nowhere"], 0, "refuses this request itself, with 404"),
        (["--effective", "--get", "/orders/17"], 0, "refuses this request itself, with 401"),
    ],
)
def test_what_it_says(
    arguments: list[str], code: int, sentence: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(FOLDER)
    assert run(["explain", ".", *arguments]) == code
    assert sentence in capsys.readouterr().err


URLS = {
    "a version in the path": (Api("cars", path="cars", version="v1"), VersionSet("segment"), "/", "/cars/v1"),
    "an API at the root": (Api("all", path=""), None, "/sessions", "/sessions"),
    "an operation of the whole API": (Api("cars", path="cars"), None, "/", "/cars"),
}


@pytest.mark.parametrize("name", URLS)
def test_the_url_of_an_example_reaches_its_api(name: str) -> None:
    api, versions, template, url = URLS[name]
    operation = ServiceOperation(Operation("get", "GET", url_template=template))
    service = Service([ServiceApi(api, operations=[operation], version_set=versions, subscription_required=False)])
    assert example_url(service) == url
    assert Gateway(service=service).send(Request("GET", url)).response.status_code == 200
