"""The requests of the language server protocol, with responses in the protocol's form."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from apimpolicy.editor import language_commands, lenses, outline, rpc
from apimpolicy.editor.code_actions import changes_of, text_edit
from apimpolicy.editor.code_actions import code_actions as actions_of
from apimpolicy.editor.completion import completion, resolve
from apimpolicy.editor.hover import hover as hover_at
from apimpolicy.editor.language_commands import COMMANDS
from apimpolicy.editor.lenses import cases_of, reached_by
from apimpolicy.editor.navigation_requests import definition, highlight, prepare_rename, references, rename
from apimpolicy.editor.outline import KINDS, Symbol, format_edits, indent_new_line
from apimpolicy.editor.outline import inlay_hints as hints_of
from apimpolicy.editor.outline import semantic_tokens as semantic_tokens_of
from apimpolicy.editor.place import place_at
from apimpolicy.editor.published_checks import to_diagnostic
from apimpolicy.editor.rpc import Json, RpcError, call
from apimpolicy.editor.signatures import signature_help as help_at
from apimpolicy.project import fixes
from apimpolicy.project.embedded import is_policy, reader_for
from apimpolicy.text.invisible import visible

if TYPE_CHECKING:
    from apimpolicy.editor.knowledge import Occurrence
    from apimpolicy.editor.language_server import LanguageServer

    Feature = Callable[[LanguageServer, Json], Any]

_SYMBOL_KINDS: Final = {"section": 3, "policy": 12, "part": 8}


def hover(server: LanguageServer, params: Json) -> Json | None:
    document, analysis, offset = server.at(params)
    if document.is_test_file:
        from apimpolicy.editor.test_files import hover as hover_in_test_file

        found = hover_in_test_file(document.text, document.path, offset)
    else:
        found = hover_at(analysis, offset, server.workspace.knowledge(document.path))
    if found is None:
        return None
    return {
        "contents": {"kind": "markdown", "value": visible(found.text)},
        "range": document.range(found.start, found.end),
    }


def signature_help(server: LanguageServer, params: Json) -> Json | None:
    _, analysis, offset = server.at(params)
    found = help_at(analysis, offset)
    if found is None:
        return None
    signatures = [
        {
            "label": overload.text,
            "parameters": [{"label": parameter} for parameter in overload.parameters],
            "activeParameter": max(overload.active, 0),
        }
        for overload in found.overloads
    ]
    active = found.overloads[found.active].active if found.overloads else 0
    return {"signatures": signatures, "activeSignature": found.active, "activeParameter": max(active, 0)}


# ------------------------------------------------------------------------------------------------ symbols and tokens


def document_symbols(server: LanguageServer, params: Json) -> list[Json]:
    document, analysis = server.opened(params)

    def to_symbol(symbol: Symbol) -> Json:
        return {
            "name": symbol.name,
            "detail": symbol.detail,
            "kind": _SYMBOL_KINDS[symbol.kind],
            "range": document.range(symbol.start, symbol.end),
            "selectionRange": document.range(symbol.name_start, symbol.name_end),
            "children": [to_symbol(child) for child in symbol.children],
        }

    return [to_symbol(symbol) for symbol in outline.symbols(analysis)]


def workspace_symbols(server: LanguageServer, params: Json) -> list[Json]:
    query = str(params.get("query", "")).lower()
    found: list[Json] = []
    for path in server.workspace.files():
        fitting = [each for each in server.workspace.names(path) if _is_symbol(each) and query in each.name.lower()]
        document = server.document_of(path) if fitting else None
        if document is None:
            continue
        for each in fitting:
            location = {"uri": document.uri, "range": document.range(each.start, each.end)}
            found.append({"name": each.name, "kind": 13, "location": location, "containerName": each.kind})
        if len(found) > 500:
            break
    return found


def _is_symbol(found: Occurrence) -> bool:
    return found.kind == "fragment" or (found.kind == "variable" and found.sets)


def folding(server: LanguageServer, params: Json) -> list[Json]:
    document, analysis = server.opened(params)
    lines = (
        (document.position(start)["line"], document.position(end)["line"], kind)
        for start, end, kind in outline.folding(analysis)
    )
    return [{"startLine": first, "endLine": last, "kind": kind} for first, last, kind in dict.fromkeys(lines)]


def selection(server: LanguageServer, params: Json) -> list[Json]:
    document, analysis = server.opened(params)
    answers = []
    for position in params["positions"]:
        offset = document.offset(position)
        made: Json | None = None
        for span in reversed(outline.selections(analysis, offset)):
            made = {"range": document.range(*span), **({"parent": made} if made is not None else {})}
        answers.append(made or {"range": document.range(offset, offset)})
    return answers


def semantic_tokens(server: LanguageServer, params: Json) -> Json:
    document, analysis = server.opened(params)
    data: list[int] = []
    line = character = 0
    for token in semantic_tokens_of(analysis):
        start, end = document.position(token.start), document.position(token.end)
        if start["line"] != line:
            line, character, step = start["line"], 0, start["line"] - line
        else:
            step = 0
        data += (
            step,
            start["character"] - character,
            end["character"] - start["character"],
            KINDS.index(token.kind),
            0,
        )
        character = start["character"]
    return {"data": data}


def inlay_hints(server: LanguageServer, params: Json) -> list[Json]:
    document, analysis = server.opened(params)
    span = document.offset(params["range"]["start"]), document.offset(params["range"]["end"])
    return [
        {
            "position": document.position(hint.offset),
            "label": hint.text,
            "kind": 1 if hint.is_type else 2,
            "paddingRight": not hint.is_type,
        }
        for hint in hints_of(analysis, *span)
    ]


# ------------------------------------------------------------------------------------------------ changes


def formatting(server: LanguageServer, params: Json) -> list[Json]:
    return _formatted(server, params, None)


def range_formatting(server: LanguageServer, params: Json) -> list[Json]:
    return _formatted(server, params, range(params["range"]["start"]["line"], params["range"]["end"]["line"] + 1))


def on_type_formatting(server: LanguageServer, params: Json) -> list[Json]:
    """Lay out the line of the caret; after Enter the one before it, and indent the new one in C#."""
    line = params["position"]["line"]
    if params.get("ch") != "\n":
        return _formatted(server, params, range(line, line + 1))
    document, analysis, offset = server.at(params)
    found = analysis.at(offset)
    start = document.offset({"line": line, "character": 0})
    if found is None or place_at(found[0].document, found[1]).kind != "code":
        is_blank = not document.text[start:].partition("\n")[0].strip()  # a layout would remove the line of the caret
        return _formatted(server, params, range(max(0, line - 1), line + (not is_blank)))
    edit = indent_new_line(document.text, start, server.checks.style_of(document.path).indent_width)
    return [] if edit is None else [text_edit(document, edit)]


