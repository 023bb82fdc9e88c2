"""Settings of `apimpolicy serve`, from the table `[serve]`; an option of the command line counts more.

[serve]
backend = "http://127.0.0.1:9000"       # send all that is forwarded to this server
redis = "redis://localhost:6379"        # counters, caches and circuits are shared there
workers = 4                             # how many processes serve
host-names = ["api.contoso.example"]    # custom domains, which are answered and in the certificate
allow-origin = ["https://portal.contoso.example"]   # pages of other sites that may call
trust-proxy = ["10.0.0.0/8"]            # whose X-Forwarded-* is believed
certificate = ["chain.pem", "key.pem"]  # one of your own, relative to this file
body-bytes = 1_000_000                  # 413 beyond
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.policies.settings import DeclaredSettings, setting
from apimpolicy.project.authority import CERTIFICATE_FILE, author_of

if TYPE_CHECKING:
    from apimpolicy.project.toml_table import Table

_PORTS = (0, 65535)
_DAY = 86_400
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Limits(DeclaredSettings):
    """Limits of one connection, and of all of them; beyond them the gateway answers itself.

    Sizes are in bytes, times in seconds. Raises ConfigurationError.
    """

    connections: int = setting(default=10_000, within=(1, 1_000_000))
    """503 beyond: connections that are open at once in each process."""

    body_bytes: int = setting(default=100 << 20, within=(0, 1 << 40))
    """413 beyond: the body of a request."""

    all_body_bytes: int = setting(default=1 << 30, within=(0, 1 << 40))
    """503 beyond: the bodies of all requests that are under way in a process, together; at least `body-bytes`."""

    head_bytes: int = setting(default=64 << 10, within=(1 << 10, 1 << 20))
    """431 beyond: the request line and all headers."""

    target_bytes: int = setting(default=16 << 10, within=(1, 1 << 20))
    """414 beyond: the URL, as in Azure."""

    head_seconds: float = setting(default=30.0, within=(0.1, _DAY))
    """408 after it, until all headers have arrived."""

    body_seconds: float = setting(default=30.0, within=(0.1, _DAY))
    """408 after it, without a byte of the body."""

    idle_seconds: float = setting(default=75.0, within=(0.1, _DAY))
    """Until a connection without a request is closed."""

    write_seconds: float = setting(default=60.0, within=(0.1, _DAY))
    """Until a client that does not read its answer is given up."""

    grace_seconds: float = setting(default=30.0, within=(0.0, _DAY))
    """Seconds that requests under way may take when the server ends."""


class ServeSettings(Limits):
    """All settings of `serve`. Raises ConfigurationError."""

    http: int = setting(default=8080, within=_PORTS)
    """The port for http; 0 is any that is free."""

    https: int = setting(default=8443, within=_PORTS)
    """The port for https; 0 is any that is free."""

    host: str = setting(default="127.0.0.1")
    """The address to listen on."""

    host_names: list[str] = setting(default=[])
    """Host names that clients call, such as custom domains: the gateway answers for them, as for the `origin` and the
    host names of the service, and its certificate is good for them."""

    allow_origin: list[str] = setting(default=[])
    """Origins of pages that may call, such as `https://portal.contoso.example`; pages of this machine always may."""

    certificate: list[str] = setting(default=[])
    """A certificate of your own: two PEM files, the chain and the key."""

    backend: str | None = setting(default=None)
    """All that is forwarded goes to this URL."""

    allow_outside: bool = setting(default=False)
    """True when requests may go to any host that policies name."""

    redis: str | None = setting(default=None)
    """The URL of the Redis in which counters, caches and circuits are shared."""

    workers: int = setting(default=1, within=(1, 64))
    """The number of processes that serve."""

    trust_proxy: list[str] = setting(default=[])
    """Addresses and networks of proxies whose X-Forwarded-* is believed."""

    inspector: bool = setting(default=True)
    """True when requests are shown in a browser, at an address of this machine that `serve` prints."""

    inspector_port: int = setting(default=0, within=_PORTS)
    """The port of that address; 0 is any that is free."""

    tracing: bool = setting(default=True)
    """True when the values of expressions are kept, for explanations."""


_HARMLESS = ("http", "https", "inspector", "tracing", "certificate")
"""Settings that a checkout decides without the user, beside limits that are lower than the default ones."""


def ensure_trusted(settings: Mapping[str, Any], given: Mapping[str, Any], path: str) -> None:
    """Raise ConfigurationError when a configuration opens the gateway or lets it take more of this machine, and the
    user neither did so nor trusts it.
    """
    found = [name for name, value in settings.items() if name not in given and not _is_harmless(name, value)]
    if found and not author_of(path).is_believed:
        keys = ", ".join(name.replace("_", "-") for name in found)
        option = next((f"pass {_OPTIONS[name]} on the command line, or " for name in found if name in _OPTIONS), "")
        raise ConfigurationError(
            f"{path}: [serve] opens the gateway or raises its limits ({keys}); {option}start with --trust-config if "
            "you trust this file"
        )


_OPTIONS = {
    **{name: f"--{name.replace('_', '-')}" for name in ("host", "allow_outside", "allow_origin", "trust_proxy")},
    **{name: f"--{name}" for name in ("redis", "backend", "workers")},
    "host_names": "--host-name",
    "body_bytes": "--max-body",
    "connections": "--max-connections",
    "inspector_port": "--inspector-port",
}


def _is_harmless(name: str, value: Any) -> bool:
    default = ServeSettings.declared[name].default
    if name in _HARMLESS or value == default or value in (None, False, []):
        return True
    if name == "host":
        return value in _LOOPBACK
    return name in Limits.declared and value < default


def serve_settings(table: Table) -> dict[str, Any]:
    """Read a table `[serve]` into the names of `ServeSettings`. Raises ConfigurationError."""
    found: dict[str, Any] = {}
    for name, declared in ServeSettings.declared.items():
        key, kind = declared.key, declared.kind
        value = table.texts(key) if kind is list else table.number(key) if kind is float else table.take(key, kind)
        if value is None:
            continue
        try:
            declared.check(value)
        except ConfigurationError as error:
            raise table.mistake(str(error).removeprefix(f"{name} "), key) from None
        found[name] = value
    if "certificate" in found:
        if len(found["certificate"]) != 2:
            raise table.mistake("names two PEM files: the chain and the key", "certificate")
        found["certificate"] = [table.path(each, CERTIFICATE_FILE) for each in found["certificate"]]
    table.finish()
    return found
