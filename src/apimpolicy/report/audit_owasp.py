"""The OWASP API Security Top 10 (2023), and how much of each risk `audit` can decide at the gateway.

Source: https://owasp.org/API-Security/editions/2023/en/0x11-t10/
"""

from __future__ import annotations

from typing import NamedTuple


class Risk(NamedTuple):
    """A risk; without `codes` nothing at the gateway decides it, and no finding means nothing."""

    number: str
    name: str
    words: str
    codes: tuple[str, ...] = ()


RISKS = (
    Risk("API1", "Broken Object Level Authorization", "Only the backend knows whose object it is."),
    Risk(
        "API2",
        "Broken Authentication",
        "Whether a request without a proof reaches the backend, and how strong the checks are. Not: passwords, how"
        " tokens are issued.",
        ("AUD001", "AUD002", "AUD005", "AUD006", "AUD007", "AUD012", "AUD014", "AUD015"),
    ),
    Risk("API3", "Broken Object Property Level Authorization", "Only the backend knows which properties are whose."),
    Risk(
        "API4",
        "Unrestricted Resource Consumption",
        "Whether limits of calls apply to all callers. Not: what a call costs the backend.",
        ("AUD008", "AUD016"),
    ),
    Risk(
        "API5",
        "Broken Function Level Authorization",
        "Operations weaker than their siblings, and paths that bypass a product. Not: roles inside the backend.",
        ("AUD003", "AUD004"),
    ),
    Risk(
        "API6", "Unrestricted Access to Sensitive Business Flows", "Which flows are sensitive is not written anywhere."
    ),
    Risk(
        "API7",
        "Server Side Request Forgery",
        "Not reported by this audit; `check` reports URLs that are made of the request.",
    ),
    Risk(
        "API8",
        "Security Misconfiguration",
        "Cross-origin access. `check` reports plain HTTP, weak TLS and error details.",
        ("AUD009",),
    ),
    Risk(
        "API9",
        "Improper Inventory Management",
        "Versions and revisions that are weaker than the current one. Not: APIs outside of this service.",
        ("AUD010",),
    ),
    Risk("API10", "Unsafe Consumption of APIs", "How the backend trusts other APIs is not seen at the gateway."),
)
