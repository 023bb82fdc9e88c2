"""The resources of Terraform's providers `azurerm` and `azapi` as Azure Resource Manager has them.

Source: https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.project.infrastructure.resources import (
    PROVIDER,
    Resource,
    id_below,
    names_in,
    properties_of,
    service_in,
)
from apimpolicy.project.infrastructure.terraform.templates import as_template
from apimpolicy.project.infrastructure.terraform.texts import decode_json
from apimpolicy.project.infrastructure.values import SourcedText, Unknown, Value, blocks_in, hole, is_known, joined

if TYPE_CHECKING:
    from apimpolicy.project.infrastructure.terraform.instances import Instance
    from apimpolicy.text.source import Source

    Get = Callable[[str], Value]

PREFIX = "azurerm_api_management"
AZAPI = ("azapi_resource", "azapi_update_resource", "azapi_resource_action")


class ResourceMapping(NamedTuple):
    """A type of resource: the one of Resource Manager, the attributes with its names, and those with its properties.

    A property is written `property=attribute`, and where both are spelled alike in their own style, by the attribute.
    """

    type: str
    names: str
    properties: str


_POLICY = "value=xml_content link=xml_link"
_PRODUCT = "display_name subscription_required approval_required subscriptions_limit published"
_SUBSCRIPTION = "display_name product_id api_id user_id state primary_key secondary_key allow_tracing"
_API = (
    "display_name path protocols service_url api_revision=revision api_version=version"
    " api_version_set_id=version_set_id subscription_required names=subscription_key_parameter_names"
    " type=api_type soap=soap_pass_through import"
)
_VERSIONS = "versioning_scheme version_header_name version_query_name"

_IDS = {"api_management_workspace_id": ("workspaces",), "api_id": ("apis",), "api_operation_id": ("apis", "operations")}
"""Attributes that are ids, with the kinds whose names they have."""

KINDS: dict[str, ResourceMapping] = {
    "": ResourceMapping("", "", "identity sku=sku_name hosts=hostname_configuration legacy_policy=policy"),
    "_api": ResourceMapping("apis", "name", _API),
    "_api_operation": ResourceMapping(
        "apis/operations", "api_name operation_id", "display_name method url_template template_parameter request"
    ),
    "_api_operation_policy": ResourceMapping("apis/operations/policies", "api_name operation_id", _POLICY),
    "_api_policy": ResourceMapping("apis/policies", "api_name", _POLICY),
    "_api_operation_tag": ResourceMapping("apis/operations/tags", "api_operation_id name", ""),
    "_api_schema": ResourceMapping("apis/schemas", "api_name schema_id", "content_type value components definitions"),
    "_api_tag": ResourceMapping("apis/tags", "api_id name", ""),
    "_api_version_set": ResourceMapping("apiversionsets", "name", _VERSIONS),
    "_backend": ResourceMapping("backends", "name", "url protocol title description credentials proxy tls resource_id"),
    "_certificate": ResourceMapping("certificates", "name", "data key_vault_secret_id"),
    "_custom_domain": ResourceMapping("hosts", "", "gateway"),
    "_diagnostic": ResourceMapping("diagnostics", "identifier", "frontend_response"),
    "_group": ResourceMapping("groups", "name", "display_name"),
    "_logger": ResourceMapping("loggers", "name", "application_insights eventhub"),
    "_named_value": ResourceMapping("namedvalues", "name", "display_name value secret key_vault=value_from_key_vault"),
    "_policy": ResourceMapping("policies", "", _POLICY),
    "_policy_fragment": ResourceMapping("policyfragments", "name", "value format"),
    "_product": ResourceMapping("products", "product_id", _PRODUCT),
    "_product_api": ResourceMapping("products/apis", "product_id api_name", ""),
    "_product_group": ResourceMapping("products/groups", "product_id group_name", ""),
    "_product_policy": ResourceMapping("products/policies", "product_id", _POLICY),
    "_property": ResourceMapping("namedvalues", "name", "display_name value secret"),
    "_subscription": ResourceMapping("subscriptions", "subscription_id", _SUBSCRIPTION),
    "_user": ResourceMapping("users", "user_id", "first_name last_name email state"),
    "_workspace": ResourceMapping("workspaces", "name", "display_name"),
    "_workspace_api_version_set": ResourceMapping(
        "workspaces/apiversionsets", "api_management_workspace_id name", _VERSIONS
    ),
    "_workspace_certificate": ResourceMapping("workspaces/certificates", "api_management_workspace_id name", ""),
    "_workspace_policy": ResourceMapping("workspaces/policies", "api_management_workspace_id", _POLICY),
    "_workspace_policy_fragment": ResourceMapping(
        "workspaces/policyfragments", "api_management_workspace_id name", "value=xml_content"
    ),
}
"""Types of resources by what follows `azurerm_api_management`."""


def resource_of(instance: Instance) -> Resource | None:
    """Return an instance as Resource Manager has it; None if it isn't of API Management."""
    made = resource_from(instance.type, instance.get, instance.address, instance.block.source, instance.block.start)
    if made is None:
        return None
    kind = KINDS.get(instance.type.removeprefix(PREFIX))
    made.places = {name: instance.place(attribute) for name, attribute in pairs_of(kind)} if kind is not None else {}
    made.doubts = instance.module.doubts | {instance.doubt} - {""}
    if (call := instance.module.assumed_at) is not None:
        made.source, made.start, made.places, made.is_assumed = call.source, call.start, {}, True
    return made


