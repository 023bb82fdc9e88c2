"""The codes of findings and their pages: a rule's is its module's docstring, others are in files of data."""

from __future__ import annotations

import functools
import os
import re
import tomllib
from collections.abc import Iterable
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.checks.catalogue import entries, entry_of, page_of
from apimpolicy.diagnostics import Severity

if TYPE_CHECKING:
    from apimpolicy.checks.rule import Rule


class AuditCode(NamedTuple):
    """A code with its name (`open-with-credentials`), its severity and its page, which begins with the name."""

    code: str
    name: str
    severity: Severity
    page: str


@cache
def audit_codes() -> dict[str, AuditCode]:
    import tomllib

    with open(os.path.join(os.path.dirname(__file__), "audit_codes.toml"), "rb") as file:
        rows = tomllib.load(file)
    return {
        code: AuditCode(code, row["name"], Severity(row["severity"]), f"{row['name']}: {row['page'].strip()}")
        for code, row in rows.items()
    }


_FILE = Path(__file__).with_name("compiler_pages.toml")
_ERROR = "Expressions are C# 7.3; the gateway compiles them when a policy is saved, and refuses the document."
_WARNING = "A warning of the compiler: the gateway saves such a policy."
_NUMBERS = """
    0019 0020 0021 0022 0023 0026 0029 0030 0031 0034 0035 0037 0039 0077 0080 0100 0103 0104 0106 0110 0117 0118 0119
    0120 0121 0123 0126 0127 0128 0131 0133 0134 0136 0139 0140 0144 0145 0149 0150 0152 0153 0155 0156 0157 0158 0159
    0160 0161 0162 0163 0165 0168 0170 0172 0173 0176 0177 0178 0185 0186 0190 0193 0198 0200 0201 0206 0208 0210 0214
    0219 0220 0221 0225 0226 0227 0230 0231 0233 0234 0246 0248 0252 0253 0266 0269 0283 0304 0305 0306 0307 0308 0310
    0311 0313 0314 0315 0401 0405 0406 0407 0409 0411 0413 0417 0426 0428 0443 0446 0449 0450 0451 0452 0453 0454 0463
    0472 0594 0595 0611 0622 0623 0650 0664 0665 0692 0699 0701 0702 0712 0716 0718 0719 0721 0722 0723 0724 0742 0743
    0744 0745 0746 0747 0748 0815 0818 0819 0820 0822 0825 0826 0828 0833 0837 0839 0841 0846 0847 1001 1002 1003 1009
    1010 1011 1012 1013 1017 1021 1022 1023 1024 1026 1027 1028 1029 1031 1032 1035 1038 1039 1040 1056 1059 1061 1501
    1503 1510 1511 1513 1514 1515 1517 1519 1524 1525 1526 1547 1575 1579 1586 1593 1612 1615 1620 1621 1622 1623 1624
    1625 1626 1628 1631 1643 1654 1655 1656 1657 1660 1661 1662 1670 1674 1729 1733 1736 1737 1739 1740 1741 1744 1746
    1750 1751 1763 1770 1912 1913 1914 1920 1922 1929 1930 1931 1932 1934 1936 1937 1938 1939 1941 1942 1943 1947 1950
    1955 1958 1983 1988 4010 4032 4034 7003 7036 8030 8070 8076 8077 8078 8081 8082 8084 8086 8088 8089 8112 8115 8116
    8117 8119 8120 8121 8124 8125 8126 8127 8129 8130 8131 8132 8149 8150 8151 8156 8166 8168 8171 8172 8173 8174 8175
    8176 8181 8183 8185 8186 8196 8199 8209 8210 8310 8315 8323 8326 8327 8329 8330 8331 8332 8333 8334 8370 8373 8377
    8384 8389 8401 8641 8652 8716
"""
"""A test compares these with the code."""


def is_compiler_code(code: str) -> bool:
    """Return whether `check` may give this code: `CS1061`."""
    return code in compiler_codes()


def compiler_codes() -> list[str]:
    return [f"CS{number}" for number in _NUMBERS.split()]


def page_on_the_web(code: str) -> str:
    """Return the address of Microsoft's page about a code."""
    return f"https://learn.microsoft.com/dotnet/csharp/misc/{code.lower()}"


@functools.cache
def explained_codes() -> dict[str, dict[str, Any]]:
    return tomllib.loads(_FILE.read_text("utf-8"))


def page_of_compiler_code(code: str) -> str | None:
    """Return the page of a code, its title first, as Markdown; None when `check` never reports it."""
    if not is_compiler_code(code):
        return None
    link = f"The code is the compiler's own:\n{page_on_the_web(code)}"
    entry = explained_codes().get(code)
    if entry is None:
        return f"an error of the C# compiler.\n\n{_ERROR} {link}"
    return (
        f"{entry['title']}.\n\n"
        f"**What it means.** {entry['text']}\n\n"
        f"**Example**\n\n```csharp\n{entry['wrong']}\n```\n\n"
        f"**Use instead**\n\n```csharp\n{entry['right']}\n```\n\n"
        f"{_WARNING if entry.get('is_warning') else _ERROR} {link}"
    )


SITE = "https://apimpolicy.github.io/apimpolicy/"
"""The address of the documentation."""


@cache
def _pages() -> dict[str, dict[str, str]]:
    """Return title, text and evidence of the codes in `code_pages.toml`."""
    with open(os.path.join(os.path.dirname(__file__), "code_pages.toml"), "rb") as file:
        rows = tomllib.load(file)
    families = rows.pop("families")
    return {code: families[row["family"]] | row for code, row in rows.items()}


