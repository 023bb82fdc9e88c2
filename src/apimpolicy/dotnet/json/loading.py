"""Readers to trees: `Parse`. Azure refuses `JsonLoadSettings`, so that they are always null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import InvalidOperationException, require
from apimpolicy.dotnet.json import reader as tokens
from apimpolicy.dotnet.json.arrays import JArray, JConstructor
from apimpolicy.dotnet.json.containers import JContainer
from apimpolicy.dotnet.json.kinds import BOOLEAN, BYTES, DATE, FLOAT, INTEGER, STRING_TYPE, J
from apimpolicy.dotnet.json.objects import JObject, JProperty
from apimpolicy.dotnet.json.quick_reader import quick_tree
from apimpolicy.dotnet.json.reader import TextReader
from apimpolicy.dotnet.json.scalars import JValue
from apimpolicy.dotnet.registry import implements

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from apimpolicy.dotnet.json.tokens import JToken
    from apimpolicy.dotnet.json.tree_reader import TreeReader

    Reader: TypeAlias = TextReader | TreeReader

_SCALARS = {
    tokens.INTEGER: INTEGER,
    tokens.FLOAT: FLOAT,
    tokens.STRING: STRING_TYPE,
    tokens.BOOLEAN: BOOLEAN,
    tokens.DATE: DATE,
    tokens.BYTES: BYTES,
}


def _scalar(reader: Reader) -> JValue | None:
    """Return the token of the scalar that the reader is on, or None when it is on something else."""
    kind = _SCALARS.get(reader.token)
    if kind is not None:
        return JValue(reader.value, kind)
    if reader.token == tokens.NULL:
        return JValue.null()
    return JValue.undefined() if reader.token == tokens.UNDEFINED else None


def _container(reader: Reader) -> JContainer | None:
    if reader.token == tokens.START_OBJECT:
        return JObject()
    if reader.token == tokens.START_ARRAY:
        return JArray()
    return JConstructor(reader.value) if reader.token == tokens.START_CONSTRUCTOR else None


def load(reader: Reader, *, keeps_comments: bool = False, note: Callable[[JToken], None] | None = None) -> JToken:
    """Return the tree that starts at the reader's token; the reader is left on its last token.

    `note` is called with each scalar while the reader is just behind it, and with each container where it opens.
    """
    made: JToken | None = _container(reader)
    if isinstance(made, JContainer):
        if note is not None:
            note(made)
        _fill(made, reader, keeps_comments, note)
        return made
    made = _scalar(reader)
    if made is not None and note is not None:
        note(made)
    if made is None and reader.token == tokens.COMMENT:
        made = JValue.of_comment(reader.value)
    if made is None:
        reader.fail(f"Error reading JToken from JsonReader. Unexpected token: {reader.token}.")
    return made


def _fill(
    root: JContainer,
    reader: Reader,
    keeps_comments: bool,
    note: Callable[[JToken], None] | None,
) -> None:
    depth = reader.depth
    parent: JContainer = root
    if not reader.read():
        reader.fail(f"Error reading {root.short_name} from JsonReader.")
    burn = environment().step
    while True:
        burn()
        if isinstance(parent, JProperty) and parent.children:
            assert parent.parent is not None
            parent = parent.parent
        token = reader.token
        if token == tokens.PROPERTY_NAME:
            assert isinstance(parent, JObject)
            parent = parent.property_to_fill(reader.value)
            if note is not None:
                note(parent)
        elif token in (tokens.END_OBJECT, tokens.END_ARRAY, tokens.END_CONSTRUCTOR):
            if parent is root:
                return
            assert parent.parent is not None
            parent = parent.parent
        elif token == tokens.COMMENT:
            if keeps_comments and not isinstance(parent, (JObject, JProperty)):
                parent.add(JValue.of_comment(reader.value))
        else:
            made: JToken | None = _scalar(reader) or _container(reader)
            if made is None:
                raise InvalidOperationException(f"The JsonReader should not be on a token of type {token}.")
            made.parent = parent
            parent.children.append(made)
            if note is not None:
                note(made)
            if isinstance(made, JContainer):
                parent = made
        if not reader.read():
            break
    if reader.depth >= depth:
        reader.fail(f"Unexpected end of content while loading {root.short_name}.")


def _opened(text: str | None, what: str) -> TextReader:
    text = require(text, "s")
    reader = TextReader(text)
    found = reader.read()
    while found and what != "JToken" and reader.token == tokens.COMMENT:
        found = reader.read()
    if not found:
        reader.fail(f"Error reading {what} from JsonReader.")
    return reader


def finish(reader: TextReader) -> None:
    """Any content but a comment after the tree is an error of the reader."""
    while reader.read():
        pass


def parse(text: str | None, _settings: None = None) -> JToken:
    """`JToken.Parse`. Raises JsonReaderException for what is not JSON, ArgumentNullException for null."""
    root = quick_tree(require(text, "s"))
    return _exact(text, "JToken") if root is None else root


def _exact(text: str | None, what: str) -> JToken:
    """Return the tree of a text that is not plain JSON; raises JsonReaderException."""
    reader = _opened(text, what)
    wanted = {"JObject": (tokens.START_OBJECT, "an object"), "JArray": (tokens.START_ARRAY, "an array")}.get(what)
    if wanted is not None and reader.token != wanted[0]:
        message = f"Error reading {what} from JsonReader. Current JsonReader item is not {wanted[1]}: {reader.token}."
        reader.fail(message)
    root = load(reader)
    finish(reader)
    return root


def parse_object(text: str | None, _settings: None = None) -> JObject:
    """`JObject.Parse`; raises JsonReaderException when the text is no object."""
    root: JToken | None = quick_tree(require(text, "s"))
    if not isinstance(root, JObject):
        root = _exact(text, "JObject")
    assert isinstance(root, JObject)
    return root


def parse_array(text: str | None, _settings: None = None) -> JArray:
    """`JArray.Parse`; raises JsonReaderException when the text is no array."""
    root: JToken | None = quick_tree(require(text, "s"))
    if not isinstance(root, JArray):
        root = _exact(text, "JArray")
    assert isinstance(root, JArray)
    return root


def _register() -> None:
    parsers: dict[str, Callable[..., Any]] = {"JToken": parse, "JObject": parse_object, "JArray": parse_array}
    for name, function in parsers.items():
        implements(J + name, "Parse")(function)


_register()
