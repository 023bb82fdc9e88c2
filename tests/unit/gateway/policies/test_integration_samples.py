"""Policies that send messages and metrics or sit before language models, as people and Microsoft's pages write them.

Each element is cut out of its document and runs in its own section, with the variables that its expressions ask for;
what cannot run is listed with its reason. The documents that need nothing else run as a whole.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apimpolicy import (
    ApimPolicyError,
    Gateway,
    ManagedIdentity,
    Operation,
    Product,
    Request,
    Response,
    Result,
    SafetyWords,
    Subscription,
    User,
)
from apimpolicy.gateway.policies.spec import SECTIONS
from apimpolicy.text.markup import read
from apimpolicy.text.source import decode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.text.document import Element

DOCUMENTS = Path(__file__).parents[5] / "shared" / "corpus" / "documents"
pytestmark = pytest.mark.skipif(not DOCUMENTS.is_dir(), reason="the corpus of real policies is not here")

POLICIES = {
    "azure-openai-emit-token-metric",
    "azure-openai-semantic-cache-lookup",
    "azure-openai-semantic-cache-store",
    "azure-openai-token-limit",
    "emit-metric",
    "invoke-dapr-binding",
    "llm-content-safety",
    "llm-emit-token-metric",
    "llm-semantic-cache-lookup",
    "llm-semantic-cache-store",
    "llm-token-limit",
    "log-to-eventhub",
    "publish-to-dapr",
    "send-service-bus-message",
}
STATEMENT = "a page's statement of the syntax: placeholders, and alternatives beside each other"
NOT_AZURE = "a tool's own test: names or values that Azure does not have"
GENERATED = "a text that a program fills in first"
WITHOUT_VALUE = "a tool's own test: a dimension without a value that has no default"
BROKEN = "not well-formed: the end tag has another name"
DOES_NOT_RUN = (
    (r"-policy\.md-00\.xml", STATEMENT),
    (r"policy-toolkit/.*(TokenLimitTests|LlmContentSafetyTests|token-limit|semantic-cache-lookup)", NOT_AZURE),
    (r"policy-toolkit/.*SetBackendServiceTests\.cs-1[56]", NOT_AZURE),
    (r"policy-toolkit/.*TestData/(llm-emit-token-metric|emit-metric)\.xml", WITHOUT_VALUE),
    (r"citadel-.*\.ipynb-00\.xml", GENERATED),
    (r"genai-gateway-apim/.*(apim-api-policy\.xml|4-api\.bicep)", GENERATED),
    (r"ai-hub-gateway.*/frag-llm-usage\.xml", BROKEN),
)
COMPLETION = {
    "id": "1",
    "model": "gpt-4o",
    "choices": [{"message": {"role": "assistant", "content": "hello there"}}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
}
PROMPT = {"model": "gpt-4o", "messages": [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hi"}]}
VALUES = {"int": "@(5)", "bool": "@(true)", "JObject": "@(new JObject())"}
VARIABLE = re.compile(r'(?:\((\w+)\)\s*)?context\.Variables\[(?:"|&quot;)([^"&]+)(?:"|&quot;)\]')
WHOLE = 10
ALONE = 100


def gateway(named_values: set[str], backends: set[str]) -> Gateway:
    return Gateway(
        named_values=dict.fromkeys(named_values, "1"),
        backends=dict.fromkeys(backends, "https://models.example"),
        backend=Response(200, json=COMPLETION),
        content_safety=SafetyWords(),
        managed_identity=ManagedIdentity(),
        user=User("user", email="user@contoso.example"),
        subscription=Subscription("team"),
        product=Product("product"),
        operation=Operation("chat", "POST", url_template="/openai/deployments/{deployment-id}/chat/completions"),
    )


def request() -> Request:
    return Request("POST", "/openai/deployments/gpt-4o/chat/completions?api-version=1", json=PROMPT)


def samples() -> Iterator[tuple[str, str, Element]]:
    """Every element of these policies: the file's name, its text, and the element."""
    for path in sorted(file for file in DOCUMENTS.rglob("*") if file.is_file()):
        source, _ = decode(path.read_bytes(), path.name)
        if any(f"<{name}" in source.text for name in POLICIES) or "dapr-app-id" in source.text:
            for root in read(source).roots:
                for element in root.descendants():
                    if element.name in POLICIES or element.get("dapr-app-id") is not None:
                        yield path.relative_to(DOCUMENTS).as_posix(), source.text, element


def section_of(element: Element, markup: str) -> str:
    around = element.parent
    while around is not None:
        if around.name in SECTIONS:
            return around.name
        around = around.parent
    if "context.LastError" in markup:
        return "on-error"
    return "outbound" if "context.Response" in markup or element.name.endswith("-store") else "inbound"


def alone(element: Element, markup: str) -> str:
    """A document with nothing but this element, and before it the variables that it needs."""
    section = section_of(element, markup)
    needed = {name: VALUES.get(cast, "text") for cast, name in VARIABLE.findall(markup)}
    variables = "".join(f'<set-variable name="{name}" value="{value}" />' for name, value in needed.items())
    parts = dict.fromkeys(SECTIONS, "<base />")
    parts["inbound"] = variables
    if section == "on-error":
        parts["inbound"] += '<set-variable name="fails" value="@(context.Request.Headers["Missing"][0])" />'
    parts[section] += markup
    return f"<policies>{''.join(f'<{name}>{content}</{name}>' for name, content in parts.items())}</policies>"


def run(text: str) -> Result:
    named_values = set(re.findall(r"\{\{([\w.-]+)\}\}", text))
    return gateway(named_values, set(re.findall(r'backend-id="([^"@]+)"', text))).run(text, request())


def failure(element: Element, markup: str) -> str | None:
    try:
        result = run(alone(element, markup))
    except ApimPolicyError as error:
        return str(error)
    entries = result.trace.named(element.name)
    if entries and entries[0].effect is not None and entries[0].error is None:
        return None
    return "not reached" if result.error is None else result.error.message


def test_every_sample_runs_alone_or_is_listed() -> None:
    ran: Counter[str] = Counter()
    unexpected: list[str] = []
    used: set[str] = set()
    for name, text, element in samples():
        reason = next((pattern for pattern, _ in DOES_NOT_RUN if re.search(pattern, name)), None)
        message = failure(element, text[element.start : element.end])
        if message is None:
            ran[element.name] += 1
        elif reason is None:
            unexpected.append(f"{name}: {element.name}: {message}")
        else:
            used.add(reason)
    assert not unexpected
    assert used == {pattern for pattern, _ in DOES_NOT_RUN}
    assert sum(ran.values()) >= ALONE
    assert ran.keys() >= POLICIES


def test_whole_documents_run() -> None:
    """Documents of people that stand on their own: no error, and one of these policies took part."""
    ran: list[str] = []
    for path in sorted((DOCUMENTS / "policies").rglob("*")):
        text = decode(path.read_bytes(), path.name)[0].text if path.is_file() else ""
        if not any(f"<{name}" in text for name in POLICIES):
            continue
        if "<fragment" in text:
            text = re.sub(r"</?fragment>", "", text)
            text = f"<policies><inbound>{text}</inbound><backend><base /></backend></policies>"
        try:
            result: Any = run(text)
        except ApimPolicyError:
            continue
        taken = {entry.name for entry in result.trace if entry.effect is not None} & POLICIES
        if taken and result.response.status_code == 200 and result.error is None:
            ran.append(path.name)
    assert len(ran) >= WHOLE, ran
