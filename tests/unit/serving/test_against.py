"""`apimpolicy test --against`: the same cases over the network, and traces held against the simulator's."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from tests.processes import APIMPOLICY, run_python
from tests.unit.serving.commands import Serve

from apimpolicy.errors import ConfigurationError
from apimpolicy.testing.against import AzureTraces, RealGateway, ServedTraces
from apimpolicy.testing.case_files import load_case_file

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

POLICY = """<policies><inbound><base />
<set-variable name="who" value="@(context.Request.Headers.GetValueOrDefault(&quot;X-Who&quot;, &quot;nobody&quot;))" />
<choose><when condition="@((string)context.Variables[&quot;who&quot;] == &quot;nobody&quot;)"><return-response>
<set-status code="403" reason="Who are you?" /></return-response></when></choose>
<set-backend-service base-url="http://backend.example" /></inbound></policies>"""
CASES = """policy: orders.xml
config: false
cases:
  - name: somebody
    request: {get: "/a b?c=d e", headers: {X-Who: anna}}
    expect: {status: 200, variables: {who: anna}, backend-requests: 1}
  - name: nobody
    request: {get: /orders}
    expect: {status: 403, reason: Who are you?, headers: {X-None: null}}
  - name: wrong
    request: {get: /orders}
    expect: {status: 200}
  - {name: skipped, skip: because, expect: {status: 1xx}}
  - {name: a clock, steps: [{advance: 3600, expect: {status: 403}}]}
  - {name: an address, request: {get: /, ip-address: 10.0.0.1}, expect: {status: 403}}
  - {name: inside only, expect: {variables: {who: nobody}}}
  - {name: a part, section: inbound, expect: {status: 403}}
  - {name: variables, variables: {a: 1}, expect: {status: 403}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("against")
    (found / "orders.xml").write_text(POLICY)
    (found / "orders.test.yaml").write_text(CASES)
    return found


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_python(*APIMPOLICY, "test", "orders.test.yaml", *arguments, cwd=folder, timeout=120)


@pytest.fixture(scope="module")
def serve(folder: Path) -> Iterator[Serve]:
    with Serve(folder / "home", str(folder / "orders.xml"), "--quiet") as found:
        yield found


def test_cases_against_a_gateway_that_serves(folder: Path, serve: Serve) -> None:
    done = run(folder, "--against", serve.http, "--trace-service", f"{serve.inspector}/{serve.token}/")
    assert done.returncode == 1
    assert "orders.test.yaml ✓✓✗------" in done.stdout
    assert "expected status 200, got 403" in done.stdout
    assert "2 expectations are not observable from outside, 2 traces compared" in done.stderr
    for reason in (
        "clock that moves on by 3600 s",
        "another address",
        "nothing that it expects",
        "a part of a policy",
        "begins with variables",
    ):
        assert reason in run(folder, "--against", serve.http).stderr + done.stderr or reason == "begins with variables"


def test_cases_over_tls(folder: Path, serve: Serve) -> None:
    url = serve.https.replace("127.0.0.1", "localhost")
    assert "✓✓✗" in run(folder, "--against", url, "--authority", serve.authority).stdout
    assert "does not respond" in run(folder, "--against", url).stdout
    assert "is not a file with certificates" in run(folder, "--against", url, "--authority", "orders.xml").stdout


def test_cases_against_their_own_gateway(folder: Path) -> None:
    done = run(folder, "--against", "serve")
    assert "orders.test.yaml ✓✓✗-✓✓---" in done.stdout, done.stdout


GUARDED = """<policies><inbound><ip-filter action="allow"><address>10.0.0.1</address></ip-filter>
<validate-jwt header-name="Authorization"><openid-config url="https://login.example/.well-known/openid-configuration" />
</validate-jwt><return-response /></inbound></policies>"""
GUARDED_CASES = """policy: guarded.xml
config: false
identity-providers:
  login: {issuer: "https://login.example"}
cases:
  - name: addresses and keys
    steps:
      - {request: {get: /, ip-address: 10.0.0.1, token: login}, expect: {status: 200}}
      - {request: {get: /, token: login}, expect: {status: 403}}
      - request: {get: /, ip-address: 10.0.0.1, token: login}
        identity-provider-states: {login: {rotate: drop-old}}
        advance: 86400
        expect: {status: 200}
"""


def test_callers_of_our_own_gateway_have_any_address_and_providers_change(tmp_path: Path) -> None:
    (tmp_path / "guarded.xml").write_text(GUARDED)
    (tmp_path / "orders.test.yaml").write_text(GUARDED_CASES)
    assert "1 passed" in run(tmp_path).stdout
    assert "1 passed" in run(tmp_path, "--against", "serve").stdout


WRONG = {
    "no URL": (["--against", "contoso"], "--against takes a URL"),
    "a key for nobody": (["--key", "a"], "--key goes with --against"),
    "coverage": (["--against", "http://a", "--coverage"], "neither with --coverage"),
    "traces without a token": (["--against", "http://a", "--trace-service", "/s"], "needs --management-token"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_options_are_said(folder: Path, name: str) -> None:
    arguments, words = WRONG[name]
    done = run(folder, *arguments)
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr


class Azure(ThreadingHTTPServer):
    """A gateway with a management API, in one. `trace` is what it gives for every request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.trace: Any = None
        self.seen: list[tuple[str, str, dict[str, str], Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._see(None)
        answer = b""
        self.send_response(403, "Who are you?")
        if "Apim-Debug-Authorization" in self.headers:
            self.send_header("Apim-Trace-Id", "t1")
        self._end(answer)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._see(body)
        server: Any = self.server
        if self.headers.get("Authorization") != "Bearer token":
            self.send_response(401)
            self._end(b"{}")
            return
        self.send_response(200)
        self._end(json.dumps({"token": "debug"} if "listDebugCredentials" in self.path else server.trace).encode())

    def _see(self, body: Any) -> None:
        server: Any = self.server
        server.seen.append((self.command, self.path, dict(self.headers), body))

    def _end(self, body: bytes) -> None:
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def azure() -> Iterator[Azure]:
    server = Azure()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


SERVICE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/contoso"


def test_traces_of_azure_are_fetched_and_compared(folder: Path, azure: Azure) -> None:
    from apimpolicy import Request
    from apimpolicy.report.gateway_trace import gateway_trace
    from apimpolicy.testing.running import simulate

    nobody = load_case_file(str(folder / "orders.test.yaml")).cases[1]
    azure.trace = gateway_trace(simulate(nobody, Request.get("https://contoso.azure-api.net/orders")))
    traces = AzureTraces(SERVICE, "token", "orders", azure.url)
    target = RealGateway(azure.url, key="k1", traces=traces)
    outcome = target.run_case(nobody)
    assert (outcome.status, target.traced) == ("passed", 1), outcome.problem or outcome.sentences
    _, path, headers, body = azure.seen[0]
    assert path == f"{SERVICE}/gateways/managed/listDebugCredentials?api-version=2023-05-01-preview"
    assert body["purposes"] == ["tracing"]
    assert body["apiId"] == f"{SERVICE}/apis/orders"
    _, _, headers, _ = azure.seen[1]
    assert headers["Ocp-Apim-Subscription-Key"] == "k1"
    assert headers["Apim-Debug-Authorization"] == "debug"
    assert azure.seen[2][3] == {"traceId": "t1"}

    azure.trace["traceEntries"]["inbound"][2]["data"] = {"name": "who", "value": "anna"}
    outcome = target.run_case(nobody)
    assert outcome.status == "failed"
    assert "the traces part at inbound[2]" in outcome.sentences[0]


def test_what_is_wrong_with_traces_is_said(azure: Azure) -> None:
    with pytest.raises(ConfigurationError, match="responded with 401"):
        AzureTraces(SERVICE, "another", "orders", azure.url).headers()
    from apimpolicy import Response

    assert ServedTraces(azure.url).trace(Response(200)) is None
    with pytest.raises(ConfigurationError, match=r"gave no trace|responded with 403"):
        ServedTraces(azure.url).trace(Response(200, headers={"Apim-Trace-Id": "1"}))


ISSUED_POLICY = """<policies><inbound><choose><when condition="@(context.Request.Headers.GetValueOrDefault(
&quot;Authorization&quot;, &quot;&quot;) == &quot;Bearer issued-in-azure&quot;)"><return-response /></when></choose>
<return-response><set-status code="401" /></return-response></inbound></policies>"""
ISSUED_CASES = """policy: issued.xml
config: false
identity-providers:
  log-in: {issuer: "https://login.example"}
cases:
  - {name: its token, request: {get: /, token: log-in}, expect: {status: 200}}
  - {name: in another header, request: {get: /, token: {from: log-in, header: X-Token}}, expect: {status: 401}}
  - {name: a forged one, request: {get: /, token: {from: log-in, signed-with: another-key}}, expect: {status: 401}}
  - {name: an expired one, request: {get: /, token: {from: log-in, expires-in: -60}}, expect: {status: 401}}
"""


def test_tokens_of_real_providers_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "issued.xml").write_text(ISSUED_POLICY)
    (tmp_path / "orders.test.yaml").write_text(ISSUED_CASES)
    with Serve(tmp_path / "home", str(tmp_path / "issued.xml"), "--quiet") as serve:
        assert "✗✓✓✓" in run(tmp_path, "--against", serve.http).stdout
        monkeypatch.setenv("APIMPOLICY_TOKEN_LOG_IN", "issued-in-azure")
        done = run(tmp_path, "--against", serve.http)
    assert "✓✓✓-" in done.stdout, done.stdout
    reason = "it needs another token of 'log-in' than the one in APIMPOLICY_TOKEN_LOG_IN: expires-in"
    assert reason in " ".join((done.stdout + done.stderr).split())
    assert "issued-in-azure" not in done.stdout + done.stderr


KEYED_CASES = """policy: issued.xml
config: false
defaults: {gateway: {subscriptions: {my-partner: {primary-key: made up}}}}
cases:
  - {name: its key, request: {get: /, headers: {Authorization: made up}}, expect: {status: 200}}
  - {name: another key, request: {get: /, headers: {Authorization: other}}, expect: {status: 401}}
"""


def test_keys_of_subscriptions_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "issued.xml").write_text(ISSUED_POLICY)
    (tmp_path / "orders.test.yaml").write_text(KEYED_CASES)
    with Serve(tmp_path / "home", str(tmp_path / "issued.xml"), "--quiet") as serve:
        assert "✗✓" in run(tmp_path, "--against", serve.http).stdout
        monkeypatch.setenv("APIMPOLICY_KEY_MY_PARTNER", "Bearer issued-in-azure")
        done = run(tmp_path, "--against", serve.http)
    assert "✓✓" in done.stdout, done.stdout
    assert "issued-in-azure" not in done.stdout + done.stderr
