"""The page of every code: a rule's is its module's docstring, the compiler's are in `compiler_pages`, others here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.audit_codes import audit_codes
from apimpolicy.checks.catalogue import entry_of, page_of
from apimpolicy.checks.compiler_pages import explained_codes, page_of_compiler_code

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apimpolicy.checks.rule import Rule

SITE = "https://apimpolicy.github.io/apimpolicy/"
"""Where the documentation is."""

_READING = (
    "Policy documents are markup with C# in it. Expressions are found first, and the markup around them is checked."
)
_STRUCTURE = (
    "The specification of every policy comes from its page and, where that is silent, from the gateway's schema: "
    "https://learn.microsoft.com/azure/api-management/api-management-policies. An error means that Azure would refuse "
    "the document. If sources disagree, it is a warning at most: see `docs/reference/severity.md`."
)
_GATEWAY = (
    "Expressions can use only a part of .NET: "
    "https://learn.microsoft.com/azure/api-management/api-management-policy-expressions#CLRTypes. "
    "If your gateway accepts more than the page documents, turn it off with `--ignore {code}`."
)

_CLAIMS = (
    "`apimpolicy prove` searches for a request that breaks a claim of a test file or of apimpolicy.toml. A false claim "
    "comes with such a request, which ran. For a claim that is not decided, it reports the reason: "
    "`docs/explanation/proofs.md`."
)

_OF_SERVICES = {
    "POL162": (
        "The information files of a service, as APIOps extracts it, name other resources: the APIs, groups and tags of "
        "a product, the logger of a diagnostic, the backends of a pool, the version set of an API, the product of a "
        "subscription, the named values of a logger. If the service lists that kind of resource, but not this one, "
        "publishing the folder fails: \"Backend Entity 'x' not found.\", \"Invalid field 'loggerId' specified\". It is "
        "a warning where no source confirms it: named values in a backend's credentials. Declare other resources in "
        'apimpolicy.toml: `external = ["apis/shared-*"]`. Sources: https://github.com/Azure/apiops/issues/797, '
        "https://github.com/Azure/apiops/issues/328, https://github.com/Azure/apiops/issues/163, "
        "https://github.com/Azure/apiops/pull/756"
    ),
    "POL163": (
        "A resource has the name of its folder, and Azure doesn't accept every name. Names of APIs, products, groups, "
        "loggers, named values and subscriptions have at most 256 characters and none of * # & + : < > ?, those of "
        "other resources at most 80. Tags and fragments have only letters, digits, hyphens and underscores; display "
        "names of named values only letters, digits, periods, hyphens and underscores. Sources: "
        "https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules, "
        "https://learn.microsoft.com/rest/api/apimanagement/, "
        "https://github.com/Azure/azure-api-management-devops-resource-kit/issues/584"
    ),
    "POL164": (
        "APIOps publishes a resource of an extracted folder if its information file can be read, and a policy if it is "
        "in the folder of its resource. It is an error if the file isn't JSON, or has a value of the wrong type: then "
        "publishing fails. It is a warning if something is left out: a folder without its information file (or with "
        "`apiInformation.yaml`), a `policy.xml` in another folder, an overlay for a resource that the folder doesn't "
        "have. Source: https://github.com/Azure/apiops-cli/blob/main/docs/guides/environment-overrides.md"
    ),
}

_TITLES = {
    "POL001": "a named value that does not exist",
    "POL002": "the bytes are not UTF-8",
    "POL003": "the file is UTF-16",
    "POL004": "a control character that XML does not allow",
    "POL005": "an empty document",
    "POL006": "an element that is never closed",
    "POL007": "an end tag that does not match",
    "POL008": "an end tag without a start tag",
    "POL009": "an attribute that appears twice",
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
    "POL022": "missing white space before an attribute",
    "POL023": "`<` in an attribute value",
    "POL024": "unexpected text in a tag",
    "POL025": "`]]>` in text",
    "POL026": "too many problems: the rest is not checked",
    "POL027": "the file is larger than any policy document may be",
    "POL028": "a quote that ends the JSON string around a policy too early",
    "POL029": "a policy in a template language that isn't read",
    "POL030": "a body of `if`, `else`, `for`, `foreach` or `while` without braces",
    "POL041": "a suppression that suppresses nothing",
    "POL042": "a suppression without a code or without a reason",
    "POL043": "more findings than are listed",
    "POL101": "an unknown policy",
    "POL102": "an unknown attribute",
    "POL103": "a required attribute is missing",
    "POL104": "a value that the attribute doesn't allow",
    "POL105": "an expression in an attribute that doesn't take one",
    "POL106": "a policy in a section that doesn't allow it",
    "POL107": "an unexpected element or text",
    "POL108": "a required element is missing or empty",
    "POL109": "an element that a fragment can't contain",
    "POL110": "an unknown or repeated root or section",
    "POL112": "a policy fragment that does not exist",
    "POL113": "attributes that don't go together",
    "POL114": "a policy that no documentation describes",
    "POL115": "a policy that Microsoft has retired",
    "POL150": "sections without <policies> around them",
    "POL162": "an information file refers to a resource that the service doesn't have",
    "POL163": "a name that Azure refuses",
    "POL164": "a file of a service that can't be published, or that publishing leaves out",
    "POL506": "a claim that is false",
    "POL507": "a claim that is not decided",
    "APIM0001": "a type that isn't allowed in expressions",
    "APIM0002": "a member that isn't allowed in expressions",
    "APIM0006": "`dynamic`, which isn't allowed in expressions",
}

_XML = (
    "A gateway reads the document with .NET's XML reader when it is saved, and refuses what isn't well-formed; one "
    "refused a comment with `--` in it (April 2026)."
)
_SCHEMA = (
    "A gateway validates the document against its schema when it is saved: `The element 'send-request' has invalid "
    "child element 'choose'` (September 2026)."
)
_EVIDENCE = {
    "POL001": "A gateway answered `Cannot find a property 'internal-client-key'` (2026).",
    "POL002": "A gateway receives the document as JSON or XML in UTF-8; other bytes can't be sent.",
    "POL003": _XML,
    "POL018": "A gateway's XML reader prohibits document type declarations, as .NET's does by default.",
    "POL019": "No gateway was seen to take a document nested this deeply, and none of 1,814 public ones is.",
    "POL026": "Each problem that is listed before it has its own evidence.",
    "POL027": "The documentation limits a fragment to 512 KB; `check` reads up to 4 MiB.",
    "POL028": "Azure Resource Manager refuses a template that isn't JSON.",
    "POL029": "",
    "POL030": 'Three users were refused: `Expected a "{" but found a "return"` (2026).',
    "POL105": "Users were refused (azure-docs#103071, #31346, #103799, #112150). Where only some gateways refuse an "
    "expression, this is a warning.",
    "POL106": "Gateways answer `Policy section is not allowed in the specified scope` (azure-docs#111058); for "
    "`forward-request` in on-error Microsoft's staff confirmed it.",
    "POL109": "A gateway refused a fragment that includes a fragment (2026).",
    "POL112": "Gateways answer `Policy fragment with id 'x' could not be found`.",
    "POL162": "Publishing a folder failed: `Backend Entity 'x' not found.`, `Invalid field 'loggerId' specified`.",
    "POL163": "Azure Resource Manager validates names before it creates a resource.",
    "POL164": "Tools can't read the file, so publishing the folder fails.",
    **dict.fromkeys(("POL101", "POL102", "POL103", "POL104", "POL107", "POL108", "POL110", "POL113"), _SCHEMA),
}
"""Why an error is certain, for codes that no rule reports: who saw a gateway refuse it. Other codes that begin with
POL0 are what .NET's XML reader refuses."""


