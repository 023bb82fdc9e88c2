"""The state in Redis does what the state in the process does, and goes on without Redis."""

from __future__ import annotations

import gc
import logging
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from apimpolicy import Gateway, Request, Response
from apimpolicy.errors import ConfigurationError, NotSimulatedError
from apimpolicy.gateway.engine.state import LocalState
from apimpolicy.gateway.policies.state import Bucket, Counter, CounterClaim, Total, TripRule, Window
from apimpolicy.serving.redis_connection import from_bytes, to_bytes
from apimpolicy.serving.redis_state import RedisState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.serving.conftest import RedisServer

    from apimpolicy.gateway.policies.state import GatewayState


@pytest.fixture(params=["process", "redis"])
def state(request: pytest.FixtureRequest) -> Iterator[GatewayState]:
    if request.param == "process":
        yield LocalState()
        return
    found = RedisState(request.getfixturevalue("redis_server").url, f"{uuid.uuid4()}:")
    yield found
    assert not found.connection.is_away
    found.close()


HOUR = 3600.0
CLAIMS: dict[str, tuple[list[Counter], list[list[tuple[int, int]]], list[tuple[int | None, list[int]]]]] = {
    # name: counters; calls as (limit, amount) for each counter; what came of them: refused, and what is left
    "window": (
        [Window("w", HOUR)],
        [[(2, 1)], [(2, 1)], [(2, 1)], [(3, 1)]],
        [(None, [1]), (None, [0]), (0, [0]), (None, [0])],
    ),
    "window with amounts": (
        [Window("w", HOUR)],
        [[(10, 7)], [(10, 0)], [(10, 7)], [(10, 1)]],
        [(None, [3]), (None, [3]), (None, [-4]), (0, [-4])],
    ),
    "nothing is allowed": ([Window("w", HOUR)], [[(0, 1)]], [(0, [0])]),
    "all or none": (
        [Window("a", HOUR), Window("b", HOUR)],
        [[(5, 1), (1, 1)], [(5, 1), (1, 1)]],
        [(None, [4, 0]), (1, [4, 0])],
    ),
    "sum": ([Total("s", 0.0, 1e9)], [[(2, 2)], [(2, 1)]], [(None, [0]), (0, [0])]),
    "sum for ever": ([Total("s", 0.0, 0.0)], [[(3, 2)], [(3, 2)], [(3, 1)]], [(None, [1]), (None, [-1]), (0, [-1])]),
    "bucket": ([Bucket("b", 2, 1e9)], [[(2, 1)], [(2, 1)], [(2, 1)]], [(None, [1]), (None, [0]), (0, [0])]),
    "empty bucket": ([Bucket("b", 0, 60.0)], [[(0, 1)]], [(0, [0])]),
    "names that are no plain text": ([Window("ключ\ud800" * 99, HOUR)], [[(1, 1)], [(1, 1)]], [(None, [0]), (0, [0])]),
}  # fmt: skip


@pytest.mark.parametrize("name", CLAIMS)
def test_claims(name: str, state: GatewayState) -> None:
    counters, calls, expected = CLAIMS[name]
    for call, (refused, left) in zip(calls, expected, strict=True):
        claims = [CounterClaim(counter, limit, amount) for counter, (limit, amount) in zip(counters, call, strict=True)]
        taken = state.counters.take(claims)
        assert (taken.refused, [round(each.left) for each in taken.statuses]) == (refused, left)


class Holder:
    """What stands for a request."""


@pytest.mark.parametrize("counter", [Window("p", HOUR), Total("p", 0.0, 0.0), Bucket("p", 2, 1e9)])
def test_room_is_left_for_what_was_reserved(counter: Counter, state: GatewayState) -> None:
    first, second, third = Holder(), Holder(), Holder()
    reservation, now = [CounterClaim(counter, 2, 0)], [CounterClaim(counter, 2)]
    assert state.counters.take(reservation, reserved_for=first).refused is None
    assert state.counters.take(reservation, reserved_for=second).refused is None
    assert state.counters.take(now).refused == 0
    assert state.counters.take([CounterClaim(counter, 2, 0, own=1)]).refused is None
    state.counters.commit(counter, first, [])
    assert state.counters.take(now).refused is None
    state.counters.commit(counter, second, [(counter, 1)])
    assert state.counters.take(reservation, reserved_for=third).refused == 0


