"""The debug adapter as a client sees it: breakpoints, steps, values, errors; and that nothing of it is left."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from debug_client import DebugClient

from apimpolicy import Gateway
from apimpolicy.editor.debug_values import shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = Path(__file__).parents[3] / "examples" / "client-certificate"

POLICY = """\
<policies>
    <inbound>
        <set-variable name="greeting" value="@("hello " + context.Request.Method)" />
        <include-fragment fragment-id="more" />
        <set-header name="X-Total" exists-action="override">
            <value>@{
                var total = 0;
                foreach (var item in new[] { 1, 2, 3 }) {
                    total += item;
                }
                Func<int, int> twice = x => x * 2;
                return twice(total).ToString();
            }</value>
        </set-header>
        <choose>
            <when condition="@(context.Request.Method == "PUT"
                || context.Request.Url.Path.Contains("nothing"))">
                <set-status code="400" />
            </when>
        </choose>
        <return-response><set-status code="200" /></return-response>
    </inbound>
</policies>
"""
FRAGMENT = '<fragment>\n    <set-variable name="inner" value="@(42)" />\n</fragment>\n'


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    (tmp_path / "apimpolicy.toml").write_text('[fragments]\nmore = "more.xml"\n')
    (tmp_path / "more.xml").write_text(FRAGMENT)
    path = tmp_path / "orders.xml"
    path.write_text(POLICY)
    return path


@pytest.fixture
def client() -> Iterator[DebugClient]:
    session = DebugClient()
    yield session
    session.close()


def start(
    client: DebugClient, policy: Path, *breakpoints: dict[str, Any] | int, **arguments: Any
) -> list[dict[str, Any]]:
    given = [each if isinstance(each, dict) else {"line": each} for each in breakpoints]
    found = client.ask("setBreakpoints", source={"path": str(policy)}, breakpoints=given)["breakpoints"]
    client.ask("launch", policy=str(policy), url="/orders", **arguments)
    client.ask("configurationDone")
    return found


def values(client: DebugClient, scope: str, frame: int = 1) -> dict[str, str]:
    client.ask("stackTrace", threadId=1)
    scopes = client.ask("scopes", frameId=frame)["scopes"]
    reference = next(each["variablesReference"] for each in scopes if each["name"] == scope)
    return {each["name"]: each["value"] for each in client.ask("variables", variablesReference=reference)["variables"]}


def evaluate(client: DebugClient, expression: str) -> str:
    client.ask("stackTrace", threadId=1)
    result: str = client.ask("evaluate", expression=expression, frameId=1)["result"]
    return result


def test_a_breakpoint_on_a_policy_and_what_is_known_there(client: DebugClient, policy: Path) -> None:
    assert start(client, policy, 5) == [{"verified": True, "line": 5}]
    assert client.event("stopped")["body"]["reason"] == "breakpoint"
    assert client.where()[:2] == ("inbound: set-header", 5)
    assert values(client, "Variables") == {"greeting": '"hello GET"', "inner": "42"}
    assert values(client, "context")["RequestId"]
    assert evaluate(client, 'context.Variables["inner"]') == "42"
    assert evaluate(client, "context.Request.Url.Path.Length") == "7"
    assert "CS1061" in client.answer("evaluate", expression="context.Nothing", frameId=1)["message"]
    client.ask("continue", threadId=1)
    assert "200" in client.output()


def test_a_breakpoint_inside_an_expression_and_its_variables(client: DebugClient, policy: Path) -> None:
    start(client, policy, {"line": 9, "condition": "item == 2"})
    client.event("stopped")
    assert client.where()[1:] == (9, "total += item;")
    assert values(client, "C# variables") == {"total": "1", "item": "2"}
    assert evaluate(client, "total + item * 10") == "21"
    client.ask("continue", threadId=1)
    client.output()


def test_the_console_completes_and_variables_can_be_set(client: DebugClient, policy: Path) -> None:
    start(client, policy, 9)
    client.event("stopped")
    client.ask("stackTrace", threadId=1)
    for text, wanted in (
        ("tot", "total"),
        ("context.Request.Meth", "Method"),
        ('context.Variables["inner"].ToS', "ToString"),
    ):
        targets = client.ask("completions", text=text, column=len(text) + 1, frameId=1)["targets"]
        assert wanted in [target["label"] for target in targets[:5]]
        assert targets[0]["start"] + targets[0]["length"] == len(text)
    scopes = {each["name"]: each["variablesReference"] for each in client.ask("scopes", frameId=1)["scopes"]}
    assert (
        client.ask("setVariable", variablesReference=scopes["Variables"], name="inner", value="6 * 8")["value"] == "48"
    )
    assert evaluate(client, 'context.Variables["inner"]') == "48"
    assert not client.answer("setVariable", variablesReference=scopes["C# variables"], name="total", value="1")[
        "success"
    ]
    client.ask("terminate")
    client.output()


def test_a_restart_sends_the_request_again(client: DebugClient, policy: Path) -> None:
    start(client, policy, 5)
    client.event("stopped")
    client.ask("restart")
    client.event("stopped")
    assert client.where()[:2] == ("inbound: set-header", 5)
    client.ask("continue", threadId=1)
    assert "200" in client.output()


def test_a_condition_that_is_not_c_sharp_is_no_breakpoint(client: DebugClient, policy: Path) -> None:
    first, second = start(client, policy, {"line": 9, "condition": "item =="}, {"line": 9, "condition": "item == 2"})
    assert (first["verified"], second["verified"]) == (False, True)
    assert "not C#" in first["message"]
    client.event("stopped")
    assert evaluate(client, "item") == "2"
    client.ask("terminate")
    client.output()


def test_logpoints_and_hits(client: DebugClient, policy: Path) -> None:
    start(client, policy, {"line": 9, "logMessage": "item {item}, total {total}", "hitCondition": ">= 2"})
    said = client.output()
    assert "item 2, total 1" in said
    assert "item 3, total 3" in said
    assert "item 1" not in said


def test_steps_over_and_into_fragments_and_lambdas(client: DebugClient, policy: Path) -> None:
    start(client, policy, 4)
    client.event("stopped")
    client.ask("next", threadId=1)
    client.event("stopped")
    assert client.where()[:2] == ("inbound: set-header", 5)
    client.ask("stepIn", threadId=1)
    client.event("stopped")
    assert client.where()[1:] == (7, "var total = 0;")
    for _ in range(20):
        client.ask("stepIn", threadId=1)
        client.event("stopped")
        if client.where()[2] == "x * 2":
            break
    assert values(client, "C# variables")["x"] == "6"
    client.ask("stepOut", threadId=1)
    client.event("stopped")
    client.ask("continue", threadId=1)
    client.output()


def test_variables_of_anonymous_types(client: DebugClient, policy: Path) -> None:
    code = """var one = new { Id = 7, Inner = new { Name = "a" } };
                var all = new[] { 1, 2 }.Select(x => new { Twice = x * 2 }).ToList();
                return one.Id.ToString() + all.Count;"""
    start_ = POLICY.index("var total")
    end = POLICY.index("}</value>")
    policy.write_text(POLICY[:start_] + code + POLICY[end:])
    start(client, policy, 9)
    client.event("stopped")
    assert values(client, "C# variables")["one"] == '{ Id = 7, Inner = { Name = "a" } }'
    assert evaluate(client, "one.Inner.Name + one.Id") == '"a7"'
    assert evaluate(client, "((System.Collections.ICollection)all).Count") == "2"
    client.ask("stackTrace", threadId=1)
    (reference,) = (
        each["variablesReference"]
        for each in client.ask("scopes", frameId=1)["scopes"]
        if each["name"] == "C# variables"
    )
    shown = client.ask("variables", variablesReference=reference)["variables"]
    inside = {
        each["name"]: [
            (part["name"], part["value"])
            for part in client.ask("variables", variablesReference=each["variablesReference"])["variables"]
        ]
        for each in shown
        if each["variablesReference"]
    }
    assert ("Id", "7") in inside["one"]
    assert inside["all"][0][0] == "[0]"
    client.ask("continue", threadId=1)
    client.output()


def test_step_into_a_fragment(client: DebugClient, policy: Path) -> None:
    start(client, policy, 4)
    client.event("stopped")
    client.ask("stepIn", threadId=1)
    client.event("stopped")
    frames = client.ask("stackTrace", threadId=1)["stackFrames"]
    assert [Path(frame["source"]["path"]).name for frame in frames][:2] == ["more.xml", "orders.xml"]
    client.ask("continue", threadId=1)
    client.output()


def test_operands_are_stepped_through_one_by_one(client: DebugClient, policy: Path) -> None:
    start(client, policy, 16)
    client.event("stopped")
    seen = []
    for _ in range(3):
        client.ask("stepIn", threadId=1)
        client.event("stopped")
        seen.append(client.where()[2])
    assert seen[:2] == ['context.Request.Method == "PUT"', 'context.Request.Url.Path.Contains("nothing")']
    assert values(client, "Parts of the last expression")['…Request.Method == "PUT"'] == "false"
    client.ask("continue", threadId=1)
    client.output()


def test_the_failing_operand_of_the_client_certificate_example(client: DebugClient) -> None:
    """What the documentation promises: a refused certificate is followed to the operand that refused it."""
    lines = client.ask("setBreakpoints", source={"path": str(EXAMPLE / "orders.xml")}, breakpoints=[{"line": 8}])
    client.ask("launch", test=str(EXAMPLE / "orders.test.yaml"), case="the certificate expired is refused")
    client.ask("configurationDone")
    assert lines["breakpoints"][0]["verified"]
    client.event("stopped")
    parts = values(client, "Parts of the last expression")
    assert parts["…Certificate == null"] == "false"
    assert parts["…Certificate.Verify()"] == "false"
    assert evaluate(client, "context.Request.Certificate.Verify()") == "false"
    client.ask("continue", threadId=1)
    assert client.output().startswith("passed")


@pytest.mark.parametrize(
    ("code", "operands"),
    [
        ("Method == &quot;GET&quot; || context.Request.Url.Path == null || context == null", 1),
        ("Method == &quot;PUT&quot; &amp;&amp; context.Request.Url.Path == null &amp;&amp; context == null", 1),
        ("Method == &quot;PUT&quot; || context.Request.Url.Path == null || context != null", 3),
        ("Method == null ? context.RequestId == null : context.Api == null", 2),
        ("Method ?? context.RequestId.ToString()) == (null", 1),
    ],
)
def test_only_operands_that_are_evaluated_are_stepped_to(
    client: DebugClient, policy: Path, code: str, operands: int
) -> None:
    policy.write_text(
        f'<policies><inbound>\n<choose>\n<when condition="@((context.Request.{code}))">\n<set-status code="400" />\n'
        "</when>\n</choose>\n</inbound></policies>"
    )
    start(client, policy, 3)
    client.event("stopped")
    stops = []
    for _ in range(operands + 1):
        client.ask("stepIn", threadId=1)
        event = client.event("stopped", "terminated")
        stops.append(client.where()[0] if event["event"] == "stopped" else "end")
        if stops[-1] == "end":
            break
    assert stops.count("expression") == operands
    if stops[-1] != "end":
        client.ask("continue", threadId=1)
        client.output()


@pytest.mark.parametrize(
    ("code", "short"),
    [
        ("a.B == null", "a.B == null"),
        ("context.Request.Certificate == null", "…Certificate == null"),
        ("!context.Request.Certificate.Verify()", "!…Certificate.Verify()"),
        ('context.Request.Headers.GetValueOrDefault("a.b", "c")', '…GetValueOrDefault("a.b",…'),
        ("context.Deployment.Certificates.Any(c => c.Value.HasPrivateKey)", "…Any(c => c.Value.HasPriv…"),
        ("context.Request.Certificate == null || context.Request.Url == null", "context.Request.Certific…"),
    ],
)
def test_parts_of_expressions_are_named_by_what_tells_them_apart(code: str, short: str) -> None:
    assert shortened(code) == short


def test_it_stops_at_errors(client: DebugClient, policy: Path) -> None:
    policy.write_text(POLICY.replace("return twice(total).ToString();", "return ((string)null).Trim();"))
    client.ask("setExceptionBreakpoints", filters=["errors", "throw"])
    start(client, policy)
    first = client.event("stopped")["body"]
    assert first["reason"] == "exception"
    assert client.ask("exceptionInfo", threadId=1)["description"] in first["text"]
    assert "NullReferenceException" in first["text"]
    assert client.where()[2] == "return ((string)null).Trim();"
    client.ask("continue", threadId=1)
    assert "ExpressionValueEvaluationFailure" in client.event("stopped")["body"]["text"]
    client.ask("continue", threadId=1)
    client.output()


def test_the_request_of_an_http_file(client: DebugClient, policy: Path, tmp_path: Path) -> None:
    (tmp_path / "one.http").write_text("PUT https://contoso.example/orders\n\nbody")
    client.ask("launch", policy=str(policy), httpFile=str(tmp_path / "one.http"), noDebug=True)
    client.ask("configurationDone")
    assert "PUT" in client.output()


def test_stop_at_entry_pause_and_terminate(client: DebugClient, policy: Path) -> None:
    start(client, policy, stopOnEntry=True)
    client.event("stopped")
    assert client.where()[1] == 3
    assert client.answer("nonsense")["success"] is False
    client.ask("terminate")
    client.event("terminated")


def test_mistakes_in_what_is_launched_are_answers(client: DebugClient, tmp_path: Path) -> None:
    assert "needs a 'policy'" in client.answer("launch")["message"]
    assert "there is no policy" in client.answer("launch", policy=str(tmp_path / "no.xml"))["message"]
    assert client.answer("stackTrace", threadId=1)["success"] is False


def test_nothing_of_it_is_left(policy: Path) -> None:
    """An exchange that is not debugged has the methods of its class, and no thread is traced."""
    from apimpolicy.gateway.engine.observation import observer

    session = DebugClient()
    start(session, policy)
    session.output()
    session.close()
    assert observer() is None
    assert sys.gettrace() is None or "debug" not in str(sys.gettrace())
    assert Gateway(fragments={"more": FRAGMENT}).run(policy, "/orders").response.status_code == 200
