"""Ten cultures as data, with the formats that .NET has for them on Windows, which real gateways run on.

Windows' formats have changed with its versions, and those of ICU (CLDR), which .NET takes elsewhere, are others. A
format is taken when all versions of Windows from 8 on agree, whatever ICU says; when they do not, the one that ICU
agrees with; when ICU has something else again, the field is left out, and asking for it fails by name. ICU differs in:

    en-US   negative currency is ($1.00), not -$1.00
    en-GB   the long date has no day of the week; AM and PM are capitals; September is Sep, not Sept
    de-DE   days are So, not So.; no designators of AM and PM (so in fr-FR, es-ES, it-IT, nl-NL, pt-BR too)
    nl-NL   the short date is d-M-yyyy, not dd-MM-yyyy
    pt-BR   months and days are abbreviated without a point
    ja-JP   the long date has no day of the week; abbreviated months are numbers; the currency is ¥ (U+00A5)
    zh-CN   the long date has no day of the week; the short time is H:mm; negative currency is ¥-1.00

Groups of French numbers are divided by U+202F, as on Windows 11 and in ICU; older versions have U+00A0.
A neutral culture (`de`) has the formats of its usual specific one, as in .NET. English names are .NET's.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from apimpolicy.dotnet.system.date_symbols import DAY_NAMES, MONTH_NAMES, DateSymbols
from apimpolicy.dotnet.system.date_symbols import INVARIANT as INVARIANT_DATES
from apimpolicy.dotnet.system.number_symbols import INVARIANT as INVARIANT_NUMBERS
from apimpolicy.dotnet.system.number_symbols import NumberSymbols
from apimpolicy.errors import NotSimulatedError

_LONGEST_SYMBOL = 1000
_SUNDAY, _MONDAY = 0, 1
_FIRST_DAY, _FIRST_FOUR_DAY_WEEK = 0, 2


class Identity(NamedTuple):
    """Names and numbers of a culture. `own_order` are the letters that it sorts elsewhere than the invariant culture.

    `*` in `own_order` stands for everything beyond ASCII.
    """

    lcid: int
    english_name: str
    parent: str
    three_letters: str
    formats: str
    own_order: str = ""


IDENTITIES = {
    "": Identity(127, "Invariant Language (Invariant Country)", "", "ivl", ""),
    "de": Identity(7, "German", "", "deu", "de-DE"),
    "de-DE": Identity(1031, "German (Germany)", "de", "deu", "de-DE"),
    "en": Identity(9, "English", "", "eng", "en-US"),
    "en-GB": Identity(2057, "English (United Kingdom)", "en", "eng", "en-GB"),
    "en-US": Identity(1033, "English (United States)", "en", "eng", "en-US"),
    "es": Identity(10, "Spanish", "", "spa", "es-ES", "ñÑ\u0303"),
    "es-ES": Identity(3082, "Spanish (Spain)", "es", "spa", "es-ES", "ñÑ\u0303"),
    "fr": Identity(12, "French", "", "fra", "fr-FR"),
    "fr-FR": Identity(1036, "French (France)", "fr", "fra", "fr-FR"),
    "it": Identity(16, "Italian", "", "ita", "it-IT"),
    "it-IT": Identity(1040, "Italian (Italy)", "it", "ita", "it-IT"),
    "ja": Identity(17, "Japanese", "", "jpn", "ja-JP", "*"),
    "ja-JP": Identity(1041, "Japanese (Japan)", "ja", "jpn", "ja-JP", "*"),
    "nl": Identity(19, "Dutch", "", "nld", "nl-NL"),
    "nl-NL": Identity(1043, "Dutch (Netherlands)", "nl", "nld", "nl-NL"),
    "pt": Identity(22, "Portuguese", "", "por", "pt-BR"),
    "pt-BR": Identity(1046, "Portuguese (Brazil)", "pt", "por", "pt-BR"),
    "zh-CN": Identity(2052, "Chinese (Simplified, China)", "zh-Hans", "zho", "zh-CN", "*"),
}


class Numbers(NamedTuple):
    """`(point, group)` of all numbers; the rest are NumberFormatInfo's numbers of patterns: positive, then negative."""

    point: str
    group: str
    percent: tuple[int, int]
    symbol: str
    currency: tuple[int, int]
    currency_digits: int = 2


