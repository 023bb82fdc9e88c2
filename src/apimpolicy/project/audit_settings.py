"""Requirements of `apimpolicy audit`, from the table `[audit]` of the configuration.

[audit]
require = "token or certificate"        # key, weak token, token, certificate, address, custom check
undecided = "fail"                      # or "report", the default
ignore = ["AUD009"]
baseline = "audit-baseline.json"        # findings that are known and wait

[[audit.rule]]                          # for some operations; the last one that fits counts
apis = ["public-*"]                     # patterns of ids; all unless given
products = ["partners"]                 # of a product that has the API
tags = ["pii"]                          # of a tag of the operation or of its API
operations = ["GET *"]                  # patterns of method and template
require = "anyone"

[[audit.except]]
apis = ["status"]
operations = ["GET /health"]
reason = "load balancers ask it"
owner = "platform@contoso.example"
until = 2027-01-31
"""

from __future__ import annotations

import ast
import datetime
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from apimpolicy.project.toml_table import Table

WORDS = {
    "key": "subscription key",
    "token": "token",
    "weak token": "weak token",
    "certificate": "certificate",
    "address": "address",
    "custom check": "custom check",
}
"""Kinds of requirements: the configuration's word for each, and the audit's."""
ANYONE = "anyone"
_OLD_WORDS = {"own check": "custom check"}
"""Words of earlier versions, which still apply."""


class Requirement:
    """Requirements that every request has to meet: `token or (key and address)`, parsed as Python parses conditions."""

    def __init__(self, text: str) -> None:
        """Raises ValueError."""
        self.text = text
        words = " ".join(text.lower().split())
        for old, new in _OLD_WORDS.items():
            words = words.replace(old, new)
        for word in WORDS:
            words = words.replace(word, word.replace(" ", "_"))
        try:
            self._condition = ast.parse(words, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise ValueError("join words by 'and' and 'or', and close each parenthesis") from None
        for node in ast.walk(self._condition):
            known = isinstance(node, ast.BoolOp | ast.boolop | ast.expr_context)
            if not known and not (isinstance(node, ast.Name) and _word(node) in (*WORDS, ANYONE)):
                shown = (ast.get_source_segment(words, node) or words).replace("_", " ")
                raise ValueError(f"'{shown}' isn't known; the words are {', '.join((*WORDS, ANYONE))}")

    def allows(self, proofs: frozenset[str]) -> bool:
        from apimpolicy.reasoning.audit.access import implied

        return _is_met(self._condition, implied(proofs))


def _word(node: ast.Name) -> str:
    return node.id.replace("_", " ")


def _is_met(node: ast.expr, proofs: frozenset[str]) -> bool:
    if isinstance(node, ast.BoolOp):
        test = all if isinstance(node.op, ast.And) else any
        return test(_is_met(each, proofs) for each in node.values)
    assert isinstance(node, ast.Name)
    word = _word(node)
    return word == ANYONE or WORDS[word] in proofs


class AuditedOperation(NamedTuple):
    """The ids by which rules and exceptions select an operation; `operation` is `GET /orders`."""

    api: str
    operation: str
    products: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()


class OperationSelector(NamedTuple):
    apis: tuple[str, ...] = ("*",)
    operations: tuple[str, ...] = ("*",)
    products: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None

    def fits(self, given: AuditedOperation) -> bool:
        return (
            _is_one(self.apis, given.api)
            and _is_one(self.operations, given.operation)
            and (self.products is None or any(_is_one(self.products, each) for each in given.products))
            and (self.tags is None or any(_is_one(self.tags, each) for each in given.tags))
        )


def _is_one(patterns: tuple[str, ...], text: str) -> bool:
    return any(fnmatchcase(text, each) for each in patterns)


class Exemption(NamedTuple):
    """An exception with its reason; it counts up to and including its day."""

    which: OperationSelector
    reason: str
    owner: str
    until: datetime.date

    @property
    def shown(self) -> str:
        operations = "" if self.which.operations == ("*",) else f" {', '.join(self.which.operations)}"
        labels = (("products", self.which.products), ("tags", self.which.tags))
        others = "".join(f" ({name} {', '.join(patterns)})" for name, patterns in labels if patterns is not None)
        return f"{', '.join(self.which.apis)}{operations}{others}"


class AuditSettings(NamedTuple):
    """The settings of `audit`; `require` None requires nothing."""

    require: Requirement | None = None
    rules: tuple[tuple[OperationSelector, Requirement], ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    undecided_fails: bool = False
    ignore: tuple[str, ...] = ()
    baseline: str | None = None
    path: str = ""

    @property
    def has_gate(self) -> bool:
        return self.require is not None or bool(self.rules)

    @property
    def selected(self) -> list[OperationSelector]:
        """Return the selections of all rules and exceptions."""
        return [*(which for which, _ in self.rules), *(each.which for each in self.exemptions)]

    def required(self, given: AuditedOperation) -> Requirement | None:
        fitting = [requirement for which, requirement in self.rules if which.fits(given)]
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
        baseline=None if baseline is None else table.path(baseline, may_be_hidden=True),
        path=table.file,
    )
    table.finish()
    return found


def _codes(table: Table) -> tuple[str, ...]:
    from apimpolicy.checks.pages import UnknownCodeError, code_of

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


def _which(table: Table) -> OperationSelector:
    def patterns(name: str) -> Sequence[str]:
        return table.texts(name) or ("*",)

    def labels(name: str) -> tuple[str, ...] | None:
        texts = table.texts(name)
        return None if texts is None else tuple(texts)

    return OperationSelector(tuple(patterns("apis")), tuple(patterns("operations")), labels("products"), labels("tags"))


def _rule(table: Table) -> tuple[OperationSelector, Requirement]:
    requirement = _requirement(table, is_needed=True)
    which = _which(table)
    table.finish()
    assert requirement is not None
    return which, requirement


def _exemption(table: Table) -> Exemption:
    if not any(name in table for name in ("apis", "products", "tags")):
        raise table.mistake("needs 'apis', 'products' or 'tags'; apis = '*' is every API")
    which = _which(table)
    reason, owner, until = table.take("reason", str), table.take("owner", str), table.take("until", object)
    table.finish()
    for name, value in (("reason", reason), ("owner", owner), ("until", until)):
        if not value:
            raise table.mistake(f"needs '{name}'")
    if isinstance(until, datetime.datetime) or not isinstance(until, datetime.date):
        raise table.mistake("must be a date: until = 2027-01-31", "until")
    return Exemption(which, reason or "", owner or "", until)
