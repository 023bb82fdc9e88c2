"""Count the tokens of a request to a language model: as the response states them, or estimated.

Documented: the numbers in the response's `usage` count when it has them; those of a streamed prompt are estimated; an
image in an estimated prompt counts as 1200 tokens. Our choice: what a streamed response states counts too; a response
without numbers is estimated when it is streamed or when the policy estimates, and counts nothing otherwise; so does a
response with status 400 and above.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.policies.prompts import Prompt, read_completion

if TYPE_CHECKING:
    from apimpolicy.context.messages import ResponseMessage
    from apimpolicy.policies.surroundings import Exchange

TOKENS_OF_AN_IMAGE = 1200


class TokenUsage(NamedTuple):
    """`details` are the categories that the response states: cached, reasoning, audio, prediction tokens."""

    prompt: int
    completion: int
    details: Mapping[str, int] = MappingProxyType({})

    @property
    def total(self) -> int:
        return self.prompt + self.completion


def estimated_prompt_tokens(exchange: Exchange, prompt: Prompt | None) -> int:
    """Return the tokens of a prompt, estimated; 0 when there is none."""
    if prompt is None:
        return 0
    counted = exchange.services.count_tokens(prompt.text) if prompt.messages else 0
    return counted + prompt.token_ids + prompt.images * TOKENS_OF_AN_IMAGE


def usage_of(exchange: Exchange, prompt: Prompt | None, answer: ResponseMessage, *, estimates: bool) -> TokenUsage:
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
