"""member-not-simulated: a member of .NET works in Azure and isn't simulated here.

**What it does.** Looks for members that Azure allows in expressions and that apimpolicy doesn't run: those that read
files, the rules of time zones, the list of encodings, and a few more
([all of them](https://apimpolicy.github.io/apimpolicy/not-simulated/)). It reports each once in a document.

**Why it matters.** `run`, `test` and `serve` stop at such a member with its name. The policy itself may be right.

**Example**

```xml
<set-variable name="id" value="@(TimeZone.CurrentTimeZone.StandardName)" />
```

**Use instead** a member that is simulated, if there is one: `TimeZoneInfo.Local`.

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-policy-expressions
"""

from __future__ import annotations

from apimpolicy.checks.rule import CheckedExpression, Findings, Rule, Severity, Subject
from apimpolicy.csharp.binding.nodes import Bound, Call, FieldAccess, MethodReference, ObjectCreation, PropertyAccess
from apimpolicy.csharp.dotnet.registry import reason_against
from apimpolicy.csharp.dotnet.signatures import Field, Member
from apimpolicy.csharp.emit.members import full_name, implementation_of

_OF_TIME = ("TimeZone", "ParseExact")
_OF_TEXT = ("UTF7", "Fallback", "GetEncodings", "GetDecoder", "GetEncoder", "GetChunks", "IsInterned", "EnumerateRunes")
_OF_FILES = ("X509Certificate", "Save", "Load", "GetCertContentType", "CreateFromCertFile", "CreateFromSignedFile")


class MemberNotSimulated(Rule):
    code = "POL220"
    severity = Severity.INFO
    members = (
        *_OF_TIME,
        *_OF_TEXT,
        *_OF_FILES,
        "TargetSite",
        "CreateInstance",
        "UriComponents",
        "string.Create",
        "String.Create",
        "Handle",
        "CreateReader",
        "CreateWriter",
    )

    def __init__(self, subject: Subject) -> None:
        super().__init__(subject)
        self._reported: set[str] = set()

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        if not expression.compiled.is_legal:
            return
        for node in expression.compiled.nodes:
            member = _member_of(node)
            if member is None or member.declaring.kind == "delegate" or full_name(member) in self._reported:
                continue
            if (isinstance(member, Field) and member.is_constant) or implementation_of(member) is not None:
                continue
            self._reported.add(full_name(member))
            reason = reason_against(member.declaring, member.signature)
            message = f"'{member.declaring.name}.{member.name}' is not simulated" + (f": {reason}" if reason else "")
            yield self.at_code(expression, node, message, help="Azure allows it; run and test stop here.")


def _member_of(node: Bound) -> Member | None:
    if isinstance(node, (Call, MethodReference)):
        return node.method
    if isinstance(node, PropertyAccess):
        return node.property
    if isinstance(node, FieldAccess):
        return node.field
    return node.constructor if isinstance(node, ObjectCreation) else None
