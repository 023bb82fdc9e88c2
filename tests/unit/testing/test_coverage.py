"""Coverage of policies: what counts, what is credited to which test, and what is missing."""

from __future__ import annotations

import json
import pickle
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from apimpolicy import Api, Limits, Request, Response, Service, ServiceApi
from apimpolicy.csharp.binding.flow import conditions_of
from apimpolicy.csharp.emit.expression import compile_expression
from apimpolicy.errors import ConfigurationError, LimitExceededError
from apimpolicy.gateway.engine.gateway import Gateway
from apimpolicy.report.coverage_data import KINDS, CoverageReport, coverage_line, coverage_table, merged, missing_lines
from apimpolicy.report.coverage_files import coverage_to_cobertura, coverage_to_json, coverage_to_lcov, write_coverage
from apimpolicy.testing.case_files import load_case_file
from apimpolicy.testing.coverage import PolicyCoverage
from apimpolicy.testing.running import run_case

PROJECT = Path(__file__).parent / "coverage_project"

CONDITIONS = [
    ("@(1 + 2)", []),
    ("@(true)", []),
    ('@(context.Request.Method == "GET")', ['context.Request.Method == "GET"']),
    ('@(context.Request.Method == "GET" || true)', ['context.Request.Method == "GET"']),
    ("@(!(1 > context.Elapsed.TotalDays))", ["!(1 > context.Elapsed.TotalDays)"]),
    ("@{ var a = context.Tracing; var b = !a; return a && (b || !a) && !(a || b); }", ["a", "b", "!a", "a", "b"]),
    ("@(context.Tracing ? 1 : 2)", ["context.Tracing"]),
    ("@(context.Tracing ? context.LastError == null : false)", ["context.Tracing", "context.LastError == null"]),
    (
        '@(context.Variables.GetValueOrDefault<string>("a") ?? "b")',
        ['?context.Variables.GetValueOrDefault<string>("a")'],
    ),
    ("@(context.User?.Email)", ["?context.User"]),
    ("@(context.User?.Email ?? context.User?.Id)", ["?context.User?.Email", "?context.User", "?context.User"]),
    (
        "@(context.Request.Headers.Any(h => h.Key.Length > 3))",
        ["context.Request.Headers.Any(h => h.Key.Length > 3)", "h.Key.Length > 3"],
    ),
    ("@(context.Request.Headers.Select(h => h.Key).First())", []),
    (
        "@{ for (var i = 0; i < 3; i++) { if (i == 1) { continue; } } while (context.Tracing) { break; } return 1; }",
        ["i < 3", "i == 1", "context.Tracing"],
    ),
    ("@{ try { return 1; } catch (Exception e) when (e.Message == null) { return 2; } }", ["e.Message == null"]),
    (
        "@{ switch (context.Api.Id) { case string s when s.Length > 2: return 1; default: return 2; } }",
        ["s.Length > 2"],
    ),
]
"""Expressions with their conditions; `?` marks what is about null."""


@pytest.mark.parametrize(("code", "expected"), CONDITIONS, ids=[code for code, _ in CONDITIONS])
def test_conditions(code: str, expected: list[str]) -> None:
    bound = compile_expression(code).bound
    found = [
        ("?" if outcomes[0] == "null" else "") + code[node.syntax.start : node.syntax.end]
        for node, outcomes in conditions_of(bound.body)
    ]
    assert found == expected


@pytest.fixture(scope="module")
def report() -> CoverageReport:
    with PolicyCoverage() as coverage:
        for case in load_case_file(str(PROJECT / "orders.test.yaml")).cases:
            with coverage.test(case.name):
                assert run_case(case).status == "passed"
    return coverage.report()


