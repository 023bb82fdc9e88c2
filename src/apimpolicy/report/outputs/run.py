"""`run --format json`, and `explain --format json`, which is about the same request."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired, TypedDict

from apimpolicy.report.outputs.parts import (
    Header,
    MayBeShortened,
    Position,
    TextOrNull,
    Versioned,
    WithStandIns,
    keywords,
    one_of,
)

StatusCode = Annotated[int, keywords(minimum=100)]
Section = Annotated[str, one_of("inbound", "backend", "outbound", "on-error")]


class Bytes(TypedDict):
    base64: str


class ResponseData(TypedDict):
    status_code: Annotated[StatusCode, "The status code."]
    reason: str
    headers: Annotated[list[Header], "Name and value, in order."]
    body: Annotated[str | Bytes, "A text, or bytes that are none."]


class RequestLine(TypedDict):
    method: str
    url: str


class RequestData(RequestLine):
    headers: Annotated[list[Header], "Name and value, in order."]
    body: Annotated[str | Bytes, "A text, or bytes that are none."]


class VariableData(TypedDict):
    type: Annotated[str, "As C# writes it."]
    value: str | None


class ErrorData(TypedDict):
    source: str | None
    reason: str | None
    message: str | None
    section: str | None
    path: str | None
    scope: str | None
    policy_id: str | None


class EffectData(TypedDict):
    kind: str
    text: str


class ExceptionData(TypedDict):
    type: str
    message: str


class EvaluationData(TypedDict):
    what: Annotated[str, "Attribute, child or text."]
    code: str
    type: str
    value: NotRequired[str | None]
    exception: NotRequired[ExceptionData]


class EntryData(TypedDict):
    section: Annotated[Section, "Where it ran."]
    scope: str
    path: Annotated[str, "choose[1]/when[1]"]
    policy: str
    file: str
    line: Annotated[Position, "From 1."]
    column: Annotated[Position, "From 1."]
    effect: EffectData | None
    error: ErrorData | None
    expressions: list[EvaluationData]


class UnseenText(TypedDict):
    text: str
    known: Annotated[str, one_of("documented", "ours")]


UnseenTexts = Annotated[list[UnseenText], "The gateway's texts in the response that no real gateway was seen to show."]


class RunData(TypedDict):
    backend_requests: list[RequestData]
    variables: Annotated[dict[str, VariableData], "context.Variables at the end."]
    error: Annotated[ErrorData | None, "context.LastError."]
    trace: list[EntryData]
    messages: Annotated[list[str], "What context.Trace wrote."]
    assumptions: NotRequired[Annotated[list[str], "Our choices that it rests on."]]
    unseen_texts: NotRequired[UnseenTexts]
    mcp: NotRequired[Annotated[McpData, "The call that an MCP server answered."]]


class RunResult(RunData):
    response: ResponseData


class InnerRun(RunData):
    request: RequestLine
    response: Annotated[ResponseData | None, "Null where no response is known."]


class McpData(TypedDict):
    method: Annotated[str, "Of the JSON-RPC request."]
    tool: Annotated[TextOrNull, "The tool that was called."]
    arguments: Annotated[dict[str, Any], "Of the call."]
    result: Any
    is_error: Annotated[bool | None, "Null where it isn't known, or no tool was called."]
    inner: Annotated[InnerRun | None, "The request inside the service that the call became."]
    undecided: Annotated[list[str], "What isn't known of the response."]
    assumptions: Annotated[list[str], "Our choices that it rests on."]


class RunReport(Versioned, RunResult, WithStandIns, MayBeShortened):
    """`run --format json`."""


class Fact(TypedDict):
    code: str
    value: str


class ClauseData(TypedDict):
    verdict: str
    code: str
    facts: list[Fact]
    notes: list[str]
    parts: list[ClauseData]


class DecisionData(TypedDict):
    place: str
    verdict: str
    decisive: bool
    code: str
    clause: ClauseData | None


class ExplainReport(Versioned, WithStandIns, MayBeShortened):
    outcome: str
    decided_by: str
    notes: list[str]
    unseen_texts: NotRequired[UnseenTexts]
    path: str
    decisions: list[DecisionData]
