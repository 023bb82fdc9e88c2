"""What a model says of each request: never anything else than what a run does, and as much as `open_parts.txt` tells.

A part of the outcome (its status, a header, a variable, a policy that runs) is open where the model leaves more than
one possibility for one of the requests, without failures by chance.

PYTHONPATH=. python tests/unit/reasoning/transfer/test_model_is_exact.py        writes the table
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from tests.sampling import sampled
from tests.unit.reasoning.proving import policy_pairs as pairs
from tests.unit.reasoning.proving.policy_pairs import RETURN, SENT, A, B, Q, _near, code, header, variable, when
from tests.unit.reasoning.transfer.generated_policies import combinations
from tests.unit.reasoning.transfer.test_model_admits_runs import _equals, _field, _is, _is_number, _url, _variable

pytest.importorskip("z3")

from apimpolicy.csharp.dotnet.values import to_utf16
from apimpolicy.errors import ConfigurationError, NotSimulatedError
from apimpolicy.gateway.engine.own_answers import reaches_backend
from apimpolicy.gateway.policies.registry import is_known
from apimpolicy.reasoning.semantics.values import where
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.term import Term, value_of
from apimpolicy.testing.claims.conditions import BACKEND, GATEWAY, POLICY, Conditions, answered_by
from apimpolicy.testing.claims.reading import Expressions
from apimpolicy.testing.claims.static_proofs import StaticProofs
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from apimpolicy import Request
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.reasoning.scenarios.harness import Harness
    from apimpolicy.reasoning.transfer.flow import End

TABLE = Path(__file__).with_name("open_parts.txt")
VARIABLES = ("v", "w", "r", "t", "before", "after", "in", "handled", "made")
HEADERS, QUERY, SENT_BACK = (
    ("x-a", "x-b", "x-c", "x-made", "authorization", "content-length"),
    ("q", "w", "x-made"),
    ("x-r", "x-s"),
)


P, Q1 = f'{A} == "a"', f'{B} == "b"'
OTHER = code('"https://other.example"')
X_A, SLASH_A, TWO = code(f'"X-" + {A}'), code(f'"/" + {A}'), code(f"{A} + {B}")
NUMBER = "context.Request.Headers.Count"
FOUR, ODD = code(f"400 + {NUMBER}"), code(f"{NUMBER} - 2")
JWT = (
    '<validate-jwt {} failed-validation-httpcode="401"><issuer-signing-keys><key>c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0</key>'
    "</issuer-signing-keys></validate-jwt>"
)
CHECK = (
    '<check-header name="X-A" failed-check-httpcode="{}" failed-check-error-message="no" ignore-case="{}">{}'
    "</check-header>"
)
FILTER = '<ip-filter action="{}"><address-range from="{}" to="{}" /></ip-filter>'
REQUESTED = (
    '<send-request mode="{}" response-variable-name="r" ignore-error="{}"><set-url>https://a.example</set-url>{}'
    "</send-request>"
)
TEXT_OF_R = 'context.Variables["r"].ToString()'
BODY_OF_R = '(context.Variables["r"] as IResponse)?.Body.As<string>() ?? context.Variables["r"].ToString()'
COUNT = '((List<string>)context.Variables["v"]).Count'
BODY = "context.Request.Body.As<string>()"
KEPT = {
    "": "",
    "by a cast": '((List<string>)context.Variables["v"]).Add("x");',
    "by a local": 'var l = (List<string>)context.Variables["v"]; l.Add("x");',
    "by a pattern": 'if (context.Variables["v"] is List<string> l) { l.Add("x"); }',
    "by a conversion": 'var l = context.Variables["v"] as List<string>; object o = l; ((IList<string>)o).Clear();',
    "by a lambda": 'var l = (List<string>)context.Variables["v"]; Action f = () => l.Add("x"); f();',
    "in a list": 'var l = new List<object> { context.Variables["v"] }; ((List<string>)l[0]).Add("x");',
    "in an object": 'var o = new { L = (List<string>)context.Variables["v"] }; o.L.RemoveAt(0);',
    "in a tuple": 'var t = ((List<string>)context.Variables["v"], 1); t.Item1.Insert(0, "x");',
    "by a loop": 'foreach (var o in new[] { (List<string>)context.Variables["v"] }) { o.Add("x"); }',
    "by a query": 'new[] { (List<string>)context.Variables["v"] }.ToList().ForEach(o => o.Add("x"));',
}
"""Changes of an object in a variable."""
FORMS = {
    **{
        f"{action} {kind}{count}": f'<set-{kind} name="{name}" exists-action="{action}">{values}</set-{kind}>'
        for kind, name in (("header", "X-A"), ("query-parameter", "q"))
        for action in ("override", "skip", "append")
        for count, values in (("s", f"<value>1</value><value>{code(Q)}</value>"), ("", f"<value>{code(A)}</value>"))
    },
    "deleted parameter": '<set-query-parameter name="q" exists-action="delete" />',
    "any action": f'<set-header name="X-A" exists-action="{code(A)}"><value>1</value></set-header>',
    "any header": f'<set-header name="{X_A}" exists-action="override"><value>1</value></set-header>',
    "any parameter": f'<set-query-parameter name="{code(A)}" exists-action="append"><value>1</value>'
    "</set-query-parameter>",
    "protected header": header("Content-Length", "1"),
    "trimmed header": header("X-A", code(f'" " + {A} + " "')),
    "broken header": header("X-A", code(f'{A} == "a" ? "1\\n2" : "1"')),
    "any method": f"<set-method>{TWO}</set-method>",
    "status": f'<return-response><set-status code="{FOUR}" reason="{code(A)}" /></return-response>',
    "no reason": '<return-response><set-status code="404" /></return-response>',
    "odd status": f'<return-response><set-status code="{ODD}" reason="Odd" /></return-response>',
    "response of a variable": REQUESTED.format("new", "false", "") + '<return-response response-variable-name="r" />',
    "path": '<rewrite-uri template="/z/y" />',
    "path and query": '<rewrite-uri template="/z?q=1&amp;x=2" copy-unmatched-params="true" />',
    "path with dots": '<rewrite-uri template="/z/../y" copy-unmatched-params="false" />',
    "relative path": '<rewrite-uri template="z" copy-unmatched-params="false" />',
    "any path": f'<rewrite-uri template="{SLASH_A}" copy-unmatched-params="false" />',
    "address of some": when(f'{A} == "a"', '<set-backend-service base-url="https://other.example/b" />'),
    "address in code": f'<set-backend-service base-url="{OTHER}" />',
    "any address": f'<set-backend-service base-url="{code(A)}" />',
    **{f"token in {each}": JWT.format(f'{each}="X-A"') for each in ("header-name", "query-parameter-name")},
    "token kept": JWT.format('header-name="X-A" output-token-variable-name="v"'),
    **{
        f"check {case} {len(values)}": CHECK.format(401, case, "".join(f"<value>{each}</value>" for each in values))
        for case in ("true", "false")
        for values in ((), ("A",), ("A", "b"))
    },
    "check any status": CHECK.format(code(f"400 + {NUMBER}"), "true", "<value>a</value>"),
    "check any case": CHECK.format(403, code(P), "<value>A</value>"),
    "check any value": CHECK.format(403, "true", f"<value>{code(B)}</value>"),
    **{
        f"{action} {first}": FILTER.format(action, first, last)
        for action in ("allow", "forbid")
        for first, last in (
            ("10.0.0.1", "10.0.0.1"),
            ("10.0.0.0", "10.0.0.255"),
            ("9.255.255.255", "10.0.0.0"),
            ("10.0.0.2", "11.0.0.0"),
            ("2001:db8::1", "2001:db8::2"),
        )
    },
    "cors": "<cors><allowed-origins><origin>https://a.example</origin></allowed-origins></cors>",
    "cors and more": '<cors terminate-unmatched-request="false"><allowed-origins><origin>https://a.example</origin>'
    "</allowed-origins></cors>",
    "mock": '<mock-response status-code="404" />',
    "mock of a kind": when(P, '<mock-response status-code="201" content-type="text/plain" />'),
    "cached without default": '<cache-lookup-value key="a" variable-name="v" />',
    "cached with default": f'<cache-lookup-value key="a" variable-name="v" default-value="{code(A)}" />',
    "certificate": '<validate-client-certificate validate-revocation="false" />',
    "certificate or not": '<validate-client-certificate validate-revocation="false" ignore-error="true" />',
    **{
        f"sent {mode} {ignores}": REQUESTED.format(mode, ignores, header("X-K", "1") + "<set-method>PUT</set-method>")
        for mode in ("new", "copy")
        for ignores in ("true", "false")
    },
    "sent with what throws": REQUESTED.format("new", "true", header("X-K", code(f"int.Parse({A})"))),
    "retried": f'<retry condition="{code(P)}" count="2" interval="0">{header("X-C", "1", "append")}</retry>',
    "retried never": f'<retry condition="@(false)" count="2" interval="0">{header("X-C", "1", "append")}</retry>',
    "retried oddly": f'<retry condition="{code(P)}" count="{code(A)}" interval="0">{header("X-C", "1")}</retry>',
    "all": f'<wait for="all">{when(P, header("X-C", "1"))}{when(Q1, header("X-D", "1"))}</wait>',
    "any": f'<wait for="any">{when(P, header("X-C", "1"))}</wait>',
    "one of several": f'<choose><when condition="{code(P)}">{header("X-C", "1")}</when>'
    f'<when condition="{code(Q1)}">{RETURN}</when></choose>' + header("X-D", "1"),
    "nothing left": when(P, RETURN, RETURN) + header("X-C", "1"),
    "thrown in a branch": when(P, variable("v", code(f"int.Parse({B})"))) + header("X-C", "1"),
    "thrown in a condition": when(f"int.Parse({B}) > 1", header("X-C", "1")),
    **{
        f"a list that is kept {name}": variable("v", code(f"new List<string> {{ {A} }}"))
        + variable("w", html.escape(f"@{{ {change} return 1; }}"))
        + when(f"{COUNT} == 1", header("X-C", "1"), header("X-C", "2"))
        for name, change in KEPT.items()
    },
    "an object that is kept": variable("v", code('new JObject(new JProperty("a", 1))'))
    + variable("w", html.escape('@{ ((JObject)context.Variables["v"])["a"] = 2; return 1; }'))
    + when('(int)((JObject)context.Variables["v"])["a"] == 1', header("X-C", "1"), header("X-C", "2")),
    "variables as a dictionary": variable("v", "a")
    + variable("w", html.escape('@{ ((IDictionary<string, object>)context.Variables)["v"] = "b"; return 1; }'))
    + when('(string)context.Variables["v"] == "a"', header("X-C", "1"), header("X-C", "2")),
    "a body twice": variable("v", code(BODY)) + header("X-C", code(BODY)),
    "a body that stays": variable("v", code(BODY.replace("()", "(true)"))) + header("X-C", code(BODY)),
    "a body in rounds": f'<retry condition="{code(P)}" count="1" interval="0">{header("X-C", code(BODY))}</retry>'
    + header("X-D", code(BODY)),
    "a body at once": f'<wait for="all">{when("true", variable("v", code(BODY)))}</wait>' + header("X-D", code(BODY)),
    "a body that is set": "<set-body>a</set-body>" + header("X-C", code(BODY)),
    "a body of a response or of another object": when(P, SENT, variable("r", code("new JObject()")))
    + f"<return-response><set-body>{code(BODY_OF_R)}</set-body></return-response>",
    "a body of an object": variable("r", code("new JObject()"))
    + when(P, SENT)
    + f"<return-response><set-body>{code(TEXT_OF_R)}</set-body></return-response>",
    "no condition": f'<choose><when condition="{code(A)}">{header("X-C", "1")}</when></choose>',
}
"""Policies in inbound, of which the model has exact forms, at their bounds."""
SENT_BACK_FORMS = {
    "header": header("X-R", "1", "append"),
    "status": f'<set-status code="{code("context.Response.StatusCode + 1")}" reason="{code(A)}" />',
    "status of some": when("context.Response.StatusCode < 300", '<set-status code="404" reason="No" />'),
    "returned": '<return-response><set-status code="404" reason="None" />' + header("X-R", "1") + "</return-response>",
    "check": CHECK.format(401, "true", "<value>a</value>"),
    "method": "<set-method>PUT</set-method>",
    "server": header("Server", "1"),
}


def generated() -> dict[str, str]:
    """Return each policy with the values that it needs in each section, and with each slot that throws in one."""
    found: dict[str, str] = {}
    for each in combinations():
        if each.nesting == "alone" and not each.gives:
            name = f"{each.policy} {each.slot} throws" if each.slot else f"{each.policy} {each.section}"
            found.setdefault(name, each.document)
    return found


OWN = {
    **pairs.documents(),
    **{f"inbound: {name}": pairs.document(inbound=text) for name, text in FORMS.items()},
    **{f"outbound: {name}": pairs.document(outbound=text) for name, text in SENT_BACK_FORMS.items()},
    **{
        f"on-error: {name}": pairs.document(inbound=pairs._THROWS, on_error=text)
        for name, text in SENT_BACK_FORMS.items()
        if name != "check"
    },
}
DOCUMENTS = {**OWN, **generated()}


def given(static: StaticProofs, request: Request) -> dict[Term, Any]:
    """Return the values of the model's inputs that a request decides."""
    found: dict[Term, Any] = {}
    for key, each in static.proof.unknowns.inputs.items():
        value = _input(request, key)
        if value is not None:
            found[each] = to_utf16(value) if isinstance(value, str) else value
    return found


