"""One gateway in many threads: counts are exact, and what is used for the first time is there for all."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from apimpolicy import Gateway, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

THREADS = 64


@pytest.fixture(autouse=True)
def switching() -> Iterator[None]:
    """Threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def in_threads(work: Callable[[], object], count: int = THREADS) -> None:
    errors: list[BaseException] = []
    start = threading.Barrier(count)

    def run() -> None:
        start.wait()
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors[:3]


def policy(inbound: str) -> str:
    rest = "<backend><forward-request /></backend><outbound /><on-error />"
    return f"<policies><inbound>{inbound}</inbound>{rest}</policies>"


LIMITS = {
    "at once": '<rate-limit-by-key calls="1000" renewal-period="90000" counter-key="a" />',
    "after the response": '<rate-limit-by-key calls="1000" renewal-period="90000" counter-key="a" '
    'increment-condition="@(context.Response.StatusCode == 200)" />',
    "quota": '<quota-by-key calls="1000" renewal-period="90000" counter-key="a" />',
    "quota after the response": '<quota-by-key calls="1000" renewal-period="90000" counter-key="a" '
    'increment-condition="@(context.Response.StatusCode == 200)" />',
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_of_a_thousand_lets_a_thousand_through(name: str) -> None:
    gateway = Gateway(backend=lambda _: Response(200), tracing=False)
    document = policy(LIMITS[name])
    seen: list[int] = []
    in_threads(lambda: seen.extend(gateway.run(document, Request.get("/x")).response.status_code for _ in range(18)))
    assert Counter(seen)[200] == 1000
    assert len(seen) == THREADS * 18


def test_the_condition_counts_only_what_it_is_true_for() -> None:
    gateway = Gateway(backend=lambda _: Response(404), tracing=False)
    document = policy(LIMITS["after the response"].replace("1000", "2"))
    codes = {gateway.run(document, Request.get("/x")).response.status_code for _ in range(5)}
    assert codes == {404}


def test_no_more_are_inside_than_may_be() -> None:
    inside, most, lock = 0, 0, threading.Lock()

    def answer(_: Request) -> Response:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        with lock:
            inside -= 1
        return Response(200)

    gateway = Gateway(backend=answer, tracing=False)
    document = (
        '<policies><inbound /><backend><limit-concurrency key="a" max-count="3"><forward-request />'
        "</limit-concurrency></backend><outbound /><on-error /></policies>"
    )
    in_threads(lambda: [gateway.run(document, Request.get("/x")) for _ in range(10)])
    assert most <= 3
    assert not any(entry.kind == "inside" for entry in gateway.services.state.entries())


FIRST_USE = """
import sys, threading
from apimpolicy import Gateway, Request
sys.setswitchinterval(1e-6)
code = '''@{ var s = new StringBuilder(); foreach (var p in new Dictionary<string, int> { { "a", 1 } }) s.Append(p.Key);
return context.Request.Headers.GetValueOrDefault("T", "") + s + JObject.Parse("{}") + Guid.Empty
+ DateTime.MinValue.ToString("o") + Regex.Replace("a", "a", "b") + new[] { 3, 1 }.OrderBy(i => i).First()
+ XElement.Parse("<a/>") + Convert.ToBase64String(new byte[1]) + new Uri("http://a/b").Host; }'''
import html
policy = f'<policies><inbound><set-variable name="t" value="{html.escape(code)}"/></inbound></policies>'
gateway = Gateway()
bad, values = [], set()
start = threading.Barrier(32)
def work():
    start.wait()
    try:
        values.add(gateway.run(policy, Request.get("/x")).variables["t"])
    except BaseException as error:
        bad.append(repr(error))
threads = [threading.Thread(target=work) for _ in range(32)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(bad[:2], len(values))
"""


def test_first_use_from_many_threads() -> None:
    done = subprocess.run([sys.executable, "-c", FIRST_USE], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[] 1", "")


def test_the_recursion_limit_is_put_back() -> None:
    """The limit belongs to the process: whoever needs more room for calls gives it back, whatever the order."""
    usual = sys.getrecursionlimit()
    gateway = Gateway(tracing=False)
    code = "@{ int F(int n) { return n == 0 ? 0 : 1 + F(n - 1); } return F(3000); }"
    document = policy(f'<set-variable name="x" value="{code}" />')
    in_threads(lambda: gateway.run(document, Request.get("/x")), 8)
    assert sys.getrecursionlimit() == usual
