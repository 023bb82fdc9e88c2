# ruff: noqa: E501 - the rows of a table keep their line
"""Ten cultures, format by format: what .NET gives on Windows (see `culture_data`)."""

from __future__ import annotations

import pytest

from apimpolicy.context.execution import Context
from apimpolicy.dotnet.environment import Environment, use_environment
from apimpolicy.emit.expression import compile_expression
from apimpolicy.errors import NotSimulatedError

MOMENT = "new DateTime(2024, 2, 9, 15, 4, 5)"
FRIDAY = {
    "en-US": "2/9/2024|Friday, February 9, 2024|3:04 PM|3:04:05 PM|2/9/2024 3:04:05 PM|February 9|February 2024|Fri Feb",
    "en-GB": "09/02/2024|09 February 2024|15:04|15:04:05|09/02/2024 15:04:05|9 February|February 2024|Fri Feb",
    "de-DE": "09.02.2024|Freitag, 9. Februar 2024|15:04|15:04:05|09.02.2024 15:04:05|9. Februar|Februar 2024|Fr ?",
    "fr-FR": "09/02/2024|vendredi 9 février 2024|15:04|15:04:05|09/02/2024 15:04:05|9 février|février 2024|ven. févr.",
    "es-ES": "09/02/2024|viernes, 9 de febrero de 2024|15:04|15:04:05|09/02/2024 15:04:05|9 de febrero|febrero de 2024|? ?",
    "it-IT": "09/02/2024|venerdì 9 febbraio 2024|15:04|15:04:05|09/02/2024 15:04:05|9 febbraio|febbraio 2024|ven feb",
    "nl-NL": "9-2-2024|vrijdag 9 februari 2024|15:04|15:04:05|9-2-2024 15:04:05|9 februari|februari 2024|vr feb",
    "pt-BR": "09/02/2024|sexta-feira, 9 de fevereiro de 2024|15:04|15:04:05|09/02/2024 15:04:05|9 de fevereiro|fevereiro de 2024|sex fev",
    "ja-JP": "2024/02/09|2024年2月9日|15:04|15:04:05|2024/02/09 15:04:05|2月9日|2024年2月|金 2",
    "zh-CN": "2024/2/9|2024年2月9日|15:04|15:04:05|2024/2/9 15:04:05|2月9日|2024年2月|周五 ?",
    "": "02/09/2024|Friday, 09 February 2024|15:04|15:04:05|02/09/2024 15:04:05|February 09|2024 February|Fri Feb",
}
"""The standard formats d D t T G M Y, then ddd and MMM; `?` where it fails by name."""
NUMBERS = {
    "en-US": "-1,234,567.89 ($1,234,567.89) $0.50 -50.00% 50.00% 1,234.5 ∞ -∞ NaN",
    "en-GB": "-1,234,567.89 -£1,234,567.89 £0.50 -50.00% 50.00% 1,234.5 ∞ -∞ NaN",
    "de-DE": "-1.234.567,89 -1.234.567,89_€ 0,50_€ -50,00_% 50,00_% 1.234,5 ∞ -∞ NaN",
    "fr-FR": "-1~234~567,89 -1~234~567,89_€ 0,50_€ -50,00_% 50,00_% 1~234,5 ∞ -∞ NaN",
    "es-ES": "-1.234.567,89 -1.234.567,89_€ 0,50_€ -50,00_% 50,00_% 1.234,5 ∞ -∞ NaN",
    "it-IT": "-1.234.567,89 -1.234.567,89_€ 0,50_€ -50,00% 50,00% 1.234,5 ∞ -∞ NaN",
    "nl-NL": "-1.234.567,89 €_-1.234.567,89 €_0,50 -50,00% 50,00% 1.234,5 ∞ -∞ NaN",
    "pt-BR": "-1.234.567,89 -R$_1.234.567,89 R$_0,50 -50,00% 50,00% 1.234,5 ∞ -∞ NaN",
    "ja-JP": "-1,234,567.89 -¥1,234,568 ¥1 -50.00% 50.00% 1,234.5 ∞ -∞ NaN",
    "zh-CN": "-1,234,567.89 ¥-1,234,567.89 ¥0.50 -50.00% 50.00% 1,234.5 ∞ -∞ NaN",
    "": "-1,234,567.89 (¤1,234,567.89) ¤0.50 -50.00_% 50.00_% 1,234.5 Infinity -Infinity NaN",
}
"""-1234567.89m as N and C, 0.5m as C, -0.5 and 0.5 as P, 1234.5 as `#,0.#`, then what is no number.

`_` stands for a blank, `~` for U+202F.
"""


def value_of(code: str) -> object:
    compiled = compile_expression("@{" + code + "}")
    with use_environment(Environment()):
        return compiled.evaluate(Context())


def shown(code: str) -> str:
    try:
        return str(value_of(code))
    except NotSimulatedError:
        return "?"


@pytest.mark.parametrize("culture", FRIDAY)
def test_dates(culture: str) -> None:
    made = f'var c = new CultureInfo("{culture}"); return {MOMENT}.ToString'
    standard = [shown(f'{made}("{letter}", c);') for letter in "dDtTGMY"]
    names = " ".join(shown(f'{made}("{name}", c);') for name in ("ddd", "MMM"))
    assert "|".join([*standard, names]) == FRIDAY[culture]
    assert standard[4] == shown(f"{made}(c);")


@pytest.mark.parametrize("culture", NUMBERS)
def test_numbers(culture: str) -> None:
    holes = "{0:N} {0:C} {1:C} {2:P} {3:P} {4:#,0.#} {5} {6} {7}".replace(" ", "|")
    values = "-1234567.89m, 0.5m, -0.5, 0.5, 1234.5, double.PositiveInfinity, double.NegativeInfinity, double.NaN"
    found = shown(f'return string.Format(CultureInfo.GetCultureInfo("{culture}"), "{holes}", {values});')
    assert found.replace(" ", "_").replace("\u202f", "~").replace("|", " ") == NUMBERS[culture]


@pytest.mark.parametrize("culture", FRIDAY)
@pytest.mark.parametrize("letter", "dDFgGf")
def test_what_is_written_can_be_read(culture: str, letter: str) -> None:
    code = (
        f'var c = new CultureInfo("{culture}"); var t = {MOMENT}.ToString("{letter}", c);'
        f' return DateTime.ParseExact(t, "{letter}", c) == DateTime.Parse(t, c) && DateTime.Parse(t, c).ToString("{letter}", c) == t;'
    )
    assert value_of(code) is True


@pytest.mark.parametrize("culture", NUMBERS)
def test_numbers_that_are_written_can_be_read(culture: str) -> None:
    code = (
        f'var c = new CultureInfo("{culture}"); var n = -1234567.25m; var q = 6.5e-30;'
        ' return decimal.Parse(n.ToString(c), c) == n && decimal.Parse(n.ToString("N2", c), NumberStyles.Any, c) == n'
        ' && Math.Round(decimal.Parse(n.ToString("C", c), NumberStyles.Any, c)) == Math.Round(n)'
        ' && double.Parse(q.ToString(c), c) == q && int.Parse((-5).ToString("N0", c), NumberStyles.Any, c) == -5'
        ' && TimeSpan.Parse(TimeSpan.FromSeconds(90061.5).ToString("g", c), c).TotalSeconds == 90061.5;'
    )
    assert value_of(code) is True
