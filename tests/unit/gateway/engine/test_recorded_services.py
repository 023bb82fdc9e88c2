"""The services that record: what tests see of them, and what they say when they are set up wrongly."""

from __future__ import annotations

import pytest

from apimpolicy import (
    ConfigurationError,
    DaprSidecar,
    EventHubs,
    Gateway,
    Request,
    Response,
    SafetyAnalysis,
    SafetyWords,
    ServiceBus,
)
from apimpolicy.gateway.engine.state import distance
from apimpolicy.gateway.policies.outside_services import bag_of_words

LOG = "<policies><inbound><log-to-eventhub logger-id='a'>x</log-to-eventhub></inbound></policies>"
METRIC = "<inbound><emit-metric name='a' value='2'><dimension name='Location'/></emit-metric></inbound>"


def test_an_event_hub_that_nothing_was_logged_to() -> None:
    gateway = Gateway()
    assert gateway.event_hub("a").events == []
    gateway.run(LOG, "/")
    (event,) = gateway.event_hub("a").events
    assert (event.text, event.size, event.partition_id) == ("x", 1, None)
    assert "1 events" in repr(gateway.event_hub("a"))


def test_a_logger_that_the_gateway_does_not_have() -> None:
    for given in (["b"], "b", EventHubs(["b"])):
        with pytest.raises(ConfigurationError, match=r"no logger 'a'; .* names b"):
            Gateway(event_hubs=given).event_hub("a")


def test_metrics_of_one_request_and_of_all() -> None:
    gateway = Gateway()
    first, second = (gateway.run(METRIC, "/") for _ in range(2))
    assert [metric.value for metric in first.metrics] == [2.0]
    assert gateway.metrics == [*first.metrics, *second.metrics]
    assert "'a', 2," in repr(gateway.metrics[0])


def test_queues_and_topics() -> None:
    bus = ServiceBus(topics=["t"])
    policy = (
        "<inbound><send-service-bus-message topic-name='t'><payload>x</payload></send-service-bus-message></inbound>"
    )
    Gateway(service_bus=bus).run(policy, "/")
    assert [message.text for message in bus.topic("t")] == ["x"]
    assert bus.queue("t") == []
    assert "topic 't'" in repr(bus.messages[0])


def test_a_sidecar_of_ones_own() -> None:
    sidecar = DaprSidecar(lambda request: Response(202, body=request.body or b""))
    policy = "<inbound><publish-to-dapr topic='a/b c' response-variable-name='r'>x</publish-to-dapr></inbound>"
    result = Gateway(dapr=sidecar).run(policy, Request("POST", "/"))
    assert [(item.pubsub, item.topic) for item in sidecar.publications] == [("a", "b c")]
    assert sidecar.requests == list(result.sent_requests)
    assert (sidecar.bindings, sidecar.invocations) == ([], [])


def test_severities_are_checked() -> None:
    with pytest.raises(ConfigurationError, match="'Anger' is not a harm category"):
        SafetyAnalysis({"Anger": 1})
    with pytest.raises(ConfigurationError, match="from 0 to 7, not 8"):
        SafetyWords({"Hate": {"a": 8}})("a")


def test_a_function_gives_severities() -> None:
    policy = (
        "<inbound><llm-content-safety backend-id='a'><categories><category name='Hate' threshold='2'/></categories>"
        "</llm-content-safety></inbound>"
    )
    gateway = Gateway(content_safety=lambda text: {"Hate": len(text)})
    assert gateway.run(policy, Request("POST", "/", json={"prompt": "a"})).response.status_code == 200
    assert gateway.run(policy, Request("POST", "/", json={"prompt": "ab"})).response.status_code == 403
    assert gateway.content_safety.texts == ["a", "ab"]


def test_words_in_any_order_and_case_are_near() -> None:
    first, second, other = map(bag_of_words, ("Where is Paris?", "paris, IS where", "how old are you"))
    assert distance(first, second) == pytest.approx(0)
    assert distance(first, other) > 0.5
    assert distance(bag_of_words(""), first) == 1
