"""The trace: order, nesting, values of sub-expressions, the deciding entry."""

from __future__ import annotations

from apimpolicy import Gateway, Request, load_policy
from apimpolicy.gateway.policies.effects import Condition, HeaderSet
from apimpolicy.report.explanation import explain

POLICY = """<policies>
  <inbound>
    <base />
    <choose>
      <when condition="@(context.Request.Method == "POST" && context.Request.Url.Query.Count > 0)">
        <return-response>
          <set-status code="403" reason="No" />
        </return-response>
      </when>
      <otherwise>
        <set-variable name="a" value="@{ context.Trace("hello"); return 1; }" />
      </otherwise>
    </choose>
  </inbound>
  <backend><base /></backend>
  <outbound />
</policies>"""


def test_order_and_nesting() -> None:
    trace = Gateway().run(load_policy(POLICY, path="orders.xml"), "/").trace
    assert [(entry.depth, entry.section, entry.scope, entry.path) for entry in trace] == [
        (0, "inbound", "api", "base[1]"),
        (0, "inbound", "api", "choose[1]"),
        (1, "inbound", "api", "choose[1]/when[1]"),
        (1, "inbound", "api", "choose[1]/otherwise[1]"),
        (2, "inbound", "api", "choose[1]/otherwise[1]/set-variable[1]"),
        (0, "backend", "api", "base[1]"),
        (1, "backend", "global", "forward-request[1]"),
    ]
    assert trace[4].parent is trace[3]
    assert (trace[2].file, trace[2].position) == ("orders.xml", (5, 7))
    assert trace.messages == ["hello"]
    assert trace.decision is None
    assert [effect.taken for _, effect in trace.effects(Condition)] == [False, True]
    assert len(trace.section("backend")) == 2


def test_sub_expressions_and_decision() -> None:
    result = Gateway().run(POLICY, Request("POST", "/?x=1"))
    (when,) = result.trace.named("when")
    (evaluation,) = when.evaluations
    assert (evaluation.what, evaluation.static_type, evaluation.value) == ("condition", "bool", True)
    assert evaluation.position == (5, 24)
    assert evaluation.recorder is not None
    assert evaluation.recorder.entries[-1][1] is True
    assert result.trace.decision is not None
    assert result.trace.decision.name == "return-response"
    assert not result.reached_backend


def test_without_tracing_no_sub_expressions_are_kept() -> None:
    result = Gateway(tracing=False).run(POLICY, "/")
    assert [evaluation.recorder for entry in result.trace for evaluation in entry.evaluations] == [None, None]


def test_a_failure_is_the_decision() -> None:
    result = Gateway().run("<inbound><set-variable name='a' value='@(int.Parse(\"\"))'/></inbound>", "/")
    entry = result.trace.decision
    assert entry is not None
    assert entry.error is result.error
    assert entry.effect is None
    assert entry.evaluations[0].error is not None
    assert entry.evaluations[0].error.type_name == "System.FormatException"


LONG_LOOP = """<inbound><choose><when condition="@{
    var n = 0;
    for (var i = 0; i < 1000; i++) { n += i; }
    return n == 499500;
}"><return-response /></when></choose></inbound>"""


def test_a_trace_says_how_many_rounds_it_left_out() -> None:
    result = Gateway().run(LONG_LOOP, "/")
    (evaluation,) = result.trace.named("when")[0].evaluations
    assert evaluation.recorder is not None
    assert evaluation.recorder.rounds_left_out == 900
    (decision,) = explain(result).decisions
    assert decision.clause is not None
    assert ("n += i", "499500") in [(fact.code, fact.value) for fact in decision.clause.facts]
    assert decision.clause.notes == ["of 900 rounds of loops only the last values were recorded"]


def test_texts_of_effects_are_pythons() -> None:
    policy = """<inbound><set-header name="X"><value>@("\\ud83d\\ude00")</value></set-header></inbound>"""
    (entry,) = Gateway().run(policy, "/").trace.named("set-header")
    assert isinstance(entry.effect, HeaderSet)
    assert entry.effect.text == "X: \U0001f600"
    assert entry.effect.after == ("\U0001f600",)
    assert entry.effect is entry.effect
