"""`System.Globalization.TextInfo`: upper, lower and title case."""

from __future__ import annotations

import unicodedata

from apimpolicy.dotnet.environment import work_through
from apimpolicy.dotnet.exceptions import ArgumentNullException
from apimpolicy.dotnet.registry import counts_itself, dotnet_class
from apimpolicy.dotnet.system.characters import to_lower_in, to_upper_in

_SEPARATORS = {"Zs", "Zl", "Zp", "Cc", "Cf", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So"}
"""The categories of what stands between words."""


@dotnet_class(
    "System.Globalization.TextInfo", members="CultureName=culture ToUpper=upper ToLower=lower ToTitleCase=title"
)
class TextInfo:
    """Of the culture with this name."""

    __slots__ = ("culture", "is_read_only")

    is_right_to_left = False

    def __init__(self, culture: str, is_read_only: bool) -> None:
        self.culture = culture
        self.is_read_only = is_read_only

    def upper(self, text: str | None) -> str:
        return to_upper_in(_given(text), self.culture)

    def lower(self, text: str | None) -> str:
        return to_lower_in(_given(text), self.culture)

    @counts_itself
    def title(self, text: str | None) -> str:
        """Every word begins with a capital; words in capitals are left as they are.

        Source: .NET Core 3.1, `TextInfo.ToTitleCase`. In Dutch `ij` at the beginning is one letter.

        >>> TextInfo("", True).title("war and peace, o'neil's USA mcDONALD")
        "War And Peace, O'neil's USA Mcdonald"
        """
        text = _given(text)
        work_through(len(text) << 4)
        categories = [unicodedata.category(char) for char in text]
        out: list[str] = []
        index, end = 0, len(text)
        is_dutch = self.culture.split("-")[0] == "nl"
        while index < end:
            if categories[index][0] != "L":
                out.append(text[index])
                index += 1
                continue
            has_lower = categories[index] == "Ll"
            if is_dutch and text[index : index + 2].lower() == "ij":
                out.append("IJ")
                index += 2
            else:
                out.append(text[index].title() if text[index] in "ǄǅǆǇǈǉǊǋǌǱǲǳ" else self.upper(text[index]))
                index += 1
            start = index
            while index < end and (text[index] == "'" or categories[index] not in _SEPARATORS):
                has_lower = has_lower or categories[index] == "Ll"
                index += 1
                if text[index - 1] == "'":
                    out.append(self.lower(text[start:index]) if has_lower else text[start:index])
                    start, has_lower = index, True
            out.append(self.lower(text[start:index]) if has_lower else text[start:index])
        return "".join(out)

    def to_string(self) -> str:
        return f"TextInfo - {self.culture}"


def _given(text: str | None) -> str:
    if text is None:
        raise ArgumentNullException("str")
    return text