def test_the_project_has_the_coverage_that_is_known(report: CoverageReport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    assert coverage_line(report) == "coverage: policies 10/12, branches 5/6, conditions 10/14"
    assert missing_lines(report) == [
        "orders.xml:6  `context.Request.Certificate == null` was never true",
        "orders.xml:15  when 1 was never taken",
        """orders.xml:15  `context.Request.Method == "POST"` was never true""",
        """orders.xml:15  `context.Request.Headers.ContainsKey("X-Draft")` was never evaluated""",
        "unused.xml:2  set-header was never reached",
    ]
    assert coverage_table(report).splitlines() == [
        "file        policies  branches  conditions      %",
        "limits.xml       1/1       0/0         0/0  100 %",
        "orders.xml      9/10       5/6       10/14   80 %",
        "unused.xml       0/1       0/0         0/0    0 %",
        "total          10/12       5/6       10/14   78 %",
    ]


def test_which_test_reached_what(report: CoverageReport) -> None:
    orders = report.files[1]
    verify = next(place for place in orders.places if "Verify" in place.name)
    assert verify.outcomes == {
        "true": {"an expired certificate"},
        "false": {"the partner", "the partner says a kind", "somebody else's certificate", "the backend is busy"},
    }
    retry = next(place for place in orders.places if place.kind == "branch" and place.name == "retry")
    assert retry.outcomes["repeated"] == {"the backend is busy"}
    assert len(retry.outcomes["not repeated"]) == 2
    fragment = report.files[0].places[0]
    assert (fragment.name, fragment.line, len(fragment.tests)) == ("rate-limit", 2, 3)


def test_no_named_value_is_shown(report: CoverageReport) -> None:
    assert b"plain-secret" not in pickle.dumps(report)
    assert "plain-secret" not in coverage_to_json(report)


def test_a_report_goes_to_another_process_and_merges_with_itself(report: CoverageReport) -> None:
    again = pickle.loads(pickle.dumps(report))
    assert coverage_to_json(merged([report, again])) == coverage_to_json(report)


def test_reports_merge(report: CoverageReport) -> None:
    parts: list[CoverageReport] = []
    for case in load_case_file(str(PROJECT / "orders.test.yaml")).cases:
        with PolicyCoverage() as coverage, coverage.test(case.name):
            run_case(case)
        parts.append(coverage.report())
    assert coverage_to_json(merged(parts)) == coverage_to_json(report)
    assert all(part.percent < report.percent for part in parts)


def test_json(report: CoverageReport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    found = json.loads(coverage_to_json(report))
    assert found["totals"]["branches"] == {"covered": 5, "total": 6}
    assert [file["path"] for file in found["files"]] == ["limits.xml", "orders.xml", "unused.xml"]
    places = found["files"][1]["places"]
    assert [place["line"] for place in places] == sorted(place["line"] for place in places)
    assert {place["kind"] for place in places} == set(KINDS)


def test_cobertura(report: CoverageReport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT.parent)
    root = ElementTree.fromstring(coverage_to_cobertura(report).partition("\n<coverage")[2].join(["<coverage", ""]))
    assert [element.get("filename") for element in root.iter("class")] == [
        f"coverage_project/{name}.xml" for name in ("limits", "orders", "unused")
    ]
    assert (root.get("branches-covered"), root.get("branches-valid")) == ("15", "20")
    lines = {line.get("number"): line for line in root.findall(".//class[@name='orders.xml']//line")}
    assert lines["6"].get("condition-coverage") == "80% (4/5)"
    assert (lines["16"].get("hits"), lines["16"].get("branch")) == ("0", "false")


def test_lcov(report: CoverageReport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    records = coverage_to_lcov(report).split("end_of_record")
    orders = records[1].splitlines()
    assert "SF:orders.xml" in orders
    assert "DA:16,0" in orders
    assert [line for line in orders if line.startswith("BRDA:15,")] == [
        "BRDA:15,0,0,-",
        "BRDA:15,1,0,0",
        "BRDA:15,1,1,3",
        "BRDA:15,2,0,-",
        "BRDA:15,2,1,-",
    ]
    assert ("BRF:20" in orders, "BRH:15" in orders) == (True, True)


@pytest.mark.parametrize("name", ["c.html", "c.json", "c.xml", "c.info"])
def test_files(report: CoverageReport, tmp_path: Path, name: str) -> None:
    write_coverage(report, str(tmp_path / name))
    assert "orders.xml" in (tmp_path / name).read_text("utf-8")


def test_files_that_cannot_be(report: CoverageReport, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not end in the name of a format"):
        write_coverage(report, "coverage.txt")
    with pytest.raises(ConfigurationError, match="cannot write"):
        write_coverage(report, str(tmp_path / "nowhere" / "c.json"))


# One policy, some requests: what is missing then.

CHOOSE = (
    '<policies><inbound><choose><when condition="{0}"><set-variable name="a" value="1" /></when></choose></inbound>'
    "</policies>"
)
ROWS = [
    (
        CHOOSE.format('@(context.Request.Method == "PUT")'),
        ["GET"],
        ["when 1 was never taken", '`context.Request.Method == "PUT"` was never true'],
    ),
    (
        CHOOSE.format('@(context.Request.Method == "PUT")'),
        ["PUT"],
        ["choose was never passed with every condition false", '`context.Request.Method == "PUT"` was never false'],
    ),
    (CHOOSE.format('@(context.Request.Method == "PUT")'), ["PUT", "GET"], []),
    (CHOOSE.format("true"), ["GET"], ["choose was never passed with every condition false"]),
    (
        CHOOSE.format("@(((string)null).Length == 1)"),
        ["GET"],
        [
            "when 1 was never taken",
            "choose was never passed with every condition false",
            "`((string)null).Length == 1` was never evaluated",
        ],
    ),
    (
        '<policies><backend><retry condition="@(context.Response.StatusCode == 503)" count="1" interval="0">'
        "<forward-request /></retry></backend></policies>",
        ["DELETE"],
        ["retry was never not repeated", "`context.Response.StatusCode == 503` was never false"],
    ),
    (
        "<policies><inbound><return-response /><mock-response /></inbound></policies>",
        ["GET"],
        ["mock-response was never reached"],
    ),
    ("<policies><inbound><base /></inbound><on-error><base /></on-error></policies>", ["GET"], []),
    (
        '<policies><inbound><set-variable name="v" value="@{ var n = 0; for (var i = 0; i &lt; 6000; i++) '
        '{ if (i == 5999) { n = 1; } } return n; }" /></inbound></policies>',
        ["GET"],
        [],
    ),
    (
        '<policies><inbound><set-variable name="v" value="@(context.Response?.StatusCode ?? 1)" />'
        "</inbound></policies>",
        ["GET"],
        ["`context.Response?.StatusCode` was never not null", "`context.Response` was never not null"],
    ),
    ('<fragment><set-status code="@(context.Tracing ? 200 : 201)" /></fragment>', [], []),
]


@pytest.mark.parametrize(("policy", "methods", "missing"), ROWS)
@pytest.mark.parametrize("tracing", [True, False])
def test_what_is_missing(policy: str, methods: list[str], missing: list[str], tracing: bool) -> None:
    gateway = Gateway(tracing=tracing, backend=lambda request: Response(503 if request.method == "DELETE" else 200))
    with PolicyCoverage() as coverage:
        for method in methods:
            gateway.run(policy, Request(method, "/"))
    assert sorted(line.partition("  ")[2] for line in missing_lines(coverage.report())) == sorted(missing)


def test_a_text_counts_under_its_name_and_the_global_policy_of_a_new_service_does_not() -> None:
    with PolicyCoverage() as coverage:
        Gateway().run("<policies><inbound><set-status code='201' /></inbound></policies>", "/")
        Gateway().run("<policies><inbound><set-status code='202' /></inbound></policies>", "/")
        Gateway().run({"product": "<policies><inbound><base /></inbound></policies>"}, "/")
    shown = ["<api policy>", "<api policy 2>", "<product policy>"]
    assert [file.shown_path for file in coverage.report().files] == shown
    assert [file.shown_path for file in merged([coverage.report(), coverage.report()]).files] == shown


def test_a_file_with_several_named_values_is_one_file(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(CHOOSE.format('@(context.Request.Method == "{{method}}" || {{other}})'))
    with PolicyCoverage() as coverage:
        for values in ({"method": "GET", "other": "context.Tracing"}, {"method": "PUT", "other": "context.Tracing"}):
            Gateway(named_values=values).run(path, "/")
    (file,) = coverage.report().files
    assert [place.name for place in file.places if place.kind == "condition"] == [
        'context.Request.Method == "{{method}}"',
        "{{other}}",
    ]
    assert [place.sentence() for place in file.missing()] == ["`{{other}}` was never true"]


def test_places_reached_before_a_limit_count() -> None:
    policy = (
        "<policies><inbound><set-variable name='a' value='1' />"
        "<set-variable name='b' value='@{ while (context != null) { context.ToString(); } return 1; }' />"
        "</inbound></policies>"
    )
    with PolicyCoverage() as coverage, pytest.raises(LimitExceededError):
        Gateway(limits=Limits(steps=10_000)).run(policy, "/")
    (file,) = coverage.report().files
    assert [(place.name, place.missing) for place in file.places] == [
        ("set-variable", []),
        ("set-variable", []),
        ("context != null", ["false"]),
    ]


def test_requests_inside_of_requests() -> None:
    inner = CHOOSE.format("@(context.Tracing)")
    outer = inner.replace("inbound", "outbound")
    gateways = [Gateway(), Gateway()]

    def backend(request: Request) -> Response:
        for _ in range(2):
            gateways[1].run(inner, "/inner")
        return Response(200)

    with PolicyCoverage() as coverage:
        Gateway(backend=backend).run({"api": outer}, "/")
    assert [len(list(file.missing())) for file in coverage.report().files] == [2, 2]


def test_nothing_is_kept_without_an_observer() -> None:
    from apimpolicy.gateway.engine.observation import observer

    assert observer() is None
    gateway = Gateway(tracing=False)
    result = gateway.run(CHOOSE.format("@(context.Tracing)"), "/")
    assert all(evaluation.recorder is None for entry in result.trace for evaluation in entry.evaluations)


def test_a_long_chain() -> None:
    names = [f"M{number}" for number in range(400)]
    chain = " || ".join(f'context.Request.Method == "{name}"' for name in names)
    gateway = Gateway()
    with PolicyCoverage() as coverage:
        for method in ("M399", "M200"):
            gateway.run(CHOOSE.format(f"@({chain})"), Request(method, "/"))
    (file,) = coverage.report().files
    conditions = [place for place in file.places if place.kind == "condition"]
    assert [place.name.split('"')[1] for place in conditions] == names
    true = {name for name, place in zip(names, conditions, strict=True) if place.outcomes["true"]}
    false = {name for name, place in zip(names, conditions, strict=True) if place.outcomes["false"]}
    assert (true, false) == ({"M200", "M399"}, set(names[:-1]))


def test_resolvers_and_services_count() -> None:
    resolver = (
        "<http-data-source><http-request><set-method>GET</set-method><set-url>https://a.example/</set-url></http-request>"
        "</http-data-source>"
    )
    operation = "<policies><inbound><base /><set-status code='201' /></inbound></policies>"
    orders = ServiceApi(Api("orders", path="orders"), policy=operation, subscription_required=False)
    service = Service(apis=[orders])
    with PolicyCoverage() as coverage:
        Gateway(backend=Response(200, json={})).resolve(resolver)
        Gateway(service=service).send("/orders/1")
    found = {(file.path, place.name): place.is_reached for file in coverage.report().files for place in file.places}
    assert found[("<resolver>", "http-data-source")]
    assert found[("<policy of the API 'orders'>", "set-status")]


def test_percent_is_rounded_down() -> None:
    from apimpolicy.report.coverage_data import percent

    assert (percent(99.9), percent(100.0), percent(0.0)) == ("99 %", "100 %", "0 %")
