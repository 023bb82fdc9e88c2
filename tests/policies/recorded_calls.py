"""Cases of policies that send messages and metrics, or ask about prompts: settings from tables, and what was recorded.

Settings: `dapr` is a response as `backend` is; `content_safety` has the arguments of `SafetyWords`, or `fails = true`;
`service_bus` those of `ServiceBus`; `embeddings` a vector for each text that is contained in the prompt; `count_tokens`
is "words". Expected, each a list with all there are of the gateway so far (metrics: of the request), where a table
names only the attributes that matter:

    events.LOGGER, messages, publications, bindings    tables
    metrics                                            [namespace, name, value, {dimension = value}]
    invocations                                        "METHOD url"
    judged                                             texts that content safety got
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy import Gateway, Result, SafetyWords, ServiceBus

if TYPE_CHECKING:
    from collections.abc import Callable


def integration_settings(settings: dict[str, Any], service: Callable[[dict[str, Any]], Any]) -> None:
    """Put what the gateway takes where tables are; `service` makes a service of one that says its answers."""
    if "dapr" in settings:
        settings["dapr"] = service(settings["dapr"])
    if "service_bus" in settings:
        settings["service_bus"] = ServiceBus(**settings["service_bus"])
    if "content_safety" in settings:
        words = dict(settings["content_safety"])
        settings["content_safety"] = failing if words.pop("fails", False) else SafetyWords(**words)
    if "embeddings" in settings:
        vectors: dict[str, list[float]] = settings["embeddings"]
        settings["embeddings"] = lambda text: next(vector for part, vector in vectors.items() if part in text)
    if settings.get("count_tokens") == "words":
        settings["count_tokens"] = lambda text: len(text.split())


def failing(text: str) -> dict[str, int]:
    raise ConnectionRefusedError("nobody there")


def check_recorded(gateway: Gateway, result: Result, expect: dict[str, Any]) -> None:
    for logger, events in expect.get("events", {}).items():
        check_all(gateway.event_hub(logger).events, events)
    for name, recorded in (
        ("messages", gateway.service_bus.messages),
        ("publications", gateway.dapr.publications),
        ("bindings", gateway.dapr.bindings),
    ):
        if name in expect:
            check_all(recorded, expect[name])
    if "metrics" in expect:
        seen = [[metric.namespace, metric.name, metric.value, metric.dimensions] for metric in result.metrics]
        assert seen == expect["metrics"]
        assert list(gateway.metrics)[-len(seen) :] == list(result.metrics) or not seen
    if "invocations" in expect:
        assert [f"{request.method} {request.url}" for request in gateway.dapr.invocations] == expect["invocations"]
    if "judged" in expect:
        assert gateway.content_safety.texts == expect["judged"]


def check_all(recorded: list[Any], expected: list[dict[str, Any]]) -> None:
    assert len(recorded) == len(expected), recorded
    for found, attributes in zip(recorded, expected, strict=True):
        assert {name: getattr(found, name) for name in attributes} == attributes