def resource_from(type_: str, get: Get, address: str, source: Source, start: int) -> Resource | None:
    """Return a resource with these attributes as Resource Manager has it; None if it isn't of API Management."""
    if type_ in AZAPI:
        is_update = type_ != AZAPI[0]
        if type_ == "azapi_resource_action" and get("method") not in ("PUT", "PATCH"):
            return None
        made = _azapi(get, address, source, start)
        return made.replaced(is_update=True) if made is not None and is_update else made
    kind = KINDS.get(type_.removeprefix(PREFIX)) if type_.startswith(PREFIX) else None
    if kind is None:
        return None
    names, properties = from_attributes(kind, get, address)
    return Resource(kind.type, names, properties, source, start, address, service=_service(type_, get))


def _service(type_: str, get: Get) -> Value:
    """Return the name of the service that a resource is in, which it names itself or by an id."""
    name = get("name" if type_ == PREFIX else "api_management_name")
    if name is not None or type_ == PREFIX:
        return name
    ids = (get(attribute) for attribute in ("api_management_id", *_IDS))
    return next((service_in(id_) for id_ in ids if id_ is not None), None)


@cache
def pairs_of(kind: ResourceMapping) -> list[tuple[str, str]]:
    """Return the properties of a kind with the attributes that have them."""
    found: list[tuple[str, str]] = []
    for each in kind.properties.split():
        name, _, attribute = each.partition("=")
        head, *rest = name.split("_")
        found.append((head + "".join(word.title() for word in rest), attribute or name))
    return found


def from_attributes(kind: ResourceMapping, get: Get, address: str) -> tuple[list[Value], dict[str, Value]]:
    """Return the names and the properties of a resource of `azurerm`; `get` returns attributes."""
    names: list[Value] = []
    for attribute in kind.names.split():
        name = get(attribute)
        within = names_in(name, _IDS.get(attribute, ()))
        names += within or [Unknown(f"{address}.{attribute}") if name is None else name]
    properties = {name: value for name, attribute in pairs_of(kind) if (value := get(attribute)) is not None}
    change = _CHANGES.get(kind.type.rpartition("/")[2])
    return names, change(properties) if change is not None else properties


def first(value: Value) -> Mapping[str, Value]:
    """Return the only block of a list of blocks; an empty one if there is none."""
    found = value[0] if isinstance(value, list) and value else value
    return found if isinstance(found, dict) else {}


