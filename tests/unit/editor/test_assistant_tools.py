"""The tools for assistants, called by the SDK's own client: in one process, and over the streams of another."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.architecture.hostile_repository import make_hostile

from apimpolicy.editor import assistant_tools

mcp = pytest.importorskip("mcp", reason="the extra [mcp] is not installed")

EXAMPLE = Path(__file__).parents[3] / "examples" / "client-certificate"
POLICY = (
    '<policies><inbound><set-header name="a"><value>@(context.Request.Metho)</value></set-header></inbound></policies>'
)


def call(name: str, /, **arguments: Any) -> Any:
    async def ask() -> Any:
        async with mcp.Client(assistant_tools.server()) as client:
            return await client.call_tool(name, arguments)

    return asyncio.run(ask())


def structured(name: str, /, **arguments: Any) -> Any:
    answer = call(name, **arguments)
    assert not answer.is_error, answer.content
    return answer.structured_content


def test_what_tools_there_are() -> None:
    async def ask() -> Any:
        async with mcp.Client(assistant_tools.server()) as client:
            return await client.list_tools()

    tools = {tool.name: tool for tool in asyncio.run(ask()).tools}
    assert {"check", "run", "explain", "evaluate", "new_test", "run_tests", "prove", "page"} <= set(tools)
    assert all(tool.description and tool.output_schema for tool in tools.values())


def test_check_takes_the_document_itself() -> None:
    (found,) = structured("check", policy=POLICY)["diagnostics"]
    assert found["code"] == "CS1061"


def test_run_and_explain() -> None:
    policy = str(EXAMPLE / "orders.xml")
    assert structured("run", policy=policy, url="/orders")["response"]["status_code"] == 403
    assert structured("explain", policy=policy, url="/orders")["outcome"] == "403 Invalid client certificate"
    good = structured("run", policy=policy, url="/orders", certificate=str(EXAMPLE / "certificates" / "partner.pem"))
    assert good["response"]["status_code"] == 200


def test_tests_and_pages() -> None:
    assert "cases:" in structured("new_test", policy=str(EXAMPLE / "orders.xml"))["text"]
    assert structured("run_tests", path=str(EXAMPLE))["summary"]["failed"] == 0
    assert structured("page", name="rate-limit")["text"].startswith("rate-limit: ")
    assert "null" in structured("page", name="certificate-may-be-null")["text"]
    assert "SelectToken" in structured("page", name="JToken")["text"]
    assert "3" in structured("evaluate", expression="@(1 + 2)")["text"]


def test_claims_of_a_file_and_claims_about_a_policy() -> None:
    pytest.importorskip("z3", reason="the extra [prove] is not installed")
    (proven,) = structured("prove", path=str(EXAMPLE), name="uploaded certificate")["claims"]
    assert proven["status"] == "proven"
    claims = [{"never": {"status": 403}}, {"name": "it is GET", "if": "reaches-backend", "then": "@(true)"}]
    found = structured("prove", path=str(EXAMPLE / "orders.xml"), claims=claims)["claims"]
    assert [(each["name"], each["status"]) for each in found] == [("claim 1", "false"), ("it is GET", "proven")]
    assert found[0]["request"]


@pytest.mark.parametrize(("tool", "arguments"), [("check", {"policy": "no.xml"}), ("page", {"name": "nothing"})])
def test_mistakes_are_answers(tool: str, arguments: dict[str, str]) -> None:
    answer = call(tool, **arguments)
    assert answer.is_error
    assert "there is no" in answer.content[0].text


def test_over_the_streams_of_a_process() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    server = mcp.StdioServerParameters(command=sys.executable, args=["-m", "apimpolicy", "mcp"], env=environment)

    async def ask() -> Any:
        async with mcp.Client(mcp.stdio_client(server)) as client:
            return await client.call_tool("check", {"policy": POLICY})

    assert asyncio.run(ask()).structured_content["diagnostics"][0]["code"] == "CS1061"


def test_a_command_imports_nothing_from_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = make_hostile(tmp_path / "repository")
    monkeypatch.chdir(tmp_path / "repository")
    assert structured("check", policy=POLICY)["diagnostics"]
    assert "3" in structured("evaluate", expression="@(1 + 2)")["text"]
    assert not mark.exists(), mark.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("run_tests", {"path": "--junit={}"}),
        ("run_tests", {"path": "--html={}"}),
        ("run_tests", {"path": ".", "name": "--junit={}"}),
        ("prove", {"path": "--junit={}"}),
        ("evaluate", {"expression": "--contexts={}"}),
        ("new_test", {"policy": "--output={}"}),
        ("new_test", {"policy": "-"}),
        ("check", {"policy": "<policies/>", "ignore": ["--output-file={}"]}),
        ("run", {"policy": "<policies/>", "url": "--config={}"}),
        ("run", {"policy": "<policies/>", "method": "--named-values={}"}),
    ],
)
def test_no_argument_is_an_option(tool: str, arguments: dict[str, Any], tmp_path: Path) -> None:
    target = tmp_path / "written"
    asked = {
        key: value.format(target) if isinstance(value, str) else [each.format(target) for each in value]
        for key, value in arguments.items()
    }
    call(tool, **asked)
    assert not target.exists()


def test_an_operand_that_looks_like_an_option_is_a_missing_file() -> None:
    found = call("run_tests", path="--against=http://127.0.0.1:9/")
    assert "--against=http://127.0.0.1:9/: there is no such file or directory" in found.content[0].text
