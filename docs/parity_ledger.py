"""The page `reference/parity`: observations of real gateways, compared with the simulator.

It is made from `tests/evidence`: the name of a case begins with the ids of its observations, its description is the
source; `saved.yaml` has documents that were saved or refused; `ledger.yaml` adds what an observation is about, its
strength and date, and the observations that have no row.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from docs import text_reference  # type: ignore[attr-defined]

from apimpolicy.checks.rules.changed_by_release import changes
from apimpolicy.gateway.context.azure_texts import MARKS, azure_texts
from apimpolicy.gateway.policies.registry import names, specification_of

HERE = Path(__file__).parent.parent / "tests" / "evidence"
IDS = re.compile(r"[A-Z]{1,2}\d\d")
STRENGTHS = {
    "trace": "trace of a real gateway",
    "answer": "answer of a real gateway",
    "saved": "saved to a real gateway, or refused",
    "deployed": "deployed policies",
    "staff": "Microsoft staff, release notes",
    "documentation": "documentation",
    "report": "report of a user",
}
HEAD = """\
# Parity ledger

Observations of real gateways with their sources, compared with the simulator. {totals}

Every row that agrees is a test in `tests/evidence` that each change must pass. No row is a promise about Azure. [Our
choices](../choices.md) lists behavior without an observation. [Report how your gateway
behaves](../how-to/add-an-observation.md).
"""
BY_POLICY = """\
How much of a policy is known: its [texts](azure-texts.md), and its decisions. *Seen* includes policies in production;
*documented* includes release notes; *ours* are the choices that its page names.

| policy | texts | decisions |
| --- | --- | --- |"""
MARK_OF = {"staff": "documented", "documentation": "documented", "report": "reported"}
RELEASES = """\
Changes of the gateway that Microsoft's
[release notes](https://github.com/Azure/API-Management/blob/main/changelogs/api-management-service.md) state. A change
holds from its release on. `apimpolicy check --release 2026-06` lists what the changes of a release touch.

| release | about | change | state | tried in `tests` |
| --- | --- | --- | --- | --- |"""
TABLE = "| id | observation | agrees | strength | date | source |\n| --- | --- | --- | --- | --- | --- |"


class Observation(NamedTuple):
    """One observation. `why` says why the simulator does not agree; `setting` changes its behaviour."""

    id: str
    about: str
    seen: str
    source: str
    strength: str
    date: str
    why: str
    setting: str

    @property
    def agrees(self) -> bool:
        return not self.why


def observations() -> list[Observation]:
    """Return all observations, in the order of the ledger. Raises ValueError for one that is incomplete."""
    rows, different = _rows(), tomllib.loads((HERE / "known_differences.toml").read_text("utf-8"))
    found: list[Observation] = []
    for entry in yaml.safe_load((HERE / "ledger.yaml").read_text("utf-8")):
        for id_ in entry["ids"]:
            seen, source = rows.pop(id_, (entry.get("seen", ""), entry.get("source", "")))
            if not seen or not source:
                raise ValueError(f"{id_} has no row in tests/evidence, and ledger.yaml doesn't say what was seen")
            why = different.get(id_, entry.get("why", ""))
            known = entry["about"], seen, source, entry["strength"], str(entry["date"])
            found.append(Observation(id_, *known, why, entry.get("setting", "")))
    if rows:
        raise ValueError(f"ledger.yaml does not list {', '.join(sorted(rows))}")
    return found


def _rows() -> dict[str, tuple[str, str]]:
    """Return what was seen, and the source, by id."""
    found: dict[str, tuple[str, str]] = {}
    for path in sorted(HERE.glob("*.test.yaml")):
        for case in yaml.safe_load(path.read_text("utf-8"))["cases"]:
            ids, _, seen = case["name"].partition(":")
            for id_ in IDS.findall(ids) if "description" in case else ():
                found.setdefault(id_, (re.sub(r":? '?\$\w+'?$", "", seen.strip()), case["description"]))
    for row in yaml.safe_load((HERE / "saved.yaml").read_text("utf-8")):
        found[row["id"]] = (_saved(row), row["source"])
    return found


def _saved(row: dict[str, Any]) -> str:
    """Say what became of a document when it was saved."""
    parts = row.get("expression") or row.get("document") or " ".join(row.get("sections", {}).values())
    text = " ".join(str(parts).split())
    shown = f"`` {text if len(text) <= 100 else text[:100] + '…'} ``"
    if "disputed" in row:
        return f"{shown} is refused by one gateway and saved by others"
    return f"{shown} is saved" if row["refused"] is None else f"{shown} is refused"


def totals(found: list[Observation]) -> str:
    """Return one sentence with the numbers of observations."""
    agreeing = sum(each.agrees for each in found)
    return f"{len(found)} observations: {agreeing} agree, {len(found) - agreeing} do not."


def page() -> str:
    found = observations()
    groups: dict[str, list[Observation]] = defaultdict(list)
    for each in found:
        groups[each.about].append(each)
    lines = [HEAD.format(totals=totals(found))]
    lines += [f"- {_count(found, kind)} {text}" for kind, text in STRENGTHS.items()]
    for about in sorted(groups, key=str.lower):
        agreeing = sum(each.agrees for each in groups[about])
        lines += [f"\n## {about}\n", f"{agreeing} of {len(groups[about])} agree.\n", TABLE]
        lines += map(_line, groups[about])
    lines += ["\n## By policy\n", BY_POLICY, *_policy_lines(found)]
    lines += ["\n## Release notes\n", RELEASES, *map(_change_line, changes())]
    return "\n".join(lines) + "\n"


def _policy_lines(found: list[Observation]) -> Iterator[str]:
    """Yield a row for each policy: how many of its texts and decisions were seen, reported, documented, or are ours."""
    for name in sorted(names()):
        specification = specification_of(name)
        texts = text_reference.counts(tuple(each for each in azure_texts() if name in each.policies))
        marks = Counter(MARK_OF.get(each.strength, "seen") for each in found if name in each.about.split(" and "))
        if specification is not None:
            marks["ours"] = specification.documentation.lower().count("our choice")
        decisions = ", ".join(f"{marks[mark]} {mark}" for mark in MARKS if marks[mark])
        if texts or decisions:
            yield f"| `{name}` | {texts} | {decisions} |"


def _change_line(change: dict[str, Any]) -> str:
    """Return the row of a change that release notes state."""
    names = ", ".join(f"`{name}`" for name in (*change.get("elements", ()), *change.get("code", ())))
    where = f"`{change['test']}`" if "test" in change else ""
    cells = (change["release"], names or "the gateway", change["text"], change.get("state", "simulated"), where)
    return f"| {' | '.join(cells)} |"


def _count(found: list[Observation], strength: str) -> str:
    chosen = [each for each in found if each.strength == strength]
    return f"{sum(each.agrees for each in chosen)} of {len(chosen)} agree:"


def _line(each: Observation) -> str:
    agrees = "yes" if each.agrees else f"no: {each.why}"
    if each.setting:
        agrees += f" (setting: `{each.setting}`)"
    cells = [each.id, each.seen, agrees, STRENGTHS[each.strength], each.date, _linked(each.source)]
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _linked(source: str) -> str:
    """Return a source with its addresses as links."""
    return re.sub(r"https://[^\s,;)]+", lambda found: f"<{found[0]}>", source)
