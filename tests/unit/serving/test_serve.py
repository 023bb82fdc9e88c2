"""The command `serve`: what it prints, what it serves, how it loads again, and how it ends."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from tests.processes import APIMPOLICY, run_python
from tests.unit.serving.clients import eventually
from tests.unit.serving.commands import Serve, get
from tests.unit.serving.conftest import free_port

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.configuration import load_configuration

if TYPE_CHECKING:
    from tests.unit.serving.conftest import RedisServer

EXAMPLES = Path("examples").absolute()
SAYS = """<policies><inbound><return-response><set-body>{}</set-body></return-response></inbound></policies>"""
LIMITED = """<policies><inbound><rate-limit-by-key calls="{}" renewal-period="600" counter-key="all" />
<return-response /></inbound></policies>"""


def test_an_example_with_one_command(tmp_path: Path) -> None:
    with Serve(tmp_path, str(EXAMPLES / "client-certificate")) as serve:
        assert get(serve.http, "/orders")[0] == 403
        assert get(serve.http, "/nowhere")[0] == 404
        assert serve.printed("ANY    /orders/*")
        assert serve.printed("HTTPS requests a client certificate; 1 uploaded")
        assert eventually(lambda: serve.printed("403 Invalid client certificate"))
        line = next(line for line in serve.lines if "403 Invalid" in line)
        assert re.match(
            r"\d\d:\d\d:\d\d GET /orders .* 403 Invalid client certificate .*orders\.xml:6 choose ▸ when 1  [\d.]+ ms$",
            line,
        )
        assert serve.end(signal.SIGINT) == 0
        assert not serve.printed("Traceback")


def test_a_whole_service(tmp_path: Path) -> None:
    with Serve(tmp_path, str(EXAMPLES / "apiops-folder" / "extracted")) as serve:
        codes = {
            get(serve.http, line.split()[1].replace("{id}", "1"))[0] for line in serve.lines if line.startswith("  GET")
        }
        assert codes <= {200, 401, 403}, serve.lines
        assert codes


def test_files_that_change_hold_from_the_next_request_on(tmp_path: Path) -> None:
    policy = tmp_path / "orders.xml"
    policy.write_text(LIMITED.format(3))
    with Serve(tmp_path / "home", str(policy)) as serve:
        assert [get(serve.http, "/")[0] for _ in range(2)] == [200, 200]
        policy.write_text(LIMITED.format("three"))
        assert eventually(lambda: serve.printed("the last valid version stays active")), serve.lines
        assert get(serve.http, "/")[0] == 200
        assert get(serve.http, "/")[0] == 429
        policy.write_text(LIMITED.format(4))
        assert eventually(lambda: serve.printed("loaded again"))
        assert [get(serve.http, "/")[0] for _ in range(2)] == [200, 429]
        assert not serve.printed("Traceback")
        (tmp_path / "serve.log").write_text("a log beside the policy is nothing to load again for")
        time.sleep(1.5)
        assert sum("loaded again" in line for line in serve.lines) == 1


def test_no_request_is_lost_while_files_change(tmp_path: Path) -> None:
    policy = tmp_path / "orders.xml"
    policy.write_text(SAYS.format(0))
    with Serve(tmp_path / "home", str(policy), "--quiet") as serve:
        wrong: list[object] = []
        stops = threading.Event()

        def ask() -> None:
            while not stops.is_set():
                code, body, _ = get(serve.http, "/")
                if code != 200 or not body.isdigit():
                    wrong.append((code, body))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for number in range(1, 4):
            policy.write_text(SAYS.format(number))
            assert eventually(lambda number=number: get(serve.http, "/")[1] == str(number).encode())  # type: ignore[misc] # it is a callable of nothing
        stops.set()
        for thread in threads:
            thread.join()
        assert not wrong


PROBLEMS = {
    "a wrong policy": (["bad.xml"], 1, "CS1061"),
    "no file": (["nowhere.xml"], 2, "there is no file or folder nowhere.xml"),
    "nothing to serve": (["empty"], 2, "there is nothing to serve in empty"),
    "a wrong backend": (["good.xml", "--backend", "localhost:1"], 2, "--backend takes a URL"),
    "a wrong redis": (["good.xml", "--redis", "localhost"], 2, "--redis takes a URL"),
    "a wrong proxy": (["good.xml", "--trust-proxy", "proxy"], 2, "--trust-proxy takes an address"),
    "a wrong certificate": (["good.xml", "--certificate", "good.xml", "good.xml"], 2, "is not a certificate with"),
}  # fmt: skip


@pytest.mark.parametrize("name", PROBLEMS)
def test_problems_are_said(name: str, tmp_path: Path) -> None:
    arguments, code, words = PROBLEMS[name]
    (tmp_path / "empty").mkdir()
    (tmp_path / "good.xml").write_text(SAYS.format(1))
    (tmp_path / "bad.xml").write_text(SAYS.format("@(context.Nothing)"))
    done = run_python(
        *(*APIMPOLICY, "serve", "--http", "0", "--https", "0", *arguments),
        cwd=tmp_path,
        env={**os.environ, "APIMPOLICY_HOME": str(tmp_path / "home"), "PYTHONPATH": str(Path("src").absolute())},
        timeout=60,
    )
    assert (done.returncode, words in done.stderr) == (code, True), done.stderr


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    (tmp_path / "good.xml").write_text(SAYS.format(1))
    with Serve(tmp_path, str(tmp_path / "good.xml")) as serve:
        port = serve.http.rpartition(":")[2]
        done = run_python(*APIMPOLICY, "serve", str(tmp_path / "good.xml"), "--http", port, timeout=60)
        assert (done.returncode, f"can't listen on 127.0.0.1:{port}" in done.stderr) == (2, True)


def test_what_is_under_way_is_answered_at_the_end(tmp_path: Path) -> None:
    policy = tmp_path / "orders.xml"
    policy.write_text(
        '<policies><inbound><retry condition="@(true)" count="1" interval="2"><set-variable name="a" value="1" />'
        "</retry>"
        "<return-response /></inbound></policies>"
    )
    found: list[int] = []
    with Serve(tmp_path / "home", str(policy)) as serve:
        thread = threading.Thread(target=lambda: found.append(get(serve.http, "/")[0]))
        thread.start()
        time.sleep(0.7)
        assert serve.end() == 0
        thread.join()
    assert found == [200]


# Workers


def processes(serve: Serve) -> list[int]:
    """The workers."""
    path = f"/proc/{serve.process.pid}/task/{serve.process.pid}/children"
    return [int(each) for each in Path(path).read_text().split()]


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="needs Linux's list of child processes")
def test_a_worker_that_is_killed_is_replaced(tmp_path: Path, redis_server: RedisServer) -> None:
    policy = tmp_path / "orders.xml"
    policy.write_text(LIMITED.format(1000))
    with Serve(tmp_path / "home", str(policy), "--workers", "2", "--redis", redis_server.url, "--quiet") as serve:
        assert eventually(lambda: len(processes(serve)) == 2)
        codes: list[int] = []

        def ask() -> None:
            for _ in range(150):
                try:
                    codes.append(get(serve.http, "/")[0])
                except OSError:
                    codes.append(0)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        victim = processes(serve)[0]
        os.kill(victim, signal.SIGKILL)
        for thread in threads:
            thread.join()
        lost = codes.count(0)
        assert lost <= 8  # those that were on their way in that worker
        assert 1000 - lost <= codes.count(200) <= 1000
        assert codes.count(200) + codes.count(429) + lost == 1200
        assert eventually(lambda: len(processes(serve)) == 2 and victim not in processes(serve))
        assert serve.printed("ended by signal 9; a new one takes its place")
        assert get(serve.http, "/")[0] == 429
        assert serve.end() == 0


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed (Debian's package nginx-light)")
def test_two_servers_behind_nginx_let_exactly_so_many_through(tmp_path: Path, redis_server: RedisServer) -> None:
    policy, most = tmp_path / "orders.xml", 1000 if os.environ.get("NIGHTLY") else 200
    policy.write_text(LIMITED.format(most).replace('"all"', '"nginx"'))
    arguments = [str(policy), "--redis", redis_server.url, "--workers", "2", "--quiet", "--trust-proxy", "127.0.0.1"]
    with Serve(tmp_path / "a", *arguments) as one, Serve(tmp_path / "b", *arguments) as other:
        port = free_port()
        servers = "".join(f"server {each.http.removeprefix('http://')};" for each in (one, other))
        (tmp_path / "nginx.conf").write_text(
            f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log; events {{ worker_connections 4096; }}"
            f"http {{ access_log off; upstream gateways {{ {servers} keepalive 64; }}"
            f"server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ proxy_pass http://gateways;"
            'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;'
            "proxy_set_header X-Forwarded-For $remote_addr; }} }} }".replace("}} }} }", "} } }")
        )
        nginx = subprocess.Popen(
            ["nginx", "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)], stderr=subprocess.DEVNULL
        )
        try:
            assert eventually(lambda: answers(port))
            codes = load(port, 10 * most, 64)
        finally:
            nginx.terminate()
            nginx.wait()
        assert not one.printed("Redis does not answer")
        assert not other.printed("Redis does not answer")
    assert codes == {200: codes[200], 429: 10 * most - codes[200]}
    assert codes[200] in (most - 1, most)  # the first question, whether it answers, may have been one of them


def answers(port: int) -> bool:
    try:
        return get(f"http://127.0.0.1:{port}", "/")[0] == 200
    except OSError:
        return False


def load(port: int, count: int, threads: int) -> dict[int, int]:
    """The statuses of so many requests, over so many connections."""
    import asyncio
    from collections import Counter

    found: Counter[int] = Counter()

    async def ask(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(number):
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            found[int(head.split()[1])] += 1
            length = re.search(rb"(?i)content-length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
        writer.close()
        await writer.wait_closed()

    async def all_of_them() -> None:
        shares = [count // threads + (number < count % threads) for number in range(threads)]
        await asyncio.gather(*(ask(share) for share in shares))

    asyncio.run(all_of_them())
    return dict(found)


# The inspector


def test_the_inspector(tmp_path: Path) -> None:
    policy = tmp_path / "orders.xml"
    policy.write_text(
        '<policies><inbound><rate-limit-by-key calls="9" renewal-period="60" counter-key="seen" /></inbound></policies>'
    )
    with Serve(tmp_path / "home", str(policy)) as serve:
        secret = {"Authorization": "Bearer abcdefghijklmnop", "Apim_Debug_Authorization": serve.token}
        code, _, headers = get(serve.http, "/orders?a=1", "POST", b'{"a": 1}', **secret)
        assert code == 200
        number = headers["Apim-Trace-Id"]
        assert b"<title>Requests" in serve.inspect()[1]
        for name in ("inspector.js", "inspector_send.js", "inspector_views.js", "inspector.css", "page_colors.css"):
            assert serve.inspect(f"{name}")[0] == 200
        journey = serve.inspect(f"requests/{number}")[1].decode()
        assert "rate-limit-by-key" in journey
        assert "abcdefghijklmnop" not in journey
        assert json.loads(serve.inspect(f"requests/{number}/trace")[1])["traceEntries"]["inbound"]
        assert json.loads(serve.inspect(f"requests/{number}/run")[1])["response"]["status_code"] == 200
        assert b"<rate-limit-by-key" in serve.inspect(f"requests/{number}/policies")[1]
        assert "seen" in serve.inspect("state")[1].decode()
        case = serve.inspect(f"requests/{number}/case")[1].decode()
        assert "abcdefghijklmnop" not in case
        (tmp_path / "saved.test.yaml").write_text(case)
        assert serve.inspect(f"requests/{number}/replay", "POST")[0] == 405
        assert serve.inspect(f"requests/{number}/replay", "POST", X_Apimpolicy="1")[0] == 200
        form = json.loads(serve.inspect(f"requests/{number}/form")[1])
        assert "abcdefghijklmnop" not in str(form)
        for path, fields, expected in (
            (f"requests/{number}/send", form, 200),  # with the token, which the form does not show
            ("send", {"method": "GET", "url": "/orders"}, 200),
            ("send", {"method": "GET", "url": "orders"}, 400),
            ("send", {"method": "GET", "url": "/", "headers": "no header"}, 400),
            ("send", {"method": "GET", "url": "/", "certificate": "uploaded:x"}, 400),
            ("send", {"method": "GET", "url": "/", "certificate": "pem", "pem": "x"}, 400),
            ("send", {"method": "GET", "url": "/\ud800"}, 400),
            ("send", ["no form"], 400),
        ):
            page, sent = f"/{serve.token}/{path}", json.dumps(fields).encode()
            assert get(serve.inspector, page, "POST", sent)[0] == 405
            assert get(serve.inspector, page, "POST", sent, X_Apimpolicy="1", Sec_Fetch_Site="same-site")[0] == 404
            code, answer, _ = get(serve.inspector, page, "POST", sent, X_Apimpolicy="1")
            assert code == expected, (path, fields, answer)
        assert serve.inspect("requests/999")[0] == 404
        assert serve.inspect("state", Host="evil.example")[0] == 404
        assert serve.inspect("state", Sec_Fetch_Site="cross-site")[0] == 404
        assert serve.inspect("state", Sec_Fetch_Site="same-site")[0] == 404
        assert get(serve.inspector, f"/{serve.token}")[0] == 301
        others = (f"/{serve.token}x/state", f"/{serve.token[:-1]}/state")
        for path in ("/", "/state", "/_apimpolicy/", "/x/state", *others):
            assert get(serve.inspector, path)[0] == 404
    done = run_python(*APIMPOLICY, "test", str(tmp_path / "saved.test.yaml"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_inspector_tells_as_it_happens(tmp_path: Path) -> None:
    from tests.unit.serving.clients import Wire

    policy = tmp_path / "orders.xml"
    policy.write_text(SAYS.format(1))
    with Serve(tmp_path / "home", str(policy)) as serve:
        get(serve.http, "/before")
        wire = Wire(serve.inspector)
        wire.send(f"GET /{serve.token}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert b"/before" in wire.until(b"event: ready")
        get(serve.http, "/after")
        assert b"/after" in wire.until(b"/after")
        assert serve.end() == 0
        wire.close()


def test_the_inspector_shows_the_requests_of_all_workers(tmp_path: Path) -> None:
    from tests.unit.serving.clients import Wire

    policy = tmp_path / "orders.xml"
    policy.write_text(SAYS.format(1))
    with Serve(tmp_path / "home", str(policy), "--workers", "3") as serve:
        wire = Wire(serve.inspector)
        wire.send(f"GET /{serve.token}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        wire.until(b"event: ready")
        numbers: dict[str, str] = {}
        for number in range(40):
            headers = get(serve.http, f"/number-{number}", Apim_Debug_Authorization=serve.token)[2]
            numbers[f"/number-{number}"] = headers["Apim-Trace-Id"]
        seen = b""
        while any(path.encode() + b'"' not in seen for path in numbers):
            seen += wire.until(b"\n\n")
        assert {number.partition("-")[0] for number in numbers.values()} > {"0"} or len(set(numbers.values())) == 40
        for path, number in numbers.items():
            assert path.encode() in serve.inspect(f"requests/{number}")[1]
        assert serve.inspect(f"requests/{number}/replay", "POST", X_Apimpolicy="1")[0] == 200
        assert serve.inspect("requests/9-1")[0] == 404
        wire.close()
        assert serve.end() == 0


def test_limits_are_options(tmp_path: Path) -> None:
    policy = tmp_path / "orders.xml"
    policy.write_text(SAYS.format(1))
    with Serve(tmp_path / "home", str(policy), "--max-body", "5") as serve:
        assert get(serve.http, "/", "POST", b"12345")[0] == 200
        assert get(serve.http, "/", "POST", b"123456")[0] == 413


def test_the_configuration_says_how_to_serve(tmp_path: Path) -> None:
    policy = tmp_path / "orders.xml"
    policy.write_text(SAYS.format(1))
    table = "[serve]\nbody-bytes = 5\ninspector = false\nbackend = 'http://127.0.0.1:9'\nworkers = 2\n"
    (tmp_path / "apimpolicy.toml").write_text(table)
    options = ("--trust-config", "--workers", "1", "--max-body", "6")
    with Serve(tmp_path / "home", str(policy), *options) as serve:
        assert serve.printed("forwards to http://127.0.0.1:9")
        assert get(serve.http, "/_apimpolicy/state")[1] == b"1"
        assert not serve.printed("requests:")
        assert get(serve.http, "/", "POST", b"123456")[0] == 200
        assert get(serve.http, "/", "POST", b"1234567")[0] == 413


WRONG_TABLES = {
    "a wrong key": ("bodybytes = 5", "'serve.bodybytes' is not a setting; did you mean 'serve.body-bytes'?"),
    "a wrong kind": ('workers = "two"', "'serve.workers' must be a whole number"),
    "too many": ("workers = 100", "'serve.workers' is a number from 1 to 64, not 100"),
    "a port": ("https = 70000", "'serve.https' is a number from 0 to 65,535"),
    "one file": ('certificate = "a.pem"', "'serve.certificate' names two PEM files"),
    "no time": ("head-seconds = 0", "'serve.head-seconds' is a number from 0.1 to"),
}


@pytest.mark.parametrize("name", WRONG_TABLES)
def test_what_is_wrong_in_the_configuration_is_said(name: str, tmp_path: Path) -> None:
    line, words = WRONG_TABLES[name]
    (tmp_path / "apimpolicy.toml").write_text(f"[serve]\n{line}\n")
    with pytest.raises(ConfigurationError) as error:
        load_configuration(str(tmp_path / "apimpolicy.toml"))
    assert f"apimpolicy.toml:2: {words}" in str(error.value)


def test_what_is_served_cannot_read_the_inspector(tmp_path: Path) -> None:
    """It has another origin, no cookie, and no header of a proxy opens it from the port of the gateway."""
    policy = tmp_path / "orders.xml"
    policy.write_text(SAYS.format("mine"))
    with Serve(tmp_path / "home", str(policy), "--host", "0.0.0.0", "--trust-proxy", "127.0.0.1") as serve:
        assert urlsplit(serve.inspector).hostname == "127.0.0.1"
        assert urlsplit(serve.inspector).port not in (urlsplit(serve.http).port, urlsplit(serve.https).port)
        for name in ("Forwarded", "Via", "X_Real_IP", "X_Forwarded_For", "X_Forwarded_Host"):
            for path in ("/_apimpolicy/state", f"/{serve.token}/state"):
                assert get(serve.http, path, **{name: "127.0.0.1"})[1] == b"mine"
            assert serve.inspect("state", **{name: "127.0.0.1"})[0] == 200
        _, _, headers = serve.inspect()
        assert headers["Set-Cookie"] is None
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Apim-Trace-Id" not in get(serve.http, "/x", Apim_Debug_Authorization="guessed")[2]


def test_each_start_has_a_token_of_its_own(tmp_path: Path) -> None:
    policy = tmp_path / "orders.xml"
    policy.write_text(SAYS.format(1))
    tokens = set()
    for _ in range(2):
        with Serve(tmp_path / "home", str(policy)) as serve:
            tokens.add(serve.token)
    assert len(tokens) == 2
    assert all(len(token) >= 32 for token in tokens)


def test_without_the_inspector_the_path_is_the_gateways(tmp_path: Path) -> None:
    policy = tmp_path / "orders.xml"
    policy.write_text(SAYS.format("mine"))
    with Serve(tmp_path / "home", str(policy), "--no-inspector") as serve:
        assert get(serve.http, "/_apimpolicy/state")[1] == b"mine"
