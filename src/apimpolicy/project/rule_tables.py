"""Rules of an organisation as tables: `[[check.rules]]` in apimpolicy.toml, or `[[rules]]` in a file of `--rules`.

    [[check.rules]]
    code = "CONTOSO001"                  # capital letters and a number
    name = "limits-callers"              # for --select, suppressions and `apimpolicy rule`
    message = "this API does not limit its callers"
    help = "Add a rate-limit-by-key."    # also: link, a URL; severity, default "warning"
    scope = ["api"]                      # also: paths, apis; default everywhere
    must = {element = ["rate-limit", "rate-limit-by-key"], within = "inbound"}
    good = ['''<inbound><base /><rate-limit calls="5" renewal-period="60" /></inbound>''']
    bad = ['''<inbound><base /></inbound>''']

Without `element`, `must` is about the document: a selector of an element that it must contain. With `element` (which
`within` and `with` narrow down) a rule is about each such element: `must` and `must-not` are values of its attributes
or of its `text`, `must-not = true` forbids it, `only-in` lists sections, scopes or elements around it, and `only-after`
is a selector of what must run before it. Values are patterns: `*` is any text, `[*]` a star.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from apimpolicy.checks.catalogue import checked
from apimpolicy.checks.convention import Convention, ConventionRule, Selector, Values
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.subject import Settings
from apimpolicy.diagnostics import Severity
from apimpolicy.gateway.policies.placement import SCOPES
from apimpolicy.project.named_values import parse_toml, read_text
from apimpolicy.project.toml_table import Table
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from apimpolicy.checks.rule import Rule

_SEVERITIES = tuple(Severity)


def rules_of_table(table: Table) -> list[type[Rule]]:
    """Return the rules in a table's list `rules`. Raises ConfigurationError."""
    rules = [_rule(each) for each in table.tables("rules")]
    return checked(rules, table.file) if rules else []


def rules_of_toml(path: str) -> list[type[Rule]]:
    """Return the rules of a file that has nothing else. Raises ConfigurationError."""
    table = Table(path, parse_toml(read_text(path), path))
    rules = rules_of_table(table)
    table.finish()
    return rules


def failing_examples(rule: type[ConventionRule]) -> Iterator[str]:
    """Yield a sentence for each example of a rule for which the rule reports something else than the example says."""
    from apimpolicy.checks.document import check_document

    scope = next(iter(rule.convention.scopes), None)
    settings = Settings(select=(rule.code,), rules=(rule,), scope=scope, api=next(iter(rule.convention.apis), None))
    for kind, is_bad in (("good", False), ("bad", True)):
        for number, text in enumerate(getattr(rule.convention, kind), start=1):
            found = check_document(Source(text, ""), ExpressionCheck(), settings=settings)
            if any(each.code == rule.code for each in found) is not is_bad:
                yield f"{rule.code} {'does not report' if is_bad else 'reports'} its {kind} example {number}"


def _rule(table: Table) -> type[ConventionRule]:
    code, name, message = (_required(table, key) for key in ("code", "name", "message"))
    help, link = table.take("help", str) or "", table.take("link", str) or ""
    severity = Severity(table.choice("severity", _SEVERITIES) or Severity.WARNING)
    element = _selector(table) if "element" in table else None
    must, must_not = table.take("must", dict), table.take("must-not", object)
    only_after = table.table("only-after")
    if element is None and (must is None or must_not is not None or only_after is not None or "only-in" in table):
        raise table.mistake("is missing; without it, a rule has only `must`", "element")
    if element is not None and must is must_not is only_after is None and "only-in" not in table:
        raise table.mistake("needs one of: must, must-not, only-in, only-after")
    convention = Convention(
        message,
        help,
        _scopes(table),
        tuple(_pattern(table, pattern) for pattern in table.texts("paths") or ()),
        tuple(table.texts("apis") or ()),
        element,
        () if must is None or element is None else _values(table.within(must, "must")),
        () if not isinstance(must_not, dict) else _values(table.within(must_not, "must-not")),
        None if must is None or element is not None else _whole_selector(table.within(must, "must")),
        must_not is not None and not isinstance(must_not, dict) and table.take("must-not", bool) is True,
        tuple(table.texts("only-in") or ()),
        None if only_after is None else _whole_selector(only_after),
        tuple(table.texts("good") or ()),
        tuple(table.texts("bad") or ()),
    )
    table.finish()
    members: dict[str, Any] = {"code": code, "severity": severity, "convention": convention}
    members["__doc__"] = "\n\n".join(part for part in (f"{name}: {message}.", help, link) if part)
    return type(name, (ConventionRule,), members)


def _required(table: Table, key: str) -> str:
    value = table.take(key, str)
    if not value:
        raise table.mistake("is missing", key)
    return value


def _scopes(table: Table) -> tuple[str, ...]:
    scopes = tuple(table.texts("scope") or ())
    for scope in scopes:
        if scope not in SCOPES:
            raise table.mistake(f"has the unknown scope '{scope[:40]}'; the scopes are {', '.join(SCOPES)}", "scope")
    return scopes


def _pattern(table: Table, pattern: str) -> str:
    return os.path.abspath(table.path(pattern)).replace(os.sep, "/") if "/" in pattern else f"*/{pattern}"


def _whole_selector(table: Table) -> Selector:
    found = _selector(table)
    table.finish()
    return found


def _selector(table: Table) -> Selector:
    names, values = table.texts("element"), table.table("with")
    if not names:
        raise table.mistake("is missing", "element")
    return Selector(tuple(names), tuple(table.texts("within") or ()), () if values is None else _values(values))


def _values(table: Table) -> Values:
    return tuple((key, tuple(table.texts(key) or ())) for key, _ in table.items())
