"""Requirements of `apimpolicy audit`, from the table `[audit]` of the configuration.

[audit]
require = "token or certificate"        # key, token, certificate, address, own check; and, or, parentheses
undecided = "fail"                      # or "report", the default
ignore = ["AUD009"]
baseline = "audit-baseline.json"        # findings that are known and wait

[[audit.rule]]                          # for some APIs; the last one that fits counts
apis = ["public-*"]                     # patterns of ids
operations = ["GET *"]                  # patterns of method and template; all unless given
require = "anyone"

[[audit.except]]
apis = ["status"]
operations = ["GET /health"]
reason = "load balancers ask it"
owner = "platform@contoso.example"
until = 2027-01-31
"""

from __future__ import annotations

import datetime
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apimpolicy.project.toml_table import Table

WORDS = {
    "key": "subscription key",
    "token": "token",
    "certificate": "certificate",
    "address": "address",
    "own check": "own check",
}
"""Kinds of requirements: the configuration's word for each, and the audit's."""
ANYONE = "anyone"
_TOKENS = re.compile(r"\s*(\(|\)|and\b|or\b|own check\b|[a-z]+\b)")


class Requirement:
    """Requirements that every request has to meet: `token or (key and address)`."""

    def __init__(self, text: str) -> None:
        """Raises ValueError."""
        self.text = text
        self._tokens = _split(text)
        self._position = 0
        self._test = self._either()
        if self._position < len(self._tokens):
            raise ValueError(f"'{self._tokens[self._position]}' isn't expected there")

    def allows(self, proofs: frozenset[str]) -> bool:
        """Return whether these proofs are enough."""
        return self._test(proofs)

    def _take(self) -> str:
        if self._position >= len(self._tokens):
            raise ValueError("a word is missing at the end")
        self._position += 1
        return self._tokens[self._position - 1]

    def _next_is(self, token: str) -> bool:
        is_next = self._tokens[self._position : self._position + 1] == [token]
        self._position += is_next
        return is_next

    def _either(self) -> Callable[[frozenset[str]], bool]:
        parts = [self._both()]
        while self._next_is("or"):
            parts.append(self._both())
        return lambda proofs: any(part(proofs) for part in parts)

    def _both(self) -> Callable[[frozenset[str]], bool]:
        parts = [self._one()]
        while self._next_is("and"):
            parts.append(self._one())
        return lambda proofs: all(part(proofs) for part in parts)

    def _one(self) -> Callable[[frozenset[str]], bool]:
        token = self._take()
        if token == "(":
            inner = self._either()
            if not self._next_is(")"):
                raise ValueError("a parenthesis isn't closed")
            return inner
        if token == ANYONE:
            return lambda proofs: True
        if token not in WORDS:
            raise ValueError(f"'{token}' isn't known; the words are {', '.join((*WORDS, ANYONE))}")
        word = WORDS[token]
        return lambda proofs: word in proofs


def _split(text: str) -> list[str]:
    found: list[str] = []
    position = 0
    text = " ".join(text.lower().split())
    while position < len(text):
        match = _TOKENS.match(text, position)
        if match is None:
            raise ValueError(f"'{text[position:]}' can't be read")
        found.append(match[1])
        position = match.end()
        while text[position : position + 1] == " ":
            position += 1
    return found


class Which(NamedTuple):
    """Patterns of APIs and operations."""

    apis: tuple[str, ...] = ("*",)
    operations: tuple[str, ...] = ("*",)

    def fits(self, api: str, operation: str) -> bool:
        return any(fnmatchcase(api, each) for each in self.apis) and any(
            fnmatchcase(operation, each) for each in self.operations
        )


class Exemption(NamedTuple):
    """An exception with its reason; it counts up to and including its day."""

    which: Which
    reason: str
    owner: str
    until: datetime.date

    @property
    def shown(self) -> str:
        operations = "" if self.which.operations == ("*",) else f" {', '.join(self.which.operations)}"
        return f"{', '.join(self.which.apis)}{operations}"


class AuditSettings(NamedTuple):
    """The settings of `audit`; `require` None requires nothing."""

    require: Requirement | None = None
    rules: tuple[tuple[Which, Requirement], ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    undecided_fails: bool = False
    ignore: tuple[str, ...] = ()
    baseline: str | None = None
    path: str = ""

    @property
    def has_gate(self) -> bool:
        return self.require is not None or bool(self.rules)

    def required(self, api: str, operation: str) -> Requirement | None:
        """Return the requirement for requests to an operation."""
        fitting = [requirement for which, requirement in self.rules if which.fits(api, operation)]
        return fitting[-1] if fitting else self.require

    def wants(self, code: str) -> bool:
        return not any(code.startswith(each) for each in self.ignore)


def audit_settings(table: Table | None) -> AuditSettings:
    """Read a table `[audit]`. Raises ConfigurationError."""
    if table is None:
        return AuditSettings()
    baseline = table.take("baseline", str)
    found = AuditSettings(
        require=_requirement(table),
        rules=tuple(_rule(each) for each in table.tables("rule")),
        exemptions=tuple(_exemption(each) for each in table.tables("except")),
        undecided_fails=table.choice("undecided", ("fail", "report")) == "fail",
        ignore=_codes(table),
        baseline=None if baseline is None else table.path(baseline),
        path=table.file,
    )
    table.finish()
    return found


def _codes(table: Table) -> tuple[str, ...]:
    from apimpolicy.checks.codes import UnknownCodeError, code_of

    found: list[str] = []
    for code in table.texts("ignore") or ():
        try:
            found.append(code_of(code))
        except UnknownCodeError as error:
            raise table.mistake(f"has {error}", "ignore") from None
    return tuple(found)


def _requirement(table: Table, *, is_needed: bool = False) -> Requirement | None:
    text = table.take("require", str)
    if text is None:
        if is_needed:
            raise table.mistake("needs 'require'")
        return None
    try:
        return Requirement(text)
    except ValueError as error:
        raise table.mistake(f"can't be '{text}': {error}", "require") from None


def _which(table: Table) -> Which:
    def patterns(name: str) -> Sequence[str]:
        return table.texts(name) or ("*",)

    return Which(tuple(patterns("apis")), tuple(patterns("operations")))


def _rule(table: Table) -> tuple[Which, Requirement]:
    requirement = _requirement(table, is_needed=True)
    which = _which(table)
    table.finish()
    assert requirement is not None
    return which, requirement


def _exemption(table: Table) -> Exemption:
    if "apis" not in table:
        raise table.mistake("needs 'apis'; '*' is every API")
    which = _which(table)
    reason, owner, until = table.take("reason", str), table.take("owner", str), table.take("until", object)
    table.finish()
    for name, value in (("reason", reason), ("owner", owner), ("until", until)):
        if not value:
            raise table.mistake(f"needs '{name}'")
    if isinstance(until, datetime.datetime) or not isinstance(until, datetime.date):
        raise table.mistake("must be a date: until = 2027-01-31", "until")
    return Exemption(which, reason or "", owner or "", until)