def _input(request: Request, key: Any) -> bool | str | None:
    match key:
        case ("header" | "query" as kind, name, *rest):
            fields = request.headers.get_all(name) if kind == "header" else _query(request).get(name, [])
            parts: dict[str, bool | str | None] = {"there": bool(fields), "repeats": len(fields) > 1}
            parts |= {"": ",".join(fields), "first": (*fields, "")[0], "second": fields[1] if len(fields) > 1 else ""}
            parts["rest"] = ",".join(fields[1:])
            return parts.get(rest[0] if rest else "")
        case ("method",):
            return request.method
        case ("address",):
            return request.ip_address
        case ("url", "Path"):
            return urlsplit(request.url).path
        case ("url", "Scheme"):
            return urlsplit(request.url).scheme
        case ("url", "Host"):
            return urlsplit(request.url).hostname
        case ("url", "QueryString"):
            return urlsplit(request.url).query and f"?{urlsplit(request.url).query}"
        case ("there", "body"):
            return bool(request.body)
        case ("variable", _, "there") | ("there", "certificate"):
            return False
    return None


def _query(request: Request) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in filter(None, request.url.partition("?")[2].split("&")):
        name, _, value = pair.partition("=")
        found.setdefault(name, []).append(value)
    return found


def parts_of(static: StaticProofs, end: End, result: Result) -> Iterator[tuple[str, Term]]:
    """Yield the parts of an outcome, with where an end of the model says what a run did."""
    conditions = Conditions(result, static.harness.first, Expressions({}))
    who = {POLICY: end.by_policy, BACKEND: terms.all_of(end.by_backend, terms.not_(end.by_policy))}
    who[GATEWAY] = terms.not_(terms.any_of(*who.values()))
    yield "who responds", who[answered_by(result)]
    yield "status", where(end.status, lambda leaf: _is_number(leaf, result.response.status_code))
    yield "reason", _equals(end.state.get("reason"), result.response.reason)
    yield "reached", _is(static.formulas._cell(end.state, "reached"), result.reached_backend)
    yield "has reached", _is(static.formulas._reaches(end), reaches_backend(result))
    for name in sorted({step.name for step in static.harness.program.steps() if is_known(step.name)}):
        yield name, _is(static.formulas._ran(end, name), conditions.runs(name))
    values, request = result.exchange.variables, result.exchange.request
    text = static.harness.scopes["api"].document.source.text.lower()
    for name in (each for each in VARIABLES if each == "before" or re.search(rf"\b{each}\b", text)):
        yield f"${name}", _variable(end.state.get("variable", name), name in values, values.get(name))
    for name in (each for each in HEADERS if each == "x-b" or each in text):
        yield name, _field(end.state.get("header", name), request.headers.get_all(name))
    for name in QUERY if "quer" in text or "?" in text else QUERY[:1]:
        yield f"?{name}", _field(end.state.get("query", name), request.url.query.get_all(name))
    for name in SENT_BACK:
        yield name, _field(end.state.get("response-header", name), result.response.headers.get_all(name))
    yield "method", _equals(end.state.get("method"), request.method)
    for name, value in _url(request.url).items():
        if name != "Port":  # which the model never knows
            yield name, _equals(end.state.get("url", name), value)


