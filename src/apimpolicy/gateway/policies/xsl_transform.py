"""xsl-transform: transform the XML of a body with a stylesheet.

```xml
<xsl-transform>
    <parameter name="agent">@(context.Request.Headers.GetValueOrDefault("User-Agent", ""))</parameter>
    <xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
        <xsl:param name="agent" />
        <xsl:template match="/"><seen by="{$agent}"><xsl:value-of select="." /></seen></xsl:template>
    </xsl:stylesheet>
</xsl-transform>
```

In inbound the policy changes the request, after that the response. Parameters are texts, named by `name` (as in the
documentation's examples) or `parameter-name` (as in its policy statement). API Management supports XSLT 1.0.

Simulated with libxslt. The transformation runs in a process of its own, with limits on time, memory and output
(`Gateway(limits=…)`), and reaches neither files nor the network: `document()`, `xsl:import` and `xsl:include` fail. The
only extension function is `node-set`, as `msxsl:node-set` or `exsl:node-set`; others are an error where they are
called, and `msxsl:script` fails by name.

Our choices: the stylesheet is literal, and only parameters may have expressions; a body with a DOCTYPE
is an error, as in .NET; white space and empty tags are those of libxslt (`<a/>`), the XML declaration is that of .NET;
the content type stays as it is; without a body nothing happens; errors have no reason.

Source: https://learn.microsoft.com/azure/api-management/xsl-transform-policy
"""

from __future__ import annotations

import re

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.policies.conversions import text
from apimpolicy.gateway.policies.effects import Converted, Effect, MetadataRead
from apimpolicy.gateway.policies.message_text import read_text
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import (
    PolicyExchange,
    PolicyStep,
    azure_error,
    children,
    content,
    literal_attribute,
    part,
    policy,
)

_ROOT = re.compile(r"<((?:[\w.-]+:)?(?:stylesheet|transform))[\s>/]")


@part("parameter", alternatives=("name", "parameter-name"))
class ParameterElement:
    name: str | None = literal_attribute(doubt="unknown-expression")
    parameter_name: str | None = literal_attribute(doubt="unknown-expression")
    value: str = content(text)


@policy(
    "xsl-transform",
    sections="inbound outbound",
    placement=Placement(once="section"),
    left_out="`msxsl:script`, which fails by name, and extension functions other than `node-set`",
    also_in="on-error",  # the editor extension, the toolkit,
    effects="message-body message-headers fails",
    access="passes",
)
class XslTransform:
    markup: str = content(text, markup=True)
    parameters: list[PolicyStep] = children(ParameterElement)

    def run(self, exchange: PolicyExchange) -> Effect:
        from apimpolicy.gateway.policies.xslt import transform

        stylesheet = self.stylesheet()
        parameters: dict[str, str] = {}
        for step in self.parameters:
            parameter: ParameterElement = exchange.evaluate(step)
            name = (parameter.name if parameter.name is not None else parameter.parameter_name) or ""
            exchange.note(MetadataRead(name, name=name, value=parameter.value), step)
            parameters[from_utf16(name)] = from_utf16(parameter.value)
        message = exchange.message
        kind = exchange.message_kind
        body = read_text(message)
        if not body:
            return Converted("left alone: no body", message=kind, length=None)
        data = transform(stylesheet, from_utf16(body), parameters, environment().limits)
        message.set_body(data)
        return Converted(f"transformed, {len(data):,} bytes", message=kind, length=len(data))

    def stylesheet(self) -> str:
        """Return the stylesheet as it is written in the policy. Raises PolicyError when there is none."""
        markup = from_utf16(self.markup)
        opening = _ROOT.search(markup)
        if opening is None:
            raise azure_error("stylesheet-missing")
        closing = markup.rfind(f"</{opening[1]}")
        end = markup.find(">", closing if closing >= 0 else opening.start())
        return markup[opening.start() : end + 1]
