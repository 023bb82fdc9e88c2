"""Issuers of tokens, from a configuration.

[openid-providers.login]                    # publishes keys, and issues tokens at the gateway's time
issuer = "https://login.contoso.example"    # also: audience, algorithm, url, jwks-url, claims

[openid-documents]                          # what a real provider published, by URL: a JSON file, or the document
"https://login.example/.well-known/openid-configuration" = "openid-configuration.json"

[entra-tenants.contoso]                     # also: endpoint, client-id
id = "11111111-2222-3333-4444-555555555555"
domain = "contoso.onmicrosoft.com"

[managed-identity]                          # also: tenant, one of entra-tenants
system-assigned = true
user-assigned = ["5b1c…"]
refuses = {"https://vault.azure.net" = "no access"}
expires-in = 86400

[[authorizations]]                          # connections of the credential manager
provider = "github"
id = "orders-bot"
access-token = "gho_1"                      # also: claims, object-ids, error
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.project.files import read_bytes

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.token_issuers import EntraTenant
    from apimpolicy.project.toml_table import Table


class IdentityTables:
    def __init__(self, table: Table) -> None:
        self._providers = table.named_tables("openid-providers")
        self._documents = table.table("openid-documents")
        self._tenants = table.named_tables("entra-tenants")
        self._identity = table.table("managed-identity")
        self._authorizations = table.tables("authorizations") if "authorizations" in table else None

    def settings(self) -> dict[str, Any]:
        """Arguments of `Gateway`. Raises ConfigurationError."""
        found: dict[str, Any] = {}
        tenants = {name: _tenant(name, table) for name, table in self._tenants}
        sources = [*(_provider(name, table) for name, table in self._providers), *tenants.values()]
        if self._documents is not None:
            sources.append(_documents(self._documents))
        if sources:
            found["openid_providers"] = sources
        if self._identity is not None:
            found["managed_identity"] = _managed_identity(self._identity, tenants)
        if self._authorizations is not None:
            found["authorizations"] = _authorizations(self._authorizations)
        return found


def _text(table: Table, name: str) -> str:
    value = table.take(name, str)
    if value is None:
        raise table.mistake("is missing", name)
    return value


def _options(table: Table, *names: str) -> dict[str, Any]:
    """Texts that are given, under the names of Python's arguments."""
    return {name.replace("-", "_"): value for name in names if (value := table.take(name, str)) is not None}


def _provider(name: str, table: Table) -> Any:
    from apimpolicy.gateway.engine.token_issuers import OpenIdProvider

    issuer, claims = _text(table, "issuer"), table.take("claims", dict)
    audience = table.texts("audience")
    options = _options(table, "algorithm", "url", "jwks-url")
    table.finish()
    shown = audience[0] if audience is not None and len(audience) == 1 else audience
    made = OpenIdProvider(issuer, audience=shown, claims=claims, **options)
    made.name = name
    return made


def _documents(table: Table) -> Any:
    from apimpolicy.gateway.engine.token_issuers import OpenIdDocuments

    found: dict[str, Any] = {}
    for url, given in table.items():
        found[url] = given if isinstance(given, dict) else read_bytes(table.path(table.checked(given, str, url)))
    return OpenIdDocuments(found)


def _tenant(name: str, table: Table) -> EntraTenant:
    from apimpolicy.gateway.engine.token_issuers import EntraTenant

    options = _options(table, "id", "domain", "endpoint", "client-id")
    table.finish()
    made = EntraTenant(**options)
    made.name = name
    return made


def _managed_identity(table: Table, tenants: dict[str, EntraTenant]) -> Any:
    from apimpolicy.gateway.engine.managed_identity import ManagedIdentity

    name = table.take("tenant", str)
    if name is not None and name not in tenants:
        raise table.mistake(f"names the tenant '{name}'; add a table [entra-tenants.{name}]", "tenant")
    refuses = table.table("refuses")
    options: dict[str, Any] = {
        "system_assigned": table.take("system-assigned", bool) is not False,
        "user_assigned": table.texts("user-assigned"),
        "refuses": {} if refuses is None else {key: _text(refuses, key) for key, _ in refuses.items()},
    }
    if (expires_in := table.number("expires-in")) is not None:
        options["expires_in"] = expires_in
    table.finish()
    return ManagedIdentity(None if name is None else tenants[name], **options)


def _authorizations(tables: list[Table]) -> Any:
    from apimpolicy.gateway.engine.managed_identity import Authorizations

    found = Authorizations()
    for table in tables:
        options = _options(table, "access-token", "error")
        claims, object_ids = table.take("claims", dict), table.texts("object-ids")
        found.add(_text(table, "provider"), _text(table, "id"), claims=claims, object_ids=object_ids, **options)
        table.finish()
    return found
