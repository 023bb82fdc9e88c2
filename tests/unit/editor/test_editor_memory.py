"""What a server that goes on keeps: what is open, and a bounded number of other things."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING

import pytest

from apimpolicy.editor import workspace as workspace_module
from apimpolicy.editor.analysis import MOST_AT_ONCE, MOST_OTHERS, RecentExpressions
from apimpolicy.editor.language_server import MOST_UNTIDY, LanguageServer
from apimpolicy.editor.workspace import EditorWorkspace
from apimpolicy.memory import collect, collect_new
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POLICY = '<policies><inbound><set-variable name="{0}" value="@({0})" /></inbound></policies>'


def kept(check: RecentExpressions) -> list[str]:
    return list(check._compiled)


def compile_all(check: RecentExpressions, texts: list[str]) -> None:
    for text in texts:
        check.compile(Excerpt.of(text))


def test_expressions_of_open_files_stay_however_many_and_of_others_a_few() -> None:
    check = RecentExpressions()
    own = [f"@({number})" for number in range(2 * MOST_OTHERS)]
    with check.of_file("a"):
        compile_all(check, own)
    compile_all(check, [f"@(-{number})" for number in range(3 * MOST_AT_ONCE)])
    assert set(own) <= set(kept(check))
    assert len(kept(check)) <= len(own) + MOST_AT_ONCE
    with check.of_file("b"):
        compile_all(check, ["@(true)"])
    assert len(kept(check)) == len(own) + 1 + MOST_OTHERS
    check.close("a")
    with check.of_file("b"):
        compile_all(check, ["@(true)"])
    assert len(kept(check)) == 1 + MOST_OTHERS


def test_of_other_files_only_the_names_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace_module, "MOST_READ", 2)
    for number in range(5):
        (tmp_path / f"{number}.xml").write_text(POLICY.format(number))
    workspace = EditorWorkspace([str(tmp_path)])
    first = str(tmp_path / "0.xml")
    workspace.open_texts[first] = POLICY.format("open")
    own = workspace.analysis(first)
    for path in workspace.files():
        assert len(workspace.names(path)) == 1
    assert len(workspace._read) == 3
    assert workspace.analysis(first) is own


def with_edits(server: LanguageServer, edits: int) -> None:
    uri = "file:///nowhere/a.xml"
    document = {"uri": uri, "version": 1, "text": POLICY.format(1)}
    server.did_open({"textDocument": document})
    for number in range(edits):
        server.did_change(
            {"textDocument": {"uri": uri, "version": number}, "contentChanges": [{"text": POLICY.format(number)}]}
        )
        server.workspace.analysis("/nowhere/a.xml")


@pytest.mark.parametrize("free", [collect, collect_new])
def test_earlier_versions_are_freed(free: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apimpolicy.memory._MANY", 10**9)
    workspace = EditorWorkspace([])
    workspace.open_texts["/a.xml"] = POLICY.format(1)
    analysis = workspace.analysis("/a.xml")
    assert analysis is not None
    subject = weakref.ref(analysis.policies[0].subject)
    del analysis
    workspace.open_texts["/a.xml"] = POLICY.format(2)
    workspace.analysis("/a.xml")
    free()
    gc.unfreeze()
    assert subject() is None


def test_memory_is_freed_in_a_pause_and_without_one_from_time_to_time() -> None:
    from io import BytesIO

    times: list[int] = []
    server = LanguageServer(BytesIO(), BytesIO(), lambda: times.append(1))
    server.initialize({})
    with_edits(server, 3)
    server._rest()
    assert times == [1]
    server._messages.put({})
    with_edits(server, 2)
    server._rest()
    assert times == [1]
    with_edits(server, MOST_UNTIDY)
    server._rest()
    assert times == [1, 1]
