"""Ten cultures, format by format: what .NET gives on Windows (see `culture_data`)."""

from __future__ import annotations

import pytest

from apimpolicy.csharp.dotnet.environment import Environment, use_environment
from apimpolicy.csharp.emit.expression import compile_expression
from apimpolicy.gateway.context.execution import Context

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


@pytest.mark.parametrize("culture", NUMBERS)
def test_numbers(culture: str) -> None:
    holes = "{0:N} {0:C} {1:C} {2:P} {3:P} {4:#,0.#} {5} {6} {7}".replace(" ", "|")
    values = "-1234567.89m, 0.5m, -0.5, 0.5, 1234.5, double.PositiveInfinity, double.NegativeInfinity, double.NaN"
    found = str(value_of(f'return string.Format(new CultureInfo("{culture}"), "{holes}", {values});'))
    assert found.replace(" ", "_").replace("\u202f", "~").replace("|", " ") == NUMBERS[culture]


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
