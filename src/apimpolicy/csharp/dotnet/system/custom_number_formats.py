"""Custom numeric formats: `0.00`, `#,##0;(#,##0);zero`, `0.0E+00`, `00.0 %`.

Source: .NET Core 3.1, `Number.NumberToStringFormat`; the page "Custom numeric format strings".
"""

from __future__ import annotations

from apimpolicy.csharp.dotnet.environment import joined, work_through
from apimpolicy.csharp.dotnet.system.cultures import INVARIANT, NumberSymbols, group_ends
from apimpolicy.records import Record

_NONE = 1 << 31


class Digits(Record):
    """A number as its sign, significant digits without leading zeros, and scale: 0.digits × 10^scale."""

    negative: bool
    digits: str
    scale: int
    floating: bool

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
    """The placeholders of one section."""

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
    text = _Writer(number, format_, start, section, symbols).write()
    return symbols.negative_sign + text if number.negative and start == 0 and text else text


class _Writer:
    """Writes a number by one section of a format. `place` is the next digit's, counted from the point to the left."""

    def __init__(self, number: Digits, format_: str, start: int, section: _Section, symbols: NumberSymbols) -> None:
        self.format, self.index, self.section, self.symbols = format_, start, section, symbols
        point = section.point
        self.first = point - section.first_zero if section.first_zero < point else 0
        self.last = point - section.last_zero if section.last_zero > point else 0
        self.place = point if section.scientific else max(number.scale, point)
        self.adjust = 0 if section.scientific else number.scale - point
        """Digits more (or, below 0, fewer) than there are places in front of the point."""
        width = max(self.first, self.place + min(self.adjust, 0)) if section.thousands else 0
        self.separated = set(group_ends(width, symbols.number_groups)) if section.thousands else set()
        self.digits, self.used = number.digits, 0
        self.exponent = number.scale - point if number.digits else 0
        self.scientific, self.point_written = section.scientific, False
        self.out: list[str] = []

    def write(self) -> str:
        while self.index < len(self.format) and (char := self.format[self.index]) != ";":
            self.index += 1
            if char in "#0.":
                self._put_surplus()
            if char in "#0":
                self._put_place()
            elif char == ".":
                self._put_point()
            elif char in "%‰":
                self.out.append(self.symbols.percent_symbol if char == "%" else self.symbols.per_mille_symbol)
            elif char in "'\"":
                closing = self.format.find(char, self.index)
                self._copy(len(self.format) if closing < 0 else closing)
                self.index += 1
            elif char == "\\":
                self._copy(self.index + 1)
            elif char in "Ee":
                self._put_exponent(char)
            elif char != ",":
                self.out.append(char)
        return joined(self.out)

    def _copy(self, end: int) -> None:
        self.out.append(self.format[self.index : end])
        self.index = end

    def _put(self, digit: str) -> None:
        self.out.append(digit)
        if self.place - 1 in self.separated:
            self.out.append(self.symbols.number_group)

    def _next_digit(self, otherwise: str) -> str:
        if self.used >= len(self.digits):
            return otherwise
        self.used += 1
        return self.digits[self.used - 1]

    def _put_surplus(self) -> None:
        """Put the digits for which the format has no place at its first one."""
        while self.adjust > 0:
            self._put(self._next_digit("0"))
            self.place -= 1
            self.adjust -= 1

    def _put_place(self) -> None:
        if self.adjust < 0:
            self.adjust += 1
            digit = "0" if self.place <= self.first else ""
        else:
            digit = self._next_digit("0" if self.place > self.last else "")
        if digit:
            self._put(digit)
        self.place -= 1

    def _put_point(self) -> None:
        has_decimals = self.section.point < self.section.digit_count and self.used < len(self.digits)
        if self.place == 0 and not self.point_written and (self.last < 0 or has_decimals):
            self.out.append(self.symbols.number_point)
            self.point_written = True

    def _put_exponent(self, char: str) -> None:
        sign = self.format[self.index : self.index + 1]
        sign = sign if sign in ("+", "-") else ""
        zeros = len(self.format) - len(self.format[self.index + len(sign) :].lstrip("0")) - self.index - len(sign)
        if not self.scientific:
            self.out.append(char)
            self._copy(self.index + len(sign) + zeros)
        elif not zeros:
            self.out.append(char)
        else:
            self.index += len(sign) + zeros
            plus = self.symbols.positive_sign if sign == "+" else ""
            shown = self.symbols.negative_sign if self.exponent < 0 else plus
            self.out.append(f"{char}{shown}{abs(self.exponent):0{min(zeros, 10)}d}")
            self.scientific = False
