"""Templates: tokens to nodes, and their rendering, with its variables and its output so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from apimpolicy.gateway.policies.liquid.expressions import output
from apimpolicy.gateway.policies.liquid.markup import (
    OUTPUT,
    TEXT,
    BreakLoop,
    ContinueLoop,
    LiquidError,
    LiquidSyntaxError,
    Rendering,
    TemplateNode,
    TemplateToken,
    text_node,
    tokenize,
)
from apimpolicy.gateway.policies.surroundings import PolicyError, PolicyExchange
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.gateway.context.messages import RequestMessage, ResponseMessage

MAXIMUM_DEPTH = 100
"""Blocks within blocks that can be read."""


class TemplateReader:
    """Reads the tokens of a template one block after another."""

    def __init__(self, tokens: Iterator[TemplateToken]) -> None:
        self.tokens = tokens
        self.depth = 0

    def block(self, name: str, dividers: tuple[str, ...] = ()) -> tuple[list[TemplateNode], TemplateToken]:
        """Return the nodes up to `end<name>` or one of the dividing tags, and that tag. Raises LiquidSyntaxError."""
        nodes: list[TemplateNode] = []
        self.depth += 1
        if self.depth > MAXIMUM_DEPTH:
            raise LiquidSyntaxError("Nesting too deep")
        for token in self.tokens:
            if token.kind == TEXT or token.kind == OUTPUT:
                nodes.append(text_node(token.content) if token.kind == TEXT else output(token.content))
            elif token.name == f"end{name}" or token.name in dividers:
                self.depth -= 1
                return nodes, token
            else:
                nodes.append(self.tag(token, name))
        raise LiquidSyntaxError(f"{name} tag was never closed")

    def document(self) -> list[TemplateNode]:
        nodes: list[TemplateNode] = []
        for token in self.tokens:
            if token.kind == TEXT:
                nodes.append(text_node(token.content))
            elif token.kind == OUTPUT:
                nodes.append(output(token.content))
            else:
                nodes.append(self.tag(token, ""))
        return nodes

    def tag(self, token: TemplateToken, block: str) -> TemplateNode:
        from apimpolicy.gateway.policies.liquid.tags import TAGS

        read = TAGS.get(token.name)
        if read is not None:
            return read(self, token)
        if block and token.name == "else":
            raise LiquidSyntaxError(f"{block} tag does not expect else tag")
        if block and token.name == "end":
            raise LiquidSyntaxError(f"'end' is not a valid delimiter for {block} tags. Use end{block}")
        raise LiquidSyntaxError(f"Unknown tag '{token.name}'")


class LiquidTemplate(Record):
    """A template that was read; rendering it does not change it."""

    nodes: list[TemplateNode]

    def render(self, roots: Mapping[str, Any]) -> Rendering:
        """Render with these variables. Raises LimitExceededError, NotSimulatedError."""
        rendering = Rendering(roots)
        with suppress(BreakLoop, ContinueLoop):  # outside of a loop they end the template
            rendering.render_all(self.nodes)
        return rendering


def rendered(
    exchange: PolicyExchange,
    source: str,
    message: RequestMessage | ResponseMessage | None,
    *,
    parses_dates: bool = True,
    nil_is_null: bool = False,
) -> Rendering:
    """Return a template rendered with `context` and the body of a message. Raises PolicyError, LimitExceededError."""
    from apimpolicy.gateway.policies.liquid.binding import bind_body, bind_context

    body = None if message is None else bind_body(message, parses_dates=parses_dates, nil_is_null=nil_is_null)
    try:
        return read_template(source).render({"body": body, "context": bind_context(exchange.context)})
    except LiquidError as error:
        raise PolicyError(None, error.shown) from None


@lru_cache(maxsize=256)
def read_template(source: str) -> LiquidTemplate:
    """Read a template, a .NET string. Raises LiquidSyntaxError, NotSimulatedError."""
    return LiquidTemplate(TemplateReader(tokenize(source)).document())
