"""Records: constructors, defaults and slots from annotations."""

from __future__ import annotations

import pytest

from apimpolicy.records import Record, keyword


class Base(Record):
    first: int
    last: str = keyword(default="end", kw_only=True)


class Derived(Base):
    second: int
    third: int = 3


class Narrowed(Base):
    last: str
    fourth: int = 4


class Written(Base):
    double: int

    def __init__(self, value: int) -> None:
        super().__init__(value, last="own")
        self.double = 2 * value


def test_fields_come_in_order() -> None:
    record = Derived(1, 2)
    assert (record.first, record.second, record.third, record.last) == (1, 2, 3, "end")
    assert Derived._fields == ("first", "last", "second", "third")


def test_defaults_can_be_given() -> None:
    record = Derived(1, 2, 4, last="other")
    assert (record.third, record.last) == (4, "other")
    assert Derived(1, second=2).second == 2


def test_a_field_declared_again_is_positional() -> None:
    assert Narrowed(1, "x").last == "x"
    assert Narrowed(1, "x").fourth == 4


def test_a_written_constructor_stays() -> None:
    assert Written(2).double == 4
    assert Written(2).last == "own"


def test_mistakes_are_type_errors() -> None:
    with pytest.raises(TypeError, match="second"):
        Derived(1)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Derived(1, 2, 3, "positional")  # type: ignore[misc]


def test_there_are_slots_alone() -> None:
    record = Derived(1, 2)
    assert not hasattr(record, "__dict__")
    with pytest.raises(AttributeError):
        record.other = 1  # type: ignore[attr-defined]
