"""Which callers get what, as `audit --matrix` shows it: text, plain data, Markdown, and a card of the HTML page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from apimpolicy.report.columns import PLAIN, Style, printable
from apimpolicy.report.markup import plain
from apimpolicy.report.markup import text as markup

EVERYTHING, NOTHING, NO_KEY, NO_TOKEN, EXPIRED = "everything", "nothing", "no-key", "no-token", "expired-token"
OTHER_ISSUER, OTHER_AUDIENCE, NO_CLAIMS = "other-issuer", "other-audience", "no-claims"
NO_CERTIFICATE, OTHER_CERTIFICATE, OTHER_ADDRESS = "no-certificate", "other-certificate", "other-address"
NO_HEADERS = "no-headers"


class Caller(NamedTuple):
    """A kind of caller: its head in tables, and words for its requests."""

    head: str
    words: str


CALLERS = {
    EVERYTHING: Caller("all", "with everything that is looked at"),
    NOTHING: Caller("none", "with nothing"),
    NO_KEY: Caller("no key", "without a subscription key"),
    NO_TOKEN: Caller("no token", "without a token"),
    EXPIRED: Caller("expired token", "with an expired token"),
    OTHER_ISSUER: Caller("other issuer", "with a token of another issuer"),
    OTHER_AUDIENCE: Caller("other audience", "with a token for another audience"),
    NO_CLAIMS: Caller("no role", "with a token without the roles and claims"),
    NO_CERTIFICATE: Caller("no cert", "without a client certificate"),
    OTHER_CERTIFICATE: Caller("other cert", "with a client certificate of another authority"),
    OTHER_ADDRESS: Caller("other address", "from another address"),
    NO_HEADERS: Caller("no header", "without the headers that are compared"),
}
"""The kinds of callers; each lacks one thing that the first one has, or has it wrong."""
_INDENT, _WIDEST = "  ", "200"
NOT_LOOKED_AT = "the operation doesn't look at it"


class MatrixCell(NamedTuple):
    """The answer to a caller, or the reason why there is none. `inner` is the status of the operation of a tool.

    `status` is None too where the server's response to the call of a tool isn't known, and `inner` is.
    """

    status: int | None = None
    reason: str = ""
    reaches_backend: bool = False
    inner: int | None = None

    @property
    def shown(self) -> str:
        status = "?" if self.status is None else str(self.status)
        return status if self.inner in (None, self.status) else f"{status}/{self.inner}"


class MatrixRow(NamedTuple):
    """An operation with a cell for each of the callers; `product` where its policies make a difference."""

    api: str
    id: str
    name: str
    product: str
    cells: tuple[MatrixCell, ...]

    @property
    def label(self) -> str:
        return f"{self.name} (product {self.product})" if self.product else self.name


class Matrix(NamedTuple):
    """The rows of a service. `left_out` says which operations have none, and why; `service` is a name of several."""

    rows: tuple[MatrixRow, ...]
    left_out: tuple[str, ...] = ()
    service: str = ""

    @property
    def title(self) -> str:
        return f"Which callers get what{f' in {self.service}' if self.service else ''}"

    def columns(self) -> list[int]:
        """Return the numbers of the callers whom an operation looks at."""
        numbers = range(len(CALLERS))
        return [each for each in numbers if any(row.cells[each].reason != NOT_LOOKED_AT for row in self.rows)]

    def notes(self) -> list[str]:
        """Return the reasons of cells without an answer, each once: tables have their numbers, from 1."""
        found = (cell.reason for row in self.rows for cell in row.cells if cell.reason not in ("", NOT_LOOKED_AT))
        return list(dict.fromkeys(found))

    def lines(self) -> Iterator[str]:
        """Yield what is to be said below a table."""
        if any(cell.reason == NOT_LOOKED_AT for row in self.rows for cell in row.cells):
            yield f"–  {NOT_LOOKED_AT}"
        if any(cell.inner not in (None, cell.status) for row in self.rows for cell in row.cells):
            yield "a/b  the response of the server (? where no source shows it), and of the tool's operation"
        yield from (f"({number})  {reason}" for number, reason in enumerate(self.notes(), 1))
        yield from (f"left out: {each}" for each in self.left_out)


def _cell(cell: MatrixCell, notes: list[str]) -> str:
    if not cell.reason:
        return cell.shown
    return "–" if cell.reason == NOT_LOOKED_AT else f"({notes.index(cell.reason) + 1})"


def matrix_text(matrices: Sequence[Matrix], style: Style = PLAIN) -> str:
    """Return the matrices of services, without a line end after them."""
    return "\n\n".join("\n".join(_text(each, style)) for each in matrices)


def _text(found: Matrix, style: Style) -> Iterator[str]:
    """Yield a table; each API has the columns that one of its operations looks at, with their heads if they change."""
    notes = found.notes()
    yield style.paint("strong", printable(found.title))
    last_heads: list[str] = []
    for api, group in groupby(found.rows, lambda row: row.api):
        rows = tuple(group)
        columns = found._replace(rows=rows).columns()
        heads = [[*CALLERS.values()][column].head.rpartition(" ") for column in columns]
        texts = [[_cell(row.cells[column], notes) for column in columns] for row in rows]
        widths = [max(map(len, (*head, *cells, _WIDEST))) for head, *cells in zip(heads, *texts, strict=True)]
        gap = "  " if sum(widths) + 2 * len(widths) + len(_INDENT) <= style.width else " "
        longest = max(len(row.label) + len(_INDENT) for row in found.rows)
        names = max(min(longest, style.width - sum(widths) - len(gap) * len(widths)), len(_INDENT))

        layout = names, *widths
        lines = [_line(gap, layout, "", [head[part] for head in heads]) for part in (0, 2)]
        if lines != last_heads:
            yield from lines
        last_heads = lines
        yield printable(api)
        for row, cells in zip(rows, texts, strict=True):
            name = f"{_INDENT}{printable(row.label)}"
            if len(name) > names:
                yield name
                name = ""
            yield _line(gap, layout, name, cells)
    for note in found.lines():
        yield style.fit(printable(note))


def _line(gap: str, layout: Sequence[int], name: str, cells: Sequence[str]) -> str:
    return gap.join(f"{cell:<{width}}" for cell, width in zip((name, *cells), layout, strict=True)).rstrip()


def matrix_data(found: Matrix) -> dict[str, Any]:
    """Return a matrix as plain data: each operation has a cell for each caller."""
    return {
        **({"service": found.service} if found.service else {}),
        "callers": [{"id": name, "words": each.words} for name, each in CALLERS.items()],
        "operations": [
            {"api": row.api, "operation": row.id, "name": row.name}
            | ({"product": row.product} if row.product else {})
            | {"cells": [_cell_data(*each) for each in zip(CALLERS, row.cells, strict=True)]}
            for row in found.rows
        ],
        "left_out": list(found.left_out),
    }


def _cell_data(caller: str, cell: MatrixCell) -> dict[str, Any]:
    if cell.reason:
        return {"caller": caller, "status": None, "reason": cell.reason}
    inner = {} if cell.inner is None else {"tool_status": cell.inner}
    return {"caller": caller, "status": cell.status, **inner, "reaches_backend": cell.reaches_backend}


def _table(found: Matrix) -> Iterator[list[str]]:
    notes, columns = found.notes(), found.columns()
    yield ["API", "operation", *([*CALLERS.values()][each].head for each in columns)]
    for row in found.rows:
        yield [row.api, row.label, *(_cell(row.cells[each], notes) for each in columns)]


def matrix_markdown(found: Matrix) -> Iterator[str]:
    """Yield the lines of a table in Markdown."""
    head, *rows = _table(found)
    yield from (f"### {plain(found.title)}", "", f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}")
    yield from (f"| {' | '.join(map(plain, row))} |" for row in rows)
    for each in found.lines():
        yield from ("", plain(each))


def matrix_html(found: Matrix) -> Iterator[str]:
    """Yield a card with the table of a matrix."""
    head, *rows = _table(found)
    yield f'<section class="card answers"><h2>{markup(found.title)}</h2><table><thead><tr>'
    yield f"{''.join(f'<th>{markup(cell)}' for cell in head)}</tr></thead>"
    for row in rows:
        yield f"<tr>{''.join(f'<td>{markup(cell)}</td>' for cell in row)}</tr>"
    yield "</table>"
    yield from (f"<p>{markup(each)}</p>" for each in found.lines())
    yield "</section>"