def evidence_of(code: str) -> str:
    """Return evidence of gateways refusing a code's cases; empty for rules, whose page has it."""
    return _pages().get(code, {}).get("evidence", "")


def page_of_code(code: str, rules: Iterable[type[Rule]] = ()) -> str | None:
    """Return the page of a code, its title first; None when neither `check` nor one of these rules reports it."""
    from apimpolicy.gateway.context.azure_texts import texts_of_code

    page = _own_page(code, rules)
    if page is None or not (texts := texts_of_code(code)):
        return page
    words = "\n".join(f"- `{each.text}` ({each.mark}: {each.source}, {each.date})" for each in texts)
    return f"{page.rstrip()}\n\n**What Azure shows**\n\n{words}"


def pages_with(text: str, limit: int = 2) -> list[str]:
    """Return the codes whose page contains a text; case and white space don't matter."""
    wanted = " ".join(text.lower().split())
    codes = dict.fromkeys((*all_codes(), *(entry.code for entry in entries())))
    found = (code for code in codes if wanted in " ".join((page_of_code(code) or "").lower().split()))
    return list(islice(found, limit)) if len(wanted) >= 8 else []


def page_of_text(text: str, rules: Iterable[type[Rule]] = ()) -> str:
    """Return what is known about a pasted text of Azure: entries of the table of texts, or a page of a code.

    The result is empty where nothing matches.
    """
    from apimpolicy.gateway.context.azure_texts import find_texts

    if matches := find_texts(text).matches:
        return "\n\n".join(entry.page() for entry in matches)
    named = dict.fromkeys(re.findall(r"\b(?:CS|POL|APIM)\d{3,4}\b", text))
    pages = ((code, page_of_code(code, rules)) for code in [*named, *pages_with(text)])
    return "\n\n".join(f"{code}  {page}" for code, page in pages if page)


def _own_page(code: str, rules: Iterable[type[Rule]]) -> str | None:
    for rule in rules:
        if rule.code == code:
            return rule.page()
    if (entry := entry_of(code)) is not None:
        return page_of(entry)
    if (page := page_of_compiler_code(code)) is not None:
        return page
    if (audited := audit_codes().get(code)) is not None:
        return audited.page
    if (own := _pages().get(code)) is None:
        return None
    evidence = f"\n\n**Evidence.** {own['evidence']}" if own.get("evidence") else ""
    return f"{own['title']}.\n\n{own['text'].replace('{code}', code)}{evidence}"


def address_of_code(code: str) -> str:
    """Return the address of a code's page on the web: the compiler's own, or that of the documentation."""
    return page_on_the_web(code) if code.startswith("CS") else f"{SITE}reference/codes/#{code.lower()}"


def title_of_code(code: str, rules: Iterable[type[Rule]] = ()) -> str:
    """Return the one-line title of a code: the name of a rule and what it finds; empty for an unknown code."""
    page = page_of_code(code, rules)
    return "" if page is None else page.partition("\n")[0].rstrip(".")


def all_codes() -> list[str]:
    return sorted((*_pages(), *explained_codes(), *audit_codes()))


_FOREIGN = re.compile(r"(?!POL|APIM|CS\d)[A-Z]{2,}[A-Z0-9-]*\d+")
_COMPILER = re.compile(r"CS\d{0,4}|C")


class UnknownCodeError(ValueError):
    """No code starts like this, and no rule has this name. The message suggests similar ones."""


def code_of(text: str, rules: Iterable[type[Rule]] = (), *, foreign: bool = False) -> str:
    """Return the code, or the beginning of codes, that a text means; `rules` are those besides the catalogue's.

    With `foreign`, a code that is unlike ours may be that of an organisation's rule which is not loaded now.
    Raises UnknownCodeError.
    """
    word = text.strip()
    names = {entry.module.replace("_", "-"): entry.code for entry in entries()}
    names |= {each.name: each.code for each in audit_codes().values()}
    names |= {rule.name(): rule.code for rule in rules}
    if (code := names.get(word.lower().replace("_", "-"))) is not None:
        return code
    code = word.upper()
    if code and (_COMPILER.fullmatch(code) or any(known.startswith(code) for known in _codes(rules))):
        return code
    if foreign and _FOREIGN.fullmatch(word) and not _near(code, rules):
        return code
    raise UnknownCodeError(f"'{text}' is neither a code of check nor the name of a rule; {_hint(word, names, rules)}")


def _codes(rules: Iterable[type[Rule]]) -> list[str]:
    """Return every code but the compiler's."""

    return [*(entry.code for entry in entries()), *all_codes(), *(rule.code for rule in rules)]


def _hint(word: str, names: dict[str, str], rules: Iterable[type[Rule]]) -> str:
    from difflib import get_close_matches

    if near := get_close_matches(word.lower().replace("_", "-"), names, 1, 0.6):
        return f"did you mean '{near[0]}' ({names[near[0]]})?"
    if near := _near(word.upper(), rules):
        return f"did you mean '{near[0]}'? `apimpolicy rule` lists them all"
    return "`apimpolicy rule` lists them all"


def _near(code: str, rules: Iterable[type[Rule]]) -> list[str]:
    """Return similar codes. A POL code with other digits has none."""
    from difflib import get_close_matches

    return [] if re.fullmatch(r"POL\d+", code) else get_close_matches(code, _codes(rules), 1, 0.8)