def test_an_abandoned_reservation_is_released(state: GatewayState) -> None:
    gc.freeze()  # the collector looks at new objects only
    holder = Holder()
    counter = Window("p", HOUR)
    state.counters.take([CounterClaim(counter, 1, 0)], reserved_for=holder)
    del holder
    gc.collect()
    state.counters.count([(Window("another", HOUR), 1)])
    assert state.counters.take([CounterClaim(counter, 1)]).refused is None


def test_windows_slide_and_say_how_long_to_wait(state: GatewayState) -> None:
    counter = Window("w", 2.0)
    assert state.counters.take([CounterClaim(counter, 1)]).refused is None
    taken = state.counters.take([CounterClaim(counter, 1)])
    assert taken.refused == 0
    assert 0 < taken.statuses[0].wait <= 2.0
    time.sleep(taken.statuses[0].wait + 0.01)
    assert state.counters.take([CounterClaim(counter, 1)]).refused is None


def test_a_short_window_and_a_long_one_share_their_calls(state: GatewayState) -> None:
    short, long = Window("w", 0.1), Window("w", HOUR)
    for _ in range(3):
        state.counters.count([(short, 1)])
        time.sleep(0.11)
    state.counters.count([(long, 1)])
    assert state.counters.status(short, 0).left == -1
    assert state.counters.status(long, 0).left in (-4, -3, -2)  # those before the first long one may be forgotten
    state.counters.count([(short, 1)])
    assert state.counters.status(long, 2).left <= 0


def test_buckets_fill_and_all_capacities_of_a_key_are_drawn(state: GatewayState) -> None:
    small, large = Bucket("b", 10, 1.0), Bucket("b", 100, 1.0)
    assert state.counters.status(small, 10).left == 10
    state.counters.count([(large, 50)])
    state.counters.count([(small, 30)])
    level = state.counters.status(small, 10).left
    assert -71 < level < -30
    time.sleep(0.2)
    assert state.counters.status(small, 10).left > level + 1
    assert state.counters.status(large, 100).left > 20


def test_until_renewal(state: GatewayState) -> None:
    period = 1e6
    state.counters.count([(Total("s", 0.0, period), 1)])
    wait = state.counters.status(Total("s", 0.0, period), 1).wait
    assert abs(wait - (period - state.counters.now() % period)) < 1
    assert state.counters.status(Total("s", 0.0, 0.0), 1).wait == 0


def test_only_so_many_are_inside(state: GatewayState) -> None:
    counters = state.counters
    assert [counters.enter("a", 2) for _ in range(3)] == [1, 2, None]
    counters.leave("a")
    assert counters.enter("a", 2) == 2
    assert counters.enter("b", 1) == 1


def test_circuits(state: GatewayState) -> None:
    circuits, rule = state.circuits, TripRule(2, None, 60.0)
    circuits.record("east", True, rule, 2.0)
    circuits.record("east", False, rule, 2.0)
    assert circuits.seconds_open("east") == 0
    circuits.record("east", True, rule, 2.0)
    assert 0 < circuits.seconds_open("east") < 2.001
    assert circuits.seconds_open("west") == 0
    time.sleep(2.05)
    assert circuits.seconds_open("east") == 0
    circuits.record("east", True, rule, 60)
    assert circuits.seconds_open("east") == 0
    half = TripRule(None, 50, 60.0)
    for failed in (False, False, True):
        circuits.record("half", failed, half, 60)
    assert circuits.seconds_open("half") == 0
    circuits.record("half", True, half, 60)
    assert circuits.seconds_open("half") > 50


