"""llm-token-limit: limit the tokens of a language model for each key, by the minute, by a longer period, or both.

```xml
<llm-token-limit
    counter-key="@(context.Subscription.Id)"
    tokens-per-minute="500"
    estimate-prompt-tokens="false"
    token-quota="10000"
    token-quota-period="Daily"
    remaining-tokens-header-name="X-Remaining" />
```

Over the rate, the caller gets 429; over the quota, 403; both with `Retry-After`. The tokens of prompt and completion
are counted when the response arrives. With `estimate-prompt-tokens` a prompt that is too long for what is left is
refused before that. A key has one counter wherever it is used, and counts once for each request. Quota periods follow
the calendar in UTC. The variable of consumed tokens has the estimate (or 0) in inbound, and the number used in
outbound.

Simulated on the gateway's clock. Seen on real gateways: statuses, texts and headers ("Token limit is exceeded. Try
again in 53 seconds."), and the reasons OpenAITokenLimitExceeded and OpenAITokenQuotaExceeded; a limit refuses when it
is exceeded, not when it is reached; the rate is a sliding window of a minute, and in the v2 tiers
(`Gateway(tier="v2")`) a bucket that fills evenly, where tokens used beyond the rate are carried over and make
`Retry-After` longer; the variable of remaining tokens is an Int32; with `estimate-prompt-tokens` a body that is not a
prompt gets 400; a prompt whose estimate exceeds what is left of the rate is refused with "Token limit will exceed based
on estimated request tokens. Try again in 60 seconds.", and nothing is counted. The numbers come from the response's
`usage`. Where they are missing, and for prompts, tokens are estimated: a quarter of the characters, or
`Gateway(count_tokens=…)`; an image counts 1200 tokens (documented).

Our choices:

- All tiers but the v2 ones have the window, which was seen on a classic gateway.
- The rate comes before the quota; refused calls count nothing; nothing is counted before the response.
- A week begins on Monday. Without a period the quota never ends, as in the editor's schema.
- The reason of a quota that the estimate exceeds, and the middle of its message. A prompt longer than the whole quota
  is refused without a time. Variables are Int32, and Int64 for larger numbers.
- A response without `usage` is estimated if it is streamed or if the policy estimates; otherwise it counts nothing, nor
  does a response with status 400 and above. A response from the semantic cache uses no tokens, as seen.
- The headers of a streamed response state what was left before this request, its prompt included, as in a user's
  report; and not what it used.
- `ignore-prompt` leaves out the prompt's tokens, and `prompt-type` reads prompts of that kind only; both are known from
  the editor's schema only.
- Both names of the policy, this one and azure-openai-token-limit, share their counters.

Source: https://learn.microsoft.com/azure/api-management/llm-token-limit-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.values import LONG, box, from_utf16
from apimpolicy.gateway.policies.call_limits import PERIODS, TokenQuota, TokenRate
from apimpolicy.gateway.policies.conversions import boolean, integer, long_integer
from apimpolicy.gateway.policies.effects import Effect, TokensLimited
from apimpolicy.gateway.policies.placement import CLASSIC_TIERS, V2_TIERS, Placement
from apimpolicy.gateway.policies.prompts import (
    PROMPT_TYPES,
    Prompt,
    TokenUsage,
    estimated_prompt_tokens,
    is_event_stream,
    read_prompt,
    usage_of,
)
from apimpolicy.gateway.policies.spec import (
    PolicyExchange,
    azure_error,
    expression_attribute,
    literal_attribute,
    policy,
)
from apimpolicy.gateway.policies.surroundings import azure_text

if TYPE_CHECKING:
    from apimpolicy.gateway.context.messages import ResponseMessage


QUOTA = (("token-quota", "token-quota-period"),)


@policy(
    "llm-token-limit",
    sections="inbound",
    alternatives=("tokens-per-minute", "token-quota"),
    requires=QUOTA,
    placement=Placement(not_on=("consumption",), tiers=(*CLASSIC_TIERS, *V2_TIERS)),
    left_out="the exact number of tokens in a prompt, which is estimated",
    traits="limits",
    refuses_with="429 403 400",
    effects="variables refuses fails-later answer-headers",
    access="limits",
)
class LlmTokenLimit:
    counter_key: str = expression_attribute(required=True)
    tokens_per_minute: int | None = expression_attribute(integer, doubt="disputed-expression")
    token_quota: int | None = expression_attribute(long_integer)
    token_quota_period: str = expression_attribute(default="Indefinite", values=PERIODS)
    estimate_prompt_tokens: bool = literal_attribute(boolean, required=True, default=False, doubt="optional")
    retry_after_header_name: str = literal_attribute(default="Retry-After")
    retry_after_variable_name: str | None = literal_attribute()
    remaining_quota_tokens_header_name: str | None = literal_attribute()
    remaining_quota_tokens_variable_name: str | None = literal_attribute()
    remaining_tokens_header_name: str | None = literal_attribute()
    remaining_tokens_variable_name: str | None = literal_attribute()
    tokens_consumed_header_name: str | None = literal_attribute()
    tokens_consumed_variable_name: str | None = literal_attribute(doubt="unknown-expression")
    prompt_type: str = literal_attribute(default="auto", values=PROMPT_TYPES)
    ignore_prompt: bool = literal_attribute(boolean, default=False)

    def run(self, exchange: PolicyExchange) -> Effect:
        prompt = read_prompt(exchange.request, self.prompt_type)
        is_streamed = prompt is not None and prompt.is_streamed
        estimates = self.estimate_prompt_tokens or is_streamed
        if prompt is None and self.estimate_prompt_tokens and exchange.request.body is not None:
            raise azure_error("tokens-unreadable", details=f" {azure_text('tokens-readable')}")
        counted = estimates and not self.ignore_prompt
        estimate = estimated_prompt_tokens(exchange, prompt) if counted else 0
        rate, quota = self.limits(exchange)
        limits = [limit for limit in (rate, quota) if limit is not None]
        report = _Report(self, exchange, rate, quota)
        report.set_variables(estimate)
        for limit in limits:
            if limit.left(exchange) < estimate:
                by_estimate = self.estimate_prompt_tokens and limit.remaining(exchange) > 0
                seconds = limit.seconds_until(exchange, estimate, by_estimate=by_estimate)
                if by_estimate:
                    report.set_variables()
                if self.retry_after_variable_name is not None and seconds is not None:
                    exchange.variables[self.retry_after_variable_name] = seconds
                raise limit.refusal(seconds, from_utf16(self.retry_after_header_name), by_estimate=by_estimate)

        def count(answer: ResponseMessage) -> None:
            usage = self.usage(exchange, prompt, answer, estimates=estimates)
            if is_event_stream(answer):
                report.set_variables(estimate, counts_in_header=False)
            for limit in limits:
                if exchange.is_first_call(limit.key):
                    limit.record(exchange, usage.total)
            if not is_event_stream(answer):
                report.set_variables()
                report.consume(usage.total)

        report.consume(estimate, in_header=False)
        exchange.on_response(count, may_wait=True)
        left, left_of_quota = (None if limit is None else limit.remaining(exchange) for limit in (rate, quota))
        lefts = ((left, "tokens"), (left_of_quota, "of the quota"))
        words = " and ".join(f"{number} {what}" for number, what in lefts if number is not None)
        return TokensLimited(f"{words} remain", estimated=estimate, remaining=left, remaining_quota=left_of_quota)

    def limits(self, exchange: PolicyExchange) -> tuple[TokenRate | None, TokenQuota | None]:
        key, rate, quota = from_utf16(self.counter_key), None, None
        if self.tokens_per_minute is not None:
            rate = TokenRate(exchange, key, self.tokens_per_minute)
        if self.token_quota is not None:
            now = exchange.services.state.counters.now()
            quota = TokenQuota(key, self.token_quota, from_utf16(self.token_quota_period), now)
        return rate, quota

    def usage(
        self, exchange: PolicyExchange, prompt: Prompt | None, answer: ResponseMessage, *, estimates: bool
    ) -> TokenUsage:
        if exchange.is_served:
            return TokenUsage(0, 0)
        used = usage_of(exchange, prompt, answer, estimates=estimates)
        return TokenUsage(0, used.completion) if self.ignore_prompt else used


class _Report:
    """The values that the policy reports: in variables at once, in headers with the response."""

    def __init__(
        self, names: LlmTokenLimit, exchange: PolicyExchange, rate: TokenRate | None, quota: TokenQuota | None
    ) -> None:
        self.names = names
        self.exchange = exchange
        self.rate = rate
        self.quota = quota
        self.headers: dict[str, str] = {}
        exchange.at_end(self.add_headers)

    def set_variables(self, estimate: int = 0, *, counts_in_header: bool = True) -> None:
        """Set the variables to what is left now, less an estimate that is not counted yet, and the headers too."""
        names = self.names
        for limit, variable, header in (
            (self.rate, names.remaining_tokens_variable_name, names.remaining_tokens_header_name),
            (self.quota, names.remaining_quota_tokens_variable_name, names.remaining_quota_tokens_header_name),
        ):
            if limit is not None:
                left = limit.remaining(self.exchange)
                self.set(max(0, left - estimate if counts_in_header else left), None, header)
                self.set(max(0, left - estimate), variable, None)

    def consume(self, tokens: int, *, in_header: bool = True) -> None:
        names = self.names
        self.set(tokens, names.tokens_consumed_variable_name, names.tokens_consumed_header_name if in_header else None)

    def set(self, value: int, variable: str | None, header: str | None) -> None:
        if variable is not None:
            self.exchange.variables[from_utf16(variable)] = value if value < 1 << 31 else box(LONG, value)
        if header is not None:
            self.headers[from_utf16(header)] = str(value)

    def add_headers(self, answer: ResponseMessage) -> None:
        for name, value in self.headers.items():
            answer.headers.set(name, [value])
