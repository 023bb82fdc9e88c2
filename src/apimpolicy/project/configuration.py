"""The simulated gateway as a TOML file, `apimpolicy.toml`.

    negotiate-client-certificate = true               # off in Azure unless you turn it on; or a list of hosts
    now = 2026-01-01T00:00:00Z
    origin = "https://contoso.example"                # of requests whose URL begins with /
    trusted-roots = ["ca.pem"]                        # also: intermediates, revocation-lists
    unreachable-revocation-lists = ["ca.pem"]         # authorities whose lists cannot be fetched

    [certificates]                                    # the uploaded ones, context.Deployment.Certificates
    partner = "partner.pem"
    legacy = {path = "legacy.pfx", password = "…"}
    vaulted = {key-vault = "contoso-kv", name = "partner"}
    made-up = {self-signed = "CN=partner"}            # made anew each time, trusted by nothing; also: thumbprint

    [key-vaults.contoso-kv]
    partner = ["old.pem", "new.pem"]                  # the versions; the newest, which policies see, is the last

    [named-values]
    partner-thumbprint = "A1B2…"

    [fragments]
    check-caller = "fragments/check-caller.xml"

    [schemas]                                         # by the ids that validate-content names; also, above:
    order = "order.schema.json"                       # openapi = "orders.yaml", wsdl, graphql-schema

    [backend]                                         # what answers a forwarded request; see project/identity_tables.py
    status = 200                                      # for [outside] and [[answers]], identity_tables.py for who
    json = {orders = []}                              # issues tokens, gateway_settings.py for further keys

    [backends]                                        # by id: base URLs, and more, see project/backend_tables.py
    orders = "https://orders.internal"

    [apis.orders]                                     # a whole service, see project/service_tables.py; also, above:
    path = "orders"                                   # service = "extracted", a folder in the layout of APIOps

    [api]                                             # also: operation, product, subscription, user, deployment
    id = "orders"

    [check]                                           # see project/check_configuration.py
    ignore = ["POL409"]

    external = ["backends/shared-*"]                  # above: what lives elsewhere, see project/declared.py

    [environments.prod.named-values]                  # replaces keys in an environment, see project/environments.py
    partner-thumbprint = "C3D4…"

    [serve]                                           # see project/serve_settings.py
    workers = 4

    [audit]                                           # see project/audit_settings.py
    require = "token or certificate"

    [gate]                                            # see project/gate_settings.py
    allow = ["weaker"]

    [[claims]]                                        # see testing/claims/configured.py; also [prove], their bounds
    never = {status = 500, by = "gateway"}

Paths are relative to the file. Every mistake is a ConfigurationError that names file, line and key.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.policies.placement import simulated_tier
from apimpolicy.project import environments
from apimpolicy.project.answer_tables import AnswerTables, DescriptionPaths
from apimpolicy.project.authority import CERTIFICATE_FILE
from apimpolicy.project.declared import Declared, declared_in, external_patterns
from apimpolicy.project.files import read_bytes
from apimpolicy.project.format_settings import style_of
from apimpolicy.project.gateway_settings import GatewayTables
from apimpolicy.project.identity_tables import IdentityTables
from apimpolicy.project.named_values import checked_named_values, written_configuration
from apimpolicy.project.service.leniency import KeptServices, Leniency, leniency, may_need_stand_ins, settings_key
from apimpolicy.project.service_tables import ServiceTables, entity_of, is_document
from apimpolicy.project.toml_table import Table

if TYPE_CHECKING:
    from apimpolicy.checks.rule import Rule
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.gateway.engine.document import AnyPolicy
    from apimpolicy.gateway.engine.exchange import MissingPart
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.project.audit_settings import AuditSettings
    from apimpolicy.project.check_configuration import CheckConfiguration
    from apimpolicy.project.gate_settings import GateSettings
    from apimpolicy.project.service.building import ServiceParts
    from apimpolicy.project.service.description import ServiceDescription

_TABLES = ("api", "operation", "product", "subscription", "user", "deployment")


class Configuration:
    """A configuration file that has been read; `gateway` makes what it describes.

    Keys and kinds of values are checked when the file is loaded, other files when `gateway` needs them.
    """

    def __init__(self, table: Table) -> None:
        self.path = table.file
        self._table = table
        self.says_negotiation = "negotiate-client-certificate" in table
        self.negotiate_client_certificate = _negotiation(table)
        self.now = _utc(table.take("now", datetime.datetime))
        self._files = {
            name: [table.path(path, CERTIFICATE_FILE) for path in table.texts(name) or ()]
            for name in ("trusted-roots", "intermediates", "revocation-lists", "unreachable-revocation-lists")
        }
        self._certificates = table.table("certificates")
        self._key_vaults = table.table("key-vaults")
        named_values = table.take("named-values", dict)
        self.named_values = checked_named_values(named_values, self.path) if named_values is not None else None
        self._fragments = table.table("fragments")
        self._descriptions = DescriptionPaths(table)
        self._answers = AnswerTables(table)
        self._identities = IdentityTables(table)
        self._settings = GatewayTables(table)
        self._backends = table.table("backends")
        self._check = table.table("check")
        if self._check is not None:
            self.check()
        self.style = style_of(table.table("format"))
        serve = table.table("serve")
        self.serve: dict[str, Any] = {}
        if serve is not None:
            from apimpolicy.project.serve_settings import serve_settings

            self.serve = serve_settings(serve)
        table.take("claims", list)  # `testing.claims.configured` reads these two, for `prove`
        table.take("prove", dict)
        self.audit = _audit_settings(audit) if (audit := table.table("audit")) is not None else None
        self._gate = table.table("gate")
        if self._gate is not None:
            self.gate()
        self._service = ServiceTables(table)
        self._described: dict[tuple[str | None, ...], ServiceDescription | None] = {}
        self.external = external_patterns(table)
        self.environments = environments.environment_tables({environments.TABLE: table.take(environments.TABLE, dict)})
        self._entities = {name: entity for name in _TABLES if (entity := table.table(name)) is not None}
        table.finish()
        for name, own in self.environments.items():
            table.within(own, f"{environments.TABLE}.{name}").finish((*environments.OWN_KEYS, *table.keys))

    def declared(self, *others: Mapping[str, Any]) -> Declared:
        """Return the resources that the file, and other tables of its form, declare."""
        return declared_in(self._table.values, *others, external=self.external)

    def check(self, rules: tuple[type[Rule], ...] | None = None) -> CheckConfiguration:
        """Read the table `[check]`. With `rules`, the additional ones, codes are validated too."""
        from apimpolicy.project.check_configuration import CheckConfiguration, check_configuration

        return CheckConfiguration() if self._check is None else check_configuration(self._check, rules)

    def gate(self) -> GateSettings:
        """Read the table `[gate]`. Raises ConfigurationError."""
        from apimpolicy.project.gate_settings import gate_settings

        return gate_settings(self._gate)

    @property
    def answers_for_backends(self) -> bool:
        return self._answers.has_backend

    @property
    def answers_for_outside(self) -> bool:
        return self._answers.has_outside

    @property
    def says_seed(self) -> bool:
        return "seed" in self._settings.settings()

    @property
    def service_folder(self) -> str | None:
        """The folder that `service` names."""
        return self._service.folder

    def completed(self, service: ServiceDescription) -> ServiceDescription:
        """Add to a description what the table `service` has. Raises ConfigurationError."""
        return self._service.completed(service)

    def as_written(self, folder: str | None) -> ServiceDescription | None:
        """Return the service with the parts that don't fit, which `described` leaves out. Raises ConfigurationError."""
        return self._service.as_written(folder)

    @property
    def has_service(self) -> bool:
        return not self._service.is_empty

    def described(self, folder: str | None) -> ServiceDescription | None:
        """Return the service of a folder, or of the one that the file names, in the selected environment.

        It is read once. Raises ConfigurationError.
        """
        from apimpolicy.project.service.reading import kept_description

        key = folder, environments.selected(), environments.service_name()
        if key not in self._described:
            surroundings = (self.path, settings_key(self._table.values), *key)
            self._described[key] = kept_description(
                surroundings, lambda: self._service.described(folder, self.declared())
            )
        return self._described[key]

    def gateway(
        self,
        folder: str | None = None,
        *,
        policies: Iterable[AnyPolicy] = (),
        further_named_values: Mapping[str, str] | None = None,
        further_revocation_lists: Sequence[bytes] = (),
        kept: KeptServices | None = None,
        **overrides: Any,
    ) -> Gateway:
        """Make the gateway that the file describes, with the service of a folder if one is given.

        Inside of `lenient()` what the service and `policies` need besides is stood in for, and problems of the folder
        disable their part; `further_named_values` are those that a caller adds, `kept` has what was read for other
        gateways of the same files. Raises ConfigurationError.
        """
        self._check_environment(folder or self._service.folder)
        kept = KeptServices() if kept is None else kept
        description = kept.description(folder, self._table.values, lambda: self.described(folder))
        lenience, policies = leniency(), list(policies)
        if lenience is not None and (description is not None or self.has_service or may_need_stand_ins(policies)):
            lists, values = further_revocation_lists, further_named_values or {}
            return self._completed(lenience, description, policies, lists, values, kept, overrides)
        problems = [] if description is None else [problem for problem in description.problems if problem.is_error]
        if problems:
            raise ConfigurationError("\n".join(map(str, problems)))
        has_service = description is not None or self.has_service
        parts = self._service.parts(description) if has_service else None
        settings = self._settings_with(parts)
        gateway = self._gateway(settings, parts, further_revocation_lists, overrides, description)
        if has_service:
            given_settings = settings | overrides | {"connections": self._connections()}
            gateway.missing = cache(partial(self._missing, given_settings, description))
        return gateway

    def _missing(self, known: dict[str, Any], description: ServiceDescription | None) -> list[MissingPart]:
        """Return what stand-ins would be made for."""
        from apimpolicy.gateway.engine.exchange import MissingPart
        from apimpolicy.project.service.completion import completion

        found = completion(known, self._service.parts(description), (), description).stand_ins
        return [
            MissingPart(each.kind, f"the {each.kind} '{each.name}' ({each.purpose})", *each.origin[:2])
            for each in found
        ]

    def _connections(self) -> list[tuple[Any, Any]]:
        rows = self._table.values.get("authorizations") or ()
        return [(row.get("provider"), row.get("id")) for row in rows if isinstance(row, dict)]

    def _completed(
        self,
        lenience: Leniency,
        description: ServiceDescription | None,
        policies: Iterable[AnyPolicy],
        lists: Sequence[bytes],
        further_values: Mapping[str, str],
        kept: KeptServices,
        overrides: dict[str, Any],
    ) -> Gateway:
        """Make the gateway with stand-ins, and add these to the list."""
        from apimpolicy.gateway.engine.backends import OpenBackends
        from apimpolicy.project.service.completion import completion, computed_backend

        has_service = description is not None or self.has_service
        parts = self._service.parts(description, is_lenient=True) if has_service else None
        settings = self._settings_with(parts)
        rows = self._table.values.get("authorizations") or ()
        settings["connections"] = self._connections()
        given_settings = settings | overrides | {"named_values": {**settings["named_values"], **further_values}}
        completed = kept.completion(
            description,
            self._table.values,
            given_settings,
            lambda: completion(given_settings, parts, policies, description),
        )
        lenience.add(completed.stand_ins, completed.problems)
        values = environments.merged(completed.table, self._table.values)
        values["authorizations"] = [*completed.table.get("authorizations", ()), *rows]
        whole = Configuration(Table(self.path, {key: value for key, value in values.items() if value != []}))
        parts = whole._service.parts(description, is_lenient=True) if has_service else None
        stood_in = Configuration(Table(self.path, completed.table))._own_settings()
        if "certificates" in overrides:
            overrides["certificates"] = {**stood_in["certificates"], **overrides["certificates"]}
        if "openid_providers" in overrides:
            overrides["openid_providers"] = [*overrides["openid_providers"], *stood_in.get("openid_providers", ())]
        settings = whole._settings_with(parts)
        settings["fragments"] |= completed.fragments
        names = completed.names("named value")
        secrets = frozenset(settings.get("secrets", ()))
        settings["secrets"] = secrets - names
        if description is not None or not (has_service or given_settings.get("backends")):
            settings["backends"] = OpenBackends(settings.get("backends", {}), partial(computed_backend, description))
        gateway = whole._gateway(settings, parts, lists, overrides, description)
        if description is not None:
            gateway.host_names = [host for host_name in description.hosts if (host := host_name.known) is not None]
        gateway.unknown_secrets = secrets & names
        gateway.made_up = {
            "named_values": names | gateway.made_up["named_values"],
            "fragments": completed.names("fragment") | gateway.made_up["fragments"],
            "backends": completed.names("backend"),
        }
        return gateway

    def _settings_with(self, parts: ServiceParts | None) -> dict[str, Any]:
        settings = self._own_settings()
        if parts is not None:
            for name in ("named_values", "fragments", "backends"):
                settings[name] = getattr(parts, name) | settings.get(name, {})
            settings["secrets"] = [name for name in parts.secret_names if name in settings["named_values"]]
        return settings

    def _own_settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {
            "negotiate_client_certificate": self.negotiate_client_certificate,
            "trusted_roots": self._authorities("trusted-roots"),
            "intermediates": self._authorities("intermediates"),
            "revocation_lists": [read_bytes(path) for path in self._files["revocation-lists"]],
            "named_values": self.named_values or {},
            "certificates": self._uploaded(),
            "fragments": self._all_fragments(),
            **self._descriptions.settings(),
            **self._settings.settings(),
            **self._identities.settings(),
            **self._answers.settings(),
        }
        if unreachable := self._authorities("unreachable-revocation-lists"):
            settings["unreachable_revocation_lists"] = unreachable
        if self._backends is not None:
            from apimpolicy.project.backend_tables import backends_of

            settings["backends"] = backends_of(self._backends)
        if self.now is not None:
            settings["now"] = self.now
        return settings | {name: entity_of(name, table) for name, table in self._entities.items()}

    def _gateway(
        self,
        settings: dict[str, Any],
        parts: ServiceParts | None,
        lists: Sequence[bytes],
        overrides: dict[str, Any],
        description: ServiceDescription | None,
    ) -> Gateway:
        from apimpolicy.gateway.engine.exchange import MissingPart
        from apimpolicy.gateway.engine.gateway import Gateway

        tier = None if description is None else simulated_tier(description.sku.known or "")
        if tier is not None:
            settings = {"tier": tier} | settings
        if parts is not None:
            settings["service"] = parts.service()
            settings["fragments"] = dict.fromkeys(parts.unknown_calls, "<fragment />") | settings["fragments"]
        settings = settings | overrides
        settings["revocation_lists"] = [*settings["revocation_lists"], *lists]
        gateway = Gateway(**settings)
        if parts is not None:
            gateway.made_up = parts.made_up
        if description is not None:
            gateway.unread = [MissingPart("", reason, *origin[:2]) for reason, origin in description.undescribed()]
        return gateway

    def _check_environment(self, folder: str | None) -> None:
        """Raises ConfigurationError when the selected environment is none of this configuration or of the folder."""
        name = environments.selected()
        if name is None:
            return
        known = {*self.environments}
        for place in {folder, self._table.directory or os.curdir} - {None}:
            known.update(environments.environments_at(str(place), {}))
        if not environments.is_environment(name, known):
            raise environments.unknown_environment(name, known)

    def _authorities(self, name: str) -> list[Certificate]:
        from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate

        found: list[Certificate] = []
        for path in self._files[name]:
            if not os.path.isfile(path):
                raise self._table.mistake(f"names {path}, which does not exist", name)
            certificate = Certificate.from_file(path)
            found += (certificate, *certificate.intermediates)
        return found

    def _uploaded(self) -> dict[str, Any]:
        table = self._certificates
        if table is None:
            return {}
        vaults = self._vaults()
        return {name: _certificate(table, name, value, vaults) for name, value in table.items()}

    def _vaults(self) -> dict[str, Any]:
        from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
        from apimpolicy.gateway.engine.services import KeyVault

        vaults: dict[str, Any] = {}
        for vault_name, objects in self._key_vaults.items() if self._key_vaults is not None else ():
            assert self._key_vaults is not None
            table = Table(self.path, self._key_vaults.checked(objects, dict, vault_name), f"key-vaults.{vault_name}")
            vault = vaults[vault_name] = KeyVault(vault_name)
            for name, _ in table.items():
                for path in table.texts(name) or ():
                    vault.add(name, Certificate.from_file(table.path(path, CERTIFICATE_FILE)))
        return vaults

    def fragment_paths(self) -> dict[str, str]:
        """Return the files of fragments by id. Raises ConfigurationError, also for one that doesn't exist."""
        table = self._fragments
        paths = {name: table.path(text) for name, text in self._fragment_texts() if table and not is_document(text)}
        for name, path in paths.items():
            if table is not None and not os.path.isfile(path):
                raise table.mistake(f"names the file {path}, which does not exist", name)
        return paths

    def _all_fragments(self) -> dict[str, str | Path]:
        documents = {name: text for name, text in self._fragment_texts() if is_document(text)}
        return {**documents, **{name: Path(path) for name, path in self.fragment_paths().items()}}

    def _fragment_texts(self) -> list[tuple[str, str]]:
        table = self._fragments
        return [] if table is None else [(name, table.checked(given, str, name)) for name, given in table.items()]