def _api(properties: dict[str, Value]) -> dict[str, Value]:
    names, imported = first(properties.pop("names", None)), first(properties.pop("import", None))
    if names:
        properties["subscriptionKeyParameterNames"] = dict(names)
    if imported:
        properties["format"], properties["value"] = imported.get("content_format"), imported.get("content_value")
    if properties.pop("soap", None) is True:
        properties["type"] = "soap"
    return properties


def _operation(properties: dict[str, Value]) -> dict[str, Value]:
    properties["templateParameters"] = properties.pop("templateParameter", None)
    request = first(properties.get("request"))
    properties["request"] = {
        "queryParameters": request.get("query_parameter"),
        "headers": request.get("header"),
        "representations": [
            {"contentType": each.get("content_type"), "typeName": each.get("type_name")}
            for each in blocks_in(request.get("representation"))
        ],
    }
    return properties


def _diagnostic(properties: dict[str, Value]) -> dict[str, Value]:
    count = first(properties.pop("frontendResponse", None)).get("body_bytes")
    return {**properties, "frontend": {"response": {"body": {"bytes": count}}}}


def _schema(properties: dict[str, Value]) -> dict[str, Value]:
    found = {name: properties.pop(name, None) for name in ("components", "definitions")}
    document = {name: decode_json(each) for name, each in found.items() if isinstance(each, str) and is_known(each)}
    return {**properties, "document": document} if document else properties


def _product(properties: dict[str, Value]) -> dict[str, Value]:
    published = properties.pop("published", None)
    if published is not None:
        names = {True: "published", False: "notPublished"}
        properties["state"] = names[published] if isinstance(published, bool) else published
    return properties


def _subscription(properties: dict[str, Value]) -> dict[str, Value]:
    product, api, user = (properties.pop(name, None) for name in ("productId", "apiId", "userId"))
    scope: Value = "/apis"
    for kind, id_ in (("products", product), ("apis", api)):
        if id_ is not None:
            scope = id_below("", kind, (names_in(id_, [kind]) or [id_])[-1])
    properties["scope"] = scope
    if user is not None:
        properties["ownerId"] = user
    return properties


def _named_value(properties: dict[str, Value]) -> dict[str, Value]:
    vault = first(properties.pop("keyVault", None)).get("secret_id")
    return properties if vault is None else {**properties, "keyVault": {"secretIdentifier": vault}}


def _backend(properties: dict[str, Value]) -> dict[str, Value]:
    credentials, tls = first(properties.pop("credentials", None)), first(properties.pop("tls", None))
    authorization = first(credentials.get("authorization"))
    if credentials:
        properties["credentials"] = {
            "certificate": credentials.get("certificate"),
            "header": _lists(credentials.get("header")),
            "query": _lists(credentials.get("query")),
            "authorization": dict(authorization) or None,
        }
    if tls:
        properties["tls"] = {
            "validateCertificateChain": tls.get("validate_certificate_chain"),
            "validateCertificateName": tls.get("validate_certificate_name"),
        }
    properties.pop("proxy", None)
    return properties


def _lists(value: Value) -> Value:
    if not isinstance(value, dict):
        return value
    return {name: each.split(",") if isinstance(each, str) and is_known(each) else each for name, each in value.items()}


def _certificate(properties: dict[str, Value]) -> dict[str, Value]:
    vault = properties.pop("keyVaultSecretId", None)
    return properties if vault is None else {**properties, "keyVault": {"secretIdentifier": vault}}


def _logger(properties: dict[str, Value]) -> dict[str, Value]:
    return {"loggerType": "azureEventHub" if "eventhub" in properties else "applicationInsights"}


def _policy(properties: dict[str, Value]) -> dict[str, Value]:
    return {"format": "rawxml", **properties}  # as which the provider sends `xml_content`


