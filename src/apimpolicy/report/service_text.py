"""The APIs and operations of a service, with the number of policies at each scope, on a terminal.

orders at /test/orders, Orders
  policies: 2 of all APIs, 1 of the product starter, 3 of the API
  GET     /
  GET     /{id}    2 policies of its own
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.audit.requests import prefix_of
from apimpolicy.dotnet.values import from_utf16
from apimpolicy.engine.service_requests import documents_of, operations_with_policies
from apimpolicy.errors import ApimPolicyError
from apimpolicy.policies.spec import SECTIONS
from apimpolicy.report.columns import printable
from apimpolicy.report.effective_text import content
from apimpolicy.report.explanation_notes import api_in_words
from apimpolicy.text.document import Element
from apimpolicy.text.holes import UNKNOWN_POLICIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.engine.gateway import Gateway
    from apimpolicy.engine.service import AnyPolicy, Service, ServiceApi
    from apimpolicy.report.style import Style


def service_text(gateway: Gateway, service: Service, style: Style) -> str:
    """Return a paragraph for each API: its name and path, policies by scope, and operations."""
    return style.fit("\n\n".join("\n".join(_api(gateway, service, api, style)) for api in service.apis))


def example_url(service: Service) -> str:
    """Return the path of a GET operation, else of an API, for an example of a request."""
    for api in service.apis:
        for described, _ in operations_with_policies(api, documents_of(api)):
            template = from_utf16(described.operation.url_template)
            is_plain = not any(sign in template for sign in "{*?")
            if described.operation.method.upper() == "GET" and is_plain and _is_in_path(api):
                return f"{prefix_of(api)}/{template.strip('/')}".rstrip("/") or "/"
    return (prefix_of(service.apis[0]) if service.apis else "") or "/"


def _is_in_path(api: ServiceApi) -> bool:
    """Return whether the URL alone selects the version of an API: no header and no parameter does."""
    return api.version_set is None or api.version_set.scheme == "segment" or not api.api.version


def _api(gateway: Gateway, service: Service, api: ServiceApi, style: Style) -> Iterator[str]:
    name = f", {from_utf16(api.api.name)}" if api.api.name else ""
    yield style.paint("strong", printable(api_in_words(api))) + printable(name)
    workspace = None if api.workspace is None else service.workspaces[api.workspace].policy
    scopes = [(service.policy, "all APIs"), (workspace, f"the workspace {api.workspace}")]
    scopes += [(product.policy, f"the product {product.id}") for product in service.products_of(api)]
    scopes += [(api.policy, "the API")]
    counts = [f"{_count(gateway, policy)} of {whose}" for policy, whose in scopes if policy is not None]
    yield printable(f"  policies: {', '.join(counts) or 'none'}")
    operations = operations_with_policies(api, documents_of(api))
    shown = [(each.operation.method, from_utf16(each.operation.url_template), policy) for each, policy in operations]
    widest = max((len(template) for _, template, _ in shown), default=0)
    for method, template, policy in shown:
        count = "" if policy is None else f"{_count(gateway, policy)} of its own"
        yield printable(f"  {method:7} {template:{widest}}  {count}".rstrip())
    if not shown:
        yield "  every request below its path"


def _count(gateway: Gateway, policy: AnyPolicy) -> str:
    """Return the number of policies in the sections of a document, without those inside of others."""
    try:
        document = gateway.policies.document(policy, "policy")
    except ApimPolicyError:
        return "unreadable ones"
    nodes = [node for section in SECTIONS for node in content(document, section) or ()]
    if any(isinstance(node, Element) and _is_unknown(node) for node in nodes):
        return "unknown ones"
    return str(sum(isinstance(node, Element) and node.name != "base" for node in nodes))


def _is_unknown(element: Element) -> bool:
    fragment = element.get("fragment-id")
    return fragment is not None and fragment.value.text.startswith(UNKNOWN_POLICIES)
