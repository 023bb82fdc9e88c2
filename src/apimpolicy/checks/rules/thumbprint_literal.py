"""thumbprint-literal: a thumbprint is written in a form that never matches.

**What it does.** Looks for lower-case letters, spaces, colons and invisible characters in literals that are compared
with a certificate's `Thumbprint`, and for invisible characters in the attribute `thumbprint`.

**Why it matters.** `Thumbprint` is 40 hexadecimal digits in upper case, and `==` compares every character. A
thumbprint copied from the certificate dialog in Windows begins with the invisible character U+200E; one copied from
`openssl` has colons or lower-case letters. The comparison is false for every caller, and nothing tells you why.

**Example**

```xml
<when condition="@(context.Request.Certificate?.Thumbprint != "a909502dd82ae41433e6f83886b00d4277a32a7b")">
```

**Use instead** upper case and no separators, or a comparison that ignores case:

```xml
<when condition="@(!"A909502DD82AE41433E6F83886B00D4277A32A7B".Equals(
    context.Request.Certificate?.Thumbprint, StringComparison.OrdinalIgnoreCase))">
```

**Sources.**
https://learn.microsoft.com/dotnet/api/system.security.cryptography.x509certificates.x509certificate2.thumbprint
"""

from __future__ import annotations

import re

from apimpolicy.checks.nodes import text_of
from apimpolicy.checks.rule import CheckedExpression, Element, Findings, Rule
from apimpolicy.csharp.binding.nodes import Binary, Bound, Call, ConditionalAccess, Convert, Expression, PropertyAccess

_DIGITS = r"[0-9A-Fa-f]{16,}"
_BETWEEN = r"[\s:\-\u00a0\u200b-\u200f\u202a-\u202e\u2060\ufeff]"


class ThumbprintLiteral(Rule):
    code = "POL304"
    elements = ("identity", "authentication-certificate")
    attributes = ("thumbprint",)
    members = ("Thumbprint",)

    def visit_element(self, element: Element) -> Findings:
        """Report only invisible characters: the case of letters has no effect here, and that of spaces is unknown."""
        attribute = element.get("thumbprint")
        text = attribute.value.text if attribute is not None and not attribute.value.parts else ""
        if not text.isascii() and re.fullmatch(_DIGITS, re.sub(_BETWEEN, "", text)):
            message = "the thumbprint contains an invisible character"
            yield self.at_value(element, "thumbprint", message, help=f"Write {_clean(text)!r}.")

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        for node in expression.compiled.nodes:
            if isinstance(node, Binary) and node.operator in ("==", "!="):
                sides = (node.left, node.right)
            elif isinstance(node, Call) and node.method.name == "Equals" and len(node.arguments) == 1 and node.receiver:
                sides = (node.receiver, node.arguments[0])
            else:
                continue
            for one, other in (sides, sides[::-1]):
                text = text_of(one)
                if text is not None and _is_thumbprint(other) and (fault := _fault(text)):
                    message = f"this thumbprint has {fault}, and Thumbprint never does"
                    yield self.at_code(expression, one, message, label="never equal", help=f'Write "{_clean(text)}".')


def _is_thumbprint(node: Bound) -> bool:
    while isinstance(node, (Convert, ConditionalAccess)):
        node = node.operand if isinstance(node, Convert) else node.access
    return (
        isinstance(node, PropertyAccess)
        and node.property.name == "Thumbprint"
        and isinstance(node.receiver, Expression)
        and ".X509Certificate" in str(node.receiver.type)
    )


def _clean(text: str) -> str:
    return re.sub(_BETWEEN, "", text).upper()


def _fault(text: str) -> str | None:
    bare = re.sub(_BETWEEN, "", text)
    if re.fullmatch(_DIGITS, bare) is None or text == bare.upper():
        return None
    if not text.isascii():
        return "invisible characters"
    if bare != text:
        return "spaces or colons"
    return "lower-case letters"
