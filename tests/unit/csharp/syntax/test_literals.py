from __future__ import annotations

from decimal import Decimal

import pytest

from apimpolicy.csharp.syntax import literals


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"a\\b\"\n\0"', 'a\\b"\n\0'),
        (r'"\x41\x4g\u00e9"', "A\x04gé"),
        (r'"\x00412"', "A2"),
        (r'"\U0001F600"', "\ud83d\ude00"),
        ('"😀"', "\ud83d\ude00"),
        ('""', ""),
    ],
)
def test_strings(text: str, value: str) -> None:
    assert literals.string_value(text) == value


def test_verbatim_and_interpolated_texts() -> None:
    assert literals.verbatim_string_value('@"a\\""😀"') == 'a\\"\ud83d\ude00'
    assert literals.interpolated_text_value(r"a{{\t}}", verbatim=False) == "a{\t}"
    assert literals.interpolated_text_value('a""{{\\', verbatim=True) == 'a"{\\'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", (0, "int")),
        ("2147483647", (2**31 - 1, "int")),
        ("2147483648", (2**31, "uint")),
        ("4294967296", (2**32, "long")),
        ("9223372036854775808", (2**63, "ulong")),
        ("1u", (1, "uint")),
        ("4294967296U", (2**32, "ulong")),
        ("1L", (1, "long")),
        ("0x8000_0000_0000_0000l", (2**63, "ulong")),
        ("1lu", (1, "ulong")),
        ("0b1010", (10, "int")),
        ("1_000", (1000, "int")),
        ("0x1F", (31, "int")),
    ],
)
def test_integers(text: str, value: tuple[int, str]) -> None:
    assert literals.integer_value(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.5", (1.5, "double")),
        ("1_0e1", (100.0, "double")),
        (".5d", (0.5, "double")),
        ("0.1f", (0.10000000149011612, "float")),
        ("1.50m", (Decimal("1.50"), "decimal")),
        ("1e2m", (Decimal("100"), "decimal")),
        ("79228162514264337593543950335m", (Decimal(2**96 - 1), "decimal")),
        ("0.00000000000000000000000000005m", (Decimal("0E-28"), "decimal")),
        ("0.00000000000000000000000000015m", (Decimal("0.0000000000000000000000000002"), "decimal")),
        ("1e-999999m", (Decimal("0E-28"), "decimal")),
        ("1e-99999999999999999999m", (Decimal("0E-28"), "decimal")),
        ("1e3m", (Decimal("1000"), "decimal")),
        ("0e5m", (Decimal(0), "decimal")),
    ],
)
def test_reals(text: str, value: tuple[float | Decimal, str]) -> None:
    found, name = literals.real_value(text)
    assert (str(found), name) == (str(value[0]), value[1])


@pytest.mark.parametrize(
    ("read", "text", "code"),
    [
        (literals.string_value, r'"\q"', "CS1009"),
        (literals.string_value, r'"\u12"', "CS1009"),
        (literals.string_value, r'"\UFFFFFFFF"', "CS1009"),
        (literals.character_value, "''", "CS1011"),
        (literals.character_value, "'ab'", "CS1012"),
        (literals.character_value, "'😀'", "CS1012"),
        (literals.integer_value, "99999999999999999999", "CS1021"),
        (literals.integer_value, "9" * 10_000, "CS1021"),
        (literals.real_value, "1e400", "CS0594"),
        (literals.real_value, "1e39f", "CS0594"),
        (literals.real_value, "79228162514264337593543950336m", "CS0594"),
        (literals.real_value, "1e999999999m", "CS0594"),
        (literals.real_value, "1e99999999999999999999m", "CS0594"),
    ],
)
def test_literals_without_a_value(read: object, text: str, code: str) -> None:
    with pytest.raises(literals.LiteralError) as caught:
        read(text)  # type: ignore[operator]
    assert caught.value.code == code


def test_names() -> None:
    assert literals.identifier_name(r"@\u0061b") == "ab"
