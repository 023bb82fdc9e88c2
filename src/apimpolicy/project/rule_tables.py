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

    [[check.rules]]
    code = "CONTOSO002"
    name = "known-hosts"
    message = "this host isn't in the list"
    about = "backend"                    # or others of `resource_fields.KINDS`, also a list
    with = {name = "orders*"}            # fields that select resources; also: paths, apis
    must = {host = "*.contoso.internal"}
    good = [{url = "https://orders.contoso.internal"}]
    bad = [{url = "https://example.com"}]

With `about`, a rule is about resources of a service: `must` and `must-not` are values of fields, or a selector of an
element in their policies; `must-match` has regular expressions for whole values, and `must-not = true` forbids them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from apimpolicy.checks.catalogue import checked
from apimpolicy.checks.convention import Convention, ConventionRule, Selector, Values
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.subject import Settings
from apimpolicy.diagnostics import Severity
from apimpolicy.gateway.policies.placement import SCOPES
from apimpolicy.project.named_values import parse_toml, read_text
from apimpolicy.project.resource_fields import KINDS, Example, Texts
from apimpolicy.project.resource_rules import ResourceConvention, ResourceRule, Wanted, verdict
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


TableRule = type[ConventionRule] | type[ResourceRule]


def rules_with_examples(rules: Iterable[type[Rule]]) -> list[TableRule]:
    return [rule for rule in rules if issubclass(rule, ConventionRule | ResourceRule)]


def failing_examples(rule: TableRule) -> Iterator[str]:
    """Yield a sentence for each example of a rule for which the rule reports something else than the example says."""
    for kind, is_bad in (("good", False), ("bad", True)):
        for number, example in enumerate(getattr(rule.convention, kind), start=1):
            if _reports(rule, example) is not is_bad:
                yield f"{rule.code} {'does not report' if is_bad else 'reports'} its {kind} example {number}"


def _reports(rule: TableRule, example: Any) -> bool:
    from apimpolicy.checks.document import check_document

    if issubclass(rule, ResourceRule):
        found = verdict(rule.convention, Example(rule.convention.kinds[0], example))
        return found is not None and found.is_broken
    scope = next(iter(rule.convention.scopes), None)
    settings = Settings(select=(rule.code,), rules=(rule,), scope=scope, api=next(iter(rule.convention.apis), None))
    diagnostics = check_document(Source(example, ""), ExpressionCheck(), settings=settings)
    return any(each.code == rule.code for each in diagnostics)


def _rule(table: Table) -> type[Rule]:
    code, name, message = (_required(table, key) for key in ("code", "name", "message"))
    help, link = table.take("help", str) or "", table.take("link", str) or ""
    severity = Severity(table.choice("severity", _SEVERITIES) or Severity.WARNING)
    is_about = "about" in table
    convention = _resource_convention(table, message, help) if is_about else _convention(table, message, help)
    table.finish()
    members: dict[str, Any] = {"code": code, "severity": severity, "convention": convention}
    members["__doc__"] = "\n\n".join(part for part in (f"{name}: {message}.", help, link) if part)
    return type(name, (ResourceRule if is_about else ConventionRule,), members)


def _convention(table: Table, message: str, help: str) -> Convention:
    element = _selector(table) if "element" in table else None
    must, must_not = table.take("must", dict), table.take("must-not", object)
    only_after = table.table("only-after")
    if element is None and (must is None or must_not is not None or only_after is not None or "only-in" in table):
        raise table.mistake("is missing; without it, a rule has only `must`", "element")
    if element is not None and must is must_not is only_after is None and "only-in" not in table:
        raise table.mistake("needs one of: must, must-not, only-in, only-after")
    return Convention(
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


def _resource_convention(table: Table, message: str, help: str) -> ResourceConvention:
    kinds = tuple(table.texts("about") or ())
    for kind in kinds:
        Table(table.file, {"about": kind}, table.key).choice("about", tuple(KINDS))
    if not kinds:
        raise table.mistake("is missing", "about")
    forbids = table.take("must-not", object) is True
    must_not = None if forbids else table.table("must-not")
    must, must_match, where = (table.table(name) for name in ("must", "must-match", "with"))
    if must is must_not is must_match is None and not forbids:
        raise table.mistake("needs one of: must, must-not, must-match")
    contains, lacks = (
        _policy_selector(condition, kinds) if condition is not None and "element" in condition else None
        for condition in (must, must_not)
    )
    return ResourceConvention(
        message,
        help,
        kinds,
        _wanted(where, kinds),
        {} if contains is not None else _wanted(must, kinds),
        {} if lacks is not None else _wanted(must_not, kinds),
        _expressions(must_match, kinds),
        contains,
        lacks,
        forbids,
        tuple(_pattern(table, pattern) for pattern in table.texts("paths") or ()),
        tuple(table.texts("apis") or ()),
        tuple(_wanted(example, kinds, ("policy",)) for example in table.tables("good")),
        tuple(_wanted(example, kinds, ("policy",)) for example in table.tables("bad")),
    )


def _policy_selector(table: Table, kinds: tuple[str, ...]) -> Selector:
    for kind in kinds:
        if not KINDS[kind].has_policy:
            raise table.mistake(f"can't be asked for: the kind '{kind}' has no policy", "element")
    return _whole_selector(table)


def _wanted(table: Table | None, kinds: tuple[str, ...], also: tuple[str, ...] = ()) -> Wanted:
    """Return fields with the texts that a table has for them; `a.b` may be a table in a table."""
    found: dict[str, Texts] = {}
    for key, value in table.items() if table is not None else ():
        assert table is not None
        if isinstance(value, dict):
            inner = table.within(value, key)
            found |= {f"{key}.{name}": _texts(inner, name, each) for name, each in inner.items()}
        else:
            found[key] = _texts(table, key, value)
    for name in found:
        for kind in kinds:
            if name not in KINDS[kind].fields and name not in also:
                assert table is not None
                raise table.mistake(_no_field(name, kind), name)
    return found


def _no_field(name: str, kind: str) -> str:
    from difflib import get_close_matches

    fields = {each.lower(): each for each in KINDS[kind].fields}
    near = get_close_matches(name.lower(), fields, 1)
    hint = f"did you mean '{fields[near[0]]}'?" if near else "`apimpolicy rule --fields` lists them"
    return f"isn't a field of the kind '{kind}'; {hint}"


def _texts(table: Table, name: str, value: object) -> Texts:
    if isinstance(value, bool | int):
        return (str(value).lower(),)
    return tuple(Table(table.file, {name: value}, table.key).texts(name) or ())


def _expressions(table: Table | None, kinds: tuple[str, ...]) -> Wanted:
    import regex  # type: ignore[import-untyped]  # types-regex is optional

    found = _wanted(table, kinds)
    for name, patterns in found.items():
        for pattern in patterns:
            try:
                regex.compile(pattern)
            except regex.error as error:
                assert table is not None
                raise table.mistake(f"has an invalid regular expression: {error}", name) from None
    return found


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
