"""llm-content-safety: check prompts or completions with Azure AI Content Safety, and refuse harmful ones.

```xml
<llm-content-safety backend-id="content-safety" shield-prompt="true" enforce-on-completions="true">
    <categories output-type="EightSeverityLevels"><category name="Hate" threshold="4" /></categories>
    <blocklists><id>names</id></blocklists>
</llm-content-safety>
```

In inbound the texts of the prompt are checked, all together; a prompt of more than 10,000 characters is refused. With
`enforce-on-completions` the completion is checked too, as it is by the policy in outbound: `window-size` characters
(1000) at a time, each window beginning with the last `window-overlap-size` characters of the one before. A text is
refused when a category's severity reaches its threshold (with four levels severities are even), when it is on one of
the blocklists, or, with `shield-prompt`, when it is an attack on the model. The caller gets 403; a streamed completion
ends before the harmful part, without an error (all documented).

Simulated: `Gateway(content_safety=…)` takes the place of the service: `SafetyWords`, or a function from a text to
severities. Without one the policy fails by name. `gateway.content_safety.texts` are the texts that were checked. As
seen on real gateways, the reason is ContentSafetyPolicyViolated and the text "Request failed content safety check."; a
service that fails (an OSError) and a prompt that is too long refuse in the same words. The texts of requests to MCP
servers (`tools/call`) and to agents (A2A), which come as JSON-RPC, are prompts and completions too.

Our choices: completions are refused in the same words; attacks are looked for in prompts only; of a body that is
neither a prompt nor a completion all text is checked; a stream ends before the first event of the refused window; a
window size that is not positive counts as 1; `backend-id` need not be one of the gateway's `backends`.

Source: https://learn.microsoft.com/azure/api-management/llm-content-safety-policy
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.policies.conversions import Range, boolean, integer, trimmed
from apimpolicy.gateway.policies.effects import ContentChecked, Effect
from apimpolicy.gateway.policies.outside_services import CATEGORIES, MOST_SEVERE, SafetyAnalysis
from apimpolicy.gateway.policies.placement import CLASSIC_TIERS, V2_TIERS, Placement
from apimpolicy.gateway.policies.prompts import is_event_stream, read_completion, read_prompt, stream_events, texts_of
from apimpolicy.gateway.policies.spec import (
    azure_error,
    child,
    child_texts,
    children,
    expression_attribute,
    part,
    policy,
)

if TYPE_CHECKING:
    from apimpolicy.gateway.context.messages import RequestMessage, ResponseMessage
    from apimpolicy.gateway.policies.spec import PolicyExchange, PolicyStep

FOUR_LEVELS = "FourSeverityLevels"
LONGEST_PROMPT = 10_000
"""Characters that the service takes; a longer prompt is refused (seen on a real gateway)."""


@part("category")
class Category:
    name: str = expression_attribute(required=True, values=CATEGORIES)
    threshold: int = expression_attribute(integer, required=True, within=Range(0, MOST_SEVERE))


@part("categories")
class Categories:
    output_type: str = expression_attribute(default=FOUR_LEVELS, values=(FOUR_LEVELS, "EightSeverityLevels"))
    categories: list[PolicyStep] = children(Category)


@part("blocklists")
class Blocklists:
    ids: list[str] = child_texts("id", trimmed)


@policy(
    "llm-content-safety",
    sections="inbound outbound",
    placement=Placement(not_at=("operation",), tiers=(*CLASSIC_TIERS, *V2_TIERS)),
    left_out="the judgement of the service, whose place a function takes",
    traits="bounded-numbers moderates-content",
    effects="refuses message-body fails-later",
    access="passes",
)
class LlmContentSafety:
    backend_id: str = expression_attribute(trimmed, required=True, refers="backends")
    shield_prompt: bool = expression_attribute(boolean, default=False)
    enforce_on_completions: bool = expression_attribute(boolean, default=False)
    window_size: int = expression_attribute(integer, default=1000)
    window_overlap_size: int = expression_attribute(integer, default=0)
    categories: PolicyStep | None = child(Categories)
    blocklists: PolicyStep | None = child(Blocklists)

    def run(self, exchange: PolicyExchange) -> Effect:
        judge = self.judge(exchange)
        if exchange.section == "inbound":
            if self.enforce_on_completions:

                def check(answer: ResponseMessage) -> None:
                    self.check_completion(judge, answer)

                exchange.on_response(check)
            return judge.effect(*self.check_prompt(judge, exchange.request))
        return judge.effect(*self.check_completion(judge, exchange.reply))

    def judge(self, exchange: PolicyExchange) -> _Judge:
        judge = _Judge(exchange, from_utf16(self.backend_id))
        if self.categories is not None:
            group: Categories = exchange.evaluate(self.categories)
            judge.has_four_levels = group.output_type == FOUR_LEVELS
            for step in group.categories:
                category: Category = exchange.evaluate(step)
                judge.thresholds[from_utf16(category.name)] = category.threshold
        if self.blocklists is not None:
            lists: Blocklists = exchange.evaluate(self.blocklists)
            judge.blocklists = frozenset(map(from_utf16, lists.ids))
        return judge

    def check_prompt(self, judge: _Judge, request: RequestMessage) -> tuple[int, str | None]:
        """Return the number of texts judged, and None. Raises PolicyError."""
        prompt = read_prompt(request)
        text = "" if request.body is None else request.body.remaining.decode("utf-8", "replace")
        count = 0
        asked = text if prompt is None else prompt.text
        if asked:
            count = 1
            found = judge.violation(asked, shields=self.shield_prompt)
            if found is not None or len(asked) > LONGEST_PROMPT:
                raise azure_error("content-unsafe")
        return count, None

    def check_completion(self, judge: _Judge, response: ResponseMessage) -> tuple[int, str | None]:
        """Return the number of texts judged, and why a stream was cut off. Raises PolicyError without a stream."""
        text = read_completion(response).text
        is_streamed = is_event_stream(response)
        if not text and not is_streamed:
            text = response.body.remaining.decode("utf-8", "replace")
        count = 0
        for window in windows(text, self.window_size, self.window_overlap_size):
            found = judge.violation(window, shields=False)
            if found is None:
                count += 1
                continue
            if not is_streamed:
                raise azure_error("content-unsafe")
            first = count * step_of(self.window_size, self.window_overlap_size)
            response.set_body(stream_before(response.body.remaining, first))
            return count + 1, found
        return count, None


class _Judge:
    """Has the service judge texts, and finds what is refused."""

    def __init__(self, exchange: PolicyExchange, backend_id: str) -> None:
        self.exchange = exchange
        self.backend_id = backend_id
        self.has_four_levels = True
        self.thresholds: dict[str, int] = {}
        self.blocklists: frozenset[str] = frozenset()

    def violation(self, text: str, *, shields: bool) -> str | None:
        if not (self.thresholds or self.blocklists or shields):
            return None
        environment().new_string(len(text))
        try:
            analysis = self.exchange.services.content_safety.analyze(text, self.backend_id)
        except OSError as error:
            return f"the service failed: {error}"
        if shields and analysis.is_attack:
            return "an attack"
        listed = self.blocklists & analysis.blocklists
        return f"on the blocklist {min(listed)}" if listed else self.severe(analysis)

    def severe(self, analysis: SafetyAnalysis) -> str | None:
        for category, threshold in self.thresholds.items():
            severity = analysis.severities.get(category, 0)
            if self.has_four_levels:
                severity -= severity % 2
            if severity >= threshold:
                return f"{category} {severity}"
        return None

    def effect(self, count: int, found: str | None) -> Effect:
        shown = f"{count} text{'' if count == 1 else 's'} judged" + (f", cut off: {found}" if found else "")
        return ContentChecked(shown, texts=count, found=found)


def step_of(size: int, overlap: int) -> int:
    """Return the characters between window starts."""
    return max(1, max(1, size) - max(0, overlap))


def windows(text: str, size: int, overlap: int) -> Iterator[str]:
    """Yield the text in pieces of a size, each beginning with the end of the one before.

    >>> list(windows("abcdefg", 3, 1)), list(windows("", 3, 0))
    (['abc', 'cde', 'efg'], [])
    """
    size = max(1, size)
    for start in range(0, len(text), step_of(size, overlap)):
        yield text[start : start + size]
        if start + size >= len(text):
            return


def stream_before(content: bytes, character: int) -> bytes:
    """Return an event stream up to the event that has this character of its texts."""
    seen = 0
    for start, data in stream_events(content):
        seen += sum(map(len, texts_of(data)))
        if seen > character:
            return content[:start]
    return content