_NUMBERS = {
    "de-DE": Numbers(",", ".", (0, 0), "€", (3, 8)),
    "en-GB": Numbers(".", ",", (1, 1), "£", (0, 1)),
    "en-US": Numbers(".", ",", (1, 1), "$", (0, 0)),
    "es-ES": Numbers(",", ".", (0, 0), "€", (3, 8)),
    "fr-FR": Numbers(",", "\u202f", (0, 0), "€", (3, 8)),
    "it-IT": Numbers(",", ".", (1, 1), "€", (3, 8)),
    "ja-JP": Numbers(".", ",", (1, 1), "¥", (0, 1), 0),
    "nl-NL": Numbers(",", ".", (1, 1), "€", (2, 12)),
    "pt-BR": Numbers(",", ".", (1, 1), "R$", (2, 9)),
    "zh-CN": Numbers(".", ",", (1, 1), "¥", (0, 2)),
}


class Dates(NamedTuple):
    """Patterns (short date, long date, short time, month and day, year and month), then names, a list in one text."""

    short_date: str
    long_date: str
    short_time: str
    month_day: str
    year_month: str
    day_names: str
    short_day_names: str
    month_names: str
    short_month_names: str
    separator: str = "/"
    halves: tuple[str, str] = ("", "")
    week: tuple[int, int] = (_MONDAY, _FIRST_FOUR_DAY_WEEK)
    shortest_day_names: str = ""


_ENGLISH = (
    " ".join(DAY_NAMES),
    " ".join(name[:3] for name in DAY_NAMES),
    " ".join(MONTH_NAMES),
    " ".join(name[:3] for name in MONTH_NAMES),
)
_SHORT_ENGLISH_DAYS = " ".join(name[:2] for name in DAY_NAMES)
_DATES = {
    "de-DE": Dates(
        "dd.MM.yyyy", "dddd, d. MMMM yyyy", "HH:mm", "d. MMMM", "MMMM yyyy",
        "Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag", "So Mo Di Mi Do Fr Sa",
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember", "", ".",
        shortest_day_names="So Mo Di Mi Do Fr Sa",
    ),
    "en-GB": Dates(
        "dd/MM/yyyy", "dd MMMM yyyy", "HH:mm", "d MMMM", "MMMM yyyy", *_ENGLISH, "/", ("AM", "PM"),
        shortest_day_names=_SHORT_ENGLISH_DAYS,
    ),
    "en-US": Dates(
        "M/d/yyyy", "dddd, MMMM d, yyyy", "h:mm tt", "MMMM d", "MMMM yyyy", *_ENGLISH, "/", ("AM", "PM"),
        (_SUNDAY, _FIRST_DAY), _SHORT_ENGLISH_DAYS,
    ),
    "es-ES": Dates(
        "dd/MM/yyyy", "dddd, d' de 'MMMM' de 'yyyy", "H:mm", "d 'de' MMMM", "MMMM' de 'yyyy",
        "domingo lunes martes miércoles jueves viernes sábado", "",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre", "",
        shortest_day_names="D L M X J V S",
    ),
    "fr-FR": Dates(
        "dd/MM/yyyy", "dddd d MMMM yyyy", "HH:mm", "d MMMM", "MMMM yyyy",
        "dimanche lundi mardi mercredi jeudi vendredi samedi", "dim. lun. mar. mer. jeu. ven. sam.",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
        shortest_day_names="di lu ma me je ve sa",
    ),
    "it-IT": Dates(
        "dd/MM/yyyy", "dddd d MMMM yyyy", "HH:mm", "d MMMM", "MMMM yyyy",
        "domenica lunedì martedì mercoledì giovedì venerdì sabato", "dom lun mar mer gio ven sab",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "gen feb mar apr mag giu lug ago set ott nov dic",
    ),
    "ja-JP": Dates(
        "yyyy/MM/dd", "yyyy'年'M'月'd'日'", "H:mm", "M月d日", "yyyy'年'M'月'",
        "日曜日 月曜日 火曜日 水曜日 木曜日 金曜日 土曜日", "日 月 火 水 木 金 土",
        " ".join(f"{month}月" for month in range(1, 13)), " ".join(map(str, range(1, 13))), "/", ("午前", "午後"),
        (_SUNDAY, _FIRST_DAY), "日 月 火 水 木 金 土",
    ),
    "nl-NL": Dates(
        "d-M-yyyy", "dddd d MMMM yyyy", "HH:mm", "d MMMM", "MMMM yyyy",
        "zondag maandag dinsdag woensdag donderdag vrijdag zaterdag", "zo ma di wo do vr za",
        "januari februari maart april mei juni juli augustus september oktober november december",
        "jan feb mrt apr mei jun jul aug sep okt nov dec", "-",
        shortest_day_names="zo ma di wo do vr za",
    ),
    "pt-BR": Dates(
        "dd/MM/yyyy", "dddd, d' de 'MMMM' de 'yyyy", "HH:mm", "d 'de' MMMM", "MMMM' de 'yyyy",
        "domingo segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado",
        "dom seg ter qua qui sex sáb",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "jan fev mar abr mai jun jul ago set out nov dez", week=(_SUNDAY, _FIRST_DAY),
        shortest_day_names="D S T Q Q S S",
    ),
    "zh-CN": Dates(
        "yyyy/M/d", "yyyy'年'M'月'd'日'", "H:mm", "M'月'd'日'", "yyyy'年'M'月'",
        "星期日 星期一 星期二 星期三 星期四 星期五 星期六", "周日 周一 周二 周三 周四 周五 周六",
        "一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月", "", "/", ("上午", "下午"),
        (_MONDAY, _FIRST_DAY), "日 一 二 三 四 五 六",
    ),
}  # fmt: skip


