"""Any bytes in, diagnostics out; what the fuzzers found once stays here as rows."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz.documents import CORPUS, NAMES, check_bytes, mutated
from tests.sampling import examples

FOUND: list[tuple[str, bytes]] = []


@pytest.mark.parametrize(("name", "data"), FOUND)
def test_what_was_found_once(name: str, data: bytes) -> None:
    assert check_bytes(data, name) >= 0


@settings(max_examples=examples(300), derandomize=True)
@given(st.binary(max_size=200), st.sampled_from(NAMES))
def test_any_bytes(data: bytes, name: str) -> None:
    assert check_bytes(data, name) >= 0


PIECES = st.sampled_from(
    [
        "<policies>", "</policies>",
        "<inbound>", "</inbound>", "<set-variable name='a' value=", '"@(', ')"', "<choose>",
        "<when condition=", "</when>",
        "context.", "Variables[", '"a"]', "Request", ".Body", ".As<string>()", "?.", "==",
        "null", "&&", "{{x}}", "{", "}", "<!-- apimpolicy: ignore POL301: x -->", "<cors>", "<rate-limit calls='", "/>",
    ]
)  # fmt: skip


@settings(max_examples=examples(300), derandomize=True)
@given(st.lists(PIECES, max_size=25))
def test_any_pieces(pieces: list[str]) -> None:
    assert check_bytes("".join(pieces).encode()) >= 0


def test_cuts_and_splices_of_real_documents() -> None:
    if not CORPUS.exists():
        pytest.skip("the corpus is not beside this checkout")
    documents = [path.read_bytes() for path in sorted(CORPUS.rglob("*"))[::9] if path.is_file()]
    for number in range(150):
        check_bytes(mutated(random.Random(number), documents))
