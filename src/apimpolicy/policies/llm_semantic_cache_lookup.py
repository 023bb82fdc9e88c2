"""llm-semantic-cache-lookup: answer from the cache, when a prompt that means nearly the same was answered before.

```xml
<llm-semantic-cache-lookup score-threshold="0.05" embeddings-backend-id="embeddings"
    embeddings-backend-auth="system-assigned" ignore-system-messages="true" max-message-count="10">
    <vary-by>@(context.Subscription.Id)</vary-by>
</llm-semantic-cache-lookup>
```

The lower `score-threshold`, the nearer the prompts must be. `ignore-system-messages` leaves system messages out of the
comparison; with more than `max-message-count` messages left the cache is not used; `vary-by` values keep answers apart.

Simulated: one cache for a gateway. The score is 1 − cosine similarity of the embeddings, which is our reading. Without
`Gateway(embeddings=…)`, a function from a text to a vector, prompts are compared by their words, whatever the order:
a test of the policy, not of a model. The embeddings backend is not called, so that it need not be there. An answer from
the cache ends inbound and leaves the backend out; outbound runs and does not store it again, as with cache-lookup.

Our choices: besides `vary-by`, host and path, the embeddings backend and `cache-id` (known from the schema only) keep
answers apart; only chat completions are looked up, in POST requests; developer messages count as system messages.

Source: https://learn.microsoft.com/azure/api-management/llm-semantic-cache-lookup-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.policies.conversions import boolean, integer, number
from apimpolicy.policies.effects import Effect
from apimpolicy.policies.language_models import PromptEmbedding
from apimpolicy.policies.prompts import SYSTEM_ROLES, read_prompt
from apimpolicy.policies.spec import child_texts, expression_attribute, literal_attribute, policy

if TYPE_CHECKING:
    from apimpolicy.policies.spec import Exchange

AUTHENTICATION = ("system-assigned", "header")


@policy("llm-semantic-cache-lookup", sections="inbound")
class LlmSemanticCacheLookup:
    score_threshold: float = literal_attribute(number, required=True)
    embeddings_backend_id: str = expression_attribute(required=True)
    embeddings_backend_auth: str = literal_attribute(required=True, default="system-assigned", values=AUTHENTICATION)
    ignore_system_messages: bool = expression_attribute(boolean, default=False)
    max_message_count: int | None = expression_attribute(integer)
    cache_id: str | None = expression_attribute()
    partitions: list[str] = child_texts("vary-by")

    def run(self, exchange: Exchange) -> Effect:
        from apimpolicy.context.messages import ResponseMessage
        from apimpolicy.context.records import Response

        exchange.prompt_embedding = None
        prompt = read_prompt(exchange.request, "chat-completion") if exchange.request.method == "POST" else None
        if prompt is None or not prompt.messages:
            return _skipped("no prompt of a chat")
        messages = prompt.messages
        if self.ignore_system_messages:
            messages = [message for message in messages if message.role not in SYSTEM_ROLES]
        if self.max_message_count is not None and len(messages) > self.max_message_count:
            return _skipped(f"more than {self.max_message_count} messages")
        vector = exchange.services.language_models.embed("\n".join(f"{role}: {text}" for role, text in messages))
        partition = self.partition(exchange)
        exchange.prompt_embedding = PromptEmbedding(partition, vector)
        score, answer = exchange.services.semantic_cache.find(partition, vector, self.score_threshold)
        shown = "nothing is cached" if score is None else f"the nearest prompt has the score {score:.3g}"
        if not isinstance(answer, Response):
            return Effect("cache", shown, key=partition, found=False, distance=score)
        exchange.serve(ResponseMessage.of(answer, exchange.request.second_read))
        return Effect("cache", f"{answer.status_code} (cached): {shown}", key=partition, found=True, distance=score)

    def partition(self, exchange: Exchange) -> str:
        url = exchange.request.original_url
        parts = (url.host.lower(), url.path.lower(), self.embeddings_backend_id, self.cache_id, self.partitions)
        return f"semantic {parts!r}"


def _skipped(reason: str) -> Effect:
    return Effect("cache", f"not looked up: {reason}", key=None, found=False, distance=None)
