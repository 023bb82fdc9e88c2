"""LINQ to XML: reading, writing, changing, converting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from apimpolicy.csharp.dotnet.collections import trees as notes
from apimpolicy.csharp.dotnet.exceptions import DotnetException, XmlException
from apimpolicy.csharp.dotnet.json.scalars import JValue
from apimpolicy.csharp.dotnet.registry import bound
from apimpolicy.csharp.dotnet.system.objects import to_string
from apimpolicy.csharp.dotnet.values import BOOL, DOUBLE, OBJECT, STRING, Array
from apimpolicy.csharp.dotnet.xml import extensions
from apimpolicy.csharp.dotnet.xml.containers import XDeclaration, XDocument
from apimpolicy.csharp.dotnet.xml.content import format_duration
from apimpolicy.csharp.dotnet.xml.elements import XAttribute, XElement
from apimpolicy.csharp.dotnet.xml.extensions import deep_equals
from apimpolicy.csharp.dotnet.xml.names import XMLNS, X, XNamespace, expanded_name
from apimpolicy.csharp.dotnet.xml.nodes import XCData, XNode, XText, compare_document_order
from apimpolicy.csharp.dotnet.xml.reader import parse_document, parse_element
from apimpolicy.csharp.dotnet.xml.xml_reader import (
    XmlReader,
    create_reader,
    create_writer,
    load_element,
    load_text,
    read_from,
    save,
    write_to,
)
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from collections.abc import Callable

NS = XNamespace.get("urn:x")
N = expanded_name


def element(name: Any, *content: Any) -> XElement:
    return XElement.create_filled(N(name) if isinstance(name, str) else name, list(content))


def flat(node: XNode) -> str:
    return node.to_string_with(1)


SAME = [
    ("<a><b>1</b><c d='2'/></a>", '<a><b>1</b><c d="2" /></a>'),
    ('<a x="&lt;&quot;\'&#10;"/>', '<a x="&lt;&quot;\'&#xA;" />'),
    ("<a><![CDATA[<x>]]></a>", "<a><![CDATA[<x>]]></a>"),
    ("<a><!-- c --><?pi d?></a>", "<a><!-- c --><?pi d?></a>"),
    ("<a></a>", "<a></a>"),
    ("<a/>", "<a />"),
    ("<a>\n  <b>1</b>\r\n</a>", "<a><b>1</b></a>"),
    ("<a xml:space='preserve'> </a>", '<a xml:space="preserve"> </a>'),
    ("<a xmlns='urn:x'><b>1</b></a>", '<a xmlns="urn:x"><b>1</b></a>'),
    ("<p:a xmlns:p='urn:x'><p:b/></p:a>", '<p:a xmlns:p="urn:x"><p:b /></p:a>'),
    ("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "<a>y</a>"),
    ("<a>&#x41;&amp;&#66;</a>", "<a>A&amp;B</a>"),
]

MESSAGES = [
    ("", "Root element is missing."),
    ("x", "Data at the root level is invalid. Line 1, position 1."),
    ("<a>", "Data at the root level is invalid. Line 1, position 1."),
    ("<a> ", "Unexpected end of file has occurred. The following elements are not closed: a. Line 1, position 5."),
    ("<a><b></a>", "The 'b' start tag on line 1 position 5 does not match the end tag of 'a'. Line 1, position 9."),
    ("<a>&undefined;</a>", "Reference to undeclared entity 'undefined'. Line 1, position 5."),
    ("<a/><b/>", "There are multiple root elements. Line 1, position 6."),
    ("<p:a/>", "'p' is an undeclared prefix. Line 1, position 2."),
    ("<a x='1' x='2'/>", "'x' is a duplicate attribute name. Line 1, position 10."),
    ("<a>\n<1/></a>", "Name cannot begin with the '1' character, hexadecimal value 0x31. Line 2, position 2."),
]

BUILT: list[tuple[Callable[[], XNode], str]] = [
    (lambda: element(NS.get_name("a"), element(NS.get_name("b"), 1)), '<a xmlns="urn:x"><b>1</b></a>'),
    (
        lambda: element(NS.get_name("a"), XAttribute.create(XMLNS.get_name("p"), "urn:x"), element("b")),
        '<p:a xmlns:p="urn:x"><b /></p:a>',
    ),
    (lambda: element("a", element(NS.get_name("b"), element("c"))), '<a><b xmlns="urn:x"><c xmlns="" /></b></a>'),
    (lambda: element("a", XAttribute.create(NS.get_name("b"), 1)), '<a p1:b="1" xmlns:p1="urn:x" />'),
    (lambda: element("a", None), "<a />"),
    (lambda: element("a", ""), "<a></a>"),
    (lambda: element("a", 1, "x", element("b")), "<a>1x<b /></a>"),
    (lambda: element("a", Array(DOUBLE, [1.5, float("inf")]), Array(BOOL, [True])), "<a>1.5INFtrue</a>"),
    (lambda: element("a", XAttribute.create(N("b"), "<&>\"'\n\t")), '<a b="&lt;&amp;&gt;&quot;\'&#xA;&#x9;" />'),
    (lambda: element("a", XCData("x]]>y")), "<a><![CDATA[x]]]]><![CDATA[>y]]></a>"),
    (lambda: parse_element("<p:a xmlns:p='urn:x'><p:b/></p:a>").element(NS.get_name("b")), '<p:b xmlns:p="urn:x" />'),  # type: ignore[list-item, return-value]
]


@pytest.mark.parametrize(("text", "written"), SAME)
def test_reads_and_writes(text: str, written: str) -> None:
    assert flat(parse_element(text)) == written


@pytest.mark.parametrize(("text", "message"), MESSAGES)
def test_messages(text: str, message: str) -> None:
    with pytest.raises(XmlException) as caught:
        parse_element(text)
    assert caught.value.message == message


@pytest.mark.parametrize(("make", "written"), BUILT)
def test_built(make: Callable[[], XNode], written: str) -> None:
    assert flat(make()) == written


def test_indentation_stops_in_mixed_content() -> None:
    assert parse_element("<a><b>1</b><c d='2'/></a>").to_string() == '<a>\n  <b>1</b>\n  <c d="2" />\n</a>'
    assert parse_element("<a>x<b><c/></b></a>").to_string() == "<a>x<b><c /></b></a>"
    document = parse_document('<?xml version="1.0" encoding="utf-8"?><!-- c --><a><b/></a>')
    assert document.to_string() == "<!-- c -->\n<a>\n  <b />\n</a>"
    assert document.declaration is not None
    assert document.declaration.to_string() == '<?xml version="1.0" encoding="utf-8"?>'


def test_changes() -> None:
    node = parse_element("<a x='1'><b>1</b><b>2</b></a>")
    node.set_element_value(N("c"), 3)
    node.set_attribute_value(N("x"), None)
    node.set_attribute_value(N("d"), 4)
    extensions.remove(x for x in node.elements(N("b")) if x.value == "1")
    assert flat(node) == '<a d="4"><b>2</b><c>3</c></a>'
    node.element(N("b")).value = "<n>"  # type: ignore[union-attr]
    node.element(N("c")).replace_with([element("e"), "t"])  # type: ignore[union-attr]
    assert flat(node) == '<a d="4"><b>&lt;n&gt;</b><e />t</a>'
    node.remove_all()
    assert flat(node) == "<a />"


def test_a_node_with_a_parent_is_copied() -> None:
    child = element("c", 1)
    first, second = element("a", child), element("b", child)
    child.value = "2"
    assert (flat(first), flat(second)) == ("<a><c>2</c></a>", "<b><c>1</c></b>")


def test_namespaces_can_be_stripped() -> None:
    node = parse_element("<e:a xmlns:e='urn:e'><b xmlns='urn:x' c='1'><d/></b></e:a>")
    for each in node.descendants_and_self():
        each.name = N(each.name.local)
        each.replace_attributes(x for x in each.attributes() if not x.is_namespace_declaration)
    assert flat(node) == '<a><b c="1"><d /></b></a>'


def test_order_and_equality() -> None:
    node = parse_element("<a><b><c/></b><d/></a>")
    c, d = node.descendants(N("c")), node.descendants(N("d"))
    assert compare_document_order(next(iter(c)), next(iter(d))) == -1
    assert deep_equals(node, parse_element("<a><b><c /></b><d /></a>"))
    assert not deep_equals(parse_element("<a x='1' y='2'/>"), parse_element("<a y='2' x='1'/>"))


def test_casts() -> None:
    to_int = bound("System.Xml.Linq.XElement", "static int op_Explicit(System.Xml.Linq.XElement element)")
    assert to_int(parse_element("<a> 1 </a>")) == 1
    with pytest.raises(DotnetException, match="Input string was not in a correct format"):
        to_int(parse_element("<a>x</a>"))
    with pytest.raises(DotnetException, match="Parameter 'element'"):
        to_int(None)
    to_bool = bound("System.Xml.Linq.XAttribute", "static bool? op_Explicit(System.Xml.Linq.XAttribute attribute)")
    assert to_bool(None) is None
    assert to_bool(parse_element("<a x='TRUE'/>").attribute(N("x"))) is True


@pytest.mark.parametrize(
    ("name", "message"), [("1a", "Name cannot begin with the '1' character"), ("a b", "The ' ' char")]
)
def test_names_are_checked(name: str, message: str) -> None:
    with pytest.raises(XmlException, match=message):
        N(name)


def test_documents_have_one_root() -> None:
    document = XDocument.create([element("a")])
    with pytest.raises(DotnetException, match="incorrectly structured document"):
        document.add(element("b"))


def test_durations() -> None:
    assert [format_duration(t) for t in (0, 50_000_000, -936_005_000_000)] == ["PT0S", "PT5S", "-P1DT2H0.5S"]


@pytest.mark.parametrize("text", ["<a>" * 100_000, "<!DOCTYPE a [<!ENTITY x '&y;&y;'>]><a>&x;</a>"])
def test_hostile_documents(text: str) -> None:
    with pytest.raises((XmlException, NotSimulatedError)):
        parse_element(text)


def test_a_reader_goes_from_node_to_node() -> None:
    reader = XmlReader(parse_document("<a><b>1</b><c/>t</a>"))
    seen = []
    while reader.read():
        seen.append((reader.node_type, reader.name or reader.value, reader.depth))
    assert seen == [(1, "a", 0), (1, "b", 1), (3, "1", 2), (15, "b", 1), (1, "c", 1), (3, "t", 1), (15, "a", 0)]
    reader = XmlReader(parse_document("<a><b>1</b><c/></a>"))
    assert reader.move_to_content() == 1
    reader.read()
    assert flat(read_from(reader)) == "<b>1</b>"
    assert reader.name == "c"


def written(node: Any, options: int | None = None) -> str:
    writer = bound("System.IO.StringWriter", "new()")()
    name = f"{X}{type(node).__name__}"
    if options is None:
        bound(name, "void Save(System.IO.TextWriter textWriter)")(node, writer)
    else:
        bound(name, f"void Save(System.IO.TextWriter textWriter, {X}SaveOptions options)")(node, writer, options)
    return to_string(writer)


def declared(standalone: str | None) -> XDocument:
    made = parse_document("<a/>")
    made.declaration = XDeclaration("1.0", "utf-8", standalone)
    return made


SAVED: list[tuple[Any, int | None, str]] = [
    (parse_document("<a><b/></a>"), None, '<?xml version="1.0" encoding="utf-16"?>\n<a>\n  <b />\n</a>'),
    (parse_element("<a><b/></a>"), 1, '<?xml version="1.0" encoding="utf-16"?><a><b /></a>'),
    (declared("yes"), None, '<?xml version="1.0" encoding="utf-16" standalone="yes"?>\n<a />'),
    (declared(None), None, '<?xml version="1.0" encoding="utf-16"?>\n<a />'),
]


@pytest.mark.parametrize(("node", "options", "text"), SAVED)
def test_save(node: Any, options: int | None, text: str) -> None:
    assert written(node, options) == text


def test_load_reads_the_whole_reader() -> None:
    load = bound(X + "XElement", f"static {X}XElement Load(System.IO.TextReader textReader, {X}LoadOptions options)")
    assert flat(load(bound("System.IO.StringReader", "new(string s)")("<a> <b/></a>"), 1)) == "<a> <b /></a>"


def test_readers_over_a_node_stay_inside_it() -> None:
    inner = parse_element("<a><b><c/></b><d/></a>").elements(N("b"))
    (node,) = inner
    reader = create_reader(node)
    names = []
    while reader.read():
        names.append((reader.node_type, reader.name))
    assert names == [(1, "b"), (1, "c"), (15, "b")]
    copied = load_element(create_reader(node))
    assert flat(copied) == "<b><c /></b>"
    assert copied is not node


def test_writers_add_on_closing() -> None:
    target = parse_element("<a>1</a>")
    writer = create_writer(target)
    for child in parse_element("<x>2<b/><!--c--></x>").children:
        write_to(child, writer)
    assert flat(target) == "<a>1</a>"
    writer.close()
    assert flat(target) == "<a>12<b /><!--c--></a>"


@pytest.mark.parametrize("name", [X + "XObject", "Newtonsoft.Json.Linq.JToken"])
def test_annotations(name: str) -> None:
    node = parse_element("<a/>") if name.startswith(X) else JValue.null()
    string, boolean = (STRING,), (BOOL,)
    add = bound(name, "void AddAnnotation(object annotation)")
    first = bound(name, "T Annotation<T>() where T : class")
    every = bound(name, "System.Collections.Generic.IEnumerable<T> Annotations<T>() where T : class")
    assert first(string, node) is None
    for note in ("x", True, "y"):
        add(node, note)
    assert (first(string, node), first(boolean, node), list(every(string, node))) == ("x", True, ["x", "y"])
    bound(name, "void RemoveAnnotations<T>() where T : class")(string, node)
    assert list(every((OBJECT,), node)) == [True]


def unstarted() -> XmlReader:
    return create_reader(parse_element("<a/>"))


SAVING_REFUSED: list[tuple[Callable[[], Any], str, str]] = [
    (lambda: save(parse_element("<a/>"), None), "System.ArgumentNullException",
     "Value cannot be null. (Parameter 'output')"),
    (lambda: written(XDocument()), "System.InvalidOperationException",
     "Token EndDocument in state Document would result in an invalid XML document."),
    (lambda: load_text(None), "System.ArgumentNullException", "Value cannot be null. (Parameter 'input')"),
    (lambda: load_element(None), "System.ArgumentNullException", "Value cannot be null. (Parameter 'reader')"),
    (lambda: load_element(create_reader(XText("t"))), "System.InvalidOperationException",
     "The XmlReader must be on a node of type Element instead of a node of type Text."),
    (lambda: read_from(unstarted()), "System.InvalidOperationException", "The XmlReader state should be Interactive."),
    (lambda: write_to(XText("t"), None), "System.ArgumentNullException", "Value cannot be null. (Parameter 'writer')"),
    (lambda: notes.add(XText("t"), None), "System.ArgumentNullException",
     "Value cannot be null. (Parameter 'annotation')"),
    (lambda: notes.every(XText("t"), None), "System.ArgumentNullException",
     "Value cannot be null. (Parameter 'type')"),
]  # fmt: skip


@pytest.mark.parametrize(("action", "type_name", "message"), SAVING_REFUSED)
def test_saving_and_loading_refuse(action: Callable[[], Any], type_name: str, message: str) -> None:
    with pytest.raises(DotnetException) as caught:
        action()
    assert (caught.value.type_name, caught.value.message) == (type_name, message)
