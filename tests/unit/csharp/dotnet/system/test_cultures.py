# ruff: noqa: E501 - the rows of a table keep their line
"""CultureInfo, and the members that take an IFormatProvider."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

DE, GB, US = 'new CultureInfo("de-DE")', 'new CultureInfo("en-GB")', 'new CultureInfo("en-US")'
ROWS = {
    # Which cultures there are
    'return new CultureInfo("DE-de").Name;': "de-DE",
    "return CultureInfo.CurrentCulture.Name + CultureInfo.CurrentCulture.Equals(CultureInfo.InvariantCulture);": "True",
    f"return {US}.Equals(new CultureInfo(\"EN-us\")) && !{US}.Equals({GB});": True,
    'return new CultureInfo("tr-TR");': "NotSimulatedError",
    'return new CultureInfo("de-CH");': "NotSimulatedError",
    'return new CultureInfo("not a culture");': "System.Globalization.CultureNotFoundException: Culture is not supported. (Parameter 'name')\nnot a culture is an invalid culture identifier.",
    'return new CultureInfo("en_US");': "System.Globalization.CultureNotFoundException: Culture is not supported. (Parameter 'name')\nen_US is an invalid culture identifier.",
    'try { return new CultureInfo("?").Name; } catch (ArgumentException e) { return e.ParamName; }': "name",
    "return new CultureInfo((string)null);": "System.ArgumentNullException: Value cannot be null. (Parameter 'name')",
    # Numbers as text
    f"return 1234.5.ToString({DE}) + 1234.5m.ToString({DE}) + (-7).ToString({DE}) + 1.5f.ToString({DE});": "1234,51234,5-71,5",
    f'return 1234567.891.ToString("N", {DE}) + 0.125.ToString("P1", {DE}) + 12.ToString("D4", {DE});': "1.234.567,8912,5 %0012",
    f'return 1234.5.ToString("E2", {DE}) + 1e21.ToString({DE}) + 255.ToString("X", {DE});': "1,23E+0031E+21FF",
    f'return 1234567.5.ToString("#,##0.00", {DE}) + 0.5.ToString("0.0%", {DE}) + 0.5.ToString("0‰", {DE});': "1.234.567,5050,0%500‰",
    f'return Convert.ToString(1.5, {DE}) + Convert.ToString((object)2.5m, {DE}) + ((IFormattable)3.5).ToString("F1", {DE});': "1,52,53,5",
    f'return string.Format({DE}, "{{0}} {{1,8:F1}} {{2}} {{3}}", 1.5, 2.25m, true, null);': "1,5      2,3 True ",
    f'return new StringBuilder().AppendFormat({DE}, "{{0:N1}}", 1234.5).ToString();': "1.234,5",
    f'var w = new StringWriter({DE}); w.Write(1.5); w.Write("|{{0}}", 2.5m); return w.ToString();': "1,5|2,5",
    f"return new JValue(1234.5).ToString(\"N1\", {DE}) + new JValue(1.5).ToString({DE}) + new JValue(1.5);": "1.234,51,51.5",
    'return string.Format("{0:N2}", new JValue(5));': "5.00",
    'return string.Format("{0:N2}", new JObject());': "{}",
    # Text as numbers
    f'return decimal.Parse("1.234,5", {DE}) + decimal.Parse("1,5", {DE});': "1236.0",
    f'return double.Parse("1.5", {DE});': 15.0,
    f'double d; return double.TryParse("1,5", NumberStyles.Float, {DE}, out d) ? d : 0;': 1.5,
    f'return double.TryParse("1,5", NumberStyles.Float, {US}, out var d);': False,
    f'return Convert.ToDouble("1,5", {DE}) + Convert.ToDecimal("2,5", {DE}).ToString() + Convert.ChangeType("3,5", typeof(double), {DE});': "1.52.53.5",
    f'return decimal.Parse("($1,234.50)", NumberStyles.Currency, {US});': "-1234.50",
    f'return decimal.Parse("-$ 5", NumberStyles.Currency, {US}) + decimal.Parse("5 $", NumberStyles.Any, {US});': "0",
    f'return decimal.Parse("5 €", NumberStyles.Currency, {DE}) + decimal.Parse("€5-", NumberStyles.Currency, {DE});': "0",
    f'return decimal.Parse("- 5", NumberStyles.Any, {US});': "System.FormatException: Input string was not in a correct format.",
    f'return decimal.Parse("$$5", NumberStyles.Any, {US});': "System.FormatException: Input string was not in a correct format.",
    f'return decimal.Parse("(5", NumberStyles.Any, {US});': "System.FormatException: Input string was not in a correct format.",
    f'return decimal.Parse("(-5)", NumberStyles.Any, {US});': "System.FormatException: Input string was not in a correct format.",
    'return decimal.Parse("1 234,5", new CultureInfo("fr-FR")) + int.Parse("1\u202f234", NumberStyles.AllowThousands, new CultureInfo("fr"));': "2468.5",
    f'return double.Parse("∞", {DE});': float("inf"),
    'return double.Parse("∞");': "System.FormatException: Input string was not in a correct format.",
    'return decimal.Parse("¤ 5", NumberStyles.Currency) + decimal.Parse("5 ¤", NumberStyles.Currency);': "10",
    'return double.Parse("1e0000000003");': 1000.0,
    # Dates
    f'return new DateTime(2024, 2, 9).ToString("MMM", {DE});': "NotSimulatedError",
    f'return new DateTime(2024, 2, 9).ToString("gg", {DE});': "NotSimulatedError",
    f'return TimeSpan.FromSeconds(1.5).ToString("G", {DE}) + TimeSpan.Parse("0:0:1,5", {DE}) + TimeSpan.ParseExact("0:00:01,5", "g", {DE});': "0:00:00:01,500000000:00:01.500000000:00:01.5000000",
    f'return TimeSpan.ParseExact("0:00:01.5", "g", {DE});': "System.FormatException: String '0:00:01.5' was not recognized as a valid TimeSpan.",
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), ROWS.items())
def test_value(code: str, expected: object, answer_of: Callable[[str], object]) -> None:
    assert answer_of(code) == expected
