"""Resources of infrastructure code that belong to no API and no product, as parts of a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.infrastructure.resources import segments
from apimpolicy.infrastructure.values import TooLarge, Unknown, Value
from apimpolicy.project.service.described import logger_of, named_value_of, subscription_of, version_set_of
from apimpolicy.project.service.description import (
    BackendDescription,
    CertificateDescription,
    Field,
    IdentityDescription,
    ServiceDescription,
)
from apimpolicy.project.service.resource_entities import blocks_in, first_block, hole_of, id_of, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.project.service.resource_entities import Entity


def _add_service(service: ServiceDescription, entity: Entity) -> None:
    for each in blocks_in(entity.get("identity")):
        if "system" in str(each.get("type", "")).lower():
            service.identities.append(IdentityDescription("system-assigned", entity.origin))
        users = each.get("userAssignedIdentities") or each.get("identity_ids") or ()
        for one in users if isinstance(users, list | dict) else ():
            name = id_of(segments(one)[-1]) if segments(one) else "identity"
            service.identities.append(IdentityDescription(name, entity.origin))
    for each in blocks_in(entity.get("hostnameConfigurations")):
        if each.get("type") == "Proxy":
            service.hosts.append(text_of(each.get("hostName"), entity.origin))
    _add_host_names(service, entity, first_block(entity.get("hosts")).get("proxy"))
    if not (sku := entity.inner_text("sku", "name") if blocks_in(entity.get("sku")) else entity.text("sku")).is_missing:
        service.sku = sku
    legacy = first_block(entity.get("legacyPolicy")).get("xml_content")
    if legacy is not None:
        service.policy = entity.policy_of(legacy, "the global policy", "global")


def _add_hosts(service: ServiceDescription, entity: Entity) -> None:
    _add_host_names(service, entity, entity.get("gateway"))


def _add_host_names(service: ServiceDescription, entity: Entity, blocks: Value) -> None:
    names = (each.get("host_name") for each in blocks_in(blocks))
    service.hosts += [text_of(name, entity.origin) for name in names if name is not None]


def _add_named_value(service: ServiceDescription, entity: Entity) -> None:
    service.named_values.append(named_value_of(entity.id, entity))


def _add_subscription(service: ServiceDescription, entity: Entity) -> None:
    service.subscriptions.append(subscription_of(entity.id, entity, entity.scope()))


def _add_backend(service: ServiceDescription, entity: Entity) -> None:
    from apimpolicy.errors import ConfigurationError
    from apimpolicy.project.folder_backends import backend_of

    made = BackendDescription(entity.id, entity.origin, entity.text("url"), workspace=entity.workspace)
    service.backends.append(made)
    if isinstance(entity.get("url"), Unknown):
        return
    properties = dict(entity.resource.properties)
    pool = first_block(properties.get("pool"))
    unknown = next((each for each in (properties.get("pool"), pool.get("services")) if isinstance(each, Unknown)), None)
    if unknown is not None:  # a pool whose members aren't known is a backend whose URL isn't
        made.url = Field(hole_of(unknown), entity.origin)
        return
    members = blocks_in(pool.get("services"))
    if members and all(each.get("id") is not None for each in members):
        # What is before the last name of a member's id is the service, which needs no stand-in.
        named = [{**each, "id": id_of(segments(each["id"])[-1])} for each in members]
        properties["pool"] = {**pool, "services": named}
    try:
        made.backend = backend_of(entity.origin.file, entity.context.unknown.filled_deeply(properties, entity.origin))
    except (ConfigurationError, TooLarge) as error:
        entity.problem(f"the backend '{entity.id}' can't be used: {error}", f"the backend '{entity.id}'")


def _add_certificate(service: ServiceDescription, entity: Entity) -> None:
    vault = entity.inner_text("keyVault", "secretIdentifier")
    service.certificates.append(CertificateDescription(entity.id, entity.origin, key_vault=vault))


ADDERS: dict[str, Callable[[ServiceDescription, Entity], None]] = {
    "": _add_service,
    "apiversionsets": lambda service, entity: service.version_sets.append(version_set_of(entity.id, entity)),
    "backends": _add_backend,
    "certificates": _add_certificate,
    "hosts": _add_hosts,
    "loggers": lambda service, entity: service.loggers.append(logger_of(entity.id, entity)),
    "namedvalues": _add_named_value,
    "properties": _add_named_value,  # the name of named values until 2019
    "subscriptions": _add_subscription,
}
"""Functions by type of resource."""