def judged(made: Harness, text: str) -> tuple[list[str], list[str]]:
    """Return the parts that the model of a policy leaves open, and those that it excludes though a run shows them."""
    static = StaticProofs(made, [], Expressions({}))
    unlikely = dict.fromkeys(static.proof.unknowns.chances, False)
    left_open: dict[str, None] = {}
    excluded: dict[str, None] = {}
    for request, result in zip(pairs.REQUESTS, pairs.outcomes(text), strict=True):
        ends = [(end.condition, dict(parts_of(static, end, result))) for end in static.proof.ends]
        known = given(static, request)  # the parts have asked for inputs
        whole = terms.any_of(*(terms.all_of(condition, *parts.values()) for condition, parts in ends))
        if value_of(whole, known) is False:
            excluded["the whole"] = None
        reached = {id(entry.element) for entry in result.trace}
        for element, condition in static.proof.outcome.branches.items():
            if element in reached and value_of(condition, known) is False:
                excluded["a policy that runs"] = None
        if request is pairs.REQUESTS[-1]:
            continue  # services fail, by chance
        known |= unlikely
        if value_of(terms.any_of(*(condition for condition, _ in ends)), known) is not True:
            left_open["ends"] = None
        for condition, parts in ends:
            if value_of(terms.all_of(condition, parts["who responds"], parts["reached"]), known) is not False:
                left_open.update((name, None) for name, part in parts.items() if value_of(part, known) is not True)
    return list(left_open), list(excluded)


