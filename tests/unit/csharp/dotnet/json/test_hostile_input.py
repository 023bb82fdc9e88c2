"""Whatever comes in, what comes out is a tree or an exception of .NET."""

from __future__ import annotations

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sampling import examples

from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.json.loading import parse
from apimpolicy.csharp.dotnet.json.path import select_tokens
from apimpolicy.csharp.dotnet.xml.reader import parse_element
from apimpolicy.errors import ApimPolicyError

JSON = st.text(alphabet="{}[]():,'\"\\/*tfnuINew-+.0123x \n\r\0a\ud800é", max_size=25)
PATH = st.text(alphabet="$@.[]()?*:,'\\&|=<>!~/ abl012-", max_size=20)
XML = st.text(alphabet="<>/!?-=&;#x[]:'\" \nabC DOCTYPE\ufffe\ud8001", max_size=25)


@settings(max_examples=examples(400))
@given(JSON)
def test_json(text: str) -> None:
    with contextlib.suppress(DotnetException):
        again = parse(text).format(0)
        assert isinstance(again, str)


@settings(max_examples=examples(400))
@given(PATH)
def test_paths(path: str) -> None:
    document = parse('{"a":{"b":[1,"x",null,{"l":2}]},"l":[[0],1.5]}')
    with contextlib.suppress(ApimPolicyError):
        list(select_tokens(document, path))


@settings(max_examples=examples(400))
@given(XML)
def test_xml(text: str) -> None:
    with contextlib.suppress(ApimPolicyError):
        parse_element(text).to_string()
    with contextlib.suppress(ApimPolicyError):
        parse_element(f"<a>{text}</a>").to_string()