def check_symbol(value: str) -> str:
    """A symbol, name or pattern that a policy gives; raises NotSimulatedError for an enormous one."""
    if len(value) > _LONGEST_SYMBOL:
        raise NotSimulatedError(
            "formats of a culture", f"symbols and patterns of more than {_LONGEST_SYMBOL} characters"
        )
    return value


@functools.cache
def numbers(name: str) -> NumberSymbols:
    """What the culture with this name says about numbers."""
    formats = IDENTITIES[name].formats
    if not formats:
        return INVARIANT_NUMBERS
    row = _NUMBERS[formats]
    given = {f"{kind}_point": row.point for kind in ("number", "currency", "percent")}
    given |= {f"{kind}_group": row.group for kind in ("number", "currency", "percent")}
    return NumberSymbols(
        name,
        **given,
        percent_positive=row.percent[0],
        percent_negative=row.percent[1],
        currency_symbol=row.symbol,
        currency_positive=row.currency[0],
        currency_negative=row.currency[1],
        currency_digits=row.currency_digits,
        positive_infinity="∞",
        negative_infinity="-∞",
    )


@functools.cache
def dates(name: str) -> DateSymbols:
    """What the culture with this name says about dates."""
    formats = IDENTITIES[name].formats
    if not formats:
        return INVARIANT_DATES
    row = _DATES[formats]
    long_time = row.short_time.replace("mm", "mm:ss")
    names = {
        field: tuple(getattr(row, field).split())
        for field in ("day_names", "short_day_names", "shortest_day_names", "month_names", "short_month_names")
        if getattr(row, field)
    }
    return DateSymbols(
        name,
        short_date=row.short_date,
        long_date=row.long_date,
        short_time=row.short_time,
        long_time=long_time,
        full=f"{row.long_date} {long_time}",
        month_day=row.month_day,
        year_month=row.year_month,
        date_separator=row.separator,
        time_separator=":",
        morning=row.halves[0],
        afternoon=row.halves[1],
        first_day=row.week[0],
        week_rule=row.week[1],
        **names,
    )
