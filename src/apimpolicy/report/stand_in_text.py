"""Stand-ins and problems of a service, for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.project.service.leniency import leniency
from apimpolicy.report.columns import PLAIN, Style, counted, first_of, printable
from apimpolicy.report.terminal import path_from_here

if TYPE_CHECKING:
    from apimpolicy.project.service.concerns import Concerns
    from apimpolicy.project.service.description import FileLocation, Problem
    from apimpolicy.project.service.stand_ins import StandIn
    from apimpolicy.report.outputs.parts import Place, WithStandIns

_PLURALS = {"identity": "identities"}
_MOST_LINES = 12
_MOST_NAMES = 6
_MOST_POSSIBLE = 3
_WIDEST = 60


def stand_in_lines(
    stand_ins: Sequence[StandIn],
    problems: Sequence[Problem],
    style: Style = PLAIN,
    *,
    in_full: bool = True,
    concerns: Concerns | None = None,
) -> list[str]:
    """Return the problems and the number of stand-ins; in full, a line for each, and those for the configuration.

    With `concerns`, those that concern an answer are named, and the others counted in one line.
    """
    if not in_full and concerns is not None:
        return [style.fit(line) for line in _concerning(stand_ins, problems, concerns)]
    lines = list(dict.fromkeys(style.fit(problem_text(problem)) for problem in problems))
    if not stand_ins:
        return lines
    if not in_full:
        return [*lines, style.fit(f"{_stand_ins_in_words(stand_ins)}; -v lists them")]
    rows = [(stand_in.kind, stand_in.name, stand_in.purpose, place(stand_in.origin)) for stand_in in stand_ins]
    lines.append(
        style.fit("Stand-ins (--strict makes them an error; these lines in apimpolicy.toml give their values):")
    )
    lines += [style.fit(f"  {line}") for line in _columns([tuple(map(printable, row)) for row in rows])]
    written = toml_of(stand_ins).splitlines()
    values = [f"    {printable(line)}" for line in written if line]
    lines += values[:_MOST_LINES]
    if len(values) > _MOST_LINES:
        more = counted(len(values) - _MOST_LINES, "more line")
        lines.append(f"    … and {more}: apimpolicy new config writes all of them")
    return lines


def _concerning(stand_ins: Sequence[StandIn], problems: Sequence[Problem], concerns: Concerns) -> Iterator[str]:
    """Yield what concerns an answer, and one line about the rest."""
    texts = {problem_text(problem): problem for problem in problems}
    own = [text for text, problem in texts.items() if concerns.is_about(problem)]
    possible = [text for text, problem in texts.items() if text not in own and concerns.may_be_about(problem)]
    yield from (*own, *possible[:_MOST_POSSIBLE])
    used = [each for each in stand_ins if concerns.has_stand_in(each)]
    if used:
        yield f"this answer uses {stand_ins_by_name(used)}; -v shows {'it' if len(used) == 1 else 'them'}"
    further = possible[_MOST_POSSIBLE:]
    if further and concerns.is_narrow:
        yield f"{_problems_in_words((texts[text] for text in further), 'more ')} may concern this answer; -v lists them"
        shown = {*own, *possible}
    else:
        shown = {*own, *possible[:_MOST_POSSIBLE]}
    others = [problem for text, problem in texts.items() if text not in shown]
    unused = [each for each in stand_ins if each not in used]
    if counts := counts_in_words(unused, others):
        where = "elsewhere in the service: " if concerns.is_narrow else "about the service: " if others else ""
        yield f"{where}{counts}; -v lists them"


def stand_ins_by_name(stand_ins: Iterable[StandIn]) -> str:
    """`stand-ins for the named values a, b, the issuer login`"""
    by_kind: dict[str, list[str]] = {}
    for each in stand_ins:
        by_kind.setdefault(each.kind, []).append(printable(each.name))
    parts = []
    for kind, names in by_kind.items():
        noun = kind if len(names) == 1 else _PLURALS.get(kind, f"{kind}s")
        parts.append(f"the {noun} {first_of(names, _MOST_NAMES)}")
    return f"{'a stand-in' if sum(map(len, by_kind.values())) == 1 else 'stand-ins'} for {', '.join(parts)}"


def counts_in_words(stand_ins: Iterable[StandIn], problems: Iterable[Problem]) -> str:
    """`1 error, 2 warnings, 3 stand-ins (2 named values, 1 identity)`; empty for nothing."""
    return ", ".join(filter(None, (_problems_in_words(problems), _stand_ins_in_words(stand_ins))))


def _problems_in_words(problems: Iterable[Problem], which: str = "") -> str:
    """`1 error, 2 warnings`"""
    kinds = Counter(str(each.severity) for each in problems)
    return ", ".join(counted(kinds[kind], f"{which}{kind}") for kind in sorted(kinds))


def _stand_ins_in_words(stand_ins: Iterable[StandIn]) -> str:
    """`3 stand-ins (2 named values, 1 identity)`"""
    kinds = Counter(each.kind for each in stand_ins)
    counts = ", ".join(counted(count, kind, _PLURALS.get(kind, "")) for kind, count in kinds.items())
    return f"{counted(kinds.total(), 'stand-in')} ({counts})" if kinds else ""


def problem_text(problem: Problem) -> str:
    """Return a problem as `check` writes a finding: place, severity, sentence and advice."""
    where = f"{place(problem.origin)}: " if problem.origin.file else ""
    column = f"{path_from_here(problem.origin.file)}:{problem.origin.line}:{problem.origin.column}: " if where else ""
    advice = f". {problem.help}" if problem.help else ""
    return printable(f"{column}{problem.severity}: {problem.message}{advice}")


def toml_of(stand_ins: Iterable[StandIn], *, with_notes: bool = False) -> str:
    """Return the configuration of stand-ins, optionally with a comment for each."""
    from apimpolicy.project.service.stand_ins import tables_of
    from apimpolicy.project.toml_text import to_toml

    listed = list(stand_ins)
    notes: dict[tuple[str, ...], str] = {}
    for each in listed:
        note = f"{each.kind}: {each.purpose}, {place(each.origin)}"
        for table, inner in each.table.items():
            if isinstance(inner, dict):
                for name in inner:
                    notes.setdefault((table, name), note)
    return to_toml(tables_of(listed), (lambda path: notes.get(path, "")) if with_notes else (lambda _: ""))


def stand_in_data(stand_ins: Iterable[StandIn], problems: Iterable[Problem]) -> WithStandIns:
    """Return the list for programs: the fields `stand_ins` and `problems`."""
    return {
        "stand_ins": [
            {
                "kind": stand_in.kind,
                "name": stand_in.name,
                "purpose": stand_in.purpose,
                "configuration": stand_in.table,
                **_place(stand_in.origin),
            }
            for stand_in in stand_ins
        ],
        "problems": [
            {
                "message": problem.message,
                "severity": str(problem.severity),
                "help": problem.help,
                "api": problem.api,
                **_place(problem.origin),
            }
            for problem in problems
        ],
    }


def with_stand_ins(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report with the list, where there is something in it; the list then is not printed again."""
    found = leniency()
    if not found:
        return report
    found.is_shown = True
    return {**report, **stand_in_data(found.stand_ins, found.problems)}


def place(origin: FileLocation) -> str:
    """`infra/values.tf:12`, from here where it is below."""
    return f"{path_from_here(origin.file)}:{origin.line}" if origin.file else ""


def _place(origin: FileLocation) -> Place:
    return {"file": path_from_here(origin.file), "line": origin.line, "column": origin.column} if origin.file else {}


def _columns(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [min(max(len(row[index]) for row in rows), _WIDEST) for index in range(3)]
    for row in rows:
        yield "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]).rstrip()
