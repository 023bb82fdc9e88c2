"""llm-token-limit: so many tokens of a language model with one key, by the minute, by a longer period, or both.

```xml
<llm-token-limit counter-key="@(context.Subscription.Id)" tokens-per-minute="500" estimate-prompt-tokens="false"
    token-quota="10000" token-quota-period="Daily" remaining-tokens-header-name="X-Remaining" />
```

Over the rate the caller gets 429, over the quota 403, each with `Retry-After`. Counted are prompt and completion, when
the answer has come; with `estimate-prompt-tokens` a prompt that is too long for what is left is refused before. A
key has one counter wherever it is used, and is counted once for a request. Quota periods follow the calendar, UTC.

Simulated on the gateway's clock; statuses, texts and the header are those seen on real gateways ("Token limit is
exceeded. Try again in 53 seconds."); the reason of the error is stated nowhere and null. How tokens are read and
estimated is in `token_usage`; `Gateway(count_tokens=…)` replaces our estimate of a quarter of the characters. The
variable of consumed tokens has the estimate (or 0) in inbound and what was used in outbound, documented.

Our choices: the rate is a window of a minute that slides exactly (the v2 tiers' token bucket is not simulated); both
names of the policy share their counters; rate comes before quota; refused calls count nothing; nothing is counted
before the answer is there; a week begins on Monday; without a period the quota never ends, as in the schema; a prompt
longer than the whole limit is refused without a time; variables are Int32, and Int64 beyond. Headers of a streamed
answer say what was left before its completion, as seen, and not what it used; an answer from the semantic cache uses no
tokens, as seen. `ignore-prompt` and `prompt-type` are known from the schema only: we leave the prompt's tokens out, and
read prompts of that kind only.

Source: https://learn.microsoft.com/azure/api-management/llm-token-limit-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.values import LONG, box, from_utf16
from apimpolicy.policies.conversions import boolean, integer, long_integer
from apimpolicy.policies.effects import Effect
from apimpolicy.policies.prompts import PROMPT_TYPES, is_event_stream, read_prompt
from apimpolicy.policies.spec import expression_attribute, literal_attribute, policy
from apimpolicy.policies.token_limits import PERIODS, TokenQuota, TokenRate, is_exceeded, refusal
from apimpolicy.policies.token_usage import TokenUsage, estimated_prompt_tokens, usage_of

if TYPE_CHECKING:
    from apimpolicy.context.messages import ResponseMessage
    from apimpolicy.policies.prompts import Prompt
    from apimpolicy.policies.spec import Exchange


@policy("llm-token-limit", sections="inbound", alternatives=("tokens-per-minute", "token-quota"))
class LlmTokenLimit:
    counter_key: str = expression_attribute(required=True)
    tokens_per_minute: int | None = expression_attribute(integer)
    token_quota: int | None = expression_attribute(long_integer)
    token_quota_period: str = expression_attribute(default="Indefinite", values=PERIODS)
    estimate_prompt_tokens: bool = literal_attribute(boolean, required=True, default=False)
    retry_after_header_name: str = literal_attribute(default="Retry-After")
    retry_after_variable_name: str | None = literal_attribute()
    remaining_quota_tokens_header_name: str | None = literal_attribute()
    remaining_quota_tokens_variable_name: str | None = literal_attribute()
    remaining_tokens_header_name: str | None = literal_attribute()
    remaining_tokens_variable_name: str | None = literal_attribute()
    tokens_consumed_header_name: str | None = literal_attribute()
    tokens_consumed_variable_name: str | None = literal_attribute()
    prompt_type: str = literal_attribute(default="auto", values=PROMPT_TYPES)
    ignore_prompt: bool = literal_attribute(boolean, default=False)

    def run(self, exchange: Exchange) -> Effect:
        prompt = read_prompt(exchange.request, self.prompt_type)
        is_streamed = prompt is not None and prompt.is_streamed
        estimates = self.estimate_prompt_tokens or is_streamed
        counted = estimates and not self.ignore_prompt
        estimate = estimated_prompt_tokens(exchange, prompt) if counted else 0
        rate, quota = self.limits(exchange)
        limits = [limit for limit in (rate, quota) if limit is not None]
        told = _Told(self, exchange, rate, quota)
        told.set_variables(estimate)
        for limit in limits:
            if is_exceeded(limit, exchange, estimate):
                seconds = limit.seconds_until(exchange, max(estimate, 1))
                if self.retry_after_variable_name is not None and seconds is not None:
                    exchange.variables[self.retry_after_variable_name] = seconds
                raise refusal(limit, seconds, from_utf16(self.retry_after_header_name))

        def count(answer: ResponseMessage) -> None:
            usage = self.usage(exchange, prompt, answer, estimates=estimates)
            if is_event_stream(answer):
                told.set_variables(estimate)
            for limit in limits:
                if exchange.counts_first(limit.key):
                    limit.record(exchange, usage.total)
            if not is_event_stream(answer):
                told.set_variables()
                told.consume(usage.total)

        told.consume(estimate, in_header=False)
        exchange.on_response(count)
        left, left_of_quota = (None if limit is None else limit.remaining(exchange) for limit in (rate, quota))
        lefts = ((left, "tokens"), (left_of_quota, "of the quota"))
        shown = " and ".join(f"{number} {what}" for number, what in lefts if number is not None)
        return Effect(
            "tokens-limited",
            f"{shown} remain",
            estimated=estimate,
            remaining=left,
            remaining_quota=left_of_quota,
        )

    def limits(self, exchange: Exchange) -> tuple[TokenRate | None, TokenQuota | None]:
        key, rate, quota = from_utf16(self.counter_key), None, None
        if self.tokens_per_minute is not None:
            rate = TokenRate(key, self.tokens_per_minute)
        if self.token_quota is not None:
            now = exchange.services.counters.now()
            quota = TokenQuota(key, self.token_quota, from_utf16(self.token_quota_period), now)
        return rate, quota

    def usage(
        self, exchange: Exchange, prompt: Prompt | None, answer: ResponseMessage, *, estimates: bool
    ) -> TokenUsage:
        if exchange.is_served:
            return TokenUsage(0, 0)
        used = usage_of(exchange, prompt, answer, estimates=estimates)
        return TokenUsage(0, used.completion) if self.ignore_prompt else used


class _Told:
    """What the policy tells about itself: variables at once, headers with the answer."""

    def __init__(
        self, names: LlmTokenLimit, exchange: Exchange, rate: TokenRate | None, quota: TokenQuota | None
    ) -> None:
        self.names = names
        self.exchange = exchange
        self.rate = rate
        self.quota = quota
        self.headers: dict[str, str] = {}
        exchange.at_end(self.add_headers)

    def set_variables(self, estimate: int = 0) -> None:
        """Say what is left now, less an estimate that is not counted yet."""
        names = self.names
        for limit, variable, header in (
            (self.rate, names.remaining_tokens_variable_name, names.remaining_tokens_header_name),
            (self.quota, names.remaining_quota_tokens_variable_name, names.remaining_quota_tokens_header_name),
        ):
            if limit is not None:
                left = max(0, limit.remaining(self.exchange) - estimate)
                self.tell(left, variable, header)

    def consume(self, tokens: int, *, in_header: bool = True) -> None:
        """Say what the request used."""
        names = self.names
        self.tell(tokens, names.tokens_consumed_variable_name, names.tokens_consumed_header_name if in_header else None)

    def tell(self, value: int, variable: str | None, header: str | None) -> None:
        if variable is not None:
            self.exchange.variables[from_utf16(variable)] = value if value < 1 << 31 else box(LONG, value)
        if header is not None:
            self.headers[from_utf16(header)] = str(value)

    def add_headers(self, answer: ResponseMessage) -> None:
        for name, value in self.headers.items():
            answer.headers.set(name, [value])
