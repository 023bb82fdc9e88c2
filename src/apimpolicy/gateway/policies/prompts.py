"""Prompts and completions in the bodies of requests to language models, and the numbers of tokens in responses.

Read are the forms of OpenAI (chat completions, completions, embeddings, responses), of Anthropic (messages), of Google
(contents), and the JSON-RPC of MCP servers and of agents (A2A), streamed responses included. Everything else is not a
prompt; nothing here raises for what a body holds.

Count the tokens of a request to a language model: as the response states them, or estimated.

Documented: the numbers in the response's `usage` count when it has them; those of a streamed prompt are estimated; an
image in an estimated prompt counts as 1200 tokens. Our choice: what a streamed response states counts too; a response
without numbers is estimated when it is streamed or when the policy estimates, and counts nothing otherwise; so does a
response with status 400 and above.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from apimpolicy.gateway.context.messages import RequestMessage, ResponseMessage
    from apimpolicy.gateway.policies.surroundings import PolicyExchange

SYSTEM_ROLES = frozenset({"system", "developer"})
IMAGE_PARTS = ("image", "image_url", "input_image")
PROMPT_TYPES = ("auto", "chat-completion", "completion", "embeddings")


class Message(NamedTuple):
    """A message of a prompt; a prompt without roles is one message of `user`."""

    role: str
    text: str


class Prompt:
    """The prompt of a request to a model. `token_ids` is the length of one given as tokens; `images` a number."""

    __slots__ = ("images", "is_chat", "is_streamed", "messages", "token_ids")

    def __init__(self, is_chat: bool, is_streamed: bool) -> None:
        self.is_chat = is_chat
        self.is_streamed = is_streamed
        self.messages: list[Message] = []
        self.images = 0
        self.token_ids = 0

    def add(self, role: str, content: object) -> None:
        """Add the content of a message, or of a part of one."""
        pieces: list[str] = []
        for item in content if isinstance(content, list) else [content]:
            if isinstance(item, str):
                pieces.append(item)
            elif isinstance(item, int) and not isinstance(item, bool):
                self.token_ids += 1
            elif isinstance(item, dict):
                if item.get("type") in IMAGE_PARTS or "inlineData" in item:
                    self.images += 1
                pieces += [item[key] for key in ("text", "content") if isinstance(item.get(key), str)]
            elif isinstance(item, list):
                self.add(role, item)
        if pieces:
            self.messages.append(Message(role, "\n".join(pieces)))

    @property
    def text(self) -> str:
        return "\n".join(message.text for message in self.messages)


def read_prompt(request: RequestMessage, kind: str = "auto") -> Prompt | None:
    """Return the prompt in a request's body; None when there is none of that kind (`PROMPT_TYPES`)."""
    data = _object(request.body.remaining if request.body is not None else b"")
    if data is None:
        return None
    has_turns = any(isinstance(data.get(key), list) for key in ("messages", "contents"))
    asks = "input" in data and not request.url.path.rstrip("/").endswith("/embeddings")
    is_chat = has_turns or (asks and kind in ("auto", "chat-completion"))
    prompt = Prompt(is_chat, data.get("stream") is True or ":stream" in request.url.path)
    if kind in ("auto", "chat-completion") and is_chat:
        _read_turns(prompt, data)
    elif kind in ("auto", "completion") and "prompt" in data:
        prompt.add("user", data["prompt"])
    elif kind in ("auto", "embeddings") and "input" in data:
        prompt.add("user", data["input"])
    elif kind == "auto" and "jsonrpc" in data and isinstance(data.get("params"), dict):
        _read_call(prompt, data["params"])
    else:
        return None
    return prompt


def _read_call(prompt: Prompt, parameters: dict[str, Any]) -> None:
    """Read the arguments of a tool (MCP `tools/call`), or the parts of a message to an agent (A2A `message/send`)."""
    message = parameters.get("message")
    if isinstance(message, dict):
        prompt.add("user", message.get("parts"))
    waiting: list[object] = [parameters.get("arguments")]
    while waiting:
        found = waiting.pop(0)
        if isinstance(found, str):
            prompt.add("user", found)
        elif isinstance(found, (dict, list)):
            waiting += found.values() if isinstance(found, dict) else found


def _read_turns(prompt: Prompt, data: dict[str, Any]) -> None:
    for key in ("system", "instructions"):
        if key in data:
            prompt.add("system", data[key])
    instruction = data.get("systemInstruction")
    if isinstance(instruction, dict):
        prompt.add("system", instruction.get("parts"))
    if isinstance(data.get("input"), str):
        prompt.add("user", data["input"])
    for key in ("messages", "contents", "input"):
        turns = data.get(key)
        for turn in turns if isinstance(turns, list) else ():
            if isinstance(turn, dict):
                role = turn.get("role")
                prompt.add(role if isinstance(role, str) else "user", turn.get("content", turn.get("parts")))
            else:
                prompt.add("user", turn)


class ModelCompletion(NamedTuple):
    """The response of a model. The numbers of tokens are None where the response does not state them."""

    text: str
    prompt_tokens: int | None
    completion_tokens: int | None
    total_tokens: int | None
    is_streamed: bool
    details: Mapping[str, int]


_USAGE_NAMES = (
    ("prompt_tokens", "input_tokens", "promptTokenCount"),
    ("completion_tokens", "output_tokens", "candidatesTokenCount"),
    ("total_tokens", "totalTokenCount"),
)


