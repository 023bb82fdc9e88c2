"""Functions of IP addresses and their ranges, of Terraform and of Bicep. They raise ValueError for what isn't valid.

Source: https://developer.hashicorp.com/terraform/language/functions/cidrsubnets, its neighbours, and
https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions-cidr
"""

from __future__ import annotations

import ipaddress
import re
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apimpolicy.infrastructure.values import Value

    Network = IPv4Network | IPv6Network

_LEADING_ZEROS = re.compile(r"(?<![0-9a-fA-F:])0+(?=\d+(?:[./]|$))")


def network_of(text: str) -> Network:
    """Return the range of a prefix, such as `10.0.0.0/8`; octets with leading zeros are decimal."""
    if "/" not in text:
        raise ValueError(text)
    return ipaddress.ip_network(text if ":" in text else _LEADING_ZEROS.sub("", text), strict=False)


def host(prefix: str, number: int) -> str:
    """Return an address of a range by its number; a negative one counts from the end."""
    network = network_of(prefix)
    place = int(number) if number >= 0 else network.num_addresses + int(number)
    if not 0 <= place < network.num_addresses:
        raise ValueError(number)
    return str(network[place])


def netmask(prefix: str) -> str:
    network = network_of(prefix)
    if network.version != 4:
        raise ValueError(prefix)
    return str(network.netmask)


def subnet(prefix: str, bits: int, number: int) -> str:
    """Return a part of a range by its number, whose prefix is longer by some bits."""
    network = network_of(prefix)
    return _part(network, network.prefixlen + int(bits), int(number))


def subnets(prefix: str, *bits: int) -> list[str]:
    """Return consecutive parts of a range, each with a prefix that is longer by some bits."""
    network = network_of(prefix)
    found: list[str] = []
    place = 0
    for each in bits:
        size = 1 << (network.max_prefixlen - _length(network, network.prefixlen + int(each)))
        number = -(-place // size)
        found.append(_part(network, network.prefixlen + int(each), number))
        place = (number + 1) * size
    return found


def contains(prefix: str, inner: str) -> bool:
    """Return whether a range has an address, or another range, in it."""
    network, other = network_of(prefix), ipaddress.ip_network(inner, strict=False)
    return network.version == other.version and network[0] <= other[0] and other[-1] <= network[-1]  # type: ignore[operator]


def subnet_of_length(prefix: str, length: int, number: int) -> str:
    """Return a part of a range by its number, whose prefix has a length."""
    return _part(network_of(prefix), length, number)


def usable_host(prefix: str, number: int) -> str:
    """Return an address of a range by its number, without that of the range itself."""
    if number < 0:
        raise ValueError(number)
    return host(prefix, number + 1)


def parse(prefix: str) -> dict[str, Value]:
    """Return the properties of a range."""
    network = network_of(prefix)
    is_old = network.version == 4
    few = network.num_addresses <= 2 or not is_old
    found: dict[str, Value] = {"network": str(network[0]), "netmask": str(network.netmask)}
    if is_old:
        found["broadcast"] = str(network[-1])
    return found | {
        "firstUsable": str(network[0 if few else 1]),
        "lastUsable": str(network[-1 if few else -2]),
        "cidr": network.prefixlen,
    }


def _length(network: Network, length: int) -> int:
    if not network.prefixlen <= length <= network.max_prefixlen:
        raise ValueError(length)
    return length


def _part(network: Network, length: int, number: int) -> str:
    size = 1 << (network.max_prefixlen - _length(network, length))
    if not 0 <= number < 1 << (length - network.prefixlen):
        raise ValueError(number)
    return f"{network[number * size]}/{length}"
