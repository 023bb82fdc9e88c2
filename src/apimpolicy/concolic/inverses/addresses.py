"""Addresses of the internet, and their bytes."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from apimpolicy.concolic.inverses import inverse
from apimpolicy.concolic.origins import THROWS

if TYPE_CHECKING:
    from apimpolicy.concolic.inverses import InverseQuery, Preimages

_ADDRESS = "System.Net.IPAddress."
_SAMPLE = "10.0.0.1"


@inverse(f"{_ADDRESS}Parse", f"{_ADDRESS}ToString")
def itself(query: InverseQuery) -> Preimages:
    yield {0: query.wanted}


@inverse(f"{THROWS}{_ADDRESS}Parse")
def is_address(query: InverseQuery) -> Preimages:
    yield {0: "x" if query.wanted else _SAMPLE}


@inverse(f"{_ADDRESS}TryParse")
def parses(query: InverseQuery) -> Preimages:
    yield {0: _SAMPLE if query.wanted else "x"}


@inverse(f"{_ADDRESS}GetAddressBytes")
def bytes_of(query: InverseQuery) -> Preimages:
    yield {0: str(ip_address(bytes(query.wanted)))}
