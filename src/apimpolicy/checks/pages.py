"""The page of every code: a rule's is its module's docstring; reading and structure have theirs here."""

from __future__ import annotations

from apimpolicy.checks.catalogue import entry_of, page_of

_READING = (
    "A policy document is read losslessly, expressions first; what is wrong with the markup is said at its place."
)
_STRUCTURE = (
    "The specification of every policy comes from its page and, where that is silent, from the gateway's schema: "
    "https://learn.microsoft.com/azure/api-management/api-management-policies. An error means that Azure would refuse "
    "the document; where the sources disagree, or deployed documents live with it, it is a warning."
)
_GATEWAY = (
    "The gateway takes a part of .NET only: "
    "https://learn.microsoft.com/azure/api-management/api-management-policy-expressions#CLRTypes. "
    "Switch it off with `--ignore {code}` when your gateway takes more than the page says."
)

_TITLES = {
    "POL001": "a named value that does not exist",
    "POL002": "the bytes are not UTF-8",
    "POL003": "the file is UTF-16",
    "POL004": "a control character that XML does not allow",
    "POL005": "nothing but white space",
    "POL006": "an element that is never closed",
    "POL007": "an end tag that does not match",
    "POL008": "an end tag that ends nothing",
    "POL009": "an attribute given twice",
    "POL010": "an attribute value without quotes",
    "POL011": "an attribute without a value",
    "POL012": "a stray `<`",
    "POL013": "a stray `&`",
    "POL014": "an unknown entity",
    "POL015": "an expression that is not terminated",
    "POL016": "`--` in a comment",
    "POL017": "a comment, CDATA, value or tag left open",
    "POL018": "a document type declaration",
    "POL019": "elements nested too deeply",
    "POL020": "text outside the root element",
    "POL021": "an XML declaration that is not at the start",
    "POL022": "no white space before an attribute",
    "POL023": "`<` in an attribute value",
    "POL024": "something unexpected in a tag",
    "POL025": "`]]>` in text",
    "POL026": "too many problems: the rest is not read",
    "POL027": "the file is larger than any policy document may be",
    "POL030": "a body of `if`, `else`, `for`, `foreach` or `while` without braces",
    "POL041": "a suppression that suppresses nothing",
    "POL042": "a suppression without a code or without a reason",
    "POL101": "a policy that nobody knows",
    "POL102": "an attribute that the policy does not have",
    "POL103": "a required attribute is missing",
    "POL104": "a value that the attribute does not allow",
    "POL105": "an expression where none is evaluated",
    "POL106": "a policy in a section that does not allow it",
    "POL107": "an element or a text that does not belong here",
    "POL108": "a required element is missing",
    "POL109": "a fragment with something that fragments cannot hold",
    "POL110": "a root or a section that policies do not have",
    "POL112": "a policy fragment that does not exist",
    "POL113": "attributes that do not go together",
    "POL114": "a policy that no documentation describes",
    "APIM0001": "a type that the gateway does not allow in expressions",
    "APIM0002": "a member that the gateway does not allow in expressions",
    "APIM0006": "`dynamic`, which the gateway does not allow in expressions",
}


_BY_REFERENCE = (
    "An `object` and a string are compared by reference: the answer says whether they are one object, and two strings "
    'with the same text seldom are. `context.Variables["a"] == "b"` is such a comparison. Cast the object, '
    '`(string)context.Variables["a"] == "b"`, or ask for the type: `context.Variables.GetValueOrDefault<string>("a")`.'
)
_WARNINGS = {
    "CS0162": "No path leads to this statement: a `return`, a `throw` or a loop without an end stands before it, or a "
    "condition is always the same.",
    "CS0168": "The variable is never used. A `catch` needs no name for its exception: `catch (Exception)`.",
    "CS0219": "The variable gets a constant value, and nobody reads it: perhaps another one is read in its place.",
    "CS0252": _BY_REFERENCE,
    "CS0253": _BY_REFERENCE,
    "CS0472": "A value such as an `int` is never null, so the comparison always has the same answer. What stands for a "
    "missing value is something else: 0, or the null of an `int?`.",
    "CS0665": "The condition assigns, with one `=`, and is what was assigned. Write `==` to compare.",
}


def page_of_code(code: str) -> str | None:
    """The page of a code, its title first; None when there is no such code."""
    entry = entry_of(code)
    if entry is not None:
        return page_of(entry)
    if code.startswith("CS") and code[2:].isdecimal() and len(code) == 6:
        link = f"https://learn.microsoft.com/dotnet/csharp/misc/{code.lower()}"
        if code in _WARNINGS:
            return (
                f"a warning of the C# compiler.\n\n{_WARNINGS[code]}\n\n"
                f"The gateway saves such a policy. The code is the compiler's own:\n{link}"
            )
        return (
            "an error of the C# compiler.\n\nExpressions are C# 7.3; the gateway compiles them when a policy is saved, "
            f"and refuses the document. The code is the compiler's own:\n{link}"
        )
    title = _TITLES.get(code)
    if title is None:
        return None
    return f"{title}.\n\n{_text(code)}"


def _text(code: str) -> str:
    if code.startswith("APIM"):
        return _GATEWAY.format(code=code)
    if code in ("POL041", "POL042"):
        return "Write `<!-- apimpolicy: ignore POL301: the reason -->` before an element, or behind it on its line."
    if code == "POL030":
        return (
            "The gateway's page asks for braces around these bodies. Deployed policies live without them, and so it is "
            "a warning: https://learn.microsoft.com/azure/api-management/api-management-policy-expressions"
        )
    return _READING if code < "POL1" else _STRUCTURE


def all_codes() -> list[str]:
    """Every code with a page of its own here, rules' not."""
    return sorted(_TITLES)
