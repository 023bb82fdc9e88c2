"""Compare the requests to other services with the expectations of a test case.

recorded:
  events: {orders-log: [{body: {json: {user: anna}}, partition-key: anna}]}     log-to-eventhub, by logger
  messages: [{queue: orders, body: order 17, properties: {kind: order}}]        send-service-bus-message
  publications: [{pubsub: orders, topic: new, body: "17"}]                      publish-to-dapr
  bindings: [{name: storage, operation: create, data: order 17}]                invoke-dapr-binding
  invocations: 1                                                                what was forwarded to services of Dapr
  metrics: [{name: orders, value: 1, dimensions: {User ID: anna}}]              emit-metric, and of tokens
  judged: [Make a bomb]                                                         llm-content-safety
  identity-requests: [{resource: "https://vault.azure.net", client-id: null}]   authentication-managed-identity
  connections: [{provider-id: github, authorization-id: bot}]                   get-authorization-context
  provider-requests: ["https://login.contoso.example/.well-known/openid-configuration"]
  sql: [{statement: SELECT 1}]                                                  resolvers; likewise cosmos
  published-events: [{subscription: onOrder, body: {json: {id: 17}}}]           publish-event

Each is a list of all there were, in order; of one of them only the members that are named are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.testing.differences import body_differs, differences, requests_differ, text_differs
from apimpolicy.testing.format import RECORDED
from apimpolicy.testing.tree import UNKNOWN_KEY, Tree

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.gateway.engine.result import Result


def _events(gateway: Gateway) -> dict[str, list[Any]]:
    return {name: hub.events for name, hub in gateway.services.event_hubs.hubs.items()}


def _requests(owner: object) -> list[Any]:
    return list(getattr(owner, "requests", ()))


def _provider_requests(gateway: Gateway) -> list[list[str]]:
    return [_requests(source) for source in gateway.services.identities.openid.sources]


_SOURCES: dict[str, Callable[[Gateway], Sequence[Any]]] = {
    "messages": lambda gateway: gateway.service_bus.messages,
    "publications": lambda gateway: gateway.dapr.publications,
    "bindings": lambda gateway: gateway.dapr.bindings,
    "invocations": lambda gateway: gateway.dapr.invocations,
    "judged": lambda gateway: gateway.content_safety.texts,
    "identity-requests": lambda gateway: _requests(gateway.services.identities.managed_identity),
    "connections": lambda gateway: _requests(gateway.services.identities.authorizations),
    "sql": lambda gateway: _requests(gateway.sql),
    "cosmos": lambda gateway: _requests(gateway.cosmos),
}
"""Records of gateway services, oldest first."""


class Recording:
    """A recording of what a gateway's services get from now on."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._known = {name: len(source(gateway)) for name, source in _SOURCES.items()}
        self._known_events = {name: len(events) for name, events in _events(gateway).items()}
        self._known_by_provider = [len(urls) for urls in _provider_requests(gateway)]

    def since(self, name: str) -> list[Any]:
        if name == "provider-requests":
            asked = zip(_provider_requests(self._gateway), self._known_by_provider, strict=True)
            return [url for urls, known in asked for url in urls[known:]]
        return list(_SOURCES[name](self._gateway)[self._known[name] :])

    def events(self, logger: str) -> list[Any]:
        return list(_events(self._gateway).get(logger, ())[self._known_events.get(logger, 0) :])


def differences_of(tree: Tree, result: Result, recording: Recording) -> Iterator[str]:
    """Yield a sentence for each thing that services did not get, or got besides. Raises TestFileError."""
    for name, wanted in tree.known(RECORDED).items():
        if name == "events":
            for logger, events in wanted.table().items():
                yield from _list(events, recording.events(logger), f"events of '{logger}'")
        elif name == "metrics":
            yield from _list(wanted, result.metrics, name)
        elif name == "published-events":
            yield from _list(wanted, result.published_events, name)
        elif name == "invocations":
            yield from requests_differ(wanted, recording.since(name), "forwarded to Dapr services")
        else:
            yield from _list(wanted, recording.since(name), name)


def _list(tree: Tree, got: Sequence[Any], what: str) -> Iterator[str]:
    items = tree.items()
    if len(items) != len(got):
        yield f"expected {len(items)} {what}, got {len(got)}: {', '.join(map(_shown, got)) or 'none'}"
    for number, (item, one) in enumerate(zip(items, got, strict=False), 1):
        whose = f"{what} [{number}]"
        if isinstance(item.value, dict) and not isinstance(one, str):
            for key, part in item.table().items():
                yield from _member(part, one, key.replace("_", "-"), whose)
        else:
            yield from _text(item, one, whose)


def _member(tree: Tree, owner: Any, key: str, whose: str) -> Iterator[str]:
    """Yield the differences of one member; parts of a text body can be expected."""
    text = getattr(owner, "text", getattr(owner, "body", None)) if key == "body" else None
    if isinstance(text, str):
        yield from body_differs(tree, text, f"{whose} body")
        return
    if not hasattr(owner, key.replace("-", "_")):
        raise tree.mistake(UNKNOWN_KEY, f"unknown key '{key}'", at_key=True)
    got = plain(getattr(owner, key.replace("-", "_")))
    if isinstance(got, str) or (got is None and isinstance(tree.value, dict)):
        yield from _text(tree, got, f"{whose} {key}")
    else:
        yield from differences(tree.plain(), got, f"{whose} {key}", subset=False)


def _text(tree: Tree, got: str | None, what: str) -> Iterator[str]:
    if got is None or tree.value is None:
        if got is not tree.value:
            yield f"expected {what} to be {tree.value!r}, got {got!r}"
    else:
        yield from text_differs(tree, got, what)


def plain(value: Any) -> Any:
    """Return a record as what JSON has: members of no value are left out of tables inside."""
    if hasattr(value, "__attrs_attrs__"):
        value = {each.name.replace("_", "-"): getattr(value, each.name) for each in value.__attrs_attrs__}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if item is not None}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _shown(one: Any) -> str:
    return repr(getattr(one, "text", one))