def test_caches(state: GatewayState) -> None:
    cache = state.cache("prefer-external")
    assert cache.get("a") == (False, None)
    cache.set("a", "text", 60)
    cache.set("gone", "text", 0)
    cache.set("late", "text", 0.05)
    assert cache.get("a") == (True, "text")
    time.sleep(0.1)
    assert cache.get("late") == (False, None)
    assert cache.get("gone") == (False, None)
    assert (cache.remove("a"), cache.remove("a")) == (True, False)


def test_prompts(state: GatewayState) -> None:
    prompts = state.semantic_cache
    assert prompts.find("p", [1, 0], 0.1) == (None, None)
    prompts.store("p", [1.0, 0.0], Response(200, body=b"one"), 60)
    prompts.store("p", [0.0, 1.0], Response(200, body=b"two"), 60)
    score, answer = prompts.find("p", [0.0, 2.0], 0.1)
    assert score == 0
    assert isinstance(answer, Response)
    assert answer.body == b"two"
    assert prompts.find("q", [0.0, 2.0], 0.1) == (None, None)


def test_entries_name_what_there_is(state: GatewayState) -> None:
    state.counters.take([CounterClaim(Window("seen", HOUR), 5)])
    state.cache("external").set("kept", 1, 60)
    keys = {entry.key for entry in state.entries()}
    assert {"seen", "kept"} <= keys


VALUES = """new object[] { null, true, 1, 1L, (byte)2, 1.5, 1.5f, 1.1m, 'c', "text \\ud83d\\ude00", new byte[] { 1, 2 },
    JObject.Parse("{\\"a\\": [1, null]}"), new JArray(1, 2), new JValue(5), XElement.Parse("<a b=\\"c\\">d</a>"),
    new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc), TimeSpan.FromSeconds(3),
    new Guid("00000000-0000-0000-0000-000000000001") }"""


def test_values_come_back_as_they_were() -> None:
    from apimpolicy.report.values import runtime_type, text_of

    for value in evaluated(VALUES):
        found = from_bytes(to_bytes(value))
        assert (runtime_type(found), text_of(found)) == (runtime_type(value), text_of(value))


def test_a_response_comes_back_as_it_was() -> None:
    given = Response(201, "Made", headers=[("Set-Cookie", "a"), ("Set-Cookie", "b")], body=b"\x00\xff")
    found = from_bytes(to_bytes(given))
    assert isinstance(found, Response)
    assert (found.status_code, found.reason, found.body) == (201, "Made", b"\x00\xff")
    assert found.headers.fields() == [("Set-Cookie", ["a", "b"])]


def test_what_cannot_be_kept_outside_is_said_by_name() -> None:
    (value,) = evaluated('new object[] { new Uri("http://a/") }')
    with pytest.raises(NotSimulatedError, match=r"System\.Uri"):
        to_bytes(value)


FOREIGN = [
    *(b"", b"{}", b"5", b"[]", b"\xff", b"[" * 100_000, b'{"int": []}', b'{"int": "1"}', b'{"pickle": 1}'),
    *(b'{"int": 1, "double": 2}', b'{"decimal": "x"}', b'{"decimal": []}', b'{"double": "x"}', b'{"bytes": "*"}'),
    *(b'{"json": ["JObject", "{"]}', b'{"json": ["JObject", "[]"]}', b'{"json": 1}', b'{"xml": ["XElement", "<a"]}'),
    *(b'{"time": ["x", 0]}', b'{"time": [1]}', b'{"span": "x"}', b'{"guid": 5}', b'{"guid": "zz"}'),
    *(b'{"boxed": ["nothing", 1]}', b'{"boxed": ["float", "x"]}', b'{"boxed": [1, 1]}', b'{"boxed": ["int", []]}'),
    *(b'{"response": [1]}', b'{"response": ["200", "OK", [], ""]}', b'{"response": [200, null, [], ""]}'),
    *(b'{"response": [200, "OK", [["a"]], ""]}', b'{"response": [200, "OK", [["a", 1]], ""]}'),
    b'{"response": [200, "OK", [], "*"]}',
]


