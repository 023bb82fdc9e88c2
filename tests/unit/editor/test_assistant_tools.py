"""The tools for assistants, called by the SDK's own client: in one process, and over the streams of another."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.architecture.hostile_repository import make_hostile
from tests.rows import read_yaml

from apimpolicy.editor import assistant_tools
from apimpolicy.editor.pages import TOPICS

mcp = pytest.importorskip("mcp", reason="the extra [mcp] is not installed")

EXAMPLE = Path(__file__).parents[3] / "examples" / "client-certificate"
POLICY = (
    '<policies><inbound><set-header name="a"><value>@(context.Request.Metho)</value></set-header></inbound></policies>'
)
CHECKED = """<policies><inbound><base />
<validate-client-certificate validate-trust="true" ignore-error="false">
  <identities><identity thumbprint="{{partner}}" /></identities>
</validate-client-certificate>
</inbound><backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>"""
SETTING = {"gateway": {"negotiate-client-certificate": True}, "named_values": {"partner": {"thumbprint": "partner"}}}
MOST_CHARACTERS = 50_000
"""Of the list of tools, which every conversation begins with."""


def converse(*calls: tuple[str, dict[str, Any]]) -> list[Any]:
    """Return the answers to calls of tools, in one session."""

    async def ask() -> list[Any]:
        async with mcp.Client(assistant_tools.server()) as client:
            return [await client.call_tool(name, arguments) for name, arguments in calls]

    return asyncio.run(ask())


def structured(name: str, /, **arguments: Any) -> Any:
    (answer,) = converse((name, arguments))
    assert not answer.is_error, answer.content
    assert json.loads(answer.content[0].text) == answer.structured_content
    return answer.structured_content


def test_tools_and_resources_describe_themselves() -> None:
    async def ask() -> Any:
        async with mcp.Client(assistant_tools.server()) as client:
            pages = [await client.read_resource(each.uri) for each in (await client.list_resources()).resources]
            return client.server_info, (await client.list_tools()).tools, pages

    server, tools, pages = asyncio.run(ask())
    assert server.version
    assert len(json.dumps([tool.model_dump(mode="json", exclude_none=True) for tool in tools])) < MOST_CHARACTERS
    for tool in tools:
        assert tool.description
        assert tool.output_schema["properties"]
        assert tool.annotations.read_only_hint
        assert all(each.get("description") or "enum" in each for each in tool.input_schema["properties"].values()), (
            tool.name
        )
    assert len(pages) == len(TOPICS)
    assert all(page.contents[0].text.startswith("# ") for page in pages)


def test_a_policy_that_validates_a_client_certificate_is_written_tested_and_proven() -> None:
    """Nothing here is a file, and nothing is named that the descriptions of the tools do not name."""
    pytest.importorskip("z3", reason="the extra [prove] is not installed")
    others = [{"who": name} for name in ("expired", "early", "revoked", "self-signed", "stranger", "other-partner")]
    cases = [
        {"name": "a partner", "request": {"get": "/", "certificate": "partner"}, "expect": {"status": 200}},
        {"name": "nobody", "request": {"get": "/"}, "expect": {"status": 401, "backend-requests": 0}},
        {
            "name": "$who",
            "each": others,
            "request": {"get": "/", "certificate": "$who"},
            "expect": {"status": 401, "backend-requests": 0},
        },
        {"name": "a wrong case", "request": {"get": "/"}, "expect": {"status": 200}},
    ]
    claim = {"name": "a certificate", "if": "reaches-backend", "then": "@(context.Request.Certificate != null)"}
    subject = {"policy": CHECKED, **SETTING}
    check, run, tests, proof, why = converse(
        ("check", subject),
        ("run", {**subject, "request": {"get": "/orders", "certificate": "partner"}}),
        ("run_tests", {**subject, "cases": cases}),
        ("prove", {**subject, "claims": [claim, {"name": "never refused", "never": {"status": 401}}, "authenticated"]}),
        ("explain", {**subject, "request": {"get": "/", "certificate": "expired"}}),
    )
    assert check.structured_content["summary"]["errors"] == 0, check.content[0].text
    assert run.structured_content["response"]["status_code"] == 200
    assert tests.structured_content["summary"] | {"seconds": 0} == {
        "passed": len(others) + 2, "failed": 1, "errors": 0, "skipped": 0, "seconds": 0
    }  # fmt: skip
    assert [case["name"] for case in tests.structured_content["cases"]] == ["a wrong case"]
    found = {each["name"]: each["status"] for each in proof.structured_content["claims"]}
    assert found == {"a certificate": "proven", "never refused": "false", "authenticated": "proven"}
    assert any("expired" in note for note in why.structured_content["notes"])


def test_files_have_their_own_settings() -> None:
    policy = str(EXAMPLE / "orders.xml")
    pem = str(EXAMPLE / "certificates" / "partner.pem")
    request = {"get": "/orders", "certificate": pem}
    run, refused, tests, first = converse(
        ("run", {"policy": policy, "request": request, "now": "2026-06-01T00:00:00Z"}),
        ("explain", {"policy": policy, "request": {"get": "/orders"}}),
        ("run_tests", {"path": str(EXAMPLE)}),
        ("new_test", {"policy": CHECKED, **SETTING}),
    )
    assert run.structured_content["response"]["status_code"] == 200, run.content[0].text
    assert refused.structured_content["outcome"] == "403 Invalid client certificate"
    assert tests.structured_content["summary"]["failed"] == 0
    assert tests.structured_content["cases"] == []
    assert read_yaml(first.structured_content["text"])["cases"]


def test_expressions_and_pages() -> None:
    request = {"get": "/", "certificate": "partner"}
    value = structured("evaluate", expression="context.Request.Certificate.Subject", request=request, **SETTING)
    assert value == {"static_type": "string", "type": "string", "value": "CN=partner"}
    for name, content in (
        ("rate-limit", "rate-limit: "),
        ("certificate-may-be-null", "null"),
        ("JToken", "SelectToken"),
    ):
        assert content in structured("page", name=name)["text"]


@pytest.mark.parametrize(
    ("tool", "arguments", "sentence"),
    [
        ("check", {"policy": "no.xml"}, "there is no file no.xml"),
        ("page", {"name": "nothing"}, "unknown page"),
        ("page", {"name": "validate-jtw"}, "did you mean 'validate-jwt'?"),
        (
            "audit",
            {"path": str(EXAMPLE.parent / "apiops-folder" / "extracted"), "operation": "x"},
            "there is no operation",
        ),
        ("run", {"policy": POLICY, "urls": "/"}, "'urls' was unexpected"),
        ("run", {"policy": "<policies><inbound></policies>"}, "never closed"),
        ("run", {"policy": CHECKED, "request": {"gets": "/"}}, "did you mean 'get'?"),
        ("prove", {"policy": CHECKED, "claims": [{"name": "x", "iff": "reaches-backend"}]}, "did you mean 'if'?"),
        ("prove", {"path": str(EXAMPLE), "gateway": {}}, "goes with"),
        ("run_tests", {"policy": CHECKED}, "together with 'cases'"),
        ("run_tests", {"policy": CHECKED, "cases": [{"name": "a", "expekt": {}}]}, "did you mean 'expect'?"),
        ("run_tests", {"path": "--against=http://127.0.0.1:9/"}, "no such file or directory"),
        ("evaluate", {"expression": "context.Request.Metho"}, "did you mean 'Method'?"),
    ],
)
def test_errors_are_sentences(tool: str, arguments: dict[str, Any], sentence: str) -> None:
    (answer,) = converse((tool, arguments))
    assert answer.is_error, answer.content
    assert sentence in answer.content[0].text


def test_over_the_streams_of_a_process() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    server = mcp.StdioServerParameters(command=sys.executable, args=["-m", "apimpolicy", "mcp"], env=environment)

    async def ask() -> Any:
        async with mcp.Client(mcp.stdio_client(server)) as client:
            return await client.call_tool("check", {"policy": POLICY})

    assert asyncio.run(ask()).structured_content["diagnostics"][0]["code"] == "CS1061"


def test_a_call_imports_nothing_from_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = make_hostile(tmp_path / "repository")
    monkeypatch.chdir(tmp_path / "repository")
    assert structured("check", policy=POLICY)["diagnostics"]
    assert structured("evaluate", expression="@(1 + 2)")["value"] == "3"
    assert not mark.exists(), mark.read_text(encoding="utf-8")


def test_two_versions_are_compared() -> None:
    pytest.importorskip("z3", reason="the extra [prove] is not installed")
    found = structured("diff", old=CHECKED, new=CHECKED.replace('ignore-error="false"', 'ignore-error="true"'))
    assert "callers" in found["verdict"]
    assert "ignore-error" in found["text"]
    assert "401" in found["text"]
    assert "nothing" in structured("diff", old=CHECKED, new=CHECKED)["verdict"].lower()


def test_a_service_is_audited_as_the_command_does() -> None:
    found = structured("audit", path=str(EXAMPLE.parent / "apiops-folder" / "extracted"))
    assert found["summary"]["answers"] == {"subscription key": 2}
    assert "left_out" not in found


def test_an_audit_of_many_operations_has_details_of_some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    api = tmp_path / "apis" / "orders"
    for number in range(20):
        folder = api / "operations" / f"o{number}"
        folder.mkdir(parents=True)
        properties = {"displayName": f"O{number}", "method": "GET", "urlTemplate": f"/o{number}"}
        (folder / "operationInformation.json").write_text(json.dumps({"properties": properties}))
    (api / "apiInformation.json").write_text('{"properties": {"displayName": "Orders", "path": "orders"}}')
    found = structured("audit", path=".")
    assert len(found["operations"]) == 8
    assert found["summary"]["operations"] == 20
    assert "details of 12 operations" in found["left_out"]
    one = structured("audit", path=".", operation="/o17")
    assert [each["name"] for each in one["operations"]] == ["GET /o17"]


@pytest.mark.parametrize(
    ("policy", "answer"),
    [
        ("<policies><inbound><base/></inbound></policies>", "<policies><inbound><base /></inbound></policies>"),
        (str(EXAMPLE / "orders.xml"), (EXAMPLE / "orders.xml").read_text("utf-8")),
    ],
)
def test_a_policy_is_formatted(policy: str, answer: str) -> None:
    assert structured("format", policy=policy) == {"text": answer}


HIDDEN = "".join(chr(0xE0000 + ord(letter)) for letter in "obey") + "\u202e\u200b"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        (
            "check",
            {"policy": f'<policies><inbound><set-header name="a" exists-action="{HIDDEN}" /></inbound></policies>'},
        ),
        ("run", {"policy": f'<policies><inbound><set-variable name="a" value="{HIDDEN}" /></inbound></policies>'}),
        ("run", {"policy": f"<policies><{HIDDEN}"}),
        ("evaluate", {"expression": f'"{HIDDEN}"'}),
        ("check", {"policy": f"{HIDDEN}.xml"}),
    ],
)
def test_nothing_is_shown_to_an_assistant_alone(tool: str, arguments: dict[str, Any]) -> None:
    """Text in tag characters is invisible to people, and an assistant reads it."""
    (answer,) = converse((tool, arguments))
    said = answer.content[0].text + json.dumps(answer.structured_content, ensure_ascii=False)
    assert not set(said) & set(HIDDEN)


def test_a_formatted_policy_keeps_each_character() -> None:
    policy = f"<policies><inbound><set-body>{HIDDEN}</set-body></inbound></policies>"
    assert HIDDEN in structured("format", policy=policy)["text"]
