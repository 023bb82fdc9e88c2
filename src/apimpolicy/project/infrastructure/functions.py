"""Functions common to Terraform and Bicep.

Functions of IP addresses and their ranges, of Terraform and of Bicep. They raise ValueError for what isn't valid.

Source: https://developer.hashicorp.com/terraform/language/functions/cidrsubnets, its neighbours, and
https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions-cidr
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING

from apimpolicy.project.infrastructure.values import (
    MARKED,
    Unknown,
    Value,
    ValueTooLarge,
    cut,
    ensure_bounded,
    hole,
    is_fully_known,
    joined,
)
from apimpolicy.text.source import OPEN

if TYPE_CHECKING:
    from apimpolicy.project.infrastructure.evaluation import CodeEvaluator
    from apimpolicy.project.infrastructure.values import Find

Function = Callable[..., Value]
LARGEST_RANGE = 100_000
SECONDS_OF_PATTERNS = 0.25


def of_known(function: Callable[..., Value]) -> Function:
    """Make a function of values one that needs all of them to be known."""

    @wraps(function)
    def guarded(evaluator: CodeEvaluator, *arguments: Value) -> Value:
        if not all(is_fully_known(each) for each in arguments):
            raise LookupError
        return function(*arguments)

    return guarded


def of_any(function: Callable[..., Value]) -> Function:
    """Make a function of values that can handle unknown ones a function of the table."""

    @wraps(function)
    def called(evaluator: CodeEvaluator, *arguments: Value) -> Value:
        return function(*arguments)

    return called


def known_list(value: Value) -> list[Value]:
    """Return a list, whose items may be unknown. Raises LookupError for anything else."""
    if not isinstance(value, list):
        raise LookupError
    return value


def known_dict(value: Value) -> dict[str, Value]:
    """Return an object, whose values may be unknown. Raises LookupError for anything else."""
    if not isinstance(value, dict) or any(OPEN in key for key in value):
        raise LookupError
    return value


def known_text(value: Value) -> str:
    """Return a text that is known. Raises LookupError for anything else."""
    if not isinstance(value, str) or OPEN in value:
        raise LookupError
    return value


def length(value: Value) -> int:
    """Return the length of a text, a list or a dictionary. Raises LookupError for other values."""
    if isinstance(value, str):
        return len(known_text(value))
    if isinstance(value, list | dict):
        return len(value)
    raise LookupError


def some_text(value: Value) -> str:
    """Return a text, in which something may be unknown. Raises LookupError for anything else."""
    if not isinstance(value, str):
        raise LookupError
    return value


def inserted_text(value: Value) -> str:
    """Return a text that a function puts into another one; the mark of an unknown value. Raises LookupError."""
    return hole(value) if isinstance(value, Unknown) else some_text(value)


def join(evaluator: CodeEvaluator, separator: Value, items: Iterable[Value]) -> str:
    """Return the texts of items with a separator between them."""
    separated = [text for each in items for text in (inserted_text(separator), evaluator.as_text(each))]
    return joined(separated[1:])


def split(text: Value, separators: Sequence[str]) -> list[str]:
    """Return the parts of a text between separators; its characters if the separator is empty."""
    text = known_text(text)
    if "" in separators:
        return [cut(text, place, place + 1) for place in range(len(text))]
    pattern = re.compile("|".join(re.escape(each) for each in sorted(separators, key=len, reverse=True)) or r"(?!)")
    found: list[str] = []
    position = 0
    for match in pattern.finditer(text):
        found.append(cut(text, position, match.start()))
        position = match.end()
    return [*found, cut(text, position, len(text))]


def has_item(values: Value, wanted: Value) -> bool:
    """Return whether a list has an item. Raises LookupError where that depends on what isn't known."""
    if is_fully_known(wanted) and any(each == wanted for each in known_list(values)):
        return True
    if not is_fully_known(values) or not is_fully_known(wanted):
        raise LookupError
    return False


def flat(value: Iterable[Value], levels: int = 50) -> list[Value]:
    """Return the items of lists in lists, one after another."""
    found: list[Value] = []
    for each in value:
        if isinstance(each, list) and levels:
            found += flat(each, levels - 1)
        else:
            found.append(each)
        if len(found) > LARGEST_RANGE:
            raise ValueTooLarge
    return found


def distinct(value: Iterable[Value]) -> list[Value]:
    """Return the items without those that were there before."""
    found: list[Value] = []
    seen: set[str] = set()
    for each in value:
        ensure_bounded(each)
        key = repr(each)
        if key not in seen:
            seen.add(key)
            found.append(each)
    return found


def bounded_range(start: int, stop: int, step: int) -> list[int]:
    """Return the numbers of a range. Raises TooLarge."""
    numbers = range(start, stop, step)
    if len(numbers) > LARGEST_RANGE:
        raise ValueTooLarge
    return list(numbers)


def find_literal(wanted: str) -> Find:
    """Return the function for `values.replaced` that finds a literal text."""
    pattern = re.compile(re.escape(wanted))
    return pattern.finditer


def find_pattern(pattern: str) -> Find:
    """Return the function for `values.replaced` that finds a pattern, which can't take long."""
    import regex  # type: ignore[import-untyped]  # types-regex is optional

    compiled = regex.compile(pattern, regex.VERSION0)
    return lambda text, start, stop: compiled.finditer(text, start, stop, timeout=SECONDS_OF_PATTERNS)


def from_json(text: str) -> Value:
    """Return the value of a JSON text, in which strings may have unknown parts."""
    try:
        return unmarked(json.loads(text))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def from_yaml(text: str) -> Value:
    """Return the value of a YAML text, in which strings may have unknown parts."""
    import yaml

    try:
        return unmarked(yaml.load(str(text), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(str(error)) from None


def unmarked(value: Value, budget: list[int] | None = None) -> Value:
    """Return decoded data as values: what is one mark is an unknown value. Aliases can't make it large."""
    budget = budget or [2 * LARGEST_RANGE]
    budget[0] -= 1
    if budget[0] < 0:
        raise ValueTooLarge
    if isinstance(value, dict):
        return {str(key): unmarked(each, budget) for key, each in value.items()}
    if isinstance(value, list):
        return [unmarked(each, budget) for each in value]
    if isinstance(value, str) and MARKED.fullmatch(value):
        return Unknown(value)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return str(value)


if TYPE_CHECKING:
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