def evidence_of(code: str) -> str:
    """Return what is known of gateways that refuse what a code stands for; empty for rules, whose page has it."""
    return _EVIDENCE.get(code, _XML if code in _TITLES and code < "POL03" else "")


def page_of_code(code: str, rules: Iterable[type[Rule]] = ()) -> str | None:
    """Return the page of a code, its title first; None when neither `check` nor one of these rules gives it."""
    for rule in rules:
        if rule.code == code:
            return rule.page()
    entry = entry_of(code)
    if entry is not None:
        return page_of(entry)
    if (page := page_of_compiler_code(code)) is not None:
        return page
    if (audited := audit_codes().get(code) if code.startswith("AUD") else None) is not None:
        return audited.page
    title = _TITLES.get(code)
    if title is None:
        return None
    evidence = evidence_of(code)
    return f"{title}.\n\n{_text(code)}" + (f"\n\n**Evidence.** {evidence}" if evidence else "")


def address_of_code(code: str) -> str:
    """Return where a code's page is on the web: the compiler's own, or that of the documentation."""
    from apimpolicy.checks.compiler_codes import page_on_the_web

    return page_on_the_web(code) if code.startswith("CS") else f"{SITE}reference/codes/#{code.lower()}"


def title_of_code(code: str, rules: Iterable[type[Rule]] = ()) -> str:
    """Return what a code is about, in one line: the name of a rule and what it finds; empty for an unknown code."""
    page = page_of_code(code, rules)
    return "" if page is None else page.partition("\n")[0].rstrip(".")


def _text(code: str) -> str:
    if code.startswith("APIM"):
        return _GATEWAY.format(code=code)
    if code in ("POL041", "POL042"):
        return "Write `<!-- apimpolicy: ignore POL301: the reason -->` before an element, or behind it on its line."
    if code == "POL043":
        return "At most 1,000 findings about one document are listed, errors first. Fix these, and check it again."
    if code == "POL030":
        return (
            "Azure reads an expression with its own parser before the C# compiler sees it, and that parser refuses "
            'these bodies without braces when the policy is saved: `Expected a "{" but found a "return"`. '
            "Bodies inside lambdas and local functions are free: "
            "https://learn.microsoft.com/azure/api-management/api-management-policy-expressions"
        )
    if code == "POL150":
        return (
            "Azure saves a document with one root, <policies>, and the sections inside it. It is a warning because a "
            "build may put <policies> around the file. Put it there yourself, or ignore the code for such files. "
            "Snippets in Markdown are left alone, and POL136 (off by default) reports one section alone: "
            "https://learn.microsoft.com/azure/api-management/api-management-howto-policies"
        )
    if code in _OF_SERVICES:
        return _OF_SERVICES[code]
    if code in ("POL506", "POL507"):
        return _CLAIMS
    return _READING if code < "POL1" else _STRUCTURE


def all_codes() -> list[str]:
    """Return every code with a page of its own here, rules' not."""
    return sorted((*_TITLES, *explained_codes(), *audit_codes()))
