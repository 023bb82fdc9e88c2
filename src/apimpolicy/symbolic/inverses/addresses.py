"""Addresses of the internet, and their bytes."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from apimpolicy.symbolic.inverses import inverse
from apimpolicy.symbolic.origins import THROWS

if TYPE_CHECKING:
    from apimpolicy.symbolic.inverses import Asked, Wishes

_ADDRESS = "System.Net.IPAddress."
_SAMPLE = "10.0.0.1"


@inverse(f"{_ADDRESS}Parse", f"{_ADDRESS}ToString")
def itself(asked: Asked) -> Wishes:
    yield {0: asked.wanted}


@inverse(f"{THROWS}{_ADDRESS}Parse")
def is_address(asked: Asked) -> Wishes:
    yield {0: "x" if asked.wanted else _SAMPLE}


@inverse(f"{_ADDRESS}TryParse")
def parses(asked: Asked) -> Wishes:
    yield {0: _SAMPLE if asked.wanted else "x"}


@inverse(f"{_ADDRESS}GetAddressBytes")
def bytes_of(asked: Asked) -> Wishes:
    yield {0: str(ip_address(bytes(asked.wanted)))}
