"""Whose requests a local gateway answers: those that name it by an expected host, and no pages of other sites.

A page that somebody opens in a browser of this machine can send requests to it. With DNS rebinding the page's own host
name leads here, so that the page may read private responses, with the credentials that policies add; and simple
requests need no preflight. So the host must be one that no stranger can register, or that the user or the service
names, and a browser must not report another site (`Sec-Fetch-Site`), unless the page is on this machine or allowed.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from apimpolicy.serving.http_messages import IncomingRequest, Refusal

_HOST: Final = re.compile(r"[\w.:%-]*", re.ASCII)
_ORIGIN: Final = re.compile(r"https?://(\[[\da-f:.]+\]|[\w.-]+)(?::\d+)?", re.ASCII)
_PORT: Final = re.compile(r":\d*\Z")
_RESERVED: Final = (".localhost", ".internal", ".test", ".invalid")
"""Domains that nobody can register (RFC 6761; `.internal` by ICANN)."""
_MOST_NAMES: Final = 1_000


class Callers:
    """Decides about each request: `names` are the host names of the service now, `origins` those of allowed pages."""

    def __init__(self, names: Callable[[], Iterable[str]], origins: Iterable[str] = ()) -> None:
        self._names = names
        self._origins = frozenset(origin.lower().rstrip("/") for origin in origins)
        self._known: dict[str, bool] = {}

    def forget(self) -> None:
        """Forget what was decided: the service was loaded again, and may have other names."""
        self._known.clear()

    def refusal_for(self, incoming: IncomingRequest) -> Refusal | None:
        """Return why a request is refused, if it is."""
        host = incoming.host
        if host and not self._is_expected(host):
            name = _without_port(host)
            return 421, (
                f"This gateway does not answer for the host {name}. If it should, start it with --host-name {name}, or "
                "add the name to host-names in the table [serve] of apimpolicy.toml."
            )
        if "sec-fetch-site" in incoming.fields and (reason := self._foreign_page(incoming)):
            return 403, reason
        return None

    def _is_expected(self, host: str) -> bool:
        known = self._known.get(host)
        if known is None:
            name = _without_port(host).lower()
            known = _is_out_of_reach(name) or name in {each.lower() for each in self._names()}
            if len(self._known) < _MOST_NAMES:
                self._known[host] = known
        return known

    def _foreign_page(self, incoming: IncomingRequest) -> str:
        if [value.lower() for value in incoming.fields["sec-fetch-site"][1]] != ["cross-site"]:
            return ""
        origins = incoming.fields.get("origin", ("", []))[1]
        if len(origins) == 1 and (origins[0].lower() in self._origins or _is_local(origins[0])):
            return ""
        shown = origins[0] if origins else "another site"
        return (
            f"A page of {shown} sent this request, and this gateway answers pages of this machine only. To allow the "
            "page, start it with --allow-origin ORIGIN."
        )


def _without_port(host: str) -> str:
    return _PORT.sub("", host).strip("[]").rstrip(".")


def _is_out_of_reach(name: str) -> bool:
    """Return whether no stranger's domain can have this name: an address, or a name that can't be registered."""
    if not _HOST.fullmatch(name):
        return False
    if "." not in name and ":" not in name:
        return True
    if name.endswith(_RESERVED):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_local(origin: str) -> bool:
    """Return whether a page is served by this machine, at any port."""
    written = _ORIGIN.fullmatch(origin.lower())
    name = "" if written is None else written[1].strip("[]")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
