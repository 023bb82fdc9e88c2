"""Subscription keys: which requests are admitted, and their product, subscription and user in `context`.

Documented: the key is in a header, else in the query, under names that each API may change. It is good for an active
subscription of the API, of a product with the API, of all APIs, or for the built-in all-access one. Without a key the
request goes to the product of the API that needs no subscription, else to an API that needs none. Only a subscription
of a product, and such an open product, bring the product's policies. A key that does not exist is refused, even where
none is needed.

An API in an open product accepts the key of another product (release notes of November 2024). Our choice: the request
then continues like one without a key.

Seen on real gateways: status 401 with the reason `Access Denied`, the header WWW-Authenticate, and the text about a
missing key, where the documentation ends it in "to this API" instead of "to an API".

Source: https://learn.microsoft.com/azure/api-management/api-management-subscriptions
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.gateway.policies.surroundings import PolicyError, azure_error
from apimpolicy.text.source import from_utf16, to_utf16

if TYPE_CHECKING:
    from apimpolicy.gateway.context.entities import Subscription, User
    from apimpolicy.gateway.context.messages import RequestMessage
    from apimpolicy.gateway.engine.api_routing import RoutedApi
    from apimpolicy.gateway.engine.service import Service, ServiceApi, ServiceProduct, ServiceSubscription


class Admission(NamedTuple):
    """The product, subscription and user of an admitted request."""

    product: ServiceProduct | None = None
    subscription: Subscription | None = None
    user: User | None = None
    allow_tracing: bool = False


def admit(service: Service, routed: RoutedApi, request: RequestMessage) -> Admission:
    """Return the context of a request for an API. Raises PolicyError with status 401."""
    api = routed.api
    key = key_of(api, request)
    opened = open_product(service, api)
    if key is not None and (service.subscriptions or api.subscription_required):
        known = [each for each in service.subscriptions if each.state == "active" and _has_key(each, to_utf16(key))]
        for each in known:
            if _opens(service, each, api):
                used = copy.copy(each.subscription)
                used.key = to_utf16(key)
                return Admission(_product_of(service, each), used, each.user, each.allow_tracing)
        if opened is None or not any(each.target[0] == "products" for each in known):
            raise _refusal("subscription-key-invalid", routed, request)
    if needs_key(service, api):
        raise _refusal("subscription-key-missing", routed, request)
    return Admission(opened)


def open_product(service: Service, api: ServiceApi) -> ServiceProduct | None:
    """Return the product to which requests without a key go: one with the API that needs no subscription."""
    return next((each for each in service.products_of(api) if not each.product.subscription_required), None)


def needs_key(service: Service, api: ServiceApi) -> bool:
    return asks_for_key(service, api) and open_product(service, api) is None


def asks_for_key(service: Service, api: ServiceApi) -> bool:
    """Return whether an API requires a key, whatever products it is in."""
    return bool(service.subscriptions) if api.subscription_required is None else api.subscription_required


def is_open(service: Service, api: ServiceApi) -> bool:
    """Return whether any caller, or one with the key of an active subscription, reaches an API."""
    products = service.products_of(api)
    if not api.subscription_required or any(not each.product.subscription_required for each in products):
        return True
    return any(each.state == "active" and _opens(service, each, api) for each in service.subscriptions)


def key_of(api: ServiceApi, request: RequestMessage) -> str | None:
    """Return the key that came with a request: the header's before the query's."""
    names = api.api.subscription_key_parameter_names
    header = request.headers.joined(from_utf16(names.header))
    if header is not None:
        return from_utf16(header)
    values = request.url.query.get_all(names.query)
    return from_utf16(values[0]) if values else None


def _has_key(subscription: ServiceSubscription, key: str) -> bool:
    return key in (subscription.subscription.primary_key, subscription.subscription.secondary_key)


def _opens(service: Service, subscription: ServiceSubscription, api: ServiceApi) -> bool:
    kind, name = subscription.target
    if kind == "products":
        return any(product.id == name for product in service.products_of(api))
    return not name or name in (api.id, api.base_id)


def _product_of(service: Service, subscription: ServiceSubscription) -> ServiceProduct | None:
    kind, name = subscription.target
    return next((each for each in service.products if kind == "products" and each.id == name), None)


def _refusal(text: str, routed: RoutedApi, request: RequestMessage) -> PolicyError:
    name = from_utf16(routed.api.api.subscription_key_parameter_names.header)
    realm = f"{from_utf16(request.url.scheme)}://{from_utf16(request.url.host)}/{routed.prefix}".rstrip("/")
    challenge = f'AzureApiManagementKey realm="{realm}",name="{name}",type="header"'
    return azure_error(text, headers={"WWW-Authenticate": challenge})
