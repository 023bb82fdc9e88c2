"""Any request in any document, an answer out: what an editor may ask while somebody has half of a policy typed.

    python -m tests.fuzz.requests SECONDS [SEED]

Documents of the corpus, cut up, as files of each kind; every request at random places, against the protocol's types.
Ends with the seed of the document when a request fails inside, an answer has another form, takes too long for the size
of the document, the text is another than the client's, or formatting changes more than layout.
"""

from __future__ import annotations

import io
import random
import sys
import time
from typing import Any

from lsprotocol import converters, types
from tests.fuzz.documents import CORPUS, mutated

from apimpolicy.editor.language_features import FEATURES
from apimpolicy.editor.language_server import LanguageServer
from apimpolicy.editor.rpc import RpcError, TextDocument

HOSTS = {"a.tf": "x = <<XML\n{}\nXML\n", "a.bicep": "var p = '''{}'''\n", "a.md": "# a\n\n```xml\n{}\n```\n"}
NAMES = ("a.xml", "a.xml", "a.xml", "a.xml", "a.tftpl", *HOSTS)
SECONDS_FOR_100_KB = 1.5
"""Of processor time for one request; the first one after a change reads the document."""
SKIPPED = frozenset({"workspace/executeCommand", "workspace/symbol"})
"""Those that start processes, or look through all files."""
SCRIBBLES = ("", "\n", "\r\n", "\r", "@(", "context.", '"', "<", "<set-", "{{", "😀", "é", "}", ")", "/>", "&quot;")
_CONVERTER = converters.get_converter()


class Session:
    """A server without streams, whose requests are called one by one."""

    def __init__(self) -> None:
        self.server = LanguageServer(io.BytesIO(), io.BytesIO())
        self.server.initialize({"capabilities": {}})
        self.sent: list[str] = []
        self.server.notify = lambda method, params: self.sent.append(method)  # type: ignore[method-assign]  # no client
        self.server.log = self._fail  # type: ignore[method-assign]  # likewise

    @staticmethod
    def _fail(text: str) -> None:
        if "Traceback" in text:
            raise AssertionError(text)

    def open(self, uri: str, text: str) -> None:
        self.server.did_open({"textDocument": {"uri": uri, "version": 1, "text": text}})

    def change(self, uri: str, *changes: dict[str, Any]) -> None:
        self.server.did_change({"textDocument": {"uri": uri, "version": 2}, "contentChanges": list(changes)})

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        """The result of a request; None where it is refused for what the client may not ask."""
        try:
            result = FEATURES[method](self.server, params)
        except RpcError:
            return None
        _CONVERTER.structure({"jsonrpc": "2.0", "id": 1, "result": result}, types.METHOD_TO_TYPES[method][1])
        return result


def place(text: str, chance: random.Random) -> int:
    """Somewhere in a text, most often in its C#."""
    start = chance.randint(0, len(text))
    code = text.find("@", start)
    if code < 0 or chance.random() < 0.3:
        return start
    return min(len(text), code + chance.randint(0, 200))


def parameters(method: str, document: TextDocument, chance: random.Random) -> dict[str, Any]:
    """Parameters that fit a request, at random places; some beyond the end of the text."""
    first, last = sorted(place(document.text, chance) for _ in range(2))
    position = document.position(first)
    if chance.random() < 0.05:
        position = {"line": position["line"] + chance.randint(0, 9), "character": chance.randint(0, 999)}
    span = {"start": position, "end": document.position(last)}
    made: dict[str, Any] = {"textDocument": {"uri": document.uri}, "position": position, "positions": [position]}
    made |= {"range": span, "newName": chance.choice(("a", "other name", "", "class", "é")), "query": "a"}
    made |= {"label": "a"}  # of a completion item
    made |= {"context": {"diagnostics": [], "includeDeclaration": chance.random() < 0.5}}
    return {**made, "options": {"tabSize": chance.choice((2, 4)), "insertSpaces": chance.random() < 0.8}}


def edited(session: Session, uri: str, text: str, chance: random.Random) -> str:
    """The text after some changes, with a range or without, that the server has seen as well."""
    changes: list[dict[str, Any]] = []
    for _ in range(chance.randint(1, 3)):
        new = chance.choice(SCRIBBLES)
        if chance.random() < 0.1:
            text = text + new
            changes.append({"text": text})
            continue
        document = TextDocument(uri, text)
        start = document.offset(document.position(chance.randint(0, len(text))))
        end = document.offset(document.position(min(len(text), start + chance.randint(0, 12))))
        start, end = min(start, end), max(start, end)
        changes.append({"range": document.range(start, end), "text": new})
        text = text[:start] + new + text[end:]
    session.change(uri, *changes)
    return text


def one(seed: int, documents: list[bytes]) -> int:
    """One document with all requests; how many were answered."""
    chance = random.Random(seed)
    session = Session()
    name = chance.choice(NAMES)
    uri = f"file:///nowhere/{name}"
    data = chance.choice(documents)[:30_000] if chance.random() < 0.6 else mutated(chance, documents)[:30_000]
    text = HOSTS.get(name, "{}").replace("{}", data.decode("utf-8", "replace"))
    session.open(uri, text)
    answered = 0
    for _ in range(3):
        text = edited(session, uri, text, chance)
        assert session.server.documents[uri].text == text, "the server has another text"
        if chance.random() < 0.1:
            session.server.did_close({"textDocument": {"uri": uri}})
            uri = f"file:///nowhere/b-{name}"
            session.open(uri, text)
        document = session.server.documents[uri]
        limit = SECONDS_FOR_100_KB * max(len(text) / 100_000, 0.4)
        for method in chance.sample(sorted(FEATURES.keys() - SKIPPED), 8):
            begin = time.process_time()
            result = session.ask(method, parameters(method, document, chance))
            taken = time.process_time() - begin
            assert taken < limit, f"{method} took {taken:.2f} s for {len(text):,} characters"
            if method == "textDocument/formatting":
                check_layout(document, result)
            answered += 1
        session.server.checks.findings(uri)
    return answered


def check_layout(document: TextDocument, edits: list[dict[str, Any]] | None) -> None:
    """Formatting changes white space and nothing else, and has nothing to do the second time."""
    text = document.text
    for edit in sorted(edits or (), key=lambda each: document.offset(each["range"]["start"]), reverse=True):
        start, end = document.offset(edit["range"]["start"]), document.offset(edit["range"]["end"])
        text = text[:start] + edit["newText"] + text[end:]
    assert "".join(text.split()) == "".join(document.text.split()), "formatting changed more than layout"


def run(seconds: float, seed: int) -> int:
    """Fuzz for so long; how many requests were answered. Raises what a request raises, with its seed."""
    documents = [path.read_bytes() for path in sorted(CORPUS.rglob("*.xml"))]
    end = time.monotonic() + seconds
    answered = 0
    while time.monotonic() < end:
        try:
            answered += one(seed, documents)
        except BaseException:
            print(f"document {seed}", file=sys.stderr)
            raise
        seed += 1
    return answered


if __name__ == "__main__":
    given = sys.argv[2] if len(sys.argv) > 2 else random.randrange(1 << 30)
    print(f"{run(float(sys.argv[1]), int(given)):,} requests answered")
