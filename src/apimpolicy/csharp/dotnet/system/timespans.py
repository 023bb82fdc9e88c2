"""`System.TimeSpan`: a number of ticks of 100 ns; and what it has in common with DateTime and DateTimeOffset."""

from __future__ import annotations

from typing import Any, Self

from apimpolicy.csharp.dotnet.environment import work_through
from apimpolicy.csharp.dotnet.exceptions import ArgumentException, FormatException, OverflowException, check_range
from apimpolicy.csharp.dotnet.registry import dotnet_class, implements, implements_all, member
from apimpolicy.csharp.dotnet.system.arithmetic import double_to_int, float_divide
from apimpolicy.csharp.dotnet.system.cultures import numbers_of
from apimpolicy.csharp.dotnet.values import wrap_int32


class Ordered:
    """`order` is the number that counts."""

    __slots__ = ()

    dotnet_type_name: str
    order: int

    def compare_to(self, other: Any) -> int:
        if other is None:
            return 1
        if type(other) is not type(self):
            raise ArgumentException(f"Object must be of type {type(self).__name__}.")
        return (self.order > other.order) - (self.order < other.order)

    def equals(self, other: Any) -> bool:
        return type(other) is type(self) and bool(other.order == self.order)

    def get_hash_code(self) -> int:
        return wrap_int32(self.order ^ (self.order >> 32))

    def __eq__(self, other: object) -> bool:
        return self.equals(other)

    def __lt__(self, other: Self) -> bool:
        return self.order < other.order

    def __hash__(self) -> int:
        return hash(self.order)


def implement_order(cls: type[Ordered]) -> None:
    """Register the operators of a type, and the static forms of Equals and Compare."""
    name = cls.__name__
    implements_all(
        cls.dotnet_type_name,
        {
            "Compare": cls.compare_to,
            f"Equals({name}, {name})": lambda a, b: a.order == b.order,
            "op_Equality": lambda a, b: a.order == b.order,
            "op_Inequality": lambda a, b: a.order != b.order,
            "op_LessThan": lambda a, b: a.order < b.order,
            "op_LessThanOrEqual": lambda a, b: a.order <= b.order,
            "op_GreaterThan": lambda a, b: a.order > b.order,
            "op_GreaterThanOrEqual": lambda a, b: a.order >= b.order,
        },
    )


# `System.TimeSpan`: a number of ticks of 100 ns, and its standard forms in a text.

MILLISECOND, SECOND, MINUTE, HOUR, DAY = 10_000, 10_000_000, 600_000_000, 36_000_000_000, 864_000_000_000
"""Ticks in each."""
_LIMIT = 1 << 63
_TOO_LONG = "TimeSpan overflowed because the duration is too long."


def _part(unit: int, modulus: int) -> property:
    """Return a property: how many of the unit there are beside larger ones, with the sign of the span."""

    def part(span: TimeSpan) -> int:
        part = abs(span.ticks) // unit % modulus
        return -part if span.ticks < 0 else part

    return property(part)


def _total(unit: int) -> property:
    return property(lambda span: span.ticks / unit)


@dotnet_class("System.TimeSpan")
class TimeSpan(Ordered):
    """A span of time; immutable."""

    __slots__ = ("ticks",)

    def __init__(self, ticks: int) -> None:
        self.ticks = ticks

    days = _part(DAY, 1 << 62)
    hours = _part(HOUR, 24)
    minutes = _part(MINUTE, 60)
    seconds = _part(SECOND, 60)
    milliseconds = _part(MILLISECOND, 1000)
    total_days = _total(DAY)
    total_hours = _total(HOUR)
    total_minutes = _total(MINUTE)
    total_seconds = _total(SECOND)
    total_milliseconds = _total(MILLISECOND)

    def add(self, other: TimeSpan) -> TimeSpan:
        return _checked(self.ticks + other.ticks)

    def subtract(self, other: TimeSpan) -> TimeSpan:
        return _checked(self.ticks - other.ticks)

    def negate(self) -> TimeSpan:
        if self.ticks == -_LIMIT:
            raise OverflowException("Negating the minimum value of a twos complement number is invalid.")
        return TimeSpan(-self.ticks)

    def duration(self) -> TimeSpan:
        if self.ticks == -_LIMIT:
            raise OverflowException("The duration cannot be returned for TimeSpan.MinValue because it overflows.")
        return TimeSpan(abs(self.ticks))

    def multiply(self, factor: float) -> TimeSpan:
        if factor != factor:
            raise ArgumentException("TimeSpan does not accept floating point Not-a-Number values.", "factor")
        return _from_float(_round_even(self.ticks * factor))

    @member("Divide(double)")
    def divide(self, divisor: float) -> TimeSpan:
        if divisor != divisor:
            raise ArgumentException("TimeSpan does not accept floating point Not-a-Number values.", "divisor")
        return _from_float(_round_even(float_divide(float(self.ticks), divisor)))

    @member("Divide(TimeSpan)")
    def ratio(self, other: TimeSpan) -> float:
        return float_divide(float(self.ticks), float(other.ticks))

    @member("ToString()")
    def to_string(self) -> str:
        return self.format("c")

    @member("ToString(string)", "ToString(string, IFormatProvider)")
    def format(self, format_: str | None, provider: Any = None) -> str:
        """`c` (also `t`, `T`), `g`, `G` or custom; raises FormatException."""
        if not format_ or format_ in ("c", "t", "T"):
            return self._constant()
        if format_ in ("g", "G"):
            return self._general(format_, numbers_of(provider).number_point)
        if len(format_) == 1:
            raise _bad_format()
        return _custom(self, format_)

    formatted = format

    def _split(self) -> tuple[str, int, int, int, int, int]:
        """Sign, days, hours, minutes, seconds and the ticks that are left."""
        seconds, fraction = divmod(abs(self.ticks), SECOND)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        days, hours = divmod(hours, 24)
        return "-" if self.ticks < 0 else "", days, hours, minutes, seconds, fraction

    def _constant(self) -> str:
        sign, days, hours, minutes, seconds, fraction = self._split()
        shown = f"{sign}{days}." if days else sign
        shown += f"{hours:02d}:{minutes:02d}:{seconds:02d}"
        return f"{shown}.{fraction:07d}" if fraction else shown

    def _general(self, kind: str, point: str) -> str:
        sign, days, hours, minutes, seconds, fraction = self._split()
        if kind == "G":
            return f"{sign}{days}:{hours:02d}:{minutes:02d}:{seconds:02d}{point}{fraction:07d}"
        shown = f"{sign}{days}:" if days else sign
        shown += f"{hours}:{minutes:02d}:{seconds:02d}"
        return f"{shown}{point}{f'{fraction:07d}'.rstrip('0')}" if fraction else shown

    def __repr__(self) -> str:
        return f"TimeSpan({self.to_string()!r})"


