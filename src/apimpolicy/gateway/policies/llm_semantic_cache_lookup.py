"""llm-semantic-cache-lookup: respond from the cache to a prompt with nearly the meaning of an earlier one.

```xml
<llm-semantic-cache-lookup
    score-threshold="0.05"
    embeddings-backend-id="embeddings"
    embeddings-backend-auth="system-assigned"
    ignore-system-messages="true"
    max-message-count="10">
    <vary-by>@(context.Subscription.Id)</vary-by>
</llm-semantic-cache-lookup>
```

The lower `score-threshold` is, the more alike the prompts must be. `ignore-system-messages` leaves system messages out
of the comparison. With more than `max-message-count` messages left, the cache is not used. Values of `vary-by` keep
responses apart. llm-semantic-cache-store in outbound caches them.

Simulated with one cache for each gateway. The embeddings backend is not called and need not exist:
`Gateway(embeddings=…)`, a function from a text to a vector, takes its place. Without it prompts are compared by their
words, whatever the order, which tests the policy and not a model. That the score is 1 − cosine similarity is our
reading. A response from the cache ends inbound, skips the backend, and continues in outbound behind the matching
llm-semantic-cache-store, as seen of cache-lookup.

Our choices: besides `vary-by`, the forwarded request's URL without its query, the embeddings backend and `cache-id`
(known from the editor's schema only) keep responses apart; only chat completions in POST requests are looked up;
developer messages count as system messages.

Source: https://learn.microsoft.com/azure/api-management/llm-semantic-cache-lookup-policy
"""

from __future__ import annotations

from apimpolicy.gateway.policies.conversions import Range, boolean, integer, number
from apimpolicy.gateway.policies.effects import CacheAccessed, Effect
from apimpolicy.gateway.policies.outside_services import PromptEmbedding
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.prompts import SYSTEM_ROLES, read_prompt
from apimpolicy.gateway.policies.spec import (
    PolicyExchange,
    child_texts,
    expression_attribute,
    literal_attribute,
    policy,
)

AUTHENTICATION = ("system-assigned", "header")


@policy(
    "llm-semantic-cache-lookup",
    sections="inbound",
    placement=Placement(not_at=("workspace",), not_on=("workspace",), once="section"),
    left_out="the embeddings backend, whose place a function takes",
    other_half="llm-semantic-cache-store",
    traits="bounded-numbers caches-responses",
    effects="serves fails",
    access="cached-completion",
)
class LlmSemanticCacheLookup:
    score_threshold: float = literal_attribute(number, required=True, within=Range(0, 1))
    embeddings_backend_id: str = expression_attribute(required=True, refers="backends")
    embeddings_backend_auth: str = literal_attribute(
        required=True, default="system-assigned", values=AUTHENTICATION, doubt="optional"
    )
    ignore_system_messages: bool = expression_attribute(boolean, default=False)
    max_message_count: int | None = expression_attribute(integer)
    cache_id: str | None = expression_attribute(refers="caches")
    partitions: list[str] = child_texts("vary-by")

    def run(self, exchange: PolicyExchange) -> Effect:
        from apimpolicy.gateway.context.records import Response

        exchange.prompt_embedding = None
        prompt = read_prompt(exchange.request, "chat-completion") if exchange.request.method == "POST" else None
        if prompt is None or not prompt.messages:
            return _skipped("no prompt of a chat")
        messages = prompt.messages
        if self.ignore_system_messages:
            messages = [message for message in messages if message.role not in SYSTEM_ROLES]
        if self.max_message_count is not None and len(messages) > self.max_message_count:
            return _skipped(f"more than {self.max_message_count} messages")
        vector = exchange.services.embed("\n".join(f"{role}: {text}" for role, text in messages))
        partition = self.partition(exchange)
        exchange.prompt_embedding = PromptEmbedding(partition, vector)
        score, answer = exchange.services.state.semantic_cache.find(partition, vector, self.score_threshold)
        shown = "nothing is cached" if score is None else f"the nearest prompt has the score {score:.3g}"
        if not isinstance(answer, Response):
            return CacheAccessed(shown, key=partition, found=False, distance=score)
        exchange.serve(exchange.received(answer))
        return CacheAccessed(f"{answer.status_code} (cached): {shown}", key=partition, found=True, distance=score)

    def partition(self, exchange: PolicyExchange) -> str:
        url = exchange.forwarded_url
        asked = (url.scheme, url.host.lower(), url.port, url.path)
        parts = (*asked, self.embeddings_backend_id, self.cache_id, self.partitions)
        return f"semantic {parts!r}"


def _skipped(reason: str) -> Effect:
    return CacheAccessed(f"not looked up: {reason}", key=None, found=False, distance=None)