def read_completion(response: ResponseMessage) -> ModelCompletion:
    """Return the completion in a response's body, which stays as it is; an empty one when there is none."""
    content = response.body.remaining
    is_streamed = is_event_stream(response)
    pieces: list[str] = []
    usage: list[int | None] = [None, None, None]
    details: dict[str, int] = {}
    for data in (data for _, data in stream_events(content)) if is_streamed else [_object(content)]:
        if data is not None:
            pieces += texts_of(data)
            _read_usage(data, usage, details)
    return ModelCompletion("".join(pieces), usage[0], usage[1], usage[2], is_streamed, details)


def is_event_stream(response: ResponseMessage) -> bool:
    return (response.headers.joined("Content-Type") or "").lower().lstrip().startswith("text/event-stream")


def stream_events(content: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the events of a stream that carry JSON: where each begins, and its data."""
    start = position = 0
    for line in content.splitlines(keepends=True):
        position += len(line)
        if not line.strip():
            start = position
        elif line.startswith(b"data:"):
            data = _object(line[5:])
            if data is not None:
                yield start, data


def texts_of(data: dict[str, Any]) -> Iterator[str]:
    """Yield the texts in a response, or in one event of a streamed one."""
    for choice in _dicts(data.get("choices")):
        for part in (choice.get("message"), choice.get("delta"), choice):
            if isinstance(part, dict):
                yield from _texts(part.get("content"))
                yield from _texts(part.get("text"))
    for item in _dicts(data.get("output")):
        yield from _texts(item.get("content"))
    for candidate in _dicts(data.get("candidates")):
        content = candidate.get("content")
        yield from _texts(content.get("parts") if isinstance(content, dict) else None)
    yield from _texts(data.get("content"))
    yield from _texts_of_result(data.get("result"))
    delta = data.get("delta")
    if isinstance(delta, dict):
        yield from _texts(delta.get("text"))
    elif data.get("type") == "response.output_text.delta":
        yield from _texts(delta)


def _texts_of_result(result: object) -> Iterator[str]:
    """Yield the texts in the result of a tool (MCP) or an agent (A2A)."""
    if not isinstance(result, dict):
        return
    yield from _texts(result.get("content"))
    status = result.get("status")
    message = status.get("message") if isinstance(status, dict) else None
    for holder in (result, message, result.get("artifact"), *_dicts(result.get("artifacts"))):
        if isinstance(holder, dict):
            yield from _texts(holder.get("parts"))


def _texts(content: object) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    for item in _dicts(content):
        if isinstance(item.get("text"), str):
            yield item["text"]


_DETAILS = {
    "cached_tokens": "Cached Tokens",
    "cache_read_input_tokens": "Cached Tokens",
    "cachedContentTokenCount": "Cached Tokens",
    "reasoning_tokens": "Reasoning Tokens",
    "thoughtsTokenCount": "Reasoning Tokens",
    "audio_tokens": "Audio Tokens",
    "accepted_prediction_tokens": "Accepted Prediction Tokens",
    "rejected_prediction_tokens": "Rejected Prediction Tokens",
}


def _read_details(stated: dict[str, Any], details: dict[str, int]) -> None:
    """Read the categories of tokens that a response states, under the names of their metrics."""
    found: dict[str, int] = {}
    for holder in (stated, *(value for value in stated.values() if isinstance(value, dict))):
        for name, metric in _DETAILS.items():
            value = holder.get(name)
            if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
                found[metric] = found.get(metric, 0) + value
    details.update(found)


def _read_usage(data: dict[str, Any], usage: list[int | None], details: dict[str, int]) -> None:
    """Take over the numbers that are stated, here or in the message that an event carries."""
    for holder in (data, data.get("message"), data.get("response")):
        if not isinstance(holder, dict):
            continue
        for stated in (holder.get("usage"), holder.get("usageMetadata")):
            if isinstance(stated, dict):
                _read_details(stated, details)
                for index, names in enumerate(_USAGE_NAMES):
                    for name in names:
                        value = stated.get(name)
                        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
                            usage[index] = value


def _dicts(content: object) -> Iterator[dict[str, Any]]:
    return (item for item in content if isinstance(item, dict)) if isinstance(content, list) else iter(())


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


TOKENS_OF_AN_IMAGE = 1200


class TokenUsage(NamedTuple):
    """`details` are the categories that the response states: cached, reasoning, audio, prediction tokens."""

    prompt: int
    completion: int
    details: Mapping[str, int] = MappingProxyType({})

    @property
    def total(self) -> int:
        return self.prompt + self.completion


def estimated_prompt_tokens(exchange: PolicyExchange, prompt: Prompt | None) -> int:
    """Return the tokens of a prompt, estimated; 0 when there is none."""
    if prompt is None:
        return 0
    counted = exchange.services.count_tokens(prompt.text) if prompt.messages else 0
    return counted + prompt.token_ids + prompt.images * TOKENS_OF_AN_IMAGE


def usage_of(
    exchange: PolicyExchange, prompt: Prompt | None, answer: ResponseMessage, *, estimates: bool
) -> TokenUsage:
    """Return the token usage. With `estimates`, numbers that the response does not state are estimated."""
    completion = read_completion(answer)
    prompt_tokens, completion_tokens = completion.prompt_tokens, completion.completion_tokens
    total = completion.total_tokens
    if prompt_tokens is None and completion_tokens is None and total is None:
        if answer.status_code >= 400 or not answer.body.remaining or not (estimates or completion.is_streamed):
            return TokenUsage(0, 0)
        counted = exchange.services.count_tokens(completion.text) if completion.text else 0
        return TokenUsage(estimated_prompt_tokens(exchange, prompt), counted)
    if prompt_tokens is None:
        prompt_tokens = max(0, (total or 0) - (completion_tokens or 0))
    if completion_tokens is None:
        completion_tokens = max(0, (total or 0) - prompt_tokens)
    return TokenUsage(prompt_tokens, completion_tokens, completion.details)