def test_the_table_has_each_policy_that_is_written_here() -> None:
    assert OWN.keys() <= open_parts().keys()


def open_parts() -> dict[str, str]:
    rows = (row.rpartition(": ") for row in TABLE.read_text("utf-8").splitlines())
    return {name: parts for name, _, parts in rows}


@pytest.mark.parametrize("name", [*OWN, *sampled(generated(), 30)])
def test_a_model_says_what_runs_do(name: str) -> None:
    found = row_of(name)
    assert found == open_parts().get(name)


def row_of(name: str) -> str | None:
    """Return what the table has of a policy; None where a gateway refuses it, or isn't set up for it."""
    try:
        made = pairs.harness(DOCUMENTS[name])
        left_open, excluded = ([], []) if made is None else judged(made, DOCUMENTS[name])
    except (ConfigurationError, NotSimulatedError):
        return None
    assert not excluded, DOCUMENTS[name]
    return None if made is None else ", ".join(sorted(left_open))


def with_unknown_texts(text: str) -> Iterator[tuple[str, str]]:
    """Yield a policy with an unknown named value in the place of a text, and what the text is."""
    for element in read(Source(text)).elements():
        spans = [(each.value.start, each.value.end) for each in element.attributes]
        if not list(element.elements()) and element.content_end > element.content_start:
            spans.append((element.content_start, element.content_end))
        for start, end in spans:
            yield f"{text[:start]}{{{{x}}}}{text[end:]}", html.unescape(text[start:end])


