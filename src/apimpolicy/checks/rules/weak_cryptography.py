"""weak-cryptography: a broken hash or cipher is used.

**What it does.** Looks for `MD5`, `SHA1`, `HMACMD5`, `DES`, `TripleDES`, `RC2` and `CipherMode.ECB` in expressions.

**Why it matters.** Attackers can make two texts with the same MD5 or SHA-1 hash, and ECB reveals which blocks are
equal. For a cache key or an `ETag` that may be fine, but not for a signature or a secret.

**Example**

```xml
<set-variable name="hash" value="@(Convert.ToBase64String(MD5.Create().ComputeHash(Encoding.UTF8.GetBytes("a"))))" />
```

**Use instead** `SHA256`, `HMACSHA256`, `Aes` with CBC.

**Sources.** https://learn.microsoft.com/dotnet/fundamentals/code-analysis/quality-rules/ca5350,
https://learn.microsoft.com/dotnet/fundamentals/code-analysis/quality-rules/ca5351
"""

from __future__ import annotations

import re

from apimpolicy.checks.nodes import type_name
from apimpolicy.checks.rule import CheckedExpression, Findings, Rule, Severity
from apimpolicy.csharp.binding.nodes import Call, FieldAccess, ObjectCreation

WEAK = re.compile(r"(?:HMAC)?(?:MD5|RIPEMD160)|SHA1|DES|TripleDES|RC2")


class WeakCryptography(Rule):
    code = "POL336"
    severity = Severity.INFO
    members = ("MD5", "SHA1", "ECB", "DES", "RC2", "RIPEMD160")

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        for node in expression.compiled.nodes:
            type_ = type_name(node)
            if isinstance(node, FieldAccess) and (type_, node.field.name) == ("CipherMode", "ECB"):
                message = "ECB reveals which blocks are equal"
                yield self.at_code(expression, node, message, help="Use CipherMode.CBC.")
            elif isinstance(node, (Call, ObjectCreation)) and (name := WEAK.match(type_)) is not None:
                help = "Use SHA256, HMACSHA256 or Aes if it protects something."
                yield self.at_code(expression, node, f"{name[0]} is no longer secure", help=help)
