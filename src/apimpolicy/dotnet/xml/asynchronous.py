"""The members of XML trees whose names end in `Async`: the work of the member without it, and a finished task.

The readers that policies can make know no asynchronous reading: what is loaded from one ends, inside the task, as in
.NET: with NotImplementedException for a reader of `CreateReader()`, with InvalidOperationException for one of
`XmlReader.Create()`, which was not told to be asynchronous. Nor does the only writer, that of `CreateWriter()`, know
asynchronous writing: NotImplementedException, in the task for containers, from the call itself for other nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import (
    ArgumentNullException,
    DotnetException,
    InvalidOperationException,
    NotImplementedException,
)
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.registry import implements
from apimpolicy.dotnet.system.tasks import TASK, TOKEN, Task, asynchronous
from apimpolicy.dotnet.xml.containers import XContainer
from apimpolicy.dotnet.xml.names import X
from apimpolicy.dotnet.xml.saving import (
    load_document,
    load_document_of_stream,
    load_element,
    load_element_of_stream,
    save,
    save_stream,
)
from apimpolicy.dotnet.xml.xml_reader import END_ELEMENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.dotnet.xml.nodes import XNode
    from apimpolicy.dotnet.xml.saving import TreeWriter
    from apimpolicy.dotnet.xml.xml_reader import XmlReader

_TOKEN = f"{TOKEN} cancellationToken"
_READER = "System.Xml.XmlReader reader"
_STREAM = "System.IO.Stream stream"


def _refusal(reader: XmlReader, reads_node: bool) -> DotnetException:
    if reads_node and reader.node is None:
        return InvalidOperationException("The XmlReader state should be Interactive.")
    if reads_node and reader.node_type == END_ELEMENT:
        return InvalidOperationException("The XmlReader should not be on a node of type EndElement.")
    if reader.is_of_text:
        return InvalidOperationException("Set XmlReaderSettings.Async to true if you want to use Async Methods.")
    return NotImplementedException()


def _refused(name: str) -> Callable[..., Task]:
    def load(reader: XmlReader | None, *_: Any) -> Task:
        if reader is None:
            raise ArgumentNullException("reader")
        return Task((named(X + name),), thrown=_refusal(reader, reads_node=name == "XNode"))

    return load


implements(X + "XNode", f"static {TASK}<{X}XNode> ReadFromAsync({_READER}, {_TOKEN})")(_refused("XNode"))


def _write_later(node: XNode, writer: TreeWriter | None, _token: Any = None) -> Task:
    """Throws, as said above, unless the writer is null, which throws otherwise."""
    if writer is None:
        raise ArgumentNullException("writer")
    if isinstance(node, XContainer):
        return Task((), thrown=NotImplementedException())
    raise NotImplementedException


def _register() -> None:
    for name, load, load_stream in (
        ("XDocument", load_document, load_document_of_stream),
        ("XElement", load_element, load_element_of_stream),
    ):
        start = f"static {TASK}<{X}{name}> LoadAsync("
        end = f", {X}LoadOptions options, {_TOKEN})"
        implements(X + name, f"{start}System.IO.TextReader textReader{end}")(asynchronous(load, named(X + name)))
        implements(X + name, f"{start}{_READER}{end}")(_refused(name))
        writing = f"{X}SaveOptions options, {_TOKEN})"
        implements(X + name, f"{TASK} SaveAsync(System.IO.TextWriter textWriter, {writing}")(asynchronous(save))
        implements(X + name, f"{start}{_STREAM}{end}")(asynchronous(load_stream, named(X + name)))
        implements(X + name, f"{TASK} SaveAsync({_STREAM}, {writing}")(asynchronous(save_stream))
        implements(X + name, f"{TASK} SaveAsync(System.Xml.XmlWriter writer, {_TOKEN})")(_write_later)
    for name in (
        "XNode", "XCData", "XComment", "XDocument", "XDocumentType", "XElement", "XProcessingInstruction", "XText",
    ):  # fmt: skip
        implements(X + name, f"{TASK} WriteToAsync(System.Xml.XmlWriter writer, {_TOKEN})")(_write_later)


_register()