UNKNOWN = [(text, *row) for text in DOCUMENTS.values() for row in with_unknown_texts(text)]


@pytest.mark.parametrize(("text", "unknown", "value"), sampled(UNKNOWN, 24))
def test_a_model_with_an_unknown_text_admits_what_runs_with_any_do(text: str, unknown: str, value: str) -> None:
    made = pairs.harness(unknown, named_values={"x": value}, made_up=("x",))
    for near in (value, *list(_near(html.escape(value), ()))[:2]) if made is not None else ():
        actual = unknown.replace("{{x}}", html.escape(near))
        if pairs.harness(actual) is not None and made is not None:
            try:
                assert not judged(made, actual)[1], actual
            except (ConfigurationError, NotSimulatedError):
                return


@pytest.mark.parametrize("name", sampled(generated(), 8))
def test_a_model_with_an_unknown_fragment_admits_what_any_does(name: str) -> None:
    """The fragment is what stands between the first variable and the second one."""
    text = DOCUMENTS[name]
    start, end = (f'<set-variable name="{each}" value="a" />' for each in ("before", "after"))
    before, _, rest = text.partition(start)
    inside, _, after = rest.partition(end)
    unknown = f'{before}{start}<include-fragment fragment-id="f" />{end}{after}'
    made = pairs.harness(unknown, fragments={"f": "<fragment></fragment>"}, made_up_fragments=("f",))
    try:
        assert made is None or not judged(made, text)[1], inside
    except (ConfigurationError, NotSimulatedError):
        return


if __name__ == "__main__":
    rows = {name: row_of(name) for name in DOCUMENTS}
    TABLE.write_text("".join(f"{name}: {row}\n" for name, row in rows.items() if row is not None), "utf-8")