_CHANGES: dict[str, Callable[[dict[str, Value]], dict[str, Value]]] = {
    "apis": _api,
    "backends": _backend,
    "certificates": _certificate,
    "diagnostics": _diagnostic,
    "loggers": _logger,
    "namedvalues": _named_value,
    "operations": _operation,
    "policies": _policy,
    "products": _product,
    "schemas": _schema,
    "subscriptions": _subscription,
}
"""Names that differ from those of Resource Manager, by the last part of the type."""


# azapi


def _azapi(get: Get, address: str, source: Source, start: int) -> Resource | None:
    written = get("type")
    type_ = written.partition("@")[0].lower() if isinstance(written, str) else ""
    if type_ != PROVIDER and not type_.startswith(f"{PROVIDER}/"):
        return None
    kinds = type_.removeprefix(PROVIDER).strip("/").split("/") if type_ != PROVIDER else []
    names: list[Value] = []
    parent, id_ = get("parent_id"), get("resource_id")
    if id_ is not None:
        names = names_in(id_, kinds)
        names = [Unknown(f"{address}.resource_id")] * (len(kinds) - len(names)) + names
    elif kinds:
        above = names_in(parent, kinds[:-1])
        missing = len(kinds) - 1 - len(above)
        names = [parent if isinstance(parent, Unknown) else Unknown(str(parent))] * missing + above
        names.append(get("name"))
    body = get("body")
    if isinstance(body, str):
        body = decode_json(body)
    properties = properties_of(body.get("properties") if isinstance(body, dict) else body)
    if not kinds and isinstance(body, dict) and "sku" in body:
        properties["sku"] = body["sku"]
    service = get("name") if not kinds and id_ is None else service_in(parent if id_ is None else id_)
    return Resource("/".join(kinds), names, properties, source, start, address, service=service)


# What the provider computes


def computed(instance: Instance, name: str) -> Value:
    """Return an attribute that nothing sets. Raises LookupError when it isn't known."""
    if name == "id":
        return _id(instance)
    if name == "gateway_url" and instance.type == PREFIX:
        service = instance.get("name")
        text = hole(service) if isinstance(service, Unknown) else service
        return joined(["https://", text, ".azure-api.net"])
    if name == "subscription_id" and instance.type == f"{PREFIX}_subscription":
        return Unknown(f"{instance.address}.{name}")
    if name == "output" and instance.type in AZAPI:
        return instance.get("body")
    if name == "content" and instance.type == "local_file":
        return SourcedText.file(instance.module.file(instance.get("filename")))
    if name == "rendered" and instance.type == "template_file":
        template = as_template(instance.get("template"), instance.block.source.path)
        return instance.module.rendered(template, instance.get("vars"))
    raise LookupError(name)


def _id(instance: Instance) -> Value:
    """Return the id of a resource: `/service/<name>` and the kinds and names below it."""
    if instance.type in AZAPI and instance.has("resource_id"):
        return instance.get("resource_id")
    if instance.type in AZAPI:
        kind = str(instance.get("type")).partition("@")[0].rpartition("/")[2]
        return id_below(instance.get("parent_id"), kind, instance.get("name"))
    found = KINDS.get(instance.type.removeprefix(PREFIX)) if instance.type.startswith(PREFIX) else None
    if found is None or not found.type or len(found.type.split("/")) != len(found.names.split()):
        if instance.type == PREFIX:
            return id_below("", "service", instance.get("name"))
        raise LookupError
    names, _ = from_attributes(ResourceMapping(found.type, found.names, ""), instance.get, instance.address)
    id_: Value = ""
    for kind, name in zip(found.type.split("/"), names, strict=True):
        id_ = id_below(id_, kind, name)
    if found.type == "apis" and isinstance(revision := instance.get("revision"), str) and is_known(revision):
        return joined([id_, f";rev={revision}"])  # the provider's id of an API is that of its revision
    return id_
