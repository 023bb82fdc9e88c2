"""Functions of Terraform that return texts, and the conversion of values to texts.

Source: https://developer.hashicorp.com/terraform/language/functions
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.project.infrastructure.functions import (
    find_literal,
    find_pattern,
    from_json,
    inserted_text,
    known_text,
    some_text,
)
from apimpolicy.project.infrastructure.values import (
    EncodedText,
    Unknown,
    Value,
    cut,
    ensure_bounded,
    json_text,
    replaced,
    whole,
)

if TYPE_CHECKING:
    from apimpolicy.project.infrastructure.terraform.module import Module

_VERB = re.compile(r"%(?:\[(\d+)\])?([-+# 0]*)(\d*)(?:\.(\d+))?([a-zA-Z%])")


def to_text(value: Value) -> str:
    """Return a known value as Terraform writes it into a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return format(whole(value), "") if isinstance(whole(value), int) else repr(value)
    raise TypeError


def encode_json(value: Value) -> str:
    """Return a value as JSON text, keys in order, as Go's encoder writes it. Raises TooLarge."""
    ensure_bounded(value)
    text = json_text(ordered(value))
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return EncodedText.made_of(value, text)


def ordered(value: Value) -> Value:
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value)}
    return [ordered(each) for each in value] if isinstance(value, list) else value


def decode_json(text: str) -> Value:
    if isinstance(text, EncodedText):
        return text.value
    return from_json(some_text(text))


def formatted(module: Module, template: Value, *arguments: Value) -> str:
    """Return `format(…)` with the verbs of Go's `fmt`."""
    waiting = iter(arguments)

    def put(found: re.Match[str]) -> str:
        number, flags, width, precision, verb = found.groups()
        if verb == "%":
            return "%"
        value = arguments[int(number) - 1] if number else next(waiting)
        if isinstance(value, Unknown):
            return module.as_text(value)
        return _verb(module, value, verb, flags, width, precision)

    try:
        return replaced(some_text(template), _VERB.finditer, put)
    except (StopIteration, RuntimeError):
        raise LookupError from None


def _verb(module: Module, value: Value, verb: str, flags: str, width: str, precision: str | None) -> str:
    if verb in "sv":
        text = encode_json(value) if isinstance(value, dict | list) else module.as_text(value)
        if width or precision:
            text = known_text(text)[: int(precision) if precision else None]
            return text.ljust(int(width or 0)) if "-" in flags else text.rjust(int(width or 0))
        return text
    if verb == "q":
        return json_text(value)
    if verb in "dtxXobfeg":
        code = {"t": "s", "f": f".{precision or 6}f", "e": f".{precision or 6}e", "g": "g"}.get(verb, verb)
        number = int(value) if verb in "dxXob" else to_text(value) if verb == "t" else float(value)
        sign = "+" if "+" in flags else ""
        if verb == "t":
            return str(number)
        return format(number, f"{'<' if '-' in flags else ''}{sign}{'0' if '0' in flags else ''}{width}{code}")
    raise LookupError


def replace(text: Value, wanted: Value, new: Value) -> str:
    """Replace a literal text, or a pattern between slashes."""
    wanted, new = known_text(wanted), inserted_text(new)
    if len(wanted) > 1 and wanted.startswith("/") and wanted.endswith("/"):
        put = re.sub(r"\$(?:(\d+)|\{(\w+)\})", lambda found: f"\\g<{found[1] or found[2]}>", new.replace("\\", "\\\\"))
        return replaced(some_text(text), find_pattern(wanted[1:-1]), lambda found: found.expand(put))
    return replaced(some_text(text), find_literal(wanted), lambda _: new)


def indent(spaces: int, text: str) -> str:
    blank = " " * min(int(spaces), 1000)
    return replaced(some_text(text), find_literal("\n"), lambda _: "\n" + blank)


def substr(text: str, offset: int, length: int) -> str:
    text = known_text(text)
    start = offset if offset >= 0 else max(len(text) + offset, 0)
    return cut(text, start, len(text) if length < 0 else min(start + length, len(text)))


def trim_prefix(text: str, prefix: str) -> str:
    return cut(text, len(prefix), len(text)) if text.startswith(known_text(prefix)) else text


def trim_suffix(text: str, suffix: str) -> str:
    suffix = known_text(suffix)
    return cut(text, 0, len(text) - len(suffix)) if suffix and text.endswith(suffix) else text


def pattern(text: Value, wanted: Value, every: bool) -> Value:
    """Return the first match or every match: its named groups, its groups, or its text."""
    found = [_groups(each) for each in find_pattern(known_text(wanted))(known_text(text), 0, len(text))]
    if every:
        return found
    return found[0]


def _groups(found: re.Match[str]) -> Value:
    if found.groupdict():
        return found.groupdict()
    return list(found.groups()) or found[0]


def title(text: str) -> str:
    return re.sub(r"(?<!\w)\w", lambda found: found[0].upper(), text)
