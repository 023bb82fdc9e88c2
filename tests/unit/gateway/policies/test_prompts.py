"""Prompts and completions in the forms of several models, and in bodies that are none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimpolicy import Request, Response
from apimpolicy.gateway.context.messages import RequestMessage, ResponseMessage
from apimpolicy.gateway.policies.prompts import read_completion, read_prompt

PROMPTS: list[tuple[str, str, Any, list[tuple[str, str]]]] = [
    (
        "chat",
        "/chat",
        {"messages": [{"role": "user", "content": "a"}, {"role": "x", "content": None}]},
        [("user", "a")],
    ),
    ("chat, odd parts", "/chat", {"messages": [{"content": [{"type": [], "text": "a"}]}]}, [("user", "a")]),
    ("chat, parts", "/chat", {"messages": [{"content": [{"type": "text", "text": "a"}, {"x": 1}]}]}, [("user", "a")]),
    ("completion", "/completions", {"prompt": ["a", "b"]}, [("user", "a\nb")]),
    ("embeddings", "/embeddings", {"input": "a"}, [("user", "a")]),
    ("responses", "/responses", {"instructions": "s", "input": "a"}, [("system", "s"), ("user", "a")]),
    (
        "responses, items",
        "/responses",
        {"input": [{"role": "developer", "content": [{"type": "input_text", "text": "d"}]}, "b"]},
        [("developer", "d"), ("user", "b")],
    ),
    (
        "messages",
        "/v1/messages",
        {"system": [{"type": "text", "text": "s"}], "messages": [{"role": "user", "content": "a"}]},
        [("system", "s"), ("user", "a")],
    ),
    (
        "contents",
        "/v1/models/m:generateContent",
        {"systemInstruction": {"parts": [{"text": "s"}]}, "contents": [{"role": "user", "parts": [{"text": "a"}]}]},
        [("system", "s"), ("user", "a")],
    ),
]


def request(path: str, body: bytes) -> RequestMessage:
    return RequestMessage.of(Request("POST", f"https://contoso.example{path}", body=body))


@pytest.mark.parametrize(("path", "body", "messages"), [row[1:] for row in PROMPTS], ids=[row[0] for row in PROMPTS])
def test_prompts(path: str, body: Any, messages: list[tuple[str, str]]) -> None:
    prompt = read_prompt(request(path, json.dumps(body).encode()))
    assert prompt is not None
    assert prompt.messages == messages


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"{}", b'{"messages": 1}', b"[" * 100_000, b"\xff"])
def test_what_is_no_prompt(body: bytes) -> None:
    assert read_prompt(request("/chat", body)) is None


@pytest.mark.parametrize(("kind", "found"), [("chat-completion", False), ("completion", True), ("embeddings", False)])
def test_only_prompts_of_one_kind(kind: str, found: bool) -> None:
    assert (read_prompt(request("/x", b'{"prompt": "a"}'), kind) is not None) == found


def test_tokens_and_images_are_counted() -> None:
    tokens = read_prompt(request("/completions", b'{"prompt": [[1, 2], [3]], "stream": true}'))
    assert tokens is not None
    assert (tokens.token_ids, tokens.messages, tokens.is_streamed) == (3, [], True)
    image = read_prompt(request("/chat", b'{"messages": [{"content": [{"type": "image_url"}, {"inlineData": {}}]}]}'))
    assert image is not None
    assert image.images == 2


def stream(*events: object) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events) + b"data: [DONE]\n\n"


COMPLETIONS: list[tuple[str, bytes, str, tuple[int | None, int | None, int | None]]] = [
    ("chat", b'{"choices": [{"message": {"content": "a"}}, {"text": "b"}]}', "ab", (None, None, None)),
    ("messages", b'{"content": [{"text": "a"}], "usage": {"input_tokens": 1, "output_tokens": 2}}', "a", (1, 2, None)),
    ("responses", b'{"output": [{"content": [{"text": "a"}]}], "usage": {"total_tokens": 3}}', "a", (None, None, 3)),
    (
        "contents",
        b'{"candidates": [{"content": {"parts": [{"text": "a"}]}}], "usageMetadata": {"promptTokenCount": 4}}',
        "a",
        (4, None, None),
    ),
    (
        "wrong numbers",
        b'{"usage": {"prompt_tokens": "1", "completion_tokens": true, "total_tokens": -1}}',
        "",
        (None,) * 3,
    ),
]
STREAMS: list[tuple[str, bytes, str, tuple[int | None, int | None, int | None]]] = [
    (
        "chat",
        stream({"choices": [{"delta": {"content": "a"}}]}, {"choices": [{"delta": {"content": "b"}}], "usage": None}),
        "ab",
        (None, None, None),
    ),
    (
        "messages",
        stream(
            {"type": "message_start", "message": {"content": [], "usage": {"input_tokens": 7, "output_tokens": 1}}},
            {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "a"}},
            {"type": "message_delta", "usage": {"output_tokens": 9}},
        ),
        "a",
        (7, 9, None),
    ),
    (
        "responses",
        stream(
            {"type": "response.output_text.delta", "delta": "a"},
            {"type": "response.completed", "response": {"usage": {"input_tokens": 1, "output_tokens": 2}}},
        ),
        "a",
        (1, 2, None),
    ),
]


@pytest.mark.parametrize(
    ("content", "is_streamed", "text", "numbers"),
    [(row[1], False, *row[2:]) for row in COMPLETIONS] + [(row[1], True, *row[2:]) for row in STREAMS],
    ids=[row[0] for row in COMPLETIONS] + [f"{row[0]}, streamed" for row in STREAMS],
)
def test_completions(content: bytes, is_streamed: bool, text: str, numbers: tuple[int | None, ...]) -> None:
    headers = {"Content-Type": "text/event-stream" if is_streamed else "application/json"}
    found = read_completion(ResponseMessage.of(Response(200, headers=headers, body=content)))
    assert found.text == text
    assert (found.prompt_tokens, found.completion_tokens, found.total_tokens) == numbers
    assert found.is_streamed == is_streamed


NAMES = st.sampled_from(
    (
        *("messages", "content", "text", "role", "input", "prompt", "choices", "delta", "message", "usage", "type"),
        *("parts", "contents", "candidates", "output", "system", "systemInstruction", "response", "usageMetadata"),
    )
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(NAMES, VALUES, max_size=5), st.sampled_from(["/chat", "/embeddings"]), st.booleans())
def test_any_json_can_be_read(data: dict[str, Any], path: str, is_streamed: bool) -> None:
    content = json.dumps(data).encode()
    prompt = read_prompt(request(path, content))
    assert prompt is None or all(isinstance(text, str) for _, text in prompt.messages)
    headers = {"Content-Type": "text/event-stream" if is_streamed else "application/json"}
    completion = read_completion(
        ResponseMessage.of(Response(headers=headers, body=stream(data) if is_streamed else content))
    )
    assert isinstance(completion.text, str)
