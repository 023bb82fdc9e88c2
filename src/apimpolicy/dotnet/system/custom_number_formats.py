"""Custom numeric formats: `0.00`, `#,##0;(#,##0);zero`, `0.0E+00`, `00.0 %`.

Source: .NET Core 3.1, `Number.NumberToStringFormat`; the page "Custom numeric format strings".
"""

from __future__ import annotations

from apimpolicy.dotnet.environment import joined, work_through
from apimpolicy.dotnet.system.number_symbols import INVARIANT, NumberSymbols, group_ends

_NONE = 1 << 31


class Digits:
    """A number as its sign, significant digits without leading zeros, and scale: 0.digits × 10^scale."""

    __slots__ = ("digits", "floating", "negative", "scale")

    def __init__(self, negative: bool, digits: str, scale: int, floating: bool) -> None:
        self.negative = negative
        self.digits = digits
        self.scale = scale
        self.floating = floating

    def round_to(self, count: int) -> None:
        """Keep this many digits, half away from zero; trailing zeros go. Only a floating zero keeps its sign."""
        digits = self.digits
        if 0 <= count < len(digits):
            up = digits[count] >= "5"
            digits = digits[:count]
            if up:
                digits = digits.rstrip("9")
                if digits:
                    digits = digits[:-1] + chr(ord(digits[-1]) + 1)
                else:
                    digits = "1"
                    self.scale += 1
        elif count < 0:
            digits = ""
        digits = digits.rstrip("0")
        if not digits:
            self.scale = 0
            self.negative = self.negative and self.floating
        self.digits = digits


class _Section:
    """What the placeholders of one section ask for."""

    __slots__ = ("digit_count", "first_zero", "last_zero", "point", "scale", "scientific", "thousands")

    def __init__(self, format_: str, start: int) -> None:
        count, point, first, last = 0, -1, _NONE, 0
        comma, commas = -1, 0
        self.thousands = self.scientific = False
        self.scale = 0
        index, end = start, len(format_)
        while index < end and (char := format_[index]) != ";":
            index += 1
            if char == "#":
                count += 1
            elif char == "0":
                first = min(first, count)
                count += 1
                last = count
            elif char == ".":
                point = count if point < 0 else point
            elif char == ",":
                if count > 0 and point < 0:
                    if comma == count:
                        commas += 1
                        continue
                    self.thousands = self.thousands or comma >= 0
                    comma, commas = count, 1
            elif char == "%":
                self.scale += 2
            elif char == "‰":
                self.scale += 3
            elif char in "'\"":
                closing = format_.find(char, index)
                index = end if closing < 0 else closing + 1
            elif char == "\\":
                index += 1
            elif char in "Ee":
                following = format_[index : index + 2]
                if following[:1] == "0" or following in ("+0", "-0"):
                    index += 1
                    while index < end and format_[index] == "0":
                        index += 1
                    self.scientific = True
        if point < 0:
            point = count
        if comma >= 0:
            if comma == point:
                self.scale -= commas * 3
            else:
                self.thousands = True
        self.digit_count, self.point, self.first_zero, self.last_zero = count, point, first, last


def _find_section(format_: str, number: int) -> int:
    """Return where the section of this number begins; 0, the first one, when it is missing or empty."""
    index, end = 0, len(format_)
    if number == 0:
        return 0
    while index < end:
        char = format_[index]
        index += 1
        if char in "'\"":
            closing = format_.find(char, index)
            index = end if closing < 0 else closing + 1
        elif char == "\\":
            index += 1
        elif char == ";":
            number -= 1
            if number == 0:
                return index if index < end and format_[index] != ";" else 0
    return 0


def format_custom(number: Digits, format_: str, symbols: NumberSymbols = INVARIANT) -> str:
    """Return the number in a custom format. Never fails: what is not a placeholder is copied."""
    work_through(len(format_) << 4)
    start = _find_section(format_, 2 if not number.digits else 1 if number.negative else 0)
    while True:
        section = _Section(format_, start)
        if number.digits:
            number.scale += section.scale
            number.round_to(
                section.digit_count if section.scientific else number.scale + section.digit_count - section.point
            )
            if not number.digits:
                zero = _find_section(format_, 2)
                if zero != start:
                    start = zero
                    continue
        else:
            number.negative = number.negative and number.floating
            number.scale = 0
        break
    shown = _write(number, format_, start, section, symbols)
    return symbols.negative_sign + shown if number.negative and start == 0 and shown else shown


def _write(number: Digits, format_: str, start: int, section: _Section, symbols: NumberSymbols) -> str:
    point = section.point
    first = point - section.first_zero if section.first_zero < point else 0
    last = point - section.last_zero if section.last_zero > point else 0
    place, adjust = (point, 0) if section.scientific else (max(number.scale, point), number.scale - point)
    width = max(first, place + min(adjust, 0)) if section.thousands else 0
    separated = set(group_ends(width, symbols.number_groups)) if section.thousands else ()
    digits, used, scientific, point_written = number.digits, 0, section.scientific, False
    out: list[str] = []

    def put(digit: str) -> None:
        nonlocal place
        out.append(digit)
        if place - 1 in separated:
            out.append(symbols.number_group)

    index, end = start, len(format_)
    while index < end and (char := format_[index]) != ";":
        index += 1
        if adjust > 0 and char in "#0.":
            while adjust > 0:
                put(digits[used] if used < len(digits) else "0")
                used += 1
                place -= 1
                adjust -= 1
        if char in "#0":
            if adjust < 0:
                adjust += 1
                digit = "0" if place <= first else ""
            elif used < len(digits):
                digit = digits[used]
                used += 1
            else:
                digit = "0" if place > last else ""
            if digit:
                put(digit)
            place -= 1
        elif char == ".":
            if place == 0 and not point_written and (last < 0 or (point < section.digit_count and used < len(digits))):
                out.append(symbols.number_point)
                point_written = True
        elif char in "%‰":
            out.append(symbols.percent_symbol if char == "%" else symbols.per_mille_symbol)
        elif char == ",":
            pass
        elif char in "'\"":
            closing = format_.find(char, index)
            closing = end if closing < 0 else closing
            out.append(format_[index:closing])
            index = closing + 1
        elif char == "\\":
            out.append(format_[index : index + 1])
            index += 1
        elif char in "Ee" and scientific:
            following = format_[index : index + 2]
            plus = following == "+0"
            if not (following[:1] == "0" or following in ("+0", "-0")):
                out.append(char)
                continue
            index += 0 if following[0] == "0" else 1
            zeros = index
            while index < end and format_[index] == "0":
                index += 1
            exponent = number.scale - point if digits else 0
            sign = symbols.negative_sign if exponent < 0 else symbols.positive_sign if plus else ""
            out.append(f"{char}{sign}{abs(exponent):0{min(index - zeros, 10)}d}")
            scientific = False
        elif char in "Ee":
            out.append(char)
            if format_[index : index + 1] in ("+", "-"):
                out.append(format_[index])
                index += 1
            while index < end and format_[index] == "0":
                out.append("0")
                index += 1
        else:
            out.append(char)
    return joined(out)
