"""A folder per rule: `bad*.xml` with exactly the output `bad*.txt`, `good*.xml` without a finding of the rule.

`settings.toml` in a folder is what `check` knows in both cases: the fields of `Settings`, a table `[fragments]` of file
names by id, `service`, a folder as APIOps extracts it, and `prove = true` for what a solver proves; `bad-x.toml` beside
`bad-x.xml` is so for that file alone.
With APIMPOLICY_UPDATE=1 in the environment the `.txt` files are written instead of compared.
"""

from __future__ import annotations

import inspect
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.rows import for_each

from apimpolicy.checks.catalogue import RuleEntry, entries, page_of, rule_class
from apimpolicy.checks.document import check_document
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.subject import Settings
from apimpolicy.project.declared import NOTHING, ConfiguredFragments
from apimpolicy.project.known_service import ServiceView
from apimpolicy.project.service.extract import read_extract
from apimpolicy.reasoning.scenarios.scenario import Bounds
from apimpolicy.report.terminal import render
from apimpolicy.testing.claims.facts import proofs_of
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).parent
UPDATE = os.environ.get("APIMPOLICY_UPDATE") == "1"


class ServiceAlone(ServiceView):
    """A service without the repository around it, which is this one: its tests name many resources."""

    def _is_elsewhere(self, kind: str, names: Sequence[str]) -> bool:
        return False


def settings_of(document: Path, code: str) -> Settings:
    folder, own = document.parent, document.with_suffix(".toml")
    path = own if own.exists() else folder / "settings.toml"
    given: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if "fragments" in given:
        given["fragments"] = {
            name: read(Source((folder / file).read_text(encoding="utf-8"), file))
            for name, file in given["fragments"].items()
        }
        given["service"] = ConfiguredFragments(NOTHING, given["fragments"])
    elif "service" in given:
        given["service"] = ServiceAlone(read_extract(str(folder / given["service"])))
    if given.pop("prove", False):
        given["proofs"] = proofs_of(str(document), Bounds())
    return Settings(select=(code,), **given)


def findings(path: Path, code: str) -> str:
    settings = settings_of(path, code)
    source = Source(path.read_text(encoding="utf-8"), path.name)
    found = check_document(source, ExpressionCheck(), settings.named_values, settings)
    return "\n\n".join(map(render, found)) + "\n" if found else ""


@for_each((entry,) for entry in entries())
def test_what_a_rule_finds_and_what_not(entry: RuleEntry) -> None:
    folder = HERE / entry.code
    bad, good = sorted(folder.glob("bad*.xml")), sorted(folder.glob("good*.xml"))
    assert bad, f"{entry.code} has no bad example"
    assert good, f"{entry.code} has no good example"
    for path in bad:
        expected = path.with_suffix(".txt")
        found = findings(path, entry.code)
        assert f" {entry.code} " in found, f"nothing found in {entry.code}/{path.name}"
        if UPDATE:
            expected.write_text(found, encoding="utf-8")
        assert found == expected.read_text(encoding="utf-8"), path.name
    for path in good:
        assert findings(path, entry.code) == "", path.name


@for_each((entry,) for entry in entries())
def test_a_rule_has_a_page(entry: RuleEntry) -> None:
    rule = rule_class(entry.module)
    assert rule.code == entry.code
    page = page_of(entry)
    assert page.startswith(f"{entry.module.replace('_', '-')}: ")
    for part in ("**What it does.**", "**Why it matters.**", "**Example**", "**Use instead**", "**Sources.**"):
        assert part in page, part


def test_codes_and_names_occur_once() -> None:
    assert len({entry.code for entry in entries()}) == len({entry.module for entry in entries()}) == len(entries())
    assert [entry.code for entry in entries()] == sorted(entry.code for entry in entries())


@for_each((entry,) for entry in entries())
def test_what_is_read_from_the_source_is_what_the_class_says(entry: RuleEntry) -> None:
    rule = rule_class(entry.module)
    said = (entry.code, set(entry.elements), entry.attributes, entry.members, entry.words, entry.known)
    assert said == (rule.code, set(rule.visits()), rule.attributes, rule.members, rule.words, rule.known)
    assert entry.by_default is rule.by_default
    assert all(word == word.lower() for word in entry.words)


def test_every_rule_module_is_listed() -> None:
    import apimpolicy.checks.rules as rules

    folder = Path(inspect.getfile(rules)).parent
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == {entry.module for entry in entries()}