def _audit_settings(table: Table) -> AuditSettings:
    from apimpolicy.project.audit_settings import audit_settings

    return audit_settings(table)


def load_configuration(path: str, environment: str | None = None) -> Configuration:
    """Read a configuration file; of a pyproject.toml its table `[tool.apimpolicy]`. Raises ConfigurationError.

    It is as in `environment`, or as in the one that was selected.
    """
    return Configuration(Table(path, read_configuration(path, environment)))


def read_configuration(path: str, environment: str | None = None) -> dict[str, Any]:
    """Read the keys and values of a configuration file in an environment. Raises ConfigurationError."""
    return environments.in_environment(written_configuration(path), environment or environments.selected())


def empty_configuration() -> Configuration:
    """Return the configuration without a file: a service with Azure's defaults."""
    return Configuration(Table("apimpolicy.toml", {}))


def _certificate(table: Table, name: str, value: object, vaults: dict[str, Any]) -> Any:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate

    if isinstance(value, str):
        if not os.path.isfile(file := table.path(value, CERTIFICATE_FILE)):
            raise table.mistake(f"names {file}, which does not exist", name)
        return Certificate.from_file(file)
    entry = Table(table.file, table.checked(value, dict, name), table.full(name))
    if "key-vault" in entry:
        vault_name, object_name = entry.take("key-vault", str) or "", entry.take("name", str) or name
        entry.finish()
        vault = vaults.get(vault_name)
        if vault is None:
            there_are = f"there are {', '.join(vaults)}" if vaults else f"add a table [key-vaults.{vault_name}]"
            raise entry.mistake(f"names a Key Vault that is not in this file; {there_are}", "key-vault")
        from apimpolicy.gateway.engine.services import KeyVaultReference

        return KeyVaultReference(vault, object_name)
    path, password, subject = (entry.take(key, str) for key in ("path", "password", "self-signed"))
    thumbprint = entry.take("thumbprint", str)
    entry.take("key-vault", str)
    entry.finish()
    if subject is not None:
        from apimpolicy.project.service.made_certificates import self_signed

        return self_signed(subject, thumbprint)
    if path is None:
        raise entry.mistake("needs a 'path', or a 'key-vault' and a 'name'")
    return Certificate.from_file(entry.path(path, CERTIFICATE_FILE), password)


def _negotiation(table: Table) -> bool | list[str]:
    """True, false, or the host names where it is on."""
    name = "negotiate-client-certificate"
    if isinstance(table.take(name, object), (list, str)):
        return table.texts(name) or []
    return table.take(name, bool) or False


def _utc(moment: datetime.datetime | None) -> datetime.datetime | None:
    """Treat a time without an offset as UTC."""
    if moment is not None and moment.tzinfo is None:
        return moment.replace(tzinfo=datetime.UTC)
    return moment


__all__ = ["Configuration", "ConfigurationError", "empty_configuration", "load_configuration"]