TimeSpan.order = vars(TimeSpan)["ticks"]
implement_order(TimeSpan)


def _custom(span: TimeSpan, format_: str) -> str:
    work_through(len(format_) << 4)
    _, days, hours, minutes, seconds, fraction = span._split()
    numbers = {"d": (days, 8), "h": (hours, 2), "m": (minutes, 2), "s": (seconds, 2)}
    out: list[str] = []
    index, end = 0, len(format_)
    while index < end:
        char = format_[index]
        run = 1
        while char in "dhmsfF" and index + run < end and format_[index + run] == char:
            run += 1
        if char in numbers:
            value, most = numbers[char]
            if run > most:
                raise _bad_format()
            out.append(f"{value:0{run}d}")
        elif char in "fF":
            if run > 7:
                raise _bad_format()
            digits = f"{fraction:07d}"[:run]
            out.append(digits if char == "f" else digits.rstrip("0"))
        elif char in "'\"":
            closing = format_.find(char, index + 1)
            if closing < 0:
                raise _bad_format()
            out.append(format_[index + 1 : closing])
            run = closing - index + 1
        elif char == "\\" and index + 1 < end:
            out.append(format_[index + 1])
            run = 2
        elif char == "%" and index + 1 < end and format_[index + 1] != "%":
            run = 1
        else:
            raise _bad_format()
        index += run
    return "".join(out)


def _bad_format() -> FormatException:
    return FormatException("Input string was not in a correct format.")


def _round_even(value: float) -> float:
    return float(round(value)) if abs(value) < 1e300 else value


def _from_float(ticks: float) -> TimeSpan:
    if not -_LIMIT <= ticks <= _LIMIT:
        raise OverflowException(_TOO_LONG)
    return TimeSpan(_LIMIT - 1 if ticks == _LIMIT else double_to_int("long", ticks))


def _checked(ticks: int) -> TimeSpan:
    if not -_LIMIT <= ticks < _LIMIT:
        raise OverflowException(_TOO_LONG)
    return TimeSpan(ticks)


def _register_from() -> None:
    for name, unit in (
        ("Days", DAY),
        ("Hours", HOUR),
        ("Minutes", MINUTE),
        ("Seconds", SECOND),
        ("Milliseconds", MILLISECOND),
    ):

        def make(value: float, unit: int = unit) -> TimeSpan:
            if value != value:
                raise ArgumentException("TimeSpan does not accept floating point Not-a-Number values.")
            return _from_float(value * unit)

        implements("System.TimeSpan", f"static System.TimeSpan From{name}(double value)")(make)


_register_from()


@implements("System.TimeSpan", "new")
def from_parts(days: int, hours: int, minutes: int, seconds: int, milliseconds: int = 0) -> TimeSpan:
    ticks = days * DAY + hours * HOUR + minutes * MINUTE + seconds * SECOND + milliseconds * MILLISECOND
    check_range(-_LIMIT <= ticks < _LIMIT, None, _TOO_LONG)
    return TimeSpan(ticks)


implements_all(
    "System.TimeSpan",
    {
        "Zero": lambda: TimeSpan(0),
        "MaxValue": lambda: TimeSpan(_LIMIT - 1),
        "MinValue": lambda: TimeSpan(-_LIMIT),
        "new(long)": TimeSpan,
        "FromTicks": TimeSpan,
        "op_UnaryPlus": lambda span: span,
        "op_UnaryNegation": TimeSpan.negate,
        "op_Addition": TimeSpan.add,
        "op_Subtraction": TimeSpan.subtract,
        "op_Multiply(TimeSpan, double)": TimeSpan.multiply,
        "op_Multiply(double, TimeSpan)": lambda a, span: span.multiply(a),
        "op_Division(TimeSpan, double)": TimeSpan.divide,
        "op_Division(TimeSpan, TimeSpan)": TimeSpan.ratio,
        "new(int, int, int)": lambda hours, minutes, seconds: from_parts(0, hours, minutes, seconds, 0),
    },
)