@pytest.mark.parametrize("data", FOREIGN, ids=lambda data: data[:30].decode("latin-1"))
def test_foreign_bytes_are_a_miss(data: bytes, redis_server: RedisServer) -> None:
    state = RedisState(redis_server.url, f"{uuid.uuid4()}:")
    state.connection.command("SET", f"{state.connection.prefix}cached:a", data)
    assert state.cache("external").get("a") == (False, None)
    state.close()


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[1]", b'["x", [1], "1"]', b'[99999999999, "x", "1"]', b'[99999999999, [1, 0], "{"]', b"\xff"]
)
def test_prompts_that_cannot_be_read_are_passed_over(data: bytes, redis_server: RedisServer) -> None:
    state = RedisState(redis_server.url, f"{uuid.uuid4()}:")
    prompts = state.semantic_cache
    state.connection.command("RPUSH", f"{state.connection.prefix}prompts:p", data)
    assert prompts.find("p", [1.0, 0.0], 0.1) == (None, None)
    prompts.store("p", [1.0, 0.0], Response(200, body=b"one"), 60)
    score, answer = prompts.find("p", [1.0, 0.0], 0.1)
    assert score == 0
    assert isinstance(answer, Response)
    state.close()


def test_a_key_of_another_type_concerns_only_itself(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    state = RedisState(redis_server.url, f"{uuid.uuid4()}:")
    wrong, right = Window("wrong", HOUR), Window("right", HOUR)
    for kind in ("calls:wrong", "window:wrong", "cached:wrong"):
        state.connection.command("RPUSH", f"{state.connection.prefix}{kind}", "x")
    with caplog.at_level(logging.WARNING, "apimpolicy.redis"):
        for _ in range(2):
            state.counters.take([CounterClaim(wrong, 1)])
            assert state.cache("external").get("wrong") == (False, None)
        assert not state.connection.is_away
        assert state.counters.take([CounterClaim(right, 1)]).refused is None
        other = RedisState(redis_server.url, state.connection.prefix)
        assert other.counters.take([CounterClaim(right, 1)]).refused == 0
    assert [record.message[:14] for record in caplog.records] == ["Redis refuses "] * len(caplog.records)
    assert 1 <= len(caplog.records) <= 2
    other.close()
    state.close()


def test_every_entry_is_found_where_others_have_many(redis_server: RedisServer) -> None:
    prefix = f"{uuid.uuid4()}*[a]:"
    state, others = RedisState(redis_server.url, prefix), RedisState(redis_server.url, f"{uuid.uuid4()}:")
    for number in range(6_000):
        others.connection.command("SET", f"{others.connection.prefix}cached:{number}", b"1")
    for number in range(3):
        state.cache("external").set(f"k{number}", "x", 60)
    assert [entry.key for entry in state.entries()] == ["k0", "k1", "k2"]
    others.connection.command("FLUSHALL")
    others.close()
    state.close()


def test_a_script_runs_on_a_cluster(redis_server: RedisServer, tmp_path: Path) -> None:
    from tests.unit.serving.conftest import RedisServer, free_port

    options = ("--cluster-enabled", "yes", "--cluster-config-file", str(tmp_path / "nodes.conf"))
    server = RedisServer(*options, "--cluster-port", str(free_port()))
    state = RedisState(server.url, "gateway:")
    assert state.connection.prefix == "{gateway}:"
    state.connection.command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    ends = time.monotonic() + 30
    while b"cluster_state:ok" not in (state.connection.command("CLUSTER", "INFO") or (b"",))[0]:
        assert time.monotonic() < ends
        time.sleep(0.05)
    counters = [Window("w", HOUR), Total("s", 0.0, 0.0), Bucket("b", 5, HOUR)]
    assert state.counters.take([CounterClaim(counter, 5) for counter in counters]).refused is None
    assert state.counters.enter("a", 1) == 1
    state.circuits.record("east", True, TripRule(1, None, 60.0), 60.0)
    assert state.circuits.seconds_open("east") > 0
    assert not state.connection._logged
    state.close()
    server.stop()


def test_a_request_waits_at_most_once_for_a_redis_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr("apimpolicy.serving.redis_connection._PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        state = RedisState(f"redis://127.0.0.1:{silent.getsockname()[1]}")
        waited: list[object] = []
        original = state.connection._client.execute_command

        def counted(*words: object) -> object:
            waited.append(words)
            return original(*words)

        monkeypatch.setattr(state.connection._client, "execute_command", counted)
        monkeypatch.setattr("apimpolicy.serving.redis_connection._AGAIN", 0.0)
        for _ in range(20):
            assert state.cache("external").get("a") == (False, None)
        assert state.connection.is_away
        assert len([words for words in waited if words[0] == "GET"]) == 1
        state.close()
        for thread in threading.enumerate():  # it still waits for an answer, on a connection of its own
            if thread.name == "apimpolicy-redis-back":
                thread.join()


def evaluated(code: str) -> Any:
    written = code.replace("<", "&lt;").replace("'", "&apos;")
    document = f"<policies><inbound><set-variable name='v' value='@({written})' /></inbound></policies>"
    return list(Gateway().run(document, "/").exchange.variables["v"])  # type: ignore[call-overload]


def test_a_wrong_url_is_said() -> None:
    with pytest.raises(ConfigurationError, match="takes a URL such as redis://localhost:6379"):
        RedisState("localhost:6379")


LIMITED = """<policies><inbound><rate-limit-by-key calls="1000" renewal-period="600" counter-key="all" /></inbound>
<backend /><outbound /><on-error /></policies>"""


def test_two_gateways_in_many_threads_let_exactly_a_thousand_through(redis_server: RedisServer) -> None:
    prefix = f"{uuid.uuid4()}:"
    states = [RedisState(redis_server.url, prefix) for _ in range(2)]
    gateways = [Gateway(state=state, tracing=False) for state in states]
    codes: list[int] = []

    def send(gateway: Gateway) -> None:
        codes.extend(gateway.run(LIMITED, Request.get("/x")).response.status_code for _ in range(75))

    threads = [threading.Thread(target=send, args=(gateways[number % 2],)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for state in states:
        state.close()
    assert (codes.count(200), codes.count(429)) == (1000, 200)


def test_without_redis_limits_hold_in_the_process_and_caches_miss(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    from tests.unit.serving.conftest import RedisServer

    server = RedisServer()
    state = RedisState(server.url, f"{uuid.uuid4()}:")
    window = Window("w", HOUR)
    with caplog.at_level(logging.WARNING, "apimpolicy.redis"):
        assert state.counters.take([CounterClaim(window, 1)]).refused is None
        state.cache("external").set("a", 1, 60)
        assert state.counters.enter("inside", 1) == 1
        server.stop()
        assert state.counters.take([CounterClaim(window, 1)]).refused is None
        assert state.counters.take([CounterClaim(window, 1)]).refused == 0
        assert state.cache("external").get("a") == (False, None)
        assert state.counters.enter("inside", 1) == 1
        state.counters.leave("inside")
        assert [record.message[:21] for record in caplog.records] == ["Redis does not answer"]
        server.start()
        ends = time.monotonic() + 10
        while state.connection.is_away and time.monotonic() < ends:
            state.cache("external").get("a")
            time.sleep(0.1)
        assert [record.message[:19] for record in caplog.records][1:] == ["Redis answers again"]
        assert state.counters.take([CounterClaim(window, 1)]).refused is None
    state.close()
    server.stop()