def linked_editing(server: LanguageServer, params: Json) -> Json | None:
    """Return the names in the start tag and the end tag of an element, which change together."""
    document, analysis, offset = server.at(params)
    found = analysis.element_at(offset)
    if found is None or not found[1].name:
        return None
    policy, element = found
    position = policy.offset_of(offset)
    end = element.content_end + len("</")
    spans = [(element.name_start, element.name_end), (end, end + len(element.name))]
    closes = policy.source.text[element.content_end : end + len(element.name)] == f"</{element.name}"
    if not closes or not any(start <= position <= last for start, last in spans):
        return None
    return {"ranges": [document.range(*policy.span(*span)) for span in spans]}


def _formatted(server: LanguageServer, params: Json, lines: range | None) -> list[Json]:
    """Return edits of the layout; the project's table [format] counts, not the editor's width of a tab."""
    document, analysis = server.opened(params)
    if reader_for(document.path) is None and not is_policy(document.text):
        return []
    style = server.checks.style_of(document.path)
    edits = format_edits(document.text, document.path, style, analysis.settings.placeholders, lines)
    return [text_edit(document, edit) for edit in edits]


def code_actions(server: LanguageServer, params: Json) -> list[Json]:
    document, analysis = server.opened(params)
    start, end = document.offset(params["range"]["start"]), document.offset(params["range"]["end"])
    touched = []
    for finding in server.checks.findings(document.uri):
        first, last = finding.source.original_span(finding.start, finding.end)
        if first <= end and last >= start:
            touched.append(finding)
    answers: list[Json] = []
    if everything := fixes.edits(analysis.source, server.checks.findings(document.uri)):
        edit = {"changes": changes_of(server, {analysis.path: everything})}
        answers.append({"title": "Fix all misspelled names", "kind": "source.fixAll", "edit": edit})
    for action in actions_of(analysis, start, end, touched, server.workspace.knowledge(document.path)):
        code_action: Json = {"title": action.title, "kind": "quickfix" if action.diagnostic else "refactor.rewrite"}
        if action.diagnostic is not None:
            code_action["diagnostics"] = [to_diagnostic(document, action.diagnostic)]
            code_action["isPreferred"] = action.is_preferred
        if action.edits is not None:
            code_action["edit"] = {"changes": changes_of(server, action.edits)}
        if action.command:
            code_action["command"] = {
                "title": action.title,
                "command": action.command,
                "arguments": list(action.arguments),
            }
        answers.append(code_action)
    return answers


def code_lenses(server: LanguageServer, params: Json) -> list[Json]:
    document, analysis = server.opened(params)
    path = os.path.abspath(document.path)
    if document.is_test_file:
        found = [
            (document.line_starts[min(line, len(document.line_starts)) - 1], lens)
            for line, lens in lenses.for_case_file(cases_of(path), server.last_run)
        ]
    else:
        cases = [case for case in server.workspace.cases() if path in case.policies]
        found = [(lens.offset, lens) for lens in lenses.lenses(analysis, cases, server.last_run)]
        if found and (access := reached_by(path)):
            found.append((found[0][0], lenses.Lens(found[0][0], access)))
    return [
        {
            "range": document.range(offset, offset),
            "command": {"title": lens.title, "command": lens.command, "arguments": list(lens.arguments)},
        }
        for offset, lens in found
    ]


def execute(server: LanguageServer, params: Json) -> Any:
    name = params["command"]
    if name not in COMMANDS:
        raise RpcError(rpc.INVALID_PARAMS, f"there is no command '{name}'")
    return call(getattr(language_commands, COMMANDS[name]), server, params.get("arguments") or [])


FEATURES: Final[dict[str, Feature]] = {
    "textDocument/completion": completion,
    "completionItem/resolve": resolve,
    "textDocument/hover": hover,
    "textDocument/signatureHelp": signature_help,
    "textDocument/definition": definition,
    "textDocument/references": references,
    "textDocument/documentHighlight": highlight,
    "textDocument/prepareRename": prepare_rename,
    "textDocument/rename": rename,
    "textDocument/documentSymbol": document_symbols,
    "workspace/symbol": workspace_symbols,
    "textDocument/foldingRange": folding,
    "textDocument/selectionRange": selection,
    "textDocument/semanticTokens/full": semantic_tokens,
    "textDocument/inlayHint": inlay_hints,
    "textDocument/formatting": formatting,
    "textDocument/rangeFormatting": range_formatting,
    "textDocument/onTypeFormatting": on_type_formatting,
    "textDocument/linkedEditingRange": linked_editing,
    "textDocument/codeAction": code_actions,
    "textDocument/codeLens": code_lenses,
    "workspace/executeCommand": execute,
}
