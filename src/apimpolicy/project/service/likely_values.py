"""Values that are likely to fit a named value of which only the name and the policies around it are known."""

from __future__ import annotations

import re

BASE64_KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
GUID = "11111111-2222-3333-4444-555555555555"
THUMBPRINT = "A1" * 20
ADDRESS = "203.0.113.10"
"""Of a range that is kept for examples."""
_URL_BEGINS = r"""(?:url\s*=\s*["']|<set-url>|<issuer>|<origin>)\s*"""
_URL_WORDS = ("url", "endpoint", "uri", "authority", "issuer")
_NUMBER_WORDS = (
    "count",
    "limit",
    "seconds",
    "duration",
    "timeout",
    "ttl",
    "max",
    "calls",
    "period",
    "interval",
    "bandwidth",
)
_ID_WORDS = ("tenant", "client-id", "clientid", "app-id", "appid", "application-id")


def is_thumbprint(name: str) -> bool:
    """Return whether a named value is the thumbprint of a certificate, by its name."""
    return "thumbprint" in name.lower()


def likely_value(name: str, text: str, otherwise: str) -> str:
    """Return a value of the kind that the name or its uses in the text suggest, such as a URL; else `otherwise`."""
    lowered, reference = name.lower(), re.escape("{{" + name + "}}")
    if is_thumbprint(name):
        return THUMBPRINT
    if re.search(_URL_BEGINS + reference, text) or any(word in lowered for word in _URL_WORDS):
        return f"https://{re.sub(r'[^a-z0-9-]+', '-', lowered).strip('-')}.example"
    if re.search(r"<address>\s*" + reference + r"""|<address-range[^>]*?=\s*["']\s*""" + reference, text):
        return ADDRESS
    if re.search(r"<key(?:\s[^>]*)?>\s*" + reference, text) or ("FromBase64String" in text and "key" in lowered):
        return BASE64_KEY
    quoted = r"""["']?\s*""" + reference + r"""\s*["']?"""
    if re.search(r"(?:bool|Boolean)\.Parse\(\s*" + quoted + "|ToBoolean\\(\\s*" + quoted, text):
        return "true"
    compared = r"""["']?\)?\s*\.?(?:==|Equals\(|ToLower\(\) ==)\s*["'](?:true|false)"""
    if re.search(reference + compared, text, re.IGNORECASE):
        return "true"
    if re.search(r"(?:int|long|double)\.(?:Try)?Parse\(\s*" + quoted + r"|\s[<>]=?\s*" + reference, text):
        return "10"
    attributes = " ".join(re.findall(rf"""([\w-]+)\s*=\s*["']\s*{reference}\s*["']""", text))
    if re.search(r"code\b", attributes):
        return "200"
    if re.search(r"\bcondition\b", attributes):
        return "true"
    if any(word in f"{lowered} {attributes}" for word in _NUMBER_WORDS):
        return "10"
    return GUID if any(word in lowered for word in _ID_WORDS) else otherwise
